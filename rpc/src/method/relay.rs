//! Owns `sendrawtransaction`: a transaction that concerns the wallet is stored, then announced.
//!
//! Refuses what the wallet can't check: a transaction of others alone.

use billfold_wallet_core::command::{
    Command, CommandError, PaymentState, PsbtReview, PsbtWarning, Reply, SigningProblem,
    TransactionRecord,
};
use bitcoin::{Amount, FeeRate, Transaction};

use crate::arguments::{Arguments, amount};
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::ledger;
use crate::limits::RELAY_TIME;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};
use crate::{transaction_hex, watch};

pub(super) const METHODS: &[Method] = &[Method {
    name: "sendrawtransaction",
    category: Category::Rawtransactions,
    parameters: &[
        Parameter::required("hexstring", Kind::Text, "The hex string of the raw transaction"),
        Parameter::optional("maxfeerate", Kind::Amount, "Reject above this rate, in BTC/kvB"),
        Parameter::optional("maxburnamount", Kind::Amount, "Reject more in unspendable outputs"),
    ],
    about: "Submit a raw transaction (serialized, hex-encoded) of the wallet to the network.",
    standing: Standing::Differs(
        "answered once a peer has fetched it, and -9 if none does within a minute: it is stored \
         then and announced on; there is no mempool to check it against: -25 if it spends a coin of \
         the wallet that is spent or a signature does not hold, -26 for what nodes do not relay by \
         its weight, and for what the next block can't hold; -4 for what does not concern the wallet; maxfeerate holds where the fee is \
         known",
    ),
    run: Run::Change(|node, desk, arguments| Box::pin(send(node, desk, arguments))),
}];

async fn send(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let most_rate = arguments.value(1).map(amount).transpose()?.unwrap_or(MOST_RATE);
    if most_rate >= Amount::ONE_BTC {
        return Err(RpcError::parameter(RATE_TOO_HIGH));
    }
    let transaction = read(arguments.required_text(0)?)?;
    let most_burnt = arguments.value(2).map(amount).transpose()?.unwrap_or(Amount::ZERO);
    if burns(&transaction) > most_burnt {
        return Err(RpcError::new(Code::Verify, BURNS));
    }
    let txid = transaction.compute_txid();
    match ledger::records(desk, vec![txid]).await?.pop() {
        Some(record) if record.block.is_some() => {
            let message = "Transaction outputs already in utxo set";
            return Err(RpcError::new(Code::VerifyAlreadyInChain, message));
        }
        Some(record) if is_out(&record) => return answer(&txid),
        _ => {}
    }
    announce(desk, &transaction, most_rate).await?;
    let look = || async move {
        let record = ledger::records(desk, vec![txid]).await?.pop();
        Ok(record.filter(is_out).map(|_| ()))
    };
    match watch::until(&*node.face, Some(RELAY_TIME), look).await? {
        Some(()) => answer(&txid),
        None => Err(RpcError::new(Code::NotConnected, NOT_FETCHED)),
    }
}

/// A transaction with inputs.
pub(super) fn read(hex: &str) -> Result<Transaction, RpcError> {
    let transaction = transaction_hex::read(hex, None);
    transaction.filter(|transaction| !transaction.input.is_empty()).ok_or_else(|| {
        let message = "TX decode failed. Make sure the tx has at least one input.";
        RpcError::new(Code::Deserialization, message)
    })
}

/// Stores a transaction of the wallet, and has it announced. Of a fee that is known it must pay no
/// more than this for 1,000 vbytes; zero: whatever it pays.
pub(super) async fn announce(
    desk: &Desk,
    transaction: &Transaction,
    most_rate: Amount,
) -> Result<(), RpcError> {
    let review = reviewed(desk, transaction).await?;
    let most = fee_at(most_rate, transaction);
    if most_rate > Amount::ZERO && review.fee.is_some_and(|fee| fee > most) {
        return Err(RpcError::new(Code::Verify, PAYS_TOO_MUCH));
    }
    check_locks(&review)?;
    match desk.ask(Command::AnnouncePsbt(Box::new(review.psbt))).await {
        Ok(Reply::Payment(_)) => Ok(()),
        Ok(_) => Err(RpcError::bug()),
        Err(error) => Err(refusal(error)),
    }
}

async fn reviewed(desk: &Desk, transaction: &Transaction) -> Result<PsbtReview, RpcError> {
    match desk.ask(Command::ReviewTransaction(Box::new(transaction.clone()))).await? {
        Reply::Psbt(review) => Ok(*review),
        _ => Err(RpcError::bug()),
    }
}

/// Refuses what the next block can't hold: no node would keep it.
fn check_locks(review: &PsbtReview) -> Result<(), RpcError> {
    let why = review.warnings.iter().find_map(|warning| match warning {
        PsbtWarning::LockTime(_) => Some("non-final"),
        PsbtWarning::TooYoung => Some("non-BIP68-final"),
        _ => None,
    });
    why.map_or(Ok(()), |why| Err(RpcError::new(Code::VerifyRejected, why)))
}

/// Whether a peer has it.
pub(super) fn is_out(record: &TransactionRecord) -> bool {
    matches!(
        record.state,
        PaymentState::Announced | PaymentState::Pending | PaymentState::Confirmed(_)
    )
}

/// What the outputs hold that nobody can spend.
fn burns(transaction: &Transaction) -> Amount {
    let lost = transaction.output.iter().filter(|output| output.script_pubkey.is_op_return());
    let mut lost = lost.map(|output| output.value);
    lost.try_fold(Amount::ZERO, Amount::checked_add).unwrap_or(Amount::MAX)
}

/// What a transaction of this size costs at a rate for 1,000 vbytes.
fn fee_at(rate: Amount, transaction: &Transaction) -> Amount {
    let rate = FeeRate::from_sat_per_kwu(rate.to_sat().div_ceil(4));
    rate.fee_wu(transaction.weight()).unwrap_or(Amount::MAX)
}

fn refusal(error: CommandError) -> RpcError {
    let invalid = |message: &str| RpcError::new(Code::Verify, message);
    match error {
        CommandError::NoSuchCoin(_) | CommandError::NoSuchDraft(_) => {
            invalid("bad-txns-inputs-missingorspent")
        }
        CommandError::Signing(SigningProblem::Invalid | SigningProblem::Incomplete) => {
            invalid("mempool-script-verify-flag-failed: a signature is missing or does not hold")
        }
        CommandError::Signing(SigningProblem::Amounts) => invalid("bad-txns-in-belowout"),
        CommandError::TooLarge { .. } => RpcError::new(Code::VerifyRejected, "tx-size"),
        CommandError::FeeTooLow { .. } => RpcError::new(Code::VerifyRejected, "insufficient fee"),
        error => error.into(),
    }
}

/// Core's default of `maxfeerate`: 0.1 BTC for 1,000 vbytes.
pub(super) const MOST_RATE: Amount = Amount::from_sat(10_000_000);

const RATE_TOO_HIGH: &str = "Fee rates larger than or equal to 1BTC/kvB are not accepted";
const BURNS: &str = "Unspendable output exceeds maximum configured by user (maxburnamount)";
const PAYS_TOO_MUCH: &str = "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)";
const NOT_FETCHED: &str =
    "No peer has fetched the transaction yet: it is stored, and announced until one does";
