//! Owns what the program says to wrong input, bad peers and bad disks: a clear error by name, the
//! promised exit code, and a wallet that is whole afterwards. And that secrets stay secret.
//!
//! The peers here live in this process; nothing needs to be installed.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billfold_tests::program::{PASSWORD, Program, Running};
use billfold_tests::town::Town;
use billfold_tests::vector_wallet;
use bitcoin::Amount;
use serde_json::Value;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
/// A program that has not come to its peer by now never will.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn wrong_words_are_named_by_their_place_and_make_no_wallet() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    let restore = ["restore", "--words-file", "words"];
    fs::write(program.file("words"), vector_wallet::WORDS.replacen(" abandon", " abandom", 4))?;
    let error = program.refused(2, "bad_words", &restore)?;
    ensure!(error["data"]["position"] == 2, "{error}");
    ensure!(!error.to_string().contains("abando"), "a word is told: {error}");

    fs::write(program.file("words"), "abandon about")?;
    let error = program.refused(2, "bad_words", &restore)?;
    ensure!(error["data"]["found"] == 2, "{error}");

    fs::write(program.file("words"), vector_wallet::WORDS.replace("about", "abandon"))?;
    program.refused(2, "wrong_checksum", &restore)?;
    program.refused(1, "no_such_wallet", &["balance"])?;

    fs::write(program.file("words"), vector_wallet::WORDS)?;
    let restored = program.ok(&restore)?;
    ensure!(restored["fingerprint"] == "73c5da0a", "{restored}");
    Ok(())
}

#[test]
fn a_wrong_password_opens_nothing_and_breaks_nothing() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    let password = fs::read(program.file("password"))?;
    for wrong in ["wrong\n".to_owned(), format!("{PASSWORD} \n")] {
        fs::write(program.file("password"), wrong)?;
        program.refused(5, "wrong_password", &["balance"])?;
        program.refused(5, "wrong_password", &["receive"])?;
    }
    fs::write(program.file("password"), "\n")?;
    program.refused(2, "bad_password", &["balance"])?;
    fs::write(program.file("password"), password)?;
    ensure!(program.ok(&["balance"])?["confirmed"] == 0);
    Ok(())
}

#[test]
fn a_second_wallet_of_the_same_name_does_not_replace_the_first() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    let address = program.ok(&["receive"])?;
    program.refused(1, "wallet_exists", &["new", "--words-out", "others"])?;
    ensure!(!program.file("others").exists(), "words of a wallet that was not made");
    program.refused(1, "file_exists", &["--wallet", "other", "new", "--words-out", "words"])?;
    ensure!(program.ok(&["receive"])? == address);
    Ok(())
}

#[test]
fn what_cannot_be_paid_is_refused_with_its_reason() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 100_000)?;
    let mainnet = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
    let pay = |code, name, to, amount| {
        program.refused(code, name, &["pay", to, amount, "--fee-rate", "2", "--yes"])
    };
    pay(2, "wrong_network", mainnet, "10k")?;
    pay(2, "invalid_address", "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt081", "10k")?;
    pay(2, "bad_amount", STRANGER, "0.5")?;
    pay(2, "bad_amount", STRANGER, "1,5k")?;
    let error = pay(3, "dust", STRANGER, "100")?;
    ensure!(error["data"]["least"] == 294, "{error}");
    let error = pay(4, "insufficient_funds", STRANGER, "100k")?;
    ensure!(error["data"]["available"] == 100_000, "{error}");
    program.refused(3, "refused", &["pay", STRANGER, "10k", "--fee-rate", "2"])?;

    ensure!(town.network.mempool().is_empty(), "a refused payment was sent");
    let coins = program.ok(&["coins"])?;
    ensure!(coins[0]["reserved"] == false, "a refused payment holds its coin: {coins}");
    pay_ok(&program, "max")?;
    Ok(())
}

#[test]
fn a_key_of_one_payment_is_refused_for_another() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 100_000)?;
    let pay = |amount| ["pay", STRANGER, amount, "--yes", "--idempotency-key", "k"];
    let first = program.ok(&pay("10k"))?;
    ensure!(program.ok(&pay("10k"))?["txid"] == first["txid"]);
    program.refused(3, "key_reused", &pay("11k"))?;
    ensure!(town.network.mempool().len() == 1);
    Ok(())
}

#[test]
fn a_peer_that_is_not_there_is_told() -> Result<()> {
    let mut program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    program.refused(6, "no_peer", &["sync"])?;
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    program.connect_to(closed);
    let error = program.refused(6, "peer_unreachable", &["sync"])?;
    ensure!(error["message"].as_str().is_some_and(|m| m.contains(&closed.to_string())), "{error}");
    ensure!(program.ok(&["balance"])?["confirmed"] == 0);
    Ok(())
}

#[test]
fn a_port_that_speaks_http_is_told() -> Result<()> {
    let mut program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    program.connect_to(listener.local_addr()?);
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 24];
            let page = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            // A client that leaves early is what this is about.
            let _ =
                stream.read_exact(&mut request).and_then(|()| stream.write_all(page.as_bytes()));
        }
    });
    program.refused(6, "peer_refused", &["sync"])?;
    Ok(())
}

#[test]
fn a_peer_that_says_nothing_ends_in_a_timeout() -> Result<()> {
    let mut program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    let (address, _accepted) = silent_peer()?;
    program.connect_to(address);
    program.refused(6, "sync_timeout", &["sync", "--timeout", "2"])?;
    Ok(())
}

#[test]
fn a_directory_in_use_names_the_process_that_uses_it() -> Result<()> {
    let mut program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    let (address, accepted) = silent_peer()?;
    program.connect_to(address);
    let mut holder = program.spawn(&["sync"])?;
    accepted.recv_timeout(PATIENCE).context("the first process never came to its peer")?;

    let error = program.refused(1, "dir_in_use", &["balance"])?;
    ensure!(
        error["data"]["pid"] == holder.id() && error["data"]["program"] == "billfold",
        "{error}"
    );
    holder.kill()?;
    ensure!(program.ok(&["balance"])?["confirmed"] == 0, "a dead process still holds the lock");
    Ok(())
}

#[test]
fn a_read_only_disk_is_told_and_nothing_is_lost() -> Result<()> {
    if !may_mount() {
        eprintln!("skipped: needs the right to mount in a user namespace");
        return Ok(());
    }
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 100_000)?;
    let read_only = "mount --bind data data && mount -o remount,ro,bind data";
    for command in [&["receive", "--new"][..], &["sync"], &["pay", STRANGER, "10k", "--yes"]] {
        within(&program, read_only, "true", command)?.refused(1, "read_only")?;
    }
    ensure!(town.network.mempool().is_empty(), "a payment was sent that could not be stored");
    ensure!(program.ok(&["balance"])?["confirmed"] == 100_000);
    pay_ok(&program, "10k")?;
    Ok(())
}

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() -> Result<()> {
    if !may_mount() {
        eprintln!("skipped: needs the right to mount in a user namespace");
        return Ok(());
    }
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 100_000)?;
    fs::rename(program.data_dir(), program.file("before"))?;
    fs::create_dir(program.data_dir())?;
    // A small disk with the wallet on it, filled to the last byte.
    let full = "mount -t tmpfs -o size=16m none data && cp -a before/. data/ \
                && { cat /dev/zero > data/filler 2>/dev/null || true; }";
    let keep = "rm data/filler; rm -rf after; cp -a data after";
    let outcome = within(&program, full, keep, &["pay", STRANGER, "10k", "--yes"])?;
    outcome.refused(1, "disk_full")?;
    ensure!(town.network.mempool().is_empty(), "a payment was sent that could not be stored");

    fs::remove_dir(program.data_dir())?;
    fs::rename(program.file("after"), program.data_dir())?;
    ensure!(program.ok(&["balance"])?["confirmed"] == 100_000);
    pay_ok(&program, "10k")?;
    Ok(())
}

#[test]
fn a_damaged_wallet_file_is_told_apart_from_a_wrong_password() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    let file = program.data_dir().join("regtest/wallets/main.db");
    let whole = fs::read(&file)?;
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[..middle].fill(0xa5);
    fs::write(&file, damaged)?;
    let error = program.refused(8, "store_damaged", &["balance"])?;
    let advice = error["message"].as_str().context("no message")?;
    ensure!(advice.contains("restore a backup or the words under another name"), "{advice}");
    // One bit of a page that no question of this moment reads is found, and the report is kept.
    let mut bent = whole.clone();
    *bent.last_mut().context("an empty file")? ^= 1;
    for (bytes, state) in [(bent, "bad"), (whole.clone(), "good")] {
        fs::write(&file, bytes)?;
        let report = program.ok(&["doctor", "--online"])?;
        let checks = report["checks"].as_array().context("no checks")?;
        let contents = checks.iter().find(|check| check["check"] == "contents");
        ensure!(contents.is_some_and(|check| check["state"] == state), "{report}");
        ensure!(checks.iter().any(|check| check["check"] == "peers"), "{report}");
    }
    fs::write(&file, whole)?;
    ensure!(program.ok(&["balance"])?["confirmed"] == 0);
    Ok(())
}

#[test]
fn a_full_disk_for_filters_stops_nothing() -> Result<()> {
    if !may_mount() {
        eprintln!("skipped: needs the right to mount in a user namespace");
        return Ok(());
    }
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 100_000)?;
    let address = program.ok(&["receive"])?["address"].as_str().context("no address")?.to_owned();
    let script = address.parse::<bitcoin::Address<_>>()?.assume_checked().script_pubkey();
    town.network.pay(&script, Amount::from_sat(30_000))?;
    town.network.mine(1, &script);
    let full = "mount -t tmpfs -o size=4k none data/regtest/filters \
                && { cat /dev/zero > data/regtest/filters/filler 2>/dev/null || true; }";
    let outcome = within(&program, full, "true", &["-v", "sync"])?;
    ensure!(outcome.stderr.contains("takes no filters"), "nobody was told: {}", outcome.stderr);
    ensure!(program.ok(&["balance"])?["confirmed"] == 130_000);
    ensure!(program.ok(&["rescan"])?["height"] == town.network.tip().0);
    ensure!(program.ok(&["balance"])?["confirmed"] == 130_000);
    Ok(())
}

#[test]
fn secrets_and_the_watch_list_stay_inside() -> Result<()> {
    let town = Town::build()?;
    let program = Program::connected(BILLFOLD, town.network.address())?;
    let mut told = Vec::new();
    let mut run = |arguments: &[&str]| -> Result<Value> {
        let outcome = program.run(&[&["-v", "-v"], arguments].concat())?;
        told.extend([outcome.json.to_string(), outcome.stderr]);
        Ok(outcome.json)
    };
    run(&["new", "--words-out", "words"])?;
    let address = run(&["receive"])?["address"].as_str().context("no address")?.to_owned();
    let script = address.parse::<bitcoin::Address<_>>()?.assume_checked().script_pubkey();
    town.network.pay(&script, Amount::from_sat(100_000))?;
    town.network.mine(1, &script);
    run(&["sync"])?;
    run(&["pay", STRANGER, "10k", "--fee-rate", "2", "--yes"])?;
    fs::write(program.file("password"), "wrong\n")?;
    run(&["pay", STRANGER, "10k", "--yes"])?;

    let told = told.join("\n");
    let words = fs::read_to_string(program.file("words"))?;
    let words = words.trim();
    ensure!(words.split_whitespace().count() == 12, "no words to look for");
    ensure!(!told.contains(PASSWORD) && !told.contains(words), "a secret was told:\n{told}");

    for (path, bytes) in files(&program.data_dir())? {
        let path = path.display().to_string();
        ensure!(!contains(&bytes, PASSWORD.as_bytes()), "{path} holds the password");
        ensure!(!contains(&bytes, words.as_bytes()), "{path} holds the words");
        ensure!(!contains(&bytes, script.as_bytes()), "{path} holds a script of the wallet");
        ensure!(!contains(&bytes, address.as_bytes()), "{path} holds an address of the wallet");
    }
    Ok(())
}

#[test]
fn no_secret_stands_in_the_list_of_processes() -> Result<()> {
    let mut program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    let (address, accepted) = silent_peer()?;
    program.connect_to(address);
    let holder = program.spawn(&["sync"])?;
    accepted.recv_timeout(PATIENCE).context("it never came to its peer")?;
    for file in ["cmdline", "environ"] {
        let shown = fs::read(format!("/proc/{}/{file}", holder.id()))?;
        ensure!(!shown.is_empty() || file == "environ");
        ensure!(!contains(&shown, PASSWORD.as_bytes()), "the password is in {file}");
    }
    Ok(())
}

fn pay_ok(program: &Program, amount: &str) -> Result<Value> {
    program.ok(&["pay", STRANGER, amount, "--fee-rate", "2", "--yes"])
}

/// A peer that takes connections and never says a word; it tells of each.
fn silent_peer() -> Result<(SocketAddr, Receiver<()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let (tell, accepted) = mpsc::channel();
    thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming().map_while(Result::ok) {
            kept.push(stream);
            // The test may have seen enough.
            let _ = tell.send(());
        }
    });
    Ok((address, accepted))
}

/// Whether a test may mount in namespaces of its own, as it may not in some containers.
fn may_mount() -> bool {
    let mut probe = namespace();
    probe.arg("mount -t tmpfs none /mnt").output().is_ok_and(|output| output.status.success())
}

fn namespace() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-ec"]);
    command
}

/// Runs a command after `before` and before `after`, shell scripts in mounts of their own.
fn within(
    program: &Program,
    before: &str,
    after: &str,
    arguments: &[&str],
) -> Result<billfold_tests::program::Outcome> {
    let inner = program.command(arguments);
    let mut command = namespace();
    command.arg(format!("{before}; code=0; \"$@\" || code=$?; {after}; exit $code")).arg("sh");
    command.arg(inner.get_program()).args(inner.get_args());
    if let Some(folder) = inner.get_current_dir() {
        command.current_dir(folder);
    }
    command.env("HOME", program.file(""));
    Running::start(command)?.finish()
}

fn files(folder: &Path) -> Result<Vec<(std::path::PathBuf, Vec<u8>)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.is_file() {
            found.push((path.clone(), fs::read(&path)?));
        }
    }
    Ok(found)
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
