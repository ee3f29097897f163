//! Owns the wait for a peer that fetches a payment.
//!
//! Refuses to make a failure of it: the payment is signed and stored by then.

use std::time::Duration;

use billfold_wallet_core::command::{Payment, PaymentState};
use billfold_wallet_core::event::Event;
use billfold_wallet_core::light_client::output::BroadcastEvent;
use bitcoin::{FeeRate, Txid};

use crate::context::Context;
use crate::failure::Failure;
use crate::output::figures;
use crate::session::Session;

/// Waits a bounded time until a peer has fetched the payment. It is signed and stored by now, so
/// neither a signal nor a lost peer makes it undone: whatever happens, the payment is the result.
pub(super) async fn announced(
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
