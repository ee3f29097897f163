//! Owns how people write and read amounts and fee rates.
//!
//! Refuses to guess: a decimal number without a unit, a comma, or a fraction of a satoshi is an
//! error that shows what could have been meant.

use bitcoin::{Amount, FeeRate};

use crate::command::PayAmount;
use crate::limits::{LEAST_FEE_RATE, MOST_FEE_RATE};

/// Reads `25k` (thousands of satoshi), `25000sat`, `0.001btc` or a bare whole number of satoshi.
/// A space before the unit and any case are understood, and so is what [`display_amount`] writes.
///
/// # Errors
/// See [`ParseAmountError`].
pub fn parse_amount(text: &str) -> Result<Amount, ParseAmountError> {
    let text = text.trim();
    if text.starts_with('-') {
        return Err(ParseAmountError::Negative);
    }
    if text.contains(',') {
        return Err(ParseAmountError::Comma);
    }
    let unit_at = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
    let (number, unit) = (text[..unit_at].trim_end(), &text[unit_at..]);
    match unit.to_ascii_lowercase().as_str() {
        "" if number.contains('.') => Err(needs_unit(number)?),
        "" | "sat" | "sats" => parse_scaled(number, SATOSHI),
        "k" => parse_scaled(number, THOUSAND),
        "btc" if number.contains(' ') => parse_grouped(number),
        "btc" => parse_scaled(number, BITCOIN),
        _ => Err(ParseAmountError::Malformed),
    }
}

/// Reads what [`parse_amount`] reads, or `max`.
///
/// # Errors
/// See [`ParseAmountError`].
pub fn parse_pay_amount(text: &str) -> Result<PayAmount, ParseAmountError> {
    if text.trim().eq_ignore_ascii_case("max") {
        return Ok(PayAmount::Max);
    }
    parse_amount(text).map(PayAmount::Exactly)
}

/// Reads a decimal number of bitcoin without a unit, as BIP321 writes it.
pub(crate) fn parse_bitcoin(text: &str) -> Result<Amount, ParseAmountError> {
    parse_scaled(text, BITCOIN)
}

/// Reads a fee rate in sat/vB with up to three decimals, from 0.1 to 10,000. Rates count in
/// steps of 0.004 sat/vB (1 sat/kWU); what lies between is rounded up.
///
/// # Errors
/// See [`ParseFeeRateError`].
pub fn parse_fee_rate(text: &str) -> Result<FeeRate, ParseFeeRateError> {
    let thousandths = match parse_digits(text.trim(), FEE_RATE_DECIMALS) {
        Ok(thousandths) => thousandths,
        Err(DigitsProblem::Malformed) => return Err(ParseFeeRateError::Malformed),
        Err(DigitsProblem::TooPrecise) => return Err(ParseFeeRateError::TooPrecise),
        Err(DigitsProblem::TooMuch) => return Err(ParseFeeRateError::OutOfRange),
    };
    let rate = FeeRate::from_sat_per_kwu(thousandths.div_ceil(THOUSANDTHS_PER_KWU));
    let exact_floor = LEAST_FEE_RATE.to_sat_per_kwu() * THOUSANDTHS_PER_KWU;
    if thousandths < exact_floor || rate > MOST_FEE_RATE {
        return Err(ParseFeeRateError::OutOfRange);
    }
    Ok(rate)
}

/// Writes an amount for people: `0.01 250 000 BTC`; [`parse_amount`] reads it back.
#[must_use]
pub fn display_amount(amount: Amount) -> String {
    let (whole, part) = split_bitcoin(amount);
    let (hundredths, rest) = (part / 1_000_000, part % 1_000_000);
    let (thousands, ones) = (rest / 1_000, rest % 1_000);
    format!("{}.{hundredths:02} {thousands:03} {ones:03} BTC", group_by_three(whole))
}

/// Writes a decimal number of bitcoin without a unit or trailing zeros, as BIP321 wants it.
pub(crate) fn display_bitcoin(amount: Amount) -> String {
    let (whole, part) = split_bitcoin(amount);
    trim_decimals(&format!("{whole}.{part:08}"))
}

/// Writes a fee rate in sat/vB, exactly, without the unit: `2.1`; [`parse_fee_rate`] reads it back.
#[must_use]
pub fn display_fee_rate(rate: FeeRate) -> String {
    let thousandths = u128::from(rate.to_sat_per_kwu()) * u128::from(THOUSANDTHS_PER_KWU);
    trim_decimals(&format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000))
}

/// Why a text is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseAmountError {
    /// Not a number with a unit.
    #[error("not an amount: write 25k, 25000sat, 0.001btc or a whole number of satoshi")]
    Malformed,
    /// A decimal number without a unit. What it is in each unit, where it can be.
    #[error("a number with a point needs a unit: {}", readings(*bitcoin, *thousands))]
    NeedsUnit {
        /// Read as bitcoin.
        bitcoin: Option<Amount>,
        /// Read as thousands of satoshi.
        thousands: Option<Amount>,
    },
    /// A comma, which is a point to some and nothing to others.
    #[error("a comma can be misread: write a point for decimals and nothing between thousands")]
    Comma,
    /// A minus sign.
    #[error("an amount can't be negative")]
    Negative,
    /// A fraction of a satoshi.
    #[error("less than a satoshi: this unit takes at most {decimals} decimals")]
    TooPrecise {
        /// How many decimals the unit takes.
        decimals: usize,
    },
    /// More than there will ever be.
    #[error("more than 21 million bitcoin")]
    TooMuch,
}

/// Why a text is not a fee rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseFeeRateError {
    /// Not a decimal number.
    #[error("not a fee rate: write sat/vB with up to 3 decimals, like 2.5")]
    Malformed,
    /// More than three decimals.
    #[error("a fee rate has at most 3 decimals")]
    TooPrecise,
    /// Below what peers relay or above any reason.
    #[error("a fee rate is between 0.1 and 10,000 sat/vB")]
    OutOfRange,
}

/// Decimals of each unit.
const SATOSHI: usize = 0;
const THOUSAND: usize = 3;
const BITCOIN: usize = 8;

/// Decimals of a fee rate in sat/vB.
const FEE_RATE_DECIMALS: usize = 3;

/// 1 sat/kWU is 0.004 sat/vB.
const THOUSANDTHS_PER_KWU: u64 = 4;

/// What is wrong with the digits of a number.
enum DigitsProblem {
    Malformed,
    TooPrecise,
    TooMuch,
}

/// The whole number that a decimal one is when its point moves `decimals` places to the right.
fn parse_digits(text: &str, decimals: usize) -> Result<u64, DigitsProblem> {
    let (whole, part) = match text.split_once('.') {
        Some((_, "")) => return Err(DigitsProblem::Malformed),
        Some(split) => split,
        None => (text, ""),
    };
    let only_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !only_digits(whole) || !only_digits(part) {
        return Err(DigitsProblem::Malformed);
    }
    let zeros = decimals.checked_sub(part.len()).ok_or(DigitsProblem::TooPrecise)?;
    format!("{whole}{part}{}", "0".repeat(zeros)).parse().map_err(|_| DigitsProblem::TooMuch)
}

fn parse_scaled(number: &str, decimals: usize) -> Result<Amount, ParseAmountError> {
    match parse_digits(number, decimals).map(Amount::from_sat) {
        Ok(amount) if amount <= Amount::MAX_MONEY => Ok(amount),
        Ok(_) | Err(DigitsProblem::TooMuch) => Err(ParseAmountError::TooMuch),
        Err(DigitsProblem::TooPrecise) => Err(ParseAmountError::TooPrecise { decimals }),
        Err(DigitsProblem::Malformed) => Err(ParseAmountError::Malformed),
    }
}

/// Spaces are read where [`display_amount`] writes them and nowhere else: elsewhere they may
/// join two numbers.
fn parse_grouped(number: &str) -> Result<Amount, ParseAmountError> {
    let amount = parse_scaled(&number.replace(' ', ""), BITCOIN)?;
    match display_amount(amount).strip_suffix(" BTC") {
        Some(written) if written == number => Ok(amount),
        _ => Err(ParseAmountError::Malformed),
    }
}

/// The error for a decimal number without a unit, or a plainer one if it is none.
fn needs_unit(number: &str) -> Result<ParseAmountError, ParseAmountError> {
    let [bitcoin, thousands] = [BITCOIN, THOUSAND].map(|unit| parse_scaled(number, unit));
    if bitcoin == Err(ParseAmountError::Malformed) {
        return Err(ParseAmountError::Malformed);
    }
    Ok(ParseAmountError::NeedsUnit { bitcoin: bitcoin.ok(), thousands: thousands.ok() })
}

fn readings(bitcoin: Option<Amount>, thousands: Option<Amount>) -> String {
    let reading = |unit: &str, amount: Option<Amount>| match amount {
        Some(amount) => format!("with {unit} it is {} sat", amount.to_sat()),
        None => format!("with {unit} it is no amount"),
    };
    format!("{}, {}", reading("btc", bitcoin), reading("k", thousands))
}

fn split_bitcoin(amount: Amount) -> (u64, u64) {
    let one = Amount::ONE_BTC.to_sat();
    (amount.to_sat() / one, amount.to_sat() % one)
}

fn group_by_three(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

fn trim_decimals(number: &str) -> String {
    number.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_read_as_they_are_documented() {
        for (text, satoshi) in [
            ("25k", 25_000),
            ("2.5K", 2_500),
            ("25000sat", 25_000),
            ("25000 sats", 25_000),
            ("0.001btc", 100_000),
            ("0.001 BTC", 100_000),
            ("25000", 25_000),
            (" 1 ", 1),
            ("0", 0),
            ("21000000btc", 2_100_000_000_000_000),
            ("1 234.01 250 000 BTC", 123_401_250_000),
        ] {
            assert_eq!(parse_amount(text), Ok(Amount::from_sat(satoshi)), "{text}");
        }
        assert_eq!(parse_pay_amount("MAX"), Ok(PayAmount::Max));
        assert_eq!(parse_pay_amount("1k"), Ok(PayAmount::Exactly(Amount::from_sat(1_000))));
    }

    #[test]
    fn a_bare_decimal_shows_both_readings() {
        let error = parse_amount("0.5").expect_err("two readings");
        assert_eq!(
            error.to_string(),
            "a number with a point needs a unit: with btc it is 50000000 sat, with k it is 500 sat"
        );
        let error = parse_amount("0.00001").expect_err("two readings");
        assert_eq!(
            error,
            ParseAmountError::NeedsUnit { bitcoin: Some(Amount::from_sat(1_000)), thousands: None }
        );
    }

    #[test]
    fn what_could_be_misread_is_refused() {
        use ParseAmountError::{Comma, Malformed, Negative, TooMuch, TooPrecise};
        for (text, error) in [
            ("1,000", Comma),
            ("0,5btc", Comma),
            ("-1", Negative),
            ("-0.1btc", Negative),
            ("", Malformed),
            ("k", Malformed),
            ("btc", Malformed),
            ("+1", Malformed),
            ("1.2.3", Malformed),
            (".5btc", Malformed),
            ("5.btc", Malformed),
            ("5.", Malformed),
            ("1e3", Malformed),
            ("0x10", Malformed),
            ("5usd", Malformed),
            ("5btc5", Malformed),
            ("1 000", Malformed),
            ("1 5btc", Malformed),
            ("0.01 25 BTC", Malformed),
            ("٣", Malformed),
            ("0.5sat", TooPrecise { decimals: 0 }),
            ("0.0001k", TooPrecise { decimals: 3 }),
            ("0.000000001btc", TooPrecise { decimals: 8 }),
            ("21000001btc", TooMuch),
            ("2100000000000001", TooMuch),
            ("99999999999999999999999", TooMuch),
        ] {
            assert_eq!(parse_amount(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn amounts_are_written_for_the_eye() {
        assert_eq!(display_amount(Amount::from_sat(1_250_000)), "0.01 250 000 BTC");
        assert_eq!(display_amount(Amount::ZERO), "0.00 000 000 BTC");
        assert_eq!(display_amount(Amount::MAX_MONEY), "21 000 000.00 000 000 BTC");
        assert_eq!(display_bitcoin(Amount::from_sat(1_250_000)), "0.0125");
        assert_eq!(display_bitcoin(Amount::ONE_BTC), "1");
        assert_eq!(display_bitcoin(Amount::ZERO), "0");
    }

    #[test]
    fn fee_rates_have_a_floor_and_a_ceiling() {
        let kwu = |text: &str| parse_fee_rate(text).map(FeeRate::to_sat_per_kwu);
        assert_eq!(kwu("1"), Ok(250));
        assert_eq!(kwu("2.1"), Ok(525));
        assert_eq!(kwu("0.1"), Ok(25));
        assert_eq!(kwu("1.001"), Ok(251), "rounded up, never down");
        assert_eq!(kwu("10000"), Ok(2_500_000));
        for text in ["0.099", "0", "10000.001", "99999999999999999999"] {
            assert_eq!(kwu(text), Err(ParseFeeRateError::OutOfRange), "{text}");
        }
        assert_eq!(kwu("1.0001"), Err(ParseFeeRateError::TooPrecise));
        for text in ["", "1,5", "-1", "1 2", ".5", "fast"] {
            assert_eq!(kwu(text), Err(ParseFeeRateError::Malformed), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_written_amount_reads_back(satoshi in 0..=Amount::MAX_MONEY.to_sat()) {
            let amount = Amount::from_sat(satoshi);
            prop_assert_eq!(parse_amount(&display_amount(amount)), Ok(amount));
            prop_assert_eq!(parse_bitcoin(&display_bitcoin(amount)), Ok(amount));
            prop_assert_eq!(parse_amount(&format!("{satoshi}")), Ok(amount));
        }

        #[test]
        fn a_written_fee_rate_reads_back(kwu in 25_u64..=2_500_000) {
            let rate = FeeRate::from_sat_per_kwu(kwu);
            prop_assert_eq!(parse_fee_rate(&display_fee_rate(rate)), Ok(rate));
        }

        #[test]
        fn no_text_makes_the_parsers_panic(text in "\\PC{0,40}|[0-9., ]{0,30}(k|sat|btc)?") {
            let _ = parse_amount(&text);
            let _ = parse_fee_rate(&text);
        }
    }
}
