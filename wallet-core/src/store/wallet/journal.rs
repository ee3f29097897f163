//! Owns the journal: a table to which is added what happened, each with the next number.
//!
//! Refuses to change a line or to take one out, and to say the same of a transaction twice in a row.

use bitcoin::{Amount, BlockHash, SignedAmount, Txid};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::command::{Happened, InvoiceState, JournalEntry, PaymentState, StoreProblem};
use crate::light_client::height::{BlockId, Height};

use super::WalletFile;
use super::column::Column;

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Adds what happened.
    pub fn append_journal(&mut self, happened: &Happened) -> Result<(), StoreProblem> {
        self.write(|sql| {
            let mut insert = sql.prepare_cached(
                "INSERT INTO journal
                 SELECT ifnull(max(seq), 0) + 1, ?1, ?2, ?3, ?4, ?5, ?6, ?7 FROM journal",
            )?;
            match happened {
                Happened::Transaction { txid, net, state, left } => {
                    let block = state.block();
                    if left.is_none() && last_of(sql, *txid)? == Some((state.name().into(), block))
                    {
                        return Ok(());
                    }
                    insert.execute(params![
                        state.name(),
                        Column(*txid),
                        Column(*net),
                        block.map(|block| Column(block.hash)),
                        block.map(|block| Column(block.height)),
                        left.map(Column),
                        None::<i64>
                    ])?;
                }
                Happened::Reorganised { fork } => {
                    let (none, fork_hash) = (None::<i64>, Column(fork.hash));
                    insert.execute(params![
                        REORGANISED,
                        none,
                        none,
                        fork_hash,
                        Column(fork.height),
                        none,
                        none
                    ])?;
                }
                Happened::Invoice { id, state, received } => {
                    let (none, id) = (None::<i64>, i64::try_from(*id).unwrap_or(i64::MAX));
                    insert.execute(params![
                        format!("{INVOICE}{}", state.name()),
                        none,
                        Column(*received),
                        none,
                        none,
                        none,
                        id
                    ])?;
                }
            }
            Ok(())
        })
    }

    /// What happened after a number, in its order.
    pub fn journal(&self, after: u64, limit: u32) -> Result<Vec<JournalEntry>, StoreProblem> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT seq, kind, txid, net, block, height, left_block, invoice FROM journal
                 WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            )?
            .query_map(params![after, limit], entry)?
            .collect()
        })
    }
}

/// What was said last of a transaction.
fn last_of(sql: &Connection, txid: Txid) -> rusqlite::Result<Option<(String, Option<BlockId>)>> {
    sql.prepare_cached(
        "SELECT kind, block, height FROM journal WHERE txid = ?1 ORDER BY seq DESC LIMIT 1",
    )?
    .query_row([Column(txid)], |row| Ok((row.get(0)?, block(row, 1)?)))
    .optional()
}

fn entry(row: &Row<'_>) -> rusqlite::Result<JournalEntry> {
    let seq = row.get::<_, i64>(0)?.unsigned_abs();
    let unknown = || rusqlite::Error::InvalidColumnType(1, "kind".to_owned(), Type::Text);
    let kind: String = row.get(1)?;
    if kind == REORGANISED {
        let fork = block(row, 4)?.ok_or_else(unknown)?;
        return Ok(JournalEntry { seq, happened: Happened::Reorganised { fork } });
    }
    if let Some(name) = kind.strip_prefix(INVOICE) {
        let id = row.get::<_, i64>(7)?.unsigned_abs();
        let state = InvoiceState::named(name).ok_or_else(unknown)?;
        let received = row.get::<_, Column<Amount>>(3)?.0;
        return Ok(JournalEntry { seq, happened: Happened::Invoice { id, state, received } });
    }
    let state = match (kind.as_str(), block(row, 4)?) {
        ("signed", None) => PaymentState::Signed,
        ("announced", None) => PaymentState::Announced,
        ("pending", None) => PaymentState::Pending,
        ("replaced", None) => PaymentState::Replaced,
        ("evicted", None) => PaymentState::Evicted,
        ("confirmed", Some(block)) => PaymentState::Confirmed(block),
        _ => return Err(unknown()),
    };
    let left: Option<Column<BlockHash>> = row.get(6)?;
    let happened = Happened::Transaction {
        txid: row.get::<_, Column<Txid>>(2)?.0,
        net: row.get::<_, Column<SignedAmount>>(3)?.0,
        state,
        left: left.map(|left| left.0),
    };
    Ok(JournalEntry { seq, happened })
}

/// The block in two columns, its hash and its height.
fn block(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<BlockId>> {
    let hash: Option<Column<BlockHash>> = row.get(at)?;
    let height: Option<Column<Height>> = row.get(at + 1)?;
    Ok(height.zip(hash).map(|(height, hash)| BlockId::new(height.0, hash.0)))
}

const REORGANISED: &str = "reorganised";

/// Before how far an invoice is.
const INVOICE: &str = "invoice_";
