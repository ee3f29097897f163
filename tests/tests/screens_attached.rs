//! Owns the screens beside a daemon that has the directory: a person sees and pays what they would without
//! it, and what the daemon had open is open when they have left.

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::program::PASSWORD;
use billfold_tests::screens::{STRANGER, opened, quit, txid_after, verb};
use billfold_tests::town::Town;
use billfold_tests::typist::ENTER;
use serde_json::json;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

#[test]
fn a_person_looks_and_pays_beside_a_daemon_and_leaves_it_as_it_was() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 500_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    let first = program.ok(&["pay", STRANGER, "10k", "--fee-rate", "2", "--yes"])?;
    town.await_payment(first["txid"].as_str().context("no txid")?.parse()?)?;
    town.mine();
    daemon.await_height(town.network.tip().0)?;

    let mut person = program.at_terminal(&[])?;
    person.see("Password")?;
    person.enter("not the password")?;
    person.see("wrong password")?;
    person.enter(PASSWORD)?;
    person.see("synced at")?;
    person.press("s")?;
    person.see("There is")?;
    person.paste(&format!("bitcoin:{STRANGER}?amount=0.001"))?;
    person.see("100000sat")?;
    person.press(ENTER)?;
    person.see("Enter goes on to sign")?;
    person.press(ENTER)?;
    person.see("Enter signs and sends")?;
    person.enter("not the password")?;
    person.see("wrong password")?;
    person.enter(PASSWORD)?;
    let paid = txid_after(&mut person, "Signed and ")?;
    town.await_payment(paid)?;
    quit(person)?;

    // The scripts of the daemon pay on.
    ensure!(daemon.call("listwallets", &json!([]))? == json!(["main"]));
    let request = json!({"address": STRANGER, "amount": 0.0001, "fee_rate": 2});
    let again = daemon.call("sendtoaddress", &request)?;
    town.await_payment(again.as_str().context("no txid")?.parse()?)?;

    // Who locks the keys by hand locks them for scripts too, also after they were opened by hand.
    let mut person = opened(&program)?;
    verb(&mut person, "unlock", "Lock with L")?;
    person.enter(PASSWORD)?;
    person.see("The keys are open until they are locked")?;
    person.press("L")?;
    person.see("The keys are locked")?;
    quit(person)?;
    daemon.refused(500, -13, "sendtoaddress", &request)?;
    daemon.stop()
}

#[test]
fn a_wallet_that_the_daemon_has_not_is_open_for_as_long_as_the_screens() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 500_000)?;
    program.ok(&["--wallet", "savings", "new", "--words-out", "savings"])?;
    program.ease()?;
    let daemon = Daemon::start(&program, &[])?;
    let mut person = program.at_terminal(&["--wallet", "savings"])?;
    person.see("Password")?;
    person.enter(PASSWORD)?;
    person.see("Nothing was received yet")?;
    ensure!(daemon.call("listwallets", &json!([]))? == json!(["main"]), "scripts see it");
    quit(person)?;
    // It is free again: whoever loads it now is not told that it is loaded.
    daemon.call("loadwallet", &json!(["savings"]))?;
    daemon.stop()
}

/// A daemon that ends while somebody looks is told, and nothing is lost by it.
#[test]
fn screens_tell_that_the_daemon_ended() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 500_000)?;
    let daemon = Daemon::start(&program, &[])?;
    let mut person = opened(&program)?;
    daemon.stop()?;
    person.see("the wallet is closing")?;
    quit(person)?;
    ensure!(program.ok(&["balance"])?["confirmed"] == 500_000);
    Ok(())
}
