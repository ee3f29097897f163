//! Owns the tables of what left the best chain: blocks that the scan had passed, and the wallet's
//! transactions in them. So a client that saw the chain up to one of these blocks is told later
//! what it must take back.
//!
//! Refuses to say what is on the best chain now: a block may have come back.

use bitcoin::{BlockHash, Txid};
use rusqlite::{Connection, OptionalExtension, params};

use crate::command::{LeftBlock, StoreProblem};
use crate::light_client::height::{BlockId, Height};

use super::WalletFile;
use super::column::Column;

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// All above a block leaves the best chain; to be called while it still stands here.
    pub fn leave_chain(
        &mut self,
        fork: BlockId,
        cursor: Option<BlockId>,
    ) -> Result<(), StoreProblem> {
        self.write(|sql| {
            let reorg: i64 = sql.query_row(
                "SELECT 1 + max((SELECT ifnull(max(reorg), 0) FROM left_blocks),
                                (SELECT ifnull(max(reorg), 0) FROM departures))",
                [],
                |row| row.get(0),
            )?;
            let place = params![Column(fork.hash), Column(fork.height), reorg];
            sql.execute(
                "INSERT OR REPLACE INTO left_blocks
                 SELECT block, height, ?1, ?2, ?3 FROM checkpoints WHERE height > ?2",
                place,
            )?;
            // Where an earlier branch left a part of the chain that leaves now.
            sql.execute(
                "INSERT OR IGNORE INTO left_blocks
                 SELECT DISTINCT fork, fork_height, ?1, ?2, ?3 FROM left_blocks
                 WHERE fork_height > ?2",
                place,
            )?;
            if let Some(cursor) = cursor.filter(|cursor| cursor.height > fork.height) {
                insert(sql, cursor, fork, reorg)?;
            }
            sql.execute(
                "INSERT INTO departures SELECT ?2, txid, height, position FROM transactions
                 WHERE height > ?1",
                params![Column(fork.height), reorg],
            )
            .map(drop)
        })
    }

    /// What left with a block, and the last one before it that stayed then; `None`: it is not known
    /// to have left.
    pub fn left_block(&self, block: BlockHash) -> Result<Option<LeftBlock>, StoreProblem> {
        self.read(|sql| {
            let found = sql
                .prepare_cached(
                    "SELECT height, fork, fork_height, reorg FROM left_blocks WHERE block = ?1",
                )?
                .query_row([Column(block)], |row| {
                    let fork: Column<BlockHash> = row.get(1)?;
                    let fork = BlockId::new(row.get::<_, Column<Height>>(2)?.0, fork.0);
                    Ok((row.get::<_, Column<Height>>(0)?, fork, row.get::<_, i64>(3)?))
                })
                .optional()?;
            let Some((height, fork, reorg)) = found else { return Ok(None) };
            let transactions = sql
                .prepare_cached(
                    "SELECT txid FROM departures WHERE reorg = ?1 AND height <= ?2
                     ORDER BY height DESC, position",
                )?
                .query_map(params![reorg, height], |row| Ok(row.get::<_, Column<Txid>>(0)?.0))?
                .collect::<Result<_, _>>()?;
            Ok(Some(LeftBlock { fork, transactions }))
        })
    }
}

fn insert(sql: &Connection, block: BlockId, fork: BlockId, reorg: i64) -> rusqlite::Result<()> {
    sql.execute(
        "INSERT OR REPLACE INTO left_blocks VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            Column(block.hash),
            Column(block.height),
            Column(fork.hash),
            Column(fork.height),
            reorg
        ],
    )
    .map(drop)
}
