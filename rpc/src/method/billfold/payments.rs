//! Owns the methods that tell payments: one by its key, number or transaction, or page by page.

use billfold_wallet_core::command::{
    Attempt, Payment, PaymentQuery, PaymentRecord, PaymentState, TellerCommand, TellerReading,
    TellerReply,
};
use bitcoin::{OutPoint, Txid};
use serde::Serialize;

use crate::arguments::Arguments;
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::answer;
use crate::method::billfold::{rows, teller};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::parameter::{Kind, Parameter};

pub(in crate::method) const METHODS: &[Method] = &[
    Method {
        name: "billfold.getpayment",
        category: Category::Billfold,
        parameters: &[
            Parameter::optional("key", Kind::Text, "The key of the call that made it"),
            Parameter::optional("payment_id", Kind::Number, "Its number"),
            Parameter::optional("txid", Kind::Text, "One of its transactions"),
        ],
        about: "A payment as it is now, with all that was signed for it.",
        standing: Standing::Ours,
        run: Run::Wallet(|_, desk, arguments| Box::pin(one(desk, arguments))),
    },
    Method {
        name: "billfold.listpayments",
        category: Category::Billfold,
        parameters: &[
            Parameter::optional("after", Kind::Number, "Only those above this payment_id"),
            Parameter::optional("limit", Kind::Number, "At most this many, 1,000 at the most"),
        ],
        about: "Payments in the order in which they were made: {payments, next}.",
        standing: Standing::Ours,
        run: Run::Wallet(|_, desk, arguments| Box::pin(page(desk, arguments))),
    },
];

async fn one(desk: &Desk, arguments: &Arguments) -> Outcome {
    let id = arguments.long(1)?;
    let query = match (arguments.text(0)?, id, arguments.value(2)) {
        (Some(key), None, None) => PaymentQuery::Key(key.to_owned()),
        (None, Some(id), None) => PaymentQuery::Id(u64::try_from(id).unwrap_or_default()),
        (None, None, Some(_)) => PaymentQuery::Txid(arguments.hash(2, "txid")?),
        _ => return Err(RpcError::parameter("Name one of key, payment_id and txid")),
    };
    answer(&RecordForm::from(&record(desk, query).await?))
}

async fn page(desk: &Desk, arguments: &Arguments) -> Outcome {
    let after = u64::try_from(arguments.long(0)?.unwrap_or(0)).unwrap_or(0);
    let limit = rows(arguments.value(1))?;
    let query = TellerCommand::Read(TellerReading::Payments(PaymentQuery::Page { after, limit }));
    match teller(desk, query).await? {
        TellerReply::Payments(records) => {
            let next = records.last().map_or(after, |record| record.id);
            let payments = records.iter().map(RecordForm::from).collect();
            answer(&PageForm { payments, next })
        }
        _ => Err(RpcError::bug()),
    }
}

/// One payment.
pub(super) async fn record(desk: &Desk, query: PaymentQuery) -> Result<PaymentRecord, RpcError> {
    match teller(desk, TellerCommand::Read(TellerReading::Payments(query))).await? {
        TellerReply::Payments(mut records) => records
            .pop()
            .ok_or_else(|| RpcError::address_or_key("No such payment was made by this wallet")),
        _ => Err(RpcError::bug()),
    }
}

/// A payment that was just made.
#[derive(Debug, Serialize)]
pub(super) struct PaymentForm {
    payment_id: u64,
    txid: Txid,
    state: &'static str,
    fee_sat: u64,
    inputs: Vec<InputForm>,
}

impl PaymentForm {
    pub(super) fn of(payment_id: u64, payment: &Payment) -> Self {
        Self {
            payment_id,
            txid: payment.transaction.compute_txid(),
            state: payment.state.name(),
            fee_sat: payment.fee.to_sat(),
            inputs: payment.inputs.iter().copied().map(InputForm::from).collect(),
        }
    }
}

/// A coin that is spent.
#[derive(Debug, Serialize)]
pub(super) struct InputForm {
    txid: Txid,
    vout: u32,
}

impl From<OutPoint> for InputForm {
    fn from(OutPoint { txid, vout }: OutPoint) -> Self {
        Self { txid, vout }
    }
}

#[derive(Debug, Serialize)]
struct PageForm {
    payments: Vec<RecordForm>,
    next: u64,
}

#[derive(Debug, Serialize)]
struct RecordForm {
    payment_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Of the last one that counts.
    #[serde(flatten)]
    now: Option<NowForm>,
    outputs: Vec<OutputForm>,
    history: Vec<AttemptForm>,
}

#[derive(Debug, Serialize)]
struct NowForm {
    txid: Txid,
    state: &'static str,
    fee_sat: u64,
}

#[derive(Debug, Serialize)]
struct OutputForm {
    address: String,
    amount_sat: u64,
}

#[derive(Debug, Serialize)]
struct AttemptForm {
    purpose: &'static str,
    txid: Txid,
    state: &'static str,
    fee_sat: u64,
    sat_per_vb: f64,
}

impl From<&PaymentRecord> for RecordForm {
    fn from(record: &PaymentRecord) -> Self {
        let attempts = &record.attempts;
        let gone = |state| matches!(state, PaymentState::Replaced | PaymentState::Evicted);
        let counts = attempts.iter().rfind(|one| !gone(one.payment.state));
        let now = counts.or(attempts.last()).map(|Attempt { payment, .. }| NowForm {
            txid: payment.transaction.compute_txid(),
            state: payment.state.name(),
            fee_sat: payment.fee.to_sat(),
        });
        let outputs =
            attempts.first().map(|one| one.payment.outputs.as_slice()).unwrap_or_default();
        let outputs = outputs.iter().map(|(address, amount)| OutputForm {
            address: address.to_string(),
            amount_sat: amount.to_sat(),
        });
        Self {
            payment_id: record.id,
            key: record.key.clone(),
            now,
            outputs: outputs.collect(),
            history: attempts.iter().map(AttemptForm::from).collect(),
        }
    }
}

impl From<&Attempt> for AttemptForm {
    fn from(Attempt { purpose, payment }: &Attempt) -> Self {
        let weight = u32::try_from(payment.transaction.weight().to_wu()).unwrap_or(u32::MAX);
        let fee = u32::try_from(payment.fee.to_sat()).unwrap_or(u32::MAX);
        let rate = f64::from(fee) * 4.0 / f64::from(weight.max(1));
        Self {
            purpose: purpose.name(),
            txid: payment.transaction.compute_txid(),
            state: payment.state.name(),
            fee_sat: payment.fee.to_sat(),
            sat_per_vb: (rate * 1_000.0).round() / 1_000.0,
        }
    }
}
