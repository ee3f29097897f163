//! Owns `billfold.events`: what happened to a wallet, read on from a number, with a wait for more.
//!
//! Refuses to keep a place for anybody: the caller's number is all there is, so a caller that was
//! away for a year misses nothing.

use std::time::Duration;

use bitcoin::Txid;
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use crate::arguments::{self, Arguments};
use crate::desk::Desk;
use crate::error::RpcError;
use crate::journal::{self, EventForm};
use crate::json::{Value, answer};
use crate::limits::EVENTS_WAIT;
use crate::method::billfold::{count, only, rows};
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
        Parameter::optional("filter", Kind::Object, "txid or invoice_id: only events of this one"),
    ],
    about: "What happened to the wallet, numbered without gaps and kept for good: {events, next}. \
            A reorganisation is an event, and so is each transaction that it takes out of a block.",
    standing: Standing::Ours,
    run: Run::Wallet(|node, desk, arguments| Box::pin(events(node, desk, arguments))),
}];

async fn events(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let mut after = u64::try_from(arguments.long(0)?.unwrap_or(0)).unwrap_or(0);
    let wait = arguments.value(1).map(|value| count(value, "wait_ms")).transpose()?.unwrap_or(0);
    let limit = rows(arguments.value(2))?;
    let wanted = arguments.value(3).map(Wanted::read).transpose()?.unwrap_or_default();
    let wait = Duration::from_millis(u64::from(wait)).min(EVENTS_WAIT);
    let until = Instant::now() + wait;
    journal::check(desk, after).await?;
    // Before the first look, so that nothing happens unheard between it and the wait.
    let mut listener = (!wait.is_zero()).then(|| desk.listen());
    loop {
        let mut forms = journal::page(desk, after, limit).await?;
        let is_page = forms.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        after = forms.last().map_or(after, |form| form.seq);
        forms.retain(|form| wanted.takes(form));
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

/// Which events are asked for.
#[derive(Debug, Clone, Copy, Default)]
struct Wanted {
    txid: Option<Txid>,
    invoice: Option<u32>,
}

impl Wanted {
    fn read(filter: &Value) -> Result<Self, RpcError> {
        let filter = arguments::object(filter)?;
        only(filter, &["txid", "invoice_id"])?;
        let txid = filter.get("txid").map(arguments::text).transpose()?;
        let txid = txid.map(|txid| arguments::hash(txid, "txid")).transpose()?;
        let invoice = filter.get("invoice_id").map(|id| count(id, "invoice_id")).transpose()?;
        Ok(Self { txid, invoice })
    }

    fn takes(self, form: &EventForm) -> bool {
        self.txid.is_none_or(|txid| form.txid == Some(txid))
            && self.invoice.is_none_or(|id| form.invoice_id == Some(id.into()))
    }
}

#[derive(Debug, Serialize)]
struct EventsForm {
    events: Vec<EventForm>,
    next: u64,
}
