//! Owns accounts that are added while a daemon has the wallet: the real program asks the real daemon,
//! scripts are given addresses of them at once, and what was paid to them is found.

use std::fs;

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::program::Program;
use billfold_tests::town::Town;
use serde_json::{Value, json};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// An address of the wallet's account of a type, asked for by another program of the same words.
fn address_elsewhere(town: &Town, program: &Program, kind: &str) -> Result<Value> {
    let other = Program::connected(BILLFOLD, town.network.address())?;
    fs::copy(program.file("words"), other.file("words"))?;
    other.ok(&["restore", "--words-file", "words", "--birthday", "0"])?;
    other.ease()?;
    other.ok(&["account", "add", "--type", kind])?;
    other.ok(&["account", "prefer", kind])?;
    Ok(other.ok(&["receive"])?["address"].clone())
}

fn await_balance(daemon: &Daemon, wanted: f64) -> Result<()> {
    daemon.await_that("the payment was never found", || {
        Ok(daemon.call("getbalance", &json!([]))? == json!(wanted))
    })
}

#[test]
fn an_account_that_is_added_beside_the_daemon_works_at_once() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let old = address_elsewhere(&town, &program, "legacy")?;
    town.pay(&old, 10_000_000)?;
    let daemon = town.serve(&program)?;
    let (status, told) = daemon.reply("getnewaddress", &json!(["", "legacy"]))?;
    ensure!(status == 500, "there is no such account yet: {told}");
    // The daemon has the wallet open, so no password is asked for.
    fs::write(program.file("password"), "not the password\n")?;
    let added = program.ok(&["account", "add", "--type", "legacy", "--birthday", "0"])?;
    ensure!(added[0]["account"] == "legacy", "{added}");
    await_balance(&daemon, 0.6)?;
    let known = ["account", "add", "--type", "legacy", "--number", "0"];
    program.refused(2, "account_exists", &known)?;

    let fresh = daemon.call("getnewaddress", &json!(["", "legacy"]))?;
    town.pay(&fresh, 20_000_000)?;
    await_balance(&daemon, 0.8)?;
    let told = program.ok(&["account", "prefer", "legacy"])?;
    let preferred = |told: &Value| -> Result<Vec<Value>> {
        let all = told.as_array().context("accounts")?;
        Ok(all.iter().filter(|one| one["preferred"] == true).cloned().collect())
    };
    let now = preferred(&told)?;
    ensure!(now.len() == 1 && now[0]["account"] == "legacy", "{told}");
    ensure!(preferred(&program.ok(&["account", "list"])?)? == now);
    let next = program.ok(&["receive", "--new"])?["address"].clone();
    ensure!(next.as_str().is_some_and(|address| address.starts_with(['m', 'n'])), "{next}");

    // Keys of others with one of ours, of which the daemon tells the public half.
    let key = program.ok(&["account", "key"])?["key"].clone();
    let policy = ["account", "add", "--multisig", "1", "--key", "mine", "--key", OTHERS];
    let joint = program.ok(&policy)?;
    ensure!(joint[0]["keys"].as_array().is_some_and(|keys| keys.len() == 2), "{joint}");
    ensure!(key.as_str().is_some_and(|key| joint.to_string().contains(&key[key.len() - 40..])));
    daemon.stop()
}

/// Nobody looks for payments to it before the wallet is opened again.
#[test]
fn an_account_of_a_wallet_that_the_daemon_closes_again_waits_for_a_sync() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = town.serve(&program)?;
    program.ok(&["new", "--wallet", "second", "--words-out", "other-words"])?;
    for (wallet, when, other) in [
        ("main", "From now on", "With the next sync"),
        ("second", "With the next sync", "From now on"),
    ] {
        let told = program.run(&["account", "add", "--type", "legacy", "--wallet", wallet])?;
        ensure!(told.code == Some(0), "{}", told.stderr);
        ensure!(told.stderr.contains(when) && !told.stderr.contains(other), "{}", told.stderr);
    }
    ensure!(daemon.call("listwallets", &json!([]))? == json!(["main"]));
    daemon.stop()
}

#[test]
fn an_account_is_there_after_the_daemon_was_killed() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let mut daemon = town.serve(&program)?;
    program.ok(&["account", "add", "--type", "segwit"])?;
    let address = daemon.call("getnewaddress", &json!(["", "bech32"]))?;
    daemon.running.kill()?;
    town.pay(&address, 10_000_000)?;
    let daemon = town.serve(&program)?;
    await_balance(&daemon, 0.6)?;
    daemon.stop()
}

/// A key of somebody else.
const OTHERS: &str = "[adb65d6a/48'/1'/0'/2']tpubDF2nzxPJG17hqCyq8fSNuigcbReuV7NFJs1Ua6xrTu2xDKzJRhEgNECUJb2tZgpmtg4PQiVaQCeV4hM5FyigcB6hizaVCBR1yns4riEYHM4";
