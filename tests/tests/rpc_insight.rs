//! Owns methods that look at what a daemon's wallet has and does: groups of addresses, what a
//! transaction would change, calls that are carried out, and that all is applied that peers sent.

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::town::Town;
use corepc_types::v31;
use serde_json::json;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

#[test]
fn what_peers_sent_is_applied_when_a_test_waits_for_it() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &["--fallback-fee", "0.00002"])?;
    daemon.await_height(town.network.tip().0)?;
    daemon.await_peer()?;
    let address = daemon.call("getnewaddress", &json!(["shop"]))?;
    for paid in 1..=3_u32 {
        town.pay(&address, 1_000_000)?;
        ensure!(daemon.call("syncwithvalidationinterfacequeue", &json!([]))?.is_null());
        let received = daemon.call("getreceivedbyaddress", &json!([address]))?;
        ensure!(received == json!(f64::from(paid) / 100.0), "{received}");
        ensure!(daemon.call("getblockcount", &json!([]))? == town.network.tip().0);
    }
    let help = daemon.call("help", &json!([]))?;
    ensure!(!help.as_str().context("a text")?.contains("syncwith"), "it is hidden: {help}");
    let help = daemon.call("help", &json!(["nomethod"]))?;
    ensure!(help == "help: unknown command: nomethod", "{help}");
    daemon.refused(500, -3, "stop", &json!(["soon"]))?;
    daemon.stop()
}

#[test]
fn a_wallet_tells_what_others_see_of_it_and_what_would_change() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &["--fallback-fee", "0.00002"])?;
    daemon.await_height(town.network.tip().0)?;

    // A coin that goes half to a stranger.
    let coins: v31::ListUnspent = daemon.read("listunspent", &json!([]))?;
    let coin = coins.0.first().context("a coin")?;
    let input = json!([{"txid": coin.txid, "vout": coin.vout}]);
    let own = daemon.call("getnewaddress", &json!(["till"]))?;
    let outputs = json!([{own.as_str().context("a text")?: 0.2}, {STRANGER: 0.29}]);
    let raw = daemon.call("createrawtransaction", &json!([input, outputs]))?;
    let change: v31::SimulateRawTransaction =
        daemon.read("simulaterawtransaction", &json!([[raw]]))?;
    ensure!((change.balance_change + 0.3).abs() < 1e-9, "{change:?}");
    let child = daemon.call("decoderawtransaction", &json!([raw]))?;
    let outputs = json!([{STRANGER: 0.1}]);
    let next = json!([{"txid": child["txid"], "vout": 0}]);
    let next = daemon.call("createrawtransaction", &json!([next, outputs]))?;
    let change = daemon.call("simulaterawtransaction", &json!([[raw, next]]))?;
    ensure!(change["balance_change"] == json!(-0.5), "{change}");
    let foreign = json!([{"txid": "ab".repeat(32), "vout": 0}]);
    let foreign = daemon
        .call("createrawtransaction", &json!([foreign, {own.as_str().context("a text")?: 1}]))?;
    let change = daemon.call("simulaterawtransaction", &json!([[foreign]]))?;
    ensure!(change["balance_change"] == json!(1.0), "{change}");
    let told = daemon.refused(500, -8, "simulaterawtransaction", &json!([[raw, raw]]))?;
    ensure!(told == "Transaction(s) are spending the same output more than once", "{told}");
    let told = daemon.refused(500, -22, "simulaterawtransaction", &json!([["00"]]))?;
    ensure!(told == "Transaction hex string decoding failure.", "{told}");

    let spent = coin.address.clone();
    daemon.call("sendtoaddress", &json!([STRANGER, 0.1]))?;
    let groups: v31::ListAddressGroupings = daemon.read("listaddressgroupings", &json!([]))?;
    let groups = serde_json::to_value(&groups)?;
    let [group] = &groups.as_array().context("groups")?[..] else { anyhow::bail!("{groups}") };
    let members = group.as_array().context("members")?;
    ensure!(members.len() == 2, "what was spent, and its change: {groups}");
    let of = |address: &str| members.iter().find(|member| member[0] == address);
    ensure!(of(&spent).is_some_and(|member| member[1] == json!(0.0)), "{groups}");
    let told = daemon.refused(500, -8, "simulaterawtransaction", &json!([[raw]]))?;
    ensure!(told.starts_with("One or more transaction inputs are missing or have been"), "{told}");

    let calls: v31::GetRpcInfo = daemon.read("getrpcinfo", &json!([]))?;
    ensure!(calls.active_commands.len() == 1, "{calls:?}");
    ensure!(calls.active_commands[0].method == "getrpcinfo", "{calls:?}");
    ensure!(calls.log_path.ends_with("billfold.log"), "{calls:?}");
    let memory = daemon.call("getmemoryinfo", &json!([]))?;
    ensure!(memory["locked"]["used"] == 0, "{memory}");
    let told = daemon.refused(500, -8, "getmemoryinfo", &json!(["mallocinfo"]))?;
    ensure!(told == "mallocinfo mode not available", "{told}");
    let told = daemon.refused(500, -8, "getmemoryinfo", &json!(["all"]))?;
    ensure!(told == "unknown mode all", "{told}");
    ensure!(daemon.call("getindexinfo", &json!(["txindex"]))? == json!({}));
    daemon.stop()
}

/// The cursor of a shop that was away stands on a block that left meanwhile; the daemon was
/// restarted since, so that no branch which lost is known to it any more.
#[test]
fn a_cursor_on_a_block_that_left_goes_on_and_is_told_what_left() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    let address = daemon.call("getnewaddress", &json!(["shop"]))?;
    let before = daemon.call("listsinceblock", &json!([]))?["lastblock"].clone();
    town.pay(&address, 1_000_000)?;
    town.pay(&address, 2_000_000)?;
    daemon.await_height(town.network.tip().0)?;
    let seen: v31::ListSinceBlock = daemon.read("listsinceblock", &json!([before]))?;
    ensure!(seen.transactions.len() == 2 && seen.removed.is_empty(), "{seen:?}");
    let cursor = seen.last_block.clone();
    let upper = seen.transactions.iter().max_by_key(|one| one.block_height).context("two")?;
    let (lost, paid) = (upper.txid.clone(), upper.amount);

    town.network.reorg(1, 3, &[lost.parse()?])?;
    daemon.await_height(town.network.tip().0)?;
    daemon.stop()?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    let told: v31::ListSinceBlock = daemon.read("listsinceblock", &json!([cursor]))?;
    let [removed] = &told.removed[..] else { anyhow::bail!("{told:?}") };
    ensure!(removed.txid == lost && (removed.amount - paid).abs() < 1e-9, "{removed:?}");
    ensure!(removed.confirmations == 0, "{removed:?}");
    ensure!(told.last_block == town.network.tip().1.to_string(), "{told:?}");
    let again: v31::ListSinceBlock = daemon.read("listsinceblock", &json!([told.last_block]))?;
    ensure!(again.removed.is_empty(), "{again:?}");
    let told = daemon.call("listsinceblock", &json!([cursor, 1, null, false]))?;
    ensure!(told.get("removed").is_none(), "{told}");
    let unknown = daemon.refused(500, -5, "listsinceblock", &json!(["ab".repeat(32)]))?;
    ensure!(unknown == "Block not found", "{unknown}");
    daemon.stop()
}
