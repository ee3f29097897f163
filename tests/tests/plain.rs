//! Owns the screens as somebody reads and answers them who sees no screen: `--plain`, one line at a time,
//! with the verbs of the palette, in front of a play-money network. No byte that is written moves a
//! cursor, and no password is shown.

#[cfg(unix)]
use std::net::TcpListener;

use anyhow::{Context, Result, ensure};
use billfold_tests::program::{PASSWORD, Program};
use billfold_tests::screens::STRANGER;
#[cfg(unix)]
use billfold_tests::shell;
use billfold_tests::signer::{Signer, free_port};
use billfold_tests::town::Town;
use billfold_tests::typist::Typist;
use billfold_tests::vector_wallet;
use bitcoin::Txid;
use serde_json::json;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

#[test]
fn a_new_wallet_is_made_and_paid_line_by_line() -> Result<()> {
    let town = Town::build()?;
    let program = Program::connected(BILLFOLD, town.network.address())?;
    let mut person = program.at_terminal(&["--plain"])?;
    person.read_until("There is no wallet named main here yet")?;
    answer(&mut person, PROMPT, "n")?;
    answer(&mut person, "\nName: ", "")?;
    person.read_until("2.  segwit")?;
    answer(&mut person, PROMPT, "1")?;
    choose_password(&mut person)?;
    person.read_until("in this order.\r\n")?;
    let words = person.read_until("enter when they are written down")?;
    let words: Vec<_> = words.lines().filter_map(|line| line.trim().split_once(". ")).collect();
    ensure!(words.len() == 12, "{words:?}");
    answer(&mut person, PROMPT, "")?;
    for _ in 0..3 {
        person.read_until("\nWord ")?;
        let place = person.read_until(": ")?;
        let place: usize = place.trim_end_matches(": ").parse()?;
        person.enter(words[place - 1].1)?;
    }
    person.read_until("Note these beside the words")?;
    answer(&mut person, PROMPT, "")?;
    person.read_until("Nothing was received yet")?;
    answer(&mut person, PROMPT, "receive")?;
    person.read_until("waiting for a payment")?;
    answer(&mut person, PROMPT, "copy")?;
    let address = person.read_until("\r\nReceive: ")?;
    // What is told meanwhile leaves a prompt before it.
    let copied = address.split_whitespace().find(|word| word.starts_with("bcrt1p"));
    let address = copied.with_context(|| format!("no address: {address}"))?;
    town.pay(&json!(address), 50_000)?;
    person.read_until("* +0.00 050 000 BTC, confirmed")?;
    person.enter("home")?;
    person.read_until("0.00 050 000 BTC")?;
    quit(person)
}

#[test]
fn a_payment_is_compared_signed_made_faster_and_taken_back_line_by_line() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 500_000)?;
    let mut person = opened(&program)?;
    answer(&mut person, PROMPT, "send")?;
    pay(&mut person)?;
    let paid = sent(&mut person)?;
    town.await_payment(paid)?;

    let row = waiting(&mut person)?;
    person.enter(&format!("bump {row}"))?;
    person.read_until("Replaces")?;
    let faster = sign(&mut person)?;
    town.await_payment(faster)?;
    let row = waiting(&mut person)?;
    person.enter(&format!("cancel {row}"))?;
    person.read_until("Cancels")?;
    let taken_back = sign(&mut person)?;
    town.await_payment(taken_back)?;
    ensure!(!town.network.mempool().contains(&paid), "it is still there");
    quit(person)
}

#[test]
fn coins_are_frozen_and_labelled_and_keys_are_locked_line_by_line() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 500_000)?;
    let mut person = opened(&program)?;
    answer(&mut person, PROMPT, "coins")?;
    answer(&mut person, PROMPT, "freeze 1")?;
    person.read_until("# frozen")?;
    answer(&mut person, PROMPT, "freeze 2")?;
    person.read_until("there is no row 2")?;
    answer(&mut person, PROMPT, "label 1")?;
    answer(&mut person, "\nLabel: ", "salary")?;
    person.read_until("The label is kept.")?;
    answer(&mut person, PROMPT, "unlock")?;
    hidden(&mut person, "Password: ", "a slip of the finger")?;
    person.read_until("! wrong password")?;
    hidden(&mut person, "Password: ", PASSWORD)?;
    person.read_until("keys open")?;
    answer(&mut person, PROMPT, "lock")?;
    person.read_until("The keys are locked.")?;
    answer(&mut person, PROMPT, "find")?;
    answer(&mut person, "\nFind: ", "sal")?;
    person.read_until("1. ")?;
    answer(&mut person, "\nFind: ", ":back")?;
    answer(&mut person, PROMPT, "fly")?;
    person.read_until("is no verb")?;
    answer(&mut person, PROMPT, "help")?;
    person.read_until("freeze: keep a coin from being spent")?;
    quit(person)?;
    let coins = program.ok(&["coins"])?;
    ensure!(coins[0]["frozen"] == true && coins[0]["note"] == "salary", "{coins}");
    Ok(())
}

#[test]
fn a_wallet_is_restored_line_by_line() -> Result<()> {
    let town = Town::build()?;
    town.pay(&json!(vector_wallet::address(84, 0, 3)?.to_string()), 5_000)?;
    let program = Program::connected(BILLFOLD, town.network.address())?;
    let mut person = program.at_terminal(&["--plain"])?;
    answer(&mut person, PROMPT, "r")?;
    answer(&mut person, "\nWords: ", vector_wallet::WORDS)?;
    person.read_until("73c5da0a")?;
    answer(&mut person, "\nPassphrase: ", "")?;
    answer(&mut person, "\nSince: ", "")?;
    choose_password(&mut person)?;
    person.read_until("Home: ")?;
    person.read_until("* +0.00 005 000 BTC, confirmed")?;
    person.enter("")?;
    quit(person)
}

#[test]
fn a_signer_is_connected_compared_and_paid_with_line_by_line() -> Result<()> {
    let town = Town::build()?;
    let device = Signer::agreeing(free_port()?, vector_wallet::WORDS)?;
    let place = format!("tcp:{}", device.address());
    let program = Program::connected(BILLFOLD, town.network.address())?;
    let mut person = program.at_terminal_with(&[("BILLFOLD_SIGNER", &place)], &["--plain"])?;
    answer(&mut person, PROMPT, "c")?;
    person.read_until("enter goes on with it.")?;
    answer(&mut person, PROMPT, "")?;
    person.read_until("Which addresses?")?;
    answer(&mut person, PROMPT, "1")?;
    // A number would choose another kind by now.
    person.read_until("There is an answer.")?;
    answer(&mut person, PROMPT, "")?;
    let compared = person.read_until("Its first address.")?;
    ensure!(compared.contains("73c5da0a"), "{compared}");
    answer(&mut person, PROMPT, "verify")?;
    person.read_until("One test")?;
    answer(&mut person, PROMPT, "")?;
    person.read_until("There is an answer.")?;
    answer(&mut person, PROMPT, "")?;
    person.read_until("the signature holds")?;
    answer(&mut person, "\nName: ", "")?;
    choose_password(&mut person)?;
    person.read_until("* synced at ")?;
    town.pay(&json!(vector_wallet::address(86, 0, 0)?.to_string()), 500_000)?;
    person.read_until("* +0.00 500 000 BTC, confirmed")?;
    person.enter("send")?;
    pay(&mut person)?;
    answer(&mut person, PROMPT, "")?;
    person.read_until("There is an answer.")?;
    answer(&mut person, PROMPT, "")?;
    let paid = told(&mut person)?;
    town.await_payment(paid)?;
    quit(person)
}

/// A shell stops the program on Ctrl-Z. What was open is closed by then.
#[cfg(unix)]
#[test]
fn a_stopped_program_asks_for_the_password_again() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 500_000)?;
    let shell = shell::starting(BILLFOLD, &program, town.network.address(), &["--plain"]);
    let mut person = Typist::at_terminal(&shell)?;
    hidden(&mut person, "Password: ", PASSWORD)?;
    person.read_until("* synced at ")?;
    person.read_until(PROMPT)?;
    person.press("\x1a")?;
    person.read_until("the shell is back")?;
    person.enter("")?;
    person.read_until("The wallet is closed.")?;
    person.enter("send")?;
    person.read_until("nothing was done")?;
    let closed = person.read_until("Password: ")?;
    ensure!(!closed.contains("BTC"), "{closed}");
    person.enter_hidden(PASSWORD)?;
    person.read_until("Balance")?;
    quit(person)
}

/// A signer that answers late must not put the question for the password in the place of one whose
/// answer is seen.
#[cfg(unix)]
#[test]
fn a_late_answer_of_a_signer_leaves_the_password_hidden() -> Result<()> {
    let town = Town::build()?;
    let program = Program::connected(BILLFOLD, town.network.address())?;
    program.ok(&["watch", &vector_wallet::public_descriptor(84)?, "--birthday", "0"])?;
    let signer = TcpListener::bind("127.0.0.1:0")?;
    let mut shell = shell::starting(BILLFOLD, &program, town.network.address(), &["--plain"]);
    shell.env("BILLFOLD_SIGNER", format!("tcp:{}", signer.local_addr()?));
    let mut person = Typist::at_terminal(&shell)?;
    hidden(&mut person, "Password: ", PASSWORD)?;
    person.read_until("* synced at ")?;
    answer(&mut person, PROMPT, "receive")?;
    person.read_until("waiting for a payment")?;
    answer(&mut person, PROMPT, "verify")?;
    let (asked, _) = signer.accept()?;
    person.press("\x1a")?;
    person.read_until("the shell is back")?;
    person.enter("")?;
    person.read_until("The wallet is closed.")?;
    drop((asked, signer));
    person.read_until("There is an answer.")?;
    answer(&mut person, PROMPT, "")?;
    hidden(&mut person, "\nPassword: ", PASSWORD)?;
    person.read_until("Balance")?;
    quit(person)
}

/// Opens the wallet by its password, and waits until it is at the tip.
fn opened(program: &Program) -> Result<Typist> {
    let mut person = program.at_terminal(&["--plain"])?;
    hidden(&mut person, "Password: ", PASSWORD)?;
    person.read_until("* synced at ")?;
    answer(&mut person, "", "")?;
    Ok(person)
}

fn answer(person: &mut Typist, question: &str, line: &str) -> Result<()> {
    person.read_until(question)?;
    person.enter(line)
}

fn hidden(person: &mut Typist, question: &str, secret: &str) -> Result<()> {
    person.read_until(question)?;
    person.enter_hidden(secret)
}

fn choose_password(person: &mut Typist) -> Result<()> {
    hidden(person, "\nPassword: ", PASSWORD)?;
    hidden(person, "\nAgain: ", PASSWORD)
}

/// Writes a payment to somebody new, and types back what is asked for of the address.
fn pay(person: &mut Typist) -> Result<()> {
    answer(person, "\nTo: ", &format!("bitcoin:{STRANGER}?amount=0.001&label=rent"))?;
    person.read_until("100000sat")?;
    answer(person, "\nAmount: ", "")?;
    answer(person, "\nFor: ", "rent may")?;
    answer(person, "\nFee rate: ", "2")?;
    person.read_until("0.00 100 000 BTC")?;
    person.read_until("Type these groups")?;
    for _ in 0..2 {
        person.read_until("\r\n")?;
        let asked = person.read_until(" of 11: ")?;
        let number = asked.lines().last().context("nothing is asked for")?;
        let number: usize = number.trim_end_matches(" of 11: ").parse()?;
        person.enter(&STRANGER[(number - 1) * 4..number * 4])?;
    }
    Ok(())
}

/// Goes on from a review that compares nothing, and signs.
fn sign(person: &mut Typist) -> Result<Txid> {
    answer(person, PROMPT, "")?;
    sent(person)
}

/// The number of the payment that waits, among those that were made in the same second.
fn waiting(person: &mut Typist) -> Result<String> {
    answer(person, PROMPT, "activity")?;
    person.read_until("Activity: ")?;
    let rows = person.read_until(PROMPT)?;
    let numbered = rows.lines().filter_map(|line| line.split_once(". "));
    let mut waits = numbered.filter(|(_, row)| row.starts_with(['~', '!']));
    let (number, _) = waits.next().with_context(|| format!("nothing waits: {rows}"))?;
    Ok(number.trim_start_matches(['>', ' ']).to_owned())
}

/// Gives the password, and sees what was sent.
fn sent(person: &mut Typist) -> Result<Txid> {
    hidden(person, "\nPassword: ", PASSWORD)?;
    told(person)
}

/// Reads the id of what was sent.
fn told(person: &mut Typist) -> Result<Txid> {
    person.read_until("Signed and ")?;
    let told = person.read_until(PROMPT)?;
    let txid = told.split_whitespace().find_map(|part| part.parse().ok());
    person.enter("")?;
    txid.context("no id")
}

fn quit(mut person: Typist) -> Result<()> {
    answer(&mut person, PROMPT, "quit")?;
    let ending = person.finish()?;
    ensure!(ending.code == 0, "{ending:?}");
    ensure!(!ending.shown.contains('\u{1b}'), "a byte moves the cursor: {ending:?}");
    ensure!(!ending.shown.contains(PASSWORD), "a password was shown: {ending:?}");
    Ok(())
}

/// Where a verb is waited for.
const PROMPT: &str = "billfold> ";
