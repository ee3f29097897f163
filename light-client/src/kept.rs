//! Owns the names of filters, and the filters that a store keeps so that a later search needs no
//! network.
//!
//! Refuses to be the truth: a store may have lost or dropped any of them. What it does not have is
//! downloaded again, and what it has is checked like what a peer sends.

use std::sync::Arc;

use bitcoin::FilterHash;

use crate::height::{BlockId, Height};
use crate::limits::MAX_ASKED_FILTERS;

/// One version of a block's basic filter (BIP158). Peers that disagree commit to different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilterId {
    /// The block.
    pub block: BlockId,
    /// The double SHA256 of the filter's bytes (BIP157).
    pub hash: FilterHash,
}

/// A filter that hashes to its name and can be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFilter {
    /// Which one.
    pub id: FilterId,
    /// As it came from the wire. Shared, never changed.
    pub bytes: Arc<[u8]>,
}

/// What is known of the filters of neighbouring blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundFilters {
    /// In rising height, of every block at least one: each is what peers commit to, and can be read.
    /// Where they commit to several versions, all of them that came.
    pub filters: Vec<KeptFilter>,
    /// The other versions: they were waited for in vain, and may say anything of their blocks.
    pub unread: Vec<FilterId>,
}

/// Neighbouring blocks of the best chain, both ends in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilterRange {
    /// The lowest.
    pub first: Height,
    /// The highest.
    pub last: Height,
}

impl FilterRange {
    /// Whether a block of this height is among them.
    #[must_use]
    pub fn contains(&self, height: Height) -> bool {
        (self.first..=self.last).contains(&height)
    }

    /// Their heights, rising; at most [`MAX_ASKED_FILTERS`].
    pub fn heights(&self) -> impl Iterator<Item = Height> + use<> {
        let heights = self.first.to_u32()..=self.last.to_u32();
        heights.take(MAX_ASKED_FILTERS as usize).map(Height::new)
    }
}

/// Ties kept filters to the question for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReadId(u64);

impl ReadId {
    /// The id with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}
