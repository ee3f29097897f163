//! Owns the conversation about filter headers (BIP157): ranges that extend our chain, and for
//! each peer how far its chain is known to agree with ours.
//!
//! Refuses to decide who is right: a peer that contradicts our chain is set aside, its filters
//! are not used, and nothing is overwritten. A filter header commits to all below it, so one
//! block's is enough to compare two chains.

use std::collections::BTreeMap;

use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_filter::GetCFHeaders;

use crate::chain::header_tree::HeaderTree;
use crate::codec::FilterHeaders;
use crate::fault::Fault;
use crate::filter::header_chain::{Contradiction, FilterHeaderChain};
use crate::height::{BlockId, Height};
use crate::limits::{
    MAX_FILTER_HEADER_ASKS, MAX_FILTER_HEADER_RANGES, MAX_FILTER_HEADERS, REPLY_TIMEOUT, TIP_RANGE,
    TIP_REPLY_TIMEOUT,
};
use crate::outbox::Outbox;
use crate::peer_id::PeerId;
use crate::retry::Retry;
use crate::time::MonoTime;

/// Filter headers, with every ready peer.
#[derive(Debug, Default)]
pub(crate) struct FilterHeaderSync {
    talks: BTreeMap<PeerId, Talk>,
    /// Answers above the end of our chain, by their start.
    early: BTreeMap<Height, Early>,
    /// Who contradicted our chain and has not been reported.
    refused: Vec<PeerId>,
    /// The last peer that stood behind our chain was caught lying, and none has come since.
    doubted: bool,
}

#[derive(Debug, Default)]
struct Talk {
    asks: Vec<Ask>,
    /// Questions that were never answered, forgotten ones included.
    unanswered: u32,
    /// Up to here its chain is ours.
    agreed: Option<Height>,
    /// It contradicted our chain.
    refused: bool,
    retry: Retry,
}

/// One `getcfheaders`.
#[derive(Debug, Clone, Copy)]
struct Ask {
    start: Height,
    stop: BlockId,
    at: MonoTime,
    /// The answer did not come in time; it is still welcome.
    late: bool,
}

impl Ask {
    fn timeout(&self) -> MonoTime {
        let short = self.stop.height.above(self.start) < TIP_RANGE;
        self.at.after(if short { TIP_REPLY_TIMEOUT } else { REPLY_TIMEOUT })
    }
}

#[derive(Debug)]
struct Early {
    peer: PeerId,
    stop: BlockId,
    reply: FilterHeaders,
}

/// What a message of filter headers did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was taken, kept for later or ignored.
    Fine,
    /// The peer broke the protocol: close the connection.
    Broken(Fault),
    /// Our chain, or the peer's, is proven wrong by a filter header that everybody knows: forget
    /// ours and close the connection.
    WrongChain,
    /// The peer contradicts a chain behind which nobody stands but one who was caught lying:
    /// forget it.
    DoubtedChain,
}

impl FilterHeaderSync {
    pub(crate) fn add(&mut self, peer: PeerId) {
        self.talks.insert(peer, Talk::default());
    }

    pub(crate) fn remove(&mut self, peer: PeerId) {
        self.talks.remove(&peer);
        self.early.retain(|_, early| early.peer != peer);
    }

    /// Up to where a peer's filters are known to be those that we expect.
    pub(crate) fn agreed(&self, peer: PeerId) -> Option<Height> {
        self.talks.get(&peer)?.agreed
    }

    /// Whether a peer contradicted our chain.
    pub(crate) fn is_refused(&self, peer: PeerId) -> bool {
        self.talks.get(&peer).is_some_and(|talk| talk.refused)
    }

    /// A peer that contradicted our chain since the last call.
    pub(crate) fn take_refused(&mut self) -> Option<PeerId> {
        self.refused.pop()
    }

    /// A peer was caught sending a filter other than the one that it stood for. If nobody else
    /// stands behind our chain, those that contradicted it are heard again.
    pub(crate) fn on_lie(&mut self) {
        self.doubted = self.talks.values().all(|talk| talk.agreed.is_none());
        if self.doubted {
            self.talks.values_mut().for_each(|talk| talk.refused = false);
        }
    }

    /// Forgets everything above `fork`.
    pub(crate) fn on_reorganised(&mut self, fork: Height) {
        self.early.retain(|_, early| early.stop.height <= fork);
        for talk in self.talks.values_mut() {
            talk.asks
                .iter_mut()
                .filter(|ask| ask.stop.height > fork)
                .for_each(|ask| ask.late = true);
            talk.agreed = talk.agreed.map(|agreed| agreed.min(fork));
        }
    }

    /// Our chain was forgotten: everybody is asked anew.
    pub(crate) fn restart(&mut self) {
        self.early.clear();
        self.doubted = false;
        for talk in self.talks.values_mut() {
            talk.agreed = None;
            talk.refused = false;
            talk.asks.iter_mut().for_each(|ask| ask.late = true);
        }
    }

    /// A peer sent filter headers.
    pub(crate) fn on_filter_headers(
        &mut self,
        peer: PeerId,
        reply: FilterHeaders,
        tree: &HeaderTree,
        chain: &mut FilterHeaderChain,
    ) -> Verdict {
        let Some(talk) = self.talks.get_mut(&peer) else { return Verdict::Fine };
        if talk.unanswered == 0 {
            return Verdict::Broken(Fault::Unsolicited);
        }
        talk.unanswered -= 1;
        let fits = |ask: &Ask| ask.stop.hash == reply.stop;
        let Some(i) = talk.asks.iter().position(fits) else { return Verdict::Fine };
        let ask = talk.asks.remove(i);
        talk.retry.answered();
        if reply.hashes.len() != ask.stop.height.above(ask.start) as usize + 1 {
            return Verdict::Broken(Fault::InvalidFilterHeaders);
        }
        if talk.refused || !tree.is_best(ask.stop) {
            return Verdict::Fine;
        }
        self.early.insert(ask.start, Early { peer, stop: ask.stop, reply });
        self.take_early(chain)
    }

    /// Takes every answer that has its place at or below the end of our chain.
    fn take_early(&mut self, chain: &mut FilterHeaderChain) -> Verdict {
        while let Some(entry) = self.early.first_entry()
            && *entry.key() <= chain.next()
        {
            let (start, early) = entry.remove_entry();
            let talk = self.talks.get_mut(&early.peer);
            match (chain.offer(start, early.reply.previous, &early.reply.hashes), talk) {
                (Ok(end), Some(talk)) => {
                    talk.agreed = talk.agreed.max(Some(end));
                    self.doubted = false;
                }
                (Err(Contradiction::Known(_)), _) => return Verdict::WrongChain,
                (Err(Contradiction::Ours(_)), Some(_)) if self.doubted => {
                    return Verdict::DoubtedChain;
                }
                (Err(Contradiction::Ours(_)), Some(talk)) => {
                    talk.refused = true;
                    talk.agreed = None;
                    self.refused.push(early.peer);
                }
                (Ok(_) | Err(_), _) => {}
            }
        }
        Verdict::Fine
    }

    /// Asks for what is missing and compares chains. `peers` are the ready ones, each with the
    /// height up to which it has the best branch.
    pub(crate) fn drive(
        &mut self,
        now: MonoTime,
        peers: &[(PeerId, Height)],
        tree: &HeaderTree,
        chain: &FilterHeaderChain,
        outbox: &mut Outbox,
    ) {
        for talk in self.talks.values_mut() {
            let mut missed = false;
            for ask in talk.asks.iter_mut().filter(|ask| !ask.late && ask.timeout() <= now) {
                ask.late = true;
                missed = true;
            }
            if missed {
                talk.retry.missed(now);
            }
        }
        self.ask_missing(now, peers, tree, chain, outbox);
        self.ask_agreement(now, peers, tree, chain, outbox);
    }

    /// When `drive` has something to do again.
    pub(crate) fn next_due(&self, now: MonoTime) -> Option<MonoTime> {
        let asks = self.talks.values().flat_map(|talk| &talk.asks);
        let timeouts = asks.filter(|ask| !ask.late).map(Ask::timeout);
        let waits = self.talks.values().map(|talk| talk.retry.until()).filter(|at| *at > now);
        timeouts.chain(waits).min()
    }

    /// Asks for the ranges above our chain, each of one peer.
    fn ask_missing(
        &mut self,
        now: MonoTime,
        peers: &[(PeerId, Height)],
        tree: &HeaderTree,
        chain: &FilterHeaderChain,
        outbox: &mut Outbox,
    ) {
        let mut start = chain.next();
        for _ in 0..MAX_FILTER_HEADER_RANGES {
            if start > tree.tip().height {
                return;
            }
            let full = start.up(FULL_RANGE - 1);
            let underway = self.underway(start);
            let end = underway.or_else(|| {
                let (peer, common) = self.choose(now, peers, start)?;
                let stop = tree.block_at(full.min(common))?;
                self.ask(now, peer, start, stop, outbox);
                Some(stop.height)
            });
            let Some(end) = end else { return };
            start = end.next();
        }
    }

    /// Compares the chain of a peer with ours at one block, once it fell behind.
    fn ask_agreement(
        &mut self,
        now: MonoTime,
        peers: &[(PeerId, Height)],
        tree: &HeaderTree,
        chain: &FilterHeaderChain,
        outbox: &mut Outbox,
    ) {
        let Some(ours) = chain.tip() else { return };
        for (peer, common) in peers {
            let Some(talk) = self.talks.get(peer) else { continue };
            let at = ours.min(*common);
            let behind = talk.agreed.is_none_or(|agreed| {
                agreed < at && (ours == tree.tip().height || at.above(agreed) >= FULL_RANGE)
            });
            let asked = talk.asks.iter().any(|ask| !ask.late);
            if behind
                && !asked
                && !talk.refused
                && talk.retry.may_ask(now)
                && at >= tree.base().height
                && let Some(stop) = tree.block_at(at)
                && chain.before(at).is_some()
            {
                self.ask(now, *peer, at, stop, outbox);
            }
        }
    }

    /// The end of the range from `start`, if it was asked for or is here.
    fn underway(&self, start: Height) -> Option<Height> {
        let early = self.early.get(&start).map(|early| early.stop.height);
        early.or_else(|| {
            let mut asks = self.talks.values().flat_map(|talk| &talk.asks);
            asks.find(|ask| ask.start == start && !ask.late).map(|ask| ask.stop.height)
        })
    }

    /// The least busy peer that has the block at `start`.
    fn choose(
        &self,
        now: MonoTime,
        peers: &[(PeerId, Height)],
        start: Height,
    ) -> Option<(PeerId, Height)> {
        let busy = |peer: &PeerId| {
            let talk = self.talks.get(peer)?;
            let open = talk.asks.iter().filter(|ask| !ask.late).count();
            let free = open < MAX_FILTER_HEADER_ASKS && !talk.refused && talk.retry.may_ask(now);
            free.then_some(open)
        };
        let able = peers.iter().filter(|(_, common)| *common >= start);
        let able = able.filter_map(|(peer, common)| Some((busy(peer)?, *peer, *common)));
        able.min().map(|(_, peer, common)| (peer, common))
    }

    fn ask(
        &mut self,
        now: MonoTime,
        peer: PeerId,
        start: Height,
        stop: BlockId,
        outbox: &mut Outbox,
    ) {
        let Some(talk) = self.talks.get_mut(&peer) else { return };
        if talk.asks.len() >= MAX_OPEN_ASKS {
            talk.asks.remove(0);
        }
        talk.unanswered += 1;
        talk.asks.push(Ask { start, stop, at: now, late: false });
        outbox.send(
            peer,
            NetworkMessage::GetCFHeaders(GetCFHeaders {
                filter_type: 0,
                start_height: start.to_u32(),
                stop_hash: stop.hash,
            }),
        );
    }
}

/// Blocks in a full range.
const FULL_RANGE: u32 = 2000;
const _: () = assert!(FULL_RANGE as usize == MAX_FILTER_HEADERS);

/// Questions to one peer that we remember, late ones included.
const MAX_OPEN_ASKS: usize = 4 * MAX_FILTER_HEADER_ASKS;
