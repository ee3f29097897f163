//! Owns the way of every payment that a method makes: its fee read from the arguments, drafted,
//! signed and stored before anybody hears of it.
//!
//! Refuses a fee that nobody asked for and no estimate gave, unless a fallback is set.

use billfold_wallet_core::command::{
    Command, CommandError, Draft, FeeBasis, FeeChoice, PayAmount, PayRequest, Payment, Recipient,
    RecipientsProblem, Reply,
};
use billfold_wallet_core::keychain::Branch;
use bitcoin::{Amount, FeeRate};

use crate::arguments::{self, fixed_point};
use crate::desk::{Desk, PayingTurn};
use crate::error::{Code, NO_FUNDS, RpcError};
use crate::json::Value;
use crate::ledger::{self, drop_draft};
use crate::method::address::account_of;
use crate::node::Node;

/// How the fee is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fee(pub(super) FeeChoice);

impl Fee {
    /// Reads the three ways to choose a fee, of which one may be used.
    pub(super) fn read(
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

/// A payment, and where its fee came from.
pub(super) struct Paid {
    pub(super) payment: Box<Payment>,
    pub(super) basis: FeeBasis,
}

/// What a request came to.
pub(super) enum Drafted {
    /// A draft.
    New(Box<Draft>),
    /// A call with the same key was cut short after its payment was stored: this is it.
    Paid(Paid),
}

/// Drafts, signs and stores a payment.
///
/// # Errors
/// Those of [`drafted`], -4 where others must sign too, and what else the wallet answered.
pub(super) async fn pay(node: &Node, desk: &Desk, request: PayRequest) -> Result<Paid, RpcError> {
    ledger::require_unlocked(desk).await?;
    let _turn = desk.paying().await;
    let drafted = drafted(node, desk, request).await;
    // As in Core, whatever else is wrong.
    if drafted.is_err() && !ledger::description(desk).await?.takes_keys {
        return Err(RpcError::new(Code::Wallet, NO_KEYS));
    }
    let draft = match drafted? {
        Drafted::New(draft) => draft,
        Drafted::Paid(paid) => return Ok(paid),
    };
    match desk.ask(Command::Sign(draft.id)).await {
        Ok(Reply::Payment(payment)) => Ok(Paid { payment, basis: draft.fee_basis }),
        other => {
            drop_draft(desk, &draft).await;
            match other {
                Ok(Reply::Psbt(_)) => Err(RpcError::new(Code::Wallet, OTHERS_SIGN)),
                Ok(_) => Err(RpcError::bug()),
                Err(CommandError::WatchOnly) => Err(RpcError::new(Code::Wallet, NO_KEYS)),
                Err(error) => Err(error.into()),
            }
        }
    }
}

/// The [turn at paying](Desk::paying), where the wallet's own keys sign; a device is waited for without it.
///
/// # Errors
/// What the wallet answered.
pub(super) async fn turn(desk: &Desk) -> Result<Option<PayingTurn>, RpcError> {
    if ledger::description(desk).await?.external_signer {
        return Ok(None);
    }
    Ok(Some(desk.paying().await))
}

/// Drafts a payment, with the fallback fee where nothing else is known of fees.
///
/// # Errors
/// -10 before the chain was seen, -6 where Core says so of whatever can't be built, and what else
/// the wallet answered.
pub(super) async fn drafted(
    node: &Node,
    desk: &Desk,
    request: PayRequest,
) -> Result<Drafted, RpcError> {
    if !node.has_seen_chain(desk).await? {
        let message = "The wallet has not seen the chain yet: wait until it is synced";
        return Err(RpcError::new(Code::InInitialDownload, message));
    }
    let request = bounded(node, desk, request).await?;
    match drafted_at(node, desk, &request).await {
        Ok(Some(Reply::Draft(draft))) => Ok(Drafted::New(draft)),
        Ok(Some(Reply::Payment(payment))) => {
            Ok(Drafted::Paid(Paid { payment, basis: FeeBasis::Asked }))
        }
        Ok(Some(_)) => Err(RpcError::bug()),
        Ok(None) => Err(RpcError::new(Code::InsufficientFunds, NO_ESTIMATE)),
        Err(CommandError::Dust { amount, .. }) => {
            Err(RpcError::new(Code::InsufficientFunds, too_small(&request, amount)))
        }
        Err(CommandError::FeeAboveLimit { .. }) => {
            Err(RpcError::new(Code::InsufficientFunds, FEE_ABOVE_LIMIT))
        }
        Err(CommandError::InsufficientFunds { available, .. }) => {
            Err(RpcError::new(Code::InsufficientFunds, lacking(&request, available)))
        }
        Err(CommandError::NoAccounts) => {
            Err(RpcError::new(Code::InsufficientFunds, lacking(&request, Amount::ZERO)))
        }
        Err(CommandError::BadRecipients(RecipientsProblem::Empty)) => {
            Err(RpcError::new(Code::InsufficientFunds, NO_RECIPIENT))
        }
        Err(error) => Err(error.into()),
    }
}

/// Asks for a draft, with the fallback fee where nothing is known of what was asked for; `None` if
/// there is no such fee.
pub(super) async fn drafted_at(
    node: &Node,
    desk: &Desk,
    request: &PayRequest,
) -> Result<Option<Reply>, CommandError> {
    let ask = |request: PayRequest| desk.ask(Command::Draft(Box::new(request)));
    match ask(request.clone()).await {
        Ok(Reply::Draft(draft)) if draft.fee_basis == FeeBasis::Fallback => {
            drop_draft(desk, &draft).await;
        }
        Err(CommandError::FeeUnknown { .. }) => {}
        other => return other.map(Some),
    }
    let Some(rate) = node.fallback_fee else { return Ok(None) };
    let fee = FeeChoice::Rate(rate.max(node.least_fee_rate));
    let mut reply = ask(PayRequest { fee, ..request.clone() }).await?;
    if let Reply::Draft(draft) = &mut reply {
        draft.fee_basis = FeeBasis::Fallback;
    }
    Ok(Some(reply))
}

/// The same request within what the daemon was started with.
///
/// # Errors
/// -6 for a fee rate that is below the least, -12 without an account of the type of change.
pub(super) async fn bounded(
    node: &Node,
    desk: &Desk,
    mut request: PayRequest,
) -> Result<PayRequest, RpcError> {
    if let Some(message) = below_least(node, request.fee) {
        return Err(RpcError::new(Code::InsufficientFunds, message));
    }
    let layout = &mut request.layout;
    if let Some(kind) = node.change_type
        && layout.change_account.is_none()
        && layout.change_to.is_none()
    {
        let wallet = ledger::description(desk).await?;
        layout.change_account = Some(account_of(&wallet, Some(kind), Branch::Change)?);
    }
    request.most_fee = Some(node.most_fee);
    if !node.spends_pending_change {
        request.choice.least_depth = request.choice.least_depth.max(1);
    }
    request.choice.whole_addresses |= node.avoids_partial_spends;
    Ok(request)
}

/// What Core says of a fee rate that is below the least, if it is one.
pub(super) fn below_least(node: &Node, fee: FeeChoice) -> Option<String> {
    let FeeChoice::Rate(rate) = fee else { return None };
    let [asked, least] = [rate, node.least_fee_rate].map(shown);
    (rate < node.least_fee_rate).then(|| {
        format!(
            "Fee rate ({asked} sat/vB) is lower than the minimum fee rate setting ({least} sat/vB)"
        )
    })
}

/// As Core writes it in texts.
fn shown(rate: FeeRate) -> String {
    let for_1000 = 4 * rate.to_sat_per_kwu();
    format!("{}.{:03}", for_1000 / 1_000, for_1000 % 1_000)
}

/// What Core says of an output with so little.
fn too_small(request: &PayRequest, amount: Amount) -> &'static str {
    let borne = |recipient: &Recipient| matches!(recipient.amount, PayAmount::LessFee(asked) if asked != amount);
    match request.recipients.iter().any(borne) {
        false => "Transaction amount too small",
        true if amount == Amount::ZERO => "The transaction amount is too small to pay the fee",
        true => "The transaction amount is too small to send after the fee has been deducted",
    }
}

/// What Core says where so much can be spent and more is asked for.
fn lacking(request: &PayRequest, available: Amount) -> &'static str {
    if !request.recipients.iter().any(|recipient| recipient.amount == PayAmount::Share) {
        return NO_FUNDS;
    }
    let fixed = |recipient: &Recipient| match recipient.amount {
        PayAmount::Exactly(amount) => amount.to_sat(),
        _ => 0,
    };
    match request.recipients.iter().map(fixed).fold(0, u64::saturating_add) {
        0 => TOO_LOW,
        _ if available == Amount::ZERO => TOO_LOW,
        claimed if claimed > available.to_sat() => {
            "Assigned more value to outputs than available funds."
        }
        _ => "Insufficient funds for fees after creating specified outputs.",
    }
}

/// What Core says of coins that are worth less than the fee, when all is sent.
pub(super) const TOO_LOW: &str = "Total value of UTXO pool too low to pay for transaction. Try using lower \
                                  feerate or excluding uneconomic UTXOs with 'send_max' option.";

/// What Core says of a fee above `-maxtxfee`.
pub(super) const FEE_ABOVE_LIMIT: &str =
    "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)";

/// The longest time that Core estimates for, in blocks.
const LONGEST_TARGET: u16 = 1008;

const TARGET_AND_RATE: &str = "Cannot specify both conf_target and fee_rate. Please provide either a confirmation \
     target in blocks for automatic fee estimation, or an explicit fee rate.";
pub(super) const NO_ESTIMATE: &str = "Fee estimation failed. Fallbackfee is disabled. Wait a few blocks or \
                           enable --fallback-fee.";
const OTHERS_SIGN: &str = "Others must sign too: use send, or billfold psbt create";
const NO_RECIPIENT: &str = "Transaction must have at least one recipient";
const NO_KEYS: &str = "Error: Private keys are disabled for this wallet";
