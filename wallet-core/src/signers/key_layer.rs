//! Owns the way from a sealed seed to a signer, and back at creation.
//!
//! Refuses to keep a seed: it is unsealed for one signature and wiped. Refuses to keep the key of
//! the layer when nobody has been there for a while.

use std::time::Duration;

use bitcoin::Network;

use crate::command::{CommandError, KeyState, StoreProblem};
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
    /// When it locks itself, whoever is there; `None`: never.
    until: Option<Now>,
}

impl KeyLayer {
    /// A locked layer.
    #[must_use]
    pub const fn locked(idle: Option<Duration>) -> Self {
        let start = Now { mono: MonoTime::START, wall: WallTime::new(0) };
        Self { key: None, idle, touched: start, until: None }
    }

    /// Lets seeds be unsealed from now on, for so long if that is said.
    pub fn unlock(&mut self, key: SeedKey, now: Now, lasts: Option<Duration>) {
        self.key = Some(key);
        self.touched = now;
        self.until = lasts.map(|time| Now {
            mono: now.mono.after(time),
            wall: WallTime::new(now.wall.to_unix().saturating_add(time.as_secs())),
        });
    }

    /// Whether seeds can be unsealed, and until when if that is said.
    #[must_use]
    pub fn state(&self) -> KeyState {
        match (&self.key, self.until) {
            (None, _) => KeyState::Locked,
            (Some(_), None) => KeyState::Open,
            (Some(_), Some(until)) => KeyState::OpenUntil(until.wall.to_unix()),
        }
    }

    /// Wipes the key; whether there was one.
    pub fn lock(&mut self) -> bool {
        self.until = None;
        self.key.take().is_some()
    }

    /// Somebody is there.
    pub fn touch(&mut self, now: Now) {
        self.touched = now;
    }

    /// When it locks itself, at the latest if nobody is there until then.
    #[must_use]
    pub fn locks_at(&self) -> Option<MonoTime> {
        self.key.as_ref()?;
        let idle = self.idle.map(|idle| self.touched.mono.after(idle));
        idle.into_iter().chain(self.until.map(|until| until.mono)).min()
    }

    /// How long until then.
    #[must_use]
    pub fn locks_in(&self, now: MonoTime) -> Option<Duration> {
        Some(self.locks_at()?.since(now))
    }

    /// Locks if its time is over, or nobody was there for too long; whether it did. Both clocks count: the one stands
    /// still while a machine sleeps, the other can be set back.
    pub fn lock_if_idle(&mut self, now: Now) -> bool {
        let late = |idle| {
            let (mono, wall) = (self.touched.mono, self.touched.wall);
            now.mono.since(mono) >= idle || now.wall.since(wall) >= idle
        };
        let over = |until: Now| now.mono >= until.mono || now.wall >= until.wall;
        (self.idle.is_some_and(late) || self.until.is_some_and(over)) && self.lock()
    }

    /// A signer with the seed that is sealed in a wallet's file; drop it after the payment.
    ///
    /// # Errors
    /// [`CommandError::Locked`], or [`CommandError::Store`] when the stored seed is damaged.
    pub fn signer(&self, sealed: &[u8], network: Network) -> Result<SoftwareSigner, CommandError> {
        Ok(SoftwareSigner::new(self.seed(sealed)?, network))
    }

    /// The seed that is sealed in a wallet's file; drop it when it has been used.
    ///
    /// # Errors
    /// As [`signer`](Self::signer).
    pub fn seed(&self, sealed: &[u8]) -> Result<Seed, CommandError> {
        let key = self.key.as_ref().ok_or(CommandError::Locked)?;
        unseal(key, sealed).map_err(CommandError::Store)
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

/// The same as the one thing that a new key seals.
#[must_use]
pub fn seal_first(key: &SeedKey, entropy: [u8; 32], seed: &Seed) -> Vec<u8> {
    key.seal_first(entropy, SEED_CONTEXT, &seed.to_bytes())
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
        layer.unlock(SeedKey::for_tests(1), at(10, 1_000), None);
        layer
    }

    #[test]
    fn nobody_there_for_long_enough_locks() {
        let mut layer = unlocked(Some(IDLE));
        assert_eq!(layer.locks_in(at(309, 1_299).mono), Some(Duration::from_secs(1)));
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

    #[test]
    fn a_time_that_was_given_locks_whoever_is_there() {
        let mut layer = KeyLayer::locked(None);
        layer.unlock(SeedKey::for_tests(1), at(10, 1_000), Some(Duration::from_secs(60)));
        assert_eq!(layer.state(), KeyState::OpenUntil(1_060));
        assert_eq!(layer.locks_at(), Some(MonoTime::new(Duration::from_secs(70))));
        layer.touch(at(69, 1_059));
        assert!(!layer.lock_if_idle(at(69, 1_059)));
        layer.unlock(SeedKey::for_tests(1), at(69, 1_059), Some(Duration::from_secs(60)));
        assert!(!layer.lock_if_idle(at(128, 1_118)), "the newest time counts");
        assert!(layer.lock_if_idle(at(129, 1_119)));
        assert_eq!(layer.state(), KeyState::Locked);
        assert_eq!(layer.locks_at(), None);
        layer.unlock(SeedKey::for_tests(1), at(200, 1_200), None);
        assert_eq!(layer.state(), KeyState::Open);
    }
}
