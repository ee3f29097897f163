//! Owns what a person does at the screens beside other things: a signing device, other wallets, files that go to
//! co-signers and come back, a terminal that changes its size all the time.

use std::fs;

use anyhow::{Context, Result, ensure};
use billfold_tests::program::{PASSWORD, Program};
use billfold_tests::screens::{
    STRANGER, choose_password, compare, copied, opened, quit, txid_after, verb,
};
use billfold_tests::signer::{Signer, free_port};
use billfold_tests::town::Town;
use billfold_tests::typist::{DOWN, ENTER, ESC, Typist};
use billfold_tests::vector_wallet::{self, WORDS};
use serde_json::json;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

#[test]
fn a_signer_is_connected_compared_and_paid_with() -> Result<()> {
    let town = Town::build()?;
    let device = Signer::agreeing(free_port()?, WORDS)?;
    let place = format!("tcp:{}", device.address());
    let program = Program::connected(BILLFOLD, town.network.address())?;
    let mut person = program.at_terminal_with(&[("BILLFOLD_SIGNER", &place)], &[])?;
    person.see("There is no wallet named main here yet")?;
    person.press("c")?;
    person.see("Enter goes on with it.")?;
    person.press(ENTER)?;
    person.see("Which addresses?")?;
    person.press(ENTER)?;
    let compared = person.see("Its first address.")?;
    ensure!(compared.contains("73c5da0a"), "{compared}");
    person.press("v")?;
    person.see("One test")?;
    person.press(ENTER)?;
    person.see("the signature holds")?;
    person.press(ENTER)?;
    choose_password(&mut person)?;
    person.see("synced at")?;

    town.pay(&json!(vector_wallet::address(86, 0, 0)?.to_string()), 500_000)?;
    person.see("0.00 500 000 BTC")?;
    review(&mut person, "0.001")?;
    person.press(ENTER)?;
    let paid = txid_after(&mut person, "Signed and")?;
    town.await_payment(paid)?;
    quit(person)
}

/// Who watches hands the payment out, and what comes back signed is sent by a word.
#[test]
fn an_xpub_is_watched_and_its_payment_signed_elsewhere() -> Result<()> {
    let town = Town::build()?;
    town.pay(&json!(vector_wallet::address(86, 0, 0)?.to_string()), 500_000)?;
    let keys = with_keys(&town)?;
    let described = keys.ok(&["describe"])?;
    let descriptor = described["accounts"][0]["descriptor"].as_str().context("no descriptor")?;
    let xpub = descriptor.split([']', '/']).find(|part| part.starts_with("tpub"));
    let xpub = xpub.context("no xpub")?;

    let program = Program::connected(BILLFOLD, town.network.address())?;
    let mut person = program.at_terminal(&[])?;
    person.see("There is no wallet named main here yet")?;
    person.press("w")?;
    person.see("Paste a descriptor")?;
    person.press("nobody knows this")?;
    person.press(ENTER)?;
    person.see("neither accounts nor a file")?;
    person.press(CTRL_U)?;
    person.paste(xpub)?;
    person.press(ENTER)?;
    person.see("does not say which addresses")?;
    person.press(ESC)?;
    person.see("Paste a descriptor")?;
    // Without the way from the master key, no signer would know its own.
    person.press(CTRL_U)?;
    person.paste(descriptor)?;
    person.press(ENTER)?;
    person.see("main")?;
    person.press(ENTER)?;
    choose_password(&mut person)?;
    person.see("0.00 500 000 BTC")?;
    // Told later, it would take the place of what is told of a copy.
    person.see("The search for old payments has ended")?;

    review(&mut person, "0.001")?;
    person.press(CTRL_W)?;
    person.see("BBQr 1/")?;
    person.press("\t")?;
    person.see("UR 1/")?;
    person.press("p")?;
    person.see("Enter writes it.")?;
    person.press(&format!("{CTRL_U}out.psbt{ENTER}"))?;
    person.see("Written to out.psbt")?;
    let psbt = copied(&mut person)?;
    ensure!(psbt.starts_with("cHNid"), "{psbt}");
    fs::copy(program.file("out.psbt"), keys.file("out.psbt"))?;
    let signed = keys.ok(&["psbt", "sign", "out.psbt", "--yes"])?;
    let signed = signed["psbt"].as_str().context("nothing was signed")?;
    fs::write(program.file("signed.psbt"), signed)?;

    for seen in ["Enter goes on to sign", "There is", "Balance"] {
        person.press(ESC)?;
        person.see(seen)?;
    }
    person.press("d")?;
    person.see("Drafts")?;
    person.press("n")?;
    person.see("Paste what a signer gave back")?;
    person.press(&format!("absent.psbt{ENTER}"))?;
    person.see("neither a PSBT nor a file")?;
    person.press(&format!("{CTRL_U}signed.psbt{ENTER}"))?;
    person.see("completely")?;
    person.press(ENTER)?;
    person.see("type the word send")?;
    ensure!(town.network.mempool().is_empty(), "Enter sent it");
    person.press(&format!("send{ENTER}"))?;
    let paid = txid_after(&mut person, "on its way:")?;
    town.await_payment(paid)?;
    quit(person)
}

#[test]
fn a_second_wallet_is_made_and_each_shows_its_own() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 500_000)?;
    let mut person = opened(&program)?;
    person.press("w")?;
    person.see("* main")?;
    person.press("n")?;
    person.see("There is no wallet named wallet-2 here yet")?;
    person.press("r")?;
    person.see("Tab completes a word")?;
    person.paste(WORDS)?;
    person.press(ENTER)?;
    person.see("73c5da0a")?;
    person.press(ENTER)?;
    person.see("The month or the block")?;
    person.press(ENTER)?;
    choose_password(&mut person)?;
    let second = person.see("Nothing was received yet")?;
    ensure!(second.contains("wallet-2") && !second.contains("500 000"), "{second}");
    person.press("w")?;
    let both = person.see("* wallet-2")?;
    ensure!(both.matches("+ open").count() == 2, "{both}");
    person.press(ENTER)?;
    person.see("0.00 500 000 BTC")?;
    person.press("w")?;
    person.see("* main")?;
    person.press(DOWN)?;
    person.press("x")?;
    person.see("# closed")?;
    quit(person)
}

/// A mistyped word makes no wallet, and what a search finds is told while and after it goes on.
#[test]
fn a_wrong_word_is_refused_and_a_search_tells_what_it_found() -> Result<()> {
    let town = Town::build()?;
    for (purpose, amount) in [(86, 70_000), (84, 5_000)] {
        town.pay(&json!(vector_wallet::address(purpose, 0, 0)?.to_string()), amount)?;
    }
    let program = Program::connected(BILLFOLD, town.network.address())?;
    let mut person = program.at_terminal(&[])?;
    person.see("There is no wallet named main here yet")?;
    person.press("r")?;
    person.see("Tab completes a word")?;
    person.paste(&WORDS.replace("about", "abandon"))?;
    person.press(ENTER)?;
    person.see("! ")?;
    ensure!(!program.data_dir().join("regtest/wallets/main.db").exists(), "it is made");
    person.press(CTRL_U)?;
    person.paste(WORDS)?;
    person.press(ENTER)?;
    person.see("73c5da0a")?;
    person.press(ENTER)?;
    person.see("The month or the block")?;
    person.press(ENTER)?;
    choose_password(&mut person)?;
    person.see("0.00 075 000 BTC")?;
    person.press("J")?;
    let told = person.see("+ search")?;
    ensure!(told.matches("1 payment").count() == 2, "{told}");
    quit(person)
}

#[test]
fn a_wrong_password_opens_and_signs_nothing() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 500_000)?;
    let mut person = program.at_terminal(&[])?;
    person.see("Password")?;
    person.enter("a slip of the finger")?;
    let closed = person.see("wrong password")?;
    ensure!(!closed.contains("BTC"), "{closed}");
    person.enter(PASSWORD)?;
    person.see("synced at")?;
    review(&mut person, "0.001")?;
    person.press(ENTER)?;
    person.see("Enter signs and sends")?;
    person.enter("another slip")?;
    person.see("wrong password")?;
    ensure!(town.network.mempool().is_empty(), "it was signed");
    person.enter(PASSWORD)?;
    let paid = txid_after(&mut person, "Signed and")?;
    town.await_payment(paid)?;
    quit(person)
}

/// Windows are dragged while somebody types; not a letter is lost, on any screen that takes some.
#[test]
fn a_terminal_that_changes_its_size_all_the_time_loses_no_letter() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 500_000)?;
    let mut person = opened(&program)?;
    for name in ["home", "activity", "coins", "addresses", "keys", "network"] {
        verb(&mut person, name, "help")?;
        storm(&mut person, "")?;
        person.press("1")?;
        person.see("Balance")?;
    }
    for name in ["receive", "help"] {
        verb(&mut person, name, "help")?;
        person.look(|display| (!display.text().contains("Balance")).then_some(()))?;
        storm(&mut person, "")?;
        // What is pressed before this is seen would be Alt with a key.
        person.press(ESC)?;
        person.see("Balance")?;
    }
    for name in ["send", "find", "message", "pay-file", "consolidate", "unlock", "palette"] {
        person.press("1")?;
        person.see("Balance")?;
        verb(&mut person, name, "go on")?;
        storm(&mut person, "abcdefghij")?;
        let typed = ["abcdefghij", "**********"];
        person.look(|display| {
            let text = display.text();
            typed.iter().any(|typed| text.contains(typed)).then_some(())
        })?;
        person.press(ESC)?;
        person.see("Balance")?;
    }
    quit(person)
}

/// Types a text letter by letter while the window changes before each.
fn storm(person: &mut Typist, text: &str) -> Result<()> {
    let sizes = [(60, 200), (10, 40), (16, 60), (1, 1), (300, 20), (24, 80), (5, 300)];
    let letters: Vec<String> = text.chars().map(String::from).collect();
    for turn in 0..sizes.len().max(letters.len()) {
        let (rows, columns) = sizes[turn % sizes.len()];
        person.resize(rows, columns)?;
        person.press(letters.get(turn).map_or("", String::as_str))?;
    }
    person.resize(24, 80)
}

/// A wallet with the words of the vectors, which others watch.
fn with_keys(town: &Town) -> Result<Program> {
    let program = Program::connected(BILLFOLD, town.network.address())?;
    fs::write(program.file("words"), WORDS)?;
    program.ok(&["restore", "--words-file", "words", "--types", "taproot", "--birthday", "0"])?;
    program.ease()?;
    program.ok(&["sync"])?;
    Ok(program)
}

/// Comes to the end of a review of a payment to somebody new.
fn review(person: &mut Typist, bitcoin: &str) -> Result<()> {
    person.press("s")?;
    person.see("There is")?;
    person.paste(&format!("bitcoin:{STRANGER}?amount={bitcoin}"))?;
    person.press(ENTER)?;
    person.see("Type these groups")?;
    compare(person)?;
    person.see("Enter goes on to sign").map(drop)
}

/// Empties a field.
const CTRL_U: &str = "\x15";
/// Hands a payment out.
const CTRL_W: &str = "\x17";
