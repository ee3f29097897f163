//! Owns the methods that Bitcoin Core has not and that look after coins, proofs, announcements and
//! backups, asked of the real daemon.

use std::fs;

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::{Asker, Daemon};
use billfold_tests::program::Program;
use billfold_tests::town::Town;
use bitcoin::base64::Engine as _;
use bitcoin::base64::prelude::BASE64_STANDARD;
use bitcoin::block::Header;
use bitcoin::consensus::encode::deserialize_hex;
use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::{Transaction, TxMerkleNode};
use serde_json::{Value, json};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// A wallet with coins of these amounts, each in a block of its own.
fn town_with(amounts: &[u64]) -> Result<(Town, Program, Daemon)> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, amounts[0])?;
    let daemon = Daemon::start(&program, &["--fallback-fee", "0.00002"])?;
    for amount in &amounts[1..] {
        let address = daemon.call("getnewaddress", &json!([]))?;
        town.pay(&address, *amount)?;
    }
    daemon.await_height(town.network.tip().0)?;
    Ok((town, program, daemon))
}

fn amounts(daemon: &Asker, sort: &str) -> Result<Vec<u64>> {
    let (mut told, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let page = json!({"sort": sort, "limit": 1, "cursor": cursor});
        let page = daemon.call("billfold.utxos", &page)?;
        told.push(page["utxos"][0]["amount_sat"].as_u64().context("no coin")?);
        cursor = page["next"].clone();
        if cursor.is_null() {
            return Ok(told);
        }
    }
}

#[test]
fn no_page_is_of_no_rows() -> Result<()> {
    let (_town, _program, daemon) = town_with(&[300_000])?;
    for method in ["audit", "utxos", "history", "listpayments", "invoice.list", "events"] {
        let method = format!("billfold.{method}");
        let told = daemon.refused(500, -8, &method, &json!({"limit": 0}))?;
        ensure!(told == "limit is at least 1", "{method}: {told}");
    }
    daemon.stop()
}

#[test]
fn coins_are_told_page_by_page_and_frozen_ones_are_not_spent() -> Result<()> {
    let (_town, _program, daemon) = town_with(&[300_000, 500_000, 400_000])?;
    ensure!(amounts(&daemon, "value")? == [500_000, 400_000, 300_000]);
    ensure!(amounts(&daemon, "age")? == [300_000, 500_000, 400_000]);
    let all = daemon.call("billfold.utxos", &json!(["value"]))?;
    let coin = |at: usize| {
        let coin = &all["utxos"][at];
        format!("{}:{}", coin["txid"].as_str().unwrap_or_default(), coin["vout"])
    };
    let frozen = daemon.call("billfold.freeze", &json!([[coin(0), coin(1)], "from a stranger"]))?;
    ensure!(frozen == json!({"frozen": true, "count": 2}), "{frozen}");
    let told = daemon.call("billfold.utxos", &json!(["value", null, 1]))?;
    let first = &told["utxos"][0];
    ensure!(first["frozen"] == true && first["label"] == "from a stranger", "{told}");
    daemon.refused(500, -6, "sendtoaddress", &json!([STRANGER, 0.0035]))?;
    // All of them or none.
    let unknown = format!("{}:9", &coin(0)[..64]);
    daemon.refused(500, -8, "billfold.unfreeze", &json!([[coin(0), unknown]]))?;
    daemon.refused(500, -6, "sendtoaddress", &json!([STRANGER, 0.0035]))?;
    daemon.call("billfold.unfreeze", &json!([[coin(0)]]))?;
    daemon.call("sendtoaddress", &json!([STRANGER, 0.0035]))?;
    let wrong = [
        ("billfold.utxos", json!(["size"])),
        ("billfold.utxos", json!(["value", "a5"])),
        ("billfold.utxos", json!(["age", "a5:x"])),
        ("billfold.freeze", json!([[]])),
        ("billfold.freeze", json!([["x"]])),
    ];
    for (method, params) in wrong {
        daemon.refused(500, -8, method, &params)?;
    }
    daemon.stop()
}

/// What a walk through the history tells of each transaction, in pages of so many.
fn walked(daemon: &Asker, order: &str, limit: u32, filter: &Value) -> Result<Vec<i64>> {
    let (mut told, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let page = json!({"order": order, "limit": limit, "cursor": cursor, "filter": filter});
        let page = daemon.call("billfold.history", &page)?;
        let rows = page["transactions"].as_array().context("no list")?;
        ensure!(rows.len() <= usize::try_from(limit)?, "{page}");
        told.extend(rows.iter().filter_map(|row| row["net_sat"].as_i64()));
        cursor = page["next"].clone();
        if cursor.is_null() {
            return Ok(told);
        }
    }
}

#[test]
fn the_history_is_told_page_by_page_from_both_ends_and_by_what_is_asked_for() -> Result<()> {
    let (town, _program, daemon) = town_with(&[300_000, 500_000, 400_000])?;
    let shop = daemon.call("getnewaddress", &json!(["shop"]))?;
    town.pay(&shop, 200_000)?;
    daemon.await_height(town.network.tip().0)?;
    let tip = town.network.tip().0;
    let pay = json!({"address": STRANGER, "amount": 0.0001, "fee_rate": 2});
    daemon.call("sendtoaddress", &pay)?;
    let all = walked(&daemon, "newest", 1_000, &json!({}))?;
    ensure!(all[1..] == [200_000, 400_000, 500_000, 300_000] && all[0] < -10_000, "{all:?}");
    let upwards = [300_000, 500_000, 400_000, 200_000];
    for limit in [1, 2, 4] {
        ensure!(walked(&daemon, "newest", limit, &json!({}))? == all, "in pages of {limit}");
        ensure!(walked(&daemon, "oldest", limit, &json!({}))? == upwards, "in pages of {limit}");
    }
    let asked = [
        (json!({"label": "shop"}), vec![200_000]),
        (json!({"address": shop}), vec![200_000]),
        (json!({"address": STRANGER}), all[..1].to_vec()),
        (json!({"state": "confirmed", "from_height": tip - 1}), vec![200_000, 400_000]),
        (json!({"to_height": tip - 2}), vec![500_000, 300_000]),
        (json!({"label": "shop", "to_height": tip - 1}), vec![]),
    ];
    for (filter, wanted) in asked {
        let got = walked(&daemon, "newest", 1, &filter)?;
        ensure!(got == wanted, "{filter}: {got:?}");
    }

    // What was replaced gave up its place on top, and is passed like any other.
    let first = daemon.call("billfold.history", &json!(["newest", null, 1]))?;
    daemon.call("bumpfee", &json!([first["transactions"][0]["txid"], {"fee_rate": 9}]))?;
    daemon.refused(500, -8, "billfold.history", &json!(["newest", first["next"]]))?;
    let bumped = walked(&daemon, "newest", 1_000, &json!({}))?;
    ensure!(bumped[0] < bumped[1] && bumped[1..] == all, "{bumped:?} after {all:?}");
    for limit in [1, 2, 4] {
        ensure!(walked(&daemon, "newest", limit, &json!({}))? == bumped, "in pages of {limit}");
        ensure!(walked(&daemon, "oldest", limit, &json!({}))? == upwards, "in pages of {limit}");
    }

    // What waited when it was told has a block now: who went on from it would not know.
    let first = daemon.call("billfold.history", &json!(["newest", null, 1]))?;
    town.await_payment(first["transactions"][0]["txid"].as_str().context("no id")?.parse()?)?;
    town.mine();
    daemon.await_height(town.network.tip().0)?;
    let told = daemon.refused(500, -8, "billfold.history", &json!(["newest", first["next"]]))?;
    ensure!(told.contains("begin anew"), "{told}");
    let sunk = [bumped[0], bumped[1], 200_000, 400_000, 500_000, 300_000];
    ensure!(
        walked(&daemon, "newest", 1, &json!({}))? == sunk,
        "in a block, above what it replaced"
    );
    let after = daemon.call("billfold.history", &json!(["oldest", null, 1]))?;
    let wrong = [
        json!(["upwards"]),
        json!(["newest", after["next"]]),
        json!(["oldest", "o5"]),
        json!(["newest", null, 5, {"state": "lost"}]),
        json!(["newest", null, 5, {"from": 3}]),
    ];
    for params in wrong {
        daemon.refused(500, -8, "billfold.history", &params)?;
    }
    daemon.stop()
}

#[test]
fn a_proof_holds_for_whoever_has_only_the_headers() -> Result<()> {
    let (town, _program, daemon) = town_with(&[300_000, 500_000])?;
    let info = daemon.call("billfold.info", &json!([]))?;
    let height = town.network.tip().0;
    ensure!(info["sync"]["scanned"] == height && info["sync"]["synced"] == true, "{info}");
    ensure!(info["fee"]["fallback_sat_per_vb"] == 2.0 && info["compat"] == "31.0", "{info}");
    ensure!(info["wallets"] == json!(["main"]) && info["peers"] == 1, "{info}");

    let txid = daemon.call("listtransactions", &json!([]))?[0]["txid"].clone();
    let proof = daemon.call("billfold.proof", &json!([txid]))?;
    let text = |value: &Value| anyhow::Ok(value.as_str().context("no text")?.to_owned());
    let transaction: Transaction = deserialize_hex(&text(&proof["hex"])?)?;
    let headers = proof["headers"].as_array().context("no headers")?;
    let headers = headers.iter().map(|header| Ok(deserialize_hex::<Header>(&text(header)?)?));
    let headers = headers.collect::<Result<Vec<_>>>()?;
    let mut node = transaction.compute_txid().to_raw_hash();
    for step in proof["branch"].as_array().context("no branch")? {
        let beside: sha256d::Hash = text(&step["hash"])?.parse()?;
        let (left, right) = if step["side"] == "left" { (beside, node) } else { (node, beside) };
        node = sha256d::Hash::hash(&[left.to_byte_array(), right.to_byte_array()].concat());
    }
    ensure!(TxMerkleNode::from(node) == headers[0].merkle_root, "{proof}");
    ensure!(headers[0].block_hash().to_string() == proof["blockhash"], "{proof}");
    ensure!(headers.windows(2).all(|two| two[1].prev_blockhash == two[0].block_hash()));
    ensure!(
        proof["confirmations"] == headers.len() && transaction.compute_txid().to_string() == txid
    );

    let waiting = daemon.call("sendtoaddress", &json!([STRANGER, 0.001]))?;
    let refused = daemon.refused(500, -4, "billfold.proof", &json!([waiting]))?;
    ensure!(refused.contains("in no block yet"), "{refused}");
    daemon.refused(500, -5, "billfold.proof", &json!(["00".repeat(32)]))?;
    daemon.stop()
}

#[test]
fn a_signed_transaction_is_told_with_the_peers_that_took_it() -> Result<()> {
    let (_town, _program, daemon) = town_with(&[300_000])?;
    let outputs = json!([{STRANGER: 0.001}]);
    let options = json!({"add_to_wallet": false, "fee_rate": 2});
    let made = daemon.call("send", &json!({"outputs": outputs, "options": options}))?;
    let asked = json!([made["hex"], 60_000]);
    let told = daemon.call("billfold.broadcast", &asked)?;
    ensure!(told["txid"] == made["txid"], "{told}");
    ensure!(told["peers"][0]["outcome"] == "fetched", "{told}");
    let again = daemon.call("billfold.broadcast", &json!([made["hex"], 1]))?;
    ensure!(again["txid"] == told["txid"], "{again}");
    daemon.refused(500, -22, "billfold.broadcast", &json!(["00"]))?;
    daemon.stop()
}

#[test]
fn a_backup_reaches_its_owner_and_opens_again() -> Result<()> {
    let (_town, program, daemon) = town_with(&[300_000])?;
    let made = daemon.call("billfold.token.create", &json!(["all", ["role=admin"]]))?;
    let token = made["token"].as_str().context("no token")?;
    let admin = Asker { address: daemon.address, login: format!("any:{token}") };
    admin.refused(500, -1000, "billfold.backup", &json!([]))?;
    let told = daemon.call("billfold.backup", &json!([]))?;
    let bytes = BASE64_STANDARD.decode(told["backup"].as_str().context("no text")?)?;
    ensure!(told["bytes"] == bytes.len());
    daemon.stop()?;
    fs::write(program.file("copy"), &bytes)?;
    let checked = program.ok(&["backup", "check", "copy"])?;
    ensure!(checked["words"] == true, "{checked}");
    Ok(())
}
