//! Owns the load program of the daemon: how long scripts wait for it, and how many calls it answers,
//! with wallets of any size; the figures of `docs/performance.md`.
//!
//! ```sh
//! cargo bench --bench rpc_load -- 20000
//! ```
//!
//! makes a play-money chain with that many payments to one wallet, all unspent, lets the real program
//! follow it, and asks it over loopback as clients do. Nothing here fails for being slow. No other
//! program runs beside it: figures of Bitcoin Core from other machines are none of ours.

#![allow(clippy::print_stdout, reason = "a table of figures is what this program is for")]

mod client;
mod payer;

use std::env;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use billfold_devnet::Devnet;
use billfold_tests::daemon::{Asker, Daemon};
use billfold_tests::program::{PASSWORD, Program};
use billfold_tests::vector_wallet::{self, WORDS};
use billfold_wallet_core::command::Birthday;
use billfold_wallet_core::config::{LookAhead, Settings};
use billfold_wallet_core::keychain::{ScriptType, StandardAccount};
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::seed::{Seed, Words};
use billfold_wallet_core::service::{self, NewWallet};
use billfold_wallet_core::vault::{KdfCost, Password};
use bitcoin::{Network, ScriptBuf};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use client::Client;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// Payments to the wallet, unless an argument says otherwise.
const PAYMENTS: usize = 2_000;

/// Addresses that are paid in turn.
const ADDRESSES: u32 = 200;

/// Connections at a time, each kept open.
const CONNECTIONS: usize = 8;

/// How long calls are counted.
const COUNTED: Duration = Duration::from_secs(5);

/// What a call may take together with its repetitions, beyond three.
const REPEATED: Duration = Duration::from_secs(4);

/// Whom to pay.
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

fn main() -> Result<()> {
    let payments = env::args().find_map(|word| word.parse().ok()).unwrap_or(PAYMENTS);
    let runtime = Runtime::new()?;
    let network = runtime.block_on(async { Devnet::start() })?;
    network.fund_faucet();
    let program = wallet(&network)?;
    let ((), made) = timed(|| payer::pay(&network, &scripts()?, payments))?;
    let (_, followed) = timed(|| program.ok(&["sync"]))?;
    println!("{payments} payments made in {made:.0?}, followed in {followed:.1?}");

    let (daemon, loads) = timed(|| Daemon::start(&program, &["--fallback-fee", "0.00002"]))?;
    daemon.await_height(network.tip().0)?;
    row("start until it serves", loads);
    println!("{:<48} {:>9} MB", "memory, nothing asked", memory(&daemon)? / 1_000_000);

    let mut client = Client::enter(&daemon)?;
    let deep = payments.saturating_sub(20);
    let middle = client.call("getblockhash", &json!([network.tip().0 / 2]))?;
    let genesis = client.call("getblockhash", &json!([0]))?;
    let known = vector_wallet::address(84, 0, 0)?.to_string();
    let asked = [
        ("getblockcount", json!([])),
        ("getbalance", json!([])),
        ("getbalances", json!([])),
        ("getwalletinfo", json!([])),
        ("getreceivedbyaddress", json!([known])),
        ("listreceivedbyaddress", json!([])),
        ("listunspent", json!([])),
        ("listunspent", json!([1, 9_999_999, [], true, {"maximumCount": 10}])),
        ("listtransactions", json!(["*", 10])),
        ("listtransactions", json!(["*", 10, deep])),
        ("listsinceblock", json!([genesis])),
        ("listsinceblock", json!([middle])),
        ("gettransaction", json!([last(&mut client)?])),
        ("getnewaddress", json!([])),
        ("sendtoaddress", json!([STRANGER, "0.0005"])),
    ];
    for (method, params) in &asked {
        row(&format!("{method} {}", brief(params)), median(&mut client, method, params)?);
    }
    println!("{:<48} {:>9} MB", "memory, all of that asked", memory(&daemon)? / 1_000_000);

    println!("{CONNECTIONS} connections, calls a second:");
    for method in ["getblockcount", "getbalance", "getnewaddress"] {
        println!("{method:<48} {:>9.0} /s", rate(&daemon, method)?);
    }
    let (alone, beside) = beside_sends(&daemon)?;
    row("getbalances, slowest of 200 alone", alone);
    row("getbalances, slowest while 8 clients pay", beside);
    daemon.stop()
}

/// A wallet whose header costs nothing to open, so that its figures show all the rest.
fn wallet(network: &Devnet) -> Result<Program> {
    let program = Program::connected(BILLFOLD, network.address())?;
    let settings = Settings::new(Network::Regtest, program.data_dir());
    let new = NewWallet {
        seed: Seed::new(&Words::parse(WORDS)?, ""),
        accounts: vec![StandardAccount::first(ScriptType::Segwit)],
        birthday: Birthday::Height(Height::GENESIS),
        look_ahead: LookAhead { receive: ADDRESSES, change: 50 },
        password: Password::new(PASSWORD)?,
        words_checked: None,
        key_passphrase: None,
    };
    service::create(&settings, new, KdfCost::for_tests())?;
    Ok(program)
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
                client.call("sendtoaddress", &json!([STRANGER, "0.0005"]))?;
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

/// Bytes of memory that the daemon has.
fn memory(daemon: &Daemon) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.running.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: u64 =
        line.and_then(|line| line.split_whitespace().next()).context("no memory")?.parse()?;
    Ok(kilobytes * 1024)
}

fn brief(params: &Value) -> String {
    let text = params.to_string();
    if text.len() > 30 { format!("{}…", &text[..20]) } else { text }
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    let result = work()?;
    Ok((result, start.elapsed()))
}

fn row(name: &str, takes: Duration) {
    println!("{name:<48} {:>9.2} ms", takes.as_secs_f64() * 1_000.0);
}
