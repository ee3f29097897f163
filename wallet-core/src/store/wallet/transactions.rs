//! Owns the tables of transactions and of what they spend.
//!
//! Refuses to choose between conflicting transactions: it writes down what the wallet view says.

use bitcoin::consensus::encode;
use bitcoin::hashes::Hash as _;
use bitcoin::psbt::Psbt;
use bitcoin::{Amount, BlockHash, OutPoint, SignedAmount, Transaction, TxMerkleNode, Txid};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};

use crate::command::StoreProblem;
use crate::light_client::height::{BlockId, Height};
use crate::light_client::time::WallTime;

use super::WalletFile;
use super::column::Column;

/// A transaction and all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of its own")]
pub struct TransactionRow {
    /// The transaction.
    pub transaction: Transaction,
    /// Whether it was signed by this wallet.
    pub signed_here: bool,
    /// Whether a peer has it.
    pub announced: bool,
    /// When a peer was last given it, whether that said that it got it or not.
    pub handed_at: Option<WallTime>,
    /// Whether it is in a block, or has no conflict that goes before it.
    pub canonical: bool,
    /// When it became known here; of one that was found in a block, the block's time.
    pub first_seen: WallTime,
    /// When it was last known outside of blocks.
    pub seen: Option<WallTime>,
    /// How many peers announced it while no block held it.
    pub seen_by: u32,
    /// The highest block that a reorganisation took it out of.
    pub left: Option<Height>,
    /// Whether the next block can't hold it, as far as that is known, for its lock time or the age of
    /// what it spends.
    pub waits: bool,
    /// Where it is in the best chain.
    pub placement: Option<Placement>,
    /// What it means to the wallet.
    pub sums: Sums,
}

/// A place in the best chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// The block.
    pub block: BlockId,
    /// The place in the block; the coinbase is at 0.
    pub position: u32,
    /// The time in the block's header.
    pub time: WallTime,
    /// The number of the scan that found it.
    pub scan: u32,
}

/// How a transaction became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was in a block with this header time.
    Block(WallTime),
    /// It was signed here, at this time.
    SignedHere(WallTime),
    /// Peers announced it, at this time.
    Seen(WallTime),
}

/// What a transaction means to the wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    /// Whether it pays or spends a script of the wallet; if not, it only contests one that does.
    pub ours: bool,
    /// Received less spent.
    pub net: SignedAmount,
    /// The fee, when all inputs are ours.
    pub fee: Option<Amount>,
    /// In how many entries it is told to programs.
    pub entries: u32,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Adds a transaction with all that it spends; does nothing if it is there.
    pub fn insert_transaction(
        &mut self,
        txid: Txid,
        transaction: &Transaction,
        origin: Origin,
    ) -> Result<(), StoreProblem> {
        let (signed_here, first_seen, seen) = match origin {
            Origin::Block(time) => (false, time, None),
            Origin::SignedHere(time) => (true, time, Some(time)),
            Origin::Seen(time) => (false, time, Some(time)),
        };
        let announced = matches!(origin, Origin::Seen(_));
        let coinbase = transaction.is_coinbase();
        self.write(|sql| {
            // A scan that begins anew is far below what was seen already.
            let added = sql
                .prepare_cached(
                    "INSERT OR IGNORE INTO transactions
                         (txid, raw, coinbase, signed_here, announced, first_seen, seen, known_height)
                     VALUES (?1, ?2, ?3, ?4, ?7, ?5, ?6,
                             max(ifnull((SELECT height FROM scan), 0),
                                 ifnull((SELECT max(height) FROM transactions), 0)))",
                )?
                .execute(params![
                    Column(txid),
                    encode::serialize(transaction),
                    coinbase,
                    signed_here,
                    Column(first_seen),
                    seen.map(Column),
                    announced
                ])?;
            if added == 0 || coinbase {
                return Ok(());
            }
            let mut spend = sql.prepare_cached("INSERT INTO spends VALUES (?1, ?2, ?3)")?;
            transaction.input.iter().map(|input| input.previous_output).try_for_each(|spent| {
                spend.execute(params![Column(spent.txid), spent.vout, Column(txid)]).map(drop)
            })
        })
    }

    /// What is known of a transaction.
    pub fn transaction(&self, txid: Txid) -> Result<Option<TransactionRow>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(&format!("SELECT {TRANSACTION} FROM transactions WHERE txid = ?1"))?
                .query_row([Column(txid)], transaction_row)
                .optional()
        })
    }

    /// Sets a transaction's bytes: a block holds it with other witnesses than those known.
    pub fn set_raw(&mut self, txid: Txid, transaction: &Transaction) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached("UPDATE transactions SET raw = ?2 WHERE txid = ?1")?
                .execute(params![Column(txid), encode::serialize(transaction)])
                .map(drop)
        })
    }

    /// Puts a transaction into a block of the best chain; `siblings` prove that it is there.
    pub fn place(
        &mut self,
        txid: Txid,
        placement: &Placement,
        siblings: &[TxMerkleNode],
    ) -> Result<(), StoreProblem> {
        let branch: Vec<u8> = siblings.iter().flat_map(|node| node.to_byte_array()).collect();
        self.write(|sql| {
            sql.prepare_cached(
                "UPDATE transactions SET announced = 1, height = ?2, block = ?3, position = ?4,
                        block_time = ?5, scan = ?6, branch = ?7, left_at = NULL,
                        waits = 0
                 WHERE txid = ?1",
            )?
            .execute(params![
                Column(txid),
                Column(placement.block.height),
                Column(placement.block.hash),
                placement.position,
                Column(placement.time),
                placement.scan,
                branch
            ])
            .map(drop)
        })
    }

    /// What proves a transaction to be where it is in its block; `None` if it is in none.
    pub fn siblings(&self, txid: Txid) -> Result<Option<Vec<TxMerkleNode>>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT branch FROM transactions WHERE txid = ?1 AND height IS NOT NULL",
            )?
            .query_row([Column(txid)], |row| {
                let (nodes, rest) = row.get_ref(0)?.as_blob()?.as_chunks();
                if rest.is_empty() {
                    Ok(nodes.iter().map(|node| TxMerkleNode::from_byte_array(*node)).collect())
                } else {
                    Err(rusqlite::Error::InvalidColumnType(0, "branch".to_owned(), Type::Blob))
                }
            })
            .optional()
        })
    }

    /// Takes a transaction out of its block.
    pub fn displace(&mut self, txid: Txid) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached(
                "UPDATE transactions SET left_height = max(ifnull(left_height, 0), height),
                        height = NULL, block = NULL, position = NULL, block_time = NULL,
                        scan = NULL, branch = NULL
                 WHERE txid = ?1 AND height IS NOT NULL",
            )?
            .execute([Column(txid)])
            .map(drop)
        })
    }

    /// A peer has it.
    pub fn set_announced(&mut self, txid: Txid) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.execute("UPDATE transactions SET announced = 1 WHERE txid = ?1", [Column(txid)])
                .map(drop)
        })
    }

    /// A peer is given it.
    pub fn set_handed_out(&mut self, txid: Txid, now: WallTime) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached("UPDATE transactions SET handed_at = ?2 WHERE txid = ?1")?
                .execute(params![Column(txid), Column(now)])
                .map(drop)
        })
    }

    /// The transactions in blocks above a height, in the order of the chain.
    pub fn placed_above(&self, height: Height) -> Result<Vec<Txid>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT txid FROM transactions WHERE height > ?1 ORDER BY height, position",
            )?
            .query_map([Column(height)], txid)?
            .collect()
        })
    }

    /// The transactions that a scan before `scan` found up to a height.
    pub fn placed_before_scan(&self, scan: u32, top: Height) -> Result<Vec<Txid>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                // By the scan, of which there is hardly ever an older one; by the height it would
                // be a look at every transaction, for every block.
                "SELECT txid FROM transactions INDEXED BY transactions_by_scan
                 WHERE scan < ?1 AND height <= ?2 ORDER BY height, position",
            )?
            .query_map(params![scan, Column(top)], txid)?
            .collect()
        })
    }

    /// The known transactions that spend an outpoint, in blocks or not.
    pub fn spenders(&self, spent: OutPoint) -> Result<Vec<Txid>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT txid FROM spends WHERE parent = ?1 AND vout = ?2")?
                .query_map(params![Column(spent.txid), spent.vout], txid)?
                .collect()
        })
    }

    /// The transactions outside of blocks that spend an output of `parent`.
    pub fn unplaced_children(&self, parent: Txid) -> Result<Vec<Txid>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT DISTINCT txid FROM spends JOIN transactions USING (txid)
                 WHERE parent = ?1 AND height IS NULL",
            )?
            .query_map([Column(parent)], txid)?
            .collect()
        })
    }

    /// Whether a transaction is known and in no block.
    pub fn is_unplaced(&self, txid: Txid) -> Result<bool, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT 1 FROM transactions WHERE txid = ?1 AND height IS NULL")?
                .exists([Column(txid)])
        })
    }

    /// Takes placements into a new scan that it will not pass: those in blocks below `height`, or
    /// of an earlier time than `time`.
    pub fn keep_placements(
        &mut self,
        scan: u32,
        height: Option<Height>,
        time: Option<WallTime>,
    ) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.execute(
                "UPDATE transactions SET scan = ?1
                 WHERE height IS NOT NULL AND (height < ?2 OR block_time < ?3)",
                params![scan, height.map(Column), time.map(Column)],
            )
            .map(drop)
        })
    }

    /// Writes what a transaction means to the wallet.
    pub fn set_sums(&mut self, txid: Txid, sums: &Sums) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached(
                "UPDATE transactions SET ours = ?2, net = ?3, fee = ?4, entries = ?5 WHERE txid = ?1",
            )?
            .execute(params![
                Column(txid),
                sums.ours,
                Column(sums.net),
                sums.fee.map(Column),
                sums.entries
            ])
            .map(drop)
        })
    }
}

/// What a transaction is read from, and its id.
pub(super) const TRANSACTION: &str =
    "raw, signed_here, announced, canonical, seen, left_height, net, ours, height, block, position,
     block_time, scan, fee, seen_by, first_seen, entries, txid, waits, handed_at";

pub(super) fn transaction_row(row: &Row<'_>) -> rusqlite::Result<TransactionRow> {
    let seen: Option<Column<WallTime>> = row.get(4)?;
    let left: Option<Column<Height>> = row.get(5)?;
    let handed_at: Option<Column<WallTime>> = row.get(19)?;
    let height: Option<Column<Height>> = row.get(8)?;
    let fee: Option<Column<Amount>> = row.get(13)?;
    let placement = match height {
        None => None,
        Some(height) => Some(Placement {
            block: BlockId::new(height.0, row.get::<_, Column<BlockHash>>(9)?.0),
            position: row.get(10)?,
            time: row.get::<_, Column<WallTime>>(11)?.0,
            scan: row.get(12)?,
        }),
    };
    Ok(TransactionRow {
        transaction: decode_transaction(row, 0)?,
        signed_here: row.get(1)?,
        announced: row.get(2)?,
        handed_at: handed_at.map(|at| at.0),
        canonical: row.get(3)?,
        first_seen: row.get::<_, Column<WallTime>>(15)?.0,
        seen: seen.map(|seen| seen.0),
        seen_by: row.get(14)?,
        left: left.map(|left| left.0),
        waits: row.get(18)?,
        placement,
        sums: Sums {
            ours: row.get(7)?,
            net: row.get::<_, Column<SignedAmount>>(6)?.0,
            fee: fee.map(|fee| fee.0),
            entries: row.get(16)?,
        },
    })
}

pub(super) fn decode_transaction(row: &Row<'_>, column: usize) -> rusqlite::Result<Transaction> {
    let raw = row.get_ref(column)?.as_blob()?;
    encode::deserialize(raw).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, Box::new(error))
    })
}

pub(super) fn decode_psbt(row: &Row<'_>, column: usize) -> rusqlite::Result<Psbt> {
    Psbt::deserialize(row.get_ref(column)?.as_blob()?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, Box::new(error))
    })
}

fn txid(row: &Row<'_>) -> rusqlite::Result<Txid> {
    row.get::<_, Column<Txid>>(0).map(|txid| txid.0)
}
