//! Owns the methods about payments that wait for a block: replaced by ones with a higher fee, or
//! given up.
//!
//! Refuses to let payments fall that stand on a replaced one.

use billfold_wallet_core::command::{
    BumpProblem, BumpRequest, BumpWay, Command, CommandError, Draft, Hold, Purpose, Reply,
};
use bitcoin::{Amount, Txid};
use serde::Serialize;

use crate::arguments::{self, Arguments, check_fields};
use crate::desk::Desk;
use crate::device_signing;
use crate::error::{Code, RpcError};
use crate::json::{Btc, answer};
use crate::ledger::{self, drop_draft};
use crate::method::payment::{Fee, turn};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "abandontransaction",
        category: Category::Wallet,
        parameters: &[TXID],
        about: "Mark in-wallet transaction <txid> as abandoned, with all that stands on it: their \
                inputs can be spent again.",
        standing: Standing::Differs(
            "not eligible is what a peer was given or announced within two weeks, and what something else \
             has replaced",
        ),
        run: Run::Change(|_, desk, arguments| Box::pin(abandon(desk, arguments))),
    },
    Method {
        name: "bumpfee",
        category: Category::Wallet,
        parameters: &[TXID, OPTIONS],
        about: "Bumps the fee of a transaction T, replacing it with a new transaction B.",
        standing: Standing::Differs(BUMPING),
        run: Run::Change(|node, desk, arguments| Box::pin(bump(node, desk, arguments, true))),
    },
    Method {
        name: "psbtbumpfee",
        category: Category::Wallet,
        parameters: &[TXID, OPTIONS],
        about: "Bumps the fee of a transaction T, returning a PSBT of the new transaction B.",
        standing: Standing::Differs(BUMPING),
        run: Run::Change(|node, desk, arguments| Box::pin(bump(node, desk, arguments, false))),
    },
];

const TXID: Parameter = Parameter::required("txid", Kind::Text, "The transaction id");

const OPTIONS: Parameter = Parameter::options(
    &[
        Parameter::optional("conf_target", Kind::Number, "Confirmation target in blocks"),
        Parameter::optional("fee_rate", Kind::Amount, "Fee rate in sat/vB"),
        Parameter::optional("replaceable", Kind::Bool, "Must not be false"),
        Parameter::optional("estimate_mode", Kind::Text, "unset, economical, conservative"),
        Parameter::optional("outputs", Kind::Any, "Must be left out"),
        Parameter::optional("original_change_index", Kind::Number, "Must be left out"),
    ],
    "How much, and how it is chosen",
);

const BUMPING: &str = "the recipients stay as they are (-8 for outputs and original_change_index), and so \
     do a lock time that is not reached and the ages of inputs; without a fee the least is paid with which \
     nodes take it; a payment that was signed elsewhere can be replaced, as its coins are ours; with \
     avoid_reuse no coin of an address that was spent from is added; the PSBT's coins are not held";

async fn abandon(desk: &Desk, arguments: &Arguments) -> Outcome {
    let txid: Txid = arguments.hash(0, "txid")?;
    let not_eligible = || RpcError::address_or_key("Transaction not eligible for abandonment");
    match desk.ask(Command::Abandon(txid)).await {
        Ok(Reply::Done) => answer(&()),
        Ok(_) => Err(RpcError::bug()),
        Err(CommandError::NoSuchTransaction(_)) => Err(unknown()),
        Err(CommandError::CannotAbandon { .. }) => Err(not_eligible()),
        Err(error) => Err(error.into()),
    }
}

async fn bump(node: &Node, desk: &Desk, arguments: &Arguments, signs: bool) -> Outcome {
    let txid: Txid = arguments.hash(0, "txid")?;
    let Fee(fee) = read_fee(arguments)?;
    if signs {
        ledger::require_unlocked(desk).await?;
    }
    let hold = if signs { Hold::Briefly } else { Hold::Not };
    let request = BumpRequest {
        txid,
        way: BumpWay::Replace,
        fee,
        most_fee: Some(node.most_fee),
        hold,
        dry_run: false,
    };
    let _turn = turn(desk).await?;
    let draft = match desk.ask(Command::Bump(request)).await {
        Ok(Reply::Draft(draft)) => draft,
        Ok(Reply::Payment(payment)) => {
            // A call with the same key was cut short after its payment was stored: this is it.
            let before = fee_of(desk, txid).await?;
            let txid = payment.transaction.compute_txid();
            return answer(&BumpForm::new(Some(txid), None, before, payment.fee));
        }
        Ok(_) => return Err(RpcError::bug()),
        Err(error) => return Err(not_bumped(desk, txid, error).await?),
    };
    let Purpose::Replacement(replaced) = &draft.purpose else { return Err(RpcError::bug()) };
    if !replaced.evicted.is_empty() {
        drop_draft(desk, &draft).await;
        return Err(RpcError::parameter(HAS_DESCENDANTS));
    }
    let before = replaced.fee_before;
    if !signs {
        let Draft { psbt, fee, .. } = *draft;
        return answer(&BumpForm::new(None, Some(psbt), before, fee));
    }
    let signed = match desk.ask(Command::Sign(draft.id)).await {
        Err(CommandError::WatchOnly) => match device_signing::pay(node, desk, &draft).await? {
            // The part that the device has signed can still be asked for.
            Some(Reply::Psbt(_)) => return Err(RpcError::new(Code::Wallet, PARTLY_SIGNED)),
            signed => Ok(signed),
        },
        other => other.map(Some).map_err(refusal),
    };
    if let Ok(Some(Reply::Payment(payment))) = signed {
        let txid = payment.transaction.compute_txid();
        return answer(&BumpForm::new(Some(txid), None, before, payment.fee));
    }
    drop_draft(desk, &draft).await;
    match signed? {
        None | Some(Reply::Psbt(_)) => {
            let message = "bumpfee is not available with wallets that have private keys disabled. \
                           Use psbtbumpfee instead.";
            Err(RpcError::new(Code::Wallet, message))
        }
        Some(_) => Err(RpcError::bug()),
    }
}

fn read_fee(arguments: &Arguments) -> Result<Fee, RpcError> {
    let options = arguments.value(1).map(arguments::object).transpose()?;
    options.map_or(Ok(()), |fields| check_fields(fields, OPTIONS.fields))?;
    let option =
        |name: &str| options.and_then(|fields| fields.get(name)).filter(|value| !value.is_null());
    for name in ["outputs", "original_change_index"] {
        if option(name).is_some() {
            return Err(RpcError::parameter(format!(
                "{name} is not served: the recipients of a payment stay as they are"
            )));
        }
    }
    if option("confTarget").is_some() && option("conf_target").is_some() {
        return Err(RpcError::parameter(
            "confTarget and conf_target options should not both be set. Use conf_target \
             (confTarget is deprecated).",
        ));
    }
    if !option("replaceable").map_or(Ok(true), arguments::flag)? {
        return Err(RpcError::parameter(
            "replaceable=false is not served: what replaces a payment can be replaced too",
        ));
    }
    let target = option("conf_target").or_else(|| option("confTarget"));
    Fee::read(target, option("estimate_mode"), option("fee_rate"))
}

/// In Core's words, where it has some for it.
fn refusal(error: CommandError) -> RpcError {
    let CommandError::CannotBump { txid, why } = &error else {
        return match error {
            CommandError::NoSuchTransaction(_) => unknown(),
            error => error.into(),
        };
    };
    match why {
        BumpProblem::Confirmed => RpcError::new(
            Code::Wallet,
            "Transaction has been mined, or is conflicted with a mined transaction",
        ),
        BumpProblem::Replaced { by } => {
            let message = format!(
                "Cannot bump transaction {txid} which was already bumped by transaction {by}"
            );
            RpcError::new(Code::Wallet, message)
        }
        BumpProblem::NotOurs => RpcError::new(
            Code::Wallet,
            "Transaction contains inputs that don't belong to this wallet",
        ),
        BumpProblem::HasDescendants(_) => RpcError::parameter(HAS_DESCENDANTS),
        _ => error.into(),
    }
}

/// What a payment costs; nothing where that is not known.
async fn fee_of(desk: &Desk, txid: Txid) -> Result<Amount, RpcError> {
    let record = ledger::records(desk, vec![txid]).await?.pop();
    Ok(record.and_then(|record| record.fee).unwrap_or(Amount::ZERO))
}

/// Why a payment is not replaced, in Core's words.
async fn not_bumped(desk: &Desk, txid: Txid, error: CommandError) -> Result<RpcError, RpcError> {
    let CommandError::FeeTooLow { fee, least } = error else { return Ok(refusal(error)) };
    let before = fee_of(desk, txid).await?;
    let added = least.checked_sub(before).unwrap_or(Amount::ZERO);
    let [fee, least, before, added] = [fee, least, before, added].map(in_btc);
    Ok(RpcError::parameter(format!(
        "Insufficient total fee {fee}, must be at least {least} (oldFee {before} + incrementalFee \
         {added})"
    )))
}

fn unknown() -> RpcError {
    RpcError::address_or_key("Invalid or non-wallet transaction id")
}

fn in_btc(amount: Amount) -> String {
    format!("{:.8}", amount.display_in(bitcoin::Denomination::Bitcoin))
}

#[derive(Debug, Serialize)]
struct BumpForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    txid: Option<Txid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    psbt: Option<String>,
    origfee: Btc,
    fee: Btc,
    errors: [String; 0],
}

impl BumpForm {
    fn new(txid: Option<Txid>, psbt: Option<String>, before: Amount, fee: Amount) -> Self {
        Self { txid, psbt, origfee: before.into(), fee: fee.into(), errors: [] }
    }
}

const PARTLY_SIGNED: &str = "Can't sign transaction: others must sign too. billfold.signer.signed tells what the \
                             device has signed, and billfold drafts what is held for it.";
const HAS_DESCENDANTS: &str = "Transaction has descendants in the wallet";
