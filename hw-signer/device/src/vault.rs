//! Owns the state file: the words, the policies and the settings, sealed under a PIN (Argon2id),
//! with a counter of wrong PINs.
//!
//! Refuses a state that a newer version wrote, and to try a PIN before the try is counted on the
//! card. There is no secure element: whoever copies the card can try as often as they like, at the
//! price of one Argon2id each, and a PIN of six digits is soon found. A device without state, where
//! the words are typed each time, has nothing to copy.

mod kdf;
mod file;
mod state;

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

pub use kdf::KdfCost;
pub use state::State;

use file::{File, Lock};

use crate::limits::{PIN_ATTEMPTS, PIN_LEAST, PIN_MOST, STATE_BYTES};
use crate::randomness::{NoRandomness, Randomness};
use crate::residue::wipe_stack;
use crate::storage::{Storage, StorageFault};

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
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// Takes a PIN of 6 to 16 digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let good = (PIN_LEAST..=PIN_MOST).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_digit());
        good.then(|| Self(Zeroizing::new(text.to_string())))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

/// An unlocked vault: the key that seals the state. Wiped when dropped.
pub struct Vault {
    key: Box<Zeroizing<[u8; 32]>>,
    lock: Lock,
}

impl Vault {
    /// What the storage holds.
    ///
    /// # Errors
    /// See [`VaultError`].
    pub fn presence(storage: &mut dyn Storage) -> Result<Presence, VaultError> {
        match storage.load()? {
            None => Ok(Presence::Empty),
            Some(bytes) => {
                let attempts_left = PIN_ATTEMPTS.saturating_sub(File::parse(&bytes)?.tries);
                Ok(Presence::Locked { attempts_left })
            }
        }
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
        let mut salt = [0; kdf::SALT_BYTES];
        randomness.fill(&mut salt)?;
        let key = kdf::derive(pin.0.as_bytes(), &salt, cost)?;
        let vault = Self { key, lock: Lock { cost, salt } };
        vault.save(storage, randomness, state)?;
        Ok(vault)
    }

    /// Opens the state with a PIN. The try is stored first; after
    /// [`PIN_ATTEMPTS`] wrong ones everything is wiped.
    ///
    /// # Errors
    /// See [`VaultError`].
    pub fn unlock(storage: &mut dyn Storage, pin: &Pin) -> Result<(Self, State), VaultError> {
        let bytes = storage.load()?.ok_or(VaultError::Empty)?;
        let mut file = File::parse(&bytes)?;
        if file.tries >= PIN_ATTEMPTS {
            storage.wipe()?;
            return Err(VaultError::Wiped);
        }
        file.tries += 1;
        storage.store(&file.to_bytes())?;
        let key = kdf::derive(pin.0.as_bytes(), &file.lock.salt, file.lock.cost)?;
        let vault = Self { key, lock: file.lock.clone() };
        let Some(content) = vault.unseal(&file.sealed) else {
            let attempts_left = PIN_ATTEMPTS - file.tries;
            if attempts_left == 0 {
                storage.wipe()?;
                return Err(VaultError::Wiped);
            }
            return Err(VaultError::WrongPin { attempts_left });
        };
        file.tries = 0;
        storage.store(&file.to_bytes())?;
        let state = State::from_bytes(&content).ok_or(VaultError::Damaged)?;
        Ok((vault, state))
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
        let sealed = self.seal(randomness, &state.to_bytes())?;
        let bytes = File { tries: 0, lock: self.lock.clone(), sealed }.to_bytes();
        if bytes.len() > STATE_BYTES {
            return Err(VaultError::TooLarge);
        }
        Ok(storage.store(&bytes)?)
    }

    /// XChaCha20-Poly1305 with a random nonce in front, over the content and all that says how it
    /// is locked.
    fn seal(&self, randomness: &mut dyn Randomness, plain: &[u8]) -> Result<Vec<u8>, NoRandomness> {
        let mut nonce = [0; NONCE_BYTES];
        randomness.fill(&mut nonce)?;
        let head = self.lock.to_bytes();
        let sealed = XChaCha20Poly1305::new((&**self.key).into())
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &head })
            .expect("only more than 256 GiB can't be encrypted");
        wipe_stack();
        Ok([&nonce[..], &sealed].concat())
    }

    fn unseal(&self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let head = self.lock.to_bytes();
        let plain = XChaCha20Poly1305::new((&**self.key).into())
            .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &head })
            .ok()
            .map(Zeroizing::new);
        wipe_stack();
        plain
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
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
    /// There is more to keep than a state may hold.
    #[error("the device keeps too much: remove a wallet on it")]
    TooLarge,
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

/// Bytes of a nonce: enough to draw them at random for ever.
const NONCE_BYTES: usize = 24;

#[cfg(test)]
mod tests;
