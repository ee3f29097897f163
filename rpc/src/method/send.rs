//! Owns the methods that pay: drafted, signed and stored before anybody hears of it.
//!
//! Refuses a fee that nobody asked for and no estimate gave, unless a fallback is set.

use std::collections::BTreeSet;

use billfold_wallet_core::command::{
    Command, CommandError, Draft, FeeBasis, FeeChoice, PayAmount, PayRequest, Payment, Recipient,
    Reply,
};
use bitcoin::{Amount, FeeRate, Txid};
use serde::Serialize;

use crate::arguments::{self, Arguments, amount, fixed_point};
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::{Value, answer};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "sendmany",
        category: Category::Wallet,
        parameters: &[
            Parameter::optional("dummy", Kind::Text, "Must be set to \"\""),
            Parameter::required("amounts", Kind::Object, "The addresses and amounts"),
            Parameter::optional("minconf", Kind::Number, "Ignored"),
            Parameter::optional("comment", Kind::Text, "Kept as the transaction's label"),
            Parameter::optional("subtractfeefrom", Kind::Array, "Must be empty"),
            Parameter::optional("replaceable", Kind::Bool, "Must not be false"),
            Parameter::optional("conf_target", Kind::Number, "Confirmation target in blocks"),
            Parameter::optional("estimate_mode", Kind::Text, "unset, economical, conservative"),
            Parameter::optional("fee_rate", Kind::Amount, "Fee rate in sat/vB"),
            Parameter::optional("verbose", Kind::Bool, "Return the reason of the fee too"),
        ],
        about: "Send multiple times. Amounts are double-precision floating point numbers.",
        standing: Standing::Differs(PAYING),
        run: Run::Change(|node, desk, arguments| Box::pin(many(node, desk, arguments))),
    },
    Method {
        name: "sendtoaddress",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("address", Kind::Text, "The bitcoin address to send to"),
            Parameter::required("amount", Kind::Amount, "The amount in BTC to send"),
            Parameter::optional("comment", Kind::Text, "Kept as the transaction's label"),
            Parameter::optional("comment_to", Kind::Text, "Kept as the output's label"),
            Parameter::optional("subtractfeefromamount", Kind::Bool, "Must not be true"),
            Parameter::optional("replaceable", Kind::Bool, "Must not be false"),
            Parameter::optional("conf_target", Kind::Number, "Confirmation target in blocks"),
            Parameter::optional("estimate_mode", Kind::Text, "unset, economical, conservative"),
            Parameter::optional("avoid_reuse", Kind::Bool, "Must not be true"),
            Parameter::optional("fee_rate", Kind::Amount, "Fee rate in sat/vB"),
            Parameter::optional("verbose", Kind::Bool, "Return the reason of the fee too"),
        ],
        about: "Send an amount to a given address.",
        standing: Standing::Differs(PAYING),
        run: Run::Change(|node, desk, arguments| Box::pin(one(node, desk, arguments))),
    },
];

const PAYING: &str = "the fee is never taken from the amount (-8), and every payment can be replaced (-8 for \
     replaceable=false); -10 before the chain was seen for the first time; fee_reason is in our \
     own words";

async fn one(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let recipient = Recipient {
        address: address(node, arguments.required_text(0)?)?,
        amount: payable(arguments.value(1).unwrap_or(&Value::Null))?,
        note: said(arguments, 3)?,
    };
    if arguments.flag(4, false)? {
        return Err(RpcError::parameter(NO_SUBTRACTION));
    }
    if arguments.flag(8, false)? {
        let message = "wallet does not have the \"avoid reuse\" feature enabled";
        return Err(RpcError::new(Code::Wallet, message));
    }
    let fee = Fee::read(arguments, [5, 6, 7, 9])?;
    let payment = pay(node, desk, vec![recipient], said(arguments, 2)?, fee).await?;
    told(&payment, arguments.flag(10, false)?)
}

async fn many(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    if arguments.text(0)?.is_some_and(|dummy| !dummy.is_empty()) {
        return Err(RpcError::parameter("Dummy value must be set to \"\""));
    }
    if arguments.value(4).map(arguments::array).transpose()?.is_some_and(|from| !from.is_empty()) {
        return Err(RpcError::parameter(NO_SUBTRACTION));
    }
    let mut recipients = Vec::new();
    let mut seen = BTreeSet::new();
    for (text, value) in arguments::object(arguments.value(1).unwrap_or(&Value::Null))?.iter() {
        let address = address(node, text)?;
        if !seen.insert(address.clone()) {
            let message = format!("Invalid parameter, duplicated address: {text}");
            return Err(RpcError::parameter(message));
        }
        recipients.push(Recipient { address, amount: payable(value)?, note: None });
    }
    let fee = Fee::read(arguments, [5, 6, 7, 8])?;
    let payment = pay(node, desk, recipients, said(arguments, 3)?, fee).await?;
    told(&payment, arguments.flag(9, false)?)
}

/// A comment, if there is one.
fn said(arguments: &Arguments, place: usize) -> Result<Option<String>, RpcError> {
    Ok(arguments.text(place)?.filter(|text| !text.is_empty()).map(str::to_owned))
}

fn address(node: &Node, text: &str) -> Result<bitcoin::Address, RpcError> {
    arguments::address(text, node.params.network, "Invalid Bitcoin address: ")
}

fn payable(value: &Value) -> Result<PayAmount, RpcError> {
    match amount(value)? {
        Amount::ZERO => Err(RpcError::wrong_type("Invalid amount for send")),
        amount => Ok(PayAmount::Exactly(amount)),
    }
}

/// How the fee is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fee(FeeChoice);

impl Fee {
    /// Reads `replaceable`, `conf_target`, `estimate_mode` and `fee_rate` at these places.
    pub(super) fn read(arguments: &Arguments, places: [usize; 4]) -> Result<Self, RpcError> {
        let [replaceable, target, mode, rate] = places;
        if !arguments.flag(replaceable, true)? {
            return Err(RpcError::parameter(
                "replaceable=false is not served: every payment can be \
                                            replaced by one with a higher fee",
            ));
        }
        Self::of(arguments.value(target), arguments.value(mode), arguments.value(rate))
    }

    /// Reads the three ways to choose a fee, of which one may be used.
    pub(super) fn of(
        target: Option<&Value>,
        mode: Option<&Value>,
        rate: Option<&Value>,
    ) -> Result<Self, RpcError> {
        let mode = mode.map(arguments::text).transpose()?.unwrap_or("unset").to_ascii_lowercase();
        if let Some(rate) = rate {
            if target.is_some() {
                return Err(RpcError::parameter(TARGET_AND_RATE));
            }
            if mode != "unset" {
                return Err(RpcError::parameter("Cannot specify both estimate_mode and fee_rate"));
            }
            return sat_per_vb(rate).map(|rate| Self(FeeChoice::Rate(rate)));
        }
        if !["unset", "economical", "conservative"].contains(&mode.as_str()) {
            let message = "Invalid estimate_mode parameter, must be one of: \"unset\", \
                           \"economical\", \"conservative\"";
            return Err(RpcError::parameter(message));
        }
        let Some(target) = target.map(arguments::integer).transpose()? else {
            return Ok(Self(FeeChoice::Default));
        };
        match u16::try_from(target) {
            Ok(target @ 1..=LONGEST_TARGET) => Ok(Self(FeeChoice::Target(target))),
            _ => Err(RpcError::parameter(format!(
                "Invalid conf_target, must be between 1 and {LONGEST_TARGET}"
            ))),
        }
    }
}

/// A fee rate in sat/vB with three decimals at the most; up to what the wallet counts in.
fn sat_per_vb(value: &Value) -> Result<FeeRate, RpcError> {
    let digits = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err(RpcError::wrong_type("Amount is not a number or string")),
    };
    let per_kvb = fixed_point(&digits, 3).ok_or_else(|| RpcError::wrong_type("Invalid amount"))?;
    let per_kvb =
        u64::try_from(per_kvb).map_err(|_| RpcError::wrong_type("Amount out of range"))?;
    Ok(FeeRate::from_sat_per_kwu(per_kvb.div_ceil(4)))
}

/// Drafts, signs and stores a payment.
///
/// # Errors
/// -10 before the chain was seen, -6 where Core says so of whatever can't be built, and what else
/// the wallet answered.
pub(super) async fn pay(
    node: &Node,
    desk: &Desk,
    recipients: Vec<Recipient>,
    comment: Option<String>,
    Fee(fee): Fee,
) -> Result<Paid, RpcError> {
    if !node.has_seen_chain(desk).await? {
        let message = "The wallet has not seen the chain yet: wait until it is synced";
        return Err(RpcError::new(Code::InInitialDownload, message));
    }
    let most_fee = Some(MOST_FEE);
    let mut request =
        PayRequest { recipients, fee, most_fee, note: comment, ..PayRequest::default() };
    let mut draft = match drafted(desk, &request).await? {
        Drafted::New(draft) => draft,
        Drafted::Paid(paid) => return Ok(paid),
    };
    if draft.fee_basis == FeeBasis::Fallback {
        drop_draft(desk, &draft).await;
        let Some(rate) = node.fallback_fee else {
            return Err(RpcError::new(Code::InsufficientFunds, NO_ESTIMATE));
        };
        request.fee = FeeChoice::Rate(rate);
        draft = match drafted(desk, &request).await? {
            Drafted::New(draft) => Draft { fee_basis: FeeBasis::Fallback, ..draft },
            Drafted::Paid(paid) => return Ok(paid),
        };
    }
    match desk.ask(Command::Sign(draft.id)).await {
        Ok(Reply::Payment(payment)) => Ok(Paid { payment: *payment, basis: draft.fee_basis }),
        other => {
            drop_draft(desk, &draft).await;
            match other {
                Ok(Reply::Psbt(_)) => Err(RpcError::new(Code::Wallet, OTHERS_SIGN)),
                Ok(_) => Err(RpcError::bug()),
                Err(error) => Err(error.into()),
            }
        }
    }
}

/// A payment, and where its fee came from.
pub(super) struct Paid {
    payment: Payment,
    basis: FeeBasis,
}

/// What a request came to.
enum Drafted {
    /// A draft.
    New(Draft),
    /// A call with the same key was cut short after its payment was stored: this is it.
    Paid(Paid),
}

async fn drafted(desk: &Desk, request: &PayRequest) -> Result<Drafted, RpcError> {
    match desk.ask(Command::Draft(Box::new(request.clone()))).await {
        Ok(Reply::Draft(draft)) => Ok(Drafted::New(*draft)),
        Ok(Reply::Payment(payment)) => {
            Ok(Drafted::Paid(Paid { payment: *payment, basis: FeeBasis::Asked }))
        }
        Ok(_) => Err(RpcError::bug()),
        Err(CommandError::Dust { .. }) => {
            Err(RpcError::new(Code::InsufficientFunds, "Transaction amount too small"))
        }
        Err(error) => Err(error.into()),
    }
}

async fn drop_draft(desk: &Desk, draft: &Draft) {
    // One that is gone holds nothing.
    let _ = desk.ask(Command::Drop(draft.id)).await;
}

fn told(paid: &Paid, verbose: bool) -> Outcome {
    let txid = paid.payment.transaction.compute_txid();
    if !verbose {
        return answer(&txid);
    }
    let fee_reason = match paid.basis {
        FeeBasis::Asked => "Fee rate given".to_owned(),
        FeeBasis::Estimate { target, .. } => format!("Estimate for {target} blocks"),
        FeeBasis::Fallback => "Fallback fee".to_owned(),
        FeeBasis::LeastToReplace => "Least to replace".to_owned(),
    };
    answer(&SentForm { txid, fee_reason })
}

#[derive(Debug, Serialize)]
struct SentForm {
    txid: Txid,
    fee_reason: String,
}

/// The most that a payment's fee may be (`-maxtxfee` of Core): 0.1 BTC.
const MOST_FEE: Amount = Amount::from_sat(10_000_000);

/// The longest time that Core estimates for, in blocks.
const LONGEST_TARGET: u16 = 1008;

const NO_SUBTRACTION: &str =
    "Taking the fee from the amount is not served: name the amount that the recipient gets";
const TARGET_AND_RATE: &str = "Cannot specify both conf_target and fee_rate. Please provide either a confirmation \
     target in blocks for automatic fee estimation, or an explicit fee rate.";
const NO_ESTIMATE: &str = "Fee estimation failed. Fallbackfee is disabled. Wait a few blocks or \
                           enable --fallback-fee.";
const OTHERS_SIGN: &str = "Others must sign too: use billfold psbt create";
