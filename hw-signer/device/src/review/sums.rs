//! Owns what a transaction does to the device's money.
//!
//! Refuses sums that no transaction can have.

use bitcoin::{Amount, Transaction, Weight};

use super::Refusal;
use super::coin::Coin;
use super::owner::{Found, Wallet};

/// What a transaction does to the device's money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sums {
    /// What the device's inputs spend.
    pub(super) spends: Amount,
    /// What the outputs that are the device's pay.
    pub(super) returns: Amount,
    pub(super) fee: Amount,
    /// What it weighs when it is signed, at most; `None` if somebody else's inputs are not known.
    pub(super) weight: Option<Weight>,
    /// The output that is change, if there is exactly one.
    pub(super) change: Option<usize>,
}

impl Sums {
    pub(super) fn of(
        transaction: &Transaction,
        coins: &[Coin],
        inputs: &[Option<Found>],
        outputs: &[Option<Found>],
    ) -> Result<Self, Refusal> {
        let put_in = sum(coins.iter().map(|coin| coin.output.value))?;
        let paid_out = sum(transaction.output.iter().map(|output| output.value))?;
        let fee = put_in.checked_sub(paid_out).ok_or(Refusal::Impossible)?;
        let own = coins.iter().zip(inputs).filter(|(_, found)| found.is_some());
        let spends = sum(own.map(|(coin, _)| coin.output.value))?;
        let own = transaction.output.iter().zip(outputs).filter(|(_, found)| found.is_some());
        let returns = sum(own.map(|(output, _)| output.value))?;
        let change = change(inputs, outputs);
        Ok(Self { spends, returns, fee, weight: weight(transaction, coins, inputs), change })
    }
}

/// The one output that goes back where all own inputs came from.
fn change(inputs: &[Option<Found>], outputs: &[Option<Found>]) -> Option<usize> {
    let wallet = one_wallet(inputs)?;
    let back = |found: &Option<Found>| {
        found.as_ref().is_some_and(|found| found.change && found.wallet == *wallet)
    };
    let mut changes = (0..outputs.len()).filter(|output| back(&outputs[*output]));
    let first = changes.next()?;
    changes.next().is_none().then_some(first)
}

/// The wallet that all own inputs are of, if its change is recognised.
fn one_wallet(inputs: &[Option<Found>]) -> Option<&Wallet> {
    let mut wallets = inputs.iter().flatten().map(|found| &found.wallet);
    let first = wallets.next()?;
    (first.is_known() && wallets.all(|wallet| wallet == first)).then_some(first)
}

fn weight(transaction: &Transaction, coins: &[Coin], inputs: &[Option<Found>]) -> Option<Weight> {
    let mut satisfied = transaction.weight();
    for (coin, found) in coins.iter().zip(inputs) {
        satisfied += match found {
            Some(found) => found.spending.satisfaction,
            None => usual_satisfaction(&coin.output.script_pubkey)?,
        };
    }
    // The marker and the number of witnesses of each input, which the unsigned one has not.
    Some(satisfied + Weight::from_wu(2 + u64::try_from(coins.len()).ok()?))
}

fn usual_satisfaction(script: &bitcoin::Script) -> Option<Weight> {
    let weight = if script.is_p2wpkh() {
        107
    } else if script.is_p2tr() {
        65
    } else if script.is_p2pkh() {
        4 * 107
    } else {
        return None;
    };
    Some(Weight::from_wu(weight))
}

/// The sum, if there is so much money.
fn sum(amounts: impl Iterator<Item = Amount>) -> Result<Amount, Refusal> {
    let mut sum = Amount::ZERO;
    for amount in amounts {
        let more = sum.checked_add(amount).filter(|more| *more <= Amount::MAX_MONEY);
        sum = more.ok_or(Refusal::Overflow)?;
    }
    Ok(sum)
}
