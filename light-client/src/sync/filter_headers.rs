//! Owns the conversation about filter headers (BIP157): what every ready peer commits to, over the
//! whole range of the wallet.
//!
//! Where hashes are known, a peer's own checkpoints tell whether it commits to the same: those
//! hashes are chained onto one checkpoint and must give the next. Only where they don't, below the
//! first checkpoint and above the last, it is asked for its hashes. Refuses to decide who is
//! right, and to take a filter header for anything but what its sender said.

mod talk;
mod comparison;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use bitcoin::{FilterHeader, Network};

use crate::chain::header_tree::HeaderTree;
use crate::codec::{FilterCheckpoints, FilterHeaders};
use crate::fault::Fault;
use crate::filter::commitments::{Commitments, RecordError};
use crate::filter::known_headers::KnownHeaders;
use crate::height::{BlockId, Height};
use crate::limits::{
    CHECKPOINT_SPACING, MAX_FILTER_HEADER_RANGES, MAX_FILTER_HEADERS, MUTE_TIME, QUIET_PATIENCE,
};
use crate::outbox::Outbox;
use crate::peer_id::PeerId;
use crate::sync::filter_headers::talk::{Missing, Talk, What};
use crate::time::MonoTime;

/// Filter headers, with every ready peer.
#[derive(Debug)]
pub(crate) struct FilterHeaderSync {
    known: KnownHeaders,
    talks: BTreeMap<PeerId, Talk>,
    /// Answers above the end of what is known, by their start.
    early: BTreeMap<Height, Early>,
    /// Comparisons are left for the next step.
    is_busy: bool,
}

#[derive(Debug)]
struct Early {
    peer: PeerId,
    stop: BlockId,
    reply: FilterHeaders,
}

/// What there is to know for the next questions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing<'a> {
    /// The ready peers, each with the height up to which it has the best branch.
    pub(crate) peers: &'a [(PeerId, Height)],
    /// Those of them that told all the headers that they have.
    pub(crate) told: &'a [(PeerId, Height)],
    pub(crate) tree: &'a HeaderTree,
    /// Headers are still being loaded: the best branch ends where nobody knows.
    pub(crate) is_loading: bool,
}

impl FilterHeaderSync {
    pub(crate) fn new(network: Network) -> Self {
        Self {
            known: KnownHeaders::new(network),
            talks: BTreeMap::new(),
            early: BTreeMap::new(),
            is_busy: false,
        }
    }

    pub(crate) fn add(&mut self, peer: PeerId) {
        self.talks.insert(peer, Talk::default());
    }

    pub(crate) fn remove(&mut self, peer: PeerId) {
        self.talks.remove(&peer);
        self.early.retain(|_, early| early.peer != peer);
    }

    /// Whether every peer has said what it commits to, except those that don't answer, have been at
    /// it for too long, or are set aside.
    pub(crate) fn is_settled(&self, now: MonoTime, commitments: &Commitments) -> bool {
        self.talks.iter().all(|(peer, talk)| {
            let patient = talk.patience_ends().is_some_and(|end| now < end);
            let waits = patient && talk.retry.misses() == 0;
            !waits || commitments.is_aside(*peer)
        })
    }

    /// Whether a peer that follows the chain has said nothing of filters for long.
    pub(crate) fn is_mute(&self, now: MonoTime, peer: PeerId, commitments: &Commitments) -> bool {
        let said = commitments.compared(peer).is_some_and(|compared| !compared.is_empty());
        let talk = self.talks.get(&peer).filter(|talk| talk.told && !said);
        let since = talk.and_then(|talk| talk.behind_since);
        since.is_some_and(|since| now.since(since) >= MUTE_TIME)
    }

    /// Forgets everything above `fork`.
    pub(crate) fn on_reorganised(&mut self, fork: Height) {
        self.early.retain(|_, early| early.stop.height <= fork);
        self.talks.values_mut().for_each(|talk| talk.on_reorganised(fork));
    }

    /// What everybody said was forgotten: all are asked anew.
    pub(crate) fn restart(&mut self) {
        self.early.clear();
        self.talks.values_mut().for_each(Talk::restart);
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
        let Some((start, stop)) = talk.take_range(reply.stop, reply.hashes.len())? else {
            return Ok(());
        };
        if !tree.is_best(stop) {
            return Ok(());
        }
        check_chain(start, &reply, &self.known, talk)?;
        if start > commitments.next() {
            self.early.insert(start, Early { peer, stop, reply });
            return Ok(());
        }
        take(peer, start, &reply, commitments)?;
        self.take_early(commitments);
        Ok(())
    }

    /// Something came from a peer, or part of it: it is slow, not late.
    pub(crate) fn on_progress(&mut self, now: MonoTime, peer: PeerId) {
        if let Some(talk) = self.talks.get_mut(&peer) {
            talk.progress = now;
        }
    }

    /// A peer sent its checkpoints.
    ///
    /// # Errors
    /// The fault for which to close the connection.
    pub(crate) fn on_checkpoints(
        &mut self,
        peer: PeerId,
        reply: FilterCheckpoints,
        tree: &HeaderTree,
    ) -> Result<(), Fault> {
        let Some(talk) = self.talks.get_mut(&peer) else { return Ok(()) };
        let Some(stop) = talk.take_checkpoints(reply.stop, reply.headers.len())? else {
            return Ok(());
        };
        if !tree.is_best(stop) {
            return Ok(());
        }
        talk.checkpoints = reply.headers;
        let mut known = self.known.within(Height::GENESIS..=stop.height);
        let differs = |(height, header): (Height, FilterHeader)| {
            talk.checkpoint(height).is_some_and(|said| said != header)
        };
        if known.any(differs) { Err(Fault::InvalidFilterHeaders) } else { Ok(()) }
    }

    /// Takes every answer that has its place at or below the end of what is known.
    fn take_early(&mut self, commitments: &mut Commitments) {
        while let Some(entry) = self.early.first_entry()
            && *entry.key() <= commitments.next()
        {
            let (start, early) = entry.remove_entry();
            // It fitted when it came; if its peer has said something else since, that stands.
            let _ = take(early.peer, start, &early.reply, commitments);
        }
    }

    /// Compares what can be compared, and asks for what is missing.
    pub(crate) fn drive(
        &mut self,
        now: MonoTime,
        standing: Standing<'_>,
        commitments: &mut Commitments,
        outbox: &mut Outbox,
    ) {
        for (peer, talk) in &mut self.talks {
            talk.give_up_waiting(now);
            if !standing.told.iter().any(|(told, _)| told == peer) {
                talk.told = false;
                talk.behind_since.get_or_insert(now);
            }
        }
        self.compare(standing, commitments);
        let unknown = standing.tree.tip().height.above(commitments.tip());
        let is_far = unknown >= FULL_RANGE || standing.is_loading;
        if is_far {
            self.ask_missing(now, standing, commitments, outbox);
        }
        for (peer, common) in standing.told {
            let Some(talk) = self.talks.get_mut(peer) else { continue };
            let limit = if is_far { commitments.tip().min(*common) } else { *common };
            let first = standing.tree.base().height.next();
            let Some(compared) = commitments.compared(*peer) else { continue };
            let is_behind = compared.gap(first..=limit).is_some();
            let since = talk.behind_since.filter(|_| talk.told).unwrap_or(now);
            talk.told = true;
            talk.behind_since = is_behind.then_some(since);
            if commitments.is_full(*peer) {
                commitments.shed(*peer);
            }
            if is_behind && !commitments.is_full(*peer) {
                let Some(compared) = commitments.compared(*peer) else { continue };
                let tip = standing.tree.block_at(*common);
                let Some(tip) = tip else { continue };
                let missing = &Missing { range: first..=limit, compared, tip };
                talk.ask_next(now, *peer, missing, standing.tree, outbox);
            }
        }
    }

    /// When `drive` has something to do again.
    pub(crate) fn next_due(&self, now: MonoTime) -> Option<MonoTime> {
        let dues = self.talks.values().flat_map(|talk| talk.next_dues(now));
        dues.chain(self.is_busy.then_some(now)).min()
    }

    /// Asks for the ranges above what is known, each of one peer.
    fn ask_missing(
        &mut self,
        now: MonoTime,
        standing: Standing<'_>,
        commitments: &Commitments,
        outbox: &mut Outbox,
    ) {
        let tree = standing.tree;
        let mut start = commitments.next();
        for _ in 0..MAX_FILTER_HEADER_RANGES {
            if start > tree.tip().height {
                return;
            }
            let full = interval_of(*interval_of(start).end()).end().up(CHECKPOINT_SPACING);
            let underway = self.underway(start);
            // All else waits for the first range: a peer that drips it is not the only one for long.
            let is_due = start == commitments.next()
                && underway.is_some_and(|(_, asked)| asked.after(QUIET_PATIENCE) <= now);
            let asked = if underway.is_none() || is_due {
                self.choose(now, standing.peers, start).and_then(|(peer, common)| {
                    let stop = tree.block_at(full.min(common))?;
                    self.talks.get_mut(&peer)?.ask(now, peer, What::Range(start), stop, outbox);
                    Some(stop.height)
                })
            } else {
                None
            };
            let Some(end) = asked.or(underway.map(|(end, _)| end)) else { return };
            start = end.next();
        }
    }

    /// The end of the range from `start`, if it was asked for or is here, and when it was asked for
    /// last.
    fn underway(&self, start: Height) -> Option<(Height, MonoTime)> {
        let early = self.early.get(&start).map(|early| (early.stop.height, MonoTime::MAX));
        let asks = self.talks.values().filter_map(|talk| talk.underway(start));
        early.or_else(|| asks.max_by_key(|(_, asked)| *asked))
    }

    /// The least busy peer that has the block at `start` and is not asked for it.
    fn choose(
        &self,
        now: MonoTime,
        peers: &[(PeerId, Height)],
        start: Height,
    ) -> Option<(PeerId, Height)> {
        let able = peers.iter().filter(|(_, common)| *common >= start);
        let able = able.filter_map(|(peer, common)| {
            let talk = self.talks.get(peer).filter(|talk| talk.underway(start).is_none())?;
            let open = talk.openings(now)?;
            Some((open, *peer, *common))
        });
        able.min().map(|(_, peer, common)| (peer, common))
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

/// Chains what a peer sent: it must pass through its own checkpoints, and through the filter
/// headers that everybody knows.
fn check_chain(
    start: Height,
    reply: &FilterHeaders,
    known: &KnownHeaders,
    talk: &Talk,
) -> Result<(), Fault> {
    let mut header = reply.previous;
    let mut height = start.prev();
    let mut hashes = reply.hashes.iter();
    loop {
        if let Some(height) = height {
            let known = known.within(height..=height).next().map(|(_, header)| header);
            if known.or(talk.checkpoint(height)).is_some_and(|right| right != header) {
                return Err(Fault::InvalidFilterHeaders);
            }
        }
        let Some(hash) = hashes.next() else { return Ok(()) };
        header = hash.filter_header(&header);
        height = Some(height.map_or(Height::GENESIS, Height::next));
    }
}

/// The interval between two checkpoints that a height is in; it ends with a checkpoint.
fn interval_of(height: Height) -> RangeInclusive<Height> {
    let below = height.down(1).to_u32() / CHECKPOINT_SPACING * CHECKPOINT_SPACING;
    Height::new(below).next()..=Height::new(below).up(CHECKPOINT_SPACING)
}

/// Blocks in a full range.
const FULL_RANGE: u32 = 2 * CHECKPOINT_SPACING;
const _: () = assert!(FULL_RANGE as usize == MAX_FILTER_HEADERS);

#[cfg(test)]
mod tests;
