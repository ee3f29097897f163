//! Owns a real node on regtest, run by a test: btcd, or Bitcoin Core where `BITCOIND_EXE` names it.
//!
//! Refuses to share anything between tests: each node has its own ports and its own temporary
//! directory, and is killed when it is dropped. Blocks have current times, because btcd ignores
//! `getheaders` and `getcf*` while its tip is more than 24 hours old.

pub mod rpc;
pub mod software;
pub mod launch;
pub mod block;
pub mod purse;

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use billfold_wallet_core::light_client::dial::Wire;
use bitcoin::consensus::encode::{deserialize_hex, serialize_hex};
use bitcoin::{Amount, Block, BlockHash, ScriptBuf, Transaction, Txid};
use serde_json::{Value, json};

use launch::Launched;
use purse::Purse;
use software::Software;

/// A running node with a purse of mined coins.
#[derive(Debug)]
pub struct Node {
    software: Software,
    launched: Launched,
    purse: Purse,
}

impl Node {
    /// Starts a node on an empty chain, which speaks both transports.
    ///
    /// # Errors
    /// What the program or the system said.
    pub fn start(software: Software) -> Result<Self> {
        Self::start_over(software, Wire::V2)
    }

    /// Starts a node on an empty chain that speaks no newer transport than `wire`.
    ///
    /// # Errors
    /// What the program or the system said.
    pub fn start_over(software: Software, wire: Wire) -> Result<Self> {
        let purse = Purse::new()?;
        let launched = Launched::start(&software, wire, &purse.address())?;
        Ok(Self { software, launched, purse })
    }

    /// Starts a node whose purse can pay: 101 blocks and `more`.
    ///
    /// # Errors
    /// What the program or the system said.
    pub fn funded(software: Software, more: u32) -> Result<Self> {
        let node = Self::start(software)?;
        node.mine(101 + more)?;
        Ok(node)
    }

    /// The program that runs it.
    #[must_use]
    pub fn software(&self) -> &Software {
        &self.software
    }

    /// Where peers reach it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.launched.peer_address
    }

    /// Where it takes calls.
    #[must_use]
    pub fn rpc_address(&self) -> SocketAddr {
        self.launched.rpc.address()
    }

    /// Stops it cleanly and starts it again on the same ports with the same best chain and an
    /// empty mempool. btcd deletes a regtest chain when it starts, so it is given its blocks back.
    ///
    /// # Errors
    /// What the program or the system said.
    pub fn restart(&mut self) -> Result<()> {
        let (tip, _) = self.tip()?;
        let blocks = (1..=tip).map(|height| self.block(self.hash_at(height)?));
        let blocks = blocks.collect::<Result<Vec<_>>>()?;
        self.launched.restart(&self.software, &self.purse.address())?;
        let (kept, _) = self.tip()?;
        for (block, height) in blocks.iter().zip(1..).skip(usize::try_from(kept)?) {
            self.submit(block, height)?;
        }
        Ok(())
    }

    /// Kills it without a word, as a power cut does.
    ///
    /// # Errors
    /// What the system said.
    pub fn kill(&mut self) -> Result<()> {
        self.launched.kill()
    }

    /// Lets the node mine blocks with what its mempool holds; the coins go to the purse.
    ///
    /// # Errors
    /// What the node said.
    pub fn mine(&self, count: u32) -> Result<Vec<BlockHash>> {
        let reply = match self.software {
            Software::Btcd(_) => self.call("generate", &json!([count]))?,
            Software::Core(_) => {
                let address = self.purse.address().to_string();
                self.call("generatetoaddress", &json!([count, address]))?
            }
        };
        Ok(serde_json::from_value(reply)?)
    }

    /// Gives the node `count` blocks without payments on top of `parent`: if that is a longer
    /// branch, the node follows it, and payments of the other branch fall out of their blocks.
    ///
    /// # Errors
    /// Why the node refused a block.
    pub fn mine_empty_on(&self, parent: BlockHash, count: u32) -> Result<Vec<BlockHash>> {
        let mut hashes = Vec::new();
        let mut below = self.block(parent)?.header;
        let mut height = self.height_of(parent)?;
        for _ in 0..count {
            height += 1;
            let block = block::empty(&below, height, &self.purse.script());
            self.submit(&block, height)?;
            below = block.header;
            hashes.push(below.block_hash());
        }
        Ok(hashes)
    }

    /// The tip of the best chain.
    ///
    /// # Errors
    /// What the node said.
    pub fn tip(&self) -> Result<(u32, BlockHash)> {
        let hash: BlockHash = serde_json::from_value(self.call("getbestblockhash", &json!([]))?)?;
        Ok((self.height_of(hash)?, hash))
    }

    /// The block of the best chain at a height.
    ///
    /// # Errors
    /// What the node said.
    pub fn hash_at(&self, height: u32) -> Result<BlockHash> {
        Ok(serde_json::from_value(self.call("getblockhash", &json!([height]))?)?)
    }

    /// A block.
    ///
    /// # Errors
    /// What the node said.
    pub fn block(&self, hash: BlockHash) -> Result<Block> {
        let hex = self.call("getblock", &json!([hash, 0]))?;
        Ok(deserialize_hex(hex.as_str().context("getblock gave no hex")?)?)
    }

    /// Whether the node has a block of this hash.
    #[must_use]
    pub fn has_block(&self, hash: BlockHash) -> bool {
        self.height_of(hash).is_ok()
    }

    /// What waits to be mined.
    ///
    /// # Errors
    /// What the node said.
    pub fn mempool(&self) -> Result<Vec<Txid>> {
        Ok(serde_json::from_value(self.call("getrawmempool", &json!([]))?)?)
    }

    /// A transaction of the mempool.
    ///
    /// # Errors
    /// What the node said.
    pub fn mempool_transaction(&self, txid: Txid) -> Result<Transaction> {
        let hex = self.call("getrawtransaction", &json!([txid, 0]))?;
        Ok(deserialize_hex(hex.as_str().context("getrawtransaction gave no hex")?)?)
    }

    /// What the chain holds unspent at descriptors, each `{"desc", "range"}`; `None` from a program
    /// that can't say.
    ///
    /// # Errors
    /// What the node said.
    pub fn unspent(&self, descriptors: &[Value]) -> Result<Option<Amount>> {
        if let Software::Btcd(_) = self.software {
            return Ok(None);
        }
        let found = self.call("scantxoutset", &json!(["start", descriptors]))?;
        let sum = found["total_amount"].as_f64().context("scantxoutset gave no sum")?;
        Ok(Some(Amount::from_btc(sum)?))
    }

    /// Hands the node a transaction.
    ///
    /// # Errors
    /// Why the node refused it.
    pub fn send(&self, transaction: &Transaction) -> Result<Txid> {
        let hex = serialize_hex(transaction);
        Ok(serde_json::from_value(self.call("sendrawtransaction", &json!([hex]))?)?)
    }

    /// Pays scripts from the purse, in one transaction that waits in the mempool.
    ///
    /// # Errors
    /// That the purse has no mature coin, or why the node refused the transaction.
    pub fn pay_many(&mut self, outputs: &[(ScriptBuf, Amount)]) -> Result<Txid> {
        let (tip, _) = self.tip()?;
        let height = self.purse.next_coinbase();
        ensure!(height + 100 <= tip, "no mature coin left: mine {} more", height + 100 - tip);
        let coinbase = self.block(self.hash_at(height)?)?.txdata.swap_remove(0);
        let transaction = self.purse.spend(&coinbase, outputs)?;
        self.send(&transaction)
    }

    /// Pays scripts and mines the payment.
    ///
    /// # Errors
    /// As [`Self::pay_many`], or that the payment was not mined.
    pub fn pay_confirmed(&mut self, outputs: &[(ScriptBuf, Amount)]) -> Result<Txid> {
        let txid = self.pay_many(outputs)?;
        let mined = self.block(self.mine(1)?[0])?;
        let found = mined.txdata.iter().any(|transaction| transaction.compute_txid() == txid);
        ensure!(found, "{txid} was not mined");
        Ok(txid)
    }

    /// Hands the node a block, which is at this height of its branch.
    ///
    /// # Errors
    /// Why the node refused it.
    pub fn submit(&self, block: &Block, height: u32) -> Result<()> {
        let refusal = self.call("submitblock", &json!([serialize_hex(block)]))?;
        let on_a_side_branch = refusal.as_str() == Some("inconclusive");
        ensure!(refusal.is_null() || on_a_side_branch, "block {height} refused: {refusal}");
        Ok(())
    }

    /// Asks until the mempool holds a transaction: a node has no event for it over this interface.
    ///
    /// # Errors
    /// That it did not come within the bound.
    pub fn await_in_mempool(&self, txid: Txid) -> Result<()> {
        for _ in 0..MEMPOOL_TRIES {
            if self.mempool()?.contains(&txid) {
                return Ok(());
            }
            std::thread::sleep(BETWEEN_TRIES);
        }
        bail!("{txid} did not reach the node's mempool")
    }

    fn height_of(&self, hash: BlockHash) -> Result<u32> {
        let header = self.call("getblockheader", &json!([hash, true]))?;
        let height = header.get("height").and_then(Value::as_u64).context("no height")?;
        Ok(u32::try_from(height)?)
    }

    /// Calls a method of its own JSON-RPC.
    ///
    /// # Errors
    /// The node's own error, or what the connection said.
    pub fn call(&self, method: &str, parameters: &Value) -> Result<Value> {
        self.launched.rpc.call(method, parameters)
    }
}

/// Runs a test against every node software that is there; without any the test says so and
/// passes, or fails where `BILLFOLD_REQUIRE_NODE=1`.
///
/// # Panics
/// When the test fails, or when there is no node and one is required.
#[allow(clippy::print_stderr, clippy::panic, reason = "this is the body of a test")]
#[track_caller]
pub fn on_each_node(test: impl Fn(Software) -> Result<()>) {
    let nodes = match software::find() {
        Ok(nodes) => nodes,
        Err(reason) if software::is_required() => panic!("a node is required: {reason:#}"),
        Err(reason) => {
            eprintln!("skipped: needs go or BTCD_EXE ({reason:#})");
            return;
        }
    };
    for node in nodes {
        let name = node.to_string();
        if let Err(error) = test(node) {
            panic!("with {name}: {error:#}");
        }
    }
}

const MEMPOOL_TRIES: u32 = 2_400;
const BETWEEN_TRIES: std::time::Duration = std::time::Duration::from_millis(50);
