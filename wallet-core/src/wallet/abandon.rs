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

impl Wallet {
    /// Gives up a payment with all that stands on it: its coins are free, and it is announced no
    /// more. Nothing of it is forgotten: if peers speak of it again or a block holds it, it counts.
    /// `handed_out` tells what a peer was given that did not say yet that it got it.
    ///
    /// # Errors
    /// [`CommandError::NoSuchTransaction`], [`CommandError::CannotAbandon`], or what the disk
    /// refused.
    pub fn abandon(
        &mut self,
        txid: Txid,
        handed_out: impl Fn(Txid) -> bool,
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
        if !row.signed_here && row.sums.fee.is_none() {
            return refused(AbandonProblem::NotOurs);
        }
        let mut line = self.descendants(txid)?.0;
        line.insert(txid, row);
        let is_out = |(by, row): &(&Txid, &TransactionRow)| handed_out(**by) || is_held(row, now);
        // Itself first: what stands on it is told of where that alone is in the way.
        let mut all = line.get_key_value(&txid).into_iter().chain(&line);
        if let Some((by, _)) = all.find(is_out) {
            return refused(AbandonProblem::Relayed { by: *by });
        }
        let mut changes = Vec::new();
        // What stands on it would make it count again.
        let standing = line.keys().filter(|other| **other != txid);
        for given_up in standing.chain([&txid]) {
            changes.extend(self.evict(*given_up)?);
        }
        Ok(changes)
    }
}

/// Whether a peer fetched or announced it so lately that nodes may still hold it; none holds what the
/// next block can't.
fn is_held(row: &TransactionRow, now: WallTime) -> bool {
    let last = now.to_unix().saturating_sub(UNCONFIRMED_LIFETIME.as_secs());
    row.announced && !row.waits && row.seen.is_some_and(|seen| seen.to_unix() >= last)
}
