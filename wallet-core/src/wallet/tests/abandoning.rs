//! Payments that are given up: what is free by it, and what can't be.

use bitcoin::{Amount, OutPoint, Transaction};

use crate::command::{AbandonProblem, CommandError, PaymentState};
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
    let changes = bench.wallet.abandon(payment.compute_txid(), |_| false, bench.now)?;
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
    let given = bench.wallet.abandon(txid, |asked| asked == txid, bench.now);
    assert_eq!(given.unwrap_err(), CommandError::CannotAbandon { txid, why });
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
