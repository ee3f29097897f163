//! Owns `psbt`: payments that are built, signed and sent by different hands.
//!
//! Refuses to sign what nobody agreed to, and to send what differs from what was drafted.

use billfold_wallet_core::command::{Command, Hold, Payment, PsbtReview, Reply};
use billfold_wallet_core::message;
use billfold_wallet_core::psbt;
use billfold_wallet_core::psbt::review::{Knowledge, review as told_by};
use billfold_wallet_core::service::{self, Access, Reach};
use bitcoin::Psbt;

use crate::cli::handing::{
    PsbtAnnounceArgs, PsbtCombineArgs, PsbtCommand, PsbtCreateArgs, PsbtFinalizeArgs, PsbtShowArgs,
    PsbtSignArgs,
};
use crate::commands::agreement::Agreement;
use crate::commands::pay;
use crate::commands::psbt_form::report::PsbtReport;
use crate::commands::psbt_form::{picture, report};
use crate::context::Context;
use crate::device;
use crate::failure::{Failure, Kind};
use crate::session::follow::{Patience, follow};
use crate::session::{Session, unexpected};

use source::Handed;

mod source;

/// Carries out one of them.
///
/// # Errors
/// `bad_psbt`, `file_exists`, `refused`, and what each says.
pub(super) async fn run(command: PsbtCommand, context: &mut Context) -> Result<(), Failure> {
    match command {
        PsbtCommand::Create(options) => create(*options, context).await,
        PsbtCommand::Show(options) => show(&options, context).await,
        PsbtCommand::Sign(options) => sign(&options, context).await,
        PsbtCommand::Combine(options) => combine(&options, context),
        PsbtCommand::Finalize(options) => finalize(&options, context),
        PsbtCommand::Announce(options) => announce(&options, context).await,
    }
}

/// Builds a payment at the tip; its coins are held until it is announced or dropped.
async fn create(options: PsbtCreateArgs, context: &mut Context) -> Result<(), Failure> {
    options.out.check()?;
    let mut request = pay::request(&options.pay, context.run.settings.network)?;
    request.hold = Hold::UntilDropped;
    let dry_run = request.dry_run;
    let reviewed = Session::with(context, Access::View, Reach::Online, async |session, context| {
        follow(session, context, Patience::WhileItMoves).await?;
        match session.ask(Command::Draft(Box::new(request)), context).await? {
            Reply::Draft(draft) => {
                context.output.say(&pay::review_of(&draft));
                let psbt = draft.psbt.parse::<Psbt>();
                let psbt = psbt.map_err(|_| Failure::bug())?;
                reviewed(session, context, psbt).await
            }
            Reply::Payment(_) => Err(Failure::new(
                Kind::KeyReused,
                "this idempotency key was used for a payment that is signed already",
            )),
            reply => Err(unexpected(&reply)),
        }
    })
    .await?;
    let told = if dry_run { "Nothing is held." } else { "Its coins are held for it." };
    report::give(&reviewed, &options.out, told, context)
}

/// What is known of a PSBT. Without a wallet, only what it proves by itself.
async fn show(options: &PsbtShowArgs, context: &mut Context) -> Result<(), Failure> {
    let psbt = source::read(&options.psbt)?;
    let settings = &context.run.settings;
    let without = options.no_wallet || !service::wallets(settings)?.contains(&settings.wallet);
    let reviewed = if without {
        let network = settings.network;
        told_by(&psbt, network, &Knowledge::default(), message::is_asked_for)
    } else {
        Session::with(context, Access::View, Reach::Offline, async |session, context| {
            reviewed(session, context, psbt).await
        })
        .await?
    };
    context.output.result(&PsbtReport::new(&reviewed, picture::of(&reviewed)))
}

/// Shows it, asks, signs. The coins are held before the signatures leave the wallet, or the PSBT
/// goes to a device.
async fn sign(options: &PsbtSignArgs, context: &mut Context) -> Result<(), Failure> {
    options.out.check()?;
    let psbt = source::read(&options.psbt)?;
    let agreement = Agreement::choose(options.yes, context.run.style.plain)?;
    let by = options.signer.signer.clone();
    let access = if by.is_some() { Access::View } else { Access::Sign };
    let signed = Session::with(context, access, Reach::Offline, async |session, context| {
        // Who made it need not know where the keys of this wallet stand.
        let before = told(session, context, Command::FillPsbt(Box::new(psbt))).await?;
        agreement.reached(&picture::of(&before), "Sign this? [y/N] ", context).await?;
        let psbt = before.psbt;
        let Some(place) = by else {
            return review(session.ask_to_the_end(Command::SignPsbt(Box::new(psbt))).await?);
        };
        let held = review(session.ask_to_the_end(Command::HoldPsbt(Box::new(psbt))).await?)?;
        let signed = device::signed(held.psbt, place, context).await?;
        reviewed(session, context, signed).await
    })
    .await?;
    let told = match signed.complete {
        Some(_) => "It is complete: billfold psbt announce sends it.",
        None => "Others must sign it too.",
    };
    report::give(&signed, &options.out, told, context)
}

fn combine(options: &PsbtCombineArgs, context: &mut Context) -> Result<(), Failure> {
    options.out.check()?;
    let psbts = options.psbts.iter().map(|one| source::read(one)).collect::<Result<_, _>>()?;
    let combined =
        psbt::combine(psbts).map_err(|error| Failure::new(Kind::PsbtsDiffer, error.to_string()))?;
    report::give(&alone(&combined, context), &options.out, "Combined.", context)
}

fn finalize(options: &PsbtFinalizeArgs, context: &mut Context) -> Result<(), Failure> {
    options.out.check()?;
    let mut psbt = source::read(&options.psbt)?;
    psbt::finalise(&mut psbt)
        .map_err(|error| Failure::new(Kind::PsbtIncomplete, error.to_string()))?;
    report::give(&alone(&psbt, context), &options.out, "It is complete.", context)
}

/// Shows it, asks, stores, sends.
async fn announce(options: &PsbtAnnounceArgs, context: &mut Context) -> Result<(), Failure> {
    let handed = source::read_signed(&options.psbt)?;
    let agreement = Agreement::choose(options.yes, context.run.style.plain)?;
    let report = Session::with(context, Access::View, Reach::Online, async |session, context| {
        follow(session, context, Patience::WhileItMoves).await?;
        let review = match handed {
            Handed::Psbt(psbt) => Command::ReviewPsbt(Box::new(psbt)),
            Handed::Transaction(transaction) => Command::ReviewTransaction(transaction),
        };
        let before = told(session, context, review).await?;
        agreement.reached(&picture::of(&before), "Send this? [y/N] ", context).await?;
        let payment = stored(session, before.psbt).await?;
        let payment = Payment { repeated: false, ..payment };
        pay::follow_out(session, context, payment).await
    })
    .await?;
    context.output.result(&report)
}

async fn stored(session: &mut Session, psbt: Psbt) -> Result<Payment, Failure> {
    match session.ask_to_the_end(Command::AnnouncePsbt(Box::new(psbt))).await? {
        Reply::Payment(payment) => Ok(*payment),
        reply => Err(unexpected(&reply)),
    }
}

async fn reviewed(
    session: &mut Session,
    context: &mut Context,
    psbt: Psbt,
) -> Result<PsbtReview, Failure> {
    told(session, context, Command::ReviewPsbt(Box::new(psbt))).await
}

async fn told(
    session: &mut Session,
    context: &mut Context,
    command: Command,
) -> Result<PsbtReview, Failure> {
    review(session.ask(command, context).await?)
}

fn review(reply: Reply) -> Result<PsbtReview, Failure> {
    match reply {
        Reply::Psbt(review) => Ok(*review),
        reply => Err(unexpected(&reply)),
    }
}

/// What a PSBT says by itself.
fn alone(psbt: &Psbt, context: &Context) -> PsbtReview {
    let network = context.run.settings.network;
    told_by(psbt, network, &Knowledge::default(), message::is_asked_for)
}
