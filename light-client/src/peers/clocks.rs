//! Owns the comparison of the peers' clocks with ours, which may be wrong.
//!
//! Refuses to set ours by theirs: no rule of the chain looks at a peer's clock.

use crate::limits::MAX_CLOCK_DIFFERENCE;
use crate::time::{ClockOffset, MonoTime, Now};

/// What a peer's clock said when we heard of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerClock {
    /// Unix seconds, whatever it claims.
    pub(crate) unix: i64,
    pub(crate) heard: MonoTime,
}

/// How far the median of the peers' clocks is from ours, if that is too far. Of the two in the
/// middle of an even number the nearer one counts, so that one liar of two can't raise an alarm.
pub(crate) fn offset(now: Now, clocks: impl Iterator<Item = PeerClock>) -> Option<ClockOffset> {
    let ours = i64::try_from(now.wall.to_unix()).unwrap_or(i64::MAX);
    let ahead = |clock: PeerClock| {
        let since = now.mono.since(clock.heard).as_secs();
        let theirs = clock.unix.saturating_add_unsigned(since);
        theirs.saturating_sub(ours)
    };
    let mut offsets: Vec<i64> = clocks.map(ahead).collect();
    offsets.sort_unstable();
    let upper = *offsets.get(offsets.len() / 2)?;
    let lower = *offsets.get((offsets.len() - 1) / 2)?;
    let median = if lower.unsigned_abs() < upper.unsigned_abs() { lower } else { upper };
    let too_far = median.unsigned_abs() > MAX_CLOCK_DIFFERENCE.as_secs();
    too_far.then_some(ClockOffset::new(median))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::time::WallTime;

    fn offset_of(clocks: &[i64]) -> Option<i64> {
        let mono = MonoTime::new(Duration::from_secs(500));
        let now = Now { mono, wall: WallTime::new(1_000_500) };
        let clocks = clocks.iter().map(|ahead| PeerClock {
            unix: 1_000_000_i64.saturating_add(*ahead),
            heard: MonoTime::START,
        });
        offset(now, clocks).map(ClockOffset::seconds)
    }

    #[test]
    fn the_median_counts_and_seventy_minutes_are_the_limit() {
        assert_eq!(offset_of(&[]), None);
        assert_eq!(offset_of(&[4200]), None);
        assert_eq!(offset_of(&[4201]), Some(4201));
        assert_eq!(offset_of(&[-4201]), Some(-4201));
        assert_eq!(offset_of(&[i64::MAX, 0]), None, "one liar of two");
        assert_eq!(offset_of(&[i64::MIN, i64::MIN, 0, 1, 2]), None);
        assert_eq!(offset_of(&[i64::MIN, 5000, 9000]), Some(5000));
        assert_eq!(offset_of(&[-9000, -5000]), Some(-5000));
    }
}
