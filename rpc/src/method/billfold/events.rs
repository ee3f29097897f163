//! Owns `billfold.events`: what happened to a wallet, read on from a number, with a wait for more.
//!
//! Refuses to keep a place for anybody: the caller's number is all there is, so a caller that was
//! away for a year misses nothing.

use std::time::Duration;

use billfold_wallet_core::command::{Happened, JournalEntry, TellerCommand, TellerReply};
use bitcoin::{BlockHash, Txid};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use crate::arguments::{self, Arguments};
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::answer;
use crate::limits::EVENTS_WAIT;
use crate::method::billfold::{count, teller};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(in crate::method) const METHODS: &[Method] = &[Method {
    name: "billfold.events",
    category: Category::Billfold,
    parameters: &[
        Parameter::optional("after", Kind::Number, "Only events above this seq; 0 for all"),
        Parameter::optional("wait_ms", Kind::Number, "How long to wait for one if there is none"),
        Parameter::optional("limit", Kind::Number, "At most this many, 1,000 at the most"),
        Parameter::optional("filter", Kind::Object, "txid: only events of this transaction"),
    ],
    about: "What happened to the wallet, numbered without gaps and kept for good: {events, next}. \
            A reorganisation is an event, and so is each transaction that it takes out of a block.",
    standing: Standing::Ours,
    run: Run::Wallet(|node, desk, arguments| Box::pin(events(node, desk, arguments))),
}];

async fn events(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let mut after = u64::try_from(arguments.integer(0)?.unwrap_or(0)).unwrap_or(0);
    let wait = arguments.value(1).map(|value| count(value, "wait_ms")).transpose()?.unwrap_or(0);
    let limit = arguments.value(2).map(|value| count(value, "limit")).transpose()?.unwrap_or(100);
    if limit == 0 {
        return Err(RpcError::parameter("limit is at least 1"));
    }
    let wanted = arguments.value(3).map(wanted).transpose()?.flatten();
    let wait = Duration::from_millis(u64::from(wait)).min(EVENTS_WAIT);
    let until = Instant::now() + wait;
    // Before the first look, so that nothing happens unheard between it and the wait.
    let mut listener = (!wait.is_zero()).then(|| desk.listen());
    loop {
        let TellerReply::Journal(entries) =
            teller(desk, TellerCommand::Journal { after, limit }).await?
        else {
            return Err(RpcError::bug());
        };
        let is_page = entries.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        after = entries.last().map_or(after, |entry| entry.seq);
        let is_wanted = |form: &EventForm| wanted.is_none_or(|txid| form.txid == Some(txid));
        let forms: Vec<_> = entries.iter().map(EventForm::from).filter(is_wanted).collect();
        if !forms.is_empty() || is_page {
            return answer(&EventsForm { events: forms, next: after });
        }
        let more = match &mut listener {
            None => false,
            Some(listener) => tokio::select! {
                told = timeout_at(until, desk.hears(&mut **listener)) => told.unwrap_or(false),
                () = node.stop.asked() => false,
            },
        };
        if !more {
            return answer(&EventsForm { events: forms, next: after });
        }
    }
}

/// The one transaction that is asked for.
fn wanted(filter: &crate::json::Value) -> Result<Option<Txid>, RpcError> {
    let filter = arguments::object(filter)?;
    super::only(filter, &["txid"])?;
    let txid = filter.get("txid").map(arguments::text).transpose()?;
    txid.map(|txid| arguments::hash(txid, "txid")).transpose()
}

#[derive(Debug, Serialize)]
struct EventsForm {
    events: Vec<EventForm>,
    next: u64,
}

/// One event.
#[derive(Debug, Serialize)]
struct EventForm {
    seq: u64,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    txid: Option<Txid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    net_sat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blockhash: Option<BlockHash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_blockhash: Option<BlockHash>,
}

impl From<&JournalEntry> for EventForm {
    fn from(JournalEntry { seq, happened }: &JournalEntry) -> Self {
        match happened {
            Happened::Transaction { txid, net, state, left } => {
                let block = state.block();
                Self {
                    seq: *seq,
                    event: if left.is_some() { "unconfirmed" } else { "transaction" },
                    txid: Some(*txid),
                    net_sat: Some(net.to_sat()),
                    state: Some(state.name()),
                    blockhash: block.map(|block| block.hash),
                    height: block.map(|block| block.height.to_u32()),
                    left_blockhash: *left,
                }
            }
            Happened::Reorganised { fork } => Self {
                seq: *seq,
                event: "reorganised",
                txid: None,
                net_sat: None,
                state: None,
                blockhash: Some(fork.hash),
                height: Some(fork.height.to_u32()),
                left_blockhash: None,
            },
        }
    }
}
