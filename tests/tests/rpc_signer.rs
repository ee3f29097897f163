//! Owns signing devices behind JSON-RPC, by Bitcoin Core's protocol of its `-signer`: the daemon lists
//! one, shows addresses on it and has it sign, and a real Bitcoin Core pays by billfold's own program.
//!
//! The latter needs `BITCOIND_EXE`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::{Asker, Daemon};
use billfold_tests::node::Node;
use billfold_tests::node::rpc::{PASSWORD, USER};
use billfold_tests::node::software::{self, Software};
use billfold_tests::program::Program;
use billfold_tests::signer::{Signer, free_port};
use billfold_tests::town::Town;
use billfold_tests::vector_wallet::WORDS;
use bitcoin::psbt::Psbt;
use bitcoin::{Address, Amount, TxOut};
use serde_json::{Value, json};
use tempfile::TempDir;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// The public key of BIP32's first vector, as a test network writes it.
const OTHER: &str = "[3442193e]tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp";

/// The command by which whoever speaks Core's protocol reaches a device.
fn command(device: &Signer) -> String {
    format!("{BILLFOLD} signer core --signer tcp:{}", device.address())
}

#[test]
fn the_daemon_lists_a_signer_and_shows_addresses_on_it() -> Result<()> {
    let town = Town::build()?;
    let device = Signer::agreeing(free_port()?, WORDS)?;
    let program = Program::connected(BILLFOLD, town.network.address())?;
    let place = format!("tcp:{}", device.address());
    program.ok(&["signer", "pair", "--signer", &place])?;
    program.ease()?;
    let daemon = Daemon::start(&program, &["--signer", &command(&device)])?;
    daemon.await_height(town.network.tip().0)?;
    let listed = daemon.call("enumeratesigners", &json!([]))?;
    let [one] = &listed["signers"].as_array().context("signers")?[..] else {
        anyhow::bail!("one signer, and not {listed}")
    };
    ensure!(one["fingerprint"] == "73c5da0a" && one["name"].is_string(), "{listed}");
    for kind in ["legacy", "p2sh-segwit", "bech32", "bech32m"] {
        let address = daemon.call("getnewaddress", &json!(["", kind]))?;
        let shown = daemon.call("walletdisplayaddress", &json!([address]))?;
        ensure!(shown == json!({"address": address}), "{kind}: {shown}");
    }
    daemon.refused(500, -5, "walletdisplayaddress", &json!(["nowhere"]))?;
    let told = daemon.refused(500, -1, "walletdisplayaddress", &json!([STRANGER]))?;
    ensure!(told == "There is no ScriptPubKeyManager for this address", "{told}");
    let own = daemon.call("getnewaddress", &json!([]))?;
    drop(device);
    ensure!(daemon.call("enumeratesigners", &json!([]))? == json!({"signers": []}));
    let told = daemon.refused(500, -1, "walletdisplayaddress", &json!([own]))?;
    ensure!(told == "No external signers found", "{told}");
    daemon.stop()?;

    let daemon = Daemon::start(&program, &[])?;
    for (method, params) in
        [("enumeratesigners", json!([])), ("walletdisplayaddress", json!([own]))]
    {
        let told = daemon.refused(500, -1, method, &params)?;
        ensure!(told.contains("--signer CMD"), "{told}");
    }
    daemon.stop()
}

/// The daemon with a signer, and a wallet of that signer's keys that was paid.
struct Desk {
    town: Town,
    program: Program,
    daemon: Daemon,
}

impl Desk {
    fn build(device: &Signer, signer: &str) -> Result<Self> {
        let town = Town::build()?;
        let program = Program::connected(BILLFOLD, town.network.address())?;
        let place = format!("tcp:{}", device.address());
        program.ok(&["signer", "pair", "--signer", &place, "--birthday", "0"])?;
        program.ease()?;
        let daemon = Daemon::start(&program, &["--signer", signer])?;
        daemon.await_height(town.network.tip().0)?;
        for _ in 0..2 {
            town.pay(&daemon.call("getnewaddress", &json!([]))?, 1_000_000)?;
        }
        daemon.await_height(town.network.tip().0)?;
        Ok(Self { town, program, daemon })
    }

    /// A payment to somebody else.
    fn drafted(&self, wallet: &str) -> Result<Value> {
        let params = json!([[], [{STRANGER: 0.005}], 0, {"fee_rate": 2}]);
        Ok(ask(&self.daemon, wallet, "walletcreatefundedpsbt", &params)?["psbt"].clone())
    }

    /// What came of an operation.
    fn signed(&self, wallet: &str, op: &Value) -> Result<Value> {
        let ended = ask(&self.daemon, wallet, "billfold.op.wait", &json!([op]))?;
        ensure!(ended["kind"] == "sign" && ended["ended"].is_number(), "{ended}");
        ask(&self.daemon, wallet, "billfold.signer.signed", &json!([op]))
    }

    fn sent(&self, wallet: &str, signed: &Value) -> Result<()> {
        ensure!(signed["state"] == "done" && signed["complete"] == true, "{signed}");
        let whole = self.daemon.call("finalizepsbt", &json!([signed["psbt"]]))?;
        let told = ask(&self.daemon, wallet, "sendrawtransaction", &json!([whole["hex"]]))?;
        self.town.await_payment(text(&told)?.parse()?)
    }
}

fn ask(daemon: &Daemon, wallet: &str, method: &str, params: &Value) -> Result<Value> {
    let call = json!({"method": method, "params": params, "id": 1});
    let (_, _, body) = daemon.post(&format!("/wallet/{wallet}"), &call.to_string())?;
    let mut reply: Value = serde_json::from_str(&body)?;
    ensure!(reply["error"].is_null(), "{method} {params}: {reply}");
    Ok(reply["result"].take())
}

/// What a call at the wallet of the device is refused with.
fn refused(daemon: &Daemon, method: &str, params: &Value, code: i32) -> Result<String> {
    let call = json!({"method": method, "params": params, "id": 1});
    let (_, _, body) = daemon.post("/wallet/cold", &call.to_string())?;
    let told: Value = serde_json::from_str(&body)?;
    ensure!(told["error"]["code"] == code, "{method} {params}: {told}");
    Ok(text(&told["error"]["message"])?.to_owned())
}

#[test]
fn a_signer_signs_by_an_operation() -> Result<()> {
    let device = Signer::agreeing(free_port()?, WORDS)?;
    let desk = Desk::build(&device, &command(&device))?;
    let (daemon, program) = (&desk.daemon, &desk.program);
    let listed = daemon.call("billfold.signer.list", &json!([]))?;
    ensure!(listed["signers"][0]["fingerprint"] == "73c5da0a", "{listed}");
    ensure!(listed["signers"][0]["accounts"].as_array().is_some_and(|all| all.len() == 4));
    let own = daemon.call("getnewaddress", &json!([]))?;
    let shown = daemon.call("billfold.signer.display", &json!([own]))?;
    ensure!(shown == json!({"address": own, "fingerprint": "73c5da0a"}), "{shown}");
    let begun = daemon.call("billfold.signer.sign", &json!([desk.drafted("main")?]))?;
    desk.sent("main", &desk.signed("main", &begun["op"])?)?;

    // An account of two keys, of which the device has one.
    let place = format!("tcp:{}", device.address());
    let key = program.ok(&["signer", "key", "--signer", &place])?;
    let key = text(&key["key"])?.replace('\'', "h");
    let body = format!("wsh(sortedmulti(1,{key}/<0;1>/*,{OTHER}/<0;1>/*))");
    let checksum = daemon.call("getdescriptorinfo", &json!([body]))?;
    let descriptor = format!("{body}#{}", text(&checksum["checksum"])?);
    let own = daemon.call("deriveaddresses", &json!([descriptor, [0, 0]]))?;
    desk.town.pay(&own[0][0], 1_000_000)?;
    daemon.await_height(desk.town.network.tip().0)?;
    daemon.call("createwallet", &json!(["joint", true]))?;
    let request = json!([[{"desc": descriptor, "timestamp": 0, "active": true, "range": 20}]]);
    let told = ask(daemon, "joint", "importdescriptors", &request)?;
    ensure!(told[0]["success"] == true, "{told}");
    let listed = ask(daemon, "joint", "billfold.signer.list", &json!([]))?;
    ensure!(listed["signers"][0]["accounts"] == json!(["imported"]), "{listed}");
    for new in [true, false] {
        let told = ask(daemon, "joint", "billfold.signer.register", &json!(["imported"]))?;
        let expected = json!({"account": "imported", "fingerprint": "73c5da0a", "new": new});
        ensure!(told == expected, "{told}");
    }
    let draft = desk.drafted("joint")?;
    let params = json!({"psbt": draft, "fingerprint": "73c5da0a", "wait_ms": 60_000});
    desk.sent("joint", &ask(daemon, "joint", "billfold.signer.sign", &params)?)?;

    let wrong = [
        ("billfold.signer.register", json!(["segwit"]), -8, "The wallet has no account segwit"),
        ("billfold.signer.signed", json!([9]), -8, "this wallet has no operation 9"),
        ("billfold.signer.sign", json!([draft, "x"]), -8, "fingerprint is not that of"),
        (
            "billfold.signer.sign",
            json!([draft, "00000000"]),
            -8,
            "names keys of [3442193e, 73c5da0a]",
        ),
    ];
    for (method, params, code, why) in wrong {
        let call = json!({"method": method, "params": params, "id": 1});
        let (_, _, body) = daemon.post("/wallet/joint", &call.to_string())?;
        let told: Value = serde_json::from_str(&body)?;
        let said = told["error"]["message"].as_str().unwrap_or_default();
        ensure!(told["error"]["code"] == code && said.contains(why), "{method} {params}: {told}");
    }
    desk.daemon.stop()
}

#[test]
fn a_token_has_a_signer_sign_within_its_limits() -> Result<()> {
    let device = Signer::agreeing(free_port()?, WORDS)?;
    let desk = Desk::build(&device, &command(&device))?;
    let daemon = &desk.daemon;
    let holder = |caveats: &Value| -> Result<Asker> {
        let made = daemon.call("billfold.token.create", &json!(["till", caveats]))?;
        let login = format!("any:{}", text(&made["token"])?);
        Ok(Asker { address: daemon.address, login })
    };
    let why = |asker: &Asker, method: &str, params: &Value| -> Result<Value> {
        let (_, told) = asker.reply(method, params)?;
        ensure!(told["error"]["code"] == -1000, "{method}: {told}");
        Ok(told["error"]["data"]["reason"].clone())
    };
    let draft = desk.drafted("main")?;
    let poor = holder(&json!(["role=spend", "per_payment_sat=500000"]))?;
    ensure!(why(&poor, "billfold.signer.sign", &json!([draft]))? == "per_payment");
    let drafting = holder(&json!(["role=draft"]))?;
    ensure!(why(&drafting, "billfold.signer.sign", &json!([draft]))? == "method");
    let till = holder(&json!(["role=spend", "budget_sat=600000/86400"]))?;
    let begun = till.call("billfold.signer.sign", &json!([draft]))?;
    let signed = json!({"op": begun["op"], "wait_ms": 60_000});
    let told = till.call("billfold.signer.signed", &signed)?;
    ensure!(told["state"] == "done" && told["complete"] == true, "{told}");
    for other in [&poor, &holder(&json!(["role=admin"]))?] {
        ensure!(why(other, "billfold.signer.signed", &signed)? == "asker");
    }
    ensure!(daemon.call("billfold.signer.signed", &signed)? == told, "the owner is told");
    let more = desk.drafted("main")?;
    ensure!(why(&till, "billfold.signer.sign", &json!([more]))? == "budget");

    // A coin of the same device that the wallet does not know.
    let place = json!([{"txid": "11".repeat(32), "vout": 0}]);
    let foreign = daemon.call("createpsbt", &json!([place, [{STRANGER: 0.001}]]))?;
    let mut foreign: Psbt = text(&foreign)?.parse()?;
    let known: Psbt = text(&more)?.parse()?;
    foreign.inputs[0] = known.inputs[0].clone();
    foreign.inputs[0].non_witness_utxo = None;
    let stranger = STRANGER.parse::<Address<_>>()?.assume_checked().script_pubkey();
    let shown = TxOut { value: Amount::from_sat(200_000), script_pubkey: stranger };
    foreign.inputs[0].witness_utxo = Some(shown);
    let unbound = holder(&json!(["role=spend"]))?;
    let params = json!([foreign.to_string()]);
    ensure!(why(&unbound, "billfold.signer.sign", &params)? == "unknown_input");
    desk.daemon.stop()
}

/// As with Bitcoin Core: a wallet of the device's keys, whose payments the device signs while the caller waits.
#[test]
fn a_wallet_of_a_signer_pays_by_it() -> Result<()> {
    let device = Signer::agreeing(free_port()?, WORDS)?;
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 10_000)?;
    let daemon = Daemon::start(&program, &["--signer", &command(&device)])?;
    daemon.await_height(town.network.tip().0)?;
    let made =
        json!({"wallet_name": "cold", "disable_private_keys": true, "external_signer": true});
    let keyed = json!({"wallet_name": "cold", "external_signer": true});
    let told = daemon.refused(500, -4, "createwallet", &keyed)?;
    ensure!(told == "Private keys must be disabled when using an external signer", "{told}");
    ensure!(daemon.call("createwallet", &made)? == json!({"name": "cold"}));
    let cold = |method: &str, params: Value| ask(&daemon, "cold", method, &params);
    let told = cold("getwalletinfo", json!([]))?;
    ensure!(told["external_signer"] == true && told["private_keys_enabled"] == false, "{told}");
    ensure!(told["blank"] == false, "{told}");
    for kind in ["legacy", "p2sh-segwit", "bech32", "bech32m"] {
        let address = cold("getnewaddress", json!(["", kind]))?;
        ensure!(cold("walletdisplayaddress", json!([address]))?["address"] == address, "{kind}");
        town.pay(&address, 1_000_000)?;
    }
    daemon.await_height(town.network.tip().0)?;

    let sent = cold("send", json!({"outputs": {STRANGER: 0.005}, "fee_rate": 2}))?;
    ensure!(sent["complete"] == true && sent.get("psbt").is_none(), "{sent}");
    town.await_payment(text(&sent["txid"])?.parse()?)?;
    let bumped = cold("bumpfee", json!([sent["txid"], {"fee_rate": 9}]))?;
    town.await_payment(text(&bumped["txid"])?.parse()?)?;
    let plain = json!({"address": STRANGER, "amount": 0.001, "fee_rate": 2});
    let unrated = json!({"address": STRANGER, "amount": 0.001});
    let vast = json!({"address": STRANGER, "amount": 1_000, "fee_rate": 2});
    for params in [plain, unrated, vast] {
        let told = refused(&daemon, "sendtoaddress", &params, -4)?;
        ensure!(told == "Error: Private keys are disabled for this wallet", "{told}");
    }

    let all =
        json!({"recipients": [STRANGER], "fee_rate": 2, "options": {"psbt": true, "minconf": 1}});
    let signed = cold("sendall", all)?;
    ensure!(
        signed["complete"] == true && signed["hex"].is_string(),
        "signed, and not sent: {signed}"
    );
    let whole = daemon.call("decoderawtransaction", &json!([signed["hex"]]))?;
    ensure!(whole["vin"].as_array().is_some_and(|all| all.len() >= 3), "of several types: {whole}");
    let place = device.address();
    drop(device);
    let params = json!([[], [{STRANGER: 0.003}], 0, {"fee_rate": 2}]);
    let draft = cold("walletcreatefundedpsbt", params)?["psbt"].clone();
    let told = refused(&daemon, "walletprocesspsbt", &json!([draft]), -25)?;
    ensure!(told.starts_with("External signer not found: "), "{told}");
    let params = json!({"outputs": {STRANGER: 0.003}, "fee_rate": 2});
    let told = refused(&daemon, "send", &params, -25)?;
    ensure!(told.starts_with("External signer not found: "), "{told}");
    let filled = cold("walletprocesspsbt", json!([draft, false]))?;
    ensure!(filled["complete"] == false, "nobody is asked to fill: {filled}");
    let again =
        json!({"wallet_name": "other", "disable_private_keys": true, "external_signer": true});
    let told = daemon.refused(500, -1, "createwallet", &again)?;
    ensure!(told == "No external signers found", "{told}");

    // Once it is there again.
    let device = Signer::agreeing(place, WORDS)?;
    let signed = cold("walletprocesspsbt", json!([draft]))?;
    ensure!(signed["complete"] == true, "{signed}");
    let told = cold("sendrawtransaction", json!([signed["hex"]]))?;
    town.await_payment(text(&told)?.parse()?)?;
    drop(device);
    daemon.stop()?;

    // Without a program.
    let daemon = Daemon::start(&program, &[])?;
    let told = daemon.refused(500, -1, "createwallet", &again)?;
    ensure!(told == "Error: restart the daemon with --signer CMD", "{told}");
    daemon.stop()
}

/// What is paid to such a wallet could not be spent by the device that is connected.
#[test]
fn a_wallet_of_a_signer_has_no_other_keys() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 10_000)?;
    let folder = TempDir::with_prefix("billfold-signer-")?;
    let (place, told) = (folder.path().join("signer"), folder.path().join("told"));
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *enumerate*) echo '[{{\"fingerprint\":\"73c5da0a\"}}]';; \
         *) cat '{}';; esac\n",
        told.display()
    );
    fs::write(&place, script)?;
    fs::set_permissions(&place, Permissions::from_mode(0o700))?;
    let daemon = Daemon::start(&program, &["--signer", place.to_str().context("no text")?])?;
    let made =
        json!({"wallet_name": "cold", "disable_private_keys": true, "external_signer": true});
    let own = OTHER.replace("3442193e", "73c5da0a/84h/1h/0h");
    let bodies = [format!("wpkh({OTHER}/N/*)"), format!("wsh(pk({own}/N/*))")];
    for body in bodies {
        let [receive, internal] = ["/0/", "/1/"].map(|branch| body.replace("/N/", branch));
        let both = json!({"receive": [receive], "internal": [internal]});
        fs::write(&told, both.to_string())?;
        let why = daemon.refused(500, -1, "createwallet", &made)?;
        ensure!(why.starts_with("The signer 73c5da0a told a descriptor"), "{body}: {why}");
    }
    ensure!(daemon.call("listwallets", &json!([]))? == json!(["main"]));
    daemon.stop()
}

/// Whoever asked learns the end, whatever becomes of the device and the daemon.
#[test]
fn a_signature_that_never_comes_is_told() -> Result<()> {
    let device = Signer::agreeing(free_port()?, WORDS)?;
    let folder = TempDir::with_prefix("billfold-signer-")?;
    let place = folder.path().join("signer");
    // It answers nothing to `signtx`, or once it is told to, what it was given.
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *enumerate*) echo '[{{\"fingerprint\":\"73c5da0a\"}}]'; exit;; esac\n\
         read -r _ psbt\n[ -e '{0}/echo' ] || exec tail -f /dev/null\necho \"{{\\\"psbt\\\":\\\"$psbt\\\"}}\"\n",
        folder.path().display()
    );
    fs::write(&place, script)?;
    fs::set_permissions(&place, Permissions::from_mode(0o700))?;
    let place = place.to_str().context("no text")?.to_owned();
    let Desk { town, program, daemon } = {
        let desk = Desk::build(&device, &place)?;
        let draft = desk.drafted("main")?;
        for _ in 0..2 {
            let begun = desk.daemon.call("billfold.signer.sign", &json!([draft]))?;
            ensure!(begun == json!({"op": 1, "state": "running"}), "{begun}");
        }
        let ended = desk.daemon.call("billfold.op.cancel", &json!([1]))?;
        ensure!(ended["state"] == "cancelled", "{ended}");
        let told = desk.signed("main", &json!(1))?;
        ensure!(told == json!({"op": 1, "state": "cancelled"}), "{told}");

        fs::write(folder.path().join("echo"), "")?;
        let begun = desk.daemon.call("billfold.signer.sign", &json!([draft]))?;
        let told = desk.signed("main", &begun["op"])?;
        ensure!(told["state"] == "failed" && told.get("psbt").is_none(), "{told}");
        ensure!(told["problem"].as_str().is_some_and(|why| !why.is_empty()), "{told}");
        fs::remove_file(folder.path().join("echo"))?;
        let begun = desk.daemon.call("billfold.signer.sign", &json!([draft]))?;
        ensure!(begun == json!({"op": 3, "state": "running"}), "{begun}");
        desk
    };
    daemon.stop()?;
    let daemon = Daemon::start(&program, &["--signer", &place])?;
    let told = daemon.call("billfold.signer.signed", &json!([3]))?;
    ensure!(told["state"] == "failed", "{told}");
    ensure!(told["problem"].as_str().is_some_and(|why| why.contains("ask again")), "{told}");
    drop(town);
    daemon.stop()
}

/// A device may have signed, whatever the caller is told: nothing else is paid with its coins.
#[test]
fn what_a_device_was_asked_to_sign_is_paid_once() -> Result<()> {
    let device = Signer::agreeing(free_port()?, WORDS)?;
    let folder = TempDir::with_prefix("billfold-signer-")?;
    let (refuses, gate) = (folder.path().join("refuses"), folder.path().join("gate"));
    // It refuses, or waits at the gate, where there is one.
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *--stdin*)\n\
         [ -e '{0}' ] && {{ echo '{{\"error\":\"refused\"}}'; exit; }}\n\
         [ -e '{1}' ] && cat '{1}' >/dev/null;;\nesac\nexec {2} \"$@\"\n",
        refuses.display(),
        gate.display(),
        command(&device)
    );
    let place = folder.path().join("signer");
    fs::write(&place, script)?;
    fs::set_permissions(&place, Permissions::from_mode(0o700))?;
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 10_000)?;
    let daemon = Daemon::start(&program, &["--signer", place.to_str().context("no text")?])?;
    daemon.await_height(town.network.tip().0)?;
    let made =
        json!({"wallet_name": "cold", "disable_private_keys": true, "external_signer": true});
    daemon.call("createwallet", &made)?;
    town.pay(&ask(&daemon, "cold", "getnewaddress", &json!([]))?, 1_000_000)?;
    daemon.await_height(town.network.tip().0)?;

    let params = json!({"outputs": {STRANGER: 0.005}, "fee_rate": 2});
    let asker: &Asker = &daemon;
    let pay = |key: &str| asker.keyed("/wallet/cold", key, "send", &params);
    let held = || -> Result<()> {
        let told = refused(&daemon, "send", &params, -4)?;
        ensure!(told == "Insufficient funds", "its coins are held: {told}");
        Ok(())
    };
    fs::write(&refuses, "")?;
    ensure!(pay("rent")?["error"]["code"] == -25, "the device refuses");
    held()?;
    fs::remove_file(&refuses)?;

    // What the owner allows changes while a person looks at the device.
    ensure!(Command::new("mkfifo").arg(&gate).status()?.success());
    let op = thread::scope(|scope| -> Result<Value> {
        let paying = scope.spawn(|| pay("rent"));
        let begun = || {
            let told = daemon.reply_of("cold", "billfold.op.get", &json!([2]))?;
            Ok(told["result"]["state"] == "running")
        };
        let begun = daemon.await_that("no device was asked", begun);
        let limit = json!([{"per_payment_sat": 100_000}]);
        let limited = ask(&daemon, "cold", "billfold.policy.set", &limit);
        fs::write(&gate, "")?;
        begun.and(limited)?;
        let told = paying.join().map_err(|_| anyhow::anyhow!("it panicked"))??;
        ensure!(told["error"]["data"]["reason"] == "per_payment", "{told}");
        Ok(json!([2]))
    })?;
    fs::remove_file(&gate)?;
    let signed = ask(&daemon, "cold", "billfold.signer.signed", &op)?;
    ensure!(signed["state"] == "done" && signed["complete"] == true, "{signed}");
    let told = pay("rent")?;
    ensure!(told["error"]["data"]["reason"] == "per_payment", "{told}");
    held()?;
    ask(&daemon, "cold", "billfold.policy.set", &json!([{}]))?;
    held()?;
    // The device is gone, and comes again.
    let address = device.address();
    drop(device);
    ensure!(pay("rent")?["error"]["code"] == -25, "no device");
    held()?;
    let device = Signer::agreeing(address, WORDS)?;
    let whole = daemon.call("finalizepsbt", &json!([signed["psbt"]]))?;
    let whole = daemon.call("decoderawtransaction", &json!([whole["hex"]]))?;
    for _ in 0..2 {
        let told = pay("rent")?;
        ensure!(told["result"]["txid"] == whole["txid"], "another payment: {told}");
    }
    town.await_payment(text(&whole["txid"])?.parse()?)?;
    drop(device);
    daemon.stop()
}

#[test]
fn bitcoin_core_pays_by_billfolds_signer() -> Result<()> {
    let Some(Software::Core(core)) = software::core() else {
        skipped();
        return Ok(());
    };
    let device = Signer::agreeing(free_port()?, WORDS)?;
    let folder = TempDir::with_prefix("billfold-core-")?;
    let wrapper = folder.path().join("bitcoind");
    let signer = command(&device);
    fs::write(
        &wrapper,
        format!("#!/bin/sh\nexec '{}' \"$@\" -signer='{signer}'\n", core.display()),
    )?;
    fs::set_permissions(&wrapper, Permissions::from_mode(0o700))?;
    let mut node = Node::funded(Software::Core(wrapper), 10)?;
    let login = format!("{USER}:{PASSWORD}");
    let core = Asker { address: node.rpc_address(), login };
    let listed = core.call("enumeratesigners", &json!([]))?;
    ensure!(listed["signers"][0]["fingerprint"] == "73c5da0a", "{listed}");
    core.call(
        "createwallet",
        &json!({"wallet_name": "cold", "disable_private_keys": true, "external_signer": true}),
    )?;
    for kind in ["legacy", "p2sh-segwit", "bech32", "bech32m"] {
        let address = core.call("getnewaddress", &json!(["", kind]))?;
        let shown = core.call("walletdisplayaddress", &json!([address]))?;
        ensure!(shown["address"] == address, "{kind}: {shown}");
        let script = address.as_str().context("an address")?.parse::<Address<_>>()?;
        let script = script.assume_checked().script_pubkey();
        node.pay_confirmed(&[(script, Amount::from_sat(1_000_000))])?;
    }
    core.call("syncwithvalidationinterfacequeue", &json!([]))?;
    let sent = core.call("sendall", &json!([[STRANGER], null, "unset", 2]))?;
    ensure!(sent["complete"] == true, "{sent}");
    let txid: bitcoin::Txid = text(&sent["txid"])?.parse()?;
    ensure!(node.mempool()?.contains(&txid), "{sent}");
    let inputs = node.mempool_transaction(txid)?.input;
    ensure!(inputs.len() == 4, "all four types were signed for: {inputs:?}");
    Ok(())
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| value.to_string())
}

#[allow(clippy::print_stderr, reason = "a test that is not run says so")]
fn skipped() {
    eprintln!("skipped: needs BITCOIND_EXE, see docs/testing.md");
}
