//! Owns `restore`: words back into a wallet, with a search that says what it covers.
//!
//! Refuses words on the command line. A mistake in them is named by its place, never by the word.

use std::fmt::Write;

use billfold_wallet_core::command::{Birthday, WalletDescription};
use billfold_wallet_core::config::{LookAhead, Settings};
use billfold_wallet_core::founding::{Founding, NewWallet};
use billfold_wallet_core::keychain::{ScriptType, StandardAccount};
use billfold_wallet_core::net::clock::Clock;
use billfold_wallet_core::search_plan::cost::SearchCost;
use billfold_wallet_core::search_plan::earliest;
use billfold_wallet_core::seed::Seed;
use billfold_wallet_core::service;
use bitcoin::bip32::Fingerprint;
use serde::Serialize;

use super::account_form::BirthdayForm;
use super::search_form::SearchForm;
use super::sync;
use crate::cli::setup::RestoreArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Canvas, Report, figures};
use crate::password;
use crate::session::birthplace::Birthplace;
use crate::session::follow::Patience;
use crate::session::{self, Session};
use crate::words::passphrase::{self, Asked};
use crate::words::reading;

mod fingerprint;

/// Restores a wallet.
///
/// # Errors
/// `bad_words`, `wrong_checksum`, `fingerprint_mismatch`, `fingerprint_unconfirmed`,
/// `no_terminal`, `wallet_exists` and the other reasons why it could not be made; with a search,
/// those of `sync` too, and then the wallet is there.
pub(super) async fn run(options: &RestoreArgs, context: &mut Context) -> Result<(), Failure> {
    let place = Birthplace::find(context).await?;
    if options.search && !place.is_daemon() {
        session::needs_peers(&context.run.settings)?;
    }
    let words = reading::words(options.words_file.as_deref(), context).await?;
    let asked = Asked { terminal: options.passphrase, file: options.passphrase_file.as_deref() };
    let passphrase = passphrase::chosen(asked, context)?;
    let seed = Seed::new(&words, &passphrase);
    let plain = passphrase.is_empty();
    drop((words, passphrase));
    fingerprint::agree(seed.fingerprint(), options.expect_fingerprint, plain, context).await?;
    let password = password::new(&context.run)?;
    let search = Search::new(options, context.run.settings.network);
    let cost = search.cost(&context.run.settings);
    context.output.say(&search.told(cost));
    let wallet = NewWallet {
        seed,
        accounts: search.accounts(),
        birthday: search.birthday,
        look_ahead: search.look_ahead,
        password: password.clone(),
        // They were just read from where they are kept.
        words_checked: Some(Clock::start().now().wall),
        key_passphrase: None,
        avoids_reuse: false,
    };
    let description = place.found(Founding::Keys(wallet), context).await?;
    let mut report = RestoreReport::new(&description, cost);
    if options.search {
        let fingerprint = figures::fingerprint(report.fingerprint);
        context.output.say(&format!("Restored, fingerprint {fingerprint}. Searching."));
        let work = async |session: &mut Session, context: &mut Context| {
            sync::to_tip(session, context, Patience::WhileItMoves).await
        };
        report.search = Session::with_new(context, &password, work).await?.search;
    }
    context.output.result(&report)
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
            || Birthday::Height(earliest::of_types(&types, network)),
            |birthday| birthday.0,
        );
        Self { types, accounts: options.accounts, look_ahead, birthday }
    }

    fn accounts(&self) -> Vec<StandardAccount> {
        StandardAccount::of_each(&self.types, self.accounts)
    }

    fn cost(&self, settings: &Settings) -> Option<SearchCost> {
        let accounts = self.accounts();
        let types: Vec<_> = accounts.iter().map(|account| account.script_type).collect();
        service::search_cost(settings, &types, self.birthday, self.look_ahead)
    }

    fn told(&self, cost: Option<SearchCost>) -> String {
        let mut text = String::from("To be searched: ");
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
        if let Some(cost) = cost {
            // Likewise.
            let _ = write!(
                text,
                "\nThat is about {} ({}), and some {} whose filters match by chance ({}). \
                 --birthday, --types, --accounts and --gap narrow it.",
                figures::count(cost.filters, "filter"),
                figures::bytes(cost.filter_bytes),
                figures::count(cost.false_positives, "block"),
                figures::bytes(cost.block_bytes),
            );
        }
        text
    }
}

/// What was restored.
#[derive(Debug, Serialize)]
struct RestoreReport {
    fingerprint: Option<Fingerprint>,
    birthday: BirthdayForm,
    accounts: Vec<AccountRow>,
    cost: Option<CostForm>,
    search: Option<SearchForm>,
    #[serde(skip)]
    name: String,
}

/// What the search takes, about.
#[derive(Debug, Clone, Copy, Serialize)]
struct CostForm {
    filters: u64,
    filter_bytes: u64,
    blocks: u64,
    block_bytes: u64,
}

impl CostForm {
    const fn new(cost: SearchCost) -> Self {
        let SearchCost { filters, filter_bytes, false_positives: blocks, block_bytes } = cost;
        Self { filters, filter_bytes, blocks, block_bytes }
    }
}

#[derive(Debug, Serialize)]
struct AccountRow {
    account: String,
    descriptor: String,
}

impl RestoreReport {
    fn new(wallet: &WalletDescription, cost: Option<SearchCost>) -> Self {
        let accounts = wallet.accounts.iter().map(|account| AccountRow {
            account: account.name.to_string(),
            descriptor: account.descriptor.clone(),
        });
        Self {
            fingerprint: wallet.fingerprint,
            birthday: BirthdayForm::new(wallet.birthday),
            accounts: accounts.collect(),
            cost: cost.map(CostForm::new),
            search: None,
            name: wallet.name.clone(),
        }
    }
}

impl Report for RestoreReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let next = match &self.search {
            Some(search) => search.for_people(),
            None => "Next: billfold sync, which finds its money".to_owned(),
        };
        format!(
            "Wallet {} is restored; fingerprint {}. If you know another fingerprint, the words or \
             the passphrase are not those.\n{next}",
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
            passphrase: false,
            passphrase_file: None,
            expect_fingerprint: None,
            birthday: None,
            types: types.to_vec(),
            accounts: 2,
            gap: None,
            search: false,
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
        let told = Search::new(&options(&[]), Network::Regtest).told(None);
        for part in ["taproot, segwit, nested, legacy", "0 to 1", "200", "50", "block 0"] {
            assert!(told.contains(part), "{part} is missing: {told}");
        }
    }
}
