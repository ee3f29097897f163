//! Owns the promise that a shop can be run by a shell script (`docs/shop.sh`): an invoice is paid and
//! waited for, and a payout whose answer was lost is asked for again and made once.
//!
//! Without curl there is no script to run; then the test says so.

use std::process::{Command, Output};
use std::thread;

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::program::Program;
use billfold_tests::town::Town;
use serde_json::{Value, json};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/shop.sh");

/// Whom the payouts go to.
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

#[test]
fn an_order_is_paid_and_a_payout_is_made_once() -> Result<()> {
    if Command::new("curl").arg("--version").output().is_err() {
        skipped();
        return Ok(());
    }
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &["--fallback-fee", "0.00002"])?;
    daemon.await_height(town.network.tip().0)?;

    let invoice = told(&shop(&program, &daemon, &["invoice", "17", "250000"]).output()?)?;
    let again = told(&shop(&program, &daemon, &["invoice", "17", "250000"]).output()?)?;
    let other = told(&shop(&program, &daemon, &["invoice", "18", "250000"]).output()?)?;
    ensure!(invoice == again && invoice != other, "{invoice} {again} {other}");
    let (number, uri) = invoice.split_once(' ').context("no number")?;
    let address = uri.strip_prefix("bitcoin:").and_then(|uri| uri.split('?').next());
    let address = json!(address.context("no address")?);
    let mut waiting = shop(&program, &daemon, &["wait", number]);
    let waiting = thread::spawn(move || waiting.output());
    town.pay(&address, 100_000)?;
    town.pay(&address, 150_000)?;
    ensure!(told(&waiting.join().ok().context("nobody waited")??)? == "paid exact");

    // The shop gives up before it can be answered; whether it was paid, it can't know.
    let payout = ["payout", "refund-17", STRANGER, "20000"];
    let hasty = shop(&program, &daemon, &payout).env("SHOP_PATIENCE", "0.002").output()?;
    ensure!(matches!(hasty.status.code(), Some(0 | 75)), "{hasty:?}");
    let txid = told(&shop(&program, &daemon, &payout).output()?)?;
    ensure!(told(&shop(&program, &daemon, &payout).output()?)? == txid, "the same again");
    let changed = ["payout", "refund-17", STRANGER, "20001"];
    let refused = shop(&program, &daemon, &changed).output()?;
    ensure!(refused.status.code() == Some(1), "another payment by the same key: {refused:?}");
    for wrong in ["010000", "5+5", "0x10", "0", "-1", "1e5", " 1", "", "99999999999999999"] {
        for words in [["payout", "r18", STRANGER, wrong].as_slice(), &["invoice", "19", wrong]] {
            let refused = shop(&program, &daemon, words).output()?;
            ensure!(refused.status.code() == Some(2), "{words:?}: {refused:?}");
        }
    }
    let list = daemon.call("listtransactions", &json!(["*", 100]))?;
    let sent = list.as_array().context("no list")?.iter().filter(|item| item["category"] == "send");
    let sent: Vec<_> = sent.map(|item| (&item["txid"], &item["amount"])).collect();
    ensure!(sent == [(&Value::from(txid), &json!(-0.0002))], "{sent:?}");
    daemon.stop()
}

/// The script, with what it must know.
fn shop(program: &Program, daemon: &Daemon, words: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.arg(SCRIPT).args(words);
    command.env("SHOP_URL", format!("http://{}/wallet/main", daemon.address));
    command.env("SHOP_COOKIE", Daemon::cookie(program));
    command
}

fn told(output: &Output) -> Result<String> {
    ensure!(output.status.success(), "{output:?}");
    Ok(str::from_utf8(&output.stdout)?.trim().to_owned())
}

#[allow(clippy::print_stderr, reason = "a test that is not run says so")]
fn skipped() {
    eprintln!("skipped: needs curl");
}
