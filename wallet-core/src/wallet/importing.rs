//! Owns how descriptors come into a wallet that is open: each is an account, watched and searched for
//! from then on, and its private keys are kept as they were sealed.
//!
//! Refuses those without keys where the wallet has keys, as Bitcoin Core does: a balance must be
//! what can be spent. Refuses keys where it has none.

use crate::command::{Birthday, Import, ImportProblem, OperationId, Reference, StoreProblem};
use crate::config::LookAhead;
use crate::keychain::{
    Account, AccountDescriptor, AccountId, AccountKind, AccountName, Branch, Chains,
    DerivationIndex, HeldKeyName, KeychainId,
};
use crate::light_client::time::WallTime;
use crate::limits::{ACCOUNTS, IMPORTED_LOOK_AHEAD};
use crate::store::wallet::{Issued, ScriptPlace, SearchedAccount};

use super::Wallet;

/// A descriptor of public halves, and its private keys as they are kept.
#[derive(Debug)]
pub struct ImportedForm {
    /// The public halves.
    pub descriptor: AccountDescriptor,
    /// The keys, sealed; none where there were none.
    pub keys: Vec<(HeldKeyName, Vec<u8>)>,
}

impl Wallet {
    /// Whether a wallet takes a descriptor with private keys, or without.
    ///
    /// # Errors
    /// [`ImportProblem::KeysDisabled`], [`ImportProblem::HasKeys`].
    pub const fn admit(&self, has_keys: bool) -> Result<(), ImportProblem> {
        match (self.description.takes_keys, has_keys) {
            (false, true) => Err(ImportProblem::KeysDisabled),
            (true, false) => Err(ImportProblem::HasKeys),
            _ => Ok(()),
        }
    }

    /// Takes all descriptors of a request in, or none. One that is known is looked for further and earlier, never
    /// less. Whoever calls has made sure that the keys are those that they say. Commit, or drop the wallet
    /// if it failed.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn import(
        &mut self,
        import: &Import,
        forms: Vec<ImportedForm>,
        now: WallTime,
    ) -> Result<Option<ImportProblem>, StoreProblem> {
        let new = forms.iter().filter(|form| self.known(&form.descriptor).is_none()).count();
        if self.accounts.len() + new > ACCOUNTS {
            return Ok(Some(ImportProblem::TooMany { most: ACCOUNTS }));
        }
        for form in forms {
            self.import_form(import, form, now)?;
        }
        Ok(None)
    }

    fn import_form(
        &mut self,
        import: &Import,
        ImportedForm { descriptor, keys }: ImportedForm,
        now: WallTime,
    ) -> Result<(), StoreProblem> {
        let known = self.known(&descriptor);
        let id = if let Some(known) = known {
            known
        } else {
            self.keep_keys(&keys)?;
            self.insert_imported(descriptor, import.derived)?
        };
        self.set_imported_search(id, import)?;
        if let Some(active) = import.active {
            self.activate(id, active)?;
        }
        self.label_imported(id, import, now)?;
        self.search_for(id)?;
        if known.is_some() {
            self.look_again(id);
        }
        Ok(())
    }

    /// The account of a descriptor, if there is one.
    fn known(&self, descriptor: &AccountDescriptor) -> Option<AccountId> {
        let text = descriptor.to_string();
        self.accounts.iter().find(|one| one.descriptor().to_string() == text).map(Account::id)
    }

    /// Keeps private keys, and knows from then on what they sign for.
    fn keep_keys(&mut self, keys: &[(HeldKeyName, Vec<u8>)]) -> Result<(), StoreProblem> {
        for (name, sealed) in keys {
            self.file.insert_held_key(name, sealed)?;
        }
        if keys.iter().any(|(name, _)| !self.is_own(name.origin.0)) {
            self.own = self.file.own_masters()?;
            self.accounts = self.file.accounts()?;
        }
        Ok(())
    }

    /// Begins the operation that ends with the search for what was imported.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn begin_import(
        &mut self,
        from: Birthday,
        now: WallTime,
    ) -> Result<OperationId, StoreProblem> {
        self.file.begin_operation(from, now)
    }

    fn insert_imported(
        &mut self,
        descriptor: AccountDescriptor,
        derived: bool,
    ) -> Result<AccountId, StoreProblem> {
        let next = self.accounts.last().map_or(0, |last| last.id().to_u16() + 1);
        let usual = match descriptor.kind() {
            AccountKind::SingleKey(script_type) if derived => script_type.name(),
            _ => USUAL_NAME,
        };
        let usual: AccountName = usual.parse().expect("it is short, of letters");
        let name = usual.first_free(|name| self.accounts.iter().any(|one| one.name() == name));
        let (id, network) = (AccountId::new(next), self.description.network);
        let account = Account::new(id, name, network, descriptor, &self.own).inactive();
        self.file.insert_account(&account)?;
        self.accounts.push(account);
        for state in self.file.keychains()? {
            self.keychains.entry(state.id).or_insert(state);
        }
        Ok(id)
    }

    /// As far and as early as is asked for, or as it was.
    fn set_imported_search(&mut self, id: AccountId, import: &Import) -> Result<(), StoreProblem> {
        let is_new = !self.searches.contains_key(&id);
        let usual = self.searched(self.account(id)?);
        let ahead = import.end.saturating_sub(import.next).max(IMPORTED_LOOK_AHEAD);
        let look_ahead = LookAhead {
            receive: if is_new { ahead } else { usual.look_ahead.receive.max(ahead) },
            change: if is_new { ahead } else { usual.look_ahead.change.max(ahead) },
        };
        let birthday = if is_new { import.since } else { usual.birthday.min(import.since) };
        self.set_search(SearchedAccount { birthday, start: import.since, look_ahead, ..usual })?;
        for branch in [Branch::Receive, Branch::Change] {
            let Some(&(mut state)) = self.keychains.get(&KeychainId { account: id, branch }) else {
                continue;
            };
            let places = self.account(id)?.descriptor().places(branch);
            state.issued = state.issued.max(import.next.min(places));
            self.extend(state)?;
        }
        Ok(())
    }

    /// One account of a kind gives the new addresses of a chain.
    fn activate(&mut self, id: AccountId, active: bool) -> Result<(), StoreProblem> {
        let own = self.account(id)?;
        let (kind, chains) = (own.kind(), own.descriptor().chains());
        for account in &mut self.accounts {
            let replaced =
                active && account.kind() == kind && account.descriptor().chains() == chains;
            let is_own = account.id() == id;
            let is_active = if is_own { active } else { account.is_active() && !replaced };
            if is_active != account.is_active() {
                account.set_active(is_active);
                self.file.set_active(account.id(), is_active)?;
            }
        }
        Ok(())
    }

    /// The one address of a descriptor is given out already, wherever it was.
    fn label_imported(
        &mut self,
        id: AccountId,
        import: &Import,
        now: WallTime,
    ) -> Result<(), StoreProblem> {
        let Chains::Fixed(branch) = self.account(id)?.descriptor().chains() else { return Ok(()) };
        let keychain = KeychainId { account: id, branch };
        let place = ScriptPlace { keychain, index: DerivationIndex::ZERO };
        if branch == Branch::Receive && self.file.last_address(keychain)?.is_none() {
            let issued = Issued {
                index: DerivationIndex::ZERO,
                amount: None,
                note: None,
                expires: None,
                least_depth: None,
            };
            self.file.insert_address(None, keychain, &issued, now)?;
        }
        if let Some(&(mut state)) = self.keychains.get(&keychain) {
            state.issued = 1;
            self.extend(state)?;
        }
        if import.label.is_some() {
            let address = self.address(place)?;
            self.set_label(&Reference::Address(address), import.label.as_deref())?;
        }
        Ok(())
    }
}

/// What people type for what was imported.
const USUAL_NAME: &str = "imported";
