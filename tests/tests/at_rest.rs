//! Owns what happens to a wallet at rest when things go wrong: the program is killed while it
//! changes a password, writes a backup or restores one; files are damaged; passwords are guessed.
//!
//! Runs the real program with `kill -9`; nothing needs to be installed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use billfold_tests::program::{Outcome, PASSWORD, Program, Running, Strike};
use billfold_wallet_core::net::clock::Clock;
use billfold_wallet_core::vault::{self, KdfCost, Password};
use serde_json::Value;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// A wallet whose words are in the file `words`, and a second password in the file `other`.
fn program() -> Result<Program> {
    let program = Program::new(BILLFOLD)?;
    fs::write(program.file("other"), OTHER)?;
    program.ok(&["new", "--words-out", "words"])?;
    // What is tested is not the password's derivation, so opening costs nothing.
    let header = program.data_dir().join("regtest/wallets/main.key");
    let password = Password::new(PASSWORD)?;
    let keys = vault::open(&header, &password, Clock::start().now().wall)?;
    vault::change_password(&header, &keys, &password, KdfCost::for_tests())?;
    Ok(program)
}

/// Runs a command under another password than the wallet's.
fn with_password(program: &Program, password: &str, arguments: &[&str]) -> Result<Outcome> {
    fs::write(program.file("password"), password)?;
    let outcome = program.run(arguments);
    fs::write(program.file("password"), PASSWORD)?;
    outcome
}

/// When a run is killed: over all of it, closer together where files are written.
fn strikes(whole: Duration) -> impl Iterator<Item = Strike> {
    let parts = [0, 40, 80, 92, 96, 98, 99, 100, 103];
    parts.into_iter().map(move |part| Strike::AfterStart(whole * part / 100))
}

#[test]
fn a_password_change_that_is_killed_leaves_one_of_the_two_working() -> Result<()> {
    let program = program()?;
    let change = ["password", "--new-password-file", "other"];
    let whole = timed(|| program.copy()?.ok(&change).map(drop))?;
    for strike in strikes(whole) {
        let copy = program.copy()?;
        copy.spawn(&change)?.strike(strike)?;
        let old = copy.run(&["balance"])?;
        let new = with_password(&copy, OTHER, &["balance"])?;
        let opened = [old.code, new.code].iter().filter(|code| **code == Some(0)).count();
        ensure!(opened == 1, "{strike:?}: {old:?} {new:?}");
        ensure!([old.code, new.code].contains(&Some(5)), "{strike:?}: {old:?} {new:?}");
    }
    Ok(())
}

#[test]
fn a_backup_that_is_killed_is_there_whole_or_not_at_all() -> Result<()> {
    let program = program()?;
    let create = ["backup", "create", "main.backup", "--with-words"];
    let whole = timed(|| program.copy()?.ok(&create).map(drop))?;
    for strike in strikes(whole) {
        let copy = program.copy()?;
        copy.spawn(&create)?.strike(strike)?;
        if copy.file("main.backup").exists() {
            copy.ok(&["backup", "check", "main.backup"])?;
        } else {
            // What the crash left is in nobody's way.
            copy.ok(&create)?;
        }
    }
    Ok(())
}

#[test]
fn a_restore_that_is_killed_leaves_a_whole_wallet_or_none() -> Result<()> {
    let program = program()?;
    let address = program.ok(&["receive", "--note", "rent"])?["address"].take();
    program.ok(&["backup", "create", "main.backup", "--with-words"])?;
    let restore = ["--wallet", "second", "backup", "restore", "main.backup"];
    let whole = timed(|| program.copy()?.ok(&restore).map(drop))?;
    for strike in strikes(whole) {
        let copy = program.copy()?;
        copy.spawn(&restore)?.strike(strike)?;
        let found = copy.run(&["--wallet", "second", "balance"])?;
        if found.code != Some(0) {
            found.refused(1, "no_such_wallet").with_context(|| format!("{strike:?}"))?;
            copy.ok(&restore)?;
        }
        // Never without what was handed out: the next address is another one.
        let next = copy.ok(&["--wallet", "second", "receive", "--new"])?;
        ensure!(next["index"] == 1 && next["address"] != address, "{strike:?}: {next}");
    }
    Ok(())
}

#[test]
fn a_backup_restores_what_the_chain_cannot_give_back_on_another_machine() -> Result<()> {
    let program = program()?;
    let asked = program.ok(&["receive", "--amount", "25k", "--note", "rent"])?;
    program.ok(&["receive", "--new"])?;
    let created = program.ok(&["backup", "create", "main.backup"])?;
    ensure!(created["words"] == false && created["requests"] == 2, "{created}");
    let bytes = fs::read(program.file("main.backup"))?;
    for secret in ["rent", PASSWORD, "tpub"] {
        let shows = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        ensure!(!shows, "the file shows {secret}");
    }

    let elsewhere = Program::new(BILLFOLD)?;
    for file in ["main.backup", "words"] {
        fs::copy(program.file(file), elsewhere.file(file))?;
    }
    let watching = elsewhere.ok(&["--wallet", "watching", "backup", "restore", "main.backup"])?;
    ensure!(watching["signs"] == false, "{watching}");
    let whole = elsewhere.ok(&["backup", "restore", "main.backup", "--words-file", "words"])?;
    ensure!(whole["signs"] == true && whole["accounts"] == created["accounts"], "{whole}");
    elsewhere.ok(&["words", "check", "--words-file", "words"])?;
    for wallet in ["main", "watching"] {
        let addresses = elsewhere.ok(&["--wallet", wallet, "addresses"])?;
        let first = addresses.as_array().and_then(|all| all.last()).context("addresses")?;
        ensure!(first["address"] == asked["address"] && first["note"] == "rent", "{addresses}");
        ensure!(first["amount"] == 25_000, "{addresses}");
        let next = elsewhere.ok(&["--wallet", wallet, "receive", "--new"])?;
        ensure!(next["index"] == 2, "{next}");
    }
    Ok(())
}

#[test]
fn what_is_wrong_with_a_backup_is_named() -> Result<()> {
    let program = program()?;
    program.ok(&["backup", "create", "main.backup"])?;
    program.refused(1, "file_exists", &["backup", "create", "main.backup"])?;
    let whole = fs::read(program.file("main.backup"))?;
    let check = |bytes: &[u8], code, name| -> Result<Value> {
        fs::write(program.file("x"), bytes)?;
        program.refused(code, name, &["backup", "check", "x"])
    };
    check(&whole[..whole.len() / 2], 8, "backup_damaged")?;
    check(b"", 2, "not_a_backup")?;
    check(b"a shopping list", 2, "not_a_backup")?;
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    check(&flipped, 8, "backup_damaged")?;
    let refused = with_password(&program, OTHER, &["backup", "check", "main.backup"])?;
    refused.refused(5, "wrong_password")?;
    fs::write(program.file("bad"), "abandon ".repeat(11) + "about")?;
    let words = ["backup", "restore", "main.backup", "--words-file", "bad", "--wallet", "second"];
    program.refused(3, "words_differ", &words)?;
    program.refused(1, "wallet_exists", &["backup", "restore", "main.backup"])?;
    Ok(())
}

#[test]
fn guessing_waits_across_restarts_and_the_owner_still_gets_in() -> Result<()> {
    let program = program()?;
    for wrong in 1..=2 {
        with_password(&program, OTHER, &["balance"])?.refused(5, "wrong_password")?;
        let counted = fs::read_to_string(tries(&program))?;
        ensure!(counted.starts_with(&format!("{wrong} ")), "{counted}");
    }
    // As after more of them, the last one just now whatever the clock says.
    fs::write(tries(&program), "4 99999999999\n")?;
    let mut run = program.spawn(&["balance"])?;
    run.await_line("Too many wrong passwords: waiting 2 s.")?;
    ensure!(run.finish()?.code == Some(0));
    ensure!(!tries(&program).exists(), "the count is kept after the right password");
    Ok(())
}

/// Whatever the system's limits say, no core dump is written that could hold a key.
#[cfg(unix)]
#[test]
fn core_dumps_are_off_whatever_the_shell_allows() -> Result<()> {
    let program = program()?;
    let given = program.command(&["doctor"]);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "ulimit -S -c unlimited; exec \"$@\"", "sh"]).arg(given.get_program());
    shell.args(given.get_args()).env_clear().current_dir(program.file("."));
    let report = Running::start(shell)?.finish()?.json;
    let checks = report["checks"].as_array().context("checks")?;
    let memory = checks.iter().find(|check| check["check"] == "memory").context("memory")?;
    ensure!(memory["state"] == "good", "{memory}");
    Ok(())
}

#[test]
fn the_doctor_names_what_is_wrong_and_no_wallet() -> Result<()> {
    let program = program()?;
    ensure!(program.ok(&["doctor"])?["good"] == true);
    let header = program.data_dir().join("regtest/wallets/main.key");
    let bytes = fs::read(&header)?;
    fs::write(&header, &bytes[1..])?;
    let report = program.ok(&["doctor"])?;
    let checks = report["checks"].as_array().context("checks")?;
    let bad: Vec<_> = checks.iter().filter(|check| check["state"] == "bad").collect();
    ensure!(report["good"] == false && bad.len() == 1, "{report}");
    ensure!(bad[0]["check"] == "wallets", "{report}");
    let text = report.to_string();
    let home = program.data_dir().display().to_string();
    ensure!(!text.contains("main") && !text.contains(&home), "{text}");
    program.refused(8, "store_damaged", &["balance"]).map(drop)
}

fn tries(program: &Program) -> PathBuf {
    program.data_dir().join("regtest/wallets/main.tries")
}

fn timed(work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

/// Another password.
const OTHER: &str = "another-password";
