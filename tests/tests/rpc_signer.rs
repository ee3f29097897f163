//! Owns signing devices behind JSON-RPC, by Bitcoin Core's protocol of its `-signer`: the daemon lists
//! one and shows addresses on it, and a real Bitcoin Core pays by billfold's own program.
//!
//! The latter needs `BITCOIND_EXE`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::{Asker, Daemon};
use billfold_tests::node::Node;
use billfold_tests::node::rpc::{PASSWORD, USER};
use billfold_tests::node::software::{self, Software};
use billfold_tests::program::Program;
use billfold_tests::signer::{Signer, free_port};
use billfold_tests::town::Town;
use billfold_tests::vector_wallet::WORDS;
use bitcoin::{Address, Amount};
use serde_json::{Value, json};
use tempfile::TempDir;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// The command by which whoever speaks Core's protocol reaches a device.
fn command(device: &Signer) -> String {
    format!("{BILLFOLD} signer core --signer tcp:{}", device.address())
}

#[test]
fn the_daemon_lists_a_signer_and_shows_addresses_on_it() -> Result<()> {
    let town = Town::build()?;
    let device = Signer::agreeing(free_port()?, WORDS)?;
    let program = Program::connected(BILLFOLD, town.network.address())?;
    let place = format!("tcp:{}", device.address());
    program.ok(&["signer", "pair", "--signer", &place])?;
    program.ease()?;
    let daemon = Daemon::start(&program, &["--signer", &command(&device)])?;
    daemon.await_height(town.network.tip().0)?;
    let listed = daemon.call("enumeratesigners", &json!([]))?;
    let [one] = &listed["signers"].as_array().context("signers")?[..] else {
        anyhow::bail!("one signer, and not {listed}")
    };
    ensure!(one["fingerprint"] == "73c5da0a" && one["name"].is_string(), "{listed}");
    for kind in ["legacy", "p2sh-segwit", "bech32", "bech32m"] {
        let address = daemon.call("getnewaddress", &json!(["", kind]))?;
        let shown = daemon.call("walletdisplayaddress", &json!([address]))?;
        ensure!(shown == json!({"address": address}), "{kind}: {shown}");
    }
    daemon.refused(500, -5, "walletdisplayaddress", &json!(["nowhere"]))?;
    let told = daemon.refused(500, -1, "walletdisplayaddress", &json!([STRANGER]))?;
    ensure!(told == "There is no ScriptPubKeyManager for this address", "{told}");
    let own = daemon.call("getnewaddress", &json!([]))?;
    drop(device);
    ensure!(daemon.call("enumeratesigners", &json!([]))? == json!({"signers": []}));
    let told = daemon.refused(500, -1, "walletdisplayaddress", &json!([own]))?;
    ensure!(told == "No external signers found", "{told}");
    daemon.stop()?;

    let daemon = Daemon::start(&program, &[])?;
    for (method, params) in
        [("enumeratesigners", json!([])), ("walletdisplayaddress", json!([own]))]
    {
        let told = daemon.refused(500, -1, method, &params)?;
        ensure!(told.contains("--signer CMD"), "{told}");
    }
    daemon.stop()
}

#[test]
fn bitcoin_core_pays_by_billfolds_signer() -> Result<()> {
    let Some(Software::Core(core)) = software::core() else {
        skipped();
        return Ok(());
    };
    let device = Signer::agreeing(free_port()?, WORDS)?;
    let folder = TempDir::with_prefix("billfold-core-")?;
    let wrapper = folder.path().join("bitcoind");
    let signer = command(&device);
    fs::write(
        &wrapper,
        format!("#!/bin/sh\nexec '{}' \"$@\" -signer='{signer}'\n", core.display()),
    )?;
    fs::set_permissions(&wrapper, Permissions::from_mode(0o700))?;
    let mut node = Node::funded(Software::Core(wrapper), 10)?;
    let login = format!("{USER}:{PASSWORD}");
    let core = Asker { address: node.rpc_address(), login };
    let listed = core.call("enumeratesigners", &json!([]))?;
    ensure!(listed["signers"][0]["fingerprint"] == "73c5da0a", "{listed}");
    core.call(
        "createwallet",
        &json!({"wallet_name": "cold", "disable_private_keys": true, "external_signer": true}),
    )?;
    for kind in ["legacy", "p2sh-segwit", "bech32", "bech32m"] {
        let address = core.call("getnewaddress", &json!(["", kind]))?;
        let shown = core.call("walletdisplayaddress", &json!([address]))?;
        ensure!(shown["address"] == address, "{kind}: {shown}");
        let script = address.as_str().context("an address")?.parse::<Address<_>>()?;
        let script = script.assume_checked().script_pubkey();
        node.pay_confirmed(&[(script, Amount::from_sat(1_000_000))])?;
    }
    core.call("syncwithvalidationinterfacequeue", &json!([]))?;
    let sent = core.call("sendall", &json!([[STRANGER], null, "unset", 2]))?;
    ensure!(sent["complete"] == true, "{sent}");
    let txid: bitcoin::Txid = text(&sent["txid"])?.parse()?;
    ensure!(node.mempool()?.contains(&txid), "{sent}");
    let inputs = node.mempool_transaction(txid)?.input;
    ensure!(inputs.len() == 4, "all four types were signed for: {inputs:?}");
    Ok(())
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| value.to_string())
}

#[allow(clippy::print_stderr, reason = "a test that is not run says so")]
fn skipped() {
    eprintln!("skipped: needs BITCOIND_EXE, see docs/testing.md");
}
