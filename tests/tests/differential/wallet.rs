//! Owns the walk of two wallets of the same keys on the same chain: paid, paying, their blocks taken
//! back, and asked after each step for all that a wallet tells; and what each refuses.

use anyhow::{Context, Result, ensure};
use billfold_tests::vector_wallet;
use bitcoin::{Address, Amount, ScriptBuf};
use serde_json::{Value, json};

use super::Pair;

/// All of it.
pub(super) fn walk(pair: &mut Pair) -> Result<()> {
    import(pair)?;
    let addresses = issued(pair)?;
    ask(pair, &addresses)?;
    let outputs: Result<Vec<(ScriptBuf, Amount)>> = addresses.iter().map(output).collect();
    let outputs = outputs?;
    pair.node.pay_many(&outputs)?;
    settle(pair, 0.06)?;
    ask(pair, &addresses)?;
    pair.node.mine(1)?;
    settle(pair, 0.0)?;
    ask(pair, &addresses)?;
    funded(pair)?;
    external(pair)?;
    refused(pair, &addresses)?;
    spend(pair, &addresses)
}

/// Gives Core the keys of the daemon's wallet.
fn import(pair: &Pair) -> Result<()> {
    let mut requests = Vec::new();
    for purpose in [44, 49, 84, 86] {
        let desc = vector_wallet::private_descriptor(purpose)?;
        let told = core(pair, "getdescriptorinfo", &json!([desc]))?;
        let checksum = told["checksum"].as_str().context("a checksum")?;
        let desc = format!("{desc}#{checksum}");
        requests.push(json!({"desc": desc, "active": true, "timestamp": 0, "range": [0, 50]}));
    }
    let told = core(pair, "importdescriptors", &json!([requests]))?;
    ensure!(
        told.as_array().is_some_and(|all| all.iter().all(|one| one["success"] == true)),
        "{told}"
    );
    Ok(())
}

/// An address of each type, the same from both.
fn issued(pair: &Pair) -> Result<Vec<Value>> {
    let mut addresses = Vec::new();
    for kind in ["legacy", "p2sh-segwit", "bech32", "bech32m"] {
        pair.twins.compare("getnewaddress", &json!(["shop", kind]))?;
        pair.twins.compare("getnewaddress", &json!(["", kind]))?;
        pair.twins.compare("getrawchangeaddress", &json!([kind]))?;
        let params = json!([format!("of {kind}"), kind]);
        let ours = call(pair, "getnewaddress", &params)?;
        ensure!(core(pair, "getnewaddress", &params)? == ours, "{ours}");
        addresses.push(ours);
    }
    Ok(addresses)
}

fn output(address: &Value) -> Result<(ScriptBuf, Amount)> {
    let address: Address<_> = address.as_str().context("an address")?.parse()?;
    Ok((address.assume_checked().script_pubkey(), Amount::from_sat(1_500_000)))
}

/// Waits until the daemon stands where Core stands, with so much pending from others.
fn settle(pair: &Pair, pending: f64) -> Result<()> {
    let height = pair.node.tip()?.0;
    pair.daemon.await_height(height)?;
    let is_seen = || {
        let balances = call(pair, "getbalances", &json!([]))?;
        Ok(balances["mine"]["untrusted_pending"] == json!(pending))
    };
    pair.daemon.await_that("the payment was never seen", is_seen)
}

/// Asks both for all that they tell.
fn ask(pair: &Pair, addresses: &[Value]) -> Result<()> {
    let tip = pair.node.tip()?.1;
    let first = pair.node.hash_at(5)?;
    let mut calls = vec![
        ("getbalance", json!([])),
        ("getbalance", json!(["*"])),
        ("getbalance", json!(["x"])),
        ("getbalances", json!([])),
        ("listunspent", json!([])),
        ("listunspent", json!([0])),
        ("listunspent", json!([0, 999, [addresses[2]]])),
        ("listunspent", json!([0, 999, [], true, {"minimumAmount": 1}])),
        ("listtransactions", json!(["*", 100])),
        ("listtransactions", json!(["of bech32"])),
        ("listsinceblock", json!([])),
        ("listsinceblock", json!([""])),
        ("listsinceblock", json!([first])),
        ("listsinceblock", json!([tip, 2])),
        ("listsinceblock", json!(["00".repeat(32)])),
        ("listreceivedbyaddress", json!([])),
        ("listreceivedbyaddress", json!([0, true])),
        ("listreceivedbyaddress", json!([1, false, true, addresses[1]])),
        ("listreceivedbylabel", json!([0, true])),
        ("listaddressgroupings", json!([])),
        ("listlabels", json!([])),
        ("listlockunspent", json!([])),
        ("listdescriptors", json!([])),
        ("getwalletinfo", json!([])),
        ("getblockchaininfo", json!([])),
        ("getblockhash", json!([5])),
        ("getblockheader", json!([first])),
        ("getblockheader", json!([first, false])),
        ("getchaintips", json!([])),
        ("getbestblockhash", json!([])),
        ("getblockcount", json!([])),
    ];
    for label in ["shop", "", "of bech32", "nobody"] {
        calls.push(("getreceivedbylabel", json!([label, 0])));
        calls.push(("getaddressesbylabel", json!([label])));
    }
    for address in addresses {
        calls.push(("getaddressinfo", json!([address])));
        calls.push(("getreceivedbyaddress", json!([address])));
        calls.push(("getreceivedbyaddress", json!([address, 0])));
    }
    let known = core(pair, "listtransactions", &json!(["*", 100]))?;
    for transaction in known.as_array().context("transactions")? {
        calls.push(("gettransaction", json!([transaction["txid"]])));
        calls.push(("gettransaction", json!([transaction["txid"], true, true])));
    }
    for (method, params) in calls {
        pair.twins.compare_meaning(method, &params)?;
    }
    Ok(())
}

/// PSBTs of coins of every type: made and filled in by both.
fn funded(pair: &Pair) -> Result<()> {
    let payee = json!([{STRANGER: 0.01}]);
    let coins = core(pair, "listunspent", &json!([]))?;
    for coin in coins.as_array().context("coins")? {
        let inputs = json!([{"txid": coin["txid"], "vout": coin["vout"]}]);
        let bare = call(pair, "createpsbt", &json!([inputs, payee]))?;
        pair.twins.compare("walletprocesspsbt", &json!([bare, false]))?;
        pair.twins.compare("walletprocesspsbt", &json!([bare, false, "ALL", false]))?;
        let options = json!({"add_inputs": false, "fee_rate": 7, "changePosition": 1, "change_type": "bech32"});
        let params = json!([inputs, payee, 0, options]);
        pair.twins.compare_meaning("walletcreatefundedpsbt", &params)?;
        let method = "walletcreatefundedpsbt";
        let told = [core(pair, method, &params)?, call(pair, method, &params)?];
        for made in &told {
            for method in ["decodepsbt", "analyzepsbt", "finalizepsbt"] {
                pair.twins.compare(method, &json!([made["psbt"]]))?;
            }
        }
    }
    Ok(())
}

/// A coin that is neither wallet's, which both spend by what they are told of it.
fn external(pair: &mut Pair) -> Result<()> {
    let stranger: Address<_> = STRANGER.parse()?;
    let script = stranger.assume_checked().script_pubkey();
    let txid = pair.node.pay_many(&[(script, Amount::from_sat(5_000_000))])?;
    pair.node.mine(1)?;
    settle(pair, 0.0)?;
    let made = core(pair, "gettxout", &json!([txid, 0]))?;
    let vout = i32::from(made["value"] != json!(0.05));
    let parent = core(pair, "getrawtransaction", &json!([txid, 0, pair.node.tip()?.1]))?;
    let coin = json!({"txid": txid, "vout": vout});
    let weighing = |weight: Value| json!({"txid": txid, "vout": vout, "weight": weight});
    let payee = json!([{OTHER: 0.01}]);
    let solving = json!({"pubkeys": [STRANGERS_KEY], "transactions": [parent]});
    let asked = |input: &Value, solving: &Value| {
        let options = json!({"add_inputs": false, "fee_rate": 7, "change_type": "bech32",
                             "solving_data": solving});
        json!([[input], payee, 0, options])
    };
    let method = "walletcreatefundedpsbt";
    for input in [coin.clone(), weighing(json!(1_003))] {
        let params = asked(&input, &solving);
        let [core, ours] = [core(pair, method, &params)?, call(pair, method, &params)?];
        ensure!(core["fee"] == ours["fee"], "{core} {ours}");
    }
    let known = json!({"transactions": [parent]});
    let mut calls = vec![asked(&coin, &known)];
    for weight in [json!(1), json!(400_001), json!("x"), json!(1.5)] {
        calls.push(asked(&weighing(weight), &solving));
    }
    for wrong in [
        json!({"pubkeys": ["x"]}),
        json!({"pubkeys": ["02"]}),
        json!({"pubkeys": [1]}),
        json!({"scripts": ["x"]}),
        json!({"scripts": "00"}),
        json!({"descriptors": [format!("wpkh({STRANGERS_KEY})")]}),
        json!([]),
    ] {
        calls.push(asked(&coin, &wrong));
    }
    for params in calls {
        pair.twins.compare_meaning(method, &params)?;
    }
    let inputs = json!([{"txid": "11".repeat(32), "vout": 0}]);
    let sent = |options: Value| json!([payee, null, "unset", 7, options]);
    pair.twins.compare_meaning("send", &sent(json!({"input_weights": []})))?;
    let last = json!([{"txid": txid, "vout": vout, "sequence": 4_294_967_295_u32}]);
    pair.twins.compare_meaning("send", &sent(json!({"inputs": last})))?;
    let all = |options: Value| json!([[OTHER], null, "unset", 7, options]);
    pair.twins.compare_meaning("sendall", &all(json!({"inputs": inputs})))?;
    pair.twins.compare_meaning("sendall", &all(json!({"inputs": last})))
}

/// The same, signed by both; the daemon holds the coins from here on.
fn signed(pair: &Pair) -> Result<()> {
    let coins = core(pair, "listunspent", &json!([]))?;
    for coin in coins.as_array().context("coins")? {
        let inputs = json!([{"txid": coin["txid"], "vout": coin["vout"]}]);
        let bare = call(pair, "createpsbt", &json!([inputs, [{STRANGER: 0.001}]]))?;
        for params in [json!([bare]), json!([bare, true, "DEFAULT", true, false])] {
            pair.twins.compare("walletprocesspsbt", &params)?;
        }
        let signed = call(pair, "walletprocesspsbt", &json!([bare, true, "DEFAULT", true, false]))?;
        for method in ["decodepsbt", "analyzepsbt", "finalizepsbt"] {
            pair.twins.compare(method, &json!([signed["psbt"]]))?;
        }
    }
    Ok(())
}

/// What both refuse.
fn refused(pair: &Pair, addresses: &[Value]) -> Result<()> {
    let coins = core(pair, "listunspent", &json!([]))?;
    let coin = json!({"txid": coins[0]["txid"], "vout": coins[0]["vout"]});
    let nobodys = json!({"txid": "11".repeat(32), "vout": 0});
    let too_much = json!([{STRANGER: 1000}]);
    let combo = vector_wallet::private_descriptor(84)?.replace("wpkh(", "combo(");
    let checksum = &call(pair, "getdescriptorinfo", &json!([combo]))?["checksum"];
    let combo = format!("{combo}#{}", checksum.as_str().context("a checksum")?);
    let combo = json!({"desc": combo, "active": true, "timestamp": "now"});
    let calls = [
        ("getnewaddress", json!(["", "x"])),
        ("getnewaddress", json!(["*"])),
        ("getbalance", json!(["*", 99_999_999_999_u64])),
        ("listunspent", json!([0, 99, ["x"]])),
        ("listunspent", json!([0, 99, [], true, {"x": 1}])),
        ("listtransactions", json!(["*", -1])),
        ("listtransactions", json!(["*", 1, -1])),
        ("gettransaction", json!(["00".repeat(32)])),
        ("gettransaction", json!(["x"])),
        ("getaddressinfo", json!(["x"])),
        ("getaddressinfo", json!([STRANGER])),
        ("getreceivedbyaddress", json!([STRANGER])),
        ("lockunspent", json!([false, [{}]])),
        ("lockunspent", json!([false, [nobodys]])),
        ("lockunspent", json!([true, [coin]])),
        ("lockunspent", json!([false, [coin]])),
        ("lockunspent", json!([false, [coin]])),
        ("listlockunspent", json!([])),
        ("lockunspent", json!([true])),
        ("setlabel", json!(["x", "y"])),
        ("abandontransaction", json!([coins[0]["txid"]])),
        ("abandontransaction", json!(["00".repeat(32)])),
        ("bumpfee", json!(["00".repeat(32)])),
        ("bumpfee", json!([coins[0]["txid"]])),
        ("bumpfee", json!([coins[0]["txid"], {"x": 1}])),
        ("signmessage", json!(["mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", "x"])),
        ("signmessage", json!([addresses[2], "x"])),
        ("signmessage", json!([addresses[0], "x"])),
        ("walletpassphrase", json!(["x", 1])),
        ("walletlock", json!([])),
        ("rescanblockchain", json!([99_999])),
        ("sendtoaddress", json!([STRANGER, 1000, "", "", false, true, null, "unset", false, 2])),
        ("sendtoaddress", json!([STRANGER, 1000, "", "", false, true, 3])),
        ("sendtoaddress", json!(["x", 1])),
        ("sendtoaddress", json!([STRANGER, 0])),
        ("sendtoaddress", json!([STRANGER, 0.000_001])),
        ("sendmany", json!(["x", {STRANGER: 1}])),
        ("sendmany", json!(["", {STRANGER: 1000}])),
        ("send", json!([too_much, null, "unset", 2])),
        ("send", json!([{}])),
        ("sendall", json!([[STRANGER], null, "unset", 2, {"inputs": [coin], "send_max": true}])),
        ("sendall", json!([[]])),
        ("walletcreatefundedpsbt", json!([[], too_much])),
        ("walletcreatefundedpsbt", json!([[coin], too_much])),
        ("walletcreatefundedpsbt", json!([[nobodys], [{STRANGER: 0.01}]])),
        ("fundrawtransaction", json!(["x"])),
        ("fundrawtransaction", json!(["x", 1])),
        ("signrawtransactionwithwallet", json!(["x"])),
        ("sendrawtransaction", json!(["00"])),
        ("sendrawtransaction", json!(["00", 1.5])),
        ("gettxout", json!([coins[0]["txid"], -1])),
        ("gettxspendingprevout", json!([[{}]])),
        ("importdescriptors", json!([[combo]])),
        ("createwalletdescriptor", json!(["x"])),
        ("createwalletdescriptor", json!(["bech32", {"hdkey": "x"}])),
        ("createwalletdescriptor", json!(["bech32", {"internal": 1}])),
        ("setmocktime", json!([-1])),
        ("setmocktime", json!([9_223_372_037_u64])),
    ];
    for (method, params) in calls {
        pair.twins.compare_meaning(method, &params)?;
    }
    Ok(())
}

/// The daemon pays; Core sees the same payment waiting, in a block, and out of its block again.
fn spend(pair: &mut Pair, addresses: &[Value]) -> Result<()> {
    let payment = call(
        pair,
        "sendtoaddress",
        &json!([STRANGER, 0.02, "", "", false, true, null, "unset", null, 5]),
    )?;
    pair.node.await_in_mempool(payment.as_str().context("an id")?.parse()?)?;
    call(pair, "syncwithvalidationinterfacequeue", &json!([]))?;
    core(pair, "syncwithvalidationinterfacequeue", &json!([]))?;
    ask(pair, addresses)?;
    waiting(pair, &payment)?;
    let block = pair.node.mine(1)?[0];
    settle(pair, 0.0)?;
    ask(pair, addresses)?;
    let (height, _) = pair.node.tip()?;
    pair.node.mine_empty_on(pair.node.hash_at(height - 1)?, 2)?;
    ensure!(pair.node.tip()?.0 == height + 1);
    settle(pair, 0.0)?;
    pair.twins.compare_meaning("listsinceblock", &json!([block]))?;
    ask(pair, addresses)?;
    pair.node.mine(1)?;
    settle(pair, 0.0)?;
    ask(pair, addresses)?;
    reused(pair, addresses)?;
    signed(pair)
}

/// The addresses that were spent from are paid again, and both avoid them. Core marks what it scans.
fn reused(pair: &mut Pair, addresses: &[Value]) -> Result<()> {
    pair.twins.compare_meaning("getbalance", &json!({"avoid_reuse": true}))?;
    for _ in 0..2 {
        pair.twins.compare_meaning("setwalletflag", &json!(["avoid_reuse", true]))?;
    }
    core(pair, "rescanblockchain", &json!([]))?;
    let outputs: Result<Vec<(ScriptBuf, Amount)>> = addresses.iter().map(output).collect();
    pair.node.pay_many(&outputs?)?;
    let used = || Ok(call(pair, "getbalances", &json!([]))?["mine"]["used"] != json!(0.0));
    pair.daemon.await_that("the payment was never seen", used)?;
    let balances = [
        ("getbalances", json!([])),
        ("getbalance", json!([])),
        ("getbalance", json!({"avoid_reuse": false})),
        ("sendtoaddress", json!({"address": STRANGER, "amount": 0.2, "fee_rate": 2})),
    ];
    let rest = [("getwalletinfo", json!([])), ("listunspent", json!([0]))];
    for blocks in [0, 1] {
        pair.node.mine(blocks)?;
        pair.daemon.await_height(pair.node.tip()?.0)?;
        for (method, params) in balances.iter().chain(&rest) {
            pair.twins.compare_meaning(method, params)?;
        }
    }
    pair.twins.compare_meaning("setwalletflag", &json!(["avoid_reuse", false]))?;
    // 29 keeps sums that it added up with the flag.
    rest.iter().try_for_each(|(method, params)| pair.twins.compare_meaning(method, params))
}

/// A payment that waits, alone and with one that spends its change.
fn waiting(pair: &Pair, payment: &Value) -> Result<()> {
    pair.twins.compare_meaning("getmempoolentry", &json!([payment]))?;
    let told = call(pair, "gettransaction", &json!([payment, true, true]))?;
    let outputs = told["decoded"]["vout"].as_array().context("outputs")?;
    let change = outputs.iter().find(|output| output["scriptPubKey"]["address"] != STRANGER);
    let change = json!([{"txid": payment, "vout": change.context("change")?["n"]}]);
    let options = json!({"inputs": change, "add_inputs": false});
    let child = call(pair, "send", &json!([[{STRANGER: 0.005}], null, "unset", 30, options]))?;
    pair.node.await_in_mempool(child["txid"].as_str().context("an id")?.parse()?)?;
    call(pair, "syncwithvalidationinterfacequeue", &json!([]))?;
    for entry in [payment, &child["txid"], &json!("00".repeat(32)), &json!("x")] {
        pair.twins.compare_meaning("getmempoolentry", &json!([entry]))?;
    }
    Ok(())
}

fn core(pair: &Pair, method: &str, params: &Value) -> Result<Value> {
    pair.twins.core.call(method, params)
}

fn call(pair: &Pair, method: &str, params: &Value) -> Result<Value> {
    pair.twins.ours.call(method, params)
}

/// The public key of [`STRANGER`] (BIP173).
const STRANGERS_KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

/// Somebody else.
const OTHER: &str = "bcrt1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qzf4jry";

/// Whom payments go to.
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
