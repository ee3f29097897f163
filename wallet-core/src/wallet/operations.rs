//! Owns the wallet's operations: a rescan that somebody asked for is a search for old payments with
//! a number.
//!
//! Refuses two rescans at a time, and to forget anything for a rescan: cursor, coins and confirmations stay
//! as they are, and what was overlooked is added.

use crate::command::{
    Birthday, CommandError, Operation, OperationId, OperationState, StoreProblem,
};
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;
use crate::limits::DRAFT_LIFETIME;
use crate::store::wallet::{ScanState, SearchedAccount};

use super::Wallet;
use super::search_start::lower;

impl Wallet {
    /// Begins a search for payments to every script in all blocks since then; a search that goes on
    /// is widened. `first_since` says which block is not above the first one since a time.
    ///
    /// # Errors
    /// [`CommandError::Rescanning`], or what the disk refused; then [`abort`](Wallet::abort).
    pub fn begin_rescan(
        &mut self,
        from: Birthday,
        first_since: impl Fn(WallTime) -> Height,
        now: WallTime,
    ) -> Result<OperationId, CommandError> {
        if let Some(running) = self.file.running_operation()? {
            return Err(CommandError::Rescanning(running.id));
        }
        let scan = self.file.scan()?;
        let searches: Vec<_> = self.searches.values().copied().collect();
        for searched in searches {
            // A search that goes on has not looked at everything.
            let start =
                if scan.searching { lower(from, searched.start, &first_since) } else { from };
            self.set_search(SearchedAccount { start, ..searched })?;
        }
        for state in self.keychains.values_mut() {
            state.searched = 0;
            self.file.set_keychain(state)?;
        }
        // No turns: all scripts are watched already.
        let turn = self.searches.values().map(|account| account.turn).max().unwrap_or(0);
        let scan = ScanState { searching: true, turn, ..scan };
        self.file.set_scan(&scan)?;
        self.release(&scan)?;
        Ok(self.file.begin_operation(from, now)?)
    }

    /// The rescan that goes on.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn running_operation(&self) -> Result<Option<Operation>, StoreProblem> {
        self.file.running_operation()
    }

    /// The operation of this number.
    ///
    /// # Errors
    /// [`CommandError::NoSuchOperation`], or what the disk refused.
    pub fn operation(&self, id: OperationId) -> Result<Operation, CommandError> {
        self.file.operation(id)?.ok_or(CommandError::NoSuchOperation(id.0))
    }

    /// Nobody waits for an operation any more; whether it went on. The search itself comes to its
    /// end: of what it found by now, half is known.
    ///
    /// # Errors
    /// [`CommandError::NoSuchOperation`], or what the disk refused.
    pub fn cancel_operation(
        &mut self,
        id: OperationId,
        now: WallTime,
    ) -> Result<bool, CommandError> {
        let runs = self.operation(id)?.state == OperationState::Running;
        if runs {
            self.file.end_operation(id, true, now)?;
            self.file.release_signed_draft(id, now.after(DRAFT_LIFETIME))?;
        }
        Ok(runs)
    }
}
