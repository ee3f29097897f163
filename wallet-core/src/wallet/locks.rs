//! Owns which transactions the next block can't hold yet, by their lock times and the ages that they
//! ask for: no node keeps such a one, so nothing can be built on it.
//!
//! Refuses to know where the chain ends by itself: it is told.

use bitcoin::{Transaction, Txid};

use crate::command::StoreProblem;
use crate::finality::{self, ChainEnd, Lock};
use crate::light_client::height::BlockId;

use super::Wallet;

impl Wallet {
    /// Whether the wallet was told that the best chain ends there.
    #[must_use]
    pub fn ends_at(&self, tip: BlockId) -> bool {
        self.end.is_some_and(|(at, _)| at == tip)
    }

    /// The best chain ends there: by it the locks of what comes from now on are judged.
    pub fn set_end(&mut self, tip: BlockId, end: ChainEnd) {
        self.end = Some((tip, end));
    }

    /// Looks at the locks of all transactions that no block holds; whether what one of them waits for
    /// came, or went.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Wallet::abort).
    pub fn look_at_locks(&mut self) -> Result<bool, StoreProblem> {
        let mut changed = false;
        for txid in self.file.unplaced()? {
            changed |= self.look_at_lock(txid)?;
        }
        Ok(changed)
    }

    pub(super) fn look_at_lock(&mut self, txid: Txid) -> Result<bool, StoreProblem> {
        if self.end.is_none() {
            return Ok(false);
        }
        let Some(row) = self.file.transaction(txid)? else { return Ok(false) };
        let waits = self.lock_of(&row.transaction)?.is_some();
        if row.placement.is_some() || waits == row.waits {
            return Ok(false);
        }
        self.file.set_waits(txid, waits)?;
        Ok(true)
    }

    /// What keeps a transaction out of the next block, as far as the wallet was told where the chain
    /// ends.
    pub(super) fn lock_of(&self, transaction: &Transaction) -> Result<Option<Lock>, StoreProblem> {
        let Some((_, end)) = self.end else { return Ok(None) };
        finality::lock(transaction, end, |txid| self.file.place_of(txid))
    }

    /// Whether a transaction, or one that it stands on, waits for a height or a time.
    pub(super) fn is_early(&self, txid: Txid) -> Result<bool, StoreProblem> {
        Ok(self.ancestors([txid])?.0.values().any(|row| row.waits))
    }
}
