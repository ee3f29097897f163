//! Commands while a daemon has the wallet: the real program asks the real daemon over its socket,
//! and what it shows and does is what it would be without.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use billfold_rpc::client::face::RemoteFace;
use billfold_tests::daemon::Daemon;
use billfold_tests::port::free_port;
use billfold_tests::program::{PASSWORD, Program, Running};
use billfold_tests::town::Town;
use billfold_wallet_core::command::{Command, KeyState, Reply};
use billfold_wallet_core::config::WalletName;
use billfold_wallet_core::face::Face as _;
use billfold_wallet_core::psbt;
use bitcoin::{Psbt, ScriptBuf};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// Whoever asks for a password now does not get the right one.
fn lose_password(program: &Program) -> Result<()> {
    Ok(fs::write(program.file("password"), "not the password\n")?)
}

fn find_password(program: &Program) -> Result<()> {
    Ok(fs::write(program.file("password"), format!("{PASSWORD}\n"))?)
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("no text: {value}"))
}

fn mine(town: &Town, daemon: &Daemon) -> Result<()> {
    town.network.mine(1, &ScriptBuf::new_op_return([7]));
    daemon.await_height(town.network.tip().0)
}

#[test]
fn commands_ask_the_daemon_and_need_no_password() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let alone =
        [program.ok(&["describe"])?, program.ok(&["history"])?, program.ok(&["account", "list"])?];
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    lose_password(&program)?;

    let attached =
        [program.ok(&["describe"])?, program.ok(&["history"])?, program.ok(&["account", "list"])?];
    ensure!(alone == attached, "{alone:?} {attached:?}");
    ensure!(program.ok(&["balance"])?["confirmed"] == 50_000_000);
    ensure!(program.ok(&["sync"])?["height"] == town.network.tip().0);
    ensure!(program.ok(&["peers"])?["peers"][0]["ready"] == true);
    program.ok(&["fees"])?;
    program.ok(&["doctor", "--online"])?;
    ensure!(program.ok(&["addresses"])?[0]["status"] == "used");

    let coin = program.ok(&["coins"])?[0]["coin"].clone();
    program.ok(&["freeze", text(&coin)?])?;
    ensure!(program.ok(&["balance"])?["frozen"] == 50_000_000);
    program.refused(4, "insufficient_funds", &["pay", STRANGER, "1000k", "--yes"])?;
    program.ok(&["unfreeze", text(&coin)?])?;
    program.ok(&["label", text(&coin)?, "first"])?;
    ensure!(program.ok(&["search", "first"])?.as_array().is_some_and(|found| !found.is_empty()));
    program.ok(&["export", "labels", "labels.jsonl"])?;
    ensure!(program.ok(&["import", "labels", "labels.jsonl"])?["added"] == 0);
    daemon.stop()?;
    find_password(&program)?;
    ensure!(program.ok(&["balance"])?["confirmed"] == 50_000_000);
    Ok(())
}

#[test]
fn payments_are_signed_and_sent_by_the_daemon() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    lose_password(&program)?;

    let pay = ["pay", STRANGER, "1000k", "--fee-rate", "2", "--note", "rent", "--yes"];
    let paid = program.ok(&pay)?;
    ensure!(paid["state"] == "announced", "{paid}");
    let bumped = program.ok(&["bump", text(&paid["txid"])?, "--fee-rate", "9", "--yes"])?;
    ensure!(bumped["state"] == "announced", "{bumped}");
    let cancelled = program.ok(&["cancel", text(&bumped["txid"])?, "--fee-rate", "20", "--yes"])?;
    ensure!(cancelled["state"] == "announced", "{cancelled}");
    mine(&town, &daemon)?;
    let proof = program.ok(&["prove", text(&cancelled["txid"])?])?;
    ensure!(proof["txid"] == cancelled["txid"], "{proof}");

    let create = ["psbt", "create", STRANGER, "2000k", "--fee-rate", "2", "--out", "a.psbt"];
    program.ok(&create)?;
    ensure!(program.ok(&["drafts"])?.as_array().is_some_and(|drafts| drafts.len() == 1));
    program.ok(&["psbt", "show", "a.psbt"])?;
    // As a program makes it that knows nothing of this wallet's keys.
    let drafted = psbt::read(&fs::read(program.file("a.psbt"))?)?;
    let bare = Psbt::from_unsigned_tx(drafted.unsigned_tx)?;
    fs::write(program.file("bare.psbt"), bare.serialize())?;
    let signed = program.ok(&["psbt", "sign", "bare.psbt", "--yes", "--out", "b.psbt"])?;
    ensure!(signed["complete"] == true, "{signed}");
    let sent = program.ok(&["psbt", "announce", "b.psbt", "--yes"])?;
    ensure!(sent["state"] == "announced", "{sent}");
    mine(&town, &daemon)?;
    let seen = daemon.call("gettransaction", &json!([sent["txid"]]))?;
    ensure!(seen["confirmations"] == 1, "{seen}");

    let address = program.ok(&["receive"])?["address"].clone();
    let signed = program.ok(&["message", "sign", text(&address)?, "hello"])?;
    let verify = ["message", "verify", text(&address)?, text(&signed["signature"])?, "hello"];
    program.ok(&verify)?;
    let found = program.ok(&["rescan"])?;
    ensure!(found["height"] == town.network.tip().0, "{found}");
    daemon.stop()
}

#[test]
fn commands_beside_each_other_get_in_nobodys_way() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    let receiving = (0..4).map(|_| program.spawn(&["receive", "--new"]));
    let receiving = receiving.collect::<Result<Vec<_>>>()?;
    let paying = program.spawn(&["pay", STRANGER, "1000k", "--fee-rate", "2", "--yes"])?;
    let mut addresses = Vec::new();
    for command in receiving {
        let told = command.finish()?;
        ensure!(told.code == Some(0), "{told:?}");
        addresses.push(text(&told.json["address"])?.to_owned());
    }
    addresses.sort();
    addresses.dedup();
    ensure!(addresses.len() == 4, "each has its own: {addresses:?}");
    let paid = paying.finish()?;
    ensure!(paid.code == Some(0) && paid.json["state"] == "announced", "{paid:?}");

    let holder = program.refused(1, "dir_in_use", &["daemon", "--rpc-port", "0"])?;
    ensure!(holder["data"]["pid"] == daemon.running.id(), "{holder}");
    daemon.stop()
}

#[test]
fn a_wallet_that_the_daemon_has_not_is_opened_for_one_command() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    program.ok(&["--wallet", "savings", "new", "--words-out", "savings"])?;
    program.ease()?;
    let daemon = Daemon::start(&program, &[])?;
    ensure!(program.ok(&["--wallet", "savings", "balance"])?["confirmed"] == 0);
    let after = program.ok(&["--wallet", "savings", "sync"])?;
    ensure!(after["height"] == town.network.tip().0, "{after}");
    ensure!(daemon.call("listwallets", &json!([]))? == json!(["main"]));
    lose_password(&program)?;
    program.refused(5, "wrong_password", &["--wallet", "savings", "balance"])?;
    program.refused(1, "no_such_wallet", &["--wallet", "nobody", "balance"])?;
    ensure!(program.ok(&["balance"])?["confirmed"] == 50_000_000, "main is still open");
    daemon.stop()
}

#[test]
fn wallets_are_made_by_the_daemon() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let fingerprint = program.ok(&["describe"])?["fingerprint"].clone();
    let daemon = Daemon::start(&program, &[])?;
    program.ok(&["--wallet", "shop", "new", "--words-out", "shop"])?;
    program.refused(1, "wallet_exists", &["--wallet", "shop", "new", "--words-out", "again"])?;
    ensure!(!program.file("again").exists(), "words of a wallet that is not made");
    let restore = ["--wallet", "copy", "restore", "--words-file", "words", "--search"];
    let restored = program.ok(&restore)?;
    ensure!(restored["fingerprint"] == fingerprint, "{restored}");
    ensure!(restored["search"]["payments"] == 1, "{restored}");
    program.refused(4, "nothing_to_sweep", &["sweep", "--words-file", "shop", "--yes"])?;
    ensure!(program.ok(&["--wallet", "copy", "balance"])?["confirmed"] == 50_000_000);
    let wallets = program.ok(&["wallets"])?;
    ensure!(wallets.as_array().is_some_and(|all| all.len() == 3), "{wallets}");
    program.ok(&["words", "show", "--words-out", "shown"])?;
    ensure!(fs::read(program.file("shown"))? == fs::read(program.file("words"))?);
    ensure!(program.ok(&["words", "check", "--words-file", "shown"])?["words_checked"].is_u64());
    program.refused(3, "words_differ", &["words", "check", "--words-file", "shop"])?;
    program.ok(&["--wallet", "shop", "words", "check", "--words-file", "shop"])?;
    program.ok(&["backup", "create", "backup", "--with-words"])?;
    ensure!(program.ok(&["backup", "check", "backup"])?["fingerprint"] == fingerprint);
    program.ok(&["--wallet", "again", "backup", "restore", "backup"])?;
    lose_password(&program)?;
    program.refused(5, "wrong_password", &["backup", "create", "another"])?;
    daemon.stop()
}

/// Who changes it and is told that it is done must open the wallet by the new one, and by no other.
#[test]
fn the_password_is_changed_beside_a_daemon_that_goes_on() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    fs::write(program.file("new"), "another password\n")?;
    lose_password(&program)?;
    let change = ["password", "--new-password-file", "new"];
    program.refused(5, "wrong_password", &change)?;
    find_password(&program)?;
    program.ok(&change)?;
    ensure!(program.ok(&["balance"])?["confirmed"] == 50_000_000, "the daemon goes on");
    program.ok(&["pay", STRANGER, "1000k", "--fee-rate", "2", "--yes"])?;
    program.refused(5, "wrong_password", &["backup", "create", "by-the-old-one"])?;
    daemon.stop()?;
    program.refused(5, "wrong_password", &["balance"])?;
    fs::copy(program.file("new"), program.file("password"))?;
    ensure!(program.ok(&["balance"])?["confirmed"].as_u64().is_some_and(|left| left < 50_000_000));
    Ok(())
}

#[test]
fn locked_keys_are_opened_for_one_command() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    let locked = |command| -> Result<Reply> {
        let socket = program.data_dir().join("regtest/billfold.sock");
        Runtime::new()?.block_on(async {
            let face = RemoteFace::attach(&socket, env!("CARGO_PKG_VERSION")).await?;
            Ok(face.context("no daemon")?.ask(&WalletName::default(), command).await?)
        })
    };
    locked(Command::Lock)?;
    let pay = ["pay", STRANGER, "1000k", "--fee-rate", "2", "--yes"];
    lose_password(&program)?;
    program.refused(5, "wrong_password", &pay)?;
    ensure!(program.ok(&["balance"])?["confirmed"] == 50_000_000, "looking takes no keys");
    find_password(&program)?;
    ensure!(program.ok(&pay)?["state"] == "announced");
    let Reply::KeyLayer(layer) = locked(Command::KeyLayer)? else { bail!("another reply") };
    ensure!(layer.state == KeyState::Locked, "{layer:?}");
    daemon.stop()
}

#[test]
fn rpc_is_as_easy_as_bitcoin_cli() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 50_000_000)?;
    program.refused(1, "no_daemon", &["rpc", "uptime"])?;
    let wait = ["rpc", "--rpc-wait", "--rpc-wait-timeout", "1", "uptime"];
    program.refused(1, "no_daemon", &wait)?;
    let waiting = program.spawn(&["rpc", "--rpc-wait", "getblockchaininfo"])?;
    let daemon = Daemon::start(&program, &[])?;
    ensure!(waiting.finish()?.code == Some(0));
    daemon.await_height(town.network.tip().0)?;

    let shown = program.ok(&["rpc", "--getinfo"])?;
    ensure!(shown["chain"] == "regtest" && shown["blocks"] == town.network.tip().0, "{shown}");
    ensure!(shown["wallets"][0]["balance"]["trusted"] == 0.5, "{shown}");
    let failed = program.refused(8, "call_failed", &["rpc", "getblockhash", "99999"])?;
    ensure!(failed["data"]["code"] == -8, "{failed}");
    program.refused(89, "call_failed", &["rpc", "nothing"])?;

    let mut command = program.command(&["rpc", "--stdin", "getblockhash"]);
    let mut asking = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    asking.stdin.take().context("no standard input")?.write_all(b"0\n")?;
    let told = asking.wait_with_output()?;
    ensure!(
        serde_json::from_slice::<Value>(&told.stdout)?
            .as_str()
            .is_some_and(|hash| hash.len() == 64)
    );
    daemon.stop()
}

#[test]
fn a_daemon_that_is_killed_under_a_command_is_told() -> Result<()> {
    let town = Town::build()?;
    let mut program = town.wallet_with(BILLFOLD, 50_000_000)?;
    // Without a peer the daemon never is at the tip, so the command waits.
    program.connect_to(free_port()?);
    let mut daemon = Daemon::start(&program, &[])?;
    let mut waiting = Running::start(program.command(&["sync"]))?;
    waiting.await_line("waiting for a peer")?;
    daemon.running.kill()?;
    waiting.finish()?.refused(1, "daemon_lost")?;
    ensure!(program.data_dir().join("regtest/billfold.sock").exists(), "it is left over");
    ensure!(program.ok(&["balance"])?["confirmed"] == 50_000_000);
    Ok(())
}
