//! Owns accounts, script types and derivation: descriptor templates of BIP44, BIP49, BIP84, BIP86.
//!
//! Refuses private keys: everything here is derived from account xpubs.

use std::fmt;
use std::str::FromStr;

use bitcoin::bip32::{DerivationPath, Fingerprint, Xpub};
use bitcoin::psbt;
use bitcoin::{Address, Network, ScriptBuf, Weight};
use serde::{Deserialize, Serialize};

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
    pub number: u32,
}

/// One chain of addresses: an account and a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeychainId {
    /// Its account.
    pub account: AccountId,
    /// Which of its chains.
    pub branch: Branch,
}

/// A non-hardened child number, below 2³¹.
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

/// The watch-only half of an account: its xpub and where that comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    id: AccountId,
    network: Network,
    fingerprint: Fingerprint,
    xpub: Xpub,
}

impl Account {
    /// An account from its xpub and the fingerprint of the master key above it.
    #[must_use]
    pub fn new(id: AccountId, network: Network, fingerprint: Fingerprint, xpub: Xpub) -> Self {
        Self { id, network, fingerprint, xpub }
    }

    /// Which account.
    #[must_use]
    pub const fn id(&self) -> AccountId {
        self.id
    }

    /// The network of its addresses.
    #[must_use]
    pub const fn network(&self) -> Network {
        self.network
    }

    /// The fingerprint of the master key (BIP32).
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The account's xpub.
    #[must_use]
    pub const fn xpub(&self) -> &Xpub {
        &self.xpub
    }

    /// The script at a place of one of its chains.
    #[must_use]
    pub fn script(&self, _branch: Branch, _index: DerivationIndex) -> ScriptBuf {
        todo!()
    }

    /// The address at a place of one of its chains.
    #[must_use]
    pub fn address(&self, _branch: Branch, _index: DerivationIndex) -> Address {
        todo!()
    }

    /// The descriptor of both branches (BIP389) with its checksum (BIP380).
    #[must_use]
    pub fn descriptor(&self) -> String {
        todo!()
    }

    /// The path from the master key to a place of one of its chains.
    #[must_use]
    pub fn path(&self, _branch: Branch, _index: DerivationIndex) -> DerivationPath {
        todo!()
    }

    /// Fills what a signer must know of an input that spends a script of this account: key
    /// origin, redeem script, internal key. The spent output is for the caller to add.
    pub fn annotate_input(
        &self,
        _branch: Branch,
        _index: DerivationIndex,
        _input: &mut psbt::Input,
    ) {
        todo!()
    }

    /// Fills what a signer must know to recognise an output of this account as its own.
    pub fn annotate_output(
        &self,
        _branch: Branch,
        _index: DerivationIndex,
        _output: &mut psbt::Output,
    ) {
        todo!()
    }
}

impl ScriptType {
    /// The weight that a signature adds to an input: script and witness without the input's
    /// outpoint, sequence and empty script length.
    #[must_use]
    pub const fn satisfaction_weight(self) -> Weight {
        Weight::ZERO
    }
}
