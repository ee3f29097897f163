//! Owns `Devnet`, the handle on the network. (being built)
#![allow(clippy::todo, unused_variables, clippy::unused_async, reason = "being built")]

use std::io;
use std::net::SocketAddr;

use bitcoin::{Amount, Block, BlockHash, Script, ScriptBuf, Transaction, Txid};

use crate::{MineError, PayError, Rejected};

/// A handle on a running network. Clones share it; it stops when the last one is dropped.
#[derive(Debug, Clone)]
pub struct Devnet {}

impl Devnet {
    /// Starts a network that has only regtest's genesis block, served on a free port of 127.0.0.1
    /// by tasks on the current tokio runtime.
    ///
    /// # Errors
    /// Outside a tokio runtime, or when no port can be bound.
    pub fn start() -> io::Result<Self> {
        todo!()
    }

    /// Where peers connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        todo!()
    }

    /// The tip of the best chain: most work, the first seen of equals.
    #[must_use]
    pub fn tip(&self) -> (u32, BlockHash) {
        todo!()
    }

    /// Mines blocks on the tip, whose coinbases pay `to`; the first take what the mempool has,
    /// best fee rates first, parents before children.
    pub fn mine(&self, count: u32, to: &Script) -> Vec<BlockHash> {
        todo!()
    }

    /// Mines blocks on the tip without any transaction of the mempool; the faucet earns them.
    pub fn mine_empty(&self, count: u32) -> Vec<BlockHash> {
        todo!()
    }

    /// Mines blocks on any known block; the first holds exactly these transactions. If the branch
    /// gets more work than the best chain, it becomes the best chain, and the transactions of the
    /// blocks that it replaces return to the mempool.
    ///
    /// # Errors
    /// When the parent is unknown or a transaction is not valid there; then nothing changes.
    pub fn mine_on(
        &self,
        parent: BlockHash,
        count: u32,
        to: &Script,
        transactions: Vec<Transaction>,
    ) -> Result<Vec<BlockHash>, MineError> {
        todo!()
    }

    /// Replaces the last `depth` blocks by `new_len` others. Their transactions are mined again in
    /// the first new block, but those in `drop` and their descendants, which the network forgets.
    ///
    /// # Errors
    /// When `depth` is 0 or reaches the genesis block, or `new_len` is not greater.
    pub fn reorg(
        &self,
        depth: u32,
        new_len: u32,
        drop: &[Txid],
    ) -> Result<Vec<BlockHash>, ReorgError> {
        todo!()
    }

    /// Takes a block and all its descendants out of the running for the best chain; false if it is
    /// unknown or the genesis block.
    pub fn invalidate(&self, hash: BlockHash) -> bool {
        todo!()
    }

    /// Puts a transaction into the mempool and announces it to all peers.
    ///
    /// # Errors
    /// See [`Rejected`].
    pub fn submit(&self, transaction: Transaction) -> Result<Txid, Rejected> {
        todo!()
    }

    /// What waits for a block, parents before children.
    #[must_use]
    pub fn mempool(&self) -> Vec<Txid> {
        todo!()
    }

    /// A transaction of the mempool or the best chain.
    #[must_use]
    pub fn transaction(&self, txid: Txid) -> Option<Transaction> {
        todo!()
    }

    /// A block of any branch.
    #[must_use]
    pub fn block(&self, hash: BlockHash) -> Option<Block> {
        todo!()
    }

    /// A block of the best chain.
    #[must_use]
    pub fn block_at(&self, height: u32) -> Option<Block> {
        todo!()
    }

    /// Mines enough for the faucet to have ten mature coinbases: 110 blocks.
    pub fn fund_faucet(&self) -> Vec<BlockHash> {
        todo!()
    }

    /// Pays from the faucet by one transaction, which is in the mempool afterwards.
    ///
    /// # Errors
    /// When the faucet has not enough (see [`Devnet::fund_faucet`]) or the mempool refuses.
    pub fn pay(&self, to: &Script, amount: Amount) -> Result<Txid, PayError> {
        todo!()
    }

    /// As [`Devnet::pay`], several outputs in one transaction, in this order; change comes last.
    ///
    /// # Errors
    /// As [`Devnet::pay`].
    pub fn pay_many(&self, outputs: &[(ScriptBuf, Amount)]) -> Result<Txid, PayError> {
        todo!()
    }

    /// Returns as soon as the transaction is in the mempool.
    pub async fn wait_for_mempool(&self, txid: Txid) {
        todo!()
    }

    /// Returns as soon as the best chain has this height or more.
    pub async fn wait_for_height(&self, height: u32) {
        todo!()
    }
}

/// Why a reorganisation was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReorgError {}
