//! Owns `watch`: a wallet without keys, from descriptors, extended keys, files or a policy.

use billfold_wallet_core::command::{Birthday, WalletDescription};
use billfold_wallet_core::config::LookAhead;
use billfold_wallet_core::founding::{Founding, NewWatch};
use billfold_wallet_core::import::Import;
use billfold_wallet_core::keychain::{AccountDescriptor, AccountName};
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::search_plan::earliest;
use serde::Serialize;

use super::account::form::AccountsReport;
use super::account::source::Source;
use super::account_form::BirthdayForm;
use crate::cli::accounts::WatchArgs;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Report};
use crate::password;
use crate::session::birthplace::Birthplace;

/// Creates a watch-only wallet.
///
/// # Errors
/// What is wrong with what was given, `wallet_exists`, or why the wallet could not be made.
pub(super) async fn run(options: &WatchArgs, context: &mut Context) -> Result<(), Failure> {
    let place = Birthplace::find(context).await?;
    let network = context.run.settings.network;
    let source = Source::read(&options.source, context)?
        .ok_or_else(|| Failure::new(Kind::Usage, NOTHING))?;
    let accounts = Import::named(source.accounts(None, network)?, options.name.as_ref());
    let birthday = options.birthday.map_or_else(
        || {
            at(source
                .height()
                .map_or_else(|| earliest::of_accounts(&accounts, network), Height::new))
        },
        |birthday| birthday.0,
    );
    let wallet = found(accounts, birthday, options.gap, &place, context).await?;
    context.output.result(&WatchReport::new(&wallet))
}

/// Asks for a password, and makes a wallet that looks for `gap` unused addresses.
///
/// # Errors
/// What is wrong with the password, `wallet_exists`, or why the wallet could not be made.
pub(super) async fn found(
    accounts: Vec<(AccountName, AccountDescriptor)>,
    birthday: Birthday,
    gap: Option<u32>,
    place: &Birthplace,
    context: &Context,
) -> Result<WalletDescription, Failure> {
    let look_ahead = gap.map_or(LookAhead::RESTORED, |gap| LookAhead { receive: gap, change: gap });
    let password = password::new(&context.run)?;
    let new = NewWatch::new(accounts, birthday, look_ahead, password);
    place.found(Founding::Watch(new), context).await
}

const fn at(height: Height) -> Birthday {
    Birthday::Height(height)
}

/// What is watched.
#[derive(Debug, Serialize)]
pub(super) struct WatchReport {
    birthday: BirthdayForm,
    accounts: AccountsReport,
    #[serde(skip)]
    name: String,
}

impl WatchReport {
    pub(super) fn new(wallet: &WalletDescription) -> Self {
        Self {
            birthday: BirthdayForm::new(wallet.birthday),
            accounts: AccountsReport::new(wallet),
            name: wallet.name.clone(),
        }
    }
}

impl Report for WatchReport {
    fn for_people(&self, canvas: Canvas) -> String {
        format!(
            "Wallet {} watches from {} on, and has no keys. Compare the first address with the \
             wallet that has them:\n\n{}\n\nNext: billfold sync",
            self.name,
            self.birthday.for_people(),
            self.accounts.for_people(canvas)
        )
    }
}

const NOTHING: &str = "say what to watch: a descriptor, an xpub, --file FILE, or keys with \
                       --multisig, --heir or --expanding";
