//! Owns the choice between conflicting transactions: which of a few related ones count.
//!
//! The rule is `bdk_chain`'s canonicalisation, run on the touched transactions with their
//! relatives instead of on the whole wallet. Refuses to know scripts or amounts.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::convert::Infallible;

use bdk_chain::{BlockId, CanonicalizationParams, ChainOracle, TxGraph};
use bitcoin::hashes::Hash;
use bitcoin::{BlockHash, OutPoint, Transaction, Txid};

use crate::command::StoreProblem;
use crate::store::wallet::{TransactionRow, WalletFile};

/// The touched transactions and all that may change with them.
///
/// What is in a block counts, whatever else happens, so the search goes on only from what is
/// touched or in no block; a placed relative of those is taken in, its own relatives are not.
pub(super) fn related(
    file: &WalletFile,
    touched: &BTreeSet<Txid>,
) -> Result<BTreeMap<Txid, TransactionRow>, StoreProblem> {
    let mut found = BTreeMap::new();
    let mut open: Vec<Txid> = touched.iter().copied().collect();
    while let Some(txid) = open.pop() {
        if found.contains_key(&txid) {
            continue;
        }
        let Some(row) = file.transaction(txid)? else { continue };
        if row.placement.is_none() || touched.contains(&txid) {
            open.extend(relatives(file, txid, &row)?);
        }
        found.insert(txid, row);
    }
    Ok(found)
}

/// Which of these transactions count.
pub(super) fn canonical(rows: &BTreeMap<Txid, TransactionRow>) -> HashSet<Txid> {
    let mut graph = TxGraph::<BlockId>::default();
    for (&txid, row) in rows {
        let _ = graph.insert_tx(row.transaction.clone());
        if let Some(placement) = &row.placement {
            let (height, hash) = (placement.block.height.to_u32(), placement.block.hash);
            let _ = graph.insert_anchor(txid, BlockId { height, hash });
        }
        if let Some(height) = row.left {
            let left = BlockId { height: height.to_u32(), hash: left_mark() };
            let _ = graph.insert_anchor(txid, left);
        }
        if let Some(seen) = row.seen {
            let _ = graph.insert_seen_at(txid, seen.to_unix());
        }
    }
    let tip = BlockId { height: u32::MAX, hash: left_mark() };
    graph
        .canonical_iter(&BestChain(tip), tip, CanonicalizationParams::default())
        .map(|step| match step {
            Ok((txid, _, _)) => txid,
            Err(never) => match never {},
        })
        .collect()
}

fn relatives(
    file: &WalletFile,
    txid: Txid,
    row: &TransactionRow,
) -> Result<Vec<Txid>, StoreProblem> {
    let mut relatives = file.unplaced_children(txid)?;
    for spent in inputs(&row.transaction) {
        if file.is_unplaced(spent.txid)? {
            relatives.push(spent.txid);
        }
        relatives.extend(file.spenders(spent)?);
    }
    Ok(relatives)
}

/// What a transaction spends; nothing for a coinbase.
pub(super) fn inputs(transaction: &Transaction) -> impl Iterator<Item = OutPoint> + '_ {
    transaction.input.iter().map(|input| input.previous_output).filter(|spent| !spent.is_null())
}

/// Every placement is in the best chain by construction: a reorganisation takes it back. Only the
/// marks of blocks that were left are not.
struct BestChain(BlockId);

impl ChainOracle for BestChain {
    type Error = Infallible;

    fn is_block_in_chain(&self, block: BlockId, _: BlockId) -> Result<Option<bool>, Infallible> {
        Ok(Some(block.hash != left_mark()))
    }

    fn get_chain_tip(&self) -> Result<BlockId, Infallible> {
        Ok(self.0)
    }
}

/// Stands for the hash of a block that was left; no block has it.
fn left_mark() -> BlockHash {
    BlockHash::all_zeros()
}
