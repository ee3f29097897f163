//! Owns the whole state of the network: blocks, coins and mempool, and keeps them in step through
//! new blocks and reorganisations.
//!
//! Refuses to hold a block that is not valid: it makes all of them.

use std::collections::{HashMap, HashSet};

use bitcoin::{Amount, BlockHash, OutPoint, Script, Transaction, Txid};

use crate::block_tree::BlockTree;
use crate::clock::Clock;
use crate::mempool::{Mempool, Rejected};
use crate::miner::{COINBASE_ROOM, COINBASE_SIGOPS, Template, select};
use crate::rules::{MAX_BLOCK_SIGOPS, MAX_BLOCK_WEIGHT, Place};
use crate::utxo_set::{Coin, UtxoSet, outputs};
use crate::verify::{Invalid, check_scripts, check_spend};

/// Why blocks were not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MineError {
    /// The parent is unknown or invalidated.
    #[error("block {0} is unknown or invalidated")]
    UnknownParent(BlockHash),
    /// A transaction can't be in the block.
    #[error("transaction {txid} can't be in the block: {reason}")]
    Invalid {
        /// Which.
        txid: Txid,
        /// Why.
        reason: Invalid,
    },
    /// The transactions do not fit into one block.
    #[error("the transactions do not fit into one block")]
    TooLarge,
}

/// Why a reorganisation was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReorgError {
    /// No block would be replaced, or the genesis block would.
    #[error("a depth of {depth} does not work: between 1 and {height} does")]
    BadDepth {
        /// What was asked.
        depth: u32,
        /// The height of the tip.
        height: u32,
    },
    /// The new branch would not have more work.
    #[error("{new_len} new blocks do not win: more than {depth} do")]
    TooShort {
        /// How many blocks were to be replaced.
        depth: u32,
        /// How many were to be made.
        new_len: u32,
    },
}

/// Blocks, coins and mempool.
#[derive(Debug, Clone)]
pub(crate) struct ChainState {
    /// All blocks.
    pub(crate) tree: BlockTree,
    /// What waits for a block.
    pub(crate) mempool: Mempool,
    utxos: UtxoSet,
    /// Where the coins stand: at the tip, but while blocks are made elsewhere.
    coins_at: BlockHash,
    /// The tip that the mempool was brought in step with.
    settled_at: BlockHash,
    solved: u64,
    clock: Clock,
}

impl ChainState {
    /// The network with nothing but the genesis block.
    pub(crate) fn new(clock: Clock) -> Self {
        let tree = BlockTree::new();
        Self {
            coins_at: tree.tip(),
            settled_at: tree.tip(),
            tree,
            mempool: Mempool::default(),
            utxos: UtxoSet::default(),
            solved: 0,
            clock,
        }
    }

    /// The coins at the tip.
    pub(crate) fn utxos(&self) -> &UtxoSet {
        &self.utxos
    }

    /// Where the next block will stand.
    pub(crate) fn next_place(&self) -> Place {
        self.place_on(self.tree.tip())
    }

    /// Takes a transaction into the mempool.
    pub(crate) fn submit(&mut self, transaction: Transaction) -> Result<Txid, Rejected> {
        let next = self.next_place();
        self.mempool.accept(transaction, &self.utxos, next)
    }

    /// A transaction of the mempool or the best chain.
    pub(crate) fn transaction(&self, txid: Txid) -> Option<&Transaction> {
        if let Some(entry) = self.mempool.get(txid) {
            return Some(&entry.transaction);
        }
        let blocks = self.tree.best_from(0);
        blocks.flat_map(|node| &node.block.txdata).find(|mined| mined.compute_txid() == txid)
    }

    /// Mines on the tip what the mempool has.
    pub(crate) fn mine(&mut self, count: u32, to: &Script) -> Vec<BlockHash> {
        let mine_one = |_| {
            let (transactions, fees) = select(&self.mempool);
            let hash = self.solve(self.tree.tip(), to, transactions, fees);
            self.settle(&HashSet::new());
            hash
        };
        (0..count).map(mine_one).collect()
    }

    /// Mines on the tip without the mempool.
    pub(crate) fn mine_empty(&mut self, count: u32, to: &Script) -> Vec<BlockHash> {
        let hashes = self.mine_branch(self.tree.tip(), count, to);
        self.settle(&HashSet::new());
        hashes
    }

    /// Mines on any block; the first block holds the transactions.
    pub(crate) fn mine_on(
        &mut self,
        parent: BlockHash,
        count: u32,
        to: &Script,
        transactions: Vec<Transaction>,
    ) -> Result<Vec<BlockHash>, MineError> {
        if self.tree.get(parent).is_none() {
            return Err(MineError::UnknownParent(parent));
        }
        let Some(further) = count.checked_sub(1) else {
            return Ok(Vec::new());
        };
        self.move_to(parent);
        let fees = self.check_block(parent, &transactions).inspect_err(|_| {
            self.move_to(self.tree.tip());
        })?;
        let first = self.solve(parent, to, transactions, fees);
        let mut hashes = vec![first];
        hashes.extend(self.mine_branch(first, further, to));
        self.settle(&HashSet::new());
        Ok(hashes)
    }

    /// Replaces the last `depth` blocks by `new_len` others, of which the last holds what the old
    /// ones held; `drop` and its descendants are forgotten.
    pub(crate) fn reorg(
        &mut self,
        depth: u32,
        new_len: u32,
        drop: &HashSet<Txid>,
        to: &Script,
    ) -> Result<Vec<BlockHash>, ReorgError> {
        let height = self.tree.height();
        let fork = height.checked_sub(depth).filter(|_| depth > 0);
        let fork = fork.and_then(|height| self.tree.at(height));
        let fork = fork.ok_or(ReorgError::BadDepth { depth, height })?;
        if new_len <= depth {
            return Err(ReorgError::TooShort { depth, new_len });
        }
        let old: Vec<Transaction> = self
            .tree
            .best_from(height - depth + 1)
            .flat_map(|node| node.block.txdata.iter().skip(1))
            .filter(|transaction| !drop.contains(&transaction.compute_txid()))
            .cloned()
            .collect();
        let mut hashes = self.mine_branch(fork, new_len - 1, to);
        let parent = hashes.last().copied().unwrap_or(fork);
        self.move_to(parent);
        let mut again = Mempool::default();
        for transaction in old {
            again.readmit(transaction, &self.utxos, self.place_on(parent));
        }
        let (transactions, fees) = select(&again);
        hashes.push(self.solve(parent, to, transactions, fees));
        self.settle(drop);
        Ok(hashes)
    }

    /// Takes a block and its descendants out of the running.
    pub(crate) fn invalidate(&mut self, hash: BlockHash) -> bool {
        let known = self.tree.invalidate(hash);
        self.settle(&HashSet::new());
        known
    }

    fn mine_branch(&mut self, parent: BlockHash, count: u32, to: &Script) -> Vec<BlockHash> {
        let mut tip = parent;
        let mine_one = |_| {
            tip = self.solve(tip, to, Vec::new(), Amount::ZERO);
            tip
        };
        (0..count).map(mine_one).collect()
    }

    /// Makes a block of transactions that are known to be valid there, and moves the coins to it.
    fn solve(
        &mut self,
        parent: BlockHash,
        to: &Script,
        transactions: Vec<Transaction>,
        fees: Amount,
    ) -> BlockHash {
        self.move_to(parent);
        let place = self.place_on(parent);
        let time = self.clock.now().max(place.median_time + 1);
        let nonce = self.solved;
        self.solved += 1;
        let template = Template { parent, place, time, to, nonce, transactions, fees };
        let block = template.solve();
        let undo = self.utxos.connect(&block, place);
        let undo = undo.expect("the transactions of a block are checked before it is made");
        self.coins_at = self.tree.insert(block, undo);
        self.coins_at
    }

    /// Checks the transactions of a block on `parent`, where the coins are; gives their fees.
    fn check_block(
        &self,
        parent: BlockHash,
        transactions: &[Transaction],
    ) -> Result<Amount, MineError> {
        let place = self.place_on(parent);
        let mut changed: HashMap<OutPoint, Option<Coin>> = HashMap::new();
        let (mut weight, mut sigops, mut fees) = (COINBASE_ROOM, COINBASE_SIGOPS, Amount::ZERO);
        for transaction in transactions {
            let txid = transaction.compute_txid();
            let invalid = |reason| MineError::Invalid { txid, reason };
            let coin = |outpoint: &OutPoint| match changed.get(outpoint) {
                Some(change) => change.clone(),
                None => self.utxos.get(outpoint).cloned(),
            };
            let spend = check_spend(transaction, place, coin).map_err(invalid)?;
            check_scripts(transaction, &spend.spent).map_err(invalid)?;
            fees += spend.fee;
            sigops += spend.sigops;
            weight += transaction.weight().to_wu();
            changed.extend(transaction.input.iter().map(|input| (input.previous_output, None)));
            changed.extend(outputs(transaction).map(|(outpoint, output)| {
                (outpoint, Some(Coin { output: output.clone(), place, coinbase: false }))
            }));
        }
        if weight > MAX_BLOCK_WEIGHT || sigops > MAX_BLOCK_SIGOPS {
            return Err(MineError::TooLarge);
        }
        Ok(fees)
    }

    /// Brings coins and mempool to the tip: what left the best chain waits again, but for `forget`.
    fn settle(&mut self, forget: &HashSet<Txid>) {
        let tip = self.tree.tip();
        self.move_to(tip);
        let left = self.tree.path(self.settled_at, tip).leave;
        self.settled_at = tip;
        let next = self.next_place();
        let waiting = std::mem::take(&mut self.mempool);
        let returned = left.iter().rev().flat_map(|hash| &self.tree.node(*hash).block.txdata[1..]);
        for transaction in returned.chain(waiting.transactions()) {
            if !forget.contains(&transaction.compute_txid()) {
                self.mempool.readmit(transaction.clone(), &self.utxos, next);
            }
        }
    }

    /// Brings the coins to any block.
    fn move_to(&mut self, to: BlockHash) {
        let path = self.tree.path(self.coins_at, to);
        for hash in path.leave {
            let node = self.tree.node(hash);
            self.utxos.disconnect(&node.block, &node.undo);
        }
        for hash in path.enter {
            let node = self.tree.node(hash);
            let undo = self.utxos.connect(&node.block, node.place);
            assert_eq!(undo.as_ref(), Some(&node.undo), "a block spends the same wherever it is");
        }
        self.coins_at = to;
    }

    fn place_on(&self, parent: BlockHash) -> Place {
        self.tree.place_on(parent).expect("blocks are made on valid ones")
    }
}
