//! Owns the method that tells the audit log.

use billfold_wallet_core::command::{AuditEntry, TellerCommand, TellerReading, TellerReply};
use bitcoin::Txid;
use serde::Serialize;

use crate::arguments::Arguments;
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::answer;
use crate::method::billfold::{rows, teller};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::parameter::{Kind, Parameter};

pub(in crate::method) const METHODS: &[Method] = &[Method {
    name: "billfold.audit",
    category: Category::Billfold,
    parameters: &[
        Parameter::optional("after", Kind::Number, "Only entries above this number"),
        Parameter::optional("limit", Kind::Number, "At most this many, 1,000 at the most"),
    ],
    about: "Who asked for what that changed something, or was refused: {entries, next}.",
    standing: Standing::Ours,
    run: Run::Wallet(|_, desk, arguments| Box::pin(told(desk, arguments))),
}];

async fn told(desk: &Desk, arguments: &Arguments) -> Outcome {
    let after = u64::try_from(arguments.long(0)?.unwrap_or(0)).unwrap_or(0);
    let limit = rows(arguments.value(1))?;
    match teller(desk, TellerCommand::Read(TellerReading::Audit { after, limit })).await? {
        TellerReply::Audit(entries) => {
            let next = entries.last().map_or(after, |entry| entry.number);
            let entries = entries.into_iter().map(EntryForm::from).collect();
            answer(&AuditForm { entries, next })
        }
        _ => Err(RpcError::bug()),
    }
}

#[derive(Debug, Serialize)]
struct AuditForm {
    entries: Vec<EntryForm>,
    next: u64,
}

#[derive(Debug, Serialize)]
struct EntryForm {
    number: u64,
    time: u64,
    asker: String,
    method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    txid: Option<Txid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_sat: Option<u64>,
    outcome: String,
}

impl From<AuditEntry> for EntryForm {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { number, at, asker, method, key, txid, amount, outcome } = entry;
        let amount_sat = amount.map(bitcoin::Amount::to_sat);
        Self { number, time: at, asker, method, key, txid, amount_sat, outcome }
    }
}
