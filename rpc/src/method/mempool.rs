//! Owns the method that tells what transactions outside of blocks must pay.
//!
//! Refuses to tell how many there are: no mempool is kept.

use billfold_wallet_core::limits::LEAST_FEE_RATE;
use serde::Serialize;

use crate::json::{Btc, answer};
use crate::method::network::{least_floor, per_kvb};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;

pub(super) const METHODS: &[Method] = &[Method {
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
}];

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
