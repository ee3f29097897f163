//! Owns the download of filters (BIP157): which versions are asked of whom, what arrived, what must
//! be asked again.
//!
//! A version is asked only of peers that commit to it. Each peer is owed as much as keeps its
//! link full, in questions sized by its measured speed; one that has nothing left to do takes over
//! what a slower one would finish later. Refuses to keep or match a filter; the scan does. Refuses
//! deadlines: a peer from which bytes come, however few, is never late.

mod run;
mod steal;
mod talk;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use bitcoin::FilterHash;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_filter::GetCFilters;

use crate::chain::header_tree::HeaderTree;
use crate::fault::Fault;
use crate::filter::commitments::Commitments;
use crate::height::{BlockId, Height};
use crate::limits::{
    MAX_FILTER_ASKS, MAX_FILTER_BYTES, MAX_FILTER_TRIES, MAX_FILTERS_PER_ASK, MAX_MISSES,
    MAX_UNDERWAY_BYTES, MIN_FILTERS_PER_ASK, TIP_RANGE,
};
use crate::outbox::Outbox;
use crate::peer_id::PeerId;
use crate::time::MonoTime;

use talk::Talk;

/// A filter as a peer commits to it.
pub(crate) type Version = (Height, FilterHash);

/// Filters, with every ready peer.
#[derive(Debug)]
pub(crate) struct FilterSync {
    talks: BTreeMap<PeerId, Talk>,
    /// The first height of which no filter was asked for before it was known what it is.
    next: Height,
    /// Versions that nobody is asked for and somebody should be.
    wanted: BTreeSet<Version>,
    /// How often a peer left out a filter that it commits to.
    withheld: BTreeMap<(PeerId, Height), u32>,
    /// Who left one out so often that it is asked for it no more.
    unserving: Vec<PeerId>,
    /// The running mean of a filter's size in bytes.
    mean_size: usize,
    /// How many filters it is the mean of, at most.
    measured: usize,
    /// When somebody's work may be worth taking over.
    steal_due: Option<MonoTime>,
}

/// What the scan needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScanNeed {
    pub(crate) cursor: Height,
    /// Bytes of filters that are kept in memory.
    pub(crate) held: usize,
}

/// All that a question depends on besides our own state.
#[derive(Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    pub(crate) now: MonoTime,
    /// Those with a common branch, each with the height up to which it has the best one.
    pub(crate) peers: &'a [(PeerId, Height)],
    pub(crate) need: ScanNeed,
    pub(crate) commitments: &'a Commitments,
    pub(crate) tree: &'a HeaderTree,
}

impl Default for FilterSync {
    fn default() -> Self {
        Self {
            talks: BTreeMap::new(),
            next: Height::GENESIS,
            wanted: BTreeSet::new(),
            withheld: BTreeMap::new(),
            unserving: Vec::new(),
            mean_size: FIRST_MEAN_SIZE,
            measured: 0,
            steal_due: None,
        }
    }
}

impl FilterSync {
    pub(crate) fn add(&mut self, peer: PeerId) {
        self.talks.insert(peer, Talk::default());
    }

    /// A peer is gone; what it owed is asked of others. To be called while its commitments are
    /// known.
    pub(crate) fn remove(&mut self, peer: PeerId, commitments: &Commitments) {
        self.release(peer, commitments);
        self.talks.remove(&peer);
        self.withheld.retain(|(who, _), _| *who != peer);
    }

    /// Begins above the scan cursor, which jumped. What else was wanted is forgotten.
    pub(crate) fn restart(&mut self, cursor: Height) {
        self.next = cursor.next();
        self.wanted.clear();
        self.withheld.clear();
        for talk in self.talks.values_mut() {
            talk.forget();
        }
    }

    /// Forgets everything above `fork`.
    pub(crate) fn on_reorganised(&mut self, fork: Height) {
        self.next = self.next.min(fork.next());
        self.wanted.retain(|(height, _)| *height <= fork);
        self.withheld.retain(|(_, height), _| *height <= fork);
        self.talks.values_mut().for_each(|talk| talk.forget_above(fork));
    }

    /// A version is to be downloaded, unless somebody was asked for it already.
    pub(crate) fn want(&mut self, version: Version, commitments: &Commitments) {
        let underway = |(peer, talk): (&PeerId, &Talk)| {
            talk.expects(version.0) && commitments.commits_to(*peer, version.0) == Some(version.1)
        };
        if !self.talks.iter().any(underway) {
            self.wanted.insert(version);
        }
    }

    /// A version is not to be downloaded any more.
    pub(crate) fn unwant(&mut self, version: Version) {
        self.wanted.remove(&version);
    }

    /// Peers that did not send a filter to which they commit, time and again, since the last call.
    pub(crate) fn take_unserving(&mut self) -> Vec<PeerId> {
        std::mem::take(&mut self.unserving)
    }

    /// How long it will be until a peer has sent all that it was asked for.
    pub(crate) fn busy(&self, now: MonoTime, peer: PeerId) -> std::time::Duration {
        self.talks.get(&peer).map_or_else(Default::default, |talk| talk.busy(now, self.mean_size))
    }

    /// Bytes of filters or blocks came from a peer, after [`on_filter`](Self::on_filter).
    pub(crate) fn on_bytes(&mut self, now: MonoTime, peer: PeerId, bytes: usize) {
        if let Some(talk) = self.talks.get_mut(&peer) {
            talk.on_bytes(now, bytes);
        }
    }

    /// A peer sent the filter of a block, `None` when that is not on the best branch. Returns the
    /// version, if it is wanted.
    ///
    /// # Errors
    /// The fault for a filter that was never asked of the peer.
    pub(crate) fn on_filter(
        &mut self,
        peer: PeerId,
        block: Option<BlockId>,
        size: usize,
        commitments: &Commitments,
    ) -> Result<Option<Version>, Fault> {
        let Some(talk) = self.talks.get_mut(&peer) else { return Ok(None) };
        talk.on_filter()?;
        let Some(height) = block.map(|block| block.height) else { return Ok(None) };
        let (expected, skipped) = talk.take(height);
        self.measure(size);
        for left_out in skipped {
            let times = self.withheld.entry((peer, left_out)).or_default();
            *times += 1;
            if *times == MAX_FILTER_TRIES {
                self.unserving.push(peer);
            }
            self.lose(peer, left_out, commitments);
        }
        // What came before its peer said what it is will be asked for once that is known.
        let Some(hash) = commitments.commits_to(peer, height) else { return Ok(None) };
        let version = (height, hash);
        let wanted = expected || self.take_over(version, commitments);
        Ok(wanted.then_some(version))
    }

    /// Asks for filters, and shares the work of slow peers out. Returns the peers that were silent
    /// too often.
    pub(crate) fn drive(&mut self, with: Circumstances<'_>, outbox: &mut Outbox) -> Vec<PeerId> {
        let stalled = self.release_late(with);
        self.next = self.next.max(with.need.cursor.next());
        let idle = self.fill(with, outbox);
        self.steal(&idle, with, outbox);
        stalled
    }

    /// When `drive` has something to do again.
    pub(crate) fn next_due(&self, now: MonoTime) -> Option<MonoTime> {
        let talks = self.talks.values();
        let dues = talks.flat_map(|talk| [talk.late_at(), Some(talk.retry.until())]);
        dues.chain([self.steal_due]).flatten().filter(|due| *due > now).min()
    }

    fn measure(&mut self, size: usize) {
        let sum = self.mean_size * self.measured + size;
        self.mean_size = sum.div_ceil(self.measured + 1).max(1);
        self.measured = (self.measured + 1).min(MEAN_OF - 1);
    }

    /// Keeps every link full. Returns the peers that have nothing to do.
    fn fill(&mut self, with: Circumstances<'_>, outbox: &mut Outbox) -> Vec<PeerId> {
        let waiting = self.talks.values().map(Talk::waiting).sum::<usize>();
        let mut room = MAX_FILTER_BYTES.saturating_sub(with.need.held + waiting * self.mean_size);
        let mut hungry: Vec<(PeerId, Height)> = Vec::new();
        let mut idle = Vec::new();
        let scale = self.scale();
        for (peer, common) in with.peers {
            let Some(talk) = self.talks.get(peer) else { continue };
            let free = talk.asks.len() < MAX_FILTER_ASKS && talk.retry.may_ask(with.now);
            if free && talk.is_hungry(self.mean_size, scale) {
                hungry.push((*peer, *common));
            }
        }
        while let Some(i) = self.emptiest(&hungry) {
            let (peer, common) = hungry[i];
            let Some(talk) = self.talks.get(&peer) else { continue };
            let limit = talk.appetite(self.mean_size, scale);
            if let Some(run) = self.next_run(peer, common, limit, room, with) {
                let count = run.end().above(*run.start()) as usize + 1;
                room = room.saturating_sub(count * self.mean_size);
                self.assign(peer, &run, with.commitments);
                self.ask(peer, run, with, outbox);
                let talk = self.talks.get(&peer);
                if talk.is_some_and(|talk| talk.is_hungry(self.mean_size, scale)) {
                    continue;
                }
            } else if self.talks.get(&peer).is_some_and(Talk::is_idle) {
                idle.push(peer);
            }
            hungry.swap_remove(i);
        }
        idle
    }

    /// Which of the peers runs out of work first.
    fn emptiest(&self, peers: &[(PeerId, Height)]) -> Option<usize> {
        let left = |(i, (peer, _)): (usize, &(PeerId, Height))| {
            let talk = self.talks.get(peer)?;
            Some((talk.pace.time_for(talk.underway_bytes(self.mean_size)), *peer, i))
        };
        peers.iter().enumerate().filter_map(left).min().map(|(_, _, i)| i)
    }

    /// By how much every peer must be owed less than its link would carry, so that all of it
    /// together stays within bounds: a numerator and a denominator.
    fn scale(&self) -> (u64, u64) {
        let sum: u64 = self.talks.values().map(Talk::pipe).sum();
        (MAX_UNDERWAY_BYTES, sum.max(MAX_UNDERWAY_BYTES))
    }

    /// Heights are to be asked of a peer: nobody else is asked for its versions of them.
    fn assign(&mut self, peer: PeerId, run: &RangeInclusive<Height>, commitments: &Commitments) {
        let (start, end) = (*run.start(), *run.end());
        if start > commitments.tip() {
            self.next = self.next.max(end.next());
            return;
        }
        for height in (start.to_u32()..=end.to_u32()).map(Height::new) {
            if let Some(hash) = commitments.commits_to(peer, height) {
                self.wanted.remove(&(height, hash));
            }
        }
    }

    fn ask(
        &mut self,
        peer: PeerId,
        run: RangeInclusive<Height>,
        with: Circumstances<'_>,
        outbox: &mut Outbox,
    ) {
        let (start, end) = run.into_inner();
        let (Some(talk), Some(stop)) = (self.talks.get_mut(&peer), with.tree.block_at(end)) else {
            return;
        };
        talk.ask(with.now, start..=end);
        outbox.send(
            peer,
            NetworkMessage::GetCFilters(GetCFilters {
                filter_type: 0,
                start_height: start.to_u32(),
                stop_hash: stop.hash,
            }),
        );
    }

    /// A filter that was not expected of its sender is welcome while nobody else has sent it.
    fn take_over(&mut self, version: Version, commitments: &Commitments) -> bool {
        let (height, hash) = version;
        self.wanted.remove(&version)
            || self.talks.iter_mut().any(|(peer, talk)| {
                commitments.commits_to(*peer, height) == Some(hash) && talk.give_up(height)
            })
    }

    /// A filter does not come from the peer that was asked for it. If it was asked for blindly,
    /// nobody wants it yet.
    fn lose(&mut self, peer: PeerId, height: Height, commitments: &Commitments) {
        if let Some(hash) = commitments.commits_to(peer, height) {
            self.wanted.insert((height, hash));
        }
    }

    /// Takes back what a peer was asked for. Returns the lowest height of it.
    fn release(&mut self, peer: PeerId, commitments: &Commitments) -> Option<Height> {
        let lost = self.talks.get_mut(&peer).map(Talk::forget).unwrap_or_default();
        let lost: Vec<Height> = lost.into_iter().collect();
        for height in &lost {
            self.lose(peer, *height, commitments);
        }
        lost.into_iter().min()
    }

    fn release_late(&mut self, with: Circumstances<'_>) -> Vec<PeerId> {
        let late = |(peer, talk): (&PeerId, &Talk)| {
            talk.late_at().is_some_and(|due| due <= with.now).then_some(*peer)
        };
        let late: Vec<PeerId> = self.talks.iter().filter_map(late).collect();
        let mut stalled = Vec::new();
        for peer in late {
            let lowest = self.release(peer, with.commitments);
            let Some(talk) = self.talks.get_mut(&peer) else { continue };
            talk.retry.missed(with.now);
            // At the tip the peer's index may not be there yet, however often it is asked.
            let tip = with.tree.tip().height;
            let near = lowest.is_none_or(|lowest| tip.above(lowest) <= TIP_RANGE);
            if !near && talk.retry.misses() >= MAX_MISSES {
                stalled.push(peer);
            }
        }
        stalled
    }
}

/// Bytes; about a full block's filter, so that the first questions err on the small side.
const FIRST_MEAN_SIZE: usize = 20_000;

/// Filters that make up the running mean of their sizes.
const MEAN_OF: usize = 64;

const _: () = assert!(MIN_FILTERS_PER_ASK <= MAX_FILTERS_PER_ASK);

#[cfg(test)]
mod tests;
