//! Owns the reads of the wallet's transactions as a history, and of those still to be announced.
//!
//! Refuses transactions that only contest one of the wallet's, and coinbases that lost their block.
//! A page is read from its place in an index: what is before and behind it costs nothing.

use bitcoin::{Amount, BlockHash, ScriptBuf, SignedAmount, Transaction, Txid};
use rusqlite::{OptionalExtension, Row, params};

use crate::command::StoreProblem;
use crate::light_client::height::{BlockId, Height};
use crate::light_client::time::WallTime;

use super::WalletFile;
use super::column::Column;
use super::transactions::{TRANSACTION, TransactionRow, decode_transaction, transaction_row};

/// One transaction of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent marks, one column each")]
pub struct HistoryEntry {
    /// Its id.
    pub txid: Txid,
    /// Received less spent.
    pub net: SignedAmount,
    /// The fee, when all inputs are ours.
    pub fee: Option<Amount>,
    /// Whether it counts.
    pub canonical: bool,
    /// Whether a peer has it.
    pub announced: bool,
    /// Whether it was signed by this wallet.
    pub signed_here: bool,
    /// Whether it was known outside of blocks, or in a block that was left, until now.
    pub standing: bool,
    /// How many peers announced it while no block held it.
    pub seen_by: u32,
    /// The payment of this wallet that it was made to replace.
    pub replaces: Option<Txid>,
    /// The payment of this wallet that was made to replace it, the last of them.
    pub replaced_by: Option<Txid>,
    /// Its block, if it has one.
    pub block: Option<BlockId>,
    /// The block's time, or when it was first seen here.
    pub time: WallTime,
    /// Its label, or that of an address or output of the wallet that it pays.
    pub note: Option<String>,
    /// Whether it pays an address of the wallet that another transaction pays too.
    pub reuses: bool,
    /// A script that it pays, and the known one that this looks like.
    pub imitation: Option<(ScriptBuf, ScriptBuf)>,
}

/// What a part of the history is read as.
pub trait Told: Sized {
    /// The columns of transaction `t` that it is read from.
    const COLUMNS: &'static str;

    /// Reads it.
    ///
    /// # Errors
    /// If a column holds something else.
    fn read(row: &Row<'_>) -> rusqlite::Result<Self>;

    /// Of which transaction it tells.
    fn txid(&self) -> Txid;
}

/// What a transaction changed in the wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionSums {
    /// Which.
    pub txid: Txid,
    /// Received less spent.
    pub net: SignedAmount,
    /// The fee, when all inputs are ours.
    pub fee: Option<Amount>,
}

/// Which part of the history is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HistoryPart {
    /// From the lowest place up.
    pub oldest_first: bool,
    /// At most this many.
    pub limit: Option<u32>,
    /// From this height on.
    pub least_height: Option<Height>,
    /// Below this height.
    pub below_height: Option<Height>,
    /// From this time on.
    pub least_time: Option<WallTime>,
    /// Before this time.
    pub before_time: Option<WallTime>,
    /// 1: with a positive sum; -1: with a negative one.
    pub sign: Option<i32>,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Transactions in blocks, in their order from a place in a block on.
    pub fn placed_history<T: Told>(
        &self,
        part: &HistoryPart,
        after: Option<(Height, u32)>,
    ) -> Result<Vec<T>, StoreProblem> {
        let number = |height: Height| i64::from(height.to_u32());
        let after = after.map(|(height, position)| (number(height), i64::from(position)));
        let (least, below) = (part.least_height.map(number), part.below_height.map(number));
        let ((height, position), end) = if part.oldest_first {
            (after.max(least.map(|height| (height, -1))).unwrap_or((-1, -1)), below)
        } else {
            let first = after.into_iter().chain(below.map(|height| (height, 0))).min();
            (first.unwrap_or((i64::MAX, 0)), least)
        };
        self.read(|sql| {
            sql.prepare_cached(&placed::<T>(part.oldest_first))?
                .query_map(
                    params![
                        part.sign,
                        part.limit.map_or(-1, i64::from),
                        height,
                        position,
                        end.unwrap_or(if part.oldest_first { i64::MAX } else { 0 }),
                        part.least_time.map_or(0, seconds),
                        part.before_time.map_or(i64::MAX, seconds),
                    ],
                    T::read,
                )?
                .collect()
        })
    }

    /// Transactions in no block, the last first; of one second too, since a replacement comes after what
    /// it replaces.
    pub fn unplaced_history<T: Told>(&self, part: &HistoryPart) -> Result<Vec<T>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(&format!(
                "SELECT {} FROM transactions t
                 WHERE height IS NULL AND ours = 1 AND (canonical = 1 OR coinbase = 0)
                   AND first_seen >= ?2 AND first_seen < ?3 AND (?1 IS NULL OR sign(net) = ?1)
                 ORDER BY first_seen DESC, rowid DESC",
                T::COLUMNS
            ))?
            .query_map(
                params![
                    part.sign,
                    part.least_time.map_or(0, seconds),
                    part.before_time.map_or(i64::MAX, seconds),
                ],
                T::read,
            )?
            .collect()
        })
    }

    /// What each transaction of the wallet changed in it, the newest first.
    pub fn sums_of_all(&self) -> Result<Vec<TransactionSums>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT txid, net, fee FROM transactions
                 WHERE ours = 1 AND (canonical = 1 OR coinbase = 0)
                 ORDER BY height DESC NULLS FIRST, position DESC, first_seen DESC, rowid DESC",
            )?
            .query_map([], |row| {
                let fee: Option<Column<Amount>> = row.get(2)?;
                Ok(TransactionSums {
                    txid: row.get::<_, Column<Txid>>(0)?.0,
                    net: row.get::<_, Column<SignedAmount>>(1)?.0,
                    fee: fee.map(|fee| fee.0),
                })
            })?
            .collect()
        })
    }

    /// How many transactions the history has.
    pub fn history_length(&self) -> Result<u64, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT transactions FROM counts")?
                .query_row([], |row| row.get::<_, i64>(0))
                .map(i64::unsigned_abs)
        })
    }

    /// The payment of this wallet that a transaction was made to replace, and the last one that was
    /// made to replace it.
    pub fn replacements(&self, txid: Txid) -> Result<(Option<Txid>, Option<Txid>), StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT
                   (SELECT subject FROM payments WHERE txid = ?1 AND task IN ('replace', 'cancel')),
                   (SELECT txid FROM payments WHERE subject = ?1 AND task IN ('replace', 'cancel')
                    ORDER BY draft DESC LIMIT 1)",
            )?
            .query_row([Column(txid)], |row| {
                let replaces: Option<Column<Txid>> = row.get(0)?;
                let replaced_by: Option<Column<Txid>> = row.get(1)?;
                Ok((replaces.map(|txid| txid.0), replaced_by.map(|txid| txid.0)))
            })
        })
    }

    /// Where a transaction stands: its block's height and its place there; `None` in no block.
    pub fn standing_of(&self, txid: Txid) -> Result<Option<Option<(Height, u32)>>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT height, position FROM transactions WHERE txid = ?1")?
                .query_row([Column(txid)], |row| {
                    let height: Option<Column<Height>> = row.get(0)?;
                    let position: Option<u32> = row.get(1)?;
                    Ok(height.map(|height| height.0).zip(position))
                })
                .optional()
        })
    }

    /// Transactions signed here that count and are in no block, in the order of their signing, so
    /// that parents come first.
    pub fn unconfirmed_own(&self) -> Result<Vec<Transaction>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT raw FROM transactions WHERE rowid IN
                     (SELECT rowid FROM transactions
                      WHERE signed_here = 1 AND canonical = 1 AND height IS NULL
                      UNION
                      SELECT rowid FROM transactions
                      WHERE height IS NULL AND left_height IS NOT NULL AND canonical = 1
                        AND coinbase = 0 AND (fee IS NOT NULL OR net < 0))
                 ORDER BY rowid",
            )?
            .query_map([], |row| decode_transaction(row, 0))?
            .collect()
        })
    }
}

impl Told for HistoryEntry {
    /// Cross joins are made in the order in which they are written: from the few outputs of a
    /// transaction, never from all labels.
    const COLUMNS: &'static str = "
    txid, net, fee, canonical, announced, height, block, ifnull(block_time, first_seen),
    coalesce(
        (SELECT label FROM labels WHERE kind = 'tx' AND subject = t.txid AND place = -1),
        (SELECT l.label FROM outputs o CROSS JOIN scripts s USING (keychain, derivation)
         CROSS JOIN labels l ON l.kind = 'addr' AND l.subject = s.spk AND l.place = -1
         WHERE o.txid = t.txid AND l.label IS NOT NULL LIMIT 1),
        (SELECT l.label FROM outputs o
         CROSS JOIN labels l ON l.kind = 'output' AND l.subject = o.txid AND l.place = o.vout
         WHERE o.txid = t.txid AND l.label IS NOT NULL LIMIT 1)),
    signed_here, seen IS NOT NULL OR left_height IS NOT NULL, seen_by,
    EXISTS (SELECT 1 FROM outputs o JOIN outputs other USING (keychain, derivation)
            WHERE o.txid = t.txid AND other.txid <> o.txid AND other.live = 1),
    (SELECT spk FROM imitations i WHERE i.txid = t.txid),
    (SELECT known FROM imitations i WHERE i.txid = t.txid),
    (SELECT subject FROM payments p WHERE p.txid = t.txid AND p.task IN ('replace', 'cancel')),
    (SELECT p.txid FROM payments p WHERE p.subject = t.txid AND p.task IN ('replace', 'cancel')
     ORDER BY p.draft DESC LIMIT 1)";

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let fee: Option<Column<Amount>> = row.get(2)?;
        let height: Option<Column<Height>> = row.get(5)?;
        let block: Option<Column<BlockHash>> = row.get(6)?;
        let imitation: Option<Column<ScriptBuf>> = row.get(13)?;
        let known: Option<Column<ScriptBuf>> = row.get(14)?;
        let replaces: Option<Column<Txid>> = row.get(15)?;
        let replaced_by: Option<Column<Txid>> = row.get(16)?;
        Ok(Self {
            txid: row.get::<_, Column<Txid>>(0)?.0,
            net: row.get::<_, Column<SignedAmount>>(1)?.0,
            fee: fee.map(|fee| fee.0),
            canonical: row.get(3)?,
            announced: row.get(4)?,
            block: height.zip(block).map(|(h, b)| BlockId::new(h.0, b.0)),
            time: row.get::<_, Column<WallTime>>(7)?.0,
            note: row.get(8)?,
            signed_here: row.get(9)?,
            standing: row.get(10)?,
            seen_by: row.get(11)?,
            reuses: row.get(12)?,
            imitation: imitation.zip(known).map(|(spk, known)| (spk.0, known.0)),
            replaces: replaces.map(|txid| txid.0),
            replaced_by: replaced_by.map(|txid| txid.0),
        })
    }

    fn txid(&self) -> Txid {
        self.txid
    }
}

impl Told for (Txid, TransactionRow) {
    const COLUMNS: &'static str = TRANSACTION;

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok((row.get::<_, Column<Txid>>(17)?.0, transaction_row(row)?))
    }

    fn txid(&self) -> Txid {
        self.0
    }
}

/// Reads transactions in blocks from a place on. One bound from above and one from below, or the library
/// begins with the wrong one, and passes all that is between the two.
fn placed<T: Told>(oldest_first: bool) -> String {
    let (begin, end, order) = if oldest_first {
        ("(height, position) > (?3, ?4)", "height < ?5", "ASC")
    } else {
        ("(height, position) < (?3, ?4)", "height >= ?5", "DESC")
    };
    format!(
        "SELECT {} FROM transactions t
         WHERE {begin} AND {end} AND ours = 1 AND block_time >= ?6 AND block_time < ?7
           AND (?1 IS NULL OR sign(net) = ?1)
         ORDER BY height {order}, position {order} LIMIT ?2",
        T::COLUMNS
    )
}

/// `SQLite` has signed integers only.
fn seconds(time: WallTime) -> i64 {
    i64::try_from(time.to_unix()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// A page begins at its place in the index, however many transactions are newer.
    #[test]
    fn a_page_begins_at_its_place() {
        let sql = Connection::open_in_memory().unwrap();
        sql.execute_batch(include_str!("v1.sql")).unwrap();
        for oldest_first in [false, true] {
            let plan = format!("EXPLAIN QUERY PLAN {}", placed::<HistoryEntry>(oldest_first));
            let values = params![None::<i32>, 10, 5, 7, 0, 0, i64::MAX];
            let mut statement = sql.prepare(&plan).unwrap();
            let steps = statement.query_map(values, |row| row.get::<_, String>(3)).unwrap();
            let steps = steps.collect::<rusqlite::Result<Vec<_>>>().unwrap().join("; ");
            assert!(steps.contains("transactions_by_place"), "{steps}");
            assert!(steps.contains("(height,position)"), "{steps}");
        }
    }
}
