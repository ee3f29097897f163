//! Owns the methods that tell of a wallet's transactions.

use std::collections::BTreeSet;
use std::sync::Arc;

use billfold_wallet_core::command::{
    BlockQuery, Command, HistoryQuery, Moment, Reply, TransactionRecord, WalletDescription,
};
use billfold_wallet_core::light_client::height::{BlockId, Height};
use bitcoin::consensus::encode::serialize_hex;
use bitcoin::{BlockHash, Network, Txid};
use serde::Serialize;

use crate::arguments::{self, Arguments};
use crate::branches::{Branches, Shelf};
use crate::desk::Desk;
use crate::entry::{self, Book, Entry, Filter, Whole, entries};
use crate::error::RpcError;
use crate::json::{Answer, Btc, answer};
use crate::ledger::{self, LastBlock, Unconfirmed};
use crate::method::address::label;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "gettransaction",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("txid", Kind::Text, "The transaction id"),
            Parameter::optional("include_watchonly", Kind::Bool, "No longer used"),
            Parameter::optional("verbose", Kind::Bool, "Include the decoded transaction"),
        ],
        about: "Get detailed information about in-wallet transaction <txid>.",
        standing: Standing::Differs(TRANSACTIONS),
        run: Run::Wallet(|node, desk, arguments| Box::pin(one(node, desk, arguments))),
    },
    Method {
        name: "listsinceblock",
        category: Category::Wallet,
        parameters: &[
            Parameter::optional("blockhash", Kind::Text, "The block to list transactions since"),
            Parameter::optional(
                "target_confirmations",
                Kind::Number,
                "lastblock is the block that has so many confirmations",
            ),
            Parameter::optional("include_watchonly", Kind::Bool, "No longer used"),
            Parameter::optional("include_removed", Kind::Bool, "Show what a reorg removed"),
            Parameter::optional("include_change", Kind::Bool, "Also add entries for change"),
            Parameter::optional("label", Kind::Text, "Only what came in with this label"),
        ],
        about: "Get all transactions in blocks since block blockhash, or all transactions if \
                omitted.",
        standing: Standing::Differs(
            "-5 for a block of a branch that was left, unless the wallet had seen the chain up to it",
        ),
        run: Run::Wallet(|node, desk, arguments| Box::pin(since(node, desk, arguments))),
    },
    Method {
        name: "listtransactions",
        category: Category::Wallet,
        parameters: &[
            Parameter::optional("label", Kind::Text, "Only what came in with this label; * is all"),
            Parameter::optional("count", Kind::Number, "The number of transactions to return"),
            Parameter::optional("skip", Kind::Number, "The number of transactions to skip"),
            Parameter::optional("include_watchonly", Kind::Bool, "No longer used"),
        ],
        about: "Returns up to 'count' most recent transactions skipping the first 'skip' \
                transactions.",
        standing: Standing::Differs(TRANSACTIONS),
        run: Run::Wallet(|node, desk, arguments| Box::pin(list(node, desk, arguments))),
    },
];

const TRANSACTIONS: &str = "in the order of the chain, what fell where it became known, then what waits; \
                            mempoolconflicts are those that peers told of";

async fn one(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let txid: Txid = arguments.hash(0, "txid")?;
    let verbose = arguments.flag(2, false)?;
    let record = ledger::records(desk, vec![txid]).await?.pop();
    let unknown = || RpcError::address_or_key("Invalid or non-wallet transaction id");
    let record = record.ok_or_else(unknown)?;
    let library = Library::read(node, desk, record.block.is_none()).await?;
    let (network, book) = (node.params.network, library.book());
    let spent = entry::spent(&record);
    let paid: u64 = record.transaction.output.iter().map(|output| output.value.to_sat()).sum();
    let fee = (spent > 0).then(|| i64::try_from(paid).unwrap_or(i64::MAX) - spent);
    let decoded = if verbose {
        Some(super::raw_transaction::decoded(&record.transaction, network)?)
    } else {
        None
    };
    answer(&TransactionForm {
        amount: Btc(record.net.to_sat() - fee.unwrap_or(0)),
        fee: fee.map(Btc),
        whole: Whole::new(&record, &book),
        details: entries(&record, &book, Filter::default(), false),
        hex: serialize_hex(&record.transaction),
        decoded,
        lastprocessedblock: library.tip.into(),
    })
}

async fn list(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let wanted = match arguments.text(0)? {
        None | Some("*") => None,
        Some("") => {
            let message = "Label argument must be a valid label name or \"*\".";
            return Err(RpcError::parameter(message));
        }
        Some(label) => Some(label),
    };
    let bound = |place, default, name| {
        let value = arguments.integer(place)?.unwrap_or(default);
        usize::try_from(value).map_err(|_| RpcError::parameter(format!("Negative {name}")))
    };
    let (count, skip) = (bound(1, 10, "count")?, bound(2, 0, "from")?);
    let filter = Filter { label: wanted, change: false };
    let library = Library::read(node, desk, true).await?;
    let mut found = if wanted.is_none() {
        page(&library, desk, skip, count).await?
    } else {
        // How many of them have a label is not kept.
        let enough = count.saturating_add(skip);
        let mut found = read(&library, desk, filter, HistoryQuery::default(), enough).await?;
        found.drain(..skip.min(found.len()));
        found
    };
    // Newest first so far, and told from the oldest on.
    found.truncate(count);
    found.reverse();
    answer(&found)
}

/// At least so many entries of the history, newest first, from a number on.
async fn page(
    library: &Library,
    desk: &Desk,
    skip: usize,
    count: usize,
) -> Result<Vec<Entry>, RpcError> {
    let skip = u64::try_from(skip).unwrap_or(u64::MAX);
    let first = u32::try_from(count).unwrap_or(PAGE).min(PAGE);
    let Reply::Entries { newer, records } =
        desk.ask(Command::Entries { skip, count: first }).await?
    else {
        return Err(RpcError::bug());
    };
    let Some(last) = records.last() else { return Ok(Vec::new()) };
    let after = Some(last.transaction.compute_txid());
    let newer = usize::try_from(newer).unwrap_or(usize::MAX);
    let mut found = library.told(&records, Filter::default());
    found.drain(..newer.min(found.len()));
    if found.len() < count {
        let query = HistoryQuery { after, ..HistoryQuery::default() };
        let enough = count - found.len();
        found.extend(read(library, desk, Filter::default(), query, enough).await?);
    }
    Ok(found)
}

async fn since(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let library = Library::read(node, desk, true).await?;
    let tip = library.tip;
    let mut departed = Vec::new();
    let first = match arguments.text(0)?.filter(|hash| !hash.is_empty()) {
        None => None,
        Some(text) => {
            let (fork, left) = branch(node, desk, arguments::hash(text, "blockhash")?).await?;
            departed = left;
            Some(Moment::Height(fork.next()))
        }
    };
    let target = arguments.integer(1)?.unwrap_or(1);
    if target < 1 {
        return Err(RpcError::parameter("Invalid parameter"));
    }
    let with_removed = arguments.flag(3, true)?;
    let label = arguments.text(5)?.map(label).transpose()?;
    let filter = Filter { label, change: arguments.flag(4, false)? };
    let query = HistoryQuery { since: first, ..HistoryQuery::default() };
    let mut transactions = read(&library, desk, filter, query, usize::MAX).await?;
    transactions.reverse();
    let below = u32::try_from(target - 1).unwrap_or(u32::MAX);
    let height = Height::new(tip.height.to_u32().saturating_sub(below));
    let last = match node.block(BlockQuery::Height(height)).await? {
        Some(block) if height < tip.height => block.id.hash,
        _ if height == tip.height => tip.hash,
        _ => node.genesis().hash,
    };
    let removed =
        if with_removed { Some(removed(&library, desk, departed, filter).await?) } else { None };
    answer(&SinceForm { transactions, removed, lastblock: last })
}

/// Where a branch left the best chain, if it did, and the wallet's transactions in what left up to
/// this block.
async fn branch(
    node: &Node,
    desk: &Desk,
    mut hash: BlockHash,
) -> Result<(Height, Vec<Txid>), RpcError> {
    let mut transactions = Vec::new();
    loop {
        if let Some(block) = node.block(BlockQuery::Hash(hash)).await? {
            return Ok((block.id.height, transactions));
        }
        let Reply::Left(left) = desk.ask(Command::Left(hash)).await? else {
            return Err(RpcError::bug());
        };
        let left = left.ok_or_else(|| RpcError::address_or_key("Block not found"))?;
        transactions.extend(left.transactions);
        // Where it left may have left since, further down.
        hash = left.fork.hash;
    }
}

/// The entries of transactions that left the chain, as they are now.
async fn removed(
    library: &Library,
    desk: &Desk,
    mut left: Vec<Txid>,
    filter: Filter<'_>,
) -> Result<Vec<Entry>, RpcError> {
    let mut seen = BTreeSet::new();
    left.retain(|txid| seen.insert(*txid));
    let records = ledger::records(desk, left).await?;
    let book = library.book();
    Ok(records.iter().flat_map(|record| entries(record, &book, filter, true)).collect())
}

/// Entries of the history, newest first, page by page until there are enough.
async fn read(
    library: &Library,
    desk: &Desk,
    filter: Filter<'_>,
    mut query: HistoryQuery,
    enough: usize,
) -> Result<Vec<Entry>, RpcError> {
    let mut found = Vec::new();
    let missing = u32::try_from(enough).unwrap_or(PAGE);
    query.limit = Some(missing.clamp(1, PAGE));
    while found.len() < enough {
        let page = ledger::record_page(desk, query).await?;
        let Some(last) = page.last() else { break };
        query.after = Some(last.transaction.compute_txid());
        found.extend(library.told(&page, filter));
    }
    Ok(found)
}

/// What entries are made with, read once for all of them.
struct Library {
    network: Network,
    tip: BlockId,
    wallet: WalletDescription,
    shelf: Arc<Shelf>,
    unconfirmed: Unconfirmed,
}

impl Library {
    /// `pending`: whether some of them may be in no block.
    async fn read(node: &Node, desk: &Desk, pending: bool) -> Result<Self, RpcError> {
        Ok(Self {
            network: node.params.network,
            tip: ledger::tip(node, desk).await?,
            wallet: ledger::description(desk).await?,
            shelf: Arc::clone(desk.shelf()),
            unconfirmed: Unconfirmed::read_if(pending, desk).await?,
        })
    }

    fn book(&self) -> Book<'_> {
        let Self { network, tip, ref wallet, ref shelf, ref unconfirmed } = *self;
        Book { network, tip: tip.height, branches: Branches::new(wallet, shelf), unconfirmed }
    }

    /// The entries of transactions that come newest first, in that order.
    fn told(&self, records: &[TransactionRecord], filter: Filter<'_>) -> Vec<Entry> {
        let book = self.book();
        let of = |record| entries(record, &book, filter, true).into_iter().rev();
        records.iter().flat_map(of).collect()
    }
}

#[derive(Debug, Serialize)]
struct TransactionForm {
    amount: Btc,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<Btc>,
    #[serde(flatten)]
    whole: Whole,
    details: Vec<Entry>,
    hex: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    decoded: Option<Answer>,
    lastprocessedblock: LastBlock,
}

#[derive(Debug, Serialize)]
struct SinceForm {
    transactions: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<Vec<Entry>>,
    lastblock: BlockHash,
}

/// Transactions that are read at a time.
const PAGE: u32 = 100;
