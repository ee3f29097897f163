//! Owns payments by programs from outside: by key, within limits, at the same time, over a restart
//! and after a crash, asked of the real daemon.

use std::collections::BTreeSet;
use std::thread;

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::{Asker, Daemon};
use billfold_tests::town::Town;
use bitcoin::base64::Engine as _;
use bitcoin::base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// Posts a call with more headers and without the cookie; what came.
fn post(asker: &Asker, headers: &str, call: &Value) -> Result<(u16, String)> {
    let body = call.to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n\
         {headers}\r\n{body}",
        body.len()
    );
    let (status, _, body) = asker.send(request.as_bytes())?;
    Ok((status, body))
}

fn cookie(asker: &Asker) -> String {
    format!("Authorization: Basic {}\r\n", BASE64_STANDARD.encode(&asker.login))
}

fn pay(key: &str, sat: u64) -> Value {
    let outputs = json!([{"address": STRANGER, "amount_sat": sat}]);
    let params = json!({"key": key, "outputs": outputs, "fee": {"sat_per_vb": 2}});
    json!({"jsonrpc": "2.0", "id": 1, "method": "billfold.pay", "params": params})
}

fn error(reply: &str) -> Result<(i64, String)> {
    let reply: Value = serde_json::from_str(reply)?;
    let error = &reply["error"];
    let reason = error["data"]["reason"].as_str().unwrap_or_default().to_owned();
    Ok((error["code"].as_i64().with_context(|| reply.to_string())?, reason))
}

/// As many coins as payments, so that each could be made twice.
fn town_with(coins: usize) -> Result<(Town, billfold_tests::program::Program, Daemon)> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 1_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    for _ in 1..coins {
        let address = daemon.call("getnewaddress", &json!([]))?;
        town.pay(&address, 1_000_000)?;
    }
    daemon.await_height(town.network.tip().0)?;
    Ok((town, program, daemon))
}

#[test]
fn a_payment_that_is_asked_for_many_times_by_its_key_is_made_once() -> Result<()> {
    let (_town, program, daemon) = town_with(4)?;
    let login = cookie(&daemon);
    let call = pay("rent-1", 100_000);
    let mut told = BTreeSet::new();
    thread::scope(|scope| {
        let client: &Asker = &daemon;
        let (login, call) = (&login, &call);
        let asking: Vec<_> =
            (0..20).map(|_| scope.spawn(move || post(client, login, call))).collect();
        for asked in asking {
            let (status, reply) = asked.join().expect("no panic")?;
            ensure!(status == 200 && reply.contains("\"state\":\"signed\""), "{reply}");
            told.insert(reply);
        }
        anyhow::Ok(())
    })?;
    ensure!(told.len() == 1, "all are told the same, to the byte: {told:?}");
    let (_, other) = post(&daemon, &login, &pay("rent-1", 100_001))?;
    ensure!(error(&other)? == (-1001, "key_reused".to_owned()), "{other}");
    let payments = daemon.call("billfold.listpayments", &json!([]))?;
    ensure!(payments["payments"].as_array().map(Vec::len) == Some(1), "{payments}");
    daemon.stop()?;
    let daemon = Daemon::start(&program, &[])?;
    let (_, again) = post(&daemon, &cookie(&daemon), &call)?;
    ensure!(told.contains(&again), "a restart forgets nothing: {again}");
    daemon.stop()
}

/// A person and a program that were told to pay the same bill pay it once.
#[test]
fn a_key_is_one_payment_for_commands_and_programs() -> Result<()> {
    let (_town, program, daemon) = town_with(4)?;
    let login = cookie(&daemon);
    let typed = |amount, key| {
        ["pay", STRANGER, amount, "--fee-rate", "2", "--yes", "--idempotency-key", key]
    };
    let txid = |reply: &str| -> Result<Value> {
        let mut reply: Value = serde_json::from_str(reply)?;
        ensure!(reply["error"].is_null(), "{reply}");
        Ok(reply["result"]["txid"].take())
    };
    let by_command = program.ok(&typed("100k", "rent-1"))?;
    let (_, told) = post(&daemon, &login, &pay("rent-1", 100_000))?;
    ensure!(txid(&told)? == by_command["txid"], "{told} {by_command}");
    let (_, other) = post(&daemon, &login, &pay("rent-1", 100_001))?;
    ensure!(error(&other)? == (-1001, "key_reused".to_owned()), "{other}");

    let (_, told) = post(&daemon, &login, &pay("rent-2", 90_000))?;
    let by_command = program.ok(&typed("90k", "rent-2"))?;
    ensure!(txid(&told)? == by_command["txid"], "{told} {by_command}");
    program.refused(3, "key_reused", &typed("91k", "rent-2"))?;

    // What was asked for under a key may be no payment.
    let order = json!({"amount_sat": 5_000, "key": "order-7"});
    daemon.call("billfold.invoice.create", &order)?;
    program.refused(3, "key_reused", &typed("5k", "order-7"))?;
    let payments = daemon.call("billfold.listpayments", &json!([]))?;
    ensure!(payments["payments"].as_array().map(Vec::len) == Some(2), "{payments}");
    daemon.stop()
}

#[test]
fn old_clients_pay_once_with_one_more_header() -> Result<()> {
    let (_town, _program, daemon) = town_with(4)?;
    let headers = format!("{}Idempotency-Key: order-7\r\n", cookie(&daemon));
    let call = |sat: f64| {
        json!({"method": "sendtoaddress", "id": 5, "params": {
        "address": STRANGER, "amount": sat, "fee_rate": 3, "verbose": true}})
    };
    let mut told = BTreeSet::new();
    thread::scope(|scope| {
        let client: &Asker = &daemon;
        let (headers, call) = (&headers, &call);
        let one = move || post(client, headers, &call(0.001));
        let asking: Vec<_> = (0..10).map(|_| scope.spawn(one)).collect();
        for asked in asking {
            let (status, reply) = asked.join().expect("no panic")?;
            ensure!(status == 200, "{reply}");
            told.insert(reply);
        }
        anyhow::Ok(())
    })?;
    ensure!(told.len() == 1, "{told:?}");
    let (status, other) = post(&daemon, &headers, &call(0.002))?;
    ensure!(status == 500 && error(&other)?.0 == -1001, "{other}");
    let batch = json!([call(0.001), call(0.001)]);
    let (_, refused) = post(&daemon, &headers, &batch)?;
    ensure!(error(&refused)?.0 == -32600, "a batch has no one key: {refused}");
    let sent = daemon.call("listtransactions", &json!(["*", 100]))?;
    let sent = sent.as_array().context("no list")?.iter().filter(|one| one["category"] == "send");
    ensure!(sent.count() == 1);

    // No key is passed over.
    let keyed = |key: &str| format!("{}Idempotency-Key: {key}\r\n", cookie(&daemon));
    let invoice = |key: Option<&str>| json!({"method": "billfold.invoice.create", "id": 5, "params": {"amount_sat": 5_000, "key": key}});
    let (_, first) = post(&daemon, &keyed("order-8"), &invoice(None))?;
    let (_, again) = post(&daemon, &keyed("order-8"), &invoice(None))?;
    ensure!(first.contains("\"invoice_id\"") && first == again, "{first} {again}");
    let (_, made) = post(&daemon, &keyed("order-9"), &invoice(Some("order-9")))?;
    ensure!(made.contains("\"invoice_id\""), "{made}");
    let two = keyed("order-10") + "Idempotency-Key: order-10\r\n";
    let create = json!({"method": "createwallet", "id": 5, "params": ["shop"]});
    for (headers, call) in [
        (keyed("order-11"), invoice(Some("order-12"))),
        (two.clone(), invoice(None)),
        (two, call(0.003)),
        (keyed("order-13"), create),
    ] {
        let (_, refused) = post(&daemon, &headers, &call)?;
        ensure!(error(&refused)?.0 == -8, "{headers}: {refused}");
    }
    let invoices = daemon.call("billfold.invoice.list", &json!([]))?;
    ensure!(invoices["invoices"].as_array().map(Vec::len) == Some(2), "{invoices}");
    ensure!(daemon.call("listwallets", &json!([]))? == json!(["main"]));
    daemon.stop()
}

#[test]
fn a_budget_holds_when_all_ask_at_once_and_over_a_restart() -> Result<()> {
    let (_town, program, daemon) = town_with(8)?;
    let caveats = ["role=spend", "budget_sat=300000/86400"];
    let made = daemon.call("billfold.token.create", &json!(["shop", caveats]))?;
    let token = made["token"].as_str().context("no token")?.to_owned();
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let (mut paid, mut refused) = (0, 0);
    thread::scope(|scope| {
        let client: &Asker = &daemon;
        let bearer = &bearer;
        let one = |number: usize| move || post(client, bearer, &pay(&format!("k{number}"), 90_000));
        let asking: Vec<_> = (0..8).map(|number| scope.spawn(one(number))).collect();
        for asked in asking {
            let (_, reply) = asked.join().expect("no panic")?;
            if reply.contains("\"result\"") {
                paid += 1;
            } else {
                ensure!(error(&reply)? == (-1000, "budget".to_owned()), "{reply}");
                refused += 1;
            }
        }
        anyhow::Ok(())
    })?;
    ensure!((paid, refused) == (3, 5), "three payments of 90,000 with fees are below 300,000");
    daemon.stop()?;
    let daemon = Daemon::start(&program, &[])?;
    let (_, more) = post(&daemon, &bearer, &pay("later", 90_000))?;
    ensure!(error(&more)?.0 == -1000, "{more}");
    // Core's own methods take from the same budget, and so does a signature.
    let send = json!({"method": "sendtoaddress", "id": 1, "params": [STRANGER, 0.0009]});
    let (_, more) = post(&daemon, &bearer, &send)?;
    ensure!(error(&more)?.0 == -1000, "{more}");
    let log = daemon.call("billfold.audit", &json!([0, 100]))?;
    let done = |entry: &&Value| entry["outcome"] == "done" && entry["amount_sat"].is_number();
    let entries = log["entries"].as_array().context("no log")?;
    ensure!(entries.iter().filter(done).count() == 3, "{log}");
    let by_budget = entries.iter().filter(|entry| entry["outcome"] == "budget");
    ensure!(by_budget.count() == 7, "by which limit the others were refused: {log}");
    ensure!(!log.to_string().contains(&token), "no secret is in the log");
    daemon.stop()
}

#[test]
fn a_budgets_window_and_a_tokens_end_come_by_the_clock() -> Result<()> {
    let (_town, _program, daemon) = town_with(3)?;
    let set = |time: u64| daemon.call("setmocktime", &json!([time]));
    let begin = 2_000_000_000;
    set(begin)?;
    let until = format!("until={}", begin + 200_000);
    let caveats = ["role=admin", "budget_sat=100000/86400", &until];
    let made = daemon.call("billfold.token.create", &json!(["shop", caveats]))?;
    let token = made["token"].as_str().context("no token")?;
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let asked = |key| anyhow::Ok(post(&daemon, &bearer, &pay(key, 90_000))?.1);
    ensure!(asked("first")?.contains("\"result\""));
    set(begin + 86_399)?;
    ensure!(error(&asked("second")?)? == (-1000, "budget".to_owned()));
    set(begin + 86_401)?;
    ensure!(asked("third")?.contains("\"result\""), "the window has passed");
    let clock = json!({"method": "setmocktime", "id": 1, "params": [begin]});
    let (_, told) = post(&daemon, &bearer, &clock)?;
    ensure!(error(&told)? == (-1000, "method".to_owned()), "none lifts its own limits: {told}");
    set(begin + 200_000)?;
    ensure!(error(&asked("fourth")?)? == (-1000, "expired".to_owned()));
    daemon.stop()
}

#[test]
fn a_token_does_what_its_caveats_say_until_it_is_taken_back() -> Result<()> {
    let (_town, _program, daemon) = town_with(2)?;
    let caveats = ["role=spend", "per_payment_sat=50000", "calls_per_minute=1000"];
    let made = daemon.call("billfold.token.create", &json!(["till", caveats]))?;
    let token = made["token"].as_str().context("no token")?;
    let narrow = daemon.call("billfold.token.narrow", &json!([token, ["role=read"]]))?;
    let narrow = narrow["token"].as_str().context("no token")?;
    let basic = BASE64_STANDARD.encode(format!("any:{token}"));
    let ways =
        [format!("Authorization: Bearer {token}\r\n"), format!("Authorization: Basic {basic}\r\n")];
    for headers in &ways {
        let balance = json!({"method": "getbalance", "id": 1});
        ensure!(post(&daemon, headers, &balance)?.0 == 200);
        let (_, much) = post(&daemon, headers, &pay("much", 50_000))?;
        ensure!(error(&much)? == (-1000, "per_payment".to_owned()), "the fee counts: {much}");
        for method in ["stop", "billfold.token.list", "billfold.policy.set"] {
            let (_, told) =
                post(&daemon, headers, &json!({"method": method, "id": 1, "params": []}))?;
            ensure!(error(&told)? == (-1000, "method".to_owned()), "{told}");
        }
    }
    let reader = format!("Authorization: Bearer {narrow}\r\n");
    let (_, told) = post(&daemon, &reader, &pay("little", 1_000))?;
    ensure!(error(&told)? == (-1000, "method".to_owned()), "{told}");
    let (_, paid) = post(&daemon, &ways[0], &pay("little", 10_000))?;
    ensure!(paid.contains("\"result\""), "{paid}");
    let simulated = json!({"method": "billfold.policy.simulate", "id": 1, "params": [
        [{"address": STRANGER, "amount_sat": 60_000}], {"sat_per_vb": 2}]});
    let (_, verdict) = post(&daemon, &ways[0], &simulated)?;
    ensure!(verdict.contains("\"allowed\":false,\"rule\":\"per_payment\""), "{verdict}");
    daemon.call("billfold.token.revoke", &json!([made["id"]]))?;
    let told = daemon.refused(500, -8, "billfold.token.revoke", &json!([made["id"]]))?;
    ensure!(told.contains("token"), "{told}");
    for headers in [&ways[0], &ways[1], &reader] {
        let (status, body) = post(&daemon, headers, &json!({"method": "uptime", "id": 1}))?;
        ensure!((status, body.as_str()) == (401, ""), "{body}");
    }
    daemon.stop()
}

#[test]
fn a_hundred_clients_share_no_coin() -> Result<()> {
    let (_town, _program, daemon) = town_with(12)?;
    let login = cookie(&daemon);
    let mut replies = Vec::new();
    thread::scope(|scope| {
        let client: &Asker = &daemon;
        let login = &login;
        // No more connections at once than the daemon takes.
        let one = |from: usize| {
            move || -> Result<Vec<String>> {
                let calls =
                    (0..5).map(|n| post(client, login, &pay(&format!("c{from}-{n}"), 600_000)));
                calls.map(|told| Ok(told?.1)).collect()
            }
        };
        let asking: Vec<_> = (0..20).map(|from| scope.spawn(one(from))).collect();
        for asked in asking {
            replies.extend(asked.join().expect("no panic")?);
        }
        anyhow::Ok(())
    })?;
    let mut spent = BTreeSet::new();
    let mut paid = 0;
    for reply in &replies {
        let told: Value = serde_json::from_str(reply)?;
        if told["result"].is_null() {
            ensure!(error(reply)?.0 == -6, "money is all that may lack: {reply}");
            continue;
        }
        paid += 1;
        for input in told["result"]["inputs"].as_array().context("no inputs")? {
            ensure!(spent.insert(input.to_string()), "spent twice: {input}");
        }
    }
    ensure!(replies.len() == 100 && paid >= 6, "{paid} of 12 coins paid");
    daemon.stop()
}

#[test]
fn what_happens_is_read_on_from_a_number_after_a_restart_too() -> Result<()> {
    let (town, program, daemon) = town_with(1)?;
    let page = daemon.call("billfold.events", &json!([0]))?;
    let next = page["next"].clone();
    let nothing = daemon.call("billfold.events", &json!([next]))?;
    ensure!(nothing == json!({"events": [], "next": next}), "{nothing}");
    let address = daemon.call("getnewaddress", &json!([]))?;
    // The call waits while the payment comes.
    let told = thread::scope(|scope| {
        let client: &Asker = &daemon;
        let params = json!({"after": next, "wait_ms": 60_000});
        let waiting = scope.spawn(move || client.call("billfold.events", &params));
        town.pay(&address, 30_000)?;
        waiting.join().expect("no panic")
    })?;
    ensure!(told["events"][0]["net_sat"] == 30_000, "{told}");
    ensure!(told["events"][0]["seq"].as_u64() == next.as_u64().map(|next| next + 1), "{told}");
    daemon.await_height(town.network.tip().0)?;
    let all = daemon.call("billfold.events", &json!([0, 0, 1000]))?;
    let states = all["events"].as_array().context("no events")?;
    let gapless = (1..).zip(states).all(|(seq, event)| event["seq"] == seq);
    let last = states.last().context("none")?;
    ensure!(gapless && last["state"] == "confirmed" && last["net_sat"] == 30_000, "{all}");
    daemon.stop()?;
    let daemon = Daemon::start(&program, &[])?;
    ensure!(daemon.call("billfold.events", &json!([0, 0, 1000]))? == all);
    daemon.stop()
}
