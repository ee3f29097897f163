//! Orders by key and within limits: paid once, never above a limit, counted on disk.

use bitcoin::{Amount, FeeRate, Psbt};

use super::bench::{Bench, SEGWIT, exactly, pay, replacement, stranger};
use crate::command::{
    Asker, Authority, BumpRequest, BumpWay, CommandError, Draft, FeeChoice, KeyedRequest, Limit,
    Overrun, PayRequest, PaymentQuery, TellerCommand, TellerReading, TellerReply, TokenId,
};
use crate::config::LookAhead;
use crate::light_client::time::WallTime;
use crate::store::wallet::RequestId;
use crate::wallet::Drafted;

const DAY: u32 = 86_400;

fn bench() -> Bench {
    let mut bench = Bench::new(LookAhead::NEW);
    for sat in [100_000, 100_000, 100_000] {
        bench.fund(SEGWIT, sat);
    }
    bench
}

fn by(limits: Vec<Limit>) -> Authority {
    let asker = Asker::Token(TokenId([7; 8]));
    Authority { asker, method: "sendtoaddress".to_owned(), request: None, limits }
}

fn draft(bench: &mut Bench, to: u8, sat: u64) -> Draft {
    let mut request = pay(&stranger(to), exactly(sat));
    request.fee = FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(1));
    bench.draft(&request)
}

/// As the engine does it: checked, signed, counted, in one commit.
fn order(bench: &mut Bench, by: &Authority, draft: &Draft) -> Result<Amount, CommandError> {
    let psbt = draft.psbt.parse().unwrap();
    let spending = bench.wallet.within_limits(by, &psbt, bench.now)?;
    bench.wallet.count(&spending, bench.now)?;
    bench.sign(draft);
    Ok(spending.amount)
}

#[test]
fn what_leaves_is_counted_with_its_fee_and_without_the_change() {
    let mut bench = bench();
    let one = draft(&mut bench, 1, 30_000);
    let most = Amount::from_sat(30_000) + one.fee;
    let tight = by(vec![Limit::PerPayment(most - Amount::ONE_SAT)]);
    let refused = order(&mut bench, &tight, &one).unwrap_err();
    assert!(
        matches!(&refused, CommandError::OverLimit(Overrun::PerPayment { leaves, .. }) if *leaves == most),
        "{refused}"
    );
    assert_eq!(refused.name(), "policy_refused");
    assert_eq!(order(&mut bench, &by(vec![Limit::PerPayment(most)]), &one), Ok(most));
}

#[test]
fn a_budget_is_of_the_last_day_and_is_remembered_on_disk() {
    let mut bench = bench();
    let budget = by(vec![Limit::Budget { amount: Amount::from_sat(50_000), seconds: DAY }]);
    let first = draft(&mut bench, 1, 30_000);
    let spent = order(&mut bench, &budget, &first).unwrap();
    let mut bench = bench.reopen();
    let second = draft(&mut bench, 2, 30_000);
    let left = Amount::from_sat(50_000) - spent;
    let refused = order(&mut bench, &budget, &second).unwrap_err();
    assert!(
        matches!(&refused, CommandError::OverLimit(Overrun::Budget { left: l, .. }) if *l == left),
        "{refused}"
    );
    bench.now = WallTime::new(bench.now.to_unix() + u64::from(DAY));
    let third = draft(&mut bench, 3, 30_000);
    order(&mut bench, &budget, &third).unwrap();
}

#[test]
fn what_is_signed_twice_is_counted_once() {
    let mut bench = bench();
    let budget = by(vec![Limit::Budget { amount: Amount::from_sat(50_000), seconds: DAY }]);
    let one = draft(&mut bench, 1, 30_000);
    let psbt = one.psbt.parse().unwrap();
    for _ in 0..3 {
        let spending = bench.wallet.within_limits(&budget, &psbt, bench.now).unwrap();
        bench.wallet.count(&spending, bench.now).unwrap();
    }
}

/// A device that gave nothing when it was first asked would sign beyond the budget of a later day.
#[test]
fn what_is_signed_again_counts_from_then_on() {
    let mut bench = bench();
    let budget = by(vec![Limit::Budget { amount: Amount::from_sat(50_000), seconds: DAY }]);
    let one = draft(&mut bench, 1, 30_000);
    let psbt = one.psbt.parse().unwrap();
    for later in [u64::from(DAY) - 10, 20] {
        let spending = bench.wallet.within_limits(&budget, &psbt, bench.now).unwrap();
        bench.wallet.count(&spending, bench.now).unwrap();
        bench.now = WallTime::new(bench.now.to_unix() + later);
    }
    let two = draft(&mut bench, 2, 30_000);
    let refused = order(&mut bench, &budget, &two).unwrap_err();
    assert!(
        matches!(&refused, CommandError::OverLimit(Overrun::Budget { .. })),
        "the first counts from when it was signed last: {refused}"
    );
}

/// Coins of the same device that this wallet does not look after would leave uncounted.
#[test]
fn what_a_device_would_sign_and_nobody_knows_is_over_every_limit() {
    let mut bench = bench();
    let one = draft(&mut bench, 1, 30_000);
    let mut psbt: Psbt = one.psbt.parse().unwrap();
    psbt.unsigned_tx.input[0].previous_output = bench.fake_outpoint();
    psbt.inputs[0].non_witness_utxo = None;
    let shown = psbt.inputs[0].witness_utxo.as_mut().unwrap();
    shown.script_pubkey = stranger(9).script_pubkey();
    for keys_are_here in [true, false] {
        if !keys_are_here {
            bench.wallet.own.clear();
        }
        let limits = by(vec![Limit::PerPayment(Amount::MAX_MONEY)]);
        let refused = bench.wallet.within_limits(&limits, &psbt, bench.now).unwrap_err();
        assert_eq!(refused, CommandError::OverLimit(Overrun::UnknownInput), "{keys_are_here}");
    }
}

#[test]
fn the_limits_of_all_count_what_anybody_took() {
    let mut bench = bench();
    let amount = Amount::from_sat(50_000);
    let policy = vec![Limit::Budget { amount, seconds: DAY }];
    bench.wallet.tell(&TellerCommand::SetPolicy(policy.clone()), bench.now).unwrap();
    let told = bench.wallet.tell(&TellerCommand::Read(TellerReading::Policy), bench.now);
    assert_eq!(told, Ok(TellerReply::Policy(policy)));
    let one = draft(&mut bench, 1, 30_000);
    order(&mut bench, &by(Vec::new()), &one).unwrap();
    let owner = Authority { asker: Asker::Owner, ..by(Vec::new()) };
    let two = draft(&mut bench, 2, 30_000);
    let refused = order(&mut bench, &owner, &two).unwrap_err();
    assert_eq!(refused.name(), "policy_refused");
}

fn budget(sat: u64) -> Authority {
    by(vec![Limit::Budget { amount: Amount::from_sat(sat), seconds: DAY }])
}

/// What takes the place of a payment, or takes it back.
fn bumped(bench: &mut Bench, paid: &Draft, rate: u32, way: BumpWay) -> Draft {
    let txid = paid.psbt.parse::<Psbt>().unwrap().unsigned_tx.compute_txid();
    let moment = bench.moment();
    bench.wallet.bump(&BumpRequest { way, ..replacement(txid, rate) }, &moment).unwrap()
}

fn why(refused: Result<Amount, CommandError>) -> &'static str {
    match refused {
        Err(CommandError::OverLimit(why)) => why.rule(),
        other => panic!("{other:?}"),
    }
}

/// A hundred thousand satoshi went to miners by a token that had a thousand to spend.
#[test]
fn who_has_limits_neither_replaces_nor_cancels_what_others_asked_for() {
    let owner = Authority { asker: Asker::Owner, ..by(Vec::new()) };
    for asked_for in [None, Some(owner)] {
        let mut bench = bench();
        let one = draft(&mut bench, 1, 30_000);
        match asked_for {
            Some(by) => drop(order(&mut bench, &by, &one).unwrap()),
            // At the screens nothing is counted.
            None => drop(bench.sign(&one)),
        }
        for way in [BumpWay::Replace, BumpWay::Cancel] {
            let taken = bumped(&mut bench, &one, 9, way);
            let wide = budget(90_000);
            let listed = by(vec![Limit::Destinations(vec![stranger(1).script_pubkey()])]);
            for bound in [budget(1_000), wide, listed] {
                assert_eq!(why(order(&mut bench, &bound, &taken)), "anothers_payment");
            }
            bench.wallet.drop_draft(taken.id).unwrap();
        }
    }
}

/// Whoever stands on the change of a token's payment loses their payment with it.
#[test]
fn who_has_limits_lets_nothing_fall_that_others_asked_for() {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(SEGWIT, 100_000);
    let one = draft(&mut bench, 1, 30_000);
    order(&mut bench, &budget(90_000), &one).unwrap();
    let mut rest = pay(&stranger(2), exactly(20_000));
    rest.fee = FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(1));
    let on_top = bench.draft(&rest);
    bench.sign(&on_top);
    let mut psbt: Psbt = one.psbt.parse().unwrap();
    psbt.unsigned_tx.output.pop();
    let refused = bench.wallet.within_limits(&budget(90_000), &psbt, bench.now).unwrap_err();
    assert_eq!(refused, CommandError::OverLimit(Overrun::AnothersPayment));
}

#[test]
fn a_replacement_counts_in_the_place_of_what_the_same_asked_for() {
    let mut bench = bench();
    let one = draft(&mut bench, 1, 30_000);
    order(&mut bench, &budget(50_000), &one).unwrap();
    // Of a budget that has no room for it a second time.
    let two = bumped(&mut bench, &one, 9, BumpWay::Replace);
    let psbt: Psbt = two.psbt.parse().unwrap();
    let counted = Amount::from_sat(30_000) + two.fee;
    let left = counted - Amount::ONE_SAT;
    assert_eq!(why(order(&mut bench, &budget(left.to_sat()), &two)), "budget");
    assert_eq!(order(&mut bench, &budget(50_000), &two), Ok(counted));
    let again = bench.wallet.within_limits(&budget(50_000), &psbt, bench.now).unwrap();
    assert_eq!(again.amount, counted, "as often as it is signed");
    // Of what is taken back the signature was given away.
    let back = bumped(&mut bench, &two, 20, BumpWay::Cancel);
    assert_eq!(order(&mut bench, &budget(50_000), &back), Ok(counted));
    let more = draft(&mut bench, 2, 30_000);
    assert_eq!(why(order(&mut bench, &budget(50_000), &more)), "budget");
    let less = draft(&mut bench, 2, 15_000);
    order(&mut bench, &budget(50_000), &less).unwrap();
}

/// One coin of two alone would leave the other for what was signed first.
#[test]
fn what_takes_the_place_of_a_payment_in_part_counts_beside_it() {
    let mut bench = bench();
    let one = draft(&mut bench, 1, 150_000);
    let first = order(&mut bench, &budget(200_000), &one).unwrap();
    let mut psbt: Psbt = one.psbt.parse().unwrap();
    assert_eq!(psbt.inputs.len(), 2);
    psbt.inputs.pop();
    psbt.unsigned_tx.input.pop();
    psbt.unsigned_tx.output.retain(|output| output.value < Amount::from_sat(100_000));
    let refused = bench.wallet.within_limits(&budget(200_000), &psbt, bench.now).unwrap_err();
    let left = Amount::from_sat(200_000) - first;
    assert!(
        matches!(&refused, CommandError::OverLimit(Overrun::Budget { left: l, .. }) if *l == left),
        "{refused}"
    );
}

/// The owner's program that makes payments faster is no second payment for the limits of all.
#[test]
fn the_limits_of_all_count_a_replacement_by_another_once() {
    let mut bench = bench();
    let policy = vec![Limit::Budget { amount: Amount::from_sat(50_000), seconds: DAY }];
    bench.wallet.tell(&TellerCommand::SetPolicy(policy), bench.now).unwrap();
    let one = draft(&mut bench, 1, 30_000);
    order(&mut bench, &by(Vec::new()), &one).unwrap();
    let owner = Authority { asker: Asker::Owner, ..by(Vec::new()) };
    let two = bumped(&mut bench, &one, 9, BumpWay::Replace);
    assert_eq!(order(&mut bench, &owner, &two), Ok(two.fee - one.fee));
    // What nobody was charged for counts in full.
    let mut bench = self::bench();
    bench
        .wallet
        .tell(
            &TellerCommand::SetPolicy(vec![Limit::Budget {
                amount: Amount::from_sat(1_000),
                seconds: DAY,
            }]),
            bench.now,
        )
        .unwrap();
    let one = draft(&mut bench, 1, 30_000);
    bench.sign(&one);
    let back = bumped(&mut bench, &one, 20, BumpWay::Cancel);
    assert_eq!(why(order(&mut bench, &owner, &back)), "budget");
}

/// A payment whose charge left the day, or is about to, would leave by a replacement that counts for its fee alone.
#[test]
fn a_replacement_by_another_counts_for_a_day_from_its_signing() {
    let owner = Authority { asker: Asker::Owner, ..by(Vec::new()) };
    for (hours, is_whole) in [(23, false), (72, true)] {
        let mut bench = bench();
        let policy = vec![Limit::Budget { amount: Amount::from_sat(50_000), seconds: DAY }];
        bench.wallet.tell(&TellerCommand::SetPolicy(policy), bench.now).unwrap();
        let one = draft(&mut bench, 1, 30_000);
        order(&mut bench, &by(Vec::new()), &one).unwrap();
        bench.now = WallTime::new(bench.now.to_unix() + hours * 3_600);
        let two = bumped(&mut bench, &one, 9, BumpWay::Replace);
        let whole = Amount::from_sat(30_000) + two.fee;
        let counted = if is_whole { whole } else { two.fee - one.fee };
        assert_eq!(order(&mut bench, &owner, &two), Ok(counted), "after {hours} hours");
        bench.now = WallTime::new(bench.now.to_unix() + u64::from(DAY) - 1);
        let more = draft(&mut bench, 2, 30_000);
        assert_eq!(why(order(&mut bench, &owner, &more)), "budget", "after {hours} hours");
        bench.now = WallTime::new(bench.now.to_unix() + 1);
        let more = draft(&mut bench, 2, 30_000);
        order(&mut bench, &owner, &more).unwrap();
    }
}

#[test]
fn nobody_is_paid_who_is_not_on_the_list() {
    let mut bench = bench();
    let limits = by(vec![Limit::Destinations(vec![stranger(1).script_pubkey()])]);
    let listed = draft(&mut bench, 1, 30_000);
    assert!(listed.change.is_some(), "what comes back is no destination");
    order(&mut bench, &limits, &listed).unwrap();
    let other = draft(&mut bench, 2, 30_000);
    let refused = order(&mut bench, &limits, &other).unwrap_err();
    assert_eq!(refused, CommandError::OverLimit(Overrun::Destination));
}

#[test]
fn a_call_with_a_key_makes_one_payment_and_no_other_call_takes_the_key() {
    let mut bench = bench();
    let call = KeyedRequest { key: "rent".to_owned(), hash: [1; 32] };
    let other = KeyedRequest { hash: [2; 32], ..call.clone() };
    let request = pay(&stranger(1), exactly(30_000));
    let first = keyed(&mut bench, &call, &request).unwrap();
    let Drafted::Draft(draft) = first else { panic!("nothing was paid yet") };
    let again = keyed(&mut bench, &call, &request).unwrap();
    assert!(matches!(again, Drafted::Draft(same) if same.id == draft.id), "one draft");
    assert_eq!(keyed(&mut bench, &other, &request), Err(CommandError::KeyReused));
    let payment = bench.sign(&draft);
    assert_eq!(bench.wallet.recall(&call), Ok(None), "it was not answered yet");
    assert_eq!(bench.wallet.recall(&other), Err(CommandError::KeyReused));
    let Drafted::Payment(found) = keyed(&mut bench, &call, &request).unwrap() else {
        panic!("it was paid")
    };
    assert_eq!(found.transaction, payment.transaction);
    bench.wallet.remember(&call, "{\"txid\":1}").unwrap();
    bench.wallet.remember(&call, "something else").unwrap();
    assert_eq!(bench.wallet.recall(&call), Ok(Some("{\"txid\":1}".to_owned())));
    assert_eq!(bench.wallet.remember(&other, "x"), Err(CommandError::KeyReused));
    assert_eq!(bench.wallet.recall(&other), Err(CommandError::KeyReused));
}

#[test]
fn a_payment_keeps_its_number_when_it_is_replaced() {
    let mut bench = bench();
    let one = draft(&mut bench, 1, 30_000);
    let paid = bench.sign(&one).transaction.compute_txid();
    let request = replacement(paid, 5);
    let moment = bench.moment();
    let bump = bench.wallet.bump(&request, &moment).unwrap();
    let replacement = bench.sign(&bump).transaction.compute_txid();
    let mut records = |query| match bench
        .wallet
        .tell(&TellerCommand::Read(TellerReading::Payments(query)), bench.now)
    {
        Ok(TellerReply::Payments(records)) => records,
        other => panic!("{other:?}"),
    };
    let found = records(PaymentQuery::Txid(replacement));
    assert_eq!(found.len(), 1);
    let txids: Vec<_> =
        found[0].attempts.iter().map(|one| one.payment.transaction.compute_txid()).collect();
    assert_eq!(txids, [paid, replacement]);
    assert_eq!(records(PaymentQuery::Id(found[0].id)), found);
    assert_eq!(records(PaymentQuery::Page { after: 0, limit: 10 }), found);
    assert_eq!(records(PaymentQuery::Page { after: found[0].id, limit: 10 }), []);
}

fn keyed(
    bench: &mut Bench,
    call: &KeyedRequest,
    request: &PayRequest,
) -> Result<Drafted, CommandError> {
    let moment = bench.moment();
    let moment = crate::wallet::DraftMoment { request: Some(RequestId::from(call)), ..moment };
    let made = bench.wallet.draft(request, &moment);
    bench.wallet.commit().unwrap();
    made
}
