//! Owns the arguments of one call: put into their places, checked for their types, and read with
//! Bitcoin Core's texts for what is wrong (`transformNamedArguments` in `src/rpc/server.cpp`,
//! `src/rpc/util.cpp`).
//!
//! Refuses to know any method beyond its parameters.

use std::collections::HashSet;
use std::str::FromStr;

use billfold_wallet_core::limits::WIF_BYTES;
use bitcoin::hashes::Hash;
use bitcoin::{Address, Amount, Network, PrivateKey};

use crate::envelope::Params;
use crate::error::{Code, RpcError};
use crate::json::{Object, Value, indented, type_name};
use crate::parameter::Parameter;

/// The arguments of one call, in their places.
#[derive(Debug, Clone, PartialEq)]
pub struct Arguments {
    values: Vec<Value>,
}

impl Arguments {
    /// Puts the arguments of a call into their places and checks their number and types; `usage` is
    /// told when their number is wrong.
    ///
    /// # Errors
    /// -8 for a name that is unknown or there twice, -1 for a wrong number, -3 for a wrong type.
    pub fn read(
        parameters: &[Parameter],
        params: Params,
        usage: impl FnOnce() -> String,
    ) -> Result<Self, RpcError> {
        let values = match params {
            Params::Positional(values) => values,
            Params::Named(named) => placed(parameters, named)?,
        };
        let required = parameters.iter().rposition(|p| !p.optional).map_or(0, |last| last + 1);
        if values.len() < required || values.len() > parameters.len() {
            return Err(RpcError::new(Code::Misc, usage()));
        }
        let mismatches: Vec<_> = parameters
            .iter()
            .enumerate()
            .filter_map(|(place, parameter)| {
                let value = values.get(place).unwrap_or(&Value::Null);
                let told = parameter.mismatch(value)?;
                Some((format!("Position {} ({})", place + 1, parameter.names), told))
            })
            .collect();
        if !mismatches.is_empty() {
            let text = indented(&mismatches);
            return Err(RpcError::wrong_type(format!("Wrong type passed:\n{text}")));
        }
        Ok(Self { values })
    }

    /// All of them as one text, the same for the same arguments. What is left out at the end is
    /// as if it were null.
    #[must_use]
    pub fn to_text(&self) -> String {
        let last = self.values.iter().rposition(|value| !value.is_null());
        Value::Array(self.values[..last.map_or(0, |last| last + 1)].to_vec()).to_string()
    }

    /// The argument at a place; `None` if it was left out or is null.
    #[must_use]
    pub fn value(&self, place: usize) -> Option<&Value> {
        self.values.get(place).filter(|value| !value.is_null())
    }

    /// The argument at a place that must be there, which was checked.
    #[must_use]
    pub fn required(&self, place: usize) -> &Value {
        self.value(place).unwrap_or(&Value::Null)
    }

    /// A text that may be left out.
    ///
    /// # Errors
    /// -3 for another type.
    pub fn text(&self, place: usize) -> Result<Option<&str>, RpcError> {
        self.value(place).map(text).transpose()
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// -3 for another type.
    pub fn required_text(&self, place: usize) -> Result<&str, RpcError> {
        text(self.value(place).unwrap_or(&Value::Null))
    }

    /// True or false, or what holds if it is left out.
    ///
    /// # Errors
    /// -3 for another type.
    pub fn flag(&self, place: usize, default: bool) -> Result<bool, RpcError> {
        self.value(place).map_or(Ok(default), flag)
    }

    /// A whole number of 32 bits that may be left out.
    ///
    /// # Errors
    /// As [`integer`].
    pub fn integer(&self, place: usize) -> Result<Option<i64>, RpcError> {
        self.value(place).map(integer).transpose()
    }

    /// A whole number of 64 bits that may be left out.
    ///
    /// # Errors
    /// As [`long`].
    pub fn long(&self, place: usize) -> Result<Option<i64>, RpcError> {
        self.value(place).map(long).transpose()
    }

    /// A hash that must be there.
    ///
    /// # Errors
    /// -8 if it is not 64 hexadecimal digits.
    pub fn hash<T: Hash + FromStr>(&self, place: usize, name: &str) -> Result<T, RpcError> {
        hash(self.required_text(place)?, name)
    }
}

/// A text.
///
/// # Errors
/// -3 for another type.
pub fn text(value: &Value) -> Result<&str, RpcError> {
    value.as_str().ok_or_else(|| not_of_type(value, "string"))
}

/// True or false.
///
/// # Errors
/// -3 for another type.
pub fn flag(value: &Value) -> Result<bool, RpcError> {
    value.as_bool().ok_or_else(|| not_of_type(value, "bool"))
}

/// A whole number of 32 bits, as most of Core's are.
///
/// # Errors
/// -3 for another type, -1 if it is not whole or too large.
pub fn integer(value: &Value) -> Result<i64, RpcError> {
    i32::try_from(long(value)?).map(i64::from).map_err(|_| out_of_range())
}

/// A whole number of 64 bits.
///
/// # Errors
/// -3 for another type, -1 if it is not whole or too large.
pub fn long(value: &Value) -> Result<i64, RpcError> {
    if !value.is_number() {
        return Err(not_of_type(value, "number"));
    }
    value.as_i64().ok_or_else(out_of_range)
}

/// A number that its place does not hold.
#[must_use]
pub fn out_of_range() -> RpcError {
    RpcError::new(Code::Misc, "JSON integer out of range")
}

/// The fields of an object.
///
/// # Errors
/// -3 for another type.
pub fn object(value: &Value) -> Result<&Object, RpcError> {
    value.as_object().ok_or_else(|| not_of_type(value, "object"))
}

/// Checks that the fields of an object are known ones, of their types (`RPCTypeCheckObj`).
///
/// # Errors
/// -3 for a field of another type, and for one that there is not.
pub fn check_fields<'a>(
    fields: &Object,
    known: impl IntoIterator<Item = &'a Parameter>,
) -> Result<(), RpcError> {
    let known: Vec<&Parameter> = known.into_iter().collect();
    for (name, value) in fields.iter() {
        let Some(field) = known.iter().find(|field| field.is_called(name)) else {
            return Err(RpcError::wrong_type(format!("Unexpected key {name}")));
        };
        let found = type_name(value);
        let expected = field.kind.expected().filter(|_| !value.is_null());
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            return Err(RpcError::wrong_type(format!(
                "JSON value of type {found} for field {name} is not of expected type {expected}"
            )));
        }
    }
    Ok(())
}

/// The elements of an array.
///
/// # Errors
/// -3 for another type.
pub fn array(value: &Value) -> Result<&[Value], RpcError> {
    value.as_array().ok_or_else(|| not_of_type(value, "array"))
}

/// An amount in bitcoin: a number, or a text that is one, with eight decimals at the most.
///
/// # Errors
/// -3, in Core's words.
pub fn amount(value: &Value) -> Result<Amount, RpcError> {
    let digits = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err(RpcError::wrong_type("Amount is not a number or string")),
    };
    let sats = fixed_point(&digits, 8).ok_or_else(|| RpcError::wrong_type("Invalid amount"))?;
    match u64::try_from(sats) {
        Ok(sats) if sats <= Amount::MAX_MONEY.to_sat() => Ok(Amount::from_sat(sats)),
        _ => Err(RpcError::wrong_type("Amount out of range")),
    }
}

/// A hash.
///
/// # Errors
/// -8 if it is not 64 hexadecimal digits.
pub fn hash<T: Hash + FromStr>(text: &str, name: &str) -> Result<T, RpcError> {
    if text.len() != 2 * T::LEN {
        return Err(RpcError::parameter(format!(
            "{name} must be of length {} (not {}, for '{text}')",
            2 * T::LEN,
            text.len()
        )));
    }
    text.parse().map_err(|_| {
        RpcError::parameter(format!("{name} must be hexadecimal string (not '{text}')"))
    })
}

/// An address of the network.
///
/// # Errors
/// -5 with `refusal` before the text.
pub fn address(text: &str, network: Network, refusal: &str) -> Result<Address, RpcError> {
    let parsed = text.parse::<Address<_>>().ok();
    let own = parsed.and_then(|address| address.require_network(network).ok());
    own.ok_or_else(|| RpcError::address_or_key(format!("{refusal}{text}")))
}

/// A private key of the network in its usual form.
///
/// # Errors
/// -5 if it is none.
pub fn private_key(text: &str, network: Network) -> Result<PrivateKey, RpcError> {
    // Reading base58 takes the square of its length.
    let short = Some(text).filter(|text| text.len() <= WIF_BYTES);
    let key = short.and_then(|text| PrivateKey::from_wif(text).ok());
    let key = key.filter(|key| key.network == network.into());
    // The library takes any last byte for the mark of a compressed key.
    let key = key.filter(|key| key.to_wif() == text);
    key.ok_or_else(|| RpcError::address_or_key("Invalid private key"))
}

/// The value is of another type than the method takes.
#[must_use]
pub fn not_of_type(value: &Value, expected: &str) -> RpcError {
    let found = type_name(value);
    RpcError::wrong_type(format!("JSON value of type {found} is not of expected type {expected}"))
}

/// A decimal number in units of 10⁻ᵈ, if it is one and fits: digits, at most one point with digits
/// on both sides, an exponent; no sign before digits but `-`, no leading zeros (`ParseFixedPoint`).
#[must_use]
pub fn fixed_point(text: &str, decimals: i32) -> Option<i64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            let sound = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            (mantissa, exponent.parse::<i32>().ok().filter(|_| sound)?)
        }
        None => (text, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (mantissa, ""),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    if whole.is_empty() || leading_zero || !digits(whole) || !digits(fraction) {
        return None;
    }
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    let trailing = all.len() - all.trim_end_matches('0').len();
    let point = i32::try_from(trailing).ok()? - i32::try_from(fraction.len()).ok()?;
    let power = u32::try_from(point.checked_add(exponent)?.checked_add(decimals)?).ok()?;
    let units: i64 = significant.parse().ok()?;
    let units = units.checked_mul(10_i64.checked_pow(power)?)?;
    Some(if negative { -units } else { units })
}

/// Named arguments in their places; `args` holds those that come first.
fn placed(parameters: &[Parameter], named: Vec<(String, Value)>) -> Result<Vec<Value>, RpcError> {
    let mut given = Given::new(named)?;
    let mut values = Vec::new();
    let mut first = None;
    for (place, parameter) in parameters.iter().enumerate() {
        let mut options = Object::default();
        for field in parameter.fields {
            if let Some((name, value)) = given.take(field) {
                options.push(name, value);
            }
        }
        let own = given.take(parameter);
        let field = options.iter().next().map(|(field, _)| field.to_owned());
        let value = match (own, field) {
            (Some((name, _)), Some(field)) => {
                return Err(RpcError::parameter(format!(
                    "Parameter {name} conflicts with parameter {field}"
                )));
            }
            (Some((_, value)), None) => value,
            (None, Some(_)) => Value::Object(options),
            (None, None) => continue,
        };
        // Holes are filled between arguments, but not at the end: some methods count them.
        values.resize(place, Value::Null);
        values.push(value);
        first.get_or_insert((place, parameter.names));
    }
    if let Some(Value::Array(positional)) = given.positional() {
        if let Some((place, names)) = first.filter(|(place, _)| *place < positional.len()) {
            debug_assert!(place < positional.len());
            return Err(RpcError::parameter(format!(
                "Parameter {names} specified twice both as positional and named argument"
            )));
        }
        let after = values.split_off(positional.len().min(values.len()));
        values = positional;
        values.extend(after);
    }
    given.nothing_left()?;
    Ok(values)
}

/// Named arguments that found no place yet.
struct Given(Vec<(String, Value)>);

impl Given {
    fn new(named: Vec<(String, Value)>) -> Result<Self, RpcError> {
        let mut seen = HashSet::new();
        match named.iter().find(|(name, _)| !seen.insert(name)) {
            None => Ok(Self(named)),
            Some((name, _)) => {
                Err(RpcError::parameter(format!("Parameter {name} specified multiple times")))
            }
        }
    }

    fn take(&mut self, parameter: &Parameter) -> Option<(String, Value)> {
        let place = self.0.iter().position(|(name, _)| parameter.is_called(name))?;
        Some(self.0.remove(place))
    }

    /// Those in `args`, if that is an array; otherwise it is a name like any other.
    fn positional(&mut self) -> Option<Value> {
        let place = self.0.iter().position(|(name, value)| name == "args" && value.is_array())?;
        Some(self.0.remove(place).1)
    }

    fn nothing_left(&self) -> Result<(), RpcError> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(RpcError::parameter(format!("Unknown named parameter {name}"))),
        }
    }
}

#[cfg(test)]
mod tests;
