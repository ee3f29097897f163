//! Owns the making of valid headers for tests, at the difficulty of regtest.

use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash as _;
use bitcoin::pow::CompactTarget;
use bitcoin::{BlockHash, TxMerkleNode};

use crate::chain::anchor::Anchor;
use crate::chain::header_tree::HeaderTree;
use crate::params::Params;
use crate::time::WallTime;

/// A time after every header made here.
pub(crate) const NOW: WallTime = WallTime::new(2_000_000_000);

pub(crate) fn regtest_tree() -> HeaderTree {
    let params = Params::regtest();
    let base = Anchor::genesis(&params);
    HeaderTree::new(params, base)
}

/// A header on top of `parent` that meets its own bits.
pub(crate) fn header(parent: BlockHash, time: u32, bits: CompactTarget, salt: u8) -> Header {
    let merkle_root = TxMerkleNode::from_byte_array([salt; 32]);
    let version = Version::from_consensus(0x2000_0000);
    solve(Header { version, prev_blockhash: parent, merkle_root, time, bits, nonce: 0 })
}

/// Searches a nonce.
pub(crate) fn solve(mut header: Header) -> Header {
    while !header.target().is_met_by(header.block_hash()) {
        header.nonce += 1;
    }
    header
}

/// `count` headers on top of `parent`, ten minutes apart.
pub(crate) fn branch(parent: &Header, count: usize, salt: u8) -> Vec<Header> {
    let mut headers: Vec<Header> = Vec::with_capacity(count);
    for _ in 0..count {
        let parent = headers.last().unwrap_or(parent);
        headers.push(header(parent.block_hash(), parent.time + 600, parent.bits, salt));
    }
    headers
}

/// Puts `count` headers on top of the tree's tip.
pub(crate) fn extend(tree: &mut HeaderTree, count: usize) -> Vec<Header> {
    let tip = tree.header_at(tree.tip().height).copied().unwrap_or(tree.params().genesis);
    let headers = branch(&tip, count, 0);
    for header in &headers {
        tree.insert(*header, NOW).expect("a valid header");
    }
    headers
}
