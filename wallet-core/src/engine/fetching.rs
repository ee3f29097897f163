//! Owns who waits for which block or filters of peers.
//!
//! Refuses to make anybody else wait: the answer comes when the block or the filters do.

use std::collections::BTreeSet;

use bitcoin::{Block, BlockHash};

use crate::command::{CommandError, Reply};
use crate::engine::{Effect, Engine};
use crate::event::CommandId;
use crate::light_client::height::BlockId;
use crate::light_client::input::Input;
use crate::light_client::kept::{FilterRange, FoundFilters};
use crate::limits::PENDING_FETCHES;

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wanted {
    /// A whole block.
    Block(BlockId),
    /// The filters of some blocks.
    Filters(FilterRange),
}

impl Wanted {
    const fn input(self) -> Input {
        match self {
            Self::Block(block) => Input::Fetch(block),
            Self::Filters(range) => Input::FetchFilters(range),
        }
    }
}

impl Engine {
    /// Has a block fetched, and answers when it is here.
    pub(super) fn fetch(&mut self, id: CommandId, hash: BlockHash) {
        let Some(chain) = self.chain.followed() else {
            return self.reply(id, Err(CommandError::Offline));
        };
        match chain.client.known_block(&hash) {
            Some(block) => self.want(id, Wanted::Block(block.id)),
            None => self.reply(id, Ok(Reply::Fetched(None))),
        }
    }

    /// Has filters fetched, and answers when they are here.
    pub(super) fn fetch_filters(&mut self, id: CommandId, range: FilterRange) {
        match self.chain.followed() {
            Some(_) => self.want(id, Wanted::Filters(range)),
            None => self.reply(id, Err(CommandError::Offline)),
        }
    }

    fn want(&mut self, id: CommandId, wanted: Wanted) {
        if self.fetching.len() >= PENDING_FETCHES {
            return self.reply(id, Err(CommandError::Busy));
        }
        self.fetching.insert(id, wanted);
        self.after_commit.push_back(wanted.input());
    }

    /// Nobody waits for an answer any more: what only peers could answer is given up.
    pub(super) fn leave(&mut self, id: CommandId) {
        let Some(wanted) = self.fetching.remove(&id) else { return };
        let others = self.fetching.values().any(|other| *other == wanted);
        if let Wanted::Filters(range) = wanted
            && !others
        {
            self.after_commit.push_back(Input::LeaveFilters(range));
        }
        // Its number is free.
        self.reply(id, Ok(Reply::Done));
    }

    /// A new light client does not know what is waited for.
    pub(super) fn fetch_again(&mut self) {
        let wanted: BTreeSet<Wanted> = self.fetching.values().copied().collect();
        self.after_commit.extend(wanted.into_iter().map(Wanted::input));
    }

    /// Answers all who wait for a block.
    pub(super) fn hand_out_block(&mut self, at: BlockId, block: Option<&Block>) {
        let reply = || Reply::Fetched(block.cloned().map(Box::new));
        self.hand_out(Wanted::Block(at), reply);
    }

    /// Answers all who wait for filters.
    pub(super) fn hand_out_filters(&mut self, range: FilterRange, filters: Option<&FoundFilters>) {
        let reply = || Reply::Filters(filters.cloned());
        self.hand_out(Wanted::Filters(range), reply);
    }

    fn hand_out(&mut self, here: Wanted, reply: impl Fn() -> Reply) {
        let effects = &mut self.effects;
        self.fetching.retain(|id, wanted| {
            if *wanted == here {
                effects.push(Effect::Answer { id: *id, result: Ok(reply()) });
            }
            *wanted != here
        });
    }
}
