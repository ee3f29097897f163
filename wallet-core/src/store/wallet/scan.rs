//! Owns the tables of the scan: its cursor and the checkpoints that it passed.
//!
//! Refuses to judge forks: which checkpoint is on the best chain is the light client's to say.

use bitcoin::BlockHash;
use rusqlite::{Connection, OptionalExtension, params};

use crate::command::StoreProblem;
use crate::keychain::{AccountId, Branch, KeychainId};
use crate::light_client::height::{BlockId, Height};
use crate::light_client::time::WallTime;

use super::WalletFile;
use super::column::Column;

/// Where the scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanState {
    /// Grows with each rescan.
    pub number: u32,
    /// Where the last rescan began; `None`: at the birthday.
    pub start: Option<Height>,
    /// Every block up to here is folded.
    pub cursor: Option<BlockId>,
    /// Whether a search for old payments goes on; it began at `start`, or at the birthday.
    pub searching: bool,
    /// Which of the search's passes goes on, or was the last.
    pub turn: u32,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Where the scan is.
    pub fn scan(&self) -> Result<ScanState, StoreProblem> {
        let found = self.read(|sql| {
            sql.prepare_cached(
                "SELECT number, start_height, height, block, searching, turn FROM scan",
            )?
            .query_row([], |row| {
                let start: Option<Column<Height>> = row.get(1)?;
                let height: Option<Column<Height>> = row.get(2)?;
                let block: Option<Column<BlockHash>> = row.get(3)?;
                Ok(ScanState {
                    number: row.get(0)?,
                    start: start.map(|start| start.0),
                    cursor: height.zip(block).map(|(h, b)| BlockId::new(h.0, b.0)),
                    searching: row.get(4)?,
                    turn: row.get(5)?,
                })
            })
            .optional()
        })?;
        found.ok_or_else(|| self.damaged("its scan is gone: put back a copy of it"))
    }

    /// Writes where the scan is.
    pub fn set_scan(&mut self, scan: &ScanState) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached(
                "UPDATE scan
                 SET number = ?1, start_height = ?2, height = ?3, block = ?4, searching = ?5,
                     turn = ?6",
            )?
            .execute(params![
                scan.number,
                scan.start.map(Column),
                scan.cursor.map(|cursor| Column(cursor.height)),
                scan.cursor.map(|cursor| Column(cursor.hash)),
                scan.searching,
                scan.turn,
            ])
            .map(drop)
        })
    }

    /// The lowest block that holds a transaction of the wallet, and its time.
    pub fn first_payment(&self) -> Result<Option<(Height, WallTime)>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT min(height), min(block_time) FROM transactions
                 WHERE height IS NOT NULL AND ours = 1",
            )?
            .query_row([], |row| {
                let height: Option<Column<Height>> = row.get(0)?;
                let time: Option<Column<WallTime>> = row.get(1)?;
                Ok(height.zip(time).map(|(height, time)| (height.0, time.0)))
            })
        })
    }

    /// The same for payments to one account.
    pub fn first_payment_to(
        &self,
        account: AccountId,
    ) -> Result<Option<(Height, WallTime)>, StoreProblem> {
        let chains = [Branch::Receive, Branch::Change];
        let [receive, change] = chains.map(|branch| Column(KeychainId { account, branch }));
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT min(t.height), min(t.block_time)
                 FROM outputs o JOIN transactions t USING (txid)
                 WHERE o.keychain IN (?1, ?2) AND t.height IS NOT NULL",
            )?
            .query_row([receive, change], |row| {
                let height: Option<Column<Height>> = row.get(0)?;
                let time: Option<Column<WallTime>> = row.get(1)?;
                Ok(height.zip(time).map(|(height, time)| (height.0, time.0)))
            })
        })
    }

    /// Notes a block that the scan passed. Below the last `recent` blocks only one in `sparse` is
    /// kept.
    pub fn insert_checkpoint(
        &mut self,
        block: BlockId,
        time: WallTime,
        recent: u32,
        sparse: u32,
    ) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached("INSERT OR REPLACE INTO checkpoints VALUES (?1, ?2, ?3)")?
                .execute(params![Column(block.height), Column(block.hash), Column(time)])?;
            sql.prepare_cached(
                "DELETE FROM checkpoints WHERE height < ?1 AND height NOT IN
                     (SELECT max(height) FROM checkpoints WHERE height < ?1 GROUP BY height / ?2)",
            )?
            .execute(params![Column(block.height.down(recent)), sparse])
            .map(drop)
        })
    }

    /// Forgets the checkpoints above `height`; all of them for `None`.
    pub fn delete_checkpoints_above(&mut self, height: Option<Height>) -> Result<(), StoreProblem> {
        self.write(|sql| {
            let above = height.map_or(-1, |height| i64::from(height.to_u32()));
            sql.execute("DELETE FROM checkpoints WHERE height > ?1", [above]).map(drop)
        })
    }

    /// The checkpoints, and up to `top` the blocks that hold a transaction, newest first.
    pub fn checkpoints(&self, top: Height) -> Result<Vec<BlockId>, StoreProblem> {
        self.read(|sql| blocks_up_to(sql, top))
    }
}

fn blocks_up_to(sql: &Connection, top: Height) -> rusqlite::Result<Vec<BlockId>> {
    sql.prepare_cached(
        "SELECT height, block FROM checkpoints
         UNION SELECT height, block FROM transactions WHERE height <= ?1
         ORDER BY height DESC",
    )?
    .query_map([Column(top)], |row| {
        let height: Column<Height> = row.get(0)?;
        let block: Column<BlockHash> = row.get(1)?;
        Ok(BlockId::new(height.0, block.0))
    })?
    .collect()
}
