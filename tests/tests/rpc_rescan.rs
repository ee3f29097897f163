//! Owns rescans by JSON-RPC, asked of the real daemon: under Bitcoin Core's names, and as operations
//! that are there after a restart.

use std::fs;

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::node::{Node, on_each_node};
use billfold_tests::program::Program;
use billfold_tests::town::Town;
use billfold_tests::vector_wallet;
use bitcoin::consensus::encode::serialize_hex;
use bitcoin::merkle_tree::MerkleBlock;
use bitcoin::{Address, Amount};
use corepc_types::v31;
use serde_json::{Value, json};

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

/// A wallet with known words that looks from a height on.
fn restored(node: &Node, birthday: u32) -> Result<(Program, Daemon)> {
    let program = Program::connected(BILLFOLD, node.address())?;
    fs::write(program.file("words"), vector_wallet::WORDS)?;
    program.ok(&["restore", "--words-file", "words", "--birthday", &birthday.to_string()])?;
    program.ease()?;
    let daemon = Daemon::start(&program, &["--fallback-fee", "0.00001"])?;
    daemon.await_height(node.tip()?.0)?;
    Ok((program, daemon))
}

/// Were a proven payment recorded by itself, what was spent of it would be shown as still there.
#[test]
fn a_payment_that_is_proven_is_found_with_what_spends_it() {
    on_each_node(|software| {
        let mut node = Node::funded(software, 0)?;
        let (_program, daemon) = restored(&node, 0)?;
        let address = daemon.call("getnewaddress", &json!([]))?;
        let address: Address<_> = address.as_str().context("an address")?.parse()?;
        let script = address.clone().assume_checked().script_pubkey();
        let txid = node.pay_confirmed(&[(script, Amount::from_sat(70_000))])?;
        let (height, hash) = node.tip()?;
        daemon.await_height(height)?;
        let stranger = "bcrt1qjqmxmkpmxt80xz4y3746zgt0q3u3ferr34acd5";
        let spend = daemon.call("sendtoaddress", &json!([stranger, 0.0003]))?;
        node.await_in_mempool(spend.as_str().context("a txid")?.parse()?)?;
        node.mine(2)?;
        daemon.await_height(height + 2)?;
        let balance = daemon.call("getbalance", &json!([]))?;
        daemon.stop()?;

        let block = node.block(hash)?;
        let paid = block.txdata.iter().find(|one| one.compute_txid() == txid).context("it")?;
        let proof = |wanted| MerkleBlock::from_block_with_predicate(&block, |one| *one == wanted);
        let raw = serialize_hex(paid);
        let shown = json!([raw, serialize_hex(&proof(txid))]);
        let (_program, daemon) = restored(&node, height + 2)?;
        ensure!(daemon.call("getbalance", &json!([]))? != balance, "it began below");
        let coinbase = &block.txdata[0];
        let other = serialize_hex(&proof(coinbase.compute_txid()));
        let mut foreign = proof(txid);
        foreign.header.time += 1;
        let mut bent = proof(txid);
        bent.header.merkle_root = bitcoin::TxMerkleNode::from_raw_hash(txid.to_raw_hash());
        for (code, arguments, text) in [
            (
                -22,
                json!(["00", shown[1]]),
                "TX decode failed. Make sure the tx has at least one input.",
            ),
            (-8, json!([raw, "x"]), "proof must be hexadecimal string (not 'x')"),
            (-5, json!([raw, serialize_hex(&bent)]), "Something wrong with merkleblock"),
            (-5, json!([raw, serialize_hex(&foreign)]), "Block not found in chain"),
            (-5, json!([raw, other]), "Transaction given doesn't exist in proof"),
            (
                -5,
                json!([serialize_hex(coinbase), other]),
                "No addresses in wallet correspond to included transaction",
            ),
        ] {
            let said = daemon.refused(500, code, "importprunedfunds", &arguments)?;
            ensure!(said == text, "{said}");
        }
        ensure!(daemon.call("importprunedfunds", &shown)?.is_null());
        ensure!(daemon.call("getbalance", &json!([]))? == balance, "the spend is missing");
        let told: Value = daemon.call("gettransaction", &json!([txid.to_string()]))?;
        ensure!(told["blockhash"] == hash.to_string(), "{told}");
        ensure!(daemon.call("importprunedfunds", &shown)?.is_null(), "it is known");
        let said = daemon.refused(404, -32601, "removeprunedfunds", &json!([txid.to_string()]))?;
        ensure!(said.contains("abandontransaction"), "{said}");
        daemon.stop()
    });
}
