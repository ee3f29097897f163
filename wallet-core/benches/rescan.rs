//! Owns the bench of a rescan over kept filters, from the store's files to the cursor at the tip: the
//! light client, the thread that knows the files and the job threads, as the driver runs them.
//!
//! Refuses the network: no peer is there. Arguments: numbers of scripts. Each is run five times; the
//! least and the median are told.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use billfold_wallet_core::light_client::LightClient;
use billfold_wallet_core::light_client::chain::anchor::Anchor;
use billfold_wallet_core::light_client::change_set::Restored;
use billfold_wallet_core::light_client::config::{Config, Route};
use billfold_wallet_core::light_client::height::{BlockId, Height};
use billfold_wallet_core::light_client::input::{Input, ScanStart};
use billfold_wallet_core::light_client::io::Io;
use billfold_wallet_core::light_client::kept::{FilterId, KeptFilter};
use billfold_wallet_core::light_client::output::Output;
use billfold_wallet_core::light_client::params::Params;
use billfold_wallet_core::light_client::time::{MonoTime, Now, WallTime};
use billfold_wallet_core::net::filter_keeper::FilterKeeper;
use billfold_wallet_core::net::inbox::{Generation, Inbox, Message};
use billfold_wallet_core::net::jobs::JobThreads;
use billfold_wallet_core::net::outlet::Outlet;
use billfold_wallet_core::store::filters::FilterStore;
use bitcoin::block::Header;
use bitcoin::consensus::encode::{VarInt, serialize};
use bitcoin::hashes::{Hash as _, siphash24};
use bitcoin::{BlockHash, FilterHash, ScriptBuf, TxMerkleNode};

const FILTERS: u32 = 2_000;
const ELEMENTS: u64 = 8_000;
const RUNS: usize = 5;

fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let numbers = if numbers.is_empty() { vec![50, 1_000, 10_000] } else { numbers };
    let dir = tempfile::tempdir().expect("a directory");
    let most = numbers.iter().copied().max().unwrap_or(0);
    let scripts: Vec<ScriptBuf> = (0..most).map(script).collect();
    let chain = Chain::build(&scripts);
    let mut store = FilterStore::open(dir.path(), 1 << 40).expect("a store").store;
    store.keep(&chain.filters).expect("room on the disk");
    drop(store);
    report(&format!(
        "{FILTERS} filters of {ELEMENTS} elements, {} MB",
        chain.filters.iter().map(|filter| filter.bytes.len()).sum::<usize>() / 1_000_000
    ));
    for count in numbers {
        let count = usize::try_from(count).expect("a list fits into memory");
        let scripts = &scripts[..count];
        let mut times: Vec<Duration> =
            (0..RUNS).map(|_| rescan(dir.path(), &chain, scripts)).collect();
        times.sort();
        report(&format!(
            "{count:>6} scripts: {:.3} s at best, {:.3} s in the middle",
            times[0].as_secs_f64(),
            times[RUNS / 2].as_secs_f64()
        ));
    }
}

struct Chain {
    params: Params,
    headers: Vec<Header>,
    filters: Vec<KeptFilter>,
}

impl Chain {
    fn build(scripts: &[ScriptBuf]) -> Self {
        let params = Params::regtest();
        let mut tip = params.genesis;
        let (mut headers, mut filters) = (Vec::new(), Vec::new());
        for height in 1..=FILTERS {
            tip = Header {
                prev_blockhash: tip.block_hash(),
                merkle_root: TxMerkleNode::all_zeros(),
                time: tip.time + 600,
                nonce: 0,
                ..tip
            };
            while tip.validate_pow(tip.target()).is_err() {
                tip.nonce += 1;
            }
            let block = BlockId::new(Height::new(height), tip.block_hash());
            let bytes = filter(block.hash, scripts);
            let id = FilterId { block, hash: FilterHash::hash(&bytes) };
            filters.push(KeptFilter { id, bytes: bytes.into() });
            headers.push(tip);
        }
        Self { params, headers, filters }
    }
}

/// A filter that matches none of the scripts, as no peer is there to ask for a block: other sorted
/// values in its range, coded as BIP158 says.
fn filter(block: BlockHash, scripts: &[ScriptBuf]) -> Vec<u8> {
    let key = block.to_byte_array();
    let number = |at| u64::from_le_bytes(key[at..at + 8].try_into().expect("eight bytes"));
    let range = ELEMENTS * 784_931;
    let looked_for: HashSet<u64> = scripts
        .iter()
        .map(|script| {
            let hash =
                siphash24::Hash::hash_to_u64_with_keys(number(0), number(8), script.as_bytes());
            u64::try_from((u128::from(hash) * u128::from(range)) >> 64).expect("below the range")
        })
        .collect();
    let mut seed = number(16);
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed ^ (seed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 8
    };
    let mut values: Vec<u64> = std::iter::repeat_with(|| random() % range)
        .filter(|value| !looked_for.contains(value))
        .take(usize::try_from(ELEMENTS).expect("a filter fits into memory"))
        .collect();
    values.sort_unstable();
    let mut bytes = serialize(&VarInt(ELEMENTS));
    let (mut last, mut window, mut held) = (0, 0_u128, 0);
    for value in values {
        let (quotient, remainder) = ((value - last) >> 19, (value - last) & 0x7_ffff);
        last = value;
        // As many ones as the quotient says, a zero, then 19 bits.
        window = ((window << quotient | ((1 << quotient) - 1)) << 20) | u128::from(remainder);
        held += quotient + 20;
        while held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((window >> held) & 0xff).expect("eight bits"));
        }
    }
    if held > 0 {
        let padded = (window << (8 - held)) & 0xff;
        bytes.push(u8::try_from(padded).expect("eight bits"));
    }
    bytes
}

/// Opens everything anew and scans to the tip; the time from the first input to the last.
fn rescan(dir: &std::path::Path, chain: &Chain, scripts: &[ScriptBuf]) -> Duration {
    let opened = FilterStore::open(dir, 1 << 40).expect("a store");
    let jobs = JobThreads::start().expect("threads");
    let keeper = FilterKeeper::start(opened.store, jobs.clone(), Arc::new(Outlet::default()))
        .expect("a thread");
    let (inbox, mut incoming) = Inbox::new();
    let config = Config {
        base: Anchor::genesis(&chain.params),
        params: chain.params.clone(),
        connect: vec!["127.0.0.1:1".parse().expect("an address")],
        route: Route::Direct,
        mempool: false,
    };
    let restored = Restored {
        headers: chain.headers.clone(),
        filter_hashes: chain.filters.iter().map(|filter| filter.id.hash).collect(),
        kept: Some(opened.kept),
        ..Restored::default()
    };
    let wall = WallTime::new(u64::from(chain.headers.last().expect("headers").time) + 600);
    let now = Now { mono: MonoTime::START, wall };
    let mut client = LightClient::new(config, restored, [1; 32], now);
    let tip = client.tip();
    let start = Instant::now();
    let mut inputs = vec![
        Input::Watch { scripts: scripts.to_vec(), since: None },
        Input::ScanFrom(ScanStart::Height(Height::new(1))),
    ];
    loop {
        while let Some(output) = client.poll() {
            let reports = inbox.reports(Generation::default());
            match output {
                Output::Io(Io::Job { id, job }) => jobs.run(id, job, reports),
                Output::Io(Io::ReadFilters { id, filters }) => keeper.read(id, filters, reports),
                // Nobody is dialled and nothing is told.
                _ => {}
            }
        }
        if client.status().cursor == Some(tip) {
            return start.elapsed();
        }
        let input = inputs.pop().unwrap_or_else(|| match incoming.take() {
            Some(Message::Happened(happening)) => happening.input,
            other => unreachable!("only reports come in: {other:?}"),
        });
        client.handle(now, input);
        let _ = client.take_staged();
    }
}

fn script(number: u64) -> ScriptBuf {
    let mut bytes = vec![0, 20];
    bytes.extend_from_slice(&[7; 12]);
    bytes.extend_from_slice(&number.to_le_bytes());
    ScriptBuf::from_bytes(bytes)
}

#[expect(clippy::print_stdout, reason = "it is what the program is for")]
fn report(line: &str) {
    println!("{line}");
}
