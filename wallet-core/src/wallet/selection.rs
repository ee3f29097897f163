//! Owns the choice of coins: a pure function of amounts, weights and a fee rate.
//!
//! First a search for coins that need no change (Bitcoin Core's branch and bound, on effective
//! values), else the smallest coin that is enough, else the largest ones. All in integers. Refuses
//! to know which coins may be spent: it gets only those.

use bitcoin::{Amount, FeeRate, Script, Weight};

use crate::keychain::SpendPlan;
use crate::limits::{CHANGELESS_SEARCH_STEPS, MOST_WEIGHT, SHORTLIST};

use super::fee::{self, Price};

/// What a coin is to the choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    /// How much it holds.
    pub(super) amount: Amount,
    /// How it is spent.
    pub(super) plan: SpendPlan,
}

/// What the chosen coins have to do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    /// The scripts that are paid.
    pub(super) outputs: &'a [&'a Script],
    /// What they are paid, all together.
    pub(super) paid: Amount,
    /// What the transaction is to cost.
    pub(super) price: Price,
    /// A script as the change has it, and how it will be spent.
    pub(super) change: (&'a Script, SpendPlan),
}

/// The chosen coins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selection {
    /// Their places in the list of candidates.
    pub(super) coins: Vec<usize>,
    /// What comes back.
    pub(super) change: Option<Amount>,
    /// The fee, at least what the rate asks for.
    pub(super) fee: Amount,
}

/// Chooses coins; `None` if all of them are not enough.
pub(super) fn select(candidates: &[Candidate], target: &Target<'_>) -> Option<Selection> {
    let mut order: Vec<(usize, i128)> = candidates
        .iter()
        .map(|candidate| effective_value(candidate, target.price.marginal()))
        .enumerate()
        .filter(|(_, value)| *value > 0)
        .collect();
    order.sort_by_key(|&(at, value)| (std::cmp::Reverse(value), at));
    changeless(candidates, target, &order)
        .filter(|selection| is_relayed(candidates, target, selection))
        .or_else(|| single(candidates, target, &order))
        .or_else(|| largest(candidates, target, &order))
}

/// Spends the first `fixed` candidates, and beside them as few of the others as are enough; `None`
/// if all of them are not.
pub(super) fn select_beside(
    candidates: &[Candidate],
    fixed: usize,
    target: &Target<'_>,
) -> Option<Selection> {
    let rate = target.price.marginal();
    let mut others: Vec<usize> = (fixed..candidates.len())
        .filter(|&at| effective_value(&candidates[at], rate) > 0)
        .collect();
    others.sort_by_key(|&at| (effective_value(&candidates[at], rate), at));
    let with = |more: &[usize]| {
        finish(candidates, target, (0..fixed).chain(more.iter().copied()).collect())
    };
    let single = || {
        let one = others.iter().filter_map(|at| with(std::slice::from_ref(at)));
        one.into_iter().find(|selection| selection.change.is_some())
    };
    let largest = || {
        let counts = 1..=others.len();
        counts.into_iter().find_map(|count| with(&others[others.len() - count..]))
    };
    with(&[]).or_else(single).or_else(largest)
}

/// What spending exactly these coins leaves; `None` if they are not enough.
pub(super) fn finish(
    candidates: &[Candidate],
    target: &Target<'_>,
    coins: Vec<usize>,
) -> Option<Selection> {
    let inputs = || coins.iter().map(|&at| candidates[at].plan);
    let mut sum = coins.iter().map(|&at| candidates[at].amount);
    let rest = sum.try_fold(Amount::ZERO, Amount::checked_add)?.checked_sub(target.paid)?;
    let outputs = || target.outputs.iter().copied();
    let bare = target.price.fee(fee::weight(inputs(), outputs()));
    let with_change = outputs().chain([target.change.0]);
    let changed = target.price.fee(fee::weight(inputs(), with_change));
    if let Some(change) = rest.checked_sub(changed).filter(|c| *c >= least_change(target)) {
        return Some(Selection { coins, change: Some(change), fee: changed });
    }
    (rest >= bare).then_some(Selection { coins, change: None, fee: rest })
}

/// Whether a coin holds more than it costs to spend.
pub(super) fn is_worth_spending(candidate: &Candidate, rate: FeeRate) -> bool {
    effective_value(candidate, rate) > 0
}

/// Whether nodes relay a payment without change out of these coins. One that meets the target
/// closely with thousands of small ones is worth nothing.
fn is_relayed(candidates: &[Candidate], target: &Target<'_>, selection: &Selection) -> bool {
    let plans = selection.coins.iter().map(|&at| candidates[at].plan);
    fee::weight(plans, target.outputs.iter().copied()) <= MOST_WEIGHT
}

/// The most that a coin may hold to be one of those that need no change.
pub(super) fn most_changeless(target: &Target<'_>, plan: SpendPlan) -> Amount {
    let (_, high) = changeless_range(target);
    let most = (high + cost(target.price.marginal(), fee::input_weight(plan))) / 1000;
    u64::try_from(most).map_or(Amount::MAX_MONEY, Amount::from_sat)
}

/// The least that a coin must hold to be enough alone and leave change.
pub(super) fn least_alone(target: &Target<'_>, plan: SpendPlan) -> Option<Amount> {
    let outputs = target.outputs.iter().copied().chain([target.change.0]);
    let fee = target.price.fee(fee::weight([plan], outputs));
    target.paid.checked_add(fee)?.checked_add(least_change(target))
}

/// Coins whose effective values meet the target so closely that change would cost more than the
/// rest. Of those found, the ones that leave least. Only the largest are looked at of many.
fn changeless(
    candidates: &[Candidate],
    target: &Target<'_>,
    order: &[(usize, i128)],
) -> Option<Selection> {
    let (low, high) = changeless_range(target);
    // What is too much alone only costs steps.
    let order: Vec<_> =
        order.iter().filter(|(_, value)| *value <= high).take(SHORTLIST).copied().collect();
    let values: Vec<i128> = order.iter().map(|&(_, value)| value).collect();
    let found = closest_sum(&values, low, high)?;
    let coins = found.into_iter().map(|at| order[at].0).collect();
    finish(candidates, target, coins)
}

/// From which sum on no change is needed, and up to which change would cost more, in thousandths.
fn changeless_range(target: &Target<'_>) -> (i128, i128) {
    let overhead = fee::weight([], target.outputs.iter().copied()) + WITNESS_AND_ROUNDING;
    let low =
        thousandths(target.paid) + fixed(target.price) + cost(target.price.marginal(), overhead);
    let high = low
        + cost(target.price.marginal(), fee::output_weight(target.change.0))
        + cost(target.price.marginal().min(PATIENT_RATE), fee::input_weight(target.change.1));
    (low, high)
}

/// The subset of `values`, which fall, with the least sum from `low` to `high`.
///
/// Depth first: take a value, then leave it out, with a bound on the steps. A value equal to one
/// that was just left out is left out as well: the sums are the same.
fn closest_sum(values: &[i128], low: i128, mut high: i128) -> Option<Vec<usize>> {
    // What all values from a place on come to.
    let mut rest: Vec<i128> = values.to_vec();
    rest.push(0);
    (0..values.len()).rev().for_each(|at| rest[at] += rest[at + 1]);
    let (mut sum, mut at) = (0_i128, 0_usize);
    let mut taken: Vec<usize> = Vec::new();
    let mut best = None;
    for _ in 0..CHANGELESS_SEARCH_STEPS {
        if sum >= low && sum <= high {
            best = Some(taken.clone());
            high = sum - 1;
        }
        if sum > high || sum + rest[at] < low || at == values.len() {
            // Back to the last value taken, which is left out from now on.
            let Some(last) = taken.pop() else { break };
            sum -= values[last];
            at = last + 1;
            while at < values.len() && values[at] == values[last] {
                at += 1;
            }
            continue;
        }
        sum += values[at];
        taken.push(at);
        at += 1;
    }
    best
}

/// The smallest coin that is enough alone and leaves change.
fn single(
    candidates: &[Candidate],
    target: &Target<'_>,
    order: &[(usize, i128)],
) -> Option<Selection> {
    order
        .iter()
        .rev()
        .filter_map(|&(at, _)| finish(candidates, target, vec![at]))
        .find(|selection| selection.change.is_some())
}

/// The largest coins, as few as are enough.
fn largest(
    candidates: &[Candidate],
    target: &Target<'_>,
    order: &[(usize, i128)],
) -> Option<Selection> {
    let overhead = fee::weight([], target.outputs.iter().copied());
    let needed =
        thousandths(target.paid) + fixed(target.price) + cost(target.price.marginal(), overhead);
    let mut sum = 0;
    let mut coins = Vec::new();
    for &(at, value) in order {
        coins.push(at);
        sum += value;
        let enough = sum >= needed;
        if let Some(selection) = enough.then(|| finish(candidates, target, coins.clone())).flatten()
        {
            return Some(selection);
        }
    }
    None
}

/// Below this, change is given to the fee: it would not be relayed, or cost more to spend than it
/// holds, even for somebody who can wait until fees are low.
fn least_change(target: &Target<'_>) -> Amount {
    let rate = target.price.marginal().min(PATIENT_RATE);
    let to_spend = fee::fee(rate, fee::input_weight(target.change.1));
    target.change.0.minimal_non_dust().max(to_spend)
}

/// What a coin adds beyond the cost of spending it, in thousandths of a satoshi.
fn effective_value(candidate: &Candidate, rate: FeeRate) -> i128 {
    thousandths(candidate.amount) - cost(rate, fee::input_weight(candidate.plan))
}

/// A rate is in satoshi for 1000 weight units, so these products are exact.
fn cost(rate: FeeRate, weight: Weight) -> i128 {
    i128::from(rate.to_sat_per_kwu()) * i128::from(weight.to_wu())
}

/// What is to be paid whatever the weight.
fn fixed(price: Price) -> i128 {
    match price {
        Price::Rate(_) => 0,
        Price::Total(total) => thousandths(total),
    }
}

fn thousandths(amount: Amount) -> i128 {
    i128::from(amount.to_sat()) * 1000
}

/// Marker and flag, two more bytes for a long count of inputs, and rounding up to whole vbytes.
const WITNESS_AND_ROUNDING: Weight = Weight::from_wu(2 + 8 + 3);

/// What somebody pays who can wait: 10 sat/vB, as Bitcoin Core assumes for spending change later.
const PATIENT_RATE: FeeRate = FeeRate::from_sat_per_kwu(2_500);
