//! Owns `Rates`: how many calls tokens have left in this minute.
//!
//! Each caveat that says how often has a count of its own, which all tokens share that were narrowed from there: a
//! call takes from each count above it, and from no other. Refuses to remember over a restart: a minute is
//! over by then.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use billfold_wallet_core::command::TokenId;

use crate::auth::Pace;
use crate::limits::PACES;

/// What is left, token by token, by the place of the caveat.
#[derive(Debug, Default)]
pub struct Rates(Mutex<HashMap<TokenId, Buckets>>);

type Buckets = HashMap<[u8; 32], Bucket>;

/// Calls flow in with time, up to those of a minute, and out one by one.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    per_minute: NonZeroU32,
    /// In calls per minute times milliseconds: one call costs a minute of them.
    level: u64,
    at: Instant,
}

impl Rates {
    /// Takes a call of a token from each of its paces, or from none.
    ///
    /// # Errors
    /// The time until a call is there.
    pub fn take(&self, token: TokenId, paces: &[Pace], now: Instant) -> Result<(), Duration> {
        if paces.is_empty() {
            return Ok(());
        }
        // What a panic left is whole: each bucket is changed at one place, last.
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !tokens.contains_key(&token) {
            tokens.retain(|_, buckets| !buckets.values().all(|bucket| bucket.is_full(now)));
        }
        let buckets = tokens.entry(token).or_default();
        let grown = |buckets: &Buckets| {
            let new = paces.iter().filter(|pace| !buckets.contains_key(&pace.place));
            buckets.len() + new.count()
        };
        if grown(buckets) > PACES {
            // A full one is as good as none, and after a minute each is full.
            buckets.retain(|_, bucket| !bucket.is_full(now));
        }
        if grown(buckets) > PACES {
            return Err(Duration::from_millis(MINUTE));
        }
        let found = paces.iter().map(|pace| {
            let bucket = buckets.get(&pace.place).map(|bucket| bucket.at(now));
            (pace.place, bucket.unwrap_or_else(|| Bucket::full(pace.per_minute, now)))
        });
        let found: Buckets = found.collect();
        let wait = found.values().map(|bucket| bucket.lacking()).max().unwrap_or_default();
        if !wait.is_zero() {
            return Err(wait);
        }
        buckets.extend(found.into_iter().map(|(place, bucket)| {
            (place, Bucket { level: bucket.level.saturating_sub(MINUTE), ..bucket })
        }));
        Ok(())
    }
}

impl Bucket {
    fn full(per_minute: NonZeroU32, now: Instant) -> Self {
        Self { per_minute, level: MINUTE * u64::from(per_minute.get()), at: now }
    }

    /// The same at a later time.
    fn at(self, now: Instant) -> Self {
        let waited = u64::try_from(now.duration_since(self.at).as_millis()).unwrap_or(u64::MAX);
        let level = self.level.saturating_add(waited.saturating_mul(self.pace()));
        Self { level: level.min(Self::full(self.per_minute, now).level), at: now, ..self }
    }

    fn is_full(self, now: Instant) -> bool {
        self.at(now).level == Self::full(self.per_minute, now).level
    }

    /// The time until a call is there.
    fn lacking(self) -> Duration {
        Duration::from_millis(MINUTE.saturating_sub(self.level).div_ceil(self.pace()))
    }

    fn pace(self) -> u64 {
        u64::from(self.per_minute.get())
    }
}

/// Milliseconds.
const MINUTE: u64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(per_minute: u32, place: u8) -> Pace {
        let per_minute = NonZeroU32::new(per_minute).expect("some calls");
        Pace { per_minute, place: [place; 32] }
    }

    #[test]
    fn calls_of_a_minute_are_there_at_once_and_come_back_one_by_one() {
        let (rates, token, start) = (Rates::default(), TokenId([1; 8]), Instant::now());
        let six = [pace(6, 1)];
        for _ in 0..6 {
            assert_eq!(rates.take(token, &six, start), Ok(()));
        }
        assert_eq!(rates.take(token, &six, start), Err(Duration::from_secs(10)));
        let later = start + Duration::from_secs(10);
        assert_eq!(rates.take(token, &six, later), Ok(()));
        assert_eq!(rates.take(token, &six, later), Err(Duration::from_secs(10)));
        assert_eq!(rates.take(TokenId([2; 8]), &six, later), Ok(()));
        assert_eq!(rates.take(token, &[], later), Ok(()));
    }

    /// One call by a narrow token closed the door for all that it was narrowed from.
    #[test]
    fn a_narrow_token_leaves_the_wide_one_its_calls_and_takes_from_them() {
        let (rates, token, start) = (Rates::default(), TokenId([1; 8]), Instant::now());
        let (wide, narrow) = ([pace(6, 1)], [pace(6, 1), pace(1, 2)]);
        let sibling = [pace(6, 1), pace(1, 3)];
        assert_eq!(rates.take(token, &wide, start), Ok(()));
        assert_eq!(rates.take(token, &narrow, start), Ok(()));
        for _ in 0..5 {
            let refused = rates.take(token, &narrow, start);
            assert_eq!(refused, Err(Duration::from_secs(60)), "and takes nothing");
        }
        assert_eq!(rates.take(token, &sibling, start), Ok(()));
        for _ in 0..3 {
            assert_eq!(rates.take(token, &wide, start), Ok(()));
        }
        for all in [&wide[..], &narrow, &sibling] {
            assert!(rates.take(token, all, start).is_err(), "six calls were made");
        }
    }

    /// To narrow costs nothing, so counts without end would take all memory, or push others out.
    #[test]
    fn counts_of_a_token_are_bounded_and_none_is_forgotten_while_it_binds() {
        let (rates, token, start) = (Rates::default(), TokenId([1; 8]), Instant::now());
        let numbered = |number: usize| {
            let mut place = [7; 32];
            place[..8].copy_from_slice(&number.to_le_bytes());
            Pace { place, ..pace(1, 0) }
        };
        let root = pace(100_000, 1);
        for number in 1..PACES {
            assert_eq!(rates.take(token, &[root, numbered(number)], start), Ok(()));
        }
        let minute = Duration::from_secs(60);
        assert_eq!(rates.take(token, &[root, numbered(0)], start), Err(minute));
        assert_eq!(rates.take(token, &[root, numbered(1)], start), Err(minute));
        assert_eq!(rates.take(token, &[root], start), Ok(()), "the wide one goes on");
        assert_eq!(rates.take(TokenId([2; 8]), &[numbered(0)], start), Ok(()));
        assert_eq!(rates.take(token, &[root, numbered(0)], start + minute), Ok(()));
        assert_eq!(rates.take(TokenId([3; 8]), &[root], start + 2 * minute), Ok(()));
        let kept = rates.0.lock().expect("no panic").len();
        assert_eq!(kept, 1, "those of whom nothing is to be known are gone");
    }
}
