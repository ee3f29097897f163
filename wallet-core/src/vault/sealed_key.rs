//! Owns a seed key under a passphrase of its own, as it is kept in a wallet's file.
//!
//! Refuses to be opened by the wallet's password: whoever may look need not be able to pay.

use std::fmt;

use super::header::{KEY_BYTES, RawKey};
use super::kdf::{KdfCost, OutOfMemory};
use super::parcel::{Parcel, ParseParcelError, SealError};
use super::password::Password;
use super::{SeedKey, random_key};
use crate::entropy::EntropyError;

/// A seed key under a passphrase.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedKey(Parcel);

impl SealedKey {
    /// Seals a key under a passphrase. It takes the time of one derivation.
    ///
    /// # Errors
    /// See [`SealError`].
    pub fn seal(key: &SeedKey, passphrase: &Password, cost: KdfCost) -> Result<Self, SealError> {
        Ok(Self(Parcel::seal(&**key.0, passphrase, cost)?))
    }

    /// The key, or `None` if the passphrase is another one. It takes the time of one derivation.
    ///
    /// # Errors
    /// If the memory for the derivation is not there.
    pub fn open(&self, passphrase: &Password) -> Result<Option<SeedKey>, OutOfMemory> {
        let Some(plain) = self.0.open(passphrase)? else { return Ok(None) };
        let mut key = RawKey::default();
        // What was sealed here has this length; anything else opens nothing.
        if plain.len() != KEY_BYTES {
            return Ok(None);
        }
        key.copy_from_slice(&plain);
        Ok(Some(SeedKey(key)))
    }

    /// As it is kept: a [`Parcel`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// See [`ParseParcelError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseParcelError> {
        Parcel::parse(bytes).map(Self)
    }
}

impl fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedKey(..)")
    }
}

impl SeedKey {
    /// A new key that nothing is sealed by yet.
    ///
    /// # Errors
    /// If the system gives no entropy.
    pub fn random() -> Result<Self, EntropyError> {
        random_key().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(password: &str) -> Password {
        Password::new(password).expect("a password")
    }

    #[test]
    fn only_its_passphrase_opens_a_key() {
        let key = SeedKey::random().expect("entropy");
        let sealed = SealedKey::seal(&key, &text("pass"), KdfCost::for_tests()).expect("memory");
        let kept = SealedKey::parse(&sealed.to_bytes()).expect("whole bytes");
        assert!(kept.open(&text("password")).expect("memory").is_none());
        let opened = kept.open(&text("pass")).expect("memory").expect("the passphrase");
        assert_eq!(opened.0, key.0);
        let other = Parcel::seal(b"short", &text("pass"), KdfCost::for_tests()).expect("memory");
        assert!(SealedKey(other).open(&text("pass")).expect("memory").is_none());
    }
}
