//! Owns how people write and read amounts and fee rates.
//!
//! Refuses to guess: a decimal number without a unit, a comma, or a fraction of a satoshi is an
//! error that shows what could have been meant.

use std::fmt;

use bitcoin::{Amount, FeeRate};

use crate::command::PayAmount;

/// Reads `25k`, `25000sat`, `0.001btc` or a bare whole number of satoshi.
///
/// # Errors
/// See [`ParseAmountError`].
pub fn parse_amount(_text: &str) -> Result<Amount, ParseAmountError> {
    todo!()
}

/// Reads what [`parse_amount`] reads, or `max`.
///
/// # Errors
/// See [`ParseAmountError`].
pub fn parse_pay_amount(_text: &str) -> Result<PayAmount, ParseAmountError> {
    todo!()
}

/// Reads a fee rate in sat/vB with up to three decimals, at least 0.1.
///
/// # Errors
/// See [`ParseFeeRateError`].
pub fn parse_fee_rate(_text: &str) -> Result<FeeRate, ParseFeeRateError> {
    todo!()
}

/// Writes an amount for people: `0.01 250 000 BTC`; [`parse_amount`] reads it back.
pub fn display_amount(_amount: Amount) -> impl fmt::Display {
    ""
}

/// Writes a fee rate in sat/vB, exactly, without the unit: `2.1`; [`parse_fee_rate`] reads it back.
pub fn display_fee_rate(_rate: FeeRate) -> impl fmt::Display {
    ""
}

/// Why a text is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseAmountError {
    /// Not a number with a unit.
    #[error("not an amount: write 25k, 25000sat, 0.001btc or a whole number of satoshi")]
    Malformed,
}

/// Why a text is not a fee rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseFeeRateError {
    /// Not a decimal number.
    #[error("not a fee rate: write sat/vB with up to 3 decimals, like 2.5")]
    Malformed,
}
