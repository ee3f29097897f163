//! Owns what the wallet keeps sealed: its keys, and the key that unseals them where that has a
//! passphrase of its own.
//!
//! Refuses to unseal: the key layer does.

use bitcoin::bip32::Fingerprint;

use crate::command::StoreProblem;
use crate::signers::key_layer::SealedKeys;
use crate::vault::SealedKey;

use super::Wallet;

impl Wallet {
    /// All keys as the key layer sealed them; none if the wallet only watches.
    ///
    /// # Errors
    /// [`StoreProblem::Damaged`] if there should be a seed and is not.
    pub fn sealed_keys(&self) -> Result<SealedKeys, StoreProblem> {
        self.file.sealed_keys()
    }

    /// Whether private keys are in it, or may be imported.
    #[must_use]
    pub const fn takes_keys(&self) -> bool {
        self.description.takes_keys
    }

    /// Whether a key of this master is the wallet's own.
    #[must_use]
    pub fn is_own(&self, master: Fingerprint) -> bool {
        self.own.contains(&master)
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

    /// Keeps all keys sealed by another key, and that key under a passphrase.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Self::abort).
    pub fn reseal(&mut self, keys: &SealedKeys, passphrase: &[u8]) -> Result<(), StoreProblem> {
        self.file.reseal(keys, passphrase)
    }

    /// Keeps the key of the key layer under another passphrase.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Self::abort).
    pub fn set_passphrase(&mut self, sealed: &[u8]) -> Result<(), StoreProblem> {
        self.file.set_passphrase(sealed)
    }
}
