//! The scan bench: a wallet finds its payments in a synthetic chain, through billfold and, beside
//! it, through `bip157`. `docs/performance.md` holds its figures.
//!
//! The peers serve from the memory of one process, each client runs in another, all on loopback.
//! Owns the table; refuses to judge: nothing here fails for being slow, only for a wrong balance.

#![allow(clippy::print_stdout, reason = "a table of figures is what this program is for")]

mod options;
mod measured;
mod peers;
mod billfold;
mod bip157;

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use billfold_tests::synthetic::recipe::Recipe;

use measured::Measured;
use options::{Client, Options};
use peers::Peers;

fn main() -> Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(peers::ROLE) => peers::serve(&Options::read(&arguments[1..])),
        Some(CLIENT_ROLE) => {
            let rest = arguments.split_off(4);
            run_client(&arguments[1], &arguments[2], &arguments[3], &Options::read(&rest))
        }
        _ => compare(&arguments),
    }
}

/// Runs the clients one after the other against the same peers.
fn compare(arguments: &[String]) -> Result<()> {
    let options = Options::read(arguments);
    println!("{options}");
    let mut peers = Peers::start(arguments)?;
    println!(
        "{:<10} {:>8} {:>10} {:>7} {:>7} {:>10} {:>9}  balance",
        "", "s", "filters/s", "MB/s", "cpu s", "peers' cpu", "MB peak"
    );
    let mut table = Vec::new();
    for client in options.clients() {
        let before = peers.served()?;
        let measured = in_own_process(client, &peers.addresses, arguments, &options)?;
        let served = peers.served()?.since(before);
        println!("{:<10} {}", client.name(), measured.row(options.blocks(), served));
        table.push(measured);
    }
    if let [ours, theirs] = &table[..] {
        println!("billfold is {:.1} times as fast", theirs.seconds / ours.seconds);
    }
    ensure!(
        options.clients().zip(&table).all(|(c, m)| c != Client::Billfold || m.is_right),
        "billfold's balance is wrong"
    );
    Ok(())
}

fn in_own_process(
    client: Client,
    addresses: &str,
    arguments: &[String],
    options: &Options,
) -> Result<Measured> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().to_str().context("a temporary directory without a name")?;
    if client == Client::Billfold {
        billfold::make_wallet(dir.path(), options)?;
    }
    let child = Command::new(std::env::current_exe()?)
        .args([CLIENT_ROLE, client.name(), addresses, path])
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{} ended with {}", client.name(), output.status);
    serde_json::from_slice(&output.stdout).context("no figures")
}

fn run_client(name: &str, addresses: &str, dir: &str, options: &Options) -> Result<()> {
    let addresses = addresses.split(',').map(str::parse).collect::<Result<Vec<_>, _>>()?;
    let recipe: Recipe = options.recipe()?;
    let measured = match name {
        "billfold" => billfold::run(dir.as_ref(), &addresses, options, &recipe)?,
        _ => bip157::run(&addresses, options, &recipe)?,
    };
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
}

/// The first argument of a client's process.
const CLIENT_ROLE: &str = "as-client";
