//! Keys that have a passphrase of their own: each command that takes them asks for it, with a daemon
//! and without, and none that only looks.

use std::fs;

use anyhow::{Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::program::{PASSWORD, Program};
use billfold_tests::town::Town;
use serde_json::json;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

const PASSPHRASE: &str = "of the keys alone";

/// A wallet with a coin, whose keys were given a passphrase.
fn guarded() -> Result<(Town, Program)> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    daemon.call("encryptwallet", &json!([PASSPHRASE]))?;
    daemon.stop()?;
    fs::write(program.file("keys"), format!("{PASSPHRASE}\n"))?;
    fs::write(program.file("wrong"), "of something else\n")?;
    Ok((town, program))
}

/// A command with the passphrase in a file.
fn with<'a>(file: &'a str, command: &[&'a str]) -> Vec<&'a str> {
    [&["--keys-passphrase-file", file], command].concat()
}

const PAY: [&str; 6] = ["pay", STRANGER, "1000k", "--fee-rate", "2", "--yes"];

#[test]
fn whoever_signs_gives_the_passphrase_and_whoever_looks_does_not() -> Result<()> {
    let (town, program) = guarded()?;
    ensure!(program.ok(&["balance"])?["confirmed"] == 50_000_000);
    program.refused(2, "no_terminal", &PAY)?;
    program.refused(5, "wrong_password", &with("wrong", &PAY))?;
    ensure!(program.ok(&with("keys", &PAY))?["state"] == "announced");
    town.mine();

    // A daemon has the keys locked, and so they are again.
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    program.refused(2, "no_terminal", &PAY)?;
    program.refused(5, "wrong_password", &with("wrong", &PAY))?;
    ensure!(program.ok(&with("keys", &PAY))?["state"] == "announced");
    ensure!(daemon.call("getwalletinfo", &json!([]))?["unlocked_until"] == 0);
    daemon.stop()
}

#[test]
fn words_accounts_and_backups_take_the_passphrase_and_a_new_password_keeps_it() -> Result<()> {
    let (_town, program) = guarded()?;
    let takes_keys: [&[&str]; 4] = [
        &["words", "show", "--words-out", "shown"],
        &["account", "add", "--type", "segwit"],
        &["account", "key"],
        &["backup", "create", "whole", "--with-words"],
    ];
    for command in takes_keys {
        program.refused(2, "no_terminal", command)?;
        program.ok(&with("keys", command))?;
    }
    ensure!(fs::read(program.file("shown"))? == fs::read(program.file("words"))?);
    program.ok(&["backup", "create", "without"])?;

    fs::write(program.file("next"), "another password\n")?;
    program.ok(&["password", "--new-password-file", "next"])?;
    fs::write(program.file("password"), "another password\n")?;
    ensure!(program.ok(&with("keys", &PAY))?["state"] == "announced");
    Ok(())
}

#[test]
fn a_person_is_asked_for_the_password_and_then_for_the_passphrase() -> Result<()> {
    let (_town, program) = guarded()?;
    let mut typist = program.at_terminal(&["words", "show", "--words-out", "shown"])?;
    typist.read_until("Password of wallet main: ")?;
    typist.enter_hidden(PASSWORD)?;
    typist.read_until("Passphrase of the keys of wallet main: ")?;
    typist.enter_hidden("of something else")?;
    typist.read_until("wrong passphrase")?;
    typist.read_until("Passphrase of the keys of wallet main: ")?;
    typist.enter_hidden(PASSPHRASE)?;
    let ending = typist.finish()?;
    ensure!(ending.code == 0 && !ending.shown.contains(PASSPHRASE), "{ending:?}");
    ensure!(fs::read(program.file("shown"))? == fs::read(program.file("words"))?);
    Ok(())
}
