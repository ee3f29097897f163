//! Owns payments by scripts that were written for Bitcoin Core: who bears the fee, what replaces a
//! payment, what gives it up. The real program, over its port, on a play-money network.

use std::thread;

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::{Asker, Daemon};
use billfold_tests::program::Program;
use billfold_tests::town::Town;
use corepc_types::v31;
use serde_json::{Value, json};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
const OTHER: &str = "bcrt1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qzf4jry";

/// A daemon whose wallet has one coin of half a bitcoin.
fn serving(more: &[&str]) -> Result<(Town, Program, Daemon)> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, more)?;
    daemon.await_height(town.network.tip().0)?;
    Ok((town, program, daemon))
}

/// What an address gets by a transaction of the wallet, and the fee.
fn paid(daemon: &Daemon, txid: &Value, address: &str) -> Result<(i64, i64)> {
    let told = daemon.call("gettransaction", &json!([txid, null, true]))?;
    let outputs = told["decoded"]["vout"].as_array().context("no outputs")?;
    let own = outputs.iter().find(|output| output["scriptPubKey"]["address"] == address);
    Ok((sats(&own.context("it is not paid")?["value"])?, -sats(&told["fee"])?))
}

/// Waits until a peer has fetched a transaction.
fn await_fetched(daemon: &Daemon, txid: &Value) -> Result<()> {
    let told = daemon.call("gettransaction", &json!([txid]))?;
    ensure!(daemon.call("sendrawtransaction", &json!([told["hex"]]))? == *txid);
    Ok(())
}

fn sats(amount: &Value) -> Result<i64> {
    let amount = bitcoin::SignedAmount::from_btc(amount.as_f64().context("no amount")?)?;
    Ok(amount.to_sat())
}

#[test]
fn the_daemon_is_told_types_of_addresses_and_the_least_fee_rate() -> Result<()> {
    let types = ["--address-type", "bech32m", "--change-type", "p2sh-segwit"];
    let (town, _program, daemon) = serving(&[&types[..], &["--min-tx-fee", "0.00005"]].concat())?;
    daemon.call("unloadwallet", &json!(["main"]))?;
    daemon.call("createwallet", &json!(["shop"]))?;
    let begins = |address: &Value, with| address.as_str().is_some_and(|it| it.starts_with(with));
    let address = daemon.call("getnewaddress", &json!([]))?;
    ensure!(begins(&address, "bcrt1p"), "{address}");
    let asked = daemon.call("getnewaddress", &json!(["", "bech32"]))?;
    ensure!(begins(&asked, "bcrt1q"), "what a call asks for goes before: {asked}");
    let change = daemon.call("getrawchangeaddress", &json!([]))?;
    ensure!(begins(&change, "2"), "{change}");
    town.pay(&address, 50_000_000)?;
    daemon.await_height(town.network.tip().0)?;
    let pay = |rate| json!({"address": OTHER, "amount": 0.1, "fee_rate": rate});
    let told = daemon.refused(500, -6, "sendtoaddress", &pay(4.0))?;
    let text = "Fee rate (4.000 sat/vB) is lower than the minimum fee rate setting (5.000 sat/vB)";
    ensure!(told == text, "{told}");
    let txid = daemon.call("sendtoaddress", &pay(5.0))?;
    let told = daemon.call("gettransaction", &json!([txid, null, true]))?;
    let outputs = told["decoded"]["vout"].as_array().context("no outputs")?;
    let paid = outputs.iter().map(|output| &output["scriptPubKey"]["address"]);
    let change: Vec<_> = paid.filter(|address| *address != OTHER).collect();
    ensure!(change.len() == 1 && begins(change[0], "2"), "{told}");
    daemon.stop()
}

#[test]
fn a_payment_that_waits_tells_what_stands_on_it_until_a_block_holds_it() -> Result<()> {
    let (town, _program, daemon) = serving(&[])?;
    let entry =
        |txid: &Value| daemon.read::<v31::GetMempoolEntry>("getmempoolentry", &json!([txid]));
    let parent =
        daemon.call("sendtoaddress", &json!({"address": OTHER, "amount": 0.1, "fee_rate": 2}))?;
    let alone = entry(&parent)?.0;
    ensure!((alone.ancestor_count, alone.descendant_count) == (1, 1), "{alone:?}");
    ensure!(json!(alone.fees.chunk) == json!(alone.fees.base), "{alone:?}");
    ensure!(alone.chunk_weight == alone.weight, "{alone:?}");
    // The only coin is its change, so the next payment stands on it.
    let rich = json!({"address": OTHER, "amount": 0.1, "fee_rate": 50});
    let child = daemon.call("sendtoaddress", &rich)?;
    let (above, below) = (entry(&parent)?.0, entry(&child)?.0);
    ensure!(json!([above.spent_by, below.depends]) == json!([[child], [parent]]), "{above:?}");
    ensure!((below.ancestor_count, below.ancestor_size) == (2, above.vsize + below.vsize));
    ensure!((above.descendant_count, above.descendant_size) == (2, below.ancestor_size));
    ensure!(above.chunk_weight == above.weight + below.weight, "it is paid for: {above:?}");
    let together = [above.fees.chunk, below.fees.chunk].map(|fee| json!(fee));
    ensure!(together == [json!(below.fees.ancestor), json!(below.fees.ancestor)], "{below:?}");
    for txid in [&parent, &child] {
        town.await_payment(txid.as_str().context("no txid")?.parse()?)?;
    }
    daemon.await_that("no peer has taken it", || Ok(!entry(&child)?.0.unbroadcast))?;
    town.mine();
    daemon.await_height(town.network.tip().0)?;
    for txid in [parent, child, json!("11".repeat(32))] {
        let told = daemon.refused(500, -5, "getmempoolentry", &json!([txid]))?;
        ensure!(told == "Transaction not in mempool", "{told}");
    }
    daemon.stop()
}

#[test]
fn who_receives_can_bear_the_fee() -> Result<()> {
    let (_town, _program, daemon) = serving(&[])?;
    let all = json!({"address": STRANGER, "amount": 0.5, "subtractfeefromamount": true,
                     "fee_rate": 3, "verbose": true});
    daemon.call("setnetworkactive", &json!([false]))?;
    let sent = daemon.call("sendtoaddress", &all)?;
    let (got, fee) = paid(&daemon, &sent["txid"], STRANGER)?;
    ensure!(fee > 0 && got + fee == 50_000_000, "{got} {fee}");
    ensure!(daemon.call("getbalance", &json!([]))? == json!(0.0));
    ensure!(daemon.call("abandontransaction", &json!([sent["txid"]]))?.is_null(), "no peer had it");
    ensure!(daemon.call("getbalance", &json!([]))? == json!(0.5));
    daemon.call("setnetworkactive", &json!([true]))?;

    let amounts = json!({STRANGER: 0.1, OTHER: 0.2});
    let many = json!({"amounts": amounts, "subtractfeefrom": [OTHER], "fee_rate": 3});
    let txid = daemon.call("sendmany", &many)?;
    let (whole, fee) = paid(&daemon, &txid, STRANGER)?;
    let (less, _) = paid(&daemon, &txid, OTHER)?;
    ensure!((whole, less) == (10_000_000, 20_000_000 - fee), "{whole} {less} {fee}");
    let cases = [
        (json!([2]), "position too large: 2"),
        (json!([0, 0]), "duplicated position: 0"),
        (json!([-1]), "negative position: -1"),
        (json!(["x"]), "destination x not found in tx outputs"),
    ];
    for (from, message) in cases {
        let many = json!({"amounts": amounts, "subtractfeefrom": from, "fee_rate": 3});
        let told = daemon.refused(500, -8, "sendmany", &many)?;
        ensure!(told.ends_with(message), "{told}");
    }
    let little = json!({"address": STRANGER, "amount": "0.000003", "fee_rate": 1,
                        "subtractfeefromamount": true});
    let told = daemon.refused(500, -6, "sendtoaddress", &little)?;
    ensure!(told.starts_with("The transaction amount is too small to"), "{told}");
    daemon.stop()
}

#[test]
fn a_replacement_is_signed_and_sent_as_a_psbt() -> Result<()> {
    let (_town, _program, daemon) = serving(&[])?;
    let pay = json!({"address": STRANGER, "amount": 0.1, "fee_rate": 1});
    let first = daemon.call("sendtoaddress", &pay)?;
    let signed = |rate: u32| -> Result<Value> {
        let planned = daemon.call("psbtbumpfee", &json!([first, {"fee_rate": rate}]))?;
        let signed = daemon.call("walletprocesspsbt", &json!([planned["psbt"]]))?;
        ensure!(signed["complete"] == true, "{signed}");
        Ok(signed["hex"].clone())
    };
    let (low, high) = (signed(7)?, signed(9)?);
    let second = daemon.call("sendrawtransaction", &json!([high]))?;
    let told = daemon.call("gettransaction", &json!([first]))?;
    ensure!(told["replaced_by_txid"] == second, "{told}");
    let told = daemon.refused(500, -26, "sendrawtransaction", &json!([low]))?;
    ensure!(told == "insufficient fee", "{told}");
    ensure!(daemon.call("sendrawtransaction", &json!([high]))? == second, "the same again");
    daemon.stop()
}

#[test]
fn a_payment_that_waits_is_replaced_or_given_up() -> Result<()> {
    let (_town, _program, daemon) = serving(&[])?;
    let pay = json!({"address": STRANGER, "amount": 0.1, "fee_rate": 1, "replaceable": false});
    let first = daemon.call("sendtoaddress", &pay)?;
    let told = daemon.call("gettransaction", &json!([first]))?;
    ensure!(told["bip125-replaceable"] == "no", "{told}");
    await_fetched(&daemon, &first)?;
    let told = daemon.refused(500, -5, "abandontransaction", &json!([first]))?;
    ensure!(told == "Transaction not eligible for abandonment", "nodes may hold it: {told}");
    daemon.call("setnetworkactive", &json!([false]))?;
    let (_, fee) = paid(&daemon, &first, STRANGER)?;

    let planned: v31::PsbtBumpFee =
        daemon.read("psbtbumpfee", &json!([first, {"fee_rate": "7.5"}]))?;
    ensure!(planned.psbt.starts_with("cHNid"), "{planned:?}");
    let bumped: v31::BumpFee = daemon.read("bumpfee", &json!([first, {"fee_rate": 8}]))?;
    let second = json!(bumped.txid);
    let (got, higher) = paid(&daemon, &second, STRANGER)?;
    ensure!(got == 10_000_000 && higher >= 7 * fee, "{got} {fee} {higher}");
    ensure!(sats(&json!(bumped.fee))? == higher && bumped.errors.is_empty(), "{bumped:?}");
    let told = daemon.call("gettransaction", &json!([first]))?;
    ensure!(told["replaced_by_txid"] == second, "{told}");
    let told = daemon.refused(500, -4, "bumpfee", &json!([first]))?;
    ensure!(told.contains("which was already bumped by transaction"), "{told}");
    let told = daemon.refused(500, -8, "bumpfee", &json!([second, {"fee_rate": 8}]))?;
    ensure!(told.starts_with("Insufficient total fee"), "{told}");
    let old = format!("(oldFee {:.8} + incrementalFee 0.0", bumped.fee);
    ensure!(told.contains(&old), "{told}");
    daemon.refused(500, -5, "bumpfee", &json!(["00".repeat(32)]))?;
    let third = json!({"address": OTHER, "amount": 0.1, "fee_rate": 1});
    let third = daemon.call("sendtoaddress", &third)?;
    let told = daemon.refused(500, -8, "bumpfee", &json!([second]))?;
    ensure!(told == "Transaction has descendants in the wallet", "{told}");

    let told = daemon.refused(500, -5, "abandontransaction", &json!([second]))?;
    ensure!(told == "Transaction not eligible for abandonment", "nodes may hold the first: {told}");
    ensure!(daemon.call("abandontransaction", &json!([third]))?.is_null(), "nobody has that");
    let told = daemon.call("gettransaction", &json!([third]))?;
    ensure!(told["details"][0]["abandoned"] == true, "{told}");
    let told = daemon.refused(500, -5, "abandontransaction", &json!([third]))?;
    ensure!(told == "Transaction not eligible for abandonment", "{told}");
    daemon.refused(500, -5, "abandontransaction", &json!(["00".repeat(32)]))?;
    daemon.stop()
}

/// A payment holds its coin until it is signed, and there is no other.
#[test]
fn payments_at_the_same_time_are_all_made_of_one_coin() -> Result<()> {
    let (_town, _program, daemon) = serving(&[])?;
    let asker: &Asker = &daemon;
    let pay = |number: usize| match number % 4 {
        0 => {
            asker.call("sendtoaddress", &json!({"address": OTHER, "amount": 0.001, "fee_rate": 1}))
        }
        1 => asker.call("sendmany", &json!({"amounts": {OTHER: 0.001}, "fee_rate": 1})),
        2 => asker.call("send", &json!({"outputs": {OTHER: 0.001}, "fee_rate": 1})),
        _ => {
            let outputs = json!([{"address": OTHER, "amount_sat": 100_000}]);
            let fee = json!({"sat_per_vb": 1});
            asker.call("billfold.pay", &json!([format!("{number}"), outputs, fee]))
        }
    };
    let paid: Vec<Result<Value>> = thread::scope(|scope| {
        let calls: Vec<_> = (0..16).map(|number| scope.spawn(move || pay(number))).collect();
        calls.into_iter().map(|call| call.join().expect("no panic")).collect()
    });
    let paid = paid.into_iter().collect::<Result<Vec<_>>>()?;
    let told = daemon.call("listtransactions", &json!(["*", 100]))?;
    let sent = told.as_array().context("a list")?.iter().filter(|one| one["category"] == "send");
    ensure!(sent.count() == paid.len(), "{told}");
    daemon.stop()
}

#[test]
fn the_daemon_is_told_what_a_fee_may_be_and_which_change_is_spent() -> Result<()> {
    let (town, _program, daemon) =
        serving(&["--max-tx-fee", "0.00001", "--spend-zero-conf-change", "0"])?;
    let dear = json!({"address": STRANGER, "amount": 0.1, "fee_rate": 20});
    let told = daemon.refused(500, -6, "sendtoaddress", &dear)?;
    ensure!(told == TOO_DEAR, "{told}");
    let fund = json!({"outputs": {STRANGER: 0.1}, "options": {"fee_rate": 20}});
    let told = daemon.refused(500, -4, "walletcreatefundedpsbt", &fund)?;
    ensure!(told == TOO_DEAR, "{told}");
    let cheap = json!({"address": STRANGER, "amount": 0.1, "fee_rate": 1});
    let first = daemon.call("sendtoaddress", &cheap)?;
    // The only coin is spent, and what came back has no block.
    let told = daemon.refused(500, -6, "sendtoaddress", &cheap)?;
    ensure!(told == "Insufficient funds", "{told}");
    town.await_payment(first.as_str().context("a txid")?.parse()?)?;
    town.mine();
    daemon.await_height(town.network.tip().0)?;
    daemon.call("sendtoaddress", &cheap)?;
    daemon.stop()
}

#[test]
fn coins_of_an_address_are_spent_together_where_that_is_asked_for() -> Result<()> {
    for (more, spent) in [(&[][..], 1), (&["--avoid-partial-spends"][..], 2)] {
        let (town, _program, daemon) = serving(more)?;
        let address = daemon.call("listunspent", &json!([]))?[0]["address"].take();
        town.pay(&address, 20_000)?;
        daemon.await_height(town.network.tip().0)?;
        let pay = json!({"address": STRANGER, "amount": 0.1, "fee_rate": 1});
        let txid = daemon.call("sendtoaddress", &pay)?;
        let told = daemon.call("gettransaction", &json!([txid, null, true]))?;
        let inputs = told["decoded"]["vin"].as_array().context("no inputs")?;
        ensure!(inputs.len() == spent, "{more:?}: {told}");
        daemon.stop()?;
    }
    Ok(())
}

const TOO_DEAR: &str = "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)";

#[test]
fn a_payment_has_the_form_that_was_asked_for() -> Result<()> {
    let (_town, _program, daemon) = serving(&[])?;
    let unspent = daemon.call("listunspent", &json!([]))?;
    let coin = json!({"txid": unspent[0]["txid"], "vout": unspent[0]["vout"]});
    let options = json!({"add_to_wallet": false, "inputs": [coin], "change_position": 1,
                         "subtract_fee_from_outputs": [0], "locktime": 7, "replaceable": false});
    let outputs = json!([{STRANGER: 0.1}, {"data": "5361696c"}, {OTHER: 0.05}]);
    let named = json!({"outputs": outputs, "fee_rate": 4, "options": options});
    let planned: v31::Send = daemon.read("send", &named)?;
    ensure!(planned.complete && planned.psbt.is_some(), "{planned:?}");
    let hex = planned.hex.context("no hex")?;
    let decoded = daemon.call("decoderawtransaction", &json!([hex]))?;
    let amounts: Vec<i64> =
        (0..4).map(|n| sats(&decoded["vout"][n]["value"])).collect::<Result<_>>()?;
    ensure!(amounts[1] == 35_000_000 && amounts[2] == 0 && amounts[3] == 5_000_000, "{decoded}");
    ensure!(amounts[0] < 10_000_000 && decoded["locktime"] == 7, "{decoded}");
    ensure!(decoded["vin"][0]["sequence"] == 0xffff_fffe_u32, "{decoded}");
    ensure!(daemon.call("getbalance", &json!([]))? == json!(0.5), "nothing was sent");
    // What is signed may be sent by whoever has it, so its coin is held for it.
    daemon.refused(
        500,
        -6,
        "sendtoaddress",
        &json!({"address": OTHER, "amount": 0.1, "fee_rate": 1}),
    )?;
    let sent = daemon.call("sendrawtransaction", &json!([hex]))?;
    ensure!(sent == json!(planned.txid), "{sent}");
    ensure!(daemon.call("sendrawtransaction", &json!([hex]))? == sent, "again is as once");
    let raw = daemon.call("getrawtransaction", &json!([sent]))?;
    ensure!(raw == json!(hex), "{raw}");
    let spending = daemon.call("gettxspendingprevout", &json!([[coin]]))?;
    ensure!(spending[0]["spendingtxid"] == sent, "{spending}");
    ensure!(daemon.call("gettxout", &json!([coin["txid"], coin["vout"]]))?.is_null());
    let confirmed = daemon.call("gettxout", &json!([coin["txid"], coin["vout"], false]))?;
    ensure!(confirmed["value"] == json!(0.5) && confirmed["confirmations"] == 1, "{confirmed}");
    let change = daemon.call("gettxout", &json!([sent, 1]))?;
    ensure!(change["value"] == json!(0.35) && change["confirmations"] == 0, "{change}");
    daemon.refused(500, -5, "gettxout", &json!([sent, 0]))?;
    daemon.refused(500, -5, "getrawtransaction", &json!(["11".repeat(32)]))?;
    daemon.stop()
}

#[test]
fn everything_can_be_sent_in_shares() -> Result<()> {
    let (_town, _program, daemon) = serving(&[])?;
    // No coin at all is not all of them.
    for inputs in [json!([]), json!(null)] {
        let options = json!({"inputs": inputs});
        let cases = [
            json!({"recipients": [STRANGER], "fee_rate": 2, "inputs": inputs}),
            json!([[STRANGER], null, null, 2, options]),
        ];
        for none in cases {
            let told = daemon.refused(500, -6, "sendall", &none)?;
            ensure!(told.contains("UTXO pool too low"), "{none}: {told}");
        }
    }
    let named = json!({"recipients": [STRANGER, {OTHER: 0.1}], "fee_rate": 2,
                       "options": {"add_to_wallet": true}});
    let sent: v31::SendAll = daemon.read("sendall", &named)?;
    ensure!(sent.complete && sent.hex.is_none(), "{sent:?}");
    let txid = json!(sent.txid);
    let (rest, fee) = paid(&daemon, &txid, STRANGER)?;
    let (fixed, _) = paid(&daemon, &txid, OTHER)?;
    ensure!((rest, fixed) == (40_000_000 - fee, 10_000_000), "{rest} {fixed} {fee}");
    ensure!(daemon.call("getbalance", &json!([]))? == json!(0.0));
    let cases = [
        (-8, "sendall", json!({"recipients": [{OTHER: 0.1}]}), "at least one address without"),
        (-8, "sendall", json!({"recipients": [OTHER, OTHER]}), "duplicated address"),
        (-6, "sendall", json!({"recipients": [OTHER], "fee_rate": 1}), "UTXO pool too low"),
        (-3, "send", json!([{OTHER: 0.1}, null, "unset", 1, {"nope": 1}]), "Unexpected key nope"),
        (-8, "send", json!([{OTHER: 0.1}, 6]), "Specify estimate_mode"),
        (-8, "send", json!([{OTHER: 0.1}, null, "unset", 1, {"fee_rate": 1}]), "but not both"),
        (
            -8,
            "send",
            json!([{OTHER: 0.1}, null, "unset", 1, {"lockUnspents": true}]),
            "Use lock_unspents",
        ),
        (
            -5,
            "send",
            json!([{OTHER: 0.1}, null, "unset", 1, {"change_address": "x"}]),
            "valid bitcoin address",
        ),
        (-22, "sendrawtransaction", json!(["00"]), "TX decode failed"),
        (-6, "sendmany", json!(["", {}]), "Transaction must have at least one recipient"),
        (-3, "simulaterawtransaction", json!([[], {"foo": 1}]), "Unexpected key foo"),
        (
            -8,
            "lockunspent",
            json!([false, [{"txid": txid, "vout": 99}]]),
            "Invalid parameter, vout index out of bounds",
        ),
        (
            -3,
            "lockunspent",
            json!([false, [{"txid": txid, "vout": "0"}]]),
            "JSON value of type string for field vout is not of expected type number",
        ),
    ];
    for (code, method, params, message) in cases {
        let told = daemon.refused(500, code, method, &params)?;
        ensure!(told.contains(message), "{method} {params}: {told}");
    }
    daemon.stop()
}

#[test]
fn send_refuses_its_options_as_the_funding_calls_do() -> Result<()> {
    let (_town, _program, daemon) = serving(&[])?;
    let coins = daemon.call("listunspent", &json!([]))?;
    let own = json!([{"txid": coins[0]["txid"], "vout": coins[0]["vout"]}]);
    let short = "The preselected coins total amount does not cover the transaction target. Please \
                 allow other inputs to be automatically selected or include more coins manually";
    let weight = "Maximum transaction weight must be between 260 and 400000";
    let mistyped = |name: &str| format!("for field {name} is not of expected type");
    let mut cases = vec![
        (-4, json!({"max_tx_weight": 259}), weight.to_owned()),
        (-4, json!({"max_tx_weight": 400_001}), weight.to_owned()),
        (-4, json!({"inputs": own}), short.to_owned()),
        (-4, json!({"add_inputs": false}), short.to_owned()),
        (-5, json!({"change_type": "x"}), "Unknown change type 'x'".to_owned()),
        (-8, json!({"minconf": -1}), "Negative minconf".to_owned()),
        (-8, json!({"minconf": 3, "maxconf": 2}), "maxconf can't be lower".to_owned()),
        (-8, json!({"change_position": 2}), "changePosition out of bounds".to_owned()),
        (-8, json!({"includeWatching": true}), "Use include_watching instead of".to_owned()),
        (-8, json!({"subtract_fee_from_outputs": [1]}), "position too large: 1".to_owned()),
    ];
    for name in ["psbt", "include_unsafe", "add_inputs", "lock_unspents", "add_to_wallet"] {
        cases.push((-3, json!({name: 1}), mistyped(name)));
    }
    for name in ["change_position", "solving_data", "max_tx_weight"] {
        cases.push((-3, json!({name: "x"}), mistyped(name)));
    }
    for (code, options, message) in cases {
        let params = json!([{OTHER: 0.9}, null, "unset", 2, options]);
        let told = daemon.refused(500, code, "send", &params)?;
        ensure!(told.contains(&message), "{params}: {told}");
    }
    let params = json!({"recipients": [STRANGER], "fee_rate": 0});
    let told = daemon.refused(500, -8, "sendall", &params)?;
    ensure!(told.contains("is lower than the minimum fee rate setting"), "{told}");
    let params = json!({"recipients": [STRANGER, {OTHER: 0.6}], "fee_rate": 2});
    let told = daemon.refused(500, -6, "sendall", &params)?;
    ensure!(told == "Assigned more value to outputs than available funds.", "{told}");
    let params = json!({"recipients": [STRANGER, {OTHER: 0.5}], "fee_rate": 2});
    let told = daemon.refused(500, -6, "sendall", &params)?;
    ensure!(told.contains("for fees after creating specified outputs"), "{told}");
    ensure!(daemon.call("getbalance", &json!([]))? == json!(0.5), "nothing was sent");
    daemon.stop()
}

#[test]
fn whoever_waits_for_a_block_hears_of_it() -> Result<()> {
    let (town, _program, daemon) = serving(&[])?;
    let (height, _) = town.network.tip();
    let tip = daemon.call("waitforblockheight", &json!([height, 0]))?;
    ensure!(tip["height"] == height, "{tip}");
    let tips: v31::GetChainTips = daemon.read("getchaintips", &json!([]))?;
    ensure!(tips.0.len() == 1, "{tips:?}");
    let same = daemon.call("waitforblock", &json!(["00".repeat(32), 1]))?;
    ensure!(same == tip, "{same}");
    let address = daemon.call("getnewaddress", &json!([]))?;
    town.pay(&address, 1_000_000)?;
    let next = daemon.call("waitfornewblock", &json!({"current_tip": tip["hash"]}))?;
    ensure!(next["height"] == town.network.tip().0 && next["hash"] != tip["hash"], "{next}");
    let told = daemon.refused(500, -1, "waitfornewblock", &json!([-1]))?;
    ensure!(told == "Negative timeout", "{told}");
    let fees: v31::EstimateSmartFee = daemon.read("estimatesmartfee", &json!([6]))?;
    ensure!(fees.fee_rate.is_some() || fees.errors.is_some(), "{fees:?}");
    daemon.refused(500, -8, "estimatesmartfee", &json!([1009]))?;
    daemon.stop()
}

#[test]
fn what_no_block_may_hold_yet_is_refused_as_nodes_do() -> Result<()> {
    let (town, _program, daemon) = serving(&[])?;
    for _ in 0..2 {
        town.pay(&daemon.call("getnewaddress", &json!([]))?, 50_000_000)?;
    }
    daemon.await_height(town.network.tip().0)?;
    let tip = town.network.tip().0;
    let cases = [
        (0xffff_fffd_u32, tip + 1, "non-final"),
        (0xffff_fffd, 2_000_000_000, "non-final"),
        (500, tip, "non-BIP68-final"),
    ];
    // What is signed may be sent by whoever has it, so its coin is held for it.
    let unspent = daemon.call("listunspent", &json!([]))?;
    for ((sequence, locktime, why), coin) in cases.into_iter().zip(0..) {
        let coin = &unspent[coin];
        let coin = json!({"txid": coin["txid"], "vout": coin["vout"], "sequence": sequence});
        let raw = json!([[coin], [{STRANGER: 0.4999}], locktime]);
        let raw = daemon.call("createrawtransaction", &raw)?;
        let signed = daemon.call("signrawtransactionwithwallet", &json!([raw]))?;
        ensure!(signed["complete"] == true, "{signed}");
        let told = daemon.refused(500, -26, "sendrawtransaction", &json!([signed["hex"]]))?;
        ensure!(told == why, "{told}");
    }
    daemon.stop()
}

/// Whoever is paid out of the change of such a payment would be paid when that is.
#[test]
fn nothing_stands_on_what_no_block_may_hold_yet() -> Result<()> {
    let (town, _program, daemon) = serving(&[])?;
    let tip = town.network.tip().0;
    let options = json!({"locktime": tip + 3});
    let locked = json!({"outputs": {STRANGER: 0.1}, "fee_rate": 1, "options": options});
    let sent = daemon.call("send", &locked)?;
    ensure!(sent["complete"] == true, "{sent}");
    let pay = json!({"address": OTHER, "amount": 0.1, "fee_rate": 1});
    let refused = || -> Result<()> {
        let held = daemon.call("getbalances", &json!([]))?;
        ensure!(held["mine"]["trusted"] == json!(0.0), "{held}");
        let told = daemon.refused(500, -6, "sendtoaddress", &pay)?;
        ensure!(told == "Insufficient funds", "{told}");
        let told = daemon.call("listunspent", &json!([0]))?;
        ensure!(told[0]["safe"] == false, "{told}");
        Ok(())
    };
    refused()?;
    ensure!(daemon.call("abandontransaction", &json!([sent["txid"]]))?.is_null(), "no node has it");
    ensure!(daemon.call("getbalance", &json!([]))? == json!(0.5));

    let sent = daemon.call("send", &locked)?;
    town.network.mine_empty(2);
    daemon.await_height(tip + 2)?;
    refused()?;
    town.network.mine_empty(1);
    daemon.await_height(tip + 3)?;
    let paid = daemon.call("sendtoaddress", &pay)?;
    await_fetched(&daemon, &paid)?;
    await_fetched(&daemon, &sent["txid"])?;
    town.mine();
    daemon.await_height(town.network.tip().0)?;
    for txid in [&sent["txid"], &paid] {
        let told = daemon.call("gettransaction", &json!([txid]))?;
        ensure!(told["confirmations"] == 1, "{told}");
    }
    daemon.stop()
}
