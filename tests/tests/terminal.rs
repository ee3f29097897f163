//! Owns what a person sees and types at a terminal: words and secrets asked for, mistakes, and
//! Ctrl-C at every question, after which nothing is half made and the terminal is as it was.

use std::fs;

use anyhow::{Context, Result, ensure};
use billfold_tests::program::{PASSWORD, Program};
use billfold_tests::town::Town;
use billfold_tests::typist::Typist;
use billfold_tests::vector_wallet;
use bitcoin::key::Secp256k1;
use bitcoin::{Address, Network, PrivateKey, ScriptBuf};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

#[test]
fn a_new_wallet_is_backed_up_when_its_words_were_typed_back() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    let mut typist = program.at_terminal(&["new"])?;
    typist.read_until("New password for wallet main: ")?;
    typist.enter_hidden("one thing")?;
    typist.read_until("The same again: ")?;
    typist.enter_hidden("another thing")?;
    typist.read_until("that was not the same")?;
    let words = shown_words(&mut typist, PASSWORD)?;
    typist.enter("")?;
    typist.read_until(SCREEN_LEFT)?;
    for _ in 0..ASKED {
        let asked = asked_place(&mut typist)?;
        typist.enter(&words[asked - 1])?;
    }
    typist.read_until("is created")?;
    let ending = typist.finish()?;
    ensure!(ending.code == 0 && !ending.shown.contains("NOT BACKED UP"), "{ending:?}");
    for secret in ["one thing", "another thing", PASSWORD] {
        ensure!(!ending.shown.contains(secret), "a password was shown: {ending:?}");
    }
    let kept = kept(&ending.shown);
    ensure!(kept.contains("is created") && !kept.contains("Word "), "in the scroll-back: {kept}");
    let told = ending.shown.rsplit("is created").next().unwrap_or_default();
    ensure!(words.iter().all(|word| !told.contains(&format!(" {word} "))), "{told}");

    // The words that were shown are those of the wallet.
    let again = Program::new(BILLFOLD)?;
    fs::write(again.file("words"), words.join(" "))?;
    let restored = again.ok(&["restore", "--words-file", "words"])?;
    ensure!(program.ok(&["describe"])?["fingerprint"] == restored["fingerprint"], "{restored}");
    Ok(())
}

#[test]
fn a_wrong_word_is_no_backup_and_who_will_check_later_goes_on() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    let mut typist = program.at_terminal(&["new"])?;
    let words = shown_words(&mut typist, PASSWORD)?;
    typist.enter("")?;
    let asked = asked_place(&mut typist)?;
    let wrong = words.iter().find(|word| **word != words[asked - 1]).context("all are the same")?;
    typist.enter(wrong)?;
    typist.read_until("That is not the word. Press Enter to see them again. ")?;
    typist.enter("")?;
    typist.read_until(SCREEN_ENTERED)?;
    ensure!(read_words(&mut typist)? == words, "other words");
    typist.enter("")?;
    asked_place(&mut typist)?;
    typist.enter("")?;
    typist.read_until("NOT BACKED UP")?;
    let ending = typist.finish()?;
    ensure!(ending.code == 0, "{ending:?}");
    Ok(())
}

#[test]
fn a_passphrase_is_typed_twice_and_its_fingerprint_agreed_to() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    let mut typist = restoring(&program, "TREZOR", "TREZOr")?;
    typist.read_until("the passphrase was typed differently each time: nothing was created")?;
    ensure!(typist.finish()?.code == 2);
    nothing_is_left(&program)?;

    let mut typist = restoring(&program, "TREZ0R", "TREZ0R")?;
    let shown = typist.read_until("Is it this wallet? Type yes: ")?;
    ensure!(shown.contains("with fingerprint ") && !shown.contains(NOTED), "{shown:?}");
    typist.enter("no")?;
    typist.read_until("the fingerprint was not agreed to: nothing was created")?;
    ensure!(typist.finish()?.code != 0);
    nothing_is_left(&program)?;

    let mut typist = restoring(&program, "TREZOR", "TREZOR")?;
    typist.read_until(&format!("with fingerprint {NOTED}."))?;
    typist.read_until("Is it this wallet? Type yes: ")?;
    typist.enter("yes")?;
    choose_password(&mut typist, PASSWORD)?;
    typist.read_until("is restored")?;
    let ending = typist.finish()?;
    ensure!(ending.code == 0 && !ending.shown.contains("TREZOR"), "{ending:?}");
    ensure!(program.ok(&["describe"])?["fingerprint"] == NOTED);
    Ok(())
}

#[test]
fn a_mistyped_password_is_asked_for_again() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    let mut typist = program.at_terminal(&["receive"])?;
    typist.read_until("Password of wallet main: ")?;
    typist.enter_hidden("a slip of the finger")?;
    typist.read_until("wrong password")?;
    typist.read_until("Password of wallet main: ")?;
    typist.enter_hidden(PASSWORD)?;
    typist.read_until("bcrt1p")?;
    let ending = typist.finish()?;
    ensure!(ending.code == 0, "{ending:?}");
    ensure!(!ending.shown.contains(PASSWORD) && !ending.shown.contains("a slip"), "{ending:?}");
    Ok(())
}

#[test]
fn an_interrupt_at_any_question_of_a_new_wallet_leaves_nothing() -> Result<()> {
    type Way = fn(&mut Typist) -> Result<()>;
    let ways: [Way; 4] = [
        |typist| {
            typist.read_until("New password for wallet main: ")?;
            typist.await_echo(false)
        },
        |typist| {
            typist.read_until("New password for wallet main: ")?;
            typist.enter_hidden(PASSWORD)?;
            typist.read_until("The same again: ")?;
            typist.await_echo(false)
        },
        |typist| shown_words(typist, PASSWORD).map(drop),
        |typist| {
            shown_words(typist, PASSWORD)?;
            typist.enter("")?;
            asked_place(typist).map(drop)
        },
    ];
    let program = Program::new(BILLFOLD)?;
    for (number, way) in ways.into_iter().enumerate() {
        let mut typist = program.at_terminal(&["new"])?;
        way(&mut typist)?;
        interrupted(typist).with_context(|| format!("question {number}"))?;
        nothing_is_left(&program)?;
    }
    Ok(())
}

#[test]
fn an_interrupt_at_any_question_of_a_restoration_leaves_nothing() -> Result<()> {
    type Way = fn(&mut Typist) -> Result<()>;
    let program = Program::new(BILLFOLD)?;
    let first: Way = |typist| {
        typist.read_until("Passphrase of the words: ")?;
        typist.await_echo(false)
    };
    let second: Way = |typist| {
        typist.read_until("Passphrase of the words: ")?;
        typist.enter_hidden("TREZOR")?;
        typist.read_until("The same again: ")?;
        typist.await_echo(false)
    };
    for way in [first, second] {
        let mut typist = begin_restoring(&program)?;
        way(&mut typist)?;
        interrupted(typist)?;
        nothing_is_left(&program)?;
    }
    for agreed in [false, true] {
        let mut typist = restoring(&program, "TREZOR", "TREZOR")?;
        typist.read_until("Is it this wallet? Type yes: ")?;
        if agreed {
            typist.enter("yes")?;
            typist.read_until("New password for wallet main: ")?;
            typist.await_echo(false)?;
        }
        interrupted(typist)?;
        nothing_is_left(&program)?;
    }
    // Typed words are on the second screen, which is left.
    let mut typist = program.at_terminal(&["restore"])?;
    typist.read_until(SCREEN_ENTERED)?;
    typist.read_until(" 1. ")?;
    typist.enter("abandon")?;
    typist.read_until(" 2. ")?;
    typist.press(CTRL_C)?;
    typist.read_until(SCREEN_LEFT)?;
    typist.read_until("interrupted")?;
    ensure!(typist.finish()?.code != 0);
    nothing_is_left(&program)
}

#[test]
fn an_interrupt_at_a_password_or_at_typed_words_changes_nothing() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    let mut typist = program.at_terminal(&["receive"])?;
    typist.read_until("Password of wallet main: ")?;
    typist.await_echo(false)?;
    interrupted(typist)?;
    let mut typist = program.at_terminal(&["words", "check"])?;
    typist.read_until(" 1. ")?;
    interrupted(typist)?;
    ensure!(program.ok(&["describe"])?["words_checked"].is_null());
    Ok(())
}

#[test]
fn an_interrupt_amid_rolls_of_dice_leaves_nothing() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    for rolled in [&[][..], &["123456", "x", "1"]] {
        let mut typist = program.at_terminal(&["new", "--dice"])?;
        choose_password(&mut typist, PASSWORD)?;
        typist.read_until(SCREEN_ENTERED)?;
        typist.read_until("Rolls: ")?;
        for line in rolled {
            typist.enter(line)?;
            typist.read_until("Rolls: ")?;
        }
        interrupted(typist)?;
        nothing_is_left(&program)?;
    }
    Ok(())
}

/// Neither is a coin held after that, nor anything signed, stored or sent.
#[test]
fn an_interrupt_where_somebody_is_asked_to_agree_changes_nothing() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 500_000)?;
    let own = program.ok(&["receive"])?["address"].as_str().context("no address")?.to_owned();
    let stranger = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
    let key = PrivateKey::from_slice(&[31; 32], Network::Regtest)?;
    fs::write(program.file("key"), key.to_wif())?;
    let script = ScriptBuf::new_p2pkh(&key.public_key(&Secp256k1::new()).pubkey_hash());
    town.pay(&serde_json::json!(Address::from_script(&script, Network::Regtest)?), 90_000)?;
    program.ok(&["sync"])?;
    let state = || -> Result<_> {
        let ask = |question: &str| program.ok(&[question]);
        Ok([ask("coins")?, ask("history")?, ask("drafts")?])
    };
    let before = state()?;
    let file = program.file("paper.psbt").display().to_string();
    program.ok(&["psbt", "create", &own, "10k", "--fee-rate", "2", "--out", &file])?;
    program.ok(&["drafts", "drop", "1"])?;
    ensure!(state()? == before);
    for (arguments, question) in [
        (&["pay", stranger, "10k", "--fee-rate", "2"][..], "from there: "),
        (&["pay", &own, "10k", "--fee-rate", "2"], "Pay this? [y/N] "),
        (&["psbt", "sign", &file], "Sign this? [y/N] "),
        (&["sweep", "--key-file", "key", "--fee-rate", "2"], "Bring this here? [y/N] "),
    ] {
        let mut typist = program.at_terminal(arguments)?;
        typist.read_until("Password of wallet main: ")?;
        typist.enter_hidden(PASSWORD)?;
        typist.read_until(question)?;
        interrupted(typist).with_context(|| format!("{arguments:?}"))?;
        ensure!(state()? == before, "{arguments:?}: {:?}", state()?);
    }
    Ok(())
}

/// Chooses a password and reads the words; the question after them is next.
fn shown_words(typist: &mut Typist, password: &str) -> Result<Vec<String>> {
    choose_password(typist, password)?;
    typist.read_until(SCREEN_ENTERED)?;
    read_words(typist)
}

fn choose_password(typist: &mut Typist, password: &str) -> Result<()> {
    typist.read_until("New password for wallet main: ")?;
    typist.enter_hidden(password)?;
    typist.read_until("The same again: ")?;
    typist.enter_hidden(password)
}

/// The words of the grid, in their order.
fn read_words(typist: &mut Typist) -> Result<Vec<String>> {
    let grid = typist.read_until("Press Enter when they are written down. ")?;
    let mut numbered = Vec::new();
    let mut texts = grid.split_whitespace();
    while let Some(text) = texts.next() {
        if let Some(Ok(place)) = text.strip_suffix('.').map(str::parse::<usize>) {
            numbered.push((place, texts.next().context("a number without a word")?.to_owned()));
        }
    }
    numbered.sort();
    ensure!(numbered.iter().map(|(place, _)| *place).eq(1..=12), "{grid}");
    Ok(numbered.into_iter().map(|(_, word)| word).collect())
}

/// Which word is asked for.
fn asked_place(typist: &mut Typist) -> Result<usize> {
    typist.read_until("Word ")?;
    let place = typist.read_until(": ")?;
    Ok(place.trim_end_matches(": ").trim().parse()?)
}

fn begin_restoring(program: &Program) -> Result<Typist> {
    fs::write(program.file("words"), vector_wallet::WORDS)?;
    program.at_terminal(&["restore", "--words-file", "words", "--passphrase"])
}

fn restoring(program: &Program, first: &str, second: &str) -> Result<Typist> {
    let mut typist = begin_restoring(program)?;
    typist.read_until("Passphrase of the words: ")?;
    typist.enter_hidden(first)?;
    typist.read_until("The same again: ")?;
    typist.enter_hidden(second)?;
    Ok(typist)
}

/// Presses Ctrl-C.
fn interrupted(mut typist: Typist) -> Result<()> {
    typist.press(CTRL_C)?;
    typist.read_until("interrupted")?;
    let ending = typist.finish()?;
    ensure!(ending.code != 0, "{ending:?}");
    let (entered, left) = (ending.shown.matches(SCREEN_ENTERED), ending.shown.matches(SCREEN_LEFT));
    ensure!(entered.count() == left.count(), "the second screen is not left: {ending:?}");
    Ok(())
}

/// What the scroll-back keeps: all but what is on the second screen.
fn kept(shown: &str) -> String {
    let parts = shown.split(SCREEN_LEFT);
    parts.filter_map(|part| part.split(SCREEN_ENTERED).next()).collect()
}

/// No wallet, and no file of one.
fn nothing_is_left(program: &Program) -> Result<()> {
    ensure!(program.ok(&["wallets"])? == serde_json::json!([]), "there is a wallet");
    let wallets = program.data_dir().join("regtest/wallets");
    let files = fs::read_dir(&wallets).into_iter().flatten().count();
    ensure!(files == 0, "something is left in {}", wallets.display());
    Ok(())
}

/// Of the vector's words with the passphrase "TREZOR", which every implementation of BIP39 knows.
const NOTED: &str = "b4e3f5ed";

/// How many words are asked for.
const ASKED: usize = 3;

const CTRL_C: &str = "\u{3}";

/// xterm's sequences for the second screen.
const SCREEN_ENTERED: &str = "\u{1b}[?1049h";
const SCREEN_LEFT: &str = "\u{1b}[?1049l";
