//! Owns the pace: how fast filters and bytes came of late, and how long the rest will take.
//!
//! Refuses clocks: it is told the time with each note.

use std::collections::VecDeque;

use crate::height::Height;
use crate::limits::{PACE_SPAN, PACE_STEP};
use crate::status::Pace;
use crate::time::MonoTime;

/// What happened of late.
#[derive(Debug, Default)]
pub(super) struct PaceMeter {
    /// Marks that are [`PACE_STEP`] apart or more, the oldest about [`PACE_SPAN`] ago.
    marks: VecDeque<Mark>,
    last: Option<Mark>,
}

/// How far everything was at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    /// When.
    pub(super) at: MonoTime,
    /// Filters matched since the start.
    pub(super) filters: u64,
    /// Bytes received since the start.
    pub(super) bytes: u64,
    /// The scan cursor.
    pub(super) cursor: Height,
}

impl PaceMeter {
    /// Notes how far everything is. A cursor that went back begins a new measurement.
    pub(super) fn note(&mut self, mark: Mark) {
        if self.last.is_some_and(|last| mark.cursor < last.cursor) {
            self.marks.clear();
        }
        self.last = Some(mark);
        if self.marks.back().is_none_or(|newest| mark.at >= newest.at.after(PACE_STEP)) {
            self.marks.push_back(mark);
        }
        while self.marks.get(1).is_some_and(|second| second.at.after(PACE_SPAN) <= mark.at) {
            self.marks.pop_front();
        }
    }

    /// The pace, once it has been measured for [`PACE_STEP`]; `goal` is where the cursor must come.
    pub(super) fn pace(&self, goal: Height) -> Option<Pace> {
        let (first, last) = (self.marks.front()?, self.last?);
        let span = last.at.since(first.at);
        if span < PACE_STEP {
            return None;
        }
        let per_second = |count: u64| {
            let per_second = u128::from(count) * 1000 / span.as_millis();
            u64::try_from(per_second).unwrap_or(u64::MAX)
        };
        let done = last.cursor.above(first.cursor);
        let left = goal.above(last.cursor);
        Some(Pace {
            filters: per_second(last.filters.saturating_sub(first.filters)),
            bytes: per_second(last.bytes.saturating_sub(first.bytes)),
            left: (done > 0).then(|| span.mul_f64(f64::from(left) / f64::from(done))),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn mark(seconds: u64, count: u32) -> Mark {
        let at = MonoTime::START.after(Duration::from_secs(seconds));
        let (filters, bytes) = (count.into(), u64::from(count) * 20_000);
        Mark { at, filters, bytes, cursor: Height::new(count) }
    }

    #[test]
    fn the_rest_takes_as_long_as_the_last_seconds_tell() {
        let goal = Height::new(100_000);
        let mut meter = PaceMeter::default();
        assert_eq!(meter.pace(goal), None);
        meter.note(mark(5, 0));
        assert_eq!(meter.pace(goal), None, "one moment is no pace");
        meter.note(mark(7, 2_000));
        let pace = meter.pace(goal).expect("measured");
        assert_eq!((pace.filters, pace.bytes), (1_000, 20_000_000));
        assert_eq!(pace.left, Some(Duration::from_secs(98)));
        // A link that became slow: what was long ago does not count.
        for (second, count) in (8..60).zip((2_010..).step_by(10)) {
            meter.note(mark(second, count));
        }
        let pace = meter.pace(goal).expect("measured");
        assert_eq!(pace.filters, 10);
        assert!(meter.marks.len() < 20);
    }

    #[test]
    fn nothing_is_foretold_while_nothing_moves_or_after_a_new_start() {
        let goal = Height::new(100_000);
        let mut meter = PaceMeter::default();
        (0..30).for_each(|second| meter.note(mark(second, 500)));
        assert_eq!(meter.pace(goal).expect("measured").left, None);
        meter.note(mark(31, 0));
        assert_eq!(meter.pace(goal), None);
    }
}
