//! Owns how far invoices are: what follows from the chain and the clock for each address at which an
//! amount is asked for, written down with the same commit.
//!
//! Refuses to believe what was said before: a payment that leaves its block makes an invoice open
//! again.

use std::collections::BTreeSet;
use std::time::Duration;

use bitcoin::Txid;

use crate::command::{
    CommandError, Happened, Invoice, InvoiceChange, InvoiceQuery, InvoiceState, NewInvoice,
    StoreProblem, kept_text,
};
use crate::keychain::{Branch, KeychainId};
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;
use crate::limits::{INVOICE_DEPTH, LISTED_PAYMENTS};
use crate::recipient::Payee;
use crate::store::wallet::{InvoiceRow, InvoiceSums, Issued, ScriptPlace};

use super::Wallet;

/// What happened that invoices can depend on.
#[derive(Debug, Clone, Copy)]
pub struct InvoiceReview<'a> {
    /// Transactions that changed.
    pub touched: &'a BTreeSet<Txid>,
    /// Up to which block the chain is known.
    pub applied: Option<Height>,
    /// Whether that is another block than the last time.
    pub moved: bool,
    /// When.
    pub now: WallTime,
}

impl Wallet {
    /// Makes an invoice with an address of the preferred type.
    ///
    /// # Errors
    /// [`CommandError::AddressesExhausted`], or what the disk refused.
    pub fn add_invoice(
        &mut self,
        new: &NewInvoice,
        now: WallTime,
    ) -> Result<Invoice, CommandError> {
        let account = self.description.preferred;
        let keychain = KeychainId { account, branch: Branch::Receive };
        let index = self.issue(keychain)?;
        let issued = Issued {
            index,
            amount: Some(new.amount),
            note: new.label.as_deref().and_then(|label| kept_text(label).0),
            expires: new.lasts.map(|lasts| now.after(Duration::from_secs(lasts.into()))),
            least_depth: Some(new.least_depth),
        };
        self.give_out(keychain, &issued, now)?;
        let id = self.file.invoice_at(ScriptPlace { keychain, index })?;
        self.invoice(id.unwrap_or_default())
    }

    /// Takes an invoice back. What is paid to it later is late.
    ///
    /// # Errors
    /// [`CommandError::NoSuchInvoice`], [`CommandError::InvoiceSettled`], or what the disk refused.
    pub fn cancel_invoice(&mut self, id: u64, now: WallTime) -> Result<Invoice, CommandError> {
        match self.invoice(id)?.state {
            InvoiceState::Cancelled => return self.invoice(id),
            InvoiceState::Open | InvoiceState::Expired => {}
            state => return Err(CommandError::InvoiceSettled { id, state }),
        }
        self.file.cancel_invoice(id, now)?;
        // Without the whole amount no depth counts.
        self.review_invoice(id, None, now)?;
        self.invoice(id)
    }

    /// Invoices, in the order of their numbers.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn invoices(&self, query: &InvoiceQuery) -> Result<Vec<Invoice>, StoreProblem> {
        let query = match *query {
            InvoiceQuery::Page { after, limit, state } => {
                InvoiceQuery::Page { after, limit: limit.min(LISTED_PAYMENTS), state }
            }
            one @ InvoiceQuery::Id(_) => one,
        };
        self.file.invoices(&query)?.into_iter().map(|row| self.told_invoice(row)).collect()
    }

    /// Writes how far the invoices are that what happened can concern.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Wallet::abort).
    pub fn review_invoices(&mut self, review: &InvoiceReview<'_>) -> Result<(), StoreProblem> {
        let mut ids: BTreeSet<u64> = self.file.overdue_invoices(review.now)?.into_iter().collect();
        for txid in review.touched {
            ids.extend(self.file.invoices_paid_by(*txid)?);
        }
        if review.moved {
            // Deeper than this, no block more or less makes a difference.
            let above = review.applied.map(|applied| applied.down(INVOICE_DEPTH));
            ids.extend(self.file.invoices_near_tip(above)?);
        }
        ids.into_iter().try_for_each(|id| self.review_invoice(id, review.applied, review.now))
    }

    /// When the next open invoice expires.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn next_expiry(&self) -> Result<Option<WallTime>, StoreProblem> {
        self.file.next_expiry()
    }

    /// What happened to invoices since the last call.
    pub fn take_invoice_changes(&mut self) -> Vec<InvoiceChange> {
        std::mem::take(&mut self.invoice_changes)
    }

    /// Tells of an invoice, with the commit in which it is as it is told.
    pub(super) fn note_invoice(&mut self, change: InvoiceChange) -> Result<(), StoreProblem> {
        let InvoiceChange { id, state, received } = change;
        self.file.append_journal(&Happened::Invoice { id, state, received })?;
        self.invoice_changes.push(change);
        Ok(())
    }

    fn invoice(&self, id: u64) -> Result<Invoice, CommandError> {
        let row = self.file.invoices(&InvoiceQuery::Id(id))?.pop();
        Ok(self.told_invoice(row.ok_or(CommandError::NoSuchInvoice(id))?)?)
    }

    fn review_invoice(
        &mut self,
        id: u64,
        applied: Option<Height>,
        now: WallTime,
    ) -> Result<(), StoreProblem> {
        let Some(row) = self.file.invoices(&InvoiceQuery::Id(id))?.pop() else { return Ok(()) };
        let sums = self.file.invoice_sums(&row, applied)?;
        let state = state(&row, &sums, now);
        if state != row.state {
            self.file.set_invoice_state(id, state)?;
            self.note_invoice(InvoiceChange { id, state, received: sums.received })?;
        }
        Ok(())
    }

    fn told_invoice(&self, row: InvoiceRow) -> Result<Invoice, StoreProblem> {
        let address = self.address(row.place)?;
        let payee = Payee {
            address: address.clone(),
            amount: Some(row.amount),
            label: None,
            message: row.label.clone(),
        };
        Ok(Invoice {
            id: row.id,
            address,
            uri: payee.uri(),
            amount: row.amount,
            label: row.label,
            created: row.created.to_unix(),
            expires: row.expires.map(WallTime::to_unix),
            cancelled: row.cancelled.map(WallTime::to_unix),
            least_depth: row.least_depth,
            state: row.state,
            payments: self.file.payments_to(row.place)?,
        })
    }
}

fn state(row: &InvoiceRow, sums: &InvoiceSums, now: WallTime) -> InvoiceState {
    if sums.in_time >= row.amount {
        if sums.deep >= row.amount { InvoiceState::Paid } else { InvoiceState::Pending }
    } else if sums.received >= row.amount {
        InvoiceState::Late
    } else if row.cancelled.is_some() {
        InvoiceState::Cancelled
    } else if row.expires.is_some_and(|expires| expires < now) {
        InvoiceState::Expired
    } else {
        InvoiceState::Open
    }
}
