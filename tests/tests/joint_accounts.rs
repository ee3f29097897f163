//! Owns the promise that accounts of several signers pay in front of a real node: every kind of
//! script, both signers together, and one of them alone once the wait is over.
//!
//! Runs with btcd, and with Bitcoin Core too where `BITCOIND_EXE` names it.

use anyhow::{Context, Result, ensure};
use billfold_tests::node::software::Software;
use billfold_tests::node::{Node, on_each_node};
use billfold_tests::program::Program;
use bitcoin::{Address, Amount, Network};
use serde_json::Value;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// Blocks until one signer suffices.
const WAIT: u32 = 6;

/// Two people with accounts of both of their keys.
struct Pair {
    node: Node,
    first: Program,
    second: Program,
}

impl Pair {
    fn new(software: Software) -> Result<Self> {
        let node = Node::funded(software, 10)?;
        let [first, second] = [0, 1].map(|_| Program::connected(BILLFOLD, node.address()));
        let (first, second) = (first?, second?);
        for program in [&first, &second] {
            program.ok(&["new", "--words-out", "words"])?;
            program.ease()?;
        }
        Ok(Self { node, first, second })
    }

    /// Both get an account by these options, called as its kind of script.
    fn join(&self, script: &str, policy: &[&str]) -> Result<()> {
        let key = |program: &Program| -> Result<String> {
            text(&program.ok(&["account", "key", "--script", script])?["key"])
        };
        let (one, two) = (key(&self.first)?, key(&self.second)?);
        let name = joint(script);
        let add = |program: &Program, keys: [&str; 2]| -> Result<()> {
            let keys = ["--key", keys[0], "--key", keys[1], "--script", script, "--name", &name];
            program.ok(&[&["account", "add"], policy, &keys[..]].concat())?;
            program.ok(&["account", "prefer", &name])?;
            program.ok(&["sync"]).map(drop)
        };
        add(&self.first, ["mine", &two])?;
        add(&self.second, [&one, "mine"])
    }

    /// Pays the account that was made last, and has both of them see it.
    fn fund(&mut self) -> Result<()> {
        let received = self.first.ok(&["receive", "--new"])?;
        let address: Address<_> = text(&received["address"])?.parse()?;
        let script = address.require_network(Network::Regtest)?.script_pubkey();
        self.node.pay_confirmed(&[(script, Amount::from_sat(200_000))])?;
        for program in [&self.first, &self.second] {
            program.ok(&["sync"])?;
        }
        Ok(())
    }

    /// Both sign, and the payment confirms.
    fn pay_together(&self, script: &str) -> Result<()> {
        let account = joint(script);
        let create = ["psbt", "create", TO, "50k", "--account", &account, "--fee-rate", "2"];
        let draft = text(&self.first.ok(&create)?["psbt"])?;
        let part = text(&self.first.ok(&["psbt", "sign", &draft, "--yes"])?["psbt"])?;
        let whole = text(&self.second.ok(&["psbt", "sign", &part, "--yes"])?["psbt"])?;
        let paid = self.second.ok(&["psbt", "announce", &whole, "--yes"])?;
        self.confirms(&self.second, &paid)
    }

    /// One pays without the other, once the wait is over.
    fn pay_alone(&self, script: &str, program: &Program) -> Result<()> {
        self.node.mine(WAIT)?;
        let account = joint(script);
        let paid =
            program.ok(&["pay", TO, "50k", "--account", &account, "--fee-rate", "2", "--yes"])?;
        self.confirms(program, &paid)
    }

    fn confirms(&self, program: &Program, paid: &Value) -> Result<()> {
        self.node.await_in_mempool(text(&paid["txid"])?.parse()?)?;
        self.node.mine(1)?;
        program.ok(&["sync"])?;
        let history = program.ok(&["history"])?;
        let row =
            history.as_array().and_then(|rows| rows.iter().find(|row| row["txid"] == paid["txid"]));
        ensure!(row.is_some_and(|row| row["state"] == "confirmed"), "{history}");
        Ok(())
    }
}

#[test]
fn two_signers_pay_together_from_every_kind_of_script() {
    on_each_node(|software| {
        let mut pair = Pair::new(software)?;
        for script in ["nested", "segwit", "taproot"] {
            pair.join(script, &["--multisig", "2"])?;
            pair.fund()?;
            pair.pay_together(script).with_context(|| script.to_owned())?;
        }
        Ok(())
    });
}

#[test]
fn an_expanding_policy_pays_with_both_before_its_wait_is_over() {
    on_each_node(|software| {
        let mut pair = Pair::new(software)?;
        let wait = WAIT.to_string();
        for script in ["segwit", "taproot"] {
            pair.join(script, &["--expanding", "2", "--after", &wait])?;
            pair.fund()?;
            pair.pay_together(script).with_context(|| script.to_owned())?;
        }
        Ok(())
    });
}

#[test]
fn an_heir_pays_alone_once_the_wait_is_over() {
    on_each_node(|software| {
        let mut pair = Pair::new(software)?;
        let wait = WAIT.to_string();
        for script in ["segwit", "taproot"] {
            pair.join(script, &["--heir", "--after", &wait])?;
            pair.fund()?;
            pair.pay_alone(script, &pair.second).with_context(|| script.to_owned())?;
        }
        Ok(())
    });
}

/// What the accounts are called.
fn joint(script: &str) -> String {
    format!("joint-{script}")
}

fn text(value: &Value) -> Result<String> {
    value.as_str().map(ToOwned::to_owned).with_context(|| format!("{value} is no text"))
}

/// An address of nobody here.
const TO: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
