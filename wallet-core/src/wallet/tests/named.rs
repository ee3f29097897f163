//! Inputs with terms of their own: weights, sequence numbers, coins of others, and versions.

use bitcoin::transaction::Version;
use bitcoin::{Amount, FeeRate, OutPoint, Sequence, Transaction, Weight};

use crate::command::{
    BumpRequest, BumpWay, CommandError, Draft, FeeChoice, Hold, InputTerms, PayRequest, Spends,
};
use crate::config::LookAhead;
use crate::limits::NAMED_COINS;

use super::bench::{Bench, TAPROOT, exactly, pay, replacement, spend, stranger};

fn bench() -> Bench {
    Bench::new(LookAhead::NEW)
}

fn own(outpoint: OutPoint, weight: Option<u64>, sequence: Option<u32>) -> InputTerms {
    let weight = weight.map(Weight::from_wu);
    InputTerms { outpoint, sequence: sequence.map(Sequence), spends: Spends::Own { weight } }
}

/// A request with a coin of somebody else, and the transaction that made it.
fn with_foreign(bench: &mut Bench) -> (PayRequest, Transaction) {
    let parent = bench.payment_in(stranger(9).script_pubkey(), 30_000);
    let outpoint = OutPoint::new(parent.compute_txid(), 0);
    let spends = Spends::Foreign {
        parent: Box::new(parent.clone()),
        weight: Weight::from_wu(273),
        has_witness: true,
    };
    let mut request = pay(&stranger(1), exactly(100_000));
    request.coins = vec![outpoint];
    request.terms = vec![InputTerms { outpoint, sequence: None, spends }];
    request.choice.beside = true;
    request.hold = Hold::Not;
    (request, parent)
}

fn of(draft: &Draft, outpoint: OutPoint) -> usize {
    let mut inputs = draft.unsigned.input.iter();
    inputs.position(|input| input.previous_output == outpoint).expect("it is spent")
}

#[test]
fn the_fee_counts_the_weight_that_was_said() {
    let mut bench = bench();
    let coin = bench.fund(TAPROOT, 100_000);
    let mut request = pay(&stranger(1), exactly(10_000));
    request.coins = vec![coin];
    request.hold = Hold::Not;
    let usual = bench.draft(&request);
    // A signature of the whole transaction is 230 weight units with all around it (BIP341).
    request.terms = vec![own(coin, Some(230 + 4_000), None)];
    let heavy = bench.draft(&request);
    assert_eq!(heavy.fee, usual.fee + Amount::from_sat(2 * 1_000));
    assert_eq!(heavy.fee_rate, usual.fee_rate, "as much for each byte");
    request.terms = vec![own(coin, Some(400_000), None)];
    assert_eq!(bench.try_draft(&request).unwrap_err().name(), "insufficient_funds");
}

#[test]
fn an_input_has_the_sequence_number_that_was_said() {
    let mut bench = bench();
    let coin = bench.fund(TAPROOT, 100_000);
    let mut request = pay(&stranger(1), exactly(10_000));
    request.coins = vec![coin];
    request.terms = vec![own(coin, None, Some(7))];
    request.layout.version = Some(Version::ONE);
    let draft = bench.draft(&request);
    assert_eq!(draft.unsigned.input[0].sequence, Sequence(7));
    assert_eq!(draft.unsigned.version, Version::ONE);
    let payment = bench.sign(&draft);
    let bump = replacement(payment.transaction.compute_txid(), 9);
    let moment = bench.moment();
    let bumped = bench.wallet.bump(&bump, &moment).unwrap();
    assert!(bumped.unsigned.is_explicitly_rbf(), "it can be replaced again");
    assert_eq!(bumped.unsigned.version, Version::ONE);
}

#[test]
fn a_coin_of_others_is_spent_beside_ones_own() {
    let mut bench = bench();
    let coin = bench.fund(TAPROOT, 90_000);
    let (request, parent) = with_foreign(&mut bench);
    let draft = bench.draft(&request);
    let foreign = of(&draft, request.coins[0]);
    let psbt: bitcoin::psbt::Psbt = draft.psbt.parse().unwrap();
    assert_eq!(psbt.inputs[foreign].non_witness_utxo, Some(parent), "so that who signs can check");
    assert!(psbt.inputs[of(&draft, coin)].witness_utxo.is_some());
    let change = draft.change.as_ref().expect("it comes back").amount;
    assert_eq!(change, Amount::from_sat(120_000 - 100_000) - draft.fee);
    let rate = draft.fee_rate.to_sat_per_kwu();
    assert!((500..=502).contains(&rate), "both inputs are paid for: {rate}");
    let owns: Vec<_> = draft.inputs.iter().map(|coin| coin.outpoint).collect();
    assert_eq!(owns, [coin], "what is not ours is not told as ours");
}

#[test]
fn what_a_coin_of_others_holds_is_not_only_said() {
    let mut bench = bench();
    bench.fund(TAPROOT, 90_000);
    let (request, parent) = with_foreign(&mut bench);
    let told = |bench: &mut Bench, change: &dyn Fn(&mut Transaction)| {
        let mut request = request.clone();
        if let Spends::Foreign { parent, .. } = &mut request.terms[0].spends {
            change(parent);
        }
        bench.try_draft(&request)
    };
    let refused = Err(CommandError::NoSuchCoin(request.coins[0]));
    let richer = |parent: &mut Transaction| parent.output[0].value = Amount::from_sat(300_000);
    assert_eq!(told(&mut bench, &richer), refused, "another amount is another transaction");
    assert_eq!(told(&mut bench, &|parent| parent.output.clear()), refused);
    assert!(told(&mut bench, &|_| {}).is_ok());

    // A frozen coin of ours is not taken by the name of another's.
    let own = bench.issue(TAPROOT);
    let paid = spend(&[OutPoint::new(parent.compute_txid(), 0)], &[(own, 50_000)]);
    let coin = OutPoint::new(paid.compute_txid(), 0);
    bench.mine(vec![paid.clone()]);
    bench.wallet.set_frozen(&[coin], true).unwrap();
    let mut request = request.clone();
    request.coins = vec![coin];
    request.terms[0].outpoint = coin;
    if let Spends::Foreign { parent, .. } = &mut request.terms[0].spends {
        **parent = paid;
    }
    assert_eq!(bench.try_draft(&request), Err(CommandError::CoinFrozen(coin)));
}

#[test]
fn more_coins_than_a_transaction_can_spend_are_refused_at_once() {
    let mut bench = bench();
    bench.fund(TAPROOT, 90_000);
    let (mut request, parent) = with_foreign(&mut bench);
    let txid = parent.compute_txid();
    let named = |count: usize| (0..).map(|vout| OutPoint::new(txid, vout)).take(count).collect();
    request.coins = named(NAMED_COINS + 1);
    let refused = bench.try_draft(&request).unwrap_err();
    assert!(matches!(refused, CommandError::TooLarge { .. }), "{refused}");
    request.coins = named(NAMED_COINS);
    let missing = CommandError::NoSuchCoin(OutPoint::new(txid, 1));
    assert_eq!(bench.try_draft(&request), Err(missing), "so many are looked at");
}

#[test]
fn transactions_of_version_3_keep_to_themselves() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let mut request = pay(&stranger(1), exactly(10_000));
    request.layout.version = Some(Version(3));
    let draft = bench.draft(&request);
    let payment = bench.sign(&draft);
    assert_eq!(payment.transaction.version, Version(3));
    let change = payment.change.as_ref().expect("it comes back").vout;
    let change = OutPoint::new(payment.transaction.compute_txid(), change);

    assert_eq!(bench.spendable(), Amount::ZERO);
    // Nodes would take no child of another version, and this wallet makes none of this one.
    for version in [None, Some(Version(3))] {
        let mut next = pay(&stranger(2), exactly(10_000));
        next.layout.version = version;
        assert_eq!(bench.try_draft(&next).unwrap_err().name(), "insufficient_funds", "{version:?}");
        next.coins = vec![change];
        assert_eq!(bench.try_draft(&next), Err(CommandError::CoinWaits(change)), "{version:?}");
    }
    for way in [BumpWay::Replace, BumpWay::Child] {
        let bump = BumpRequest {
            txid: payment.transaction.compute_txid(),
            way,
            fee: FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(9)),
            most_fee: None,
            hold: Hold::Briefly,
            dry_run: true,
        };
        let moment = bench.moment();
        let bumped = bench.wallet.bump(&bump, &moment).unwrap();
        assert_eq!(bumped.unsigned.version, Version(3), "{way:?}");
    }
    bench.mine(vec![payment.transaction]);
    assert_eq!(bench.draft(&pay(&stranger(2), exactly(10_000))).inputs[0].outpoint, change);
}

#[test]
fn coins_of_others_wait_for_a_block_as_ones_own_do() {
    for (parent, child) in [(2, 3), (3, 2)] {
        let mut bench = bench();
        bench.fund(TAPROOT, 100_000);
        let mut request = pay(&stranger(1), exactly(10_000));
        request.layout.version = Some(Version(parent));
        let draft = bench.draft(&request);
        let parent = bench.sign(&draft).transaction;
        bench.fund(TAPROOT, 100_000);

        // What was paid is spent together with its recipient.
        let (mut request, _) = with_foreign(&mut bench);
        let paid = stranger(1).script_pubkey();
        let vout = parent.output.iter().position(|output| output.script_pubkey == paid).unwrap();
        let outpoint = OutPoint::new(parent.compute_txid(), u32::try_from(vout).unwrap());
        request.coins = vec![outpoint];
        request.terms[0].outpoint = outpoint;
        if let Spends::Foreign { parent: known, .. } = &mut request.terms[0].spends {
            **known = parent.clone();
        }
        request.recipients[0].amount = exactly(50_000);
        request.layout.version = Some(Version(child));
        let told = bench.try_draft(&request);
        assert_eq!(told, Err(CommandError::CoinWaits(outpoint)), "{child}");
        bench.mine(vec![parent]);
        assert_eq!(bench.draft(&request).unsigned.input.len(), 2);
    }
}

#[test]
fn coins_of_others_that_can_not_be_are_refused() {
    let mut bench = bench();
    bench.fund(TAPROOT, 90_000);
    let (mut request, _) = with_foreign(&mut bench);
    let before = OutPoint::new(bitcoin::hashes::Hash::all_zeros(), 5);
    for sat in [Amount::MAX_MONEY.to_sat() + 1, u64::MAX / 2 + 1, u64::MAX] {
        let parent = spend(&[before], &[0, 1].map(|_| (stranger(9).script_pubkey(), sat)));
        let outpoints = [0, 1].map(|vout| OutPoint::new(parent.compute_txid(), vout));
        let spends = Spends::Foreign {
            parent: Box::new(parent.clone()),
            weight: Weight::from_wu(273),
            has_witness: true,
        };
        for count in 1..=2 {
            request.coins = outpoints[..count].to_vec();
            let terms = request.coins.iter().map(|&outpoint| InputTerms {
                outpoint,
                sequence: None,
                spends: spends.clone(),
            });
            request.terms = terms.collect();
            for beside in [true, false] {
                request.choice.beside = beside;
                let refused = Err(CommandError::NoSuchCoin(outpoints[0]));
                assert_eq!(bench.try_draft(&request), refused, "{sat} {count} {beside}");
            }
        }
    }
}
