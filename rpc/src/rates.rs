//! Owns `Rates`: how many calls tokens have left in this minute.
//!
//! Refuses to remember over a restart: a minute is over by then.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use billfold_wallet_core::command::TokenId;

/// What is left, token by token.
#[derive(Debug, Default)]
pub struct Rates(Mutex<HashMap<TokenId, Bucket>>);

/// Calls flow in with time, up to those of a minute, and out one by one.
#[derive(Debug)]
struct Bucket {
    /// In calls per minute times milliseconds: one call costs a minute of them.
    level: u64,
    at: Instant,
}

impl Rates {
    /// Takes a call of a token that may make this many in a minute; how long to wait if none is
    /// left.
    ///
    /// # Errors
    /// The time until the next call is there.
    pub fn take(&self, token: TokenId, per_minute: u32, now: Instant) -> Result<(), Duration> {
        // What a panic left is whole: a bucket is changed at one place, last.
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = MINUTE * u64::from(per_minute);
        let bucket = buckets.entry(token).or_insert(Bucket { level: full, at: now });
        let waited = u64::try_from(now.duration_since(bucket.at).as_millis()).unwrap_or(u64::MAX);
        let level = bucket.level.saturating_add(waited.saturating_mul(u64::from(per_minute)));
        bucket.level = level.min(full);
        bucket.at = now;
        match bucket.level.checked_sub(MINUTE) {
            Some(left) => {
                bucket.level = left;
                Ok(())
            }
            None if per_minute == 0 => Err(Duration::MAX),
            None => {
                let lacking = MINUTE - bucket.level;
                Err(Duration::from_millis(lacking.div_ceil(u64::from(per_minute))))
            }
        }
    }
}

/// Milliseconds.
const MINUTE: u64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_a_minute_are_there_at_once_and_come_back_one_by_one() {
        let (rates, token, start) = (Rates::default(), TokenId([1; 8]), Instant::now());
        for _ in 0..6 {
            assert_eq!(rates.take(token, 6, start), Ok(()));
        }
        assert_eq!(rates.take(token, 6, start), Err(Duration::from_secs(10)));
        let later = start + Duration::from_secs(10);
        assert_eq!(rates.take(token, 6, later), Ok(()));
        assert_eq!(rates.take(token, 6, later), Err(Duration::from_secs(10)));
        assert_eq!(rates.take(TokenId([2; 8]), 6, later), Ok(()));
        assert_eq!(rates.take(TokenId([3; 8]), 0, later), Err(Duration::MAX));
    }
}
