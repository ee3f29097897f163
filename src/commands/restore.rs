//! Owns `restore`: words back into a wallet, with a search that says what it covers.
//!
//! Refuses words on the command line. A mistake in them is named by its place, never by the word.

use std::fmt::Write;

use billfold_wallet_core::command::{Birthday, WalletDescription};
use billfold_wallet_core::config::LookAhead;
use billfold_wallet_core::keychain::{DerivationIndex, ScriptType, StandardAccount};
use billfold_wallet_core::net::clock::Clock;
use billfold_wallet_core::seed::Seed;
use billfold_wallet_core::service::{self, NewWallet};
use billfold_wallet_core::vault::KdfCost;
use bitcoin::bip32::Fingerprint;
use serde::Serialize;
use zeroize::Zeroizing;

use super::account_form::BirthdayForm;
use crate::cli::setup::RestoreArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Canvas, Report, figures};
use crate::password;
use crate::words::reading;

mod earliest;

/// Restores a wallet.
///
/// # Errors
/// `bad_words`, `wrong_checksum`, `no_terminal`, `wallet_exists` and the other reasons why it
/// could not be made.
pub(super) async fn run(options: &RestoreArgs, context: &mut Context) -> Result<(), Failure> {
    service::check_new(&context.run.settings)?;
    let words = reading::words(options.words_file.as_deref(), context).await?;
    let passphrase = match &options.passphrase_file {
        Some(path) => reading::passphrase(path)?,
        None => Zeroizing::new(String::new()),
    };
    let password = password::new(&context.run)?;
    let search = Search::new(options, context.run.settings.network);
    context.output.say(&search.told());
    let wallet = NewWallet {
        seed: Seed::new(&words, &passphrase),
        accounts: search.accounts(),
        birthday: search.birthday,
        look_ahead: search.look_ahead,
        password,
        // They were just read from where they are kept.
        words_checked: Some(Clock::start().now().wall),
    };
    drop((words, passphrase));
    let description = service::create(&context.run.settings, wallet, KdfCost::calibrated())?;
    context.output.result(&RestoreReport::new(&description))
}

/// What will be searched.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Search {
    types: Vec<ScriptType>,
    accounts: u32,
    look_ahead: LookAhead,
    birthday: Birthday,
}

impl Search {
    fn new(options: &RestoreArgs, network: bitcoin::Network) -> Self {
        let types =
            if options.types.is_empty() { ScriptType::ALL.to_vec() } else { options.types.clone() };
        let look_ahead =
            options.gap.map_or(LookAhead::RESTORED, |gap| LookAhead { receive: gap, change: gap });
        let birthday = options.birthday.map_or_else(
            || Birthday::Height(earliest::of_all(&types, network)),
            |birthday| birthday.0,
        );
        Self { types, accounts: options.accounts, look_ahead, birthday }
    }

    /// The first account of every type before the second of any: that is where the money is.
    fn accounts(&self) -> Vec<StandardAccount> {
        let numbers = (0..self.accounts).filter_map(DerivationIndex::new);
        let of_number = |number| {
            self.types
                .iter()
                .map(move |script_type| StandardAccount { script_type: *script_type, number })
        };
        numbers.flat_map(of_number).collect()
    }

    fn told(&self) -> String {
        let mut text = String::from("The next sync searches ");
        let names: Vec<_> = self.types.iter().map(|script_type| script_type.name()).collect();
        let LookAhead { receive, change } = self.look_ahead;
        let accounts = match self.accounts {
            1 => "account 0".to_owned(),
            several => format!("accounts 0 to {}", several - 1),
        };
        // Writing to a string can't fail.
        let _ = write!(
            text,
            "{}, {}, until {} addresses in a row ({change} of change) are unused, \
             from {} on.",
            names.join(", "),
            accounts,
            figures::grouped(receive.into()),
            BirthdayForm::new(self.birthday).for_people(),
        );
        text
    }
}

/// What was restored.
#[derive(Debug, Serialize)]
struct RestoreReport {
    fingerprint: Option<Fingerprint>,
    birthday: BirthdayForm,
    accounts: Vec<AccountRow>,
    #[serde(skip)]
    name: String,
}

#[derive(Debug, Serialize)]
struct AccountRow {
    account: String,
    descriptor: String,
}

impl RestoreReport {
    fn new(wallet: &WalletDescription) -> Self {
        let accounts = wallet.accounts.iter().map(|account| AccountRow {
            account: account.name.to_string(),
            descriptor: account.descriptor.clone(),
        });
        Self {
            fingerprint: wallet.fingerprint,
            birthday: BirthdayForm::new(wallet.birthday),
            accounts: accounts.collect(),
            name: wallet.name.clone(),
        }
    }
}

impl Report for RestoreReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        format!(
            "Wallet {} is restored; fingerprint {}. If you know another fingerprint, the words or \
             the passphrase are not those.\nNext: billfold sync, which finds its money",
            self.name,
            figures::fingerprint(self.fingerprint),
        )
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::Network;

    use super::*;

    fn options(types: &[ScriptType]) -> RestoreArgs {
        RestoreArgs {
            words_file: None,
            passphrase_file: None,
            birthday: None,
            types: types.to_vec(),
            accounts: 2,
            gap: None,
        }
    }

    #[test]
    fn first_accounts_are_searched_first() {
        let search =
            Search::new(&options(&[ScriptType::Segwit, ScriptType::Legacy]), Network::Bitcoin);
        let ids: Vec<_> =
            search.accounts().iter().map(|id| (id.script_type, id.number.to_u32())).collect();
        let (segwit, legacy) = (ScriptType::Segwit, ScriptType::Legacy);
        assert_eq!(ids, [(segwit, 0), (legacy, 0), (segwit, 1), (legacy, 1)]);
    }

    #[test]
    fn what_is_searched_is_said() {
        let told = Search::new(&options(&[]), Network::Regtest).told();
        for part in ["taproot, segwit, nested, legacy", "0 to 1", "200", "50", "block 0"] {
            assert!(told.contains(part), "{part} is missing: {told}");
        }
    }
}
