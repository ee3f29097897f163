//! Payments that wait too long: replaced, taken back, or paid for by a child.

use std::collections::BTreeSet;

use bitcoin::bip32::{DerivationPath, Xpriv, Xpub};
use bitcoin::psbt::Psbt;
use bitcoin::{Amount, FeeRate, Network, NetworkKind, OutPoint, Txid};

use crate::command::{
    BumpProblem, BumpRequest, BumpWay, CommandError, Draft, FeeBasis, FeeChoice, Hold, PayAmount,
    PayRequest, Payment, PaymentState, Purpose, Warning,
};
use crate::config::LookAhead;
use crate::keychain::{AccountDescriptor, AccountId, SECP};
use crate::light_client::fees::{Confidence, FeeEstimate, FeeReport};
use crate::limits::{DRAFT_LIFETIME, UNCONFIRMED_LIFETIME};
use crate::signers::{Signer, SoftwareSigner};
use crate::wallet::{Handed, SearchScope, fee};

use super::bench::{Bench, SEGWIT, TAPROOT, exactly, pay, seed, stranger};

fn bench() -> Bench {
    Bench::new(LookAhead::NEW)
}

fn rate(sat_per_vb: u32) -> FeeChoice {
    FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(sat_per_vb))
}

fn request(txid: Txid, way: BumpWay, fee: FeeChoice) -> BumpRequest {
    BumpRequest { txid, way, fee, most_fee: None, hold: Hold::Briefly, dry_run: false }
}

fn try_bump(bench: &mut Bench, request: &BumpRequest) -> Result<Draft, CommandError> {
    let moment = bench.moment();
    let draft = bench.wallet.bump(request, &moment)?;
    bench.wallet.commit().unwrap();
    Ok(draft)
}

fn bump(bench: &mut Bench, txid: Txid, way: BumpWay, fee: FeeChoice) -> Draft {
    try_bump(bench, &request(txid, way, fee)).unwrap()
}

fn refused(bench: &mut Bench, txid: Txid, way: BumpWay, fee: FeeChoice) -> CommandError {
    try_bump(bench, &request(txid, way, fee)).unwrap_err()
}

fn why(error: CommandError) -> BumpProblem {
    match error {
        CommandError::CannotBump { why, .. } => why,
        other => panic!("{other}"),
    }
}

/// Pays a stranger at 2 sat/vB.
fn paid(bench: &mut Bench, number: u8, sat: u64) -> Payment {
    let draft = bench.draft(&pay(&stranger(number), exactly(sat)));
    bench.sign(&draft)
}

fn txid(payment: &Payment) -> Txid {
    payment.transaction.compute_txid()
}

fn state(bench: &Bench, txid: Txid) -> PaymentState {
    let history = bench.wallet.history().unwrap();
    history.into_iter().find(|row| row.txid == txid).expect("in the history").state
}

fn announced(bench: &Bench) -> Vec<Txid> {
    let line = bench.wallet.unconfirmed_line().unwrap();
    line.iter().map(bitcoin::Transaction::compute_txid).collect()
}

#[test]
fn a_replacement_pays_the_same_people_more_quickly() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let first = paid(&mut bench, 1, 30_000);
    let draft = bump(&mut bench, txid(&first), BumpWay::Best, rate(9));
    let Purpose::Replacement(replacement) = &draft.purpose else { panic!("{:?}", draft.purpose) };
    assert_eq!((replacement.of, replacement.fee_before), (txid(&first), first.fee));
    assert_eq!(draft.outputs, first.outputs);
    let (change, before) = (draft.change.clone().unwrap(), first.change.clone().unwrap());
    assert_eq!(change.address, before.address);
    assert_eq!(change.amount + draft.fee, before.amount + first.fee);
    assert!(draft.fee_rate >= FeeRate::from_sat_per_vb_u32(9));
    assert!(draft.warnings.is_empty(), "{:?}", draft.warnings);

    let second = bench.sign(&draft);
    let mut bench = bench.reopen();
    assert_eq!(state(&bench, txid(&first)), PaymentState::Replaced);
    assert_eq!(state(&bench, txid(&second)), PaymentState::Signed);
    assert_eq!(announced(&bench), [txid(&second)]);
    assert_eq!(bench.total(), change.amount);
    let history = bench.wallet.history().unwrap();
    let row = |txid| history.iter().find(|row| row.txid == txid).unwrap();
    assert_eq!(row(txid(&first)).replaced_by, Some(txid(&second)));
    assert_eq!(row(txid(&second)).replaces, Some(txid(&first)));
    bench.mine(vec![second.transaction.clone()]);
    assert_eq!(bench.total(), change.amount);
}

#[test]
fn a_bump_can_be_bumped_and_what_was_replaced_can_not() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let first = paid(&mut bench, 1, 30_000);
    let draft = bump(&mut bench, txid(&first), BumpWay::Best, rate(5));
    let second = bench.sign(&draft);
    let problem = why(refused(&mut bench, txid(&first), BumpWay::Best, rate(20)));
    assert_eq!(problem, BumpProblem::Replaced { by: txid(&second) });
    let draft = bump(&mut bench, txid(&second), BumpWay::Best, rate(10));
    let third = bench.sign(&draft);
    assert_eq!(third.outputs, first.outputs);
    assert_eq!(announced(&bench), [txid(&third)]);
    // A miner may still take the first.
    bench.mine(vec![first.transaction.clone()]);
    assert_eq!(state(&bench, txid(&third)), PaymentState::Replaced);
    assert_eq!(bench.total(), Amount::from_sat(70_000) - first.fee);
    assert_eq!(announced(&bench), []);
    assert_eq!(
        why(refused(&mut bench, txid(&first), BumpWay::Best, rate(20))),
        BumpProblem::Confirmed
    );
}

/// A peer that is behind tells of the replaced payment again: the replacement stays.
#[test]
fn what_was_replaced_does_not_come_back_by_hearsay() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let first = paid(&mut bench, 1, 30_000);
    let child = paid(&mut bench, 2, 10_000);
    for told in [&first, &child] {
        bench.wallet.take_seen(&told.transaction, 3, bench.now).unwrap();
    }
    let draft = bump(&mut bench, txid(&first), BumpWay::Replace, rate(20));
    let second = bench.sign(&draft);
    for _ in 0..2 {
        for told in [&first, &child] {
            bench.now = bench.now.after(std::time::Duration::from_secs(60));
            bench.wallet.take_seen(&told.transaction, 8, bench.now).unwrap();
        }
    }
    bench.wallet.commit().unwrap();
    assert_eq!(announced(&bench), [txid(&second)]);
    assert_eq!(state(&bench, txid(&child)), PaymentState::Replaced);
}

#[test]
fn a_fee_with_which_nodes_keep_what_they_have_is_refused() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let first = paid(&mut bench, 1, 30_000);
    let error = refused(&mut bench, txid(&first), BumpWay::Best, rate(2));
    let CommandError::FeeTooLow { least, .. } = error else { panic!("{error}") };
    let vsize = first.transaction.vsize() as u64;
    assert!(least.to_sat() >= first.fee.to_sat() + vsize, "{least}");
    let too_low = FeeChoice::Total(least - Amount::ONE_SAT);
    let error = refused(&mut bench, txid(&first), BumpWay::Best, too_low);
    assert_eq!(error, CommandError::FeeTooLow { fee: least - Amount::ONE_SAT, least });
    let draft = bump(&mut bench, txid(&first), BumpWay::Best, FeeChoice::Total(least));
    assert_eq!(draft.fee, least);
    bench.wallet.drop_draft(draft.id).unwrap();
    let draft = bump(&mut bench, txid(&first), BumpWay::Best, FeeChoice::Default);
    assert_eq!((draft.fee, draft.fee_basis), (least, FeeBasis::LeastToReplace));
    bench.wallet.drop_draft(draft.id).unwrap();
    bench.fees = known_fees(2, 1);
    let target = FeeChoice::Target(6);
    assert_eq!(
        why(refused(&mut bench, txid(&first), BumpWay::Best, target)),
        BumpProblem::FastEnough
    );
    bench.fees = known_fees(2, 30);
    let draft = bump(&mut bench, txid(&first), BumpWay::Best, target);
    assert!(draft.fee_rate >= FeeRate::from_sat_per_vb_u32(30));
}

#[test]
fn what_can_not_be_bumped_is_refused_with_the_reason() {
    let mut bench = bench();
    let coin = bench.fund(TAPROOT, 100_000);
    let nowhere = bench.fake_outpoint().txid;
    let error = refused(&mut bench, nowhere, BumpWay::Best, rate(9));
    assert_eq!(error, CommandError::NoSuchTransaction(nowhere));
    assert_eq!(why(refused(&mut bench, coin.txid, BumpWay::Best, rate(9))), BumpProblem::Confirmed);
    let spk = bench.issue(TAPROOT);
    let incoming = bench.payment_in(spk, 50_000);
    let arrived = incoming.compute_txid();
    bench.wallet.take_seen(&incoming, 2, bench.now).unwrap();
    for way in [BumpWay::Replace, BumpWay::Cancel] {
        assert_eq!(why(refused(&mut bench, arrived, way, rate(9))), BumpProblem::NotOurs);
    }
    bench.wallet.set_frozen(&[OutPoint::new(arrived, 0)], true).unwrap();
    let problem = why(refused(&mut bench, arrived, BumpWay::Best, rate(9)));
    assert_eq!(problem, BumpProblem::NothingToSpend);
    let everything = bench.draft(&pay(&stranger(1), PayAmount::Max));
    let everything = bench.sign(&everything);
    let problem = why(refused(&mut bench, txid(&everything), BumpWay::Child, rate(9)));
    assert_eq!(problem, BumpProblem::NothingToSpend);
}

#[test]
fn a_replacement_takes_more_coins_when_the_change_is_not_enough() {
    let mut bench = bench();
    bench.fund(TAPROOT, 40_000);
    let first = paid(&mut bench, 1, 38_000);
    let error = refused(&mut bench, txid(&first), BumpWay::Best, rate(50));
    assert_eq!(error.name(), "insufficient_funds");
    bench.fund(SEGWIT, 500_000);
    let [small, _, _] = [20_000, 400_000, 900].map(|sat| bench.fund(TAPROOT, sat));
    let draft = bump(&mut bench, txid(&first), BumpWay::Best, rate(50));
    let added: Vec<OutPoint> = draft.inputs.iter().map(|coin| coin.outpoint).collect();
    assert_eq!(added.len(), 2);
    assert!(added.contains(&small), "the smallest that is enough, of the same account");
    assert_eq!(draft.outputs, first.outputs);
    bench.sign(&draft);
    assert_eq!(state(&bench, txid(&first)), PaymentState::Replaced);
}

#[test]
fn whoever_was_to_get_everything_gets_everything_less_the_new_fee() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let draft = bench.draft(&pay(&stranger(1), PayAmount::Max));
    let first = bench.sign(&draft);
    bench.fund(TAPROOT, 70_000);
    let draft = bump(&mut bench, txid(&first), BumpWay::Best, rate(45));
    assert_eq!(draft.outputs[0].1 + draft.fee, Amount::from_sat(100_000));
    let less = first.outputs[0].1 - draft.outputs[0].1;
    assert_eq!(draft.warnings, [Warning::PaysLess(less)]);
    let second = bench.sign(&draft);
    assert_eq!(bench.total(), Amount::from_sat(70_000));
    // The last satoshi can't be taken from the recipient for ever.
    let error = refused(&mut bench, txid(&second), BumpWay::Best, rate(900));
    assert_eq!(error.name(), "fee_too_high");
    let error = refused(&mut bench, txid(&second), BumpWay::Best, rate(2_000));
    assert_eq!(error.name(), "insufficient_funds");
}

/// Somebody else's payment stands on the change: to replace the first would unpay the second.
#[test]
fn payments_that_stand_on_a_payment_do_not_fall_unasked() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let first = paid(&mut bench, 1, 30_000);
    let second = paid(&mut bench, 2, 20_000);
    let draft = bump(&mut bench, txid(&first), BumpWay::Best, rate(9));
    let Purpose::Child(package) = &draft.purpose else { panic!("{:?}", draft.purpose) };
    assert_eq!((package.of, package.transactions), (txid(&first), 3));
    assert!(package.fee_is_whole && package.fee_rate >= FeeRate::from_sat_per_vb_u32(9));
    assert_eq!(package.fee, first.fee + second.fee + draft.fee);
    assert_eq!(draft.outputs, []);
    bench.wallet.drop_draft(draft.id).unwrap();

    let draft = bump(&mut bench, txid(&first), BumpWay::Replace, FeeChoice::Default);
    assert_eq!(draft.warnings, [Warning::Evicts(vec![txid(&second)])]);
    assert!(draft.fee > first.fee + second.fee, "it pays for both evictions");
    let third = bench.sign(&draft);
    assert_eq!(state(&bench, txid(&second)), PaymentState::Replaced);
    assert_eq!(announced(&bench), [txid(&third)]);

    // Where nothing is left to pay for a child, that is said.
    let all = bench.draft(&pay(&stranger(3), PayAmount::Max));
    let all = bench.sign(&all);
    let problem = why(refused(&mut bench, txid(&third), BumpWay::Best, rate(50)));
    assert_eq!(problem, BumpProblem::HasDescendants(vec![txid(&all)]));
}

#[test]
fn a_cancelled_payment_comes_back_unless_it_was_faster() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let first = paid(&mut bench, 1, 30_000);
    let draft = bump(&mut bench, txid(&first), BumpWay::Cancel, rate(9));
    assert!(matches!(draft.purpose, Purpose::Cancellation(_)));
    assert_eq!((draft.outputs.as_slice(), draft.inputs.len()), ([].as_slice(), 1));
    assert_eq!(draft.warnings, [Warning::MayStillConfirm(txid(&first))]);
    let change = draft.change.clone().unwrap();
    assert_eq!(change.amount + draft.fee, Amount::from_sat(100_000));
    assert_eq!(change.address, first.change.clone().unwrap().address);
    let cancelled = bench.sign(&draft);
    assert_eq!(bench.total(), change.amount);
    bench.mine(vec![cancelled.transaction.clone()]);
    assert_eq!(bench.total(), change.amount);
    assert_eq!(state(&bench, txid(&first)), PaymentState::Replaced);
    bench.reorganise(1);
    bench.mine(vec![first.transaction.clone()]);
    assert_eq!(bench.total(), Amount::from_sat(70_000) - first.fee);
}

#[test]
fn a_child_pays_for_what_came_in() {
    let mut bench = bench();
    let spk = bench.issue(TAPROOT);
    let incoming = bench.payment_in(spk, 50_000);
    let arrived = incoming.compute_txid();
    bench.wallet.take_seen(&incoming, 2, bench.now).unwrap();
    let draft = bump(&mut bench, arrived, BumpWay::Best, rate(10));
    let Purpose::Child(package) = &draft.purpose else { panic!("{:?}", draft.purpose) };
    assert!(!package.fee_is_whole, "a stranger's fee is not known");
    assert_eq!((package.transactions, package.fee), (2, draft.fee));
    assert!(package.fee_rate >= FeeRate::from_sat_per_vb_u32(10));
    let together = incoming.weight() + bench.signed(&draft).weight();
    assert!(draft.fee >= fee::fee(FeeRate::from_sat_per_vb_u32(10), together));
    let child = bench.sign(&draft);
    assert_eq!(announced(&bench), [arrived, txid(&child)]);
    assert_eq!(bench.total(), Amount::from_sat(50_000) - child.fee);
    // The child is a payment of ours, and can be bumped itself.
    let draft = bump(&mut bench, txid(&child), BumpWay::Best, rate(40));
    assert!(matches!(draft.purpose, Purpose::Replacement(_)));
    bench.sign(&draft);
}

/// One peer that relays nothing below 2,000 sat/vB would otherwise keep every child back.
#[test]
fn a_floor_that_does_not_count_holds_no_child_back() {
    let mut bench = bench();
    let spk = bench.issue(TAPROOT);
    let incoming = bench.payment_in(spk, 50_000);
    bench.wallet.take_seen(&incoming, 2, bench.now).unwrap();
    bench.fees.floor = Some(FeeRate::from_sat_per_vb_u32(2_000));
    let draft = bump(&mut bench, incoming.compute_txid(), BumpWay::Child, rate(10));
    assert!(matches!(draft.purpose, Purpose::Child(_)));
}

/// A child or a cancellation has nothing but its change: a fee that leaves none of it leaves no
/// transaction.
#[test]
fn a_bump_that_would_burn_all_that_is_left_takes_more_coins_or_is_refused() {
    let mut bench = bench();
    bench.fund(TAPROOT, 3_000);
    let first = paid(&mut bench, 1, 1_500);
    let draft = bump(&mut bench, txid(&first), BumpWay::Cancel, rate(5));
    let cancelled = bench.sign(&draft);
    let error = refused(&mut bench, txid(&cancelled), BumpWay::Best, rate(26));
    let CommandError::InsufficientFunds { needed, available } = error else { panic!("{error}") };
    assert_eq!(available, Amount::from_sat(3_000));
    assert!(needed > available, "{needed}");
    bench.fund(TAPROOT, 50_000);
    let draft = bump(&mut bench, txid(&cancelled), BumpWay::Best, rate(26));
    assert_eq!((draft.inputs.len(), draft.outputs.len()), (2, 0));
    assert!(draft.change.is_some());
    bench.sign(&draft);
}

/// Whoever paid us can replace that, and then what we paid with it comes to nothing.
#[test]
fn a_payment_does_not_stand_on_what_a_stranger_can_take_back() {
    let mut bench = bench();
    let spk = bench.issue(TAPROOT);
    let incoming = bench.payment_in(spk, 50_000);
    bench.wallet.take_seen(&incoming, 2, bench.now).unwrap();
    let draft = bump(&mut bench, incoming.compute_txid(), BumpWay::Best, rate(10));
    let child = bench.sign(&draft);
    let error = bench.try_draft(&pay(&stranger(1), exactly(10_000))).unwrap_err();
    assert_eq!(error.name(), "insufficient_funds");
    // Named, it can be spent, and so can what stands on nothing but own payments.
    let vout = child.transaction.output.iter().position(|output| output.value > Amount::ZERO);
    let named = OutPoint::new(txid(&child), u32::try_from(vout.unwrap()).unwrap());
    let request = PayRequest { coins: vec![named], ..pay(&stranger(1), exactly(10_000)) };
    let draft = bench.draft(&request);
    bench.wallet.drop_draft(draft.id).unwrap();
    bench.mine(vec![incoming]);
    paid(&mut bench, 1, 10_000);
    paid(&mut bench, 2, 10_000);
}

/// A bump is reviewed and signed later: what is paid meanwhile does not stand on what it replaces.
#[test]
fn a_payment_does_not_stand_on_what_an_open_bump_is_about_to_replace() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let first = paid(&mut bench, 1, 30_000);
    let draft = bump(&mut bench, txid(&first), BumpWay::Best, rate(9));
    let error = bench.try_draft(&pay(&stranger(2), exactly(20_000))).unwrap_err();
    assert_eq!((error.name(), bench.spendable()), ("insufficient_funds", Amount::ZERO));
    let change = first.transaction.output.iter().position(|out| out.value.to_sat() != 30_000);
    let named = OutPoint::new(txid(&first), u32::try_from(change.unwrap()).unwrap());
    let request = PayRequest { coins: vec![named], ..pay(&stranger(2), exactly(20_000)) };
    assert_eq!(bench.try_draft(&request).unwrap_err(), CommandError::CoinReserved(named));
    // One that is given out gives way to no other bump.
    bench.wallet.hold_draft(draft.id).unwrap();
    let problem = why(refused(&mut bench, txid(&first), BumpWay::Child, rate(20)));
    assert_eq!(problem, BumpProblem::NothingToSpend);
    bench.wallet.drop_draft(draft.id).unwrap();
    paid(&mut bench, 2, 20_000);
}

/// Another copy of the wallet spends the change meanwhile: nobody agreed to undo that.
#[test]
fn a_bump_that_would_undo_more_than_was_reviewed_is_not_signed() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let first = paid(&mut bench, 1, 30_000);
    let second = paid(&mut bench, 2, 20_000);
    let elsewhere = bench.draft(&pay(&stranger(3), exactly(15_000)));
    let third = bench.signed(&elsewhere);
    bench.wallet.drop_draft(elsewhere.id).unwrap();
    let draft = bump(&mut bench, txid(&first), BumpWay::Replace, FeeChoice::Default);
    assert_eq!(draft.warnings, [Warning::Evicts(vec![txid(&second)])]);
    bench.wallet.psbt_of(draft.id, bench.now).unwrap();
    bench.wallet.take_seen(&third, 3, bench.now).unwrap();
    bench.wallet.commit().unwrap();
    let mut bench = bench.reopen();
    let problem = why(bench.wallet.psbt_of(draft.id, bench.now).unwrap_err());
    assert_eq!(problem, BumpProblem::HasDescendants(vec![third.compute_txid()]));
    bench.wallet.drop_draft(draft.id).unwrap();
    let draft = bump(&mut bench, txid(&first), BumpWay::Replace, FeeChoice::Default);
    bench.sign(&draft);
}

/// A bump went to a signer elsewhere and comes back when it is long out of date. Meanwhile another
/// copy of the wallet has spent the change, and its payment is forgotten by all.
#[test]
fn a_late_bump_is_sent_only_while_it_undoes_no_more_than_was_reviewed() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let first = paid(&mut bench, 1, 30_000);
    let elsewhere = bench.draft(&pay(&stranger(3), exactly(15_000)));
    let second = bench.signed(&elsewhere);
    bench.wallet.drop_draft(elsewhere.id).unwrap();
    let draft = bump(&mut bench, txid(&first), BumpWay::Replace, rate(9));
    let mut psbt: Psbt = draft.psbt.parse().unwrap();
    SoftwareSigner::new(seed(), Network::Regtest).sign(&mut psbt).unwrap();
    bench.now = bench.now.after(2 * DRAFT_LIFETIME);
    bench.wallet.take_seen(&second, 3, bench.now).unwrap();
    bench.wallet.commit().unwrap();
    let problem = why(bench.wallet.close_draft(&psbt, bench.now).unwrap_err());
    assert_eq!(problem, BumpProblem::HasDescendants(vec![second.compute_txid()]));
    bench.wallet.abort().unwrap();

    bench.now = bench.now.after(2 * UNCONFIRMED_LIFETIME);
    bench.wallet.expire_seen(bench.now).unwrap();
    bench.wallet.commit().unwrap();
    let mut bench = bench.reopen();
    let handed = bench.wallet.close_draft(&psbt, bench.now).unwrap();
    let Handed::Signed(id, signed) = handed else { panic!("{handed:?}") };
    assert_eq!(id, draft.id);
    bench.wallet.record_signed(id, &signed, &psbt, bench.now).unwrap();
    bench.wallet.commit().unwrap();
    assert_eq!(announced(&bench), [signed.compute_txid()]);
    assert_eq!(state(&bench, txid(&first)), PaymentState::Replaced);
}

/// An account of a wallet whose key is the first of the script's two.
fn with_script(bench: Bench, text: impl Fn(&str, &str) -> String) -> (Bench, AccountId) {
    let path: DerivationPath = "48'/1'/0'/2'".parse().unwrap();
    let key = |master: Xpriv| {
        let private = master.derive_priv(&SECP, &path).unwrap();
        let (fingerprint, xpub) = (master.fingerprint(&SECP), Xpub::from_priv(&SECP, &private));
        format!("[{fingerprint}/{path}]{xpub}/<0;1>/*")
    };
    let masters = [1, 2].map(|number| Xpriv::new_master(NetworkKind::Test, &[number; 32]).unwrap());
    let [one, two] = masters.map(key);
    let descriptor = AccountDescriptor::parse(&text(&one, &two), Network::Regtest).unwrap();
    let mut bench = bench;
    let id = bench
        .wallet
        .add_account("joint".parse().unwrap(), descriptor, SearchScope::default())
        .unwrap();
    let tip = bench.tip();
    bench.wallet.end_search(tip, bench.now).unwrap();
    bench.wallet.commit().unwrap();
    (bench.reopen(), id)
}

/// What can't be spent yet can't pay for a child: nobody would relay it.
#[test]
fn a_child_does_not_spend_what_has_to_wait() {
    let waits =
        |one: &str, two: &str| format!("wsh(and_v(v:pk({one}),and_v(v:pk({two}),older(10))))");
    let (mut bench, id) = with_script(bench(), waits);
    let spk = bench.issue(id);
    let incoming = bench.payment_in(spk, 50_000);
    bench.wallet.take_seen(&incoming, 2, bench.now).unwrap();
    let arrived = incoming.compute_txid();
    assert_eq!(bench.total(), Amount::from_sat(50_000));
    let problem = why(refused(&mut bench, arrived, BumpWay::Best, rate(10)));
    assert_eq!(problem, BumpProblem::NothingToSpend);
}

/// What several people hold together is spent on purpose only.
#[test]
fn a_replacement_does_not_reach_into_an_account_that_pays_on_purpose_only() {
    let both = |one: &str, two: &str| format!("wsh(sortedmulti(2,{one},{two}))");
    let (mut bench, id) = with_script(bench(), both);
    bench.fund(TAPROOT, 40_000);
    bench.fund(id, 500_000);
    assert_eq!(bench.total(), Amount::from_sat(540_000));
    let first = paid(&mut bench, 1, 38_000);
    let error = refused(&mut bench, txid(&first), BumpWay::Best, rate(50));
    assert_eq!(error.name(), "insufficient_funds");
    bench.fund(TAPROOT, 50_000);
    bump(&mut bench, txid(&first), BumpWay::Best, rate(50));
}

#[test]
fn a_child_of_an_own_payment_counts_what_that_pays() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let first = paid(&mut bench, 1, 30_000);
    let draft = bump(&mut bench, txid(&first), BumpWay::Child, rate(8));
    let Purpose::Child(package) = &draft.purpose else { panic!("{:?}", draft.purpose) };
    assert_eq!(package.fee, first.fee + draft.fee);
    assert!(package.fee_is_whole);
    let (low, high) = (FeeRate::from_sat_per_vb_u32(8), FeeRate::from_sat_per_kwu(2_020));
    assert!((low..=high).contains(&package.fee_rate), "{}", package.fee_rate);
    bench.wallet.drop_draft(draft.id).unwrap();
    let problem = why(refused(&mut bench, txid(&first), BumpWay::Child, rate(1)));
    assert_eq!(problem, BumpProblem::FastEnough);
}

#[test]
fn a_bump_holds_its_coins_like_any_draft_and_ends_when_it_is_too_late() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let first = paid(&mut bench, 1, 30_000);
    let draft = bump(&mut bench, txid(&first), BumpWay::Best, rate(9));
    let error = bench.try_draft(&pay(&stranger(2), exactly(20_000))).unwrap_err();
    assert_eq!(error.name(), "insufficient_funds");
    let mut bench = bench.reopen();
    let moment = bench.moment();
    assert_eq!(bench.wallet.drafts(&moment).unwrap(), std::slice::from_ref(&draft));
    bench.mine(vec![first.transaction.clone()]);
    let gone = Err(CommandError::NoSuchDraft(draft.id.0));
    assert_eq!(bench.wallet.psbt_of(draft.id, bench.now).map(drop), gone);
}

/// Nobody waits ten minutes to bump because a program was killed at its question.
#[test]
fn a_bump_takes_the_place_of_one_that_nobody_signed() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let first = paid(&mut bench, 1, 30_000);
    for way in [BumpWay::Replace, BumpWay::Cancel, BumpWay::Child, BumpWay::Best] {
        let left = bump(&mut bench, txid(&first), BumpWay::Best, rate(9));
        bench = bench.reopen();
        let draft = bump(&mut bench, txid(&first), way, rate(10));
        let moment = bench.moment();
        assert_eq!(bench.wallet.drafts(&moment).unwrap(), [draft], "{way:?}");
        let gone = Err(CommandError::NoSuchDraft(left.id.0));
        assert_eq!(bench.wallet.psbt_of(left.id, bench.now).map(drop), gone, "{way:?}");
    }
    // What somebody may be signing elsewhere holds its coins.
    let moment = bench.moment();
    let given_out = bench.wallet.drafts(&moment).unwrap().remove(0);
    bench.wallet.hold_draft(given_out.id).unwrap();
    let error = refused(&mut bench, txid(&first), BumpWay::Best, rate(11));
    assert_eq!(error.name(), "coin_reserved");
    bench.sign(&given_out);
    assert_eq!(state(&bench, txid(&first)), PaymentState::Replaced);
}

#[test]
fn a_look_at_a_bump_leaves_nothing_behind() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let first = paid(&mut bench, 1, 30_000);
    for way in [BumpWay::Replace, BumpWay::Cancel, BumpWay::Child] {
        let moment = bench.moment();
        let request = BumpRequest { dry_run: true, ..request(txid(&first), way, rate(9)) };
        bench.wallet.bump(&request, &moment).unwrap();
        assert!(!bench.wallet.is_staged());
    }
}

#[test]
fn a_look_at_a_bump_tells_what_it_would_do_with_one_that_nobody_signed() {
    let total = FeeChoice::Total(Amount::from_sat(75_000));
    let cases = [
        (BumpWay::Replace, total),
        (BumpWay::Replace, rate(9)),
        (BumpWay::Cancel, rate(9)),
        (BumpWay::Child, rate(9)),
    ];
    for (way, fee) in cases {
        let mut bench = bench();
        bench.fund(TAPROOT, 100_000);
        let first = paid(&mut bench, 1, 30_000);
        bench.fund(TAPROOT, 40_000);
        let most_fee = Some(Amount::MAX);
        // It holds the other coin too.
        let left = BumpRequest { most_fee, ..request(txid(&first), BumpWay::Replace, total) };
        let left = try_bump(&mut bench, &left).unwrap();
        assert_eq!(left.inputs.len(), 2);

        let wanted = BumpRequest { most_fee, ..request(txid(&first), way, fee) };
        let look = BumpRequest { dry_run: true, ..wanted.clone() };
        let moment = bench.moment();
        let seen = bench.wallet.bump(&look, &moment).unwrap();
        assert!(!bench.wallet.is_staged());
        assert_eq!(bench.wallet.drafts(&moment).unwrap(), [left], "{way:?}");
        let made = try_bump(&mut bench, &wanted).unwrap();
        let spent =
            |draft: &Draft| draft.inputs.iter().map(|coin| coin.outpoint).collect::<BTreeSet<_>>();
        assert_eq!((made.fee, spent(&made)), (seen.fee, spent(&seen)), "{way:?}");

        // What is given out gives way to none.
        bench.wallet.hold_draft(made.id).unwrap();
        bench.wallet.commit().unwrap();
        if way != BumpWay::Child {
            let refused = try_bump(&mut bench, &look).unwrap_err();
            assert_eq!(refused.name(), "coin_reserved", "{way:?}");
        }
    }
}

/// Estimates of medium confidence for one block and for six.
pub(super) fn known_fees(one: u32, six: u32) -> FeeReport {
    let estimate = |target, rate| FeeEstimate {
        target,
        rate: Some(FeeRate::from_sat_per_vb_u32(rate)),
        confidence: Confidence::Medium,
    };
    FeeReport { estimates: vec![estimate(1, one), estimate(6, six)], ..FeeReport::NOTHING }
}
