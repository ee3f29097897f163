//! Owns `describe`: what the wallet is made of, whether its words are known to be written down,
//! and what was searched for old payments.

use std::fmt::Write as _;

use billfold_wallet_core::command::{Command, Reply, WalletDescription};
use billfold_wallet_core::service::{Access, Reach};
use bitcoin::bip32::Fingerprint;
use serde::Serialize;

use super::account_form::BirthdayForm;
use super::search_form::SearchForm;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Canvas, Report, figures};
use crate::session::{Session, unexpected};

/// Describes the wallet.
///
/// # Errors
/// Why the wallet did not open or answer.
pub(super) async fn run(context: &mut Context) -> Result<(), Failure> {
    let wallet = Session::with(context, Access::View, Reach::Offline, of).await?;
    context.output.result(&DescribeReport::new(&wallet))
}

/// The description of an open wallet.
///
/// # Errors
/// What the wallet answered, or `interrupted`.
pub(super) async fn of(
    session: &mut Session,
    context: &mut Context,
) -> Result<WalletDescription, Failure> {
    match session.ask(Command::Describe, context).await? {
        Reply::Wallet(wallet) => Ok(*wallet),
        reply => Err(unexpected(&reply)),
    }
}

/// What a wallet is made of.
#[derive(Debug, Serialize)]
struct DescribeReport {
    name: String,
    fingerprint: Option<Fingerprint>,
    birthday: BirthdayForm,
    words_checked: Option<u64>,
    /// Private keys that were imported.
    imported_keys: usize,
    accounts: Vec<AccountRow>,
    search: SearchForm,
}

#[derive(Debug, Serialize)]
struct AccountRow {
    account: String,
    kind: &'static str,
    signs: bool,
    descriptor: String,
}

impl DescribeReport {
    fn new(wallet: &WalletDescription) -> Self {
        let accounts = wallet.accounts.iter().map(|account| AccountRow {
            account: account.name.to_string(),
            kind: account.kind.name(),
            signs: account.signs,
            descriptor: account.descriptor.clone(),
        });
        Self {
            name: wallet.name.clone(),
            fingerprint: wallet.fingerprint,
            birthday: BirthdayForm::new(wallet.birthday),
            words_checked: wallet.words_checked,
            imported_keys: wallet.held_keys.len(),
            accounts: accounts.collect(),
            search: SearchForm::new(wallet),
        }
    }
}

impl Report for DescribeReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let checked = match (self.fingerprint, self.words_checked) {
            (None, _) if self.imported_keys > 0 => "none: its keys were imported".to_owned(),
            (None, _) => "none here: this wallet only watches".to_owned(),
            (Some(_), None) => UNCHECKED.to_owned(),
            (Some(_), Some(time)) => figures::local_time(time),
        };
        let mut text = format!(
            "Wallet       {}\nFingerprint  {}\nBirthday     {}\nWords typed  {checked}\n",
            self.name,
            figures::fingerprint(self.fingerprint),
            self.birthday.for_people(),
        );
        if self.imported_keys > 0 {
            let _ = writeln!(
                text,
                "Imported     {} private keys: no words bring them back",
                self.imported_keys
            );
        }
        for AccountRow { account, descriptor, .. } in &self.accounts {
            // Writing to a string can't fail.
            let _ = write!(text, "\n{account}\n{descriptor}\n");
        }
        text.push('\n');
        text + &self.search.for_people()
    }
}

const UNCHECKED: &str = "NOT BACKED UP: nobody has typed them back (billfold words check)";
