//! Owns `Previous`: outputs that are spent, as callers tell of them (`ParsePrevouts` of Bitcoin
//! Core's `src/rpc/rawtransaction_util.cpp`), and those that the wallet knows.
//!
//! Refuses scripts that the output does not commit to.

use std::collections::HashMap;

use billfold_wallet_core::command::{PaymentState, TransactionRecord};
use bitcoin::hex::FromHex;
use bitcoin::{Amount, OutPoint, ScriptBuf, Transaction, TxOut, Txid};

use crate::arguments;
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::{Object, Value, type_name};
use crate::ledger;
use crate::script::asm;

/// An output that is spent, as a caller tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    /// Which one it is.
    pub outpoint: OutPoint,
    /// What it is; [`Amount::MAX_MONEY`] if the caller did not say how much.
    pub output: TxOut,
    /// The scripts that it commits to, for whoever signs by them.
    pub scripts: Vec<ScriptBuf>,
}

/// An output of the wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What it is.
    pub output: TxOut,
    /// The transaction that it is of.
    pub transaction: Transaction,
    /// Whether that is in a block.
    pub is_placed: bool,
}

impl Previous {
    /// Reads an array of them.
    ///
    /// # Errors
    /// -22, -3 or -8 for what is none.
    pub fn read_all(value: &Value) -> Result<Vec<Self>, RpcError> {
        arguments::array(value)?.iter().map(Self::read).collect()
    }

    /// Reads an array of them with the scripts that keys need.
    ///
    /// # Errors
    /// -22, -3 or -8 for what is none, and where a script is missing or another one.
    pub fn read_all_with_scripts(value: &Value) -> Result<Vec<Self>, RpcError> {
        let whole = |value: &Value| {
            let mut previous = Self::read(value)?;
            let spk = &previous.output.script_pubkey;
            if spk.is_p2sh() || spk.is_p2wsh() {
                previous.scripts = scripts(arguments::object(value)?, spk)?;
            }
            Ok(previous)
        };
        arguments::array(value)?.iter().map(whole).collect()
    }

    fn read(value: &Value) -> Result<Self, RpcError> {
        let Some(fields) = value.as_object() else {
            let message = "expected object with {\"txid'\",\"vout\",\"scriptPubKey\"}";
            return Err(RpcError::new(Code::Deserialization, message));
        };
        let script = arguments::text(required(fields, "scriptPubKey", "string")?)?;
        let txid = arguments::text(required(fields, "txid", "string")?)?;
        let vout = arguments::integer(required(fields, "vout", "number")?)?;
        let vout = u32::try_from(vout)
            .map_err(|_| RpcError::new(Code::Deserialization, "vout cannot be negative"))?;
        let script_pubkey = script_of(script, "scriptPubKey")?;
        let value = fields.get("amount").map(arguments::amount).transpose()?;
        let value = value.unwrap_or(Amount::MAX_MONEY);
        let outpoint = OutPoint::new(arguments::hash(txid, "txid")?, vout);
        Ok(Self { outpoint, output: TxOut { value, script_pubkey }, scripts: Vec::new() })
    }

    /// Refuses what is told of another script than the one that is known.
    ///
    /// # Errors
    /// -22.
    pub fn require(&self, known: &TxOut) -> Result<(), RpcError> {
        if known.script_pubkey == self.output.script_pubkey {
            return Ok(());
        }
        let known = asm(&known.script_pubkey, false);
        let told = asm(&self.output.script_pubkey, false);
        let message = format!("Previous output scriptPubKey mismatch:\n{known}\nvs:\n{told}");
        Err(RpcError::new(Code::Deserialization, message))
    }
}

/// What the wallet knows of outputs, each of its own that no block spends.
///
/// # Errors
/// What the wallet answered.
pub async fn known(desk: &Desk, outpoints: &[OutPoint]) -> Result<Vec<Option<Known>>, RpcError> {
    let records = records(desk, outpoints.iter().map(|outpoint| outpoint.txid)).await?;
    let spenders = records.values().flat_map(|record| &record.outputs);
    let spenders = self::records(desk, spenders.filter_map(|output| output.spender)).await?;
    let known = |outpoint: &OutPoint| {
        let record = records.get(&outpoint.txid)?;
        let at = usize::try_from(outpoint.vout).ok()?;
        let recorded = record.outputs.get(at).filter(|output| output.owner.is_some())?;
        let spender = recorded.spender.and_then(|spender| spenders.get(&spender));
        let counts = !matches!(record.state, PaymentState::Replaced | PaymentState::Evicted);
        if !counts || spender.is_some_and(|spender| spender.block.is_some()) {
            return None;
        }
        Some(Known {
            output: record.transaction.output.get(at)?.clone(),
            transaction: record.transaction.clone(),
            is_placed: record.block.is_some(),
        })
    };
    Ok(outpoints.iter().map(known).collect())
}

async fn records(
    desk: &Desk,
    txids: impl Iterator<Item = Txid>,
) -> Result<HashMap<Txid, TransactionRecord>, RpcError> {
    let records = ledger::records(desk, txids.collect()).await?;
    let by_id = |record: TransactionRecord| (record.transaction.compute_txid(), record);
    Ok(records.into_iter().map(by_id).collect())
}

/// The scripts that a caller tells, and the one that a P2SH around a witness has.
fn scripts(fields: &Object, spk: &ScriptBuf) -> Result<Vec<ScriptBuf>, RpcError> {
    let redeem = optional(fields, "redeemScript")?;
    let witness = optional(fields, "witnessScript")?;
    let (text, name) = match (witness, redeem) {
        (Some(witness), _) => (witness, "witnessScript"),
        (None, Some(redeem)) => (redeem, "redeemScript"),
        (None, None) => return Err(RpcError::parameter("Missing redeemScript/witnessScript")),
    };
    let script = script_of(text, name)?;
    let nested = script.to_p2wsh();
    if let (Some(witness), Some(redeem)) = (witness, redeem)
        && witness != redeem
        && script_of(redeem, "redeemScript")? != nested
    {
        return Err(RpcError::parameter("redeemScript does not correspond to witnessScript"));
    }
    let as_p2sh = [script.to_p2sh(), nested.to_p2sh()];
    let fits = if spk.is_p2sh() { as_p2sh.contains(spk) } else { *spk == nested };
    if !fits {
        let message = "redeemScript/witnessScript does not match scriptPubKey";
        return Err(RpcError::parameter(message));
    }
    Ok(vec![script, nested])
}

fn script_of(text: &str, name: &str) -> Result<ScriptBuf, RpcError> {
    let bytes = Vec::from_hex(text).ok().filter(|bytes| !bytes.is_empty());
    bytes.map(ScriptBuf::from_bytes).ok_or_else(|| {
        RpcError::parameter(format!("{name} must be hexadecimal string (not '{text}')"))
    })
}

fn required<'a>(fields: &'a Object, name: &str, kind: &str) -> Result<&'a Value, RpcError> {
    let missing = || RpcError::wrong_type(format!("Missing {name}"));
    let value = fields.get(name).filter(|value| !value.is_null()).ok_or_else(missing)?;
    of_type(value, name, kind)
}

fn optional<'a>(fields: &'a Object, name: &str) -> Result<Option<&'a str>, RpcError> {
    let value = fields.get(name).filter(|value| !value.is_null());
    value.map(|value| arguments::text(of_type(value, name, "string")?)).transpose()
}

fn of_type<'a>(value: &'a Value, name: &str, kind: &str) -> Result<&'a Value, RpcError> {
    let found = type_name(value);
    if found != kind {
        return Err(RpcError::wrong_type(format!(
            "JSON value of type {found} for field {name} is not of expected type {kind}"
        )));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The script and its witness form are those of BIP143's last example.
    #[test]
    fn wrong_input_is_told_in_the_words_of_core() {
        let txid = "11".repeat(32);
        let nested = "a9144733f37cf4db86fbc2efed2500b4f4e49f31202387";
        let inner = "001479091972186c449eb1ded22b78e40d009bdf0089";
        let with = |field: &str, value: serde_json::Value| {
            let mut told = json!({"txid": txid, "vout": 1, "scriptPubKey": nested});
            told[field] = value;
            told
        };
        let cases = [
            (json!("x"), -22, "expected object with {\"txid'\",\"vout\",\"scriptPubKey\"}"),
            (json!({}), -3, "Missing scriptPubKey"),
            (with("vout", json!("1")), -3, "for field vout is not of expected type number"),
            (with("vout", json!(-1)), -22, "vout cannot be negative"),
            (with("txid", json!("11")), -8, "txid must be of length 64 (not 2"),
            (with("scriptPubKey", json!("zz")), -8, "scriptPubKey must be hexadecimal string"),
            (with("amount", json!(-1)), -3, "Amount out of range"),
            (with("vout", json!(1)), -8, "Missing redeemScript/witnessScript"),
            (with("redeemScript", json!(1)), -3, "for field redeemScript is not of expected type"),
            (with("redeemScript", json!("")), -8, "redeemScript must be hexadecimal string"),
            (with("redeemScript", json!("51")), -8, "does not match scriptPubKey"),
        ];
        for (told, code, text) in cases {
            let list: Value = serde_json::from_value(json!([told])).expect("JSON");
            let refused = Previous::read_all_with_scripts(&list).expect_err(text);
            assert!(refused.code == code && refused.message.contains(text), "{refused:?}");
        }
        let mut both = with("redeemScript", json!(inner));
        both["witnessScript"] = json!("51");
        let list: Value = serde_json::from_value(json!([both])).expect("JSON");
        let refused = Previous::read_all_with_scripts(&list).expect_err("another script");
        assert_eq!(refused.message, "redeemScript does not correspond to witnessScript");
        let list = json!([with("redeemScript", json!(inner))]);
        let list: Value = serde_json::from_value(list).expect("JSON");
        let read = Previous::read_all_with_scripts(&list).expect("well");
        assert_eq!(read[0].output.value, Amount::MAX_MONEY);
        let other = TxOut { value: Amount::ZERO, script_pubkey: ScriptBuf::new() };
        let refused = read[0].require(&other).expect_err("another script");
        assert!(
            refused.message.starts_with("Previous output scriptPubKey mismatch:\n\nvs:\nOP_HA")
        );
    }
}
