//! Owns the promises of the program in front of a real node: what is restored is found, what is
//! paid confirms, what a reorganisation drops comes back, and a killed program loses nothing.
//!
//! Runs with btcd, and with Bitcoin Core too where `BITCOIND_EXE` names it.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billfold_tests::node::software::Software;
use billfold_tests::node::{Node, on_each_node};
use billfold_tests::program::{PASSWORD, Program, Strike, strikes};
use billfold_tests::vector_wallet;
use billfold_wallet_core::command::{PaymentState, TransactionChange};
use billfold_wallet_core::config::Settings;
use billfold_wallet_core::event::Event;
use billfold_wallet_core::face::Conversation;
use billfold_wallet_core::light_client::dial::Wire;
use billfold_wallet_core::light_client::output::PeerEvent;
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use billfold_wallet_core::service::{Access, Reach, Service};
use billfold_wallet_core::vault::Password;
use bitcoin::key::Secp256k1;
use bitcoin::{Address, Amount, Network, PrivateKey, ScriptBuf, Txid};
use serde_json::Value;
use tokio::runtime::Runtime;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// A sync that says when it is connected.
const SPOKEN_SYNC: [&str; 3] = ["-v", "-v", "sync"];

#[test]
fn a_restored_wallet_finds_every_payment_over_types_and_gaps() {
    on_each_node(|software| {
        let mut node = Node::funded(software, 20)?;
        let mut paid = BTreeMap::new();
        let indices = [0, 1, 2, 43, 44, 85, 126, 127, 168];
        for (round, index) in indices.into_iter().enumerate() {
            let mut outputs = Vec::new();
            for purpose in [86, 84, 49] {
                let branch = u32::from(round == 1);
                if paid.len() == 25 {
                    break;
                }
                let address = vector_wallet::address(purpose, branch, index)?;
                let amount = Amount::from_sat(20_000 + 137 * paid.len() as u64);
                outputs.push((address.script_pubkey(), amount));
                paid.insert(address.to_string(), amount.to_sat());
            }
            node.pay_confirmed(&outputs)?;
            node.mine(3)?;
        }
        ensure!(paid.len() == 25, "the plan holds {} payments", paid.len());

        let program = restored(&node)?;
        let synced = program.ok(&["sync"])?;
        ensure!(synced["payments_found"] == indices.len(), "{synced}");
        ensure!(at_tip(&synced, &node)?, "{synced}");
        let coins = program.ok(&["coins"])?;
        let found: BTreeMap<_, _> = rows(&coins)?
            .iter()
            .map(|coin| (text(&coin["address"]), coin["amount"].as_u64().unwrap_or_default()))
            .collect();
        ensure!(found == paid, "found {found:?}\npaid {paid:?}");
        ensure!(confirmed(&program)? == paid.values().sum::<u64>());
        Ok(())
    });
}

#[test]
fn received_money_is_paid_on_and_confirms() {
    on_each_node(|software| {
        let mut node = Node::funded(software, 20)?;
        let program = Program::connected(BILLFOLD, node.address())?;
        program.ok(&["new", "--words-out", "words"])?;
        receive(&program, &mut node, 1_000_000)?;
        let (before, _) = node.tip()?;

        let target = stranger(1);
        let payment =
            program.ok(&["pay", &target.to_string(), "250k", "--fee-rate", "3", "--yes"])?;
        ensure!(payment["state"] == "announced", "{payment}");
        let txid = txid(&payment)?;
        node.await_in_mempool(txid)?;
        let transaction = node.mempool_transaction(txid)?;
        let sent = transaction.output.iter().find(|o| o.script_pubkey == target.script_pubkey());
        ensure!(sent.is_some_and(|output| output.value.to_sat() == 250_000), "{transaction:?}");
        let fee = payment["fee"].as_u64().context("no fee")?;
        let weight = transaction.weight().to_vbytes_ceil();
        ensure!((weight * 3..=weight * 3 + 6).contains(&fee), "fee {fee} for {weight} vbytes");

        node.mine(1)?;
        program.ok(&["sync"])?;
        let row = history_row(&program, txid)?;
        ensure!(row["state"] == "confirmed" && row["height"] == before + 1, "{row}");
        ensure!(confirmed(&program)? == 1_000_000 - 250_000 - fee);
        Ok(())
    });
}

#[test]
fn a_payment_is_seen_before_its_block_and_then_in_it() {
    on_each_node(|software| {
        let (node, payer) = rich(software)?;
        let receiver = Program::connected(BILLFOLD, node.address())?;
        receiver.ok(&["new", "--words-out", "words"])?;
        let address = text(&receiver.ok(&["receive"])?["address"]);
        // The receiver listens as a face would that stays open.
        let mut listener = listen(&receiver, &node)?;
        let payment = payer.ok(&["pay", &address, "50k", "--fee-rate", "3", "--yes"])?;
        let txid = txid(&payment)?;
        let seen = listener.await_change(txid, |state| state == PaymentState::Pending)?;
        ensure!(seen.seen_by == 1 && seen.net.to_sat() == 50_000, "{seen:?}");
        node.mine(1)?;
        listener.await_change(txid, |state| matches!(state, PaymentState::Confirmed(_)))?;
        drop(listener);
        ensure!(confirmed(&receiver)? == 50_000);
        Ok(())
    });
}

/// Whoever pays us pays too little for miners, and can't be asked.
#[test]
fn a_payment_to_us_that_waits_is_sped_up_by_a_child() {
    on_each_node(|software| {
        let (node, payer) = rich(software)?;
        let receiver = Program::connected(BILLFOLD, node.address())?;
        receiver.ok(&["new", "--words-out", "words"])?;
        let address = text(&receiver.ok(&["receive"])?["address"]);
        let mut listener = listen(&receiver, &node)?;
        let parent = txid(&payer.ok(&["pay", &address, "50k", "--fee-rate", "1", "--yes"])?)?;
        listener.await_change(parent, |state| state == PaymentState::Pending)?;
        drop(listener);

        let bump = ["bump", &parent.to_string(), "--fee-rate", "12", "--yes"];
        let bumped = receiver.ok(&bump)?;
        ensure!(bumped["purpose"] == "child" && bumped["state"] == "announced", "{bumped}");
        let child = txid(&bumped)?;
        node.await_in_mempool(child)?;
        let spent = node.mempool_transaction(child)?;
        ensure!(spent.input.iter().all(|input| input.previous_output.txid == parent));
        let weight = spent.weight() + node.mempool_transaction(parent)?.weight();
        let fee = bumped["fee"].as_u64().context("no fee")?;
        ensure!(fee >= weight.to_vbytes_floor() * 12, "{fee} for {weight}, with its parent");

        node.mine(1)?;
        receiver.ok(&["sync"])?;
        for confirmed in [parent, child] {
            ensure!(history_row(&receiver, confirmed)?["state"] == "confirmed");
        }
        ensure!(confirmed(&receiver)? == 50_000 - fee);
        Ok(())
    });
}

/// The key is empty by then on one branch, and the wallet has not got the money on the other.
#[test]
fn a_sweep_that_a_reorganisation_drops_arrives_in_the_end() {
    on_each_node(|software| {
        let mut node = Node::funded(software, 20)?;
        let program = Program::connected(BILLFOLD, node.address())?;
        program.ok(&["new", "--words-out", "words"])?;
        let key = PrivateKey::from_slice(&[23; 32], Network::Regtest)?;
        fs::write(program.file("key"), key.to_wif())?;
        let script = ScriptBuf::new_p2pkh(&key.public_key(&Secp256k1::new()).pubkey_hash());
        node.pay_confirmed(&[(script, Amount::from_sat(300_000))])?;
        let (_, fork) = node.tip()?;
        let sweep = ["sweep", "--key-file", "key", "--birthday", "0", "--fee-rate", "2", "--yes"];
        let swept = program.ok(&sweep)?;
        let txid = txid(&swept)?;
        node.await_in_mempool(txid)?;
        node.mine(2)?;
        program.ok(&["sync"])?;
        let value = confirmed(&program)?;
        ensure!((299_000..300_000).contains(&value), "{value}");

        node.mine_empty_on(fork, 3)?;
        // A node that starts again has forgotten the payment, so it comes from the wallet or never.
        node.restart()?;
        program.ok(&["sync"])?;
        ensure!(confirmed(&program)? == 0);
        program.ok(&["sync"])?;
        node.await_in_mempool(txid)?;
        node.mine(1)?;
        program.ok(&["sync"])?;
        ensure!(confirmed(&program)? == value);
        Ok(())
    });
}

/// Two people have the key, and the payment of one is mined.
#[test]
fn a_sweep_that_comes_too_late_is_told_as_replaced() {
    on_each_node(|software| {
        let mut node = Node::funded(software, 20)?;
        let key = PrivateKey::from_slice(&[29; 32], Network::Regtest)?;
        let script = ScriptBuf::new_p2pkh(&key.public_key(&Secp256k1::new()).pubkey_hash());
        node.pay_confirmed(&[(script, Amount::from_sat(300_000))])?;
        let sweep = |program: &Program| {
            program.ok(&["new", "--words-out", "words"])?;
            fs::write(program.file("key"), key.to_wif())?;
            let swept = ["sweep", "--key-file", "key", "--birthday", "0", "--fee-rate", "2"];
            txid(&program.ok(&[&swept[..], &["--yes"]].concat())?)
        };
        let slow = Program::connected(BILLFOLD, node.address())?;
        let late = sweep(&slow)?;
        node.await_in_mempool(late)?;
        // A node that starts again has forgotten it.
        node.restart()?;
        let fast = Program::connected(BILLFOLD, node.address())?;
        node.await_in_mempool(sweep(&fast)?)?;
        node.mine(1)?;
        slow.ok(&["sync"])?;
        ensure!(history_row(&slow, late)?["state"] == "replaced");
        ensure!(balance(&slow)? == 0);
        Ok(())
    });
}

#[test]
fn a_payment_that_a_reorganisation_drops_is_announced_again() {
    on_each_node(|software| {
        let mut node = Node::funded(software, 20)?;
        let program = Program::connected(BILLFOLD, node.address())?;
        program.ok(&["new", "--words-out", "words"])?;
        receive(&program, &mut node, 500_000)?;
        let (_, fork) = node.tip()?;

        let payment = pay(&program, 1, 100_000, &[])?;
        let txid = txid(&payment)?;
        node.await_in_mempool(txid)?;
        node.mine(6)?;
        program.ok(&["sync"])?;
        ensure!(history_row(&program, txid)?["state"] == "confirmed");

        node.mine_empty_on(fork, 7)?;
        // A node that starts again has forgotten the payment, so it comes from the wallet or never.
        node.restart()?;
        ensure!(node.mempool()?.is_empty());
        let synced = program.ok(&["sync"])?;
        ensure!(at_tip(&synced, &node)?, "{synced}");
        let row = history_row(&program, txid)?;
        ensure!(row["state"] != "confirmed" && row["height"].is_null(), "{row}");

        program.ok(&["sync"])?;
        node.await_in_mempool(txid)?;
        node.mine(1)?;
        program.ok(&["sync"])?;
        ensure!(history_row(&program, txid)?["state"] == "confirmed");
        ensure!(outputs_to(&node, &stranger(1))? == 1);
        Ok(())
    });
}

#[test]
fn money_that_a_reorganisation_takes_away_is_not_shown() {
    on_each_node(|software| {
        let mut node = Node::funded(software, 20)?;
        let program = Program::connected(BILLFOLD, node.address())?;
        program.ok(&["new", "--words-out", "words"])?;
        receive(&program, &mut node, 500_000)?;
        let (_, fork) = node.tip()?;
        receive(&program, &mut node, 70_000)?;
        ensure!(confirmed(&program)? == 570_000);

        node.mine_empty_on(fork, 6)?;
        program.ok(&["sync"])?;
        ensure!(confirmed(&program)? == 500_000);
        Ok(())
    });
}

#[test]
fn a_reorganisation_of_a_hundred_blocks_is_followed() {
    on_each_node(|software| {
        let mut node = Node::funded(software, 20)?;
        let program = Program::connected(BILLFOLD, node.address())?;
        program.ok(&["new", "--words-out", "words"])?;
        receive(&program, &mut node, 500_000)?;
        let (height, fork) = node.tip()?;
        receive(&program, &mut node, 70_000)?;
        node.mine(99)?;
        let synced = program.ok(&["sync"])?;
        ensure!(synced["height"] == height + 100, "{synced}");

        node.mine_empty_on(fork, 101)?;
        let synced = program.ok(&["sync"])?;
        ensure!(at_tip(&synced, &node)? && synced["height"] == height + 101, "{synced}");
        ensure!(confirmed(&program)? == 500_000);
        Ok(())
    });
}

#[test]
fn a_node_that_starts_again_during_the_scan_is_followed_to_its_tip() {
    on_each_node(|software| {
        let mut node = Node::funded(software, 500)?;
        let payments = [(0, 30_000), (1, 50_000)];
        let pay = |node: &mut Node, (index, amount)| -> Result<Txid> {
            let script = vector_wallet::address(86, 0, index)?.script_pubkey();
            node.pay_confirmed(&[(script, Amount::from_sat(amount))])
        };
        pay(&mut node, payments[0])?;
        node.mine(100)?;
        let program = restored(&node)?;
        let mut listener = open(&program, &node)?;
        // At the latest moment at which no header has come yet, so that the scan has not ended.
        listener.until(|event| match event {
            Event::Peer(PeerEvent::Ready { .. }) => Some(()),
            _ => None,
        })?;
        node.restart()?;
        pay(&mut node, payments[1])?;
        let (height, _) = node.tip()?;
        listener.until(|event| match event {
            Event::Synced { tip, .. } if tip.height.to_u32() == height => Some(()),
            _ => None,
        })?;
        drop(listener);
        ensure!(confirmed(&program)? == 80_000);
        Ok(())
    });
}

#[test]
fn a_sync_that_is_killed_at_any_moment_loses_nothing() {
    on_each_node(|software| {
        let mut node = Node::funded(software, 400)?;
        let mut sum = 0;
        for index in 0..12 {
            let amount = 30_000 + u64::from(index);
            let script = vector_wallet::address(86, 0, index * 3)?.script_pubkey();
            node.pay_confirmed(&[(script, Amount::from_sat(amount))])?;
            node.mine(10)?;
            sum += amount;
        }
        let fresh = restored(&node)?;
        let whole = fresh.copy()?;
        let strikes = strikes(whole.spawn(&SPOKEN_SYNC)?, "connected", 6)?;
        let coins = whole.ok(&["coins"])?;

        // Each moment on its own, then all of them after each other.
        let battered = fresh.copy()?;
        for strike in strikes {
            let struck = fresh.copy()?;
            for program in [&struck, &battered] {
                program.spawn(&SPOKEN_SYNC)?.strike(strike)?;
            }
            struck.ok(&["sync"])?;
            ensure!(struck.ok(&["coins"])? == coins, "after {strike:?}");
        }
        battered.ok(&["sync"])?;
        ensure!(battered.ok(&["coins"])? == coins, "after all kills");
        ensure!(confirmed(&battered)? == sum);
        Ok(())
    });
}

#[test]
fn a_payment_that_is_killed_at_any_moment_is_paid_once_with_its_key() {
    on_each_node(|software| {
        let (mut node, program) = rich(software)?;
        for (strike, number) in strikes_at_a_payment(&program)?.into_iter().zip(1..) {
            let key = ["--idempotency-key".to_owned(), format!("rent {number}")];
            let key: Vec<&str> = key.iter().map(String::as_str).collect();
            let to = stranger(number).to_string();
            let arguments = [&["pay", &to, "50k", "--fee-rate", "2", "--yes"], &key[..]].concat();
            program.spawn(&arguments)?.strike(strike)?;
            let payment = program.ok(&arguments)?;
            let again = program.ok(&arguments)?;
            ensure!(payment["txid"] == again["txid"], "two payments under one key: {again}");
            node.await_in_mempool(txid(&payment)?)?;
            if number % 5 == 0 {
                node.restart()?;
            }
        }
        settle(&program, &node)?;
        for number in 1..=12 {
            let count = outputs_to(&node, &stranger(number))?;
            ensure!(count == 1, "payment {number} was made {count} times");
        }
        ensure!(sum_of_history(&program)? == balance(&program)?);
        Ok(())
    });
}

#[test]
fn a_payment_that_is_killed_at_any_moment_is_in_the_history_if_it_was_announced() {
    on_each_node(|software| {
        let (node, program) = rich(software)?;
        for (strike, number) in strikes_at_a_payment(&program)?.into_iter().zip(1..) {
            let to = stranger(number).to_string();
            let arguments = ["pay", &to, "50k", "--fee-rate", "2", "--yes"];
            program.spawn(&arguments)?.strike(strike)?;
            let announced = node.mempool()?;
            let history = program.ok(&["history"])?;
            let known: Vec<Txid> = rows(&history)?.iter().map(txid).collect::<Result<_>>()?;
            let lost: Vec<_> = announced.iter().filter(|txid| !known.contains(txid)).collect();
            ensure!(lost.is_empty(), "{strike:?}: {lost:?} are not in {known:?}");
        }
        settle(&program, &node)?;
        for number in 1..=12 {
            let count = outputs_to(&node, &stranger(number))?;
            ensure!(count <= 1, "payment {number} was made {count} times");
        }
        let history = program.ok(&["history"])?;
        for row in rows(&history)? {
            ensure!(row["state"] == "confirmed", "what was signed was lost: {row}");
        }
        ensure!(sum_of_history(&program)? == balance(&program)?);
        Ok(())
    });
}

#[test]
fn a_new_wallet_reaches_the_tip_of_a_long_chain() {
    on_each_node(|software| {
        let node = Node::start(software)?;
        node.mine(2_000)?;
        let program = Program::connected(BILLFOLD, node.address())?;
        program.ok(&["new", "--words-out", "words"])?;
        let synced = program.ok(&["sync", "--timeout", "60"])?;
        ensure!(at_tip(&synced, &node)? && synced["height"] == 2_000, "{synced}");
        Ok(())
    });
}

#[test]
fn the_encrypted_transport_is_spoken_with_whoever_speaks_it() {
    on_each_node(|software| {
        for (wire, told) in [(Wire::V2, "v2"), (Wire::V1, "v1")] {
            let node = Node::start_over(software.clone(), wire)?;
            node.mine(150)?;
            let program = restored(&node)?;
            let synced = program.ok(&["sync"])?;
            ensure!(at_tip(&synced, &node)?, "{synced}");
            let peers = program.ok(&["peers"])?;
            ensure!(peers["peers"][0]["transport"] == told, "{peers}");
        }
        Ok(())
    });
}

#[test]
fn a_node_that_dies_is_told_and_the_next_sync_goes_on() {
    on_each_node(|software| {
        let mut node = Node::funded(software, 20)?;
        let program = restored(&node)?;
        node.kill()?;
        program.refused(6, "peer_unreachable", &["sync"])?;
        node = Node::funded(node.software().clone(), 30)?;
        let mut program = program;
        program.connect_to(node.address());
        let synced = program.ok(&["sync"])?;
        ensure!(at_tip(&synced, &node)?, "{synced}");
        Ok(())
    });
}

/// A wallet that stays open.
struct Listener {
    runtime: Runtime,
    wallet: Conversation,
}

/// Opens a wallet and follows it to the tip.
fn listen(program: &Program, node: &Node) -> Result<Listener> {
    let mut listener = open(program, node)?;
    listener.until(|event| matches!(event, Event::Synced { .. }).then_some(()))?;
    Ok(listener)
}

fn open(program: &Program, node: &Node) -> Result<Listener> {
    let settings = Settings {
        connect: vec![PeerAddress::Ip(node.address())],
        filters_disk: 0,
        ..Settings::new(Network::Regtest, program.data_dir())
    };
    let password = Password::new(PASSWORD)?;
    let service = Service::open(&settings, &password, Access::View, Reach::Online)?;
    let wallet = Conversation::new(service, settings.wallet);
    Ok(Listener { runtime: Runtime::new()?, wallet })
}

impl Listener {
    fn await_change(
        &mut self,
        txid: Txid,
        wanted: impl Fn(PaymentState) -> bool,
    ) -> Result<TransactionChange> {
        self.until(|event| match event {
            Event::Transaction(change) if change.txid == txid && wanted(change.state) => {
                Some(change)
            }
            _ => None,
        })
    }

    fn until<T>(&mut self, wanted: impl Fn(Event) -> Option<T>) -> Result<T> {
        let Self { runtime, wallet } = self;
        runtime.block_on(async {
            loop {
                let next = tokio::time::timeout(Duration::from_secs(60), wallet.next_event());
                let event = next.await?.context("the wallet closed")?;
                if let Some(found) = wanted(event) {
                    return Ok(found);
                }
            }
        })
    }
}

/// The wallet of the vectors, not synced yet.
fn restored(node: &Node) -> Result<Program> {
    let program = Program::connected(BILLFOLD, node.address())?;
    fs::write(program.file("words"), vector_wallet::WORDS)?;
    program.ok(&["restore", "--words-file", "words", "--birthday", "0"])?;
    Ok(program)
}

/// A wallet with 20 confirmed coins.
fn rich(software: Software) -> Result<(Node, Program)> {
    let mut node = Node::funded(software, 20)?;
    let program = restored(&node)?;
    let scripts = (0..20).map(|index| Ok(vector_wallet::address(86, 0, index)?.script_pubkey()));
    let amount = Amount::from_sat(200_000);
    let outputs: Result<Vec<(ScriptBuf, Amount)>> =
        scripts.map(|script: Result<ScriptBuf>| Ok((script?, amount))).collect();
    node.pay_confirmed(&outputs?)?;
    program.ok(&["sync"])?;
    Ok((node, program))
}

/// Twelve strikes, over all of a payment and over what comes after its review.
fn strikes_at_a_payment(program: &Program) -> Result<Vec<Strike>> {
    let to = stranger(100).to_string();
    strikes(program.spawn(&["pay", &to, "50k", "--fee-rate", "2", "--yes"])?, "Fee ", 6)
}

fn receive(program: &Program, node: &mut Node, amount: u64) -> Result<()> {
    let address: Address<_> = text(&program.ok(&["receive", "--new"])?["address"]).parse()?;
    let script = address.require_network(Network::Regtest)?.script_pubkey();
    let before = confirmed(program)?;
    node.pay_confirmed(&[(script, Amount::from_sat(amount))])?;
    program.ok(&["sync"])?;
    ensure!(confirmed(program)? == before + amount, "{amount} did not arrive");
    Ok(())
}

fn pay(program: &Program, to: u8, amount: u64, more: &[&str]) -> Result<Value> {
    let (to, amount) = (stranger(to).to_string(), amount.to_string());
    let arguments = ["pay", &to, &amount, "--fee-rate", "2", "--yes"];
    program.ok(&[&arguments, more].concat())
}

/// Lets everything that waits confirm.
fn settle(program: &Program, node: &Node) -> Result<()> {
    program.ok(&["sync"])?;
    let history = program.ok(&["history"])?;
    for row in rows(&history)?.iter().filter(|row| row["state"] != "confirmed") {
        node.await_in_mempool(txid(row)?)?;
    }
    node.mine(1)?;
    program.ok(&["sync"])?;
    Ok(())
}

/// An address that is not the wallet's.
fn stranger(number: u8) -> Address {
    let program = bitcoin::WitnessProgram::new(bitcoin::WitnessVersion::V1, &[number; 32]);
    Address::from_witness_program(
        program.expect("32 bytes are a taproot program"),
        Network::Regtest,
    )
}

/// How many outputs of the whole best chain pay an address.
fn outputs_to(node: &Node, address: &Address) -> Result<usize> {
    let script = address.script_pubkey();
    let (tip, _) = node.tip()?;
    let mut count = 0;
    for height in 1..=tip {
        let block = node.block(node.hash_at(height)?)?;
        let outputs = block.txdata.iter().flat_map(|transaction| &transaction.output);
        count += outputs.filter(|output| output.script_pubkey == script).count();
    }
    Ok(count)
}

fn at_tip(synced: &Value, node: &Node) -> Result<bool> {
    let (height, hash) = node.tip()?;
    Ok(synced["height"] == height && synced["hash"] == hash.to_string())
}

fn history_row(program: &Program, wanted: Txid) -> Result<Value> {
    let history = program.ok(&["history"])?;
    let row = rows(&history)?.iter().find(|row| row["txid"] == wanted.to_string());
    row.cloned().with_context(|| format!("{wanted} is not in {history}"))
}

fn confirmed(program: &Program) -> Result<u64> {
    program.ok(&["balance"])?["confirmed"].as_u64().context("no confirmed balance")
}

fn balance(program: &Program) -> Result<i64> {
    let balance = program.ok(&["balance"])?;
    let parts = ["confirmed", "pending", "immature", "frozen"];
    let sum = parts.iter().map(|part| balance[part].as_i64());
    sum.sum::<Option<i64>>().context("a part of the balance is missing")
}

fn sum_of_history(program: &Program) -> Result<i64> {
    let history = program.ok(&["history"])?;
    let sum = rows(&history)?.iter().map(|row| row["net"].as_i64());
    sum.sum::<Option<i64>>().context("a row without a net")
}

fn rows(array: &Value) -> Result<&Vec<Value>> {
    array.as_array().with_context(|| format!("not an array: {array}"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn txid(value: &Value) -> Result<Txid> {
    Ok(text(&value["txid"]).parse()?)
}
