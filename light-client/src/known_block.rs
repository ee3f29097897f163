//! Owns `KnownBlock`: a header of the best chain with what its place there says of it.
//!
//! Refuses branches that were left: what stands on them says nothing about money.

use bitcoin::BlockHash;
use bitcoin::block::Header;
use bitcoin::pow::Work;

use crate::height::BlockId;
use crate::time::WallTime;

/// A block of the best chain, as far as headers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownBlock {
    /// Its height and hash.
    pub id: BlockId,
    /// Its header.
    pub header: Header,
    /// The median time of it and the ten below (BIP113), or of those that are known.
    pub median_time: WallTime,
    /// The work of the chain from genesis up to it.
    pub work: Work,
    /// The block on top of it.
    pub next: Option<BlockHash>,
}
