//! Owns the reads of the wallet's transactions as a history, and of those still to be announced.
//!
//! Refuses transactions that only contest one of the wallet's, and coinbases that lost their block.
//! What waits is newest. What fell (replaced, evicted, given up) stands above the block that was the
//! last one when it became known. A page is read from its place in an index: what is before and
//! behind it costs nothing.

use bitcoin::{Transaction, Txid};
use rusqlite::{OptionalExtension, Row, params};

use crate::command::StoreProblem;
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;

use super::WalletFile;
use super::column::Column;
use super::history_rows::Told;
use super::transactions::decode_transaction;

/// Where a transaction stands in the history that does not wait: at which block, and its place in it,
/// or above all of the block if it fell; then the last that became known is the highest.
pub type Place = (Height, u64);

/// Where a transaction stands in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// In no block, and it may get into one.
    Waits,
    /// It counts no more.
    Fell(Place),
    /// In a block.
    Placed(Place),
}

impl Standing {
    /// Its place, if it does not wait.
    #[must_use]
    pub const fn place(self) -> Option<Place> {
        match self {
            Self::Waits => None,
            Self::Fell(place) | Self::Placed(place) => Some(place),
        }
    }
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
    /// Transactions in blocks, in their order from a place on.
    pub fn placed_history<T: Told>(
        &self,
        part: &HistoryPart,
        after: Option<Place>,
    ) -> Result<Vec<(Place, T)>, StoreProblem> {
        let number = |height: Height| i64::from(height.to_u32());
        let after = after.map(|(height, order)| (number(height), signed(order)));
        let (least, below) = (part.least_height.map(number), part.below_height.map(number));
        let ((height, position), end) = if part.oldest_first {
            (after.max(least.map(|height| (height, -1))).unwrap_or((-1, -1)), below)
        } else {
            let first = after.into_iter().chain(below.map(|height| (height, 0))).min();
            (first.unwrap_or((i64::MAX, 0)), least)
        };
        let end = end.unwrap_or(if part.oldest_first { i64::MAX } else { 0 });
        self.told(&placed::<T>(part.oldest_first), part, (height, position), end)
    }

    /// Transactions that fell, in their order from a place on, the last first.
    pub fn fallen_history<T: Told>(
        &self,
        part: &HistoryPart,
        after: Option<Place>,
    ) -> Result<Vec<(Place, T)>, StoreProblem> {
        let first = after.map_or((i64::MAX, 0), |(height, order)| {
            (i64::from(height.to_u32()), signed(order).saturating_sub(FELL))
        });
        self.told(&fallen::<T>(), part, first, 0)
    }

    fn told<T: Told>(
        &self,
        query: &str,
        part: &HistoryPart,
        (height, order): (i64, i64),
        end: i64,
    ) -> Result<Vec<(Place, T)>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(query)?
                .query_map(
                    params![
                        part.sign,
                        part.limit.map_or(-1, i64::from),
                        part.least_time.map_or(0, seconds),
                        part.before_time.map_or(i64::MAX, seconds),
                        height,
                        order,
                        end,
                    ],
                    |row| Ok((place(row)?, T::read(row)?)),
                )?
                .collect()
        })
    }

    /// Transactions that wait for a block, the last first; of one second too, since a replacement comes
    /// after what it replaces.
    pub fn waiting_history<T: Told>(&self, part: &HistoryPart) -> Result<Vec<T>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(&format!(
                "SELECT {} FROM transactions t
                 WHERE height IS NULL AND canonical = 1 AND ours = 1
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

    /// Where a transaction stands; `None`: it is not known.
    pub fn standing_of(&self, txid: Txid) -> Result<Option<Standing>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(&format!(
                "SELECT {PLACE}, told_height IS NULL, height IS NULL FROM transactions
                 WHERE txid = ?1"
            ))?
            .query_row([Column(txid)], |row| {
                Ok(match (row.get(2)?, row.get(3)?) {
                    (true, _) => Standing::Waits,
                    (false, true) => Standing::Fell(place(row)?),
                    (false, false) => Standing::Placed(place(row)?),
                })
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

/// Reads transactions in blocks from a place on. One bound from above and one from below, or the library
/// begins with the wrong one, and passes all that is between the two.
fn placed<T: Told>(oldest_first: bool) -> String {
    let (begin, end, order) = if oldest_first {
        ("(height, position) > (?5, ?6)", "height < ?7", "ASC")
    } else {
        ("(height, position) < (?5, ?6)", "height >= ?7", "DESC")
    };
    format!(
        "SELECT {}, {PLACE} FROM transactions t
         WHERE {begin} AND {end} AND ours = 1 AND block_time >= ?3 AND block_time < ?4
           AND (?1 IS NULL OR sign(net) = ?1)
         ORDER BY height {order}, position {order} LIMIT ?2",
        T::COLUMNS
    )
}

/// Reads transactions that fell from a place on; it passes those of the same height before it.
fn fallen<T: Told>() -> String {
    format!(
        "SELECT {}, {PLACE} FROM transactions t INDEXED BY fallen_transactions
         WHERE height IS NULL AND canonical = 0 AND coinbase = 0 AND (known_height, rowid) < (?5, ?6)
           AND known_height >= ?7 AND ours = 1 AND first_seen >= ?3 AND first_seen < ?4
           AND (?1 IS NULL OR sign(net) = ?1)
         ORDER BY known_height DESC, rowid DESC LIMIT ?2",
        T::COLUMNS
    )
}

/// Reads a [`Place`] from columns of [`PLACE`].
pub(super) fn place(row: &Row<'_>) -> rusqlite::Result<Place> {
    let height: Column<Height> = row.get("told_height")?;
    Ok((height.0, row.get::<_, i64>("told_order")?.unsigned_abs()))
}

/// A [`Place`]; [`FELL`] is above every place in a block.
pub(super) const PLACE: &str = "told_height, ifnull(position, 4294967296 + rowid) AS told_order";

/// What is added to the row's number of what fell.
const FELL: i64 = 1 << 32;

/// Positions and numbers of rows are far below 2⁶³.
fn signed(order: u64) -> i64 {
    i64::try_from(order).unwrap_or(i64::MAX)
}

/// `SQLite` has signed integers only.
fn seconds(time: WallTime) -> i64 {
    i64::try_from(time.to_unix()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::HistoryEntry;
    use super::*;

    /// A page begins at its place in the index, however many transactions are newer.
    #[test]
    fn a_page_begins_at_its_place() {
        let sql = Connection::open_in_memory().unwrap();
        sql.execute_batch(include_str!("v1.sql")).unwrap();
        let by_place = ("transactions_by_place", "(height,position)");
        for (query, (index, place)) in [
            (placed::<HistoryEntry>(false), by_place),
            (placed::<HistoryEntry>(true), by_place),
            (fallen::<HistoryEntry>(), ("fallen_transactions", "known_height<?")),
        ] {
            let values = params![None::<i32>, 10, 0, i64::MAX, 5, 7, 0];
            let mut statement = sql.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
            let steps = statement.query_map(values, |row| row.get::<_, String>(3)).unwrap();
            let steps = steps.collect::<rusqlite::Result<Vec<_>>>().unwrap().join("; ");
            assert!(steps.contains(index) && steps.contains(place), "{steps}");
        }
    }
}
