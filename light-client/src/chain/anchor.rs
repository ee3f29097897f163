//! Owns `Anchor`: a block from which validation starts, with what is needed to go on from it.
//!
//! Refuses to be a shortcut without teeth: an anchor constrains the header after it.

use bitcoin::pow::{CompactTarget, Work};

use crate::height::BlockId;
use crate::time::WallTime;

/// A trusted start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// The block.
    pub block: BlockId,
    /// Its header time, when known; without it, median time past starts with its children.
    pub time: Option<WallTime>,
    /// The bits that the next header must carry.
    pub next_bits: CompactTarget,
    /// The work of the chain up to and with this block.
    pub work: Work,
}
