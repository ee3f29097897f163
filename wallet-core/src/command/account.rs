//! Owns `AccountCommand`: what a wallet that runs is asked of its accounts, and what came of it.

use super::Birthday;
use crate::failure::Kind;
use crate::keychain::{
    AccountDescriptor, AccountName, DerivationIndex, ScriptType, TemplateScript,
};

/// What is asked of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountCommand {
    /// Take these in, and look for what was paid to them: all of them, or none. One that is there
    /// already is looked for as widely as is asked now, if that is more. Takes the keys to be open,
    /// if there are any.
    Add {
        /// Which.
        accounts: Vec<NewAccount>,
        /// How far to look.
        scope: AccountScope,
    },
    /// The wallet's own key for a policy, to be given to the others who sign. Takes the keys to be
    /// open.
    Key {
        /// For which kind of script.
        script: TemplateScript,
        /// The number of the account (BIP48, BIP87).
        number: u32,
    },
    /// Make an account the one of new addresses.
    Prefer(AccountName),
}

/// An account to take in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewAccount {
    /// A standard account of the wallet's own words.
    Standard {
        /// Its type.
        script_type: ScriptType,
        /// Its number; `None`: the lowest that is not there.
        number: Option<DerivationIndex>,
    },
    /// Of a descriptor. Other programs may have given out addresses of it, so it is looked ahead as
    /// for a restored wallet if nothing else is asked.
    Given {
        /// Its name.
        name: AccountName,
        /// Whether it must have that very name; else a number is put behind it where it is taken.
        is_fixed: bool,
        /// The descriptor.
        descriptor: Box<AccountDescriptor>,
    },
}

/// How far to look for what was paid to accounts; what is not said is the wallet's to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AccountScope {
    /// No payment is older.
    pub birthday: Option<Birthday>,
    /// How many unused addresses in a row to look ahead, on each chain.
    pub gap: Option<u32>,
}

/// What became of accounts that were to be added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddedAccounts {
    /// They are new.
    pub added: Vec<AccountName>,
    /// They were there, and are looked for more widely.
    pub widened: Vec<AccountName>,
    /// They were there, and nothing changes for them.
    pub known: Vec<AccountName>,
}

/// Why an account was not added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountProblem {
    /// Another account has the name.
    #[error("there is an account named {0} already: choose another name with --name")]
    NameTaken(AccountName),
    /// The descriptor is in the wallet.
    #[error(
        "this is the wallet's account {0}: it is watched already; an earlier --birthday or a larger \
         --gap would search wider for it"
    )]
    Known(AccountName),
    /// A wallet has no more room.
    #[error("a wallet has at most {most} accounts: put this one into a wallet of its own")]
    TooMany {
        /// The most accounts.
        most: usize,
    },
    /// A key says that it is of the wallet's own master key, and is not.
    #[error(
        "a key says that it comes from this wallet's words and does not: somebody would sign in \
         your place"
    )]
    ForeignKey,
    /// The wallet has no seed, so it derives no accounts of its own.
    #[error("this wallet has no words of its own: give a descriptor, an xpub or a file")]
    NoWords,
}

impl AccountProblem {
    /// Which of the failures that have a stable name and code.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NameTaken(_) | Self::Known(_) => Kind::AccountExists,
            Self::TooMany { .. } => Kind::BadAccounts,
            Self::ForeignKey => Kind::ForeignKey,
            Self::NoWords => Kind::WatchOnly,
        }
    }
}
