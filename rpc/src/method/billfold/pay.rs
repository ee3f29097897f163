//! Owns the methods that pay by a key: `billfold.pay` and `billfold.bump`.
//!
//! Refuses to pay without a key: a caller whose connection breaks can't know whether it paid.

use billfold_wallet_core::command::{
    BumpRequest, BumpWay, Command, Draft, FeeBasis, FeeChoice, Hold, PayAmount, PayRequest,
    PaymentQuery, PaymentState, Recipient, Reply, Warning,
};
use billfold_wallet_core::recipient::Payee;
use bitcoin::{Amount, FeeRate};
use serde::Serialize;

use crate::arguments::{self, Arguments, fixed_point};
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::{Value, answer};
use crate::ledger::drop_draft;
use crate::method::billfold::payments::{InputForm, PaymentForm, record};
use crate::method::billfold::{count, only, sats};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

const KEY: Parameter = Parameter::required(
    "key",
    Kind::Text,
    "The caller's name for this payment: the same call with it is the same payment, always",
);
const FEE: Parameter = Parameter::optional(
    "fee",
    Kind::Object,
    "One of sat_per_vb, target_blocks, total_sat; left out, an estimate",
);

pub(in crate::method) const METHODS: &[Method] = &[
    Method {
        name: "billfold.bump",
        category: Category::Billfold,
        parameters: &[
            KEY,
            Parameter::required("payment_id", Kind::Number, "Which payment"),
            FEE,
            Parameter::optional("way", Kind::Text, "best, replace, child or cancel"),
        ],
        about: "Speed a payment up that waits for a block, or take it back. It keeps its payment_id.",
        standing: Standing::Ours,
        run: Run::Change(|node, desk, arguments| Box::pin(bump(node, desk, arguments))),
    },
    Method {
        name: "billfold.pay",
        category: Category::Billfold,
        parameters: &[
            KEY,
            Parameter::optional("outputs", Kind::Array, "[{address, amount_sat, label}]"),
            FEE,
            Parameter::optional("options", Kind::Object, "label, max_fee_sat"),
            Parameter::optional("dry_run", Kind::Bool, "Only tell what it would cost"),
            Parameter::optional("uri", Kind::Text, "A bitcoin: URI with an amount, for outputs"),
        ],
        about: "Pay once: the signed transaction is stored with the key before anybody hears of it, \
                and a repeated call is told the same again.",
        standing: Standing::Ours,
        run: Run::Pay {
            identify: |node, arguments| Ok(asked(node, arguments)?.identity()),
            work: |node, desk, arguments| Box::pin(pay(node, desk, arguments)),
        },
    },
];

/// What a call asks for; the same as the command line does, in the same words, so that both are one
/// payment under one key.
fn asked(node: &Node, arguments: &Arguments) -> Result<PayRequest, RpcError> {
    let (recipients, suggested) = match (arguments.value(1), arguments.text(5)?) {
        (Some(outputs), None) => (recipients(node, outputs)?, None),
        (None, Some(uri)) => {
            let (recipient, purpose) = payee(node, uri)?;
            (vec![recipient], purpose)
        }
        _ => return Err(RpcError::parameter("Name either outputs or uri")),
    };
    let mut request = request(recipients, arguments.value(2), arguments.value(3))?;
    request.note = request.note.or(suggested);
    Ok(request)
}

async fn pay(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let mut request = asked(node, arguments)?;
    seen_chain(node, desk).await?;
    if arguments.flag(4, false)? {
        request.dry_run = true;
        return match desk.ask(Command::Draft(Box::new(request))).await? {
            Reply::Draft(draft) => answer(&DryForm::new(node, &draft)?),
            _ => Err(RpcError::bug()),
        };
    }
    let _turn = desk.paying().await;
    let made = desk.ask(Command::Draft(Box::new(request.clone()))).await?;
    let made = match made {
        Reply::Draft(draft) if draft.fee_basis == FeeBasis::Fallback => {
            drop_draft(desk, &draft).await;
            request.fee = FeeChoice::Rate(fallback(node)?);
            desk.ask(Command::Draft(Box::new(request))).await?
        }
        made => made,
    };
    signed(desk, made).await
}

async fn bump(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let id = arguments.long(1)?.and_then(|id| u64::try_from(id).ok()).unwrap_or_default();
    let way = match arguments.text(3)?.unwrap_or("best") {
        "best" => BumpWay::Best,
        "replace" => BumpWay::Replace,
        "child" => BumpWay::Child,
        "cancel" => BumpWay::Cancel,
        _ => return Err(RpcError::parameter("way is best, replace, child or cancel")),
    };
    let fee = fee(arguments.value(2))?;
    seen_chain(node, desk).await?;
    let record = record(desk, PaymentQuery::Id(id)).await?;
    // The last one that counts; a child is sped up as part of it.
    let counts = |state| !matches!(state, PaymentState::Replaced | PaymentState::Evicted);
    let last = record.attempts.iter().rfind(|attempt| counts(attempt.payment.state));
    let Some(last) = last else {
        return Err(RpcError::new(Code::Wallet, "Nothing of this payment counts any more"));
    };
    let request = BumpRequest {
        txid: last.payment.transaction.compute_txid(),
        way,
        fee,
        most_fee: None,
        hold: Hold::Briefly,
        dry_run: false,
    };
    let _turn = desk.paying().await;
    let made = desk.ask(Command::Bump(request)).await?;
    signed(desk, made).await
}

/// Signs a draft, unless the call made its payment before, and tells the payment.
async fn signed(desk: &Desk, made: Reply) -> Outcome {
    let payment = match made {
        Reply::Payment(payment) => payment,
        Reply::Draft(draft) => match desk.ask(Command::Sign(draft.id)).await {
            Ok(Reply::Payment(payment)) => payment,
            other => {
                drop_draft(desk, &draft).await;
                return match other {
                    Ok(Reply::Psbt(_)) => Err(RpcError::new(Code::Wallet, OTHERS_SIGN)),
                    Ok(_) => Err(RpcError::bug()),
                    Err(error) => Err(error.into()),
                };
            }
        },
        _ => return Err(RpcError::bug()),
    };
    let txid = payment.transaction.compute_txid();
    let record = record(desk, PaymentQuery::Txid(txid)).await?;
    answer(&PaymentForm::of(record.id, &payment))
}

async fn seen_chain(node: &Node, desk: &Desk) -> Result<(), RpcError> {
    if node.has_seen_chain(desk).await? {
        return Ok(());
    }
    let message = "The wallet has not seen the chain yet: wait until it is synced";
    Err(RpcError::new(Code::InInitialDownload, message))
}

fn fallback(node: &Node) -> Result<FeeRate, RpcError> {
    let message = "No fee rate is known yet: name fee.sat_per_vb, or start with --fallback-fee";
    node.fallback_fee.ok_or_else(|| RpcError::new(Code::InsufficientFunds, message))
}

/// The recipients of a list of outputs.
pub(super) fn recipients(node: &Node, outputs: &Value) -> Result<Vec<Recipient>, RpcError> {
    let one = |output: &Value| {
        let output = arguments::object(output)?;
        only(output, &["address", "amount_sat", "label"])?;
        let address = arguments::text(output.get("address").unwrap_or(&Value::Null))?;
        let address =
            arguments::address(address, node.params.network, "Invalid Bitcoin address: ")?;
        let amount = sats(output.get("amount_sat").unwrap_or(&Value::Null), "amount_sat")?;
        let label = output.get("label").map(arguments::text).transpose()?.map(str::to_owned);
        Ok(Recipient { address, amount: PayAmount::Exactly(amount), note: label })
    };
    arguments::array(outputs)?.iter().map(one).collect()
}

/// Whom a URI asks to pay, and what it says that is for.
fn payee(node: &Node, uri: &str) -> Result<(Recipient, Option<String>), RpcError> {
    let payee = Payee::parse(uri, node.params.network)
        .map_err(|error| RpcError::address_or_key(error.to_string()))?;
    let Some(amount) = payee.amount else {
        return Err(RpcError::parameter("The URI names no amount: use outputs"));
    };
    let amount = PayAmount::Exactly(amount);
    let purpose = payee.message.or(payee.label);
    Ok((Recipient { address: payee.address, amount, note: None }, purpose))
}

/// What is to be paid, and how.
pub(super) fn request(
    recipients: Vec<Recipient>,
    fee_given: Option<&Value>,
    options: Option<&Value>,
) -> Result<PayRequest, RpcError> {
    let mut request = PayRequest { recipients, fee: fee(fee_given)?, ..PayRequest::default() };
    if let Some(options) = options {
        let options = arguments::object(options)?;
        only(options, &["label", "max_fee_sat"])?;
        request.note = options.get("label").map(arguments::text).transpose()?.map(str::to_owned);
        let most = options.get("max_fee_sat").map(|most| sats(most, "max_fee_sat"));
        request.most_fee = most.transpose()?;
    }
    Ok(request)
}

fn fee(given: Option<&Value>) -> Result<FeeChoice, RpcError> {
    let Some(given) = given else { return Ok(FeeChoice::Default) };
    let given = arguments::object(given)?;
    only(given, &["sat_per_vb", "target_blocks", "total_sat"])?;
    let (rate, target, total) =
        (given.get("sat_per_vb"), given.get("target_blocks"), given.get("total_sat"));
    match (rate, target, total) {
        (Some(rate), None, None) => sat_per_vb(rate).map(FeeChoice::Rate),
        (None, Some(target), None) => {
            let target = u16::try_from(count(target, "target_blocks")?).ok();
            let target = target.filter(|target| (1..=1_008).contains(target));
            let message = "target_blocks is between 1 and 1008";
            target.map(FeeChoice::Target).ok_or_else(|| RpcError::parameter(message))
        }
        (None, None, Some(total)) => sats(total, "total_sat").map(FeeChoice::Total),
        (None, None, None) => Ok(FeeChoice::Default),
        _ => Err(RpcError::parameter("Name one of sat_per_vb, target_blocks and total_sat")),
    }
}

/// A fee rate with three decimals at the most.
fn sat_per_vb(value: &Value) -> Result<FeeRate, RpcError> {
    let wrong = || RpcError::wrong_type("sat_per_vb is not a rate with three decimals at the most");
    let digits = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return Err(wrong()),
    };
    let per_kvb = fixed_point(&digits, 3).and_then(|rate| u64::try_from(rate).ok());
    Ok(FeeRate::from_sat_per_kwu(per_kvb.ok_or_else(wrong)?.div_ceil(4)))
}

/// What a payment would cost.
#[derive(Debug, Serialize)]
struct DryForm {
    dry_run: bool,
    fee_sat: u64,
    inputs: Vec<InputForm>,
    change_sat: u64,
    warnings: Vec<&'static str>,
}

impl DryForm {
    fn new(node: &Node, draft: &Draft) -> Result<Self, RpcError> {
        if draft.fee_basis == FeeBasis::Fallback {
            fallback(node)?;
        }
        let change = draft.change.as_ref().map_or(Amount::ZERO, |change| change.amount);
        Ok(Self {
            dry_run: true,
            fee_sat: draft.fee.to_sat(),
            inputs: draft.inputs.iter().map(|coin| coin.outpoint.into()).collect(),
            change_sat: change.to_sat(),
            warnings: draft.warnings.iter().map(Warning::name).collect(),
        })
    }
}

const OTHERS_SIGN: &str = "Others must sign too: use billfold psbt create";
