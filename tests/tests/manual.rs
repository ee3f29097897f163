//! Owns the promise that every example of the manual works: `docs/manual/*.md`, and what is written of
//! the daemon in `docs`, is played from top to bottom, page by page, each with a fresh data directory
//! and a regtest node of its own.
//!
//! # The form of a page
//!
//! Only blocks marked `console` are run; others (`text`, `json`, …) are not. In a block a line that
//! begins with `$ ` is typed into a shell (`\` at its end goes on with the next line), and the lines
//! below it are what it says, on both streams together. Where its exit code is not 0, the last of
//! them is `(exit code 3)`.
//!
//! ````text
//! ```console
//! $ billfold receive --note rent
//! bcrt1p…
//! …
//! $ billfold pay $address 25k --yes
//! error: not enough money: …
//! (exit code 4)
//! ```
//! ````
//!
//! `…` in a line stands for any text, a line of `…` alone for any lines or none. `$address`, `$txid`
//! and `$coin` stand for the last address, transaction and coin (`TXID:N`) that were printed, in
//! commands, in what is said and in orders.
//!
//! Orders are comments, so a reader does not see them:
//!
//! ```text
//! <!-- fund 250000 -->               pay satoshi to $address, in a block
//! <!-- send 250000 to $rent -->      pay an address; the payment stays unconfirmed ($txid)
//! <!-- mine 1 -->                    mine blocks with what waits
//! <!-- keep $address as rent -->     from here on $rent stands for it
//! <!-- signer -->                   a signer that agrees to everything; $BILLFOLD_SIGNER is where
//! <!-- daemon -->                   a daemon; blocks from here on wait until it has seen them, and
//!                                   $daemon is where it listens
//! <!-- proxy -->                    a SOCKS5 proxy at $proxy, by which $onion leads to the node
//! <!-- keep .token as token -->     the same with a field of the JSON that was said last
//! <!-- file words.txt                a file in the directory where the commands run
//! abandon abandon …
//! -->
//! ```
//!
//! The commands find `billfold` on their path and the node, the network (regtest) and a password
//! file in their environment, so that they read as a person types them; the file is `password`
//! in the directory where they run. They run with `--quiet` and in UTC. Nothing can be asked: there
//! is no terminal, so show questions in a `text` block. What was created under that password is
//! made cheap to open; another password costs a second for each command.
//!
//! To see what a page says while writing it:
//! `BILLFOLD_MANUAL_TELL=1 cargo test --test manual labels -- --nocapture`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use billfold_tests::manual;
use billfold_tests::node::on_each_node;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// Makes a test of each page.
macro_rules! pages {
    ($($page:ident)+) => {
        $(#[test]
        fn $page() {
            play(concat!("manual/", stringify!($page), ".md"));
        })+

        const PAGES: &[&str] = &[$(stringify!($page)),+];
    };
}

pages! {
    backup
    daemon
    doctor
    handing
    accounts
    history
    keys
    labels
    paying
    receiving
    restoring
    signer
    start
    tor
}

#[test]
fn what_the_daemon_is_for() {
    play("daemon.md");
}

#[test]
fn what_programs_are_let_do() {
    play("tokens.md");
}

fn play(page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    on_each_node(|software| manual::run(BILLFOLD, &path, software));
}

#[test]
fn every_page_is_run() -> Result<()> {
    let entries = fs::read_dir(folder())?.collect::<Result<Vec<_>, _>>()?;
    let names = entries.into_iter().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let pages: BTreeSet<_> = PAGES.iter().map(|page| format!("{page}.md")).collect();
    assert_eq!(names.filter(|name| name != "README.md").collect::<BTreeSet<_>>(), pages);
    Ok(())
}

/// Those of the demonstration are in `tests/tests/demo.rs`.
#[test]
fn every_command_has_an_example() -> Result<()> {
    let said = Command::new(BILLFOLD).arg("--help").output()?.stdout;
    let help = String::from_utf8(said)?;
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = list.map_while(|line| line.split_whitespace().next());
    let mut pages = String::new();
    for page in PAGES {
        pages += &fs::read_to_string(folder().join(page).with_extension("md"))?;
    }
    let run: Vec<_> = pages.lines().filter(|line| line.starts_with("$ ")).collect();
    for command in commands.filter(|command| *command != "demo") {
        let is_run = run.iter().any(|line| line.split(' ').any(|word| word == command));
        assert!(is_run, "no example of {command}");
    }
    Ok(())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/manual")
}
