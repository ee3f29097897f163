//! Owns the methods about PSBTs by themselves: made, told of, joined, finished (BIP174).
//!
//! Refuses to sign, and to know which coins there are.

mod told;

use std::collections::HashSet;

use bitcoin::absolute::LockTime;
use bitcoin::psbt::{Input, Output, Psbt};
use bitcoin::transaction::Version;
use bitcoin::{Network, Transaction, TxIn, TxOut};
use miniscript::psbt::PsbtExt as _;
use serde::Serialize;

use crate::arguments::{self, Arguments};
use crate::descriptor::SECP;
use crate::error::{Code, RpcError};
use crate::json::{Value, answer};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::parameter::{Kind, Parameter};
use crate::{psbt, transaction_hex, unsigned};

use told::Told;

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "combinepsbt",
        category: Category::Rawtransactions,
        parameters: &[Parameter::required("txs", Kind::Array, "The PSBTs of one transaction")],
        about: "Combine multiple partially signed Bitcoin transactions into one transaction.",
        standing: Standing::Differs(READING),
        run: Run::Pure(combine),
    },
    Method {
        name: "converttopsbt",
        category: Category::Rawtransactions,
        parameters: &[
            Parameter::required("hexstring", Kind::Text, "The hex string of a raw transaction"),
            Parameter::optional("permitsigdata", Kind::Bool, "Leave signatures out"),
            Parameter::optional(
                "iswitness",
                Kind::Bool,
                "Whether it is in the form with witnesses",
            ),
        ],
        about: "Converts a network serialized transaction to a PSBT.",
        standing: Standing::Same,
        run: Run::Pure(convert),
    },
    Method {
        name: "createpsbt",
        category: Category::Rawtransactions,
        parameters: unsigned::PARAMETERS,
        about: "Creates a transaction in the Partially Signed Transaction format.",
        standing: Standing::Same,
        run: Run::Pure(create),
    },
    Method {
        name: "decodepsbt",
        category: Category::Rawtransactions,
        parameters: &[Parameter::required("psbt", Kind::Text, "The PSBT base64 string")],
        about: "Return a JSON object representing the serialized, base64-encoded partially signed \
                Bitcoin transaction.",
        standing: Standing::Differs(READING),
        run: Run::Pure(decode),
    },
    Method {
        name: "finalizepsbt",
        category: Category::Rawtransactions,
        parameters: &[
            Parameter::required("psbt", Kind::Text, "The PSBT base64 string"),
            Parameter::optional("extract", Kind::Bool, "Give the whole transaction, if it is"),
        ],
        about: "Finalize the inputs of a PSBT.",
        standing: Standing::Differs(
            "scripts that are no miniscript are not finished; of what is no PSBT, the text after \
             \"TX decode failed\" is mostly our own",
        ),
        run: Run::Pure(finalize),
    },
    Method {
        name: "joinpsbts",
        category: Category::Rawtransactions,
        parameters: &[Parameter::required("txs", Kind::Array, "The PSBTs")],
        about: "Joins multiple distinct PSBTs with different inputs and outputs into one PSBT with \
                inputs and outputs from all of the PSBTs.",
        standing: Standing::Differs(READING),
        run: Run::Pure(join),
    },
];

const READING: &str = "of what is no PSBT, the text after \"TX decode failed\" is mostly our own";

fn create(network: Network, arguments: &Arguments) -> Outcome {
    answer(&psbt::written(&psbt::blank(unsigned::read(arguments, network)?)))
}

fn convert(_: Network, arguments: &Arguments) -> Outcome {
    let refused = |why: &str| RpcError::new(Code::Deserialization, why);
    let with_witnesses = arguments.value(2).map(arguments::flag).transpose()?;
    let transaction = transaction_hex::read(arguments.required_text(0)?, with_witnesses)
        .ok_or_else(|| refused("TX decode failed"))?;
    let is_signed = |input: &TxIn| !input.script_sig.is_empty() || !input.witness.is_empty();
    if transaction.input.iter().any(is_signed) && !arguments.flag(1, false)? {
        return Err(refused("Inputs must not have scriptSigs and scriptWitnesses"));
    }
    answer(&psbt::written(&psbt::blank(transaction)))
}

fn decode(network: Network, arguments: &Arguments) -> Outcome {
    answer(&Told::new(&psbt::read(arguments.required_text(0)?)?, network))
}

fn combine(_: Network, arguments: &Arguments) -> Outcome {
    let texts = arguments::array(arguments.value(0).unwrap_or(&Value::Null))?;
    if texts.is_empty() {
        return Err(RpcError::parameter("Parameter 'txs' cannot be empty"));
    }
    let mut all = psbt::read_all(texts)?.into_iter().rev();
    let mut combined = all.next().ok_or_else(RpcError::bug)?;
    // Of two that say something else of the same thing, the first one counts: with the library,
    // fields with keys are those of the last, and fields without keys those of the first.
    for mut earlier in all {
        let mut later = combined;
        for (first, last) in earlier.inputs.iter().zip(&mut later.inputs) {
            keep_first(first, last);
        }
        later.xpub.retain(|key, _| !earlier.xpub.contains_key(key));
        earlier
            .combine(later)
            .map_err(|_| RpcError::parameter("PSBTs not compatible (different transactions)"))?;
        combined = earlier;
    }
    answer(&psbt::written(&combined))
}

/// Takes out of an input what an earlier PSBT says of the same keys.
fn keep_first(first: &Input, last: &mut Input) {
    last.partial_sigs.retain(|key, _| !first.partial_sigs.contains_key(key));
    last.bip32_derivation.retain(|key, _| !first.bip32_derivation.contains_key(key));
    last.tap_script_sigs.retain(|key, _| !first.tap_script_sigs.contains_key(key));
    last.tap_key_origins.retain(|key, _| !first.tap_key_origins.contains_key(key));
    last.unknown.retain(|key, _| !first.unknown.contains_key(key));
    last.proprietary.retain(|key, _| !first.proprietary.contains_key(key));
}

fn finalize(_: Network, arguments: &Arguments) -> Outcome {
    let mut psbt = psbt::read(arguments.required_text(0)?)?;
    let complete = finish(&mut psbt);
    if complete && arguments.flag(1, true)? {
        let transaction = psbt.extract_tx_unchecked_fee_rate();
        let hex = Some(transaction_hex::written(&transaction));
        return answer(&FinishedForm { psbt: None, hex, complete });
    }
    answer(&FinishedForm { psbt: Some(psbt::written(&psbt)), hex: None, complete })
}

/// Finishes every input that has what it needs; whether that is all of them.
pub(super) fn finish(psbt: &mut Psbt) -> bool {
    let mut complete = true;
    for index in 0..psbt.inputs.len() {
        let before = psbt.inputs[index].clone();
        if psbt.finalize_inp_mut(&SECP, index).is_err() {
            complete = false;
            continue;
        }
        let input = &mut psbt.inputs[index];
        // The library drops what it does not know; it is not ours to drop.
        input.unknown = before.unknown;
        input.proprietary = before.proprietary;
        let spends = &psbt.unsigned_tx.input[index];
        if input.witness_utxo.is_none() && input.final_script_witness.is_some() {
            let vout = usize::try_from(spends.previous_output.vout).unwrap_or(usize::MAX);
            let parent = input.non_witness_utxo.as_ref();
            input.witness_utxo = parent.and_then(|parent| parent.output.get(vout).cloned());
        }
    }
    complete
}

fn join(_: Network, arguments: &Arguments) -> Outcome {
    let texts = arguments::array(arguments.value(0).unwrap_or(&Value::Null))?;
    if texts.len() <= 1 {
        return Err(RpcError::parameter("At least two PSBTs are required to join PSBTs."));
    }
    let all = psbt::read_all(texts)?;
    let mut joined = psbt::blank(Transaction {
        version: all.iter().map(|psbt| psbt.unsigned_tx.version).max().unwrap_or(Version::ONE),
        lock_time: LockTime::from_consensus(
            all.iter().map(|psbt| psbt.unsigned_tx.lock_time.to_consensus_u32()).min().unwrap_or(0),
        ),
        input: Vec::new(),
        output: Vec::new(),
    });
    let mut inputs: Vec<(TxIn, Input)> = Vec::new();
    let mut seen = HashSet::new();
    let mut outputs: Vec<(TxOut, Output)> = Vec::new();
    for psbt in all {
        for (spends, input) in psbt.unsigned_tx.input.into_iter().zip(psbt.inputs) {
            if !seen.insert(spends.clone()) {
                let outpoint = spends.previous_output;
                let message = format!("Input {outpoint} exists in multiple PSBTs");
                return Err(RpcError::parameter(message));
            }
            inputs.push((spends, unsigned_input(input)));
        }
        outputs.extend(psbt.unsigned_tx.output.into_iter().zip(psbt.outputs));
        for (key, value) in psbt.unknown {
            joined.unknown.entry(key).or_insert(value);
        }
    }
    // Whose is whose shall not be told by the order.
    shuffle(&mut inputs)?;
    shuffle(&mut outputs)?;
    (joined.unsigned_tx.input, joined.inputs) = inputs.into_iter().unzip();
    (joined.unsigned_tx.output, joined.outputs) = outputs.into_iter().unzip();
    answer(&psbt::written(&joined))
}

/// Signatures hold for one transaction only.
fn unsigned_input(mut input: Input) -> Input {
    input.partial_sigs.clear();
    input.final_script_sig = None;
    input.final_script_witness = None;
    input
}

fn shuffle<T>(all: &mut [T]) -> Result<(), RpcError> {
    for place in (1..all.len()).rev() {
        let drawn =
            getrandom::u64().map_err(|error| RpcError::new(Code::Internal, error.to_string()))?;
        let bound = u64::try_from(place).unwrap_or(u64::MAX).saturating_add(1);
        all.swap(place, usize::try_from(drawn % bound).unwrap_or_default());
    }
    Ok(())
}

#[derive(Debug, Serialize)]
struct FinishedForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    psbt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<String>,
    complete: bool,
}

#[cfg(test)]
mod tests;
