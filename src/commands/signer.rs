//! Owns `signer`: signing devices found, paired with wallets, and asked to show what they know.
//!
//! Refuses to ask for a PIN, a passphrase or words: they are entered on the device.

use std::collections::BTreeSet;

use billfold_wallet_core::keychain::AccountKey;
use billfold_wallet_core::recipient::Payee;
use billfold_wallet_core::service::{Access, Reach};
use billfold_wallet_core::signer_host::doctor;
use billfold_wallet_core::signer_host::place::Place;
use billfold_wallet_core::signers::device;

use crate::cli::signer::{SignerCommand, SignerDisplayArgs, SignerKeyArgs, SignerRegisterArgs};
use crate::commands::account::source::script;
use crate::commands::owned::{account, place_of};
use crate::context::Context;
use crate::device::talk;
use crate::failure::Failure;
use crate::session::Session;

mod core;
mod form;
mod pair;

use form::{DisplayReport, DoctorReport, KeyReport, ListReport, RegisterReport};

/// Carries out one of them.
///
/// # Errors
/// Why it was not done.
pub(super) async fn run(command: SignerCommand, context: &mut Context) -> Result<(), Failure> {
    match command {
        SignerCommand::List(options) => list(options.signer, context).await,
        SignerCommand::Doctor(options) => look(options.place(), context).await,
        SignerCommand::Pair(options) => pair::run(options, context).await,
        SignerCommand::Key(options) => key(options, context).await,
        SignerCommand::Register(options) => register(options, context).await,
        SignerCommand::Display(options) => display(options, context).await,
        SignerCommand::Core(options) => core::run(options, context).await,
    }
}

async fn list(named: Option<Place>, context: &mut Context) -> Result<(), Failure> {
    let network = context.run.settings.network;
    let found =
        talk(context, move |_| Ok::<_, Failure>(doctor::list(named.as_ref(), network))).await?;
    context.output.result(&ListReport::new(&found))
}

/// What is wrong is in the report, and no failure.
async fn look(place: Place, context: &mut Context) -> Result<(), Failure> {
    let network = context.run.settings.network;
    let found = talk(context, move |_| Ok::<_, Failure>(doctor::diagnose(&place, network))).await?;
    context.output.result(&DoctorReport::new(&found))
}

async fn key(options: SignerKeyArgs, context: &mut Context) -> Result<(), Failure> {
    let (place, network) = (options.signer.place(), context.run.settings.network);
    let (script, number) = (script(options.key.script), options.key.number);
    let key: AccountKey = talk(context, move |watch| {
        let mut device = device::open(&place, network, &BTreeSet::new(), watch)?;
        device::account_key(device.as_mut(), script, number)
    })
    .await?;
    context.output.result(&KeyReport::new(&key))
}

async fn register(options: SignerRegisterArgs, context: &mut Context) -> Result<(), Failure> {
    let account = Session::with(context, Access::View, Reach::Offline, async |session, context| {
        account(session, context, &options.account).await
    })
    .await?;
    let (place, network) = (options.signer.place(), context.run.settings.network);
    let registered = talk(context, move |watch| {
        let expected = account.descriptor().signers().into_iter().collect();
        let mut device = device::open(&place, network, &expected, watch)?;
        device::register(device.as_mut(), &account, watch)
    })
    .await?;
    context.output.result(&RegisterReport::new(&options.account, registered))
}

async fn display(options: SignerDisplayArgs, context: &mut Context) -> Result<(), Failure> {
    let address =
        options.address.as_deref().map(|text| Payee::parse(text, context.run.settings.network));
    let address = address.transpose()?.map(|payee| payee.address);
    let work = async |session: &mut Session, context: &mut Context| {
        let place = place_of(session, context, address).await?;
        let account = account(session, context, &place.account).await?;
        Ok((place, account))
    };
    let (shown, account) = Session::with(context, Access::View, Reach::Offline, work).await?;
    context.output.say(&format!("Compare on the signer: {}", shown.address));
    let (place, network) = (options.signer.place(), context.run.settings.network);
    let (branch, index) = (shown.keychain.branch, shown.index);
    let displayed = talk(context, move |watch| {
        let expected = account.descriptor().signers().into_iter().collect();
        let mut device = device::open(&place, network, &expected, watch)?;
        device::display(device.as_mut(), &account, branch, index, watch)
    })
    .await?;
    context.output.result(&DisplayReport::new(&shown, displayed.compared))
}
