//! Owns `Evidence`: what the client knows of one block of the best chain, complete enough to be
//! checked by somebody else.
//!
//! Refuses opinions: who agreed is listed, not weighed.

use bitcoin::block::Header;
use bitcoin::{FilterHash, FilterHeader};

use crate::height::BlockId;
use crate::peer_id::PeerAddress;

/// What is known of one block of the best chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The block's header, then those on top of it, at most
    /// [`MAX_EVIDENCE_HEADERS`](crate::limits::MAX_EVIDENCE_HEADERS) in all.
    pub headers: Vec<Header>,
    /// The tip of the best chain.
    pub tip: BlockId,
    /// What peers say of the block's filter; `None` when nobody has said anything.
    pub filter: Option<FilterEvidence>,
}

/// What is known of the filter of one block (BIP157).
#[derive(Debug, Clone, PartialEq)]
pub struct FilterEvidence {
    /// The hash of the filter, as most of the peers have it.
    pub hash: FilterHash,
    /// The filter headers of the block before and of the block, if one version of every filter
    /// below is all that peers have.
    pub headers: Option<FilterHeaders>,
    /// The peers that commit to this filter.
    pub agreeing: Vec<PeerAddress>,
    /// All ready peers, also those that have not said yet what they commit to.
    pub peers: usize,
}

/// A link of the chain of filter headers: `header` is the double SHA-256 of the filter's hash
/// followed by `previous`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterHeaders {
    /// The filter header of the block before.
    pub previous: FilterHeader,
    /// The filter header of the block.
    pub header: FilterHeader,
}
