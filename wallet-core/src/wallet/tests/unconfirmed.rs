//! What peers tell of transactions that no block holds: counted, doubted, replaced, forgotten.

use bitcoin::{Amount, OutPoint, ScriptBuf, Transaction};

use crate::command::{CommandError, HistoryRow, PaymentState, Warning};
use crate::config::LookAhead;
use crate::light_client::time::WallTime;
use crate::limits::{MAX_UNCONFIRMED, UNCONFIRMED_LIFETIME};

use super::bench::{Bench, SEGWIT, TAPROOT, exactly, pay, spend, stranger};

fn bench() -> Bench {
    Bench::new(LookAhead::NEW)
}

fn hear(bench: &mut Bench, transaction: &Transaction, peers: u32) {
    let now = bench.now;
    bench.wallet.take_seen(transaction, peers, now).unwrap();
    bench.wallet.commit().unwrap();
}

fn receipt(bench: &mut Bench, sat: u64) -> Transaction {
    let spk = bench.issue(TAPROOT);
    bench.payment_in(spk, sat)
}

fn row(bench: &Bench, transaction: &Transaction) -> Option<HistoryRow> {
    let txid = transaction.compute_txid();
    bench.wallet.history().unwrap().into_iter().find(|row| row.txid == txid)
}

fn state(bench: &Bench, transaction: &Transaction) -> Option<PaymentState> {
    row(bench, transaction).map(|row| row.state)
}

fn parts(bench: &Bench) -> (u64, u64) {
    let total = bench.wallet.balance(bench.tip().height, bench.now).unwrap().total;
    (total.confirmed.to_sat(), total.pending.to_sat())
}

fn later(bench: &mut Bench, seconds: u64) {
    bench.now = WallTime::new(bench.now.to_unix() + seconds);
}

#[test]
fn a_receipt_is_pending_with_its_peers_until_a_block_holds_it() {
    let mut bench = bench();
    let payment = receipt(&mut bench, 70_000);
    hear(&mut bench, &payment, 1);
    assert_eq!(parts(&bench), (0, 70_000));
    hear(&mut bench, &payment, 3);
    let told = row(&bench, &payment).unwrap();
    assert_eq!((told.state, told.seen_by), (PaymentState::Pending, 3));
    let mut bench = bench.reopen();
    assert_eq!(parts(&bench), (0, 70_000), "it outlives a restart");
    bench.mine(vec![payment.clone()]);
    assert_eq!(parts(&bench), (70_000, 0));
    assert!(matches!(state(&bench, &payment), Some(PaymentState::Confirmed(_))));
    hear(&mut bench, &payment, 5);
    assert_eq!(row(&bench, &payment).unwrap().seen_by, 3, "a block says all there is to say");
}

#[test]
fn strangers_unconfirmed_coins_are_never_chosen() {
    let mut bench = bench();
    let payment = receipt(&mut bench, 70_000);
    hear(&mut bench, &payment, 9);
    let refused = bench.try_draft(&pay(&stranger(1), exactly(10_000)));
    assert!(matches!(refused, Err(CommandError::InsufficientFunds { .. })), "{refused:?}");
    let mut request = pay(&stranger(1), exactly(10_000));
    request.coins = vec![OutPoint::new(payment.compute_txid(), 0)];
    let draft = bench.try_draft(&request).unwrap();
    assert!(draft.warnings.contains(&Warning::SpendsUnconfirmed), "only when named, and told");
}

/// Whoever made the coin can still take it back, and all that was paid out of it.
#[test]
fn change_that_stands_on_a_strangers_unconfirmed_coin_is_never_chosen() {
    let mut bench = bench();
    let payment = receipt(&mut bench, 70_000);
    hear(&mut bench, &payment, 9);
    let mut request = pay(&stranger(1), exactly(10_000));
    request.coins = vec![OutPoint::new(payment.compute_txid(), 0)];
    let draft = bench.draft(&request);
    assert!(draft.change.is_some());
    let signed = bench.sign(&draft).transaction;
    let refused = bench.try_draft(&pay(&stranger(2), exactly(10_000)));
    assert!(matches!(refused, Err(CommandError::InsufficientFunds { .. })), "{refused:?}");
    bench.mine(vec![payment]);
    let draft = bench.draft(&pay(&stranger(2), exactly(10_000)));
    assert_eq!(
        draft.inputs[0].outpoint.txid,
        signed.compute_txid(),
        "it is the wallet's alone now"
    );
}

#[test]
fn a_replaced_receipt_is_replaced_and_what_replaces_it_counts() {
    let mut bench = bench();
    let first = receipt(&mut bench, 70_000);
    hear(&mut bench, &first, 3);
    later(&mut bench, 60);
    let spk = first.output[0].script_pubkey.clone();
    let second = spend(&[first.input[0].previous_output], &[(spk, 71_000)]);
    hear(&mut bench, &second, 2);
    assert_eq!(state(&bench, &first), Some(PaymentState::Pending), "more peers know the first");
    assert_eq!(row(&bench, &second), None);
    hear(&mut bench, &second, 3);
    assert_eq!(state(&bench, &first), Some(PaymentState::Replaced));
    assert_eq!(state(&bench, &second), Some(PaymentState::Pending));
    assert_eq!(parts(&bench), (0, 71_000));
    let elsewhere = stranger(4).script_pubkey();
    let third = spend(&[first.input[0].previous_output], &[(elsewhere, 71_500)]);
    later(&mut bench, 60);
    hear(&mut bench, &third, 3);
    assert_eq!(parts(&bench), (0, 0), "replaced by one that pays somebody else");
    assert!(bench.wallet.coins_to_watch().unwrap().contains(&first.input[0].previous_output));
    bench.mine(vec![first.clone()]);
    assert_eq!(parts(&bench), (70_000, 0), "the block decides");
}

#[test]
fn a_receipt_that_spends_what_a_block_spent_is_not_believed() {
    let mut bench = bench();
    let payment = receipt(&mut bench, 70_000);
    bench.mine(vec![payment.clone()]);
    let spk = payment.output[0].script_pubkey.clone();
    let double = spend(&[payment.input[0].previous_output], &[(spk, 1_000_000)]);
    hear(&mut bench, &double, 9);
    assert_eq!(row(&bench, &double), None);
    assert_eq!(parts(&bench), (70_000, 0));
}

#[test]
fn a_fake_receipt_expires_and_leaves_nothing_behind() {
    let mut bench = bench();
    let payment = receipt(&mut bench, 70_000);
    hear(&mut bench, &payment, 1);
    later(&mut bench, UNCONFIRMED_LIFETIME.as_secs());
    let now = bench.now;
    assert_eq!(bench.wallet.expire_seen(now).unwrap(), []);
    later(&mut bench, 1);
    let now = bench.now;
    let changes = bench.wallet.expire_seen(now).unwrap();
    bench.wallet.commit().unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].state, PaymentState::Evicted);
    assert_eq!(parts(&bench), (0, 0));
    assert_eq!(row(&bench, &payment), None);
    assert!(bench.wallet.coins_to_watch().unwrap().is_empty());
    hear(&mut bench, &payment, 1);
    assert_eq!(parts(&bench), (0, 70_000), "it may come again");
}

/// Whoever paid us and then mined another payment of the same coin does not leave money behind that
/// waits for ever. The wallet can't see that payment: it neither pays it nor spends from it.
#[test]
fn a_payment_that_never_comes_back_after_a_reorganisation_is_not_waited_for() {
    let mut bench = bench();
    let payment = receipt(&mut bench, 70_000);
    bench.mine(vec![payment.clone()]);
    bench.reorganise(1);
    let silent = |bench: &mut Bench, seconds| {
        later(bench, seconds);
        let changes = bench.wallet.expire_seen(bench.now).unwrap();
        bench.wallet.commit().unwrap();
        changes.iter().map(|change| change.state).collect::<Vec<_>>()
    };
    assert_eq!(silent(&mut bench, 0), []);
    assert_eq!(silent(&mut bench, UNCONFIRMED_LIFETIME.as_secs()), []);
    assert_eq!(parts(&bench), (0, 70_000), "it may come back any time");
    // It did, and left again: the time begins anew.
    bench.mine(vec![payment.clone()]);
    bench.reorganise(1);
    assert_eq!(silent(&mut bench, 1), []);
    let mut bench = bench.reopen();
    let lifetime = UNCONFIRMED_LIFETIME.as_secs();
    assert_eq!(silent(&mut bench, lifetime + 1), [PaymentState::Evicted]);
    assert_eq!((parts(&bench), row(&bench, &payment)), ((0, 0), None));
    bench.mine(vec![payment]);
    assert_eq!(parts(&bench), (70_000, 0), "a block has the last word");
}

#[test]
fn what_a_payment_of_ours_stands_on_is_not_forgotten() {
    let mut bench = bench();
    let payment = receipt(&mut bench, 70_000);
    hear(&mut bench, &payment, 1);
    let mut request = pay(&stranger(1), exactly(10_000));
    request.coins = vec![OutPoint::new(payment.compute_txid(), 0)];
    let draft = bench.try_draft(&request).unwrap();
    let child = bench.sign(&draft).transaction;
    later(&mut bench, UNCONFIRMED_LIFETIME.as_secs() + 1);
    let now = bench.now;
    bench.wallet.expire_seen(now).unwrap();
    bench.wallet.commit().unwrap();
    assert!(state(&bench, &payment).is_some() && state(&bench, &child).is_some());
    assert_eq!(bench.wallet.unconfirmed_line().unwrap(), [payment, child], "announced together");
}

#[test]
fn a_flood_of_fake_receipts_is_bounded_and_gives_way_to_better_known_ones() {
    let mut bench = bench();
    let spk = bench.issue(TAPROOT);
    for _ in 0..MAX_UNCONFIRMED + 20 {
        let fake = bench.payment_in(spk.clone(), 1);
        hear(&mut bench, &fake, 1);
    }
    assert_eq!(bench.wallet.history().unwrap().len(), MAX_UNCONFIRMED);
    let payment = bench.payment_in(spk, 70_000);
    hear(&mut bench, &payment, 1);
    assert_eq!(row(&bench, &payment), None, "no better known than the others");
    hear(&mut bench, &payment, 2);
    assert_eq!(row(&bench, &payment).unwrap().seen_by, 2);
    assert_eq!(bench.wallet.history().unwrap().len(), MAX_UNCONFIRMED);
    assert_eq!(parts(&bench).1, 70_000 + MAX_UNCONFIRMED as u64 - 1);
}

#[test]
fn a_spend_of_our_coin_counts_only_when_it_is_signed() {
    for account in [TAPROOT, SEGWIT] {
        let mut bench = bench();
        let coin = bench.fund(account, 100_000);
        let made_up = spend(&[coin], &[(stranger(1).script_pubkey(), 99_000)]);
        hear(&mut bench, &made_up, 9);
        assert_eq!(row(&bench, &made_up), None, "anybody can write that");
        assert_eq!(parts(&bench), (100_000, 0));
        // Another wallet with the same words signs a payment that this one does not know.
        let signed = signed_elsewhere(&mut bench, coin);
        let now = bench.now;
        let seen = bench.wallet.take_seen(&signed, 1, now).unwrap();
        bench.wallet.commit().unwrap();
        assert!(seen.spends_ours);
        let told = row(&bench, &signed).unwrap();
        assert_eq!(told.state, PaymentState::Pending);
        assert!(told.net.is_negative());
        assert_eq!(parts(&bench).0, 0, "the coin is gone");
        let refused = bench.try_draft(&pay(&stranger(2), exactly(10_000)));
        assert!(matches!(refused, Err(CommandError::InsufficientFunds { .. })), "{refused:?}");
    }
}

/// Signs with the wallet's keys, then makes the wallet forget that it did.
fn signed_elsewhere(bench: &mut Bench, coin: OutPoint) -> Transaction {
    let mut request = pay(&stranger(1), exactly(30_000));
    request.coins = vec![coin];
    let draft = bench.draft(&request);
    let signed = bench.signed(&draft);
    bench.wallet.drop_draft(draft.id).unwrap();
    bench.wallet.commit().unwrap();
    signed
}

#[test]
fn a_block_settles_which_witnesses_a_transaction_has() {
    let mut bench = bench();
    let payment = receipt(&mut bench, 70_000);
    let mut bent = payment.clone();
    bent.input[0].witness.push([7; 64]);
    assert_eq!(bent.compute_txid(), payment.compute_txid());
    hear(&mut bench, &bent, 1);
    bench.mine(vec![payment.clone()]);
    let kept = bench.wallet.file.transaction(payment.compute_txid()).unwrap().unwrap();
    assert_eq!(kept.transaction, payment);
}

#[test]
fn payments_of_more_than_all_money_are_no_payments() {
    let mut bench = bench();
    let spk: ScriptBuf = bench.issue(TAPROOT);
    let payment = bench.payment_in(spk, Amount::MAX_MONEY.to_sat() + 1);
    hear(&mut bench, &payment, 9);
    assert_eq!(bench.wallet.history().unwrap(), []);
}

#[test]
fn what_no_node_relays_is_not_looked_at() {
    let mut bench = bench();
    let coin = bench.fund(SEGWIT, 100_000);
    let signed = signed_elsewhere(&mut bench, coin);
    let mut twice = signed.clone();
    twice.input.push(signed.input[0].clone());
    hear(&mut bench, &twice, 9);
    let mut vast = signed;
    vast.input[0].witness.push(vec![0; 400_000]);
    hear(&mut bench, &vast, 9);
    assert_eq!(parts(&bench), (100_000, 0));
}

#[test]
fn a_payment_of_ours_that_peers_announce_is_announced() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let draft = bench.draft(&pay(&stranger(1), exactly(30_000)));
    let payment = bench.sign(&draft).transaction;
    assert_eq!(state(&bench, &payment), Some(PaymentState::Signed));
    hear(&mut bench, &payment, 2);
    let told = row(&bench, &payment).unwrap();
    assert_eq!((told.state, told.seen_by), (PaymentState::Announced, 2));
}
