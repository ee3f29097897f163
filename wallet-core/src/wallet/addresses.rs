//! Owns the hand-out of addresses and the look-ahead of the watch list.
//!
//! Every index that leaves, for receiving and for change, goes through [`Wallet::issue`], which
//! writes it down first. Refuses to hand out an index twice, except for change that was never
//! signed: else drafts that come to nothing would drive the change beyond the look-ahead of a
//! wallet that is restored from the words.

use bitcoin::{Address, Amount};

use crate::command::{
    CommandError, InvoiceChange, InvoiceState, IssuedAddress, Reference, StoreProblem, kept_text,
};
use crate::keychain::{
    Account, AccountId, AccountName, Branch, DerivationIndex, KeychainId, SpendPlan,
};
use crate::light_client::time::WallTime;
use crate::recipient::Payee;
use crate::store::wallet::{DraftRow, Issued, KeychainState, ScriptPlace};

use super::Wallet;

impl Wallet {
    /// An address of the preferred type to be paid at. Without `fresh`, the last one is given
    /// again until it is paid or the amount or the note differs.
    ///
    /// # Errors
    /// [`CommandError::AddressesExhausted`], or what the disk refused.
    pub fn receive(
        &mut self,
        amount: Option<Amount>,
        note: Option<&str>,
        expires: Option<WallTime>,
        fresh: bool,
        now: WallTime,
    ) -> Result<IssuedAddress, CommandError> {
        if self.accounts.is_empty() {
            return Err(CommandError::NoAccounts);
        }
        let account = self.description.preferred;
        let keychain = KeychainId { account, branch: Branch::Receive };
        let last = self.file.last_address(keychain)?;
        if let Some((last, true)) = last.filter(|_| !fresh) {
            let same =
                last.amount == amount && last.note.as_deref() == note && last.expires == expires;
            if same && !self.file.was_used(ScriptPlace { keychain, index: last.index })? {
                return self.issued(keychain, &last);
            }
        }
        let index = self.issue(keychain)?;
        let note = note.and_then(|note| kept_text(note).0);
        self.give_out(keychain, &Issued { index, amount, note, expires, least_depth: None }, now)
    }

    /// The next address of one chain of an account, which nobody was given before.
    ///
    /// # Errors
    /// [`CommandError::NoSuchAccount`], [`CommandError::AddressesExhausted`], or what the disk
    /// refused.
    pub fn issue_at(
        &mut self,
        account: &AccountName,
        branch: Branch,
        note: Option<&str>,
        now: WallTime,
    ) -> Result<IssuedAddress, CommandError> {
        let keychain = KeychainId { account: self.account_named(account)?.id(), branch };
        let index = self.issue(keychain)?;
        let note = note.and_then(|note| kept_text(note).0);
        let issued = Issued { index, amount: None, note, expires: None, least_depth: None };
        self.give_out(keychain, &issued, now)
    }

    /// Writes down what an issued address is for, and tells it.
    pub(super) fn give_out(
        &mut self,
        keychain: KeychainId,
        issued: &Issued,
        now: WallTime,
    ) -> Result<IssuedAddress, CommandError> {
        self.file.insert_address(None, keychain, issued, now)?;
        let place = ScriptPlace { keychain, index: issued.index };
        if let Some(id) = self.file.invoice_at(place)? {
            let (state, received) = (InvoiceState::Open, Amount::ZERO);
            self.note_invoice(InvoiceChange { id, state, received })?;
        }
        if issued.note.is_some() {
            let address = self.address(place)?;
            self.set_label(&Reference::Address(address), issued.note.as_deref())?;
        }
        self.issued(keychain, issued)
    }

    /// Hands out the next index of a chain: the only place where that happens.
    pub(super) fn issue(&mut self, keychain: KeychainId) -> Result<DerivationIndex, CommandError> {
        let index = self.next_index(keychain)?;
        let mut state = self.keychain(keychain)?;
        state.issued = index.to_u32() + 1;
        self.extend(state)?;
        Ok(index)
    }

    /// Takes the change index of a draft back that was never signed, if it is the last one.
    pub(super) fn take_back(&mut self, draft: &DraftRow) -> Result<(), StoreProblem> {
        let outputs = &draft.psbt.unsigned_tx.output;
        let change = draft.change_vout.and_then(|vout| outputs.get(usize::try_from(vout).ok()?));
        let place = change.and_then(|change| self.scripts.get(&change.script_pubkey));
        let Some(&ScriptPlace { keychain, index }) = place else { return Ok(()) };
        match self.keychains.get(&keychain) {
            Some(&(mut state)) if state.issued == index.to_u32() + 1 => {
                state.issued = index.to_u32();
                self.extend(state)
            }
            _ => Ok(()),
        }
    }

    /// The index that [`issue`](Wallet::issue) would hand out: never one that was paid already.
    pub(super) fn next_index(&self, keychain: KeychainId) -> Result<DerivationIndex, CommandError> {
        let state = self.keychain(keychain)?;
        let account = self.account(keychain.account)?;
        let places = account.descriptor().places(keychain.branch);
        // What another chain makes too is that one's.
        let is_own = |index: &DerivationIndex| {
            let place = self.scripts.get(&account.script(keychain.branch, *index));
            place.is_none_or(|place| place.keychain == keychain)
        };
        let mut indexes = (state.issued.max(state.used)..places).map_while(DerivationIndex::new);
        indexes.find(is_own).ok_or(CommandError::AddressesExhausted)
    }

    /// A script of the wallet was paid.
    pub(super) fn note_use(&mut self, place: ScriptPlace) -> Result<(), StoreProblem> {
        let Some(&(mut state)) = self.keychains.get(&place.keychain) else { return Ok(()) };
        let used = place.index.to_u32() + 1;
        if used <= state.used {
            return Ok(());
        }
        state.used = used;
        self.extend(state)
    }

    /// Writes how far a chain is, and watches as many scripts beyond that as the look-ahead says.
    pub(super) fn extend(&mut self, mut state: KeychainState) -> Result<(), StoreProblem> {
        let Some(account) = self.accounts.iter().find(|a| a.id() == state.id.account) else {
            return Ok(());
        };
        let look_ahead = self.searched(account).look_ahead;
        let ahead = match state.id.branch {
            Branch::Receive => look_ahead.receive,
            Branch::Change => look_ahead.change,
        };
        let end = state.issued.max(state.used).saturating_add(ahead);
        let end = end.min(account.descriptor().places(state.id.branch));
        let missing = (state.derived..end).map_while(DerivationIndex::new);
        for index in missing {
            let place = ScriptPlace { keychain: state.id, index };
            let spk = account.script(state.id.branch, index);
            // What another chain makes too stays that one's.
            if !self.scripts.contains_key(&spk) {
                self.file.insert_script(&spk, place)?;
                self.scripts.insert(spk.clone(), place);
            }
            self.grown.push(spk);
            state.derived = index.to_u32() + 1;
        }
        if self.keychains.insert(state.id, state) != Some(state) {
            self.file.set_keychain(&state)?;
        }
        Ok(())
    }

    /// The account that the tables name.
    pub(super) fn account(&self, id: AccountId) -> Result<&Account, StoreProblem> {
        self.accounts.iter().find(|a| a.id() == id).ok_or_else(|| self.no_account())
    }

    /// The account that a person names.
    ///
    /// # Errors
    /// [`CommandError::NoSuchAccount`].
    pub fn account_named(&self, name: &AccountName) -> Result<&Account, CommandError> {
        let found = self.accounts.iter().find(|account| account.name() == name);
        found.ok_or_else(|| CommandError::NoSuchAccount(name.clone()))
    }

    /// Its accounts, in the order in which they came.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// What spending a coin takes.
    pub(super) fn spend_plan(&self, coin: ScriptPlace) -> Result<SpendPlan, StoreProblem> {
        self.account(coin.keychain.account).map(Account::spend_plan)
    }

    /// The address at a place of one of the wallet's chains.
    pub(super) fn address(&self, place: ScriptPlace) -> Result<Address, StoreProblem> {
        let account = self.account(place.keychain.account)?;
        Ok(account.address(place.keychain.branch, place.index))
    }

    fn keychain(&self, id: KeychainId) -> Result<KeychainState, StoreProblem> {
        self.keychains.get(&id).copied().ok_or_else(|| self.no_account())
    }

    fn no_account(&self) -> StoreProblem {
        self.file.damaged("an account that it names is gone: put back a copy of it")
    }

    fn issued(&self, keychain: KeychainId, issued: &Issued) -> Result<IssuedAddress, CommandError> {
        let address = self.address(ScriptPlace { keychain, index: issued.index })?;
        let uri = uri(&address, issued);
        let account = self.account(keychain.account)?.name().clone();
        let index = issued.index;
        let unused_before = index.to_u32().saturating_sub(self.keychain(keychain)?.used);
        Ok(IssuedAddress { address, uri, account, keychain, index, unused_before })
    }
}

/// A BIP321 URI: the address, the amount in bitcoin, the note as message.
fn uri(address: &Address, issued: &Issued) -> String {
    let payee = Payee {
        address: address.clone(),
        amount: issued.amount,
        label: None,
        message: issued.note.clone(),
    };
    payee.uri()
}
