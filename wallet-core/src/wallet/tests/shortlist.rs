//! A payment from many coins spends what it would spend if all of them were looked at.

use bitcoin::key::rand::{Rng, SeedableRng, rngs::StdRng};
use bitcoin::{Amount, FeeRate, OutPoint, ScriptBuf};

use crate::command::{CoinChoice, CommandError, FeeChoice, PayAmount, PayRequest};
use crate::config::LookAhead;
use crate::limits::SHORTLIST;
use crate::wallet::funding::Funding;
use crate::wallet::request::CheckedRequest;

use super::bench::{Bench, SEGWIT, TAPROOT, exactly, pay, spend, stranger};

/// So many more coins than a shortlist has, that those behind it could make a difference.
const COINS: usize = 4 * SHORTLIST;

/// Coins of few different amounts and of many, in several blocks, on both chains of two accounts.
fn rich(seed: u64) -> Bench {
    let mut random = StdRng::seed_from_u64(seed);
    let mut bench = Bench::new(LookAhead::NEW);
    let scripts: Vec<ScriptBuf> = (0..8).map(|_| bench.issue(TAPROOT)).collect();
    let others: Vec<ScriptBuf> = (0..2).map(|_| bench.issue(SEGWIT)).collect();
    for _ in 0..COINS / 200 {
        let outputs: Vec<(ScriptBuf, u64)> = (0..200)
            .map(|_| {
                let scripts = if random.gen_ratio(1, 8) { &others } else { &scripts };
                let sat = match random.gen_range(0..4) {
                    0 => 10_000,
                    1 => 1_000 * random.gen_range(1..40),
                    2 => random.gen_range(300..3_000),
                    _ => random.gen_range(1_000..200_000),
                };
                (scripts[random.gen_range(0..scripts.len())].clone(), sat)
            })
            .collect();
        let parent = bench.fake_outpoint();
        bench.mine(vec![spend(&[parent], &outputs)]);
    }
    bench
}

/// What is spent, what it costs and what comes back; or why not.
type Outcome = Result<(Vec<OutPoint>, Amount, Option<Amount>), CommandError>;

fn outcome(funding: Result<Funding, CommandError>) -> Outcome {
    funding.map(|funding| {
        let spent = funding.spent.iter().map(|coin| coin.outpoint).collect();
        (spent, funding.fee, funding.change.map(|(_, change)| change.value))
    })
}

fn compare(bench: &mut Bench, request: &PayRequest) -> (Outcome, bool) {
    let moment = bench.moment();
    let checked = CheckedRequest::new(request, &moment.fees).unwrap();
    let paying = bench.wallet.paying_accounts(None);
    let all = outcome(bench.wallet.fund_from_all(&checked, Vec::new(), &paying, &moment));
    let few = bench.wallet.fund_from_shortlist(&checked, &paying, &moment).unwrap();
    let is_decided = few.is_some();
    if let Some(few) = few {
        assert_eq!(outcome(Ok(few)), all, "{request:?}");
    }
    assert_eq!(outcome(bench.wallet.fund(&checked, &moment)), all);
    (all, is_decided)
}

#[test]
fn a_few_of_many_coins_are_chosen_as_among_all() {
    for seed in 0..2 {
        let mut bench = rich(seed);
        let mut random = StdRng::seed_from_u64(100 + seed);
        let (mut decided, mut changeless) = (0, 0);
        for number in 0..60 {
            let sat = match number % 4 {
                0 => random.gen_range(600..5_000),
                1 => 10_000 * random.gen_range(1..30),
                2 => random.gen_range(5_000..300_000),
                _ => random.gen_range(300_000..20_000_000),
            };
            let least_depth = random.gen_range(0..6);
            let amount = match random.gen_range(0..4) {
                0 => PayAmount::LessFee(Amount::from_sat(sat + 2_000)),
                _ => exactly(sat),
            };
            let request = PayRequest {
                fee: FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(random.gen_range(1..20))),
                choice: CoinChoice { least_depth, ..CoinChoice::default() },
                ..pay(&stranger(1), amount)
            };
            let (all, is_decided) = compare(&mut bench, &request);
            decided += u32::from(is_decided);
            changeless += u32::from(all.is_ok_and(|(_, _, change)| change.is_none()));
        }
        assert!(decided > 30 && changeless > 0, "it was compared: {decided} {changeless}");
    }
}

#[test]
fn own_change_without_a_block_frozen_and_held_coins_count_as_among_all() {
    let mut bench = rich(7);
    let draft = bench.draft(&pay(&stranger(1), exactly(150_000)));
    bench.sign(&draft);
    let held = bench.draft(&pay(&stranger(2), exactly(90_000)));
    let frozen = bench.coins();
    let largest = frozen.iter().max_by_key(|coin| (!coin.reserved, coin.amount)).unwrap().outpoint;
    bench.wallet.set_frozen(&[largest], true).unwrap();
    bench.wallet.commit().unwrap();
    for sat in [1_000, 50_000, 90_000, 150_000, 199_000, 2_000_000] {
        let (all, _) = compare(&mut bench, &pay(&stranger(3), exactly(sat)));
        let (spent, _, _) = all.unwrap();
        assert!(!spent.contains(&largest));
        assert!(held.inputs.iter().all(|coin| !spent.contains(&coin.outpoint)));
    }
}

#[test]
fn a_payment_of_more_than_a_shortlist_looks_at_all() {
    let mut bench = rich(3);
    let coins = bench.coins().into_iter();
    let own = coins.filter(|coin| coin.keychain.account == TAPROOT);
    let mut amounts: Vec<u64> = own.map(|coin| coin.amount.to_sat()).collect();
    amounts.sort_unstable_by(|one, other| other.cmp(one));
    let more = amounts[..SHORTLIST + 100].iter().sum();
    let (all, is_decided) = compare(&mut bench, &pay(&stranger(1), exactly(more)));
    assert!(!is_decided && all.unwrap().0.len() > SHORTLIST);
    let too_much = exactly(bench.total().to_sat() + 1);
    let (all, is_decided) = compare(&mut bench, &pay(&stranger(1), too_much));
    assert!(!is_decided && matches!(all, Err(CommandError::InsufficientFunds { .. })));
}
