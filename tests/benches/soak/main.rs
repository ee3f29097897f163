//! Owns the soak: one daemon lives in front of a real node for an hour, is paid and pays, sees
//! branches leave and the node die, and is asked all the while; what it takes of memory,
//! descriptors and disk is told every minute, and judged at the end.
//!
//! ```sh
//! cargo bench --bench soak -- 3600
//! BITCOIND_EXE=/usr/bin/bitcoind cargo bench --bench soak -- 3600
//! ```
//!
//! Refuses to judge by time. Memory is flat if it grows by no more than `vitals` allows. In front of
//! Bitcoin Core the wallet's sum is held against the chain's unspent outputs; btcd can't be asked.

#![allow(clippy::print_stdout, reason = "a table of figures is what this program is for")]

mod vitals;

use std::env;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::Daemon;
use billfold_tests::node::Node;
use billfold_tests::node::software::{self, Software};
use billfold_tests::program::Program;
use bitcoin::{Address, Amount, Txid};
use serde_json::{Value, json};

use vitals::Vitals;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

fn main() -> Result<()> {
    let seconds = env::args().find_map(|word| word.parse().ok()).unwrap_or(SECONDS);
    // The last one that is there is Bitcoin Core, whose set of unspent outputs can be asked.
    let software = software::find()?.pop().context("a soak takes a node")?;
    println!("{seconds} s in front of {software}\n");
    let mut life = Life::begin(software)?;
    life.live(Duration::from_secs(seconds))?;
    life.end()
}

/// A wallet's daemon, its node, and what happened by now.
struct Life {
    node: Node,
    program: Program,
    daemon: Daemon,
    paid: Vec<Txid>,
    seen: Vec<Vitals>,
    tally: Tally,
}

/// How often each thing happened.
#[derive(Debug, Default, Clone)]
struct Tally {
    blocks: u32,
    payments_in: u32,
    payments_out: u32,
    bumps: u32,
    reorganisations: u32,
    restarts_of_node: u32,
    commands: u32,
    wallets_loaded: u32,
    calls: u32,
    sums_checked: u32,
}

impl Life {
    fn begin(software: Software) -> Result<Self> {
        let node = Node::funded(software, 20)?;
        let program = Program::connected(BILLFOLD, node.address())?;
        program.ok(&["new", "--words-out", "words"])?;
        program.ease()?;
        let daemon = Daemon::start(&program, &[])?;
        daemon.call("createwallet", &json!([SECOND]))?;
        daemon.call("unloadwallet", &json!([SECOND]))?;
        let (paid, seen, tally) = (Vec::new(), Vec::new(), Tally::default());
        Ok(Self { node, program, daemon, paid, seen, tally })
    }

    fn live(&mut self, time: Duration) -> Result<()> {
        let began = Instant::now();
        println!("{}", Vitals::HEADING);
        let mut told = 0;
        for round in 1.. {
            let due = began + ROUND * round;
            self.round(round).with_context(|| format!("round {round}: {:?}", self.tally))?;
            let minute = began.elapsed().as_secs() / 60;
            if minute > told {
                told = minute;
                self.tell(minute)?;
            }
            if began.elapsed() >= time {
                return Ok(());
            }
            // Blocks that come faster would have times ahead of the clock.
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        Ok(())
    }

    fn round(&mut self, round: u32) -> Result<()> {
        self.receive()?;
        self.pay()?;
        let is_time = |every: u32| round.is_multiple_of(every);
        if is_time(BUMP_EVERY) {
            self.bump()?;
        }
        self.mine()?;
        if is_time(REORGANISE_EVERY) {
            self.reorganise()?;
        }
        if is_time(RESTART_EVERY) {
            self.restart_node()?;
        }
        if is_time(COMMAND_EVERY) {
            self.program.ok(&["history"])?;
            self.tally.commands += 1;
        }
        if is_time(LOAD_EVERY) {
            self.daemon.call("loadwallet", &json!([SECOND]))?;
            self.daemon.call("unloadwallet", &json!([SECOND]))?;
            self.tally.wallets_loaded += 1;
        }
        self.ask()?;
        if is_time(CHECK_EVERY) { self.check() } else { Ok(()) }
    }

    /// Two payments in one transaction of a stranger, to a fresh address and to the same again.
    fn receive(&mut self) -> Result<()> {
        let address: String = self.daemon.read("getnewaddress", &json!([]))?;
        let script = address.parse::<Address<_>>()?.assume_checked().script_pubkey();
        let outputs = [150_000, 90_000].map(|sats| (script.clone(), Amount::from_sat(sats)));
        self.node.pay_many(&outputs)?;
        self.tally.payments_in += 1;
        Ok(())
    }

    fn pay(&mut self) -> Result<()> {
        let balance: f64 = self.daemon.read("getbalance", &json!([]))?;
        if balance < 0.002 {
            return Ok(());
        }
        let call = json!({"address": STRANGER, "amount": "0.001", "fee_rate": 2});
        let txid: Txid = self.daemon.read("sendtoaddress", &call)?;
        self.node.await_in_mempool(txid)?;
        self.paid.push(txid);
        self.tally.payments_out += 1;
        Ok(())
    }

    fn bump(&mut self) -> Result<()> {
        let Some(last) = self.paid.last() else { return Ok(()) };
        let bumped = self.daemon.call("bumpfee", &json!([last, {"fee_rate": 9}]))?;
        let txid = serde_json::from_value(bumped["txid"].clone())?;
        self.node.await_in_mempool(txid)?;
        self.paid.push(txid);
        self.tally.bumps += 1;
        Ok(())
    }

    fn mine(&mut self) -> Result<()> {
        self.node.mine(1)?;
        self.tally.blocks += 1;
        self.follow()
    }

    /// The two newest blocks leave, and what was in them waits again.
    fn reorganise(&mut self) -> Result<()> {
        let (tip, _) = self.node.tip()?;
        self.node.mine_empty_on(self.node.hash_at(tip - 2)?, 3)?;
        self.tally.blocks += 3;
        self.tally.reorganisations += 1;
        self.follow()?;
        self.mine()
    }

    fn restart_node(&mut self) -> Result<()> {
        self.node.restart()?;
        self.tally.restarts_of_node += 1;
        self.mine()
    }

    /// Waits until the wallet has seen the node's tip, by the call that waits for it.
    fn follow(&mut self) -> Result<()> {
        let (tip, hash) = self.node.tip()?;
        let seen = self.daemon.call("waitforblock", &json!([hash, PATIENCE_MS]))?;
        ensure!(seen["height"] == tip, "block {tip} was not seen: {seen}");
        Ok(())
    }

    /// What scripts ask, and what they ask wrongly.
    fn ask(&mut self) -> Result<()> {
        for (method, params) in [
            ("listtransactions", json!(["*", 20])),
            ("listunspent", json!({"query_options": {"maximumCount": 20}})),
            ("getwalletinfo", json!([])),
            ("getpeerinfo", json!([])),
            ("getblockchaininfo", json!([])),
        ] {
            self.daemon.call(method, &params)?;
            self.tally.calls += 1;
        }
        self.daemon.refused(404, -32601, "getbalanec", &json!([]))?;
        self.daemon.post("/", "{\"method\":")?;
        self.tally.calls += 2;
        Ok(())
    }

    /// The wallet's sum is that of its coins, and of the chain.
    fn check(&mut self) -> Result<()> {
        let coins = self.daemon.call("listunspent", &json!([1]))?;
        let coins = coins.as_array().context("no list")?;
        let sum: Amount = coins.iter().map(|coin| amount(&coin["amount"])).sum::<Result<_>>()?;
        let accounts = self.daemon.call("listdescriptors", &json!([]))?;
        let described = accounts["descriptors"].as_array().context("no descriptors")?;
        let scanned: Vec<Value> = described
            .iter()
            .map(|one| json!({"desc": one["desc"], "range": one["range"]}))
            .collect();
        if let Some(chain) = self.node.unspent(&scanned)? {
            ensure!(sum == chain, "the wallet has {sum} in blocks, the chain {chain}");
            self.tally.sums_checked += 1;
        }
        Ok(())
    }

    fn tell(&mut self, minute: u64) -> Result<()> {
        let info = self.daemon.call("getwalletinfo", &json!([]))?;
        let transactions = info["txcount"].as_u64().context("no count")?;
        let vitals = Vitals::of(self.daemon.running.id(), &self.program.data_dir(), transactions)?;
        println!("{}", vitals.row(minute));
        self.seen.push(vitals);
        Ok(())
    }

    /// Mines what waits, checks once more, ends the daemon, and judges.
    fn end(mut self) -> Result<()> {
        self.mine()?;
        self.check()?;
        println!("\n{:#?}", self.tally);
        self.daemon.stop()?;
        vitals::judge(&self.seen)
    }
}

fn amount(value: &Value) -> Result<Amount> {
    Ok(Amount::from_btc(value.as_f64().context("no amount")?)?)
}

/// How long it lives, unless an argument says otherwise.
const SECONDS: u64 = 3_600;

/// The least time of a round, which mines a block.
const ROUND: Duration = Duration::from_secs(3);

const BUMP_EVERY: u32 = 5;
const REORGANISE_EVERY: u32 = 10;
const COMMAND_EVERY: u32 = 15;
const CHECK_EVERY: u32 = 20;
const LOAD_EVERY: u32 = 40;
const RESTART_EVERY: u32 = 60;

/// A block that is not seen within this is taken for lost.
const PATIENCE_MS: u32 = 180_000;

/// A wallet that is loaded now and then.
const SECOND: &str = "second";

/// Whom to pay.
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
