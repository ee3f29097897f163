//! Owns the methods that tell what transactions outside of blocks must pay, and how those of the
//! wallets stand there.
//!
//! Refuses to tell how many there are: no mempool is kept.

use std::sync::Arc;

use billfold_wallet_core::command::{PaymentState, TransactionRecord};
use billfold_wallet_core::limits::LEAST_FEE_RATE;
use bitcoin::{Amount, Txid, Wtxid};
use serde::Serialize;

use crate::arguments::Arguments;
use crate::cluster::Cluster;
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::{Btc, answer};
use crate::ledger::Unconfirmed;
use crate::method::network::{least_floor, per_kvb};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "getmempoolinfo",
        category: Category::Blockchain,
        parameters: &[],
        about: "Returns what peers ask of transactions that no block holds.",
        standing: Standing::Differs(
            "no mempool is kept, so size, bytes, usage, total_fee and maxmempool are 0; mempoolminfee is \
         the least that peers ask for; unbroadcastcount is of the open wallets' transactions that no \
         peer has taken since the start; the limits are Bitcoin Core's defaults",
        ),
        run: Run::Node(|node, _| Box::pin(overview(node))),
    },
    Method {
        name: "getmempoolentry",
        category: Category::Blockchain,
        parameters: &[Parameter::required("txid", Kind::Text, "The transaction id")],
        about: "Returns how a payment of the open wallets stands that is in no block.",
        standing: Standing::Differs(
            "only for transactions of the caller's open wallets, and -5 for others, also where a fee is not known, \
         since coins of others pay it; of what it stands on and what stands on it, the wallet's own \
         are told; height is of the last block",
        ),
        run: Run::Wallets(|node, desks, arguments| Box::pin(entry(node, desks, arguments))),
    },
];

async fn entry(node: &Node, desks: &[Arc<Desk>], arguments: &Arguments) -> Outcome {
    let txid: Txid = arguments.hash(0, "parameter 1")?;
    let height = node.scanned().await?.height;
    for desk in desks {
        let pool = Unconfirmed::read(desk).await?;
        let Some(record) = pool.counted(txid) else { continue };
        let cluster = Cluster::around(&pool, txid).ok_or_else(|| {
            let message = "Transaction not in mempool: what is paid for it, or for what hangs \
                           together with it, is not known";
            RpcError::address_or_key(message)
        })?;
        return answer(&EntryForm::new(record, &cluster, height.to_u32()));
    }
    Err(RpcError::address_or_key("Transaction not in mempool"))
}

/// A transaction in no block, in the order of Core's fields.
#[derive(Debug, Serialize)]
struct EntryForm {
    vsize: u64,
    weight: u64,
    time: u64,
    height: u32,
    descendantcount: u64,
    descendantsize: u64,
    ancestorcount: u64,
    ancestorsize: u64,
    wtxid: Wtxid,
    chunkweight: u64,
    fees: FeesForm,
    depends: Vec<Txid>,
    spentby: Vec<Txid>,
    #[serde(rename = "bip125-replaceable")]
    replaceable: bool,
    unbroadcast: bool,
}

#[derive(Debug, Serialize)]
struct FeesForm {
    base: Btc,
    modified: Btc,
    ancestor: Btc,
    descendant: Btc,
    chunk: Btc,
}

impl EntryForm {
    fn new(record: &TransactionRecord, cluster: &Cluster, height: u32) -> Self {
        let (own, chunk) = (cluster.own(), cluster.chunk());
        let (ancestors, descendants) = (cluster.ancestors(), cluster.descendants());
        let btc = |sat: u64| Btc::from(Amount::from_sat(sat));
        Self {
            vsize: own.vsize,
            weight: own.weight,
            time: record.first_seen,
            height,
            descendantcount: descendants.count,
            descendantsize: descendants.vsize,
            ancestorcount: ancestors.count,
            ancestorsize: ancestors.vsize,
            wtxid: record.transaction.compute_wtxid(),
            chunkweight: chunk.weight,
            fees: FeesForm {
                base: btc(own.fees),
                modified: btc(own.fees),
                ancestor: btc(ancestors.fees),
                descendant: btc(descendants.fees),
                chunk: btc(chunk.fees),
            },
            depends: cluster.parents(),
            spentby: cluster.children(),
            replaceable: cluster.signals(),
            unbroadcast: record.state == PaymentState::Signed,
        }
    }
}

async fn overview(node: &Node) -> Outcome {
    let status = node.status().await?;
    answer(&OverviewForm {
        loaded: true,
        size: 0,
        bytes: 0,
        usage: 0,
        total_fee: Btc(0),
        maxmempool: 0,
        mempoolminfee: per_kvb(least_floor(&status)),
        minrelaytxfee: per_kvb(LEAST_FEE_RATE),
        incrementalrelayfee: per_kvb(LEAST_FEE_RATE),
        unbroadcastcount: status.announcing.saturating_sub(status.taken),
        fullrbf: true,
        permitbaremultisig: true,
        maxdatacarriersize: 100_000,
        limitclustercount: 64,
        limitclustersize: 101_000,
        optimal: true,
    })
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "as Core tells it")]
struct OverviewForm {
    loaded: bool,
    size: u64,
    bytes: u64,
    usage: u64,
    total_fee: Btc,
    maxmempool: u64,
    mempoolminfee: Btc,
    minrelaytxfee: Btc,
    incrementalrelayfee: Btc,
    unbroadcastcount: usize,
    fullrbf: bool,
    permitbaremultisig: bool,
    maxdatacarriersize: u64,
    limitclustercount: u32,
    limitclustersize: u32,
    optimal: bool,
}
