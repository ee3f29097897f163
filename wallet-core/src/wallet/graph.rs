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
    let mut order: Vec<(&Txid, &TransactionRow)> = rows.iter().collect();
    order.sort_by_key(|(txid, row)| Reverse((Standing::of(row), **txid)));
    let mut counted = HashSet::new();
    for (txid, _) in order {
        let line = lineage(rows, *txid, &counted);
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
    Left(Option<Height>),
    Seen(WallTime),
    Placed(Height),
}

impl Standing {
    fn of(row: &TransactionRow) -> Self {
        match (row.placement, row.seen) {
            (Some(placement), _) => Self::Placed(placement.block.height),
            (None, Some(seen)) => Self::Seen(seen),
            (None, None) => Self::Left(row.left),
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
