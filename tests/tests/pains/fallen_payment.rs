//! Pain 6: "It said that my payment was sent. Weeks later I hear that nobody got it, and the wallet
//! never told me."

use anyhow::{Context, Result, ensure};
use billfold_tests::program::Program;
use billfold_tests::town::Town;
use bitcoin::{ScriptBuf, Transaction, Txid};
use serde_json::{Value, json};

use crate::BILLFOLD;

/// Somebody who waits for their money.
const SHOP: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// The same wallet on two machines: each pays from the coins that the other one spent.
#[test]
fn payments_that_another_copy_of_the_wallet_undid_are_told() -> Result<()> {
    let town = Town::build()?;
    let wallet = town.wallet_with(BILLFOLD, 250_000)?;
    let rival = paid_by_a_copy(&town, &wallet, "200k")?;
    let first = pay(&wallet, "100k")?;
    let second = pay(&wallet, "50k")?;
    let height = mine(&town, rival.clone())?;

    let outcome = wallet.run(&["sync"])?;
    ensure!(outcome.code == Some(0), "{outcome:?}");
    let rival = rival.compute_txid();
    let told = |txid: Txid| {
        let start = format!("Not paid: {txid}, ");
        outcome.stderr.lines().find(|line| line.starts_with(&start)).context(outcome.stderr.clone())
    };
    let line = told(first)?;
    ensure!(line.contains(&format!("{rival}, in block {height}, spends its coins")), "{line}");
    ensure!(line.contains("was not signed here"), "{line}");
    let line = told(second)?;
    ensure!(line.contains(&format!("It spends from {first}, which fell")), "{line}");
    ensure!(line.contains("must be paid again"), "{line}");

    let fallen = outcome.json["fallen"].as_array().context("no array")?;
    let of = |txid: Txid| fallen.iter().find(|one| one["txid"] == txid.to_string());
    let one = of(first).context("not in the JSON")?;
    ensure!(one["state"] == "replaced" && one["rival"] == rival.to_string(), "{one}");
    ensure!(one["height"] == height && one["net"].as_i64() < Some(-100_000), "{one}");
    let stood_on_it = of(second).context("not in the JSON")?;
    ensure!(stood_on_it["rival"].is_null() && fallen.len() == 2, "{fallen:?}");
    // It is said once, however often the chain is followed.
    ensure!(wallet.ok(&["sync"])?["fallen"] == json!([]));
    Ok(())
}

/// A payment is told as fallen before another one is agreed to.
#[test]
fn whoever_pays_next_is_told_first() -> Result<()> {
    let town = Town::build()?;
    let wallet = town.wallet_with(BILLFOLD, 250_000)?;
    town.pay(&wallet.ok(&["receive", "--new"])?["address"], 70_000)?;
    let rival = paid_by_a_copy(&town, &wallet, "180k")?;
    let first = pay(&wallet, "200k")?;
    mine(&town, rival)?;
    let outcome = wallet.run(&["--quiet", "pay", SHOP, "10k", "--fee-rate", "1", "--dry-run"])?;
    ensure!(outcome.code == Some(0), "{outcome:?}");
    ensure!(outcome.stderr.contains(&format!("Not paid: {first}, ")), "{outcome:?}");
    Ok(())
}

/// What was replaced as it was meant to is no loss; where the first one was faster, the second is.
#[test]
fn a_bump_is_no_fallen_payment_and_one_that_came_too_late_is_told_as_such() -> Result<()> {
    let town = Town::build()?;
    let wallet = town.wallet_with(BILLFOLD, 250_000)?;
    let first = pay(&wallet, "100k")?;
    let slow = town.network.transaction(first).context("not sent")?;
    let bump = |txid: Txid, rate: &str| -> Result<Txid> {
        let bumped = wallet.run(&["bump", &txid.to_string(), "--fee-rate", rate, "--yes"])?;
        ensure!(bumped.code == Some(0) && !bumped.stderr.contains("Not paid"), "{bumped:?}");
        txid_of(&bumped.json)
    };
    let third = bump(bump(first, "5")?, "9")?;
    let height = mine(&town, slow)?;
    let outcome = wallet.run(&["sync"])?;
    let line = format!("was made to replace {first}, which is in block {height} and counts.");
    let told = outcome.stderr.lines().find(|told| told.contains(&line));
    let told = told.with_context(|| outcome.stderr.clone())?;
    ensure!(told.starts_with(&format!("Too late: {third}, ")), "{told}");
    ensure!(!outcome.stderr.contains("Not paid"), "{outcome:?}");
    Ok(())
}

fn pay(wallet: &Program, amount: &str) -> Result<Txid> {
    let paid = wallet.ok(&["pay", SHOP, amount, "--fee-rate", "1", "--yes"])?;
    ensure!(paid["state"] == "announced", "{paid}");
    txid_of(&paid)
}

/// Another copy of the wallet pays, and the network forgets it before this one can hear of it.
fn paid_by_a_copy(town: &Town, wallet: &Program, amount: &str) -> Result<Transaction> {
    let txid = pay(&wallet.copy()?, amount)?;
    let paid = town.network.transaction(txid).context("not sent")?;
    town.mine();
    town.network.reorg(1, 2, &[txid])?;
    ensure!(town.network.mempool().is_empty());
    Ok(paid)
}

fn txid_of(paid: &Value) -> Result<Txid> {
    Ok(paid["txid"].as_str().context("no txid")?.parse()?)
}

/// Mines a block with nothing but this; its height.
fn mine(town: &Town, transaction: Transaction) -> Result<u32> {
    let (height, tip) = town.network.tip();
    town.network.mine_on(tip, 1, &ScriptBuf::new_op_return([2; 4]), vec![transaction])?;
    Ok(height + 1)
}
