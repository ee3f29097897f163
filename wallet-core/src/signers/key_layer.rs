//! Owns the way from a sealed seed to a signer, and back at creation.
//!
//! Refuses to keep a seed: it is unsealed for one signature and wiped. Refuses to keep the key of
//! the layer when nobody has been there for a while.

use std::time::Duration;

use bitcoin::Network;

use crate::command::{CommandError, StoreProblem};
use crate::entropy::EntropyError;
use crate::light_client::time::{MonoTime, Now, WallTime};
use crate::seed::Seed;
use crate::signers::SoftwareSigner;
use crate::vault::SeedKey;

/// The key layer of an open wallet.
#[derive(Debug)]
pub struct KeyLayer {
    /// `None`: locked, nothing can be signed.
    key: Option<SeedKey>,
    /// How long nobody may be there before it locks itself; `None`: for ever.
    idle: Option<Duration>,
    /// When somebody was last known to be there.
    touched: Now,
}

impl KeyLayer {
    /// A locked layer.
    #[must_use]
    pub const fn locked(idle: Option<Duration>) -> Self {
        let start = Now { mono: MonoTime::START, wall: WallTime::new(0) };
        Self { key: None, idle, touched: start }
    }

    /// Lets seeds be unsealed from now on.
    pub fn unlock(&mut self, key: SeedKey, now: Now) {
        self.key = Some(key);
        self.touched = now;
    }

    /// Wipes the key; whether there was one.
    pub fn lock(&mut self) -> bool {
        self.key.take().is_some()
    }

    /// Somebody is there.
    pub fn touch(&mut self, now: Now) {
        self.touched = now;
    }

    /// When it locks itself, if nobody is there until then.
    #[must_use]
    pub fn locks_at(&self) -> Option<MonoTime> {
        let idle = self.idle.filter(|_| self.key.is_some())?;
        Some(self.touched.mono.after(idle))
    }

    /// Locks if nobody was there for too long; whether it did. Both clocks count: the one stands
    /// still while a machine sleeps, the other can be set back.
    pub fn lock_if_idle(&mut self, now: Now) -> bool {
        let late = |idle| {
            let (mono, wall) = (self.touched.mono, self.touched.wall);
            now.mono.since(mono) >= idle || now.wall.since(wall) >= idle
        };
        self.idle.is_some_and(late) && self.lock()
    }

    /// A signer with the seed that is sealed in a wallet's file; drop it after the payment.
    ///
    /// # Errors
    /// [`CommandError::Locked`], or [`CommandError::Store`] when the stored seed is damaged.
    pub fn signer(&self, sealed: &[u8], network: Network) -> Result<SoftwareSigner, CommandError> {
        let key = self.key.as_ref().ok_or(CommandError::Locked)?;
        let seed = unseal(key, sealed).map_err(CommandError::Store)?;
        Ok(SoftwareSigner::new(seed, network))
    }
}

/// Unseals what [`seal`] sealed; drop it when it has been used.
///
/// # Errors
/// [`StoreProblem::Damaged`].
pub fn unseal(key: &SeedKey, sealed: &[u8]) -> Result<Seed, StoreProblem> {
    let plain = key.unseal(SEED_CONTEXT, sealed).map_err(|error| damaged(&error))?;
    Seed::from_bytes(&plain).map_err(|error| damaged(&error))
}

/// Seals a seed for a wallet's file.
///
/// # Errors
/// If the system gives no entropy.
pub fn seal(key: &SeedKey, seed: &Seed) -> Result<Vec<u8>, EntropyError> {
    key.seal(SEED_CONTEXT, &seed.to_bytes())
}

fn damaged(error: &dyn std::error::Error) -> StoreProblem {
    StoreProblem::Damaged { path: "the wallet's key layer".to_owned(), what: error.to_string() }
}

/// Binds what is sealed to its purpose.
const SEED_CONTEXT: &[u8] = b"billfold seed v1";

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(300);

    fn at(mono: u64, wall: u64) -> Now {
        Now { mono: MonoTime::new(Duration::from_secs(mono)), wall: WallTime::new(wall) }
    }

    fn unlocked(idle: Option<Duration>) -> KeyLayer {
        let mut layer = KeyLayer::locked(idle);
        layer.unlock(SeedKey::for_tests(1), at(10, 1_000));
        layer
    }

    #[test]
    fn nobody_there_for_long_enough_locks() {
        let mut layer = unlocked(Some(IDLE));
        assert!(!layer.lock_if_idle(at(309, 1_299)));
        layer.touch(at(309, 1_299));
        assert_eq!(layer.locks_at(), Some(MonoTime::new(Duration::from_secs(609))));
        assert!(!layer.lock_if_idle(at(608, 1_598)));
        assert!(layer.lock_if_idle(at(609, 1_599)));
        assert_eq!(layer.signer(&[], Network::Regtest).unwrap_err(), CommandError::Locked);
        assert!(!layer.lock_if_idle(at(700, 1_700)), "it is told once");
        assert_eq!(layer.locks_at(), None);
    }

    #[test]
    fn time_asleep_counts_and_a_clock_that_is_set_back_gains_nothing() {
        assert!(unlocked(Some(IDLE)).lock_if_idle(at(11, 1_300)), "it slept");
        assert!(unlocked(Some(IDLE)).lock_if_idle(at(310, 5)), "the clock was set back");
    }

    #[test]
    fn without_an_idle_time_only_a_command_locks() {
        let mut layer = unlocked(None);
        assert_eq!(layer.locks_at(), None);
        assert!(!layer.lock_if_idle(at(1_000_000, 1_000_000)));
        assert!(layer.lock());
        assert!(!layer.lock());
    }
}
