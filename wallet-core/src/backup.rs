//! Owns what a backup holds: everything about a wallet that the chain can't give back, and if its
//! owner wants, the words.
//!
//! Plain data between the wallet, which fills it and is made from it, and its text form in
//! [`lines`]. Refuses what a scan finds again: transactions, coins, balances.

mod span;
mod parse_error;
mod secret_lines;
pub mod lines;

use bitcoin::bip32::Fingerprint;
use bitcoin::{Amount, Network};

use crate::command::{Birthday, Label};
use crate::config::LookAhead;
use crate::keychain::{AccountName, Branch, DerivationIndex};
use crate::seed::{Seed, Words};
use crate::signers::{HeldKey, Keys};

pub use parse_error::ParseBackupError;

/// A wallet, without what the chain tells.
#[derive(Debug)]
pub struct Backup {
    /// When it was made, in Unix seconds.
    pub created: u64,
    /// The wallet's network.
    pub network: Network,
    /// The wallet's name.
    pub name: String,
    /// The fingerprint of its own master key (BIP32); none if it only watches.
    pub fingerprint: Option<Fingerprint>,
    /// Where its scan begins.
    pub birthday: Birthday,
    /// How far it looks ahead.
    pub look_ahead: LookAhead,
    /// When the words were last typed back, in Unix seconds.
    pub words_checked: Option<u64>,
    /// Whether coins of addresses that were spent from are left alone.
    pub avoids_reuse: bool,
    /// The account of new addresses.
    pub preferred: AccountName,
    /// Its accounts, in the order in which they came.
    pub accounts: Vec<BackupAccount>,
    /// What was asked to be paid.
    pub requests: Vec<BackupRequest>,
    /// What is said of things; frozen coins are among them.
    pub labels: Vec<Label>,
    /// The seed, if it was asked for.
    pub seed: Option<Seed>,
    /// The private keys that were imported, if they were asked for.
    pub held: Vec<HeldKey>,
}

impl Backup {
    /// Whether there are private keys in it.
    #[must_use]
    pub const fn has_keys(&self) -> bool {
        self.seed.is_some() || !self.held.is_empty()
    }

    /// Leaves all private keys out.
    pub fn drop_keys(&mut self) {
        self.seed = None;
        self.held.clear();
    }

    /// A copy of all its private keys.
    #[must_use]
    pub fn keys(&self) -> Vec<HeldKey> {
        let seed = self.seed.as_ref().map(|seed| Keys::Seed(seed.copy(), self.network));
        self.held.iter().map(HeldKey::copy).chain(seed.map(HeldKey::master)).collect()
    }

    /// Adds the seed of these words and this passphrase to a backup that holds none; whether it is
    /// the wallet's.
    #[must_use]
    pub fn add_words(&mut self, words: &Words, passphrase: &str) -> bool {
        let seed = Seed::new(words, passphrase);
        let own = self.fingerprint == Some(seed.fingerprint());
        if own {
            self.seed = Some(seed);
        }
        own
    }
}

/// An account in a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupAccount {
    /// What people call it.
    pub name: AccountName,
    /// Its descriptor, with both branches (BIP389) if it has two, and its checksum (BIP380).
    pub descriptor: String,
    /// Whether the one branch of another is of change.
    pub internal: bool,
    /// Which of its chains give no new addresses.
    pub inactive: Vec<Branch>,
    /// Where its search begins; `None`: where the wallet's does.
    pub birthday: Option<Birthday>,
    /// How far it is looked ahead; `None`: as far as the wallet.
    pub look_ahead: Option<LookAhead>,
    /// Addresses below this index were given out.
    pub receive: u32,
    /// Change addresses below this index were used.
    pub change: u32,
}

/// An address that was given out to be paid at. Its note is a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupRequest {
    /// Its account.
    pub account: AccountName,
    /// Its place among the account's addresses.
    pub index: DerivationIndex,
    /// Its number, by which an invoice is known; `None`: any.
    pub id: Option<u32>,
    /// How much was asked for.
    pub amount: Option<Amount>,
    /// When, in Unix seconds.
    pub issued: u64,
    /// Until when it is to be paid, in Unix seconds.
    pub expires: Option<u64>,
    /// How many confirmations count; `None`: it was asked for by a person, and one is enough.
    pub least_depth: Option<u32>,
    /// When it was taken back, in Unix seconds.
    pub cancelled: Option<u64>,
}
