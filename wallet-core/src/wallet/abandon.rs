//! Owns how a payment of the wallet is given up that will never be in a block: one that nobody took,
//! or whose coins somebody else spent.
//!
//! Refuses what a peer was given: nodes may hold it, and bring it into a block, and its coins with it.

use bitcoin::Txid;

use crate::command::{AbandonProblem, CommandError, TransactionChange};
use crate::light_client::time::WallTime;
use crate::limits::UNCONFIRMED_LIFETIME;
use crate::store::wallet::TransactionRow;

use super::Wallet;
use super::fold::Step;
use super::rivals::is_spend;

impl Wallet {
    /// Gives up a payment with all its versions and all that stands on it: its coins are free, and it
    /// is announced no more. Nothing of it is forgotten: if peers speak of it again or a block holds
    /// it, it counts.
    ///
    /// # Errors
    /// [`CommandError::NoSuchTransaction`], [`CommandError::CannotAbandon`], or what the disk
    /// refused.
    pub fn abandon(
        &mut self,
        txid: Txid,
        now: WallTime,
    ) -> Result<Vec<TransactionChange>, CommandError> {
        let row = self.file.transaction(txid)?.filter(|row| row.sums.ours);
        let row = row.ok_or(CommandError::NoSuchTransaction(txid))?;
        let refused = |why| Err(CommandError::CannotAbandon { txid, why });
        if row.placement.is_some() {
            return refused(AbandonProblem::Confirmed);
        }
        if !row.canonical {
            return refused(AbandonProblem::NotWaiting);
        }
        if !is_spend(&row) {
            return refused(AbandonProblem::NotOurs);
        }
        let all = self.with_versions(txid)?;
        // Itself first: what stands on it is told of where that alone is in the way.
        let mut in_turn = all.get_key_value(&txid).into_iter().chain(&all);
        if let Some((by, _)) = in_turn.find(|(_, row)| is_held(row, now)) {
            return refused(AbandonProblem::Relayed { by: *by });
        }
        // At once: of what is left for a moment, the others would count again.
        let mut step = Step::default();
        for given_up in all.keys() {
            step.touch(&self.file, *given_up)?;
            self.file.unsee(*given_up)?;
        }
        let changes = self.settle(step)?;
        for given_up in all.keys() {
            self.bury(*given_up)?;
        }
        Ok(changes)
    }
}

/// Whether a peer was given it, fetched it or announced it so lately that nodes may still hold it.
fn is_held(row: &TransactionRow, now: WallTime) -> bool {
    let last = now.to_unix().saturating_sub(UNCONFIRMED_LIFETIME.as_secs());
    let heard = row.seen.filter(|_| row.announced);
    heard.max(row.handed_at).is_some_and(|at| at.to_unix() >= last)
}
