//! Owns how accounts are told: their kind, descriptor, keys and who may spend them.

use billfold_wallet_core::command::{AccountDescription, WalletDescription};
use billfold_wallet_core::keychain::{AccountKey, WalletPolicy};
use bitcoin::bip32::Fingerprint;
use serde::Serialize;

use super::super::account_form::BirthdayForm;
use super::words;
use crate::output::{Canvas, Report, figures};

/// An array of accounts.
#[derive(Debug, Serialize)]
pub(crate) struct AccountsReport(Vec<AccountForm>);

#[derive(Debug, Serialize)]
struct AccountForm {
    account: String,
    kind: &'static str,
    signs: bool,
    preferred: bool,
    spending: Vec<String>,
    descriptor: String,
    keys: Vec<KeyForm>,
    policy: Option<PolicyForm>,
    birthday: BirthdayForm,
    gap: u32,
    change_gap: u32,
    first_address: String,
}

/// A key; what is not known of its origin is null.
#[derive(Debug, Serialize)]
struct KeyForm {
    fingerprint: Option<Fingerprint>,
    path: Option<String>,
    xpub: String,
    own: bool,
    unspendable: bool,
}

/// A wallet policy (BIP388).
#[derive(Debug, Serialize)]
pub(crate) struct PolicyForm {
    template: String,
    keys: Vec<String>,
}

impl AccountsReport {
    pub(crate) fn new(wallet: &WalletDescription) -> Self {
        let form = |account| AccountForm::new(account, wallet.fingerprint);
        Self(wallet.accounts.iter().map(form).collect())
    }
}

impl AccountForm {
    fn new(account: &AccountDescription, own: Option<Fingerprint>) -> Self {
        Self {
            account: account.name.to_string(),
            kind: account.kind.name(),
            signs: account.signs,
            preferred: account.preferred,
            spending: words::sentences(&account.rule, own),
            descriptor: account.descriptor.clone(),
            keys: account.keys.iter().map(|key| KeyForm::new(key, own)).collect(),
            policy: account.policy.as_ref().map(PolicyForm::new),
            birthday: BirthdayForm::new(account.birthday),
            gap: account.gap,
            change_gap: account.change_gap,
            first_address: account.first_address.to_string(),
        }
    }

    fn for_people(&self) -> String {
        let mark = if self.preferred { "  (new addresses are of it)" } else { "" };
        let mut lines = vec![format!("{}{mark}", self.account)];
        let mut says = "Spent by     ";
        for way in &self.spending {
            lines.push(format!("{says}{way}"));
            says = "or by        ";
        }
        for key in self.keys.iter().filter(|key| key.fingerprint.is_none() && !key.unspendable) {
            lines.push(format!("Of unknown origin: {}", key.xpub));
        }
        let from = self.birthday.for_people();
        lines.push(format!(
            "Searched     from {from} on, gap {} ({} of change)",
            figures::grouped(self.gap.into()),
            figures::grouped(self.change_gap.into())
        ));
        lines.push(format!("First        {}", self.first_address));
        lines.push(self.descriptor.clone());
        lines.join("\n")
    }
}

impl KeyForm {
    fn new(key: &AccountKey, own: Option<Fingerprint>) -> Self {
        let (fingerprint, path) = key.origin.clone().unzip();
        Self {
            own: fingerprint.is_some() && fingerprint == own,
            fingerprint,
            path: path.map(|path| path.to_string()),
            xpub: key.xpub.to_string(),
            unspendable: key.is_nobodys(),
        }
    }
}

impl PolicyForm {
    pub(crate) fn new(policy: &WalletPolicy) -> Self {
        Self {
            template: policy.template.clone(),
            keys: policy.keys.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Report for AccountsReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let accounts: Vec<_> = self.0.iter().map(AccountForm::for_people).collect();
        accounts.join("\n\n")
    }
}
