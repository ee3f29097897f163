//! Payments that no block can hold yet: what is built on them would be unpaid for as long.

use bitcoin::absolute::LockTime;
use bitcoin::psbt::Psbt;
use bitcoin::{Amount, OutPoint, Sequence, Transaction};

use crate::command::{
    BumpProblem, BumpRequest, BumpWay, CoinQuery, CommandError, Draft, InputTerms, Layout,
    PayRequest, PaymentState, PsbtWarning, Spends,
};
use crate::config::LookAhead;
use crate::finality::ChainEnd;

use super::bench::{Bench, TAPROOT, exactly, pay, replacement, stranger};

/// Tells the wallet where the chain ends; whether anything waits, or does no more, by that.
fn meet_end(bench: &mut Bench) -> bool {
    let (tip, time, _) = *bench.blocks.last().unwrap();
    bench.wallet.set_end(tip, ChainEnd { height: tip.height, median_time: time });
    let changed = bench.wallet.look_at_locks().unwrap();
    bench.wallet.commit().unwrap();
    changed
}

fn locked_until(lock_time: LockTime) -> PayRequest {
    let layout = Layout { lock_time: Some(lock_time), ..Layout::default() };
    PayRequest { layout, ..pay(&stranger(1), exactly(10_000)) }
}

fn is_short(bench: &mut Bench) -> bool {
    let told = bench.try_draft(&pay(&stranger(2), exactly(10_000)));
    matches!(told, Err(CommandError::InsufficientFunds { .. }))
}

#[test]
fn nothing_stands_on_what_waits_for_a_height_or_a_time() {
    for in_time in [false, true] {
        let mut bench = Bench::new(LookAhead::NEW);
        bench.fund(TAPROOT, 100_000);
        meet_end(&mut bench);
        let (tip, time, _) = *bench.blocks.last().unwrap();
        let lock_time = if in_time {
            LockTime::from_time(u32::try_from(time.to_unix() + 600 * 3 - 1).unwrap()).unwrap()
        } else {
            LockTime::from_height(tip.height.up(3).to_u32()).unwrap()
        };
        let draft = bench.draft(&locked_until(lock_time));
        let payment = bench.sign(&draft);
        let change = Amount::from_sat(90_000) - payment.fee;
        for opened in [false, true] {
            if opened {
                bench = bench.reopen();
                meet_end(&mut bench);
            }
            assert_eq!(bench.wallet.to_announce().unwrap(), [], "no node would keep it");
            assert!(is_short(&mut bench), "it would not be paid");
            assert_eq!(bench.spendable(), Amount::ZERO);
            let held = bench.wallet.holdings(bench.tip().height, 0).unwrap();
            assert_eq!((held.pending, held.untrusted), (Amount::ZERO, change));
        }
        let vout = payment.transaction.output.iter().position(|out| out.value == change);
        let txid = payment.transaction.compute_txid();
        let coin = OutPoint::new(txid, u32::try_from(vout.unwrap()).unwrap());
        let named = PayRequest { coins: vec![coin], ..pay(&stranger(2), exactly(10_000)) };
        assert_eq!(bench.try_draft(&named).unwrap_err(), CommandError::CoinWaits(coin));
        bench.mine_empty(2);
        assert!(!meet_end(&mut bench) && is_short(&mut bench));
        bench.mine_empty(1);
        assert!(meet_end(&mut bench));
        let announced = bench.wallet.to_announce().unwrap();
        assert_eq!(announced[0].transaction, payment.transaction);
        let held = bench.wallet.holdings(bench.tip().height, 0).unwrap();
        assert_eq!((held.pending, held.untrusted), (change, Amount::ZERO));
        assert_eq!(bench.spendable(), change);
        assert!(!is_short(&mut bench));
        bench.reorganise(1);
        meet_end(&mut bench);
        assert_eq!(bench.wallet.to_announce().unwrap(), [], "a reorganisation took its block");
    }
}

/// What no node keeps can't be paid behind one's back.
#[test]
fn what_waits_is_given_up_at_once() {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(TAPROOT, 100_000);
    meet_end(&mut bench);
    let lock_time = LockTime::from_height(bench.tip().height.up(9).to_u32()).unwrap();
    let draft = bench.draft(&locked_until(lock_time));
    let txid = bench.sign(&draft).transaction.compute_txid();
    let changes = bench.wallet.abandon(txid, bench.now).unwrap();
    bench.wallet.commit().unwrap();
    assert_eq!(changes[0].state, PaymentState::Evicted);
    let coins = bench.wallet.coins(&CoinQuery::default(), bench.tip().height, bench.now).unwrap();
    assert_eq!(coins.len(), 1);
}

fn bump(bench: &mut Bench, of: &Transaction, way: BumpWay) -> Result<Draft, CommandError> {
    let moment = bench.moment();
    let request = BumpRequest { way, ..replacement(of.compute_txid(), 9) };
    let bumped = bench.wallet.bump(&request, &moment);
    bench.wallet.commit().unwrap();
    bumped
}

/// A payment for the third block from here on, by its height, its time and the age of the coin.
fn for_later(kind: u8) -> (Bench, Transaction) {
    let mut bench = Bench::new(LookAhead::NEW);
    let outpoint = bench.fund(TAPROOT, 100_000);
    meet_end(&mut bench);
    let (tip, time, _) = *bench.blocks.last().unwrap();
    let in_time = u32::try_from(time.to_unix() + 600 * 3 - 1).unwrap();
    let request = match kind {
        0 => locked_until(LockTime::from_height(tip.height.up(3).to_u32()).unwrap()),
        1 => locked_until(LockTime::from_time(in_time).unwrap()),
        _ => {
            let sequence = Some(Sequence::from_height(4));
            let spends = Spends::Own { weight: None };
            let terms = vec![InputTerms { outpoint, sequence, spends }];
            PayRequest { coins: vec![outpoint], terms, ..pay(&stranger(1), exactly(10_000)) }
        }
    };
    let draft = bench.draft(&request);
    let payment = bench.sign(&draft).transaction;
    (bench, payment)
}

/// Who was to be paid in months would be paid at once, and nothing takes that back.
#[test]
fn what_replaces_a_payment_pays_no_earlier() {
    for (kind, way) in [(0, BumpWay::Best), (1, BumpWay::Replace), (2, BumpWay::Best)] {
        let (mut bench, payment) = for_later(kind);
        let draft = bump(&mut bench, &payment, way).unwrap();
        let bumped = bench.sign(&draft).transaction;
        assert_ne!(bumped.compute_txid(), payment.compute_txid());
        for _ in 0..3 {
            assert_eq!(bench.wallet.to_announce().unwrap(), [], "{kind}");
            bench.mine_empty(1);
            meet_end(&mut bench);
        }
        assert_eq!(bench.wallet.to_announce().unwrap()[0].transaction, bumped);
    }
}

#[test]
fn what_waits_is_taken_back_at_once() {
    for kind in 0..3 {
        let (mut bench, payment) = for_later(kind);
        let draft = bump(&mut bench, &payment, BumpWay::Cancel).unwrap();
        let back = bench.sign(&draft).transaction;
        assert_eq!(bench.wallet.to_announce().unwrap()[0].transaction, back, "{kind}");
    }
}

/// No node would keep the child, and its fee would speed nothing up.
#[test]
fn what_waits_gets_no_child() {
    let (mut bench, payment) = for_later(0);
    let of_others = bench.issue(TAPROOT);
    let mut incoming = bench.payment_in(of_others, 50_000);
    incoming.lock_time = payment.lock_time;
    bench.wallet.take_seen(&incoming, 2, bench.now).unwrap();
    for (waits, way) in [(&payment, BumpWay::Child), (&incoming, BumpWay::Best)] {
        let error = bump(&mut bench, waits, way).unwrap_err();
        let early =
            CommandError::CannotBump { txid: waits.compute_txid(), why: BumpProblem::Early };
        assert_eq!(error, early);
    }
    bench.mine_empty(3);
    meet_end(&mut bench);
    bump(&mut bench, &incoming, BumpWay::Best).unwrap();
}

#[test]
fn a_psbt_that_no_block_may_hold_yet_is_told_as_such() {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(TAPROOT, 100_000);
    meet_end(&mut bench);
    let told = |bench: &Bench, psbt: &Psbt| {
        let warnings = bench.wallet.review_psbt(psbt, bench.now).unwrap().warnings;
        let early =
            |one: &PsbtWarning| matches!(one, PsbtWarning::LockTime(_) | PsbtWarning::TooYoung);
        warnings.into_iter().filter(early).collect::<Vec<_>>()
    };
    let ahead = bench.tip().height.to_u32() + 1;
    let lock_time = LockTime::from_height(ahead).unwrap();
    let mut psbt: Psbt = bench.draft(&locked_until(lock_time)).psbt.parse().unwrap();
    assert_eq!(told(&bench, &psbt), [PsbtWarning::LockTime(lock_time)]);
    psbt.unsigned_tx.lock_time = LockTime::ZERO;
    assert_eq!(told(&bench, &psbt), []);
    psbt.unsigned_tx.input[0].sequence = Sequence::from_height(2);
    assert_eq!(told(&bench, &psbt), [PsbtWarning::TooYoung]);
    bench.mine(Vec::new());
    meet_end(&mut bench);
    assert_eq!(told(&bench, &psbt), []);
}
