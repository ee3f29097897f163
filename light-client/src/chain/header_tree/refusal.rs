//! Owns the leaving of a block whose header is valid and whose body is not: the best branch is
//! chosen anew without it.
//!
//! Refuses to judge blocks: whoever read one says so.

use bitcoin::BlockHash;

use crate::height::{BlockId, Height};

use super::HeaderTree;

impl HeaderTree {
    /// The body of a block above the base is invalid: neither it nor what stands on it is taken
    /// from here on. Returns the last block of the best branch that stays, if that branch changed.
    pub(crate) fn refuse(&mut self, block: BlockId) -> Option<BlockId> {
        let was_best = self.is_best(block);
        self.side.refuse(block.hash);
        self.leave(block, was_best)
    }

    /// The same because somebody wants it, whatever the body is.
    pub(crate) fn doubt(&mut self, block: BlockId) -> Option<BlockId> {
        let was_best = self.is_best(block);
        self.side.doubt(block.hash);
        self.leave(block, was_best)
    }

    /// A block that somebody doubted may be taken again.
    pub(crate) fn trust(&mut self, hash: &BlockHash) {
        self.side.trust(hash);
    }

    /// Whether somebody doubts a block.
    pub(crate) fn is_doubted(&self, hash: &BlockHash) -> bool {
        self.side.is_doubted(hash)
    }

    fn leave(&mut self, block: BlockId, was_best: bool) -> Option<BlockId> {
        let below = self.block_at(block.height.down(1)).filter(|_| was_best);
        if let Some(below) = below {
            self.pop_above(below);
        }
        let mut headers: Vec<(Height, BlockHash, BlockHash)> = self.side.links().collect();
        headers.sort_unstable();
        // Parents come first, so what stands on one that goes goes too.
        for (_, hash, parent) in headers {
            if self.place(&parent).is_none() {
                self.side.remove(&hash);
            }
        }
        self.side.recount();
        let best = self.side.best().filter(|(work, _)| *work > self.tip_work);
        let fork = best.map(|(_, hash)| self.reorganise(hash));
        let below = below?;
        Some(fork.filter(|fork| fork.height < below.height).unwrap_or(below))
    }
}
