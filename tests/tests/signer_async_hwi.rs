//! Owns the promise that Liana's way works: `async-hwi`'s client for Jade asks our signer all that it can,
//! with the policy that Liana makes, an heir after a wait; what is signed is sent.
//!
//! Run only with `BILLFOLD_REQUIRE_ASYNC_HWI=1`, as `.ci/run` does; then what is missing is a failure.

use anyhow::{Context, Result, ensure};
use billfold_tests::async_hwi::{self, AsyncHwi};
use billfold_tests::program::Program;
use billfold_tests::signer::{Signer, free_port};
use billfold_tests::town::Town;
use billfold_tests::vector_wallet::WORDS;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// The master key's fingerprint of [`WORDS`].
const FINGERPRINT: &str = "73c5da0a";

/// Whom the payments go to.
const PAYEE: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// The heir's key, whose words nobody has here.
const HEIR: &str = "[adb65d6a/48'/1'/0'/2']tpubDF2nzxPJG17hqCyq8fSNuigcbReuV7NFJs1Ua6xrTu2xDKzJRhEgNECUJb2tZgpmtg4PQiVaQCeV4hM5FyigcB6hizaVCBR1yns4riEYHM4";

#[test]
fn the_other_library_asks_all_that_it_can_and_its_payments_are_sent() -> Result<()> {
    if !async_hwi::is_required() {
        skipped();
        return Ok(());
    }
    let library = AsyncHwi::build()?;
    let signer = Signer::agreeing(free_port()?, WORDS)?;
    let place = format!("tcp:{}", signer.address());
    let ask = |question: &[&str], input: &str| library.ask(&place, question, input);

    let keys = ask(&["keys", "m/48'/1'/0'/2'"], "")?;
    ensure!(keys["fingerprint"] == FINGERPRINT, "{keys}");
    ensure!(keys["version"] == "1.0.40-billfold", "{keys}");
    let key = keys["xpub"].as_str().context("a key")?;
    let own = format!("[{FINGERPRINT}/48'/1'/0'/2']{key}");
    let policy = format!("wsh(or_d(pk({own}/<0;1>/*),and_v(v:pkh({HEIR}/<0;1>/*),older(144))))");

    let registered = ask(&["register", "liana", &policy], "")?;
    ensure!(registered["before"] == false && registered["after"] == true, "{registered}");
    let again = ask(&["register", "liana", &policy], "")?;
    ensure!(again["before"] == true && again["after"] == true, "{again}");
    ask(&["display", "liana", "7"], "")?;
    let unknown = ask(&["display", "nobody", "7"], "");
    ensure!(unknown.is_err(), "a policy that was never registered has no addresses: {unknown:?}");

    pay(&policy, &ask)?;
    // An account of one key needs no policy.
    let single = ask(&["keys", "m/84'/1'/0'"], "")?["xpub"].as_str().context("a key")?.to_owned();
    pay(&format!("wpkh([{FINGERPRINT}/84'/1'/0']{single}/<0;1>/*)"), &ask)
}

/// Receives on a descriptor, and pays from it with the library's signatures.
fn pay(descriptor: &str, ask: &impl Fn(&[&str], &str) -> Result<serde_json::Value>) -> Result<()> {
    let town = Town::build()?;
    let program = Program::connected(BILLFOLD, town.network.address())?;
    program.ok(&["watch", descriptor, "--birthday", "0"])?;
    program.ease()?;
    for _ in 0..2 {
        town.pay(&program.ok(&["receive", "--new"])?["address"], 50_000)?;
    }
    program.ok(&["sync"])?;
    let draft = program.ok(&["psbt", "create", PAYEE, "80000", "--fee-rate", "2"])?;
    let signed = ask(&["sign"], draft["psbt"].as_str().context("a PSBT")?)?;
    let signed = signed["psbt"].as_str().context("a PSBT")?;
    let sent = program.ok(&["psbt", "announce", signed, "--yes"])?;
    ensure!(sent["state"] == "announced", "{sent}");
    ensure!(sent["inputs"].as_array().is_some_and(|inputs| inputs.len() == 2), "{sent}");
    Ok(())
}

#[allow(clippy::print_stderr, reason = "a test that is not run says so")]
fn skipped() {
    eprintln!("skipped: BILLFOLD_REQUIRE_ASYNC_HWI=1 builds the other library for it");
}
