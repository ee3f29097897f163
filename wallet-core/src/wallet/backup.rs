//! Owns the step between a wallet and its [`Backup`], both ways.
//!
//! Refuses keys: whoever may have them adds them. A restored wallet is there with everything that
//! its backup holds, or not at all.

use std::path::Path;

use crate::backup::{Backup, BackupAccount, BackupRequest};
use crate::command::{Birthday, InvoiceState, Reference, StoreProblem};
use crate::keychain::{Account, AccountId, AccountName, Branch, HeldKeyName, KeychainId};
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;
use crate::store::wallet::{Issued, NewWallet, ScriptPlace, SearchedAccount, WalletFile};
use crate::vault::FileKey;

use super::Wallet;

impl Wallet {
    /// Everything that the chain can't give back, but the seed.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn backup(&self, now: WallTime) -> Result<Backup, StoreProblem> {
        let description = &self.description;
        Ok(Backup {
            created: now.to_unix(),
            network: description.network,
            name: description.name.clone(),
            fingerprint: description.fingerprint,
            birthday: self.first_known()?,
            look_ahead: description.look_ahead,
            words_checked: self.file.words_checked()?.map(WallTime::to_unix),
            avoids_reuse: self.file.avoids_reuse()?,
            preferred: self.account(description.preferred)?.name().clone(),
            accounts: self
                .accounts
                .iter()
                .map(|account| self.backup_account(account))
                .collect::<Result<_, _>>()?,
            requests: self.backup_requests()?,
            labels: self.all_labels()?,
            seed: None,
            held: Vec::new(),
        })
    }

    /// The birthday, or lower if a rescan or a payment went below it: a wallet that is restored
    /// finds no less than this one did.
    fn first_known(&self) -> Result<Birthday, StoreProblem> {
        let paid = self.file.first_payment()?;
        Ok(match (self.description.birthday, paid) {
            (Birthday::Height(birthday), paid) => {
                let rescan = self.file.scan()?.start;
                let lower = [rescan, paid.map(|(height, _)| height)].into_iter().flatten();
                Birthday::Height(lower.fold(birthday, Height::min))
            }
            (Birthday::Time(birthday), Some((_, time))) => {
                Birthday::Time(birthday.min(time.to_unix()))
            }
            (birthday, None) => birthday,
        })
    }

    /// Makes the file of a wallet from a backup, with the imported keys as they were sealed; durable on
    /// return. It appears under its name when
    /// it is whole.
    ///
    /// # Errors
    /// If there is a file already, or what the disk refused.
    pub fn restore(
        path: &Path,
        key: &FileKey,
        new: &NewWallet,
        held: &[(HeldKeyName, Vec<u8>)],
        backup: &Backup,
    ) -> Result<Self, StoreProblem> {
        let unfinished = WalletFile::begin_restored(path)?;
        let mut file = WalletFile::create(&unfinished, key, new)?;
        for (name, sealed) in held {
            file.insert_held_key(name, sealed)?;
        }
        file.commit()?;
        let mut wallet = Self::from_file(file)?;
        wallet.fill_from(backup)?;
        wallet.fill_watch_list()?;
        wallet.begin_search(false)?;
        wallet.leave_what_begins_lower()?;
        wallet.commit()?;
        wallet.file.move_to(path)?;
        Self::open(path, key)
    }

    fn backup_account(&self, account: &Account) -> Result<BackupAccount, StoreProblem> {
        let issued = |branch| {
            let state = self.keychains.get(&KeychainId { account: account.id(), branch });
            state.map_or(0, |state| state.issued.max(state.used))
        };
        let searched = self.searched(account);
        let gives_none = |branch: &Branch| {
            account.descriptor().places(*branch) > 0 && !account.is_active(*branch)
        };
        // As `first_known` has it for the wallet.
        let birthday = match (self.known_since(account.id())?, searched.start) {
            (Birthday::Height(known), Birthday::Height(start)) => {
                Birthday::Height(known.min(start))
            }
            (known, _) => known,
        };
        Ok(BackupAccount {
            name: account.name().clone(),
            descriptor: account.descriptor().to_string(),
            internal: account.descriptor().places(Branch::Receive) == 0,
            inactive: Branch::ALL.into_iter().filter(gives_none).collect(),
            birthday: Some(birthday),
            look_ahead: Some(searched.look_ahead),
            receive: issued(Branch::Receive),
            change: issued(Branch::Change),
        })
    }

    fn backup_requests(&self) -> Result<Vec<BackupRequest>, StoreProblem> {
        let mut requests = Vec::new();
        for keychain in self.keychains.keys().filter(|keychain| keychain.branch == Branch::Receive)
        {
            let account = self.account(keychain.account)?.name();
            for entry in self.file.address_entries(*keychain, None)? {
                let Some(issued) = entry.issued else { continue };
                requests.push(BackupRequest {
                    account: account.clone(),
                    index: entry.place.index,
                    amount: entry.amount,
                    id: entry.id.and_then(|id| u32::try_from(id).ok()),
                    issued: issued.to_unix(),
                    expires: entry.expires.map(WallTime::to_unix),
                    least_depth: entry.least_depth,
                    cancelled: entry.cancelled.map(WallTime::to_unix),
                });
            }
        }
        Ok(requests)
    }

    /// Stages what a backup holds beside the accounts. Indexes come first: none may be handed out
    /// a second time.
    fn fill_from(&mut self, backup: &Backup) -> Result<(), StoreProblem> {
        for account in &backup.accounts {
            let usual = self.searched(self.account(self.id_of(&account.name)?)?);
            let birthday = account.birthday.unwrap_or(usual.birthday);
            let look_ahead = account.look_ahead.unwrap_or(usual.look_ahead);
            self.set_search(SearchedAccount { birthday, start: birthday, look_ahead, ..usual })?;
            for (branch, issued) in
                [(Branch::Receive, account.receive), (Branch::Change, account.change)]
            {
                let keychain = KeychainId { account: self.id_of(&account.name)?, branch };
                if let Some(state) = self.keychains.get_mut(&keychain) {
                    state.issued = issued;
                    let state = *state;
                    self.file.set_keychain(&state)?;
                }
            }
        }
        for request in &backup.requests {
            let issued = Issued {
                index: request.index,
                amount: request.amount,
                note: None,
                expires: request.expires.map(WallTime::new),
                least_depth: request.least_depth,
            };
            let account = self.id_of(&request.account)?;
            let keychain = KeychainId { account, branch: Branch::Receive };
            let since = WallTime::new(request.issued);
            self.file.insert_address(request.id, keychain, &issued, since)?;
            let place = ScriptPlace { keychain, index: request.index };
            if let Some((id, at)) = self.file.invoice_at(place)?.zip(request.cancelled) {
                self.file.cancel_invoice(id, WallTime::new(at))?;
                self.file.set_invoice_state(id, InvoiceState::Cancelled)?;
            }
        }
        for label in &backup.labels {
            self.write_label(label)?;
            if let (Reference::Output(output), Some(spendable)) =
                (&label.reference, label.spendable)
            {
                self.file.mark_frozen(*output, !spendable)?;
            }
        }
        match backup.words_checked {
            Some(checked) => self.file.set_words_checked(WallTime::new(checked)),
            None => Ok(()),
        }
    }

    fn id_of(&self, name: &AccountName) -> Result<AccountId, StoreProblem> {
        let found = self.accounts.iter().find(|account| account.name() == name);
        found.map(Account::id).ok_or_else(|| self.file.damaged("an account is not in it"))
    }
}
