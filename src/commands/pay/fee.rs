//! Owns how the options for a fee are read.

use billfold_wallet_core::amount::{parse_amount, parse_fee_rate};
use billfold_wallet_core::command::FeeChoice;
use bitcoin::Amount;

use crate::cli::paying::FeeArgs;
use crate::failure::Failure;

/// What was chosen; the command line lets through one of the options at the most.
///
/// # Errors
/// `bad_fee_rate`, `bad_amount`.
pub(crate) fn read(options: &FeeArgs) -> Result<FeeChoice, Failure> {
    Ok(match (&options.fee_rate, &options.fee, options.target) {
        (Some(rate), _, _) => FeeChoice::Rate(parse_fee_rate(rate)?),
        (None, Some(total), _) => FeeChoice::Total(parse_amount(total)?),
        (None, None, Some(target)) => FeeChoice::Target(target),
        (None, None, None) => FeeChoice::Default,
    })
}

/// The most that it may be.
///
/// # Errors
/// `bad_amount`.
pub(crate) fn most(options: &FeeArgs) -> Result<Option<Amount>, Failure> {
    Ok(options.max_fee.as_deref().map(parse_amount).transpose()?)
}
