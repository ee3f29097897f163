//! Owns `SearchReport`: what a search for old payments covers, and what it found.
//!
//! Refuses to promise: below an account's `start`, and beyond its gap, nothing was looked for.

use bitcoin::Amount;

use crate::keychain::AccountId;
use crate::light_client::height::BlockId;

use super::Birthday;

/// What a search for old payments covers and has found: the one that goes on, else the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchReport {
    /// Where and when it came to its end; `None` while it goes on.
    pub end: Option<SearchEnd>,
    /// Account by account.
    pub accounts: Vec<AccountSearch>,
}

/// The end of a search: every block up to here was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchEnd {
    /// The tip.
    pub tip: BlockId,
    /// When, in Unix seconds.
    pub at: u64,
}

/// The search for one account's payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountSearch {
    /// Which.
    pub account: AccountId,
    /// Where it begins: the account's birthday, or where a rescan was asked for; or the first block
    /// in which an account of its kind can be paid.
    pub start: Birthday,
    /// How many unused addresses in a row end it, of those that are given out.
    pub gap: u32,
    /// The same for change.
    pub change_gap: u32,
    /// Which pass over the chain searches for it; the first is 0.
    pub turn: u32,
    /// Addresses that are given out.
    pub receive: ChainSearch,
    /// Addresses of change.
    pub change: ChainSearch,
}

/// The search for payments to one chain of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChainSearch {
    /// How many addresses are looked for, from the first on.
    pub searched: u32,
    /// One more than the index of the last one that was paid; 0 if none was.
    pub used: u32,
    /// How many of them were paid.
    pub paid: u32,
    /// How often, in all.
    pub payments: u32,
    /// How much, in all, spent or not.
    pub received: Amount,
}

impl SearchReport {
    /// How often addresses of any account were paid.
    #[must_use]
    pub fn payments(&self) -> u32 {
        self.accounts.iter().map(|account| account.receive.payments + account.change.payments).sum()
    }
}
