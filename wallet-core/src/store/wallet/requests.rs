//! Owns the reads of the wallet's addresses with what was asked for at them and what they were
//! paid.
//!
//! Refuses addresses that were neither given out nor paid, though they are watched.

use bitcoin::{Amount, ScriptBuf};
use rusqlite::{Row, params};

use crate::command::{InvoiceState, StoreProblem};
use crate::keychain::{DerivationIndex, KeychainId};
use crate::light_client::time::WallTime;

use super::column::Column;
use super::{ScriptPlace, WalletFile};

/// An address that was given out or paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressEntry {
    /// Its script.
    pub spk: ScriptBuf,
    /// Where its script comes from.
    pub place: ScriptPlace,
    /// The number under which it was given out.
    pub id: Option<u64>,
    /// What was asked for.
    pub amount: Option<Amount>,
    /// How far that is.
    pub state: Option<InvoiceState>,
    /// How many confirmations a program waits for.
    pub least_depth: Option<u32>,
    /// When it was taken back.
    pub cancelled: Option<WallTime>,
    /// When it was given out.
    pub issued: Option<WallTime>,
    /// Until when.
    pub expires: Option<WallTime>,
    /// Its label.
    pub note: Option<String>,
    /// What it was paid.
    pub paid: Paid,
}

/// What an address was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Paid {
    /// By how many transactions.
    pub payments: u32,
    /// How much, in blocks or not.
    pub received: Amount,
    /// How much, in blocks.
    pub confirmed: Amount,
    /// How much of it is unspent.
    pub balance: Amount,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Addresses of one chain that were given out or paid, the last one first; at most so many.
    pub fn address_entries(
        &self,
        keychain: KeychainId,
        limit: Option<u32>,
    ) -> Result<Vec<AddressEntry>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT s.spk, s.keychain, s.derivation, a.amount, a.issued_at, a.expires,
                        (SELECT label FROM labels l WHERE l.kind = 'addr' AND l.subject = s.spk
                           AND l.place = -1),
                        count(DISTINCT o.txid), ifnull(sum(o.amount), 0),
                        ifnull(sum(iif(o.height IS NULL, 0, o.amount)), 0),
                        ifnull(sum(iif(o.spender IS NULL, o.amount, 0)), 0),
                        a.id, a.state, a.least_depth, a.cancelled
                 FROM (SELECT spk, keychain, derivation FROM scripts
                       WHERE keychain = ?1 AND derivation <
                             (SELECT max(issued, used) FROM keychains WHERE id = ?1)
                       ORDER BY derivation DESC LIMIT ?2) s
                 LEFT JOIN addresses a USING (keychain, derivation)
                 LEFT JOIN outputs o ON o.keychain = s.keychain AND o.derivation = s.derivation
                      AND o.live = 1
                 GROUP BY s.derivation ORDER BY s.derivation DESC",
            )?
            .query_map(params![Column(keychain), limit.map_or(-1, i64::from)], entry)?
            .collect()
        })
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AddressEntry> {
    let asked: Option<Column<Amount>> = row.get(3)?;
    let issued: Option<Column<WallTime>> = row.get(4)?;
    let expires: Option<Column<WallTime>> = row.get(5)?;
    let amount = |column| row.get::<_, Column<Amount>>(column).map(|amount| amount.0);
    let id: Option<i64> = row.get(11)?;
    let state: Option<Column<InvoiceState>> = row.get(12)?;
    let cancelled: Option<Column<WallTime>> = row.get(14)?;
    Ok(AddressEntry {
        spk: row.get::<_, Column<ScriptBuf>>(0)?.0,
        place: ScriptPlace {
            keychain: row.get::<_, Column<KeychainId>>(1)?.0,
            index: row.get::<_, Column<DerivationIndex>>(2)?.0,
        },
        id: id.map(i64::unsigned_abs),
        amount: asked.map(|asked| asked.0),
        state: state.map(|state| state.0),
        least_depth: row.get(13)?,
        cancelled: cancelled.map(|cancelled| cancelled.0),
        issued: issued.map(|issued| issued.0),
        expires: expires.map(|expires| expires.0),
        note: row.get(6)?,
        paid: Paid {
            payments: row.get(7)?,
            received: amount(8)?,
            confirmed: amount(9)?,
            balance: amount(10)?,
        },
    })
}
