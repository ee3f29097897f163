//! Owns the choice between conflicting transactions: which of a few related ones count.
//!
//! The rule is that of `bdk_chain`'s canonicalisation, which the tests hold it against; here it
//! runs on the touched transactions with their relatives instead of on the whole wallet. Refuses
//! to know scripts or amounts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bitcoin::{OutPoint, Transaction, Txid};

use crate::command::StoreProblem;
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;
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
///
/// In the order of their standing, each counts together with its ancestors, unless one of them is
/// a coinbase without a block or conflicts with one that counts already.
pub(super) fn canonical(rows: &BTreeMap<Txid, TransactionRow>) -> HashSet<Txid> {
    let mut spenders: HashMap<OutPoint, Vec<Txid>> = HashMap::new();
    for (txid, row) in rows {
        for spent in inputs(&row.transaction) {
            spenders.entry(spent).or_default().push(*txid);
        }
    }
    // What has no standing of its own counts only with a descendant.
    let standing = |(txid, row): (&Txid, _)| Some((Standing::of(row)?, *txid));
    let mut order: Vec<(Standing, Txid)> = rows.iter().filter_map(standing).collect();
    order.sort_by_key(|standing| Reverse(*standing));
    let mut counted = HashSet::new();
    for (_, txid) in order {
        let line = lineage(rows, txid, &counted);
        let conflicts = |txid: &Txid| {
            inputs(&rows[txid].transaction).any(|spent| {
                let mut rivals = spenders[&spent].iter().filter(|rival| *rival != txid);
                rivals.any(|rival| counted.contains(rival) || line.contains(rival))
            })
        };
        let lost =
            |txid: &Txid| rows[txid].placement.is_none() && rows[txid].transaction.is_coinbase();
        if !line.iter().any(|txid| conflicts(txid) || lost(txid)) {
            counted.extend(line);
        }
    }
    counted
}

/// What goes before what: a block, the higher first; then what was seen outside of blocks, the
/// latest first; then what is known only from a block that was left, the higher first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Left(Height),
    Seen(WallTime),
    Placed(Height),
}

impl Standing {
    fn of(row: &TransactionRow) -> Option<Self> {
        match (row.placement, row.seen) {
            (Some(placement), _) => Some(Self::Placed(placement.block.height)),
            (None, Some(seen)) => Some(Self::Seen(seen)),
            (None, None) => row.left.map(Self::Left),
        }
    }
}

/// A transaction and those of its ancestors that are not counted yet.
fn lineage(
    rows: &BTreeMap<Txid, TransactionRow>,
    txid: Txid,
    counted: &HashSet<Txid>,
) -> BTreeSet<Txid> {
    let mut line = BTreeSet::new();
    let mut open = vec![txid];
    while let Some(txid) = open.pop() {
        if counted.contains(&txid) || line.contains(&txid) {
            continue;
        }
        if let Some(row) = rows.get(&txid) {
            open.extend(inputs(&row.transaction).map(|spent| spent.txid));
            line.insert(txid);
        }
    }
    line
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

#[cfg(test)]
mod tests {
    use bdk_chain::local_chain::LocalChain;
    use bdk_chain::{BlockId as Anchor, CanonicalizationParams, TxGraph};
    use bitcoin::hashes::Hash;
    use bitcoin::{BlockHash, ScriptBuf, Sequence, TxIn, TxOut, Witness, absolute, transaction};
    use proptest::prelude::Strategy;
    use proptest::test_runner::{Config, RngSeed};

    use super::*;
    use crate::light_client::height::BlockId;
    use crate::store::wallet::{Placement, Sums};

    /// A transaction by the places of what it spends, and what is known of it.
    type Sketch = (Vec<(usize, u32)>, Option<u8>, Option<u8>, Option<u8>);

    fn sketches() -> impl Strategy<Value = Vec<Sketch>> {
        let spends = proptest::collection::vec((0..12_usize, 0..2_u32), 1..3);
        let known = || proptest::option::of(1..6_u8);
        proptest::collection::vec((spends, known(), known(), known()), 1..12)
    }

    /// Transactions in which each may spend earlier ones or outputs from elsewhere. One is in a
    /// block only if it is valid there.
    fn rows(sketches: &[Sketch]) -> BTreeMap<Txid, TransactionRow> {
        let mut txids: Vec<Txid> = Vec::new();
        let mut rows: BTreeMap<Txid, TransactionRow> = BTreeMap::new();
        let mut spent = BTreeSet::new();
        for (number, (spends, height, seen, left)) in sketches.iter().enumerate() {
            let outpoint = |&(at, vout): &(usize, u32)| {
                let elsewhere = Txid::hash(&[u8::try_from(at).unwrap()]);
                OutPoint::new(txids.get(at).copied().unwrap_or(elsewhere), vout)
            };
            let inputs: BTreeSet<OutPoint> = spends.iter().map(outpoint).collect();
            let transaction = made(number, &inputs);
            let parents_end = inputs.iter().filter_map(|input| rows.get(&input.txid));
            let lowest = parents_end
                .map(|parent| parent.placement.map(|placement| placement.block.height))
                .try_fold(Height::GENESIS, |lowest, height| height.map(|h| h.max(lowest)));
            let height = height.map(|height| Height::new(height.into()));
            let height = height.filter(|height| lowest.is_some_and(|lowest| *height >= lowest));
            let height = height.filter(|_| inputs.is_disjoint(&spent));
            let placement = height.map(|height| Placement {
                block: BlockId::new(height, block_hash(height.to_u32())),
                position: 0,
                time: WallTime::default(),
                scan: 1,
            });
            if placement.is_some() {
                spent.extend(inputs);
            }
            let seen = seen.map(|seen| WallTime::new(seen.into()));
            let left = left.map(|left| Height::new(left.into()));
            txids.push(transaction.compute_txid());
            rows.insert(
                transaction.compute_txid(),
                TransactionRow {
                    transaction,
                    signed_here: false,
                    announced: true,
                    handed_at: None,
                    canonical: false,
                    first_seen: WallTime::default(),
                    seen,
                    seen_by: 0,
                    left,
                    waits: false,
                    placement,
                    sums: Sums {
                        ours: true,
                        net: bitcoin::SignedAmount::ZERO,
                        fee: None,
                        entries: 0,
                    },
                },
            );
        }
        rows
    }

    fn made(number: usize, inputs: &BTreeSet<OutPoint>) -> Transaction {
        let input = |previous_output: &OutPoint| TxIn {
            previous_output: *previous_output,
            script_sig: ScriptBuf::new(),
            sequence: Sequence::MAX,
            witness: Witness::new(),
        };
        let value = bitcoin::Amount::from_sat(number as u64);
        Transaction {
            version: transaction::Version::TWO,
            lock_time: absolute::LockTime::ZERO,
            input: inputs.iter().map(input).collect(),
            output: vec![TxOut { value, script_pubkey: ScriptBuf::new() }; 2],
        }
    }

    fn block_hash(height: u32) -> BlockHash {
        BlockHash::hash(&height.to_le_bytes())
    }

    fn by_bdk(rows: &BTreeMap<Txid, TransactionRow>) -> HashSet<Txid> {
        let mut graph = TxGraph::<Anchor>::default();
        for (txid, row) in rows {
            let _ = graph.insert_tx(row.transaction.clone());
            if let Some(placement) = row.placement {
                let (height, hash) = (placement.block.height.to_u32(), placement.block.hash);
                let _ = graph.insert_anchor(*txid, Anchor { height, hash });
            }
            if let Some(height) = row.left.map(Height::to_u32) {
                let hash = BlockHash::hash(b"a block that was left");
                let _ = graph.insert_anchor(*txid, Anchor { height, hash });
            }
            if let Some(seen) = row.seen {
                let _ = graph.insert_seen_at(*txid, seen.to_unix());
            }
        }
        let chain = (0..10).map(|height| (height, block_hash(height))).collect();
        let chain = LocalChain::from_blocks(chain).unwrap();
        let params = CanonicalizationParams::default();
        graph
            .list_canonical_txs(&chain, chain.tip().block_id(), params)
            .map(|node| node.tx_node.txid)
            .collect()
    }

    proptest::proptest! {
        #![proptest_config(Config {
            cases: 4_000,
            rng_seed: RngSeed::Fixed(20_090_103),
            failure_persistence: None,
            ..Config::default()
        })]
        #[test]
        fn the_rule_is_that_of_bdk_chain(sketches in sketches()) {
            let rows = rows(&sketches);
            assert_eq!(canonical(&rows), by_bdk(&rows));
        }
    }
}
