//! Drafts with wishes: who bears the fee, who shares the rest, which coins, in which form.

use bitcoin::absolute::LockTime;
use bitcoin::{Amount, OutPoint, Sequence, Weight};

use crate::command::{
    CommandError, Draft, Hold, PayAmount, PayRequest, Recipient, RecipientsProblem,
};
use crate::config::LookAhead;

use super::bench::{Bench, SEGWIT, TAPROOT, exactly, pay, stranger};

fn bench() -> Bench {
    Bench::new(LookAhead::NEW)
}

fn less_fee(sat: u64) -> PayAmount {
    PayAmount::LessFee(Amount::from_sat(sat))
}

fn and(mut request: PayRequest, number: u8, amount: PayAmount) -> PayRequest {
    request.recipients.push(Recipient { address: stranger(number), amount, note: None });
    request
}

fn got(draft: &Draft, number: u8) -> u64 {
    let own = draft.outputs.iter().find(|(address, _)| *address == stranger(number));
    own.expect("it is paid").1.to_sat()
}

fn spent(draft: &Draft) -> Amount {
    draft.inputs.iter().map(|coin| coin.amount).sum()
}

fn paid(draft: &Draft) -> Amount {
    draft.outputs.iter().map(|(_, amount)| *amount).sum()
}

#[test]
fn a_fee_that_recipients_bear_leaves_the_change_whole() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let request = and(pay(&stranger(1), less_fee(20_000)), 2, less_fee(10_000));
    let draft = bench.draft(&and(request, 3, exactly(5_000)));
    let fee = draft.fee.to_sat();
    assert_eq!(got(&draft, 1), 20_000 - fee / 2 - fee % 2);
    assert_eq!(got(&draft, 2), 10_000 - fee / 2);
    assert_eq!(got(&draft, 3), 5_000);
    assert_eq!(draft.change.as_ref().expect("it comes back").amount, Amount::from_sat(65_000));
    assert_eq!(spent(&draft), paid(&draft) + Amount::from_sat(65_000) + draft.fee);
    let payment = bench.sign(&draft);
    let rate = payment.fee_rate.to_sat_per_kwu();
    assert!((500..520).contains(&rate), "as much as was asked for: {rate}");
}

#[test]
fn all_that_there_is_can_be_paid_by_who_bears_the_fee() {
    let mut bench = bench();
    bench.fund(TAPROOT, 30_000);
    bench.fund(TAPROOT, 20_000);
    let draft = bench.draft(&pay(&stranger(1), less_fee(50_000)));
    assert_eq!(draft.change, None);
    assert_eq!(paid(&draft) + draft.fee, Amount::from_sat(50_000));
    bench.wallet.drop_draft(draft.id).unwrap();
    let lacking = bench.try_draft(&pay(&stranger(1), less_fee(50_001))).unwrap_err();
    assert_eq!(lacking.name(), "insufficient_funds");
}

#[test]
fn what_the_fee_leaves_of_an_amount_must_be_worth_sending() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let least = Amount::from_sat(294);
    let error = bench.try_draft(&pay(&stranger(1), less_fee(400))).unwrap_err();
    let CommandError::Dust { amount, least: told } = error else { panic!("{error}") };
    assert_eq!((amount < least, told), (true, least));
    let moment = bench.moment();
    assert_eq!(bench.wallet.drafts(&moment).unwrap(), []);
}

#[test]
fn the_rest_is_shared_by_those_without_an_amount() {
    let mut bench = bench();
    bench.fund(TAPROOT, 50_000);
    bench.fund(SEGWIT, 90_001);
    let request = and(pay(&stranger(1), PayAmount::Share), 2, exactly(30_000));
    let draft = bench.draft(&and(request, 3, PayAmount::Share));
    let rest = 140_001 - 30_000 - draft.fee.to_sat();
    assert_eq!(
        [1, 2, 3].map(|number| got(&draft, number)),
        [rest / 2 + rest % 2, 30_000, rest / 2]
    );
    bench.sign(&draft);
    assert_eq!(bench.total(), Amount::ZERO);
    let request = and(pay(&stranger(1), PayAmount::Share), 2, less_fee(30_000));
    let bad = CommandError::BadRecipients(RecipientsProblem::MaxBesideOthers);
    assert_eq!(bench.try_draft(&request), Err(bad));
}

#[test]
fn worthless_coins_go_along_only_if_that_is_asked_for() {
    let mut bench = bench();
    bench.fund(TAPROOT, 50_000);
    bench.fund(TAPROOT, 40);
    let mut request = pay(&stranger(1), PayAmount::Share);
    let draft = bench.draft(&request);
    assert_eq!(draft.inputs.len(), 1);
    bench.wallet.drop_draft(draft.id).unwrap();
    request.choice.even_worthless = true;
    assert_eq!(bench.draft(&request).inputs.len(), 2);
}

#[test]
fn others_are_chosen_beside_named_coins_only_if_that_is_asked_for() {
    let mut bench = bench();
    let [small, ..] = [10_000, 60_000, 90_000].map(|sat| bench.fund(TAPROOT, sat));
    let mut request = pay(&stranger(1), exactly(50_000));
    request.coins = vec![small];
    assert_eq!(bench.try_draft(&request).unwrap_err().name(), "insufficient_funds");
    request.choice.beside = true;
    let draft = bench.draft(&request);
    assert_eq!(spent(&draft), Amount::from_sat(70_000), "the smaller one is enough");
    assert!(draft.inputs.iter().any(|coin| coin.outpoint == small));
    bench.wallet.drop_draft(draft.id).unwrap();
    request.recipients[0].amount = exactly(9_000);
    assert_eq!(bench.draft(&request).inputs.len(), 1, "the named one is enough");
}

#[test]
fn coins_are_chosen_by_their_depth() {
    let mut bench = bench();
    let old = bench.fund(TAPROOT, 40_000);
    bench.mine_empty(5);
    let young = bench.fund(TAPROOT, 40_000);
    let mut request = pay(&stranger(1), exactly(10_000));
    let one = |draft: &Draft| -> Vec<OutPoint> {
        draft.inputs.iter().map(|coin| coin.outpoint).collect()
    };
    request.choice.least_depth = 7;
    let draft = bench.draft(&request);
    assert_eq!(one(&draft), [old]);
    request.choice.least_depth = 8;
    assert_eq!(bench.try_draft(&request).unwrap_err().name(), "insufficient_funds");
    bench.wallet.drop_draft(draft.id).unwrap();
    request.choice.least_depth = 1;
    request.choice.most_depth = Some(1);
    assert_eq!(one(&bench.draft(&request)), [young]);
}

#[test]
fn a_strangers_coin_is_spent_only_if_that_is_asked_for() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    bench.reorganise(1);
    let mut request = pay(&stranger(1), exactly(10_000));
    assert_eq!(bench.try_draft(&request).unwrap_err().name(), "insufficient_funds");
    request.choice.strangers = true;
    assert_eq!(spent(&bench.draft(&request)), Amount::from_sat(100_000));
}

#[test]
fn a_transaction_has_the_form_that_was_asked_for() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let own = bench.issue(SEGWIT);
    let mut request = pay(&stranger(1), exactly(10_000));
    for number in 2..=5 {
        request = and(request, number, exactly(10_000 + u64::from(number)));
    }
    request.layout.in_order = true;
    request.layout.change_at = Some(2);
    request.layout.publishes = Some((1, b"said".to_vec()));
    request.layout.lock_time = Some(LockTime::ZERO);
    request.layout.is_final = true;
    request.layout.change_to =
        Some(bitcoin::Address::from_script(&own, bitcoin::Network::Regtest).unwrap());
    let draft = bench.draft(&request);
    let amounts: Vec<u64> =
        draft.unsigned.output.iter().map(|output| output.value.to_sat()).collect();
    let change = draft.change.as_ref().expect("it comes back");
    assert_eq!(amounts, [10_000, 0, change.amount.to_sat(), 10_002, 10_003, 10_004, 10_005]);
    assert_eq!((change.vout, change.address.script_pubkey()), (2, own));
    assert_eq!(draft.unsigned.output[1].script_pubkey.to_hex_string(), "6a0473616964");
    assert_eq!(draft.unsigned.lock_time, LockTime::ZERO);
    let quiet = Sequence::ENABLE_LOCKTIME_NO_RBF;
    assert!(draft.unsigned.input.iter().all(|input| input.sequence == quiet));
    let payment = bench.sign(&draft);
    assert_eq!(payment.fee, draft.fee);
}

#[test]
fn change_to_others_is_told_as_theirs() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let mut request = pay(&stranger(1), exactly(10_000));
    request.layout.change_to = Some(stranger(2));
    let draft = bench.draft(&request);
    assert_eq!(draft.change, None);
    assert_eq!(got(&draft, 2), 90_000 - draft.fee.to_sat());
    bench.sign(&draft);
    assert_eq!(bench.total(), Amount::ZERO);
}

#[test]
fn a_transaction_is_not_heavier_than_was_asked_for() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let mut request = pay(&stranger(1), exactly(10_000));
    request.layout.most_weight = Some(Weight::from_wu(500));
    let error = bench.try_draft(&request).unwrap_err();
    assert_eq!(error.name(), "too_large");
}

#[test]
fn a_draft_that_holds_nothing_gives_its_change_address_to_no_other() {
    let mut bench = bench();
    let coin = bench.fund(TAPROOT, 100_000);
    let mut request = pay(&stranger(1), exactly(10_000));
    request.hold = Hold::Not;
    let [first, second] = [bench.draft(&request), bench.draft(&request)];
    let change = |draft: &Draft| draft.change.clone().expect("it comes back").address;
    assert_ne!(change(&first), change(&second));
    assert_eq!([&first, &second].map(|draft| draft.inputs[0].outpoint), [coin; 2]);
    let moment = bench.moment();
    assert_eq!(bench.wallet.drafts(&moment).unwrap(), []);
}
