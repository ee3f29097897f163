//! Owns how a payment of the wallet is given up that will never be in a block: one that nobody took,
//! or whose coins somebody else spent.
//!
//! Refuses what peers still relay: they would bring it into a block, and its coins with it.

use bitcoin::Txid;

use crate::command::{AbandonProblem, CommandError, TransactionChange};
use crate::light_client::time::WallTime;
use crate::limits::UNCONFIRMED_LIFETIME;
use crate::store::wallet::TransactionRow;

use super::Wallet;

impl Wallet {
    /// Gives up a payment with all that stands on it: its coins are free, and it is announced no
    /// more. Nothing of it is forgotten: if peers speak of it again or a block holds it, it counts.
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
        if !row.signed_here && row.sums.fee.is_none() {
            return refused(AbandonProblem::NotOurs);
        }
        let mut line = self.descendants(txid)?.0;
        line.insert(txid, row);
        if let Some((by, row)) = line.iter().find(|(_, row)| is_relayed(row, now)) {
            return refused(AbandonProblem::Relayed { by: *by, peers: row.seen_by });
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

/// Whether peers announced it so lately that it may still be with them.
fn is_relayed(row: &TransactionRow, now: WallTime) -> bool {
    let last = now.to_unix().saturating_sub(UNCONFIRMED_LIFETIME.as_secs());
    row.seen_by > 0 && row.seen.is_some_and(|seen| seen.to_unix() >= last)
}
