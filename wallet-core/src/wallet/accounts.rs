//! Owns the growth of a wallet by accounts: each with a number and a name of its own, watched and
//! searched for from then on.
//!
//! Refuses two accounts of one descriptor, whose coins would be counted twice.

use std::collections::BTreeSet;

use crate::command::{AccountProblem, AddedAccounts, Birthday, CommandError, StoreProblem};
use crate::config::LookAhead;
use crate::keychain::{Account, AccountDescriptor, AccountId, AccountName};
use crate::limits::ACCOUNTS;
use crate::store::wallet::SearchedAccount;

use super::Wallet;

impl Wallet {
    /// Adds accounts, all of them or none. One that is there already is searched for as widely as is
    /// asked now. Commit; where the disk refused, drop the wallet.
    ///
    /// # Errors
    /// [`CommandError::Account`]: then nothing is staged; or what the disk refused.
    pub fn add_accounts(
        &mut self,
        wanted: Vec<WantedAccount>,
    ) -> Result<AddedAccounts, CommandError> {
        let (new, known) = self.told_apart(wanted)?;
        let mut told = AddedAccounts::default();
        for WantedAccount { name, descriptor, scope, usual, .. } in new {
            let look_ahead = scope.look_ahead.or(usual);
            let scope = SearchScope { look_ahead, ..scope };
            self.add_account(name.clone(), descriptor, scope)?;
            told.added.push(name);
        }
        for (id, scope) in known {
            let name = self.account(id)?.name().clone();
            if told.widened.contains(&name) || told.known.contains(&name) {
                continue;
            }
            let is_wider = self.widen_account(id, scope)?;
            if is_wider { told.widened.push(name) } else { told.known.push(name) }
        }
        match told.known.first() {
            Some(known) if told.added.is_empty() && told.widened.is_empty() => {
                Err(AccountProblem::Known(known.clone()).into())
            }
            _ => Ok(told),
        }
    }

    /// Those that are new, with their names, and those that are there.
    fn told_apart(&self, wanted: Vec<WantedAccount>) -> Result<ToldApart, AccountProblem> {
        let mut new: Vec<WantedAccount> = Vec::new();
        let mut known = Vec::new();
        for mut one in wanted {
            if let Some(own) = self.accounts.iter().find(|a| *a.descriptor() == one.descriptor) {
                known.push((own.id(), one.scope));
                continue;
            }
            // It was named twice.
            if new.iter().any(|other| other.descriptor == one.descriptor) {
                continue;
            }
            let is_taken = |name: &AccountName| {
                self.account_named(name).is_ok() || new.iter().any(|other| other.name == *name)
            };
            if !one.is_fixed {
                one.name = one.name.first_free(is_taken);
            } else if is_taken(&one.name) {
                return Err(AccountProblem::NameTaken(one.name));
            }
            new.push(one);
        }
        if self.accounts.len() + new.len() > ACCOUNTS {
            return Err(AccountProblem::TooMany { most: ACCOUNTS });
        }
        Ok((new, known))
    }

    /// Adds an account, and begins a search for payments to it: where nothing is asked, from the
    /// wallet's birthday on and as far ahead. Commit, or drop the wallet if it failed.
    ///
    /// # Errors
    /// [`CommandError::Account`], or what the disk refused.
    pub fn add_account(
        &mut self,
        name: AccountName,
        descriptor: AccountDescriptor,
        scope: SearchScope,
    ) -> Result<AccountId, CommandError> {
        if let Some(known) = self.accounts.iter().find(|a| *a.descriptor() == descriptor) {
            return Err(AccountProblem::Known(known.name().clone()).into());
        }
        if self.accounts.iter().any(|account| *account.name() == name) {
            return Err(AccountProblem::NameTaken(name).into());
        }
        let id = match self.accounts.last() {
            Some(last) if usize::from(last.id().to_u16()) + 1 < ACCOUNTS => {
                AccountId::new(last.id().to_u16() + 1)
            }
            Some(_) => return Err(AccountProblem::TooMany { most: ACCOUNTS }.into()),
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
        self.settle_preferred()?;
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
        self.look_again(account);
        Ok(true)
    }

    /// The light client knows these scripts, and is to look for them again.
    pub(super) fn look_again(&mut self, account: AccountId) {
        let own = self.scripts.iter().filter(|(_, place)| place.keychain.account == account);
        let own: BTreeSet<_> = own.map(|(spk, _)| spk.clone()).collect();
        self.grown.retain(|spk| !own.contains(spk));
        self.grown.extend(own);
    }
}

/// Those that are new, and those that are there with how they are to be searched for.
type ToldApart = (Vec<WantedAccount>, Vec<(AccountId, SearchScope)>);

/// An account that is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedAccount {
    /// Its name.
    pub name: AccountName,
    /// Whether it must have that very name.
    pub is_fixed: bool,
    /// What it is.
    pub descriptor: AccountDescriptor,
    /// What is asked of the search for it.
    pub scope: SearchScope,
    /// How far to look ahead for it if nothing is asked; `None`: as for the wallet.
    pub usual: Option<LookAhead>,
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
