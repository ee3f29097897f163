//! Owns the daemon from outside: scripts that were written for Bitcoin Core ask the real program,
//! over its port and its socket, while it follows a play-money network.
//!
//! What comes back is read by the types of `corepc-types` for Core 31, which refuse a missing field,
//! and compared with what the network knows.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::{Asker, Daemon};
use billfold_tests::town::Town;
use bitcoin::Amount;
use corepc_types::v31;
use serde_json::json;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

#[test]
fn a_script_for_bitcoin_core_is_paid_and_pays() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &["--fallback-fee", "0.00002"])?;
    let tip = town.network.tip().0;
    daemon.await_height(tip)?;

    let chain: v31::GetBlockchainInfo = daemon.read("getblockchaininfo", &json!([]))?;
    ensure!(chain.chain == "regtest" && chain.blocks == i64::from(tip), "{chain:?}");
    ensure!(!chain.initial_block_download && !chain.pruned, "{chain:?}");
    let hash = daemon.call("getblockhash", &json!([tip]))?;
    ensure!(hash == json!(chain.best_block_hash), "{hash}");
    ensure!(daemon.call("getbestblockhash", &json!([]))? == hash);
    let header: v31::GetBlockHeaderVerbose = daemon.read("getblockheader", &json!([hash]))?;
    ensure!(header.height == i64::from(tip) && header.confirmations == 1, "{header:?}");
    let wallet: v31::GetWalletInfo = daemon.read("getwalletinfo", &json!([]))?;
    ensure!(wallet.wallet_name == "main" && wallet.tx_count == 1, "{wallet:?}");
    ensure!(daemon.call("listwallets", &json!([]))? == json!(["main"]));
    ensure!(daemon.call("getbalance", &json!(["*", 1]))? == json!(0.5));

    let address = daemon.call("getnewaddress", &json!(["shop", "bech32m"]))?;
    town.pay(&address, 10_000_000)?;
    daemon.await_height(town.network.tip().0)?;
    // The block came from somewhere.
    let network: v31::GetNetworkInfo = daemon.read("getnetworkinfo", &json!([]))?;
    ensure!(network.version == 310_000 && network.connections >= 1, "{network:?}");
    let unspent: v31::ListUnspent =
        daemon.read("listunspent", &json!([1, 9_999_999, [address]]))?;
    let [coin] = &unspent.0[..] else { anyhow::bail!("{unspent:?}") };
    ensure!(coin.label.as_deref() == Some("shop") && coin.safe && coin.solvable, "{coin:?}");
    let descriptor = coin.descriptor.as_deref().unwrap_or_default();
    ensure!(descriptor.starts_with("tr([") && descriptor.contains("/86h/1h/0h/0/"), "{coin:?}");

    let txid = daemon.call("sendtoaddress", &json!([STRANGER, "0.2", "rent"]))?;
    let paid: v31::GetTransaction = daemon.read("gettransaction", &json!([txid]))?;
    ensure!((paid.amount + 0.2).abs() < 1e-9 && paid.confirmations == 0, "{paid:?}");
    ensure!(paid.trusted == Some(true) && paid.comment.as_deref() == Some("rent"), "{paid:?}");
    ensure!(paid.details.len() == 1 && paid.details[0].address == STRANGER, "{paid:?}");
    let balances: v31::GetBalances = daemon.read("getbalances", &json!([]))?;
    let fee = paid.fee.context("no fee")?;
    ensure!((balances.mine.trusted - (0.4 + fee)).abs() < 1e-9, "{balances:?} {fee}");

    let list: v31::ListTransactions = daemon.read("listtransactions", &json!([]))?;
    let categories: Vec<_> = list.0.iter().map(|item| (item.amount, item.vout)).collect();
    ensure!(list.0.len() == 3 && (list.0[2].amount + 0.2).abs() < 1e-9, "{categories:?}");
    let since: v31::ListSinceBlock = daemon.read("listsinceblock", &json!([hash]))?;
    ensure!(since.transactions.len() == 2 && since.removed.is_empty(), "{since:?}");
    daemon.stop()
}

#[test]
fn wrong_calls_get_the_errors_of_core() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    let cases = [
        (404, -32601, "getrawmempool", json!([]), "keeps no mempool"),
        (404, -32601, "getinfo", json!([]), "getblockchaininfo"),
        (404, -32601, "nope", json!([]), "Method not found"),
        (500, -8, "getblockhash", json!([1_000_000]), "Block height out of range"),
        (500, -3, "getblockhash", json!(["1"]), "JSON value of type string is not of expected"),
        (500, -1, "getblockhash", json!([]), "getblockhash height"),
        (500, -5, "getblockheader", json!(["00".repeat(32)]), "Block not found"),
        (500, -8, "getblockheader", json!(["00"]), "must be of length 64"),
        (500, -5, "gettransaction", json!(["00".repeat(32)]), "non-wallet transaction id"),
        (500, -5, "getnewaddress", json!(["", "p2wsh"]), "Unknown address type 'p2wsh'"),
        (500, -5, "sendtoaddress", json!(["nobody", 1]), "Invalid Bitcoin address: nobody"),
        (500, -3, "sendtoaddress", json!([STRANGER, "0.000000001"]), "Invalid amount"),
        (500, -6, "sendtoaddress", json!([STRANGER, 0]), "Transaction amount too small"),
        (500, -6, "sendtoaddress", json!([STRANGER, 100]), "Insufficient funds"),
        (500, -6, "sendtoaddress", json!([STRANGER, 0.1]), "Fee estimation failed"),
        (500, -8, "sendtoaddress", json!({"address": STRANGER, "sum": 1}), "named parameter sum"),
        (
            500,
            -8,
            "sendtoaddress",
            json!({"address": STRANGER, "amount": 0.1, "conf_target": 2,
                                          "fee_rate": 1}),
            "Cannot specify both",
        ),
    ];
    for (status, code, method, params, message) in cases {
        let told = daemon.refused(status, code, method, &params)?;
        ensure!(told.contains(message), "{method} {params}: {told}");
    }
    let before = daemon.call("listunspent", &json!([]))?;
    ensure!(before.as_array().is_some_and(|coins| coins.len() == 1), "none is held: {before}");
    daemon.stop()
}

#[test]
fn the_command_line_asks_the_daemon_by_its_socket() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let error = program.refused(1, "no_daemon", &["rpc", "getblockcount"])?;
    ensure!(error["message"].as_str().is_some_and(|text| text.contains("billfold daemon")));
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    ensure!(program.ok(&["rpc", "getbalance"])? == json!(0.5));
    ensure!(program.ok(&["rpc", "--named", "getbalance", "minconf=100"])? == json!(0.0));
    let error = program.refused(8, "call_failed", &["rpc", "getblockhash", "99999"])?;
    ensure!(error["data"]["code"] == -8, "{error}");
    let error = program.refused(18, "call_failed", &["rpc", "--rpc-wallet", "x", "getbalance"])?;
    ensure!(error["data"]["code"] == -18, "{error}");
    let error = program.refused(2, "usage", &["rpc", "getblockhash", "x"])?;
    ensure!(error["message"].as_str().is_some_and(|text| text.contains("not JSON")), "{error}");
    daemon.stop()?;
    let left = |name: &str| Path::new(&program.data_dir()).join("regtest").join(name).exists();
    ensure!(!left(".cookie") && !left("billfold.sock"), "the cookie or the socket is left");
    program.refused(1, "no_daemon", &["rpc", "getblockcount"])?;
    Ok(())
}

#[test]
fn who_pays_at_the_same_time_never_pays_with_the_same_coin() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    for _ in 0..7 {
        let address = daemon.call("getnewaddress", &json!([]))?;
        town.pay(&address, 50_000_000)?;
    }
    daemon.await_height(town.network.tip().0)?;
    let (asked, mut paid) = (8, Vec::new());
    std::thread::scope(|scope| {
        let client: &Asker = &daemon;
        let one = || {
            let params = json!({"address": STRANGER, "amount": 0.4, "fee_rate": 5});
            client.call("sendtoaddress", &params)
        };
        let asking: Vec<_> = (0..asked).map(|_| scope.spawn(one)).collect();
        for asked in asking {
            paid.push(asked.join().expect("no panic")?);
        }
        anyhow::Ok(())
    })?;
    let mut spent = std::collections::BTreeSet::new();
    for txid in &paid {
        let paid = daemon.call("gettransaction", &json!([txid, null, true]))?;
        for input in paid["decoded"]["vin"].as_array().context("no inputs")? {
            ensure!(spent.insert((input["txid"].to_string(), input["vout"].to_string())), "{paid}");
        }
    }
    ensure!(paid.len() == asked, "{paid:?}");
    let left = daemon.call("getbalance", &json!([]))?.as_f64().context("no number")?;
    let most = Amount::from_sat(80_000_000).to_btc();
    ensure!(left < most && left > most - 0.001, "{left}");
    daemon.stop()
}

#[test]
fn an_option_of_a_level_or_a_signer_that_is_none_is_told() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    for options in [["--rpc-compat", "30.0"], ["--signer", "'"], ["--signer", ""]] {
        let command = [&["daemon"], &options[..]].concat();
        let told = program.refused(2, "usage", &command)?;
        ensure!(told["message"].as_str().is_some_and(|told| told.contains(options[0])), "{told}");
    }
    let daemon = Daemon::start(&program, &["--rpc-compat", "31.0"])?;
    ensure!(daemon.call("getnetworkinfo", &json!([]))?["version"] == 310_000);
    daemon.stop()
}
