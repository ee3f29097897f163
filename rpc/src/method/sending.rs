//! Owns `send` and `sendall`: payments whose form the caller chooses, signed here or handed on.
//!
//! Refuses to send what spends coins of others: it is signed in part and handed on.

mod options;

use std::collections::BTreeSet;

use billfold_wallet_core::command::{
    Command, CommandError, Draft, Hold, Layout, PayAmount, PayRequest, Recipient, Reply, Spends,
};
use bitcoin::consensus::encode::serialize_hex;
use bitcoin::psbt::Psbt;
use bitcoin::script::Instruction;
use bitcoin::transaction::Version;
use bitcoin::{Address, OutPoint, Script, TxOut, Txid};
use serde::Serialize;

use crate::arguments::{self, Arguments};
use crate::desk::Desk;
use crate::device_signing;
use crate::error::{Code, NO_FUNDS, RpcError};
use crate::json::{Value, answer};
use crate::ledger::drop_draft;
use crate::method::funding::{self, NOT_COVERED};
use crate::method::payment::{Drafted, TOO_LOW, below_least, drafted, turn};
use crate::method::preselected::{self, Preselected};
use crate::method::send::part;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};
use crate::unsigned;

use options::Options;

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "send",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("outputs", Kind::Any, "The outputs, as key-value pairs"),
            TARGET,
            MODE,
            RATE,
            Parameter::options(SEND_OPTIONS, "What else is wanted"),
            Parameter::optional("version", Kind::Number, "Transaction version"),
        ],
        about: "Send a transaction.",
        standing: Standing::Differs(SEND),
        run: Run::Change(|node, desk, arguments| Box::pin(send(node, desk, arguments))),
    },
    Method {
        name: "sendall",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("recipients", Kind::Array, "Addresses, and pairs with an amount"),
            TARGET,
            MODE,
            RATE,
            Parameter::options(SENDALL_OPTIONS, "What else is wanted"),
        ],
        about: "Spend the value of all (or specific) confirmed UTXOs and unconfirmed change in the \
                wallet to one or more recipients.",
        standing: Standing::Differs(SENDALL),
        run: Run::Change(|node, desk, arguments| Box::pin(send_all(node, desk, arguments))),
    },
];

const TARGET: Parameter =
    Parameter::optional("conf_target", Kind::Number, "Confirmation target in blocks");
const MODE: Parameter =
    Parameter::optional("estimate_mode", Kind::Text, "unset, economical, conservative");
const RATE: Parameter = Parameter::optional("fee_rate", Kind::Amount, "Fee rate in sat/vB");

const SEND_OPTIONS: &[Parameter] = &[
    Parameter::optional("add_inputs", Kind::Bool, "Choose coins beside the inputs"),
    Parameter::optional("include_unsafe", Kind::Bool, "Choose coins that others may take back"),
    Parameter::optional("minconf", Kind::Number, "Choose coins with so many confirmations"),
    Parameter::optional("maxconf", Kind::Number, "Choose coins with at most so many"),
    Parameter::optional("add_to_wallet", Kind::Bool, "Whether it is stored and sent"),
    Parameter::optional("change_address", Kind::Text, "Where the change goes"),
    Parameter::optional("change_position", Kind::Number, "The place of the change"),
    Parameter::optional("change_type", Kind::Text, "The type of the change's address"),
    Parameter::optional("include_watching", Kind::Bool, "No longer used"),
    Parameter::optional("inputs", Kind::Array, "The inputs: {txid, vout, sequence, weight}"),
    Parameter::optional("locktime", Kind::Number, "Raw locktime"),
    Parameter::optional("lock_unspents", Kind::Bool, "Lock the coins that are spent"),
    Parameter::optional("psbt", Kind::Bool, "Answer with a PSBT, and send nothing"),
    Parameter::optional("subtract_fee_from_outputs", Kind::Array, "Which bear the fee"),
    Parameter::optional("max_tx_weight", Kind::Number, "The most that it may weigh"),
    Parameter::optional("replaceable", Kind::Bool, "Say that it may be replaced"),
    Parameter::optional("solving_data", Kind::Object, "How coins of others are spent"),
];

const SENDALL_OPTIONS: &[Parameter] = &[
    Parameter::optional("add_to_wallet", Kind::Bool, "Whether it is stored and sent"),
    Parameter::optional("include_watching", Kind::Bool, "No longer used"),
    Parameter::optional("inputs", Kind::Array, "Exactly these inputs: {txid, vout, sequence}"),
    Parameter::optional("locktime", Kind::Number, "Raw locktime"),
    Parameter::optional("lock_unspents", Kind::Bool, "Lock the coins that are spent"),
    Parameter::optional("psbt", Kind::Bool, "Answer with a PSBT, and send nothing"),
    Parameter::optional("send_max", Kind::Bool, "Leave coins that cost more than they hold"),
    Parameter::optional("minconf", Kind::Number, "Only coins with so many confirmations"),
    Parameter::optional("maxconf", Kind::Number, "Only coins with at most so many"),
    Parameter::optional("version", Kind::Number, "Transaction version"),
    Parameter::optional("replaceable", Kind::Bool, "Say that it may be replaced"),
    Parameter::optional("solving_data", Kind::Object, "Without meaning"),
];

const SEND: &str = "-10 before the chain was seen for the first time; -6 for what would stand on 25 transactions that no block \
     holds; a coin that is not the wallet's is taken \
     where the transaction that made it is known, as for walletcreatefundedpsbt; version 3 spends \
     coins in blocks only; inputs stand in an order that tells nothing; what is signed and not sent \
     holds its coins until it is sent or dropped by billfold drafts; with a locktime ahead it is kept, \
     and announced once a block may hold it";
const SENDALL: &str = "-10 before the chain was seen for the first time; version 3 spends coins in blocks only; inputs \
     stand in an order that tells nothing; what is signed and not sent holds its coins until it is \
     sent or dropped by billfold drafts";

async fn send(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let options = Options::read(arguments)?;
    if options.has("input_weights") {
        return Err(RpcError::parameter(preselected::NOT_IN_OPTIONS));
    }
    let version = unusual(arguments.value(5))?;
    let outputs = arguments.value(0).unwrap_or(&Value::Null);
    let paid = unsigned::outputs(outputs, node.params.network)?;
    let inputs = options.inputs()?;
    let names = unsigned::names(outputs)?;
    let known = SEND_OPTIONS.iter().chain(&[TARGET, MODE, RATE]);
    let chosen = funding::Options::read(Some(options.fields()), known, &names, node, desk).await?;
    let (mut recipients, mut publishes) = (Vec::new(), None);
    for (at, output) in paid.into_iter().enumerate() {
        match published(&output.script_pubkey) {
            Some(bytes) => publishes = Some((at, bytes)),
            None => recipients.push(Recipient {
                address: to(node, &output)?,
                amount: part(output.value, chosen.subtract.contains(&at)),
                note: None,
            }),
        }
    }
    if recipients.is_empty() && publishes.is_none() {
        return Err(RpcError::parameter("TX must have at least one output"));
    }
    let beside = chosen.add_inputs.unwrap_or(inputs.is_empty());
    if inputs.is_empty() && !beside {
        return Err(RpcError::new(Code::Wallet, NOT_COVERED));
    }
    let weights = preselected::weighted(options.value("inputs"));
    let told = Preselected::read(options.value("solving_data"), weights, node.params.network)?;
    let lock_time = options.lock_time()?;
    let request = PayRequest {
        recipients,
        fee: chosen.fee,
        coins: inputs.iter().map(|(coin, _)| *coin).collect(),
        terms: told.terms(desk, &inputs).await?,
        choice: chosen.choice(beside),
        layout: Layout { lock_time, publishes, version, ..chosen.layout() },
        ..PayRequest::default()
    };
    let told = finish(node, desk, request, &options).await;
    told.map_err(|error| unfunded(error, beside))
}

async fn send_all(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let options = Options::read(arguments)?;
    let version = unusual(options.value("version"))?;
    let listed = arguments.value(0).map_or(Ok(&[][..]), arguments::array)?;
    let mut recipients = Vec::new();
    for recipient in listed {
        if let Some(text) = recipient.as_str() {
            let refusal = "Invalid Bitcoin address: ";
            let address = arguments::address(text, node.params.network, refusal)?;
            recipients.push(Recipient { address, amount: PayAmount::Share, note: None });
            continue;
        }
        for output in unsigned::outputs(recipient, node.params.network)? {
            let (address, amount) = (to(node, &output)?, PayAmount::Exactly(output.value));
            recipients.push(Recipient { address, amount, note: None });
        }
    }
    if !recipients.iter().any(|recipient| recipient.amount == PayAmount::Share) {
        let message = "Must provide at least one address without a specified amount";
        return Err(RpcError::parameter(message));
    }
    check_twice(&recipients)?;
    let mut request = options.request(SENDALL_OPTIONS)?;
    if let Some(message) = below_least(node, request.fee) {
        return Err(RpcError::parameter(message));
    }
    if options.has("inputs") && options.has("send_max") {
        return Err(RpcError::parameter("Cannot combine send_max with specific inputs."));
    }
    if options.has("inputs") && (options.has("minconf") || options.has("maxconf")) {
        let message = "Cannot combine minconf or maxconf with specific inputs.";
        return Err(RpcError::parameter(message));
    }
    // A list without coins stands for none of them. The wallet reads it as all.
    if options.has("inputs") && request.coins.is_empty() {
        return Err(RpcError::new(Code::InsufficientFunds, TOO_LOW));
    }
    request.choice.even_worthless = !options.flag("send_max", false)?;
    request.layout.version = version;
    request.recipients = recipients;
    let inputs = options.inputs()?;
    // Perhaps by the payment of an earlier call with the same key, which is the answer then.
    let may_be_spent = desk.authority().is_some_and(|by| by.request.is_some());
    request.terms = preselected::own_terms(desk, &inputs, may_be_spent).await?;
    match finish(node, desk, request, &options).await {
        Err(error) if may_be_spent && error.code == Code::InvalidParameter as i32 => {
            Err(preselected::own_terms(desk, &inputs, false).await.err().unwrap_or(error))
        }
        told => told,
    }
}

/// Pays, or hands on, as the options say.
async fn finish(node: &Node, desk: &Desk, mut request: PayRequest, options: &Options) -> Outcome {
    // Others sign too, and what holds the coins is the PSBT that they get.
    let is_joint = request.terms.iter().any(|terms| matches!(terms.spends, Spends::Foreign { .. }));
    if is_joint {
        request.hold = Hold::Not;
    }
    let keeps =
        !is_joint && options.flag("add_to_wallet", true)? && !options.flag("psbt", false)?;
    let locks = options.flag("lock_unspents", false)?;
    let _turn = turn(desk).await?;
    let draft = match drafted(node, desk, request).await? {
        Drafted::New(draft) => draft,
        Drafted::Paid(paid) => {
            let txid = Some(paid.payment.transaction.compute_txid());
            return answer(&SentForm { txid, complete: true, ..SentForm::default() });
        }
    };
    let coins: Vec<OutPoint> = draft.inputs.iter().map(|coin| coin.outpoint).collect();
    let told = if keeps {
        signed(node, desk, &draft).await?
    } else {
        handed_on(node, desk, &draft).await?
    };
    if locks && !(keeps && told.complete) {
        desk.ask(Command::Freeze { outpoints: coins, frozen: true }).await?;
    }
    answer(&told)
}

/// Signs and sends; where others must sign too, their part is handed on.
async fn signed(node: &Node, desk: &Desk, draft: &Draft) -> Result<SentForm, RpcError> {
    let signed = match desk.ask(Command::Sign(draft.id)).await {
        Err(CommandError::WatchOnly) => match device_signing::pay(node, desk, draft).await? {
            None => return Ok(unsigned_psbt(desk, draft).await),
            Some(signed) => signed,
        },
        signed => kept(desk, draft, signed).await?,
    };
    match signed {
        Reply::Payment(payment) => {
            let txid = Some(payment.transaction.compute_txid());
            Ok(SentForm { txid, complete: true, ..SentForm::default() })
        }
        Reply::Psbt(review) => {
            Ok(SentForm { psbt: Some(review.psbt.to_string()), ..SentForm::default() })
        }
        _ => Err(RpcError::bug()),
    }
}

/// Signs, and sends nothing.
async fn handed_on(node: &Node, desk: &Desk, draft: &Draft) -> Result<SentForm, RpcError> {
    let psbt: Psbt = draft.psbt.parse().map_err(|_| RpcError::bug())?;
    let signed = match desk.ask(Command::SignPsbt(Box::new(psbt))).await {
        Err(CommandError::WatchOnly) => {
            match device_signing::signed_draft(node, desk, draft).await? {
                None => return Ok(unsigned_psbt(desk, draft).await),
                Some(signed) => desk.ask_until_room(Command::ReviewPsbt(Box::new(signed))).await?,
            }
        }
        // All coins are of others.
        Err(CommandError::NothingToSign) => return Ok(unsigned_psbt(desk, draft).await),
        signed => kept(desk, draft, signed).await?,
    };
    match signed {
        Reply::Psbt(review) => {
            let psbt = Some(review.psbt.to_string());
            let txid = review.complete.as_ref().map(bitcoin::Transaction::compute_txid);
            let hex = review.complete.as_ref().map(serialize_hex);
            Ok(SentForm { psbt, txid, complete: hex.is_some(), hex })
        }
        _ => Err(RpcError::bug()),
    }
}

/// What the wallet's own keys came to; a draft that they did not sign is dropped.
async fn kept(
    desk: &Desk,
    draft: &Draft,
    signed: Result<Reply, CommandError>,
) -> Result<Reply, RpcError> {
    if signed.is_err() {
        drop_draft(desk, draft).await;
    }
    Ok(signed?)
}

/// A wallet without keys answers with what it would sign, and holds nothing.
async fn unsigned_psbt(desk: &Desk, draft: &Draft) -> SentForm {
    drop_draft(desk, draft).await;
    SentForm { psbt: Some(draft.psbt.clone()), ..SentForm::default() }
}

/// A version that has to be asked for.
fn unusual(version: Option<&Value>) -> Result<Option<Version>, RpcError> {
    let version = unsigned::version(version)?;
    Ok((version != Version::TWO).then_some(version))
}

/// The bytes that an output publishes, if it does nothing else.
fn published(spk: &Script) -> Option<Vec<u8>> {
    let mut parts = spk.instructions().skip(1);
    let bytes = match parts.next() {
        Some(Ok(Instruction::PushBytes(bytes))) => bytes.as_bytes().to_vec(),
        _ => Vec::new(),
    };
    spk.is_op_return().then_some(bytes)
}

fn to(node: &Node, output: &TxOut) -> Result<Address, RpcError> {
    Address::from_script(&output.script_pubkey, node.params.network).map_err(|_| RpcError::bug())
}

fn check_twice(recipients: &[Recipient]) -> Result<(), RpcError> {
    let mut seen = BTreeSet::new();
    match recipients.iter().find(|recipient| !seen.insert(&recipient.address)) {
        None => Ok(()),
        Some(Recipient { address, .. }) => {
            let message = format!("Invalid parameter, duplicated address: {address}");
            Err(RpcError::parameter(message))
        }
    }
}

/// What lacks is an error of the wallet here, as of all that fund a transaction.
fn unfunded(error: RpcError, beside: bool) -> RpcError {
    if error.code != LACKS_FUNDS {
        return error;
    }
    let is_short = !beside && error.message == NO_FUNDS;
    RpcError::new(Code::Wallet, if is_short { NOT_COVERED } else { &error.message })
}

#[derive(Debug, Default, Serialize)]
struct SentForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    psbt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    txid: Option<Txid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<String>,
    complete: bool,
}

const LACKS_FUNDS: i32 = Code::InsufficientFunds as i32;
