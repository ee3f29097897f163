//! Payments that are given up: what is free by it, and what can't be.

use std::time::Duration;

use bitcoin::{Amount, FeeRate, OutPoint, Transaction};

use crate::command::{
    AbandonProblem, BumpRequest, BumpWay, CommandError, FeeChoice, Hold, PaymentState,
};
use crate::config::LookAhead;
use crate::light_client::time::WallTime;
use crate::limits::UNCONFIRMED_LIFETIME;

use super::bench::{Bench, TAPROOT, exactly, pay, stranger};

fn bench() -> Bench {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(TAPROOT, 100_000);
    bench
}

fn paid(bench: &mut Bench, number: u8) -> Transaction {
    let draft = bench.draft(&pay(&stranger(number), exactly(10_000)));
    bench.sign(&draft).transaction
}

fn give_up(bench: &mut Bench, payment: &Transaction) -> Result<Vec<PaymentState>, CommandError> {
    let changes = bench.wallet.abandon(payment.compute_txid(), bench.now)?;
    bench.wallet.commit().unwrap();
    Ok(changes.into_iter().map(|change| change.state).collect())
}

fn hear(bench: &mut Bench, payment: &Transaction) {
    bench.wallet.take_seen(payment, 1, bench.now).unwrap();
    bench.wallet.commit().unwrap();
}

fn refusal(bench: &mut Bench, payment: &Transaction) -> AbandonProblem {
    match give_up(bench, payment).unwrap_err() {
        CommandError::CannotAbandon { why, .. } => why,
        other => panic!("{other}"),
    }
}

#[test]
fn what_is_given_up_leaves_its_coins_free_and_is_announced_no_more() {
    let mut bench = bench();
    let first = paid(&mut bench, 1);
    let second = paid(&mut bench, 2);
    assert_eq!(second.input[0].previous_output.txid, first.compute_txid());
    let states = give_up(&mut bench, &first).unwrap();
    assert_eq!(states.last(), Some(&PaymentState::Evicted));
    assert_eq!(bench.total(), Amount::from_sat(100_000));
    assert_eq!(bench.wallet.to_announce().unwrap(), []);
    let mut bench = bench.reopen();
    assert_eq!(bench.wallet.to_announce().unwrap(), []);
    assert_eq!(refusal(&mut bench, &second), AbandonProblem::NotWaiting);
    let again = paid(&mut bench, 3);
    let spent: Vec<OutPoint> = again.input.iter().map(|input| input.previous_output).collect();
    assert_eq!(spent, [first.input[0].previous_output]);
}

#[test]
fn what_was_given_up_counts_when_a_block_holds_it() {
    let mut bench = bench();
    let payment = paid(&mut bench, 1);
    give_up(&mut bench, &payment).unwrap();
    bench.mine(vec![payment.clone()]);
    let fee: u64 = 100_000 - payment.output.iter().map(|out| out.value.to_sat()).sum::<u64>();
    assert_eq!(bench.total(), Amount::from_sat(90_000 - fee));
    assert_eq!(refusal(&mut bench, &payment), AbandonProblem::Confirmed);
}

#[test]
fn what_peers_relay_is_not_given_up() {
    let mut bench = bench();
    let first = paid(&mut bench, 1);
    let second = paid(&mut bench, 2);
    hear(&mut bench, &second);
    let why = AbandonProblem::Relayed { by: second.compute_txid() };
    assert_eq!(refusal(&mut bench, &first), why, "what stands on it is relayed only with it");
    assert_eq!(refusal(&mut bench, &second), why);
    let later = bench.now.to_unix() + UNCONFIRMED_LIFETIME.as_secs() + 1;
    bench.now = WallTime::new(later);
    give_up(&mut bench, &first).unwrap();
    assert_eq!(bench.total(), Amount::from_sat(100_000));
    hear(&mut bench, &first);
    assert_eq!(bench.wallet.to_announce().unwrap().len(), 1, "peers speak of it again");
}

#[test]
fn a_payment_that_a_peer_has_is_told_itself_before_what_stands_on_it() {
    let mut bench = bench();
    let payments: Vec<_> = (1..=5).map(|number| paid(&mut bench, number)).collect();
    for payment in &payments {
        hear(&mut bench, payment);
    }
    for payment in &payments {
        let why = AbandonProblem::Relayed { by: payment.compute_txid() };
        assert_eq!(refusal(&mut bench, payment), why);
    }
}

/// A sole peer never announces back what it got from here.
#[test]
fn what_a_peer_fetched_is_not_given_up_while_nodes_keep_it() {
    let mut bench = bench();
    let payment = paid(&mut bench, 1);
    let txid = payment.compute_txid();
    let fetch = |bench: &mut Bench| {
        bench.wallet.mark_announced(txid, bench.now).unwrap();
        bench.wallet.commit().unwrap();
    };
    let why = AbandonProblem::Relayed { by: txid };
    bench.wallet.mark_handed_out(txid, bench.now).unwrap();
    bench.wallet.commit().unwrap();
    let mut bench = bench.reopen();
    assert_eq!(refusal(&mut bench, &payment), why, "it never said that it got it");
    bench.now = bench.now.after(UNCONFIRMED_LIFETIME);
    fetch(&mut bench);
    assert_eq!(refusal(&mut bench, &payment), why);
    bench.now = bench.now.after(UNCONFIRMED_LIFETIME);
    assert_eq!(refusal(&mut bench, &payment), why);
    fetch(&mut bench);
    bench.now = bench.now.after(UNCONFIRMED_LIFETIME);
    assert_eq!(refusal(&mut bench, &payment), why, "a node that had dropped it took it again");
    bench.now = WallTime::new(bench.now.to_unix() + 1);
    give_up(&mut bench, &payment).unwrap();
    assert_eq!(bench.total(), Amount::from_sat(100_000));
}

fn instead(bench: &mut Bench, of: &Transaction, way: BumpWay, rate: u32) -> Transaction {
    let fee = FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(rate));
    let txid = of.compute_txid();
    let request =
        BumpRequest { txid, way, fee, most_fee: None, hold: Hold::Briefly, dry_run: false };
    let moment = bench.moment();
    let draft = bench.wallet.bump(&request, &moment).unwrap();
    bench.sign(&draft).transaction
}

/// Who is told that the coins are free pays anew, and nodes hold the first.
#[test]
fn a_payment_is_given_up_in_all_its_versions_or_not_at_all() {
    for way in [BumpWay::Replace, BumpWay::Cancel] {
        let mut bench = bench();
        let first = paid(&mut bench, 1);
        let second = instead(&mut bench, &first, way, 20);
        let third = instead(&mut bench, &second, BumpWay::Replace, 40);
        let txid = first.compute_txid();
        bench.wallet.mark_handed_out(txid, bench.now).unwrap();
        let why = AbandonProblem::Relayed { by: txid };
        assert_eq!(refusal(&mut bench, &third), why);
        bench.now = bench.now.after(UNCONFIRMED_LIFETIME + Duration::from_secs(1));
        give_up(&mut bench, &third).unwrap();
        let mut bench = bench.reopen();
        assert_eq!(bench.total(), Amount::from_sat(100_000), "{way:?}");
        assert_eq!(bench.wallet.to_announce().unwrap(), [], "none of them comes back by itself");
        hear(&mut bench, &first);
        assert!(bench.total() < Amount::from_sat(100_000), "a node has it, and none the others");
    }
}

#[test]
fn what_stands_on_it_is_given_up_in_all_its_versions() {
    let mut bench = bench();
    let first = paid(&mut bench, 1);
    let above = paid(&mut bench, 2);
    let sooner = instead(&mut bench, &above, BumpWay::Replace, 20);
    bench.wallet.mark_handed_out(above.compute_txid(), bench.now).unwrap();
    let why = AbandonProblem::Relayed { by: above.compute_txid() };
    assert_eq!(refusal(&mut bench, &first), why);
    assert_eq!(refusal(&mut bench, &sooner), why);
    bench.now = bench.now.after(UNCONFIRMED_LIFETIME + Duration::from_secs(1));
    give_up(&mut bench, &first).unwrap();
    assert_eq!(bench.total(), Amount::from_sat(100_000));
    assert_eq!(bench.wallet.to_announce().unwrap(), []);
}

/// The one that was taken back would go out again, and be paid.
#[test]
fn a_clock_that_is_set_back_brings_nothing_back_that_was_replaced() {
    let mut bench = bench();
    let first = paid(&mut bench, 1);
    let cancelled = instead(&mut bench, &first, BumpWay::Cancel, 20);
    bench.now = WallTime::new(bench.now.to_unix() - 7_200);
    bench.wallet.mark_announced(cancelled.compute_txid(), bench.now).unwrap();
    hear(&mut bench, &cancelled);
    hear(&mut bench, &first);
    let announced = bench.wallet.to_announce().unwrap();
    let announced: Vec<_> = announced.iter().map(|one| one.transaction.compute_txid()).collect();
    assert_eq!(announced, [cancelled.compute_txid()]);
}
