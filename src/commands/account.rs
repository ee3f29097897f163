//! Owns `account`: the accounts of a wallet listed, added and preferred, and its own key for a
//! policy.

use billfold_wallet_core::command::Birthday;
use billfold_wallet_core::config::LookAhead;
use billfold_wallet_core::import::ImportedAccount;
use billfold_wallet_core::keychain::{AccountName, ScriptType};
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::service::{Access, Reach, Strongbox};
use billfold_wallet_core::wallet::{AddAccountError, SearchScope};
use serde::Serialize;

use super::account_form::BirthdayForm;
use super::describe;
use crate::cli::accounts::{
    AccountAddArgs, AccountCommand, AccountKeyArgs, AccountPreferArgs, ImportDescriptorsArgs,
    ScopeArgs,
};
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Report};
use crate::session::Session;
use crate::strongbox;

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
    let mut strongbox = strongbox::open_keys(context).await?;
    let scope = asked(&options.scope, None);
    let mut changed = Changed::default();
    let added = strongbox.add_standard(script_type, options.number, scope);
    changed.take(added, &mut strongbox, scope)?;
    tell_changed(&mut strongbox, changed, context)
}

async fn add_all(
    source: &Source,
    name: Option<&AccountName>,
    scope: &ScopeArgs,
    context: &mut Context,
) -> Result<(), Failure> {
    let mut strongbox = strongbox::open_keys(context).await?;
    let accounts = source.accounts(Some(&strongbox), context.run.settings.network)?;
    let scope = asked(scope, source.height());
    let mut changed = Changed::default();
    for account in accounts {
        let ImportedAccount { descriptor, .. } = &account;
        let wanted = match (name, &account.name) {
            // What a person asks for is taken as it is, or refused.
            (Some(name), _) if changed.added.is_empty() => name.clone(),
            (Some(name), _) | (None, Some(name)) => strongbox.free_name(name),
            (None, None) => strongbox.free_name(&account.usual_name()),
        };
        let added = strongbox.add_account(&wanted, descriptor.clone(), scope);
        changed.take(added, &mut strongbox, scope)?;
    }
    tell_changed(&mut strongbox, changed, context)
}

/// What is searched for by default is the wallet's to say.
fn asked(scope: &ScopeArgs, height: Option<u32>) -> SearchScope {
    let told = height.map(|height| Birthday::Height(Height::new(height)));
    SearchScope {
        birthday: scope.birthday.map(|birthday| birthday.0).or(told),
        look_ahead: scope.gap.map(|gap| LookAhead { receive: gap, change: gap }),
    }
}

/// What became of the accounts that were to be added.
#[derive(Debug, Default)]
struct Changed {
    added: Vec<AccountName>,
    widened: Vec<AccountName>,
    known: Vec<AccountName>,
}

impl Changed {
    /// An account that is there already is searched for as widely as is asked now, if that is more.
    fn take(
        &mut self,
        added: Result<AccountName, AddAccountError>,
        strongbox: &mut Strongbox,
        scope: SearchScope,
    ) -> Result<(), Failure> {
        match added {
            Ok(name) => self.added.push(name),
            // It was named twice.
            Err(AddAccountError::Known(name))
                if self.added.contains(&name) || self.widened.contains(&name) => {}
            Err(AddAccountError::Known(name)) if strongbox.widen_account(&name, scope)? => {
                self.widened.push(name);
            }
            Err(AddAccountError::Known(name)) => self.known.push(name),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// All of it is kept and told, or nothing is.
fn tell_changed(
    strongbox: &mut Strongbox,
    changed: Changed,
    context: &mut Context,
) -> Result<(), Failure> {
    let Changed { added, widened, known } = changed;
    let mut wallet = strongbox.description()?;
    wallet.accounts.retain(|one| added.contains(&one.name) || widened.contains(&one.name));
    if let Some(known) = known.first().filter(|_| wallet.accounts.is_empty()) {
        return Err(AddAccountError::Known(known.clone()).into());
    }
    strongbox.commit()?;
    for name in &known {
        context.output.say(&format!("{name}: {KNOWN}"));
    }
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
        context.output.say(&format!("With the next sync, {what}, {far}."));
    }
    context.output.say(OLDER);
    context.output.result(&AccountsReport::new(&wallet))
}

async fn key(options: &AccountKeyArgs, context: &mut Context) -> Result<(), Failure> {
    let strongbox = strongbox::open_keys(context).await?;
    let key = strongbox.account_key(source::script(options.script), options.number.to_u32())?;
    context.output.result(&KeyReport { key: key.to_string() })
}

async fn prefer(options: &AccountPreferArgs, context: &mut Context) -> Result<(), Failure> {
    let mut strongbox = strongbox::open(context).await?;
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

const OLDER: &str = "If it is older than that: the same command with --birthday, or billfold rescan --from HEIGHT for \
     all accounts.";

const KNOWN: &str = "it is watched already, and nothing changes for it";

const NOTHING: &str = "say what to add: --type TYPE for the next account of this wallet's words, a descriptor, an \
     xpub, --file FILE, or a policy (--multisig, --heir, --expanding)";

const NUMBER: &str = "--number is for an account of this wallet's words: give it with --type alone";

const ONLY_WATCHED: &str =
    "none of these keys is this wallet's: it only watches this account and can't spend from it";

const NAME: &str = "an account of this wallet's words has a fixed name: leave --name out";
