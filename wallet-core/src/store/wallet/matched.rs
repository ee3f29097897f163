//! Owns the table of what the scan was matched against: of each run of blocks, which filters.
//!
//! Refuses to know filters: whoever matched them says what stands for them.

use rusqlite::params;

use crate::command::StoreProblem;
use crate::light_client::height::Height;

use super::WalletFile;
use super::column::Column;

/// Blocks that the scan has passed, with what stands for the filters that were read of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatchedRun {
    /// The lowest.
    pub first: Height,
    /// The highest.
    pub last: Height,
    /// The SHA256 of the filters' hashes, in order.
    pub digest: [u8; 32],
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// All runs, lowest first.
    pub fn matched_runs(&self) -> Result<Vec<MatchedRun>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT first, last, digest FROM matched_filters ORDER BY first")?
                .query_map([], |row| {
                    let [first, last] = [row.get(0)?, row.get(1)?].map(|Column(height)| height);
                    Ok(MatchedRun { first, last, digest: row.get(2)? })
                })?
                .collect()
        })
    }

    /// The lowest and the highest block of all runs.
    pub fn matched_ends(&self) -> Result<Option<(Height, Height)>, StoreProblem> {
        self.read(|sql| {
            // Each is one step in the table's own order; with each commit somebody asks.
            let mut ends = sql.prepare_cached(
                "SELECT (SELECT min(first) FROM matched_filters),
                        (SELECT last FROM matched_filters ORDER BY first DESC LIMIT 1)",
            )?;
            ends.query_row([], |row| {
                let first: Option<Column<Height>> = row.get(0)?;
                let last: Option<Column<Height>> = row.get(1)?;
                Ok(first.zip(last).map(|(first, last)| (first.0, last.0)))
            })
        })
    }

    /// Writes a run in the place of those that begin in it or end in it.
    pub fn put_matched_run(&mut self, run: &MatchedRun) -> Result<(), StoreProblem> {
        self.write(|sql| {
            let (first, last) = (Column(run.first), Column(run.last));
            sql.prepare_cached("DELETE FROM matched_filters WHERE last >= ?1 AND first <= ?2")?
                .execute(params![first, last])?;
            sql.prepare_cached("INSERT INTO matched_filters VALUES (?1, ?2, ?3)")?
                .execute(params![first, last, run.digest])
                .map(drop)
        })
    }

    /// Forgets the runs that reach up to `height` or higher.
    pub fn delete_matched_from(&mut self, height: Height) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached("DELETE FROM matched_filters WHERE last >= ?1")?
                .execute([Column(height)])
                .map(drop)
        })
    }
}
