//! Owns what there is to spend: the parts of a balance, and coins, and which of them are asked for.
//!
//! Refuses to choose among them.

use bitcoin::{Address, Amount, OutPoint, ScriptBuf};

use crate::keychain::{AccountName, DerivationIndex, KeychainId};
use crate::light_client::height::Height;

use super::Mark;

/// What there is, all accounts together, and by account. The four parts are disjoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Balance {
    /// The sum over all accounts.
    pub total: BalanceParts,
    /// What a payment may take now, of all accounts: what is confirmed, and own change in no block that it may
    /// stand on; not what a draft holds, nor what stays at addresses that were spent from where these are left alone.
    pub spendable: Amount,
    /// Each account that ever had a coin, or all new ones, in the order of their ids.
    pub accounts: Vec<(AccountName, BalanceParts)>,
}

/// The disjoint parts of a balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BalanceParts {
    /// In blocks, spendable, not frozen.
    pub confirmed: Amount,
    /// Not in a block yet: own change and payments seen.
    pub pending: Amount,
    /// Mined, but younger than 100 blocks.
    pub immature: Amount,
    /// Frozen by the user.
    pub frozen: Amount,
}

/// An unspent output of the wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent marks, as they are stored")]
pub struct Coin {
    /// Which output.
    pub outpoint: OutPoint,
    /// How much.
    pub amount: Amount,
    /// The address that holds it.
    pub address: Address,
    /// Its account.
    pub account: AccountName,
    /// Its chain of addresses.
    pub keychain: KeychainId,
    /// Its place in that chain.
    pub index: DerivationIndex,
    /// Its block, if it has one.
    pub height: Option<Height>,
    /// Whether it comes from a coinbase that is younger than 100 blocks.
    pub immature: bool,
    /// Whether the user froze it.
    pub frozen: bool,
    /// Whether a draft holds it.
    pub reserved: bool,
    /// Whether something was spent from its address once.
    pub spent_from: bool,
    /// The label of its address.
    pub address_note: Option<String>,
    /// Its label, or that of its address, or that of the transaction that paid it from outside.
    pub note: Option<String>,
    /// What a person should know of it.
    pub marks: Vec<Mark>,
}

/// Which coins are asked for; as it is by default, all, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CoinQuery {
    /// Those from a place on.
    Page {
        /// The place, and the order.
        from: CoinPlace,
        /// At most this many.
        limit: Option<u32>,
    },
    /// Those at these scripts.
    At(Vec<ScriptBuf>),
    /// Those of these outputs that are coins.
    These(Vec<OutPoint>),
    /// Those that the user froze.
    Frozen,
}

/// A place among coins in one of two orders: by age, the lowest block first and what no block holds
/// last, or by value, the largest first. Coins that are equal in that are told by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CoinPlace {
    /// The oldest.
    #[default]
    Oldest,
    /// After this one, by age.
    YoungerThan(Option<Height>, OutPoint),
    /// The largest.
    Largest,
    /// After this one, by value.
    SmallerThan(Amount, OutPoint),
}

impl Default for CoinQuery {
    fn default() -> Self {
        Self::Page { from: CoinPlace::default(), limit: None }
    }
}
