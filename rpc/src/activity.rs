//! Owns `Activity`: which calls are carried out now, and since when.
//!
//! Refuses their arguments, which may hold secrets.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The calls that are carried out.
#[derive(Debug, Default)]
pub struct Activity(Mutex<Calls>);

#[derive(Debug, Default)]
struct Calls {
    open: BTreeMap<u64, (&'static str, Instant)>,
    next: u64,
}

/// One call, for as long as it is held.
#[derive(Debug)]
pub struct Call<'a> {
    activity: &'a Activity,
    number: u64,
}

impl Activity {
    /// A call of this method begins.
    pub fn begin(&self, method: &'static str) -> Call<'_> {
        let mut calls = self.calls();
        let number = calls.next;
        calls.next += 1;
        calls.open.insert(number, (method, Instant::now()));
        Call { activity: self, number }
    }

    /// The calls in the order in which they began, with how long they take so far.
    #[must_use]
    pub fn open(&self) -> Vec<(&'static str, Duration)> {
        self.calls().open.values().map(|(method, since)| (*method, since.elapsed())).collect()
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        // What a panic left is whole: every change is one insertion or removal.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.activity.calls().open.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_told_until_it_ends() {
        let activity = Activity::default();
        let methods = || activity.open().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        let first = activity.begin("waitfornewblock");
        let second = activity.begin("getrpcinfo");
        assert_eq!(methods(), ["waitfornewblock", "getrpcinfo"]);
        drop(first);
        assert_eq!(methods(), ["getrpcinfo"]);
        drop(second);
        assert!(methods().is_empty());
    }
}
