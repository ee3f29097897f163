//! Owns a play-money network for tests of the program: a faucet that pays it, blocks on demand.
//!
//! Refuses to run the program itself: `program` does.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billfold_devnet::Devnet;
use bitcoin::{Address, Amount, ScriptBuf, Txid};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::daemon::Daemon;
use crate::program::Program;

/// A play-money network with a faucet.
pub struct Town {
    runtime: Runtime,
    /// The network.
    pub network: Devnet,
}

impl Town {
    /// Starts a network.
    ///
    /// # Errors
    /// What the system refused.
    pub fn build() -> Result<Self> {
        let runtime = Runtime::new()?;
        let network = runtime.block_on(async { Devnet::start() })?;
        network.fund_faucet();
        Ok(Self { runtime, network })
    }

    /// Pays an address from the faucet, in a block.
    ///
    /// # Errors
    /// If it is no address, or the network refuses.
    pub fn pay(&self, address: &Value, amount: u64) -> Result<()> {
        let address: Address<_> = address.as_str().context("no address")?.parse()?;
        self.network.pay(&address.assume_checked().script_pubkey(), Amount::from_sat(amount))?;
        self.mine();
        Ok(())
    }

    /// Waits until a payment is in the network's memory.
    ///
    /// # Errors
    /// If it does not come.
    pub fn await_payment(&self, txid: Txid) -> Result<()> {
        let waited = async { timeout(PATIENCE, self.network.wait_for_mempool(txid)).await };
        self.runtime.block_on(waited).with_context(|| format!("{txid} was never sent"))
    }

    /// Mines a block with what waits.
    pub fn mine(&self) {
        self.network.mine(1, &ScriptBuf::new_op_return([0; 4]));
    }

    /// A synced wallet of the program at `path`, with one confirmed coin.
    ///
    /// # Errors
    /// If the program fails, or shows another balance.
    pub fn wallet_with(&self, path: &str, amount: u64) -> Result<Program> {
        let program = Program::connected(path, self.network.address())?;
        program.ok(&["new", "--words-out", "words"])?;
        program.ease()?;
        self.pay(&program.ok(&["receive"])?["address"], amount)?;
        program.ok(&["sync"])?;
        ensure!(program.ok(&["balance"])?["confirmed"] == amount);
        Ok(program)
    }

    /// The daemon of a program, once it has seen this network's tip.
    ///
    /// # Errors
    /// If the program fails, or never sees it.
    pub fn serve(&self, program: &Program) -> Result<Daemon> {
        let daemon = Daemon::start(program, &[])?;
        daemon.await_height(self.network.tip().0)?;
        Ok(daemon)
    }
}

/// No payment takes this long to be sent unless it never is.
const PATIENCE: Duration = Duration::from_secs(180);
