//! Owns the methods about connections as a whole.
//!
//! Refuses to count inbound ones: there are none.

use billfold_wallet_core::light_client::peer_order::PeerOrder;
use billfold_wallet_core::light_client::status::Status;
use billfold_wallet_core::limits::LEAST_FEE_RATE;
use bitcoin::FeeRate;
use serde::Serialize;

use crate::arguments::{self, Arguments};
use crate::json::{Btc, answer};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "getconnectioncount",
        category: Category::Network,
        parameters: &[],
        about: "Returns the number of connections to other nodes.",
        standing: Standing::Same,
        run: Run::Node(|node, _| Box::pin(connections(node))),
    },
    Method {
        name: "getnettotals",
        category: Category::Network,
        parameters: &[],
        about: "Returns information about network traffic, including bytes in, bytes out, and \
                current system time.",
        standing: Standing::Differs(
            "bytes are those of messages, without what BIP324 adds; serve_historical_blocks is \
             false: none is served",
        ),
        run: Run::Node(|node, _| Box::pin(totals(node))),
    },
    Method {
        name: "getnetworkinfo",
        category: Category::Network,
        parameters: &[],
        about: "Returns an object containing various state info regarding P2P networking.",
        standing: Standing::Differs(
            "version is the level of Bitcoin Core that is followed, and subversion adds our own; \
             relayfee is the least that peers ask for; timeoffset is always 0",
        ),
        run: Run::Node(|node, _| Box::pin(overview(node))),
    },
    Method {
        name: "setnetworkactive",
        category: Category::Network,
        parameters: &[Parameter::required("state", Kind::Bool, "Whether to have connections")],
        about: "Disable/enable all p2p network activity.",
        standing: Standing::Same,
        run: Run::Node(|node, arguments| Box::pin(activate(node, arguments))),
    },
];

async fn connections(node: &Node) -> Outcome {
    answer(&node.status().await?.peers.iter().filter(|peer| peer.ready).count())
}

async fn totals(node: &Node) -> Outcome {
    let status = node.status().await?;
    answer(&TotalsForm {
        totalbytesrecv: status.bytes_received,
        totalbytessent: status.bytes_sent,
        timemillis: node.now().saturating_mul(1_000),
        uploadtarget: UploadForm {
            timeframe: 86_400,
            target: 0,
            target_reached: false,
            serve_historical_blocks: false,
            bytes_left_in_cycle: 0,
            time_left_in_cycle: 0,
        },
    })
}

async fn activate(node: &Node, arguments: &Arguments) -> Outcome {
    let state = arguments::flag(arguments.required(0))?;
    node.order(PeerOrder::Activate(state)).await?;
    answer(&node.status().await?.active)
}

async fn overview(node: &Node) -> Outcome {
    let status = node.status().await?;
    let connections = status.peers.iter().filter(|peer| peer.ready).count();
    let proxy = node.proxy.clone().unwrap_or_default();
    let network = |name, reachable: bool| NetworkForm {
        name,
        limited: !reachable,
        reachable,
        proxy: if reachable { proxy.clone() } else { String::new() },
        proxy_randomize_credentials: reachable && !proxy.is_empty(),
    };
    answer(&OverviewForm {
        version: COMPATIBILITY_LEVEL,
        subversion: format!("/Satoshi:31.0.0/billfold:{}/", node.version),
        protocolversion: PROTOCOL,
        localservices: "0000000000000000",
        localservicesnames: [],
        localrelay: true,
        timeoffset: 0,
        networkactive: status.active,
        connections,
        connections_in: 0,
        connections_out: connections,
        networks: [
            network("ipv4", true),
            network("ipv6", true),
            network("onion", !proxy.is_empty()),
            network("i2p", false),
            network("cjdns", false),
        ],
        relayfee: per_kvb(least_floor(&status)),
        incrementalfee: per_kvb(LEAST_FEE_RATE),
        localaddresses: [],
        warnings: [],
    })
}

/// The least fee rate that a peer asks for.
pub(super) fn least_floor(status: &Status) -> FeeRate {
    let floors = status.peers.iter().filter(|peer| peer.ready).filter_map(|peer| peer.fee_floor);
    floors.filter(|floor| *floor < RELAYS_NOTHING).min().unwrap_or(LEAST_FEE_RATE)
}

/// A fee rate as Core tells it.
pub(super) fn per_kvb(rate: FeeRate) -> Btc {
    Btc(i64::try_from(rate.to_sat_per_kwu().saturating_mul(4)).unwrap_or(i64::MAX))
}

#[derive(Debug, Serialize)]
struct TotalsForm {
    totalbytesrecv: u64,
    totalbytessent: u64,
    timemillis: u64,
    uploadtarget: UploadForm,
}

#[derive(Debug, Serialize)]
struct UploadForm {
    timeframe: u32,
    target: u64,
    target_reached: bool,
    serve_historical_blocks: bool,
    bytes_left_in_cycle: u64,
    time_left_in_cycle: u64,
}

#[derive(Debug, Serialize)]
struct OverviewForm {
    version: u32,
    subversion: String,
    protocolversion: u32,
    localservices: &'static str,
    localservicesnames: [String; 0],
    localrelay: bool,
    timeoffset: i64,
    networkactive: bool,
    connections: usize,
    connections_in: usize,
    connections_out: usize,
    networks: [NetworkForm; 5],
    relayfee: Btc,
    incrementalfee: Btc,
    localaddresses: [String; 0],
    warnings: [String; 0],
}

#[derive(Debug, Serialize)]
struct NetworkForm {
    name: &'static str,
    limited: bool,
    reachable: bool,
    proxy: String,
    proxy_randomize_credentials: bool,
}

/// The level of Bitcoin Core that is followed: 31.0.0.
const COMPATIBILITY_LEVEL: u32 = 310_000;

/// What the chain client speaks.
const PROTOCOL: u32 = 70_016;

/// Peers that want no transactions ask for more than anybody pays.
const RELAYS_NOTHING: FeeRate = FeeRate::from_sat_per_kwu(1_000_000);
