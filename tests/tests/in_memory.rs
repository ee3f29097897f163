//! Owns what a running program keeps in its memory: once keys are locked, or a wallet is closed, no
//! word, seed, key or password is left in it, nor on disk.
//!
//! Linux only, and only where the system lets the test look into another process: a program that
//! keeps debuggers out lets root alone.

#![cfg(target_os = "linux")]

use std::fs;

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::program::{PASSWORD, Program};
use billfold_tests::secrets::Secrets;
use billfold_tests::town::Town;
use billfold_tests::typist::{ENTER, Typist};
use billfold_wallet_core::net::clock::Clock;
use billfold_wallet_core::vault::{self, Keys, Password};
use bitcoin::Address;
use serde_json::json;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// The daemon takes a wrong passphrase and the right one, signs, hands the words to a command, and makes
/// a backup with them; then its keys are locked.
#[test]
fn a_daemon_with_locked_keys_holds_none_of_them() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    fs::write(program.file("keys"), format!("{PASSPHRASE}\n"))?;
    let daemon = town.serve(&program)?;
    daemon.call("encryptwallet", &json!([PASSPHRASE]))?;
    daemon.refused(500, -14, "walletpassphrase", &json!([WRONG, 60]))?;
    daemon.call("walletpassphrase", &json!([PASSPHRASE, 60]))?;
    daemon.call("sendtoaddress", &json!({"address": STRANGER, "amount": 0.1, "fee_rate": 2}))?;
    // Of an address that can't sign one it is refused, and has unsealed nothing.
    let own = daemon.call("getnewaddress", &json!([]))?;
    let _ = daemon.reply("signmessage", &json!([own, "a message"]))?;
    program.ok(&["--keys-passphrase-file", "keys", "words", "show", "--words-out", "again"])?;
    program.ok(&["--keys-passphrase-file", "keys", "backup", "create", "b", "--with-words"])?;
    daemon.call("walletlock", &json!([]))?;

    // Which scripts are watched is no secret in here, so the search must find one.
    let address: Address<_> = own.as_str().context("no address")?.parse()?;
    let watched = Secrets::default().and("script", address.assume_checked().script_pubkey());
    let seen = watched.found_in_process(daemon.running.id())?;
    ensure!(seen.is_none_or(|seen| !seen.is_empty()), "the search is blind");

    let words = fs::read_to_string(program.file("words"))?;
    ensure!(fs::read_to_string(program.file("again"))? == words, "other words");
    let secrets = Secrets::of(&words)?.and("passphrase", PASSPHRASE).and("wrong one", WRONG);
    assert_clean(&secrets, daemon.running.id(), &program)?;
    daemon.stop()
}

/// A wallet that the daemon itself made and unloaded.
#[test]
fn a_daemon_forgets_a_wallet_that_is_unloaded() -> Result<()> {
    let town = Town::build()?;
    let program = Program::connected(BILLFOLD, town.network.address())?;
    program.ok(&["new", "--words-out", "words"])?;
    program.ease()?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.call("createwallet", &json!({"wallet_name": "shop", "passphrase": PASSPHRASE}))?;
    fs::write(program.file("keys"), format!("{PASSPHRASE}\n"))?;
    daemon.call("unloadwallet", &json!(["shop"]))?;

    // What its words are is told by a copy: the daemon has the directory.
    let copy = program.copy()?;
    let shop = ["--wallet", "shop", "--keys-passphrase-file", "keys"];
    copy.ok(&[&shop[..], &["words", "show", "--words-out", "shops"]].concat())?;
    let words = fs::read_to_string(copy.file("shops"))?;

    let secrets = Secrets::of(&words)?
        .and("passphrase", PASSPHRASE)
        .and("file's key", keys_of(&program, "shop")?.file.as_bytes());
    assert_clean(&secrets, daemon.running.id(), &program)?;
    daemon.stop()
}

/// A person opens the wallet, opens and locks the keys with a slip of the finger, and closes it.
#[test]
fn the_screens_hold_nothing_of_a_wallet_that_is_closed() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let mut person = program.at_terminal(&[])?;
    person.see("Password")?;
    person.enter(PASSWORD)?;
    person.see("synced at")?;
    verb(&mut person, "unlock", "Payments are then signed")?;
    person.enter(WRONG)?;
    person.see("wrong password")?;
    person.enter(PASSWORD)?;
    person.see("keys open")?;
    person.press("L")?;
    person.look(|display| (!display.text().contains("keys open")).then_some(()))?;
    verb(&mut person, "close", "Password")?;
    person.look(|display| (!display.text().contains("Coins")).then_some(()))?;

    let secrets = Secrets::of(&fs::read_to_string(program.file("words"))?)?
        .and("password", PASSWORD)
        .and("wrong password", WRONG)
        .and("file's key", keys_of(&program, "main")?.file.as_bytes());
    assert_clean(&secrets, person.process_id().context("it ended")?, &program)?;
    person.press("\x03")?;
    ensure!(person.finish()?.code == 0);
    Ok(())
}

fn keys_of(program: &Program, wallet: &str) -> Result<Keys> {
    let header = program.data_dir().join(format!("regtest/wallets/{wallet}.key"));
    Ok(vault::open(&header, &Password::new(PASSWORD)?, Clock::start().now().wall)?)
}

/// Does a verb by its name in the palette.
fn verb(person: &mut Typist, name: &str, then: &str) -> Result<()> {
    person.press(":")?;
    person.see("Everything")?;
    person.press(name)?;
    person.press(ENTER)?;
    person.see(then).map(drop)
}

/// Neither the process nor the data directory holds one of these.
#[allow(clippy::print_stderr, reason = "a test that looked at less says so")]
fn assert_clean(secrets: &Secrets, process: u32, program: &Program) -> Result<()> {
    let on_disk = secrets.found_below(&program.data_dir())?;
    ensure!(on_disk.is_empty(), "on disk: {on_disk:#?}");
    let Some(found) = secrets.found_in_process(process)? else {
        eprintln!("skipped: only root may look into the memory of billfold");
        return Ok(());
    };
    ensure!(found.is_empty(), "in memory: {found:#?}");
    Ok(())
}

const PASSPHRASE: &str = "brontosaurus of the keys alone";
const WRONG: &str = "marshmallow-of-something-else";
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
