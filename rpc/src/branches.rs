//! Owns the descriptors of a wallet's branches, each read when it is first asked for and then kept: a list
//! of thousands of coins asks for the same few.

use std::sync::OnceLock;

use billfold_wallet_core::command::WalletDescription;
use billfold_wallet_core::keychain::{AccountName, Branch};

use crate::descriptor::BranchDescriptor;

/// The branches of one wallet.
#[derive(Debug)]
pub struct Branches<'a>(Vec<Entry<'a>>);

#[derive(Debug)]
struct Entry<'a> {
    account: &'a AccountName,
    descriptor: &'a str,
    branch: Branch,
    read: OnceLock<Option<BranchDescriptor>>,
}

impl<'a> Branches<'a> {
    /// Those of the accounts that are described.
    #[must_use]
    pub fn new(wallet: &'a WalletDescription) -> Self {
        let both = [Branch::Receive, Branch::Change];
        let entries = wallet.accounts.iter().flat_map(|account| {
            both.map(|branch| Entry {
                account: &account.name,
                descriptor: &account.descriptor,
                branch,
                read: OnceLock::new(),
            })
        });
        Self(entries.collect())
    }

    /// One of them; `None` if there is none.
    #[must_use]
    pub fn get(&self, account: &AccountName, branch: Branch) -> Option<&BranchDescriptor> {
        let found = self.0.iter().find(|one| one.account == account && one.branch == branch)?;
        found.read.get_or_init(|| BranchDescriptor::read(found.descriptor, branch)).as_ref()
    }
}
