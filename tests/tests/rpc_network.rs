//! Owns what Bitcoin Core's network methods do to a daemon: whom it is connected with changes, and
//! what is told of the peers is what they are.

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::town::Town;
use corepc_types::v31;
use serde_json::json;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

#[test]
fn the_circle_of_peers_is_what_scripts_make_of_it() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    let connected = |count: usize| {
        daemon.await_that("the number of connections", || {
            let peers: v31::GetPeerInfo = daemon.read("getpeerinfo", &json!([]))?;
            Ok(peers.0.iter().filter(|peer| peer.version > 0).count() == count)
        })
    };
    connected(1)?;
    // The wallet was at the tip before: nothing of its own waits for these.
    daemon.await_that("headers and filter headers", || {
        let peers: v31::GetPeerInfo = daemon.read("getpeerinfo", &json!([]))?;
        let received =
            |name| peers.0.iter().any(|one| one.bytes_received_per_message.contains_key(name));
        Ok(received("headers") && received("cfheaders"))
    })?;

    let peers: v31::GetPeerInfo = daemon.read("getpeerinfo", &json!([]))?;
    let [peer] = &peers.0[..] else { anyhow::bail!("{peers:?}") };
    ensure!(peer.connection_type == Some(v31::ConnectionType::Manual), "{peer:?}");
    ensure!(peer.network == "not_publicly_routable" && !peer.inbound, "{peer:?}");
    ensure!(peer.services_names.contains(&"COMPACT_FILTERS".to_owned()), "{peer:?}");
    ensure!(peer.synced_headers == Some(i64::from(town.network.tip().0)), "{peer:?}");
    let received = &peer.bytes_received_per_message;
    ensure!(received.values().sum::<u64>() == peer.bytes_received, "{peer:?}");
    ensure!(peer.bytes_sent_per_message.contains_key("version"), "{peer:?}");
    let totals: v31::GetNetTotals = daemon.read("getnettotals", &json!([]))?;
    ensure!(totals.total_bytes_received >= peer.bytes_received, "{totals:?} {peer:?}");
    ensure!(daemon.call("ping", &json!([]))?.is_null());
    daemon.await_that("a round trip", || {
        let peers: v31::GetPeerInfo = daemon.read("getpeerinfo", &json!([]))?;
        Ok(peers.0.iter().all(|peer| peer.ping_time.is_some() && peer.minimum_ping.is_some()))
    })?;

    // Off, on.
    ensure!(daemon.call("setnetworkactive", &json!([false]))? == json!(false));
    connected(0)?;
    let network: v31::GetNetworkInfo = daemon.read("getnetworkinfo", &json!([]))?;
    ensure!(!network.network_active && network.connections == 0, "{network:?}");
    town.network.mine_empty(1);
    ensure!(daemon.call("setnetworkactive", &json!([true]))? == json!(true));
    daemon.await_height(town.network.tip().0)?;

    // One that is left comes back, since it was named at the start.
    let peers: v31::GetPeerInfo = daemon.read("getpeerinfo", &json!([]))?;
    let peer = peers.0.first().context("a peer")?;
    let (id, address) = (peer.id, peer.address.clone());
    daemon.call("disconnectnode", &json!(["", id]))?;
    daemon.await_that("another connection", || {
        let peers: v31::GetPeerInfo = daemon.read("getpeerinfo", &json!([]))?;
        Ok(peers.0.iter().any(|peer| peer.id != id && peer.version > 0))
    })?;
    daemon.call("disconnectnode", &json!([address]))?;
    connected(1)?;

    daemon.call("addnode", &json!(["127.0.0.9:9", "add"]))?;
    let added: v31::GetAddedNodeInfo = daemon.read("getaddednodeinfo", &json!([]))?;
    ensure!(added.0.len() == 1 && !added.0[0].connected, "{added:?}");
    daemon.call("addnode", &json!([address, "add"]))?;
    let added: v31::GetAddedNodeInfo = daemon.read("getaddednodeinfo", &json!([address]))?;
    ensure!(added.0.len() == 1 && added.0[0].added_node == address, "{added:?}");
    daemon.call("addnode", &json!(["127.0.0.9:9", "remove"]))?;
    ensure!(daemon.call("addnode", &json!(["127.0.0.9:9", "onetry", false]))?.is_null());
    let known: v31::GetNodeAddresses = daemon.read("getnodeaddresses", &json!([0]))?;
    ensure!(known.0.is_empty(), "the only peers were named: {known:?}");

    // A ban closes what is open there.
    daemon.call("setban", &json!(["127.0.0.0/8", "add", 1000]))?;
    daemon.await_that("the banned peer is left", || {
        let peers: v31::GetPeerInfo = daemon.read("getpeerinfo", &json!([]))?;
        Ok(peers.0.iter().all(|peer| peer.id > id + 1))
    })?;
    daemon.call("setban", &json!(["2001:db8::/32", "add"]))?;
    let banned: v31::ListBanned = daemon.read("listbanned", &json!([]))?;
    let addresses: Vec<_> = banned.0.iter().map(|ban| ban.address.as_str()).collect();
    ensure!(addresses == ["127.0.0.0/8", "2001:db8::/32"], "{banned:?}");
    ensure!(banned.0[0].ban_duration == 1000 && banned.0[1].ban_duration == 86_400, "{banned:?}");
    daemon.call("setban", &json!(["127.0.0.0/255.0.0.0", "remove"]))?;
    daemon.call("clearbanned", &json!([]))?;
    let banned: v31::ListBanned = daemon.read("listbanned", &json!([]))?;
    ensure!(banned.0.is_empty(), "{banned:?}");
    daemon.stop()
}

/// With Core's codes and texts.
#[test]
fn wrong_input_to_network_methods_is_told() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    let cases = [
        (-1, "addnode", json!(["127.0.0.1:1", "forget"]), "addnode \"node\" \"command\""),
        (-1, "addnode", json!(["127.0.0.1:1"]), "addnode \"node\" \"command\""),
        (-8, "addnode", json!(["a b", "add"]), "node must be an address or a name"),
        (-24, "addnode", json!(["127.0.0.1:1", "remove"]), "Error: Node could not be removed."),
        (-24, "getaddednodeinfo", json!(["127.0.0.1:1"]), "Error: Node has not been added."),
        (-29, "disconnectnode", json!(["127.0.0.1:1"]), "Node not found in connected nodes"),
        (-29, "disconnectnode", json!(["", -1]), "Node not found in connected nodes"),
        (-32602, "disconnectnode", json!(["127.0.0.1:1", 1]), "Only one of address and nodeid"),
        (-32602, "disconnectnode", json!([]), "Only one of address and nodeid"),
        (-3, "setnetworkactive", json!(["yes"]), "Wrong type passed"),
        (-1, "setnetworkactive", json!([]), "setnetworkactive state"),
        (-1, "setban", json!(["127.0.0.1", "forget"]), "setban \"subnet\" \"command\""),
        (-30, "setban", json!(["127.0.0.1/33", "add"]), "Error: Invalid IP/Subnet"),
        (-30, "setban", json!(["127.0.0.1", "remove"]), "Error: Unban failed."),
        (-8, "setban", json!(["127.0.0.1", "add", 5, true]), "Error: Absolute timestamp"),
        (-8, "getnodeaddresses", json!([-1]), "Address count out of range"),
        (-8, "getnodeaddresses", json!([1, "tor"]), "Network not recognized: tor"),
        (-1, "ping", json!([1]), "ping"),
    ];
    for (code, method, params, text) in cases {
        let told = daemon.refused(500, code, method, &params)?;
        ensure!(told.contains(text), "{method} {params}: {told}");
    }
    daemon.call("setban", &json!(["192.0.2.0/24", "add"]))?;
    for subnet in ["192.0.2.0/24", "192.0.2.9"] {
        let told = daemon.refused(500, -23, "setban", &json!([subnet, "add"]))?;
        ensure!(told == "Error: IP/Subnet already banned", "{told}");
    }
    daemon.call("addnode", &json!(["192.0.2.1", "add"]))?;
    let told = daemon.refused(500, -23, "addnode", &json!(["192.0.2.1:18444", "add"]))?;
    ensure!(told == "Error: Node already added", "{told}");
    daemon.stop()
}
