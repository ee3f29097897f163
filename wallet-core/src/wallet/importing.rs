//! Owns how descriptors come into a wallet that is open: each is an account, watched and searched for
//! from then on, and its private keys are kept as they were sealed.
//!
//! Refuses those without keys where the wallet has keys, as Bitcoin Core does: a balance must be
//! what can be spent. Refuses keys where it has none.

use std::collections::BTreeSet;

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
        let mut new = 0;
        for form in &forms {
            let known = self.known_chains(&form.descriptor)?;
            if import.active == Some(true)
                && known.iter().any(|(branch, own)| own.branch != *branch)
            {
                return Ok(Some(ImportProblem::OtherSide));
            }
            if known.is_empty() && self.makes_alone(&form.descriptor) {
                return Ok(Some(ImportProblem::Known));
            }
            new += usize::from(known.len() < branches(&form.descriptor).count());
        }
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
        let known = self.known_chains(&descriptor)?;
        let is_missing = |branch: &Branch| !known.iter().any(|(known, _)| known == branch);
        let missing: Vec<Branch> = branches(&descriptor).filter(is_missing).collect();
        let mut chains = known.clone();
        if !missing.is_empty() {
            self.keep_keys(&keys)?;
            let descriptor = match *missing {
                [branch] => descriptor.of_branch(branch),
                _ => descriptor,
            };
            let account = self.insert_imported(descriptor, import.derived)?;
            let new = |branch| (branch, KeychainId { account, branch });
            chains.extend(missing.into_iter().map(new));
        }
        for &(branch, chain) in &chains {
            self.set_imported_search(chain, import)?;
            // As in Core, one that is of the other side is none that ends to be active.
            if let Some(active) = import.active.filter(|_| branch == chain.branch) {
                self.activate(chain, active)?;
            }
            self.label_imported(chain.account, import, now)?;
        }
        let accounts: BTreeSet<_> = chains.iter().map(|(_, chain)| chain.account).collect();
        accounts.into_iter().try_for_each(|account| self.search_for(account))?;
        let known: BTreeSet<_> = known.iter().map(|(_, chain)| chain.account).collect();
        for account in known {
            self.look_again(account);
        }
        Ok(())
    }

    /// Whether the one address of a descriptor is one of a chain of the wallet.
    fn makes_alone(&self, descriptor: &AccountDescriptor) -> bool {
        let Chains::Fixed(branch) = descriptor.chains() else { return false };
        let network = self.description.network;
        let address = descriptor.address(branch, DerivationIndex::ZERO, network);
        self.scripts.contains_key(&address.script_pubkey())
    }

    /// The chains of a descriptor that the wallet has, each beside the branch that it is of the
    /// descriptor: those of the same addresses, however their keys are written.
    fn known_chains(
        &self,
        descriptor: &AccountDescriptor,
    ) -> Result<Vec<(Branch, KeychainId)>, StoreProblem> {
        let mut known = Vec::new();
        for branch in branches(descriptor) {
            known.extend(self.known_chain(descriptor, branch)?.map(|own| (branch, own)));
        }
        Ok(known)
    }

    fn known_chain(
        &self,
        descriptor: &AccountDescriptor,
        branch: Branch,
    ) -> Result<Option<KeychainId>, StoreProblem> {
        // A single address may be one of a chain, and a chain begin with one.
        let (network, places) = (self.description.network, descriptor.places(branch));
        let indexes = (0..places.min(2)).filter_map(DerivationIndex::new);
        let spks: Vec<_> = indexes
            .map(|index| descriptor.address(branch, index, network).script_pubkey())
            .collect();
        for found in spks.iter().filter_map(|spk| self.scripts.get(spk)) {
            let (own, chain) = (self.account(found.keychain.account)?, found.keychain.branch);
            let own_spks =
                (0..).filter_map(DerivationIndex::new).map(|index| own.script(chain, index));
            let is_as_long = own.descriptor().places(chain) == places;
            if is_as_long && own_spks.take(spks.len()).eq(spks.iter().cloned()) {
                return Ok(Some(found.keychain));
            }
        }
        Ok(None)
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
    fn set_imported_search(
        &mut self,
        chain: KeychainId,
        import: &Import,
    ) -> Result<(), StoreProblem> {
        let KeychainId { account: id, branch } = chain;
        let is_new = !self.searches.contains_key(&id);
        let usual = self.searched(self.account(id)?);
        let ahead = import.end.saturating_sub(import.next).max(IMPORTED_LOOK_AHEAD);
        let of = |own: Branch, usual: u32| match is_new {
            true => ahead,
            false if own == branch => usual.max(ahead),
            false => usual,
        };
        let look_ahead = LookAhead {
            receive: of(Branch::Receive, usual.look_ahead.receive),
            change: of(Branch::Change, usual.look_ahead.change),
        };
        let birthday = if is_new { import.since } else { usual.birthday.min(import.since) };
        self.set_search(SearchedAccount { birthday, start: import.since, look_ahead, ..usual })?;
        let Some(&(mut state)) = self.keychains.get(&chain) else { return Ok(()) };
        let places = self.account(id)?.descriptor().places(branch);
        state.issued = state.issued.max(import.next.min(places));
        self.extend(state)
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
        let is_given = self.keychains.get(&keychain).is_some_and(|state| state.issued > 0);
        if branch == Branch::Receive && !is_given {
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

/// The chains of addresses that a descriptor makes.
fn branches(descriptor: &AccountDescriptor) -> impl Iterator<Item = Branch> {
    Branch::ALL.into_iter().filter(|branch| descriptor.places(*branch) > 0)
}

/// What people type for what was imported.
const USUAL_NAME: &str = "imported";
