//! Owns the growth of a wallet by accounts: each with a number and a name of its own, watched and
//! searched for from then on.
//!
//! Refuses two accounts of one descriptor, whose coins would be counted twice.

use crate::command::{Birthday, StoreProblem};
use crate::config::LookAhead;
use crate::keychain::{Account, AccountDescriptor, AccountId, AccountName};
use crate::limits::ACCOUNTS;
use crate::store::wallet::SearchedAccount;

use super::Wallet;

impl Wallet {
    /// Adds an account, and begins a search for payments to it: where nothing is asked, from the
    /// wallet's birthday on and as far ahead. It is watched when the wallet is opened the next time.
    /// Commit, or drop the wallet if it failed.
    ///
    /// # Errors
    /// See [`AddAccountError`].
    pub fn add_account(
        &mut self,
        name: AccountName,
        descriptor: AccountDescriptor,
        scope: SearchScope,
    ) -> Result<AccountId, AddAccountError> {
        if let Some(known) = self.accounts.iter().find(|a| *a.descriptor() == descriptor) {
            return Err(AddAccountError::Known(known.name().clone()));
        }
        if self.accounts.iter().any(|account| *account.name() == name) {
            return Err(AddAccountError::NameTaken(name));
        }
        let id = match self.accounts.last() {
            Some(last) if usize::from(last.id().to_u16()) + 1 < ACCOUNTS => {
                AccountId::new(last.id().to_u16() + 1)
            }
            Some(_) => return Err(AddAccountError::TooMany { most: ACCOUNTS }),
            None => AccountId::new(0),
        };
        let network = self.description.network;
        let account = Account::new(id, name, network, descriptor, &self.own);
        self.file.insert_account(&account)?;
        let usual = self.searched(&account);
        let birthday = scope.birthday.unwrap_or(usual.birthday);
        let look_ahead = scope.look_ahead.unwrap_or(usual.look_ahead);
        self.set_search(SearchedAccount { birthday, start: birthday, look_ahead, ..usual })?;
        self.accounts.push(account);
        let states = self.file.keychains()?;
        for state in states.into_iter().filter(|state| state.id.account == id) {
            self.extend(state)?;
        }
        self.search_for(id)?;
        Ok(id)
    }

    /// Searches for an account from an earlier birthday on, or further ahead. What it has already
    /// is never made less. Whether anything is wider now; then commit.
    ///
    /// # Errors
    /// What the disk refused; then drop the wallet.
    pub fn widen_account(
        &mut self,
        account: AccountId,
        scope: SearchScope,
    ) -> Result<bool, StoreProblem> {
        let before = self.searched(self.account(account)?);
        let born = scope.birthday.filter(|asked| !is_covered(*asked, before.birthday));
        let birthday = born.unwrap_or(before.birthday);
        let asked = scope.look_ahead.unwrap_or(before.look_ahead);
        let look_ahead = LookAhead {
            receive: asked.receive.max(before.look_ahead.receive),
            change: asked.change.max(before.look_ahead.change),
        };
        if (birthday, look_ahead) == (before.birthday, before.look_ahead) {
            return Ok(false);
        }
        self.set_search(SearchedAccount { birthday, look_ahead, ..before })?;
        let searching = self.is_searching()?;
        let known = self.known_since(account)?;
        let start = match (before.start, known) {
            // A search that goes on has not come to its end.
            (Birthday::Height(start), Birthday::Height(known)) if searching => {
                Birthday::Height(start.min(known))
            }
            (Birthday::Time(start), Birthday::Time(known)) if searching => {
                Birthday::Time(start.min(known))
            }
            (start, known) if searching && start != known => Birthday::Height(before.since),
            (_, known) => known,
        };
        self.set_search(SearchedAccount { birthday, look_ahead, start, ..before })?;
        let states: Vec<_> = self.keychains.values().copied().collect();
        for state in states.into_iter().filter(|state| state.id.account == account) {
            self.extend(state)?;
        }
        self.search_for(account)?;
        Ok(true)
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

/// What a person asks of the search for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SearchScope {
    /// No payment is older.
    pub birthday: Option<Birthday>,
    /// How far to look ahead.
    pub look_ahead: Option<LookAhead>,
}

/// Whether a search from `known` on has seen all since `asked`. Of a height and a time nobody knows
/// here which is earlier.
fn is_covered(asked: Birthday, known: Birthday) -> bool {
    match (asked, known) {
        (Birthday::Height(asked), Birthday::Height(known)) => asked >= known,
        (Birthday::Time(asked), Birthday::Time(known)) => asked >= known,
        _ => false,
    }
}

/// Why an account was not added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddAccountError {
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
    WatchOnly,
    /// The keys have a passphrase of their own, so nothing can be derived or compared.
    #[error("the wallet is locked: unlock its keys with their passphrase")]
    Locked,
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
            Self::Locked => "locked",
            Self::Store(problem) => problem.name(),
        }
    }
}
