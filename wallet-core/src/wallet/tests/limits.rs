//! Orders by key and within limits: paid once, never above a limit, counted on disk.

use bitcoin::{Amount, FeeRate, Psbt};

use super::bench::{Bench, SEGWIT, exactly, pay, replacement, stranger};
use crate::command::{
    Asker, Authority, CommandError, Draft, FeeChoice, KeyedRequest, Limit, Overrun, PayRequest,
    PaymentQuery, TellerCommand, TellerReading, TellerReply, TokenId,
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
    let spending = bench.wallet.within_limits(by, &psbt, Some(draft.id), bench.now)?;
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
        let spending = bench.wallet.within_limits(&budget, &psbt, None, bench.now).unwrap();
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
        let spending = bench.wallet.within_limits(&budget, &psbt, None, bench.now).unwrap();
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
        let refused = bench.wallet.within_limits(&limits, &psbt, None, bench.now).unwrap_err();
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
