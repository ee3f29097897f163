//! Owns what is asked and told when the money of other keys is brought into the wallet.
//!
//! Refuses private keys: what is looked for are public ones.

use bitcoin::{Amount, PublicKey};

use crate::keychain::AccountDescriptor;

use super::{Birthday, PsbtReview};

/// Whose money to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepRequest {
    /// The keys.
    pub sources: Vec<SweepSource>,
    /// Where the search begins.
    pub from: Birthday,
    /// How many unused addresses in a row end the search of an account.
    pub gap: u32,
}

/// A key, or a tree of keys, in public form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SweepSource {
    /// A single key, with all addresses that wallets make of one.
    Key(PublicKey),
    /// An account.
    Account(Box<AccountDescriptor>),
}

/// A payment of all that was found to this wallet, to be signed with the keys.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepDraft {
    /// What it spends and pays.
    pub review: PsbtReview,
    /// What was found and is left where it is: too young, or not worth its fee, or too much for
    /// one transaction.
    pub left: Amount,
}
