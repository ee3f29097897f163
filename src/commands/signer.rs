//! Owns `signer`: signing devices found, paired with wallets, and asked to show what they know.
//!
//! Refuses to ask for a PIN, a passphrase or words: they are entered on the device.

use std::collections::BTreeSet;

use billfold_wallet_core::command::{AddressQuery, Command, IssuedAddress, Reply};
use billfold_wallet_core::keychain::{
    Account, AccountDescriptor, AccountKey, AccountName, DerivationIndex, KeychainId,
};
use billfold_wallet_core::recipient::Payee;
use billfold_wallet_core::service::{Access, Reach};
use billfold_wallet_core::signer_host::doctor;
use billfold_wallet_core::signer_host::place::Place;
use billfold_wallet_core::signers::device;
use bitcoin::Address;

use crate::cli::signer::{SignerCommand, SignerDisplayArgs, SignerKeyArgs, SignerRegisterArgs};
use crate::commands::account::source::script;
use crate::commands::describe;
use crate::context::Context;
use crate::device::talk;
use crate::failure::{Failure, Kind};
use crate::session::{Session, unexpected};

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
    talk(context, move |watch| {
        let expected = account.descriptor().signers().into_iter().collect();
        let mut device = device::open(&place, network, &expected, watch)?;
        device::display(device.as_mut(), &account, branch, index, watch)
    })
    .await?;
    context.output.result(&DisplayReport::new(&shown))
}

/// Where an address of the wallet is.
struct AddressPlace {
    address: Address,
    account: AccountName,
    keychain: KeychainId,
    index: DerivationIndex,
}

/// The place of an address that was given out, or of the one that is given next.
async fn place_of(
    session: &mut Session,
    context: &mut Context,
    address: Option<Address>,
) -> Result<AddressPlace, Failure> {
    let Some(address) = address else {
        let command = Command::Receive { amount: None, note: None, expires: None, fresh: false };
        return match session.ask(command, context).await? {
            Reply::Address(IssuedAddress { address, account, keychain, index, .. }) => {
                Ok(AddressPlace { address, account, keychain, index })
            }
            reply => Err(unexpected(&reply)),
        };
    };
    let query = AddressQuery { change: true, ..AddressQuery::default() };
    let rows = match session.ask(Command::Addresses(query), context).await? {
        Reply::Addresses(rows) => rows,
        reply => return Err(unexpected(&reply)),
    };
    let row = rows.into_iter().find(|row| row.address == address).ok_or_else(|| {
        let message = format!("{address} is not an address that this wallet has given out");
        Failure::new(Kind::NotOurAddress, message).with("address", address.to_string())
    })?;
    let (account, keychain, index) = (row.account, row.keychain, row.index);
    Ok(AddressPlace { address, account, keychain, index })
}

/// An account of the wallet, with what derives its addresses.
async fn account(
    session: &mut Session,
    context: &mut Context,
    name: &AccountName,
) -> Result<Account, Failure> {
    let wallet = describe::of(session, context).await?;
    let found = wallet.accounts.into_iter().find(|account| account.name == *name);
    let found = found.ok_or_else(|| {
        let message = format!("this wallet has no account {name}: see billfold account list");
        Failure::new(Kind::NoSuchAccount, message).with("account", name.as_str())
    })?;
    let network = context.run.settings.network;
    let descriptor = AccountDescriptor::parse(&found.descriptor, network)?;
    Ok(Account::new(found.id, found.name, network, descriptor, None))
}
