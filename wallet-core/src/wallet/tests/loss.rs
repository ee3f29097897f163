//! Ways to lose money, or to be told that it is lost, that a wallet has to close.

use bitcoin::{Amount, FeeRate};

use crate::command::{CommandError, FeeChoice, PayAmount};
use crate::config::LookAhead;
use crate::keychain::Branch;

use super::bench::{Bench, LEGACY, TAPROOT, exactly, new_wallet, pay, spend, stranger};
use crate::light_client::height::Height;
use crate::wallet::Wallet;

/// A script that asks and is refused again and again must not drive the change out of the sight
/// of a wallet that is restored from the words.
#[test]
fn drafts_that_were_never_signed_leave_no_gap_in_the_change() {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(TAPROOT, 100_000);
    let request = pay(&stranger(1), exactly(10_000));
    for _ in 0..30 {
        let draft = bench.draft(&request);
        bench.wallet.drop_draft(draft.id).unwrap();
    }
    for _ in 0..30 {
        bench.draft(&request);
        bench.now = bench.now.after(crate::limits::DRAFT_LIFETIME);
    }
    let mut bench = bench.reopen();
    let draft = bench.draft(&request);
    let change = draft.change.clone().unwrap();
    assert!(change.index.to_u32() < LookAhead::RESTORED.change, "{}", change.index);
    assert_eq!(change.index.to_u32(), 0);
    bench.sign(&draft);
    bench.fund(TAPROOT, 100_000);
    assert_eq!(bench.draft(&request).change.unwrap().index.to_u32(), 1);
}

/// Two drafts that are open together never share a change address.
#[test]
fn open_drafts_have_change_addresses_of_their_own() {
    let mut bench = Bench::new(LookAhead::NEW);
    for _ in 0..3 {
        bench.fund(TAPROOT, 100_000);
    }
    let request = pay(&stranger(1), exactly(10_000));
    let [first, second] = [(); 2].map(|()| bench.draft(&request));
    bench.wallet.drop_draft(first.id).unwrap();
    let third = bench.draft(&request);
    let index = |draft: &crate::command::Draft| draft.change.as_ref().unwrap().index;
    assert_ne!(index(&second), index(&third));
    bench.sign(&second);
    bench.wallet.drop_draft(third.id).unwrap();
    assert!(index(&bench.draft(&request)) > index(&second));
}

/// Nodes relay no transaction above 400,000 weight units, so one that is signed would hold its
/// coins for ever.
#[test]
fn a_payment_that_no_node_relays_is_refused() {
    let mut bench = Bench::new(LookAhead::NEW);
    let spk = bench.script(LEGACY, Branch::Receive, 0);
    let parent = bench.fake_outpoint();
    let outputs: Vec<_> = (0..700).map(|_| (spk.clone(), 10_000)).collect();
    bench.mine(vec![spend(&[parent], &outputs)]);
    let error =
        bench.try_draft(&pay(&stranger(1), PayAmount::Max)).map(|draft| draft.fee).unwrap_err();
    assert!(matches!(error, CommandError::TooLarge { .. }), "{error}");
    assert!(error.to_string().contains("nodes relay 400000:"), "{error}");
    let error =
        bench.try_draft(&pay(&stranger(1), exactly(6_700_000))).map(|draft| draft.fee).unwrap_err();
    assert!(matches!(error, CommandError::TooLarge { .. }), "{error}");
    let draft = bench.draft(&pay(&stranger(1), exactly(5_000_000)));
    let payment = bench.sign(&draft);
    assert!(payment.transaction.weight().to_wu() <= 400_000);
}

/// At a high fee rate, what a patient person can still spend comes back as change.
#[test]
fn change_is_not_given_away_because_fees_are_high_today() {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(TAPROOT, 1_000_000);
    let mut request = pay(&stranger(1), exactly(815_000));
    request.fee = FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(1_000));
    let bare = Amount::from_sat(185_000);
    let draft = bench.draft(&request);
    let change = draft.change.expect("43,000 sat are worth keeping");
    assert!(change.amount > Amount::from_sat(40_000), "{}", change.amount);
    assert!(draft.fee + change.amount == bare);
}

/// A payment that spends what a reorganisation took out of its block is worth nothing to nodes
/// that forgot its parent.
#[test]
fn a_payment_is_announced_with_the_parent_that_lost_its_block() {
    let mut bench = Bench::new(LookAhead::NEW);
    let spk = bench.issue(TAPROOT);
    let parent = bench.payment_in(spk, 100_000);
    bench.mine(vec![parent.clone()]);
    let draft = bench.draft(&pay(&stranger(1), exactly(30_000)));
    let first = bench.sign(&draft).transaction;
    let draft = bench.draft(&pay(&stranger(2), exactly(30_000)));
    let second = bench.sign(&draft).transaction;
    assert_eq!(bench.wallet.unconfirmed_line().unwrap(), [first.clone(), second.clone()]);
    bench.reorganise(1);
    let announced = bench.wallet.unconfirmed_line().unwrap();
    assert_eq!(announced, [parent.clone(), first.clone(), second.clone()]);
    bench.mine(vec![parent, first]);
    assert_eq!(bench.wallet.unconfirmed_line().unwrap(), [second]);
}

/// Who removes a wallet's file but not its log (as a crash leaves it) still gets a whole new
/// wallet of that name: the old log is not played into the new file.
#[test]
fn a_log_without_its_wallet_does_not_damage_the_next_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("main.db");
    let log = path.with_extension("db-wal");
    let new = new_wallet(LookAhead::NEW);
    let mut wallet = Wallet::create(&path, &crate::vault::FileKey::for_tests(1), &new).unwrap();
    wallet.rescan_from(None, |_| Height::GENESIS).unwrap();
    wallet.commit().unwrap();
    let kept = std::fs::read(&log).unwrap();
    assert!(!kept.is_empty());
    drop(wallet);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&log, kept).unwrap();
    let key = crate::vault::FileKey::for_tests(2);
    drop(Wallet::create(&path, &key, &new).unwrap());
    Wallet::open(&path, &key).unwrap();
}

/// A wallet that was restored signed none of its payments, and nobody else remembers them when
/// their block is gone: the node that took them may have forgotten them long ago.
#[test]
fn a_restored_payment_that_a_reorganisation_drops_is_announced_again() {
    let mut bench = Bench::new(LookAhead::NEW);
    let old = bench.fund(TAPROOT, 100_000);
    let paid = spend(&[old], &[(stranger(1).script_pubkey(), 99_000)]);
    let received = bench.fund(TAPROOT, 50_000);
    let mixed = [received, bench.fake_outpoint()];
    let shared = spend(&mixed, &[(stranger(2).script_pubkey(), 120_000)]);
    bench.mine(vec![paid.clone(), shared.clone()]);
    bench.fund(TAPROOT, 7_000);
    assert_eq!(bench.wallet.unconfirmed_line().unwrap(), []);
    bench.reorganise(2);
    let announced = bench.wallet.unconfirmed_line().unwrap();
    assert_eq!(announced, [paid.clone(), shared], "others announce what they paid us");
    bench.mine(vec![paid]);
    assert_eq!(bench.wallet.unconfirmed_line().unwrap().len(), 1);
}
