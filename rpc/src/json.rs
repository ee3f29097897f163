//! Owns JSON: how values are written (amounts with eight decimals, numbers as Bitcoin Core writes
//! them, indented text), `Answer`, the finished JSON of a result, and what callers sent.
//!
//! Refuses floats for money: an amount is written from its satoshis.

mod number;
mod value;

use std::fmt::Write as _;

use bitcoin::{Amount, SignedAmount};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::{Code, RpcError};

pub use number::Number;
#[cfg(test)]
pub(crate) use value::json;
pub use value::{Object, Value};

/// The JSON of a result, byte for byte as it is sent.
pub type Answer = Box<RawValue>;

/// Writes a result.
///
/// # Errors
/// Only for a value that JSON has no form for.
pub fn answer<T: Serialize + ?Sized>(value: &T) -> Result<Answer, RpcError> {
    serde_json::value::to_raw_value(value)
        .map_err(|error| RpcError::new(Code::Internal, error.to_string()))
}

/// An amount in bitcoin, with eight decimals, as a JSON number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Btc(pub i64);

impl From<Amount> for Btc {
    fn from(amount: Amount) -> Self {
        Self(i64::try_from(amount.to_sat()).unwrap_or(i64::MAX))
    }
}

impl From<SignedAmount> for Btc {
    fn from(amount: SignedAmount) -> Self {
        Self(amount.to_sat())
    }
}

impl Serialize for Btc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sign = if self.0 < 0 { "-" } else { "" };
        let sats = self.0.unsigned_abs();
        number(format!("{sign}{}.{:08}", sats / 100_000_000, sats % 100_000_000), serializer)
    }
}

/// A number that is no amount, with 16 significant digits, as C's `%.16g` writes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Real(pub f64);

impl Serialize for Real {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(real(self.0), serializer)
    }
}

fn number<S: Serializer>(text: String, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(text).map_err(serde::ser::Error::custom)?.serialize(serializer)
}

fn real(value: f64) -> String {
    let scientific = format!("{value:.15e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        let decimals = usize::try_from(15 - exponent).unwrap_or_default();
        return trimmed(&format!("{value:.decimals$}")).to_owned();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trimmed(digits), exponent.unsigned_abs())
}

fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// The name that Core gives to the type of a value.
#[must_use]
pub const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// An object of texts over several lines, indented by four, as Core puts it into messages.
#[must_use]
pub fn indented(fields: &[(String, String)]) -> String {
    let mut text = String::from("{\n");
    for (place, (name, value)) in fields.iter().enumerate() {
        let comma = if place + 1 < fields.len() { "," } else { "" };
        let (name, value) = (Value::from(name.as_str()), Value::from(value.as_str()));
        // A string takes all that is written to it.
        let _ = writeln!(text, "    {name}: {value}{comma}");
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<T: Serialize>(value: &T) -> String {
        serde_json::to_string(value).expect("it has a form")
    }

    #[test]
    fn amounts_have_eight_decimals() {
        let cases = [
            (0, "0.00000000"),
            (1, "0.00000001"),
            (-1, "-0.00000001"),
            (100_000_000, "1.00000000"),
            (-2_099_999_999_999_999, "-20999999.99999999"),
            (i64::MIN, "-92233720368.54775808"),
        ];
        for (sats, text) in cases {
            assert_eq!(written(&Btc(sats)), text);
        }
    }

    /// As Bitcoin Core prints the difficulties of its chains.
    #[test]
    fn numbers_are_written_as_core_writes_them() {
        let cases = [
            (4.656_542_373_906_925e-10, "4.656542373906925e-10"),
            (1.0, "1"),
            (0.0, "0"),
            (0.001_126_515_290_698_186, "0.001126515290698186"),
            (129_699_156_960_680.9, "129699156960680.9"),
            (0.5, "0.5"),
            (1e16, "1e+16"),
        ];
        for (value, text) in cases {
            assert_eq!(written(&Real(value)), text);
        }
    }
}
