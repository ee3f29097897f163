//! A payment that went to signers elsewhere and comes back: whole, altered, or somebody else's.

use bitcoin::psbt::Psbt;
use bitcoin::{Amount, Network, OutPoint, ScriptBuf, TxOut};

use crate::command::{BumpRequest, CommandError, Draft, Hold, PsbtWarning, SigningProblem};
use crate::config::LookAhead;
use crate::limits::{DRAFT_LIFETIME, UNCONFIRMED_LIFETIME};
use crate::message;
use crate::signers::{Keys, Signer, SingleKey, SoftwareSigner};
use crate::wallet::{Drafted, Handed};

use super::bench::{
    Bench, LEGACY, SEGWIT, TAPROOT, exactly, pay, replacement, seed, spend, stranger,
};

/// A wallet, a payment that is held until it is dropped, and its PSBT as the signers give it back.
fn handed_out() -> (Bench, Draft, Psbt) {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(SEGWIT, 100_000);
    bench.fund(SEGWIT, 100_000);
    let mut request = pay(&stranger(1), exactly(150_000));
    request.hold = Hold::UntilDropped;
    let draft = bench.draft(&request);
    let mut psbt: Psbt = draft.psbt.parse().unwrap();
    signer().sign(&mut psbt).unwrap();
    (bench, draft, psbt)
}

fn signer() -> SoftwareSigner {
    SoftwareSigner::new(seed(), Network::Regtest)
}

fn returned(bench: &mut Bench, psbt: &Psbt) -> Result<Handed, CommandError> {
    bench.wallet.close_draft(psbt, bench.now)
}

fn warnings(bench: &Bench, psbt: &Psbt) -> Vec<PsbtWarning> {
    bench.wallet.review_psbt(psbt, bench.now).unwrap().warnings
}

#[test]
fn what_comes_back_signed_is_paid_after_a_restart_and_days() {
    let (bench, draft, psbt) = handed_out();
    let mut bench = bench.reopen();
    bench.now = bench.now.after(std::time::Duration::from_secs(30 * 24 * 3600));
    let Handed::Signed(id, transaction) = returned(&mut bench, &psbt).unwrap() else {
        panic!("it was not announced yet")
    };
    assert_eq!(id, draft.id);
    bench.wallet.record_signed(id, &transaction, &psbt, bench.now).unwrap();
    bench.wallet.commit().unwrap();
    assert!(matches!(returned(&mut bench, &psbt), Ok(Handed::Known(payment)) if payment.repeated));
}

/// The payment that it replaces spends the same coins: they are known all the same, and nobody is
/// warned of them.
#[test]
fn a_replacement_that_is_handed_out_spends_coins_that_are_known() {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(SEGWIT, 100_000);
    let draft = bench.draft(&pay(&stranger(1), exactly(50_000)));
    let payment = bench.sign(&draft);
    let request = BumpRequest {
        hold: Hold::UntilDropped,
        ..replacement(payment.transaction.compute_txid(), 9)
    };
    let moment = bench.moment();
    let bump = bench.wallet.bump(&request, &moment).unwrap();
    let mut psbt: Psbt = bump.psbt.parse().unwrap();
    assert_eq!(warnings(&bench, &psbt), []);
    let mut lying = psbt.clone();
    lying.inputs[0].non_witness_utxo = None;
    lying.inputs[0].witness_utxo.as_mut().unwrap().value = Amount::from_sat(200_000);
    assert!(warnings(&bench, &lying).contains(&PsbtWarning::WrongInput(0)));
    signer().sign(&mut psbt).unwrap();
    let Handed::Signed(id, transaction) = returned(&mut bench, &psbt).unwrap() else {
        panic!("it was not announced yet")
    };
    bench.wallet.record_signed(id, &transaction, &psbt, bench.now).unwrap();
    assert!(warnings(&bench, &psbt).len() == 1, "its coin is spent by now");
}

/// A signer that hands back the finished transaction alone.
#[test]
fn a_signed_transaction_closes_its_draft_like_its_psbt() {
    let (mut bench, draft, psbt) = handed_out();
    let original = draft.psbt.parse().unwrap();
    let signed = crate::signers::finish(&psbt, &original).unwrap();
    let given = bench.wallet.psbt_from(signed.clone()).unwrap();
    let Handed::Signed(id, transaction) = returned(&mut bench, &given).unwrap() else {
        panic!("it was not announced yet")
    };
    assert_eq!((id, &*transaction), (draft.id, &signed));
    // Its draft was dropped meanwhile: what the wallet knows of its coins is enough.
    bench.wallet.drop_draft(draft.id).unwrap();
    bench.wallet.commit().unwrap();
    assert!(
        matches!(returned(&mut bench, &given), Ok(Handed::Signed(_, again)) if *again == signed)
    );

    let mut cut = signed.clone();
    cut.input[0].witness = bitcoin::Witness::new();
    let mut forged = signed.clone();
    forged.input[0].witness = signed.input[1].witness.clone();
    let mut elsewhere = signed;
    elsewhere.input[0].previous_output = OutPoint::null();
    for bad in [cut, forged, elsewhere] {
        let (mut bench, ..) = handed_out();
        let bad = bench.wallet.psbt_from(bad).unwrap();
        let refused = returned(&mut bench, &bad).unwrap_err();
        assert!(matches!(refused, CommandError::Signing(_)), "{refused:?}");
    }
}

#[test]
fn an_altered_payment_is_not_sent_whatever_is_altered() {
    let alterations: [fn(&mut Psbt); 5] = [
        |psbt| psbt.unsigned_tx.output[0].script_pubkey = stranger(9).script_pubkey(),
        |psbt| psbt.unsigned_tx.output[0].value -= Amount::from_sat(1_000),
        // A time, which no draft has.
        |psbt| {
            let time = bitcoin::absolute::LockTime::from_consensus(500_000_000);
            psbt.unsigned_tx.lock_time = time;
        },
        |psbt| {
            psbt.unsigned_tx.output.push(TxOut {
                value: Amount::from_sat(1),
                script_pubkey: stranger(8).script_pubkey(),
            });
            psbt.outputs.push(bitcoin::psbt::Output::default());
        },
        |psbt| {
            psbt.unsigned_tx.input.pop();
            psbt.inputs.pop();
        },
    ];
    for alter in alterations {
        let (mut bench, _, mut psbt) = handed_out();
        alter(&mut psbt);
        // With the old signatures, and signed anew by somebody who has the keys.
        let old = returned(&mut bench, &psbt).unwrap_err();
        assert!(matches!(old, CommandError::Signing(_)), "{old:?}");
        psbt.inputs.iter_mut().for_each(|input| input.partial_sigs.clear());
        signer().sign(&mut psbt).unwrap();
        let new = returned(&mut bench, &psbt).unwrap_err();
        assert!(matches!(new, CommandError::CoinReserved(_)), "{new:?}");
    }
}

#[test]
fn amounts_and_sighash_types_of_what_comes_back_are_not_believed() {
    let (mut bench, _, psbt) = handed_out();
    let mut lie = psbt.clone();
    for input in &mut lie.inputs {
        input.non_witness_utxo = None;
        input.witness_utxo.as_mut().unwrap().value = Amount::from_sat(9_000_000);
    }
    assert!(warnings(&bench, &lie).contains(&PsbtWarning::WrongInput(0)));
    // Our own draft knows the amounts, so the lie changes nothing.
    assert!(matches!(returned(&mut bench, &lie), Ok(Handed::Signed(..))));

    let mut open = psbt;
    for signature in open.inputs[0].partial_sigs.values_mut() {
        signature.sighash_type = bitcoin::EcdsaSighashType::SinglePlusAnyoneCanPay;
    }
    let refused = returned(&mut bench, &open).unwrap_err();
    assert_eq!(refused, CommandError::Signing(SigningProblem::SighashType { input: 0 }));
}

/// A payment from the wallet's coins that others made up.
fn made_by_others(bench: &mut Bench) -> (OutPoint, Psbt) {
    let coin = bench.fund(TAPROOT, 50_000);
    let draft = bench.draft(&pay(&stranger(2), exactly(20_000)));
    bench.wallet.drop_draft(draft.id).unwrap();
    (coin, draft.psbt.parse().unwrap())
}

#[test]
fn frozen_coins_are_neither_signed_for_nor_sent() {
    let mut bench = Bench::new(LookAhead::NEW);
    let (coin, psbt) = made_by_others(&mut bench);
    bench.wallet.set_frozen(&[coin], true).unwrap();
    assert!(warnings(&bench, &psbt).contains(&PsbtWarning::CoinFrozen(coin)));
    let refused = bench.wallet.take_over(&psbt, bench.now).unwrap_err();
    assert_eq!(refused, CommandError::CoinFrozen(coin));
    let mut signed = psbt;
    signer().sign(&mut signed).unwrap();
    assert_eq!(returned(&mut bench, &signed).unwrap_err(), CommandError::CoinFrozen(coin));
}

/// What the wallet answers to a PSBT that it is to sign for others, and to the same one, signed.
fn refused(bench: &mut Bench, psbt: &Psbt) -> [CommandError; 2] {
    let asked = bench.wallet.take_over(psbt, bench.now).unwrap_err();
    let mut signed = psbt.clone();
    signer().sign(&mut signed).unwrap();
    [asked, returned(bench, &signed).unwrap_err()]
}

#[test]
fn a_psbt_that_no_transaction_can_be_is_refused_and_the_wallet_goes_on() {
    let mut bench = Bench::new(LookAhead::NEW);
    let (_, psbt) = made_by_others(&mut bench);
    let mut twice = psbt.clone();
    twice.unsigned_tx.input.push(psbt.unsigned_tx.input[0].clone());
    twice.inputs.push(psbt.inputs[0].clone());
    let mut nothing = psbt;
    nothing.unsigned_tx.output.clear();
    nothing.outputs.clear();
    let impossible = CommandError::Signing(SigningProblem::Impossible);
    for psbt in [twice, nothing] {
        assert_eq!(refused(&mut bench, &psbt), [impossible.clone(), impossible.clone()]);
    }
    bench.draft(&pay(&stranger(3), exactly(20_000)));
}

#[test]
fn money_that_cannot_be_is_not_taken_for_money_that_came() {
    let mut bench = Bench::new(LookAhead::NEW);
    let (_, mut psbt) = made_by_others(&mut bench);
    let ours = bench.issue(TAPROOT);
    let before = bench.total();
    // Coins that nobody has, spent by whoever says so, with a right signature.
    psbt.unsigned_tx.input[0].previous_output = bench.fake_outpoint();
    psbt.inputs[0].non_witness_utxo = None;
    let shown = psbt.inputs[0].witness_utxo.as_ref().unwrap().value;
    psbt.unsigned_tx.output[0] = TxOut { value: shown + Amount::ONE_SAT, script_pubkey: ours };
    let amounts = CommandError::Signing(SigningProblem::Amounts);
    assert_eq!(refused(&mut bench, &psbt), [amounts.clone(), amounts]);
    assert_eq!(bench.total(), before);
}

#[test]
fn what_is_signed_for_others_holds_its_coins() {
    let mut bench = Bench::new(LookAhead::NEW);
    let (coin, psbt) = made_by_others(&mut bench);
    bench.wallet.take_over(&psbt, bench.now).unwrap();
    bench.wallet.commit().unwrap();
    let bench = &mut bench.reopen();
    let lacking = bench.try_draft(&pay(&stranger(3), exactly(20_000))).unwrap_err();
    assert_eq!(lacking.name(), "insufficient_funds");
    let named = &mut pay(&stranger(3), exactly(20_000));
    named.coins = vec![coin];
    assert_eq!(bench.try_draft(named).unwrap_err(), CommandError::CoinReserved(coin));
    let moment = bench.moment();
    assert_eq!(bench.wallet.drafts(&moment).unwrap().len(), 1, "it can be listed, and dropped");
}

/// A payment that was drafted, signed elsewhere, and forgotten for longer than a draft lasts.
fn out_of_date() -> (Bench, Draft, Psbt) {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(SEGWIT, 100_000);
    let draft = bench.draft(&pay(&stranger(1), exactly(50_000)));
    let mut psbt: Psbt = draft.psbt.parse().unwrap();
    signer().sign(&mut psbt).unwrap();
    bench.now = bench.now.after(2 * DRAFT_LIFETIME);
    (bench, draft, psbt)
}

#[test]
fn a_draft_that_is_out_of_date_can_still_be_signed_and_sent() {
    let (mut bench, draft, psbt) = out_of_date();
    bench.wallet.take_over(&draft.psbt.parse().unwrap(), bench.now).unwrap();
    let rival = bench.try_draft(&pay(&stranger(3), exactly(20_000))).unwrap_err();
    assert_eq!(rival.name(), "insufficient_funds", "a signature of it is about");

    let (mut late, ..) = out_of_date();
    for bench in [&mut bench, &mut late] {
        let Handed::Signed(id, transaction) = returned(bench, &psbt).unwrap() else {
            panic!("it was not announced yet")
        };
        assert_eq!(id, draft.id);
        bench.wallet.record_signed(id, &transaction, &psbt, bench.now).unwrap();
        bench.wallet.commit().unwrap();
    }
}

#[test]
fn a_draft_that_is_out_of_date_gives_way_to_what_others_made_of_its_coins() {
    let mut bench = Bench::new(LookAhead::NEW);
    let (_, psbt) = made_by_others(&mut bench);
    bench.draft(&pay(&stranger(3), exactly(20_000)));
    let mut signed = psbt.clone();
    signer().sign(&mut signed).unwrap();
    assert_eq!(returned(&mut bench, &signed).unwrap_err().name(), "coin_reserved");
    bench.now = bench.now.after(2 * DRAFT_LIFETIME);
    bench.wallet.take_over(&psbt, bench.now).unwrap();
    assert!(matches!(returned(&mut bench, &signed), Ok(Handed::Signed(..))));
}

#[test]
fn a_draft_that_is_asked_for_again_is_held_for_as_long_as_that_asks() {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(SEGWIT, 100_000);
    let mut request = pay(&stranger(1), exactly(50_000));
    request.idempotency_key = Some("order 7".to_owned());
    let brief = bench.draft(&request);
    assert!(brief.expires.is_some());
    request.hold = Hold::UntilDropped;
    request.dry_run = true;
    assert_eq!(bench.draft(&request), brief);
    request.dry_run = false;
    assert_eq!(bench.draft(&request), Draft { expires: None, ..brief });
    bench.now = bench.now.after(2 * DRAFT_LIFETIME);
    let rival = bench.try_draft(&pay(&stranger(3), exactly(20_000))).unwrap_err();
    assert_eq!(rival.name(), "insufficient_funds");
}

/// Signers elsewhere often send what they signed themselves.
#[test]
fn a_payment_that_another_program_sent_is_not_paid_twice() {
    for (account, hold) in
        [(SEGWIT, Hold::UntilDropped), (LEGACY, Hold::UntilDropped), (TAPROOT, Hold::Briefly)]
    {
        for forgotten in [false, true] {
            let mut bench = Bench::new(LookAhead::NEW);
            bench.fund(account, 100_000);
            bench.fund(account, 100_000);
            let mut request = pay(&stranger(1), exactly(50_000));
            request.idempotency_key = Some("order 7".to_owned());
            request.hold = hold;
            let draft = bench.draft(&request);
            let sent = bench.signed(&draft);
            bench.mine(vec![sent.clone()]);
            bench.now = bench.now.after(2 * DRAFT_LIFETIME);
            if forgotten {
                bench.wallet.drop_draft(draft.id).unwrap();
            }
            let mut other = request.clone();
            other.note = Some("another".to_owned());
            assert_eq!(bench.try_draft(&other), Err(CommandError::KeyReused));
            let bench = &mut bench.reopen();
            for dry_run in [true, false, false] {
                request.dry_run = dry_run;
                let moment = bench.moment();
                let answer = bench.wallet.draft(&request, &moment).unwrap();
                let Drafted::Payment(payment) = answer else { panic!("it is paid twice") };
                assert!(payment.repeated);
                assert_eq!(payment.transaction, sent);
                let psbt: Psbt = payment.psbt.parse().unwrap();
                assert_eq!(psbt.extract_tx_unchecked_fee_rate(), sent);
                bench.wallet.commit().unwrap();
            }
            let moment = bench.moment();
            assert_eq!(bench.wallet.drafts(&moment).unwrap(), []);
        }
    }
}

#[test]
fn a_payment_that_another_program_sent_is_known_after_the_network_forgot_it() {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(SEGWIT, 100_000);
    let mut request = pay(&stranger(1), exactly(50_000));
    request.idempotency_key = Some("order 7".to_owned());
    request.hold = Hold::UntilDropped;
    let draft = bench.draft(&request);
    let sent = bench.signed(&draft);
    assert!(bench.wallet.take_seen(&sent, 1, bench.now).unwrap().spends_ours);
    for _ in 0..2 {
        let moment = bench.moment();
        let answer = bench.wallet.draft(&request, &moment).unwrap();
        assert!(matches!(answer, Drafted::Payment(payment) if payment.transaction == sent));
        bench.now = bench.now.after(2 * UNCONFIRMED_LIFETIME);
        bench.wallet.expire_seen(bench.now).unwrap();
        bench.wallet.commit().unwrap();
    }
}

#[test]
fn a_change_that_only_claims_to_be_ours_is_told() {
    let (bench, _, mut psbt) = handed_out();
    let ours = psbt.outputs.iter().position(|output| !output.bip32_derivation.is_empty()).unwrap();
    assert_eq!(warnings(&bench, &psbt), []);
    psbt.unsigned_tx.output[ours].script_pubkey = stranger(7).script_pubkey();
    assert!(warnings(&bench, &psbt).contains(&PsbtWarning::FalseOwner(ours)));
}

#[test]
fn nobody_gets_a_message_signed_as_a_payment() {
    let mut bench = Bench::new(LookAhead::NEW);
    let script = bench.issue(LEGACY);
    let mut psbt = message::to_be_signed(&script, "I owe you everything");
    assert_eq!(bench.wallet.take_over(&psbt, bench.now), Err(CommandError::NotAPayment));
    assert!(warnings(&bench, &psbt).contains(&PsbtWarning::Message));
    let address = bitcoin::Address::from_script(&script, Network::Regtest).unwrap();
    psbt = bench.wallet.message_psbt(&address, "I owe you everything").unwrap();
    signer().sign(&mut psbt).unwrap();
    assert_eq!(returned(&mut bench, &psbt), Err(CommandError::NotAPayment));
}

#[test]
fn what_does_not_concern_the_wallet_is_not_sent_by_it() {
    let text = "cMpMxK92W1DjqDvWV3pMn4xLwAuQJhNF3MFqkEHUQRPQofUJku8R";
    let key = SingleKey::parse(text, Network::Regtest).unwrap();
    let script = ScriptBuf::new_p2pkh(&key.public().pubkey_hash());
    let mut bench = Bench::new(LookAhead::NEW);
    let parent = bench.payment_in(script, 50_000);
    let spent = OutPoint::new(parent.compute_txid(), 0);
    let paid = (stranger(2).script_pubkey(), 40_000);
    let mut transaction = spend(&[spent], &[paid]);
    transaction.input.iter_mut().for_each(|input| input.witness.clear());
    let mut psbt = Psbt::from_unsigned_tx(transaction).unwrap();
    psbt.inputs[0].non_witness_utxo = Some(parent);
    let public = key.public().inner;
    let mut signer = SoftwareSigner::with_keys(Keys::Single(key));
    let origin = (signer.masters()[0], bitcoin::bip32::DerivationPath::master());
    psbt.inputs[0].bip32_derivation.insert(public, origin);
    signer.sign(&mut psbt).unwrap();
    assert!(warnings(&bench, &psbt).contains(&PsbtWarning::Foreign));
    assert_eq!(returned(&mut bench, &psbt), Err(CommandError::ForeignPayment));
}

/// Each input brings the whole transaction before it, which may have thousands of outputs.
#[test]
fn a_psbt_is_not_filled_beyond_measure() {
    let mut bench = Bench::new(LookAhead::NEW);
    let spk = bench.issue(SEGWIT);
    let before = OutPoint::new(bitcoin::hashes::Hash::all_zeros(), 5);
    let big = spend(&[before], &vec![(spk.clone(), 1_000); 3_000]);
    bench.mine(vec![big.clone()]);
    let txid = big.compute_txid();
    let spending = |count: u32| {
        let coins: Vec<_> = (0..count).map(|at| OutPoint::new(txid, at % 3_000)).collect();
        spend(&coins, &[(spk.clone(), 1_000)])
    };
    let filled = |count: u32| {
        let mut psbt = Psbt::from_unsigned_tx(spending(count)).unwrap();
        bench.wallet.fill_psbt(&mut psbt).map(|()| psbt.inputs[0].non_witness_utxo.is_some())
    };
    assert_eq!(filled(50), Ok(true));
    let too_large = |error: CommandError| matches!(error, CommandError::ParentsTooLarge { .. });
    assert!(too_large(filled(100_000).unwrap_err()));
    assert!(bench.wallet.psbt_from(spending(50)).is_ok());
    assert!(too_large(bench.wallet.psbt_from(spending(100_000)).unwrap_err()));
}
