//! Owns which code carries out which command.

use crate::cli::Command;
use crate::context::Context;
use crate::failure::Failure;

mod account_form;
mod search_form;
mod describe;
mod owned;
mod sync;
mod account;
mod marks;
mod psbt_form;
mod agreement;
mod addresses;
mod backup;
mod balance;
mod coins;
mod completions;
mod daemon;
mod doctor;
mod export;
mod fees;
mod forget;
mod freeze;
mod history;
mod import;
mod label;
mod man;
mod message;
mod new;
mod password;
mod watch;
mod signer;
mod drafts;
mod pay;
mod bump;
mod peers;
mod prove;
mod psbt;
mod receive;
mod restore;
mod rpc;
mod screens;
mod search;
mod sweep;
mod wallets;
mod words;

/// Carries out a command and writes its result.
///
/// # Errors
/// Why there is no result.
pub(crate) async fn run(command: Option<Command>, context: &mut Context) -> Result<(), Failure> {
    let Some(command) = command else { return screens::run(context).await };
    match command {
        Command::Demo(options) => crate::demo::run(&options, context).await,
        Command::New(options) => new::run(&options, context).await,
        Command::Restore(options) => restore::run(&options, context).await,
        Command::Describe => describe::run(context).await,
        Command::Watch(options) => watch::run(&options, context).await,
        Command::Account(command) => account::run(&command, context).await,
        Command::Wallets => wallets::run(context),
        Command::Sync(options) => sync::run(&options, context).await,
        Command::Balance => balance::run(context).await,
        Command::Receive(options) => receive::run(options, context).await,
        Command::Pay(options) => pay::run(options, context).await,
        Command::Bump(options) => bump::run(&options, context).await,
        Command::Cancel(options) => bump::cancel(&options, context).await,
        Command::Forget(options) => forget::run(&options, context).await,
        Command::Psbt(command) => psbt::run(command, context).await,
        Command::Sweep(options) => sweep::run(&options, context).await,
        Command::Signer(command) => signer::run(*command, context).await,
        Command::Message(command) => message::run(command, context).await,
        Command::Drafts(options) => drafts::run(&options, context).await,
        Command::Freeze(options) => freeze::run(options, true, context).await,
        Command::Unfreeze(options) => freeze::run(options, false, context).await,
        Command::History(options) => history::run(&options, context).await,
        Command::Addresses(options) => addresses::run(&options, context).await,
        Command::Search(options) => search::run(options, context).await,
        Command::Label(options) => label::run(options, context).await,
        Command::Export(what) => export::run(what, context).await,
        Command::Import(what) => import::run(what, context).await,
        Command::Coins => coins::run(context).await,
        Command::Fees => fees::run(context).await,
        Command::Peers => peers::run(context).await,
        Command::Prove(options) => prove::run(&options, context).await,
        Command::Rescan(options) => sync::rescan(&options, context).await,
        Command::Password(options) => password::run(&options, context).await,
        Command::Words(command) => words::run(&command, context).await,
        Command::Backup(command) => backup::run(&command, context).await,
        Command::Daemon(options) => daemon::run(&options, context).await,
        Command::Rpc(options) => rpc::run(options, context).await,
        Command::Doctor(options) => doctor::run(&options, context).await,
        Command::Completions(options) => completions::run(&options, context),
        Command::Man(options) => man::run(options, context),
    }
}
