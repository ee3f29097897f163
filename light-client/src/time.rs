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

    /// Later than any moment.
    pub const MAX: Self = Self(Duration::MAX);

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

    /// Whether this time is past at `now`, and by less than `window`. A time from the future was
    /// noted while the clock was wrong, and is not recent.
    #[must_use]
    pub const fn was_within(self, window: Duration, now: Self) -> bool {
        self.0 <= now.0 && now.0 - self.0 < window.as_secs()
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

/// How far the peers' clocks are ahead of the machine's, in seconds; negative when behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockOffset(i64);

impl ClockOffset {
    /// An offset in seconds.
    #[must_use]
    pub const fn new(seconds: i64) -> Self {
        Self(seconds)
    }

    /// The seconds.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0
    }
}

impl fmt::Display for ClockOffset {
    /// As in "75 minutes ahead" and "3 hours behind".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.unsigned_abs() / 60;
        let side = if self.0 < 0 { "behind" } else { "ahead" };
        match minutes {
            0..120 => write!(f, "{minutes} minutes {side}"),
            120..2880 => write!(f, "{} hours {side}", minutes / 60),
            _ => write!(f, "{} days {side}", minutes / 1440),
        }
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
