//! Owns the state file: the words, the policies and the settings, sealed under a PIN (Argon2id),
//! with a counter of wrong PINs.
//!
//! Refuses a state that a newer version wrote, and to try a PIN before the try is counted on the
//! card. There is no secure element: whoever copies the card can try as often as they like, at the
//! price of one Argon2id each.

use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::policy::Record;
use crate::randomness::{NoRandomness, Randomness};
use crate::settings::Settings;
use crate::storage::{Storage, StorageFault};
use crate::words::Words;

/// What is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The words.
    pub words: Words,
    /// The settings.
    pub settings: Settings,
    /// The registered policies of all passphrases and networks.
    pub records: Vec<Record>,
}

/// What the storage holds, as far as it can be told without the PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Nothing.
    Empty,
    /// A state.
    Locked {
        /// How many wrong PINs may still be tried.
        attempts_left: u8,
    },
}

/// A PIN: digits only. Wiped when dropped.
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// Takes a PIN of 6 to 16 digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        todo!("{text}")
    }
}

/// An unlocked vault: the key that seals the state. Wiped when dropped.
pub struct Vault {}

impl Vault {
    /// What the storage holds.
    ///
    /// # Errors
    /// See [`VaultError`].
    pub fn presence(storage: &mut dyn Storage) -> Result<Presence, VaultError> {
        todo!("{:?}", storage.load())
    }

    /// Seals a first state under a PIN, in place of whatever is there.
    ///
    /// # Errors
    /// See [`VaultError`].
    pub fn create(
        storage: &mut dyn Storage,
        randomness: &mut dyn Randomness,
        pin: &Pin,
        state: &State,
        cost: KdfCost,
    ) -> Result<Self, VaultError> {
        todo!("{:?} {:?} {} {state:?} {cost:?}", storage.load(), randomness.fill(&mut []), &*pin.0)
    }

    /// Opens the state with a PIN. The try is stored first; after
    /// [`PIN_ATTEMPTS`](crate::limits::PIN_ATTEMPTS) wrong ones everything is wiped.
    ///
    /// # Errors
    /// See [`VaultError`].
    pub fn unlock(storage: &mut dyn Storage, pin: &Pin) -> Result<(Self, State), VaultError> {
        todo!("{:?} {}", storage.load(), &*pin.0)
    }

    /// Stores a changed state.
    ///
    /// # Errors
    /// See [`VaultError`].
    pub fn save(
        &self,
        storage: &mut dyn Storage,
        randomness: &mut dyn Randomness,
        state: &State,
    ) -> Result<(), VaultError> {
        todo!("{:?} {:?} {state:?}", storage.load(), randomness.fill(&mut []))
    }
}

/// What a try of a PIN costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    memory_kib: u32,
    passes: u32,
}

impl KdfCost {
    /// What devices use.
    pub const DEVICE: Self =
        Self { memory_kib: crate::limits::KDF_MEMORY_KIB, passes: crate::limits::KDF_PASSES };

    /// Next to nothing. Only tests may use it: nothing is protected by it.
    #[must_use]
    pub const fn for_tests() -> Self {
        Self { memory_kib: 8, passes: 1 }
    }
}

/// Why the state can't be opened or stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The PIN is wrong.
    #[error("wrong PIN: {attempts_left} more before the device wipes itself")]
    WrongPin {
        /// How many wrong PINs may still be tried.
        attempts_left: u8,
    },
    /// The PIN was wrong once too often.
    #[error("wrong PIN: the device has wiped itself; restore it from your words")]
    Wiped,
    /// There is nothing to open.
    #[error("the device holds no keys: create or restore them")]
    Empty,
    /// A newer version wrote it.
    #[error("a newer version wrote this state: update the device")]
    Newer,
    /// It is not what was stored.
    #[error("the stored state is damaged: wipe the device and restore it from your words")]
    Damaged,
    /// The derivation's memory is not there.
    #[error("there is not enough memory to check the PIN")]
    OutOfMemory,
    /// The storage fails.
    #[error(transparent)]
    Storage(#[from] StorageFault),
    /// The system's source of randomness failed.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}
