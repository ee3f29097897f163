//! Owns what callers have signed by the daemon: PSBTs and raw transactions that they made
//! themselves, held against each other and against what the wallet itself holds true.

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::town::Town;
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
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
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
fn what_is_not_signed_is_told() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
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
        (-5, "signmessage", json!(["mpLQjfK79b7CCV4VMJWEWAj5Mpx8Up5zxB", "m"]), "not available"),
    ];
    for (code, method, params, message) in cases {
        let told = daemon.refused(500, code, method, &params)?;
        ensure!(told.contains(message), "{method} {params}: {told}");
    }
    daemon.stop()
}
