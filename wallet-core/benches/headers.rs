//! Owns the figures for a million headers: how fast they are validated, how much memory each takes,
//! how long a client needs to open again with them.
//!
//! The headers are made here, at regtest's difficulty; a header's difficulty does not matter to who
//! checks it. Refuses to judge: nothing here fails for being slow.

#![allow(clippy::print_stdout, reason = "a table of figures is what this program is for")]

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use billfold_wallet_core::light_client::LightClient;
use billfold_wallet_core::light_client::chain::anchor::Anchor;
use billfold_wallet_core::light_client::chain::header_tree::HeaderTree;
use billfold_wallet_core::light_client::change_set::{ChangeSet, Restored};
use billfold_wallet_core::light_client::config::{Config, Route};
use billfold_wallet_core::light_client::dial::{DialProblem, Wire};
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::light_client::input::Input;
use billfold_wallet_core::light_client::io::Io;
use billfold_wallet_core::light_client::limits::{MAX_HEADERS, WTXID_RELAY_PROTOCOL};
use billfold_wallet_core::light_client::output::Output;
use billfold_wallet_core::light_client::params::Params;
use billfold_wallet_core::light_client::time::{MonoTime, Now, WallTime};
use billfold_wallet_core::store::chain::ChainFile;
use bitcoin::block::{Header, Version};
use bitcoin::consensus::{deserialize_partial, serialize};
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::ServiceFlags;
use bitcoin::p2p::address::Address;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};
use bitcoin::p2p::message_network::VersionMessage;
use bitcoin::{BlockHash, FilterHash, Network, TxMerkleNode};

/// Headers of the chain.
const COUNT: u32 = 1_000_000;

/// Openings, of which the median counts.
const RUNS: usize = 7;

fn main() -> Measured<()> {
    let params = Params::regtest();
    let base = Anchor::genesis(&params);
    let (headers, takes) = timed(|| Ok(make(&params)))?;
    row("made here, for comparison", takes);

    println!("\nvalidated:");
    let before = resident()?;
    let mut tree = HeaderTree::new(params.clone(), base);
    let ((), takes) = timed(|| {
        fill(&mut tree, &headers);
        Ok(())
    })?;
    row("by the header tree alone", takes);
    let bytes = resident()?.saturating_sub(before) / u64::from(COUNT);
    println!("{:<52} {bytes:>9} B", "memory that stays with each header");
    drop(tree);
    let chain = Chain::new(&params, headers);
    let (once, takes) = timed(|| Ok(sync(&params, &chain)))?;
    row("by a client, from a peer's bytes", takes);
    let most = (1..COUNT).fold(base.work, |sum, _| sum + base.work);
    let heavy = Params { minimum_chain_work: most, ..params.clone() };
    let (twice, takes) = timed(|| Ok(sync(&heavy, &chain)))?;
    row("the same, weighed first", takes);
    println!("{:<52} {once:>5} and {twice}", "messages of 2,000 headers for these two");

    println!("\nstored and opened again:");
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("chain.db");
    let ((), takes) = timed(|| store(&path, &base, &chain.headers))?;
    row("stored, 20,000 in a commit", takes);
    open(&path, &params, "opened: the file read, the client made")?;
    store_filter_hashes(&path)?;
    open(&path, &params, "the same, with a filter hash for each")
}

/// A chain of headers, ten seconds apart so that none is from the future.
fn make(params: &Params) -> Vec<Header> {
    let mut headers: Vec<Header> = Vec::with_capacity(COUNT as usize);
    let (mut below, mut time) = (params.genesis.block_hash(), params.genesis.time);
    for _ in 0..COUNT {
        time += 10;
        let mut header = Header {
            version: Version::from_consensus(0x2000_0000),
            prev_blockhash: below,
            merkle_root: TxMerkleNode::all_zeros(),
            time,
            bits: params.genesis.bits,
            nonce: 0,
        };
        let target = header.target();
        loop {
            below = header.block_hash();
            if target.is_met_by(below) {
                break;
            }
            header.nonce += 1;
        }
        headers.push(header);
    }
    headers
}

fn fill(tree: &mut HeaderTree, headers: &[Header]) {
    for header in headers {
        let inserted = tree.insert(*header, NOW.wall);
        assert!(inserted.is_ok(), "a valid header");
    }
}

/// Plays an honest peer to a client until that has every header; how many messages it took.
fn sync(params: &Params, chain: &Chain) -> u32 {
    let mut client = client(params, Restored::default());
    let mut now = NOW;
    let mut messages = 0;
    let mut inputs = VecDeque::new();
    loop {
        drop(client.take_staged());
        while let Some(output) = client.poll() {
            match output {
                Output::Io(Io::Dial { peer, wire: Wire::V2, .. }) => {
                    // Encryption is not what is measured.
                    let why = DialProblem::NoV2;
                    inputs.push_back(Input::DialFailed { peer, why });
                }
                Output::Io(Io::Dial { peer, wire: Wire::V1, .. }) => {
                    inputs.push_back(Input::Connected { peer });
                }
                Output::Io(Io::Send { peer, bytes }) => {
                    for answer in chain.answers(params, &bytes) {
                        messages += u32::from(matches!(answer, NetworkMessage::Headers(_)));
                        let answer = RawNetworkMessage::new(params.magic, answer);
                        inputs.push_back(Input::Received { peer, bytes: serialize(&answer) });
                    }
                }
                _ => {}
            }
        }
        if client.tip().height == Height::new(COUNT) {
            return messages;
        }
        let input = inputs.pop_front().unwrap_or_else(|| {
            now.mono = client.deadline().expect("it asks until it has all");
            Input::Deadline
        });
        client.handle(now, input);
    }
}

fn client(params: &Params, restored: Restored) -> LightClient {
    let config = Config {
        params: params.clone(),
        base: Anchor::genesis(params),
        connect: vec!["127.0.0.1:18444".parse().expect("an address")],
        route: Route::Direct,
        mempool: false,
    };
    LightClient::new(config, restored, [0; 32], NOW)
}

/// What the peer has.
struct Chain {
    headers: Vec<Header>,
    /// How many headers there are up to and with each block.
    heights: HashMap<BlockHash, usize>,
}

impl Chain {
    fn new(params: &Params, headers: Vec<Header>) -> Self {
        let hashes = headers.iter().skip(1).map(|header| header.prev_blockhash);
        let mut heights: HashMap<BlockHash, usize> = hashes.zip(1..).collect();
        heights.insert(params.genesis.block_hash(), 0);
        Self { headers, heights }
    }

    fn answers(&self, params: &Params, mut bytes: &[u8]) -> Vec<NetworkMessage> {
        let mut answers = Vec::new();
        while !bytes.is_empty() {
            let (message, read): (RawNetworkMessage, usize) =
                deserialize_partial(bytes).expect("the client sends whole messages");
            bytes = &bytes[read..];
            match message.payload() {
                NetworkMessage::Version(_) => {
                    answers.push(NetworkMessage::Version(version(params)));
                    answers.push(NetworkMessage::Verack);
                }
                NetworkMessage::GetHeaders(ask) => {
                    let known = ask.locator_hashes.iter().find_map(|hash| self.heights.get(hash));
                    let from = known.copied().unwrap_or(0);
                    let headers = self.headers[from..].iter().take(MAX_HEADERS);
                    answers.push(NetworkMessage::Headers(headers.copied().collect()));
                }
                _ => {}
            }
        }
        answers
    }
}

fn version(params: &Params) -> VersionMessage {
    let nobody = Address::new(&([0, 0, 0, 0], 0).into(), ServiceFlags::NONE);
    VersionMessage {
        version: WTXID_RELAY_PROTOCOL,
        services: ServiceFlags::NETWORK | ServiceFlags::WITNESS | ServiceFlags::COMPACT_FILTERS,
        timestamp: i64::from(params.genesis.time),
        receiver: nobody.clone(),
        sender: nobody,
        nonce: 1,
        user_agent: "/bench:1/".to_owned(),
        start_height: i32::try_from(COUNT).expect("a height"),
        relay: true,
    }
}

fn store(path: &Path, base: &Anchor, headers: &[Header]) -> Measured<()> {
    let mut file = ChainFile::open(path, Network::Regtest)?;
    file.begin(base)?;
    let mut heights = (1..).map(Height::new);
    for batch in headers.chunks(20_000) {
        let headers = heights.by_ref().zip(batch.iter().copied()).take(batch.len()).collect();
        file.apply(&ChangeSet { headers, ..ChangeSet::default() })?;
    }
    Ok(file.close()?)
}

fn store_filter_hashes(path: &Path) -> Measured<()> {
    let mut file = ChainFile::open(path, Network::Regtest)?;
    let hash = |height: u32| (Height::new(height), FilterHash::hash(&height.to_le_bytes()));
    let filter_hashes: BTreeMap<_, _> = (1..=COUNT).map(hash).collect();
    file.apply(&ChangeSet { filter_hashes, ..ChangeSet::default() })?;
    Ok(file.close()?)
}

fn open(path: &Path, params: &Params, name: &str) -> Measured<()> {
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let ((), takes) = timed(|| {
            let loaded = ChainFile::load(path, Network::Regtest)?;
            let stored = loaded.stored.ok_or("nothing is stored")?;
            let client = client(params, stored.restored);
            assert_eq!(client.tip().height, Height::new(COUNT), "all are there");
            Ok(loaded.file.close()?)
        })?;
        runs.push(takes);
    }
    runs.sort();
    row(name, runs[RUNS / 2]);
    Ok(())
}

/// Memory of this process that is in use, in bytes.
fn resident() -> Measured<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no VmRSS")?;
    Ok(kilobytes.parse::<u64>()? * 1024)
}

fn timed<T>(work: impl FnOnce() -> Measured<T>) -> Measured<(T, Duration)> {
    let start = Instant::now();
    let result = work()?;
    Ok((result, start.elapsed()))
}

fn row(name: &str, takes: Duration) {
    let each = takes.as_secs_f64() * 1e9 / f64::from(COUNT);
    println!("{name:<52} {:>9.1} ms {each:>7.0} ns each", takes.as_secs_f64() * 1_000.0);
}

type Measured<T> = Result<T, Box<dyn Error>>;

/// After every header, and in step with the peer's clock.
const NOW: Now = Now { mono: MonoTime::START, wall: WallTime::new(1_400_000_000) };
