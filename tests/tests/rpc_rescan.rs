//! Owns rescans by JSON-RPC, asked of the real daemon: under Bitcoin Core's names, and as operations
//! that are there after a restart.

use anyhow::{Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::town::Town;
use corepc_types::v31;
use serde_json::json;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

#[test]
fn a_rescan_is_answered_when_it_has_ended_and_lowers_nothing() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    let tip = town.network.tip().0;
    daemon.await_height(tip)?;
    let told: v31::RescanBlockchain = daemon.read("rescanblockchain", &json!([]))?;
    ensure!((told.start_height, told.stop_height) == (0, tip), "{told:?}");
    let told = daemon.call("rescanblockchain", &json!({"start_height": 3, "stop_height": 5}))?;
    ensure!(told == json!({"start_height": 3, "stop_height": 5}), "{told}");
    ensure!(daemon.call("getblockcount", &json!([]))? == tip);
    ensure!(daemon.call("getbalance", &json!([]))? == json!(0.5));
    ensure!(daemon.call("getwalletinfo", &json!([]))?["scanning"] == json!(false));
    ensure!(daemon.call("abortrescan", &json!([]))? == json!(false), "nothing goes on");

    let wrong = [
        (json!([-1]), "Invalid start_height"),
        (json!([tip + 1]), "Invalid start_height"),
        (json!([0, tip + 1]), "Invalid stop_height"),
        (json!([0, -1]), "Invalid stop_height"),
        (json!([5, 4]), "stop_height must be greater than start_height"),
    ];
    for (params, text) in wrong {
        let told = daemon.refused(500, -8, "rescanblockchain", &params)?;
        ensure!(told == text, "{params}: {told}");
    }
    daemon.refused(500, -3, "rescanblockchain", &json!(["x"]))?;
    daemon.stop()
}

/// The network is gone, so that the rescan can't end: a block that it wants again is with nobody.
#[test]
fn scripts_read_and_are_given_addresses_while_a_rescan_goes_on() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    let questions = [
        ("getblockcount", json!([])),
        ("getbalance", json!([])),
        ("getbalances", json!([])),
        ("listunspent", json!([])),
        ("listtransactions", json!([])),
        ("listsinceblock", json!([])),
        ("listreceivedbyaddress", json!([])),
        ("billfold.history", json!([])),
        ("billfold.utxos", json!([])),
    ];
    let ask = || -> Result<Vec<_>> {
        questions.iter().map(|(method, params)| daemon.call(method, params)).collect()
    };
    let before = ask()?;
    drop(town);
    let begun = daemon.call("billfold.rescan", &json!({"from_height": 0}))?;
    let is_running = || -> Result<bool> {
        Ok(daemon.call("billfold.op.get", &json!([begun["op"]]))?["state"] == "running")
    };
    ensure!(is_running()?, "{begun}");
    ensure!(ask()? == before, "a rescan takes nothing away");
    daemon.call("getnewaddress", &json!([]))?;
    ensure!(ask()?[..6] == before[..6]);
    ensure!(is_running()?, "it ended, so that nothing was tested");
    daemon.stop()
}

#[test]
fn an_operation_is_asked_for_by_its_number_after_a_restart() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    let begun = daemon.call("billfold.rescan", &json!({"from_height": 1}))?;
    ensure!(begun["op"] == 1 && begun["kind"] == "rescan", "{begun}");
    let ended = daemon.call("billfold.op.wait", &json!([1]))?;
    ensure!(ended["state"] == "done" && ended["from_height"] == 1, "{ended}");
    let begun = daemon.call("billfold.rescan", &json!({"from_time": 1, "wait_ms": 60_000}))?;
    ensure!(begun["op"] == 2 && begun["state"] == "done", "{begun}");
    ensure!(daemon.call("billfold.op.cancel", &json!([2]))? == begun, "it had ended");
    daemon.refused(500, -8, "billfold.op.get", &json!([3]))?;
    daemon.refused(500, -8, "billfold.op.cancel", &json!([-1]))?;
    for params in [json!({}), json!({"from_time": 1, "from_height": 1}), json!({"from_time": -1})] {
        daemon.refused(500, -8, "billfold.rescan", &params)?;
    }
    daemon.refused(500, -8, "billfold.rescan", &json!({"from_height": 1_000_000}))?;
    daemon.stop()?;
    let daemon = Daemon::start(&program, &[])?;
    ensure!(daemon.call("billfold.op.get", &json!([1]))? == ended);
    daemon.stop()
}
