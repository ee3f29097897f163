//! Owns the merkle tree over the transactions of a block, and the branches that prove one of them
//! to be in it.
//!
//! Refuses to judge a block: whoever takes a branch from a tree has checked the block's root.

use bitcoin::hashes::{Hash as _, HashEngine as _};
use bitcoin::{Block, TxMerkleNode, Txid};

/// The tree over a block's transactions, leaves first.
#[derive(Debug, Clone)]
pub struct MerkleTree {
    /// Each level as long as half the one before, rounded up; the last is the root alone.
    levels: Vec<Vec<TxMerkleNode>>,
}

impl MerkleTree {
    /// The tree over the transactions of `block`.
    #[must_use]
    pub fn of(block: &Block) -> Self {
        let leaves = block.txdata.iter().map(|transaction| leaf(transaction.compute_txid()));
        let mut levels = vec![leaves.collect::<Vec<_>>()];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            let pairs = level.chunks(2).map(|pair| parent(pair[0], pair[pair.len() - 1]));
            levels.push(pairs.collect());
        }
        Self { levels }
    }

    /// What proves the transaction at `position`, the coinbase being at 0, to be in the block;
    /// `None` if there is none there.
    #[must_use]
    pub fn branch(&self, position: u32) -> Option<MerkleBranch> {
        let (_root, below) = self.levels.split_last()?;
        let mut place = usize::try_from(position).ok()?;
        if place >= self.levels[0].len() {
            return None;
        }
        let mut siblings = Vec::with_capacity(below.len());
        for level in below {
            // The last of an odd number is its own sibling.
            siblings.push(*level.get(place ^ 1).unwrap_or(&level[place]));
            place /= 2;
        }
        Some(MerkleBranch { position, siblings })
    }
}

/// What proves a transaction to be in a block: the hashes beside the way from it to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerkleBranch {
    /// The place in the block; the coinbase is at 0. Bit `n` says on which side of its sibling the
    /// way is at level `n`: 0 left, 1 right.
    pub position: u32,
    /// The siblings, the leaf's first.
    pub siblings: Vec<TxMerkleNode>,
}

impl MerkleBranch {
    /// The merkle root of a block that has the transaction `txid` in this place.
    #[must_use]
    pub fn root(&self, txid: Txid) -> TxMerkleNode {
        let mut place = self.position;
        self.siblings.iter().fold(leaf(txid), |node, sibling| {
            let right = place % 2 == 1;
            place /= 2;
            if right { parent(*sibling, node) } else { parent(node, *sibling) }
        })
    }
}

fn leaf(txid: Txid) -> TxMerkleNode {
    TxMerkleNode::from_raw_hash(txid.to_raw_hash())
}

fn parent(left: TxMerkleNode, right: TxMerkleNode) -> TxMerkleNode {
    let mut engine = TxMerkleNode::engine();
    engine.input(left.as_byte_array());
    engine.input(right.as_byte_array());
    TxMerkleNode::from_engine(engine)
}

#[cfg(test)]
mod tests {
    use bitcoin::consensus::deserialize;
    use bitcoin::hex::FromHex as _;

    use super::*;

    /// The transactions of all blocks of the vectors of BIP158, in one that never was.
    fn block() -> Block {
        let vectors = include_str!("../../fixtures/bip158-testnet-19.json");
        let rows: Vec<Vec<serde_json::Value>> = serde_json::from_str(vectors).expect("json");
        let blocks = rows[1..].iter().map(|row| {
            let bytes = Vec::from_hex(row[2].as_str().expect("text")).expect("hexadecimal");
            deserialize::<Block>(&bytes).expect("a block")
        });
        let all = blocks.reduce(|mut all, block| {
            all.txdata.extend(block.txdata);
            all
        });
        all.expect("there are some")
    }

    #[test]
    fn every_transaction_of_a_block_is_proved_by_its_branch_and_no_other() {
        let most = block().txdata.len();
        assert!(most > 16, "five levels: {most} transactions");
        for count in 1..=most {
            let mut block = block();
            block.txdata.truncate(count);
            let root = block.compute_merkle_root().expect("it has transactions");
            let tree = MerkleTree::of(&block);
            for (position, transaction) in (0..).zip(&block.txdata) {
                let txid = transaction.compute_txid();
                let branch = tree.branch(position).expect("it is there");
                assert_eq!(branch.root(txid), root);
                for other in (0..).zip(&block.txdata).map(|(place, _)| place) {
                    let elsewhere = tree.branch(other).expect("it is there");
                    assert_eq!(elsewhere.root(txid) == root, other == position);
                }
            }
            assert_eq!(tree.branch(u32::try_from(count).expect("few")), None);
        }
    }
}
