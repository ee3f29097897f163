//! Owns what is asked of the chain and its peers, and which block of the best one.
//!
//! Refuses blocks of branches that were left, but for what left with them.

use bitcoin::{BlockHash, Txid};

use crate::light_client::height::{BlockId, Height};
use crate::light_client::kept::FilterRange;
use crate::light_client::peer_order::PeerOrder;
use crate::light_client::time::WallTime;

/// A block by its height or by its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockQuery {
    /// By its height.
    Height(Height),
    /// By its hash.
    Hash(BlockHash),
}

/// What left the best chain with a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftBlock {
    /// The last block before it that stayed then.
    pub fork: BlockId,
    /// The wallet's transactions in it and in the blocks between, the highest block first.
    pub transactions: Vec<Txid>,
}

/// What may be asked of the chain, whichever wallets are open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainQuery {
    /// What the chain client knows, its peers included.
    Status,
    /// The block up to which every open wallet has applied the chain going forward; the tip, if
    /// none is open. A rescan does not lower it.
    Applied,
    /// A block of the best chain. Needs a chain that is followed.
    Block(BlockQuery),
    /// A whole block of the best chain. It comes from a peer, which learns that somebody wants it;
    /// the answer takes as long. Needs a chain that is followed.
    Fetch(BlockHash),
    /// The filters of some blocks of the best chain (BIP157): what is not kept comes from peers, behind
    /// what the wallets need; the answer takes as long. They learn the blocks, and nothing of what
    /// is looked for. Needs a chain that is followed.
    Filters(FilterRange),
    /// The filter header of a block of the best chain. Needs a chain that is followed.
    FilterHeader(BlockHash),
    /// Take a block for invalid, or no longer; for tests. The reply is whether the block is known.
    /// Needs a chain that is followed.
    Judge {
        /// Which.
        block: BlockHash,
        /// Whether it may be on the chain.
        valid: bool,
    },
    /// Have the clock stand at a time, or go again at 0; for tests, and on regtest alone.
    SetTime(WallTime),
    /// The addresses at which peers may be found. Needs a chain that is followed.
    Addresses,
    /// Something of the circle of peers, which is as it is wanted when the answer comes. Needs a
    /// chain that is followed.
    Order(PeerOrder),
}
