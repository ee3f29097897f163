//! Owns the accounts of a wallet that runs: taken in and looked for by one commit, their keys told,
//! one of them preferred.
//!
//! Refuses to take in some of several.

use crate::command::{
    AccountCommand, AccountProblem, AccountScope, AddedAccounts, CommandError, NewAccount, Reply,
};
use crate::config::LookAhead;
use crate::engine::follower::Follower;
use crate::engine::{Effect, Engine};
use crate::keychain::{AccountKey, DerivationIndex, ScriptType, StandardAccount, TemplateScript};
use crate::light_client::time::Now;
use crate::signers::key_layer::OpenKeys;
use crate::wallet::{SearchScope, WantedAccount};
use crate::wallet_name::WalletName;

impl Engine {
    pub(super) fn account(
        &mut self,
        now: Now,
        name: &WalletName,
        command: &AccountCommand,
    ) -> Result<Reply, CommandError> {
        let not_loaded = || CommandError::NotLoaded(name.clone());
        let one = self.followers.get_mut(name).ok_or_else(not_loaded)?;
        match command {
            AccountCommand::Key { script, number } => {
                Ok(Reply::AccountKey(Box::new(one.account_key(*script, *number)?)))
            }
            AccountCommand::Prefer(account) => {
                let id = one.wallet.account_named(account)?.id();
                one.wallet.prefer_account(id)?;
                Ok(Reply::Done)
            }
            AccountCommand::Add { accounts, scope } => {
                let added = one.add_accounts(accounts, *scope)?;
                one.changed = true;
                self.look_lower(now);
                Ok(Reply::Accounts(Box::new(added)))
            }
        }
    }

    /// What is looked for now may be below the headers that there are.
    fn look_lower(&mut self, now: Now) {
        let seed = self.entropy();
        let Some(chain) = self.chain.followed_mut() else { return };
        if chain.lower(&mut self.followers, None, seed, now) {
            self.effects.push(Effect::Restart);
            self.introduce(now);
        }
    }
}

impl Follower {
    /// Nothing is staged unless all can be taken in.
    fn add_accounts(
        &mut self,
        accounts: &[NewAccount],
        scope: AccountScope,
    ) -> Result<AddedAccounts, CommandError> {
        let keys = match self.open_keys() {
            Err(CommandError::WatchOnly) => None,
            keys => Some(keys?),
        };
        let wanted = accounts.iter().map(|account| self.wanted(account, scope, keys.as_ref()));
        let wanted = wanted.collect::<Result<Vec<_>, _>>()?;
        let signer = keys.map(|keys| keys.signer(self.wallet.network()));
        let is_own = |wanted: &WantedAccount| {
            signer.as_ref().is_none_or(|signer| signer.owns(&wanted.descriptor))
        };
        // What claims to be this wallet's is derived and compared.
        if !wanted.iter().all(is_own) {
            return Err(AccountProblem::ForeignKey.into());
        }
        self.wallet.add_accounts(wanted)
    }

    fn wanted(
        &self,
        account: &NewAccount,
        scope: AccountScope,
        keys: Option<&OpenKeys>,
    ) -> Result<WantedAccount, AccountProblem> {
        let asked = scope.gap.map(|gap| LookAhead { receive: gap, change: gap });
        let scope = SearchScope { birthday: scope.birthday, look_ahead: asked };
        Ok(match account {
            NewAccount::Standard { script_type, number } => {
                let account = self.standard(*script_type, *number);
                let descriptor = keys.and_then(|k| k.standard(account, self.wallet.network()));
                let descriptor = descriptor.ok_or(AccountProblem::NoWords)?;
                WantedAccount {
                    name: account.name(),
                    is_fixed: true,
                    descriptor,
                    scope,
                    usual: None,
                }
            }
            NewAccount::Given { name, is_fixed, descriptor } => WantedAccount {
                name: name.clone(),
                is_fixed: *is_fixed,
                descriptor: (**descriptor).clone(),
                scope,
                usual: Some(LookAhead::RESTORED),
            },
        })
    }

    /// The standard account of a type, of this number or the lowest that is not there.
    fn standard(
        &self,
        script_type: ScriptType,
        number: Option<DerivationIndex>,
    ) -> StandardAccount {
        let is_there = |number: &DerivationIndex| {
            let name = StandardAccount { script_type, number: *number }.name();
            self.wallet.account_named(&name).is_ok()
        };
        let mut numbers = (0..).map_while(DerivationIndex::new);
        // There are more numbers than accounts.
        let number = number.or_else(|| numbers.find(|number| !is_there(number)));
        StandardAccount { script_type, number: number.unwrap_or_default() }
    }

    fn account_key(&self, script: TemplateScript, number: u32) -> Result<AccountKey, CommandError> {
        let key = self.open_keys()?.account_key(script, number, self.wallet.network());
        key.ok_or(CommandError::WatchOnly)
    }

    fn open_keys(&self) -> Result<OpenKeys, CommandError> {
        self.keys.open(&self.wallet.sealed_keys()?, self.wallet.network())
    }
}
