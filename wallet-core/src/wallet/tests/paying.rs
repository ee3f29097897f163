//! Drafts: what they spend, what they cost, what they hold, and what they refuse.

use bitcoin::{Amount, FeeRate, OutPoint, Sequence};

use crate::command::{
    CommandError, Draft, FeeChoice, PayAmount, PaymentState, Recipient, RecipientsProblem,
    SigningProblem, Warning,
};
use crate::config::LookAhead;
use crate::keychain::Branch;
use crate::light_client::fees::FeeReport;
use crate::light_client::time::WallTime;
use crate::limits::DRAFT_LIFETIME;
use crate::wallet::Drafted;

use super::bench::{Bench, LEGACY, NESTED, SEGWIT, TAPROOT, exactly, pay, spend, stranger};

fn bench() -> Bench {
    Bench::new(LookAhead::NEW)
}

#[test]
fn the_signed_fee_rate_is_what_was_asked_for_every_script_type() {
    for account in [TAPROOT, SEGWIT, NESTED, LEGACY] {
        for kwu in [25, 250, 1_000, 12_345] {
            let mut bench = bench();
            for sat in [60_000, 70_000, 80_000] {
                bench.fund(account, sat);
            }
            let mut request = pay(&stranger(1), exactly(150_000));
            request.fee = FeeChoice::Rate(FeeRate::from_sat_per_kwu(kwu));
            let draft = bench.draft(&request);
            assert_eq!(draft.inputs.len(), 3);
            let payment = bench.sign(&draft);
            let signed = &payment.transaction;
            let vsize = signed.vsize() as u64;
            let asked = (kwu * 4 * vsize).div_ceil(1000);
            let fee = payment.fee.to_sat();
            assert!(fee >= asked, "{account:?}: {fee} for {asked}");
            // Signatures may come out a byte or two shorter than the longest.
            let slack = (kwu * 4 * 3 * 2).div_ceil(1000) + 1;
            assert!(fee <= asked + slack, "{account:?}: {fee} for {asked}");
            let change = payment.change.unwrap();
            assert_eq!(change.keychain.account, account);
            assert_eq!(change.keychain.branch, Branch::Change);
        }
    }
}

#[test]
fn types_are_mixed_only_when_one_is_not_enough_and_never_in_silence() {
    let mut bench = bench();
    bench.fund(TAPROOT, 50_000);
    bench.fund(SEGWIT, 90_000);
    let draft = bench.draft(&pay(&stranger(1), exactly(30_000)));
    assert!(draft.inputs.iter().all(|coin| coin.keychain.account == TAPROOT));
    bench.wallet.drop_draft(draft.id).unwrap();
    let draft = bench.draft(&pay(&stranger(2), exactly(70_000)));
    assert!(draft.inputs.iter().all(|coin| coin.keychain.account == SEGWIT));
    assert_eq!(beside_first(&draft), []);
    bench.wallet.drop_draft(draft.id).unwrap();
    let draft = bench.draft(&pay(&stranger(3), exactly(120_000)));
    let names = ["segwit", "taproot"].map(|name| name.parse().unwrap());
    let mixed = Warning::MixesAccounts(names.to_vec());
    assert_eq!(beside_first(&draft), [mixed]);
    let payment = bench.sign(&draft);
    assert_eq!(payment.change.unwrap().keychain.account, TAPROOT);
    let mut request = pay(&stranger(4), exactly(1_000));
    request.account = Some("segwit".parse().unwrap());
    let lacking = bench.try_draft(&request).unwrap_err();
    assert_eq!(lacking.name(), "insufficient_funds");
}

#[test]
fn max_takes_everything_and_leaves_nothing() {
    let mut bench = bench();
    bench.fund(TAPROOT, 50_000);
    bench.fund(SEGWIT, 90_000);
    bench.fund(SEGWIT, 40); // Costs more to spend than it holds.
    let draft = bench.draft(&pay(&stranger(1), PayAmount::Max));
    assert_eq!(draft.outputs[0].1 + draft.fee, Amount::from_sat(140_000));
    assert_eq!(draft.change, None);
    bench.sign(&draft);
    assert_eq!(bench.total(), Amount::from_sat(40));
}

#[test]
fn named_coins_are_spent_exactly() {
    let mut bench = bench();
    let [first, second, _] = [10_000, 20_000, 90_000].map(|sat| bench.fund(TAPROOT, sat));
    let mut request = pay(&stranger(1), exactly(25_000));
    request.coins = vec![first, second, first];
    let draft = bench.draft(&request);
    let mut spent: Vec<OutPoint> = draft.inputs.iter().map(|coin| coin.outpoint).collect();
    spent.sort();
    let mut named = vec![first, second];
    named.sort();
    assert_eq!(spent, named);
    assert_eq!(bench.try_draft(&request), Err(CommandError::CoinReserved(first)));
    let nowhere = bench.fake_outpoint();
    request.coins = vec![nowhere];
    assert_eq!(bench.try_draft(&request), Err(CommandError::NoSuchCoin(nowhere)));
}

#[test]
fn frozen_coins_are_never_spent() {
    let mut bench = bench();
    let coin = bench.fund(TAPROOT, 100_000);
    bench.wallet.set_frozen(&[coin], true).unwrap();
    let balance = bench.wallet.balance(bench.tip().height, bench.now).unwrap().total;
    assert_eq!(balance.frozen, Amount::from_sat(100_000));
    for amount in [exactly(10_000), PayAmount::Max] {
        let error = bench.try_draft(&pay(&stranger(1), amount)).unwrap_err();
        assert_eq!(error.name(), "insufficient_funds");
    }
    let mut request = pay(&stranger(1), exactly(10_000));
    request.coins = vec![coin];
    assert_eq!(bench.try_draft(&request), Err(CommandError::CoinFrozen(coin)));
    bench.wallet.set_frozen(&[coin], false).unwrap();
    bench.draft(&request);
}

#[test]
fn coinbases_wait_a_hundred_blocks() {
    let mut bench = bench();
    let spk = bench.issue(TAPROOT);
    let coinbase = bench.coinbase(spk, 5_000_000);
    let coin = OutPoint::new(coinbase.compute_txid(), 0);
    bench.mine(vec![coinbase]);
    bench.mine_empty(98);
    let immature = bench.wallet.balance(bench.tip().height, bench.now).unwrap().total;
    assert_eq!((immature.immature.to_sat(), immature.confirmed.to_sat()), (5_000_000, 0));
    let mut request = pay(&stranger(1), exactly(10_000));
    request.coins = vec![coin];
    assert_eq!(bench.try_draft(&request), Err(CommandError::CoinImmature(coin)));
    bench.mine_empty(1);
    let mature = bench.wallet.balance(bench.tip().height, bench.now).unwrap().total;
    assert_eq!((mature.immature.to_sat(), mature.confirmed.to_sat()), (0, 5_000_000));
    bench.draft(&request);
}

#[test]
fn only_own_unconfirmed_change_is_chosen() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let draft = bench.draft(&pay(&stranger(1), exactly(10_000)));
    bench.sign(&draft);
    let draft = bench.draft(&pay(&stranger(2), exactly(10_000)));
    assert_eq!(beside_first(&draft), [Warning::SpendsUnconfirmed]);
    bench.wallet.drop_draft(draft.id).unwrap();

    let mut other = Bench::new(LookAhead::NEW);
    other.fund(TAPROOT, 100_000);
    other.reorganise(1);
    let pending = other.wallet.balance(other.tip().height, other.now).unwrap().total.pending;
    assert_eq!(pending, Amount::from_sat(100_000));
    let error = other.try_draft(&pay(&stranger(1), exactly(10_000))).unwrap_err();
    assert_eq!(error.name(), "insufficient_funds");
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let mut bench = bench();
    bench.fund(TAPROOT, 1_000_000);
    let mut request = pay(&stranger(1), exactly(10_000));
    let other = Recipient { address: stranger(2), amount: PayAmount::Max, note: None };
    request.recipients.push(other);
    let bad = |problem| Err(CommandError::BadRecipients(problem));
    assert_eq!(bench.try_draft(&request), bad(RecipientsProblem::MaxBesideOthers));
    request.recipients = vec![request.recipients[0].clone(); 2];
    assert_eq!(bench.try_draft(&request), bad(RecipientsProblem::Twice));
    request.recipients.clear();
    assert_eq!(bench.try_draft(&request), bad(RecipientsProblem::Empty));
    let dust = CommandError::Dust { amount: Amount::from_sat(293), least: Amount::from_sat(294) };
    assert_eq!(bench.try_draft(&pay(&stranger(1), exactly(293))), Err(dust));
    let least = bench.draft(&pay(&stranger(1), exactly(294)));
    bench.wallet.drop_draft(least.id).unwrap();
    bench.wallet.commit().unwrap();
    let mut request = pay(&stranger(1), exactly(40_000));
    for (kwu, name) in [(24, "fee_rate_out_of_range"), (2_500_001, "fee_rate_out_of_range")] {
        request.fee = FeeChoice::Rate(FeeRate::from_sat_per_kwu(kwu));
        assert_eq!(bench.try_draft(&request).unwrap_err().name(), name);
    }
    request.fee = FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(100));
    assert_eq!(bench.try_draft(&request).unwrap_err().name(), "fee_too_high");
    request.fee = FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(20));
    let draft = bench.draft(&request);
    assert!(matches!(beside_first(&draft)[..], [Warning::HighFee { .. }]));
    assert!(!bench.wallet.is_staged(), "a refused request leaves nothing behind");
}

#[test]
fn the_review_says_what_a_careful_person_asks() {
    let mut bench = bench();
    bench.fund(TAPROOT, 1_000_000);
    let mut request = pay(&stranger(1), exactly(400_000));
    request.fee = FeeChoice::Default;
    let draft = bench.draft(&request);
    assert_eq!(draft.warnings[0], Warning::FirstPayment(stranger(1)));
    assert!(matches!(beside_first(&draft)[..], [Warning::DefaultFeeRate(_)]));
    let transaction = &draft.unsigned;
    assert!(transaction.input.iter().all(|input| input.sequence == Sequence(0xFFFF_FFFD)));
    let lock = transaction.lock_time.to_consensus_u32();
    assert!(lock <= bench.tip().height.to_u32());
    bench.sign(&draft);
    bench.mine(Vec::new());
    let again = bench.draft(&pay(&stranger(1), exactly(100_000)));
    assert!(again.warnings.contains(&Warning::AddressReused(stranger(1))));
}

#[test]
fn the_same_key_and_request_is_the_same_payment() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    bench.fund(TAPROOT, 100_000);
    let mut request = pay(&stranger(1), exactly(30_000));
    request.idempotency_key = Some("order 7".to_owned());
    let draft = bench.draft(&request);
    let mut bench = bench.reopen();
    assert_eq!(bench.draft(&request), draft, "the draft is known again");
    let mut other = request.clone();
    other.note = Some("another".to_owned());
    assert_eq!(bench.try_draft(&other), Err(CommandError::KeyReused));
    let payment = bench.sign(&draft);
    let mut bench = bench.reopen();
    for _ in 0..2 {
        let moment = bench.moment();
        let Drafted::Payment(repeated) = bench.wallet.draft(&request, &moment).unwrap() else {
            panic!("it was paid");
        };
        assert!(repeated.repeated);
        assert_eq!(repeated.transaction, payment.transaction);
        bench.mine(vec![payment.transaction.clone()]);
    }
    assert_eq!(bench.try_draft(&other), Err(CommandError::KeyReused));
    assert_eq!(
        bench.wallet.draft(&request, &bench_moment(&bench)).map(|drafted| match drafted {
            Drafted::Payment(payment) => Some(payment.state),
            Drafted::Draft(_) => None,
        }),
        Ok(Some(PaymentState::Confirmed(bench.tip())))
    );
}

#[test]
fn a_draft_holds_its_coins_until_it_expires_or_is_dropped() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let first = bench.draft(&pay(&stranger(1), exactly(30_000)));
    let other = pay(&stranger(2), exactly(30_000));
    assert_eq!(bench.try_draft(&other).unwrap_err().name(), "insufficient_funds");
    let mut bench = bench.reopen();
    assert_eq!(bench.try_draft(&other).unwrap_err().name(), "insufficient_funds");
    bench.now = WallTime::new(bench.now.to_unix() + DRAFT_LIFETIME.as_secs());
    let second = bench.draft(&other);
    assert_eq!(
        bench.wallet.psbt_of(first.id, bench.now).unwrap_err(),
        CommandError::NoSuchDraft(first.id.0),
        "its coins are held by the second"
    );
    bench.wallet.drop_draft(second.id).unwrap();
    bench.draft(&other);
}

#[test]
fn a_dry_run_leaves_nothing_behind() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let mut request = pay(&stranger(1), exactly(30_000));
    request.dry_run = true;
    bench.wallet.take_grown().unwrap();
    let moment = bench.moment();
    let first = bench.wallet.draft(&request, &moment).unwrap();
    assert!(!bench.wallet.is_staged());
    assert_eq!(bench.wallet.draft(&request, &moment).unwrap(), first);
    assert_eq!(bench.wallet.take_grown().unwrap(), []);
}

#[test]
fn only_the_drafted_transaction_is_recorded() {
    let mut bench = bench();
    let coin = bench.fund(TAPROOT, 100_000);
    let draft = bench.draft(&pay(&stranger(1), exactly(30_000)));
    let psbt = bench.wallet.psbt_of(draft.id, bench.now).unwrap();
    let mut record = |transaction| {
        let recorded = bench.wallet.record_signed(draft.id, &transaction, &psbt, WallTime::new(1));
        recorded.map(|(payment, _)| payment.state)
    };
    let refused = |problem| Err(CommandError::Signing(problem));
    assert_eq!(record(draft.unsigned.clone()), refused(SigningProblem::Incomplete));
    let thief = spend(&[coin], &[(stranger(9).script_pubkey(), 99_000)]);
    assert_eq!(record(thief), refused(SigningProblem::Altered));
    let mut good = draft.unsigned.clone();
    good.input[0].witness.push([1; 64]);
    assert_eq!(record(good.clone()), Ok(PaymentState::Signed));
    assert_eq!(record(good), Err(CommandError::NoSuchDraft(draft.id.0)));
}

/// The warnings, but that a stranger was never paid before.
fn beside_first(draft: &Draft) -> Vec<Warning> {
    let warnings = draft.warnings.iter().cloned();
    warnings.filter(|warning| !matches!(warning, Warning::FirstPayment(_))).collect()
}

fn bench_moment(bench: &Bench) -> crate::wallet::DraftMoment {
    crate::wallet::DraftMoment {
        now: bench.now,
        tip: bench.tip().height,
        entropy: [0; 32],
        fees: FeeReport::NOTHING,
        request: None,
    }
}
