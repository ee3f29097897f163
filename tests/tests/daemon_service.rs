//! Owns the promise that a service manager can run the daemon: it says when it is ready and when it
//! ends, ends when asked, keeps a log that can be moved away, and comes with its pages.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::port::free_port;
use billfold_tests::program::{Program, Running};
use billfold_tests::town::Town;
use serde_json::json;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// Whom the payments go to.
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

#[test]
fn a_service_manager_is_told_when_it_serves_and_when_it_ends() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let place = program.file("notify");
    let manager = UnixDatagram::bind(&place)?;
    manager.set_read_timeout(Some(PATIENCE))?;
    let address = free_port()?;
    let mut command = program.command(&["daemon", "--rpc-port", &address.port().to_string()]);
    command.env("NOTIFY_SOCKET", &place);
    let mut running = Running::start(command)?;
    ensure!(heard(&manager)? == "READY=1");
    // Who is told so connects at once.
    std::net::TcpStream::connect(address)?;
    let cookie = Daemon::cookie(&program);
    ensure!(cookie.exists(), "it was ready without a cookie");
    running.await_line("JSON-RPC is served at ")?;
    signal(&running, "-TERM")?;
    ensure!(heard(&manager)? == "STOPPING=1");
    let outcome = running.finish()?;
    ensure!(outcome.code == Some(0) && !cookie.exists(), "{outcome:?}");
    Ok(())
}

#[test]
fn a_log_that_was_moved_away_is_opened_again_and_tells_nothing_of_the_wallet() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &["--fallback-fee", "0.00002"])?;
    daemon.await_height(town.network.tip().0)?;
    let address = daemon.call("getnewaddress", &json!(["a secret label"]))?;
    town.pay(&address, 10_000_000)?;
    daemon.await_height(town.network.tip().0)?;
    let txid = daemon.call("sendtoaddress", &json!([STRANGER, "0.2"]))?;

    let log = program.data_dir().join("regtest/billfold.log");
    let moved = log.with_extension("moved");
    fs::rename(&log, &moved)?;
    signal(&daemon.running, "-HUP")?;
    let is_open = || Ok(fs::read_to_string(&log).is_ok_and(|text| text.contains("opened again")));
    daemon.await_that("it never opened its log again", is_open)?;
    daemon.stop()?;

    let told = fs::read_to_string(&moved)? + &fs::read_to_string(&log)?;
    ensure!(told.contains("serving") && told.contains("closed"), "{told}");
    for secret in [&address, &txid, &json!(STRANGER), &json!("a secret label")] {
        let secret = secret.as_str().context("no text")?;
        ensure!(!told.contains(secret), "the log tells {secret}:\n{told}");
    }
    Ok(())
}

#[test]
fn each_command_has_a_page() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    let folder = program.file("man");
    fs::create_dir(&folder)?;
    program.ok(&["man", folder.to_str().context("a path")?])?;
    for (page, says) in [
        ("billfold.1", "validates its own chain"),
        ("billfold-daemon.1", "rpc\\-whitelist"),
        ("billfold-pay.1", "fee\\-rate"),
        ("billfold-psbt-create.1", "PSBT"),
    ] {
        let text = fs::read_to_string(folder.join(page)).context(page)?;
        ensure!(text.starts_with(".ie") && text.contains(says), "{page}: {text}");
    }
    let error = program.refused(1, "io", &["man", "/nowhere/at/all"])?;
    ensure!(error["message"].as_str().is_some_and(|text| text.contains("/nowhere")), "{error}");
    Ok(())
}

/// What the unit of systemd calls is what the program knows.
#[test]
fn the_unit_starts_what_is_there() -> Result<()> {
    let unit = include_str!("../../packaging/billfold.service");
    let value = |name: &str| unit.lines().find_map(|line| line.strip_prefix(name));
    ensure!(value("Type=") == Some("notify") && value("ExecReload=").is_some());
    let start = value("ExecStart=/usr/bin/billfold ").context("it starts nothing")?;
    let words: Vec<_> = start.split(' ').chain(["--help"]).collect();
    let said = Command::new(BILLFOLD).args(&words).output()?;
    ensure!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    for variable in ["BILLFOLD_NETWORK=signet", "BILLFOLD_CONNECT=127.0.0.1:38333"] {
        ensure!(unit.contains(variable), "{variable}");
    }
    Ok(())
}

/// The next thing that a service manager is told.
fn heard(manager: &UnixDatagram) -> Result<String> {
    let mut told = [0; 64];
    let length = manager.recv(&mut told)?;
    Ok(String::from_utf8(told[..length].to_vec())?)
}

fn signal(running: &Running, name: &str) -> Result<()> {
    let sent = Command::new("kill").args([name, &running.id().to_string()]).status()?;
    ensure!(sent.success(), "{sent}");
    Ok(())
}

/// A daemon that says nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(180);
