//! Owns what is known of the transactions whose place a payment would take: who asked for them, and what was
//! counted for them.
//!
//! Refuses to take a place over in part: where a payment spends only some coins of another, nodes may keep
//! both of what that one replaced and this payment, so both count.

use std::collections::BTreeSet;

use bitcoin::{OutPoint, ScriptBuf, Transaction, Txid};

use crate::command::StoreProblem;
use crate::store::wallet::{Counted, TransactionRow};

use super::Wallet;
use super::graph::inputs;

/// What falls for a payment.
#[derive(Debug, Default)]
pub(super) struct Displaced {
    /// Whether somebody else asked for any of it.
    pub is_anothers: bool,
    /// What was counted for it on behalf of the same asker. The payment is counted instead.
    pub own: Vec<Counted>,
    /// What was counted for it on behalf of others.
    pub others: Vec<Counted>,
}

impl Wallet {
    /// What falls for a transaction that somebody asks for, as the table of what was spent names them.
    pub(super) fn displaced(
        &self,
        asker: &str,
        transaction: &Transaction,
    ) -> Result<Displaced, StoreProblem> {
        let coins: BTreeSet<OutPoint> = inputs(transaction).collect();
        let mut rivals = BTreeSet::new();
        for coin in &coins {
            rivals.extend(self.file.spenders(*coin)?);
        }
        let mut displaced = Displaced::default();
        for rival in rivals {
            let Some(row) = self.file.transaction(rival)? else { continue };
            if unsigned(&row.transaction) == unsigned(transaction) {
                continue;
            }
            if row.canonical && self.is_anothers(asker, rival, &row)? {
                displaced.is_anothers = true;
            }
            if !inputs(&row.transaction).all(|coin| coins.contains(&coin)) {
                continue;
            }
            let counted = self.file.counted(unsigned(&row.transaction))?;
            let (own, others): (Vec<_>, _) =
                counted.into_iter().partition(|one| one.asker == asker);
            displaced.own.extend(own);
            displaced.others.extend(others);
        }
        Ok(displaced)
    }

    /// Whether somebody else asked for a transaction, or for one that was signed here and stands on it.
    fn is_anothers(
        &self,
        asker: &str,
        txid: Txid,
        row: &TransactionRow,
    ) -> Result<bool, StoreProblem> {
        let falling = self.descendants(txid)?;
        let falling = falling.0.values().filter(|row| row.signed_here);
        for row in falling.chain([row]) {
            let counted = self.file.counted(unsigned(&row.transaction))?;
            if counted.iter().all(|one| one.asker != asker) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The number of a transaction without its signatures.
fn unsigned(transaction: &Transaction) -> Txid {
    let mut bare = transaction.clone();
    bare.input.iter_mut().for_each(|input| input.script_sig = ScriptBuf::new());
    bare.compute_txid()
}
