//! Owns `billfold.info`: what is served, how far it has come, and what a program should know before
//! it relies on it.
//!
//! Refuses to guess a rest of time: what it waits for is told, and how far it is.

use std::sync::Arc;

use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::light_client::status::{Status, Waiting};
use bitcoin::FeeRate;
use serde::Serialize;

use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::answer;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;

pub(in crate::method) const METHODS: &[Method] = &[Method {
    name: "billfold.info",
    category: Category::Billfold,
    parameters: &[],
    about: "What is served, how far the chain is known, what it waits for, where fees come from, and \
            what a program should know. api is the version of the methods billfold.*: what is added \
            raises the second number, what is changed the first.",
    standing: Standing::Ours,
    run: Run::Wallets(|node, desks, _| Box::pin(overview(node, desks))),
}];

async fn overview(node: &Node, open: &[Arc<Desk>]) -> Outcome {
    let status = node.status().await?;
    let scanned = node.scanned().await?;
    let synced = status.synced && scanned == status.tip;
    let not_synced = (!synced).then(|| why(&status));
    let followed = status.followed().count();
    answer(&OverviewForm {
        version: node.version,
        api: API,
        compat: COMPAT,
        network: node.params.network.to_core_arg(),
        wallets: open.iter().map(|desk| desk.name().to_owned()).collect(),
        sync: SyncForm {
            headers: status.tip.height.to_u32(),
            filter_headers: status.filter_headers.map(Height::to_u32),
            scanned: scanned.height.to_u32(),
            announced: status.announced.map(Height::to_u32),
            synced,
            not_synced,
        },
        peers: followed,
        fee: fee(node, &status)?,
        warnings: warnings(&status, followed, synced),
    })
}

/// Why it is not at the tip.
const fn why(status: &Status) -> &'static str {
    match status.waiting {
        Waiting::Peers => "no peer is connected",
        Waiting::Headers => "headers are downloaded",
        Waiting::Clock => "new blocks look as if they came from the future: check the clock",
        Waiting::FilterHeaders => "filter headers are downloaded",
        Waiting::Filters => "filters are downloaded and matched",
        Waiting::Blocks => "blocks are downloaded",
        Waiting::Nothing => "a wallet is being brought to the tip",
    }
}

fn fee(node: &Node, status: &Status) -> Result<FeeForm, RpcError> {
    let fees = &status.fees;
    let known =
        fees.estimates.iter().filter_map(|estimate| Some((estimate.target, estimate.rate?)));
    let estimates = known.map(|(target_blocks, rate)| {
        Ok(EstimateForm { target_blocks, sat_per_vb: sat_per_vb(rate)? })
    });
    let estimates = estimates.collect::<Result<Vec<_>, RpcError>>()?;
    let source = match (estimates.is_empty(), node.fallback_fee) {
        (false, _) => "blocks",
        (true, Some(_)) => "fallback",
        (true, None) => "none",
    };
    Ok(FeeForm {
        source,
        blocks_seen: fees.blocks,
        floor_sat_per_vb: fees.floor.map(sat_per_vb).transpose()?,
        fallback_sat_per_vb: node.fallback_fee.map(sat_per_vb).transpose()?,
        estimates,
    })
}

/// A rate with three decimals: in satoshi for 1,000 vbytes it is a whole number.
fn sat_per_vb(rate: FeeRate) -> Result<f64, RpcError> {
    let per_kvb = u32::try_from(rate.to_sat_per_kwu().saturating_mul(4));
    per_kvb.map(|rate| f64::from(rate) / 1_000.0).map_err(|_| RpcError::bug())
}

fn warnings(status: &Status, followed: usize, synced: bool) -> Vec<&'static str> {
    let mut warnings = Vec::new();
    if !synced {
        warnings
            .push("the chain is not followed to its tip: what is told of money may be out of date");
    }
    if status.clock.is_some() {
        warnings.push("the peers' clocks are far from this machine's");
    }
    if status.disputes.heights > 0 {
        warnings.push("peers disagree about filters: some of them lie");
    }
    if status.blocks_unchecked > 0 {
        warnings.push("the challenge of this signet can't be checked here");
    }
    if followed == 1 {
        warnings.push("a single peer is followed: it can withhold payments");
    }
    warnings
}

#[derive(Debug, Serialize)]
struct OverviewForm {
    version: &'static str,
    api: &'static str,
    compat: &'static str,
    network: &'static str,
    wallets: Vec<String>,
    sync: SyncForm,
    peers: usize,
    fee: FeeForm,
    warnings: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct SyncForm {
    headers: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter_headers: Option<u32>,
    scanned: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    announced: Option<u32>,
    synced: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_synced: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct FeeForm {
    source: &'static str,
    blocks_seen: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    floor_sat_per_vb: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback_sat_per_vb: Option<f64>,
    estimates: Vec<EstimateForm>,
}

#[derive(Debug, Serialize)]
struct EstimateForm {
    target_blocks: u16,
    sat_per_vb: f64,
}

/// The version of `billfold.*`.
const API: &str = "0.1.0";

/// The level of Bitcoin Core that is followed.
const COMPAT: &str = "31.0";
