//! Owns `pay`: request, sync, draft, review, agreement, signature, announcement, in this order.
//!
//! Refuses to build on stale coins: whoever spends a coin that is already spent elsewhere makes a
//! payment that never confirms, so the wallet is brought to the peers' tip first. Refuses to sign
//! what nobody agreed to.

use std::time::Duration;

use billfold_wallet_core::command::{
    Command, Draft, DraftId, PayRequest, Payment, PaymentState, Reply,
};
use billfold_wallet_core::event::Event;
use billfold_wallet_core::light_client::output::BroadcastEvent;
use billfold_wallet_core::service::{Access, Reach};
use bitcoin::{FeeRate, Txid};

use crate::cli::paying::PayArgs;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::figures;
use crate::session::follow::{Patience, follow};
use crate::session::{Session, unexpected};
use crate::terminal::Terminal;

mod batch;
mod request;
mod review;
mod report;

use report::PayReport;

/// Pays.
///
/// # Errors
/// What is wrong with the request, `insufficient_funds` and the other reasons of a draft,
/// `refused` by the reviewer, and all that `sync` can fail with.
pub(super) async fn run(options: PayArgs, context: &mut Context) -> Result<(), Failure> {
    let request = request::read(&options, context.run.settings.network)?;
    if options.dry_run {
        return dry_run(request, context).await;
    }
    let reviewer = Reviewer::choose(options.yes, context.run.style.plain)?;
    let payment = Session::with(context, Access::Sign, Reach::Online, async |session, context| {
        follow(session, context, Patience::WhileItMoves).await?;
        let payment = match session.ask(Command::Draft(request), context).await? {
            Reply::Draft(draft) => agree_and_sign(session, context, &draft, reviewer).await?,
            Reply::Payment(payment) => *payment,
            reply => return Err(unexpected(&reply)),
        };
        announced(session, context, payment).await
    })
    .await?;
    context.output.result(&PayReport::of_payment(&payment))
}

/// Shows the review and keeps nothing. With a peer it is made at the tip, as the payment would
/// be; without, from what is stored.
async fn dry_run(request: PayRequest, context: &mut Context) -> Result<(), Failure> {
    let offline = !context.run.settings.has_peers();
    let reach = if offline { Reach::Offline } else { Reach::Online };
    let reply = Session::with(context, Access::View, reach, async |session, context| {
        if offline {
            context.output.say("No peer is named: this is made from what is stored.");
        } else {
            follow(session, context, Patience::WhileItMoves).await?;
        }
        session.ask(Command::Draft(request), context).await
    })
    .await?;
    let report = match &reply {
        Reply::Draft(draft) => PayReport::of_draft(draft),
        Reply::Payment(payment) => PayReport::of_payment(payment),
        other => return Err(unexpected(other)),
    };
    context.output.result(&report)
}

/// Who agrees.
enum Reviewer {
    /// Whoever wrote `--yes`.
    Waived,
    /// The person at the terminal.
    Person(Terminal),
}

impl Reviewer {
    fn choose(yes: bool, plain: bool) -> Result<Self, Failure> {
        if yes {
            return Ok(Self::Waived);
        }
        Terminal::open(plain, "").map(Self::Person).map_err(|_| {
            Failure::new(
                Kind::Refused,
                "nobody can agree to the review, because there is no terminal: agree beforehand \
                 with --yes, or look only with --dry-run",
            )
        })
    }

    async fn agrees(&mut self, draft: &Draft, context: &mut Context) -> Result<bool, Failure> {
        let review = review::of(draft);
        match self {
            Self::Waived => {
                context.output.say(&review);
                Ok(true)
            }
            Self::Person(terminal) => {
                context.output.pause();
                terminal.show(&review)?;
                let answer = terminal.ask("Pay this? [y/N] ", &mut context.interrupt).await?;
                Ok(matches!(answer.as_str(), "y" | "Y" | "yes"))
            }
        }
    }
}

/// Signs the draft if the reviewer agrees; else gives its coins free again.
async fn agree_and_sign(
    session: &mut Session,
    context: &mut Context,
    draft: &Draft,
    mut reviewer: Reviewer,
) -> Result<Payment, Failure> {
    let refused = match reviewer.agrees(draft, context).await {
        Ok(true) => return sign(session, draft.id).await,
        Ok(false) => Failure::new(Kind::Refused, "not agreed: nothing was signed or sent"),
        Err(failure) => failure.while_doing("nothing was signed or sent"),
    };
    session.ask_to_the_end(Command::Drop(draft.id)).await?;
    Err(refused)
}

async fn sign(session: &mut Session, draft: DraftId) -> Result<Payment, Failure> {
    match session.ask_to_the_end(Command::Sign(draft)).await? {
        Reply::Payment(payment) => Ok(*payment),
        reply => Err(unexpected(&reply)),
    }
}

/// Waits a bounded time until a peer has fetched the payment. It is signed and stored by now, so
/// neither a signal nor a lost peer makes it undone: whatever happens, the payment is the result.
async fn announced(
    session: &mut Session,
    context: &mut Context,
    mut payment: Payment,
) -> Result<Payment, Failure> {
    let txid = payment.transaction.compute_txid();
    let until = tokio::time::Instant::now() + FETCHED;
    while payment.state == PaymentState::Signed {
        context.output.progress(|| "signed and stored; waiting for a peer to fetch it".to_owned());
        let next = tokio::time::timeout_at(until, session.next_event());
        match context.interrupt.or(next).await {
            Ok(Ok(Ok(event))) => {
                payment.state = state_after(&event, txid, payment.state);
                if let Some(floor) = below_floor(&event, txid) {
                    context.output.warn(&format!(
                        "The peers want at least {}, which is more than this pays: it is \
                         stored, and offered again when they want less.",
                        figures::fee_rate(floor),
                    ));
                    break;
                }
            }
            Ok(Ok(Err(stopped))) => {
                context.output.warn(&format!("The wallet stopped: {}.", stopped.message()));
                break;
            }
            Ok(Err(_elapsed)) => break,
            Err(_interrupted) => break,
        }
    }
    Ok(payment)
}

fn state_after(event: &Event, txid: Txid, state: PaymentState) -> PaymentState {
    match event {
        Event::Broadcast(
            BroadcastEvent::Sent { txid: sent, .. } | BroadcastEvent::Echoed { txid: sent, .. },
        ) if *sent == txid => PaymentState::Announced,
        Event::Transaction(change) if change.txid == txid => change.state,
        _ => state,
    }
}

fn below_floor(event: &Event, txid: Txid) -> Option<FeeRate> {
    match event {
        Event::Broadcast(BroadcastEvent::BelowFloor { txid: told, floor }) if *told == txid => {
            Some(*floor)
        }
        _ => None,
    }
}

/// How long to wait for a peer to fetch the payment: time for a few of them, one after the other.
/// Nodes make those who dialled them wait some seconds before they ask.
const FETCHED: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use billfold_wallet_core::light_client::peer_id::PeerId;
    use bitcoin::hashes::Hash;

    use super::*;

    #[test]
    fn only_news_of_this_payment_changes_its_state() {
        let ours = Txid::all_zeros();
        let other = Txid::from_byte_array([1; 32]);
        let sent = |txid| Event::Broadcast(BroadcastEvent::Sent { txid, peer: PeerId::new(1) });
        let signed = PaymentState::Signed;
        assert_eq!(state_after(&sent(other), ours, signed), signed);
        assert_eq!(state_after(&sent(ours), ours, signed), PaymentState::Announced);
    }
}
