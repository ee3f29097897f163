//! Owns a peer as `getpeerinfo` of Bitcoin Core tells of it.
//!
//! Refuses to guess: what is not known here is what Core says before it is known.

use std::time::Duration;

use billfold_wallet_core::light_client::dial::{Purpose, Wire};
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use billfold_wallet_core::light_client::status::{PeerStatus, Traffic, Weighing};
use billfold_wallet_core::light_client::time::WallTime;
use bitcoin::FeeRate;
use serde::{Serialize, Serializer};

use crate::json::{Btc, Real};
use crate::method::network::per_kvb;

/// A peer, in the order of Core's fields.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the shape is Bitcoin Core's")]
pub(super) struct PeerForm<'a> {
    id: u64,
    addr: String,
    network: &'static str,
    services: String,
    servicesnames: Vec<String>,
    relaytxes: bool,
    last_inv_sequence: u64,
    inv_to_send: u64,
    lastsend: u64,
    lastrecv: u64,
    last_transaction: u64,
    last_block: u64,
    bytessent: u64,
    bytesrecv: u64,
    conntime: u64,
    timeoffset: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pingtime: Option<Real>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minping: Option<Real>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pingwait: Option<u64>,
    version: u32,
    subver: &'a str,
    inbound: bool,
    bip152_hb_to: bool,
    bip152_hb_from: bool,
    presynced_headers: i64,
    synced_headers: i64,
    synced_blocks: i64,
    inflight: Vec<u32>,
    addr_relay_enabled: bool,
    addr_processed: u64,
    addr_rate_limited: u64,
    permissions: [String; 0],
    minfeefilter: Btc,
    #[serde(serialize_with = "by_type")]
    bytessent_per_msg: &'a [(String, u64)],
    #[serde(serialize_with = "by_type")]
    bytesrecv_per_msg: &'a [(String, u64)],
    connection_type: &'static str,
    transport_protocol_type: &'static str,
    session_id: &'static str,
}

impl<'a> PeerForm<'a> {
    /// `name`: as it was added, or its address; `now` in Unix seconds; `weighing`: the branch that some
    /// peer tells of.
    pub(super) fn new(
        name: String,
        (now, weighing): (u64, Option<Weighing>),
        peer: &'a PeerStatus,
        traffic: &'a Traffic,
    ) -> Self {
        let seconds = |latency: Option<Duration>| latency.map(|it| Real(it.as_secs_f64()));
        let total = |bytes: &[(String, u64)]| bytes.iter().map(|(_, bytes)| bytes).sum();
        let waited = traffic.ping_since.map(|since| now.saturating_sub(since.to_unix()));
        let height = |known: Option<_>| known.map_or(-1, i64::from);
        let weighing = weighing.filter(|_| traffic.common.is_none());
        let (admitted, dropped) = traffic.addresses.unwrap_or_default();
        Self {
            id: peer.peer.to_u64(),
            addr: name,
            network: kind(&peer.address),
            services: format!("{:016x}", peer.services),
            servicesnames: service_names(peer.services),
            relaytxes: false,
            last_inv_sequence: 0,
            inv_to_send: 0,
            lastsend: traffic.last_sent.map_or(0, WallTime::to_unix),
            lastrecv: traffic.last_received.map_or(0, WallTime::to_unix),
            // Nobody validated one.
            last_transaction: 0,
            last_block: traffic.last_block.map_or(0, WallTime::to_unix),
            bytessent: total(&traffic.sent),
            bytesrecv: total(&traffic.received),
            conntime: traffic.since.to_unix(),
            timeoffset: traffic.clock,
            pingtime: seconds(peer.latency),
            minping: seconds(traffic.least_latency),
            pingwait: waited.filter(|waited| *waited > 0),
            version: traffic.version,
            subver: &peer.user_agent,
            inbound: false,
            bip152_hb_to: false,
            bip152_hb_from: false,
            presynced_headers: height(weighing.map(|branch| branch.height.to_u32())),
            synced_headers: height(traffic.common.map(Height::to_u32)),
            // Filters tell that a block is there, so it is in common with its header.
            synced_blocks: height(traffic.common.map(Height::to_u32)),
            inflight: traffic.asked.iter().copied().map(Height::to_u32).collect(),
            addr_relay_enabled: traffic.addresses.is_some(),
            addr_processed: admitted,
            addr_rate_limited: dropped,
            permissions: [],
            minfeefilter: per_kvb(peer.fee_floor.unwrap_or(FeeRate::ZERO)),
            bytessent_per_msg: &traffic.sent,
            bytesrecv_per_msg: &traffic.received,
            connection_type: connection_type(peer),
            transport_protocol_type: if peer.wire == Wire::V2 { "v2" } else { "v1" },
            session_id: "",
        }
    }
}

fn by_type<S: Serializer>(bytes: &[(String, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(bytes.iter().map(|(name, bytes)| (name, bytes)))
}

/// The kind of network that an address is in, by Core's name.
pub(super) fn kind(address: &PeerAddress) -> &'static str {
    match address {
        _ if !address.is_public() => "not_publicly_routable",
        PeerAddress::Ip(ip) if ip.is_ipv4() => "ipv4",
        PeerAddress::Ip(_) => "ipv6",
        PeerAddress::Onion(..) => "onion",
        PeerAddress::Host(..) => "not_publicly_routable",
    }
}

pub(super) fn service_names(services: u64) -> Vec<String> {
    let bits = (0..u64::BITS).filter(|bit| services >> bit & 1 == 1);
    let name = |bit| match bit {
        0 => "NETWORK".to_owned(),
        2 => "BLOOM".to_owned(),
        3 => "WITNESS".to_owned(),
        6 => "COMPACT_FILTERS".to_owned(),
        10 => "NETWORK_LIMITED".to_owned(),
        11 => "P2P_V2".to_owned(),
        other => format!("UNKNOWN[2^{other}]"),
    };
    bits.map(name).collect()
}

/// Core has one for each way in which a connection comes to be.
const fn connection_type(peer: &PeerStatus) -> &'static str {
    match peer.purpose {
        Purpose::Chain if peer.named => "manual",
        Purpose::Chain => "outbound-full-relay",
        Purpose::Broadcast => "private-broadcast",
        Purpose::Addresses => "addr-fetch",
        Purpose::Feeler => "feeler",
    }
}
