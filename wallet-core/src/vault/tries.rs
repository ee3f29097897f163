//! Owns the count of wrong passwords of one header file, beside it in `NAME.tries`, and the wait
//! that follows from it.
//!
//! Refuses to lock anybody out: the wait is bounded, and a file that is missing or damaged, or
//! that can't be written, costs nobody anything. It slows down who sits at this machine with the
//! owner's rights to run programs; whoever has the files guesses elsewhere, and the cost of the
//! derivation is what stands in the way there.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::light_client::time::WallTime;
use crate::limits::{FREE_TRIES, LONGEST_TRY_WAIT};

/// How often a password was wrong since one was right, and when that was last.
#[derive(Debug)]
pub(super) struct Tries {
    path: PathBuf,
    wrong: u32,
    last: WallTime,
}

impl Tries {
    /// What is known of a header file.
    pub(super) fn of(header: &Path) -> Self {
        let path = header.with_extension("tries");
        let known = fs::read_to_string(&path).ok().and_then(|text| parse(&text));
        let (wrong, last) = known.unwrap_or_default();
        Self { path, wrong, last }
    }

    /// How long the next try has to wait; `None`: it may be made now.
    pub(super) fn wait(&mut self, now: WallTime) -> Option<Duration> {
        if self.last > now {
            // The clock was set back: the wait runs from now on, instead of for ever.
            self.note(self.wrong, now);
        }
        let left = wait_after(self.wrong).saturating_sub(now.since(self.last));
        (!left.is_zero()).then_some(left)
    }

    /// Counts a try before it is made: who ends the program to hide a wrong one gains nothing.
    /// Returns what [`Tries::uncount`] takes.
    pub(super) fn count(&mut self, now: WallTime) -> Before {
        let before = Before { wrong: self.wrong, last: self.last };
        self.note(self.wrong.saturating_add(1), now);
        before
    }

    /// Takes a count back: the password was never judged.
    pub(super) fn uncount(&mut self, before: &Before) {
        if before.wrong == 0 { self.forget() } else { self.note(before.wrong, before.last) }
    }

    /// Begins anew: the password was right.
    pub(super) fn forget(&mut self) {
        (self.wrong, self.last) = (0, WallTime::default());
        // What can't be removed makes the next wrong password wait, no longer than others.
        let _ = fs::remove_file(&self.path);
    }

    fn note(&mut self, wrong: u32, last: WallTime) {
        (self.wrong, self.last) = (wrong, last);
        // A disk that takes nothing must not keep the owner out.
        let _ = write(&self.path, &format!("{wrong} {last}\n"));
    }
}

/// What was known before a try was counted.
#[derive(Debug)]
pub(super) struct Before {
    wrong: u32,
    last: WallTime,
}

/// 1, 2, 4, 8, 16 s and then [`LONGEST_TRY_WAIT`], after the free ones.
fn wait_after(wrong: u32) -> Duration {
    let Some(doublings) = wrong.checked_sub(FREE_TRIES) else { return Duration::ZERO };
    let seconds = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
    Duration::from_secs(seconds).min(LONGEST_TRY_WAIT)
}

fn parse(text: &str) -> Option<(u32, WallTime)> {
    let (wrong, last) = text.trim_end().split_once(' ')?;
    Some((wrong.parse().ok()?, WallTime::new(last.parse().ok()?)))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> WallTime {
        WallTime::new(1_800_000_000 + seconds)
    }

    /// A directory with the path of a header file in it.
    fn header() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("main.key");
        (dir, path)
    }

    #[test]
    fn a_person_who_mistypes_waits_for_nothing_and_a_guesser_for_ever_longer() {
        let (_dir, path) = header();
        let mut waits = Vec::new();
        let mut now = 0;
        for _ in 0..12 {
            // Each try is another run of the program.
            let wait = Tries::of(&path).wait(at(now)).unwrap_or_default();
            waits.push(wait.as_secs());
            now += wait.as_secs();
            assert_eq!(Tries::of(&path).wait(at(now)), None);
            Tries::of(&path).count(at(now));
        }
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30, 30]);
        Tries::of(&path).forget();
        assert_eq!(Tries::of(&path).wait(at(now)), None);
        assert!(!path.with_extension("tries").exists());
    }

    #[test]
    fn no_clock_locks_the_owner_out() {
        let (_dir, path) = header();
        for _ in 0..40 {
            Tries::of(&path).count(at(1_000_000));
        }
        // The clock was ahead and is right again: one wait from now on.
        assert_eq!(Tries::of(&path).wait(at(0)), Some(LONGEST_TRY_WAIT));
        assert_eq!(Tries::of(&path).wait(at(20)), Some(Duration::from_secs(10)));
        assert_eq!(Tries::of(&path).wait(at(30)), None);
    }

    #[test]
    fn a_damaged_or_unwritable_count_costs_nothing() {
        let (dir, path) = header();
        for text in ["", "x", "9", "9 x", "-1 5", "99999999999 1", "\u{0}\u{0}"] {
            fs::write(path.with_extension("tries"), text).expect("a writable directory");
            assert_eq!(Tries::of(&path).wait(at(0)), None, "{text:?}");
        }
        drop(dir);
        let mut tries = Tries::of(&path);
        tries.count(at(0));
        tries.forget();
    }

    #[test]
    fn a_try_that_was_not_judged_does_not_count() {
        let (_dir, path) = header();
        let mut tries = Tries::of(&path);
        let before = tries.count(at(0));
        tries.uncount(&before);
        assert!(!path.with_extension("tries").exists());
        for _ in 0..4 {
            tries.count(at(0));
        }
        let before = tries.count(at(9));
        tries.uncount(&before);
        assert_eq!(Tries::of(&path).wait(at(1)), Some(Duration::from_secs(1)));
    }
}
