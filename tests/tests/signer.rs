//! Owns the proof that the wallet and billfold's own signer work together: paired, compared, paid with,
//! alone and among others; and that Bitcoin Core's `-signer` is answered as it asks.

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::lost_answer::LostAnswer;
use billfold_tests::program::Program;
use billfold_tests::signer::{Signer, free_port};
use billfold_tests::town::Town;
use billfold_tests::vector_wallet::WORDS;
use billfold_wallet_core::command::Command;
use bitcoin::{Address, Amount, ScriptBuf};
use serde_json::{Value, json};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// Words of another signer.
const OTHER_WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank \
                           yellow";

/// Whom the payments go to: somebody of another network of play money.
const PAYEE: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// A town with a signer that agrees, and a wallet of its keys.
fn paired() -> Result<(Town, Signer, Program)> {
    let town = Town::build()?;
    let device = Signer::agreeing(free_port()?, WORDS)?;
    let program = Program::connected(BILLFOLD, town.network.address())?;
    program.ok(&["signer", "pair", "--signer", &place(&device)])?;
    program.ease()?;
    Ok((town, device, program))
}

fn place(signer: &Signer) -> String {
    format!("tcp:{}", signer.address())
}

#[test]
fn a_wallet_whose_keys_stay_on_the_signer_pays_from_every_type_of_address() -> Result<()> {
    let town = Town::build()?;
    let device = Signer::agreeing(free_port()?, WORDS)?;
    let place = place(&device);
    let program = Program::connected(BILLFOLD, town.network.address())?;
    let paired = program.ok(&["signer", "pair", "--signer", &place])?;
    program.ease()?;
    ensure!(paired["fingerprint"] == "73c5da0a", "{paired}");
    let types: Vec<_> = paired["accounts"].as_array().context("accounts")?.iter().collect();
    ensure!(types.len() == 4 && types.iter().all(|account| account["signs"] == false));
    for account in ["segwit", "taproot", "nested", "legacy"] {
        program.ok(&["account", "prefer", account])?;
        let shown = program.ok(&["signer", "display", "--signer", &place])?;
        ensure!(shown["account"] == account, "{shown}");
        ensure!(shown["address"] == program.ok(&["receive"])?["address"], "{shown}");
        town.pay(&shown["address"], 50_000)?;
        town.pay(&program.ok(&["receive", "--new"])?["address"], 50_000)?;
        program.ok(&["sync"])?;
        let args = ["pay", PAYEE, "80000sat", "--account", account, "--fee-rate", "2", "--yes"];
        let paid = program.ok(&[&args[..], &["--signer", &place]].concat())?;
        ensure!(paid["inputs"].as_array().is_some_and(|inputs| inputs.len() == 2), "{paid}");
        ensure!(paid["state"] == "announced", "{paid}");
        town.network.mine(1, &ScriptBuf::new_op_return([0; 4]));
        program.ok(&["sync"])?;
    }
    let history = program.ok(&["history"])?;
    let spent = history.as_array().context("history")?.iter().filter(|row| row["fee"].is_u64());
    ensure!(spent.clone().count() == 4 && spent.clone().all(|row| row["state"] == "confirmed"));
    Ok(())
}

#[test]
fn a_signer_with_other_keys_is_told_and_the_coins_stay_free() -> Result<()> {
    let town = Town::build()?;
    let program = Program::connected(BILLFOLD, town.network.address())?;
    {
        let device = Signer::agreeing(free_port()?, WORDS)?;
        let place = place(&device);
        program.ok(&["signer", "pair", "--signer", &place])?;
    }
    program.ease()?;
    town.pay(&program.ok(&["receive"])?["address"], 100_000)?;
    program.ok(&["sync"])?;
    let other = Signer::agreeing(free_port()?, OTHER_WORDS)?;
    let place = place(&other);
    let pay = ["pay", PAYEE, "50000sat", "--fee-rate", "2", "--yes", "--signer", &place];
    let refused = program.run(&pay)?;
    ensure!(refused.code == Some(7), "{refused:?}");
    ensure!(refused.json["error"]["name"] == "signer_wrong_keys", "{refused:?}");
    ensure!(refused.json["error"]["data"]["expected"] == json!(["73c5da0a"]), "{refused:?}");
    ensure!(program.ok(&["drafts"])? == json!([]), "the coins must be free again");
    let shown = program.run(&["signer", "display", "--signer", &place])?;
    ensure!(shown.json["error"]["name"] == "signer_wrong_keys", "{shown:?}");
    drop(other);
    let gone = program.ok(&["signer", "doctor", "--signer", "tcp:127.0.0.1:1"])?;
    ensure!(gone["problem"]["name"] == "no_signer" && gone["model"].is_null(), "{gone}");
    Ok(())
}

/// Whoever is told to start again pays twice.
#[test]
fn a_payment_by_signer_whose_answer_is_lost_is_told_as_not_known() -> Result<()> {
    let (town, device, program) = paired()?;
    let place = place(&device);
    town.pay(&program.ok(&["receive"])?["address"], 100_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    let socket = program.network_dir().join("billfold.sock");
    let lost = LostAnswer::before(&socket, |command| matches!(command, Command::AnnouncePsbt(_)))?;
    let pay = ["pay", PAYEE, "50000sat", "--fee-rate", "2", "--yes", "--signer", &place];
    let told = program.refused(1, "daemon_lost", &pay)?;
    let message = told["message"].as_str().context("no message")?;
    ensure!(message.contains("look before you ask again"), "{told}");
    drop(lost);
    let history = program.ok(&["history"])?;
    let paid = history.as_array().context("history")?.iter().filter(|row| row["fee"].is_u64());
    ensure!(paid.count() == 1, "it is paid: {history}");
    daemon.stop()
}

#[test]
fn a_message_is_signed_on_the_signer_and_holds() -> Result<()> {
    let (_town, device, program) = paired()?;
    let place = place(&device);
    for account in ["segwit", "nested", "legacy"] {
        program.ok(&["account", "prefer", account])?;
        let address = program.ok(&["receive"])?["address"].as_str().context("text")?.to_owned();
        let sign = ["message", "sign", &address, "I live here", "--signer", &place];
        let signed = program.ok(&sign)?;
        ensure!(signed["form"] == "legacy" && signed["address"] == address, "{signed}");
        let signature = signed["signature"].as_str().context("text")?;
        let verified = program.ok(&["message", "verify", &address, signature, "I live here"])?;
        ensure!(verified["valid"] == true, "{verified}");
    }
    program.ok(&["account", "prefer", "taproot"])?;
    let address = program.ok(&["receive"])?["address"].as_str().context("text")?.to_owned();
    let sign = ["message", "sign", &address, "I live here", "--signer", &place];
    let refused = program.run(&sign)?;
    ensure!(refused.json["error"]["name"] == "signer_unsupported", "{refused:?}");
    let without = ["message", "sign", PAYEE, "I live here", "--signer", &place];
    let refused = program.run(&without)?;
    ensure!(refused.json["error"]["name"] == "not_our_address", "{refused:?}");
    Ok(())
}

/// The wallet holds one of two keys, the signer the other.
#[test]
fn two_keys_in_two_places_pay_together() -> Result<()> {
    let town = Town::build()?;
    let device = Signer::agreeing(free_port()?, WORDS)?;
    let place = place(&device);
    let signer = ["--signer", &place];
    let program = Program::connected(BILLFOLD, town.network.address())?;
    program.ok(&["new", "--words-out", "words"])?;
    program.ease()?;
    let key = program.ok(&[&["signer", "key"][..], &signer].concat())?;
    let key = key["key"].as_str().context("a key")?;
    let joint = ["account", "add", "--multisig", "2", "--key", "mine", "--key", key];
    program.ok(&joint)?;
    program.ok(&["account", "prefer", "multisig"])?;
    let early = program.run(&[&["signer", "display"][..], &signer].concat())?;
    ensure!(early.json["error"]["name"] == "signer_not_registered", "{early:?}");
    for new in [true, false] {
        let register = [&["signer", "register", "multisig"][..], &signer].concat();
        let registered = program.ok(&register)?;
        ensure!(registered["new"] == new, "{registered}");
    }
    let shown = program.ok(&[&["signer", "display"][..], &signer].concat())?;
    town.pay(&shown["address"], 100_000)?;
    program.ok(&["sync"])?;
    let half = program.ok(&["pay", PAYEE, "50000sat", "--fee-rate", "2", "--yes"])?;
    ensure!(half["complete"] == false, "{half}");
    let half = half["psbt"].as_str().context("a PSBT")?;
    let whole = program.ok(&[&["psbt", "sign", half, "--yes"][..], &signer].concat())?;
    ensure!(whole["complete"] == true, "{whole}");
    let whole = whole["psbt"].as_str().context("a PSBT")?;
    let sent = program.ok(&["psbt", "announce", whole, "--yes"])?;
    ensure!(sent["state"] == "announced", "{sent}");
    Ok(())
}

#[test]
fn five_hundred_coins_are_signed_together() -> Result<()> {
    let (town, device, program) = paired()?;
    let place = place(&device);
    let address: Address<_> =
        program.ok(&["receive"])?["address"].as_str().context("an address")?.parse()?;
    let output = (address.assume_checked().script_pubkey(), Amount::from_sat(20_000));
    // Ten at a time: every input brings the transaction that it spends from.
    for _ in 0..50 {
        town.network.pay_many(&vec![output.clone(); 10])?;
        town.network.mine(1, &ScriptBuf::new_op_return([0; 4]));
    }
    program.ok(&["sync"])?;
    let pay = ["pay", PAYEE, "max", "--fee-rate", "2", "--yes", "--signer", &place];
    let paid = program.run(&pay)?;
    ensure!(paid.code == Some(0), "{paid:?}");
    ensure!(paid.json["inputs"].as_array().is_some_and(|inputs| inputs.len() == 500), "{paid:?}");
    ensure!(paid.json["state"] == "announced", "{paid:?}");
    Ok(())
}

/// Two signers whose keys come from other accounts, and have other branches: BIP388 allows each key its
/// own pair of branches, and the index must be the same for all.
#[test]
fn each_signer_of_several_may_have_paths_of_its_own() -> Result<()> {
    let town = Town::build()?;
    let program = Program::connected(BILLFOLD, town.network.address())?;
    let devices =
        [Signer::agreeing(free_port()?, WORDS)?, Signer::agreeing(free_port()?, OTHER_WORDS)?];
    let places: Vec<String> = devices.iter().map(place).collect();
    let key = |place: &str, number: &str| -> Result<String> {
        let told = program.ok(&["signer", "key", "--number", number, "--signer", place])?;
        Ok(told["key"].as_str().context("a key")?.to_owned())
    };
    let (first, second) = (key(&places[0], "0")?, key(&places[1], "5")?);
    let descriptor = format!("wsh(sortedmulti(2,{first}/<0;1>/*,{second}/<2;3>/*))");
    program.ok(&["watch", &descriptor, "--birthday", "0"])?;
    program.ease()?;
    let listed = program.ok(&["account", "list"])?;
    let account = listed[0]["account"].as_str().context("an account")?;
    for place in &places {
        program.ok(&["signer", "register", account, "--signer", place])?;
        let shown = program.ok(&["signer", "display", "--signer", place])?;
        ensure!(shown["address"] == program.ok(&["receive"])?["address"], "{shown}");
        ensure!(shown["compared"] == true, "{shown}");
    }
    town.pay(&program.ok(&["receive"])?["address"], 100_000)?;
    program.ok(&["sync"])?;
    let draft = program.ok(&["psbt", "create", PAYEE, "50000", "--fee-rate", "2"])?;
    let mut psbt = draft["psbt"].as_str().context("a PSBT")?.to_owned();
    for place in &places {
        let signed = program.ok(&["psbt", "sign", &psbt, "--yes", "--signer", place])?;
        signed["psbt"].as_str().context("a PSBT")?.clone_into(&mut psbt);
    }
    let sent = program.ok(&["psbt", "announce", &psbt, "--yes"])?;
    ensure!(sent["state"] == "announced", "{sent}");
    Ok(())
}

/// The calls and answers of Bitcoin Core's `doc/external-signer.md`.
#[test]
fn bitcoin_core_is_answered_as_it_asks() -> Result<()> {
    let device = Signer::agreeing(free_port()?, WORDS)?;
    let place = place(&device);
    let program = Program::new(BILLFOLD)?;
    let core = ["signer", "core", "--signer", &place];
    let listed = program.ok(&[&core[..], &["enumerate"]].concat())?;
    ensure!(listed[0]["fingerprint"] == "73c5da0a", "{listed}");
    let chain = ["--fingerprint", "73c5da0a", "--chain", "regtest"];
    let ask = |what: &[&str]| program.ok(&[&core[..], &chain, what].concat());
    let told = ask(&["getdescriptors", "--account", "0"])?;
    for (branch, number) in [("receive", "/0/*"), ("internal", "/1/*")] {
        let texts: Vec<_> = told[branch].as_array().context("descriptors")?.iter().collect();
        let texts: Vec<&str> = texts.iter().filter_map(|text| text.as_str()).collect();
        let begins = ["pkh([73c5da0a/44", "tr([73c5da0a/86", "wpkh([73c5da0a/84", "sh(wpkh("];
        ensure!(texts.len() == 4 && texts.iter().all(|text| text.contains(number)), "{told}");
        ensure!(begins.iter().all(|begin| texts.iter().any(|t| t.starts_with(begin))), "{told}");
    }
    let wpkh = told["receive"].as_array().context("descriptors")?.iter();
    let wpkh = wpkh.filter_map(Value::as_str).find(|text| text.starts_with("wpkh"));
    let one = wpkh.context("wpkh")?.split('#').next().context("a body")?.replace("/*", "/0");
    let shown = ask(&["displayaddress", "--desc", &one])?;
    ensure!(shown["address"].as_str().is_some_and(|a| a.starts_with("bcrt1q")), "{shown}");
    let refused = ask(&["signtx", "cHNidP8BAA=="])?;
    ensure!(refused["error"].is_string() && refused["name"] == "bad_psbt", "{refused}");
    let mut other = chain;
    other[1] = "00000000";
    let wrong = program.ok(&[&core[..], &other, &["getdescriptors"]].concat())?;
    ensure!(wrong["name"] == "signer_wrong_keys", "{wrong}");
    Ok(())
}
