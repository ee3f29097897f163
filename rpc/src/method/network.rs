//! Owns the methods about peers.
//!
//! Refuses inbound connections: there are none.

use billfold_wallet_core::limits::LEAST_FEE_RATE;
use bitcoin::FeeRate;
use serde::Serialize;

use crate::json::{Btc, answer};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;

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
];

async fn connections(node: &Node) -> Outcome {
    answer(&node.status().await?.peers.iter().filter(|peer| peer.ready).count())
}

async fn overview(node: &Node) -> Outcome {
    let status = node.status().await?;
    let ready = status.peers.iter().filter(|peer| peer.ready);
    let floors = ready.clone().filter_map(|peer| peer.fee_floor);
    let floors = floors.filter(|floor| *floor < RELAYS_NOTHING);
    let connections = ready.count();
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
        networkactive: true,
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
        relayfee: per_kvb(floors.min().unwrap_or(LEAST_FEE_RATE)),
        incrementalfee: per_kvb(LEAST_FEE_RATE),
        localaddresses: [],
        warnings: [],
    })
}

fn per_kvb(rate: FeeRate) -> Btc {
    Btc(i64::try_from(rate.to_sat_per_kwu().saturating_mul(4)).unwrap_or(i64::MAX))
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
