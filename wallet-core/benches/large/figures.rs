//! Owns what is measured of one wallet, and how it is told.

use std::time::{Duration, Instant};

use bitcoin::Amount;
use serde::{Deserialize, Serialize};

/// What one wallet took.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Opening it.
    pub(crate) open: Duration,
    /// Its balance.
    pub(crate) balance: Duration,
    /// The newest page of its history.
    pub(crate) history: Duration,
    /// Taking a block of 2,000 transactions, of which four are its own.
    pub(crate) block: Duration,
    /// Building a payment.
    pub(crate) draft: Duration,
    /// Bytes of memory that the open wallet takes.
    pub(crate) resident: u64,
    /// Its balance, to see that both mean the same.
    pub(crate) total: Amount,
}

impl Figures {
    /// The rows of a table: what, and how it reads.
    pub(crate) fn rows(&self) -> [(&'static str, String); 6] {
        let milliseconds = |time: Duration| format!("{:.3} ms", time.as_secs_f64() * 1e3);
        [
            ("open", milliseconds(self.open)),
            ("balance", milliseconds(self.balance)),
            ("page of history", milliseconds(self.history)),
            ("block applied", milliseconds(self.block)),
            ("payment drafted", milliseconds(self.draft)),
            ("memory", format!("{} MB", self.resident / 1_000_000)),
        ]
    }
}

/// How long it took, and what came of it.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

/// The memory that this process has now, in bytes; 0 where the system does not tell.
pub(crate) fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or(0) * 1024
}
