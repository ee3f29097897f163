//! Owns what is known of an invoice: an address at which an amount is asked for, by a person or by a
//! program, and how far its payment is.
//!
//! Refuses an opinion on what to do with too much, too little, or what came too late.

use bitcoin::{Address, Amount, OutPoint};

use crate::light_client::height::Height;

/// What an invoice is made from. It gets an address that nobody was given before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvoice {
    /// How much is asked for.
    pub amount: Amount,
    /// What it is for; kept as the address's label.
    pub label: Option<String>,
    /// How many seconds it is good for; `None`: for ever.
    pub lasts: Option<u32>,
    /// How many confirmations a payment must have to count; 0: none.
    pub least_depth: u32,
}

/// Which invoices are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceQuery {
    /// That of this number.
    Id(u64),
    /// All, in the order of their numbers.
    Page {
        /// Only those above this number.
        after: u64,
        /// At most this many.
        limit: u32,
        /// Only those in this state.
        state: Option<InvoiceState>,
    },
}

/// An address at which an amount is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Its number.
    pub id: u64,
    /// Its address.
    pub address: Address,
    /// All of it in one text (BIP321).
    pub uri: String,
    /// How much is asked for.
    pub amount: Amount,
    /// What it is for.
    pub label: Option<String>,
    /// Since when, in Unix seconds.
    pub created: u64,
    /// Until when, in Unix seconds.
    pub expires: Option<u64>,
    /// When it was taken back, in Unix seconds.
    pub cancelled: Option<u64>,
    /// How many confirmations a payment must have to count.
    pub least_depth: u32,
    /// How far it is.
    pub state: InvoiceState,
    /// What its address was paid, in the order of the outpoints.
    pub payments: Vec<InvoicePayment>,
}

/// One output that pays an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvoicePayment {
    /// Which.
    pub outpoint: OutPoint,
    /// How much.
    pub amount: Amount,
    /// Its block.
    pub height: Option<Height>,
}

/// How far an invoice is. It follows from the chain, so a reorganisation can set it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InvoiceState {
    /// Less than the amount is there.
    Open,
    /// The amount was there in time, and has not all its confirmations.
    Pending,
    /// The amount was there in time, and is confirmed.
    Paid,
    /// The amount was there only after the time had gone by, or after the invoice was taken back.
    Late,
    /// The time went by before the amount was there.
    Expired,
    /// It was taken back before the amount was there.
    Cancelled,
}

/// News of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvoiceChange {
    /// Its number.
    pub id: u64,
    /// How far it is now.
    pub state: InvoiceState,
    /// What its address was paid, in blocks or not.
    pub received: Amount,
}

impl Invoice {
    /// What its address was paid, in blocks or not.
    #[must_use]
    pub fn received(&self) -> Amount {
        sum(self.payments.iter())
    }

    /// What its address was paid in blocks.
    #[must_use]
    pub fn confirmed(&self) -> Amount {
        sum(self.payments.iter().filter(|payment| payment.height.is_some()))
    }
}

impl InvoiceState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Pending, Self::Paid, Self::Late, Self::Expired, Self::Cancelled];

    /// The name that JSON and the wallet's file use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Late => "late",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// Outputs of valid transactions are never more than there can be.
fn sum<'a>(payments: impl Iterator<Item = &'a InvoicePayment>) -> Amount {
    payments.fold(Amount::ZERO, |sum, payment| sum.checked_add(payment.amount).unwrap_or(sum))
}
