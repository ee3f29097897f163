//! Owns `billfold.history`: the wallet's transactions page by page, from the newest or from the oldest,
//! all or those that are asked for.
//!
//! Refuses to go on from a place that has changed: what would be left out in silence is told instead.

use std::collections::BTreeSet;

use billfold_wallet_core::command::{HistoryQuery, HistoryRow, Mark, Moment, PaymentState};
use billfold_wallet_core::light_client::height::Height;
use bitcoin::{Amount, BlockHash, Network, ScriptBuf, Transaction, Txid};
use serde::Serialize;

use crate::arguments::{self, Arguments};
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::{Value, answer};
use crate::ledger;
use crate::limits::{HISTORY_AT_ONCE, HISTORY_READ_AT_ONCE};
use crate::method::billfold::{count, only, rows};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(in crate::method) const METHODS: &[Method] = &[Method {
    name: "billfold.history",
    category: Category::Billfold,
    parameters: &[
        Parameter::optional("order", Kind::Text, "newest (first), or oldest: those in blocks only"),
        Parameter::optional("cursor", Kind::Text, "next of the page before"),
        Parameter::optional("limit", Kind::Number, "At most this many, 1,000 at the most"),
        Parameter::optional(
            "filter",
            Kind::Object,
            "label, address (that it pays), state, from_height, to_height",
        ),
    ],
    about: "Transactions of the wallet, page by page: {transactions, next}. With a filter a page may have \
            fewer than limit, or none, while there is a next.",
    standing: Standing::Ours,
    run: Run::Wallet(|node, desk, arguments| Box::pin(page(node, desk, arguments))),
}];

async fn page(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let order = Order::read(arguments.text(0)?.unwrap_or("newest"))?;
    let cursor = arguments.text(1)?.map(|text| Cursor::read(order, text)).transpose()?;
    let limit = rows(arguments.value(2))?;
    let limit = usize::try_from(limit).unwrap_or(HISTORY_AT_ONCE).clamp(1, HISTORY_AT_ONCE);
    let filter = Filter::read(arguments.value(3), node.params.network)?;
    // One more than is told says whether there is more.
    let chunk = if filter.takes_all() { limit + 1 } else { HISTORY_AT_ONCE };
    let mut query = HistoryQuery {
        after: cursor.map(|cursor| cursor.txid),
        oldest_first: order == Order::Oldest,
        limit: u32::try_from(chunk).ok(),
        ..filter.heights()
    };
    require(desk, cursor).await?;
    let (mut rows, mut read) = (Vec::new(), 0);
    let next = loop {
        let found = ledger::history(desk, query).await?;
        let passed = filter.passed(desk, &found).await?;
        let room = limit - rows.len();
        rows.extend(passed.iter().take(room).map(|row| RowForm::from(*row)));
        if passed.len() > room {
            break passed.get(room - 1).map(|row| Cursor::at(row));
        }
        if found.len() < chunk {
            break None;
        }
        let last = found.last().map(Cursor::at);
        read += found.len();
        if rows.len() == limit || read >= HISTORY_READ_AT_ONCE {
            break last;
        }
        query.after = last.map(|last| last.txid);
    };
    // It may have moved while it was read on from.
    require(desk, cursor).await?;
    answer(&PageForm { transactions: rows, next: next.map(|next| next.text(order)) })
}

/// In which order transactions are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Newest,
    Oldest,
}

impl Order {
    fn read(name: &str) -> Result<Self, RpcError> {
        match name {
            "newest" => Ok(Self::Newest),
            "oldest" => Ok(Self::Oldest),
            _ => Err(RpcError::parameter("order is newest or oldest")),
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Newest => 'n',
            Self::Oldest => 'o',
        }
    }
}

/// The last transaction that was told, and where it stood then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    txid: Txid,
    stands: Whereabouts,
}

/// What gives a transaction its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whereabouts {
    Waits,
    Fell,
    In(BlockHash),
}

impl Whereabouts {
    fn of(state: PaymentState) -> Self {
        match state {
            PaymentState::Confirmed(block) => Self::In(block.hash),
            PaymentState::Replaced | PaymentState::Evicted => Self::Fell,
            PaymentState::Signed | PaymentState::Announced | PaymentState::Pending => Self::Waits,
        }
    }
}

impl Cursor {
    fn at(row: &HistoryRow) -> Self {
        Self { txid: row.txid, stands: Whereabouts::of(row.state) }
    }

    /// As a text that means something to this order alone.
    fn text(self, order: Order) -> String {
        let place = match self.stands {
            Whereabouts::Waits => String::new(),
            Whereabouts::Fell => format!(":{FELL}"),
            Whereabouts::In(block) => format!(":{block}"),
        };
        format!("{}{}{place}", order.letter(), self.txid)
    }

    fn read(order: Order, text: &str) -> Result<Self, RpcError> {
        let wrong = || RpcError::parameter("The cursor is not one of this order");
        let text = text.strip_prefix(order.letter()).ok_or_else(wrong)?;
        let (txid, place) = text.split_once(':').unwrap_or((text, ""));
        let stands = match place {
            "" => Whereabouts::Waits,
            FELL => Whereabouts::Fell,
            block => Whereabouts::In(block.parse().map_err(|_| wrong())?),
        };
        Ok(Self { txid: txid.parse().map_err(|_| wrong())?, stands })
    }
}

/// Refuses a cursor whose transaction stands somewhere else by now.
async fn require(desk: &Desk, cursor: Option<Cursor>) -> Result<(), RpcError> {
    let Some(Cursor { txid, stands }) = cursor else { return Ok(()) };
    let records = ledger::records(desk, vec![txid]).await?;
    let is_there = records.iter().any(|record| Whereabouts::of(record.state) == stands);
    if is_there { Ok(()) } else { Err(RpcError::parameter(MOVED)) }
}

/// Which transactions are asked for.
#[derive(Debug, Default)]
struct Filter {
    label: Option<String>,
    script: Option<ScriptBuf>,
    state: Option<String>,
    from: Option<u32>,
    to: Option<u32>,
}

impl Filter {
    fn read(given: Option<&Value>, network: Network) -> Result<Self, RpcError> {
        let Some(given) = given else { return Ok(Self::default()) };
        let given = arguments::object(given)?;
        only(given, &["label", "address", "state", "from_height", "to_height"])?;
        let text = |name| given.get(name).map(arguments::text).transpose();
        let height = |name| given.get(name).map(|height| count(height, name)).transpose();
        let script = |text| {
            let address = arguments::address(text, network, "Invalid Bitcoin address: ")?;
            Ok::<_, RpcError>(address.script_pubkey())
        };
        let state = text("state")?;
        if state.is_some_and(|state| !STATES.contains(&state)) {
            return Err(RpcError::parameter(format!("state is one of {}", STATES.join(", "))));
        }
        Ok(Self {
            label: text("label")?.map(str::to_owned),
            script: text("address")?.map(script).transpose()?,
            state: state.map(str::to_owned),
            from: height("from_height")?,
            to: height("to_height")?,
        })
    }

    /// Whether all that is of these heights passes.
    const fn takes_all(&self) -> bool {
        self.label.is_none() && self.script.is_none() && self.state.is_none()
    }

    fn heights(&self) -> HistoryQuery {
        let moment = |height| Moment::Height(Height::new(height));
        HistoryQuery {
            since: self.from.map(moment),
            until: self.to.map(|to| moment(to.saturating_add(1))),
            ..HistoryQuery::default()
        }
    }

    /// Those of some that are asked for.
    async fn passed<'a>(
        &self,
        desk: &Desk,
        rows: &'a [HistoryRow],
    ) -> Result<Vec<&'a HistoryRow>, RpcError> {
        let is_asked_for = |row: &&HistoryRow| {
            self.label.as_ref().is_none_or(|label| row.note.as_ref() == Some(label))
                && self.state.as_ref().is_none_or(|state| row.state.name() == state)
        };
        let mut passed: Vec<_> = rows.iter().filter(is_asked_for).collect();
        if let Some(script) = self.script.as_ref().filter(|_| !passed.is_empty()) {
            let txids = passed.iter().map(|row| row.txid).collect();
            let records = ledger::records(desk, txids).await?;
            let pays = records.iter().map(|record| &record.transaction);
            let pays = pays.filter(|one| one.output.iter().any(|o| o.script_pubkey == *script));
            let paying: BTreeSet<Txid> = pays.map(Transaction::compute_txid).collect();
            passed.retain(|row| paying.contains(&row.txid));
        }
        Ok(passed)
    }
}

#[derive(Debug, Serialize)]
struct PageForm {
    transactions: Vec<RowForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct RowForm {
    txid: Txid,
    net_sat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee_sat: Option<u64>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blockhash: Option<BlockHash>,
    time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<Txid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced_by: Option<Txid>,
    marks: Vec<&'static str>,
}

impl From<&HistoryRow> for RowForm {
    fn from(row: &HistoryRow) -> Self {
        let block = row.state.block();
        Self {
            txid: row.txid,
            net_sat: row.net.to_sat(),
            fee_sat: row.fee.map(Amount::to_sat),
            state: row.state.name(),
            height: block.map(|block| block.height.to_u32()),
            blockhash: block.map(|block| block.hash),
            time: row.time,
            label: row.note.clone(),
            replaces: row.replaces,
            replaced_by: row.replaced_by,
            marks: row.marks.iter().map(Mark::name).collect(),
        }
    }
}

const STATES: [&str; 6] = ["signed", "announced", "pending", "confirmed", "replaced", "evicted"];

/// In the place of a block, in the text of a cursor.
const FELL: &str = "fell";

const MOVED: &str = "The history has changed at the cursor: begin anew without one";
