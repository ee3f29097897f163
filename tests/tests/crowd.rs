//! Owns what the real program does among ten thousand peers of one network group, on real sockets:
//! through a proxy, behind which each address leads to a peer of this test. Book and memory stay
//! bounded, and the few honest peers of other groups are found, also after a sudden death.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::program::Program;
use billfold_tests::socks::Proxy;
use billfold_wallet_core::light_client::params::Params;
use bitcoin::consensus::{deserialize_partial, serialize};
use bitcoin::p2p::address::{AddrV2, AddrV2Message, Address};
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};
use bitcoin::p2p::message_network::VersionMessage;
use bitcoin::p2p::{Magic, ServiceFlags};
use serde_json::{Value, json};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

#[test]
fn ten_thousand_peers_of_one_group_crowd_nobody_out() -> Result<()> {
    let program = Program::of(BILLFOLD, "signet")?;
    program.ok(&["new", "--words-out", "words"])?;
    let crowd = Arc::new(Crowd::default());
    let known = places(&crowd)?;
    let seeds = Params::signet().dns_seeds.iter();
    let seeds = seeds.map(|seed| (format!("{}:{PORT}", seed.node_name()), known.honest));
    let proxy = Proxy::start(known.ways().chain(seeds).collect())?;
    let mut daemon = start(&program, &proxy)?;
    let before = daemon.running.peak_memory()?;
    awaits(&daemon, "the crowd was not told of in full", || Ok(crowd.is_told()))?;
    await_honest_peers(&daemon)?;

    let addresses = daemon.call("getnodeaddresses", &json!([0]))?;
    let addresses = addresses.as_array().context("a list")?.iter();
    let addresses = addresses.map(|one| ip(&one["address"])).collect::<Result<Vec<_>>>()?;
    let kept = addresses.iter().filter(|ip| is_of_the_crowd(**ip)).count();
    let groups = usize::from(HONEST) + 1 + Params::signet().dns_seeds.len();
    let most = usize::from(BUCKET) * (groups + TRIED);
    ensure!(kept > 0 && kept <= most, "{kept} of the crowd are known, of {most} at most");
    let taken = daemon.running.peak_memory()?.saturating_sub(before);
    ensure!(taken < 32 << 20, "{taken} bytes");

    // No seed answers the next run: what it knows is all that leads to others.
    daemon.running.kill()?;
    let proxy = Proxy::start(known.ways().collect())?;
    let daemon = start(&program, &proxy)?;
    await_honest_peers(&daemon)?;
    daemon.stop()
}

fn start(program: &Program, proxy: &Proxy) -> Result<Daemon> {
    Daemon::start(program, &["--proxy", &proxy.address.to_string()])
}

/// All honest peers are there, and at most one of the crowd.
fn await_honest_peers(daemon: &Daemon) -> Result<()> {
    awaits(daemon, "honest peers of other groups were not found", || {
        let peers = daemon.call("getpeerinfo", &json!([]))?;
        let peers = peers.as_array().context("a list")?.iter();
        let lasting = peers.filter(|peer| peer["version"] != 0 && peer["connection_type"] == CHAIN);
        let found = lasting.map(|peer| ip(&peer["addr"])).collect::<Result<BTreeSet<_>>>()?;
        let crowd = found.iter().filter(|ip| is_of_the_crowd(**ip)).count();
        ensure!(crowd <= 1, "{crowd} of one group: {found:?}");
        Ok(found.len() - crowd == usize::from(HONEST))
    })
}

/// Peers are looked for by the clock, so questions are not counted.
fn awaits(daemon: &Daemon, otherwise: &str, is_so: impl Fn() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !is_so()? {
        ensure!(Instant::now() < deadline, "{otherwise}");
        // Answered when it is over: nobody here has a block.
        daemon.call("waitfornewblock", &json!([200]))?;
    }
    Ok(())
}

/// Where each address leads.
struct Places {
    honest: SocketAddr,
    crowd: SocketAddr,
}

impl Places {
    fn ways(&self) -> impl Iterator<Item = (String, SocketAddr)> {
        let honest = (0..HONEST).map(|n| (honest(n).to_string(), self.honest));
        honest.chain((0..CROWD).map(|n| (member(n).to_string(), self.crowd)))
    }
}

fn places(crowd: &Arc<Crowd>) -> Result<Places> {
    Ok(Places { honest: serve(crowd, false)?, crowd: serve(crowd, true)? })
}

/// Who is told of, the next thousand at each question.
#[derive(Debug, Default)]
struct Crowd {
    questions: AtomicUsize,
}

impl Crowd {
    fn next(&self) -> Result<NetworkMessage> {
        let first = self.questions.fetch_add(1, Ordering::Relaxed) * usize::from(SHARE);
        let crowd = (0..CROWD).cycle().skip(first % usize::from(CROWD)).take(SHARE.into());
        let told = (0..HONEST).map(honest).chain(crowd.map(member));
        let time = u32::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
        let told = told.map(|address| AddrV2Message {
            time,
            services: services(),
            addr: AddrV2::Ipv4(*address.ip()),
            port: address.port(),
        });
        Ok(NetworkMessage::AddrV2(told.collect()))
    }

    fn is_told(&self) -> bool {
        self.questions.load(Ordering::Relaxed) * usize::from(SHARE) >= CROWD.into()
    }
}

/// Serves peers that know no block beyond the first; whether they leave once they told of others.
fn serve(crowd: &Arc<Crowd>, leaves: bool) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let (address, crowd) = (listener.local_addr()?, Arc::clone(crowd));
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let crowd = Arc::clone(&crowd);
            // What the wallet closes ends here.
            thread::spawn(move || drop(converse(stream, &crowd, leaves)));
        }
    });
    Ok(address)
}

fn converse(mut stream: TcpStream, crowd: &Crowd, leaves: bool) -> Result<()> {
    let (mut heard, mut piece) = (Vec::new(), [0; 4_096]);
    loop {
        let length = stream.read(&mut piece)?;
        ensure!(length > 0, "the wallet left");
        heard.extend_from_slice(&piece[..length]);
        let magic = Magic::SIGNET.to_bytes();
        ensure!(heard.iter().zip(magic).all(|(byte, own)| *byte == own), "it speaks version 2");
        while let Ok((message, read)) = deserialize_partial::<RawNetworkMessage>(&heard) {
            heard.drain(..read);
            let asked = matches!(message.payload(), NetworkMessage::GetAddr);
            for answer in answers(message.into_payload(), crowd)? {
                stream.write_all(&serialize(&RawNetworkMessage::new(Magic::SIGNET, answer)))?;
            }
            ensure!(!(asked && leaves), "it told enough");
        }
    }
}

fn answers(message: NetworkMessage, crowd: &Crowd) -> Result<Vec<NetworkMessage>> {
    Ok(match message {
        NetworkMessage::Version(theirs) => {
            let nowhere = Address::new(&SocketAddr::from(([0, 0, 0, 0], 0)), ServiceFlags::NONE);
            let agent = "/Satoshi:29.0.0/".to_owned();
            let mut version = VersionMessage::new(
                services(),
                theirs.timestamp,
                nowhere.clone(),
                nowhere,
                theirs.nonce.wrapping_add(1),
                agent,
                0,
            );
            version.version = 70_016;
            vec![NetworkMessage::Version(version), NetworkMessage::Verack]
        }
        NetworkMessage::Ping(nonce) => vec![NetworkMessage::Pong(nonce)],
        NetworkMessage::GetHeaders(_) => vec![NetworkMessage::Headers(Vec::new())],
        NetworkMessage::GetAddr => vec![crowd.next()?],
        _ => Vec::new(),
    })
}

/// The `n`th honest peer, each in a group of its own.
fn honest(n: u8) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::new(12 + n, 1, 1, 1), PORT)
}

/// The `n`th of the crowd, all in one group.
fn member(n: u16) -> SocketAddrV4 {
    let [high, low] = n.to_be_bytes();
    SocketAddrV4::new(Ipv4Addr::new(66, 66, high, low), PORT)
}

/// Of a peer that a client follows the chain with, over version 1 of the transport.
fn services() -> ServiceFlags {
    ServiceFlags::NETWORK | ServiceFlags::WITNESS | ServiceFlags::COMPACT_FILTERS
}

fn is_of_the_crowd(ip: Ipv4Addr) -> bool {
    ip.octets()[..2] == [66, 66]
}

fn ip(told: &Value) -> Result<Ipv4Addr> {
    let text = told.as_str().with_context(|| format!("no address: {told}"))?;
    text.split(':').next().unwrap_or_default().parse().with_context(|| text.to_owned())
}

/// How a connection to follow the chain with is told.
const CHAIN: &str = "outbound-full-relay";

const CROWD: u16 = 10_000;

/// Of the crowd in one answer, beside the honest ones; a thousand are the most there may be.
const SHARE: u16 = 995;

/// Fewer than the eight that a client looks for, so it goes on among the crowd.
const HONEST: u8 = 5;

/// Addresses of one group that are kept of what another group tells.
const BUCKET: u16 = 64;

/// As many again of those that it was connected to, so often.
const TRIED: usize = 8;

const PORT: u16 = 38_333;

const PATIENCE: Duration = Duration::from_secs(400);
