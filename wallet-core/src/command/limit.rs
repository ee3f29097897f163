//! Owns `Limit`, how much somebody may take from a wallet and where to, and `Overrun`, why a payment
//! is more than that.
//!
//! A limit is on what leaves the wallet, fee included, however the payment was asked for. Refuses
//! to be lifted by another limit: all of them hold.

use bitcoin::{Amount, ScriptBuf};

/// A bound on what leaves a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// No payment takes more than this.
    PerPayment(Amount),
    /// The payments of a time together take no more than this.
    Budget {
        /// How much.
        amount: Amount,
        /// In how many seconds, up to any moment.
        seconds: u32,
    },
    /// Nothing but these scripts and the wallet's own is paid.
    Destinations(Vec<ScriptBuf>),
}

/// Which limit a payment breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Overrun {
    /// More than one payment may take.
    #[error("it takes {leaves} with its fee, and {most} is the most for one payment")]
    PerPayment {
        /// What leaves the wallet.
        leaves: Amount,
        /// What may.
        most: Amount,
    },
    /// More than is left of a budget.
    #[error("it takes {leaves} with its fee, and {left} is left of the budget of {seconds} s")]
    Budget {
        /// What leaves the wallet.
        leaves: Amount,
        /// What may, now.
        left: Amount,
        /// The time of the budget, in seconds.
        seconds: u32,
    },
    /// An output pays somebody who is not on the list.
    #[error("it pays somebody who is not on the list of destinations")]
    Destination,
    /// An input of which it is not known what leaves the wallet by it.
    #[error("it spends something of which the wallet does not know how much it is")]
    UnknownInput,
    /// It takes the place of what somebody else asked for.
    #[error(
        "it replaces a payment, or what stands on one, that somebody else asked for: the owner replaces it"
    )]
    AnothersPayment,
}

impl Overrun {
    /// The stable name of the rule.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::PerPayment { .. } => "per_payment",
            Self::Budget { .. } => "budget",
            Self::Destination => "destination",
            Self::UnknownInput => "unknown_input",
            Self::AnothersPayment => "anothers_payment",
        }
    }
}
