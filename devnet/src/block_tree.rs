//! Owns all blocks of all branches, and which of them are the best chain: most work, the first
//! seen of equals.
//!
//! Refuses blocks whose parent is unknown. Does not judge blocks: only valid ones are put in.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use bitcoin::bip158::FilterHeader;
use bitcoin::consensus::Params;
use bitcoin::constants::genesis_block;
use bitcoin::{Block, BlockHash, Work};

use crate::filter::{BasicFilter, before_genesis};
use crate::rules::{MEDIAN_TIME_SPAN, Place, median_time};
use crate::utxo_set::Undo;

/// A block with what was computed from it.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// The block.
    pub(crate) block: Block,
    /// Its height and its parent's median time past.
    pub(crate) place: Place,
    /// What it takes to disconnect it.
    pub(crate) undo: Undo,
    /// Its filter.
    pub(crate) filter: BasicFilter,
    work: Work,
    seen: usize,
    valid: bool,
}

/// All blocks, and the best chain.
#[derive(Debug, Clone)]
pub(crate) struct BlockTree {
    nodes: HashMap<BlockHash, Node>,
    best: Vec<BlockHash>,
}

/// The way from one block to another through their fork.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Path {
    /// What to disconnect, the highest first.
    pub(crate) leave: Vec<BlockHash>,
    /// What to connect, the lowest first.
    pub(crate) enter: Vec<BlockHash>,
}

impl BlockTree {
    /// The tree that has only regtest's genesis block.
    pub(crate) fn new() -> Self {
        let block = genesis_block(Params::REGTEST);
        let undo = Undo::default();
        let hash = block.block_hash();
        let node = Node {
            place: Place { height: 0, median_time: 0 },
            filter: BasicFilter::new(&block, &undo, before_genesis()),
            work: block.header.work(),
            undo,
            seen: 0,
            valid: true,
            block,
        };
        Self { nodes: HashMap::from([(hash, node)]), best: vec![hash] }
    }

    /// Any block that is not invalidated.
    pub(crate) fn get(&self, hash: BlockHash) -> Option<&Node> {
        self.nodes.get(&hash).filter(|node| node.valid)
    }

    /// The last block of the best chain.
    pub(crate) fn tip(&self) -> BlockHash {
        *self.best.last().expect("the genesis block is always in the best chain")
    }

    /// The height of the tip.
    pub(crate) fn height(&self) -> u32 {
        self.node(self.tip()).place.height
    }

    /// The block of the best chain at this height.
    pub(crate) fn at(&self, height: u32) -> Option<BlockHash> {
        self.best.get(usize::try_from(height).ok()?).copied()
    }

    /// Whether the best chain holds this block.
    pub(crate) fn is_best(&self, hash: BlockHash) -> bool {
        self.nodes.get(&hash).is_some_and(|node| self.at(node.place.height) == Some(hash))
    }

    /// The best chain from a height on, the lowest first.
    pub(crate) fn best_from(&self, height: u32) -> impl Iterator<Item = &Node> {
        let from = usize::try_from(height).map_or(self.best.len(), |at| at.min(self.best.len()));
        self.best[from..].iter().map(|hash| self.node(*hash))
    }

    /// The branch that ends in `stop`, from a height on, the lowest first; empty if that is above.
    pub(crate) fn branch(&self, from: u32, stop: BlockHash) -> Vec<BlockHash> {
        let mut branch = Vec::new();
        let mut at = stop;
        while let Some(node) = self.nodes.get(&at).filter(|node| node.place.height >= from) {
            branch.push(at);
            at = node.block.header.prev_blockhash;
        }
        branch.reverse();
        branch
    }

    /// Where a block on this parent stands.
    pub(crate) fn place_on(&self, parent: BlockHash) -> Option<Place> {
        let height = self.get(parent)?.place.height + 1;
        let from = height.saturating_sub(u32::try_from(MEDIAN_TIME_SPAN).expect("11 fits"));
        let times = self.branch(from, parent).into_iter();
        let times = times.map(|hash| self.node(hash).block.header.time).collect();
        Some(Place { height, median_time: median_time(times) })
    }

    /// The filter header that stands before the block's.
    pub(crate) fn previous_filter_header(&self, node: &Node) -> FilterHeader {
        let parent = self.nodes.get(&node.block.header.prev_blockhash);
        parent.map_or_else(before_genesis, |parent| parent.filter.header)
    }

    /// Puts in a new and valid block, and makes its branch the best chain if it has more work.
    pub(crate) fn insert(&mut self, block: Block, undo: Undo) -> BlockHash {
        let hash = block.block_hash();
        let parent = block.header.prev_blockhash;
        let place = self.place_on(parent).expect("blocks are made on valid ones");
        let parent = self.node(parent);
        let node = Node {
            place,
            filter: BasicFilter::new(&block, &undo, parent.filter.header),
            work: parent.work + block.header.work(),
            undo,
            seen: self.nodes.len(),
            valid: true,
            block,
        };
        let better = node.work > self.node(self.tip()).work;
        self.nodes.insert(hash, node);
        if better {
            self.lead_to(hash);
        }
        hash
    }

    /// Takes a block and its descendants out of the running; false if it is unknown or the genesis
    /// block.
    pub(crate) fn invalidate(&mut self, hash: BlockHash) -> bool {
        let height = self.nodes.get(&hash).map_or(0, |node| node.place.height);
        if height == 0 {
            return false;
        }
        let mut above: Vec<_> =
            self.nodes.iter().map(|(at, node)| (node.place.height, *at)).collect();
        above.retain(|(at, _)| *at > height);
        above.sort_unstable();
        let mut doomed = HashSet::from([hash]);
        for (_, hash) in above {
            if doomed.contains(&self.node(hash).block.header.prev_blockhash) {
                doomed.insert(hash);
            }
        }
        for hash in doomed {
            self.nodes.get_mut(&hash).expect("it was just found").valid = false;
        }
        let valid = self.nodes.iter().filter(|(_, node)| node.valid);
        let best = valid.max_by_key(|(_, node)| (node.work, Reverse(node.seen)));
        let (best, _) = best.expect("the genesis block is always valid");
        self.lead_to(*best);
        true
    }

    /// The way between two blocks, which are both known.
    pub(crate) fn path(&self, from: BlockHash, to: BlockHash) -> Path {
        let (mut left, mut right) = (from, to);
        let mut path = Path::default();
        while left != right {
            let heights = (self.node(left).place.height, self.node(right).place.height);
            if heights.0 >= heights.1 {
                path.leave.push(left);
                left = self.node(left).block.header.prev_blockhash;
            }
            if heights.1 >= heights.0 {
                path.enter.push(right);
                right = self.node(right).block.header.prev_blockhash;
            }
        }
        path.enter.reverse();
        path
    }

    /// A block that is known, invalidated or not.
    pub(crate) fn node(&self, hash: BlockHash) -> &Node {
        &self.nodes[&hash]
    }

    fn lead_to(&mut self, tip: BlockHash) {
        let path = self.path(self.tip(), tip);
        self.best.truncate(self.best.len() - path.leave.len());
        self.best.extend(path.enter);
    }
}
