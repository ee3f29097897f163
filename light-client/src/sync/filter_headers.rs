//! Owns the conversation about filter headers (BIP157): what every ready peer commits to, over the
//! whole range of the wallet.
//!
//! Refuses to decide who is right, and to take a filter header for anything but what its sender
//! said: what is kept are filter hashes, by height and by peer.

use std::collections::BTreeMap;

use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_filter::GetCFHeaders;

use crate::chain::header_tree::HeaderTree;
use crate::codec::FilterHeaders;
use crate::fault::Fault;
use crate::filter::commitments::{Commitments, RecordError};
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
    /// Answers above the end of what is known, by their start.
    early: BTreeMap<Height, Early>,
}

#[derive(Debug, Default)]
struct Talk {
    asks: Vec<Ask>,
    /// Questions that were never answered, forgotten ones included.
    unanswered: u32,
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

impl FilterHeaderSync {
    pub(crate) fn add(&mut self, peer: PeerId) {
        self.talks.insert(peer, Talk::default());
    }

    pub(crate) fn remove(&mut self, peer: PeerId) {
        self.talks.remove(&peer);
        self.early.retain(|_, early| early.peer != peer);
    }

    /// Forgets everything above `fork`.
    pub(crate) fn on_reorganised(&mut self, fork: Height) {
        self.early.retain(|_, early| early.stop.height <= fork);
        for talk in self.talks.values_mut() {
            talk.asks
                .iter_mut()
                .filter(|ask| ask.stop.height > fork)
                .for_each(|ask| ask.late = true);
        }
    }

    /// What everybody said was forgotten: all are asked anew.
    pub(crate) fn restart(&mut self) {
        self.early.clear();
        for talk in self.talks.values_mut() {
            talk.asks.iter_mut().for_each(|ask| ask.late = true);
        }
    }

    /// A peer sent filter headers.
    ///
    /// # Errors
    /// The fault for which to close the connection.
    pub(crate) fn on_filter_headers(
        &mut self,
        peer: PeerId,
        reply: FilterHeaders,
        tree: &HeaderTree,
        commitments: &mut Commitments,
    ) -> Result<(), Fault> {
        let Some(talk) = self.talks.get_mut(&peer) else { return Ok(()) };
        talk.unanswered = talk.unanswered.checked_sub(1).ok_or(Fault::Unsolicited)?;
        let fits = |ask: &Ask| ask.stop.hash == reply.stop;
        let Some(i) = talk.asks.iter().position(fits) else { return Ok(()) };
        let ask = talk.asks.remove(i);
        talk.retry.answered();
        if reply.hashes.len() != ask.stop.height.above(ask.start) as usize + 1 {
            return Err(Fault::InvalidFilterHeaders);
        }
        if !tree.is_best(ask.stop) {
            return Ok(());
        }
        if ask.start > commitments.next() {
            self.early.insert(ask.start, Early { peer, stop: ask.stop, reply });
            return Ok(());
        }
        take(peer, ask.start, &reply, commitments)?;
        self.take_early(commitments);
        Ok(())
    }

    /// Takes every answer that has its place at or below the end of what is known.
    fn take_early(&mut self, commitments: &mut Commitments) {
        while let Some(entry) = self.early.first_entry()
            && *entry.key() <= commitments.next()
        {
            let (start, early) = entry.remove_entry();
            // It fitted when it came, and only its own peer could have changed that.
            let _ = take(early.peer, start, &early.reply, commitments);
        }
    }

    /// Asks for what is missing, and every peer for what it commits to. `peers` are the ready
    /// ones, each with the height up to which it has the best branch.
    pub(crate) fn drive(
        &mut self,
        now: MonoTime,
        peers: &[(PeerId, Height)],
        tree: &HeaderTree,
        commitments: &Commitments,
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
        self.ask_missing(now, peers, tree, commitments, outbox);
        self.ask_each(now, peers, tree, commitments, outbox);
    }

    /// When `drive` has something to do again.
    pub(crate) fn next_due(&self, now: MonoTime) -> Option<MonoTime> {
        let asks = self.talks.values().flat_map(|talk| &talk.asks);
        let timeouts = asks.filter(|ask| !ask.late).map(Ask::timeout);
        let waits = self.talks.values().map(|talk| talk.retry.until()).filter(|at| *at > now);
        timeouts.chain(waits).min()
    }

    /// Asks for the ranges above what is known, each of one peer.
    fn ask_missing(
        &mut self,
        now: MonoTime,
        peers: &[(PeerId, Height)],
        tree: &HeaderTree,
        commitments: &Commitments,
        outbox: &mut Outbox,
    ) {
        let mut start = commitments.next();
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

    /// Asks every peer for what it commits to where others have spoken already.
    fn ask_each(
        &mut self,
        now: MonoTime,
        peers: &[(PeerId, Height)],
        tree: &HeaderTree,
        commitments: &Commitments,
        outbox: &mut Outbox,
    ) {
        let first = tree.base().height.next();
        for (peer, common) in peers {
            let Some(covered) = commitments.covered(*peer) else { continue };
            let Some(talk) = self.talks.get(peer) else { continue };
            let asked = talk.asks.iter().any(|ask| !ask.late);
            if asked || !talk.retry.may_ask(now) {
                continue;
            }
            let Some(gap) = covered.gap(first..=commitments.tip().min(*common)) else { continue };
            let (start, end) = gap.into_inner();
            if let Some(stop) = tree.block_at(end.min(start.up(FULL_RANGE - 1))) {
                self.ask(now, *peer, start, stop, outbox);
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
            let free = open < MAX_FILTER_HEADER_ASKS && talk.retry.may_ask(now);
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

fn take(
    peer: PeerId,
    start: Height,
    reply: &FilterHeaders,
    commitments: &mut Commitments,
) -> Result<(), Fault> {
    match commitments.record(peer, start, reply.previous, &reply.hashes) {
        // A reorganisation may have come in between.
        Ok(()) | Err(RecordError::Gap) => Ok(()),
        Err(RecordError::Changed(_)) => Err(Fault::InvalidFilterHeaders),
    }
}

/// Blocks in a full range.
const FULL_RANGE: u32 = 2000;
const _: () = assert!(FULL_RANGE as usize == MAX_FILTER_HEADERS);

/// Questions to one peer that we remember, late ones included.
const MAX_OPEN_ASKS: usize = 4 * MAX_FILTER_HEADER_ASKS;
