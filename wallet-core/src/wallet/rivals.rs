//! Owns what spends the same coins as a transaction in no block: its rivals, the wallet's own versions
//! among them, and the time by which one goes before the others.
//!
//! Refuses to choose between them: that is the graph's.

use std::collections::BTreeMap;

use bitcoin::{Transaction, Txid};

use crate::command::StoreProblem;
use crate::light_client::time::WallTime;
use crate::store::wallet::TransactionRow;

use super::Wallet;
use super::graph::inputs;

impl Wallet {
    /// What else spends what a transaction spends.
    pub(super) fn rivals(
        &self,
        txid: Txid,
        transaction: &Transaction,
    ) -> Result<Vec<TransactionRow>, StoreProblem> {
        let mut rivals = Vec::new();
        for spent in inputs(transaction) {
            for rival in self.file.spenders(spent)?.into_iter().filter(|rival| *rival != txid) {
                rivals.extend(self.file.transaction(rival)?);
            }
        }
        Ok(rivals)
    }

    /// Whether a payment signed here was made to replace a transaction, or one that it stands on.
    pub(super) fn is_replaced_here(&self, txid: Txid) -> Result<bool, StoreProblem> {
        let mut open = vec![txid];
        let mut seen = std::collections::HashSet::new();
        while let Some(txid) = open.pop() {
            if !seen.insert(txid) || !self.file.is_unplaced(txid)? {
                continue;
            }
            if self.file.is_replaced(txid)? {
                return Ok(true);
            }
            let row = self.file.transaction(txid)?;
            open.extend(
                row.iter().flat_map(|row| inputs(&row.transaction)).map(|spent| spent.txid),
            );
        }
        Ok(false)
    }

    /// A transaction, what stands on it, and all that the wallet made of the same coins: what was
    /// replaced counts again where its replacement does not.
    pub(super) fn with_versions(
        &self,
        txid: Txid,
    ) -> Result<BTreeMap<Txid, TransactionRow>, StoreProblem> {
        let mut found = BTreeMap::new();
        let mut open = vec![txid];
        while let Some(txid) = open.pop() {
            let Some(row) = self.file.transaction(txid)? else { continue };
            if found.contains_key(&txid) || row.placement.is_some() {
                continue;
            }
            open.extend(self.file.unplaced_children(txid)?);
            if is_spend(&row) {
                let rivals = self.rivals(txid, &row.transaction)?;
                let own = rivals.into_iter().filter(is_spend);
                open.extend(own.map(|rival| rival.transaction.compute_txid()));
            }
            found.insert(txid, row);
        }
        Ok(found)
    }
}

/// Whether it spends from the wallet: signed here, or by another wallet with the same keys.
pub(super) fn is_spend(row: &TransactionRow) -> bool {
    row.signed_here || row.sums.fee.is_some()
}

/// The time at which a transaction is spoken of, by which it goes before its rivals. A payment signed
/// here in the place of another has a time after that one's, and keeps it wherever the clock goes.
pub(super) fn spoken_of(
    row: &TransactionRow,
    rivals: &[TransactionRow],
    now: WallTime,
) -> WallTime {
    let kept = row.seen.filter(|_| row.signed_here && !rivals.is_empty());
    kept.map_or(now, |seen| seen.max(now))
}
