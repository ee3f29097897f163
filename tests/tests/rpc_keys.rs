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

/// A key that makes no segwit addresses.
const UNCOMPRESSED: &str = "91avARGdfge8E4tZfYLoxeJ5sGBdNJQH4kvjJoQFacbgwmaKkrx";

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
    let pays = json!({"address": STRANGER, "amount": 0.1, "fee_rate": 2});
    for (code, method, params, text) in [
        (-6, "sendtoaddress", pays, "Insufficient funds"),
        (-4, "keypoolrefill", json!([]), "Error refreshing keypool."),
    ] {
        let told = ask(&daemon, method, &params)?;
        ensure!(told["error"] == json!({"code": code, "message": text}), "{told}");
    }
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

/// Callers who have a key in Wallet Import Format import it so.
#[test]
fn combo_is_watched_and_spent_in_each_form_that_has_an_address() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    let single = whole(&daemon, &format!("combo({WIF})"))?;
    let ranged = whole(&daemon, &format!("combo({FIRST}/7h/*)"))?;
    let long = whole(&daemon, &format!("combo({UNCOMPRESSED})"))?;
    let of_single = daemon.call("deriveaddresses", &json!([single]))?;
    let of_ranged = daemon.call("deriveaddresses", &json!([ranged, [3, 3]]))?;
    let of_long = daemon.call("deriveaddresses", &json!([long]))?;
    let mut paid = Vec::new();
    for addresses in [&of_single, &of_ranged, &of_long] {
        paid.extend(addresses.as_array().context("addresses")?.clone());
    }
    ensure!(paid.len() == 7, "three of each compressed key, one of the other: {paid:?}");
    for address in &paid {
        town.pay(address, 1_000_000)?;
    }
    daemon.await_height(town.network.tip().0)?;
    daemon.call("createwallet", &json!({"wallet_name": "keys", "blank": true}))?;
    // What gives new addresses goes on to do so.
    let segwit = whole(&daemon, &format!("wpkh({FIRST}/7h/*)"))?;
    let active = json!({"desc": segwit, "timestamp": "now", "active": true, "range": 20});
    let requests = json!([[
        active,
        {"desc": single, "timestamp": 0, "label": "by itself"},
        {"desc": ranged, "timestamp": 0, "range": 20},
        {"desc": long, "timestamp": 0},
    ]]);
    for _ in 0..2 {
        let told = result(&daemon, "importdescriptors", &requests)?;
        let told = told.as_array().context("no array")?;
        ensure!(told.iter().all(|one| one["success"] == true), "{told:?}");
        ensure!(told[0].get("warnings").is_none(), "{told:?}");
        for one in &told[1..] {
            let warning = one["warnings"][0].as_str().unwrap_or_default();
            ensure!(warning.contains("bare public key, pk(), are not watched"), "{told:?}");
        }
        ensure!(result(&daemon, "getbalance", &json!([]))? == json!(0.07), "seven were paid");
        let private = texts(&result(&daemon, "listdescriptors", &json!([true]))?);
        let mut expected = vec![whole(&daemon, &format!("pkh({UNCOMPRESSED})"))?];
        for key in [WIF.to_owned(), format!("{FIRST}/7h/*")] {
            for form in [format!("pkh({key})"), format!("sh(wpkh({key}))"), format!("wpkh({key})")]
            {
                expected.push(whole(&daemon, &form)?);
            }
        }
        expected.sort();
        ensure!(private == expected, "{private:?} {expected:?}");
    }
    let labelled = result(&daemon, "getaddressesbylabel", &json!(["by itself"]))?;
    ensure!(labelled.as_object().is_some_and(|all| all.len() == 3), "{labelled}");
    let next = result(&daemon, "getnewaddress", &json!(["", "bech32"]))?;
    let expected = daemon.call("deriveaddresses", &json!([segwit, [4, 4]]))?;
    ensure!(next == expected[0], "{next} {expected}");

    let sent = result(&daemon, "sendall", &json!({"recipients": [STRANGER], "fee_rate": 2}))?;
    ensure!(sent["complete"] == true, "{sent}");
    town.await_payment(sent["txid"].as_str().context("no txid")?.parse()?)?;
    let told = result(&daemon, "gettransaction", &json!([sent["txid"], true, true]))?;
    ensure!(told["decoded"]["vin"].as_array().map(Vec::len) == Some(7), "{told}");
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
    let told = program.ok(&["doctor", "--online"])?;
    let mut checks = told["checks"].as_array().into_iter().flatten();
    let keys = checks.find(|check| check["check"] == "imported keys").context("not told")?;
    ensure!(keys["state"] == "odd" && told["good"] == true, "{told}");
    ensure!(keys["told"].as_str().is_some_and(|told| told.starts_with("1 private key was")));
    Ok(())
}

#[test]
fn addresses_of_a_further_type_come_from_the_words() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    let before = daemon.call("gethdkeys", &json!([]))?;
    ensure!(before.as_array().map(Vec::len) == Some(1), "the master of all: {before}");
    daemon.refused(500, -12, "getnewaddress", &json!(["", "legacy"]))?;
    let made = daemon.call("createwalletdescriptor", &json!(["legacy"]))?;
    let descs = made["descs"].as_array().context("no list")?;
    let listed = texts(&daemon.call("listdescriptors", &json!([]))?);
    ensure!(descs.len() == 2, "{made}");
    for (desc, branch) in descs.iter().zip(["/0/*", "/1/*"]) {
        let desc = desc.as_str().context("no text")?;
        ensure!(desc.starts_with("pkh([") && desc.contains("/44h/1h/0h]tpub"), "{desc}");
        ensure!(desc.contains(branch) && listed.iter().any(|one| one == desc), "{desc} {listed:?}");
    }
    let told = daemon.refused(500, -4, "createwalletdescriptor", &json!(["legacy"]))?;
    ensure!(told == "Descriptor already exists", "{told}");
    let told = daemon.refused(500, -5, "createwalletdescriptor", &json!(["bech33"]))?;
    ensure!(told == "Unknown address type 'bech33'", "{told}");
    let told =
        daemon.refused(500, -5, "createwalletdescriptor", &json!(["legacy", {"hdkey": "x"}]))?;
    ensure!(told == "Unable to parse HD key. Please provide a valid xpub", "{told}");
    let foreign = daemon.call("getdescriptorinfo", &json!([format!("pkh({FIRST}/*)")]))?;
    let foreign = foreign["descriptor"].as_str().and_then(|text| text.split(['(', '/']).nth(1));
    let params = json!(["legacy", {"hdkey": foreign}]);
    let told = daemon.refused(500, -5, "createwalletdescriptor", &params)?;
    ensure!(
        told == format!("Private key for {} is not known", foreign.context("no key")?),
        "{told}"
    );

    // What is paid there is found and spent, and the words bring it back.
    let address = daemon.call("getnewaddress", &json!(["", "legacy"]))?;
    ensure!(daemon.call("validateaddress", &json!([address]))?["isscript"] == false);
    town.pay(&address, 700_000)?;
    daemon.await_height(town.network.tip().0)?;
    ensure!(daemon.call("getreceivedbyaddress", &json!([address]))? == json!(0.007));
    let after = daemon.call("gethdkeys", &json!({"private": true}))?;
    ensure!(after[0]["xpub"] == before[0]["xpub"], "from the same master: {}", after[0]["xpub"]);
    ensure!(after[0]["descriptors"].as_array().is_some_and(|all| all.len() == 4), "of both types");
    ensure!(after[0]["xprv"].as_str().is_some_and(|key| key.starts_with("tprv")), "no key");
    let options = json!({"internal": true, "hdkey": before[0]["xpub"]});
    let made = daemon.call("createwalletdescriptor", &json!(["p2sh-segwit", options]))?;
    ensure!(made["descs"].as_array().map(Vec::len) == Some(1), "{made}");
    daemon.refused(500, -12, "getnewaddress", &json!(["", "p2sh-segwit"]))?;
    daemon.call("createwalletdescriptor", &json!(["p2sh-segwit"]))?;
    daemon.call("getnewaddress", &json!(["", "p2sh-segwit"]))?;

    let sent = daemon.call("sendall", &json!({"recipients": [STRANGER], "fee_rate": 2}))?;
    ensure!(sent["complete"] == true, "{sent}");
    daemon.call("encryptwallet", &json!(["pass"]))?;
    daemon.refused(500, -13, "createwalletdescriptor", &json!(["bech32"]))?;
    let locked = daemon.call("gethdkeys", &json!([]))?;
    ensure!(locked.as_array().is_some_and(|all| all.len() >= 2), "those of the accounts: {locked}");
    daemon.call("createwallet", &json!({"wallet_name": "keys", "blank": true}))?;
    let told = ask(&daemon, "createwalletdescriptor", &json!(["bech32"]))?;
    let expected = "Unable to determine which HD key to use from active descriptors. Please \
                    specify with 'hdkey'";
    ensure!(told["error"] == json!({"code": -5, "message": expected}), "{told}");
    daemon.stop()?;
    ensure!(program.ok(&["describe"])?["imported_keys"] == 0, "the words bring all of it back");
    Ok(())
}
