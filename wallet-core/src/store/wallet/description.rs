//! Owns what describes a wallet, from its making on, and whether its words were typed back.
//!
//! Refuses to change what describes it.

use bitcoin::Network;
use bitcoin::bip32::Fingerprint;
use rusqlite::{OptionalExtension, params};

use crate::command::{Birthday, StoreProblem};
use crate::config::LookAhead;
use crate::keychain::{Account, AccountId};
use crate::light_client::time::WallTime;

use super::column::{self, Column};
use super::{WalletFile, sealed};

/// What a new wallet is made of.
#[derive(Debug, Clone)]
pub struct NewWallet {
    /// What describes it.
    pub description: Description,
    /// Its accounts, the preferred one among them.
    pub accounts: Vec<Account>,
    /// The seed, sealed by the vault's seed key; kept as it is. None: the wallet only watches.
    pub sealed_seed: Option<Vec<u8>>,
    /// The key that sealed the seed, under a passphrase; `None`: the vault has it.
    pub passphrase: Option<Vec<u8>>,
    /// Whether payments leave coins at addresses alone that were spent from.
    pub avoids_reuse: bool,
}

/// What describes a wallet; it does not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The network of its addresses.
    pub network: Network,
    /// Its name.
    pub name: String,
    /// The fingerprint of its own master key (BIP32); none if it only watches.
    pub fingerprint: Option<Fingerprint>,
    /// Where its scan begins.
    pub birthday: Birthday,
    /// Whether private keys are in it, or may be imported.
    pub takes_keys: bool,
    /// Whether programs have a device sign what it pays.
    pub external_signer: bool,
    /// The account of new addresses.
    pub preferred: AccountId,
    /// How far it looks ahead.
    pub look_ahead: LookAhead,
}

impl WalletFile {
    /// What describes the wallet.
    ///
    /// # Errors
    /// [`StoreProblem::Damaged`] if there is none.
    pub fn description(&self) -> Result<Description, StoreProblem> {
        let found = self.read(|sql| {
            sql.prepare_cached(
                "SELECT network, name, fingerprint, birthday_height, birthday_time, preferred,
                        look_ahead_receive, look_ahead_change, takes_keys, external_signer
                 FROM description",
            )?
            .query_row([], |row| {
                let fingerprint: Option<Column<Fingerprint>> = row.get(2)?;
                Ok(Description {
                    network: row.get::<_, Column<Network>>(0)?.0,
                    name: row.get(1)?,
                    fingerprint: fingerprint.map(|column| column.0),
                    birthday: column::birthday(row, 3)?,
                    preferred: row.get::<_, Column<AccountId>>(5)?.0,
                    look_ahead: LookAhead { receive: row.get(6)?, change: row.get(7)? },
                    takes_keys: row.get(8)?,
                    external_signer: row.get(9)?,
                })
            })
            .optional()
        })?;
        found.ok_or_else(|| self.damaged("it describes no wallet: put back a copy of it"))
    }

    /// When the words were last typed back.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn words_checked(&self) -> Result<Option<WallTime>, StoreProblem> {
        self.read(|sql| {
            let checked: Option<Column<WallTime>> =
                sql.query_row("SELECT words_checked FROM description", [], |row| row.get(0))?;
            Ok(checked.map(|Column(time)| time))
        })
    }

    /// Notes that the words were typed back.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn set_words_checked(&mut self, now: WallTime) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.execute("UPDATE description SET words_checked = ?1", [Column(now)]).map(drop)
        })
    }

    pub(super) fn describe(&mut self, new: &NewWallet) -> Result<(), StoreProblem> {
        let described = &new.description;
        let Description { network, name, fingerprint, preferred, look_ahead, .. } = described;
        let (height, time) = column::columns(described.birthday);
        self.write(|sql| {
            sql.execute(
                "INSERT INTO description
                 VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL, ?9, ?10, ?11, ?12)",
                params![
                    Column(*network),
                    name,
                    fingerprint.map(Column),
                    height,
                    time,
                    Column(*preferred),
                    look_ahead.receive,
                    look_ahead.change,
                    described.takes_keys,
                    described.external_signer,
                    new.avoids_reuse,
                    new.accounts.is_empty()
                ],
            )?;
            let names = [sealed::SEED, sealed::PASSPHRASE];
            for (name, bytes) in names.into_iter().zip([&new.sealed_seed, &new.passphrase]) {
                if let Some(bytes) = bytes {
                    sql.execute("INSERT INTO sealed VALUES (?1, ?2)", params![name, bytes])?;
                }
            }
            // Until its first search has ended, nothing was looked for.
            sql.execute("INSERT INTO scan (id, number, searching) VALUES (1, 1, 1)", [])
        })?;
        new.accounts.iter().try_for_each(|account| self.insert_account(account))
    }
}
