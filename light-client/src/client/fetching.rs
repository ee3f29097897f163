//! Owns blocks that somebody asks for by themselves, whatever is watched.
//!
//! Refuses those that the best chain does not have: what is told of them would not be true.

use std::collections::BTreeSet;

use crate::client::LightClient;
use crate::height::BlockId;
use crate::limits::MAX_ASKED_BLOCKS;
use crate::output::Output;
use crate::sync::blocks::{Purpose, WantedBlock};

impl LightClient {
    /// Wants a block, as far as there is room.
    pub(super) fn fetch(&mut self, block: BlockId) {
        if self.fetching.len() < MAX_ASKED_BLOCKS {
            self.fetching.insert(block);
        } else if !self.fetching.contains(&block) {
            self.outbox.push(Output::Fetched { at: block, block: None });
        }
    }

    /// Tells what is here by now, and what can't come any more.
    pub(super) fn follow_fetches(&mut self) {
        if self.fetching.is_empty() {
            return;
        }
        let (wanted, left): (BTreeSet<BlockId>, BTreeSet<BlockId>) =
            self.fetching.iter().partition(|at| self.tree.block_at(at.height) == Some(**at));
        for at in left {
            self.outbox.push(Output::Fetched { at, block: None });
        }
        let asked = |block: &BlockId| WantedBlock { block: *block, avoid: BTreeSet::new() };
        self.blocks.set_wanted(Purpose::Asked, wanted.iter().map(asked));
        self.fetching = wanted;
        for at in self.fetching.clone() {
            if let Some(block) = self.blocks.take(Purpose::Asked, at) {
                self.fetching.remove(&at);
                self.outbox.push(Output::Fetched { at, block: Some(block) });
            }
        }
    }
}
