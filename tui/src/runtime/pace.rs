//! Owns when to draw: what a person did at once; what the wallet answers to it, or tells by itself, a little
//! later and with more of it.
//!
//! Refuses more than 30 drawings in any second, so that no terminal falls behind, whoever asks; and leaves
//! ten of them to the person, who would wait behind those of a scan.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// For whom something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// The wallet went on by itself.
    News,
    /// What was asked for is there.
    Answer,
    /// Somebody pressed a key.
    Person,
}

/// What was drawn lately, and what changed since.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The last drawings, the newest at the end.
    drawn: VecDeque<Instant>,
    /// Those of them that no person caused: many keys hold no answer back.
    of_others: VecDeque<Instant>,
    changed: Option<Cause>,
}

impl Pace {
    /// Something is to be drawn.
    pub(super) fn change(&mut self, cause: Cause) {
        self.changed = self.changed.max(Some(cause));
    }

    /// When to draw; `None`: nothing changed.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let cause = self.changed?;
        let rest = match cause {
            Cause::News => NEWS,
            Cause::Answer => ANSWER,
            Cause::Person => Duration::ZERO,
        };
        let others =
            (cause != Cause::Person).then(|| room(&self.of_others, FRAMES - OF_THE_PERSON));
        let room = room(&self.drawn, FRAMES).max(others.flatten());
        let quiet = self.drawn.back().map(|last| *last + rest);
        Some(room.max(quiet).unwrap_or(now).max(now))
    }

    /// All that changed is drawn.
    pub(super) fn drew(&mut self, now: Instant) {
        if self.changed.take() < Some(Cause::Person) {
            note(&mut self.of_others, now, FRAMES - OF_THE_PERSON);
        }
        note(&mut self.drawn, now, FRAMES);
    }
}

/// From when on one more leaves no more than `most` in a second; `None`: now.
fn room(drawn: &VecDeque<Instant>, most: usize) -> Option<Instant> {
    let oldest = drawn.len().checked_sub(most).and_then(|at| drawn.get(at));
    oldest.map(|oldest| *oldest + SECOND)
}

fn note(drawn: &mut VecDeque<Instant>, now: Instant, most: usize) {
    if drawn.len() == most {
        drawn.pop_front();
    }
    drawn.push_back(now);
}

/// Drawings in a second at the most.
const FRAMES: usize = 30;

/// Of these, those that nothing else takes.
const OF_THE_PERSON: usize = 10;

const SECOND: Duration = Duration::from_secs(1);

/// Between a drawing and the next that shows an answer: one key asks for several things.
const ANSWER: Duration = Duration::from_millis(16);

/// Between a drawing and the next that only news ask for. Ten in a second leave room for keys, and nobody
/// reads more.
pub(super) const NEWS: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_drawn_at_once_while_news_come_without_end() {
        let mut now = Instant::now();
        let mut pace = Pace::default();
        for _ in 0..20 {
            pace.change(Cause::News);
            now = pace.due(now).unwrap();
            pace.drew(now);
            now += Duration::from_millis(20);
            pace.change(Cause::News);
            assert!(pace.due(now).unwrap() > now, "news wait");
            pace.change(Cause::Answer);
            assert_eq!(pace.due(now), Some(now), "the last drawing is long past");
            pace.change(Cause::Person);
            assert_eq!(pace.due(now), Some(now));
            pace.drew(now);
            pace.change(Cause::Answer);
            assert_eq!(pace.due(now), Some(now + ANSWER), "all answers at once");
            now += Duration::from_millis(100);
        }
    }

    #[test]
    fn no_second_has_more_than_thirty_drawings() {
        let mut now = Instant::now();
        let mut pace = Pace::default();
        let mut drawn = Vec::new();
        for _ in 0..200 {
            pace.change(Cause::Person);
            now = pace.due(now).unwrap();
            pace.drew(now);
            drawn.push(now);
        }
        assert!(drawn.windows(31).all(|thirty_one| thirty_one[30] - thirty_one[0] >= SECOND));
    }

    #[test]
    fn ten_keys_in_a_second_are_drawn_at_once_whatever_else_is_drawn() {
        let mut now = Instant::now();
        let mut pace = Pace::default();
        for millisecond in 0..3_000 {
            now += Duration::from_millis(1);
            pace.change(Cause::Answer);
            if millisecond % 100 == 0 {
                pace.change(Cause::Person);
                assert_eq!(pace.due(now), Some(now), "at {millisecond}");
            }
            if pace.due(now) == Some(now) {
                pace.drew(now);
            }
        }
    }

    #[test]
    fn an_answer_is_not_held_back_by_the_keys_before_it() {
        let mut now = Instant::now();
        let mut pace = Pace::default();
        for _ in 0..25 {
            pace.change(Cause::Person);
            assert_eq!(pace.due(now), Some(now));
            pace.drew(now);
            now += Duration::from_millis(2);
        }
        pace.change(Cause::Answer);
        assert_eq!(pace.due(now), Some(now - Duration::from_millis(2) + ANSWER));
    }

    #[test]
    fn nothing_is_drawn_where_nothing_changed() {
        let now = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.due(now), None);
        pace.change(Cause::News);
        assert_eq!(pace.due(now), Some(now), "the first is not late");
        pace.drew(now);
        assert_eq!(pace.due(now + SECOND), None);
    }
}
