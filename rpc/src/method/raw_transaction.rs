//! Owns the methods about transactions by themselves.

use bitcoin::hex::DisplayHex;
use bitcoin::{Network, Transaction, TxIn, Txid, Wtxid};
use serde::Serialize;

use crate::arguments::{self, Arguments};
use crate::error::{Code, RpcError};
use crate::json::{Answer, Btc, answer};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::parameter::{Kind, Parameter};
use crate::script::{ScriptForm, asm};
use crate::{transaction_hex, unsigned};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "createrawtransaction",
        category: Category::Rawtransactions,
        parameters: unsigned::PARAMETERS,
        about: "Create a transaction spending the given inputs and creating new outputs.",
        standing: Standing::Same,
        run: Run::Pure(create),
    },
    Method {
        name: "decoderawtransaction",
        category: Category::Rawtransactions,
        parameters: &[
            Parameter::required("hexstring", Kind::Text, "The transaction hex string"),
            Parameter::optional(
                "iswitness",
                Kind::Bool,
                "Whether it is in the form with witnesses",
            ),
        ],
        about: "Return a JSON object representing the serialized, hex-encoded transaction.",
        standing: Standing::Same,
        run: Run::Pure(decode),
    },
];

fn create(network: Network, arguments: &Arguments) -> Outcome {
    answer(&transaction_hex::written(&unsigned::read(arguments, network)?))
}

fn decode(network: Network, arguments: &Arguments) -> Outcome {
    let with_witnesses = arguments.value(1).map(arguments::flag).transpose()?;
    let transaction = transaction_hex::read(arguments.required_text(0)?, with_witnesses);
    let refused = || RpcError::new(Code::Deserialization, "TX decode failed");
    decoded(&transaction.ok_or_else(refused)?, network)
}

/// A transaction as Core tells of it.
///
/// # Errors
/// None that can come of a transaction.
pub(super) fn decoded(transaction: &Transaction, network: Network) -> Result<Answer, RpcError> {
    answer(&TransactionForm::new(transaction, network))
}

/// A transaction as Core tells of it, without its bytes.
#[derive(Debug, Serialize)]
pub(super) struct TransactionForm {
    txid: Txid,
    hash: Wtxid,
    version: u32,
    size: usize,
    vsize: u64,
    weight: u64,
    locktime: u32,
    vin: Vec<InputForm>,
    vout: Vec<OutputForm>,
}

impl TransactionForm {
    /// What is told of a transaction.
    pub(super) fn new(transaction: &Transaction, network: Network) -> Self {
        let outputs = transaction.output.iter().enumerate().map(|(n, output)| OutputForm {
            value: output.value.into(),
            n,
            script_pubkey: ScriptForm::new(&output.script_pubkey, network),
        });
        let is_coinbase = transaction.is_coinbase();
        let weight = transaction_hex::weight(transaction).to_wu();
        Self {
            txid: transaction.compute_txid(),
            hash: transaction_hex::wtxid(transaction),
            version: transaction.version.0.cast_unsigned(),
            size: transaction_hex::written(transaction).len() / 2,
            vsize: weight.div_ceil(4),
            weight,
            locktime: transaction.lock_time.to_consensus_u32(),
            vin: transaction.input.iter().map(|i| InputForm::new(i, is_coinbase)).collect(),
            vout: outputs.collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct InputForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    coinbase: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    txid: Option<Txid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vout: Option<u32>,
    #[serde(rename = "scriptSig", skip_serializing_if = "Option::is_none")]
    script_sig: Option<ScriptSigForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    txinwitness: Option<Vec<String>>,
    sequence: u32,
}

impl InputForm {
    fn new(input: &TxIn, is_coinbase: bool) -> Self {
        let script = &input.script_sig;
        let witness = input.witness.iter().map(DisplayHex::to_lower_hex_string);
        Self {
            coinbase: is_coinbase.then(|| script.to_hex_string()),
            txid: (!is_coinbase).then_some(input.previous_output.txid),
            vout: (!is_coinbase).then_some(input.previous_output.vout),
            script_sig: (!is_coinbase)
                .then(|| ScriptSigForm { asm: asm(script, true), hex: script.to_hex_string() }),
            txinwitness: (!input.witness.is_empty()).then(|| witness.collect()),
            sequence: input.sequence.0,
        }
    }
}

/// A script of an input.
#[derive(Debug, Serialize)]
pub(super) struct ScriptSigForm {
    /// In words.
    pub(super) asm: String,
    /// As it is.
    pub(super) hex: String,
}

#[derive(Debug, Serialize)]
struct OutputForm {
    value: Btc,
    n: usize,
    #[serde(rename = "scriptPubKey")]
    script_pubkey: ScriptForm,
}
