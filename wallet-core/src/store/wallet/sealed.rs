//! Owns what keys sealed: the seed, and the key of the key layer where it has a passphrase of its own.
//!
//! Opaque here. Refuses one without the other where they change together.

use rusqlite::{OptionalExtension, params};

use crate::command::StoreProblem;

use super::WalletFile;

impl WalletFile {
    /// The seed as the key layer sealed it; none if the wallet only watches.
    ///
    /// # Errors
    /// [`StoreProblem::Damaged`] if there should be one and is not.
    pub fn sealed_seed(&self) -> Result<Option<Vec<u8>>, StoreProblem> {
        if self.description()?.fingerprint.is_none() {
            return Ok(None);
        }
        let gone = || self.damaged("its seed is gone: restore the wallet from its words");
        self.sealed(SEED)?.map(Some).ok_or_else(gone)
    }

    /// The key of the key layer under its passphrase; none if the vault has it.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn passphrase(&self) -> Result<Option<Vec<u8>>, StoreProblem> {
        self.sealed(PASSPHRASE)
    }

    /// Keeps the seed sealed by another key, and that key under a passphrase. What was there is
    /// overwritten, as far as the disk does what it is told.
    ///
    /// # Errors
    /// What the disk refused; then nothing of it is kept.
    pub fn reseal(&mut self, seed: &[u8], passphrase: &[u8]) -> Result<(), StoreProblem> {
        // SQLite would leave the bytes of the old row in its page.
        self.read(|sql| sql.pragma_update(None, "secure_delete", true))?;
        let kept = self.keep(SEED, seed).and_then(|()| self.keep(PASSPHRASE, passphrase));
        self.read(|sql| sql.pragma_update(None, "secure_delete", false))?;
        kept
    }

    /// Keeps the key of the key layer under another passphrase.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn set_passphrase(&mut self, sealed: &[u8]) -> Result<(), StoreProblem> {
        self.keep(PASSPHRASE, sealed)
    }

    fn sealed(&self, name: &str) -> Result<Option<Vec<u8>>, StoreProblem> {
        self.read(|sql| {
            sql.query_row("SELECT bytes FROM sealed WHERE name = ?1", [name], |row| row.get(0))
                .optional()
        })
    }

    fn keep(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.execute("INSERT OR REPLACE INTO sealed VALUES (?1, ?2)", params![name, bytes])
                .map(drop)
        })
    }
}

/// The name of the sealed seed.
pub(super) const SEED: &str = "seed";

/// The name of the key of the key layer under a passphrase.
pub(super) const PASSPHRASE: &str = "passphrase";
