//! Owns `pay`, and the way of every payment: request, sync, draft, review, agreement, signature,
//! announcement, in this order.
//!
//! Refuses to build on stale coins: whoever spends a coin that is already spent elsewhere makes a
//! payment that never confirms, so the wallet is brought to the peers' tip first. Refuses to sign
//! what nobody agreed to.

use billfold_wallet_core::command::{
    Coin, CoinQuery, Command, Draft, DraftId, PayRequest, Payment, PsbtReview, Reply,
};
use billfold_wallet_core::service::{Access, Reach};
use billfold_wallet_core::signer_host::place::Place;
use bitcoin::{Amount, Network};

use crate::cli::paying::{PayArgs, PayCommandArgs};
use crate::commands::psbt_form::report::PsbtReport;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::{Report, figures};
use crate::session::follow::{Patience, follow};
use crate::session::{Session, unexpected};

pub(super) mod fee;
mod request;
mod review;
mod consent;
mod announced;
mod by_device;
mod report;

use announced::announced;
pub(super) use consent::Consent;
use consent::Reviewer;
use report::PayReport;

/// Pays.
///
/// # Errors
/// What is wrong with the request, `insufficient_funds` and the other reasons of a draft,
/// `refused` by the reviewer, and all that `sync` can fail with.
pub(super) async fn run(options: PayCommandArgs, context: &mut Context) -> Result<(), Failure> {
    let PayCommandArgs { pay, signer } = options;
    let request = request::read(&pay, context.run.settings.network)?;
    let consent =
        Consent::new(&pay.consent).with_look_alike(pay.allow_look_alike).with_signer(signer.signer);
    carry_out(Command::Draft(Box::new(request)), &consent, context).await
}

/// The request that the options say.
///
/// # Errors
/// What is wrong with them.
pub(super) fn request(options: &PayArgs, network: Network) -> Result<PayRequest, Failure> {
    request::read(options, network)
}

/// What a person is shown of a draft.
pub(super) fn review_of(draft: &Draft) -> String {
    review::of(draft)
}

/// Waits until a peer has fetched a payment that is stored, and tells it.
///
/// # Errors
/// `io` if the result can't be written.
pub(super) async fn follow_out(
    session: &mut Session,
    context: &mut Context,
    payment: Payment,
) -> Result<impl Report + use<>, Failure> {
    let payment = announced(session, context, payment).await?;
    Ok(PayReport::of_payment(&payment, None))
}

/// Carries out a command that is answered with a draft: to the announced payment, or only to the
/// review.
///
/// # Errors
/// The reasons of the draft, `refused` by the reviewer, and all that `sync` can fail with.
pub(super) async fn carry_out(
    command: Command,
    consent: &Consent,
    context: &mut Context,
) -> Result<(), Failure> {
    if consent.dry_run {
        return look(command, context).await;
    }
    let reviewer = Reviewer::choose(consent, context.run.style.plain)?;
    let access = if consent.signer.is_some() { Access::View } else { Access::Sign };
    let report = Session::with(context, access, Reach::Online, async |session, context| {
        follow(session, context, Patience::WhileItMoves).await?;
        let (draft, signed) = match asked(session, context, command).await? {
            Reply::Draft(draft) => {
                let by = consent.signer.clone();
                let signed = agree_and_sign(session, context, &draft, reviewer, by).await?;
                (Some(draft), signed)
            }
            Reply::Payment(payment) => (None, Signed::Here(payment)),
            reply => return Err(unexpected(&reply)),
        };
        let payment = match signed {
            Signed::Here(payment) => announced(session, context, *payment).await?,
            Signed::Elsewhere(review) => return Ok(Told::HandedOut(review)),
        };
        Ok(Told::Payment(Box::new(PayReport::of_payment(&payment, draft.as_deref()))))
    })
    .await?;
    match report {
        Told::Payment(report) => context.output.result(&*report),
        Told::HandedOut(review) => hand_out(&review, context),
    }
}

/// What became of an agreed payment.
enum Signed {
    /// It is signed and stored.
    Here(Box<Payment>),
    /// Others must sign it; its coins are held.
    Elsewhere(Box<PsbtReview>),
}

/// What is told at the end.
enum Told {
    Payment(Box<PayReport>),
    HandedOut(Box<PsbtReview>),
}

/// The PSBT is the result: text, which can be piped to whoever signs.
fn hand_out(review: &PsbtReview, context: &mut Context) -> Result<(), Failure> {
    context.output.say(
        "Others must sign this, and its coins are held for it. Give them the PSBT below; send what \
         comes back with billfold psbt announce, or give it up with billfold drafts drop.",
    );
    context.output.result(&PsbtReport::new(review, review.psbt.to_string()))
}

/// Shows the review and keeps nothing. With a peer it is made at the tip, as the payment would
/// be; without, from what is stored.
async fn look(command: Command, context: &mut Context) -> Result<(), Failure> {
    let offline = !context.run.settings.has_peers();
    let reach = if offline { Reach::Offline } else { Reach::Online };
    let reply = Session::with(context, Access::View, reach, async |session, context| {
        if offline && !session.is_attached() {
            context.output.say("No peer is named: this is made from what is stored.");
        } else {
            follow(session, context, Patience::WhileItMoves).await?;
        }
        asked(session, context, command).await
    })
    .await?;
    let report = match &reply {
        Reply::Draft(draft) => PayReport::of_draft(draft),
        Reply::Payment(payment) => PayReport::of_payment(payment, None),
        other => return Err(unexpected(other)),
    };
    context.output.result(&report)
}

/// Asks for a draft. Who has not enough is told what of their money is set aside.
async fn asked(
    session: &mut Session,
    context: &mut Context,
    command: Command,
) -> Result<Reply, Failure> {
    let failure = match session.ask(command, context).await {
        Err(failure) if failure.kind() == Kind::InsufficientFunds => failure,
        answered => return answered,
    };
    let reply = session.ask(Command::Coins(CoinQuery::default()), context).await?;
    let Reply::Coins(coins) = reply else { return Err(unexpected(&reply)) };
    let sum =
        |of: fn(&Coin) -> bool| coins.iter().filter(|coin| of(coin)).map(|coin| coin.amount).sum();
    let aside = |sum: Amount, what| {
        (sum > Amount::ZERO).then(|| format!("; {} {what}", figures::amount(sum)))
    };
    let frozen = aside(sum(|coin| coin.frozen), "more is frozen: billfold unfreeze");
    let held = aside(sum(|coin| !coin.frozen && coin.reserved), "more is held: billfold drafts");
    Err(failure.and(&[frozen, held].into_iter().flatten().collect::<String>()))
}

/// Signs the draft if the reviewer agrees; else gives its coins free again.
async fn agree_and_sign(
    session: &mut Session,
    context: &mut Context,
    draft: &Draft,
    mut reviewer: Reviewer,
    by: Option<Place>,
) -> Result<Signed, Failure> {
    let refused = match (reviewer.agrees(draft, context).await, by) {
        (Ok(true), None) => return sign(session, draft.id).await,
        (Ok(true), Some(place)) => match by_device::sign(session, context, draft.id, place).await {
            Ok(signed) => return Ok(signed),
            Err(failure) => failure,
        },
        (Ok(false), _) => Failure::new(Kind::Refused, "not agreed: nothing was signed or sent"),
        (Err(failure), _) => failure.while_doing("nothing was signed or sent"),
    };
    // It may be paid: nothing is taken back, and this must be heard.
    if refused.kind() != Kind::DaemonLost {
        // The first reason counts; drafts shows what could not be dropped.
        let _ = session.ask_to_the_end(Command::Drop(draft.id)).await;
    }
    Err(refused)
}

/// Signs. A wallet that only watches, or that is one of several signers, hands its draft out.
async fn sign(session: &mut Session, draft: DraftId) -> Result<Signed, Failure> {
    let reply = match session.ask_to_the_end(Command::Sign(draft)).await {
        Err(failure) if failure.kind() == Kind::WatchOnly => {
            session.ask_to_the_end(Command::HandOut(draft)).await?
        }
        reply => reply?,
    };
    match reply {
        Reply::Payment(payment) => Ok(Signed::Here(payment)),
        Reply::Psbt(review) => Ok(Signed::Elsewhere(review)),
        reply => Err(unexpected(&reply)),
    }
}
