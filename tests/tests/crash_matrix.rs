//! Owns the crash matrix: the real program is killed before each thing that it does to files, while
//! it makes a wallet, syncs, pays, bumps, takes labels and accounts in, changes its password and writes backups, and while
//! a daemon pays for a script; and payments on disks that go bad. Then the wallet opens, nothing that was said is lost, and nothing is paid twice.
//!
//! Some points of each are tried here, all of them with `BILLFOLD_EVERY_POINT=1`.

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::doom::{Blow, Doom, Fate, points};
use billfold_tests::port::free_port;
use billfold_tests::program::{PASSWORD, Program};
use billfold_tests::town::Town;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::{Address, Amount, KnownHrp, ScriptBuf, Txid, WitnessProgram, WitnessVersion};
use serde_json::{Value, json};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

#[test]
fn a_wallet_that_is_being_made_is_there_whole_or_can_be_made() -> Result<()> {
    let doom = Doom::build()?;
    let new = ["new", "--words-out", "words"];
    let (made, count) = doom.count(&Program::new(BILLFOLD)?, &new)?;
    ensure!(made.code == Some(0), "{made:?}");
    for at in points(count, 6) {
        let program = Program::new(BILLFOLD)?;
        doom.kill(&program, &new, at)?;
        let _ = fs::remove_file(program.file("words"));
        let again = program.run(&new)?;
        let taken = again.json["error"]["name"] == "wallet_exists";
        ensure!(again.code == Some(0) || taken, "at {at} of {count}: {again:?}");
        program.ok(&["balance"]).with_context(|| format!("at {at} of {count}"))?;
    }
    doom.has_struck()
}

#[test]
fn a_sync_that_dies_anywhere_finds_everything_the_next_time() -> Result<()> {
    let (town, doom) = (Town::build()?, Doom::build()?);
    let program = town.wallet_with(BILLFOLD, 100_000)?;
    let mut sum = 100_000;
    let mut arrive = |program: &Program| -> Result<u64> {
        town.pay(&program.ok(&["receive", "--new"])?["address"], 1_000)?;
        sum += 1_000;
        Ok(sum)
    };
    arrive(&program)?;
    let (synced, count) = doom.count(&program, &["sync"])?;
    ensure!(synced.code == Some(0), "{synced:?}");
    for at in points(count, 12) {
        let sum = arrive(&program)?;
        doom.kill(&program, &["sync"], at)?;
        program.ok(&["sync"]).with_context(|| format!("at {at} of {count}"))?;
        let balance = program.ok(&["balance"])?;
        ensure!(balance["confirmed"] == sum, "at {at} of {count}: {balance} of {sum}");
    }
    doom.has_struck()
}

#[test]
fn a_payment_that_dies_anywhere_is_paid_once_with_its_key() -> Result<()> {
    let (town, doom) = (Town::build()?, Doom::build()?);
    let program = town.wallet_with(BILLFOLD, 10_000_000)?;
    let first = payment(0, &["--idempotency-key", "key 0"]);
    let (paid, count) = doom.count(&program, &borrowed(&first))?;
    ensure!(paid.code == Some(0), "{paid:?}");
    settle(&town, &program, &paid.json)?;
    let points = points(count, 12);
    for at in &points {
        let key = format!("key {at}");
        let arguments = payment(*at, &["--idempotency-key", &key]);
        let arguments = borrowed(&arguments);
        doom.kill(&program, &arguments, *at)?;
        let paid = program.ok(&arguments).with_context(|| format!("at {at} of {count}"))?;
        let again = program.ok(&arguments)?;
        ensure!(paid["txid"] == again["txid"], "at {at}: {paid} and then {again}");
        settle(&town, &program, &paid)?;
    }
    for at in points {
        paid_once(&town, at)?;
    }
    doom.has_struck()
}

#[test]
fn a_payment_on_a_disk_that_goes_bad_is_paid_once_with_its_key() -> Result<()> {
    let (town, doom) = (Town::build()?, Doom::build()?);
    let program = town.wallet_with(BILLFOLD, 10_000_000)?;
    let first = payment(0, &["--idempotency-key", "key 0"]);
    let (paid, count) = doom.count(&program, &borrowed(&first))?;
    settle(&town, &program, &paid.json)?;
    let blows =
        [(Blow::Full, "disk_full"), (Blow::ShortWrite, "disk_full"), (Blow::FailedSync, "io")];
    let (points, mut struck) = (points(count, 9), 0);
    for (at, (blow, name)) in points.iter().zip(blows.iter().cycle()) {
        let key = format!("key {at}");
        let arguments = payment(*at, &["--idempotency-key", &key]);
        let arguments = borrowed(&arguments);
        let (ended, was_struck) = doom.strike(&program, &arguments, (*at, *blow))?;
        struck += u32::from(was_struck);
        let told = ended.json["error"]["name"] == *name;
        ensure!(ended.code == Some(0) || told, "{blow:?} at {at} of {count}: {ended:?}");
        let paid = program.ok(&arguments).with_context(|| format!("{blow:?} at {at}"))?;
        ensure!(ended.code != Some(0) || ended.json["txid"] == paid["txid"], "at {at}: {paid}");
        settle(&town, &program, &paid)?;
    }
    for at in points {
        paid_once(&town, at)?;
    }
    ensure!(struck > 0, "the disk was good");
    Ok(())
}

#[test]
fn a_daemon_that_dies_anywhere_in_a_payment_pays_once_with_its_key() -> Result<()> {
    let (town, doom) = (Town::build()?, Doom::build()?);
    let program = town.wallet_with(BILLFOLD, 10_000_000)?;
    let mined = |paid: &Value| {
        town.await_payment(txid(paid)?)?;
        town.mine();
        anyhow::Ok(())
    };
    let (daemon, fate) = doomed(&town, &program, &doom)?;
    fate.lift()?;
    let first = daemon.call("billfold.pay", &keyed(0))?;
    let count = fate.count()?;
    mined(&first)?;
    daemon.stop()?;
    let points = points(count, 12);
    for (at, payments) in points.iter().zip(2..) {
        let (mut daemon, fate) = doomed(&town, &program, &doom)?;
        fate.set(*at, Blow::Kill)?;
        doom.note(daemon.call("billfold.pay", &keyed(*at)).is_err());
        daemon.running.kill()?;

        let daemon = served(&town, &program, Ok)?;
        let told = || daemon.call("billfold.pay", &keyed(*at));
        let paid = told().with_context(|| format!("at {at} of {count}"))?;
        ensure!(told()? == paid, "at {at} of {count}: {paid}");
        mined(&paid)?;
        let list = daemon.call("billfold.listpayments", &json!([]))?;
        let listed = list["payments"].as_array().map(Vec::len);
        ensure!(listed == Some(payments), "at {at} of {count}: {list}");
        daemon.stop()?;
    }
    for at in points {
        paid_once(&town, at)?;
    }
    doom.has_struck()
}

/// The answer is written down behind the payment: who asks again in between is told of the payment.
#[test]
fn a_daemon_that_dies_anywhere_in_sending_named_coins_sends_them_once_with_its_key() -> Result<()> {
    let (town, doom) = (Town::build()?, Doom::build()?);
    let program = town.wallet_with(BILLFOLD, 100_000)?;
    let named = |daemon: &Daemon| {
        let coins = daemon.call("listunspent", &json!([]))?;
        let options = json!({"inputs": [{"txid": coins[0]["txid"], "vout": coins[0]["vout"]}]});
        anyhow::Ok(json!([[stranger(0).to_string()], null, null, 2, options]))
    };
    let ask = |daemon: &Daemon, key: u64, params: &Value| {
        let told = daemon.keyed("/", &format!("key-{key}"), "sendall", params)?;
        ensure!(told["error"].is_null(), "{told}");
        Ok(told["result"].clone())
    };
    let (daemon, fate) = doomed(&town, &program, &doom)?;
    let params = named(&daemon)?;
    fate.lift()?;
    ask(&daemon, 0, &params)?;
    let count = fate.count()?;
    let other = daemon.keyed("/", "another", "sendall", &params)?;
    let told = other["error"]["message"].as_str().unwrap_or_default();
    ensure!(other["error"]["code"] == -8 && told.ends_with("was already spent."), "{other}");
    daemon.stop()?;
    // Between the payment and its answer there are but a few, among the last.
    let last = count.saturating_sub(9)..=count;
    let mut died = 0;
    for at in points(count, 4).into_iter().chain(last).collect::<BTreeSet<_>>() {
        town.pay(&program.ok(&["receive", "--new"])?["address"], 100_000)?;
        let (mut daemon, fate) = doomed(&town, &program, &doom)?;
        let params = named(&daemon)?;
        fate.set(at, Blow::Kill)?;
        died += u32::from(ask(&daemon, at, &params).is_err());
        daemon.running.kill()?;

        let daemon = served(&town, &program, Ok)?;
        let sent = ask(&daemon, at, &params).with_context(|| format!("at {at} of {count}"))?;
        ensure!(ask(&daemon, at, &params)? == sent, "at {at} of {count}: {sent}");
        town.await_payment(txid(&sent)?)?;
        daemon.stop()?;
    }
    ensure!(died > 0, "nothing was shown");
    Ok(())
}

#[test]
fn a_bump_that_dies_anywhere_pays_once() -> Result<()> {
    let (town, doom) = (Town::build()?, Doom::build()?);
    let program = town.wallet_with(BILLFOLD, 10_000_000)?;
    let bump = |program: &Program, number: u64| -> Result<Vec<String>> {
        let arguments = payment(number, &[]);
        let paid = program.ok(&borrowed(&arguments))?;
        town.await_payment(txid(&paid)?)?;
        let txid = paid["txid"].as_str().context("no txid")?;
        Ok(["bump", txid, "--fee-rate", "9", "--yes"].map(str::to_owned).to_vec())
    };
    let first = bump(&program, 0)?;
    let first = borrowed(&first);
    let (bumped, count) = doom.count(&program, &first)?;
    ensure!(bumped.code == Some(0), "{bumped:?}");
    settle(&town, &program, &bumped.json)?;
    let points = points(count, 8);
    for at in &points {
        let arguments = bump(&program, *at)?;
        let arguments = borrowed(&arguments);
        doom.kill(&program, &arguments, *at)?;
        // It is made by now, or can be made.
        let again = program.run(&arguments)?;
        let error = &again.json["error"];
        let made = error["name"] == "cannot_bump" && error["data"]["problem"] == "replaced";
        ensure!(again.code == Some(0) || made, "at {at} of {count}: {again:?}");
        program.ok(&["sync"])?;
        town.mine();
        program.ok(&["sync"])?;
        paid_once(&town, *at)?;
    }
    doom.has_struck()
}

#[test]
fn labels_that_are_being_taken_in_harm_nothing() -> Result<()> {
    let doom = Doom::build()?;
    let program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    program.ease()?;
    let address = program.ok(&["receive"])?["address"].clone();
    let line = format!("{{\"type\":\"addr\",\"ref\":{address},\"label\":\"rent\"}}\n");
    fs::write(program.file("labels.jsonl"), line)?;
    let import = ["import", "labels", "labels.jsonl"];
    let (taken, count) = doom.count(&program.copy()?, &import)?;
    ensure!(taken.code == Some(0), "{taken:?}");
    for at in points(count, 8) {
        let copy = program.copy()?;
        doom.kill(&copy, &import, at)?;
        copy.ok(&import).with_context(|| format!("at {at} of {count}"))?;
        let found = copy.ok(&["search", "rent"])?.to_string();
        ensure!(found.contains(address.as_str().unwrap_or("?")), "at {at} of {count}: {found}");
    }
    doom.has_struck()
}

#[test]
fn accounts_that_are_being_taken_in_are_there_both_or_neither() -> Result<()> {
    let doom = Doom::build()?;
    let program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    program.ease()?;
    fs::write(program.file("accounts"), DESCRIPTORS.join("\n"))?;
    let import = ["import", "descriptors", "accounts"];
    let watched = |program: &Program| -> Result<usize> {
        let accounts = program.ok(&["account", "list"])?;
        let written = accounts.as_array().context("a list")?.iter();
        let ours = |one: &&Value| {
            let written = one["descriptor"].as_str().unwrap_or_default();
            DESCRIPTORS.iter().any(|descriptor| written.starts_with(descriptor))
        };
        Ok(written.filter(ours).count())
    };
    let (taken, count) = doom.count(&program.copy()?, &import)?;
    ensure!(taken.code == Some(0), "{taken:?}");
    for at in points(count, 8) {
        let copy = program.copy()?;
        doom.kill(&copy, &import, at)?;
        let found = watched(&copy).with_context(|| format!("at {at} of {count}"))?;
        let again = copy.run(&import)?;
        let known = again.json["error"]["name"] == "account_exists";
        match found {
            0 => ensure!(again.code == Some(0), "at {at} of {count}: {again:?}"),
            2 => ensure!(known, "at {at} of {count}: {again:?}"),
            _ => bail!("at {at} of {count}: {found} of two accounts"),
        }
        ensure!(watched(&copy)? == 2, "at {at} of {count}");
    }
    doom.has_struck()
}

#[test]
fn a_password_change_that_dies_anywhere_leaves_one_of_the_two() -> Result<()> {
    let doom = Doom::build()?;
    let program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    program.ease()?;
    fs::write(program.file("other"), "another password")?;
    let change = ["password", "--new-password-file", "other"];
    let (changed, count) = doom.count(&program.copy()?, &change)?;
    ensure!(changed.code == Some(0), "{changed:?}");
    for at in points(count, 6) {
        let copy = program.copy()?;
        doom.kill(&copy, &change, at)?;
        let old = copy.run(&["balance"])?.code;
        fs::write(copy.file("password"), "another password")?;
        let new = copy.run(&["balance"])?.code;
        fs::write(copy.file("password"), PASSWORD)?;
        let opened = [old, new].iter().filter(|code| **code == Some(0)).count();
        ensure!(opened == 1, "at {at} of {count}: {old:?} {new:?}");
    }
    doom.has_struck()
}

#[test]
fn a_backup_that_dies_anywhere_is_whole_or_not_there() -> Result<()> {
    let doom = Doom::build()?;
    let program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    program.ease()?;
    let backup = ["backup", "create", "main.backup"];
    let (made, count) = doom.count(&program.copy()?, &backup)?;
    ensure!(made.code == Some(0), "{made:?}");
    for at in points(count, 6) {
        let copy = program.copy()?;
        doom.kill(&copy, &backup, at)?;
        if copy.file("main.backup").exists() {
            copy.ok(&["backup", "check", "main.backup"])
                .with_context(|| format!("at {at} of {count}"))?;
        }
        copy.ok(&["balance"]).with_context(|| format!("at {at} of {count}"))?;
    }
    doom.has_struck()
}

/// Two accounts of somebody else.
const DESCRIPTORS: [&str; 2] = [
    "wpkh(tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp/<0;1>/*)",
    "tr(tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B/<0;1>/*)",
];

/// A daemon of a command that is changed by then, which has seen the town's chain.
fn served(
    town: &Town,
    program: &Program,
    change: impl FnOnce(Command) -> Result<Command>,
) -> Result<Daemon> {
    let daemon = Daemon::start_as(program, free_port()?, &[], change)?;
    daemon.await_height(town.network.tip().0)?;
    Ok(daemon)
}

/// The same, and what is to befall it.
fn doomed(town: &Town, program: &Program, doom: &Doom) -> Result<(Daemon, Fate)> {
    let mut fate = None;
    let daemon = served(town, program, |mut command| {
        fate = Some(doom.burden(&mut command)?);
        Ok(command)
    })?;
    Ok((daemon, fate.context("it was not started")?))
}

/// The command that pays the stranger of this number.
fn payment(number: u64, more: &[&str]) -> Vec<String> {
    let to = stranger(number).to_string();
    let amount = PAYMENT.to_sat().to_string();
    let pay = ["pay", &to, &amount, "--fee-rate", "2", "--yes"];
    pay.iter().chain(more).map(|argument| (*argument).to_owned()).collect()
}

/// The same asked of a daemon.
fn keyed(number: u64) -> Value {
    let outputs =
        json!([{"address": stranger(number).to_string(), "amount_sat": PAYMENT.to_sat()}]);
    json!({"key": format!("key-{number}"), "outputs": outputs, "fee": {"sat_per_vb": 2}})
}

/// What each stranger is paid.
const PAYMENT: Amount = Amount::from_sat(20_000);

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// Waits until the network has the payment, and mines it.
fn settle(town: &Town, program: &Program, paid: &Value) -> Result<()> {
    town.await_payment(txid(paid)?)?;
    town.mine();
    program.ok(&["sync"])?;
    Ok(())
}

fn txid(paid: &Value) -> Result<Txid> {
    Ok(paid["txid"].as_str().context("no txid")?.parse()?)
}

/// The stranger of this number has the payment, once and in full.
fn paid_once(town: &Town, number: u64) -> Result<()> {
    let script: ScriptBuf = stranger(number).script_pubkey();
    let blocks = (0..=town.network.tip().0).filter_map(|height| town.network.block_at(height));
    let outputs = blocks.flat_map(|block| block.txdata).flat_map(|transaction| transaction.output);
    let ours = outputs.filter(|output| output.script_pubkey == script);
    let amounts: Vec<Amount> = ours.map(|output| output.value).collect();
    ensure!(amounts == [PAYMENT], "at {number}: paid {amounts:?}");
    Ok(())
}

fn stranger(number: u64) -> Address {
    let program = sha256::Hash::hash(&number.to_le_bytes()).to_byte_array();
    let program = WitnessProgram::new(WitnessVersion::V0, &program).expect("32 bytes");
    Address::from_witness_program(program, KnownHrp::Regtest)
}
