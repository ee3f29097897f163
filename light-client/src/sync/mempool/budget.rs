//! Owns `Budget`, an allowance of bytes that comes back with time.
//!
//! Refuses nothing by itself: who spends looks first whether something is left. What comes may be
//! larger than what is left; the allowance is below zero then, and the average holds.

use std::time::Duration;

use crate::time::MonoTime;

/// Bytes that may be received.
#[derive(Debug)]
pub(super) struct Budget {
    /// Bytes a second that come back.
    rate: u32,
    /// The most that there is at a time.
    burst: u32,
    left: i64,
    at: MonoTime,
}

impl Budget {
    /// A full one.
    pub(super) fn new(rate: u32, burst: u32, now: MonoTime) -> Self {
        Self { rate, burst, left: burst.into(), at: now }
    }

    pub(super) fn spend(&mut self, now: MonoTime, bytes: usize) {
        self.refill(now);
        self.left = self.left.saturating_sub(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// When something is left.
    pub(super) fn open_at(&self, now: MonoTime) -> MonoTime {
        let missing = 1 - self.after_refill(now);
        if missing <= 0 {
            return now;
        }
        let micros = missing.saturating_mul(1_000_000) / i64::from(self.rate) + 1;
        now.after(Duration::from_micros(micros.unsigned_abs()))
    }

    fn refill(&mut self, now: MonoTime) {
        self.left = self.after_refill(now);
        self.at = now;
    }

    fn after_refill(&self, now: MonoTime) -> i64 {
        let gained = now.since(self.at).as_micros() * u128::from(self.rate) / 1_000_000;
        let gained = i64::try_from(gained).unwrap_or(i64::MAX);
        self.left.saturating_add(gained).min(self.burst.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_comes_back_at_its_rate() {
        let start = MonoTime::START;
        let mut budget = Budget::new(1_000, 5_000, start);
        budget.spend(start, 4_999);
        assert_eq!(budget.open_at(start), start, "one byte is left");
        budget.spend(start, 10_001);
        let due = budget.open_at(start);
        let wait = due.since(start);
        assert!(wait > Duration::from_secs(10) && wait < Duration::from_millis(10_002), "{wait:?}");
        assert_eq!(budget.open_at(due), due);
        let later = start.after(Duration::from_secs(3600));
        budget.spend(later, 5_000);
        assert!(budget.open_at(later) > later, "the burst is the most there is");
    }
}
