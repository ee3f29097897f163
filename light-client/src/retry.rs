//! Owns `Retry`: how long a peer is left alone after it did not answer.
//!
//! Refuses to punish: silence may mean that the peer's index is behind its tip.

use crate::limits::{RETRY_MAX, RETRY_MIN};
use crate::time::MonoTime;

/// Doubling waits for one peer and one kind of question.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Retry {
    /// Answers in a row that did not come.
    misses: u32,
    until: MonoTime,
}

impl Retry {
    /// An answer did not come.
    pub(crate) fn missed(&mut self, now: MonoTime) {
        self.until = now.after(RETRY_MIN.saturating_mul(1 << self.misses.min(8)).min(RETRY_MAX));
        self.misses = self.misses.saturating_add(1);
    }

    /// An answer came.
    pub(crate) const fn answered(&mut self) {
        *self = Self { misses: 0, until: MonoTime::START };
    }

    pub(crate) const fn misses(&self) -> u32 {
        self.misses
    }

    /// When the peer may be asked again.
    pub(crate) const fn until(&self) -> MonoTime {
        self.until
    }

    pub(crate) fn may_ask(&self, now: MonoTime) -> bool {
        self.until <= now
    }
}
