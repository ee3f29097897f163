//! Owns `account`: the accounts of a wallet listed, added and preferred, and its own key for a
//! policy.

use billfold_wallet_core::command::{
    AccountCommand, AccountScope, Birthday, Command, NewAccount, Reply,
};
use billfold_wallet_core::face::Access;
use billfold_wallet_core::keychain::{AccountKey, AccountName, ScriptType, TemplateScript};
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::service::Reach;
use serde::Serialize;

use super::account_form::BirthdayForm;
use super::describe;
use crate::cli::accounts::{
    AccountAddArgs, AccountCommand as AccountVerb, AccountKeyArgs, AccountPreferArgs,
    ImportDescriptorsArgs, ScopeArgs,
};
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Report};
use crate::session::{Session, unexpected};

use form::AccountsReport;
use source::Source;

mod words;
pub(super) mod form;
pub(super) mod source;

/// Carries out one of them.
///
/// # Errors
/// Why it was not done.
pub(super) async fn run(command: &AccountVerb, context: &mut Context) -> Result<(), Failure> {
    match command {
        AccountVerb::List => list(context).await,
        AccountVerb::Add(options) => add(options, context).await,
        AccountVerb::Key(options) => key(options, context).await,
        AccountVerb::Prefer(options) => prefer(options, context).await,
    }
}

/// Adds the accounts of a file: `import descriptors`.
///
/// # Errors
/// As `account add`.
pub(super) async fn import(
    options: &ImportDescriptorsArgs,
    context: &mut Context,
) -> Result<(), Failure> {
    let source = Source::of_file(&options.file, options.script_type, context)?;
    add_all(&source, None, &options.scope, context).await
}

async fn list(context: &mut Context) -> Result<(), Failure> {
    let wallet = Session::with(context, Access::View, Reach::Offline, describe::of).await?;
    context.output.result(&AccountsReport::new(&wallet))
}

async fn add(options: &AccountAddArgs, context: &mut Context) -> Result<(), Failure> {
    let AccountAddArgs { source, number, name, scope } = options;
    match (Source::read(source, context)?, source.script_type) {
        (Some(_), _) if number.is_some() => Err(Failure::new(Kind::Usage, NUMBER)),
        (Some(source), _) => add_all(&source, name.as_ref(), scope, context).await,
        (None, Some(_)) if name.is_some() => Err(Failure::new(Kind::Usage, NAME)),
        (None, Some(script_type)) => add_standard(script_type, options, context).await,
        (None, None) => Err(Failure::new(Kind::Usage, NOTHING)),
    }
}

async fn add_standard(
    script_type: ScriptType,
    options: &AccountAddArgs,
    context: &mut Context,
) -> Result<(), Failure> {
    let account = NewAccount::Standard { script_type, number: options.number };
    let scope = asked(&options.scope, None);
    with_keys(context, async |session, context| {
        take_in(vec![account], scope, session, context).await
    })
    .await
}

async fn add_all(
    source: &Source,
    name: Option<&AccountName>,
    scope: &ScopeArgs,
    context: &mut Context,
) -> Result<(), Failure> {
    let scope = asked(scope, source.height());
    with_keys(context, async |session, context| {
        let mine = match source.needs_key() {
            Some(script) => Some(own_key(script, 0, session, context).await?),
            None => None,
        };
        let accounts = source.accounts(mine.as_ref(), context.run.settings.network)?;
        let given = accounts.into_iter().enumerate().map(|(number, account)| {
            // What a person asks for is taken as it is, or refused.
            let is_fixed = name.is_some() && number == 0;
            let told = name.or(account.name.as_ref()).cloned();
            let name = told.unwrap_or_else(|| account.usual_name());
            NewAccount::Given { name, is_fixed, descriptor: Box::new(account.descriptor) }
        });
        take_in(given.collect(), scope, session, context).await
    })
    .await
}

/// Opens the wallet with its keys, wherever it is.
async fn with_keys<T>(
    context: &mut Context,
    work: impl AsyncFnOnce(&mut Session, &mut Context) -> Result<T, Failure>,
) -> Result<T, Failure> {
    Session::with(context, Access::Sign, Reach::Offline, work).await
}

/// What is searched for by default is the wallet's to say.
fn asked(scope: &ScopeArgs, height: Option<u32>) -> AccountScope {
    let told = height.map(|height| Birthday::Height(Height::new(height)));
    AccountScope { birthday: scope.birthday.map(|birthday| birthday.0).or(told), gap: scope.gap }
}

/// Has the wallet take accounts in, all of them or none, and tells what became of them.
async fn take_in(
    accounts: Vec<NewAccount>,
    scope: AccountScope,
    session: &mut Session,
    context: &mut Context,
) -> Result<(), Failure> {
    let command = Command::Account(Box::new(AccountCommand::Add { accounts, scope }));
    let told = match session.ask_to_the_end(command).await? {
        Reply::Accounts(told) => *told,
        reply => return Err(unexpected(&reply)),
    };
    let mut wallet = describe::of(session, context).await?;
    let is_told = |name: &AccountName| told.added.contains(name) || told.widened.contains(name);
    wallet.accounts.retain(|one| is_told(&one.name));
    for name in &told.known {
        context.output.say(&format!("{name}: {KNOWN}"));
    }
    let when = if session.goes_on() { NOW } else { LATER };
    for account in &wallet.accounts {
        // A wallet without words watches all of its accounts: that is no news.
        if !account.signs && wallet.fingerprint.is_some() {
            context.output.say(&format!("{}: {ONLY_WATCHED}", account.name));
        }
        let (from, gap) = (BirthdayForm::new(account.birthday), account.gap);
        let from = from.for_people();
        let what = format!("payments to {} are searched for from {from} on", account.name);
        let far =
            format!("until {gap} addresses in a row are unused ({} of change)", account.change_gap);
        context.output.say(&format!("{when}, {what}, {far}."));
    }
    context.output.say(OLDER);
    context.output.result(&AccountsReport::new(&wallet))
}

async fn key(options: &AccountKeyArgs, context: &mut Context) -> Result<(), Failure> {
    let (script, number) = (source::script(options.script), options.number.to_u32());
    let key = with_keys(context, async |session, context| {
        own_key(script, number, session, context).await
    });
    let key = key.await?.to_string();
    context.output.result(&KeyReport { key })
}

async fn own_key(
    script: TemplateScript,
    number: u32,
    session: &mut Session,
    context: &mut Context,
) -> Result<AccountKey, Failure> {
    let command = Command::Account(Box::new(AccountCommand::Key { script, number }));
    match session.ask(command, context).await? {
        Reply::AccountKey(key) => Ok(*key),
        reply => Err(unexpected(&reply)),
    }
}

async fn prefer(options: &AccountPreferArgs, context: &mut Context) -> Result<(), Failure> {
    let name = options.name.clone();
    let wallet = Session::with(context, Access::View, Reach::Offline, async |session, context| {
        let command = Command::Account(Box::new(AccountCommand::Prefer(name)));
        session.ask_to_the_end(command).await?;
        describe::of(session, context).await
    });
    let wallet = wallet.await?;
    context.output.result(&AccountsReport::new(&wallet))
}

#[derive(Debug, Serialize)]
struct KeyReport {
    key: String,
}

impl Report for KeyReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        self.key.clone()
    }
}

const OLDER: &str = "If it is older than that: the same command with --birthday, or billfold rescan --from HEIGHT for \
     all accounts.";

/// While a daemon has the wallet, and keeps it.
const NOW: &str = "From now on";

const LATER: &str = "With the next sync";

const KNOWN: &str = "it is watched already, and nothing changes for it";

const NOTHING: &str = "say what to add: --type TYPE for the next account of this wallet's words, a descriptor, an \
     xpub, --file FILE, or a policy (--multisig, --heir, --expanding)";

const NUMBER: &str = "--number is for an account of this wallet's words: give it with --type alone";

const ONLY_WATCHED: &str =
    "none of these keys is this wallet's: it only watches this account and can't spend from it";

const NAME: &str = "an account of this wallet's words has a fixed name: leave --name out";
