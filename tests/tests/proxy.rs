//! Owns the promises about `--proxy`: everything goes through it, by name and each connection with
//! credentials of its own; without it nothing goes anywhere; and what is wrong with it is told.
//!
//! The strict ones run in a network namespace where nothing else can be reached and whatever is
//! tried is counted. Where the system allows none, they say so and pass.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Result, ensure};
use billfold_tests::enclave::{self, Enclave, FRONT, Visit};
use billfold_tests::program::Program;
use billfold_tests::socks::{ONION, Proxy};
use billfold_tests::town::Town;
use billfold_wallet_core::light_client::params::Params;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
const NODE: &str = "node.billfold.test:18444";

/// What the other tests run inside the namespace that they make; outside there is nothing to do.
#[test]
fn inside() -> Result<()> {
    enclave::inside()
}

#[test]
fn everything_goes_through_the_proxy() -> Result<()> {
    if !possible() {
        return Ok(());
    }
    let town = Town::build()?;
    let ways = [NODE, ONION].map(|name| (name.to_owned(), town.network.address()));
    let proxy = Proxy::start(ways.into())?;
    let enclave = Enclave::new("inside", Some(proxy.address))?;
    let program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    town.pay(&program.ok(&["receive"])?["address"], 100_000)?;

    let run = |arguments: &[&str]| -> Result<Visit> {
        let before = proxy.requests().len();
        let front = FRONT.to_string();
        let options = ["--proxy", &front, "--connect", NODE, "--connect", ONION];
        let visit = enclave.run(&program, &[&options, arguments].concat())?;
        ensure!(visit.outcome.code == Some(0), "{visit:?}");
        let asked = proxy.requests().len() - before;
        ensure!(asked > 0 && visit.left.dials == asked as u64, "{visit:?} asked {asked} times");
        ensure!(is_tight(&visit), "{visit:?}");
        Ok(visit)
    };
    run(&["sync"])?;
    ensure!(program.ok(&["balance"])?["confirmed"] == 100_000);
    let paid = run(&["pay", STRANGER, "10k", "--fee-rate", "2", "--yes"])?.outcome.json;
    ensure!(paid["state"] == "announced", "{paid}");
    ensure!(town.network.mempool().len() == 1);

    let requests = proxy.requests();
    let targets: BTreeSet<_> = requests.iter().map(|request| request.target.as_str()).collect();
    ensure!(targets == [NODE, ONION].into(), "{requests:?}");
    let logins: BTreeSet<_> = requests.iter().map(|request| &request.login).collect();
    ensure!(logins.len() == requests.len(), "two connections share credentials: {requests:?}");
    Ok(())
}

#[test]
fn peers_are_found_through_the_proxy_alone() -> Result<()> {
    if !possible() {
        return Ok(());
    }
    let proxy = Proxy::start(BTreeMap::new())?;
    let enclave = Enclave::new("inside", Some(proxy.address))?;
    let program = Program::of(BILLFOLD, "signet")?;
    program.ok(&["new", "--words-out", "words"])?;
    let front = FRONT.to_string();
    let visit = enclave.run(&program, &["--proxy", &front, "sync", "--timeout", "5"])?;
    ensure!(is_tight(&visit), "{visit:?}");

    let requests = proxy.requests();
    ensure!(visit.left.dials == requests.len() as u64, "{visit:?} {requests:?}");
    ensure!(!requests.is_empty(), "nobody was asked: {visit:?}");
    let seeds = Params::signet().dns_seeds;
    for request in &requests {
        let name = request.target.strip_suffix(":38333");
        let is_seed = name.is_some_and(|name| seeds.iter().any(|seed| name.ends_with(seed.host)));
        ensure!(is_seed, "not a seed by its name: {request:?}");
    }
    let logins: BTreeSet<_> = requests.iter().map(|request| &request.login).collect();
    ensure!(logins.len() == requests.len(), "two connections share credentials: {requests:?}");
    Ok(())
}

#[test]
fn with_the_proxy_down_nothing_leaves() -> Result<()> {
    if !possible() {
        return Ok(());
    }
    let enclave = Enclave::new("inside", None)?;
    let program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    let peers = ["198.51.100.1:8333", "[2001:db8:1::1]:8333", "127.0.0.1:1", NODE, ONION];
    let connect = peers.iter().flat_map(|peer| ["--connect", *peer]);
    let sync: Vec<_> = connect.chain(["sync", "--timeout", "5"]).collect();

    let front = FRONT.to_string();
    let visit = enclave.run(&program, &[&["--proxy", &front], &sync[..]].concat())?;
    ensure!(is_tight(&visit), "{visit:?}");
    ensure!(visit.left.dials >= peers.len() as u64, "{visit:?}");
    let error = visit.outcome.refused(6, "peer_unreachable")?;
    let told = error["message"].as_str().unwrap_or_default();
    ensure!(told.contains("the proxy can't be reached"), "{told}");

    // The same without the proxy is seen to leave in every way: the counts count.
    let visit = enclave.run(&program, &sync)?;
    ensure!(visit.left.abroad > 0, "{visit:?}");
    ensure!(visit.left.abroad_v6 > 0, "{visit:?}");
    ensure!(visit.left.datagrams > 0, "{visit:?}");
    Ok(())
}

#[test]
fn what_is_wrong_with_a_proxy_is_told() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let refused = |proxy: SocketAddr, wanted: &str| -> Result<()> {
        let sync = ["--proxy", &proxy.to_string(), "--connect", NODE, "sync"];
        let error = program.refused(6, "peer_unreachable", &sync)?;
        let told = error["message"].as_str().unwrap_or_default();
        ensure!(told.contains(wanted), "{told:?} does not say {wanted:?}");
        Ok(())
    };
    refused(closed, "the proxy can't be reached")?;
    refused(Proxy::broken(b"HTTP/1.1 400 Bad Request\r\n\r\n")?, "does not speak SOCKS5")?;
    refused(Proxy::broken(b"\x05\xff")?, "refuses our credentials")?;
    refused(Proxy::broken(b"\x05")?, "the proxy stopped answering")?;
    refused(Proxy::broken(b"\x05\x00\x05\x02\x00\x01\0\0\0\0\0\0")?, "SOCKS5 reply 2")?;
    // A proxy that works but finds nobody: the peer is to blame.
    refused(Proxy::start(BTreeMap::new())?.address, "can't be reached")?;
    let error = program.refused(6, "peer_unreachable", &["--connect", ONION, "sync"])?;
    ensure!(error.to_string().contains("set one with --proxy"), "{error}");
    Ok(())
}

/// Nothing went to other machines, and nothing was looked up, not even with a resolver on this one.
fn is_tight(visit: &Visit) -> bool {
    (visit.left.abroad, visit.left.abroad_v6, visit.left.datagrams) == (0, 0, 0)
}

#[allow(clippy::print_stderr, reason = "a test that can't run says so")]
fn possible() -> bool {
    let possible = Enclave::is_possible();
    if !possible {
        eprintln!("skipped: needs the right to make a network namespace, and iproute2");
    }
    possible
}
