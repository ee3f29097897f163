//! Owns how a wallet is restored at the screens: words that are typed, old payments that are told as they are
//! found, a search that is left and gone on with.
//!
//! The chain's last payment is held back until the person has seen what was found before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, ensure};
use billfold_tests::program::{PASSWORD, Program};
use billfold_tests::rogue::{Deed, From, Rogue, Vice};
use billfold_tests::screens::{choose_password, quit, verb};
use billfold_tests::town::Town;
use billfold_tests::typist::{ENTER, ESC, TAB, Typist};
use billfold_tests::vector_wallet;
use billfold_wallet_core::light_client::dial::Wire;
use bitcoin::BlockHash;
use bitcoin::p2p::message::NetworkMessage;
use serde_json::json;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

#[test]
fn what_was_found_by_now_is_told_before_the_search_has_ended() -> Result<()> {
    let town = Town::build()?;
    pay(&town, 86, 0, 70_000)?;
    pay(&town, 84, 3, 5_000)?;
    pay(&town, 49, 1, 900)?;
    let last = town.network.tip().1;
    let gives = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&gives);
    let peer = Rogue::before(town.network.address(), Wire::V2, move || hold(last, &told))?;
    let program = Program::connected(BILLFOLD, peer.address)?;

    let mut person = program.at_terminal(&[])?;
    restore(&mut person)?;
    person.see("partial")?;
    verb(&mut person, "jobs", "What goes on by itself")?;
    found_by_now(&mut person)?;
    person.press("x")?;
    person.see("close the wallet to end that")?;
    verb(&mut person, "rescan", "~ rescan")?;
    person.press("x")?;
    person.see("The rescan is waited for no more.")?;
    found_by_now(&mut person)?;
    quit(person)?;

    // The search goes on where it was, by whoever opens the wallet next.
    let mut person = program.at_terminal(&[])?;
    person.see("Password")?;
    person.enter(PASSWORD)?;
    person.see("partial")?;
    verb(&mut person, "jobs", "What goes on by itself")?;
    found_by_now(&mut person)?;
    gives.store(true, Ordering::Relaxed);
    town.mine();
    person.see("+ search     ended at block")?;
    let ended = person.see("1 payment, 0.00 000 900 BTC")?;
    ensure!(!ended.contains("~ search"), "{ended}");
    person.press(ESC)?;
    person.see("0.00 075 900 BTC")?;
    person.look(|display| (!display.text().contains("partial")).then_some(()))?;
    quit(person)?;
    let balance = program.ok(&["balance"])?;
    ensure!(balance["confirmed"] == 75_900, "{balance}");
    Ok(())
}

/// Whoever goes back to the words, and away, has made nothing.
#[test]
fn a_restore_that_is_left_makes_no_wallet() -> Result<()> {
    let town = Town::build()?;
    let program = Program::connected(BILLFOLD, town.network.address())?;
    let mut person = program.at_terminal(&[])?;
    words(&mut person)?;
    person.press(ENTER)?;
    person.see("The month or the block")?;
    person.press("13/2020")?;
    person.press(ENTER)?;
    person.see("2021-03")?;
    person.press(ESC)?;
    person.see("Every passphrase makes another wallet")?;
    person.press(ESC)?;
    person.see("Tab completes a word")?;
    person.press(ESC)?;
    person.see("There is no wallet named main here yet")?;
    quit(person)?;
    program.refused(1, "no_such_wallet", &["balance"]).map(drop)
}

/// Pays an address of the vectors' words.
fn pay(town: &Town, purpose: u32, index: u32, amount: u64) -> Result<()> {
    town.pay(&json!(vector_wallet::address(purpose, 0, index)?.to_string()), amount)
}

/// A peer that keeps a block back, and gives it with whatever it says after this is set.
fn hold(block: BlockHash, gives: &Arc<AtomicBool>) -> Vice {
    let (gives, mut held) = (Arc::clone(gives), None);
    Box::new(move |from, message| {
        let is_it =
            |message| matches!(message, NetworkMessage::Block(it) if it.block_hash() == block);
        match from {
            From::Node if gives.load(Ordering::Relaxed) => {
                let held = held.take();
                Deed::Say(held.into_iter().chain([message.clone()]).collect())
            }
            From::Node if message.command == "block" && message.parse().is_ok_and(is_it) => {
                held = Some(message.clone());
                Deed::Swallow
            }
            From::Node | From::Wallet => Deed::Pass,
        }
    })
}

/// Types the words of the vectors, up to the passphrase.
fn words(person: &mut Typist) -> Result<()> {
    person.see("There is no wallet named main here yet")?;
    person.press("r")?;
    person.see("Tab completes a word")?;
    for _ in 0..11 {
        person.press("aband")?;
        person.press(TAB)?;
    }
    person.press("about")?;
    person.press(ENTER)?;
    person.see("73c5da0a").map(drop)
}

/// Restores the wallet of the vectors, since the first block in which it can be paid.
fn restore(person: &mut Typist) -> Result<()> {
    words(person)?;
    person.press(ENTER)?;
    person.see("The month or the block")?;
    person.press(ENTER)?;
    choose_password(person)
}

/// Waits until the first two payments are told, of a search that goes on.
fn found_by_now(person: &mut Typist) -> Result<()> {
    for told in ["~ search", "1 payment, 0.00 070 000 BTC", "1 payment, 0.00 005 000 BTC"] {
        let shown = person.see(told)?;
        ensure!(!shown.contains("0.00 000 900 BTC"), "it was not held back: {shown}");
    }
    Ok(())
}
