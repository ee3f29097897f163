//! Owns private keys that are imported by JSON-RPC, asked of the real daemon: what they sign for is
//! spent, they are locked like all others, and come back with a backup.

use anyhow::{Context, Result, bail, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::town::Town;
use serde_json::{Value, json};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// BIP32's first and second master keys, as a test network writes them.
const FIRST: &str = "tprv8ZgxMBicQKsPeDgjzdC36fs6bMjGApWDNLR9erAXMs5skhMv36j9MV5ecvfavji5khqjWaWSFhN3YcCUUdiKH6isR4Pwy3U5y5egddBr16m";
const SECOND: &str = "tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK";

/// The generator's key, and its P2PKH address.
const WIF: &str = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA";
const WIF_ADDRESS: &str = "mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r";

/// Somebody else.
const STRANGER: &str = "bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdku202";

fn ask(daemon: &Daemon, method: &str, params: &Value) -> Result<Value> {
    let call = json!({"method": method, "params": params, "id": 1});
    let (_, _, body) = daemon.post("/wallet/keys", &call.to_string())?;
    Ok(serde_json::from_str(&body)?)
}

fn result(daemon: &Daemon, method: &str, params: &Value) -> Result<Value> {
    let mut reply = ask(daemon, method, params)?;
    ensure!(reply["error"].is_null(), "{method}: {reply}");
    Ok(reply["result"].take())
}

/// A descriptor with its checksum.
fn whole(daemon: &Daemon, body: &str) -> Result<String> {
    let told = daemon.call("getdescriptorinfo", &json!([body]))?;
    ensure!(!told["descriptor"].to_string().contains("tprv"), "a private key is told");
    Ok(format!("{body}#{}", told["checksum"].as_str().context("no checksum")?))
}

fn texts(list: &Value) -> Vec<String> {
    let all = list["descriptors"].as_array().into_iter().flatten();
    all.filter_map(|one| one["desc"].as_str().map(str::to_owned)).collect()
}

#[test]
fn what_imported_keys_sign_for_is_spent_and_comes_back() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    let bodies = [
        format!("pkh({WIF})"),
        format!("wpkh({FIRST}/84h/1h/0h/0/*)"),
        format!("wsh(sortedmulti(2,{FIRST}/48h/*,[d34db33f/48h]{SECOND}/*))"),
        format!("sh(multi(2,{FIRST}/45h/*,[d34db33f/45h]{SECOND}/*))"),
    ];
    let bodies: Vec<_> = bodies.iter().map(|body| whole(&daemon, body)).collect::<Result<_>>()?;
    let [single, segwit, multi, old] = &bodies[..] else { bail!("four") };
    let mut paid = vec![json!(WIF_ADDRESS)];
    for ranged in [segwit, multi, old] {
        paid.push(daemon.call("deriveaddresses", &json!([ranged, [0, 0]]))?[0].clone());
    }
    for address in &paid {
        town.pay(address, 1_000_000)?;
    }
    daemon.await_height(town.network.tip().0)?;
    daemon.call("createwallet", &json!({"wallet_name": "keys", "blank": true}))?;
    let wallet = result(&daemon, "getwalletinfo", &json!([]))?;
    ensure!(wallet["private_keys_enabled"] == true && wallet["blank"] == true, "{wallet}");
    let change = whole(&daemon, &format!("wpkh({FIRST}/84h/1h/0h/1/*)"))?;
    let public = daemon.call("getdescriptorinfo", &json!([format!("pkh({SECOND}/7/*)")]))?;
    let half = public["descriptor"].as_str().and_then(|text| text.split(['(', ')']).nth(1));
    let half = whole(&daemon, &format!("wsh(multi(2,{FIRST}/7/*,{}))", half.context("no key")?))?;
    let told = result(
        &daemon,
        "importdescriptors",
        &json!([[
            {"desc": single, "timestamp": 0, "label": "by itself"},
            {"desc": segwit, "timestamp": 0, "active": true, "range": 20},
            {"desc": multi, "timestamp": 0, "range": 20},
            {"desc": old, "timestamp": 0, "range": 20},
            {"desc": change, "timestamp": 0, "active": true, "internal": true, "range": 20},
            {"desc": half, "timestamp": "now", "range": 2},
            {"desc": public["descriptor"], "timestamp": "now", "range": 2},
        ]]),
    )?;
    let successes: Vec<_> =
        told.as_array().context("no array")?.iter().map(|one| one["success"] == true).collect();
    ensure!(successes == [true, true, true, true, true, true, false], "{told}");
    let not_all =
        "Not all private keys provided. Some wallet functionality may return unexpected errors";
    ensure!(told[5]["warnings"] == json!([not_all]), "{told}");
    let without =
        "Cannot import descriptor without private keys to a wallet with private keys enabled";
    ensure!(told[6]["error"] == json!({"code": -4, "message": without}), "{told}");
    ensure!(result(&daemon, "getbalance", &json!([]))? == json!(0.04));
    let shown = result(&daemon, "getaddressinfo", &json!([paid[3]]))?;
    ensure!(shown["script"] == "multisig" && shown["sigsrequired"] == 2, "{shown}");
    ensure!(shown["ismine"] == true && shown["iswatchonly"] == false, "{shown}");
    let private = texts(&result(&daemon, "listdescriptors", &json!([true]))?);
    for given in [single, segwit, multi, old, &change, &half] {
        ensure!(private.contains(given), "not told as it was given: {given}, but {private:?}");
    }
    let listed = result(&daemon, "listdescriptors", &json!([]))?.to_string();
    ensure!(!listed.contains("tprv") && !listed.contains(WIF), "private keys are told");
    let roots = result(&daemon, "gethdkeys", &json!({"private": true}))?.to_string();
    ensure!(roots.contains(FIRST) && roots.contains(SECOND), "the roots are told");

    // Locked like all keys, over a restart too.
    result(&daemon, "encryptwallet", &json!(["pass"]))?;
    daemon.stop()?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.call("loadwallet", &json!(["keys"]))?;
    let everything = json!({"recipients": [STRANGER], "fee_rate": 2});
    for (method, params) in [
        ("listdescriptors", json!([true])),
        ("gethdkeys", json!({"private": true})),
        ("importdescriptors", json!([[{"desc": single, "timestamp": "now"}]])),
        ("signmessage", json!([WIF_ADDRESS, "hello"])),
        ("sendall", everything.clone()),
    ] {
        let told = ask(&daemon, method, &params)?;
        ensure!(told["error"]["code"] == -13, "{method}: {told}");
    }
    result(&daemon, "walletpassphrase", &json!(["pass", 600]))?;
    let signature = result(&daemon, "signmessage", &json!([WIF_ADDRESS, "hello"]))?;
    ensure!(daemon.call("verifymessage", &json!([WIF_ADDRESS, signature, "hello"]))? == true);
    let file = program.data_dir().join("keys.backup");
    let file = file.to_str().context("no text")?;
    result(&daemon, "backupwallet", &json!([file]))?;
    let sent = result(&daemon, "sendall", &everything)?;
    ensure!(sent["complete"] == true, "{sent}");
    town.await_payment(sent["txid"].as_str().context("no txid")?.parse()?)?;
    let told = result(&daemon, "gettransaction", &json!([sent["txid"]]))?;
    ensure!(told["amount"].as_f64().is_some_and(|amount| amount < -0.039), "{told}");

    daemon.call("unloadwallet", &json!(["keys"]))?;
    daemon.call("restorewallet", &json!(["again", file]))?;
    daemon.call("unloadwallet", &json!(["main"]))?;
    let restored = texts(&daemon.call("listdescriptors", &json!([true]))?);
    ensure!(restored == private, "a backup has the keys");
    daemon.stop()
}

#[test]
fn commands_say_that_no_words_bring_imported_keys_back() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    town.pay(&json!(WIF_ADDRESS), 1_000_000)?;
    daemon.await_height(town.network.tip().0)?;
    let single = whole(&daemon, &format!("pkh({WIF})"))?;
    // Into a wallet that has words.
    let request = json!([[{"desc": single, "timestamp": 0}]]);
    let told = daemon.call("importdescriptors", &request)?;
    ensure!(told[0]["success"] == true, "{told}");
    ensure!(daemon.call("getbalance", &json!([]))? == json!(0.51));
    daemon.call("createwallet", &json!({"wallet_name": "keys", "blank": true}))?;
    let told = result(&daemon, "importdescriptors", &request)?;
    ensure!(told[0]["success"] == true, "{told}");
    daemon.stop()?;

    ensure!(program.ok(&["describe"])?["imported_keys"] == 1);
    let words = program.ok(&["words", "show", "--words-out", "shown"])?;
    ensure!(words["imported_keys"] == 1, "{words}");
    let without = program.ok(&["backup", "create", "without.backup"])?;
    ensure!(without["imported_keys"] == 0 && without["words"] == false, "{without}");
    let with = program.ok(&["backup", "create", "with.backup", "--with-words"])?;
    ensure!(with["imported_keys"] == 1 && with["words"] == true, "{with}");
    let of_keys = ["backup", "create", "keys.backup", "--with-words", "--wallet", "keys"];
    let with = program.ok(&of_keys)?;
    ensure!(with["imported_keys"] == 1 && with["words"] == false, "{with}");
    let show = ["words", "show", "--words-out", "none", "--wallet", "keys"];
    program.refused(7, "watch_only", &show)?;
    Ok(())
}
