//! Owns the promise that other wallets drive the signing device as it is: `hwi` 3.2.0, unmodified,
//! against the emulator. Payments are built by billfold, signed through `hwi`, and mined by a real
//! node.

use std::fs;
use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use billfold_tests::node::software::Software;
use billfold_tests::node::{Node, on_each_node};
use billfold_tests::program::Program;
use billfold_tests::signer::{Hwi, Signer, free_port, with_hwi};
use billfold_tests::vector_wallet::{self, WORDS};
use bitcoin::Amount;
use serde_json::Value;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// The master key's fingerprint of [`WORDS`].
const FINGERPRINT: &str = "73c5da0a";

/// Words of a second device.
const OTHER_WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank \
                           yellow";

/// Where `hwi` looks for an emulator by itself.
const USUAL_PORT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 30_121);

#[test]
fn the_device_is_found_and_answers() {
    with_hwi(|hwi| {
        let signer = Signer::agreeing(USUAL_PORT, WORDS)?;
        let found = hwi.run(&["--emulators", "enumerate"])?;
        let device = found.as_array().and_then(|devices| devices.first()).context("no device")?;
        ensure!(device["fingerprint"] == FINGERPRINT && device.get("error").is_none(), "{found}");
        let by_fingerprint = ["--emulators", "--fingerprint", FINGERPRINT, "getmasterxpub"];
        let master = hwi.run(&by_fingerprint)?;
        ensure!(master == hwi.on(&signer, &["getxpub", "m/84h/1h/0h"])?, "{master}");
        let key = master["xpub"].as_str().context("no xpub")?;

        let descriptors = hwi.on(&signer, &["getdescriptors"])?;
        for (branch, index) in [("receive", 0), ("internal", 1)] {
            let list = descriptors[branch].as_array().context("no descriptors")?;
            let own = format!("wpkh([{FINGERPRINT}/84h/1h/0h]{key}/{index}/*)");
            let found = list.iter().filter_map(Value::as_str).any(|text| text.starts_with(&own));
            ensure!(found, "{own} is not in {descriptors}");
        }
        let told = hwi.on(&signer, &["signmessage", "I was here", "m/84h/1h/0h/0/0"])?;
        ensure!(told["signature"].as_str().is_some_and(|text| text.len() == 88), "{told}");
        Ok(())
    });
}

#[test]
fn addresses_are_those_of_the_words() {
    with_hwi(|hwi| {
        let signer = Signer::agreeing(free_port()?, WORDS)?;
        for (kind, purpose) in [("wit", 84), ("sh_wit", 49), ("legacy", 44)] {
            let path = format!("m/{purpose}h/1h/0h/0/7");
            let shown =
                hwi.on(&signer, &["displayaddress", "--path", &path, "--addr-type", kind])?;
            let own = vector_wallet::address(purpose, 0, 7)?.to_string();
            ensure!(shown["address"] == own, "{kind}: {shown} is not {own}");
        }
        Ok(())
    });
}

#[test]
fn payments_of_one_and_of_a_hundred_coins_are_signed_and_mined() {
    with_hwi(|hwi| {
        on_each_node(|software| {
            pays(hwi, software.clone(), "wpkh", 84, 1)?;
            pays(hwi, software, "wpkh", 84, 100)
        });
        Ok(())
    });
}

#[test]
fn payments_of_the_older_scripts_are_signed_and_mined() {
    with_hwi(|hwi| {
        on_each_node(|software| {
            pays(hwi, software.clone(), "sh(wpkh", 49, 2)?;
            pays(hwi, software, "pkh", 44, 2)
        });
        Ok(())
    });
}

#[test]
fn two_devices_of_three_sign_and_the_address_is_on_both() {
    with_hwi(|hwi| {
        on_each_node(|software| of_three(hwi, software));
        Ok(())
    });
}

/// Pays a stranger all of `coins` coins, signed by the device.
fn pays(hwi: &Hwi, software: Software, script: &str, purpose: u32, coins: u32) -> Result<()> {
    let mut node = Node::funded(software, 20)?;
    let signer = Signer::agreeing(free_port()?, WORDS)?;
    let path = format!("m/{purpose}h/1h/0h");
    let key = hwi.on(&signer, &["getxpub", &path])?;
    let origin = format!("[{FINGERPRINT}/{purpose}h/1h/0h]");
    let close = if script.contains('(') { "))" } else { ")" };
    let descriptor = format!("{script}({origin}{}/<0;1>/*{close}", text(&key["xpub"])?);
    let program = watching(&node, &descriptor)?;

    let address = vector_wallet::address(purpose, 0, 0)?.script_pubkey();
    // Ten at a time: every input brings the transaction that it spends from.
    let mut left = coins;
    while left > 0 {
        let now = left.min(10);
        let outputs: Vec<_> =
            (0..now).map(|_| (address.clone(), Amount::from_sat(50_000))).collect();
        node.pay_confirmed(&outputs)?;
        left -= now;
    }
    program.ok(&["sync"])?;
    let psbt = draft(&program)?;
    let answer = hwi.on(&signer, &["signtx", &psbt])?;
    announced(&program, &node, text(&answer["psbt"])?)
}

fn of_three(hwi: &Hwi, software: Software) -> Result<()> {
    let mut node = Node::funded(software, 20)?;
    let first = Signer::agreeing(free_port()?, WORDS)?;
    let second = Signer::agreeing(free_port()?, OTHER_WORDS)?;
    let path = "48h/1h/0h/2h";
    let key = |signer: &Signer| -> Result<String> {
        let found = hwi.on(signer, &["getxpub", &format!("m/{path}")])?;
        Ok(text(&found["xpub"])?.to_owned())
    };
    // Nobody has the third one here.
    let third = "[adb65d6a/48h/1h/0h/2h]tpubDF2nzxPJG17hqCyq8fSNuigcbReuV7NFJs1Ua6xrTu2xDKzJRhEgNECUJb2tZgpmtg4PQiVaQCeV4hM5FyigcB6hizaVCBR1yns4riEYHM4";
    let keys = [
        format!("[{FINGERPRINT}/{path}]{}", key(&first)?),
        format!("[{OTHER_FINGERPRINT}/{path}]{}", key(&second)?),
        third.to_owned(),
    ];
    let of = |branch: &str| {
        let keys: Vec<String> = keys.iter().map(|key| format!("{key}/{branch}")).collect();
        format!("wsh(sortedmulti(2,{}))", keys.join(","))
    };
    let program = watching(&node, &of("<0;1>/*"))?;
    let address = text(&program.ok(&["receive"])?["address"])?.to_owned();
    for signer in [&first, &second] {
        let shown = hwi.on(signer, &["displayaddress", "--desc", &of("0/0")])?;
        ensure!(shown["address"] == address, "{shown} is not {address}");
    }

    let script = address.parse::<bitcoin::Address<_>>()?.assume_checked().script_pubkey();
    node.pay_confirmed(&[(script, Amount::from_sat(300_000))])?;
    program.ok(&["sync"])?;
    let psbt = draft(&program)?;
    let once = hwi.on(&first, &["signtx", &psbt])?;
    let twice = hwi.on(&second, &["signtx", text(&once["psbt"])?])?;
    announced(&program, &node, text(&twice["psbt"])?)
}

/// A wallet that watches a descriptor and has no keys.
fn watching(node: &Node, descriptor: &str) -> Result<Program> {
    let program = Program::connected(BILLFOLD, node.address())?;
    program.ok(&["watch", descriptor, "--birthday", "0"])?;
    program.ok(&["sync"])?;
    Ok(program)
}

/// A payment to a stranger of half of what is there, with change: as base64.
fn draft(program: &Program) -> Result<String> {
    let balance = program.ok(&["balance"])?;
    let all = balance["confirmed"].as_u64().context("no balance")?;
    // All coins are needed for all but a little, and a little comes back.
    let amount = (all - all / 20).to_string();
    let draft = program.ok(&["psbt", "create", STRANGER, &amount, "--fee-rate", "2"])?;
    Ok(text(&draft["psbt"])?.to_owned())
}

/// Sends a signed payment and sees it mined.
fn announced(program: &Program, node: &Node, psbt: &str) -> Result<()> {
    fs::write(program.file("signed.psbt"), psbt)?;
    let sent = program.ok(&["psbt", "announce", "signed.psbt", "--yes"])?;
    let txid = text(&sent["txid"])?.parse()?;
    node.await_in_mempool(txid)?;
    let block = node.block(node.mine(1)?[0])?;
    ensure!(block.txdata.iter().any(|transaction| transaction.compute_txid() == txid), "{sent}");
    Ok(())
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("no text: {value}"))
}

/// The address of somebody else.
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// The master key's fingerprint of [`OTHER_WORDS`].
const OTHER_FINGERPRINT: &str = "b8688df1";
