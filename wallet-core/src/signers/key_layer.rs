//! Owns the way from sealed keys to a signer, and back when they come.
//!
//! Refuses to keep an open key: all are unsealed for one signature and wiped. Refuses to keep the key of
//! the layer when nobody has been there for a while.

use std::time::Duration;

use bitcoin::Network;

use crate::command::{CommandError, KeyState, StoreProblem};
use crate::entropy::EntropyError;
use crate::keychain::{AccountDescriptor, AccountKey, StandardAccount, TemplateScript};
use crate::light_client::time::{MonoTime, Now, WallTime};
use crate::seed::Seed;
use crate::signers::{HeldKey, Keys, SoftwareSigner};
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

    /// A signer with all keys of a wallet; drop it after the payment.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn signer(
        &self,
        sealed: &SealedKeys,
        network: Network,
    ) -> Result<SoftwareSigner, CommandError> {
        Ok(self.open(sealed, network)?.signer(network))
    }

    /// All keys of a wallet; drop them when they have been used.
    ///
    /// # Errors
    /// [`CommandError::WatchOnly`] if there are none, [`CommandError::Locked`], or
    /// [`CommandError::Store`] when one is damaged.
    pub fn open(&self, sealed: &SealedKeys, network: Network) -> Result<OpenKeys, CommandError> {
        if sealed.is_empty() {
            return Err(CommandError::WatchOnly);
        }
        sealed.open(self.key()?, network).map_err(CommandError::Store)
    }

    /// Seals a key that came, with the nonce that this entropy makes.
    ///
    /// # Errors
    /// [`CommandError::Locked`].
    pub fn seal(&self, entropy: [u8; 32], key: &HeldKey) -> Result<Vec<u8>, CommandError> {
        Ok(seal_held(self.key()?, entropy, key))
    }

    fn key(&self) -> Result<&SeedKey, CommandError> {
        self.key.as_ref().ok_or(CommandError::Locked)
    }
}

/// All keys of a wallet as they lie in its file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SealedKeys {
    /// The seed, if it has one.
    pub seed: Option<Vec<u8>>,
    /// The keys that were imported.
    pub held: Vec<Vec<u8>>,
}

/// All keys of a wallet.
#[derive(Debug)]
pub struct OpenKeys {
    /// The seed, if it has one.
    pub seed: Option<Seed>,
    /// The keys that were imported.
    pub held: Vec<HeldKey>,
}

impl SealedKeys {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seed.is_none() && self.held.is_empty()
    }

    /// Unseals all; drop them when they have been used.
    ///
    /// # Errors
    /// [`StoreProblem::Damaged`].
    pub fn open(&self, key: &SeedKey, network: Network) -> Result<OpenKeys, StoreProblem> {
        let seed = self.seed.as_deref().map(|sealed| unseal(key, sealed)).transpose()?;
        let held = self.held.iter().map(|sealed| unseal_held(key, sealed, network));
        Ok(OpenKeys { seed, held: held.collect::<Result<_, _>>()? })
    }
}

impl OpenKeys {
    /// A standard account of the wallet's own words, if it has any.
    #[must_use]
    pub fn standard(
        &self,
        account: StandardAccount,
        network: Network,
    ) -> Option<AccountDescriptor> {
        Some(self.seed.as_ref()?.descriptor(account, network))
    }

    /// The wallet's own key for a policy, if it has words.
    #[must_use]
    pub fn account_key(
        &self,
        script: TemplateScript,
        number: u32,
        network: Network,
    ) -> Option<AccountKey> {
        let seed = self.seed.as_ref()?;
        let path = script.path(network, number);
        let xpub = seed.xpub(&path, network);
        Some(AccountKey { origin: Some((seed.fingerprint(), path)), xpub })
    }

    /// A signer with all of them.
    #[must_use]
    pub fn signer(self, network: Network) -> SoftwareSigner {
        let Self { seed, mut held } = self;
        held.extend(seed.map(|seed| HeldKey::master(Keys::Seed(seed, network))));
        SoftwareSigner::holding(held)
    }

    /// Seals all by a new key, each with entropy of its own.
    #[must_use]
    pub fn seal(&self, key: &SeedKey, mut entropy: impl FnMut() -> [u8; 32]) -> SealedKeys {
        SealedKeys {
            seed: self.seed.as_ref().map(|seed| seal_with(key, entropy(), seed)),
            held: self.held.iter().map(|held| seal_held(key, entropy(), held)).collect(),
        }
    }
}

/// Seals a key that was given, with the nonce that this entropy makes.
#[must_use]
pub fn seal_held(key: &SeedKey, entropy: [u8; 32], held: &HeldKey) -> Vec<u8> {
    key.seal_with(entropy, HELD_CONTEXT, held.text().as_bytes())
}

fn unseal_held(key: &SeedKey, sealed: &[u8], network: Network) -> Result<HeldKey, StoreProblem> {
    let plain = key.unseal(HELD_CONTEXT, sealed).map_err(|error| damaged(&error))?;
    let text = std::str::from_utf8(&plain).map_err(|error| damaged(&error))?;
    HeldKey::parse(text, network).map_err(|error| damaged(&error))
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

/// The same with the nonce that this entropy makes.
fn seal_with(key: &SeedKey, entropy: [u8; 32], seed: &Seed) -> Vec<u8> {
    key.seal_with(entropy, SEED_CONTEXT, &seed.to_bytes())
}

fn damaged(error: &dyn std::error::Error) -> StoreProblem {
    StoreProblem::Damaged { path: "the wallet's key layer".to_owned(), what: error.to_string() }
}

/// Binds what is sealed to its purpose.
const SEED_CONTEXT: &[u8] = b"billfold seed v1";
const HELD_CONTEXT: &[u8] = b"billfold key v1";

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
        let sealed = SealedKeys { seed: Some(Vec::new()), held: Vec::new() };
        assert_eq!(layer.signer(&sealed, Network::Regtest).unwrap_err(), CommandError::Locked);
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
