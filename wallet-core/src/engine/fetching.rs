//! Owns who waits for which block of a peer.
//!
//! Refuses to make anybody else wait: the answer comes when the block does.

use std::collections::BTreeSet;

use bitcoin::{Block, BlockHash};

use crate::command::{CommandError, Reply};
use crate::engine::{Effect, Engine};
use crate::event::CommandId;
use crate::light_client::height::BlockId;
use crate::light_client::input::Input;
use crate::limits::PENDING_FETCHES;

impl Engine {
    /// Has a block fetched, and answers when it is here.
    pub(super) fn fetch(&mut self, id: CommandId, hash: BlockHash) {
        let Some(chain) = self.chain.followed() else {
            return self.reply(id, Err(CommandError::Offline));
        };
        let Some(block) = chain.client.known_block(&hash) else {
            return self.reply(id, Ok(Reply::Fetched(None)));
        };
        if self.fetching.len() >= PENDING_FETCHES {
            return self.reply(id, Err(CommandError::Busy));
        }
        self.fetching.insert(id, block.id);
        self.after_commit.push_back(Input::Fetch(block.id));
    }

    /// A new light client does not know what is waited for.
    pub(super) fn fetch_again(&mut self) {
        let wanted: BTreeSet<BlockId> = self.fetching.values().copied().collect();
        self.after_commit.extend(wanted.into_iter().map(Input::Fetch));
    }

    /// Answers all who wait for a block.
    pub(super) fn hand_out_block(&mut self, at: BlockId, block: Option<&Block>) {
        let effects = &mut self.effects;
        self.fetching.retain(|id, wanted| {
            if *wanted == at {
                let result = Ok(Reply::Fetched(block.cloned().map(Box::new)));
                effects.push(Effect::Answer { id: *id, result });
            }
            *wanted != at
        });
    }
}
