//! Owns what one peer is asked for filters, and how fast it answers.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::fault::Fault;
use crate::height::Height;
use crate::limits::{
    FILTER_HORIZON, MAX_FILTERS_PER_ASK, MIN_ASK_TIME, MIN_FILTERS_PER_ASK, SILENCE_TIMEOUT,
};
use crate::pace::Pace;
use crate::retry::Retry;
use crate::time::MonoTime;

/// What is said about filters with one peer.
#[derive(Debug, Default)]
pub(super) struct Talk {
    /// Open questions, the oldest first.
    pub(super) asks: Vec<Ask>,
    /// Filters that were asked for and did not come, wanted or not.
    owed: u32,
    /// Those of them that are still believed to be on their way.
    underway: u32,
    pub(super) pace: Pace,
    pub(super) retry: Retry,
}

/// One `getcfilters`, as far as the peer is still to answer it. Never empty.
#[derive(Debug)]
pub(super) struct Ask {
    /// What is expected of this peer and of nobody else.
    pub(super) waiting: BTreeSet<Height>,
}

impl Talk {
    pub(super) fn ask(&mut self, now: MonoTime, run: RangeInclusive<Height>) {
        if self.underway == 0 {
            self.pace.begin(now);
        }
        let waiting: BTreeSet<_> =
            (run.start().to_u32()..=run.end().to_u32()).map(Height::new).collect();
        let count = run.end().above(*run.start()) + 1;
        self.owed += count;
        self.underway += count;
        self.asks.push(Ask { waiting });
    }

    pub(super) fn on_bytes(&mut self, now: MonoTime, bytes: usize) {
        self.pace.heard(now, bytes, self.underway == 0);
    }

    /// A filter came, whichever.
    pub(super) fn on_filter(&mut self) -> Result<(), Fault> {
        self.owed = self.owed.checked_sub(1).ok_or(Fault::Unsolicited)?;
        self.underway = self.underway.saturating_sub(1);
        self.retry.answered();
        Ok(())
    }

    /// Takes a height out of what is expected. Returns whether it was in it, and the heights below
    /// it in the same answer: those come in their order, so they were left out.
    pub(super) fn take(&mut self, height: Height) -> (bool, BTreeSet<Height>) {
        let Some(i) = self.asks.iter().position(|ask| ask.waiting.contains(&height)) else {
            return (false, BTreeSet::new());
        };
        let above = self.asks[i].waiting.split_off(&height.next());
        let mut skipped = std::mem::replace(&mut self.asks[i].waiting, above);
        skipped.remove(&height);
        self.asks.retain(|ask| !ask.waiting.is_empty());
        (true, skipped)
    }

    /// Takes out a height because it came from elsewhere, or another is asked for it.
    pub(super) fn give_up(&mut self, height: Height) -> bool {
        let given = self.asks.iter_mut().any(|ask| ask.waiting.remove(&height));
        self.asks.retain(|ask| !ask.waiting.is_empty());
        given
    }

    pub(super) fn expects(&self, height: Height) -> bool {
        self.asks.iter().any(|ask| ask.waiting.contains(&height))
    }

    /// Expects nothing any more. Returns what was expected.
    pub(super) fn forget(&mut self) -> Vec<Height> {
        self.underway = 0;
        self.asks.drain(..).flat_map(|ask| ask.waiting).collect()
    }

    pub(super) fn forget_above(&mut self, fork: Height) {
        self.asks.iter_mut().for_each(|ask| ask.waiting.retain(|height| *height <= fork));
        self.asks.retain(|ask| !ask.waiting.is_empty());
    }

    /// How many filters are expected.
    pub(super) fn waiting(&self) -> usize {
        self.asks.iter().map(|ask| ask.waiting.len()).sum()
    }

    /// Whether nothing is on its way.
    pub(super) const fn is_idle(&self) -> bool {
        self.underway == 0
    }

    pub(super) fn underway_bytes(&self, mean_size: usize) -> u64 {
        u64::from(self.underway) * mean_size as u64
    }

    /// How long until all that is on its way is here.
    pub(super) fn left(&self, now: MonoTime, mean_size: usize) -> Duration {
        if self.is_idle() {
            return Duration::ZERO;
        }
        self.pace.left(now, self.underway_bytes(mean_size))
    }

    /// The same, of which nothing is promised: one that was not measured yet counts as slow.
    pub(super) fn busy(&self, now: MonoTime, mean_size: usize) -> Duration {
        if self.is_idle() {
            return Duration::ZERO;
        }
        self.pace.silence(now) + self.pace.time_for(self.underway_bytes(mean_size))
    }

    /// The bytes that keep the link full until more can be asked for and a while longer.
    pub(super) fn pipe(&self) -> u64 {
        self.pace.bytes_in(self.pace.latency() + FILTER_HORIZON)
    }

    /// Whether so little is on its way that the link would run empty before an answer to the next
    /// question, or soon after.
    pub(super) fn is_hungry(&self, mean_size: usize, scale: (u64, u64)) -> bool {
        let least = if self.pace.is_measured() {
            self.pace.bytes_in(self.pace.latency() + FILTER_HORIZON / 2)
        } else {
            0
        };
        self.underway <= filters_in(least, mean_size, scale).max(self.least_ask(mean_size) / 2)
    }

    /// How many filters to ask for.
    pub(super) fn appetite(&self, mean_size: usize, scale: (u64, u64)) -> u32 {
        let missing = filters_in(self.pipe(), mean_size, scale).saturating_sub(self.underway);
        missing.clamp(self.least_ask(mean_size), MAX_FILTERS_PER_ASK)
    }

    /// The least that a question is worth: less of a slow peer, which might be the only one to have
    /// some other filter.
    fn least_ask(&self, mean_size: usize) -> u32 {
        let soon = self.pace.bytes_in(MIN_ASK_TIME);
        filters_in(soon, mean_size, (1, 1)).clamp(1, MIN_FILTERS_PER_ASK)
    }

    /// When the peer is late, unless something comes.
    pub(super) fn late_at(&self) -> Option<MonoTime> {
        (self.underway > 0).then(|| self.pace.last_heard().after(SILENCE_TIMEOUT))
    }
}

/// How many filters so many bytes are, scaled down; a part of one is one.
fn filters_in(bytes: u64, mean_size: usize, (numerator, denominator): (u64, u64)) -> u32 {
    let bytes = u128::from(bytes) * u128::from(numerator) / u128::from(denominator);
    u32::try_from(bytes.div_ceil((mean_size as u128).max(1))).unwrap_or(u32::MAX)
}
