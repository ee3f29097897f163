//! Owns the methods that choose coins for what a caller describes, and sign nothing.
//!
//! Refuses to spend what the wallet does not know and nobody tells: there is no set of unspent
//! outputs to look it up in.

mod options;

use billfold_wallet_core::command::{
    Command, CommandError, Draft, Hold, Layout, PayAmount, PayRequest, Recipient, Reply,
};
use bitcoin::psbt::{self as raw, Psbt};
use bitcoin::script::Instruction;
use bitcoin::{Address, Amount, Network, Script, Transaction, TxIn, TxOut};
use serde::Serialize;

use crate::arguments::{self, Arguments};
use crate::desk::Desk;
use crate::error::{Code, LINE_TOO_LONG, RpcError};
use crate::json::{Btc, Value, answer};
use crate::method::payment::{FEE_ABOVE_LIMIT, NO_ESTIMATE, bounded, drafted_at};
use crate::method::preselected::{self, Preselected, TOO_HEAVY};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};
use crate::{psbt, transaction_hex, unsigned};

use options::FIELDS;
pub(super) use options::{Options, depths};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "fundrawtransaction",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("hexstring", Kind::Text, "The hex string of the raw transaction"),
            // Older clients give true or false, which says nothing.
            Parameter { kind: Kind::Any, ..Parameter::options(FIELDS, "How to choose") },
            Parameter::optional(
                "iswitness",
                Kind::Bool,
                "Whether it is in the form with witnesses",
            ),
        ],
        about: "If the transaction has no inputs, they will be automatically selected to meet its \
                out value.",
        standing: Standing::Differs(FUNDING),
        run: Run::Change(|node, desk, arguments| Box::pin(fund_raw(node, desk, arguments))),
    },
    Method {
        name: "walletcreatefundedpsbt",
        category: Category::Wallet,
        parameters: &[
            Parameter::optional("inputs", Kind::Array, "Inputs that are spent in any case"),
            Parameter::required(
                "outputs",
                Kind::Any,
                "The outputs: {address: amount}, {data: hex}",
            ),
            Parameter::optional("locktime", Kind::Number, "Raw locktime"),
            Parameter::options(FIELDS, "How to choose"),
            Parameter::optional("bip32derivs", Kind::Bool, "Include the origins of keys"),
            Parameter::optional("version", Kind::Number, "Transaction version"),
        ],
        about: "Creates and funds a transaction in the Partially Signed Transaction format.",
        standing: Standing::Differs(FUNDING),
        run: Run::Change(|node, desk, arguments| Box::pin(create_funded(node, desk, arguments))),
    },
];

const FUNDING: &str = "a coin that is not the wallet's is taken where the transaction that made it is known: a \
     transaction of the wallet, or one in solving_data's transactions, which Core has not; -4 \
     without; whether such a coin is unspent is not known; -4 for an input that is locked; -8 for \
     outputs to the same address, without an address, or of data alone; -6 for a fee rate below the \
     least, as of a payment, and -8 above 10,000 sat/vB; -10 before the chain was \
     seen for the first time; inputs that were signed come back unsigned; version 3 spends coins in \
     blocks only";

async fn create_funded(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let options = arguments.value(3).map(arguments::object).transpose()?;
    if options.is_some_and(|options| options.get("input_weights").is_some()) {
        return Err(RpcError::parameter(preselected::NOT_IN_OPTIONS));
    }
    let replaceable = options.and_then(|options| options.get("replaceable"));
    let replaceable = replaceable.map(arguments::flag).transpose()?.unwrap_or(true);
    let lock_time = unsigned::lock_time(arguments.value(2))?;
    let version = unsigned::version(arguments.value(5))?;
    let nothing = Value::Null;
    let inputs =
        unsigned::inputs(arguments.value(0).unwrap_or(&nothing), Some(replaceable), lock_time)?;
    let outputs = arguments.value(1).unwrap_or(&nothing);
    let names = unsigned::names(outputs)?;
    let output = unsigned::outputs(outputs, node.params.network)?;
    let described = Transaction { version, lock_time, input: inputs, output };
    if replaceable && !described.input.is_empty() && !described.is_explicitly_rbf() {
        return Err(RpcError::parameter(unsigned::CONTRADICTION));
    }
    let solving = options.and_then(|options| options.get("solving_data"));
    let options = Options::read(options, FIELDS, &names, node, desk).await?;
    let weights = preselected::weighted(arguments.value(0));
    let told = Preselected::read(solving, weights, node.params.network)?;
    let beside = options.add_inputs.unwrap_or(described.input.is_empty());
    let mut funded = fund(node, desk, &described, options, told, beside).await?;
    if !arguments.flag(4, true)? {
        for input in &mut funded.psbt.inputs {
            input.bip32_derivation.clear();
            input.tap_key_origins.clear();
        }
        for output in &mut funded.psbt.outputs {
            output.bip32_derivation.clear();
            output.tap_key_origins.clear();
        }
    }
    psbt::trim(&mut funded.psbt);
    let psbt = psbt::written(&funded.psbt);
    answer(&FundedForm { hex: None, psbt: Some(psbt), fee: funded.fee, changepos: funded.change })
}

async fn fund_raw(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let with_witnesses = arguments.value(2).map(arguments::flag).transpose()?;
    let described = transaction_hex::read(arguments.required_text(0)?, with_witnesses)
        .ok_or_else(|| RpcError::new(Code::Deserialization, "TX decode failed"))?;
    let options = arguments.value(1).filter(|options| options.as_bool().is_none());
    let options = options.map(arguments::object).transpose()?;
    let names = vec![String::new(); described.output.len()];
    let field = |name: &str| options.and_then(|options| options.get(name));
    let (solving, weights) = (field("solving_data"), field("input_weights"));
    let options = Options::read(options, FIELDS, &names, node, desk).await?;
    let weights = weights.map_or(Ok(&[][..]), arguments::array)?;
    let told = Preselected::read(solving, weights, node.params.network)?;
    let beside = options.add_inputs.unwrap_or(true);
    let funded = fund(node, desk, &described, options, told, beside).await?;
    let hex = transaction_hex::written(&funded.psbt.unsigned_tx);
    answer(&FundedForm { hex: Some(hex), psbt: None, fee: funded.fee, changepos: funded.change })
}

/// A transaction with the coins that it takes.
struct Funded {
    psbt: Psbt,
    fee: Btc,
    change: i64,
}

async fn fund(
    node: &Node,
    desk: &Desk,
    described: &Transaction,
    options: Options,
    told: Preselected,
    beside: bool,
) -> Result<Funded, RpcError> {
    if !node.has_seen_chain(desk).await? {
        let message = "The wallet has not seen the chain yet: wait until it is synced";
        return Err(RpcError::new(Code::InInitialDownload, message));
    }
    if described.output.is_empty() {
        return Err(RpcError::parameter("TX must have at least one output"));
    }
    if described.input.is_empty() && !beside {
        return Err(RpcError::new(Code::Wallet, NOT_COVERED));
    }
    let locks = options.lock_unspents;
    let mut request = request(described, &options, beside, node.params.network)?;
    let inputs = described.input.iter();
    let inputs: Vec<_> =
        inputs.map(|input| (input.previous_output, Some(input.sequence))).collect();
    request.terms = told.terms(desk, &inputs).await?;
    let draft = drafted(node, desk, &bounded(node, desk, request).await?).await?;
    if locks {
        let outpoints = draft.inputs.iter().map(|coin| coin.outpoint).collect();
        desk.ask(Command::Freeze { outpoints, frozen: true }).await?;
    }
    let mut psbt = psbt::read(&draft.psbt)?;
    put_first(&mut psbt, &described.input);
    Ok(Funded {
        psbt,
        fee: draft.fee.into(),
        change: draft.change.map_or(-1, |change| i64::from(change.vout)),
    })
}

/// What the wallet is asked for.
fn request(
    described: &Transaction,
    options: &Options,
    beside: bool,
    network: Network,
) -> Result<PayRequest, RpcError> {
    let mut recipients = Vec::new();
    let mut publishes = None;
    for (place, output) in described.output.iter().enumerate() {
        if let Some(data) = data(output) {
            publishes = Some((recipients.len(), data));
            continue;
        }
        let address = Address::from_script(&output.script_pubkey, network)
            .map_err(|_| RpcError::parameter("An output without an address is not served"))?;
        let amount = if options.subtract.contains(&place) {
            PayAmount::LessFee(output.value)
        } else {
            PayAmount::Exactly(output.value)
        };
        recipients.push(Recipient { address, amount, note: None });
    }
    Ok(PayRequest {
        recipients,
        fee: options.fee,
        coins: described.input.iter().map(|input| input.previous_output).collect(),
        choice: options.choice(beside),
        layout: Layout {
            lock_time: Some(described.lock_time),
            publishes,
            version: Some(described.version),
            ..options.layout()
        },
        hold: Hold::Not,
        ..PayRequest::default()
    })
}

/// What an output publishes, if that is all that it does.
fn data(output: &TxOut) -> Option<Vec<u8>> {
    let script: &Script = &output.script_pubkey;
    let mut instructions = script.instructions();
    let is_data = script.is_op_return() && output.value == Amount::ZERO;
    instructions.next().filter(|_| is_data)?.ok()?;
    let Ok(Instruction::PushBytes(bytes)) = instructions.next()? else { return None };
    instructions.next().is_none().then(|| bytes.as_bytes().to_vec())
}

async fn drafted(node: &Node, desk: &Desk, request: &PayRequest) -> Result<Draft, RpcError> {
    let refused = |message: &str| RpcError::new(Code::Wallet, message);
    match drafted_at(node, desk, request).await {
        Ok(Some(Reply::Draft(draft))) => Ok(*draft),
        Ok(Some(_)) => Err(RpcError::bug()),
        Ok(None) => Err(refused(NO_ESTIMATE)),
        Err(CommandError::InsufficientFunds { .. }) if !request.choice.beside => {
            Err(refused(NOT_COVERED))
        }
        Err(CommandError::InsufficientFunds { .. }) => Err(refused("Insufficient funds")),
        Err(CommandError::LineTooLong { .. }) => Err(refused(LINE_TOO_LONG)),
        Err(CommandError::Dust { .. }) => Err(refused("Transaction amount too small")),
        Err(CommandError::NoSuchCoin(_)) => Err(refused(SPENT)),
        Err(CommandError::FeeAboveLimit { .. }) => Err(refused(FEE_ABOVE_LIMIT)),
        Err(CommandError::TooLarge { .. }) => Err(refused(TOO_HEAVY)),
        Err(error) => Err(error.into()),
    }
}

/// Puts the inputs that the caller named before those that were chosen, in their order.
fn put_first(psbt: &mut Psbt, named: &[TxIn]) {
    let spends = std::mem::take(&mut psbt.unsigned_tx.input);
    let inputs = std::mem::take(&mut psbt.inputs);
    let mut both: Vec<(TxIn, raw::Input)> = spends.into_iter().zip(inputs).collect();
    let place = |spends: &TxIn| {
        let same = |named: &TxIn| named.previous_output == spends.previous_output;
        named.iter().position(same).unwrap_or(named.len())
    };
    both.sort_by_cached_key(|(spends, _)| place(spends));
    (psbt.unsigned_tx.input, psbt.inputs) = both.into_iter().unzip();
}

#[derive(Debug, Serialize)]
struct FundedForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    psbt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<String>,
    fee: Btc,
    changepos: i64,
}

/// What Core says where the named coins are too few.
pub(super) const NOT_COVERED: &str = "The preselected coins total amount does not cover the transaction \
                           target. Please allow other inputs to be automatically selected or \
                           include more coins manually";
const SPENT: &str = "Unable to find UTXO for external input: a coin of the wallet is spent already, \
                     or is not what is said of it";
