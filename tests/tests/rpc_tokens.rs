//! Owns tokens for several wallets of a daemon, from outside: bound in each, narrowed by who has one,
//! and taken back for all at once.

use std::thread;

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::{Asker, Daemon};
use billfold_tests::program::Program;
use billfold_tests::town::Town;
use serde_json::{Value, json};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// Calls at a wallet with a token, or with the cookie.
struct Teller<'a> {
    daemon: &'a Asker,
    token: Option<&'a str>,
}

impl Teller<'_> {
    /// The status, the result and why there is none.
    fn ask(&self, path: &str, method: &str, params: &Value) -> Result<(u16, Value, String)> {
        let call = json!({"id": 1, "method": method, "params": params}).to_string();
        let (status, _, body) = match self.token {
            None => self.daemon.post(path, &call)?,
            Some(token) => self.daemon.send(
                format!(
                    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
                     Authorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{call}",
                    call.len()
                )
                .as_bytes(),
            )?,
        };
        let mut told: Value = serde_json::from_str(&body).unwrap_or_default();
        let error = &told["error"];
        let reason = error["data"]["reason"].as_str().map(str::to_owned);
        let reason = reason.unwrap_or_else(|| error["code"].to_string());
        Ok((status, told["result"].take(), reason))
    }

    fn pay(&self, wallet: &str, key: &str, sat: u64) -> Result<(Value, String)> {
        let outputs = json!([{"address": STRANGER, "amount_sat": sat}]);
        let params = json!({"key": key, "outputs": outputs, "fee": {"sat_per_vb": 2}});
        let (_, paid, why) = self.ask(&format!("/wallet/{wallet}"), "billfold.pay", &params)?;
        Ok((paid, why))
    }
}

fn at<'a>(daemon: &'a Asker, token: &'a str) -> Teller<'a> {
    Teller { daemon, token: Some(token) }
}

fn owner(daemon: &Asker) -> Teller<'_> {
    Teller { daemon, token: None }
}

/// A daemon of three wallets, each with as many coins as it is asked for payments at once, that opens all of them whenever it starts.
fn town() -> Result<(Town, Program, Daemon)> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 1_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    for wallet in ["books", "shop"] {
        let made = json!({"wallet_name": wallet, "load_on_startup": true});
        daemon.call("createwallet", &made)?;
    }
    for wallet in ["main", "main", "shop", "shop", "shop", "books"] {
        let path = format!("/wallet/{wallet}");
        let (_, address, why) = owner(&daemon).ask(&path, "getnewaddress", &json!([]))?;
        ensure!(address.is_string(), "{why}");
        town.pay(&address, 1_000_000)?;
    }
    await_wallets(&daemon, &town)?;
    Ok((town, program, daemon))
}

/// Waits until each wallet has seen the tip.
fn await_wallets(daemon: &Daemon, town: &Town) -> Result<()> {
    daemon.await_that("a wallet is behind", || {
        let tip = town.network.tip().0;
        for wallet in ["main", "shop", "books"] {
            let path = format!("/wallet/{wallet}");
            let (_, told, _) = owner(daemon).ask(&path, "getwalletinfo", &json!([]))?;
            if told["lastprocessedblock"]["height"] != tip || told["scanning"] != false {
                return Ok(false);
            }
        }
        Ok(true)
    })
}

fn made(daemon: &Daemon, caveats: &Value, wallets: &Value) -> Result<(String, Value)> {
    let params = json!({"label": "till", "caveats": caveats, "wallets": wallets});
    let told = owner(daemon).ask("/wallet/main", "billfold.token.create", &params)?;
    let (_, mut told, why) = told;
    let token = told["token"].as_str().context(why)?.to_owned();
    Ok((token, told["id"].take()))
}

fn narrowed(daemon: &Daemon, token: &str, caveats: &Value) -> Result<String> {
    let told = daemon.call("billfold.token.narrow", &json!([token, caveats]))?;
    told["token"].as_str().map(str::to_owned).context("no token")
}

#[test]
fn a_token_of_several_wallets_is_bound_in_each() -> Result<()> {
    let (town, program, daemon) = town()?;
    let caveats = json!(["role=spend", "budget_sat=250000/86400"]);
    let (token, _) = made(&daemon, &caveats, &json!(["shop", "main"]))?;
    // All at once, and each asked for twice: two payments of 100,000 fit into each wallet's budget.
    let (mut paid, mut refused) = (Vec::new(), 0);
    thread::scope(|scope| {
        let (daemon, token): (&Asker, &str) = (&daemon, &token);
        let one = |number: usize| {
            let wallet = ["main", "shop"][number % 2];
            let key = format!("rent-{}", number / 4);
            scope.spawn(move || at(daemon, token).pay(wallet, &key, 100_000))
        };
        let asking: Vec<_> = (0..12).map(one).collect();
        for asked in asking {
            match asked.join().expect("no panic")? {
                (paid_now, _) if paid_now.is_object() => paid.push(paid_now["txid"].to_string()),
                (_, why) => {
                    ensure!(why == "budget", "{why}");
                    refused += 1;
                }
            }
        }
        anyhow::Ok(())
    })?;
    let told = paid.len();
    paid.sort();
    paid.dedup();
    ensure!((told, paid.len(), refused) == (8, 4, 4), "{told} of {paid:?}, {refused} refused");

    daemon.stop()?;
    let daemon = Daemon::start(&program, &[])?;
    await_wallets(&daemon, &town)?;
    for wallet in ["main", "shop"] {
        let (_, why) = at(&daemon, &token).pay(wallet, "more", 100_000)?;
        ensure!(why == "budget", "what was spent is remembered in {wallet}: {why}");
        let (again, why) = at(&daemon, &token).pay(wallet, "little", 10_000)?;
        ensure!(again.is_object(), "{wallet}: {why}");
    }
    let (_, why) = at(&daemon, &token).pay("books", "other", 10_000)?;
    ensure!(why == "wallet", "it is not for this wallet: {why}");
    // Nor does it learn of others.
    let (_, listed, _) = at(&daemon, &token).ask("/", "listwallets", &json!([]))?;
    let (_, info, _) = at(&daemon, &token).ask("/", "billfold.info", &json!([]))?;
    ensure!(listed == json!(["main", "shop"]) && info["wallets"] == listed, "{listed} {info}");
    daemon.stop()
}

#[test]
fn a_token_of_several_wallets_is_narrowed_and_taken_back() -> Result<()> {
    let (_town, _program, daemon) = town()?;
    let none = json!([]);
    let (token, id) = made(&daemon, &json!(["role=spend"]), &json!(["main", "shop"]))?;
    let status = |token: &str, path: &str| -> Result<(u16, String)> {
        let (status, _, why) = at(&daemon, token).ask(path, "getbalance", &json!([]))?;
        Ok((status, why))
    };
    let is_good = |token: &str, path: &str| Ok::<_, anyhow::Error>(status(token, path)?.0 == 200);
    ensure!(is_good(&token, "/wallet/main")? && is_good(&token, "/wallet/shop")?);
    ensure!(status(&token, "/wallet/books")?.1 == "wallet");
    ensure!(status(&token, "/")?.1 == "-19", "which of two is meant has to be said");
    ensure!(at(&daemon, &token).ask("/", "getblockcount", &none)?.0 == 200);

    let shop = narrowed(&daemon, &token, &json!(["wallets=shop"]))?;
    ensure!(is_good(&shop, "/wallet/shop")? && is_good(&shop, "/")?, "it means the one it is for");
    ensure!(status(&shop, "/wallet/main")?.1 == "wallet");
    let wider = narrowed(&daemon, &shop, &json!(["wallets=main,shop,books"]))?;
    for wallet in ["main", "books"] {
        ensure!(status(&wider, &format!("/wallet/{wallet}"))?.1 == "wallet", "{wallet}");
    }
    let nowhere = narrowed(&daemon, &shop, &json!(["wallets=main"]))?;
    for path in ["/", "/wallet/main", "/wallet/shop"] {
        ensure!(status(&nowhere, path)?.1 == "wallet", "{path}");
    }
    // One that was made without a word of wallets is for its own, whatever is added.
    let (single, _) = made(&daemon, &json!([]), &Value::Null)?;
    let widened = narrowed(&daemon, &single, &json!(["wallets=main,shop"]))?;
    ensure!(is_good(&widened, "/")? && status(&widened, "/wallet/shop")?.1 == "wallet");
    // And for looking alone, as it was made without a word of what it may do.
    for caveat in ["role=spend", "role=admin", "methods=billfold.pay,listdescriptors,stop"] {
        let widened = narrowed(&daemon, &single, &json!([caveat]))?;
        let (paid, why) = at(&daemon, &widened).pay("main", "theft", 10_000)?;
        ensure!(paid.is_null() && why == "method", "{caveat}: {paid}, {why}");
        for method in ["listdescriptors", "backupwallet", "stop", "billfold.token.create"] {
            let (_, told, why) = at(&daemon, &widened).ask("/", method, &json!([true]))?;
            ensure!(told.is_null() && why == "method", "{caveat}: {method}, {why}");
        }
    }

    // Nor does one that may do little take more from the others than it does.
    let often = narrowed(&daemon, &single, &json!(["calls_per_minute=600"]))?;
    let seldom = narrowed(&daemon, &often, &json!(["calls_per_minute=1"]))?;
    ensure!(is_good(&often, "/")? && is_good(&seldom, "/")?);
    ensure!(status(&seldom, "/")?.1 == "calls_per_minute");
    for _ in 0..5 {
        ensure!(is_good(&often, "/")? && is_good(&single, "/")?);
    }

    let (_, told, _) =
        owner(&daemon).ask("/wallet/shop", "billfold.token.inspect", &json!([shop]))?;
    ensure!(told["works"] == true && told["wallets"] == json!(["shop"]), "{told}");
    let (_, told, _) =
        owner(&daemon).ask("/wallet/main", "billfold.token.inspect", &json!([shop]))?;
    ensure!(told["works"] == false, "{told}");
    let (_, listed, _) = owner(&daemon).ask("/wallet/shop", "billfold.token.list", &none)?;
    let [one] = &listed.as_array().context("no list")?[..] else { anyhow::bail!("{listed}") };
    ensure!(one["id"] == id && one["kept_by"] == "main", "{one}");
    ensure!(one["wallets"] == json!(["main", "shop"]), "{one}");
    for (wallets, code) in [(json!(["main", "nowhere"]), "-18"), (json!([]), "-8")] {
        let params = json!({"label": "x", "caveats": [], "wallets": wallets});
        let (_, _, why) = owner(&daemon).ask("/wallet/main", "billfold.token.create", &params)?;
        ensure!(why == code, "{wallets}: {why}");
    }

    // A call that is repeated with its key would be one at another wallet.
    owner(&daemon).ask("/wallet/shop", "unloadwallet", &none)?;
    ensure!(is_good(&token, "/wallet/main")? && status(&token, "/")?.1 == "-19", "one is open");
    owner(&daemon).ask("/", "loadwallet", &json!(["shop"]))?;

    // Nobody could say whether it was taken back.
    owner(&daemon).ask("/wallet/main", "unloadwallet", &none)?;
    ensure!(status(&token, "/wallet/shop")?.0 == 401, "its keeper is closed");
    owner(&daemon).ask("/", "loadwallet", &json!(["main"]))?;
    ensure!(is_good(&token, "/wallet/shop")?);

    let admin = json!(["role=admin"]);
    let (admin, _) = made(&daemon, &admin, &json!(["shop"]))?;
    let (_, _, why) = at(&daemon, &admin).ask("/", "billfold.token.revoke", &json!([id]))?;
    ensure!(why != "null" && is_good(&token, "/wallet/shop")?, "its keeper is another: {why}");
    let (_, told, why) =
        owner(&daemon).ask("/wallet/shop", "billfold.token.revoke", &json!([id]))?;
    ensure!(told["revoked"] == true, "{why}");
    for (token, path) in [(&token, "/wallet/main"), (&token, "/wallet/shop"), (&shop, "/")] {
        ensure!(status(token, path)?.0 == 401, "{path}");
    }
    daemon.stop()
}

/// A token of a thousand satoshi a day gave a million to miners by taking the owner's payment back.
#[test]
fn a_token_with_limits_undoes_no_payment_of_the_owners() -> Result<()> {
    let (_town, _program, daemon) = town()?;
    let bump = |teller: &Teller<'_>, paid: &Value, key: &str, rate: u32| {
        let fee = json!({"sat_per_vb": rate});
        let params = json!({"key": key, "payment_id": paid, "fee": fee, "way": "cancel"});
        let (_, told, why) = teller.ask("/wallet/main", "billfold.bump", &params)?;
        anyhow::Ok((told, why))
    };
    let last = || {
        let told = owner(&daemon).ask("/wallet/main", "billfold.audit", &json!([]))?;
        let entries = told.1["entries"].as_array().context("no entries")?.clone();
        entries.last().cloned().context("nothing is written down")
    };
    let (paid, why) = owner(&daemon).pay("main", "rent", 300_000)?;
    ensure!(paid["payment_id"].is_u64(), "{why}");
    let (destinations, bound) = (format!("to={STRANGER}"), "per_payment_sat=900000");
    for caveats in [json!(["budget_sat=1000/86400"]), json!([destinations, bound])] {
        let (token, _) = made(&daemon, &json!(["role=spend"]), &Value::Null)?;
        let token = narrowed(&daemon, &token, &caveats)?;
        let (told, why) = bump(&at(&daemon, &token), &paid["payment_id"], "theft", 200)?;
        ensure!(told.is_null() && why == "anothers_payment", "{caveats}: {told}, {why}");
        let params = json!([paid["txid"], {"fee_rate": 200}]);
        let told = at(&daemon, &token).ask("/wallet/main", "bumpfee", &params)?;
        ensure!(told.1.is_null() && told.2 == "anothers_payment", "{told:?}");
        ensure!(last()?["outcome"] == "anothers_payment", "{}", last()?);
    }

    // What it asked for itself it takes back, for what that costs.
    let caveats = json!(["role=spend", "budget_sat=50000/86400"]);
    let (token, _) = made(&daemon, &caveats, &Value::Null)?;
    let teller = at(&daemon, &token);
    let (own, why) = teller.pay("main", "tea", 40_000)?;
    ensure!(own["payment_id"].is_u64(), "{why}");
    let (told, why) = bump(&teller, &own["payment_id"], "no-tea", 20)?;
    ensure!(told["state"] == "signed", "{told}, {why}");
    ensure!(last()?["amount_sat"] == told["fee_sat"], "{} of {told}", last()?);
    // Its signature was given away before.
    ensure!(teller.pay("main", "cake", 40_000)?.1 == "budget");
    daemon.stop()
}
