//! Owns wallets that come and go by JSON-RPC: made, encrypted, backed up, closed and opened again by
//! scripts, while another wallet is open.
//!
//! What comes back is read by the types of `corepc-types` for Core 31.

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::town::Town;
use corepc_types::v31;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// The network is gone, so that the second wallet can't catch up: a block that it wants is with nobody.
#[test]
fn the_block_count_does_not_fall_when_a_wallet_comes_later() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    let count = || daemon.call("getblockcount", &json!([]));
    let tip = town.network.tip().0;
    daemon.await_height(tip)?;
    daemon.call("createwallet", &json!(["late"]))?;
    ensure!(count()? == tip, "a new wallet lowers it");
    let address = result(&daemon, "late", "getnewaddress", &json!([]))?;
    daemon.call("unloadwallet", &json!(["late"]))?;
    ensure!(count()? == tip);
    town.pay(&address, 10_000_000)?;
    daemon.await_height(tip + 1)?;
    drop(town);

    let before = daemon.call("getbestblockhash", &json!([]))?;
    daemon.call("loadwallet", &json!(["late"]))?;
    ensure!(count()? == tip + 1, "a wallet that is behind lowers it");
    ensure!(daemon.call("getbestblockhash", &json!([]))? == before);
    let late = result(&daemon, "late", "getwalletinfo", &json!([]))?;
    ensure!(late["scanning"]["progress"].is_number(), "nobody is told that it is behind: {late}");
    ensure!(late["lastprocessedblock"]["height"].as_u64() < Some(u64::from(tip) + 1), "{late}");
    let _: v31::GetWalletInfo = serde_json::from_value(late)?;
    let main = result(&daemon, "main", "getwalletinfo", &json!([]))?;
    ensure!(main["scanning"] == json!(false), "{main}");
    // Nor when it is the only one.
    daemon.call("unloadwallet", &json!(["main"]))?;
    ensure!(count()? == tip + 1);
    daemon.stop()
}

#[test]
fn a_script_makes_wallets_and_finds_them_after_a_restart() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    let tip = town.network.tip().0;
    let made: v31::CreateWallet =
        daemon.read("createwallet", &json!({"wallet_name": "shop", "load_on_startup": true}))?;
    ensure!(made.name == "shop" && made.warnings.is_none(), "{made:?}");
    daemon.call("createwallet", &json!(["once"]))?;
    ensure!(daemon.call("listwallets", &json!([]))? == json!(["main", "once", "shop"]));
    daemon.refused(500, -19, "getbalance", &json!([]))?;
    for kind in ["legacy", "p2sh-segwit", "bech32", "bech32m"] {
        result(&daemon, "shop", "getnewaddress", &json!(["", kind]))?;
    }
    let address = result(&daemon, "shop", "getnewaddress", &json!([]))?;
    ensure!(address.as_str().is_some_and(|text| text.starts_with("bcrt1q")), "{address}");
    town.pay(&address, 10_000_000)?;
    daemon.await_height(tip + 1)?;
    ensure!(result(&daemon, "shop", "getbalance", &json!([]))? == json!(0.1));
    ensure!(result(&daemon, "main", "getbalance", &json!([]))? == json!(0.5));

    let unloaded: v31::UnloadWallet = read(&daemon, "once", "unloadwallet", &json!([]))?;
    ensure!(unloaded.warnings.is_none());
    refused(&daemon, "once", -18, "getbalance", &json!([]))?;
    daemon.refused(500, -18, "unloadwallet", &json!(["once"]))?;
    let told: v31::ListWalletDir = daemon.read("listwalletdir", &json!([]))?;
    let names: Vec<_> = told.wallets.iter().map(|wallet| wallet.name.as_str()).collect();
    ensure!(names == ["main", "once", "shop"], "{names:?}");
    daemon.stop()?;

    let daemon = Daemon::start(&program, &[])?;
    ensure!(daemon.call("listwallets", &json!([]))? == json!(["main", "shop"]));
    daemon.await_height(tip + 1)?;
    ensure!(result(&daemon, "shop", "getbalance", &json!([]))? == json!(0.1));
    let loaded: v31::LoadWallet = daemon.read("loadwallet", &json!(["once"]))?;
    ensure!(loaded.name == "once");
    daemon.call("unloadwallet", &json!(["shop", false]))?;
    daemon.stop()?;
    let daemon = Daemon::start(&program, &[])?;
    ensure!(daemon.call("listwallets", &json!([]))? == json!(["main"]));
    daemon.call("unloadwallet", &json!(["main"]))?;
    daemon.refused(500, -18, "getbalance", &json!([]))?;
    ensure!(daemon.call("getblockcount", &json!([]))? == tip + 1, "the tip is known without any");
    daemon.stop()
}

#[test]
fn no_wallet_is_a_path_or_another_ones() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    for path in ["../main", "/x", "a/b", "..", ".", "", "main.db", "a\\b", "%2e%2e", "x\u{0}"] {
        daemon.refused(500, -8, "createwallet", &json!([path]))?;
        daemon.refused(500, -18, "loadwallet", &json!([path]))?;
        daemon.refused(500, -18, "unloadwallet", &json!([path]))?;
        daemon.refused(500, -8, "restorewallet", &json!([path, "words"]))?;
    }
    let (status, _, body) = daemon.post("/wallet/..%2fmain", &call("getbalance", &json!([])))?;
    ensure!(status == 500 && body.contains("-18"), "{status} {body}");
    let told = daemon.refused(500, -36, "createwallet", &json!(["main"]))?;
    ensure!(told.contains("Database already exists."), "{told}");
    let told = daemon.refused(500, -35, "loadwallet", &json!(["main"]))?;
    ensure!(told == "Wallet \"main\" is already loaded.", "{told}");
    let told = daemon.refused(500, -18, "loadwallet", &json!(["other"]))?;
    ensure!(told.contains("Path does not exist."), "{told}");
    let told = daemon.refused(500, -8, "unloadwallet", &json!([]))?;
    ensure!(told.starts_with("Either the RPC endpoint wallet"), "{told}");
    refused(&daemon, "main", -8, "unloadwallet", &json!(["other"]))?;
    let params = json!({"wallet_name": "flags", "external_signer": true});
    let told = daemon.refused(500, -4, "createwallet", &params)?;
    ensure!(told.contains("external"), "{told}");
    ensure!(daemon.call("listwallets", &json!([]))? == json!(["main"]));
    daemon.stop()
}

#[test]
fn keys_with_a_passphrase_pay_only_while_they_are_open() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    let pay = json!({"address": STRANGER, "amount": 0.1, "fee_rate": 5});
    for (method, params) in [
        ("walletlock", json!([])),
        ("walletpassphrase", json!(["x", 1])),
        ("walletpassphrasechange", json!(["x", "y"])),
    ] {
        let told = daemon.refused(500, -15, method, &params)?;
        let expected =
            format!("Error: running with an unencrypted wallet, but {method} was called.");
        ensure!(told == expected, "{told}");
    }
    let wallet: v31::GetWalletInfo = daemon.read("getwalletinfo", &json!([]))?;
    ensure!(wallet.unlocked_until.is_none(), "{wallet:?}");
    let told = daemon.refused(500, -8, "encryptwallet", &json!([""]))?;
    ensure!(told == "passphrase cannot be empty", "{told}");
    daemon.call("encryptwallet", &json!(["first"]))?;
    daemon.refused(500, -15, "encryptwallet", &json!(["second"]))?;
    let wallet: v31::GetWalletInfo = daemon.read("getwalletinfo", &json!([]))?;
    ensure!(wallet.unlocked_until == Some(0), "{wallet:?}");
    let told = daemon.refused(500, -13, "sendtoaddress", &pay)?;
    ensure!(told.contains("enter the wallet passphrase with walletpassphrase first"), "{told}");
    daemon.refused(500, -13, "backupwallet", &json!(["backup"]))?;
    daemon.refused(500, -13, "signmessage", &json!(["nonsense", "it was me"]))?;
    daemon.refused(500, -13, "bumpfee", &json!(["00".repeat(32)]))?;

    let told = daemon.refused(500, -14, "walletpassphrase", &json!(["wrong", 60]))?;
    ensure!(told == "Error: The wallet passphrase entered was incorrect.", "{told}");
    daemon.refused(500, -8, "walletpassphrase", &json!(["first", -1]))?;
    daemon.refused(500, -14, "walletpassphrasechange", &json!(["wrong", "second"]))?;
    daemon.call("walletpassphrasechange", &json!(["first", "second"]))?;
    daemon.refused(500, -14, "walletpassphrase", &json!(["first", 60]))?;
    ensure!(daemon.call("walletpassphrase", &json!(["second", 3_600]))?.is_null());
    let wallet: v31::GetWalletInfo = daemon.read("getwalletinfo", &json!([]))?;
    ensure!(wallet.unlocked_until.is_some_and(|until| until > 1_700_000_000), "{wallet:?}");
    daemon.call("sendtoaddress", &pay)?;
    daemon.call("walletlock", &json!([]))?;
    daemon.refused(500, -13, "sendtoaddress", &pay)?;
    daemon.call("walletpassphrase", &json!(["second", 1]))?;
    let is_locked = || {
        let wallet: v31::GetWalletInfo = daemon.read("getwalletinfo", &json!([]))?;
        Ok(wallet.unlocked_until == Some(0))
    };
    daemon.await_that("its time was never over", is_locked)?;

    let made: v31::CreateWallet =
        daemon.read("createwallet", &json!({"wallet_name": "safe", "passphrase": "third"}))?;
    ensure!(made.warnings.is_none(), "{made:?}");
    let told = refused(&daemon, "safe", -13, "sendtoaddress", &pay)?;
    ensure!(told.contains("walletpassphrase first"), "{told}");
    result(&daemon, "safe", "walletpassphrase", &json!(["third", 60]))?;
    refused(&daemon, "main", -13, "sendtoaddress", &pay)?;
    let empty = json!({"wallet_name": "open", "passphrase": ""});
    let made: v31::CreateWallet = daemon.read("createwallet", &empty)?;
    ensure!(made.warnings.context("no warning")?[0].starts_with("Empty string given"));
    daemon.stop()
}

#[test]
fn a_backup_by_a_script_is_the_wallet_again() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    daemon.call("getnewaddress", &json!(["rent"]))?;
    let file = program.data_dir().join("backup");
    let file = file.to_str().context("a path that is text")?;
    ensure!(daemon.call("backupwallet", &json!([file]))?.is_null());
    let told = daemon.refused(500, -4, "backupwallet", &json!([file]))?;
    ensure!(told.starts_with("Error: Wallet backup failed!"), "{told}");
    let told = daemon.refused(500, -4, "backupwallet", &json!([""]))?;
    ensure!(told == "Error: Wallet backup failed! Name a file that is not there", "{told}");
    let restored: v31::RestoreWallet = daemon.read("restorewallet", &json!(["again", file]))?;
    ensure!(restored.name == "again", "{restored:?}");
    daemon.refused(500, -36, "restorewallet", &json!(["again", file]))?;
    let told = daemon.refused(500, -8, "restorewallet", &json!(["more", "nothing"]))?;
    ensure!(told == "Backup file does not exist", "{told}");
    let is_found = || Ok(result(&daemon, "again", "getbalance", &json!([]))? == json!(0.5));
    daemon.await_that("it never found its money", is_found)?;
    let labels = result(&daemon, "again", "listlabels", &json!([]))?;
    ensure!(labels.as_array().is_some_and(|all| all.contains(&json!("rent"))), "{labels}");
    daemon.stop()
}

#[test]
fn a_wallet_leaves_addresses_alone_that_were_spent_from() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &["--fallback-fee", "0.00001"])?;
    daemon.call("createwallet", &json!({"wallet_name": "careful", "avoid_reuse": true}))?;
    let ask = |method: &str, params: Value| daemon.call_of("careful", method, &params);
    let told = ask("getwalletinfo", json!([]))?;
    ensure!(told["avoid_reuse"] == json!(true), "{told}");
    ensure!(told["flags"] == json!(["avoid_reuse", "descriptor_wallet"]), "{told}");
    let address = ask("getnewaddress", json!([]))?;
    let settled = || daemon.await_height(town.network.tip().0);
    town.pay(&address, 30_000_000)?;
    settled()?;
    let txid = ask("sendtoaddress", json!([STRANGER, 0.1]))?;
    town.await_payment(txid.as_str().context("an id")?.parse()?)?;
    town.mine();
    town.pay(&address, 40_000_000)?;
    settled()?;

    let balances = ask("getbalances", json!([]))?;
    let clean = &balances["mine"]["trusted"];
    ensure!(balances["mine"]["used"] == json!(0.4), "{balances}");
    ensure!(clean.as_f64() < Some(0.2) && ask("getbalance", json!([]))? == *clean, "{balances}");
    let whole = ask("getbalance", json!(["*", 0, true, false]))?;
    ensure!(whole.as_f64() > Some(0.59), "{whole}");
    let coins = ask("listunspent", json!([]))?;
    let coins = coins.as_array().context("coins")?;
    ensure!(coins.len() == 2, "{coins:?}");
    for coin in coins {
        ensure!(coin["reused"] == json!(coin["address"] == address), "{coin}");
    }
    refused(&daemon, "careful", -6, "sendtoaddress", &json!([STRANGER, 0.3]))?;
    let all_the_same = json!({"address": STRANGER, "amount": 0.3, "avoid_reuse": false});
    ask("sendtoaddress", all_the_same)?;

    let told = ask("setwalletflag", json!(["avoid_reuse", false]))?;
    ensure!(told == json!({"flag_name": "avoid_reuse", "flag_state": false}), "{told}");
    ensure!(ask("getbalances", json!([]))?["mine"].get("used").is_none());
    let coins = ask("listunspent", json!([0]))?;
    ensure!(coins[0].get("reused").is_none(), "{coins}");
    refused(&daemon, "careful", -8, "setwalletflag", &json!(["avoid_reuse", false]))?;
    let avoiding = json!({"address": STRANGER, "amount": 0.01, "avoid_reuse": true});
    refused(&daemon, "careful", -4, "sendtoaddress", &avoiding)?;
    refused(&daemon, "careful", -4, "getbalance", &json!(["*", 0, true, true]))?;
    daemon.stop()
}

fn call(method: &str, params: &Value) -> String {
    json!({"method": method, "params": params, "id": 1}).to_string()
}

fn result(daemon: &Daemon, wallet: &str, method: &str, params: &Value) -> Result<Value> {
    daemon.call_of(wallet, method, params)
}

fn read<T: DeserializeOwned>(
    daemon: &Daemon,
    wallet: &str,
    method: &str,
    params: &Value,
) -> Result<T> {
    Ok(serde_json::from_value(result(daemon, wallet, method, params)?)?)
}

fn refused(
    daemon: &Daemon,
    wallet: &str,
    code: i32,
    method: &str,
    params: &Value,
) -> Result<String> {
    let reply = daemon.reply_of(wallet, method, params)?;
    ensure!(reply["error"]["code"] == code, "{method} {params}: {reply}");
    Ok(reply["error"]["message"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn as_many_addresses_are_watched_ahead_as_keypool_says() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &["--keypool", "60"])?;
    daemon.call("createwallet", &json!(["far"]))?;
    let told: v31::GetWalletInfo = read(&daemon, "far", "getwalletinfo", &json!([]))?;
    ensure!(told.keypool_size == 240, "four types: {told:?}");
    // A payment to the 60th address of a backup's copy would be seen, without the 59 before it.
    let descriptors = result(&daemon, "far", "listdescriptors", &json!([]))?;
    let all = descriptors["descriptors"].as_array().context("descriptors")?;
    let text = |one: &&Value| one["desc"].as_str().is_some_and(|d| d.starts_with("wpkh"));
    let receive = all.iter().filter(text).find(|one| one["internal"] == false);
    let receive = &receive.context("a chain of wpkh")?["desc"];
    let far = daemon.call("deriveaddresses", &json!([receive, [59, 59]]))?;
    town.pay(&far[0], 10_000_000)?;
    daemon.await_height(town.network.tip().0)?;
    ensure!(result(&daemon, "far", "getbalance", &json!([]))? == json!(0.1));
    daemon.stop()?;
    let daemon = Daemon::start(&program, &["--keypool", "1200"])?;
    daemon.call("createwallet", &json!(["given", true]))?;
    let import = json!([[{"desc": receive, "timestamp": "now"}]]);
    let imported = result(&daemon, "given", "importdescriptors", &import)?;
    ensure!(imported[0]["success"] == true, "{imported}");
    let told: v31::GetWalletInfo = read(&daemon, "given", "getwalletinfo", &json!([]))?;
    ensure!(told.keypool_size == 1_200, "{told:?}");
    daemon.stop()?;
    for wrong in ["0", "10001", "x"] {
        program.refused(2, "usage", &["daemon", "--keypool", wrong])?;
    }
    Ok(())
}
