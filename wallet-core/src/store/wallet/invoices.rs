//! Owns the reads and writes of invoices: addresses at which an amount is asked for, with the state
//! that was told last.
//!
//! Refuses to say what the state is: the wallet view does, from what is summed up here.

use bitcoin::{Amount, OutPoint, ScriptBuf, Txid};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, Row, ToSql, params};

use crate::command::{InvoicePayment, InvoiceQuery, InvoiceState, StoreProblem};
use crate::keychain::{DerivationIndex, KeychainId};
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;

use super::column::Column;
use super::{ScriptPlace, WalletFile};

/// An invoice as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceRow {
    /// Its number.
    pub id: u64,
    /// Its script.
    pub spk: ScriptBuf,
    /// Where its script comes from.
    pub place: ScriptPlace,
    /// What is asked for.
    pub amount: Amount,
    /// Since when.
    pub created: WallTime,
    /// Until when.
    pub expires: Option<WallTime>,
    /// When it was taken back.
    pub cancelled: Option<WallTime>,
    /// How many confirmations count.
    pub least_depth: u32,
    /// How far it was, as was told last.
    pub state: InvoiceState,
    /// Its label.
    pub label: Option<String>,
}

/// What an invoice was paid by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvoiceSums {
    /// In all.
    pub received: Amount,
    /// Before it expired or was taken back.
    pub in_time: Amount,
    /// In blocks that lie as deep as it asks for.
    pub deep: Amount,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Invoices, in the order of their numbers.
    pub fn invoices(&self, query: &InvoiceQuery) -> Result<Vec<InvoiceRow>, StoreProblem> {
        self.read(|sql| {
            let select = |which: &str| {
                format!(
                    "SELECT a.id, s.spk, a.keychain, a.derivation, a.amount, a.issued_at,
                            a.expires, a.cancelled, ifnull(a.least_depth, 1), a.state,
                            (SELECT label FROM labels l WHERE l.kind = 'addr'
                               AND l.subject = s.spk AND l.place = -1)
                     FROM addresses a JOIN scripts s USING (keychain, derivation)
                     WHERE a.state IS NOT NULL AND {which}"
                )
            };
            let number = |id: u64| i64::try_from(id).unwrap_or(i64::MAX);
            match query {
                InvoiceQuery::Id(id) => sql
                    .prepare_cached(&select("a.id = ?1"))?
                    .query_map([number(*id)], invoice)?
                    .collect(),
                InvoiceQuery::Page { after, limit, state: None } => sql
                    .prepare_cached(&select("a.id > ?1 ORDER BY a.id LIMIT ?2"))?
                    .query_map(params![number(*after), limit], invoice)?
                    .collect(),
                InvoiceQuery::Page { after, limit, state: Some(state) } => sql
                    .prepare_cached(&select("a.state = ?3 AND a.id > ?1 ORDER BY a.id LIMIT ?2"))?
                    .query_map(params![number(*after), limit, Column(*state)], invoice)?
                    .collect(),
            }
        })
    }

    /// What pays a script of the wallet, in the order of the outpoints.
    pub fn payments_to(&self, place: ScriptPlace) -> Result<Vec<InvoicePayment>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT txid, vout, amount, height FROM outputs
                 WHERE keychain = ?1 AND derivation = ?2 AND live = 1 ORDER BY txid, vout",
            )?
            .query_map(params![Column(place.keychain), Column(place.index)], |row| {
                let height: Option<Column<Height>> = row.get(3)?;
                Ok(InvoicePayment {
                    outpoint: OutPoint::new(row.get::<_, Column<Txid>>(0)?.0, row.get(1)?),
                    amount: row.get::<_, Column<Amount>>(2)?.0,
                    height: height.map(|height| height.0),
                })
            })?
            .collect()
        })
    }

    /// What an invoice was paid; `applied`: up to which block the chain is known. Any block is deep
    /// enough for one confirmation.
    pub fn invoice_sums(
        &self,
        row: &InvoiceRow,
        applied: Option<Height>,
    ) -> Result<InvoiceSums, StoreProblem> {
        let until = [row.expires, row.cancelled].into_iter().flatten().min();
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT ifnull(sum(o.amount), 0),
                        ifnull(sum(iif(?3 IS NULL OR min(t.first_seen,
                                   ifnull(t.block_time, t.first_seen)) <= ?3, o.amount, 0)), 0),
                        ifnull(sum(iif(?4 = 0 OR (o.height IS NOT NULL AND (?4 = 1
                                   OR o.height + ?4 <= ?5 + 1)), o.amount, 0)), 0)
                 FROM outputs o JOIN transactions t USING (txid)
                 WHERE o.keychain = ?1 AND o.derivation = ?2 AND o.live = 1",
            )?
            .query_row(
                params![
                    Column(row.place.keychain),
                    Column(row.place.index),
                    until.map(Column),
                    row.least_depth,
                    applied.map(Column)
                ],
                |row| {
                    let amount = |at| row.get::<_, Column<Amount>>(at).map(|amount| amount.0);
                    Ok(InvoiceSums { received: amount(0)?, in_time: amount(1)?, deep: amount(2)? })
                },
            )
        })
    }

    /// The invoices that a transaction pays.
    pub fn invoices_paid_by(&self, txid: Txid) -> Result<Vec<u64>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT DISTINCT a.id FROM outputs o JOIN addresses a USING (keychain, derivation)
                 WHERE o.txid = ?1 AND a.state IS NOT NULL",
            )?
            .query_map([Column(txid)], number)?
            .collect()
        })
    }

    /// The invoices of which another block can change what is told: those that wait for
    /// confirmations, and those that are paid above a height.
    pub fn invoices_near_tip(&self, above: Option<Height>) -> Result<Vec<u64>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT id FROM addresses WHERE state = 'pending'
                 UNION
                 SELECT a.id FROM transactions t JOIN outputs o USING (txid)
                 JOIN addresses a USING (keychain, derivation)
                 WHERE t.height > ?1 AND a.state = 'paid'",
            )?
            .query_map([above.map(Column)], number)?
            .collect()
        })
    }

    /// The open invoices whose time has gone by.
    pub fn overdue_invoices(&self, now: WallTime) -> Result<Vec<u64>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT id FROM addresses WHERE state = 'open' AND expires < ?1")?
                .query_map([Column(now)], number)?
                .collect()
        })
    }

    /// When the next open invoice expires.
    pub fn next_expiry(&self) -> Result<Option<WallTime>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT min(expires) FROM addresses WHERE state = 'open'")?
                .query_row([], |row| {
                    let first: Option<Column<WallTime>> = row.get(0)?;
                    Ok(first.map(|first| first.0))
                })
        })
    }

    /// Writes how far an invoice is.
    pub fn set_invoice_state(&mut self, id: u64, state: InvoiceState) -> Result<(), StoreProblem> {
        let id = i64::try_from(id).unwrap_or(i64::MAX);
        self.write(|sql| {
            sql.prepare_cached("UPDATE addresses SET state = ?2 WHERE id = ?1")?
                .execute(params![id, Column(state)])
                .map(drop)
        })
    }

    /// Takes an invoice back.
    pub fn cancel_invoice(&mut self, id: u64, now: WallTime) -> Result<(), StoreProblem> {
        let id = i64::try_from(id).unwrap_or(i64::MAX);
        self.write(|sql| {
            sql.execute(
                "UPDATE addresses SET cancelled = ?2 WHERE id = ?1",
                params![id, Column(now)],
            )
            .map(drop)
        })
    }

    /// The number of the invoice at a script, if it is one.
    pub fn invoice_at(&self, place: ScriptPlace) -> Result<Option<u64>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT id FROM addresses
                 WHERE keychain = ?1 AND derivation = ?2 AND state IS NOT NULL",
            )?
            .query_row(params![Column(place.keychain), Column(place.index)], number)
            .optional()
        })
    }
}

fn invoice(row: &Row<'_>) -> rusqlite::Result<InvoiceRow> {
    let expires: Option<Column<WallTime>> = row.get(6)?;
    let cancelled: Option<Column<WallTime>> = row.get(7)?;
    Ok(InvoiceRow {
        id: number(row)?,
        spk: row.get::<_, Column<ScriptBuf>>(1)?.0,
        place: ScriptPlace {
            keychain: row.get::<_, Column<KeychainId>>(2)?.0,
            index: row.get::<_, Column<DerivationIndex>>(3)?.0,
        },
        amount: row.get::<_, Column<Amount>>(4)?.0,
        created: row.get::<_, Column<WallTime>>(5)?.0,
        expires: expires.map(|expires| expires.0),
        cancelled: cancelled.map(|cancelled| cancelled.0),
        least_depth: row.get(8)?,
        state: row.get::<_, Column<InvoiceState>>(9)?.0,
        label: row.get(10)?,
    })
}

/// SQLite counts from 1 up.
fn number(row: &Row<'_>) -> rusqlite::Result<u64> {
    row.get::<_, i64>(0).map(i64::unsigned_abs)
}

impl ToSql for Column<InvoiceState> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.name().into())
    }
}

impl FromSql for Column<InvoiceState> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        InvoiceState::named(value.as_str()?).map(Self).ok_or(FromSqlError::InvalidType)
    }
}
