//! Following the chain: what a block brings, what a reorganisation takes and gives back.

use std::collections::BTreeSet;

use bitcoin::{Amount, OutPoint};

use crate::command::{Birthday, PaymentState};
use crate::config::LookAhead;
use crate::keychain::{Branch, KeychainId};
use crate::light_client::height::{BlockId, Height};
use crate::light_client::input::ScanStart;

use super::bench::{Bench, SEGWIT, TAPROOT, exactly, pay, spend, stranger};

#[test]
fn payments_beyond_the_look_ahead_of_their_own_block_are_found() {
    let mut bench = Bench::new(LookAhead { receive: 10, change: 5 });
    // Index 9 is watched, 19 only because of 9, 29 only because of 19; the block has them in the
    // worst order, and a spend of the last one before it is known.
    let scripts = [29, 19, 9].map(|at| bench.script(SEGWIT, Branch::Receive, at));
    let payments = scripts.map(|spk| bench.payment_in(spk, 1_000));
    let parent = OutPoint::new(payments[0].compute_txid(), 0);
    let onwards = spend(&[parent], &[(stranger(1).script_pubkey(), 900)]);
    let mut transactions = payments.to_vec();
    transactions.push(onwards);
    let folded = bench.mine(transactions);
    assert_eq!(folded.changes.len(), 4);
    assert_eq!(folded.grown.len(), 30);
    let watched = bench.wallet.watch_list().unwrap().searched;
    assert!(folded.grown.iter().all(|spk| watched.contains(spk)));
    assert_eq!(bench.total(), Amount::from_sat(2_000));
    let index = bench.wallet.receive(None, None, None, false, bench.now).unwrap().index.to_u32();
    assert_eq!(index, 0, "the preferred type is another");
    let keychain = KeychainId { account: SEGWIT, branch: Branch::Receive };
    assert_eq!(bench.wallet.issue(keychain).unwrap().to_u32(), 30, "used ones are not given out");
}

#[test]
fn folding_a_block_twice_changes_nothing() {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(TAPROOT, 5_000);
    let (at, time, block) = bench.blocks.last().unwrap().clone();
    let before = bench.wallet.history().unwrap();
    let folded = bench.wallet.apply_block(at, time, &block).unwrap();
    assert!(folded.relevant, "it pays the wallet, however often it is read");
    assert_eq!((folded.grown, folded.found, folded.changes), (vec![], vec![], vec![]));
    assert_eq!(bench.wallet.history().unwrap(), before);
}

#[test]
fn a_payment_replaced_in_a_block_lives_again_when_the_block_goes() {
    let mut bench = Bench::new(LookAhead::NEW);
    let coin = bench.fund(TAPROOT, 100_000);
    let draft = bench.draft(&pay(&stranger(1), exactly(30_000)));
    let first = bench.sign(&draft);
    let draft = bench.draft(&pay(&stranger(2), exactly(20_000)));
    let child = bench.sign(&draft);
    let rival = spend(&[coin], &[(stranger(9).script_pubkey(), 99_000)]);
    let folded = bench.mine(vec![rival.clone()]);
    let states: Vec<_> = folded.changes.iter().map(|change| (change.txid, change.state)).collect();
    assert!(states.contains(&(rival.compute_txid(), PaymentState::Confirmed(bench.tip()))));
    for lost in [&first, &child] {
        let txid = lost.transaction.compute_txid();
        assert!(states.contains(&(txid, PaymentState::Replaced)), "{states:?}");
        assert_eq!(bench.wallet.payment(txid).unwrap().unwrap().state, PaymentState::Replaced);
    }
    assert_eq!(bench.total(), Amount::ZERO);
    assert_eq!(bench.wallet.unconfirmed_line().unwrap(), []);

    bench.reorganise(1);
    let left = Amount::from_sat(50_000) - first.fee - child.fee;
    assert_eq!(bench.total(), left);
    let announce = bench.wallet.unconfirmed_line().unwrap();
    assert_eq!(announce, [first.transaction, child.transaction], "parents first");
}

#[test]
fn a_reorganisation_keeps_payments_and_forgets_coinbases() {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(TAPROOT, 1_000);
    let fork = bench.tip();
    let spk = bench.issue(SEGWIT);
    let (coinbase, payment) = (bench.coinbase(spk.clone(), 7_000), bench.payment_in(spk, 500));
    bench.mine(vec![coinbase.clone(), payment.clone()]);
    let old = bench.tip();
    assert_eq!(bench.total(), Amount::from_sat(8_500));

    bench.blocks.pop();
    let changes = bench.wallet.roll_back(fork).unwrap();
    assert!(changes.iter().all(|change| change.left == Some(old.hash) && change.before.is_some()));
    assert_eq!(bench.wallet.cursor().unwrap(), Some(fork));
    let balance = bench.wallet.balance(fork.height, bench.now).unwrap().total;
    assert_eq!((balance.confirmed.to_sat(), balance.pending.to_sat()), (1_000, 500));
    assert_eq!(balance.immature, Amount::ZERO);
    let history: Vec<_> = bench.wallet.history().unwrap().into_iter().map(|r| r.txid).collect();
    assert!(!history.contains(&coinbase.compute_txid()));
    assert!(history.contains(&payment.compute_txid()));

    bench.mine(vec![coinbase, payment]);
    assert_eq!(bench.total(), Amount::from_sat(8_500));
}

#[test]
fn what_spends_a_lost_coinbase_is_lost_with_it() {
    let mut bench = Bench::new(LookAhead::NEW);
    let spk = bench.issue(TAPROOT);
    let coinbase = bench.coinbase(spk.clone(), 7_000);
    let parent = OutPoint::new(coinbase.compute_txid(), 0);
    bench.mine(vec![coinbase]);
    bench.mine(vec![spend(&[parent], &[(spk, 6_000)])]);
    bench.reorganise(2);
    assert_eq!(bench.total(), Amount::ZERO);
}

#[test]
fn the_same_address_is_given_until_it_is_paid_or_asked_for_otherwise() {
    let mut bench = Bench::new(LookAhead::NEW);
    let now = bench.now;
    let mut receive = |note, fresh| bench.wallet.receive(None, note, None, fresh, now).unwrap();
    let first = receive(None, false);
    assert_eq!(receive(None, false), first);
    let second = receive(Some("rent"), false);
    assert_ne!(second.index, first.index);
    assert!(second.uri.contains("rent"), "{}", second.uri);
    assert_eq!(receive(Some("rent"), false), second);
    let third = receive(Some("rent"), true);
    assert_ne!(third.index, second.index);
    let payment = bench.payment_in(third.address.script_pubkey(), 1_000);
    bench.mine(vec![payment]);
    let fourth = bench.wallet.receive(None, Some("rent"), None, false, now).unwrap();
    assert_ne!(fourth.index, third.index);
    assert_eq!(bench.wallet.history().unwrap()[0].note.as_deref(), Some("rent"));
}

#[test]
fn an_index_that_was_told_is_never_told_again() {
    let mut bench = Bench::new(LookAhead::NEW);
    let mut told = BTreeSet::new();
    for round in 0..4 {
        for _ in 0..3 {
            let issued = bench.wallet.receive(None, None, None, true, bench.now).unwrap();
            bench.wallet.commit().unwrap();
            assert!(told.insert(issued.index), "round {round}");
        }
        // Not committed, so not told.
        bench.wallet.receive(None, None, None, true, bench.now).unwrap();
        if round % 2 == 0 {
            bench.wallet.abort().unwrap();
        } else {
            bench = bench.reopen();
        }
    }
}

#[test]
fn checkpoints_thin_out_below_the_recent_ones() {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(TAPROOT, 1_000);
    let paid = bench.tip();
    let time = bench.blocks[0].1;
    for height in 2..4_500 {
        let (at, _) = bench.extend(Vec::new());
        assert_eq!(at.height, Height::new(height));
        bench.wallet.advance(at, time).unwrap();
    }
    bench.wallet.commit().unwrap();
    let checkpoints = bench.wallet.checkpoints().unwrap();
    assert_eq!(checkpoints.first(), Some(&bench.tip()));
    assert!(checkpoints.is_sorted_by(|a, b| a.height > b.height));
    assert!(checkpoints.contains(&paid), "a block with a payment is one");
    assert!((201..=205).contains(&checkpoints.len()), "{}", checkpoints.len());
    let fork: BlockId = checkpoints[100];
    bench.wallet.roll_back(fork).unwrap();
    assert_eq!(bench.wallet.checkpoints().unwrap()[0], fork);
}

#[test]
fn a_rescan_begins_where_it_is_told_and_skips_nothing() {
    let mut bench = Bench::new(LookAhead::NEW);
    assert_eq!(bench.wallet.scan_start().unwrap(), ScanStart::Height(Height::GENESIS));
    assert_eq!(bench.wallet.description().unwrap().birthday, Birthday::Height(Height::GENESIS));
    bench.fund(TAPROOT, 1_000);
    bench.mine_empty(9);
    assert_eq!(bench.wallet.scan_start().unwrap(), ScanStart::Height(Height::new(11)));
    bench.wallet.rescan_from(Some(Height::new(5)), |_| Height::GENESIS).unwrap();
    assert_eq!(bench.wallet.scan_start().unwrap(), ScanStart::Height(Height::new(5)));
    assert_eq!(bench.wallet.cursor().unwrap(), None);
    bench.wallet.rescan_from(Some(Height::new(8)), |_| Height::GENESIS).unwrap();
    assert_eq!(bench.wallet.scan_start().unwrap(), ScanStart::Height(Height::new(5)));
    bench.mine_empty(1);
    assert_eq!(bench.total(), Amount::from_sat(1_000), "what lies below is kept");
    bench.wallet.rescan_from(None, |_| Height::GENESIS).unwrap();
    assert_eq!(bench.wallet.scan_start().unwrap(), ScanStart::Height(Height::GENESIS));
}

#[test]
fn whoever_saw_a_block_that_left_is_told_what_left_with_it() {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(TAPROOT, 1_000);
    let base = bench.tip();
    let mut mined = Vec::new();
    for amount in [100, 200, 300] {
        let spk = bench.issue(SEGWIT);
        let payment = bench.payment_in(spk, amount);
        bench.mine(vec![payment.clone()]);
        mined.push((bench.tip(), payment.compute_txid()));
    }
    let [(_, lowest), (middle, second), (top, third)] = mined[..] else { panic!("{mined:?}") };
    assert_eq!(bench.wallet.left_block(top.hash).unwrap(), None, "it is on the chain");

    // The upper two leave, then another branch from further down takes what stayed.
    bench.reorganise(2);
    let left = bench.wallet.left_block(top.hash).unwrap().expect("it left");
    assert_eq!((left.fork, left.transactions), (mined[0].0, vec![third, second]));
    let left = bench.wallet.left_block(middle.hash).unwrap().expect("it left");
    assert_eq!(left.transactions, [second], "what stood above was never seen");
    bench.mine(Vec::new());
    bench.reorganise(2);
    let left = bench.wallet.left_block(mined[0].0.hash).unwrap().expect("it left too");
    assert_eq!((left.fork, left.transactions), (base, vec![lowest]));
    let left = bench.wallet.left_block(top.hash).unwrap().expect("it stays known");
    assert_eq!(left.fork, mined[0].0, "one step after the other");
}
