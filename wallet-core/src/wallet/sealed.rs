//! Owns what the wallet keeps sealed: its seed, and the key that unseals it where that has a
//! passphrase of its own.
//!
//! Refuses to unseal: the key layer does.

use crate::command::StoreProblem;
use crate::vault::SealedKey;

use super::Wallet;

impl Wallet {
    /// The seed as the key layer sealed it; none if the wallet only watches.
    ///
    /// # Errors
    /// [`StoreProblem::Damaged`] if there should be one and is not.
    pub fn sealed_seed(&self) -> Result<Option<Vec<u8>>, StoreProblem> {
        self.file.sealed_seed()
    }

    /// The key of the key layer under its passphrase; none if the wallet's password opens it.
    ///
    /// # Errors
    /// [`StoreProblem::Damaged`] if it is not whole.
    pub fn passphrase(&self) -> Result<Option<SealedKey>, StoreProblem> {
        let Some(bytes) = self.file.passphrase()? else { return Ok(None) };
        let damaged = |_| self.file.damaged("its passphrase's key is damaged: use a copy of it");
        SealedKey::parse(&bytes).map(Some).map_err(damaged)
    }

    /// Keeps the seed sealed by another key, and that key under a passphrase.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Self::abort).
    pub fn reseal(&mut self, seed: &[u8], passphrase: &[u8]) -> Result<(), StoreProblem> {
        self.file.reseal(seed, passphrase)
    }

    /// Keeps the key of the key layer under another passphrase.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Self::abort).
    pub fn set_passphrase(&mut self, sealed: &[u8]) -> Result<(), StoreProblem> {
        self.file.set_passphrase(sealed)
    }
}
