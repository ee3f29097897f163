//! Owns what callers have signed by the daemon: PSBTs and raw transactions that they made
//! themselves, held against each other and against what the wallet itself holds true.

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::town::Town;
use bitcoin::absolute::LockTime;
use bitcoin::consensus::encode::serialize_hex;
use bitcoin::transaction::Version;
use bitcoin::{Amount, Network, Transaction, TxIn, TxOut};
use corepc_types::v31;
use serde_json::{Value, json};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

#[test]
fn what_a_caller_made_is_signed_the_same_in_every_form() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    program.ok(&["account", "add", "--type", "segwit"])?;
    program.ok(&["account", "add", "--type", "legacy"])?;
    let daemon = town.serve(&program)?;
    let segwit = daemon.call("getnewaddress", &json!(["", "bech32"]))?;
    town.pay(&segwit, 20_000_000)?;
    daemon.await_height(town.network.tip().0)?;
    let coins: v31::ListUnspent = daemon.read("listunspent", &json!([]))?;
    ensure!(coins.0.len() == 2, "{coins:?}");
    let coin = |coin: &v31::ListUnspentItem| json!({"txid": coin.txid, "vout": coin.vout});
    let inputs: Vec<Value> = coins.0.iter().map(coin).collect();
    let change = daemon.call("getrawchangeaddress", &json!([]))?;
    let change = change.as_str().context("an address")?;
    let made = json!([inputs, [{STRANGER: 0.6}, {change: 0.099}]]);
    let psbt = daemon.call("createpsbt", &made)?;

    let filled: v31::WalletProcessPsbt = daemon.read("walletprocesspsbt", &json!([psbt, false]))?;
    ensure!(!filled.complete && filled.hex.is_none(), "{filled:?}");
    let told = daemon.call("decodepsbt", &json!([filled.psbt]))?;
    ensure!(told["fee"] == json!(0.001), "{told}");
    let has = |told: &Value, field: &str| {
        let inputs = told["inputs"].as_array();
        inputs.is_some_and(|inputs| inputs.iter().any(|input| input.get(field).is_some()))
    };
    ensure!(has(&told, "bip32_derivs") && has(&told, "taproot_bip32_derivs"), "{told}");
    ensure!(told["outputs"][1].get("taproot_bip32_derivs").is_some(), "our change: {told}");
    let bare = json!({"psbt": psbt, "sign": false, "bip32derivs": false});
    let bare = daemon.call("walletprocesspsbt", &bare)?;
    let told = daemon.call("decodepsbt", &json!([bare["psbt"]]))?;
    ensure!(!has(&told, "bip32_derivs") && !has(&told, "taproot_bip32_derivs"), "{told}");

    let signed: v31::WalletProcessPsbt = daemon.read("walletprocesspsbt", &json!([psbt]))?;
    let hex = signed.hex.context("it is whole")?;
    ensure!(signed.complete);
    let partial = json!({"psbt": psbt, "finalize": false});
    let partial = daemon.call("walletprocesspsbt", &partial)?;
    ensure!(partial["complete"] == json!(false), "{partial}");
    let finished = daemon.call("finalizepsbt", &json!([partial["psbt"]]))?;
    ensure!(finished == json!({"hex": hex, "complete": true}), "{finished}");
    let raw = daemon.call("createrawtransaction", &made)?;
    let raw = daemon.call("signrawtransactionwithwallet", &json!([raw]))?;
    ensure!(raw == json!({"hex": hex, "complete": true}), "{raw}");
    let again = daemon.call("signrawtransactionwithwallet", &json!([hex]))?;
    ensure!(again == raw, "what is signed stays as it is: {again}");
    let address = daemon.call("getnewaddress", &json!(["", "legacy"]))?;
    let signature = daemon.call("signmessage", &json!([address, "it was me"]))?;
    let said = json!([address, signature, "it was me"]);
    ensure!(daemon.call("verifymessage", &said)? == json!(true), "{said}");
    daemon.stop()
}

#[test]
fn coins_are_chosen_for_what_a_caller_describes() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = town.serve(&program)?;
    let pays = json!([{STRANGER: 0.1}]);
    let options = json!({"fee_rate": 5, "changePosition": 0, "lockUnspents": true});
    // Nothing is held that was not asked for: the same coin is chosen again.
    daemon.call("walletcreatefundedpsbt", &json!([[], pays, 0, {"fee_rate": 5}]))?;
    let funded: v31::WalletCreateFundedPsbt =
        daemon.read("walletcreatefundedpsbt", &json!([[], pays, 7, options]))?;
    ensure!(funded.change_position == 0, "{funded:?}");
    let told = daemon.call("decodepsbt", &json!([funded.psbt]))?;
    ensure!(told["tx"]["vout"][1]["scriptPubKey"]["address"] == json!(STRANGER), "{told}");
    ensure!(told["tx"]["vout"][1]["value"] == json!(0.1), "{told}");
    ensure!(told["tx"]["locktime"] == json!(7) && told["fee"] == json!(funded.fee), "{told}");
    let locked = daemon.call("listlockunspent", &json!([]))?;
    ensure!(locked.as_array().is_some_and(|coins| coins.len() == 1), "{locked}");
    daemon.call("lockunspent", &json!([true]))?;
    let log = daemon.call("billfold.audit", &json!([0, 100]))?;
    ensure!(!log.to_string().contains("no_such_draft"), "nothing failed: {log}");

    let raw = daemon.call("createrawtransaction", &json!([[], [{STRANGER: 0.2}]]))?;
    let options = json!({"fee_rate": 5, "subtractFeeFromOutputs": [0], "changePosition": 1});
    let funded = daemon.call("fundrawtransaction", &json!([raw, options]))?;
    let told = daemon.call("decoderawtransaction", &json!([funded["hex"]]))?;
    let fee = funded["fee"].as_f64().context("a fee")?;
    let gets = told["vout"][0]["value"].as_f64().context("an amount")?;
    ensure!(fee > 0.0 && (gets + fee - 0.2).abs() < 1e-9, "{funded} {told}");
    ensure!(told["vout"][1]["value"] == json!(0.3), "the wallet bears nothing: {told}");

    let coins: v31::ListUnspent = daemon.read("listunspent", &json!([]))?;
    let coin = coins.0.first().context("a coin")?;
    let named = json!([{"txid": coin.txid, "vout": coin.vout, "sequence": 9}]);
    let made = json!([named, pays, 0, {"fee_rate": "5.5", "add_inputs": false}]);
    let funded: v31::WalletCreateFundedPsbt = daemon.read("walletcreatefundedpsbt", &made)?;
    let told = daemon.call("decodepsbt", &json!([funded.psbt]))?;
    ensure!(told["tx"]["vin"][0]["sequence"] == json!(9), "{told}");
    let signed: v31::WalletProcessPsbt = daemon.read("walletprocesspsbt", &json!([funded.psbt]))?;
    ensure!(signed.complete && signed.hex.is_some(), "{signed:?}");
    daemon.stop()
}

#[test]
fn what_can_not_be_funded_is_told_in_the_words_of_core() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = town.serve(&program)?;
    let own = own_coin(&daemon)?;
    let foreign = json!([{"txid": "11".repeat(32), "vout": 3}]);
    let rate = json!({"fee_rate": 5});
    let cases = [
        (-4, json!([]), 100.0, rate.clone(), "Insufficient funds"),
        (-4, own, 1.0, rate.clone(), "The preselected coins total amount does not cover"),
        (-4, foreign, 0.1, rate, "Unable to find UTXO for external input"),
        (-4, json!([]), 0.1, json!({}), "Fee estimation failed"),
        (-4, json!([]), 0.1, json!({"max_tx_weight": 1}), "must be between 260 and 400000"),
        (-3, json!([]), 0.1, json!({"nonsense": 1}), "Unexpected key nonsense"),
        (-3, json!([]), 0.1, json!({"minconf": "x"}), "for field minconf is not of expected type"),
        (-8, json!([]), 0.1, json!({"changePosition": 2}), "changePosition out of bounds"),
        (-8, json!([]), 0.1, json!({"minconf": 3, "maxconf": 2}), "maxconf can't be lower"),
        (-8, json!([]), 0.1, json!({"fee_rate": 5, "feeRate": 1}), "both fee_rate"),
        (-8, json!([]), 0.1, json!({"subtractFeeFromOutputs": [3]}), "position too large: 3"),
        (-5, json!([]), 0.1, json!({"change_type": "x"}), "Unknown change type 'x'"),
        (-5, json!([]), 0.1, json!({"changeAddress": "x"}), "Change address must be a valid"),
    ];
    for (code, inputs, amount, options, message) in cases {
        let params = json!([inputs, [{STRANGER: amount}], 0, options]);
        let told = daemon.refused(500, code, "walletcreatefundedpsbt", &params)?;
        ensure!(told.contains(message), "{params}: {told}");
    }
    daemon.stop()
}

/// Two wallets of the daemon, of which neither knows the other's coin by itself.
#[test]
fn coins_of_others_are_spent_together_with_ones_own() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = town.serve(&program)?;
    daemon.call("createwallet", &json!(["other"]))?;
    let address = daemon.call_of("other", "getnewaddress", &json!(["", "bech32"]))?;
    town.pay(&address, 40_000_000)?;
    daemon.await_height(town.network.tip().0)?;
    let coins = daemon.call_of("other", "listunspent", &json!([]))?;
    let coin = json!({"txid": coins[0]["txid"], "vout": coins[0]["vout"]});
    let made = daemon.call_of("other", "gettransaction", &json!([coin["txid"]]))?;
    let desc = &coins[0]["desc"];

    let solving = json!({"descriptors": [desc], "transactions": [made["hex"]]});
    let with = |solving: &Value| {
        json!([[coin], [{STRANGER: 0.8}], 0,
               {"fee_rate": 5, "add_inputs": true, "solving_data": solving}])
    };
    let refused = |solving: &Value, text: &str| -> Result<()> {
        let method = "walletcreatefundedpsbt";
        let told = daemon.reply_of("main", method, &with(solving))?;
        let message = told["error"]["message"].as_str().context("an error")?;
        ensure!(told["error"]["code"] == json!(-4) && message.contains(text), "{told}");
        Ok(())
    };
    refused(&json!({"descriptors": [desc]}), "Unable to find UTXO for external input")?;
    let unsolved = json!({"transactions": [made["hex"]]});
    refused(&unsolved, "Not solvable pre-selected input COutPoint(")?;
    let funded = daemon.call_of("main", "walletcreatefundedpsbt", &with(&solving))?;
    let told = daemon.call("decodepsbt", &json!([funded["psbt"]]))?;
    ensure!(told["fee"] == funded["fee"], "the fee follows from what is told: {told}");
    ensure!(told["tx"]["vin"][0]["txid"] == coin["txid"], "{told}");
    ensure!(told["tx"]["vin"].as_array().is_some_and(|inputs| inputs.len() == 2), "{told}");

    // Where all coins are of others, the wallet has nothing to sign, and says so as Core does.
    let options = json!({"inputs": [coin], "add_inputs": false, "solving_data": solving});
    let sent = json!([[{STRANGER: 0.3}], null, "unset", 5, options]);
    let sent = daemon.call_of("main", "send", &sent)?;
    ensure!(sent["complete"] == json!(false) && sent["psbt"].is_string(), "{sent}");
    let whole = daemon.call_of("other", "walletprocesspsbt", &json!([sent["psbt"], false]))?;
    ensure!(whole["complete"] == json!(false), "not one is signed: {whole}");

    // Both sign the same payment, and it is worth its fee.
    let options = json!({"inputs": [coin], "add_inputs": true, "solving_data": solving,
                         "change_position": 1});
    let sent = json!([[{STRANGER: 0.8}], null, "unset", 5, options]);
    let sent = daemon.call_of("main", "send", &sent)?;
    ensure!(sent["complete"] == json!(false) && sent.get("txid").is_none(), "{sent}");
    let whole = daemon.call_of("other", "walletprocesspsbt", &json!([sent["psbt"]]))?;
    ensure!(whole["complete"] == json!(true), "{whole}");
    let told = daemon.call("decoderawtransaction", &json!([whole["hex"]]))?;
    let change = told["vout"][1]["value"].as_f64().context("change")?;
    let fee = (0.9 - 0.8 - change) * 1e8;
    let vsize = told["vsize"].as_f64().context("a size")?;
    ensure!((5.0 * vsize..5.0 * (vsize + 2.0)).contains(&fee.round()), "{fee} for {vsize} vB");
    let txid = daemon.call_of("main", "sendrawtransaction", &json!([whole["hex"], 0]))?;
    town.await_payment(txid.as_str().context("an id")?.parse()?)?;
    town.mine();
    daemon.await_height(town.network.tip().0)?;
    ensure!(daemon.call_of("other", "getbalance", &json!([]))? == json!(0.0));
    daemon.stop()
}

/// A small call could have a large transaction of others copied for each of its outputs.
#[test]
fn inputs_of_others_are_bounded() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = town.serve(&program)?;
    let spk: bitcoin::Address<_> = STRANGER.parse()?;
    let output = TxOut {
        value: Amount::from_sat(100_000),
        script_pubkey: spk.require_network(Network::Regtest)?.script_pubkey(),
    };
    let parent = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn::default()],
        output: vec![output; 10_000],
    };
    let (txid, hex) = (parent.compute_txid(), serialize_hex(&parent));
    let funding = |count: u32| {
        let input = |vout| json!({"txid": txid, "vout": vout, "weight": 273});
        let inputs: Vec<_> = (0..count).map(input).collect();
        json!([inputs, [{STRANGER: 0.001}], 0,
               {"fee_rate": 5, "solving_data": {"transactions": [hex]}}])
    };
    let method = "walletcreatefundedpsbt";
    ensure!(parent.total_size() > 300_000);
    let funded = daemon.call(method, &funding(10))?;
    ensure!(funded["psbt"].is_string(), "{funded}");
    let told = daemon.refused(500, -4, method, &funding(30))?;
    ensure!(told.contains("take more than 8 MiB"), "{told}");
    let told = daemon.refused(500, -4, method, &funding(10_000))?;
    ensure!(told.contains("The inputs size exceeds the maximum weight"), "{told}");
    daemon.stop()
}

#[test]
fn inputs_weigh_and_say_what_a_caller_asks_for() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = town.serve(&program)?;
    let coin = own_coin(&daemon)?[0].clone();
    let with = |field: &str, value: Value| {
        let mut coin = coin.clone();
        coin[field] = value;
        json!([coin])
    };
    let pays = json!([{STRANGER: 0.1}]);
    let fee = |inputs: Value| -> Result<f64> {
        let params = json!([inputs, pays, 0, {"fee_rate": 10, "add_inputs": false}]);
        let funded = daemon.call("walletcreatefundedpsbt", &params)?;
        funded["fee"].as_f64().context("a fee")
    };
    let heavier = fee(with("weight", json!(4_230)))? - fee(json!([coin]))?;
    ensure!((heavier - 0.0001).abs() < 1e-9, "a thousand vbytes more: {heavier}");
    let raw = daemon.call("createrawtransaction", &json!([[coin], pays]))?;
    let weights = json!({"fee_rate": 10, "input_weights": with("weight", json!(4_230))});
    let funded = daemon.call("fundrawtransaction", &json!([raw, weights]))?;
    ensure!(funded["fee"].as_f64() > Some(0.0001), "{funded}");

    let weight = |value: Value| json!([with("weight", value), pays, 0, {"fee_rate": 5}]);
    let solve = |data: Value| json!([[], pays, 0, {"fee_rate": 5, "solving_data": data}]);
    let method = "walletcreatefundedpsbt";
    let cases = [
        (-8, method, weight(json!(164)), "weight cannot be less than 165 (41 bytes"),
        (-8, method, weight(json!(-1)), "weight cannot be less than 165"),
        (-8, method, weight(json!(400_001)), "maximum standard tx weight of 400000"),
        (-8, method, weight(json!("x")), "missing weight key"),
        (-8, method, json!([[], pays, 0, {"input_weights": []}]), "should be specified in inputs"),
        (-8, "send", json!([pays, null, "unset", 5, {"input_weights": []}]), "in inputs rather"),
        (-5, method, solve(json!({"pubkeys": ["x"]})), "Pubkey \"x\" must be a hex string"),
        (-5, method, solve(json!({"scripts": ["x"]})), "'x' is not hex"),
        (-8, method, solve(json!({"descriptors": ["x"]})), "Unable to parse descriptor 'x'"),
        (
            -8,
            "send",
            json!([pays, null, "unset", 5, {"inputs": with("sequence", json!(-1))}]),
            "sequence number is out of range",
        ),
        (
            -8,
            "send",
            json!([pays, null, "unset", 5, {"inputs": with("sequence", json!(4_294_967_295_u32))}]),
            "Sequence number(s) contradict replaceable option",
        ),
        (-8, "send", json!([pays, null, "unset", 5, null, 4]), "version out of range(1~3)"),
        (
            -8,
            "sendall",
            json!([[STRANGER], null, "unset", 5,
            {"inputs": [{"txid": "11".repeat(32), "vout": 0}]}]),
            "Input not found. UTXO (1111111111111111111111111111111111111111111111111111111111111111:0) is not part of wallet.",
        ),
    ];
    refused(&daemon, &cases)?;

    let sent_as = |sent: &Value| -> Result<(Value, Value)> {
        town.await_payment(sent["txid"].as_str().context("an id")?.parse()?)?;
        town.mine();
        daemon.await_height(town.network.tip().0)?;
        let told = daemon.call("gettransaction", &json!([sent["txid"], null, true]))?;
        let told = &told["decoded"];
        Ok((told["version"].clone(), told["vin"][0]["sequence"].clone()))
    };
    let options = json!({"inputs": with("sequence", json!(2))});
    let sent = daemon.call("send", &json!([pays, null, "unset", 5, options, 1]))?;
    ensure!(sent_as(&sent)? == (json!(1), json!(2)));
    let again = json!([[STRANGER], null, "unset", 5, {"inputs": [coin]}]);
    let told = daemon.refused(500, -8, "sendall", &again)?;
    let says_so = told.starts_with("Input not available.") && told.ends_with("was already spent.");
    ensure!(says_so, "{told}");
    let mut left = own_coin(&daemon)?[0].clone();
    left["sequence"] = json!(1);
    let options = json!({"inputs": [left], "version": 3});
    let sent = daemon.call("sendall", &json!([[STRANGER], null, "unset", 5, options]))?;
    ensure!(sent_as(&sent)? == (json!(3), json!(1)));
    daemon.stop()
}

#[test]
fn hands_with_their_own_keys_are_put_together() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = town.serve(&program)?;
    let own = own_coin(&daemon)?;
    let raw = daemon.call("createrawtransaction", &json!([own, {STRANGER: 0.499}]))?;
    let whole = daemon.call("signrawtransactionwithwallet", &json!([raw]))?;
    // The wallet knows the coin, so nobody need tell of it.
    let combined = daemon.call("combinerawtransaction", &json!([[raw, whole["hex"]]]))?;
    ensure!(combined == whole["hex"], "{combined}");
    let key = "cRSNJWRn3ua4Hzg6bYPNwsz6phHEbYyconHGJwKgAURNkTidvJ2D";
    let signed = daemon.call("signrawtransactionwithkey", &json!([whole["hex"], [key]]))?;
    ensure!(signed == whole, "what is signed stays as it is: {signed}");
    let signed: v31::SignRawTransactionWithKey =
        daemon.read("signrawtransactionwithkey", &json!([raw, [key]]))?;
    let errors = signed.errors;
    ensure!(!signed.complete && errors.as_ref().is_some_and(|all| all.len() == 1), "{errors:?}");

    let foreign = json!([{"txid": "11".repeat(32), "vout": 3}]);
    let foreign = daemon.call("createrawtransaction", &json!([foreign, {STRANGER: 0.1}]))?;
    let spent = json!([{"txid": "11".repeat(32), "vout": 3, "scriptPubKey": "00".repeat(3)}]);
    let cases = [
        (-22, "combinerawtransaction", json!([[]]), "Missing transactions"),
        (-22, "combinerawtransaction", json!([[raw, "00"]]), "TX decode failed for tx 1. Make"),
        (
            -3,
            "combinerawtransaction",
            json!([[1]]),
            "of type number is not of expected type string",
        ),
        (-25, "combinerawtransaction", json!([[foreign]]), "Input not found or already spent"),
        (-22, "signrawtransactionwithkey", json!(["00", []]), "at least one input"),
        (-5, "signrawtransactionwithkey", json!([raw, ["x"]]), "Invalid private key"),
        (-3, "signrawtransactionwithkey", json!([raw, [], [{}]]), "Missing scriptPubKey"),
        (-8, "signrawtransactionwithkey", json!([raw, [], [], "x"]), "'x' is not a valid sighash"),
        (-3, "signrawtransactionwithkey", json!([raw, "x"]), "Wrong type passed"),
    ];
    refused(&daemon, &cases)?;
    let told = daemon.call("signrawtransactionwithkey", &json!([foreign, [key], spent]))?;
    ensure!(told["complete"] == json!(false) && told["errors"][0]["vout"] == json!(3), "{told}");
    daemon.stop()
}

#[test]
fn descriptors_tell_psbts_what_they_lack() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = town.serve(&program)?;
    let own = own_coin(&daemon)?;
    let psbt = daemon.call("createpsbt", &json!([own, {STRANGER: 0.499}]))?;
    let updated = daemon.call("utxoupdatepsbt", &json!([psbt]))?;
    let told = daemon.call("decodepsbt", &json!([updated]))?;
    ensure!(told["inputs"][0]["witness_utxo"]["amount"] == json!(0.5), "{told}");
    ensure!(told["inputs"][0].get("taproot_internal_key").is_none(), "nobody told: {told}");
    let descriptors = daemon.call("listdescriptors", &json!([]))?;
    let descriptors = descriptors["descriptors"].as_array().context("descriptors")?;
    let all: Vec<Value> = descriptors.iter().map(|one| json!({"desc": one["desc"]})).collect();
    let updated = daemon.call("utxoupdatepsbt", &json!([psbt, all]))?;
    let told = daemon.call("decodepsbt", &json!([updated]))?;
    ensure!(told["inputs"][0].get("taproot_internal_key").is_some(), "{told}");
    let processed: v31::DescriptorProcessPsbt =
        daemon.read("descriptorprocesspsbt", &json!([psbt, all]))?;
    ensure!(!processed.complete && json!(processed.psbt) == updated, "no key was told");
    let signed = daemon.call("walletprocesspsbt", &json!([updated]))?;
    ensure!(signed["complete"] == json!(true), "{signed}");

    let foreign = json!([{"txid": "11".repeat(32), "vout": 3}]);
    let foreign = daemon.call("createpsbt", &json!([foreign, {STRANGER: 0.1}]))?;
    ensure!(daemon.call("utxoupdatepsbt", &json!([foreign, all]))? == foreign, "stays as it is");
    let cases = [
        (-22, "utxoupdatepsbt", json!(["nonsense!"]), "TX decode failed invalid base64"),
        (-8, "utxoupdatepsbt", json!([psbt, [1]]), "needs to be either a string or an object"),
        (-8, "descriptorprocesspsbt", json!([psbt, [], "x"]), "'x' is not a valid sighash"),
        (-5, "descriptorprocesspsbt", json!([psbt, ["wpkh()"]]), ""),
    ];
    refused(&daemon, &cases)?;
    daemon.stop()
}

#[test]
fn what_is_not_signed_is_told() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = town.serve(&program)?;
    let foreign = json!([{"txid": "11".repeat(32), "vout": 3}]);
    let made = json!([foreign, {STRANGER: 0.1}]);
    let raw = daemon.call("createrawtransaction", &made)?;
    let signed: v31::SignRawTransactionWithWallet =
        daemon.read("signrawtransactionwithwallet", &json!([raw]))?;
    let errors = signed.errors.context("errors")?;
    ensure!(!signed.complete && errors.len() == 1, "{errors:?}");
    ensure!(errors[0].error == "Input not found or already spent", "{errors:?}");
    let psbt = daemon.call("createpsbt", &made)?;
    let processed: v31::WalletProcessPsbt = daemon.read("walletprocesspsbt", &json!([psbt]))?;
    ensure!(!processed.complete && json!(processed.psbt) == psbt, "{processed:?}");

    let address = daemon.call("getnewaddress", &json!([]))?;
    let cases = [
        (-22, "walletprocesspsbt", json!(["nonsense!"]), "TX decode failed invalid base64"),
        (-8, "walletprocesspsbt", json!([psbt, true, "SINGLE"]), "cover the whole transaction"),
        (-8, "walletprocesspsbt", json!([psbt, true, "x"]), "'x' is not a valid sighash"),
        (-22, "signrawtransactionwithwallet", json!(["00"]), "at least one input"),
        (-3, "signrawtransactionwithwallet", json!([raw, [{"vout": 1}]]), "Missing scriptPubKey"),
        (-3, "signmessage", json!([address, "m"]), "Address does not refer to key"),
        (-4, "signmessage", json!(["mpLQjfK79b7CCV4VMJWEWAj5Mpx8Up5zxB", "m"]), "not available"),
    ];
    refused(&daemon, &cases)?;
    daemon.stop()
}

/// The wallet's only coin, as an input of what is made.
fn own_coin(daemon: &Daemon) -> Result<Value> {
    let coins: v31::ListUnspent = daemon.read("listunspent", &json!([]))?;
    let coin = coins.0.first().context("a coin")?;
    Ok(json!([{"txid": coin.txid, "vout": coin.vout}]))
}

/// Each call fails with its code, in words that hold these.
fn refused(daemon: &Daemon, cases: &[(i32, &str, Value, &str)]) -> Result<()> {
    for (code, method, params, message) in cases {
        let told = daemon.refused(500, *code, method, params)?;
        ensure!(told.contains(message), "{method} {params}: {told}");
    }
    Ok(())
}
