//! Owns what is told of payments that counted and count no more: what has their coins, and what a
//! person should do now.
//!
//! Refuses to speak of a payment that one of this wallet replaced as it was made to.

use std::collections::BTreeMap;

use billfold_wallet_core::command::{
    Command, PaymentState, Reply, TransactionChange, TransactionRecord,
};
use billfold_wallet_core::event::Event;
use billfold_wallet_core::light_client::height::Height;
use bitcoin::amount::serde::as_sat;
use bitcoin::{SignedAmount, Txid};
use serde::Serialize;

use crate::context::Context;
use crate::output::figures;
use crate::session::Session;

/// A payment that fell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Fallen {
    txid: Txid,
    #[serde(with = "as_sat")]
    net: SignedAmount,
    state: &'static str,
    /// What spends its coins in its place; none if it fell with what it spends from.
    rival: Option<Txid>,
    /// The block that excludes it.
    height: Option<u32>,
}

/// Takes in an event.
pub(super) fn note(fallen: &mut BTreeMap<Txid, TransactionChange>, event: &Event) {
    let Event::Transaction(change) = event else { return };
    if change.fell() {
        fallen.insert(change.txid, change.clone());
    } else if change.state.counts() {
        fallen.remove(&change.txid);
    }
}

/// Tells of the payments that fell since this was called last. It is said however quiet the output
/// shall be; what the wallet can't be asked about any more is said in fewer words.
pub(crate) async fn tell(session: &mut Session, context: &mut Context) -> Vec<Fallen> {
    let mut told = Vec::new();
    for (txid, change) in std::mem::take(&mut session.fallen) {
        let record = record(session, txid).await;
        let why = match &record {
            Some(record) if record.state.counts() => continue,
            Some(record) => why(session, txid, record).await,
            None => Why::Unknown,
        };
        if matches!(why, Why::AsMeant) {
            continue;
        }
        let height = record.and_then(|record| record.excluded).map(Height::to_u32);
        match told.len() {
            ..TOLD => context.output.warn(&line(&change, &why, height)),
            TOLD => context.output.warn("More payments fell: see billfold history."),
            _ => {}
        }
        let (net, state) = (change.net, change.state.name());
        told.push(Fallen { txid, net, state, rival: why.rival(), height });
    }
    told
}

/// Why a payment fell.
#[derive(Debug, PartialEq, Eq)]
enum Why {
    /// Another payment of this wallet replaced it, as it was made to.
    AsMeant,
    /// It was made to replace this one, which counts.
    TooLate(Txid),
    /// This one spends its coins, and was signed by the wallet's keys or by others'.
    Spent { rival: Txid, elsewhere: bool },
    /// What it spends from fell.
    Parent(Txid),
    /// Nobody says.
    Unknown,
}

impl Why {
    const fn rival(&self) -> Option<Txid> {
        match self {
            Self::TooLate(rival) | Self::Spent { rival, .. } => Some(*rival),
            Self::AsMeant | Self::Parent(_) | Self::Unknown => None,
        }
    }
}

async fn why(session: &mut Session, txid: Txid, fell: &TransactionRecord) -> Why {
    let rivals = records(session, fell.conflicts.clone()).await;
    if let Some(rival) = rivals.iter().find(|rival| rival.state.counts()) {
        let named = rival.transaction.compute_txid();
        if replaces(session, rival, txid).await {
            return Why::AsMeant;
        }
        if replaces(session, fell, named).await {
            return Why::TooLate(named);
        }
        let elsewhere = rival.net.is_negative() && !rival.signed_here;
        return Why::Spent { rival: named, elsewhere };
    }
    // What neither pays nor spends from the wallet has no record.
    let is_ours = |other: &Txid| rivals.iter().any(|one| one.transaction.compute_txid() == *other);
    if let Some(rival) = fell.conflicts.iter().find(|other| !is_ours(other)) {
        return Why::Spent { rival: *rival, elsewhere: false };
    }
    let inputs = fell.transaction.input.iter().map(|input| input.previous_output.txid);
    let parents = records(session, inputs.collect()).await;
    let fallen = parents.iter().find(|parent| !parent.state.counts());
    fallen.map_or(Why::Unknown, |parent| Why::Parent(parent.transaction.compute_txid()))
}

/// Whether a payment was made to replace another, or one that was made to.
async fn replaces(session: &mut Session, payment: &TransactionRecord, other: Txid) -> bool {
    let mut before = payment.replaces;
    while let Some(txid) = before {
        if txid == other {
            return true;
        }
        before = record(session, txid).await.and_then(|record| record.replaces);
    }
    false
}

async fn record(session: &mut Session, txid: Txid) -> Option<TransactionRecord> {
    records(session, vec![txid]).await.pop()
}

/// A wallet that stopped knows nothing any more, which is told elsewhere.
async fn records(session: &mut Session, txids: Vec<Txid>) -> Vec<TransactionRecord> {
    match session.ask_to_the_end(Command::Transactions(txids)).await {
        Ok(Reply::Transactions(records)) => records,
        _ => Vec::new(),
    }
}

fn line(change: &TransactionChange, why: &Why, height: Option<u32>) -> String {
    let TransactionChange { txid, net, state, .. } = change;
    let net = figures::net(*net);
    if *state == PaymentState::Evicted {
        return format!(
            "Given up: {txid}, {net}, is in no block and counts no more. Should a block hold it one \
             day, it counts again."
        );
    }
    let place = height.map_or_else(
        || "in no block either".to_owned(),
        |height| format!("in block {}", figures::grouped(height.into())),
    );
    let cause = match why {
        Why::TooLate(rival) => {
            return format!(
                "Too late: {txid}, {net}, was made to replace {rival}, which is {place} and counts."
            );
        }
        Why::Spent { rival, .. } => format!("{rival}, {place}, spends its coins."),
        Why::Parent(parent) => format!("It spends from {parent}, which fell."),
        Why::AsMeant | Why::Unknown => "It counts no more.".to_owned(),
    };
    let elsewhere = match why {
        Why::Spent { elsewhere: true, .. } => {
            " It was not signed here: if no other wallet of yours has the same keys, move what is \
             left to a new one now."
        }
        _ => "",
    };
    let (what, advice) = match (change.net.is_negative(), height) {
        (true, Some(_)) => ("Not paid", "What is still owed must be paid again."),
        (true, None) => ("Not paid as it is", "Wait for a block before you pay again."),
        (false, _) => ("Not received", "Do not count on it."),
    };
    format!("{what}: {txid}, {net}. {cause}{elsewhere} {advice}")
}

/// So many are told one by one.
const TOLD: usize = 50;

#[cfg(test)]
mod tests {
    use bitcoin::hashes::Hash as _;

    use super::*;

    fn change(net: i64, before: PaymentState, state: PaymentState) -> TransactionChange {
        TransactionChange {
            txid: Txid::from_byte_array([1; 32]),
            net: SignedAmount::from_sat(net),
            state,
            seen_by: 0,
            before: Some(before),
            left: None,
        }
    }

    #[test]
    fn what_fell_and_came_back_is_not_told() {
        use PaymentState::{Announced, Replaced};
        let mut fallen = BTreeMap::new();
        let heard = |before, state| Event::Transaction(change(-1, before, state));
        note(&mut fallen, &heard(Announced, Replaced));
        note(&mut fallen, &heard(Replaced, Replaced));
        assert_eq!(fallen.len(), 1);
        note(&mut fallen, &heard(Replaced, Announced));
        assert!(fallen.is_empty());
    }

    #[test]
    fn the_advice_fits_what_happened() {
        let rival = Txid::from_byte_array([2; 32]);
        let spent = |elsewhere| Why::Spent { rival, elsewhere };
        let said = |net, why: &Why, height| {
            line(&change(net, PaymentState::Announced, PaymentState::Replaced), why, height)
        };
        let paid = said(-5_000, &spent(true), Some(1_234));
        assert!(paid.starts_with("Not paid: 0101"), "{paid}");
        assert!(paid.contains("0202, in block 1,234, spends its coins. It was not signed here"));
        assert!(paid.ends_with(
            "move what is left to a new one now. What is still owed must be paid again."
        ));
        let waiting = said(-5_000, &spent(false), None);
        assert!(waiting.contains("in no block either, spends its coins. Wait for a block"));
        assert!(said(5_000, &spent(false), Some(7)).starts_with("Not received: "));
        let late = said(-5_000, &Why::TooLate(rival), Some(7));
        assert!(late.starts_with("Too late: ") && late.ends_with("is in block 7 and counts."));
        let evicted = change(-5_000, PaymentState::Pending, PaymentState::Evicted);
        assert!(line(&evicted, &Why::Unknown, None).starts_with("Given up: "));
    }
}
