//! Owns the reads of the wallet's transactions as a history, and of those still to be announced.
//!
//! Refuses transactions that only contest one of the wallet's, and coinbases that lost their block.

use bitcoin::{Amount, BlockHash, SignedAmount, Transaction, Txid};

use crate::command::StoreProblem;
use crate::light_client::height::{BlockId, Height};
use crate::light_client::time::WallTime;

use super::WalletFile;
use super::column::Column;
use super::transactions::decode_transaction;

/// One transaction of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent marks, one column each")]
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
    /// Its label, or that of an address which it pays.
    pub note: Option<String>,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// The history, newest first.
    pub fn history(&self) -> Result<Vec<HistoryEntry>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT txid, net, fee, canonical, announced, height, block,
                        ifnull(block_time, first_seen),
                        ifnull(note, (SELECT a.note FROM outputs o
                                      JOIN addresses a USING (keychain, derivation)
                                      WHERE o.txid = t.txid AND a.note IS NOT NULL LIMIT 1)),
                        signed_here, seen IS NOT NULL OR left_height IS NOT NULL, seen_by,
                        (SELECT subject FROM payments p
                         WHERE p.txid = t.txid AND p.task IN ('replace', 'cancel')),
                        (SELECT p.txid FROM payments p
                         WHERE p.subject = t.txid AND p.task IN ('replace', 'cancel')
                         ORDER BY p.draft DESC LIMIT 1)
                 FROM transactions t
                 WHERE ours = 1 AND (canonical = 1 OR coinbase = 0)
                 ORDER BY height DESC NULLS FIRST, position DESC, first_seen DESC, txid",
            )?
            .query_map([], |row| {
                let fee: Option<Column<Amount>> = row.get(2)?;
                let height: Option<Column<Height>> = row.get(5)?;
                let block: Option<Column<BlockHash>> = row.get(6)?;
                let replaces: Option<Column<Txid>> = row.get(12)?;
                let replaced_by: Option<Column<Txid>> = row.get(13)?;
                Ok(HistoryEntry {
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
                    replaces: replaces.map(|txid| txid.0),
                    replaced_by: replaced_by.map(|txid| txid.0),
                })
            })?
            .collect()
        })
    }

    /// Transactions signed here that count and are in no block, in the order of their signing, so
    /// that parents come first.
    pub fn unconfirmed_own(&self) -> Result<Vec<Transaction>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT raw FROM transactions
                 WHERE signed_here = 1 AND canonical = 1 AND height IS NULL ORDER BY rowid",
            )?
            .query_map([], |row| decode_transaction(row, 0))?
            .collect()
        })
    }
}
