//! Owns the conversation about headers: locators out, batches and announcements in, and for each
//! peer the best block that it announced.
//!
//! Refuses to follow a peer in anything but valid headers, to take in a branch that has not shown
//! the work to be worth it, and to load one chain from several peers at a time: one leads, the
//! others are asked where it ends.

mod batch;
mod talk;

use std::collections::BTreeMap;

use bitcoin::BlockHash;
use bitcoin::block::Header;
use bitcoin::p2p::message_blockdata::Inventory;
use rand_chacha::rand_core::RngCore;

use crate::chain::header_tree::HeaderTree;
use crate::fault::Fault;
use crate::height::{BlockId, Height};
use crate::limits::PRESYNC_TURN;
use crate::outbox::Outbox;
use crate::peer_id::PeerId;
use crate::status::Weighing;
use crate::time::{MonoTime, Now};

use talk::{State, Talk};

/// Headers, with every ready peer.
#[derive(Debug, Default)]
pub(crate) struct HeaderSync {
    talks: BTreeMap<PeerId, Talk>,
    /// The peer from which a chain is being loaded.
    lead: Option<Lead>,
}

#[derive(Debug, Clone, Copy)]
struct Lead {
    peer: PeerId,
    since: MonoTime,
}

/// What a message of headers did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The best branch changed.
    pub(crate) moved: Option<Moved>,
    /// The peer broke a rule; what came before the breach is taken.
    pub(crate) fault: Option<Fault>,
}

/// How the best branch changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moved {
    /// The last block that the old and the new best branch share.
    pub(crate) fork: BlockId,
    /// The tip before.
    pub(crate) old_tip: BlockId,
}

impl HeaderSync {
    pub(crate) fn add(&mut self, peer: PeerId, start_height: Height) {
        self.talks.insert(peer, Talk::new(start_height));
    }

    pub(crate) fn remove(&mut self, peer: PeerId, tree: &mut HeaderTree) {
        if let Some(mut talk) = self.talks.remove(&peer) {
            talk.drop_presync(tree);
        }
    }

    /// Up to where a peer is known to have the best branch.
    pub(crate) fn common(&self, peer: PeerId) -> Option<Height> {
        self.talks.get(&peer)?.common
    }

    /// The best block that a peer announced.
    pub(crate) fn announced(&self, peer: PeerId) -> Option<BlockId> {
        self.talks.get(&peer)?.tip
    }

    /// The peer from which a chain is being loaded.
    pub(crate) fn leader(&self) -> Option<PeerId> {
        self.lead.map(|lead| lead.peer)
    }

    /// How far the branch that is weighed has come.
    pub(crate) fn weighing(&self) -> Option<Weighing> {
        let presync = self.talks.get(&self.lead?.peer)?.presync.as_ref()?;
        Some(Weighing { height: presync.tip().height, again: presync.is_second() })
    }

    /// Whether at least one peer told all it had, and none is about to tell more. A branch that
    /// is weighed counts for nothing until it has shown its work.
    pub(crate) fn is_settled(&self) -> bool {
        // One that never answered yet may be slow; it holds up nobody who heard from another.
        let tells = self.talks.values().any(|talk| talk.ended && talk.claims_more());
        let loads = self.lead.and_then(|lead| self.talks.get(&lead.peer));
        self.has_ended() && !tells && loads.is_none_or(|talk| talk.presync.is_some())
    }

    /// Whether a peer's chain goes on with headers that look as if they came from the future.
    pub(crate) fn holds_too_new(&self) -> bool {
        self.talks.values().any(|talk| talk.too_new.is_some())
    }

    /// Whether a peer told all it had.
    pub(crate) fn has_told(&self, peer: PeerId) -> bool {
        self.talks.get(&peer).is_some_and(|talk| talk.ended)
    }

    /// Whether a chain is being loaded, or none was yet.
    pub(crate) fn is_loading(&self) -> bool {
        self.lead.is_some() || !self.has_ended()
    }

    /// Whether any peer told all it had.
    pub(crate) fn has_ended(&self) -> bool {
        self.talks.values().any(|talk| talk.ended)
    }

    /// A peer announced blocks; the last is the one that counts.
    pub(crate) fn on_inv(&mut self, peer: PeerId, inventory: &[Inventory], tree: &HeaderTree) {
        let Some(talk) = self.talks.get_mut(&peer) else { return };
        let last = inventory.iter().rev().find_map(|item| match item {
            Inventory::Block(hash) | Inventory::WitnessBlock(hash) => Some(hash),
            _ => None,
        });
        match last.map(|hash| tree.find(hash)) {
            Some(Some(block)) => talk.announce(block, tree),
            Some(None) => talk.on_claim(),
            None => {}
        }
    }

    /// A peer sent headers, asked or not. `rng` salts what is kept of a branch while it is
    /// weighed.
    pub(crate) fn on_headers(
        &mut self,
        now: Now,
        peer: PeerId,
        headers: &[Header],
        tree: &mut HeaderTree,
        rng: &mut impl RngCore,
    ) -> Outcome {
        let Some(talk) = self.talks.get_mut(&peer) else { return Outcome::default() };
        let outcome = talk.on_headers(now, headers, tree, rng);
        if outcome.moved.is_some() {
            for talk in self.talks.values_mut() {
                talk.find_common(tree);
            }
        }
        outcome
    }

    /// The branch of a block is left, and everybody is asked for theirs.
    pub(crate) fn leave(
        &mut self,
        tree: &mut HeaderTree,
        leave: impl FnOnce(&mut HeaderTree) -> Option<BlockId>,
    ) -> Option<Moved> {
        let old_tip = tree.tip();
        let fork = leave(tree);
        for talk in self.talks.values_mut() {
            talk.ask_anew(tree);
        }
        fork.map(|fork| Moved { fork, old_tip })
    }

    /// A block that somebody took for invalid may be valid, and everybody is asked for theirs.
    pub(crate) fn trust(&mut self, hash: BlockHash, tree: &mut HeaderTree) {
        tree.trust(&hash);
        for talk in self.talks.values_mut() {
            talk.ask_anew(tree);
        }
    }

    /// Part of a message came from a peer: it is slow, not late.
    pub(crate) fn on_progress(&mut self, now: MonoTime, peer: PeerId) {
        if let Some(talk) = self.talks.get_mut(&peer) {
            talk.progress = now;
        }
    }

    /// Asks whom there is to ask, and gives up waiting for who is late.
    pub(crate) fn drive(&mut self, now: Now, tree: &HeaderTree, outbox: &mut Outbox) {
        for talk in self.talks.values_mut() {
            talk.pass_time(now);
        }
        self.choose_lead(now.mono);
        let lead = self.leader();
        for (peer, talk) in &mut self.talks {
            let asks = match talk.state {
                State::Due => talk.retry.may_ask(now.mono),
                State::More => lead == Some(*peer),
                State::Quiet | State::Asked(_) => false,
            };
            if asks {
                talk.state = State::Asked(now.mono);
                outbox.send(*peer, talk.question(tree));
            }
        }
    }

    /// When `drive` has something to do again.
    pub(crate) fn next_due(&self, now: Now) -> Option<MonoTime> {
        let due = |talk: &Talk| match talk.state {
            State::Quiet | State::More => None,
            State::Due => Some(talk.retry.until()),
            State::Asked(_) => talk.answer_due(),
        };
        let dues = self.talks.values().flat_map(|talk| [due(talk), talk.too_new_due(now)]);
        let lead = self.lead.and_then(|lead| self.talks.get(&lead.peer)?.quiet_due());
        let waits = self.talks.values().any(|talk| talk.state == State::More);
        dues.chain([lead.filter(|_| waits || self.has_ended())]).flatten().min()
    }

    /// The lead stays until it ends, fails or goes, or falls silent while others wait or know all.
    /// One whose branch is only weighed yet gives way after a while, so that a liar with a long
    /// branch does not keep the others waiting. The next is who has a full batch behind it, in turn.
    fn choose_lead(&mut self, now: MonoTime) {
        let waits = |talk: &Talk| talk.state == State::More;
        let leads = |lead: &Lead| {
            let others = self.talks.iter().any(|(peer, talk)| *peer != lead.peer && waits(talk));
            let turn_is_over = others && now.since(lead.since) >= PRESYNC_TURN;
            let dispensable = others || self.has_ended();
            self.talks.get(&lead.peer).is_some_and(|talk| {
                let is_quiet = dispensable && talk.quiet_due().is_some_and(|due| due <= now);
                talk.is_loading() && !is_quiet && !(talk.presync.is_some() && turn_is_over)
            })
        };
        if self.lead.is_some_and(|lead| leads(&lead)) {
            return;
        }
        let last = self.lead.map(|lead| lead.peer);
        let mut waiting = self.talks.iter().filter(|(_, talk)| waits(talk)).map(|(peer, _)| *peer);
        let first = waiting.clone().next();
        let next = waiting.find(|peer| Some(*peer) > last).or(first);
        self.lead = next.map(|peer| Lead { peer, since: now });
    }
}

#[cfg(test)]
mod tests;
