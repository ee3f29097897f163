//! Owns `account`: the accounts of a wallet listed, added and preferred, and its own key for a
//! policy.

use billfold_wallet_core::import::ImportedAccount;
use billfold_wallet_core::keychain::{AccountName, ScriptType};
use billfold_wallet_core::service::{Access, Reach, Strongbox};
use serde::Serialize;

use super::describe;
use crate::cli::accounts::{
    AccountAddArgs, AccountCommand, AccountKeyArgs, AccountPreferArgs, ImportDescriptorsArgs,
};
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Report};
use crate::password;
use crate::session::Session;

use form::AccountsReport;
use source::Source;

mod words;
pub(super) mod form;
pub(super) mod source;

/// Carries out one of them.
///
/// # Errors
/// Why it was not done.
pub(super) async fn run(command: &AccountCommand, context: &mut Context) -> Result<(), Failure> {
    match command {
        AccountCommand::List => list(context).await,
        AccountCommand::Add(options) => add(options, context).await,
        AccountCommand::Key(options) => key(options, context).await,
        AccountCommand::Prefer(options) => prefer(options, context).await,
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
    add_all(&source, None, context).await
}

async fn list(context: &mut Context) -> Result<(), Failure> {
    let wallet = Session::with(context, Access::View, Reach::Offline, describe::of).await?;
    context.output.result(&AccountsReport::new(&wallet))
}

async fn add(options: &AccountAddArgs, context: &mut Context) -> Result<(), Failure> {
    let AccountAddArgs { source, number, name } = options;
    match (Source::read(source, context)?, source.script_type) {
        (Some(_), _) if number.is_some() => Err(Failure::new(Kind::Usage, NUMBER)),
        (Some(source), _) => add_all(&source, name.as_ref(), context).await,
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
    let mut strongbox = password::tried(context, Strongbox::open).await?;
    let name = strongbox.add_standard(script_type, options.number)?;
    tell_added(&strongbox, &[name], context)
}

async fn add_all(
    source: &Source,
    name: Option<&AccountName>,
    context: &mut Context,
) -> Result<(), Failure> {
    let mut strongbox = password::tried(context, Strongbox::open).await?;
    let accounts = source.accounts(Some(&strongbox), context.run.settings.network)?;
    let mut names = Vec::new();
    for account in accounts {
        let ImportedAccount { descriptor, .. } = &account;
        let wanted = match (name, &account.name) {
            // What a person asks for is taken as it is, or refused.
            (Some(name), _) if names.is_empty() => name.clone(),
            (Some(name), _) | (None, Some(name)) => strongbox.free_name(name),
            (None, None) => strongbox.free_name(&account.usual_name()),
        };
        names.push(strongbox.add_account(&wanted, descriptor.clone())?);
    }
    tell_added(&strongbox, &names, context)
}

fn tell_added(
    strongbox: &Strongbox,
    names: &[AccountName],
    context: &mut Context,
) -> Result<(), Failure> {
    let mut wallet = strongbox.description()?;
    wallet.accounts.retain(|account| names.contains(&account.name));
    // A wallet without words watches all of its accounts: that is no news.
    for account in wallet.accounts.iter().filter(|a| !a.signs && wallet.fingerprint.is_some()) {
        context.output.say(&format!("{}: {ONLY_WATCHED}", account.name));
    }
    context.output.say(SEARCH);
    context.output.result(&AccountsReport::new(&wallet))
}

async fn key(options: &AccountKeyArgs, context: &mut Context) -> Result<(), Failure> {
    let strongbox = password::tried(context, Strongbox::open).await?;
    let key = strongbox.account_key(source::script(options.script), options.number.to_u32())?;
    context.output.result(&KeyReport { key: key.to_string() })
}

async fn prefer(options: &AccountPreferArgs, context: &mut Context) -> Result<(), Failure> {
    let mut strongbox = password::tried(context, Strongbox::open).await?;
    strongbox.prefer_account(&options.name)?;
    context.output.result(&AccountsReport::new(&strongbox.description()?))
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

const SEARCH: &str = "The next sync searches for payments to it since the wallet's birthday. If it is older than \
     that: billfold rescan --from HEIGHT after that sync, or a wallet of its own by billfold watch.";

const NOTHING: &str = "say what to add: --type TYPE for the next account of this wallet's words, a descriptor, an \
     xpub, --file FILE, or a policy (--multisig, --heir, --expanding)";

const NUMBER: &str = "--number is for an account of this wallet's words: give it with --type alone";

const ONLY_WATCHED: &str =
    "none of these keys is this wallet's: it only watches this account and can't spend from it";

const NAME: &str = "an account of this wallet's words has a fixed name: leave --name out";
