//! Owns the reading of the machine's two clocks.
//!
//! Refuses to be read below the driver: the engine and all that is under it get [`Now`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::light_client::time::{MonoTime, Now, WallTime};

/// The clocks of one run; clones show the same.
#[derive(Debug, Clone)]
pub struct Clock {
    start: Instant,
    /// What a test has set the wall clock to, in Unix seconds; 0: it goes.
    set: Arc<AtomicU64>,
}

impl Clock {
    /// Clocks whose monotonic time begins now.
    #[must_use]
    pub fn start() -> Self {
        Self { start: Instant::now(), set: Arc::default() }
    }

    /// What both show.
    #[must_use]
    pub fn now(&self) -> Now {
        let wall = match self.set.load(Ordering::Relaxed) {
            // A machine whose clock is before 1970 has no time worth telling.
            0 => SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs(),
            set => set,
        };
        Now { mono: MonoTime::new(self.start.elapsed()), wall: WallTime::new(wall) }
    }

    /// Has the wall clock stand at a time, or go again at 0; for tests on a network of play money.
    pub fn set(&self, time: WallTime) {
        self.set.store(time.to_unix(), Ordering::Relaxed);
    }

    /// The time from now until `deadline`; zero if it has passed.
    #[must_use]
    pub fn until(&self, deadline: MonoTime) -> Duration {
        deadline.since(self.now().mono)
    }
}
