//! Owns the look-up of headers for those who ask about the chain itself.
//!
//! Refuses to ask anybody: it tells what is known at this moment.

use bitcoin::BlockHash;

use crate::chain::work::median_time_past;
use crate::client::LightClient;
use crate::height::BlockId;
use crate::known_block::KnownBlock;
use crate::time::WallTime;

impl LightClient {
    /// A block of the best chain; `None` if it is not on it, or is its base and not genesis, of
    /// which only the hash is known.
    #[must_use]
    pub fn known_block(&self, hash: &BlockHash) -> Option<KnownBlock> {
        let id = self.tree.find(hash).filter(|found| self.tree.is_best(*found))?;
        let genesis = self.tree.params().genesis;
        let header = match self.tree.header_at(id.height) {
            Some(header) => *header,
            None if genesis.block_hash() == id.hash => genesis,
            None => return None,
        };
        let median = median_time_past(self.tree.ancestors(id.hash)).unwrap_or(header.time);
        Some(KnownBlock {
            id,
            header,
            median_time: WallTime::new(median.into()),
            work: self.tree.work_of(hash)?,
            next: self.tree.block_at(id.height.next()).map(|above| above.hash),
        })
    }

    /// Whether a block is taken for invalid because somebody wants it.
    #[must_use]
    pub fn is_doubted(&self, hash: &BlockHash) -> bool {
        self.tree.is_doubted(hash)
    }

    /// Where a known block's branch leaves the best chain: the block itself if it is on it.
    #[must_use]
    pub fn fork_of(&self, hash: &BlockHash) -> Option<BlockId> {
        self.tree.fork_of(hash)
    }
}
