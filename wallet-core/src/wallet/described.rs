//! Owns how a wallet describes itself: its accounts and how far their addresses are.
//!
//! Refuses balances, histories and private keys: of those that were imported the public halves are told.

use crate::command::{AccountDescription, ChainDescription, StoreProblem, WalletDescription};
use crate::keychain::{Account, Branch, DerivationIndex, KeychainId, WalletPolicy};
use crate::light_client::time::WallTime;

use super::Wallet;

impl Wallet {
    /// What the wallet is made of.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn description(&self) -> Result<WalletDescription, StoreProblem> {
        let account = |account: &Account| {
            let searched = self.searched(account);
            AccountDescription {
                id: account.id(),
                name: account.name().clone(),
                kind: account.kind(),
                signs: account.signs(),
                keys: account.descriptor().keys(),
                rule: account.descriptor().rule(),
                policy: WalletPolicy::new(account.descriptor()),
                birthday: searched.birthday,
                gap: searched.look_ahead.receive,
                change_gap: searched.look_ahead.change,
                first_address: account.address(Branch::Receive, DerivationIndex::ZERO),
                preferred: account.id() == self.description.preferred,
                active: account.is_active(),
                receive: self.chain(account, Branch::Receive),
                change: self.chain(account, Branch::Change),
                descriptor: account.descriptor().to_string(),
            }
        };
        Ok(WalletDescription {
            name: self.description.name.clone(),
            fingerprint: self.description.fingerprint,
            takes_keys: self.description.takes_keys,
            held_keys: self.file.held_keys()?,
            birthday: self.description.birthday,
            accounts: self.accounts.iter().map(account).collect(),
            words_checked: self.file.words_checked()?.map(WallTime::to_unix),
            search: self.search_report()?,
        })
    }

    /// How far a chain of addresses is, if the account has it.
    fn chain(&self, account: &Account, branch: Branch) -> Option<ChainDescription> {
        let descriptor = account.descriptor();
        let state = self.keychains.get(&KeychainId { account: account.id(), branch })?;
        (descriptor.places(branch) > 0).then(|| ChainDescription {
            descriptor: descriptor.branch_text(branch),
            ranged: descriptor.places(branch) > 1,
            next: state.issued.max(state.used),
            watched: state.derived,
        })
    }
}
