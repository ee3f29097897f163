//! Pain 2: "My payment has been waiting for hours. The wallet refuses to speed it up or does not say
//! why, and what I sped up once I can't speed up again."

use anyhow::{Result, ensure};
use billfold_tests::program::Program;
use billfold_tests::town::Town;
use bitcoin::ScriptBuf;
use serde_json::Value;

use crate::BILLFOLD;

/// Somebody who waits for their money.
const SHOP: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
const FRIEND: &str = "bcrt1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qzf4jry";

#[test]
fn a_payment_that_waits_is_sped_up_as_often_as_it_takes() -> Result<()> {
    let town = Town::build()?;
    let wallet = town.wallet_with(BILLFOLD, 250_000)?;
    let first = wallet.ok(&["pay", SHOP, "100k", "--fee-rate", "1", "--yes"])?;
    // Asked for too little, the answer is how much it takes.
    let first = text(&first["txid"]);
    let error = wallet.refused(3, "fee_too_low", &["bump", first, "--fee-rate", "1", "--yes"])?;
    let least = error["data"]["least"].as_u64().unwrap_or_default();
    let second = wallet.ok(&["bump", first, "--fee", &least.to_string(), "--yes"])?;
    ensure!(second["replaces"] == first && second["fee"] == least, "{second}");
    ensure!(second["state"] == "announced", "the node took it: {second}");
    // Who takes the first one up again is shown the one that counts.
    let second = text(&second["txid"]);
    let error = wallet.refused(3, "cannot_bump", &["bump", first, "--fee-rate", "9", "--yes"])?;
    ensure!(error["data"]["problem"] == "replaced", "{error}");
    ensure!(text(&error["message"]).contains(second), "{error}");
    let third = wallet.ok(&["bump", second, "--fee-rate", "12", "--yes"])?;
    let third = text(&third["txid"]);
    ensure!(waiting(&town) == [third]);

    mine(&town, &wallet)?;
    let history = wallet.ok(&["history"])?;
    let state = |txid: &str| {
        let rows = history.as_array().into_iter().flatten();
        rows.filter(|row| row["txid"] == txid).map(|row| text(&row["state"])).collect::<String>()
    };
    ensure!([first, second, third].map(state) == ["replaced", "replaced", "confirmed"]);
    wallet.refused(3, "cannot_bump", &["bump", third, "--fee-rate", "20", "--yes"])?;
    Ok(())
}

/// The change of the payment that waits has paid somebody else since: to replace it would take that
/// payment back in silence.
#[test]
fn what_stands_on_a_payment_is_sped_up_with_it_and_not_lost() -> Result<()> {
    let town = Town::build()?;
    let wallet = town.wallet_with(BILLFOLD, 250_000)?;
    let first = wallet.ok(&["pay", SHOP, "100k", "--fee-rate", "1", "--yes"])?;
    let second = wallet.ok(&["pay", FRIEND, "50k", "--fee-rate", "1", "--yes"])?;
    let helped = wallet.ok(&["bump", text(&first["txid"]), "--fee-rate", "8", "--yes"])?;
    ensure!(helped["purpose"] == "child" && helped["package"]["transactions"] == 3, "{helped}");
    ensure!(helped["package"]["fee_rate"].as_f64().is_some_and(|rate| rate >= 8.0), "{helped}");
    let all = waiting(&town);
    ensure!([&first, &second, &helped].iter().all(|one| all.contains(&text(&one["txid"]).into())));
    mine(&town, &wallet)?;
    ensure!(wallet.ok(&["balance"])?["pending"] == 0);
    Ok(())
}

#[test]
fn a_payment_to_the_wrong_address_is_taken_back() -> Result<()> {
    let town = Town::build()?;
    let wallet = town.wallet_with(BILLFOLD, 250_000)?;
    let wrong = wallet.ok(&["pay", SHOP, "100k", "--fee-rate", "1", "--yes"])?;
    let back = wallet.ok(&["cancel", text(&wrong["txid"]), "--fee-rate", "5", "--yes"])?;
    ensure!(waiting(&town) == [text(&back["txid"])]);
    mine(&town, &wallet)?;
    let fee = back["fee"].as_u64().unwrap_or_default();
    ensure!(wallet.ok(&["balance"])?["confirmed"] == 250_000 - fee);
    Ok(())
}

/// "It shows a balance, and says that nothing can be spent."
#[test]
fn who_lacks_money_is_told_what_is_frozen_or_held() -> Result<()> {
    let town = Town::build()?;
    let wallet = town.wallet_with(BILLFOLD, 250_000)?;
    town.pay(&wallet.ok(&["receive", "--new"])?["address"], 70_000)?;
    wallet.ok(&["sync"])?;
    let coins = wallet.ok(&["coins"])?;
    let coin = |amount| {
        let coin = coins.as_array().into_iter().flatten().find(|coin| coin["amount"] == amount);
        coin.map_or("", |coin| text(&coin["coin"]))
    };
    wallet.ok(&["freeze", coin(250_000)])?;
    wallet.ok(&["psbt", "create", SHOP, "60k", "--coins", coin(70_000), "--fee-rate", "1"])?;
    let error = wallet.refused(4, "insufficient_funds", &["pay", SHOP, "90k", "--yes"])?;
    let told = text(&error["message"]);
    ensure!(told.contains("0.00 250 000 BTC more is frozen: billfold unfreeze"), "{told}");
    ensure!(told.contains("0.00 070 000 BTC more is held: billfold drafts"), "{told}");
    Ok(())
}

fn waiting(town: &Town) -> Vec<String> {
    town.network.mempool().iter().map(ToString::to_string).collect()
}

fn mine(town: &Town, wallet: &Program) -> Result<()> {
    town.network.mine(1, &ScriptBuf::new_op_return([1; 4]));
    wallet.ok(&["sync"]).map(drop)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
