//! Owns the figures of the screens: how long a person waits for the first of them, for the balance, and
//! for a key while the wallet scans on all cores; and what the program does while nobody does anything.
//!
//! ```sh
//! cargo bench --bench screens
//! cargo bench --bench screens -- --short
//! ```
//!
//! runs the real program in a pseudo-terminal, whose screen is read back, against peers that serve a
//! chain of a million blocks with ten thousand payments to the wallet from memory. Timed is from the key
//! that is sent to the screen on which its effect stands, reading it included. Refuses to judge: nothing
//! here fails for being slow.

#![allow(clippy::print_stdout, reason = "a table of figures is what this program is for")]

mod processor;

use std::env;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use billfold_tests::program::{PASSWORD, Program};
use billfold_tests::quick_wallet;
use billfold_tests::synthetic::chain::Chain;
use billfold_tests::synthetic::link::Link;
use billfold_tests::synthetic::peer::{Conduct, Peer};
use billfold_tests::synthetic::recipe::Recipe;
use billfold_tests::typist::{ENTER, Typist};
use billfold_tests::vector_wallet;
use billfold_wallet_core::command::Birthday;
use billfold_wallet_core::config::{LookAhead, Settings};
use billfold_wallet_core::keychain::ScriptType;
use billfold_wallet_core::light_client::height::Height;
use bitcoin::Network;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// Addresses that are paid in turn.
const ADDRESSES: u32 = 100;

/// P2WPKH outputs of each block.
const OUTPUTS: u32 = 2;

/// Starts of the program, of which the median counts.
const STARTS: usize = 11;

/// Keys that are pressed while the wallet scans, at the most.
const KEYS: usize = 400;

/// Between two keys, or what a key showed and the next one: somebody fast.
const FINGER: Duration = Duration::from_millis(100);

/// How long nobody does anything.
const IDLE: Duration = Duration::from_secs(60);

/// Only on Home.
const HOME: &str = "r receive  s send";

/// Only on the list of coins.
const COINS: &str = "f freeze";

/// Only on the list of addresses.
const ADDRESS_LIST: &str = "y copy  v verify";

/// Only on the list of transactions.
const ACTIVITY: &str = "(Tab: others)";

fn main() -> Result<()> {
    let short = env::args().any(|word| word == "--short");
    let (blocks, payments, idle) =
        if short { (100_000, 1_000, IDLE / 6) } else { (1_000_000, 10_000, IDLE) };
    let recipe = recipe(blocks, payments)?;
    let balance = balance(&recipe);
    let chain = Arc::new(Chain::load_or_make(Path::new(env!("CARGO_TARGET_TMPDIR")), recipe)?);
    let peers = (0..4).map(|_| Peer::start(&chain, Conduct::Honest, Link::default(), false));
    let peers = peers.collect::<Result<Vec<_>, _>>()?;
    println!("{blocks} blocks, {payments} payments to the wallet, {balance} BTC");

    let scanning = wallet(&peers[0])?;
    while_it_scans(&scanning)?;

    let full = wallet(&peers[0])?;
    let (_, synced) = timed(|| full.ok(&["sync"]))?;
    println!("{:<52} {:>9.1} s", "the same scan without screens", synced.as_secs_f64());
    starts(&full, &balance)?;
    while_idle(&full, &balance, idle)
}

/// Presses keys until the scan is through, or often enough.
fn while_it_scans(program: &Program) -> Result<()> {
    let mut person = program.at_terminal(&[])?;
    let process = person.process_id().context("no process")?;
    person.see("Password")?;
    person.enter(PASSWORD)?;
    person.see(HOME)?;
    let (begin, before) = (Instant::now(), processor::seconds(process)?);
    let own = processor::seconds(std::process::id())?;
    let mut took = Vec::new();
    while took.len() < KEYS && !person.display().text().contains("synced ") {
        for (pressed, then) in [("3", COINS), ("4", ADDRESS_LIST), ("2", ACTIVITY), ("1", HOME)] {
            thread::sleep(FINGER);
            took.push(key(&mut person, pressed, then)?);
        }
    }
    let elapsed = begin.elapsed().as_secs_f64();
    let cores = f64::from(u32::try_from(thread::available_parallelism()?.get())?);
    let share = |used: f64| used / elapsed / cores * 100.0;
    let ours = share(processor::seconds(process)? - before);
    let peers = share(processor::seconds(std::process::id())? - own);
    ensure!(!took.is_empty(), "the scan was over before a key was pressed");
    println!("a key, drawn, while a scan runs ({} keys in {elapsed:.1} s):", took.len());
    took.sort();
    quantiles(&took);
    println!("{:<52} {ours:>9.0} %", "  of all cores, the program");
    println!("{:<52} {peers:>9.0} %", "  of all cores, its peers and this bench");
    leave(person)
}

/// How long it takes to the password screen, and from the last key of the password, typed by somebody
/// fast, to the true balance.
fn starts(program: &Program, balance: &str) -> Result<()> {
    let (mut asked, mut shown, mut listed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let begin = Instant::now();
        let mut person = program.at_terminal(&[])?;
        person.see("Password")?;
        asked.push(begin.elapsed());
        for letter in PASSWORD.chars() {
            person.press(&letter.to_string())?;
            thread::sleep(FINGER);
        }
        shown.push(key(&mut person, ENTER, balance)?);
        listed.push(key(&mut person, "2", ACTIVITY)?);
        leave(person)?;
    }
    for (name, mut runs) in [
        ("from start to the password screen", asked),
        ("from the password to Home with the true balance", shown),
        ("from there to the first page of Activity", listed),
    ] {
        runs.sort();
        println!("{name}:");
        quantiles(&runs);
    }
    Ok(())
}

/// What the program takes of a processor while Home is shown and no block comes.
fn while_idle(program: &Program, balance: &str, idle: Duration) -> Result<()> {
    let mut person = program.at_terminal(&[])?;
    let process = person.process_id().context("no process")?;
    person.see("Password")?;
    person.enter(PASSWORD)?;
    person.see(balance)?;
    person.see("synced ")?;
    // What comes with the first seconds is not idleness.
    thread::sleep(idle / 6);
    let before = processor::seconds(process)?;
    thread::sleep(idle);
    let used = processor::seconds(process)? - before;
    let share = used / idle.as_secs_f64() * 100.0;
    println!("{:<52} {share:>9.3} %", "of one core, while nobody does anything");
    leave(person)
}

/// From a key to what it shows.
fn key(person: &mut Typist, key: &str, then: &str) -> Result<Duration> {
    let begin = Instant::now();
    person.press(key)?;
    person.see(then)?;
    Ok(begin.elapsed())
}

fn leave(mut person: Typist) -> Result<()> {
    person.press("\x03")?;
    let ending = person.finish()?;
    ensure!(ending.code == 0, "{ending:?}");
    Ok(())
}

/// A wallet whose header costs nothing to open, so that what is timed comes after the derivation.
fn wallet(peer: &Peer) -> Result<Program> {
    let program = Program::connected(BILLFOLD, peer.address)?;
    let settings = Settings::new(Network::Regtest, program.data_dir());
    let look_ahead = LookAhead { receive: ADDRESSES, change: 50 };
    let birthday = Birthday::Height(Height::GENESIS);
    quick_wallet::make(&settings, &[ScriptType::Segwit], birthday, look_ahead)?;
    Ok(program)
}

fn recipe(blocks: u32, payments: usize) -> Result<Recipe> {
    let script = |index| Ok(vector_wallet::address(84, 0, index)?.script_pubkey());
    let scripts = (0..ADDRESSES).map(script).collect::<Result<Vec<_>>>()?;
    let paid = scripts.iter().cycle().take(payments).cloned().collect();
    Ok(Recipe { blocks, outputs: OUTPUTS, paid })
}

/// The balance as the screens write it: whole coins, then groups.
fn balance(recipe: &Recipe) -> String {
    let sats = recipe.paid_in_all().to_sat();
    let (whole, rest) = (sats / 100_000_000, format!("{:08}", sats % 100_000_000));
    format!("{whole}.{} {} {}", &rest[..2], &rest[2..5], &rest[5..])
}

fn quantiles(sorted: &[Duration]) {
    let at = |part: usize| sorted[(sorted.len() - 1) * part / 100].as_secs_f64() * 1_000.0;
    println!("{:<52} {:>9.1} ms", "  median", at(50));
    if sorted.len() >= 100 {
        println!("{:<52} {:>9.1} ms", "  99 of 100 are below", at(99));
    }
    println!("{:<52} {:>9.1} ms", "  slowest", at(100));
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    let result = work()?;
    Ok((result, start.elapsed()))
}
