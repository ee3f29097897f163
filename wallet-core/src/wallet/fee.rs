//! Owns weights and fees of the wallet's transactions before they are signed, and the guards on
//! fee rates and fees.
//!
//! All in integers: a fee is the rate times the virtual size (BIP141), rounded up.

use bitcoin::{Amount, FeeRate, Script, Weight};

use crate::command::{CommandError, Warning};
use crate::keychain::ScriptType;
use crate::limits::{LEAST_FEE_RATE, MOST_FEE_RATE, MOST_WEIGHT};

/// The fee rate of a payment that asks for none: 2 sat/vB. It stands until fees are estimated from
/// what peers relay, and the review says that it was taken.
pub const DEFAULT_FEE_RATE: FeeRate = FeeRate::from_sat_per_kwu(500);

/// The weight of a transaction that spends scripts of these types to these scripts, signed with
/// the longest signatures.
#[must_use]
pub fn weight<'a>(
    inputs: impl IntoIterator<Item = ScriptType>,
    outputs: impl IntoIterator<Item = &'a Script>,
) -> Weight {
    let (mut count, mut legacy, mut satisfaction) = (0_usize, 0_u64, Weight::ZERO);
    for script_type in inputs {
        count += 1;
        legacy += u64::from(script_type == ScriptType::Legacy);
        satisfaction += script_type.satisfaction_weight();
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

/// The weight of one input of this type, in a transaction with witnesses.
#[must_use]
pub fn input_weight(script_type: ScriptType) -> Weight {
    let empty_witness = u64::from(script_type == ScriptType::Legacy);
    Weight::from_wu(4 * INPUT_BYTES + empty_witness) + script_type.satisfaction_weight()
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

/// The fee rate to use for a payment.
///
/// # Errors
/// [`CommandError::FeeRateOutOfRange`].
pub fn check_rate(asked: Option<FeeRate>) -> Result<FeeRate, CommandError> {
    let rate = asked.unwrap_or(DEFAULT_FEE_RATE);
    if (LEAST_FEE_RATE..=MOST_FEE_RATE).contains(&rate) {
        Ok(rate)
    } else {
        Err(CommandError::FeeRateOutOfRange(rate.to_sat_per_kwu()))
    }
}

/// Refuses a fee that is out of proportion to what is paid.
///
/// # Errors
/// [`CommandError::FeeTooHigh`].
pub fn check_fee(fee: Amount, paid: Amount) -> Result<(), CommandError> {
    if fee > FEE_ALWAYS_ALLOWED && fee > paid / 4 {
        return Err(CommandError::FeeTooHigh { fee, paid });
    }
    Ok(())
}

/// Refuses a transaction that no node relays.
///
/// # Errors
/// [`CommandError::TooLarge`].
pub fn check_weight(weight: Weight) -> Result<(), CommandError> {
    if weight > MOST_WEIGHT {
        return Err(CommandError::TooLarge { weight, most: MOST_WEIGHT });
    }
    Ok(())
}

/// The warning for a fee above 5 % of what is paid.
#[must_use]
pub fn warning(fee: Amount, paid: Amount) -> Option<Warning> {
    (fee > paid / 20).then_some(Warning::HighFee { fee, paid })
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
