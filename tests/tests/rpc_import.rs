//! Owns wallets of given descriptors by JSON-RPC, asked of the real daemon: imported with what was
//! paid to them, listed, backed up and restored.
//!
//! What comes back is read by the types of `corepc-types` for Core 31.

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::town::Town;
use corepc_types::v31;
use serde_json::{Value, json};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// The public keys of BIP32's first vector, as a test network writes them.
const KEY: &str = "tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp";

/// A key by itself, and its address.
const FIXED: &str = "wpkh(0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798)";
const FIXED_ADDRESS: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// Asks the wallet `watch`.
fn ask(daemon: &Daemon, method: &str, params: &Value) -> Result<Value> {
    let call = json!({"method": method, "params": params, "id": 1});
    let (_, _, body) = daemon.post("/wallet/watch", &call.to_string())?;
    Ok(serde_json::from_str(&body)?)
}

fn result(daemon: &Daemon, method: &str, params: &Value) -> Result<Value> {
    let mut reply = ask(daemon, method, params)?;
    ensure!(reply["error"].is_null(), "{method} {params}: {reply}");
    Ok(reply["result"].take())
}

/// A descriptor with its checksum.
fn whole(daemon: &Daemon, body: &str) -> Result<String> {
    let told = daemon.call("getdescriptorinfo", &json!([body]))?;
    Ok(format!("{body}#{}", told["checksum"].as_str().context("no checksum")?))
}

#[test]
fn descriptors_are_imported_with_what_was_paid_to_them() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    let (receive, change) = (
        whole(&daemon, &format!("wpkh({KEY}/0/*)"))?,
        whole(&daemon, &format!("wpkh({KEY}/1/*)"))?,
    );
    let addresses = daemon.call("deriveaddresses", &json!([receive, [0, 1]]))?;
    town.pay(&addresses[0], 1_000_000)?;
    town.pay(&json!(FIXED_ADDRESS), 2_000_000)?;
    let tip = town.network.tip().0;
    daemon.await_height(tip)?;

    daemon.call("createwallet", &json!({"wallet_name": "watch", "disable_private_keys": true}))?;
    let wallet = result(&daemon, "getwalletinfo", &json!([]))?;
    ensure!(wallet["private_keys_enabled"] == false && wallet["keypoolsize"] == 0, "{wallet}");
    let none = ask(&daemon, "getnewaddress", &json!([]))?;
    ensure!(none["error"]["message"] == "Error: This wallet has no available keys", "{none}");
    let list: v31::ListDescriptors =
        serde_json::from_value(result(&daemon, "listdescriptors", &json!([]))?)?;
    ensure!(list.descriptors.is_empty());

    let fixed = whole(&daemon, FIXED)?;
    let requests = json!([[
        {"desc": receive, "timestamp": 0, "active": true, "range": [0, 20], "next_index": 1},
        {"desc": change, "timestamp": 0, "active": true, "internal": true},
        {"desc": fixed, "timestamp": 0, "label": "by itself"},
        {"desc": receive.replace("/0/*", "/7/*"), "timestamp": "now"},
    ]]);
    let told = result(&daemon, "importdescriptors", &requests)?;
    let successes: Vec<_> =
        told.as_array().context("no array")?.iter().map(|one| one["success"] == true).collect();
    ensure!(successes == [true, true, true, false], "{told}");
    ensure!(
        told[1]["warnings"] == json!(["Range not given, using default keypool range"]),
        "{told}"
    );
    ensure!(told[3]["error"]["code"] == -5, "its checksum is another's: {told}");
    let _: v31::ImportDescriptors = serde_json::from_value(told)?;

    ensure!(result(&daemon, "getbalance", &json!([]))? == json!(0.03));
    ensure!(result(&daemon, "getnewaddress", &json!([]))? == addresses[1], "next_index");
    let labelled = result(&daemon, "getaddressesbylabel", &json!(["by itself"]))?;
    ensure!(labelled.get(FIXED_ADDRESS).is_some(), "{labelled}");
    let list = result(&daemon, "listdescriptors", &json!([]))?;
    let of = |desc: &str| {
        let mut all = list["descriptors"].as_array().into_iter().flatten();
        all.find(|one| one["desc"] == desc).cloned().with_context(|| format!("{desc}: {list}"))
    };
    ensure!(of(&receive)?["active"] == true && of(&receive)?["internal"] == false);
    ensure!(of(&change)?["internal"] == true && of(&change)?["range"] == json!([0, 999]));
    ensure!(of(&fixed)?["active"] == false && of(&fixed)?.get("range").is_none());
    let _: v31::ListDescriptors = serde_json::from_value(list)?;

    // What it watches can be spent where the keys are: change goes to the descriptor for it.
    let outputs = json!([{addresses[0].as_str().context("no text")?: 0.001}]);
    let funded = result(
        &daemon,
        "walletcreatefundedpsbt",
        &json!({"outputs": outputs, "options": {"fee_rate": 2}}),
    )?;
    ensure!(funded["changepos"].as_i64().is_some_and(|place| place >= 0), "{funded}");
    daemon.stop()
}

/// As Core answers: an address by itself is none that is given out, and a chain gives those of its
/// own side only.
#[test]
fn addresses_by_themselves_are_not_given_out() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    let blank = json!({"wallet_name": "watch", "disable_private_keys": true, "blank": true});
    daemon.call("createwallet", &blank)?;
    let import = |body: &str, more: Value| -> Result<()> {
        let mut request = json!({"desc": whole(&daemon, body)?, "timestamp": "now"});
        request
            .as_object_mut()
            .context("fields")?
            .extend(more.as_object().cloned().into_iter().flatten());
        let told = result(&daemon, "importdescriptors", &json!([[request]]))?;
        ensure!(told[0]["success"] == true, "{told}");
        Ok(())
    };
    let refused = |method: &str, params: Value, code: i32, message: &str| -> Result<()> {
        let told = ask(&daemon, method, &params)?;
        ensure!(
            told["error"] == json!({"code": code, "message": message}),
            "{method} {params}: {told}"
        );
        Ok(())
    };
    let none = "Error: This wallet has no available keys";
    import(FIXED, json!({}))?;
    refused("getnewaddress", json!([]), -4, none)?;
    refused("getnewaddress", json!(["", "legacy"]), -4, none)?;
    refused("getrawchangeaddress", json!([]), -4, none)?;
    refused("getrawchangeaddress", json!(["bech32"]), -4, none)?;

    import(&format!("wpkh({KEY}/0/*)"), json!({"active": true, "range": [0, 5]}))?;
    result(&daemon, "getnewaddress", &json!([]))?;
    refused("getnewaddress", json!(["", "legacy"]), -12, "Error: No legacy addresses available.")?;
    refused("getrawchangeaddress", json!([]), -4, none)?;
    daemon.stop()
}

#[test]
fn a_backup_has_what_was_imported() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    town.pay(&json!(FIXED_ADDRESS), 2_000_000)?;
    daemon.await_height(town.network.tip().0)?;
    let blank = json!({"wallet_name": "watch", "disable_private_keys": true, "blank": true});
    daemon.call("createwallet", &blank)?;
    let requests = json!([[
        {"desc": whole(&daemon, FIXED)?, "timestamp": 0, "label": "by itself"},
        {"desc": whole(&daemon, &format!("wpkh({KEY}/<0;1>/*)"))?, "timestamp": 0, "active": true},
        {"desc": whole(&daemon, &format!("pkh({KEY}/5/*)"))?, "timestamp": 0, "internal": true},
    ]]);
    let told = result(&daemon, "importdescriptors", &requests)?;
    ensure!(told.as_array().into_iter().flatten().all(|one| one["success"] == true), "{told}");
    let before = result(&daemon, "listdescriptors", &json!([]))?;
    let file = program.data_dir().join("watch.backup");
    let file = file.to_str().context("no text")?;
    result(&daemon, "backupwallet", &json!([file]))?;
    daemon.call("unloadwallet", &json!(["watch"]))?;
    daemon.call("restorewallet", &json!(["again", file]))?;
    daemon.call("unloadwallet", &json!(["main"]))?;
    daemon.await_that("it never found the money again", || {
        Ok(daemon.call("getbalance", &json!([]))? == json!(0.02))
    })?;
    let after = daemon.call("listdescriptors", &json!([]))?;
    let texts = |list: &Value| -> Vec<Value> {
        let all = list["descriptors"].as_array().into_iter().flatten();
        all.map(|one| json!([one["desc"], one["active"], one["internal"]])).collect()
    };
    ensure!(texts(&after) == texts(&before), "{before} {after}");
    daemon.stop()
}

#[test]
fn what_is_wrong_with_a_descriptor_is_told_one_by_one() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    daemon.call("createwallet", &json!(["watch", true]))?;
    let fixed = whole(&daemon, FIXED)?;
    let ranged = whole(&daemon, &format!("wpkh({KEY}/0/*)"))?;
    let combo = whole(&daemon, &format!("combo({KEY}/0/*)"))?;
    let both = whole(&daemon, &format!("wpkh({KEY}/<0;1>/*)"))?;
    let private = whole(
        &daemon,
        "wpkh(tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK/*)",
    )?;
    let cases = [
        (json!({}), -8, "Descriptor not found."),
        (json!({"desc": FIXED}), -5, "Missing checksum"),
        (json!({"desc": fixed, "active": true}), -8, "Active descriptors must be ranged"),
        (
            json!({"desc": fixed, "range": 5}),
            -8,
            "Range should not be specified for an un-ranged descriptor",
        ),
        (
            json!({"desc": fixed, "internal": true, "label": "x"}),
            -8,
            "Internal addresses should not have a label",
        ),
        (json!({"desc": ranged, "label": "x"}), -8, "Ranged descriptors should not have a label"),
        (json!({"desc": both, "label": "x"}), -8, "Multipath descriptors should not have a label"),
        (
            json!({"desc": both, "internal": true}),
            -5,
            "Cannot have multipath descriptor while also specifying 'internal'",
        ),
        (
            json!({"desc": ranged, "range": [0, 5], "next_index": 6}),
            -8,
            "next_index is out of range",
        ),
        (
            json!({"desc": ranged, "range": [5, 0]}),
            -8,
            "Range specified as [begin,end] must not have begin after end",
        ),
        (json!({"desc": ranged, "range": 20_000}), -8, "Range is too large"),
        (json!({"desc": combo, "active": true}), -4, "Combo descriptors cannot be set to active"),
        (json!({"desc": combo, "label": "x"}), -8, "Ranged descriptors should not have a label"),
        (
            json!({"desc": private}),
            -4,
            "Cannot import private keys to a wallet with private keys disabled",
        ),
    ];
    for (mut request, code, message) in cases {
        request["timestamp"] = json!("now");
        let told = result(&daemon, "importdescriptors", &json!([[request]]))?;
        let error = &told[0]["error"];
        ensure!(told[0]["success"] == false, "{request}: {told}");
        ensure!(error["code"] == code && error["message"] == message, "{request}: {told}");
    }
    for (request, message) in [
        (json!({"desc": fixed}), "Missing required timestamp field for key"),
        (
            json!({"desc": fixed, "timestamp": "then"}),
            "Expected number or \"now\" timestamp value for key. got type string",
        ),
    ] {
        let told = ask(&daemon, "importdescriptors", &json!([[request]]))?;
        ensure!(told["error"]["code"] == -3 && told["error"]["message"] == message, "{told}");
    }
    let told = ask(&daemon, "listdescriptors", &json!([true]))?;
    let expected = "Can't get private descriptor string for watch-only wallets";
    ensure!(told["error"]["code"] == -4 && told["error"]["message"] == expected, "{told}");
    daemon.call("unloadwallet", &json!(["watch"]))?;
    let request = json!([[{"desc": fixed, "timestamp": "now"}]]);
    let told = daemon.call("importdescriptors", &request)?;
    let expected =
        "Cannot import descriptor without private keys to a wallet with private keys enabled";
    ensure!(told[0]["error"] == json!({"code": -4, "message": expected}), "{told}");
    let list = daemon.call("listdescriptors", &json!([]))?;
    ensure!(list["descriptors"].as_array().is_some_and(|all| !all.is_empty()), "{list}");

    let keys = daemon.call("gethdkeys", &json!([]))?;
    ensure!(keys[0]["has_private"] == true, "{keys}");
    ensure!(keys[0]["descriptors"].as_array().is_some_and(|of| of.len() == 2), "{keys}");
    ensure!(keys[0].get("xprv").is_none(), "nobody asked: {keys}");
    let private = daemon.call("gethdkeys", &json!({"private": true}))?;
    ensure!(private[0]["xprv"].as_str().is_some_and(|key| key.starts_with("tprv")), "no key");
    ensure!(daemon.call("keypoolrefill", &json!([50]))?.is_null());
    daemon.refused(500, -8, "keypoolrefill", &json!([-1]))?;
    for (flag, code, message) in [
        (json!(["blank"]), -8, "Wallet flag is immutable: blank"),
        (json!(["shiny"]), -8, "Unknown wallet flag: shiny"),
        (json!(["avoid_reuse", false]), -8, "Wallet flag is already set to false: avoid_reuse"),
    ] {
        let told = daemon.refused(500, code, "setwalletflag", &flag)?;
        ensure!(told == message, "{flag}: {told}");
    }
    daemon.stop()
}
