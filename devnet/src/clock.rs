//! Owns the network's clock: the machine's, until it is set.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// What time it is; clones show the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    /// Unix seconds; 0 while the machine's clock counts.
    set: Arc<AtomicU32>,
}

impl Clock {
    /// Unix seconds.
    pub(crate) fn now(&self) -> u32 {
        match self.set.load(Ordering::Relaxed) {
            0 => machine_time(),
            set => set,
        }
    }

    /// From here on it is this time, until it is set again.
    pub(crate) fn set(&self, time: u32) {
        self.set.store(time, Ordering::Relaxed);
    }
}

/// A clock beyond what a header can hold reads as the last second that it can.
fn machine_time() -> u32 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(elapsed.as_secs()).unwrap_or(u32::MAX)
}
