//! Owns block locators: how we tell a peer which chain we know.
//!
//! Refuses more hashes than a peer takes.

use bitcoin::BlockHash;

use crate::chain::header_tree::HeaderTree;
use crate::limits::MAX_LOCATOR;

/// Hashes from a known block down to the base: ten neighbours, then in doubling steps. Below a
/// side branch's end the locator goes on from its fork.
#[must_use]
pub fn locator(tree: &HeaderTree, from: BlockHash) -> Vec<BlockHash> {
    let mut hashes = Vec::new();
    let Some(fork) = tree.fork_of(&from) else { return hashes };
    if fork.hash != from {
        hashes.push(from);
    }
    let mut height = fork.height;
    let mut step = 1;
    while height > tree.base().height && hashes.len() < MAX_LOCATOR - 1 {
        hashes.extend(tree.block_at(height).map(|block| block.hash));
        if hashes.len() >= DENSE {
            step *= 2;
        }
        height = height.down(step).max(tree.base().height);
    }
    hashes.push(tree.base().hash);
    hashes
}

/// How many hashes come one after the other before the steps grow.
const DENSE: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::mine;

    #[test]
    fn a_locator_goes_from_the_tip_to_the_base_in_growing_steps() {
        let mut tree = mine::regtest_tree();
        assert_eq!(locator(&tree, tree.tip().hash), vec![tree.base().hash]);
        mine::extend(&mut tree, 500);
        let hashes = locator(&tree, tree.tip().hash);
        let heights: Vec<u32> = hashes
            .iter()
            .map(|hash| tree.find(hash).expect("on the chain").height.to_u32())
            .collect();
        assert_eq!(&heights[..11], &[500, 499, 498, 497, 496, 495, 494, 493, 492, 491, 489]);
        assert_eq!(heights.last(), Some(&0));
        assert!(heights.windows(2).all(|pair| pair[0] > pair[1]) && heights.len() < 25);
    }
}
