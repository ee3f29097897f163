//! Owns `Pace`: how fast a peer answers, as far as its bytes have shown.
//!
//! Only time in which something is owed counts. Refuses to judge: a slow peer is a slow peer, and
//! what follows from that is for those who ask it.

use std::time::Duration;

use crate::limits::{FIRST_PACE_SAMPLE, FIRST_RATE, PACE_SAMPLE};
use crate::time::MonoTime;

/// The speed of one peer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pace {
    /// Bytes a second, smoothed; `None` before the first sample.
    rate: Option<u64>,
    /// From a question to the first byte of its answer, when nothing was before it.
    latency: Duration,
    /// Whether something is owed.
    is_busy: bool,
    /// Whether the first byte since the last pause is yet to come.
    awaits_first: bool,
    /// When bytes came last; before that, when the first question after a pause went out.
    heard: MonoTime,
    /// The bytes that came since the sample began.
    sample: u64,
    since: MonoTime,
}

impl Pace {
    /// A question goes to a peer that owed nothing.
    pub(crate) const fn begin(&mut self, now: MonoTime) {
        self.is_busy = true;
        self.heard = now;
        self.awaits_first = true;
        self.sample = 0;
    }

    /// Bytes came; they count if something was owed. `is_done` when nothing is owed any more.
    pub(crate) fn heard(&mut self, now: MonoTime, bytes: usize, is_done: bool) {
        if !self.is_busy {
            return;
        }
        if std::mem::take(&mut self.awaits_first) {
            // The time until now was the question's way, not the answer's.
            self.latency = now.since(self.heard);
            self.since = now;
        } else {
            self.sample += bytes as u64;
        }
        self.heard = now;
        let least = if self.rate.is_none() { FIRST_PACE_SAMPLE } else { PACE_SAMPLE };
        if is_done || now.since(self.since) >= least {
            self.measure(now);
        }
        self.is_busy = !is_done;
    }

    /// Whether its rate is more than a guess.
    pub(crate) const fn is_measured(&self) -> bool {
        self.rate.is_some()
    }

    /// Bytes a second; a guess before anything was measured.
    pub(crate) const fn rate(&self) -> u64 {
        match self.rate {
            Some(rate) => rate,
            None => FIRST_RATE,
        }
    }

    /// The round trip to the peer.
    pub(crate) const fn latency(&self) -> Duration {
        self.latency
    }

    /// When bytes came last, or had the peer's answer to begin with.
    pub(crate) const fn last_heard(&self) -> MonoTime {
        self.heard
    }

    /// How long the peer is silent beyond what it takes to answer.
    pub(crate) fn silence(&self, now: MonoTime) -> Duration {
        let usual = if self.awaits_first { self.latency } else { Duration::ZERO };
        now.since(self.heard).saturating_sub(usual)
    }

    /// How long this many bytes take at its rate.
    pub(crate) fn time_for(&self, bytes: u64) -> Duration {
        Duration::from_nanos(bytes.saturating_mul(1_000_000_000) / self.rate())
    }

    /// How long a peer that owes this many bytes will need for them: as long as it is silent
    /// already, then at its rate. One that was not measured yet is believed to be fast.
    pub(crate) fn left(&self, now: MonoTime, bytes: u64) -> Duration {
        let time = if self.is_measured() { self.time_for(bytes) } else { Duration::ZERO };
        self.silence(now) + time
    }

    /// The bytes that come in a while.
    pub(crate) fn bytes_in(&self, while_: Duration) -> u64 {
        let micros = u64::try_from(while_.as_micros()).unwrap_or(u64::MAX);
        (self.rate() / 1_000).saturating_mul(micros) / 1_000
    }

    fn measure(&mut self, now: MonoTime) {
        let micros = u64::try_from(now.since(self.since).as_micros()).unwrap_or(u64::MAX);
        if self.sample == 0 || micros == 0 {
            return;
        }
        let measured = (self.sample.saturating_mul(1_000_000) / micros).max(1);
        self.rate = Some(self.rate.map_or(measured, |rate| (rate / 4 * 3 + measured / 4).max(1)));
        self.since = now;
        self.sample = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> MonoTime {
        MonoTime::new(Duration::from_millis(millis))
    }

    #[test]
    fn the_way_of_a_question_is_not_counted_as_slowness() {
        let mut pace = Pace::default();
        pace.begin(at(0));
        pace.heard(at(300), 10_000, false);
        assert_eq!(pace.latency(), Duration::from_millis(300));
        for tick in 1..=100 {
            pace.heard(at(300 + 10 * tick), 10_000, false);
        }
        assert_eq!(pace.rate(), 1_000_000);
        assert_eq!(pace.left(at(1300), 500_000), Duration::from_millis(500));
        assert_eq!(pace.left(at(3300), 500_000), Duration::from_millis(2500));
        assert_eq!(pace.bytes_in(Duration::from_millis(250)), 250_000);
    }

    #[test]
    fn a_pause_is_no_slowness_but_a_change_of_speed_is_followed() {
        let mut pace = Pace::default();
        pace.begin(at(0));
        (0..=10).for_each(|tick| pace.heard(at(10 * tick), 10_000, tick == 10));
        pace.heard(at(30_000), 10, false);
        pace.begin(at(60_000));
        pace.heard(at(60_001), 10_000, false);
        assert_eq!(pace.rate(), 1_000_000);
        (1..=20).for_each(|tick| pace.heard(at(60_001 + 100 * tick), 100, false));
        assert!(pace.rate() < 5_000, "{}", pace.rate());
    }

    #[test]
    fn an_answer_that_comes_all_at_once_measures_nothing() {
        let mut pace = Pace::default();
        pace.begin(at(0));
        pace.heard(at(5), 10_000, false);
        pace.heard(at(5), 1_000_000, true);
        assert_eq!(pace.rate(), FIRST_RATE);
    }
}
