//! Owns the descriptors of a wallet's branches: the `Shelf` on which each is kept once it was asked for,
//! as to read one takes long, and the `Branches` of a description, by account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use billfold_wallet_core::command::{ChainDescription, WalletDescription};
use billfold_wallet_core::keychain::{AccountName, Branch};

use crate::descriptor::BranchDescriptor;

/// The descriptors of one wallet by what the wallet tells of them, so that none is ever out of date.
#[derive(Debug, Default)]
pub struct Shelf(Mutex<HashMap<String, Arc<BranchDescriptor>>>);

impl Shelf {
    /// One of them.
    #[must_use]
    pub fn take(&self, chain: &ChainDescription) -> Arc<BranchDescriptor> {
        // What a panic left is whole: every change is one insertion.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(branch) = kept.get(&chain.descriptor) {
            return Arc::clone(branch);
        }
        let branch = Arc::new(BranchDescriptor::new(&chain.descriptor));
        kept.insert(chain.descriptor.clone(), Arc::clone(&branch));
        branch
    }
}

/// The branches of one wallet.
#[derive(Debug)]
pub struct Branches<'a>(Vec<(&'a AccountName, Branch, Arc<BranchDescriptor>)>);

impl<'a> Branches<'a> {
    /// Those of the accounts that are described.
    #[must_use]
    pub fn new(wallet: &'a WalletDescription, shelf: &Shelf) -> Self {
        let both = wallet.accounts.iter().flat_map(|account| {
            [(Branch::Receive, &account.receive), (Branch::Change, &account.change)]
                .map(|(branch, chain)| Some((&account.name, branch, shelf.take(chain.as_ref()?))))
        });
        Self(both.flatten().collect())
    }

    /// One of them; `None` if there is none.
    #[must_use]
    pub fn get(&self, account: &AccountName, branch: Branch) -> Option<&BranchDescriptor> {
        let mut all = self.0.iter();
        all.find(|(name, own, _)| *name == account && *own == branch).map(|(.., found)| &**found)
    }
}
