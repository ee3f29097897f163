//! Owns the tables of accounts, chains of addresses, watched scripts and issued addresses.
//!
//! Refuses to derive: scripts come from the wallet view.

use std::collections::BTreeSet;

use bitcoin::{Amount, Script, ScriptBuf};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, params};

use crate::command::StoreProblem;
use crate::keychain::{
    Account, AccountDescriptor, AccountId, AccountName, Branch, Chains, DerivationIndex, KeychainId,
};
use crate::light_client::time::WallTime;

use super::column::Column;
use super::{Description, WalletFile};

/// How far one chain of addresses is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeychainState {
    /// Which.
    pub id: KeychainId,
    /// Every index below was given out.
    pub issued: u32,
    /// One more than the highest index that was ever paid.
    pub used: u32,
    /// Every index below is watched.
    pub derived: u32,
    /// While a search goes on: every index below was looked for in all blocks from its start to
    /// the scan's cursor.
    pub searched: u32,
}

/// Where a script of the wallet comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScriptPlace {
    /// Its chain of addresses.
    pub keychain: KeychainId,
    /// Its place in that chain.
    pub index: DerivationIndex,
}

/// What an issued address was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Its place in its chain.
    pub index: DerivationIndex,
    /// How much was asked for.
    pub amount: Option<Amount>,
    /// What it is for: the address's label.
    pub note: Option<String>,
    /// Until when.
    pub expires: Option<WallTime>,
    /// How many confirmations a program waits for; `None`: a person asked.
    pub least_depth: Option<u32>,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Adds an account with both of its chains, nothing derived yet.
    pub fn insert_account(&mut self, account: &Account) -> Result<(), StoreProblem> {
        let id = Column(account.id());
        self.write(|sql| {
            sql.execute(
                "INSERT INTO accounts VALUES (?1, ?2, ?3, ?4)",
                params![
                    id,
                    Column(account.name()),
                    account.descriptor().to_string(),
                    is_internal(account.descriptor())
                ],
            )?;
            sql.execute("INSERT INTO balances (account) VALUES (?1)", [id])?;
            for branch in Branch::ALL {
                let keychain = KeychainId { account: account.id(), branch };
                sql.execute(
                    "INSERT INTO keychains (id, active) VALUES (?1, ?2)",
                    params![Column(keychain), account.is_active(branch)],
                )?;
            }
            Ok(())
        })
    }

    /// Writes whether new addresses may be of a chain.
    pub fn set_active(&mut self, keychain: KeychainId, active: bool) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.execute(
                "UPDATE keychains SET active = ?2 WHERE id = ?1",
                params![Column(keychain), active],
            )
            .map(drop)
        })
    }

    /// How many accounts there are; none is ever taken out.
    pub fn account_count(&self) -> Result<usize, StoreProblem> {
        self.read(|sql| {
            let count: u32 = sql
                .prepare_cached("SELECT count(*) FROM accounts")?
                .query_row([], |row| row.get(0))?;
            Ok(usize::try_from(count).unwrap_or(usize::MAX))
        })
    }

    /// The chains of which new addresses may be.
    pub fn active_keychains(&self) -> Result<BTreeSet<KeychainId>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT id FROM keychains WHERE active = 1")?
                .query_map([], |row| row.get::<_, Column<KeychainId>>(0).map(|id| id.0))?
                .collect()
        })
    }

    /// Changes which account new addresses are of.
    pub fn set_preferred(&mut self, account: AccountId) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.execute("UPDATE description SET preferred = ?1", [Column(account)]).map(drop)
        })
    }

    /// Notes that somebody chose which account new addresses are of.
    pub fn set_decided(&mut self) -> Result<(), StoreProblem> {
        self.write(|sql| sql.execute("UPDATE description SET undecided = 0", []).map(drop))
    }

    /// Whether nobody has chosen which account new addresses are of.
    pub fn is_undecided(&self) -> Result<bool, StoreProblem> {
        self.read(|sql| sql.query_row("SELECT undecided FROM description", [], |row| row.get(0)))
    }

    /// The accounts, in the order of their ids.
    pub fn accounts(&self) -> Result<Vec<Account>, StoreProblem> {
        let Description { network, .. } = self.description()?;
        let (own, active) = (self.own_masters()?, self.active_keychains()?);
        self.read(|sql| {
            sql.prepare_cached("SELECT id, name, descriptor, internal FROM accounts ORDER BY id")?
                .query_map([], |row| {
                    let id: Column<AccountId> = row.get(0)?;
                    let name: Column<AccountName> = row.get(1)?;
                    let text: String = row.get(2)?;
                    let branch = if row.get(3)? { Branch::Change } else { Branch::Receive };
                    let descriptor = AccountDescriptor::import(&text, network, branch);
                    let descriptor = descriptor.map_err(|error| {
                        rusqlite::Error::FromSqlConversionFailure(2, Type::Text, Box::new(error))
                    })?;
                    let mut account = Account::new(id.0, name.0, network, descriptor, &own);
                    account.set_active_of(&active);
                    Ok(account)
                })?
                .collect()
        })
    }

    /// How far the chains of addresses are, in the order of their ids.
    pub fn keychains(&self) -> Result<Vec<KeychainState>, StoreProblem> {
        let mut keychains = self.read(|sql| {
            sql.prepare_cached("SELECT id, issued, used, derived, searched FROM keychains")?
                .query_map([], |row| {
                    Ok(KeychainState {
                        id: row.get::<_, Column<KeychainId>>(0)?.0,
                        issued: row.get(1)?,
                        used: row.get(2)?,
                        derived: row.get(3)?,
                        searched: row.get(4)?,
                    })
                })?
                .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        keychains.sort_by_key(|keychain| keychain.id);
        Ok(keychains)
    }

    /// Writes how far a chain of addresses is.
    pub fn set_keychain(&mut self, state: &KeychainState) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached(
                "UPDATE keychains SET issued = ?2, used = ?3, derived = ?4, searched = ?5
                 WHERE id = ?1",
            )?
            .execute(params![
                Column(state.id),
                state.issued,
                state.used,
                state.derived,
                state.searched
            ])
            .map(drop)
        })
    }

    /// Adds a script to the watch list.
    pub fn insert_script(&mut self, spk: &Script, place: ScriptPlace) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached("INSERT INTO scripts VALUES (?1, ?2, ?3)")?
                .execute(params![Column(spk), Column(place.keychain), Column(place.index)])
                .map(drop)
        })
    }

    /// The watch list.
    pub fn scripts(&self) -> Result<Vec<(ScriptBuf, ScriptPlace)>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT spk, keychain, derivation FROM scripts")?
                .query_map([], |row| {
                    let spk: Column<ScriptBuf> = row.get(0)?;
                    let keychain: Column<KeychainId> = row.get(1)?;
                    let index: Column<DerivationIndex> = row.get(2)?;
                    Ok((spk.0, ScriptPlace { keychain: keychain.0, index: index.0 }))
                })?
                .collect()
        })
    }

    /// Where a script of the watch list comes from.
    pub fn script_place(&self, spk: &Script) -> Result<Option<ScriptPlace>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT keychain, derivation FROM scripts WHERE spk = ?1")?
                .query_row([Column(spk)], |row| {
                    let keychain: Column<KeychainId> = row.get(0)?;
                    let index: Column<DerivationIndex> = row.get(1)?;
                    Ok(ScriptPlace { keychain: keychain.0, index: index.0 })
                })
                .optional()
        })
    }

    /// Notes that an address was given out, with a number or the next one; its label is written
    /// apart.
    pub fn insert_address(
        &mut self,
        id: Option<u32>,
        keychain: KeychainId,
        issued: &Issued,
        now: WallTime,
    ) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.execute(
                "INSERT INTO addresses (id, keychain, derivation, amount, issued_at, expires,
                                        least_depth, state)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, iif(?4 IS NULL, NULL, 'open'))",
                params![
                    id,
                    Column(keychain),
                    Column(issued.index),
                    issued.amount.map(Column),
                    Column(now),
                    issued.expires.map(Column),
                    issued.least_depth
                ],
            )
            .map(drop)
        })
    }

    /// The address of a chain that was given out last, and whether it may be given out again to a
    /// person.
    pub fn last_address(
        &self,
        keychain: KeychainId,
    ) -> Result<Option<(Issued, bool)>, StoreProblem> {
        self.read(|sql| {
            sql.query_row(
                "SELECT a.derivation, a.amount, l.label, a.expires, a.least_depth,
                        a.least_depth IS NULL AND ifnull(a.state, 'open') = 'open'
                 FROM addresses a JOIN scripts s USING (keychain, derivation)
                 LEFT JOIN labels l ON l.kind = 'addr' AND l.subject = s.spk AND l.place = -1
                 WHERE keychain = ?1 ORDER BY derivation DESC LIMIT 1",
                [Column(keychain)],
                |row| {
                    let index: Column<DerivationIndex> = row.get(0)?;
                    let amount: Option<Column<Amount>> = row.get(1)?;
                    let expires: Option<Column<WallTime>> = row.get(3)?;
                    let issued = Issued {
                        index: index.0,
                        amount: amount.map(|amount| amount.0),
                        note: row.get(2)?,
                        expires: expires.map(|expires| expires.0),
                        least_depth: row.get(4)?,
                    };
                    Ok((issued, row.get(5)?))
                },
            )
            .optional()
        })
    }

    /// Whether a script of the wallet was ever paid, in a block or not.
    pub fn was_used(&self, place: ScriptPlace) -> Result<bool, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT 1 FROM outputs WHERE keychain = ?1 AND derivation = ?2")?
                .exists(params![Column(place.keychain), Column(place.index)])
        })
    }
}

/// Whether the one chain of a descriptor is of change.
fn is_internal(descriptor: &AccountDescriptor) -> bool {
    matches!(descriptor.chains(), Chains::One(Branch::Change) | Chains::Fixed(Branch::Change))
}
