//! Owns what a row of the history is read as.
//!
//! Refuses the choice of rows.

use bitcoin::{Amount, BlockHash, ScriptBuf, SignedAmount, Txid};
use rusqlite::Row;

use crate::light_client::height::{BlockId, Height};
use crate::light_client::time::WallTime;

use super::column::Column;
use super::transactions::{TRANSACTION, TransactionRow, transaction_row};

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

impl Told for TransactionSums {
    const COLUMNS: &'static str = "txid, net, fee";

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let fee: Option<Column<Amount>> = row.get(2)?;
        Ok(Self {
            txid: row.get::<_, Column<Txid>>(0)?.0,
            net: row.get::<_, Column<SignedAmount>>(1)?.0,
            fee: fee.map(|fee| fee.0),
        })
    }

    fn txid(&self) -> Txid {
        self.txid
    }
}
