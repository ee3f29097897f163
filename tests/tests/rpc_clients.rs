//! Owns the promise that programs written for Bitcoin Core work with billfold's daemon by another port:
//! requests byte for byte as `bitcoin-cli` and older clients form them, and four client libraries as
//! their authors published them, which walk through a shop's day.
//!
//! The libraries walk only with `BILLFOLD_REQUIRE_RPC_CLIENTS=1`, as `.ci/run` sets it; then what is
//! missing is a failure.

use anyhow::{Context, Result, bail, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::port::free_port;
use billfold_tests::rpc_clients::{self, Client};
use billfold_tests::town::Town;
use bitcoin::ScriptBuf;
use bitcoin::base64::Engine as _;
use bitcoin::base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// Whom the payments go to.
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

#[test]
fn bitcoincore_rpc_runs_a_shop() -> Result<()> {
    walks(Client::BitcoincoreRpc)
}

#[test]
fn corepc_client_runs_a_shop() -> Result<()> {
    walks(Client::Corepc)
}

#[test]
fn python_bitcoinrpc_runs_a_shop() -> Result<()> {
    walks(Client::Python)
}

#[test]
fn btcsuites_rpcclient_runs_a_shop() -> Result<()> {
    walks(Client::Btcsuite)
}

#[test]
fn each_age_of_clients_is_answered_as_it_expects() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    let height = town.network.tip().0;
    daemon.await_height(height)?;
    let result = json!({"result": height, "error": null, "id": "x"});
    let newer = json!({"jsonrpc": "2.0", "result": height, "id": "x"});
    let cases = [
        // curl as Bitcoin Core's help shows it, python-bitcoinrpc, clients of Bitcoin 0.3, new ones.
        (r#"{"jsonrpc":"1.0","id":"x","method":"getblockcount","params":[]}"#, &result),
        (r#"{"version":"1.1","id":"x","method":"getblockcount","params":[]}"#, &result),
        (r#"{"id":"x","method":"getblockcount"}"#, &result),
        (r#"{"method":"getblockcount","params":{},"id":"x"}"#, &result),
        (r#"{"jsonrpc":"2.0","id":"x","method":"getblockcount"}"#, &newer),
    ];
    let kinds = ["text/plain;", "application/json", "application/json-rpc", "application/x-json"];
    for ((body, expected), kind) in cases.iter().flat_map(|case| kinds.map(|kind| (case, kind))) {
        let (status, head, told) = daemon.send(&posted(&daemon, kind, body))?;
        ensure!(status == 200, "{kind} {body}: {head}");
        ensure!(head.to_ascii_lowercase().contains("content-type: application/json\r\n"), "{head}");
        ensure!(serde_json::from_str::<Value>(&told)? == **expected, "{kind} {body}: {told}");
    }
    daemon.stop()
}

#[test]
fn the_overview_of_bitcoin_cli_is_one_batch() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    // `GetinfoRequestHandler` in src/bitcoin-cli.cpp, and the fields that it reads.
    let asked: [(&str, &[&str]); 4] = [
        ("getnetworkinfo", &["version", "timeoffset", "connections", "networks", "relayfee"]),
        (
            "getblockchaininfo",
            &["blocks", "headers", "verificationprogress", "difficulty", "chain"],
        ),
        ("getwalletinfo", &["walletname", "keypoolsize"]),
        ("getbalances", &["mine"]),
    ];
    let calls: Vec<_> = asked
        .iter()
        .enumerate()
        .map(|(id, (method, _))| json!({"method": method, "params": [], "id": id}))
        .collect();
    let (status, _, told) = daemon.post("/", &json!(calls).to_string())?;
    let replies: Vec<Value> = serde_json::from_str(&told)?;
    ensure!(status == 200 && replies.len() == asked.len(), "{told}");
    for (id, (reply, (method, fields))) in replies.iter().zip(asked).enumerate() {
        ensure!(reply["id"] == id && reply["error"].is_null(), "{method}: {reply}");
        for field in fields {
            ensure!(!reply["result"][field].is_null(), "{method} has no {field}: {reply}");
        }
    }
    ensure!(replies[3]["result"]["mine"]["trusted"] == json!(0.5), "{told}");
    daemon.stop()
}

/// A request with the cookie and this content type.
fn posted(daemon: &Daemon, kind: &str, body: &str) -> Vec<u8> {
    let login = BASE64_STANDARD.encode(&daemon.login);
    let length = body.len();
    format!(
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: {kind}\r\n\
         Authorization: Basic {login}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn walks(client: Client) -> Result<()> {
    if !rpc_clients::are_required() {
        skipped();
        return Ok(());
    }
    let mut command = client.command()?;
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let address = free_port()?;
    let start = || Daemon::start_at(&program, address, &["--fallback-fee", "0.00002"]);
    let mut open = Some(start()?);
    running(open.as_ref())?.await_height(town.network.tip().0)?;
    command.arg(format!("http://{address}/wallet/main")).arg(Daemon::cookie(&program));
    command.arg(STRANGER);
    let mut wishes = 0;
    rpc_clients::walk(command, |wish| {
        wishes += 1;
        match *wish {
            ["pay", address, amount] => town.pay(&Value::from(address), amount.parse()?)?,
            ["mine", count] => {
                // A payment is announced after it was answered.
                let count: usize = count.parse()?;
                let is_there = || Ok(town.network.mempool().len() == count);
                running(open.as_ref())?.await_that("the payments were not announced", is_there)?;
                town.network.mine(1, &ScriptBuf::new_op_return([0; 4]));
            }
            ["restart"] => {
                open.take().context("it is not running")?.stop()?;
                open = Some(start()?);
            }
            _ => bail!("nobody knows how"),
        }
        running(open.as_ref())?.await_height(town.network.tip().0)
    })?;
    ensure!(wishes == 3, "it ended well after {wishes} wishes");
    open.context("it is not running")?.stop()
}

fn running(daemon: Option<&Daemon>) -> Result<&Daemon> {
    daemon.context("it is not running")
}

#[allow(clippy::print_stderr, reason = "a test that is not run says so")]
fn skipped() {
    eprintln!("skipped: BILLFOLD_REQUIRE_RPC_CLIENTS=1 builds the clients for it");
}
