//! Owns the promise that `bitcoin-cli` works with the daemon as with Bitcoin Core: the real one, which
//! stands beside the program that `BITCOIND_EXE` names, run as people and scripts run it.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::node::software;
use billfold_tests::port::free_port;
use billfold_tests::program::Program;
use billfold_tests::town::Town;
use serde_json::Value;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// `bitcoin-cli` for one daemon.
struct Cli {
    path: PathBuf,
    datadir: PathBuf,
    port: String,
}

/// How it ended: its exit code, and what it said.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Cli {
    /// It, for the daemon of a program at a port, which it finds by its cookie; `None` where there is none.
    fn new(program: &Program, port: u16) -> Option<Self> {
        let Some(path) = software::bitcoin_cli() else {
            skipped();
            return None;
        };
        Some(Self { path, datadir: program.data_dir(), port: port.to_string() })
    }

    fn start(&self, arguments: &[&str], input: &str) -> Result<Child> {
        let mut command = Command::new(&self.path);
        command.env_clear().env("HOME", &self.datadir).arg("-regtest");
        command.arg(format!("-datadir={}", self.datadir.display()));
        command.arg(format!("-rpcport={}", self.port)).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        child.stdin.take().context("no input")?.write_all(input.as_bytes())?;
        Ok(child)
    }

    fn run(&self, arguments: &[&str], input: &str) -> Result<Ended> {
        Ended::of(self.start(arguments, input)?)
    }

    /// What it printed, which is all that a script reads.
    fn ok(&self, arguments: &[&str]) -> Result<String> {
        self.ok_with(arguments, "")
    }

    fn ok_with(&self, arguments: &[&str], input: &str) -> Result<String> {
        let ended = self.run(arguments, input)?;
        ensure!(ended.code == Some(0), "{arguments:?}: {} {}", ended.out, ended.err);
        Ok(ended.out.trim_end().to_owned())
    }

    fn json(&self, arguments: &[&str]) -> Result<Value> {
        let told = self.ok(arguments)?;
        serde_json::from_str(&told).with_context(|| told)
    }

    /// That it fails with this code of JSON-RPC and text, as `$?` shows it.
    fn refused(&self, code: i32, text: &str, arguments: &[&str]) -> Result<()> {
        let ended = self.run(arguments, "")?;
        let told = format!("error code: {code}\nerror message:\n");
        ensure!(ended.code == Some(-code % 256), "{arguments:?}: {:?} {}", ended.code, ended.err);
        ensure!(ended.err.starts_with(&told) && ended.err.contains(text), "{}", ended.err);
        Ok(())
    }
}

impl Ended {
    fn of(child: Child) -> Result<Self> {
        let output = child.wait_with_output()?;
        let [out, err] = [output.stdout, output.stderr].map(String::from_utf8);
        Ok(Self { code: output.status.code(), out: out?, err: err? })
    }
}

#[test]
fn a_shop_lives_by_bitcoin_cli() -> Result<()> {
    let town = Town::build()?;
    let program = Program::connected(BILLFOLD, town.network.address())?;
    let address = free_port()?;
    let Some(cli) = Cli::new(&program, address.port()) else { return Ok(()) };
    // It waits for a daemon that is started after it, and finds the cookie.
    fs::create_dir(program.data_dir())?;
    let waiting = cli.start(&["-rpcwait", "uptime"], "")?;
    let daemon = Daemon::start_at(&program, address, &["--fallback-fee", "0.0001"])?;
    let waited = Ended::of(waiting)?;
    ensure!(waited.code == Some(0), "{} {}", waited.out, waited.err);
    cli.refused(-18, "No wallet is loaded", &["getbalance"])?;

    ensure!(cli.json(&["createwallet", "shop"])?["name"] == "shop");
    cli.ok(&["-named", "createwallet", "wallet_name=till", "load_on_startup=true"])?;
    cli.refused(-19, "-rpcwallet=<walletname>", &["getbalance"])?;
    cli.refused(-18, "not loaded", &["-rpcwallet=nope", "getbalance"])?;
    cli.ok(&["-rpcwallet=till", "unloadwallet"])?;
    cli.refused(-35, "already loaded", &["loadwallet", "shop"])?;

    let paid_to = cli.ok(&["-named", "getnewaddress", "address_type=bech32m", "label=order 1"])?;
    let asked = cli.ok_with(&["-stdin", "getaddressesbylabel"], "order 1\n")?;
    ensure!(asked.contains(&paid_to), "{asked}");
    town.pay(&paid_to.as_str().into(), 100_000_000)?;
    daemon.await_height(town.network.tip().0)?;
    ensure!(cli.ok(&["getbalance"])? == "1.00000000");

    let txid = cli.ok(&["sendtoaddress", STRANGER, "0.1"])?;
    town.await_payment(txid.parse()?)?;
    let named = ["-named", "sendtoaddress", STRANGER, "amount=0.2", "fee_rate=25"];
    let second = cli.ok(&named)?;
    town.await_payment(second.parse()?)?;
    ensure!(cli.ok(&["gettransaction", &second])?.contains("\"amount\": -0.20000000"));
    let many = format!(r#"{{"{STRANGER}":0.05}}"#);
    town.await_payment(cli.ok(&["sendmany", "", &many])?.parse()?)?;
    cli.refused(-5, "Invalid Bitcoin address", &["sendtoaddress", "nowhere", "1"])?;
    cli.refused(-6, "Insufficient funds", &["sendtoaddress", STRANGER, "1000"])?;
    cli.refused(-32601, "Method not found", &["nope"])?;

    cli.ok(&["encryptwallet", "a passphrase"])?;
    cli.refused(-13, "walletpassphrase first", &["sendtoaddress", STRANGER, "0.1"])?;
    let unlock = ["-stdinwalletpassphrase", "walletpassphrase", "600"];
    ensure!(cli.run(&unlock, "a wrong one\n")?.code == Some(14));
    cli.ok_with(&unlock, "a passphrase\n")?;
    town.await_payment(cli.ok(&["sendtoaddress", STRANGER, "0.1"])?.parse()?)?;
    ensure!(cli.ok(&["stop"])?.contains("stopping"));
    let outcome = daemon.running.finish()?;
    ensure!(outcome.code == Some(0), "{outcome:?}");
    ensure!(cli.run(&["uptime"], "")?.err.contains("Could not connect to the server"));
    Ok(())
}

#[test]
fn the_overviews_of_bitcoin_cli_are_filled() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let address = free_port()?;
    let Some(cli) = Cli::new(&program, address.port()) else { return Ok(()) };
    let daemon = Daemon::start_at(&program, address, &[])?;
    let height = town.network.tip().0;
    daemon.await_height(height)?;
    daemon.await_peer()?;
    let info = cli.ok(&["-color=never", "-getinfo"])?;
    let told = [
        "Chain: regtest",
        &format!("Blocks: {height}\n"),
        "Verification progress: 100.0000%",
        "Network: in 0, out 1, total 1",
        "Version: 310000",
        "Wallet: main",
        "Balance: 0.50000000",
        "Warnings: (none)",
    ];
    for line in told {
        ensure!(info.contains(line), "{line} is missing:\n{info}");
    }
    cli.ok(&["createwallet", "other"])?;
    let info = cli.ok(&["-color=never", "-getinfo"])?;
    ensure!(info.contains("0.50000000 main") && info.contains("0.00000000 other"), "{info}");
    let net = cli.ok(&["-netinfo", "4"])?;
    ensure!(net.contains("billfold") && net.contains(&town.network.address().to_string()), "{net}");
    ensure!(cli.json(&["-addrinfo"])?["addresses_known"]["total"].is_number());
    // It prints its own address and no blocks: that the method is missing, it keeps to itself.
    let mined = cli.json(&["-rpcwallet=main", "-generate", "2"])?;
    ensure!(mined["blocks"].is_null() && mined["address"].is_string(), "{mined}");
    ensure!(town.network.tip().0 == height);
    daemon.stop()
}

#[test]
fn whoever_bitcoin_cli_asks_as_must_be_known() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let address = free_port()?;
    let Some(cli) = Cli::new(&program, address.port()) else { return Ok(()) };
    let bounded = ["--rpc-whitelist", "shop:getblockcount", "--rpc-whitelist-default", "0"];
    let users = [&["--rpc-auth", SHOP][..], &bounded].concat();
    let daemon = Daemon::start_at(&program, address, &users)?;
    let cookie = format!("-rpccookiefile={}", Daemon::cookie(&program).display());
    cli.ok(&[&cookie, "getblockcount"])?;
    let missing = cli.run(&["-rpccookiefile=/nowhere", "getblockcount"], "")?;
    ensure!(missing.code == Some(1) && missing.err.contains("No authentication cookie"));
    let wrong = cli.run(&["-rpcuser=shop", "-rpcpassword=wrong", "getblockcount"], "")?;
    ensure!(wrong.code == Some(1) && wrong.err.contains("Authorization failed"), "{}", wrong.err);
    let as_shop = ["-rpcuser=shop", "-stdinrpcpass"];
    cli.ok_with(&[&as_shop[..], &["getblockcount"]].concat(), "shop's password\n")?;
    let forbidden = cli.run(&[&as_shop[..], &["getbalance"]].concat(), "shop's password\n")?;
    ensure!(forbidden.code == Some(1) && forbidden.err.contains("403"), "{}", forbidden.err);
    // Several at once, as scripts in the background do.
    thread::scope(|scope| {
        let asked: Vec<_> = (0..8).map(|_| scope.spawn(|| cli.ok(&["getnewaddress"]))).collect();
        let mut told = Vec::new();
        for asking in asked {
            told.push(asking.join().ok().context("a thread broke")??);
        }
        told.sort();
        told.dedup();
        ensure!(told.len() == 8, "an address was given out twice: {told:?}");
        Ok(())
    })?;
    daemon.stop()
}

/// As `share/rpcauth/rpcauth.py` writes it for `shop` and `shop's password`.
const SHOP: &str = "shop:6ad2b8a1f3c94e5d0718293a4b5c6d7e$052cd377e679a76e5fba77c8dbeb0e367ee4ceb148ca8371bc15f0379c41dc6b";

#[allow(clippy::print_stderr, reason = "a test that is not run says so")]
fn skipped() {
    eprintln!("skipped: needs BITCOIND_EXE with bitcoin-cli beside it, see docs/testing.md");
}
