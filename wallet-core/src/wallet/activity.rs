//! Owns activity: which accounts new addresses are of, for each type of addresses and each side, as in
//! Bitcoin Core.
//!
//! What becomes active takes the place of what was. Refuses to leave the preferred account at one
//! that gives no addresses while another does.

use crate::command::{CommandError, StoreProblem};
use crate::keychain::{Account, AccountId, Branch, KeychainId, ScriptType};

use super::Wallet;

impl Wallet {
    /// Whether a chain gives the new addresses of its type and side from here on; then no other does.
    pub(super) fn activate(
        &mut self,
        keychain: KeychainId,
        active: bool,
    ) -> Result<(), StoreProblem> {
        let KeychainId { account, branch } = keychain;
        let script_type = self.account(account)?.script_type();
        for one in &mut self.accounts {
            let is_own = one.id() == account;
            let is_replaced = active && one.script_type() == script_type;
            if (is_own || is_replaced) && one.is_active(branch) != (is_own && active) {
                one.set_active(branch, is_own && active);
                let keychain = KeychainId { account: one.id(), branch };
                self.file.set_active(keychain, is_own && active)?;
            }
        }
        self.settle_preferred()
    }

    /// Makes an account the one of new addresses; where another took its place, it takes it back.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn prefer_account(&mut self, account: AccountId) -> Result<(), StoreProblem> {
        self.file.set_decided()?;
        self.set_preferred(account)?;
        let own = self.account(account)?;
        let replaced =
            Branch::ALL.map(|branch| own.descriptor().places(branch) > 1 && !own.is_active(branch));
        for (branch, replaced) in Branch::ALL.into_iter().zip(replaced) {
            if replaced {
                self.activate(KeychainId { account, branch }, true)?;
            }
        }
        Ok(())
    }

    /// Where the preferred account gives no addresses, what took its place is preferred, or else what
    /// gives some. While nobody has chosen, segwit is, the usual type of Bitcoin Core.
    pub(super) fn settle_preferred(&mut self) -> Result<(), StoreProblem> {
        let preferred = self.account(self.description.preferred)?;
        let is_usual = preferred.script_type() == ScriptType::Segwit;
        let gives = |one: &&Account| one.is_active(Branch::Receive);
        if gives(&preferred) && (is_usual || !self.file.is_undecided()?) {
            return Ok(());
        }
        let of = |wanted: ScriptType| {
            self.accounts.iter().filter(gives).find(|one| one.script_type() == wanted)
        };
        let usual = of(ScriptType::Segwit);
        let next = if gives(&preferred) {
            usual
        } else {
            let same = of(preferred.script_type());
            same.or(usual).or_else(|| self.accounts.iter().find(gives))
        };
        match next.map(Account::id) {
            Some(next) => self.set_preferred(next),
            None => Ok(()),
        }
    }

    fn set_preferred(&mut self, account: AccountId) -> Result<(), StoreProblem> {
        self.file.set_preferred(account)?;
        self.description.preferred = account;
        Ok(())
    }

    /// The account that gives the change of what another pays: itself, or what took its place, but for
    /// what several people sign for together never one of which one is enough. Where nothing did, itself
    /// if it has a chain for change, or else the first that gives some.
    pub(super) fn giving_change(&self, account: AccountId) -> Result<AccountId, CommandError> {
        let own = self.account(account)?;
        let gives = |one: &&Account| one.is_active(Branch::Change);
        if gives(&own) {
            return Ok(account);
        }
        let takes_over = |one: &&Account| {
            let is_alike = one.script_type() == own.script_type();
            is_alike && (own.has_one_signer() || !one.has_one_signer())
        };
        let others = self.accounts.iter().filter(gives).filter(takes_over).map(Account::id);
        if let Some(other) = others.min_by_key(|id| *id != self.description.preferred) {
            return Ok(other);
        }
        if own.descriptor().places(Branch::Change) > 0 {
            return Ok(account);
        }
        let mut any = self.accounts.iter().filter(gives);
        any.next().map(Account::id).ok_or(CommandError::AddressesExhausted)
    }
}
