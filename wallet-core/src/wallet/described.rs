//! Owns how a wallet describes itself: its accounts and how far their addresses are.
//!
//! Refuses balances, histories and private keys: of those that were imported the public halves are told.

use crate::command::{
    AccountDescription, Birthday, ChainDescription, StoreProblem, WalletDescription,
};
use crate::keychain::{Account, Branch, DerivationIndex, KeychainId, WalletPolicy};
use crate::light_client::time::WallTime;

use super::Wallet;

impl Wallet {
    /// What the wallet is made of.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn description(&self) -> Result<WalletDescription, StoreProblem> {
        Ok(WalletDescription {
            name: self.description.name.clone(),
            fingerprint: self.description.fingerprint,
            takes_keys: self.description.takes_keys,
            external_signer: self.description.external_signer,
            held_keys: self.file.held_keys()?,
            birthday: self.description.birthday,
            accounts: self.accounts.iter().map(|account| self.described(account)).collect(),
            words_checked: self.file.words_checked()?.map(WallTime::to_unix),
            avoids_reuse: self.file.avoids_reuse()?,
            search: self.search_report()?,
        })
    }

    /// An account as it is now.
    fn described(&self, account: &Account) -> AccountDescription {
        let (id, searched) = (account.id(), self.searched(account));
        let mut portraits = self.portraits.borrow_mut();
        let told = portraits.entry(id).or_insert_with(|| portrait(account));
        let chains = [(&mut told.receive, Branch::Receive), (&mut told.change, Branch::Change)];
        for (chain, branch) in chains {
            let state = self.keychains.get(&KeychainId { account: id, branch });
            if let (Some(chain), Some(state)) = (chain, state) {
                chain.active = account.is_active(branch);
                (chain.next, chain.watched) = (state.issued.max(state.used), state.derived);
            }
        }
        AccountDescription {
            signs: account.signs(),
            birthday: searched.birthday,
            gap: searched.look_ahead.receive,
            change_gap: searched.look_ahead.change,
            preferred: id == self.description.preferred,
            ..told.clone()
        }
    }
}

/// A description of an account, of which what never changes is true: to write extended keys takes long.
fn portrait(account: &Account) -> AccountDescription {
    let descriptor = account.descriptor();
    let chain = |branch| {
        (descriptor.places(branch) > 0).then(|| ChainDescription {
            descriptor: descriptor.branch_text(branch),
            active: false,
            ranged: descriptor.places(branch) > 1,
            next: 0,
            watched: 0,
        })
    };
    AccountDescription {
        id: account.id(),
        name: account.name().clone(),
        kind: account.kind(),
        script_type: account.script_type(),
        signs: false,
        keys: descriptor.keys(),
        signers: descriptor.signers(),
        rule: descriptor.rule(),
        policy: WalletPolicy::new(descriptor),
        birthday: Birthday::Time(0),
        gap: 0,
        change_gap: 0,
        first_address: account.address(Branch::Receive, DerivationIndex::ZERO),
        preferred: false,
        receive: chain(Branch::Receive),
        change: chain(Branch::Change),
        descriptor: descriptor.to_string(),
    }
}
