//! Owns `Talk`: what is said about headers with one peer.
//!
//! Refuses to choose among peers.

use std::iter;

use bitcoin::BlockHash;
use bitcoin::block::Header;
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::GetHeadersMessage;
use rand_chacha::rand_core::RngCore;

use crate::chain::header_tree::HeaderTree;
use crate::chain::locator::locator;
use crate::chain::presync::{Presync, Stop};
use crate::chain::rules::HeaderError;
use crate::fault::Fault;
use crate::height::{BlockId, Height};
use crate::limits::{
    HEADERS_TIMEOUT, MAX_BROKEN_PRESYNCS, MAX_HEADERS, MAX_IDLE_BATCHES, MAX_LOCATOR,
    MAX_UNCONNECTED, QUIET_PATIENCE, REPLY_TIMEOUT, WTXID_RELAY_PROTOCOL,
};
use crate::retry::Retry;
use crate::sync::headers::Outcome;
use crate::sync::headers::batch::{Batch, Weight, take_headers, weigh};
use crate::time::{MonoTime, Now, WallTime};

/// One peer's part of the conversation.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) state: State,
    /// The height that it named in the handshake; only says where to begin asking.
    start_height: Height,
    /// The block with the most work that it announced and that we know.
    pub(super) tip: Option<BlockId>,
    /// Where the chain to `tip` leaves the best branch.
    pub(super) common: Option<Height>,
    /// The last header of a full batch: its chain goes on there, on whatever branch.
    next: Option<BlockHash>,
    /// It once answered to the end: all that it had then, we have.
    pub(super) ended: bool,
    /// It announced something that we don't know.
    claims: bool,
    /// Its last such announcement led to nothing new, so the next one is asked for but not
    /// believed.
    cried_wolf: bool,
    /// Headers in a row that did not connect.
    unconnected: u32,
    /// Full batches in a row that brought nothing new.
    idle_batches: u32,
    /// How far below our tip to ask, when it does not even know our tip's parent.
    probe: u32,
    pub(super) retry: Retry,
    /// When part of a message came last.
    pub(super) progress: MonoTime,
    /// When the header from the future counts with which its last answer ended.
    pub(super) too_new: Option<WallTime>,
    /// Its branch, while that has not shown enough work.
    pub(super) presync: Option<Box<Presync>>,
    /// Branches in a row that it did not stand by.
    broken: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing to ask.
    Quiet,
    /// Ask, for it may have something new.
    Due,
    /// Ask for what comes after a full batch; only the lead does at once.
    More,
    /// Asked at this time.
    Asked(MonoTime),
}

impl Talk {
    pub(super) fn new(start_height: Height) -> Self {
        Self {
            state: State::Due,
            start_height,
            tip: None,
            common: None,
            next: None,
            ended: false,
            claims: false,
            cried_wolf: false,
            unconnected: 0,
            idle_batches: 0,
            probe: 0,
            retry: Retry::default(),
            progress: MonoTime::START,
            too_new: None,
            presync: None,
            broken: 0,
        }
    }

    /// Whether it is to be believed that it has more than it told.
    pub(super) const fn claims_more(&self) -> bool {
        self.claims && self.retry.misses() == 0
    }

    /// Whether a chain is coming in from it.
    pub(super) const fn is_loading(&self) -> bool {
        self.idle_batches == 0 && matches!(self.state, State::More | State::Asked(_))
    }

    /// It announced a block that we know.
    pub(super) fn announce(&mut self, block: BlockId, tree: &HeaderTree) {
        let work = |block: BlockId| tree.work_of(&block.hash);
        if self.tip.is_none_or(|tip| work(tip) < work(block)) {
            self.tip = Some(block);
            self.find_common(tree);
        }
    }

    /// It announced something that we don't know.
    pub(super) fn on_claim(&mut self) {
        self.claims |= !self.cried_wolf;
        self.ask_soon();
    }

    pub(super) fn find_common(&mut self, tree: &HeaderTree) {
        // A side branch may have been shed; then the peer's chain is not known any more.
        let fork = self.tip.and_then(|tip| tree.fork_of(&tip.hash));
        self.common = fork.map(|fork| fork.height);
        self.tip = self.tip.filter(|_| fork.is_some());
    }

    /// When another peer may be asked in its place, unless something comes from it.
    pub(super) fn quiet_due(&self) -> Option<MonoTime> {
        let State::Asked(at) = self.state else { return None };
        Some(at.max(self.progress).after(QUIET_PATIENCE))
    }

    /// When the answer to an open question is late. A part that comes now and then puts that off,
    /// but not for ever.
    pub(super) fn answer_due(&self) -> Option<MonoTime> {
        let State::Asked(at) = self.state else { return None };
        Some(at.max(self.progress).after(REPLY_TIMEOUT).min(at.after(HEADERS_TIMEOUT)))
    }

    /// Gives up waiting for a late answer, and asks again for a header from the future.
    pub(super) fn pass_time(&mut self, now: Now) {
        if self.answer_due().is_some_and(|due| due <= now.mono) {
            self.retry.missed(now.mono);
            self.state = State::Due;
        }
        // By the wall clock, since it may have been set right meanwhile. The answer clears it.
        if self.too_new.is_some_and(|from| from <= now.wall) {
            self.ask_soon();
        }
    }

    /// When to ask again for a header from the future.
    pub(super) fn too_new_due(&self, now: Now) -> Option<MonoTime> {
        let from = self.too_new.filter(|from| *from > now.wall)?;
        Some(now.mono.after(from.since(now.wall)))
    }

    /// Forgets the branch that is weighed.
    pub(super) fn drop_presync(&mut self, tree: &mut HeaderTree) {
        if self.presync.take().is_some_and(|presync| presync.is_second()) {
            tree.spare(None);
        }
    }

    /// It sent headers, asked or not.
    pub(super) fn on_headers(
        &mut self,
        now: Now,
        headers: &[Header],
        tree: &mut HeaderTree,
        rng: &mut impl RngCore,
    ) -> Outcome {
        let parent = headers.first().map(|first| first.prev_blockhash);
        let is_full = headers.len() == MAX_HEADERS;
        let end = self.presync.as_ref().map(|presync| presync.tip().hash);
        if end.is_some() && (parent == end || parent.is_none()) {
            return self.on_presync(now, headers, is_full, tree);
        }
        if let Some(first) = headers.first()
            && tree.find(&first.prev_blockhash).is_none()
        {
            return Outcome { moved: None, fault: self.on_unconnected(first, tree) };
        }
        match weigh(headers, tree) {
            Weight::Worthless(fault) => Outcome { moved: None, fault: Some(fault) },
            Weight::Enough => {
                let (batch, outcome) = take_headers(now, headers, tree);
                if let Some(last) = batch.last {
                    self.announce(last, tree);
                }
                self.on_batch(headers.len(), &batch, tree);
                outcome
            }
            Weight::Little { start, new } => {
                if matches!(self.state, State::Asked(_)) {
                    // It does not go on with the branch that it sent before.
                    self.drop_presync(tree);
                }
                if is_full && self.presync.is_none() {
                    let needed = tree.least_work();
                    self.presync = Some(Box::new(Presync::begin(tree, start, needed, rng)));
                    return self.on_presync(now, &headers[new..], is_full, tree);
                }
                self.on_answer(false);
                self.end();
                Outcome::default()
            }
        }
    }

    /// A question whose answer has at least one header if the peer is up to date.
    pub(super) fn question(&self, tree: &HeaderTree) -> NetworkMessage {
        let locator_hashes = match &self.presync {
            // A branch that is not in the tree is named by its end alone.
            Some(presync) if presync.tip() != presync.start() => {
                let below = locator(tree, presync.start().hash);
                iter::once(presync.tip().hash).chain(below).take(MAX_LOCATOR).collect()
            }
            Some(presync) => locator(tree, presync.start().hash),
            None => locator(tree, self.ask_from(tree).hash),
        };
        NetworkMessage::GetHeaders(GetHeadersMessage {
            version: WTXID_RELAY_PROTOCOL,
            locator_hashes,
            stop_hash: BlockHash::all_zeros(),
        })
    }

    /// Where a question begins: at the parent of our tip, as in Bitcoin Core, so that the answer
    /// tells what the peer has; lower or on another branch where that is what it is known to have.
    fn ask_from(&self, tree: &HeaderTree) -> BlockId {
        // Somebody else may have told of the best branch what was to come next.
        let next = self.next.and_then(|hash| tree.find(&hash));
        if let Some(next) = next.filter(|next| !tree.is_best(*next)) {
            return next;
        }
        let (base, tip) = (tree.base(), tree.tip());
        let height = match self.tip {
            Some(known) if !tree.is_best(known) => return known,
            Some(known) => tip.height.down(1).max(known.height),
            None if self.start_height == Height::GENESIS => tip.height.down(self.probe + 1),
            None => tip.height.min(self.start_height).down(self.probe + 1),
        };
        tree.block_at(height.max(base.height)).unwrap_or(base)
    }

    /// Part of what it told may be gone from the tree.
    pub(super) fn ask_anew(&mut self, tree: &mut HeaderTree) {
        self.drop_presync(tree);
        self.find_common(tree);
        self.next = None;
        self.state = State::Due;
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
        if self.presync.is_some() || self.next.is_some() {
            // It announces new blocks while it sends what is far below them.
            return None;
        }
        self.unconnected += 1;
        self.on_claim();
        (self.unconnected > MAX_UNCONNECTED).then_some(Fault::UnconnectedHeaders)
    }

    /// It said something of use, or at least in order.
    fn on_answer(&mut self, is_news: bool) {
        self.retry.answered();
        self.unconnected = 0;
        self.cried_wolf = !is_news && (self.claims || self.cried_wolf);
        self.claims = false;
    }

    /// It told all that it has.
    fn end(&mut self) {
        self.ended = true;
        self.next = None;
        self.state = State::Quiet;
    }

    /// There is more behind a full batch.
    fn go_on(&mut self, batch: &Batch) {
        self.next = batch.last.map(|last| last.hash);
        self.state = State::More;
    }

    fn on_batch(&mut self, length: usize, batch: &Batch, tree: &HeaderTree) {
        let asked = matches!(self.state, State::Asked(_));
        self.on_answer(batch.is_news);
        self.idle_batches = if batch.is_news { 0 } else { self.idle_batches + 1 };
        self.too_new = batch.too_new;
        if length == MAX_HEADERS && batch.too_new.is_none() && self.idle_batches < MAX_IDLE_BATCHES
        {
            self.go_on(batch);
            return;
        }
        self.end();
        let above_base = tree.tip().height.above(tree.base().height);
        if asked && length == 0 && self.tip.is_none() && self.probe < above_base {
            // It has nothing above where we asked, and perhaps less: find out what it has.
            self.probe = (self.probe * 2).max(PROBE_START);
            self.state = State::Due;
        }
    }

    /// More of the branch that is weighed; nothing is more of it, too: its end.
    fn on_presync(
        &mut self,
        now: Now,
        headers: &[Header],
        is_full: bool,
        tree: &mut HeaderTree,
    ) -> Outcome {
        let Some(presync) = self.presync.as_mut() else { return Outcome::default() };
        let was_second = presync.is_second();
        let ready = match presync.take(headers, tree.tip_work(), now.wall) {
            Ok(ready) => ready,
            Err(stop) => return self.on_stop(now, stop, tree),
        };
        let (is_second, is_done) = (presync.is_second(), presync.is_done());
        if let Some(first) = ready.first() {
            tree.spare(Some(first.prev_blockhash));
        }
        let (batch, mut outcome) = take_headers(now, &ready, tree);
        if outcome.fault == Some(Fault::UnconnectedHeaders) {
            // What came before it was shed meanwhile.
            outcome.fault = self.on_broken(now, tree);
            return outcome;
        }
        self.idle_batches = 0;
        self.on_answer(is_done);
        if is_done || batch.too_new.is_some() || outcome.fault.is_some() {
            self.drop_presync(tree);
            self.broken = 0;
            self.too_new = batch.too_new;
            if let Some(last) = batch.last {
                self.announce(last, tree);
            }
            self.end();
            if is_full && batch.too_new.is_none() {
                self.go_on(&batch);
            }
        } else if is_full || is_second != was_second {
            self.state = State::More;
        } else if is_second {
            outcome.fault = self.on_broken(now, tree);
        } else {
            self.drop_presync(tree);
            self.end();
        }
        outcome
    }

    fn on_stop(&mut self, now: Now, stop: Stop, tree: &mut HeaderTree) -> Outcome {
        self.drop_presync(tree);
        let fault = match stop {
            Stop::Header(HeaderError::TooNew { from }) => {
                self.on_answer(false);
                self.end();
                self.too_new = Some(from);
                None
            }
            Stop::Header(_) => Some(Fault::InvalidHeader),
            Stop::Gap => Some(Fault::UnconnectedHeaders),
            Stop::OtherBranch => self.on_broken(now, tree),
            Stop::TooLong => {
                self.on_answer(false);
                self.end();
                None
            }
        };
        Outcome { moved: None, fault }
    }

    /// It did not send again what it had sent: its chain was reorganised, or it plays with us.
    fn on_broken(&mut self, now: Now, tree: &mut HeaderTree) -> Option<Fault> {
        self.drop_presync(tree);
        self.claims = false;
        self.retry.missed(now.mono);
        self.state = State::Due;
        self.broken += 1;
        (self.broken >= MAX_BROKEN_PRESYNCS).then_some(Fault::NotServing)
    }
}

/// How far below our tip the first probe goes.
const PROBE_START: u32 = 8;
