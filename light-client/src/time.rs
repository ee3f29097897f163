//! Owns the two clocks as values: `MonoTime` for timers, `WallTime` for consensus.
//!
//! Refuses to read a clock: the driver does that and passes `Now` in.

use std::fmt;
use std::time::Duration;

/// Time since the driver started; never goes back. Drives every timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MonoTime(Duration);

impl MonoTime {
    /// The moment the driver started.
    pub const START: Self = Self(Duration::ZERO);

    /// The moment `since_start` after the driver's start.
    #[must_use]
    pub const fn new(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// The time since the driver's start.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// This moment moved later by `wait`; saturates.
    #[must_use]
    pub const fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }

    /// The time from `earlier` to this moment; zero when it is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Civil time in seconds since the Unix epoch, as the machine's clock tells it. It may jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct WallTime(u64);

impl WallTime {
    /// A civil time from Unix seconds.
    #[must_use]
    pub const fn new(unix_seconds: u64) -> Self {
        Self(unix_seconds)
    }

    /// Unix seconds.
    #[must_use]
    pub const fn to_unix(self) -> u64 {
        self.0
    }

    /// This time moved later; saturates.
    #[must_use]
    pub const fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait.as_secs()))
    }

    /// The time from `earlier` to this one; zero when it is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }

    /// This time moved earlier; stops at the epoch.
    #[must_use]
    pub const fn before(self, wait: Duration) -> Self {
        Self(self.0.saturating_sub(wait.as_secs()))
    }
}

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Both clocks at one moment: what the driver passes with every input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// For timers.
    pub mono: MonoTime,
    /// For consensus rules and birthdays.
    pub wall: WallTime,
}
