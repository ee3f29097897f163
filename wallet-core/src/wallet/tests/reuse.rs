//! Coins of addresses that were spent from: left alone where the wallet avoids them; and whole
//! addresses, whose coins are spent together.

use bitcoin::{Amount, FeeRate, OutPoint, ScriptBuf};

use crate::command::{CoinQuery, Draft, FeeChoice, PayAmount, SpentFrom};
use crate::config::LookAhead;

use super::bench::{Bench, SEGWIT, TAPROOT, exactly, pay, stranger};

fn bench() -> Bench {
    Bench::new(LookAhead::NEW)
}

fn sats(sat: u64) -> Amount {
    Amount::from_sat(sat)
}

fn spent(draft: &Draft) -> Vec<OutPoint> {
    let mut spent: Vec<_> = draft.inputs.iter().map(|coin| coin.outpoint).collect();
    spent.sort();
    spent
}

/// Pays a script in a block of its own.
fn fund_at(bench: &mut Bench, spk: &ScriptBuf, sat: u64) -> OutPoint {
    let transaction = bench.payment_in(spk.clone(), sat);
    let outpoint = OutPoint::new(transaction.compute_txid(), 0);
    bench.mine(vec![transaction]);
    outpoint
}

/// A wallet with a coin at an address that was spent from, a clean one, and the address.
fn with_both(bench: &mut Bench) -> (OutPoint, OutPoint, ScriptBuf) {
    let spk = bench.issue(TAPROOT);
    fund_at(bench, &spk, 20_000);
    let mut all = pay(&stranger(1), PayAmount::Max);
    all.choice.beside = true;
    let draft = bench.draft(&all);
    let payment = bench.sign(&draft);
    bench.mine(vec![payment.transaction]);
    let used = fund_at(bench, &spk, 90_000);
    let clean = bench.fund(TAPROOT, 50_000);
    (used, clean, spk)
}

#[test]
fn a_wallet_that_avoids_reuse_leaves_such_coins_alone() {
    let mut bench = bench();
    let (used, clean, _) = with_both(&mut bench);
    let holdings = |bench: &Bench| bench.wallet.holdings(bench.tip().height, 1).unwrap();
    let mut request = pay(&stranger(2), exactly(60_000));
    let draft = bench.draft(&request);
    assert_eq!(spent(&draft), [used], "without the flag it is a coin as any");
    bench.wallet.drop_draft(draft.id).unwrap();
    assert_eq!(holdings(&bench).spent_from, None);

    bench.wallet.set_avoids_reuse(true).unwrap();
    bench.wallet.commit().unwrap();
    let mut bench = bench.reopen();
    assert_eq!(bench.try_draft(&request).unwrap_err().name(), "insufficient_funds");
    let held = holdings(&bench);
    assert_eq!(held.confirmed, sats(140_000));
    let expected = SpentFrom { confirmed: sats(90_000), ..SpentFrom::default() };
    assert_eq!(held.spent_from, Some(expected));
    let deep = bench.wallet.holdings(bench.tip().height, 3).unwrap();
    assert_eq!(deep.spent_from, Some(SpentFrom::default()), "it has two confirmations");
    let told: Vec<_> = bench.coins().iter().map(|coin| (coin.outpoint, coin.spent_from)).collect();
    assert_eq!(told, [(used, true), (clean, false)]);

    // By name or on purpose it is spent all the same, also from many accounts.
    request.choice.spent_from = true;
    let draft = bench.draft(&request);
    assert_eq!(spent(&draft), [used]);
    bench.wallet.drop_draft(draft.id).unwrap();
    request.choice.spent_from = false;
    request.coins = vec![used];
    let draft = bench.draft(&request);
    bench.wallet.drop_draft(draft.id).unwrap();
    let small = bench.draft(&pay(&stranger(2), exactly(30_000)));
    assert_eq!(spent(&small), [clean]);
    bench.wallet.drop_draft(small.id).unwrap();
    bench.wallet.set_avoids_reuse(false).unwrap();
    request.coins.clear();
    assert_eq!(spent(&bench.draft(&request)), [used]);
}

#[test]
fn an_address_stays_spent_from_whatever_came_of_the_payment() {
    let mut bench = bench();
    bench.wallet.set_avoids_reuse(true).unwrap();
    let spk = bench.issue(SEGWIT);
    let coin = fund_at(&mut bench, &spk, 50_000);
    let draft = bench.draft(&pay(&stranger(1), exactly(10_000)));
    let payment = bench.sign(&draft);
    bench.wallet.abandon(payment.transaction.compute_txid(), bench.now).unwrap();
    bench.wallet.commit().unwrap();
    let mut bench = bench.reopen();
    // Somebody may have seen the payment that was given up.
    let found =
        bench.wallet.coins(&CoinQuery::At(vec![spk.clone()]), bench.tip().height, bench.now);
    assert_eq!(found.unwrap()[0].outpoint, coin);
    assert_eq!(
        bench.try_draft(&pay(&stranger(1), exactly(10_000))).unwrap_err().name(),
        "insufficient_funds"
    );
    // What comes to it, in a block or not, is known for what it is.
    let transaction = bench.payment_in(spk, 7_000);
    let txid = transaction.compute_txid();
    bench.mine(vec![transaction]);
    let pending = bench.reorganise(1);
    let held = bench.wallet.holdings(bench.tip().height, 1).unwrap();
    assert_eq!(pending[0].compute_txid(), txid);
    let expected =
        SpentFrom { confirmed: sats(50_000), untrusted: sats(7_000), ..SpentFrom::default() };
    assert_eq!(held.spent_from, Some(expected));
}

#[test]
fn coins_of_an_address_are_spent_together_or_not_at_all() {
    let mut bench = bench();
    let spk = bench.issue(TAPROOT);
    let mut two = [40_000, 2_000].map(|sat| fund_at(&mut bench, &spk, sat));
    two.sort();
    let alone = bench.fund(TAPROOT, 60_000);
    let mut request = pay(&stranger(1), exactly(30_000));
    request.choice.whole_addresses = true;
    let draft = bench.draft(&request);
    assert_eq!(spent(&draft), two);
    assert_eq!(bench.draft(&request).inputs.len(), 1, "then there is only the other");
    bench.wallet.drop_draft(draft.id).unwrap();

    let mut request = pay(&stranger(1), exactly(80_000));
    request.choice.whole_addresses = true;
    request.choice.beside = true;
    request.coins = vec![alone];
    let moment = bench.moment();
    for draft in bench.wallet.drafts(&moment).unwrap() {
        bench.wallet.drop_draft(draft.id).unwrap();
    }
    let draft = bench.draft(&request);
    assert_eq!(draft.inputs.len(), 3);
    let rate = draft.fee_rate.to_sat_per_kwu();
    assert!((500..=502).contains(&rate), "each input is paid for: {rate}");
    bench.wallet.drop_draft(draft.id).unwrap();
    request.recipients[0].amount = exactly(110_000);
    assert_eq!(bench.try_draft(&request).unwrap_err().name(), "insufficient_funds");
}

#[test]
fn an_address_with_very_many_coins_is_spent_in_parts() {
    let mut bench = bench();
    let spk = bench.issue(TAPROOT);
    let payments: Vec<_> = (0..130).map(|_| bench.payment_in(spk.clone(), 1_000)).collect();
    bench.mine(payments);
    let mut request = pay(&stranger(1), exactly(5_000));
    request.choice.whole_addresses = true;
    assert_eq!(bench.draft(&request).inputs.len(), 30, "the rest of them, which is enough");
    request.recipients[0].amount = exactly(60_000);
    let moment = bench.moment();
    for draft in bench.wallet.drafts(&moment).unwrap() {
        bench.wallet.drop_draft(draft.id).unwrap();
    }
    assert_eq!(bench.draft(&request).inputs.len(), 100);
}

#[test]
fn dust_at_an_address_keeps_none_of_its_other_coins_back() {
    let mut bench = bench();
    let spk = bench.issue(TAPROOT);
    let coin = fund_at(&mut bench, &spk, 90_000);
    // A coin of 57.5 vbytes is worth nothing to a payment at 10 sat/vB.
    for _ in 0..3 {
        fund_at(&mut bench, &spk, 330);
    }
    let rate = FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(10));
    for amount in [exactly(60_000), PayAmount::LessFee(sats(60_000))] {
        let mut request = pay(&stranger(1), amount);
        request.choice.whole_addresses = true;
        request.fee = rate;
        let draft = bench.draft(&request);
        assert_eq!(spent(&draft), [coin], "{amount:?}");
        bench.wallet.drop_draft(draft.id).unwrap();
    }
}
