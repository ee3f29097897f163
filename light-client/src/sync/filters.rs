//! Owns the download of filters (BIP157): which ranges are asked of whom, what arrived, what must
//! be asked again.
//!
//! Refuses to keep or match a filter; the scan does. Refuses deadlines per batch: a peer is late
//! when it sends nothing at all for a while, then its ranges go to another, or to it again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_filter::GetCFilters;

use crate::chain::header_tree::HeaderTree;
use crate::fault::Fault;
use crate::height::{BlockId, Height};
use crate::limits::{
    FAST_FILTERS, FILTER_TIMEOUT, FIRST_FILTERS_PER_ASK, MAX_FILTER_ASKS, MAX_FILTER_BYTES,
    MAX_FILTERS_AHEAD, MAX_FILTERS_PER_ASK, MAX_MISSES, MIN_FILTERS_PER_ASK, SLOW_ASK,
    SLOW_FILTERS,
};
use crate::outbox::Outbox;
use crate::peer_id::PeerId;
use crate::retry::Retry;
use crate::time::MonoTime;

/// Filters, with every ready peer.
#[derive(Debug)]
pub(crate) struct FilterSync {
    talks: BTreeMap<PeerId, Talk>,
    /// The first height that was never asked for.
    next: Height,
    /// Heights below `next` that must be asked for again.
    again: BTreeSet<Height>,
    /// The running mean of a filter's size in bytes.
    mean_size: usize,
}

#[derive(Debug)]
struct Talk {
    asks: Vec<Ask>,
    /// Filters that were asked for and did not come, wanted or not.
    owed: u32,
    /// How many filters to ask for at once.
    slice: u32,
    /// When it last sent a filter, or was asked after a pause.
    progress: MonoTime,
    retry: Retry,
}

/// One `getcfilters`.
#[derive(Debug)]
struct Ask {
    at: MonoTime,
    count: usize,
    /// What has not come.
    waiting: BTreeSet<Height>,
}

impl Default for FilterSync {
    fn default() -> Self {
        let (talks, again) = (BTreeMap::new(), BTreeSet::new());
        Self { talks, next: Height::GENESIS, again, mean_size: FIRST_MEAN_SIZE }
    }
}

impl FilterSync {
    pub(crate) fn add(&mut self, peer: PeerId) {
        let talk = Talk {
            asks: Vec::new(),
            owed: 0,
            slice: FIRST_FILTERS_PER_ASK,
            progress: MonoTime::START,
            retry: Retry::default(),
        };
        self.talks.insert(peer, talk);
    }

    /// A peer is gone; what it owed is asked of others.
    pub(crate) fn remove(&mut self, peer: PeerId) {
        if let Some(talk) = self.talks.remove(&peer) {
            self.again.extend(talk.asks.into_iter().flat_map(|ask| ask.waiting));
        }
    }

    /// Begins above the scan cursor, which jumped.
    pub(crate) fn restart(&mut self, cursor: Height) {
        self.next = cursor.next();
        self.again.clear();
        self.talks.values_mut().for_each(|talk| talk.asks.clear());
    }

    /// Forgets everything above `fork`.
    pub(crate) fn on_reorganised(&mut self, fork: Height) {
        self.next = self.next.min(fork.next());
        self.again.retain(|height| *height <= fork);
        for talk in self.talks.values_mut() {
            talk.asks.iter_mut().for_each(|ask| ask.waiting.retain(|height| *height <= fork));
            talk.asks.retain(|ask| !ask.waiting.is_empty());
        }
    }

    /// A filter turned out bad: ask for it again.
    pub(crate) fn ask_again(&mut self, height: Height) {
        self.again.insert(height);
    }

    /// A peer sent the filter of a block, `None` when that is not on the best branch. Returns the
    /// height to keep it for, if it is wanted.
    ///
    /// # Errors
    /// The fault for a filter that was never asked of the peer.
    pub(crate) fn on_filter(
        &mut self,
        now: MonoTime,
        peer: PeerId,
        block: Option<BlockId>,
        size: usize,
    ) -> Result<Option<Height>, Fault> {
        let Some(talk) = self.talks.get_mut(&peer) else { return Ok(None) };
        talk.owed = talk.owed.checked_sub(1).ok_or(Fault::Unsolicited)?;
        let Some(height) = block.map(|block| block.height) else { return Ok(None) };
        let Some(i) = talk.asks.iter().position(|ask| ask.waiting.contains(&height)) else {
            // It was late and is asked of somebody else by now; welcome while nobody sent it.
            return Ok(self.again.remove(&height).then_some(height));
        };
        talk.progress = now;
        talk.retry.answered();
        let ask = &mut talk.asks[i];
        ask.waiting.remove(&height);
        if ask.waiting.is_empty() {
            let (took, count) = (now.since(ask.at), ask.count);
            talk.asks.remove(i);
            talk.measure(took, count);
        }
        self.mean_size = (self.mean_size * 63 + size).div_ceil(64);
        Ok(Some(height))
    }

    /// Asks for filters above the cursor, and gives the ranges of late peers to others.
    ///
    /// `peers` are those whose filters are used, each with the height up to which they are known
    /// to be right; `held` is the number of bytes that the scan keeps. Returns the peers that
    /// were late too often.
    pub(crate) fn drive(
        &mut self,
        now: MonoTime,
        peers: &[(PeerId, Height)],
        scan: ScanNeed,
        tree: &HeaderTree,
        outbox: &mut Outbox,
    ) -> Vec<PeerId> {
        self.next = self.next.max(scan.cursor.next());
        let stalled = self.release_late(now);
        self.release_slow(now, peers);
        let end = scan.end.min(scan.cursor.up(MAX_FILTERS_AHEAD));
        let mut room =
            MAX_FILTER_BYTES.saturating_sub(scan.held + self.underway() * self.mean_size);
        loop {
            let first = self.again.first().copied().unwrap_or(self.next);
            // The filter that the cursor waits for is asked for at any rate.
            if first > end || (room < self.mean_size && first != scan.cursor.next()) {
                return stalled;
            }
            let Some((peer, agreed)) = self.choose(now, peers, first) else { return stalled };
            let fits = u32::try_from(room / self.mean_size).unwrap_or(u32::MAX).max(1);
            let Some(range) = self.slice(peer, first, agreed.min(end), fits) else {
                return stalled;
            };
            let count = range.end().above(*range.start()) as usize + 1;
            room = room.saturating_sub(count * self.mean_size);
            self.ask(now, peer, range, tree, outbox);
        }
    }

    /// When `drive` has something to do again.
    pub(crate) fn next_due(&self, now: MonoTime) -> Option<MonoTime> {
        let busy = self.talks.values().filter(|talk| !talk.asks.is_empty());
        let timeouts = busy.map(|talk| talk.progress.after(FILTER_TIMEOUT));
        let asks = self.talks.values().flat_map(|talk| &talk.asks);
        let slow = asks.map(|ask| ask.at.after(SLOW_ASK)).filter(|at| *at > now);
        let timeouts = timeouts.chain(slow);
        let waits = self.talks.values().map(|talk| talk.retry.until()).filter(|at| *at > now);
        timeouts.chain(waits).min()
    }

    fn release_late(&mut self, now: MonoTime) -> Vec<PeerId> {
        let mut stalled = Vec::new();
        for (peer, talk) in &mut self.talks {
            if talk.asks.is_empty() || now < talk.progress.after(FILTER_TIMEOUT) {
                continue;
            }
            self.again.extend(talk.asks.drain(..).flat_map(|ask| ask.waiting));
            talk.slice = (talk.slice / 2).max(MIN_FILTERS_PER_ASK);
            talk.retry.missed(now);
            if talk.retry.misses() >= MAX_MISSES {
                stalled.push(*peer);
            }
        }
        stalled
    }

    /// Takes the rest of an old question from a peer that is slow but not late, when another could
    /// answer it and has nothing to do. What the slow one sends first is welcome still.
    fn release_slow(&mut self, now: MonoTime, peers: &[(PeerId, Height)]) {
        let idle = |(peer, agreed): &(PeerId, Height)| {
            let talk = self.talks.get(peer)?;
            (talk.asks.is_empty() && talk.retry.may_ask(now)).then_some(*agreed)
        };
        let Some(reach) = peers.iter().filter_map(idle).max() else { return };
        for talk in self.talks.values_mut() {
            let old = |ask: &mut Ask| {
                now.since(ask.at) >= SLOW_ASK && ask.waiting.first().is_some_and(|h| *h <= reach)
            };
            if let Some(ask) = talk.asks.extract_if(.., old).next() {
                self.again.extend(ask.waiting);
                talk.slice = (talk.slice / 2).max(MIN_FILTERS_PER_ASK);
                return;
            }
        }
    }

    /// How many filters are under way.
    fn underway(&self) -> usize {
        let asks = self.talks.values().flat_map(|talk| &talk.asks);
        asks.map(|ask| ask.waiting.len()).sum()
    }

    /// The least busy peer with the right filter of the block at `height`.
    fn choose(
        &self,
        now: MonoTime,
        peers: &[(PeerId, Height)],
        height: Height,
    ) -> Option<(PeerId, Height)> {
        let able = peers.iter().filter(|(_, agreed)| *agreed >= height);
        let free = able.filter_map(|(peer, agreed)| {
            let talk = self.talks.get(peer)?;
            let free = talk.asks.len() < MAX_FILTER_ASKS && talk.retry.may_ask(now);
            free.then_some((talk.asks.len(), *peer, *agreed))
        });
        free.min().map(|(_, peer, agreed)| (peer, agreed))
    }

    /// Takes a run of unasked heights from `first` on: at most to `last`, at most `fits` long.
    fn slice(
        &mut self,
        peer: PeerId,
        first: Height,
        last: Height,
        fits: u32,
    ) -> Option<RangeInclusive<Height>> {
        let count = self.talks.get(&peer)?.slice.min(fits).min(MAX_FILTERS_PER_ASK);
        let mut end = last.min(first.up(count - 1));
        if first < self.next {
            let run = (first.to_u32()..=end.to_u32()).map(Height::new);
            end = run.take_while(|height| self.again.remove(height)).last()?;
        } else {
            self.next = end.next();
        }
        Some(first..=end)
    }

    fn ask(
        &mut self,
        now: MonoTime,
        peer: PeerId,
        range: RangeInclusive<Height>,
        tree: &HeaderTree,
        outbox: &mut Outbox,
    ) {
        let (start, end) = range.into_inner();
        let (Some(talk), Some(stop)) = (self.talks.get_mut(&peer), tree.block_at(end)) else {
            return;
        };
        let waiting: BTreeSet<_> = (start.to_u32()..=end.to_u32()).map(Height::new).collect();
        if talk.asks.is_empty() {
            talk.progress = now;
        }
        talk.owed += end.above(start) + 1;
        talk.asks.push(Ask { at: now, count: waiting.len(), waiting });
        outbox.send(
            peer,
            NetworkMessage::GetCFilters(GetCFilters {
                filter_type: 0,
                start_height: start.to_u32(),
                stop_hash: stop.hash,
            }),
        );
    }
}

/// What the scan needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScanNeed {
    pub(crate) cursor: Height,
    /// The highest block whose filter can be checked.
    pub(crate) end: Height,
    /// Bytes of filters that it keeps.
    pub(crate) held: usize,
}

impl Talk {
    /// Fits the next question to how long the last one took.
    fn measure(&mut self, took: std::time::Duration, count: usize) {
        let full = count >= self.slice as usize;
        if took < FAST_FILTERS && full {
            self.slice = (self.slice * 2).min(MAX_FILTERS_PER_ASK);
        } else if took > SLOW_FILTERS {
            self.slice = (self.slice / 2).max(MIN_FILTERS_PER_ASK);
        }
    }
}

/// Bytes; about a full block's filter, so that the first questions err on the small side.
const FIRST_MEAN_SIZE: usize = 20_000;
