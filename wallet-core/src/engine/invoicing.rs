//! Owns when invoices are looked at again: after transactions of the step, after a block, and when
//! the next one expires.
//!
//! Refuses to say how far they are: the wallet does.

use std::collections::BTreeSet;
use std::time::Duration;

use bitcoin::Txid;

use crate::command::{InvoiceChange, StoreProblem};
use crate::light_client::height::BlockId;
use crate::light_client::time::{MonoTime, Now, WallTime};
use crate::wallet::{InvoiceReview, Wallet};

/// What is to be looked at again.
#[derive(Debug)]
pub(super) struct Invoicing {
    /// Transactions that changed.
    touched: BTreeSet<Txid>,
    /// Up to which block the chain was known the last time.
    applied: Option<BlockId>,
    /// When the next one expires; at once, until that was read.
    due: Option<MonoTime>,
}

impl Invoicing {
    pub(super) fn new(applied: Option<BlockId>) -> Self {
        Self { touched: BTreeSet::new(), applied, due: Some(MonoTime::START) }
    }

    pub(super) fn touch(&mut self, txid: Txid) {
        self.touched.insert(txid);
    }

    /// Reads anew when the next one expires.
    pub(super) fn look_again(&mut self) {
        self.due = Some(MonoTime::START);
    }

    /// When the next one expires.
    pub(super) const fn due(&self) -> Option<MonoTime> {
        self.due
    }

    /// Writes how far the invoices are by now, and tells what changed. `applied`: up to which block
    /// the chain is known.
    pub(super) fn review(
        &mut self,
        wallet: &mut Wallet,
        applied: Option<BlockId>,
        now: Now,
    ) -> Result<Vec<InvoiceChange>, StoreProblem> {
        let moved = self.applied != applied;
        let touched = std::mem::take(&mut self.touched);
        let is_due = self.due.is_some_and(|due| due <= now.mono);
        if moved || is_due || !touched.is_empty() {
            let applied = applied.map(|applied| applied.height);
            let review = InvoiceReview { touched: &touched, applied, moved, now: now.wall };
            wallet.review_invoices(&review)?;
        }
        self.applied = applied;
        let changes = wallet.take_invoice_changes();
        if is_due || !changes.is_empty() {
            let due = |at: WallTime| now.mono.after(at.since(now.wall) + ONE_SECOND);
            self.due = wallet.next_expiry()?.map(due);
        }
        Ok(changes)
    }
}

/// They expire when their last second is over.
const ONE_SECOND: Duration = Duration::from_secs(1);
