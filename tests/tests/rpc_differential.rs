//! Owns the proof that the daemon answers as Bitcoin Core does, asked side by side with one that
//! `BITCOIND_EXE` names: HTTP, the envelope and what needs no wallet byte for byte, and what two
//! wallets of the same keys tell of the same chain.
//!
//! Refuses differences that the tables beside it don't name, with the reason.

#[path = "differential/known.rs"]
mod known;
#[path = "differential/pure.rs"]
mod pure;
#[path = "differential/wallet.rs"]
mod wallet;
#[path = "differential/wire.rs"]
mod wire;

use std::fs;

use anyhow::{Context, Result};
use billfold_tests::daemon::{Asker, Daemon};
use billfold_tests::node::Node;
use billfold_tests::node::rpc::{PASSWORD, USER};
use billfold_tests::node::software::{self, Software};
use billfold_tests::program::Program;
use billfold_tests::twins::{Known, Twins};
use billfold_tests::vector_wallet;
use serde_json::json;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// A Core with coins, and a daemon that follows it.
struct Pair {
    node: Node,
    daemon: Daemon,
    twins: Twins,
    _program: Program,
}

impl Pair {
    /// Both, the daemon with an account for each type of address.
    fn start(core: Software, known: &'static [Known]) -> Result<Self> {
        let node = Node::funded(core, 10)?;
        let program = Program::connected(BILLFOLD, node.address())?;
        fs::write(program.file("words"), vector_wallet::WORDS)?;
        program.ok(&["restore", "--words-file", "words", "--birthday", "0"])?;
        program.ease()?;
        for kind in ["segwit", "nested", "legacy"] {
            program.ok(&["account", "add", "--type", kind, "--birthday", "0"])?;
        }
        let daemon = Daemon::start(&program, &["--fallback-fee", "0.00001"])?;
        daemon.await_height(node.tip()?.0)?;
        let asker = |address, login: &str| Asker { address, login: login.to_owned() };
        let core = asker(node.rpc_address(), &format!("{USER}:{PASSWORD}"));
        let ours = asker(daemon.address, &daemon.login);
        let twins = Twins::new(core, ours, known);
        Ok(Self { node, daemon, twins, _program: program })
    }

    fn stop(self) -> Result<usize> {
        self.daemon.stop()?;
        self.twins.finish()
    }
}

#[test]
fn what_needs_no_wallet_is_answered_byte_for_byte_as_by_core() -> Result<()> {
    let Some(core) = core() else { return Ok(()) };
    let pair = Pair::start(core, known::PURE)?;
    for (method, params) in pure::calls()? {
        pair.twins.compare(&method, &params).with_context(|| format!("{method} {params}"))?;
    }
    told(pair.stop()?);
    Ok(())
}

#[test]
fn requests_are_taken_and_refused_as_by_core() -> Result<()> {
    let Some(core) = core() else { return Ok(()) };
    let pair = Pair::start(core, known::WIRE)?;
    for (verb, path, body) in wire::REQUESTS {
        pair.twins.compare_request(verb, path, body)?;
    }
    told(pair.stop()?);
    Ok(())
}

#[test]
fn two_wallets_of_the_same_keys_tell_the_same() -> Result<()> {
    let Some(core) = core() else { return Ok(()) };
    let mut pair = Pair::start(core, known::WALLET)?;
    pair.twins.core.call("createwallet", &json!(["twin", false, true]))?;
    pair.twins.paths = ("/wallet/twin", "/wallet/main");
    wallet::walk(&mut pair)?;
    told(pair.stop()?);
    Ok(())
}

#[allow(clippy::print_stderr, reason = "a test that is not run says so")]
fn core() -> Option<Software> {
    let core = software::core();
    if core.is_none() {
        eprintln!("skipped: needs BITCOIND_EXE, see docs/testing.md");
    }
    core
}

#[allow(clippy::print_stderr, reason = "how much was compared")]
fn told(count: usize) {
    eprintln!("{count} calls compared");
}
