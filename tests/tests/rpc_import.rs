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
    ensure!(wallet.get("birthtime").is_none(), "nothing is looked for: {wallet}");
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
    let wallet = result(&daemon, "getwalletinfo", &json!([]))?;
    ensure!(wallet["birthtime"] == of(&receive)?["timestamp"], "{wallet}");
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

/// A request as Bitcoin Core's `listdescriptors` gives it.
fn request(daemon: &Daemon, body: &str, internal: bool) -> Result<Value> {
    let desc = whole(daemon, body)?;
    Ok(json!({"desc": desc, "timestamp": "now", "active": true, "internal": internal}))
}

fn import(daemon: &Daemon, requests: &[Value]) -> Result<()> {
    let told = result(daemon, "importdescriptors", &json!([requests]))?;
    let mut each = told.as_array().into_iter().flatten();
    ensure!(each.all(|one| one["success"] == true), "{told}");
    Ok(())
}

/// The first address of a descriptor that is not given out yet.
fn address_at(daemon: &Daemon, body: &str, index: u32) -> Result<Value> {
    let at = json!([whole(daemon, body)?, [index, index]]);
    Ok(daemon.call("deriveaddresses", &at)?[0].take())
}

/// The active descriptors that begin like this, for change or not.
fn active(daemon: &Daemon, start: &str, internal: bool) -> Result<Vec<Value>> {
    let list = result(daemon, "listdescriptors", &json!([]))?;
    let all = list["descriptors"].as_array().into_iter().flatten();
    let of = |one: &&Value| {
        let is_of = one["desc"].as_str().is_some_and(|desc| desc.starts_with(start));
        is_of && one["active"] == true && one["internal"] == internal
    };
    Ok(all.filter(of).map(|one| one["desc"].clone()).collect())
}

/// Where the change of a payment goes that `fundrawtransaction` would make.
fn funded_change(daemon: &Daemon, payee: &Value) -> Result<Value> {
    let outputs = json!([{payee.as_str().context("no text")?: 0.01}]);
    let raw = result(daemon, "createrawtransaction", &json!([[], outputs]))?;
    let options = json!({"fee_rate": 2});
    let funded = result(daemon, "fundrawtransaction", &json!([raw, options]))?;
    let place = usize::try_from(funded["changepos"].as_u64().context("no change")?)?;
    let mut decoded = result(daemon, "decoderawtransaction", &json!([funded["hex"]]))?;
    Ok(decoded["vout"][place]["scriptPubKey"]["address"].take())
}

/// Where the key of an address of the wallet comes from.
fn path(daemon: &Daemon, address: &Value) -> Result<String> {
    let told = result(daemon, "getaddressinfo", &json!([address]))?;
    Ok(told["hdkeypath"].as_str().unwrap_or_default().to_owned())
}

/// The private keys of KEY.
const PRIVATE_KEY: &str = "tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK";

/// Somebody whose old keys leaked gives Core's own list of the new ones, and neither is paid at the old
/// ones any more nor gets change there.
#[test]
fn new_keys_that_are_made_active_take_the_place_of_the_old_ones() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.call("createwallet", &json!({"wallet_name": "watch", "load_on_startup": true}))?;
    let old = result(&daemon, "getnewaddress", &json!(["", "bech32"]))?;
    town.pay(&old, 10_000_000)?;
    daemon.await_height(town.network.tip().0)?;
    let payee = daemon.call_of("main", "getnewaddress", &json!([]))?;
    let own = result(&daemon, "listdescriptors", &json!([true]))?;

    let new = |branch: u32| format!("wpkh({PRIVATE_KEY}/84h/1h/5h/{branch}/*)");
    import(&daemon, &[request(&daemon, &new(0), false)?, request(&daemon, &new(1), true)?])?;
    let check = |daemon: &Daemon, index: u32| -> Result<()> {
        let address = result(daemon, "getnewaddress", &json!(["", "bech32"]))?;
        ensure!(address == address_at(daemon, &new(0), index)?, "{address}");
        let change = result(daemon, "getrawchangeaddress", &json!(["bech32"]))?;
        for change in [funded_change(daemon, &payee)?, change] {
            ensure!(path(daemon, &change)?.starts_with("m/84h/1h/5h/1/"), "{change}");
        }
        let of_new = active(daemon, "wpkh", false)?.len() + active(daemon, "wpkh", true)?.len();
        ensure!(of_new == 2 && active(daemon, "tr", false)?.len() == 1);
        Ok(())
    };
    check(&daemon, 0)?;
    let usual = result(&daemon, "getnewaddress", &json!([]))?;
    ensure!(usual == address_at(&daemon, &new(0), 1)?, "{usual}");
    let paying = json!({"address": payee, "amount": 0.01, "fee_rate": 2});
    let txid = result(&daemon, "sendtoaddress", &paying)?;
    let sent = result(&daemon, "gettransaction", &json!([txid, false, true]))?;
    let paid = sent["decoded"]["vout"].as_array().into_iter().flatten();
    let mut paid = paid.map(|output| &output["scriptPubKey"]["address"]);
    let change = paid.find(|address| **address != payee).context("no change")?;
    ensure!(path(&daemon, change)?.starts_with("m/84h/1h/5h/1/"), "{sent}");
    daemon.stop()?;

    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    check(&daemon, 2)?;
    // What the wallet had from its words comes back, and is no second account.
    let count = |list: &Value| list["descriptors"].as_array().map_or(0, Vec::len);
    let requests = own["descriptors"].as_array().into_iter().flatten().map(|one| {
        json!({"desc": one["desc"], "timestamp": "now", "active": true, "internal": one["internal"]})
    });
    import(&daemon, &requests.collect::<Vec<_>>())?;
    let list = result(&daemon, "listdescriptors", &json!([]))?;
    ensure!(count(&list) == count(&own) + 2, "{list}");
    let address = result(&daemon, "getnewaddress", &json!([]))?;
    ensure!(path(&daemon, &address)?.starts_with("m/84h/1h/0h/0/"), "{address}");
    // A known one that is imported without being active is so no longer.
    let idle = json!({"desc": whole(&daemon, &new(0))?, "timestamp": "now"});
    import(&daemon, &[request(&daemon, &new(0), false)?])?;
    ensure!(active(&daemon, "wpkh", false)?.len() == 1);
    import(&daemon, &[idle])?;
    ensure!(active(&daemon, "wpkh", false)?.is_empty());
    let none = ask(&daemon, "getnewaddress", &json!(["", "bech32"]))?;
    ensure!(none["error"]["code"] == -12, "{none}");
    daemon.stop()
}

/// As in Core, a type of addresses is of one descriptor on each side, whoever signs for it, and without
/// a type an address is bech32 if there is such a descriptor.
#[test]
fn each_type_is_of_the_descriptor_that_was_made_active_last() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    daemon.call("createwallet", &json!(["watch", true, true]))?;
    let several = |first: u32| format!("sortedmulti(1,{KEY}/{first}/*,{KEY}/{}/*)", first + 1);
    let cases = [
        (format!("pkh({KEY}/20/*)"), "legacy"),
        (format!("tr({KEY}/21/*)"), "bech32m"),
        (format!("wpkh({KEY}/22/*)"), "bech32"),
        (format!("wsh({})", several(23)), "bech32"),
        (format!("wsh(pk({KEY}/25/*))"), "bech32"),
        (format!("wpkh({KEY}/26/*)"), "bech32"),
        (format!("sh(wpkh({KEY}/27/*))"), "p2sh-segwit"),
        (format!("sh(wsh({}))", several(28)), "p2sh-segwit"),
        (format!("sh({})", several(30)), "legacy"),
        (format!("tr({KEY}/32/*,pk({KEY}/33/*))"), "bech32m"),
    ];
    let mut given: Vec<(&String, u32)> = Vec::new();
    let mut usual = 0;
    for (at, (body, kind)) in cases.iter().enumerate() {
        import(&daemon, &[request(&daemon, body, false)?])?;
        given.push((body, 1));
        let told = result(&daemon, "getnewaddress", &json!(["", kind]))?;
        ensure!(told == address_at(&daemon, body, 0)?, "{body}: {told}");
        // The first that comes, until one of bech32 does.
        usual = if *kind == "bech32" { at } else { usual };
        let (body, next) = &mut given[usual];
        let told = result(&daemon, "getnewaddress", &json!([]))?;
        ensure!(told == address_at(&daemon, body, *next)?, "{body}: {told}");
        *next += 1;
    }
    let list = result(&daemon, "listdescriptors", &json!([]))?;
    let all = || list["descriptors"].as_array().into_iter().flatten();
    ensure!(all().filter(|one| one["active"] == true).count() == 4, "{list}");

    let none = ask(&daemon, "getrawchangeaddress", &json!(["bech32"]))?;
    ensure!(none["error"]["code"] == -4, "{none}");
    let change = format!("wsh({})", several(40));
    import(&daemon, &[request(&daemon, &change, true)?])?;
    for params in [json!([]), json!(["bech32"])] {
        let told = result(&daemon, "getrawchangeaddress", &params)?;
        let told = result(&daemon, "getaddressinfo", &json!([told]))?;
        ensure!(told["iswitness"] == true && told["isscript"] == true, "{told}");
    }
    ensure!(active(&daemon, "wsh(sortedmulti", true)?.len() == 1);
    daemon.stop()
}
