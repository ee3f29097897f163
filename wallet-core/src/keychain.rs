//! Owns accounts, script types and derivation: descriptor templates of BIP44, BIP49, BIP84, BIP86.
//!
//! Refuses private keys: everything here is derived from account xpubs.

use std::fmt;
use std::str::FromStr;

use bitcoin::Weight;
use serde::{Deserialize, Serialize};

pub use account::Account;
pub(crate) use account::SECP;

mod account;

/// The script type of an account, which fixes its BIP43 purpose.
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

    /// The weight that spending adds to an input beyond its outpoint, sequence and empty script
    /// (164 WU): script and witness, with the count of the witness and an ECDSA signature of 72
    /// bytes, which is the longest that is standard (low S, BIP146). Software keys grind for 71.
    #[must_use]
    pub const fn satisfaction_weight(self) -> Weight {
        Weight::from_wu(match self {
            Self::Legacy => 4 * SIGNATURE_AND_KEY,
            Self::Nested => 4 * (1 + 22) + 1 + SIGNATURE_AND_KEY,
            Self::Segwit => 1 + SIGNATURE_AND_KEY,
            Self::Taproot => 1 + 1 + 64,
        })
    }
}

/// Bytes of an ECDSA signature and a compressed key, each with its length.
const SIGNATURE_AND_KEY: u64 = 1 + 72 + 1 + 33;

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
    /// The number in the derivation path.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Receive => 0,
            Self::Change => 1,
        }
    }
}

/// One account of a wallet: the script type and the BIP44 account number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountId {
    /// Its script type.
    pub script_type: ScriptType,
    /// Its number, hardened in the path.
    pub number: DerivationIndex,
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
