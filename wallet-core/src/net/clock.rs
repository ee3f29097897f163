//! Owns the reading of the machine's two clocks.
//!
//! Refuses to be read below the driver: the engine and all that is under it get [`Now`].

use std::time::{Duration, Instant, SystemTime};

use crate::light_client::time::{MonoTime, Now, WallTime};

/// The clocks of one run.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Clocks whose monotonic time begins now.
    #[must_use]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// What both show.
    #[must_use]
    pub fn now(&self) -> Now {
        // A machine whose clock is before 1970 has no time worth telling.
        let since_epoch =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Now {
            mono: MonoTime::new(self.start.elapsed()),
            wall: WallTime::new(since_epoch.as_secs()),
        }
    }

    /// The time from now until `deadline`; zero if it has passed.
    #[must_use]
    pub fn until(&self, deadline: MonoTime) -> Duration {
        deadline.since(self.now().mono)
    }
}
