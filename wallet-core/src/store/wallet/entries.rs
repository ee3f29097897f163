//! Owns the reads of entries: where in the history the one at a number stands, and which
//! transactions pay a script, so that their entries can be counted again.
//!
//! Refuses to pass transactions one by one: the counts are kept by the triggers of the schema.

use bitcoin::Txid;
use rusqlite::{Connection, params};

use crate::command::StoreProblem;
use crate::light_client::height::Height;

use super::column::Column;
use super::history::Place;
use super::{ScriptPlace, WalletFile};

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryPlace {
    /// The place of its transaction.
    pub place: Place,
    /// How many entries of its transaction are newer.
    pub newer: u64,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Where the entry stands that has so many newer ones of transactions that do not wait.
    pub fn entry_place(&self, newer: u64) -> Result<Option<EntryPlace>, StoreProblem> {
        self.read(|sql| {
            let Some((blocks, newer)) = pass(sql, BLOCKS, 0, newer)? else { return Ok(None) };
            let Some((height, newer)) = pass(sql, BLOCK, blocks, newer)? else { return Ok(None) };
            let found = pass(sql, TRANSACTIONS, height, newer)?;
            let height = Height::new(u32::try_from(height).unwrap_or(u32::MAX));
            Ok(found.map(|(order, newer)| EntryPlace { place: (height, order), newer }))
        })
    }

    /// The transactions that pay a script of the wallet, whether they count or not.
    pub fn payers(&self, place: ScriptPlace) -> Result<Vec<Txid>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT DISTINCT txid FROM outputs WHERE keychain = ?1 AND derivation = ?2",
            )?
            .query_map(params![Column(place.keychain), Column(place.index)], |row| {
                row.get::<_, Column<Txid>>(0).map(|txid| txid.0)
            })?
            .collect()
        })
    }

    /// How many entries the transactions have that do not wait.
    #[cfg(any(test, feature = "fuzz"))]
    pub(crate) fn settled_entries(&self) -> u64 {
        let sum = "SELECT ifnull(sum(entries), 0) FROM entry_counts WHERE level = ?1";
        let of = |level: u32| self.connection.query_row(sum, [level], |row| row.get::<_, i64>(0));
        let [blocks, thousands] = [0, 1].map(|level| of(level).expect("the file is readable"));
        assert_eq!(blocks, thousands);
        u64::try_from(blocks).expect("a count")
    }
}

/// Passes rows of a number and how many entries it has, as long as all of those are passed; then the
/// number, and how many of its entries are still to be passed.
fn pass(
    sql: &Connection,
    query: &str,
    within: u64,
    mut newer: u64,
) -> rusqlite::Result<Option<(u64, u64)>> {
    let mut statement = sql.prepare_cached(query)?;
    let mut rows = statement.query([i64::try_from(within).unwrap_or(i64::MAX)])?;
    while let Some(row) = rows.next()? {
        let entries = row.get::<_, i64>(1)?.unsigned_abs();
        if newer < entries {
            return Ok(Some((row.get::<_, i64>(0)?.unsigned_abs(), newer)));
        }
        newer -= entries;
    }
    Ok(None)
}

const BLOCKS: &str =
    "SELECT place, entries FROM entry_counts WHERE level = 1 AND place >= ?1 ORDER BY place DESC";

const BLOCK: &str = "SELECT place, entries FROM entry_counts
    WHERE level = 0 AND place BETWEEN 1024 * ?1 AND 1024 * ?1 + 1023 ORDER BY place DESC";

const TRANSACTIONS: &str = "
    SELECT 4294967296 + rowid AS told_order, entries FROM transactions INDEXED BY fallen_transactions
    WHERE height IS NULL AND canonical = 0 AND coinbase = 0 AND known_height = ?1
    UNION ALL
    SELECT position, entries FROM transactions INDEXED BY transactions_by_place WHERE height = ?1
    ORDER BY told_order DESC";
