//! Owns the unsigned transaction that a caller describes: inputs, outputs, lock time, version
//! (`ConstructTransaction` of Bitcoin Core).
//!
//! Refuses an address that is to be paid twice, and two outputs of data.

use std::collections::BTreeSet;

use bitcoin::absolute::LockTime;
use bitcoin::hex::FromHex;
use bitcoin::opcodes::all::OP_RETURN;
use bitcoin::script::{Builder, PushBytesBuf};
use bitcoin::transaction::Version;
use bitcoin::{Amount, Network, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness};

use crate::arguments::{self, Arguments, amount};
use crate::error::RpcError;
use crate::json::Value;
use crate::parameter::{Kind, Parameter};

/// The arguments that describe one.
pub const PARAMETERS: &[Parameter] = &[
    Parameter::required("inputs", Kind::Array, "The inputs: {txid, vout, sequence}"),
    Parameter::required(
        "outputs",
        Kind::Any,
        "The outputs: {address: amount}, {\"data\": hex}, in an array or as one object",
    ),
    Parameter::optional("locktime", Kind::Number, "Raw locktime"),
    Parameter::optional("replaceable", Kind::Bool, "Marks this transaction as replaceable"),
    Parameter::optional("version", Kind::Number, "Transaction version"),
];

/// Reads [`PARAMETERS`].
///
/// # Errors
/// Core's, of what is wrong with them.
pub fn read(arguments: &Arguments, network: Network) -> Result<Transaction, RpcError> {
    let replaceable = arguments.value(3).map(arguments::flag).transpose()?;
    let lock_time = lock_time(arguments.value(2))?;
    let version = version(arguments.value(4))?;
    let none = Value::Null;
    let inputs = inputs(arguments.value(0).unwrap_or(&none), replaceable, lock_time)?;
    let output = outputs(arguments.value(1).unwrap_or(&none), network)?;
    let transaction = Transaction { version, lock_time, input: inputs, output };
    let contradicts = replaceable == Some(true) && !transaction.is_explicitly_rbf();
    if contradicts && !transaction.input.is_empty() {
        return Err(RpcError::parameter(CONTRADICTION));
    }
    Ok(transaction)
}

/// A lock time; none if it is left out.
///
/// # Errors
/// -8 if it is none.
pub fn lock_time(value: Option<&Value>) -> Result<LockTime, RpcError> {
    let Some(value) = value else { return Ok(LockTime::ZERO) };
    let time = u32::try_from(arguments::long(value)?)
        .map_err(|_| RpcError::parameter("Invalid parameter, locktime out of range"))?;
    Ok(LockTime::from_consensus(time))
}

/// A version that nodes relay; 2 if it is left out.
///
/// # Errors
/// -8 for another, -1 if it is no version at all.
pub fn version(value: Option<&Value>) -> Result<Version, RpcError> {
    let Some(value) = value else { return Ok(Version::TWO) };
    let version = u32::try_from(arguments::long(value)?).map_err(|_| arguments::out_of_range())?;
    match i32::try_from(version) {
        Ok(version @ 1..=3) => Ok(Version(version)),
        _ => Err(RpcError::parameter("Invalid parameter, version out of range(1~3)")),
    }
}

/// The inputs, with the sequence numbers that `replaceable` and the lock time ask for where they
/// name none.
///
/// # Errors
/// Core's, of what is wrong with them.
pub fn inputs(
    value: &Value,
    replaceable: Option<bool>,
    lock_time: LockTime,
) -> Result<Vec<TxIn>, RpcError> {
    if value.is_null() {
        return Ok(Vec::new());
    }
    let default = match replaceable.unwrap_or(true) {
        true => Sequence::ENABLE_RBF_NO_LOCKTIME,
        false if lock_time == LockTime::ZERO => Sequence::MAX,
        false => Sequence::ENABLE_LOCKTIME_NO_RBF,
    };
    let input = |value: &Value| {
        let fields = arguments::object(value)?;
        let txid = arguments::text(fields.get("txid").unwrap_or(&Value::Null))?;
        let txid = arguments::hash(txid, "txid")?;
        let vout = fields.get("vout").filter(|vout| vout.is_number());
        let missing = || RpcError::parameter("Invalid parameter, missing vout key");
        let vout = arguments::integer(vout.ok_or_else(missing)?)?;
        let vout = u32::try_from(vout)
            .map_err(|_| RpcError::parameter("Invalid parameter, vout cannot be negative"))?;
        let sequence = match fields.get("sequence").filter(|sequence| sequence.is_number()) {
            None => default,
            Some(number) => {
                u32::try_from(arguments::long(number)?).map(Sequence).map_err(|_| {
                    RpcError::parameter("Invalid parameter, sequence number is out of range")
                })?
            }
        };
        let previous_output = OutPoint::new(txid, vout);
        let script_sig = ScriptBuf::new();
        Ok(TxIn { previous_output, script_sig, sequence, witness: Witness::new() })
    };
    arguments::array(value)?.iter().map(input).collect()
}

/// The outputs, of an array of objects with one field each, or of one object.
///
/// # Errors
/// Core's, of what is wrong with them.
pub fn outputs(value: &Value, network: Network) -> Result<Vec<TxOut>, RpcError> {
    let mut seen = BTreeSet::new();
    let mut outputs = Vec::new();
    for (name, value) in fields(value)? {
        if name == "data" {
            if outputs.iter().any(|output: &TxOut| output.script_pubkey.is_op_return()) {
                return Err(RpcError::parameter("Invalid parameter, duplicate key: data"));
            }
            outputs.push(TxOut { value: Amount::ZERO, script_pubkey: data(value)? });
            continue;
        }
        let value = amount(value)?;
        let address = arguments::address(name, network, "Invalid Bitcoin address: ")?;
        let script_pubkey = address.script_pubkey();
        if !seen.insert(address) {
            let message = format!("Invalid parameter, duplicated address: {name}");
            return Err(RpcError::parameter(message));
        }
        outputs.push(TxOut { value, script_pubkey });
    }
    Ok(outputs)
}

/// What the outputs are called: their addresses, or `data`.
///
/// # Errors
/// As [`outputs`].
pub fn names(value: &Value) -> Result<Vec<String>, RpcError> {
    Ok(fields(value)?.into_iter().map(|(name, _)| name.to_owned()).collect())
}

/// The sequence numbers say something else than `replaceable`.
pub const CONTRADICTION: &str =
    "Invalid parameter combination: Sequence number(s) contradict replaceable option";

/// All fields of the object, or of the objects.
fn fields(value: &Value) -> Result<Vec<(&str, &Value)>, RpcError> {
    if value.is_null() {
        let message = "Invalid parameter, output argument must be non-null";
        return Err(RpcError::parameter(message));
    }
    if let Some(fields) = value.as_object() {
        return Ok(fields.iter().collect());
    }
    let mut all = Vec::new();
    for output in arguments::array(value)? {
        let Some(fields) = output.as_object() else {
            return Err(RpcError::parameter(
                "Invalid parameter, key-value pair not an object as expected",
            ));
        };
        if fields.len() != 1 {
            return Err(RpcError::parameter(
                "Invalid parameter, key-value pair must contain exactly one key",
            ));
        }
        all.extend(fields.iter());
    }
    Ok(all)
}

fn data(value: &Value) -> Result<ScriptBuf, RpcError> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let bytes = Vec::from_hex(&text).ok().filter(|bytes| !bytes.is_empty());
    let bytes = bytes.and_then(|bytes| PushBytesBuf::try_from(bytes).ok());
    let bytes = bytes.ok_or_else(|| {
        RpcError::parameter(format!("Data must be hexadecimal string (not '{text}')"))
    })?;
    Ok(Builder::new().push_opcode(OP_RETURN).push_slice(bytes).into_script())
}
