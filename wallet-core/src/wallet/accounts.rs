//! Owns the growth of a wallet by accounts: each with a number and a name of its own, watched and
//! searched for from then on.
//!
//! Refuses two accounts of one descriptor, whose coins would be counted twice.

use crate::command::StoreProblem;
use crate::keychain::{Account, AccountDescriptor, AccountId, AccountName};
use crate::limits::ACCOUNTS;

use super::Wallet;

impl Wallet {
    /// Adds an account, and begins a search for payments to it. It is watched when the wallet is
    /// opened the next time. Commit, or drop the wallet if it failed.
    ///
    /// # Errors
    /// See [`AddAccountError`].
    pub fn add_account(
        &mut self,
        name: AccountName,
        descriptor: AccountDescriptor,
    ) -> Result<AccountId, AddAccountError> {
        if self.accounts.iter().any(|account| *account.name() == name) {
            return Err(AddAccountError::NameTaken(name));
        }
        if let Some(known) = self.accounts.iter().find(|a| *a.descriptor() == descriptor) {
            return Err(AddAccountError::Known(known.name().clone()));
        }
        let id = match self.accounts.last() {
            Some(last) if usize::from(last.id().to_u16()) + 1 < ACCOUNTS => {
                AccountId::new(last.id().to_u16() + 1)
            }
            Some(_) => return Err(AddAccountError::TooMany { most: ACCOUNTS }),
            None => AccountId::new(0),
        };
        let own = self.description.fingerprint;
        let account = Account::new(id, name, self.description.network, descriptor, own);
        self.file.insert_account(&account)?;
        self.accounts.push(account);
        let states = self.file.keychains()?;
        for state in states.into_iter().filter(|state| state.id.account == id) {
            self.extend(state)?;
        }
        self.search_for(&[id])?;
        Ok(id)
    }

    /// Makes an account the one of new addresses.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn prefer_account(&mut self, account: AccountId) -> Result<(), StoreProblem> {
        self.file.set_preferred(account)?;
        self.description.preferred = account;
        Ok(())
    }
}

/// Why an account was not added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddAccountError {
    /// Another account has the name.
    #[error("there is an account named {0} already: choose another name with --name")]
    NameTaken(AccountName),
    /// The descriptor is in the wallet.
    #[error("this is the wallet's account {0}: it is watched already")]
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
    WatchOnly,
    /// The disk refused.
    #[error(transparent)]
    Store(#[from] StoreProblem),
}

impl AddAccountError {
    /// The stable name, as in `docs/errors.md`, JSON and JSON-RPC.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NameTaken(_) | Self::Known(_) => "account_exists",
            Self::TooMany { .. } => "bad_accounts",
            Self::ForeignKey => "foreign_key",
            Self::WatchOnly => "watch_only",
            Self::Store(problem) => problem.name(),
        }
    }
}
