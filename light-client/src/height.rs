//! Owns `Height`, the position of a block on its own branch, and `BlockId`, a height with its hash.
//!
//! Refuses arithmetic that wraps: a height only moves by checked steps.

use std::fmt;

use bitcoin::BlockHash;

/// The number of blocks between a block and genesis, which has height 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Height(u32);

impl Height {
    /// The height of the genesis block.
    pub const GENESIS: Self = Self(0);

    /// A height from a plain number of blocks.
    #[must_use]
    pub const fn new(blocks: u32) -> Self {
        Self(blocks)
    }

    /// The plain number, for the wire, the disk and the screen.
    #[must_use]
    pub const fn to_u32(self) -> u32 {
        self.0
    }

    /// As an index into a table that starts at genesis.
    #[must_use]
    pub const fn to_usize(self) -> usize {
        self.0 as usize
    }

    /// The height of a child; saturates, since no chain comes near `u32::MAX`.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The height of the parent; `None` for genesis.
    #[must_use]
    pub const fn prev(self) -> Option<Self> {
        match self.0.checked_sub(1) {
            Some(height) => Some(Self(height)),
            None => None,
        }
    }

    /// `count` blocks up; saturates.
    #[must_use]
    pub const fn up(self, count: u32) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// `count` blocks down; stops at genesis.
    #[must_use]
    pub const fn down(self, count: u32) -> Self {
        Self(self.0.saturating_sub(count))
    }

    /// How many blocks `self` is above `lower`; 0 when it is not above.
    #[must_use]
    pub const fn above(self, lower: Self) -> u32 {
        self.0.saturating_sub(lower.0)
    }
}

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<u32> for Height {
    fn from(blocks: u32) -> Self {
        Self(blocks)
    }
}

/// A block named both ways: where it is and which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId {
    /// Its height on its own branch.
    pub height: Height,
    /// Its hash.
    pub hash: BlockHash,
}

impl BlockId {
    /// A block at `height` with `hash`.
    #[must_use]
    pub const fn new(height: Height, hash: BlockHash) -> Self {
        Self { height, hash }
    }
}

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.height, self.hash)
    }
}
