//! Owns the figures of `docs/performance.md`: how long a person waits for what they do every day.
//!
//! Measures the real program against the play-money network on this machine. The yardstick is one
//! password derivation, which everybody pays on purpose. Refuses to judge: nothing here fails for
//! being slow.

#![allow(clippy::print_stdout, reason = "a table of figures is what this program is for")]

use std::fs;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use billfold_devnet::Devnet;
use billfold_tests::program::{PASSWORD, Program};
use billfold_tests::quick_wallet;
use billfold_tests::vector_wallet;
use billfold_wallet_core::command::Birthday;
use billfold_wallet_core::config::{LookAhead, Settings};
use billfold_wallet_core::keychain::ScriptType;
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::net::clock::Clock;
use billfold_wallet_core::vault::{self, Password};
use bitcoin::{Amount, Network, ScriptBuf};
use tokio::runtime::Runtime;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// Blocks of the chain that a wallet must catch up with.
const BLOCKS: u32 = 2_000;

/// Payments to the wallet that is looked at and paid from.
const COINS: usize = 1_000;

/// Runs of each short command.
const RUNS: usize = 21;

/// Whom to pay.
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

fn main() -> Result<()> {
    let runtime = Runtime::new()?;
    let network = runtime.block_on(async { Devnet::start() })?;
    network.fund_faucet();

    let restored =
        wallet(&network, Birthday::Height(Height::GENESIS), LookAhead::RESTORED, &ScriptType::ALL)?;
    pay_the_wallet(&network)?;
    network.mine_empty(BLOCKS - network.tip().0);

    let (derived, takes) = timed(|| new_wallet(&network))?;
    row("create a wallet (calibrates, derives)", takes);
    let derivation = derivation(&derived)?;
    row("one password derivation", derivation);

    println!("\nbesides the password derivation:");
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let new = wallet(&network, Birthday::Time(now), LookAhead::NEW, &[ScriptType::Taproot])?;
    let (synced, takes) = timed(|| new.ok(&["sync"]))?;
    row("first sync of a new wallet, 2,000 blocks", takes);
    ensure!(synced["height"] == BLOCKS, "the wallet is not at the tip: {synced}");

    let (synced, takes) = timed(|| restored.ok(&["sync"]))?;
    row("first sync of a restored wallet, 1,000 coins", takes);
    ensure!(synced["height"] == BLOCKS, "the wallet is not at the tip: {synced}");
    let coins = restored.ok(&["coins"])?;
    ensure!(coins.as_array().context("no coins")?.len() == COINS, "coins are missing");
    let (_, takes) = timed(|| restored.ok(&["sync"]))?;
    row("sync again, nothing new", takes);

    let pay = ["pay", STRANGER, "25k", "--fee-rate", "2", "--dry-run"];
    for (name, command) in
        [("balance", &["balance"][..]), ("history", &["history"]), ("draft a payment", &pay)]
    {
        let takes = median(&restored, command)?;
        row(name, takes);
        let share = takes.as_secs_f64() / derivation.as_secs_f64();
        println!("{:>60.1} % of a derivation", share * 100.0);
    }
    Ok(())
}

/// A wallet whose header costs nothing to open, so that its runs show all the rest.
fn wallet(
    network: &Devnet,
    birthday: Birthday,
    look_ahead: LookAhead,
    types: &[ScriptType],
) -> Result<Program> {
    let program = Program::connected(BILLFOLD, network.address())?;
    let settings = Settings::new(Network::Regtest, program.data_dir());
    quick_wallet::make(&settings, types, birthday, look_ahead)?;
    Ok(program)
}

/// Pays 1,000 coins of 100,000 sat to twenty of the wallet's addresses, 100 in a block.
fn pay_the_wallet(network: &Devnet) -> Result<()> {
    let addresses = (0..20).map(|index| vector_wallet::address(86, 0, index));
    let scripts: Vec<_> = addresses.map(|a| a.map(|a| a.script_pubkey())).collect::<Result<_>>()?;
    let outputs: Vec<_> = scripts
        .iter()
        .cycle()
        .take(100)
        .map(|script| (script.clone(), Amount::from_sat(100_000)))
        .collect();
    for _ in 0..COINS / outputs.len() {
        network.pay_many(&outputs)?;
        network.mine(1, &ScriptBuf::new_op_return([0; 4]));
    }
    Ok(())
}

fn new_wallet(network: &Devnet) -> Result<Program> {
    let program = Program::connected(BILLFOLD, network.address())?;
    program.ok(&["new", "--words-out", "words"])?;
    Ok(program)
}

/// What opening the wallet's header takes, the median of a few.
fn derivation(program: &Program) -> Result<Duration> {
    let header = program.data_dir().join("regtest/wallets/main.key");
    ensure!(fs::metadata(&header)?.is_file(), "no header");
    let password = Password::new(PASSWORD)?;
    let mut runs = Vec::new();
    for _ in 0..5 {
        runs.push(timed(|| Ok(vault::open(&header, &password, Clock::start().now().wall)?))?.1);
    }
    runs.sort();
    Ok(runs[runs.len() / 2])
}

fn median(program: &Program, command: &[&str]) -> Result<Duration> {
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(timed(|| program.ok(command))?.1);
    }
    runs.sort();
    Ok(runs[RUNS / 2])
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    let result = work()?;
    Ok((result, start.elapsed()))
}

fn row(name: &str, takes: Duration) {
    println!("{name:<48} {:>9.1} ms", takes.as_secs_f64() * 1_000.0);
}
