//! Owns the face that scripts see: names of commands and options, JSON fields, names of errors and
//! exit codes. Whoever must change a line here breaks somebody's script.
//!
//! Runs the real program, offline or against the play-money network; nothing needs to be
//! installed.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use billfold_tests::program::Program;
use billfold_tests::stranger;
use billfold_tests::town::Town;
use billfold_tests::vector_wallet;
use bitcoin::{Address, Amount, ScriptBuf};
use serde_json::Value;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// Every command with its own options; all take the global ones besides.
const COMMANDS: &[(&str, &[&str])] = &[
    ("demo", &["--headless"]),
    ("new", &["--words", "--type", "--words-out", "--dice", "--passphrase", "--passphrase-file"]),
    (
        "restore",
        &[
            "--words-file",
            "--passphrase",
            "--passphrase-file",
            "--expect-fingerprint",
            "--birthday",
            "--types",
            "--accounts",
            "--gap",
            "--search",
        ],
    ),
    ("describe", &[]),
    (
        "watch",
        &[
            "--file",
            "--type",
            "--multisig",
            "--heir",
            "--expanding",
            "--key",
            "--after",
            "--script",
            "--name",
            "--birthday",
            "--gap",
        ],
    ),
    ("account", &[]),
    ("wallets", &[]),
    ("sync", &["--timeout"]),
    ("balance", &[]),
    ("receive", &["--amount", "--note", "--expires", "--new"]),
    (
        "pay",
        &[
            "--file",
            "--fee-rate",
            "--fee",
            "--target",
            "--coins",
            "--account",
            "--from-label",
            "--note",
            "--idempotency-key",
            "--dry-run",
            "--yes",
            "--allow-look-alike",
            "--signer",
            "--max-fee",
        ],
    ),
    (
        "bump",
        &[
            "--fee-rate",
            "--fee",
            "--target",
            "--replace",
            "--child",
            "--dry-run",
            "--yes",
            "--signer",
            "--max-fee",
        ],
    ),
    ("cancel", &["--fee-rate", "--fee", "--target", "--dry-run", "--yes", "--signer", "--max-fee"]),
    ("forget", &[]),
    ("psbt", &[]),
    ("signer", &[]),
    ("message", &[]),
    (
        "sweep",
        &[
            "--key-file",
            "--words-file",
            "--words",
            "--passphrase",
            "--passphrase-file",
            "--birthday",
            "--accounts",
            "--gap",
            "--fee-rate",
            "--fee",
            "--target",
            "--dry-run",
            "--yes",
            "--max-fee",
        ],
    ),
    ("drafts", &[]),
    ("freeze", &[]),
    ("unfreeze", &[]),
    ("history", &["--since", "--until", "--received", "--sent", "--limit", "--after"]),
    ("addresses", &["--status", "--change", "--limit"]),
    ("search", &["--limit"]),
    ("label", &["--remove"]),
    ("export", &[]),
    ("import", &[]),
    ("coins", &[]),
    ("fees", &[]),
    ("peers", &[]),
    ("prove", &[]),
    ("rescan", &["--from"]),
    ("password", &["--new-password-file"]),
    ("words", &[]),
    ("backup", &[]),
    (
        "daemon",
        &[
            "--rpc-bind",
            "--rpc-port",
            "--rpc-socket",
            "--rpc-auth",
            "--rpc-whitelist",
            "--rpc-whitelist-default",
            "--fallback-fee",
            "--address-type",
            "--change-type",
            "--min-tx-fee",
            "--rpc-compat",
            "--keypool",
            "--signer",
            "--rpc-fetch-blocks",
            "--max-tx-fee",
            "--spend-zero-conf-change",
            "--avoid-partial-spends",
            "--wallet-notify",
            "--block-notify",
        ],
    ),
    (
        "rpc",
        &[
            "--rpc-wallet",
            "--rpc-port",
            "--rpc-user",
            "--rpc-password-file",
            "--rpc-wait",
            "--rpc-wait-timeout",
            "--named",
            "--stdin",
            "--getinfo",
        ],
    ),
    ("doctor", &["--online"]),
    ("completions", &[]),
    ("man", &[]),
];

/// Commands below commands, with their own options.
const SUBCOMMANDS: &[(&str, &str, &[&str])] = &[
    ("account", "list", &[]),
    (
        "account",
        "add",
        &[
            "--file",
            "--type",
            "--multisig",
            "--heir",
            "--expanding",
            "--key",
            "--after",
            "--script",
            "--number",
            "--name",
            "--birthday",
            "--gap",
        ],
    ),
    ("account", "key", &["--script", "--number"]),
    ("account", "prefer", &[]),
    (
        "psbt",
        "create",
        &[
            "--file",
            "--fee-rate",
            "--fee",
            "--target",
            "--coins",
            "--account",
            "--from-label",
            "--note",
            "--idempotency-key",
            "--dry-run",
            "--yes",
            "--allow-look-alike",
            "--out",
            "--form",
            "--max-fee",
        ],
    ),
    ("psbt", "show", &["--no-wallet"]),
    ("psbt", "sign", &["--yes", "--signer", "--out", "--form"]),
    ("signer", "list", &["--signer"]),
    ("signer", "doctor", &["--signer"]),
    ("signer", "pair", &["--signer", "--type", "--number", "--birthday", "--gap"]),
    ("signer", "key", &["--signer", "--script", "--number"]),
    ("signer", "register", &["--signer"]),
    ("signer", "display", &["--signer"]),
    ("signer", "core", &["--signer", "--fingerprint", "--chain", "--stdin"]),
    ("psbt", "combine", &["--out", "--form"]),
    ("psbt", "finalize", &["--out", "--form"]),
    ("psbt", "announce", &["--yes"]),
    ("message", "sign", &["--bip322", "--signer"]),
    ("message", "verify", &[]),
    ("drafts", "drop", &[]),
    ("export", "labels", &[]),
    ("export", "history", &["--format", "--since", "--until", "--received", "--sent"]),
    ("export", "descriptors", &[]),
    ("import", "descriptors", &["--type", "--birthday", "--gap"]),
    ("import", "labels", &["--dry-run", "--overwrite"]),
    ("words", "show", &["--words-out"]),
    ("words", "check", &["--words-file", "--passphrase-file"]),
    ("backup", "create", &["--with-words", "--backup-password-file"]),
    ("backup", "check", &[]),
    ("backup", "restore", &["--words-file", "--passphrase-file", "--new-password-file"]),
];

/// The fields of a proof.
const PROOF: [&str; 15] = [
    "txid",
    "hex",
    "height",
    "block",
    "time",
    "confirmations",
    "headers",
    "merkle_root",
    "position",
    "branch",
    "filter_hash",
    "filter_header",
    "previous_filter_header",
    "peers_agreeing",
    "peers",
];

const GLOBAL_OPTIONS: [&str; 13] = [
    "--network",
    "--signet-challenge",
    "--validate-from-genesis",
    "--data-dir",
    "--wallet",
    "--connect",
    "--proxy",
    "--password-file",
    "--keys-passphrase-file",
    "--json",
    "--plain",
    "--quiet",
    "--verbose",
];

#[test]
fn commands_and_options_keep_their_names() -> Result<()> {
    let help = said(&["--help"])?;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names: Vec<_> = listed
        .take_while(|line| !line.is_empty())
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    let pinned: Vec<_> = COMMANDS.iter().map(|(name, _)| *name).collect();
    ensure!(names == pinned, "{names:?}");

    for (name, options) in COMMANDS {
        takes(&[name], options)?;
    }
    for (name, below, options) in SUBCOMMANDS {
        takes(&[name, below], options)?;
    }
    ensure!(said(&["--version"])?.starts_with("billfold "));
    Ok(())
}

/// Whether a command has exactly these options besides the global ones.
fn takes(command: &[&str], options: &[&str]) -> Result<()> {
    let mut expected: BTreeSet<_> = options.iter().chain(&GLOBAL_OPTIONS).copied().collect();
    expected.insert("--help");
    let help = said(&[command, &["--help"]].concat())?;
    let listed: BTreeSet<_> = help.lines().filter_map(option_of).collect();
    ensure!(listed == expected, "{command:?}: {listed:?}, not {expected:?}");
    Ok(())
}

#[test]
fn results_keep_their_fields() -> Result<()> {
    let town = Town::build()?;
    let program = Program::connected(BILLFOLD, town.network.address())?;
    let created = program.ok(&["new", "--words-out", "words"])?;
    has(&created, &["fingerprint", "birthday", "descriptors", "words_checked"])?;
    ensure!(created["birthday"]["time"].is_u64() && created["descriptors"][0].is_string());

    program.refused(2, "bad_amount", &["receive", "--amount", "0"])?;
    let received = program.ok(&["receive", "--amount", "25k", "--note", "rent"])?;
    has(&received, &["address", "uri", "index", "unused_before"])?;
    ensure!(received["uri"].as_str().is_some_and(|uri| uri.contains("amount=0.00025")));
    town.pay(&received["address"], 100_000)?;

    let synced = program.ok(&["sync"])?;
    let followed = [
        "height",
        "hash",
        "filter_headers",
        "filters_matched",
        "blocks_fetched",
        "payments_found",
        "peers",
        "peers_agreeing",
        "bytes_received",
        "seconds",
        "fallen",
        "search",
    ];
    has(&synced, &followed)?;
    ensure!(synced["payments_found"] == 1 && synced["peers"] == 1, "{synced}");
    ensure!(synced["peers_agreeing"] == 1 && synced["filter_headers"] == synced["height"]);

    let balance = program.ok(&["balance"])?;
    has(&balance, &["confirmed", "pending", "immature", "frozen", "accounts"])?;
    has(&balance["accounts"][0], &["account", "confirmed", "pending", "immature", "frozen"])?;
    ensure!(balance["confirmed"] == 100_000, "{balance}");

    let coins = program.ok(&["coins"])?;
    let coin = [
        "coin", "amount", "address", "account", "height", "immature", "frozen", "reserved", "note",
        "marks",
    ];
    has(&coins[0], &coin)?;
    ensure!(coins[0]["note"] == "rent", "{coins}");

    let history = program.ok(&["history"])?;
    let row = [
        "txid",
        "net",
        "fee",
        "state",
        "replaces",
        "replaced_by",
        "seen_by",
        "height",
        "time",
        "note",
        "marks",
    ];
    has(&history[0], &row)?;
    records_keep_their_fields(&program, &history[0]["txid"])?;
    ensure!(history[0]["net"] == 100_000 && history[0]["state"] == "confirmed", "{history}");

    let fees = program.ok(&["fees"])?;
    has(&fees, &["floor", "peers", "blocks_seen", "basis", "estimates"])?;
    has(&fees["estimates"][0], &["blocks", "fee_rate", "confidence"])?;
    ensure!(fees["floor"] == 0.1 && fees["peers"] == 1, "{fees}");
    let peers = program.ok(&["peers"])?;
    has(&peers, &["peers", "banned"])?;
    let peer = [
        "address",
        "ready",
        "reason",
        "role",
        "transport",
        "user_agent",
        "services",
        "height",
        "latency_ms",
        "bytes_received",
        "filters",
        "filters_differing",
    ];
    let first = &peers["peers"][0];
    has(first, &peer)?;
    ensure!(first["ready"] == true && first["filters"] == "agree", "{peers}");
    ensure!(first["role"] == "chain" && first["bytes_received"].as_u64() > Some(0), "{peers}");

    has(&program.ok(&["rescan", "--from", "1"])?, &followed)?;
    Ok(())
}

/// What is said of things, and carried in and out.
fn records_keep_their_fields(program: &Program, txid: &Value) -> Result<()> {
    let txid = txid.as_str().context("no txid")?;
    let address = [
        "address", "account", "branch", "index", "status", "amount", "issued", "expires",
        "received", "balance", "payments", "note", "marks",
    ];
    has(&program.ok(&["addresses"])?[0], &address)?;
    let label = program.ok(&["label", txid, "salary"])?;
    has(&label, &["type", "ref", "label", "spendable"])?;
    let found = program.ok(&["search", "salary"])?;
    has(&found[0], &["type", "ref", "matched", "label", "amount"])?;
    let entry = ["time", "txid", "state", "height", "net", "amount", "fee", "note"];
    has(&program.ok(&["export", "history"])?[0], &entry)?;
    has(&program.ok(&["export", "labels", "labels.jsonl"])?, &["file", "records"])?;
    let record = program.ok(&["export", "labels"])?;
    ensure!(record[1]["type"] == "tx" && record[1]["ref"] == txid, "{record}");
    let imported = [
        "format",
        "dry_run",
        "records",
        "added",
        "same",
        "conflicts",
        "overwritten",
        "unknown",
        "frozen",
        "unfrozen",
        "cut",
        "ignored",
        "refused",
    ];
    has(&program.ok(&["import", "labels", "labels.jsonl"])?, &imported)?;
    program.refused(2, "bad_reference", &["label", "nothing", "x"])?;
    program.refused(2, "bad_labels", &["import", "labels", "words"])?;
    program.refused(1, "file_exists", &["export", "labels", "labels.jsonl"])?;
    Ok(())
}

#[test]
fn payments_keep_their_fields() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 100_000)?;
    let payment = [
        "txid", "fee", "fee_rate", "change", "inputs", "hex", "psbt", "state", "purpose",
        "replaces", "package", "warnings",
    ];
    let pay = ["pay", STRANGER, "25k", "--fee-rate", "2.5", "--note", "rent"];

    let draft = program.ok(&[&pay[..], &["--dry-run"]].concat())?;
    has(&draft, &payment)?;
    ensure!(draft["state"] == "draft" && draft["txid"].is_null() && draft["hex"].is_null());
    ensure!(program.ok(&["coins"])?[0]["reserved"] == false, "a dry run keeps a coin");

    let paid = program.ok(&[&pay[..], &["--yes"]].concat())?;
    has(&paid, &payment)?;
    has(&paid["change"], &["address", "amount"])?;
    ensure!(paid["state"] == "announced" && paid["inputs"] == draft["inputs"], "{paid}");
    ensure!(paid["fee"] == draft["fee"], "what was shown is not what was paid");

    let list =
        format!("address,amount\n{STRANGER},1000\n{},2k\n", vector_wallet::address(84, 0, 7)?);
    fs::write(program.file("many.csv"), list)?;
    town.network.mine(1, &ScriptBuf::new_op_return([0; 4]));
    has(&program.ok(&["pay", "--file", "many.csv", "--yes"])?, &payment)?;
    Ok(())
}

#[test]
fn a_stranger_can_check_a_proof() -> Result<()> {
    let town = Town::build()?;
    let program = Program::connected(BILLFOLD, town.network.address())?;
    program.ok(&["new", "--words-out", "words"])?;
    let address = wallet_script(&program)?;
    // Beside payments to others, so that the way to the root has several steps.
    let mut paid = Vec::new();
    for number in 0..6 {
        let to =
            if number % 3 == 1 { address.clone() } else { town.network.faucet_script().into() };
        paid.push(town.network.pay(&to, Amount::from_sat(10_000 + number))?.to_string());
    }
    let unconfirmed = program.ok(&["sync"])?;
    ensure!(unconfirmed["payments_found"] == 0, "{unconfirmed}");
    town.network.mine(1, &ScriptBuf::new_op_return([0; 4]));
    for txid in [&paid[1], &paid[4]] {
        program.ok(&["sync"])?;
        let proof = program.ok(&["prove", txid])?;
        has(&proof, &PROOF)?;
        ensure!(proof["txid"] == **txid, "{proof}");
        ensure!(proof["branch"].as_array().map(Vec::len) == Some(3), "{proof}");
        ensure!(
            proof["peers"] == 1 && proof["peers_agreeing"][0] == town.network.address().to_string()
        );
        stranger::check(&proof)?;
        // Nothing in it can be changed.
        for field in ["hex", "block", "headers", "position", "branch", "filter_hash"] {
            let mut forged = proof.clone();
            let value = match &mut forged[field] {
                Value::Array(values) => values.first_mut().context("an empty list")?,
                value => value,
            };
            let value = if value.is_object() { &mut value["hash"] } else { value };
            *value = match &*value {
                Value::String(text) => text.chars().rev().collect::<String>().into(),
                value => (value.as_u64().context("a number")? ^ 1).into(),
            };
            ensure!(stranger::check(&forged).is_err(), "{field} can be forged");
        }
        town.network.mine_empty(9);
    }
    program.refused(2, "no_such_transaction", &["prove", &"0".repeat(64)])?;
    program.refused(2, "usage", &["prove", "nothing"])?;
    Ok(())
}

#[test]
fn a_restored_wallet_tells_its_accounts() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    fs::write(program.file("words"), vector_wallet::WORDS)?;
    let restore = ["restore", "--words-file", "words", "--birthday", "2021-03", "--accounts", "2"];
    let restored = program.ok(&[&restore[..], &["--types", "segwit,taproot"]].concat())?;
    has(&restored, &["fingerprint", "birthday", "accounts", "cost", "search"])?;
    ensure!(restored["birthday"]["time"] == 1_614_556_800, "{restored}");
    let accounts = restored["accounts"].as_array().context("no accounts")?;
    let found: BTreeSet<_> = accounts.iter().map(|account| account["account"].as_str()).collect();
    let expected = ["segwit", "taproot", "segwit/1", "taproot/1"].map(Some);
    ensure!(found == expected.into(), "{restored}");
    has(&accounts[0], &["account", "descriptor"])?;
    let address = &program.ok(&["receive"])?["address"];
    let preferred = vector_wallet::address(84, 0, 0)?.to_string();
    ensure!(*address == preferred, "the first type is not the preferred one: {address}");
    Ok(())
}

#[test]
fn what_is_typed_wrongly_is_named() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    program.refused(2, "usage", &["frobnicate"])?;
    program.refused(2, "usage", &["pay"])?;
    program.refused(2, "usage", &["new", "--words", "13"])?;
    program.refused(2, "usage", &["--connect", "nowhere", "sync"])?;
    program.refused(2, "bad_config", &["--wallet", "../main", "balance"])?;
    let error = program.refused(2, "bad_amount", &["pay", STRANGER, "0.5", "--yes"])?;
    let told = error["message"].as_str().context("no message")?;
    ensure!(told.contains("50000000") && told.contains("500"), "both readings are shown: {told}");
    program.refused(2, "bad_fee_rate", &["pay", STRANGER, "5k", "--fee-rate", "fast", "--yes"])?;
    fs::write(program.file("many.csv"), format!("{STRANGER},5k\n{STRANGER};5k\n"))?;
    let error = program.refused(2, "bad_payments", &["pay", "--file", "many.csv", "--yes"])?;
    ensure!(error["data"]["line"] == 2, "{error}");
    ensure!(error["code"] == -8, "{error}");
    Ok(())
}

#[test]
fn without_a_terminal_nothing_is_asked_or_created() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    program.refused(2, "no_terminal", &["new"])?;
    program.refused(2, "no_terminal", &["restore"])?;
    program.refused(3, "refused", &["pay", STRANGER, "5k"])?;
    program.refused(1, "no_such_wallet", &["balance"])?;
    ensure!(!program.data_dir().join("regtest/wallets/main.db").exists());

    program.ok(&["new", "--words-out", "words"])?;
    let mut command = Command::new(BILLFOLD);
    command.env_clear().env("HOME", program.file("")).stdin(Stdio::null());
    command.args(["--network", "regtest", "--data-dir"]).arg(program.data_dir());
    let output = command.arg("balance").output()?;
    let told = String::from_utf8(output.stderr)?;
    ensure!(output.status.code() == Some(2) && told.contains("--password-file"), "{told}");
    Ok(())
}

#[test]
fn settings_come_from_the_file_then_the_environment_then_the_command_line() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    let config = program.file(".config/billfold/config.toml");
    fs::create_dir_all(config.parent().context("no parent")?)?;
    fs::write(&config, "network = 'signet'\n[signet]\nwallet = 'from-file'\n")?;
    let asked_for = |environment: &[(&str, &str)], arguments: &[&str]| -> Result<Value> {
        let mut command = Command::new(BILLFOLD);
        command.env_clear().env("HOME", program.file("")).stdin(Stdio::null());
        command.env("BILLFOLD_PASSWORD_FILE", program.file("password"));
        command.envs(environment.iter().copied()).env("BILLFOLD_JSON", "1");
        let output = command.args(arguments).arg("balance").output()?;
        let answer: Value = serde_json::from_slice(&output.stdout)?;
        Ok(answer["error"]["data"]["wallet"].clone())
    };
    ensure!(asked_for(&[], &[])? == "from-file");
    let environment = [("BILLFOLD_WALLET", "from-environment")];
    ensure!(asked_for(&environment, &[])? == "from-environment");
    ensure!(asked_for(&environment, &["--wallet", "typed"])? == "typed");

    fs::write(&config, "pasword-file = 'x'\n")?;
    program.refused(2, "bad_config", &["balance"])?;
    Ok(())
}

/// A script whose variable is empty has no key: the next payment would pass for the last one.
#[test]
fn an_empty_idempotency_key_is_refused() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    program.refused(2, "usage", &["pay", STRANGER, "1k", "--yes", "--idempotency-key", ""])?;
    Ok(())
}

#[test]
fn what_was_pasted_can_not_steer_the_terminal() -> Result<()> {
    let pasted = format!("bitcoin:{STRANGER}?req-\u{1b}[2J\u{9b}2J=1");
    let output = Command::new(BILLFOLD)
        .args(["--network", "regtest", "pay", &pasted, "1k", "--yes"])
        .stdin(Stdio::null())
        .output()?;
    let told = String::from_utf8(output.stderr)?;
    ensure!(told.contains("req-"), "{told:?}");
    ensure!(!told.trim_end().chars().any(char::is_control), "{told:?}");
    Ok(())
}

#[test]
fn a_reader_that_leaves_ends_the_program_quietly() -> Result<()> {
    let mut help = Command::new(BILLFOLD)
        .arg("--help")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    drop(help.stdout.take());
    let output = help.wait_with_output()?;
    ensure!(output.status.code() == Some(0) && output.stderr.is_empty(), "{output:?}");

    let program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    let mut balance = program
        .command(&["balance"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    drop(balance.stdout.take());
    let output = balance.wait_with_output()?;
    ensure!(output.status.code() == Some(0) && output.stderr.is_empty(), "{output:?}");
    Ok(())
}

/// A script of the program's wallet.
fn wallet_script(program: &Program) -> Result<ScriptBuf> {
    let received = program.ok(&["receive"])?;
    let address: Address<_> = received["address"].as_str().context("no address")?.parse()?;
    Ok(address.assume_checked().script_pubkey())
}

/// What the program says on standard output to a command that needs no wallet.
fn said(arguments: &[&str]) -> Result<String> {
    let output = Command::new(BILLFOLD).args(arguments).stdin(Stdio::null()).output()?;
    ensure!(output.status.success(), "{arguments:?}: {output:?}");
    Ok(String::from_utf8(output.stdout)?)
}

/// The option that a line of help is about.
fn option_of(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let words = line.starts_with('-').then(|| line.split_whitespace())?;
    words.map(|word| word.trim_end_matches([',', '.'])).find(|word| word.starts_with("--"))
}

/// Exactly these fields, in any order.
fn has(object: &Value, fields: &[&str]) -> Result<()> {
    let found: BTreeSet<_> =
        object.as_object().with_context(|| format!("not an object: {object}"))?.keys().collect();
    let fields: BTreeSet<_> = fields.iter().map(|field| (*field).to_owned()).collect();
    ensure!(found == fields.iter().collect(), "{found:?}, not {fields:?}");
    Ok(())
}
