//! What a payment costs, whom it goes to and what it gives away: chosen, warned of, refused.

use std::collections::BTreeSet;

use bitcoin::{Address, Amount, FeeRate, WitnessProgram};

use crate::command::{
    CommandError, Draft, FeeBasis, FeeChoice, Hold, PayAmount, Recipient, Reference, Warning,
};
use crate::config::LookAhead;
use crate::light_client::fees::Confidence;
use crate::wallet::fee;

use super::bench::{Bench, TAPROOT, exactly, pay, stranger};
use super::bumping::known_fees;

fn funded() -> Bench {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(TAPROOT, 1_000_000);
    bench
}

#[test]
fn a_fee_in_full_is_paid_to_the_satoshi() {
    let mut bench = funded();
    let mut request = pay(&stranger(1), exactly(300_000));
    for total in [15, 200, 4_321] {
        request.fee = FeeChoice::Total(Amount::from_sat(total));
        let draft = bench.draft(&request);
        assert_eq!(draft.fee.to_sat(), total);
        assert_eq!(draft.change.unwrap().amount.to_sat(), 700_000 - total);
        bench.wallet.drop_draft(draft.id).unwrap();
    }
    request.recipients[0].amount = PayAmount::Max;
    let draft = bench.draft(&request);
    assert_eq!(draft.outputs[0].1.to_sat(), 1_000_000 - 4_321);
    bench.wallet.drop_draft(draft.id).unwrap();
    // Below what any node relays, and above what anybody can mean.
    request.fee = FeeChoice::Total(Amount::from_sat(9));
    assert_eq!(bench.try_draft(&request).unwrap_err().name(), "fee_rate_out_of_range");
    bench.fund(TAPROOT, 200_000_000);
    request.fee = FeeChoice::Total(Amount::from_sat(10_000_001));
    assert_eq!(bench.try_draft(&request).unwrap_err().name(), "fee_above_limit");
    request.fee = FeeChoice::Total(Amount::from_sat(u64::MAX));
    request.recipients[0].amount = exactly(300_000_000);
    assert_eq!(bench.try_draft(&request).unwrap_err().name(), "fee_above_limit");
}

#[test]
fn a_fee_by_time_is_the_estimate_and_says_how_far_to_trust_it() {
    let mut bench = funded();
    let mut request = pay(&stranger(1), exactly(300_000));
    request.fee = FeeChoice::Target(6);
    assert_eq!(bench.try_draft(&request), Err(CommandError::FeeUnknown { target: 6 }));
    bench.fees = known_fees(40, 7);
    let mut drafted = |fee, kwu| {
        request.fee = fee;
        let draft = bench.draft(&request);
        bench.wallet.drop_draft(draft.id).unwrap();
        let (low, high) = (FeeRate::from_sat_per_kwu(kwu), FeeRate::from_sat_per_kwu(kwu + 10));
        assert!((low..=high).contains(&draft.fee_rate), "{}", draft.fee_rate);
        draft.fee_basis
    };
    let confidence = Confidence::Medium;
    for (target, kwu) in [(6, 1_750), (5, 10_000), (144, 1_750)] {
        let basis = drafted(FeeChoice::Target(target), kwu);
        assert_eq!(basis, FeeBasis::Estimate { target, confidence });
    }
    let basis = drafted(FeeChoice::Default, 1_750);
    assert_eq!(basis, FeeBasis::Estimate { target: 6, confidence });
}

/// Whoever runs the few peers of a wallet could talk an estimate up: what nobody asked for does not
/// rest on little.
#[test]
fn an_estimate_that_rests_on_little_is_not_taken_unasked() {
    let mut bench = funded();
    bench.fees = known_fees(40, 900);
    for estimate in &mut bench.fees.estimates {
        estimate.confidence = Confidence::Low;
    }
    let mut request = pay(&stranger(1), exactly(900_000));
    request.fee = FeeChoice::Default;
    let draft = bench.draft(&request);
    assert_eq!(draft.fee_basis, FeeBasis::Fallback);
    assert!(draft.warnings.contains(&Warning::DefaultFeeRate(fee::DEFAULT_FEE_RATE)));
}

#[test]
fn ten_times_the_usual_rate_is_told() {
    let mut bench = funded();
    bench.fees = known_fees(3, 2);
    let mut warned = |sat_per_vb| {
        let mut request = pay(&stranger(1), exactly(900_000));
        request.fee = FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(sat_per_vb));
        let draft = bench.draft(&request);
        bench.wallet.drop_draft(draft.id).unwrap();
        draft.warnings.iter().any(|warning| warning.name() == "high_fee_rate")
    };
    assert!(!warned(19));
    assert!(warned(25));
}

#[test]
fn a_first_payment_a_second_and_one_to_a_look_alike_are_told_apart() {
    let mut bench = funded();
    let friend = stranger(7);
    let thief = alike(&friend);
    let first = bench.draft(&pay(&friend, exactly(1_000)));
    assert_eq!(first.warnings[0], Warning::FirstPayment(friend.clone()));
    bench.sign(&first);
    let second = bench.draft(&pay(&friend, exactly(1_000)));
    assert_eq!(second.warnings[0], Warning::AddressReused(friend.clone()));
    bench.wallet.drop_draft(second.id).unwrap();
    let wrong = bench.draft(&pay(&thief, exactly(1_000)));
    let warning = Warning::LooksAlike { address: thief, known: friend };
    assert!(wrong.warnings.contains(&warning), "{:?}", wrong.warnings);
}

/// An address that looks like one of our own is as good a trap.
#[test]
fn an_address_that_looks_like_ours_is_told() {
    let mut bench = funded();
    let own = bench.wallet.receive(None, None, None, false, bench.now).unwrap().address;
    let draft = bench.draft(&pay(&alike(&own), exactly(1_000)));
    assert!(draft.warnings.iter().any(|warning| match warning {
        Warning::LooksAlike { known, .. } => *known == own,
        _ => false,
    }));
}

#[test]
fn labels_are_joined_once_and_told_then() {
    let mut bench = Bench::new(LookAhead::NEW);
    let coins = ["salary", "salary", "donation", "gift"].map(|label| {
        let coin = bench.fund(TAPROOT, 50_000);
        bench.wallet.set_label(&Reference::Output(coin), Some(label)).unwrap();
        coin
    });
    let mut spend = |coins: &[bitcoin::OutPoint], sign| {
        let mut request = pay(&stranger(1), PayAmount::Max);
        request.coins = coins.to_vec();
        let draft = bench.draft(&request);
        if sign {
            bench.sign(&draft);
        } else {
            bench.wallet.drop_draft(draft.id).unwrap();
        }
        draft.warnings.into_iter().find_map(|warning| match warning {
            Warning::JoinsLabels(labels) => Some(labels),
            _ => None,
        })
    };
    let both = vec!["donation".to_owned(), "salary".to_owned()];
    assert_eq!(spend(&coins[..2], false), None, "two coins of one label");
    assert_eq!(spend(&coins[1..3], false), Some(both.clone()));
    assert_eq!(spend(&coins[1..3], true), Some(both));
    let donation = bench.fund(TAPROOT, 50_000);
    bench.wallet.set_label(&Reference::Output(donation), Some("donation")).unwrap();
    let mut request = pay(&stranger(1), PayAmount::Max);
    request.coins = vec![coins[0], donation];
    let again = bench.draft(&request);
    assert!(!again.warnings.iter().any(|warning| warning.name() == "joins_labels"));
}

#[test]
fn coins_are_chosen_by_label() {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(TAPROOT, 90_000);
    let salary = bench.fund(TAPROOT, 30_000);
    bench.wallet.set_label(&Reference::Output(salary), Some("salary")).unwrap();
    let mut request = pay(&stranger(1), exactly(20_000));
    request.labels = vec!["salary".to_owned()];
    let draft = bench.draft(&request);
    assert!(draft.inputs.iter().map(|coin| coin.outpoint).eq([salary]));
    bench.wallet.drop_draft(draft.id).unwrap();
    request.recipients[0].amount = exactly(40_000);
    assert_eq!(bench.try_draft(&request).unwrap_err().name(), "insufficient_funds");
    request.labels = vec!["salery".to_owned()];
    let unknown = CommandError::NoSuchLabel("salery".to_owned());
    assert_eq!(bench.try_draft(&request), Err(unknown));
}

/// The list of coins and the choice read labels in two ways; whoever keeps coins apart by them
/// loses that if the ways differ.
#[test]
fn a_label_pays_with_the_coins_that_are_listed_under_it() {
    let mut bench = Bench::new(LookAhead::NEW);
    let labels = ["work", "club", "none"];
    let said = |at: usize| labels.get(at % 3).copied().filter(|label| *label != "none");
    for ways in 0..27 {
        let spk = bench.issue(TAPROOT);
        let address = Address::from_script(&spk, bitcoin::Network::Regtest).unwrap();
        let address = Reference::Address(address);
        let payment = bench.payment_in(spk, 50_000);
        let txid = payment.compute_txid();
        let output = Reference::Output(bitcoin::OutPoint::new(txid, 0));
        bench.mine(vec![payment]);
        for (reference, label) in [
            (output, said(ways)),
            (address, said(ways / 3)),
            (Reference::Transaction(txid), said(ways / 9)),
        ] {
            bench.wallet.set_label(&reference, label).unwrap();
        }
    }
    // Change of a payment with a label is not under that label.
    let own = bench.draft(&pay(&stranger(1), exactly(10_000)));
    let paid = bench.sign(&own).transaction.compute_txid();
    bench.wallet.set_label(&Reference::Transaction(paid), Some("work")).unwrap();
    for label in ["work", "club"] {
        let listed = bench.coins();
        let listed = listed.into_iter().filter(|coin| coin.note.as_deref() == Some(label));
        let listed: BTreeSet<_> = listed.map(|coin| coin.outpoint).collect();
        assert!(listed.len() >= 12, "{label}: {}", listed.len());
        let mut request = pay(&stranger(2), PayAmount::Max);
        request.labels = vec![label.to_owned()];
        let draft = bench.draft(&request);
        assert_eq!(draft.inputs.iter().map(|coin| coin.outpoint).collect::<BTreeSet<_>>(), listed);
        bench.wallet.drop_draft(draft.id).unwrap();
    }
}

#[test]
fn each_output_of_a_batch_keeps_its_note() {
    let mut bench = funded();
    let mut request = pay(&stranger(1), exactly(10_000));
    let other = |number, note: &str| Recipient {
        address: stranger(number),
        amount: exactly(20_000),
        note: Some(note.to_owned()),
    };
    request.recipients.extend([other(2, "wages"), other(3, "rent")]);
    let draft = bench.draft(&request);
    let mut bench = bench.reopen();
    let payment = bench.sign(&draft);
    let txid = payment.transaction.compute_txid();
    let notes: Vec<Option<String>> = (0..4)
        .map(|vout| Reference::Output(bitcoin::OutPoint::new(txid, vout)))
        .map(|output| bench.wallet.label(&output).unwrap())
        .collect();
    for (note, number) in [("wages", 2), ("rent", 3)] {
        let spk = stranger(number).script_pubkey();
        let at = payment.transaction.output.iter().position(|o| o.script_pubkey == spk).unwrap();
        assert_eq!(notes[at].as_deref(), Some(note));
    }
    assert_eq!(notes.iter().flatten().count(), 2);
}

/// Frozen always wins: over drafts that were made before, and over signatures that exist already.
#[test]
fn a_coin_that_was_frozen_since_is_not_spent() {
    let mut bench = funded();
    let draft = bench.draft(&pay(&stranger(1), exactly(10_000)));
    let (coin, signed) = (draft.inputs[0].outpoint, bench.signed(&draft));
    let psbt = bench.wallet.psbt_of(draft.id, bench.now).unwrap();
    bench.wallet.set_frozen(&[coin], true).unwrap();
    let frozen = CommandError::CoinFrozen(coin);
    assert_eq!(bench.wallet.psbt_of(draft.id, bench.now).map(drop), Err(frozen.clone()));
    let recorded = bench.wallet.record_signed(draft.id, &signed, &psbt, bench.now);
    assert_eq!(recorded.map(drop), Err(frozen));
}

#[test]
fn a_draft_that_is_out_of_date_is_not_signed() {
    let mut bench = funded();
    let draft = bench.draft(&pay(&stranger(1), exactly(10_000)));
    let (signed, late) = (bench.signed(&draft), bench.now.after(crate::limits::DRAFT_LIFETIME));
    let psbt = bench.wallet.psbt_of(draft.id, bench.now).unwrap();
    let expired = CommandError::DraftExpired(draft.id.0);
    assert_eq!(bench.wallet.psbt_of(draft.id, late).map(drop), Err(expired.clone()));
    let recorded = bench.wallet.record_signed(draft.id, &signed, &psbt, late);
    assert_eq!(recorded.map(drop), Err(expired));
}

#[test]
fn a_draft_for_signers_elsewhere_holds_its_coins_until_it_is_dropped() {
    let mut bench = funded();
    let mut request = pay(&stranger(1), exactly(10_000));
    request.hold = Hold::UntilDropped;
    let draft = bench.draft(&request);
    assert_eq!(draft.expires, None);
    bench.now = bench.now.after(std::time::Duration::from_secs(400 * 24 * 3_600));
    let mut bench = bench.reopen();
    let held = |bench: &mut Bench| -> Vec<Draft> {
        let moment = bench.moment();
        bench.wallet.drafts(&moment).unwrap()
    };
    assert_eq!(held(&mut bench).len(), 1);
    let other = pay(&stranger(2), exactly(10_000));
    assert_eq!(bench.try_draft(&other).unwrap_err().name(), "insufficient_funds");
    bench.wallet.drop_draft(draft.id).unwrap();
    assert_eq!(held(&mut bench), []);
    bench.draft(&other);
}

/// An address with the same ends, as a thief's computer finds one.
fn alike(known: &Address) -> Address {
    let program = known.witness_program().unwrap();
    let text = known.to_string();
    let end = &text[text.len() - 3..];
    let made = |number: u32| {
        let mut bytes = program.program().as_bytes().to_vec();
        bytes[8..12].copy_from_slice(&number.to_be_bytes());
        let program = WitnessProgram::new(program.version(), &bytes).unwrap();
        Address::from_witness_program(program, bitcoin::Network::Regtest)
    };
    let mut tries = (0..).map(made);
    tries.find(|made| made != known && made.to_string().ends_with(end)).unwrap()
}

/// Somebody who pays a large fee on purpose says how large, and is held to it.
#[test]
fn a_named_most_lets_a_high_fee_through_and_nothing_above_it() {
    let mut bench = funded();
    let mut request = pay(&stranger(1), exactly(20_000));
    request.fee = FeeChoice::Total(Amount::from_sat(11_000));
    assert_eq!(bench.try_draft(&request).unwrap_err().name(), "fee_too_high");
    request.most_fee = Some(Amount::from_sat(10_999));
    assert_eq!(bench.try_draft(&request).unwrap_err().name(), "fee_above_limit");
    request.most_fee = Some(Amount::from_sat(11_000));
    request.idempotency_key = Some("on purpose".to_owned());
    let draft = bench.draft(&request);
    assert_eq!(draft.fee, Amount::from_sat(11_000));
    assert!(draft.warnings.iter().any(|warning| matches!(warning, Warning::HighFee { .. })));
    // What was drafted under one limit is not given out under a lower one.
    request.most_fee = Some(Amount::from_sat(5_000));
    assert_eq!(bench.try_draft(&request).unwrap_err().name(), "key_reused");
}
