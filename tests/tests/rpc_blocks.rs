//! Owns what the daemon tells of whole blocks: what a real node of the same chain tells, and nothing
//! at all unless its owner lets it ask peers.

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::node::software::Software;
use billfold_tests::node::{Node, on_each_node};
use billfold_tests::program::Program;
use billfold_tests::town::Town;
use bitcoin::{Address, Amount};
use corepc_types::v31;
use serde_json::{Value, json};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

#[test]
fn a_block_and_its_proofs_are_those_of_a_real_node() {
    on_each_node(|software| {
        let is_core = matches!(software, Software::Core(_));
        let node = Node::funded(software, 0)?;
        let program = Program::connected(BILLFOLD, node.address())?;
        program.ok(&["new", "--words-out", "words"])?;
        program.ease()?;
        let daemon = Daemon::start(&program, &["--rpc-fetch-blocks"])?;
        let (tip, hash) = node.tip()?;
        daemon.await_height(tip)?;

        let (hash, parent) = (hash.to_string(), node.hash_at(tip - 1)?.to_string());
        let block: v31::GetBlockVerboseOne = daemon.read("getblock", &json!([hash]))?;
        ensure!(block.n_tx == 1 && block.tx.len() == 1 && block.confirmations == 1, "{block:?}");
        let hex = daemon.call("getblock", &json!([hash, 0]))?;
        ensure!(hex == node.call("getblock", &json!([hash, 0]))?);
        ensure!(hex == daemon.call("getblock", &json!([hash, false]))?);
        let txid = &block.tx[0];
        // A coinbase of others, by its block; without the block nothing is known of it.
        let raw = daemon.call("getrawtransaction", &json!([txid, 0, hash]))?;
        ensure!(hex.as_str().context("hex")?.contains(raw.as_str().context("hex")?));
        daemon.refused(500, -5, "getrawtransaction", &json!([txid]))?;
        let said = daemon.refused(500, -5, "getrawtransaction", &json!([txid, 0, parent]))?;
        ensure!(said.starts_with("No such transaction found in the provided block"), "{said}");

        let proof = daemon.call("gettxoutproof", &json!([[txid], hash]))?;
        ensure!(daemon.call("verifytxoutproof", &json!([proof]))? == json!([txid]));
        daemon.refused(500, -5, "gettxoutproof", &json!([[txid], parent]))?;
        daemon.refused(500, -5, "gettxoutproof", &json!([[txid]]))?;
        daemon.refused(500, -8, "gettxoutproof", &json!([[]]))?;
        let twice = daemon.refused(500, -8, "gettxoutproof", &json!([[txid, txid], hash]))?;
        ensure!(twice == format!("Invalid parameter, duplicated txid: {txid}"), "{twice}");
        daemon.refused(500, -5, "getblock", &json!(["00".repeat(32)]))?;
        daemon.refused(500, -1, "verifytxoutproof", &json!(["00"]))?;
        if is_core {
            ensure!(proof == node.call("gettxoutproof", &json!([[txid], hash]))?);
            ensure!(node.call("verifytxoutproof", &json!([proof]))? == json!([txid]));
            for verbosity in [1, 2] {
                let ours = daemon.call("getblock", &json!([parent, verbosity]))?;
                same_block(ours, node.call("getblock", &json!([parent, verbosity]))?)?;
            }
            let ours = daemon.call("getrawtransaction", &json!([txid, 1, hash]))?;
            ensure!(ours == node.call("getrawtransaction", &json!([txid, 1, hash]))?, "{ours}");
        }
        daemon.stop()
    });
}

#[test]
fn no_peer_is_asked_for_a_block_unless_the_owner_lets_it() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    let hash = daemon.call("getbestblockhash", &json!([]))?;
    let before: v31::GetNetTotals = daemon.read("getnettotals", &json!([]))?;
    let txid = "11".repeat(32);
    for (method, arguments) in [
        ("getblock", json!([hash])),
        ("gettxoutproof", json!([[txid], hash])),
        ("verifytxoutproof", json!(["00"])),
        ("getrawtransaction", json!([txid, 1, hash])),
    ] {
        let said = daemon.refused(404, -32601, method, &arguments)?;
        ensure!(said.contains("--rpc-fetch-blocks"), "{said}");
    }
    let after: v31::GetNetTotals = daemon.read("getnettotals", &json!([]))?;
    ensure!(before.total_bytes_received <= after.total_bytes_received);

    // What the wallet's own transactions are is known without.
    let list: v31::ListTransactions = daemon.read("listtransactions", &json!([]))?;
    let own = list.0.first().map(|one| one.txid.clone()).context("a payment")?;
    ensure!(daemon.call("getrawtransaction", &json!([own]))?.is_string());
    let pool: v31::GetMempoolInfo = daemon.read("getmempoolinfo", &json!([]))?;
    ensure!(pool.size == 0 && pool.mempool_min_fee > 0.0, "{pool:?}");
    daemon.stop()
}

#[test]
fn a_block_that_is_invalidated_leaves_the_wallet_until_it_is_reconsidered() {
    on_each_node(|software| {
        let mut node = Node::funded(software, 0)?;
        let program = Program::connected(BILLFOLD, node.address())?;
        program.ok(&["new", "--words-out", "words"])?;
        program.ease()?;
        let daemon = Daemon::start(&program, &[])?;
        let address = daemon.call("getnewaddress", &json!([]))?;
        let address: Address<_> = address.as_str().context("an address")?.parse()?;
        let script = address.assume_checked().script_pubkey();
        node.pay_confirmed(&[(script, Amount::from_sat(70_000))])?;
        let (tip, hash) = node.tip()?;
        daemon.await_height(tip)?;
        let hash = json!([hash.to_string()]);
        ensure!(daemon.call("getbalance", &json!([]))? == json!(0.0007));

        ensure!(daemon.call("invalidateblock", &hash)?.is_null());
        daemon.await_height(tip - 1)?;
        ensure!(daemon.call("getbalance", &json!([]))? == json!(0.0));
        node.mine(1)?;
        daemon.call("syncwithvalidationinterfacequeue", &json!([]))?;
        ensure!(
            daemon.call("getblockcount", &json!([]))? == tip - 1,
            "what stands on it is left too"
        );

        ensure!(daemon.call("reconsiderblock", &hash)?.is_null());
        daemon.await_height(tip + 1)?;
        ensure!(daemon.call("getbalance", &json!([]))? == json!(0.0007));
        for method in ["invalidateblock", "reconsiderblock"] {
            daemon.refused(500, -5, method, &json!(["00".repeat(32)]))?;
        }
        daemon.refused(500, -5, "reconsiderblock", &hash)?;
        daemon.stop()
    });
}

/// Compares blocks. Older nodes have no `coinbase_tx`, and Bitcoin Knots adds two fields.
fn same_block(mut ours: Value, mut theirs: Value) -> Result<()> {
    ours.as_object_mut().context("an object")?.remove("coinbase_tx").context("a coinbase")?;
    let fields = theirs.as_object_mut().context("an object")?;
    for added in ["coinbase_tx", "header_version", "txcount"] {
        fields.remove(added);
    }
    ensure!(ours == theirs, "{ours}\n{theirs}");
    Ok(())
}
