//! Owns what keys sealed: the seed, keys that were imported, and the key of the key layer where it has a
//! passphrase of its own.
//!
//! Opaque here. Refuses one without the other where they change together.

use bitcoin::bip32::Fingerprint;
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, params};

use crate::command::StoreProblem;
use crate::keychain::{HeldKeyName, PublicHalf, parse_path};
use crate::signers::key_layer::SealedKeys;

use super::WalletFile;
use super::column::Column;

impl WalletFile {
    /// All keys as the key layer sealed them; none if the wallet only watches.
    ///
    /// # Errors
    /// [`StoreProblem::Damaged`] if there should be a seed and is not.
    pub fn sealed_keys(&self) -> Result<SealedKeys, StoreProblem> {
        let seed = self.sealed(SEED)?;
        if seed.is_none() && self.description()?.fingerprint.is_some() {
            return Err(self.damaged("its seed is gone: restore the wallet from its words"));
        }
        let held = self.read(|sql| {
            sql.prepare_cached("SELECT sealed FROM held_keys ORDER BY rowid")?
                .query_map([], |row| row.get(0))?
                .collect()
        })?;
        Ok(SealedKeys { seed, held })
    }

    /// The key of the key layer under its passphrase; none if the vault has it.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn passphrase(&self) -> Result<Option<Vec<u8>>, StoreProblem> {
        self.sealed(PASSPHRASE)
    }

    /// Keeps all keys sealed by another key, and that key under a passphrase. What was there is
    /// overwritten, as far as the disk does what it is told.
    ///
    /// # Errors
    /// What the disk refused; then nothing of it is kept.
    pub fn reseal(&mut self, keys: &SealedKeys, passphrase: &[u8]) -> Result<(), StoreProblem> {
        // SQLite would leave the bytes of the old row in its page.
        self.read(|sql| sql.pragma_update(None, "secure_delete", true))?;
        let kept = self.keep_keys(keys).and_then(|()| self.keep(PASSPHRASE, passphrase));
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

    /// Keeps a key that was imported; one that is there stays as it is.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn insert_held_key(
        &mut self,
        name: &HeldKeyName,
        sealed: &[u8],
    ) -> Result<(), StoreProblem> {
        let HeldKeyName { origin: (fingerprint, path), public } = name;
        self.write(|sql| {
            sql.execute(
                "INSERT OR IGNORE INTO held_keys VALUES (?1, ?2, ?3, ?4)",
                params![Column(*fingerprint), path.to_string(), public.to_string(), sealed],
            )
            .map(drop)
        })
    }

    /// The names of the keys that were imported, in the order in which they came.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn held_keys(&self) -> Result<Vec<HeldKeyName>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT fingerprint, path, public FROM held_keys ORDER BY rowid")?
                .query_map([], |row| {
                    let fingerprint: Column<Fingerprint> = row.get(0)?;
                    let bad = |column| {
                        rusqlite::Error::InvalidColumnType(column, "key".into(), Type::Text)
                    };
                    let path = parse_path(&row.get::<_, String>(1)?).map_err(|_| bad(1))?;
                    let public = PublicHalf::parse(&row.get::<_, String>(2)?).ok_or(bad(2))?;
                    Ok(HeldKeyName { origin: (fingerprint.0, path), public })
                })?
                .collect()
        })
    }

    /// The fingerprints of the master keys that the wallet has keys of, each once.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn own_masters(&self) -> Result<Vec<Fingerprint>, StoreProblem> {
        let seed = self.description()?.fingerprint;
        let held = self.held_keys()?.into_iter().map(|key| key.origin.0);
        let mut own: Vec<_> = seed.into_iter().chain(held).collect();
        own.sort_unstable();
        own.dedup();
        Ok(own)
    }

    fn sealed(&self, name: &str) -> Result<Option<Vec<u8>>, StoreProblem> {
        self.read(|sql| {
            sql.query_row("SELECT bytes FROM sealed WHERE name = ?1", [name], |row| row.get(0))
                .optional()
        })
    }

    fn keep_keys(&mut self, keys: &SealedKeys) -> Result<(), StoreProblem> {
        if let Some(seed) = &keys.seed {
            self.keep(SEED, seed)?;
        }
        self.write(|sql| {
            let rows = sql
                .prepare_cached("SELECT rowid FROM held_keys ORDER BY rowid")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<i64>>>()?;
            for (row, sealed) in rows.into_iter().zip(&keys.held) {
                sql.execute(
                    "UPDATE held_keys SET sealed = ?2 WHERE rowid = ?1",
                    params![row, sealed],
                )?;
            }
            Ok(())
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
