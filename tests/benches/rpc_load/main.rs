//! Owns the load program of the daemon: how long scripts wait for it, and how many calls it answers,
//! with wallets of any size; the figures of `docs/performance.md`.
//!
//! ```sh
//! cargo bench --bench rpc_load -- 20000
//! ```
//!
//! makes a play-money chain with that many payments to one wallet, all unspent, lets the real program
//! follow it, and asks it over loopback as clients do. Where `BITCOIND_EXE` names a Bitcoin Core, that
//! is given the same blocks and keys, and asked the same in turn. Nothing here fails for being slow.

#![allow(clippy::print_stdout, reason = "a table of figures is what this program is for")]

mod client;
mod core;
mod payer;

use std::env;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use billfold_devnet::Devnet;
use billfold_tests::daemon::{Asker, Daemon};
use billfold_tests::program::Program;
use billfold_tests::quick_wallet;
use billfold_tests::vector_wallet;
use billfold_wallet_core::command::Birthday;
use billfold_wallet_core::config::{LookAhead, Settings};
use billfold_wallet_core::keychain::ScriptType;
use billfold_wallet_core::light_client::height::Height;
use bitcoin::{Network, ScriptBuf};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use client::Client;
use core::Core;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// Payments to the wallet, unless an argument says otherwise.
const PAYMENTS: usize = 2_000;

/// Payments that the faucet is funded for at a time.
const FUNDED: usize = 250_000;

/// Addresses that are paid in turn.
const ADDRESSES: u32 = 200;

/// Connections at a time, each kept open.
const CONNECTIONS: usize = 8;

/// How long calls are counted.
const COUNTED: Duration = Duration::from_secs(5);

/// What a call may take together with its repetitions, beyond three.
const REPEATED: Duration = Duration::from_secs(4);

/// Payments of which all can be told in one reply.
const ALL_AT_ONCE: usize = 20_000;

/// Whom to pay.
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

fn main() -> Result<()> {
    let payments = env::args().find_map(|word| word.parse().ok()).unwrap_or(PAYMENTS);
    let runtime = Runtime::new()?;
    let network = runtime.block_on(async { Devnet::start() })?;
    // A subsidy is halved after 150 blocks there.
    for _ in 0..=payments / FUNDED {
        network.fund_faucet();
    }
    let program = wallet(&network)?;
    let ((), made) = timed(|| payer::pay(&network, &scripts()?, payments))?;
    let ((), followed) = timed(|| follow(&program))?;
    println!("{payments} payments made in {made:.0?}, followed in {followed:.1?}");

    let (daemon, loads) = timed(|| Daemon::start(&program, &[]))?;
    daemon.await_height(network.tip().0)?;
    let descriptors = [vector_wallet::descriptor(84, 0)?, vector_wallet::descriptor(84, 1)?];
    let core = Core::follow(&network, &descriptors)?.map(Core::restart).transpose()?;
    let (core, core_loads) = core.unzip();
    let mut rivals = vec![Rival::new("billfold", &daemon, daemon.running.id())?];
    if let Some(core) = &core {
        let name = core::name(&mut Client::enter(&core.asker)?)?;
        rivals.push(Rival::new(&name, &core.asker, core.id())?);
    }
    let names: Vec<_> = rivals.iter().map(|one| one.name.clone()).collect();
    line("", &names, None);
    row(
        "start until it serves",
        &[Some(loads), core_loads].into_iter().flatten().collect::<Vec<_>>(),
    );
    memory("memory, nothing asked", &rivals)?;
    for (method, params) in asked(&mut rivals[0].client, network.tip().0, payments)? {
        let took = rivals.iter_mut().map(|one| median(&mut one.client, method, &params));
        row(&format!("{method} {}", brief(&params)), &took.collect::<Result<Vec<_>>>()?);
    }
    memory("memory, all of that asked", &rivals)?;
    println!("{CONNECTIONS} connections, calls a second:");
    for method in ["getblockcount", "getbalance", "getnewaddress"] {
        let rates = rivals.iter().map(|one| rate(one.asker, method)).collect::<Result<Vec<_>>>()?;
        let told: Vec<_> = rates.iter().map(|rate| format!("{rate:.0} /s")).collect();
        line(method, &told, rates.first().zip(rates.get(1)).map(|(ours, theirs)| ours / theirs));
    }
    let slowest = rivals.iter().map(|one| beside_sends(one.asker)).collect::<Result<Vec<_>>>()?;
    let (alone, beside): (Vec<_>, Vec<_>) = slowest.into_iter().unzip();
    row("getbalances, slowest of 200 alone", &alone);
    row("getbalances, slowest while 8 clients pay", &beside);
    drop(core);
    daemon.stop()
}

/// One of those that are asked the same.
struct Rival<'a> {
    name: String,
    asker: &'a Asker,
    client: Client,
    process: u32,
}

impl<'a> Rival<'a> {
    fn new(name: &str, asker: &'a Asker, process: u32) -> Result<Self> {
        Ok(Self { name: name.to_owned(), asker, client: Client::enter(asker)?, process })
    }
}

/// What is asked; of a wallet that is too large for one reply, not all at once.
fn asked(client: &mut Client, tip: u32, payments: usize) -> Result<Vec<(&'static str, Value)>> {
    let deep = payments.saturating_sub(20);
    let recent = client.call("getblockhash", &json!([tip - 1]))?;
    let genesis = client.call("getblockhash", &json!([0]))?;
    let known = vector_wallet::address(84, 0, 0)?.to_string();
    let mut asked = vec![
        ("getblockcount", json!([])),
        ("getbalance", json!([])),
        ("getbalances", json!([])),
        ("getwalletinfo", json!([])),
        ("getreceivedbyaddress", json!([known])),
        ("listunspent", json!([1, 9_999_999, [], true, {"maximumCount": 10}])),
        ("listunspent", json!([1, 9_999_999, [known]])),
        ("listtransactions", json!(["*", 10])),
        ("listtransactions", json!(["*", 10, deep / 2])),
        ("listtransactions", json!(["*", 10, deep])),
        ("listsinceblock", json!([recent])),
        ("gettransaction", json!([last(client)?])),
        ("getnewaddress", json!([])),
        ("walletcreatefundedpsbt", json!([[], [{STRANGER: "0.0005"}], 0, {"fee_rate": 2}])),
        ("sendtoaddress", json!({"address": STRANGER, "amount": "0.0005", "fee_rate": 2})),
    ];
    if payments <= ALL_AT_ONCE {
        asked.extend([
            ("listreceivedbyaddress", json!([])),
            ("listunspent", json!([])),
            ("listsinceblock", json!([genesis])),
        ]);
    }
    Ok(asked)
}

/// A wallet whose header costs nothing to open, so that its figures show all the rest.
fn wallet(network: &Devnet) -> Result<Program> {
    let program = Program::connected(BILLFOLD, network.address())?;
    let settings = Settings::new(Network::Regtest, program.data_dir());
    let look_ahead = LookAhead { receive: ADDRESSES, change: 50 };
    let birthday = Birthday::Height(Height::GENESIS);
    quick_wallet::make(&settings, &[ScriptType::Segwit], birthday, look_ahead)?;
    Ok(program)
}

/// Sees the whole chain, however long that takes, and tells nobody what is found.
fn follow(program: &Program) -> Result<()> {
    let mut sync = program.command(&["sync"]);
    let ended = sync.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    ensure!(ended.success(), "it did not end well: {ended}");
    Ok(())
}

/// Where the wallet is paid.
fn scripts() -> Result<Vec<ScriptBuf>> {
    let address = |index| Ok(vector_wallet::address(84, 0, index)?.script_pubkey());
    (0..ADDRESSES).map(address).collect()
}

fn last(client: &mut Client) -> Result<Value> {
    let mut list = client.call("listtransactions", &json!(["*", 1]))?;
    Ok(list[0]["txid"].take())
}

fn median(client: &mut Client, method: &str, params: &Value) -> Result<Duration> {
    let begin = Instant::now();
    let mut runs = Vec::new();
    while runs.len() < 3 || (runs.len() < 101 && begin.elapsed() < REPEATED) {
        runs.push(timed(|| client.call(method, params))?.1);
    }
    runs.sort();
    Ok(runs[runs.len() / 2])
}

/// Calls that all connections together have answered in a second.
fn rate(daemon: &Asker, method: &str) -> Result<f64> {
    let begin = Instant::now();
    let calls = thread::scope(|scope| {
        let one = || {
            let mut client = Client::enter(daemon)?;
            let mut calls = 0_u32;
            while begin.elapsed() < COUNTED {
                client.call(method, &json!([]))?;
                calls += 1;
            }
            anyhow::Ok(calls)
        };
        let asking: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(one)).collect();
        let joined = asking.into_iter().map(|asked| asked.join().ok().context("a client died")?);
        joined.sum::<Result<u32>>()
    })?;
    Ok(f64::from(calls) / begin.elapsed().as_secs_f64())
}

/// The slowest of many reads, with nobody else there and while others pay.
fn beside_sends(daemon: &Asker) -> Result<(Duration, Duration)> {
    let slowest = || {
        let mut client = Client::enter(daemon)?;
        let mut slowest = Duration::ZERO;
        for _ in 0..200 {
            slowest = slowest.max(timed(|| client.call("getbalances", &json!([])))?.1);
        }
        anyhow::Ok(slowest)
    };
    let alone = slowest()?;
    let beside = thread::scope(|scope| {
        let pay = || {
            let mut client = Client::enter(daemon)?;
            for _ in 0..10 {
                let params = json!({"address": STRANGER, "amount": "0.0005", "fee_rate": 2});
                client.call("sendtoaddress", &params)?;
            }
            anyhow::Ok(())
        };
        let paying: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(pay)).collect();
        let beside = slowest()?;
        for payer in paying {
            payer.join().ok().context("a client died")??;
        }
        anyhow::Ok(beside)
    })?;
    Ok((alone, beside))
}

/// The memory that each has.
fn memory(name: &str, rivals: &[Rival<'_>]) -> Result<()> {
    let resident = |rival: &Rival<'_>| resident(rival.process);
    let sizes = rivals.iter().map(resident).collect::<Result<Vec<_>>>()?;
    let (whole, own): (Vec<_>, Vec<_>) = sizes.into_iter().unzip();
    for (name, sizes) in [(name, whole), ("  of that not mapped from files", own)] {
        let told: Vec<_> = sizes.iter().map(|size| format!("{size:.0} MB")).collect();
        line(name, &told, sizes.first().zip(sizes.get(1)).map(|(ours, theirs)| ours / theirs));
    }
    Ok(())
}

/// What of a process is in memory, and what of that is its own, in MB.
fn resident(process: u32) -> Result<(f64, f64)> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let size = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let size = line.and_then(|line| line.split_whitespace().next()).context("no memory")?;
        anyhow::Ok(size.parse::<f64>()? * 1024.0 / 1e6)
    };
    Ok((size("VmRSS:")?, size("RssAnon:")?))
}

fn brief(params: &Value) -> String {
    let text = params.to_string();
    if text.len() > 22 { format!("{}…{}", &text[..12], &text[text.len() - 8..]) } else { text }
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    let result = work()?;
    Ok((result, start.elapsed()))
}

fn row(name: &str, took: &[Duration]) {
    let took: Vec<_> = took.iter().map(|took| took.as_secs_f64() * 1_000.0).collect();
    let told: Vec<_> = took.iter().map(|took| format!("{took:.2} ms")).collect();
    line(name, &told, took.first().zip(took.get(1)).map(|(ours, theirs)| ours / theirs));
}

/// One line: what each came to, and ours as a part of the other's.
fn line(name: &str, told: &[String], part: Option<f64>) {
    print!("{name:<44}");
    for told in told {
        print!(" {told:>24}");
    }
    println!("{}", part.map(|part| format!("  {part:.3} x")).unwrap_or_default());
}
