//! Owns the relatives of a transaction that no block holds: what it stands on, and what stands on
//! it.
//!
//! Refuses what does not count: a replaced transaction is nobody's relative here.

use std::collections::BTreeMap;

use bitcoin::{Amount, Txid, Weight};

use crate::command::{CommandError, StoreProblem};
use crate::limits::{HEAVIEST_LINE, LONGEST_LINE};
use crate::store::wallet::{LeanCoin, TransactionRow};

use super::Wallet;
use super::graph::inputs;

/// Transactions that no block holds, as far as the wallet knows them.
#[derive(Debug, Default)]
pub(super) struct Lineage(pub(super) BTreeMap<Txid, TransactionRow>);

impl Lineage {
    /// What all of them weigh.
    pub(super) fn weight(&self) -> Weight {
        self.0.values().map(|row| row.transaction.weight()).sum()
    }

    /// What all of them pay, and whether that is known of each.
    pub(super) fn fees(&self) -> (Amount, bool) {
        let known = self.0.values().filter_map(|row| row.sums.fee).sum();
        (known, self.0.values().all(|row| row.sums.fee.is_some()))
    }
}

impl Wallet {
    /// These transactions with all that they stand on, as far as no block holds it.
    pub(super) fn ancestors(
        &self,
        starts: impl IntoIterator<Item = Txid>,
    ) -> Result<Lineage, StoreProblem> {
        self.walk(starts.into_iter().collect(), |row| {
            Ok(inputs(&row.transaction).map(|spent| spent.txid).collect())
        })
    }

    /// All that stands on a transaction, without itself.
    pub(super) fn descendants(&self, txid: Txid) -> Result<Lineage, StoreProblem> {
        self.walk(self.file.unplaced_children(txid)?, |row| {
            self.file.unplaced_children(row.transaction.compute_txid())
        })
    }

    /// Whether nodes keep one more transaction, of this weight, that spends this one: of those that no block
    /// holds they keep so many that stand on each other (Bitcoin Core's limits of ancestors and of descendants;
    /// its clusters since 31.0 may be larger).
    pub(super) fn has_room(&self, txid: Txid, weight: Weight) -> Result<bool, StoreProblem> {
        let line = self.ancestors([txid])?;
        Ok(line.0.len() < LONGEST_LINE && self.carries(&line, weight)?)
    }

    /// Whether nodes keep one more transaction, of this weight, on what these begin with.
    fn carries(&self, line: &Lineage, weight: Weight) -> Result<bool, StoreProblem> {
        let begins = |row: &&TransactionRow| {
            inputs(&row.transaction).all(|spent| !line.0.contains_key(&spent.txid))
        };
        for first in line.0.values().filter(begins) {
            // What strangers say to stand there costs them nothing, and would keep the change from its owner.
            let standing_on = self.descendants(first.transaction.compute_txid())?;
            let own = standing_on.0.values().filter(|row| row.signed_here);
            let (count, heavy) = own.fold((0, Weight::ZERO), |(count, heavy), row| {
                (count + 1, heavy + row.transaction.weight())
            });
            let heavy = first.transaction.weight() + heavy + weight;
            if count + 1 >= LONGEST_LINE || heavy > HEAVIEST_LINE {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether nodes keep a transaction of this weight that spends these.
    ///
    /// # Errors
    /// If not, or what the disk refused.
    pub(super) fn check_line(
        &self,
        spent: &[LeanCoin],
        weight: Weight,
    ) -> Result<(), CommandError> {
        let pending = spent.iter().filter(|coin| coin.height.is_none());
        let line = self.ancestors(pending.map(|coin| coin.outpoint.txid))?;
        let is_short = line.0.len() < LONGEST_LINE && line.weight() + weight <= HEAVIEST_LINE;
        if line.0.is_empty() || (is_short && self.carries(&line, weight)?) {
            return Ok(());
        }
        Err(CommandError::LineTooLong { most: LONGEST_LINE })
    }

    fn walk(
        &self,
        mut open: Vec<Txid>,
        next: impl Fn(&TransactionRow) -> Result<Vec<Txid>, StoreProblem>,
    ) -> Result<Lineage, StoreProblem> {
        let mut found = BTreeMap::new();
        while let Some(txid) = open.pop() {
            if found.contains_key(&txid) {
                continue;
            }
            let Some(row) = self.file.transaction(txid)? else { continue };
            if row.placement.is_none() && row.canonical {
                open.extend(next(&row)?);
                found.insert(txid, row);
            }
        }
        Ok(Lineage(found))
    }
}
