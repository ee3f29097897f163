//! Owns the conversation about headers: locators out, batches and announcements in, and for each
//! peer the best block that it announced.
//!
//! Refuses to follow a peer in anything but valid headers, and to load one chain from several
//! peers at a time: one leads, the others are asked where it ends.

use std::collections::BTreeMap;

use bitcoin::BlockHash;
use bitcoin::block::Header;
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::{GetHeadersMessage, Inventory};

use crate::chain::header_tree::{HeaderTree, Inserted};
use crate::chain::locator::locator;
use crate::chain::rules::HeaderError;
use crate::fault::Fault;
use crate::height::{BlockId, Height};
use crate::limits::{
    MAX_HEADERS, MAX_IDLE_BATCHES, MAX_UNCONNECTED, REPLY_TIMEOUT, TOO_NEW_RETRY,
    WTXID_RELAY_PROTOCOL,
};
use crate::outbox::Outbox;
use crate::peer_id::PeerId;
use crate::retry::Retry;
use crate::time::{MonoTime, Now};

/// Headers, with every ready peer.
#[derive(Debug, Default)]
pub(crate) struct HeaderSync {
    talks: BTreeMap<PeerId, Talk>,
    /// The peer from which the chain is being loaded.
    lead: Option<PeerId>,
}

/// What is said about headers with one peer.
#[derive(Debug)]
struct Talk {
    state: State,
    /// The height that it named in the handshake; only says where to begin asking.
    start_height: Height,
    /// The block with the most work that it announced and that we know.
    tip: Option<BlockId>,
    /// Where the chain to `tip` leaves the best branch.
    common: Option<Height>,
    /// It once answered to the end: all that it had then, we have.
    ended: bool,
    /// Headers in a row that did not connect.
    unconnected: u32,
    /// Full batches in a row that brought nothing new.
    idle_batches: u32,
    /// How far below our tip to ask, when it does not even know our tip's parent.
    probe: u32,
    retry: Retry,
    /// When to ask again for a header from the future.
    too_new: Option<MonoTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing to ask.
    Quiet,
    /// Ask, for it may have something new.
    Due,
    /// Ask for what comes after a full batch; only the lead does at once.
    More,
    /// Asked at this time.
    Asked(MonoTime),
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
        let talk = Talk {
            state: State::Due,
            start_height,
            tip: None,
            common: None,
            ended: false,
            unconnected: 0,
            idle_batches: 0,
            probe: 0,
            retry: Retry::default(),
            too_new: None,
        };
        self.talks.insert(peer, talk);
    }

    pub(crate) fn remove(&mut self, peer: PeerId) {
        self.talks.remove(&peer);
    }

    /// Up to where a peer is known to have the best branch.
    pub(crate) fn common(&self, peer: PeerId) -> Option<Height> {
        self.talks.get(&peer)?.common
    }

    /// The best block that a peer announced.
    pub(crate) fn announced(&self, peer: PeerId) -> Option<BlockId> {
        self.talks.get(&peer)?.tip
    }

    /// Whether at least one peer told all it had, and none is about to tell more.
    pub(crate) fn is_settled(&self) -> bool {
        let waits = |talk: &Talk| talk.state != State::Quiet && talk.retry.misses() == 0;
        // One that never answered yet may be slow; it holds up nobody who heard from another.
        let tells = self.talks.values().any(|talk| talk.ended && waits(talk));
        self.talks.values().any(|talk| talk.ended) && !tells && self.lead.is_none()
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
            Some(None) => talk.ask_soon(),
            None => {}
        }
    }

    /// A peer sent headers, asked or not.
    pub(crate) fn on_headers(
        &mut self,
        now: Now,
        peer: PeerId,
        headers: &[Header],
        tree: &mut HeaderTree,
    ) -> Outcome {
        let Some(talk) = self.talks.get_mut(&peer) else { return Outcome::default() };
        if let Some(first) = headers.first()
            && tree.find(&first.prev_blockhash).is_none()
        {
            let fault = talk.on_unconnected(first, tree);
            return Outcome { moved: None, fault };
        }
        let (batch, outcome) = take_headers(now, headers, tree);
        if let Some(last) = batch.last {
            talk.announce(last, tree);
        }
        talk.on_batch(now, headers.len(), &batch, tree);
        if outcome.moved.is_some() {
            for talk in self.talks.values_mut() {
                talk.find_common(tree);
            }
        }
        outcome
    }

    /// Asks whom there is to ask, and gives up waiting for who is late.
    pub(crate) fn drive(&mut self, now: MonoTime, tree: &HeaderTree, outbox: &mut Outbox) {
        for talk in self.talks.values_mut() {
            if matches!(talk.state, State::Asked(at) if now.since(at) >= REPLY_TIMEOUT) {
                talk.retry.missed(now);
                talk.state = State::Due;
            }
            if talk.too_new.take_if(|due| *due <= now).is_some() {
                talk.ask_soon();
            }
        }
        self.choose_lead();
        for (peer, talk) in &mut self.talks {
            let asks = match talk.state {
                State::Due => talk.retry.may_ask(now),
                State::More => self.lead == Some(*peer),
                State::Quiet | State::Asked(_) => false,
            };
            if asks {
                talk.state = State::Asked(now);
                outbox.send(*peer, talk.question(tree));
            }
        }
    }

    /// When `drive` has something to do again.
    pub(crate) fn next_due(&self) -> Option<MonoTime> {
        let due = |talk: &Talk| match talk.state {
            State::Quiet | State::More => None,
            State::Due => Some(talk.retry.until()),
            State::Asked(at) => Some(at.after(REPLY_TIMEOUT)),
        };
        let dues = self.talks.values().flat_map(|talk| [due(talk), talk.too_new]);
        dues.flatten().min()
    }

    /// The lead stays until it ends, fails or goes; the next is who has a full batch behind it.
    fn choose_lead(&mut self) {
        let leads = |talk: &Talk| {
            talk.idle_batches == 0 && matches!(talk.state, State::More | State::Asked(_))
        };
        let stays = self.lead.and_then(|lead| self.talks.get(&lead)).is_some_and(leads);
        if !stays {
            let more = |(_, talk): &(&PeerId, &Talk)| talk.state == State::More;
            self.lead = self.talks.iter().find(more).map(|(peer, _)| *peer);
        }
    }
}

impl Talk {
    /// It announced a block that we know.
    fn announce(&mut self, block: BlockId, tree: &HeaderTree) {
        let work = |block: BlockId| tree.work_of(&block.hash);
        if self.tip.is_none_or(|tip| work(tip) < work(block)) {
            self.tip = Some(block);
            self.find_common(tree);
        }
    }

    fn find_common(&mut self, tree: &HeaderTree) {
        // A side branch may have been shed; then the peer's chain is not known any more.
        let fork = self.tip.and_then(|tip| tree.fork_of(&tip.hash));
        self.common = fork.map(|fork| fork.height);
        self.tip = self.tip.filter(|_| fork.is_some());
    }

    fn ask_soon(&mut self) {
        if self.state == State::Quiet {
            self.state = State::Due;
        }
    }

    fn on_unconnected(&mut self, first: &Header, tree: &HeaderTree) -> Option<Fault> {
        if first.prev_blockhash == tree.params().genesis.block_hash() {
            // It knows nothing of our locator, so it has not come up to our base yet.
            return Some(Fault::NotServing);
        }
        self.unconnected += 1;
        self.ask_soon();
        (self.unconnected > MAX_UNCONNECTED).then_some(Fault::UnconnectedHeaders)
    }

    fn on_batch(&mut self, now: Now, length: usize, batch: &Batch, tree: &HeaderTree) {
        let asked = matches!(self.state, State::Asked(_));
        self.retry.answered();
        self.unconnected = 0;
        self.idle_batches = if batch.is_news { 0 } else { self.idle_batches + 1 };
        self.too_new = batch.is_cut.then(|| now.mono.after(TOO_NEW_RETRY));
        if length == MAX_HEADERS && !batch.is_cut && self.idle_batches < MAX_IDLE_BATCHES {
            self.state = State::More;
            return;
        }
        self.ended = true;
        self.state = State::Quiet;
        let above_base = tree.tip().height.above(tree.base().height);
        if asked && length == 0 && self.tip.is_none() && self.probe < above_base {
            // It has nothing above where we asked, and perhaps less: find out what it has.
            self.probe = (self.probe * 2).max(PROBE_START);
            self.state = State::Due;
        }
    }

    /// A question whose answer has at least one header if the peer is up to date: it begins at the
    /// parent of our tip, as in Bitcoin Core, so that the answer tells what the peer has.
    fn question(&self, tree: &HeaderTree) -> NetworkMessage {
        let (base, tip) = (tree.base(), tree.tip());
        let height = match self.tip {
            Some(known) => tip.height.down(1).max(known.height),
            None if self.start_height == Height::GENESIS => tip.height.down(self.probe + 1),
            None => tip.height.min(self.start_height).down(self.probe + 1),
        };
        let from = match self.tip {
            Some(known) if !tree.is_best(known) => known,
            _ => tree.block_at(height.max(base.height)).unwrap_or(base),
        };
        NetworkMessage::GetHeaders(GetHeadersMessage {
            version: WTXID_RELAY_PROTOCOL,
            locator_hashes: locator(tree, from.hash),
            stop_hash: BlockHash::all_zeros(),
        })
    }
}

/// What came of one message.
struct Batch {
    /// The last header that is known now.
    last: Option<BlockId>,
    /// Whether any header was new.
    is_news: bool,
    /// Whether a header from the future ended it.
    is_cut: bool,
}

fn take_headers(now: Now, headers: &[Header], tree: &mut HeaderTree) -> (Batch, Outcome) {
    let old_tip = tree.tip();
    let mut batch = Batch { last: None, is_news: false, is_cut: false };
    let mut fork = old_tip;
    let mut fault = None;
    for header in headers {
        match tree.insert(*header, now.wall) {
            Ok(inserted) => {
                if let Inserted::Reorganised { fork: at } = inserted
                    && at.height < fork.height
                {
                    fork = at;
                }
                batch.is_news |= inserted != Inserted::Known;
                batch.last = tree.find(&header.block_hash());
            }
            Err(HeaderError::TooNew) => batch.is_cut = true,
            Err(HeaderError::Crowded) => fault = Some(Fault::Flooded),
            Err(HeaderError::UnknownParent) => fault = Some(Fault::UnconnectedHeaders),
            Err(_) => fault = Some(Fault::InvalidHeader),
        }
        if batch.is_cut || fault.is_some() {
            break;
        }
    }
    let moved = (tree.tip() != old_tip).then_some(Moved { fork, old_tip });
    (batch, Outcome { moved, fault })
}

/// How far below our tip the first probe goes.
const PROBE_START: u32 = 8;
