//! Owns what a person does at the screens, through a pseudo-terminal and the real program, in front of
//! a play-money network: every key is sent as a terminal sends it, and what is shown is read from the
//! cells that the program's bytes make.

use anyhow::{Context, Result, ensure};
use billfold_tests::program::{PASSWORD, Program};
use billfold_tests::screens::{
    STRANGER, choose_password, compare, copied, opened, quit, shown_words, sign, type_back, verb,
};
#[cfg(unix)]
use billfold_tests::shell;
use billfold_tests::town::Town;
use billfold_tests::typist::{DOWN, ENTER, ESC, Typist};
use bitcoin::Amount;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// Who counts the keys that lead to the first address; words and passwords are not among them.
#[test]
fn a_new_wallet_shows_its_first_address_after_six_keys_and_is_paid_there() -> Result<()> {
    let town = Town::build()?;
    let program = Program::connected(BILLFOLD, town.network.address())?;
    let mut person = program.at_terminal(&[])?;
    let mut keys = 0;
    let mut press = |person: &mut Typist, key: &str| {
        keys += 1;
        person.press(key)
    };
    person.see("There is no wallet named main here yet")?;
    press(&mut person, "n")?;
    person.see("Nothing is made before")?;
    press(&mut person, ENTER)?;
    person.see("what nearly everybody can pay to")?;
    press(&mut person, ENTER)?;
    choose_password(&mut person)?;
    let words = person.look(|display| shown_words(&display.text()))?;
    press(&mut person, ENTER)?;
    type_back(&mut person, &words)?;
    person.see("Note these beside the words")?;
    press(&mut person, ENTER)?;
    person.see("Nothing was received yet")?;
    press(&mut person, "r")?;
    person.see("waiting for a payment")?;
    ensure!(keys <= 6, "{keys} keys");

    let address = copied(&mut person)?;
    let text = person.display().text().replace([' ', '\n'], "");
    ensure!(address.starts_with("bcrt1p") && shows(&text, &address), "{address}: {text}");
    let script = address.parse::<bitcoin::Address<_>>()?.assume_checked().script_pubkey();
    town.network.pay(&script, Amount::from_sat(50_000))?;
    let waits = |text: &str| text.contains("waiting for a payment");
    person.look(|display| (!waits(&display.text())).then_some(()))?;
    person.press("1")?;
    person.see("~ pending       0.00 050 000 BTC")?;
    town.mine();
    person.see("Balance         0.00 050 000 BTC")?;

    let everything = person.shown().to_owned();
    quit(person)?;
    ensure!(!everything.contains(PASSWORD), "a password was shown");
    Ok(())
}

#[test]
fn a_payment_is_pasted_compared_signed_made_faster_and_taken_back() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 500_000)?;
    let mut person = opened(&program)?;
    person.press("s")?;
    person.see("There is")?;
    person.paste(&format!("bitcoin:{STRANGER}?amount=0.001&label=rent%20may\r\n"))?;
    person.see("100000sat")?;
    person.press(ENTER)?;
    person.see("Type these groups")?;
    compare(&mut person)?;
    let paid = sign(&mut person)?;
    town.await_payment(paid)?;
    person.see("rent may")?;

    choose_what_waits(&mut person, 0)?;
    person.press("b")?;
    person.see("Replaces")?;
    let faster = sign(&mut person)?;
    town.await_payment(faster)?;
    ensure!(!town.network.mempool().contains(&paid), "it is not replaced");

    choose_what_waits(&mut person, 1)?;
    person.press("x")?;
    person.see("Cancels")?;
    let taken_back = sign(&mut person)?;
    town.await_payment(taken_back)?;
    town.mine();
    let both = |text: &str| text.contains("1 conf") && text.contains("2 conf");
    person.look(|display| both(&display.text()).then_some(()))?;
    quit(person)?;
    let history = program.ok(&["history"])?;
    let rows = history.as_array().context("no rows")?;
    let taken_back = rows.iter().find(|row| row["txid"] == taken_back.to_string());
    ensure!(taken_back.is_some_and(|row| row["state"] == "confirmed"), "{history}");
    let left = program.ok(&["balance"])?["confirmed"].as_u64().context("no balance")?;
    ensure!(left > 490_000, "the money is back, but for the fee: {left}");
    Ok(())
}

#[test]
fn coins_are_frozen_things_are_labelled_and_keys_are_locked() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 500_000)?;
    let mut person = opened(&program)?;
    person.press("3")?;
    person.see("1 in all")?;
    person.press("f")?;
    person.see("# frozen")?;
    person.press(" ")?;
    person.see("can't be spent")?;
    person.press("f")?;
    person.look(|display| (!display.text().contains("# frozen")).then_some(()))?;
    person.press("e")?;
    person.see("Enter keeps it")?;
    person.press("salary é")?;
    person.press(ENTER)?;
    person.see("The label is kept.")?;
    person.see("salary é")?;

    verb(&mut person, "unlock", "Payments are then signed")?;
    person.enter("a slip of the finger")?;
    person.see("wrong password")?;
    person.enter(PASSWORD)?;
    person.see("keys open")?;
    person.press("L")?;
    person.look(|display| (!display.text().contains("keys open")).then_some(()))?;

    verb(&mut person, "close", "Password")?;
    let closed =
        person.look(|display| Some(display.text()).filter(|text| !text.contains("Coins")))?;
    ensure!(!["main", "BTC", "salary"].iter().any(|told| closed.contains(told)), "{closed}");
    person.enter(PASSWORD)?;
    person.see("Balance")?;
    quit(person)?;
    let coins = program.ok(&["coins"])?;
    ensure!(coins[0]["frozen"] == false && coins[0]["note"] == "salary é", "{coins}");
    Ok(())
}

/// A terminal without colours still shows what is chosen and what is important.
#[test]
fn under_no_color_no_cell_is_coloured_and_bold_and_reverse_remain() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 500_000)?;
    let mut person = program.at_terminal_with(&[("NO_COLOR", "1")], &[])?;
    person.see("Password")?;
    person.enter(PASSWORD)?;
    for (key, seen) in [
        ("", "synced at"),
        ("2", "1 all"),
        ("3", "1 in all"),
        ("4", "+ used"),
        ("5", "Fingerprint"),
        ("6", "Fees"),
        ("r", "waiting for a payment"),
        ("Q", "Esc goes back."),
    ] {
        person.press(key)?;
        person.see(seen)?;
        let coloured = person.display().coloured();
        ensure!(coloured.is_empty(), "{seen}: {coloured:?}\n{}", person.display().text());
        ensure!(!person.display().marked().is_empty(), "{seen}: nothing stands out");
    }
    person.press(ESC)?;
    person.see("  Receive")?;
    quit(person)?;

    let mut person = opened(&program)?;
    person.press("3")?;
    person.see("1 in all")?;
    ensure!(!person.display().coloured().is_empty(), "the test sees no colour at all");
    quit(person)
}

/// A shell stops the program on Ctrl-Z. What was open is closed by then, and the terminal is the shell's.
#[cfg(unix)]
#[test]
fn a_stopped_program_leaves_the_terminal_and_asks_for_the_password_again() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 500_000)?;
    let shell = shell::starting(BILLFOLD, &program, town.network.address(), &[]);
    let mut person = Typist::at_terminal(&shell)?;
    person.see("Password")?;
    person.enter(PASSWORD)?;
    person.see("synced at")?;
    person.press("3")?;
    person.see("1 in all")?;
    person.press("\x1a")?;
    person.see("the shell is back")?;
    ensure!(person.display().is_as_found(), "the terminal is not the shell's");
    person.await_echo(true)?;
    person.enter("")?;
    let closed =
        person.look(|display| Some(display.text()).filter(|text| text.contains("Password")))?;
    ensure!(!closed.contains("BTC") && !closed.contains("main"), "{closed}");
    person.enter(PASSWORD)?;
    person.see("Balance")?;
    quit(person)
}

/// The wheel and a click choose; what a click hits is never agreed to.
#[test]
fn the_mouse_chooses_rows_and_screens_and_agrees_to_nothing() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 500_000)?;
    town.pay(&program.ok(&["receive"])?["address"], 70_000)?;
    program.ok(&["sync"])?;
    let mut person = opened(&program)?;
    let coins = person.see("3 Coins")?;
    let (row, column) = place(&coins, "3 Coins").context("no tab")?;
    person.press(&click(row, column))?;
    let list = person.see("2 in all")?;
    let (second, _) = place(&list, "0.00 070 000 BTC").context("no coin")?;
    let (first, column) = place(&list, "0.00 500 000 BTC").context("no coin")?;
    person.press(&click(second.max(first), column))?;
    person.press(" ")?;
    let marked = person.see("1 marked")?;
    let lower = marked.lines().nth(second.max(first)).unwrap_or_default();
    ensure!(lower.contains("[x]"), "{marked}");
    person.press("s")?;
    person.paste(&format!("bitcoin:{STRANGER}?amount=0.0001"))?;
    person.press(ENTER)?;
    let review = person.see("Type these groups")?;
    for row in 0..review.lines().count() {
        person.press(&click(row, 5))?;
    }
    compare(&mut person)?;
    let ready = person.see("Enter goes on to sign")?;
    for row in 0..ready.lines().count() {
        person.press(&click(row, 5))?;
    }
    person.press(ESC)?;
    person.see("There is")?;
    ensure!(town.network.mempool().is_empty(), "a click paid");
    quit(person)
}

/// Where a text begins: its row and column, from 0.
fn place(shown: &str, text: &str) -> Option<(usize, usize)> {
    let mut rows = shown.lines().enumerate();
    rows.find_map(|(row, line)| Some((row, line[..line.find(text)?].chars().count())))
}

/// A press of the left button, as xterm tells it (mode 1006).
fn click(row: usize, column: usize) -> String {
    format!("\x1b[<0;{};{}M", column + 1, row + 1)
}

/// What was typed stays when the window is made small and large again.
#[test]
fn a_window_that_is_made_small_and_large_again_loses_nothing() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 500_000)?;
    let mut person = opened(&program)?;
    person.press("s")?;
    person.see("There is")?;
    person.press(STRANGER)?;
    person.press(DOWN)?;
    person.press("25k")?;
    person.see("25k")?;
    for (rows, columns, seen) in
        [(60, 200, STRANGER), (10, 40, "billfold needs 60 columns"), (24, 80, "25k")]
    {
        person.resize(rows, columns)?;
        person.see(seen)?;
    }
    person.press(ENTER)?;
    person.see("0.00 025 000 BTC")?;
    quit(person)
}

/// Chooses the payment that waits, among those that were made in the same second, once so many are
/// shown as replaced: the list may still be that of before.
fn choose_what_waits(person: &mut Typist, replaced: usize) -> Result<()> {
    person.press("2")?;
    let row = person.look(|display| {
        let text = display.text();
        let rows = text.lines().map(str::trim).skip_while(|line| !line.contains(" all "));
        let rows: Vec<_> = rows.skip(1).collect();
        let fallen = rows.iter().filter(|row| row.starts_with("x ")).count();
        let waits = rows.iter().position(|row| row.starts_with(['~', '!']));
        waits.filter(|_| fallen == replaced)
    })?;
    person.press(&DOWN.repeat(row))
}

/// Whether all of an address stands there, in lines that a code may stand beside.
fn shows(text: &str, address: &str) -> bool {
    let chunks: Vec<_> = address.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
    chunks.iter().all(|chunk| text.contains(chunk.as_ref()))
}
