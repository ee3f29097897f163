//! Owns what is told of the wallet's own addresses, and of what was asked for at them.
//!
//! Refuses addresses that nobody was given and nobody paid: they are nobody's business yet.

use bitcoin::{Address, Amount};

use crate::keychain::{AccountName, DerivationIndex, KeychainId};

use super::{InvoiceState, Mark};

/// Which addresses are asked for; as it is by default, all that were given out or paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AddressQuery {
    /// Only those in this state.
    pub status: Option<AddressStatus>,
    /// Those of change too.
    pub change: bool,
    /// At most this many.
    pub limit: Option<u32>,
}

/// An address of the wallet that was given out or paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressRow {
    /// The address.
    pub address: Address,
    /// Its account.
    pub account: AccountName,
    /// Its chain of addresses.
    pub keychain: KeychainId,
    /// Its place in that chain.
    pub index: DerivationIndex,
    /// What became of it.
    pub status: AddressStatus,
    /// What was asked for.
    pub amount: Option<Amount>,
    /// When it was given out by this wallet, in Unix seconds.
    pub issued: Option<u64>,
    /// Until when the payment was asked for, in Unix seconds.
    pub expires: Option<u64>,
    /// What it was paid in all, in blocks or not.
    pub received: Amount,
    /// What of that is unspent.
    pub balance: Amount,
    /// How many payments that were.
    pub payments: u32,
    /// Its label.
    pub note: Option<String>,
    /// What a person should know of it.
    pub marks: Vec<Mark>,
}

/// What became of an address. Of one at which an amount was asked for, how far that is; see
/// [`InvoiceState`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressStatus {
    /// Never paid; no amount was asked for.
    Unused,
    /// Paid; no amount was asked for.
    Used,
    /// An amount is asked for and is not there yet.
    Open,
    /// The amount is there, and in no block yet.
    Pending,
    /// The amount is there, in blocks.
    Paid,
    /// The amount came after the time for it.
    Late,
    /// The time for it went by.
    Expired,
    /// It is not asked for any more.
    Cancelled,
}

impl AddressStatus {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Unused,
        Self::Used,
        Self::Open,
        Self::Pending,
        Self::Paid,
        Self::Late,
        Self::Expired,
        Self::Cancelled,
    ];

    /// The name that the command line and JSON use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::Used => "used",
            Self::Open => InvoiceState::Open.name(),
            Self::Pending => InvoiceState::Pending.name(),
            Self::Paid => InvoiceState::Paid.name(),
            Self::Late => InvoiceState::Late.name(),
            Self::Expired => InvoiceState::Expired.name(),
            Self::Cancelled => InvoiceState::Cancelled.name(),
        }
    }
}

impl From<InvoiceState> for AddressStatus {
    fn from(state: InvoiceState) -> Self {
        match state {
            InvoiceState::Open => Self::Open,
            InvoiceState::Pending => Self::Pending,
            InvoiceState::Paid => Self::Paid,
            InvoiceState::Late => Self::Late,
            InvoiceState::Expired => Self::Expired,
            InvoiceState::Cancelled => Self::Cancelled,
        }
    }
}
