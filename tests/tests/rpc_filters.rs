//! Owns what the daemon tells of filters, and of the blocks that they point to: what a real node of
//! the same chain tells, and to nobody what was looked for.

use std::{fs, thread};

use anyhow::{Context, Result, anyhow, ensure};
use billfold_tests::daemon::{Asker, Daemon};
use billfold_tests::node::software::Software;
use billfold_tests::node::{Node, on_each_node};
use billfold_tests::program::Program;
use bitcoin::hashes::Hash;
use bitcoin::{Address, Amount, Network, ScriptBuf, WPubkeyHash};
use serde_json::{Value, json};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// A wallet that is at the tip, and keeps filters or none.
fn begin(node: &Node, keeps: bool, options: &[&str]) -> Result<(Program, Daemon)> {
    let program = Program::connected(BILLFOLD, node.address())?;
    if !keeps {
        let config = program.file(".config/billfold");
        fs::create_dir_all(&config)?;
        fs::write(config.join("config.toml"), "[filters]\ndisk = 0\n")?;
    }
    program.ok(&["new", "--words-out", "words"])?;
    program.ease()?;
    let daemon = Daemon::start(&program, options)?;
    daemon.await_height(node.tip()?.0)?;
    Ok((program, daemon))
}

fn stranger(n: u8) -> ScriptBuf {
    ScriptBuf::new_p2wpkh(&WPubkeyHash::from_byte_array([n; 20]))
}

fn addr(script: &ScriptBuf) -> Result<String> {
    Ok(format!("addr({})", Address::from_script(script, Network::Regtest)?))
}

#[test]
fn filters_and_their_headers_are_those_of_a_real_node() {
    on_each_node(|software| {
        let is_core = matches!(software, Software::Core(_));
        let mut node = Node::funded(software, 0)?;
        node.pay_confirmed(&[(stranger(1), Amount::from_sat(70_000))])?;
        let (tip, hash) = node.tip()?;
        for keeps in [true, false] {
            let (_program, daemon) = begin(&node, keeps, &[])?;
            for height in [0, 1, 50, tip - 1, tip] {
                let asked = json!([node.hash_at(height)?.to_string()]);
                let told = daemon.call("getblockfilter", &asked)?;
                ensure!(told["filter"].is_string() && told["header"].is_string(), "{told}");
                if is_core {
                    ensure!(told == node.call("getblockfilter", &asked)?, "{height}: {told}");
                }
            }
            daemon.stop()?;
        }
        let (_program, daemon) = begin(&node, true, &[])?;
        let hash = hash.to_string();
        let named = daemon.call("getblockfilter", &json!([hash, "basic"]))?;
        ensure!(named == daemon.call("getblockfilter", &json!([hash]))?);
        let said = daemon.refused(500, -5, "getblockfilter", &json!([hash, "v0"]))?;
        ensure!(said == "Unknown filtertype", "{said}");
        let said = daemon.refused(500, -5, "getblockfilter", &json!(["00".repeat(32)]))?;
        ensure!(said == "Block not found", "{said}");
        daemon.refused(500, -8, "getblockfilter", &json!(["00"]))?;
        daemon.stop()
    });
}

#[test]
fn the_blocks_of_descriptors_are_those_that_a_real_node_finds() {
    on_each_node(|software| {
        let is_core = matches!(software, Software::Core(_));
        let mut node = Node::funded(software, 300)?;
        let (mut paid, mut blocks) = (Vec::new(), Vec::new());
        for n in 1..=4 {
            node.pay_confirmed(&[(stranger(n), Amount::from_sat(70_000))])?;
            let (height, hash) = node.tip()?;
            paid.push(addr(&stranger(n))?);
            blocks.push((height, hash.to_string()));
        }
        let (_program, daemon) = begin(&node, false, &["--rpc-fetch-blocks"])?;
        let tip = node.tip()?.0;
        let (first, last) = (blocks[1].0, blocks[2].0);
        let raw = format!("raw({})", stranger(1).to_hex_string());
        let miner = daemon.call("getblockfilter", &json!([node.hash_at(0)?.to_string()]))?;
        ensure!(miner["filter"] != "", "genesis has one");
        for more in [
            json!([paid]),
            json!([paid, first, last]),
            json!([paid, first, first]),
            json!([paid, 0, 0]),
            json!([paid, 0, tip, "basic", {"filter_false_positives": true}]),
            json!([[{"desc": raw}, paid[3]], 5]),
            json!([[addr(&stranger(99))?]]),
            json!([[]]),
        ] {
            let mut arguments = vec![json!("start")];
            arguments.extend(more.as_array().context("arguments")?.clone());
            let ours = daemon.call("scanblocks", &Value::from(arguments.clone()))?;
            if is_core {
                let theirs = node.call("scanblocks", &Value::from(arguments))?;
                ensure!(ours == theirs, "{more}\n{ours}\n{theirs}");
            }
        }
        let found = daemon.call("scanblocks", &json!(["start", paid, first]))?;
        let expected: Vec<_> = blocks[1..].iter().map(|(_, hash)| hash).collect();
        ensure!(found["relevant_blocks"] == json!(expected), "{found}");
        ensure!(found["from_height"] == first && found["to_height"] == tip, "{found}");
        ensure!(found["completed"] == true, "{found}");
        refusals(&daemon, tip, &paid)?;
        daemon.stop()
    });
}

/// Core's texts and codes.
fn refusals(daemon: &Daemon, tip: u32, paid: &[String]) -> Result<()> {
    let refused = |code, more: Value| daemon.refused(500, code, "scanblocks", &more);
    ensure!(refused(-8, json!(["look"]))? == "Invalid action 'look'");
    ensure!(refused(-1, json!(["start", paid, tip + 1]))? == "Invalid start_height");
    ensure!(refused(-1, json!(["start", paid, -1]))? == "Invalid start_height");
    ensure!(refused(-1, json!(["start", paid, 9, 8]))? == "Invalid stop_height");
    ensure!(refused(-1, json!(["start", paid, 9, tip + 1]))? == "Invalid stop_height");
    ensure!(refused(-5, json!(["start", paid, 0, 9, "v0"]))? == "Unknown filtertype");
    refused(-3, json!(["start"]))?;
    refused(-5, json!(["start", ["addr(nobody)"]]))?;
    refused(-8, json!(["start", [7]]))?;
    ensure!(daemon.call("scanblocks", &json!(["status"]))?.is_null());
    ensure!(daemon.call("scanblocks", &json!(["abort"]))? == false);
    Ok(())
}

#[test]
fn no_block_is_fetched_to_leave_it_out_unless_the_owner_lets_it() {
    on_each_node(|software| {
        let node = Node::funded(software, 0)?;
        let (_program, daemon) = begin(&node, true, &[])?;
        let asked = json!(["start", [], 0, 9, "basic", {"filter_false_positives": true}]);
        let said = daemon.refused(404, -32601, "scanblocks", &asked)?;
        ensure!(said.contains("--rpc-fetch-blocks"), "{said}");
        let asked = json!(["start", [], 0, 9, "basic", {"filter_false_positives": false}]);
        ensure!(daemon.call("scanblocks", &asked)?["completed"] == true);
        daemon.stop()
    });
}

#[test]
fn a_scan_without_peers_is_seen_and_ended_from_elsewhere_and_holds_up_nobody() {
    on_each_node(|software| {
        let mut node = Node::funded(software, 0)?;
        let (_program, daemon) = begin(&node, false, &[])?;
        node.kill()?;
        // What is given up leaves room for others, however often.
        for _ in 0..70 {
            see_and_end(&daemon)?;
        }
        daemon.stop()
    });
}

fn see_and_end(daemon: &Daemon) -> Result<()> {
    let start = json!(["start", [addr(&stranger(1))?], 1]);
    thread::scope(|threads| {
        let scanner = Asker { address: daemon.address, login: daemon.login.clone() };
        let asked = start.clone();
        let scanning = threads.spawn(move || scanner.call("scanblocks", &asked));
        daemon.await_that("no scan is told of", || {
            let told = daemon.call("scanblocks", &json!(["status"]))?;
            Ok(told == json!({"progress": 0, "current_height": 1}))
        })?;
        let said = daemon.refused(500, -8, "scanblocks", &start)?;
        ensure!(said == "Scan already in progress, use action \"abort\" or \"status\"", "{said}");
        ensure!(daemon.call("getbalance", &json!([]))? == json!(0.0));
        ensure!(daemon.call("scanblocks", &json!(["abort"]))? == true);
        let told = scanning.join().map_err(|_| anyhow!("the call panicked"))??;
        let nothing = json!({
            "from_height": 1, "to_height": 1, "relevant_blocks": [], "completed": false
        });
        ensure!(told == nothing, "{told}");
        ensure!(daemon.call("scanblocks", &json!(["status"]))?.is_null());
        Ok(())
    })
}

#[test]
fn what_blocks_pay_and_spend_of_descriptors_is_what_a_real_node_tells() {
    on_each_node(|software| {
        let is_core = matches!(software, Software::Core(_));
        let mut node = Node::funded(software, 0)?;
        node.pay_confirmed(&[(stranger(1), Amount::from_sat(70_000))])?;
        let (tip, last) = node.tip()?;
        // The purse is paid by the first block, and spends that.
        let spend = node.block(last)?.txdata.pop().context("a payment")?;
        let mut purse = None;
        for height in 1..tip {
            let hash = node.hash_at(height)?;
            let coinbase = node.block(hash)?.txdata.swap_remove(0);
            let txid = coinbase.compute_txid();
            if let Some(input) = spend.input.iter().find(|one| one.previous_output.txid == txid) {
                let vout = usize::try_from(input.previous_output.vout)?;
                purse = Some((hash.to_string(), coinbase.output[vout].script_pubkey.clone()));
            }
        }
        let (first, purse) = purse.context("what the payment spends")?;
        ensure!(spend.input.len() == 1, "the purse has one coin for it");
        let descriptors = json!([format!("raw({})", purse.to_hex_string()), addr(&stranger(1))?]);
        let last = last.to_string();
        let (_program, daemon) = begin(&node, false, &["--rpc-fetch-blocks"])?;
        for asked in [
            json!([[last, first], descriptors, false]),
            json!([[last], [addr(&stranger(1))?], false]),
            json!([[first, first], descriptors, false]),
            json!([[], descriptors, false]),
        ] {
            let ours = daemon.call("getdescriptoractivity", &asked)?;
            if is_core {
                let theirs = node.call("getdescriptoractivity", &asked)?;
                ensure!(ours == theirs, "{asked}\n{ours}\n{theirs}");
            }
        }
        let told =
            daemon.call("getdescriptoractivity", &json!([[last, first], descriptors, false]))?;
        let kinds: Vec<_> = told["activity"].as_array().context("events")?.iter().collect();
        ensure!(kinds.iter().filter(|event| event["type"] == "spend").count() == 1, "{told}");

        // Without the block of what is spent, the spend would be missing.
        let alone = json!([[last], descriptors, false]);
        let said = daemon.refused(500, -1, "getdescriptoractivity", &alone)?;
        ensure!(said.contains(&spend.input[0].previous_output.txid.to_string()), "{said}");
        daemon.refused(500, -8, "getdescriptoractivity", &json!([[last], descriptors]))?;
        let strange = json!([["00".repeat(32)], descriptors, false]);
        let said = daemon.refused(500, -5, "getdescriptoractivity", &strange)?;
        ensure!(said == "Block not found", "{said}");
        daemon.stop()?;
        let (_program, daemon) = begin(&node, true, &[])?;
        let said = daemon.refused(404, -32601, "getdescriptoractivity", &alone)?;
        ensure!(said.contains("--rpc-fetch-blocks"), "{said}");
        daemon.stop()
    });
}
