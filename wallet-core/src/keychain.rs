//! Owns accounts and what they derive: descriptors of two branches (BIP380, BIP389), their scripts,
//! what spending those takes, and the standard accounts of BIP44, BIP49, BIP84 and BIP86.
//!
//! Refuses private keys: everything here is derived from xpubs.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use bitcoin::secp256k1::{All, Secp256k1};
use serde::{Deserialize, Serialize};

pub use account::Account;
pub use body::body_of;
pub(crate) use body::check_bounds;
pub use definite::{definite, derived};
pub use descriptor::{AccountDescriptor, Chains, has_repeated_step};
pub use descriptor_error::DescriptorError;
pub use held_key_name::{HeldKeyName, PublicHalf};
pub use key::{AccountKey, KeyUse};
pub(crate) use key::{holds_private_key, parse_origin, parse_path};
pub use kind::AccountKind;
pub use name::{AccountName, ParseAccountNameError};
pub use rule::SpendRule;
pub use single_key::StandardAccount;
pub use spend::{SpendPath, SpendPlan};
pub use template::{Template, TemplateError, TemplatePolicy, TemplateScript};
pub use wallet_policy::WalletPolicy;

mod name;
mod descriptor_error;
mod body;
mod definite;
mod key;
mod held_key_name;
mod kind;
mod spend;
mod rule;
mod descriptor;
mod template;
mod wallet_policy;
mod single_key;
mod account;

/// The curve's tables, made once: they are the costly part of deriving one key.
pub(crate) static SECP: LazyLock<Secp256k1<All>> = LazyLock::new(Secp256k1::new);

/// The type of the addresses of an account; of one key it fixes the BIP43 purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScriptType {
    /// `pkh`, BIP44.
    Legacy,
    /// `sh(wpkh)`, BIP49.
    Nested,
    /// `wpkh`, BIP84.
    Segwit,
    /// `tr` with key path only, BIP86.
    Taproot,
}

impl ScriptType {
    /// All of them, newest first.
    pub const ALL: [Self; 4] = [Self::Taproot, Self::Segwit, Self::Nested, Self::Legacy];

    /// The BIP43 purpose, which is also the number of the BIP.
    #[must_use]
    pub const fn purpose(self) -> u32 {
        match self {
            Self::Legacy => 44,
            Self::Nested => 49,
            Self::Segwit => 84,
            Self::Taproot => 86,
        }
    }

    /// The name that the command line and JSON use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Nested => "nested",
            Self::Segwit => "segwit",
            Self::Taproot => "taproot",
        }
    }
}

impl fmt::Display for ScriptType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ScriptType {
    type Err = ParseScriptTypeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|t| t.name() == text).ok_or(ParseScriptTypeError)
    }
}

/// The text names no script type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a script type: write taproot, segwit, nested or legacy")]
pub struct ParseScriptTypeError;

/// Which of an account's two chains (BIP44, "Change").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Branch {
    /// Addresses that are given out; branch 0.
    Receive,
    /// Change; branch 1.
    Change,
}

impl Branch {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Receive, Self::Change];

    /// The number in the derivation path.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Receive => 0,
            Self::Change => 1,
        }
    }
}

/// An account within its wallet: a number that never changes and is never given again. The first
/// account has 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountId(u16);

impl AccountId {
    /// The account of this number.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn to_u16(self) -> u16 {
        self.0
    }
}

/// One chain of addresses: an account and a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeychainId {
    /// Its account.
    pub account: AccountId,
    /// Which of its chains.
    pub branch: Branch,
}

/// A child number without the mark for hardened ones, so below 2³¹.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(try_from = "u32", into = "u32")]
pub struct DerivationIndex(u32);

impl DerivationIndex {
    /// The first one.
    pub const ZERO: Self = Self(0);

    /// The index, if it is below 2³¹.
    #[must_use]
    pub const fn new(index: u32) -> Option<Self> {
        if index < 1 << 31 { Some(Self(index)) } else { None }
    }

    /// The plain number.
    #[must_use]
    pub const fn to_u32(self) -> u32 {
        self.0
    }

    /// The next one, if there is one.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        Self::new(self.0 + 1)
    }
}

impl TryFrom<u32> for DerivationIndex {
    type Error = &'static str;

    fn try_from(index: u32) -> Result<Self, Self::Error> {
        Self::new(index).ok_or("a derivation index is below 2147483648")
    }
}

impl From<DerivationIndex> for u32 {
    fn from(index: DerivationIndex) -> Self {
        index.0
    }
}

impl fmt::Display for DerivationIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
