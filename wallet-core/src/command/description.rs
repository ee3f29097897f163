//! Owns what is told of the wallet itself: its accounts, its birthday, an address of it.
//!
//! Refuses private keys.

use bitcoin::Address;
use bitcoin::bip32::Fingerprint;

use crate::keychain::{
    AccountId, AccountKey, AccountKind, AccountName, DerivationIndex, HeldKeyName, KeychainId,
    ScriptType, SpendRule, WalletPolicy,
};
use crate::light_client::height::Height;

use super::SearchReport;

/// An address that was given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedAddress {
    /// The address.
    pub address: Address,
    /// A BIP321 URI with the amount and the note.
    pub uri: String,
    /// Its account.
    pub account: AccountName,
    /// Its chain of addresses.
    pub keychain: KeychainId,
    /// Its place in that chain.
    pub index: DerivationIndex,
    /// How many addresses right before it nobody has paid. A wallet that is restored from the
    /// words looks so far at the most (BIP44's gap limit).
    pub unused_before: u32,
}

/// What a wallet is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletDescription {
    /// The wallet's name.
    pub name: String,
    /// The fingerprint of its own master key (BIP32); none if the wallet only watches.
    pub fingerprint: Option<Fingerprint>,
    /// Whether private keys are in it, or may be imported.
    pub takes_keys: bool,
    /// Whether programs have a device sign what it pays: the one that `--signer` of the daemon knows.
    pub external_signer: bool,
    /// The names of the private keys that were imported.
    pub held_keys: Vec<HeldKeyName>,
    /// Its birthday in Unix seconds or as a height.
    pub birthday: Birthday,
    /// Its accounts.
    pub accounts: Vec<AccountDescription>,
    /// When its words were last typed back, in Unix seconds; `None`: nobody has shown that they
    /// are written down.
    pub words_checked: Option<u64>,
    /// Whether coins of addresses that were spent from are left alone.
    pub avoids_reuse: bool,
    /// What was searched for old payments, and what was found.
    pub search: SearchReport,
}

/// Where the scan of a wallet, or the search for an account, begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Birthday {
    /// The first block that may hold a payment.
    Height(Height),
    /// The civil time, in Unix seconds, before which no payment was made.
    Time(u64),
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountDescription {
    /// Which.
    pub id: AccountId,
    /// What people type.
    pub name: AccountName,
    /// What it is.
    pub kind: AccountKind,
    /// The type of its addresses.
    pub script_type: ScriptType,
    /// Whether one of its keys is the wallet's own.
    pub signs: bool,
    /// Its keys.
    pub keys: Vec<AccountKey>,
    /// The fingerprints of the master keys of all its keys. A key without an origin is its own master.
    pub signers: Vec<Fingerprint>,
    /// Who may spend, and when.
    pub rule: SpendRule,
    /// As signing devices register it (BIP388), if it has such a form.
    pub policy: Option<WalletPolicy>,
    /// No payment to it is older.
    pub birthday: Birthday,
    /// How many unused addresses in a row end a search for it, of those that are given out.
    pub gap: u32,
    /// The same for change.
    pub change_gap: u32,
    /// Its first address, to compare with other programs.
    pub first_address: Address,
    /// Whether new addresses are of it.
    pub preferred: bool,
    /// Its addresses to be paid at, if it has such.
    pub receive: Option<ChainDescription>,
    /// Its addresses of change, if it has such.
    pub change: Option<ChainDescription>,
    /// Its descriptor, with both branches (BIP389) if it has two, and its checksum (BIP380); no
    /// private key.
    pub descriptor: String,
}

/// One chain of addresses of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainDescription {
    /// The descriptor of this branch, with its checksum.
    pub descriptor: String,
    /// Whether new addresses of its type may be of it.
    pub active: bool,
    /// Whether it makes more than one address.
    pub ranged: bool,
    /// The number of the next new address.
    pub next: u32,
    /// Every address below this number is watched.
    pub watched: u32,
}
