//! Owns weights and fees of the wallet's transactions before they are signed, how a fee is chosen,
//! and the guards on fee rates and fees.
//!
//! All in integers: a fee is the rate times the virtual size (BIP141), rounded up. Refuses an
//! estimate of which little is known when nobody asked for one: peers could talk it up.

use bitcoin::transaction::Version;
use bitcoin::{Amount, FeeRate, Script, Weight};

use crate::command::{CommandError, FeeBasis, FeeChoice, Warning};
use crate::keychain::SpendPlan;
use crate::light_client::fees::{Confidence, FeeReport};
use crate::limits::{LEAST_FEE_RATE, MOST_FEE, MOST_FEE_RATE, MOST_WEIGHT};

/// The fee rate of a payment that asks for none, while too little is known for an estimate:
/// 2 sat/vB. The review says that it was taken.
pub const DEFAULT_FEE_RATE: FeeRate = FeeRate::from_sat_per_kwu(500);

/// The time that a payment may take that asks for none, in blocks.
pub const DEFAULT_TARGET: u16 = 6;

/// What a transaction is to cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Price {
    /// So much for its weight.
    Rate(FeeRate),
    /// So much.
    Total(Amount),
}

impl Price {
    /// The fee of a transaction of this weight.
    #[must_use]
    pub fn fee(self, weight: Weight) -> Amount {
        match self {
            Self::Rate(rate) => fee(rate, weight),
            Self::Total(total) => total,
        }
    }

    /// What more weight costs.
    #[must_use]
    pub const fn marginal(self) -> FeeRate {
        match self {
            Self::Rate(rate) => rate,
            Self::Total(_) => FeeRate::ZERO,
        }
    }
}

/// What a transaction is to cost by this choice, and where that comes from.
///
/// # Errors
/// [`CommandError::FeeRateOutOfRange`], [`CommandError::FeeAboveLimit`] or
/// [`CommandError::FeeUnknown`].
pub fn price(choice: FeeChoice, fees: &FeeReport) -> Result<(Price, FeeBasis), CommandError> {
    let (rate, basis) = match choice {
        FeeChoice::Total(total) => {
            if total > Amount::MAX_MONEY {
                return Err(CommandError::FeeAboveLimit { fee: total, most: MOST_FEE });
            }
            return Ok((Price::Total(total), FeeBasis::Asked));
        }
        FeeChoice::Rate(rate) => (rate, FeeBasis::Asked),
        FeeChoice::Target(target) => {
            let estimate = estimate(fees, target, Confidence::Low);
            let (rate, confidence) = estimate.ok_or(CommandError::FeeUnknown { target })?;
            (rate, FeeBasis::Estimate { target, confidence })
        }
        FeeChoice::Default => match estimate(fees, DEFAULT_TARGET, Confidence::Medium) {
            Some((rate, confidence)) => {
                (rate, FeeBasis::Estimate { target: DEFAULT_TARGET, confidence })
            }
            None => (DEFAULT_FEE_RATE, FeeBasis::Fallback),
        },
    };
    check_rate(rate)?;
    Ok((Price::Rate(rate), basis))
}

/// The rate that payments usually have, as far as it is known.
#[must_use]
pub fn usual_rate(fees: &FeeReport) -> Option<FeeRate> {
    estimate(fees, DEFAULT_TARGET, Confidence::Low).map(|(rate, _)| rate)
}

/// The weight of a transaction that spends coins in these ways to these scripts, signed with the
/// longest signatures.
#[must_use]
pub fn weight<'a>(
    inputs: impl IntoIterator<Item = SpendPlan>,
    outputs: impl IntoIterator<Item = &'a Script>,
) -> Weight {
    let (mut count, mut legacy, mut satisfaction) = (0_usize, 0_u64, Weight::ZERO);
    for plan in inputs {
        count += 1;
        legacy += u64::from(!plan.has_witness);
        satisfaction += plan.satisfaction;
    }
    let (mut paid, mut output_bytes) = (0_usize, 0_u64);
    for spk in outputs {
        paid += 1;
        output_bytes += output_size(spk);
    }
    let segwit = legacy < count as u64;
    // A transaction with witnesses has a marker, a flag, and an empty witness for each input
    // without one.
    let witness = if segwit { 2 + legacy } else { 0 };
    let bytes = VERSION_AND_LOCK_TIME
        + compact_size(count)
        + INPUT_BYTES * count as u64
        + compact_size(paid)
        + output_bytes;
    Weight::from_wu(4 * bytes + witness) + satisfaction
}

/// The weight of one input that is spent in this way, in a transaction with witnesses.
#[must_use]
pub fn input_weight(plan: SpendPlan) -> Weight {
    let empty_witness = u64::from(!plan.has_witness);
    Weight::from_wu(4 * INPUT_BYTES + empty_witness) + plan.satisfaction
}

/// The same way to spend, of an input that weighs so much once it is signed. No input weighs less
/// than an empty one.
#[must_use]
pub fn weighing(plan: SpendPlan, weight: Weight) -> SpendPlan {
    let empty = input_weight(SpendPlan { satisfaction: Weight::ZERO, ..plan });
    let satisfaction = weight.checked_sub(empty).unwrap_or(Weight::ZERO);
    SpendPlan { satisfaction, ..plan }
}

/// The weight of one output to this script.
#[must_use]
pub fn output_weight(spk: &Script) -> Weight {
    Weight::from_wu(4 * output_size(spk))
}

/// What a transaction of this weight costs; saturates far above all money.
#[must_use]
pub fn fee(rate: FeeRate, weight: Weight) -> Amount {
    let vsize = u128::from(weight.to_vbytes_ceil());
    let sat = (u128::from(rate.to_sat_per_kwu()) * 4 * vsize).div_ceil(1000);
    Amount::from_sat(u64::try_from(sat).unwrap_or(u64::MAX))
}

/// The rate that a fee is for this weight, rounded down.
#[must_use]
pub fn rate(fee: Amount, weight: Weight) -> FeeRate {
    let kwu = u128::from(weight.to_vbytes_ceil()) * 4;
    let rate = (u128::from(fee.to_sat()) * 1000).checked_div(kwu).unwrap_or(0);
    FeeRate::from_sat_per_kwu(u64::try_from(rate).unwrap_or(u64::MAX))
}

/// Refuses a fee rate that no peer relays, or that nobody can mean.
///
/// # Errors
/// [`CommandError::FeeRateOutOfRange`].
pub fn check_rate(rate: FeeRate) -> Result<(), CommandError> {
    if (LEAST_FEE_RATE..=MOST_FEE_RATE).contains(&rate) {
        Ok(())
    } else {
        Err(CommandError::FeeRateOutOfRange(rate.to_sat_per_kwu()))
    }
}

/// Refuses a fee above what the asker named as the most. Who named nothing is not let pay what is
/// out of proportion to what is paid, nor what nobody can mean.
///
/// # Errors
/// [`CommandError::FeeTooHigh`], [`CommandError::FeeAboveLimit`].
pub fn check_fee(fee: Amount, paid: Amount, most: Option<Amount>) -> Result<(), CommandError> {
    if most.is_none() && fee > FEE_ALWAYS_ALLOWED && fee > paid / 4 {
        return Err(CommandError::FeeTooHigh { fee, paid });
    }
    let most = most.unwrap_or(MOST_FEE);
    if fee > most {
        return Err(CommandError::FeeAboveLimit { fee, most });
    }
    Ok(())
}

/// The most that a transaction of a version may weigh, where its asker names a bound of their own.
/// Of version 3 nodes take less, and of a child of one in no block still less (BIP431).
#[must_use]
pub fn most_weight(
    version: Option<Version>,
    is_child: bool,
    most: Option<Weight>,
) -> Option<Weight> {
    let restricted = match (version, is_child) {
        (Some(Version(3)), true) => Some(Weight::from_wu(4_000)),
        (Some(Version(3)), false) => Some(Weight::from_wu(40_000)),
        _ => None,
    };
    most.into_iter().chain(restricted).min()
}

/// Refuses a transaction that no node relays, or that is heavier than its asker wants it.
///
/// # Errors
/// [`CommandError::TooLarge`].
pub fn check_weight(weight: Weight, most: Option<Weight>) -> Result<(), CommandError> {
    let most = most.map_or(MOST_WEIGHT, |most| most.min(MOST_WEIGHT));
    if weight > most {
        return Err(CommandError::TooLarge { weight, most });
    }
    Ok(())
}

/// The warning for a fee above 5 % of what is paid.
#[must_use]
pub fn high_fee(fee: Amount, paid: Amount) -> Option<Warning> {
    (fee > paid / 20).then_some(Warning::HighFee { fee, paid })
}

/// The warning for a rate above ten times the usual one.
#[must_use]
pub fn high_rate(rate: FeeRate, fees: &FeeReport) -> Option<Warning> {
    let usual = usual_rate(fees)?;
    let high = rate.to_sat_per_kwu() / 10 > usual.to_sat_per_kwu();
    high.then_some(Warning::HighFeeRate { rate, usual })
}

/// The estimate for a time, or for a shorter one: what is enough for that is enough for this.
fn estimate(fees: &FeeReport, target: u16, least: Confidence) -> Option<(FeeRate, Confidence)> {
    let known = fees.estimates.iter().filter(|estimate| estimate.target <= target);
    let known = known.filter(|estimate| estimate.confidence >= least);
    let found = known.max_by_key(|estimate| estimate.target)?;
    found.rate.map(|rate| (rate, found.confidence))
}

fn output_size(spk: &Script) -> u64 {
    8 + compact_size(spk.len()) + spk.len() as u64
}

/// The bytes that a count takes on the wire.
fn compact_size(count: usize) -> u64 {
    match count {
        0..=0xFC => 1,
        0xFD..=0xFFFF => 3,
        _ => 5,
    }
}

/// Small payments may cost more than a quarter of themselves.
const FEE_ALWAYS_ALLOWED: Amount = Amount::from_sat(10_000);

const VERSION_AND_LOCK_TIME: u64 = 4 + 4;

/// Outpoint, length of an empty script, sequence.
const INPUT_BYTES: u64 = 36 + 1 + 4;
