//! Owns what is measured of one wallet, and how it is told.

use std::time::{Duration, Instant};

use bitcoin::Amount;
use serde::{Deserialize, Serialize};

/// What one wallet took.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Opening it.
    pub(crate) open: Duration,
    /// Telling the light client, once, what to follow.
    pub(crate) told: Option<Duration>,
    /// Its balance.
    pub(crate) balance: Duration,
    /// The newest page of its history.
    pub(crate) history: Duration,
    /// All its coins.
    pub(crate) coins: Duration,
    /// Taking a block of 2,000 transactions, of which four are its own.
    pub(crate) block: Duration,
    /// The slowest of them.
    pub(crate) slowest_block: Duration,
    /// Making that durable, which is in the block's time.
    pub(crate) block_commit: Option<Duration>,
    /// Building a payment.
    pub(crate) draft: Duration,
    /// Making that durable, which is in the draft's time.
    pub(crate) draft_commit: Option<Duration>,
    /// Building a payment out of coins of one label, which all coins have.
    pub(crate) labelled_draft: Option<Duration>,
    /// Bytes of memory that the open wallet takes, when all this was done.
    pub(crate) resident: u64,
    /// Bytes on the disk.
    pub(crate) disk: u64,
    /// Its balance, to see that both mean the same.
    pub(crate) total: Amount,
}

impl Figures {
    /// The rows of a table: what, and how it reads.
    pub(crate) fn rows(&self) -> Vec<(&'static str, String)> {
        let milliseconds = |time: Duration| format!("{:.3} ms", time.as_secs_f64() * 1e3);
        let megabytes = |bytes: u64| format!("{} MB", bytes / 1_000_000);
        let times = [
            ("open", Some(self.open)),
            ("light client told", self.told),
            ("balance", Some(self.balance)),
            ("page of history", Some(self.history)),
            ("all coins", Some(self.coins)),
            ("block applied", Some(self.block)),
            ("  the slowest", Some(self.slowest_block)),
            ("  commit in it", self.block_commit),
            ("payment drafted", Some(self.draft)),
            ("  commit in it", self.draft_commit),
            ("payment by label", self.labelled_draft),
        ];
        let times = times.into_iter().filter_map(|(what, time)| Some((what, milliseconds(time?))));
        let sizes = [("memory", megabytes(self.resident)), ("on disk", megabytes(self.disk))];
        times.chain(sizes).collect()
    }
}

/// The one in the middle.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
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
