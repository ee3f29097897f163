//! The money of another key that comes into the wallet while the chain changes its mind.

use bitcoin::psbt::Psbt;
use bitcoin::{Amount, FeeRate, Network, OutPoint, ScriptBuf, Transaction};

use crate::command::{Birthday, CommandError, FeeChoice, PaymentState, SweepRequest, SweepSource};
use crate::config::LookAhead;
use crate::light_client::height::Height;
use crate::light_client::input::ScanStart;
use crate::signers::{Keys, Signer, SingleKey, SoftwareSigner};
use crate::sweep::Sweep;
use crate::wallet::{Growth, Handed};

use super::bench::{Bench, spend, stranger};

/// The other key.
const WIF: &str = "cMpMxK92W1DjqDvWV3pMn4xLwAuQJhNF3MFqkEHUQRPQofUJku8R";

fn key() -> SingleKey {
    SingleKey::parse(WIF, Network::Regtest).unwrap()
}

/// A search that has looked at the whole chain, as the engine would: block by block.
fn searched(bench: &Bench) -> Sweep {
    let sources = vec![SweepSource::Key(key().public())];
    let request = SweepRequest { sources, from: Birthday::Height(Height::GENESIS), gap: 5 };
    let mut sweep = Sweep::new(&request, Network::Regtest);
    for (at, _, block) in &bench.blocks {
        sweep.apply_block(at.height, block);
    }
    sweep
}

/// Pays the other key.
fn pay_key(bench: &mut Bench, sat: u64) -> Transaction {
    let script = ScriptBuf::new_p2wpkh(&key().public().wpubkey_hash().unwrap());
    let payment = bench.payment_in(script, sat);
    bench.mine(vec![payment.clone()]);
    payment
}

fn drafted(bench: &mut Bench, sweep: &Sweep) -> Result<Psbt, CommandError> {
    let rate = FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(2));
    let moment = bench.moment();
    let draft = bench.wallet.draft_sweep(sweep, rate, None, &moment)?;
    bench.wallet.commit().unwrap();
    Ok(draft.review.psbt)
}

/// Signs with the other key and announces.
fn swept(bench: &mut Bench, mut psbt: Psbt) -> Transaction {
    SoftwareSigner::with_keys(Keys::Single(key())).sign(&mut psbt).unwrap();
    let handed = bench.wallet.close_draft(&psbt, bench.now).unwrap();
    let Handed::Signed(draft, signed) = handed else { panic!("{handed:?}") };
    bench.wallet.record_signed(draft, &signed, &psbt, bench.now).unwrap();
    bench.wallet.commit().unwrap();
    *signed
}

fn state(bench: &Bench) -> PaymentState {
    bench.wallet.history().unwrap().first().expect("it was swept").state
}

#[test]
fn a_search_follows_a_reorganisation() {
    let mut bench = Bench::new(LookAhead::NEW);
    let first = pay_key(&mut bench, 50_000);
    let second = pay_key(&mut bench, 70_000);
    let third = pay_key(&mut bench, 90_000);
    let spent = OutPoint::new(first.compute_txid(), 0);
    bench.mine(vec![spend(&[spent], &[(stranger(1).script_pubkey(), 49_000)])]);
    let mut sweep = searched(&bench);
    let amounts = |sweep: &Sweep, bench: &Bench| -> Vec<u64> {
        let (coins, _) = sweep.spendable(bench.tip().height);
        coins.iter().map(|coin| coin.amount.to_sat()).collect()
    };
    assert_eq!(amounts(&sweep, &bench), [90_000, 70_000]);
    // What spent the first is gone, and so are the blocks of the two others.
    bench.reorganise(3);
    sweep.roll_back(bench.tip().height);
    assert_eq!(amounts(&sweep, &bench), [50_000]);
    // The new branch has one of them, in another block; the other it never has.
    bench.mine_empty(1);
    bench.mine(vec![third]);
    let (at, _, block) = bench.blocks.last().unwrap();
    sweep.apply_block(at.height, block);
    assert_eq!(amounts(&sweep, &bench), [90_000, 50_000]);
    let psbt = drafted(&mut bench, &sweep).unwrap();
    let gone = OutPoint::new(second.compute_txid(), 0);
    assert!(psbt.unsigned_tx.input.iter().all(|input| input.previous_output != gone));
}

#[test]
fn nothing_is_swept_of_a_branch_that_was_left() {
    let mut bench = Bench::new(LookAhead::NEW);
    pay_key(&mut bench, 50_000);
    let mut sweep = searched(&bench);
    bench.reorganise(1);
    sweep.roll_back(bench.tip().height);
    let nothing = drafted(&mut bench, &sweep).unwrap_err();
    assert_eq!(nothing, CommandError::NothingToSweep { left: Amount::ZERO });
}

/// Whether the block of the sweep is left alone or with that of the coin, the payment is announced
/// until a block has it again.
#[test]
fn a_sweep_that_a_reorganisation_drops_is_announced_again() {
    for depth in [1, 2] {
        let mut bench = Bench::new(LookAhead::NEW);
        let parent = pay_key(&mut bench, 50_000);
        let sweep = searched(&bench);
        let psbt = drafted(&mut bench, &sweep).unwrap();
        let payment = swept(&mut bench, psbt);
        let value = payment.output[0].value;
        bench.mine(vec![payment.clone()]);
        assert_eq!((state(&bench), bench.total()), (PaymentState::Confirmed(bench.tip()), value));
        assert_eq!(bench.wallet.to_announce().unwrap(), []);

        bench.reorganise(depth);
        let mut bench = bench.reopen();
        let line = bench.wallet.to_announce().unwrap();
        let announced: Vec<Transaction> = line.into_iter().map(|one| one.transaction).collect();
        assert_eq!(announced, std::slice::from_ref(&payment));
        let parts = bench.wallet.balance(bench.tip().height, bench.now).unwrap().total;
        assert_eq!((parts.pending, parts.confirmed), (value, Amount::ZERO));
        bench.mine(if depth == 2 { vec![parent, payment] } else { vec![payment] });
        assert_eq!((state(&bench), bench.total()), (PaymentState::Confirmed(bench.tip()), value));
        assert_eq!(bench.wallet.history().unwrap().len(), 1);
    }
}

/// Somebody else has the key too, or a reorganisation gave the coin to another payment of theirs:
/// the scripts of others that a sweep spends from are watched for as long as it waits, whoever
/// asks, so that the block is seen that has the other payment.
#[test]
fn a_coin_that_others_spend_first_ends_the_sweep() {
    let mut bench = Bench::new(LookAhead::NEW);
    let parent = pay_key(&mut bench, 50_000);
    let script = &parent.output[0].script_pubkey.clone();
    let watched = |bench: &mut Bench| bench.wallet.watch_list().unwrap().searched.contains(script);
    assert!(!watched(&mut bench));
    let sweep = searched(&bench);
    let psbt = drafted(&mut bench, &sweep).unwrap();
    let payment = swept(&mut bench, psbt);
    let since = Some(ScanStart::Height(Height::GENESIS));
    let grown = Growth { scripts: vec![script.clone()], since };
    assert!(bench.wallet.take_grown().unwrap().contains(&grown));
    assert_eq!(bench.wallet.take_grown().unwrap(), []);
    let mut bench = bench.reopen();
    assert!(watched(&mut bench));
    bench.mine(vec![payment]);
    let mut bench = bench.reopen();
    assert!(!watched(&mut bench), "what a block holds is not waited for");
    // Two blocks are left that hold the coin and the sweep.
    bench.reorganise(2);
    assert_eq!(bench.wallet.take_grown().unwrap(), [grown]);
    let theirs =
        spend(&[OutPoint::new(parent.compute_txid(), 0)], &[(stranger(1).script_pubkey(), 49_000)]);
    bench.mine(vec![parent, theirs]);
    assert_eq!((state(&bench), bench.total()), (PaymentState::Replaced, Amount::ZERO));
    assert_eq!(bench.wallet.to_announce().unwrap(), []);
    assert!(!bench.reopen().wallet.watch_list().unwrap().searched.contains(script));
}
