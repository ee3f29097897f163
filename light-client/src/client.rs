//! Owns `LightClient`, the only router between the conversations in `sync`.
//!
//! Refuses I/O of every kind. A step takes one input to whom it concerns, then asks every
//! conversation what follows from the state that all of them have now.

mod asking;
mod connections;
mod disputes;
mod evidence;
mod fetching;
mod lookup;
mod orders;
mod pace;
mod progress;
mod review;
mod scanning;
mod snapshot;
mod unconfirmed;
mod visits;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use bitcoin::FilterHash;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::chain::header_tree::HeaderTree;
use crate::change_set::{ChangeSet, Restored};
use crate::client::pace::PaceMeter;
use crate::config::Config;
use crate::fees::FeeSamples;
use crate::filter::commitments::Commitments;
use crate::height::{BlockId, Height};
use crate::input::{Input, ScanStart};
use crate::limits::REVIEW_INTERVAL;
use crate::matching::Matching;
use crate::outbox::Outbox;
use crate::output::{ChainEvent, Output};
use crate::peer_id::PeerId;
use crate::peers::conduct::Conduct;
use crate::peers::peer::Peer;
use crate::peers::roster::Roster;
use crate::status::{KnownAddress, Status};
use crate::sync::asked_filters::AskedFilters;
use crate::sync::backfill::{self, Backfill};
use crate::sync::blocks::BlockSync;
use crate::sync::broadcast::Broadcast;
use crate::sync::filter_headers::FilterHeaderSync;
use crate::sync::filters::FilterSync;
use crate::sync::headers::HeaderSync;
use crate::sync::mempool::Mempool;
use crate::sync::scan::Scan;
use crate::time::{ClockOffset, MonoTime, Now, WallTime};
use crate::timers::{Timer, Timers};

/// A BIP157/158 client as a value. See the crate's documentation for the run loop.
#[derive(Debug)]
pub struct LightClient {
    tree: HeaderTree,
    commitments: Commitments,
    conduct: Conduct,
    roster: Roster,
    peers: BTreeMap<PeerId, Peer>,
    next_peer: u64,
    headers: HeaderSync,
    filter_headers: FilterHeaderSync,
    filters: FilterSync,
    scan: Scan,
    backfill: Backfill,
    matching: Matching,
    blocks: BlockSync,
    /// Blocks that somebody asked for.
    fetching: BTreeSet<BlockId>,
    /// Filters that somebody asked for.
    asked: AskedFilters,
    broadcast: Broadcast,
    mempool: Mempool,
    fees: FeeSamples,
    outbox: Outbox,
    timers: Timers,
    rng: ChaCha12Rng,
    staged: ChangeSet,
    /// The cursor that was told last.
    told_cursor: Option<BlockId>,
    /// The tip that was told last.
    told_tip: BlockId,
    /// Since when it is the tip.
    tip_since: MonoTime,
    synced: bool,
    /// The same, but for what is owed to scripts that were added later.
    level: Level,
    /// Whether that was told, and nothing came since that made it untrue.
    told_synced: bool,
    /// How far the peers' clocks are from ours, when that is too far.
    clock: Option<ClockOffset>,
    bytes_received: u64,
    pace: PaceMeter,
}

/// Whether the scan is at the best tip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    No,
    /// It was, and is, but a peer claims to have more.
    Doubted,
    Yes,
}

impl LightClient {
    /// A client that knows what `restored` holds. `seed` is 32 bytes of entropy from the system;
    /// the same arguments and inputs give the same outputs, byte for byte.
    ///
    /// The first outputs are there at once; drain them before the first `handle`.
    #[must_use]
    pub fn new(config: Config, restored: Restored, seed: [u8; 32], now: Now) -> Self {
        let mut rng = ChaCha12Rng::from_seed(seed);
        let roster = Roster::new(&config, restored.peers, now, &mut rng);
        let Config { params, base, mempool, .. } = config;
        let (network, magic) = (params.network, params.magic);
        let stored = restored.headers.len();
        let tree = HeaderTree::restored(params, base, restored.headers);
        let base = base.block.height;
        let commitments = Commitments::restored(
            base,
            tree.tip().height,
            restored.base_filter_header,
            restored.filter_hashes,
        );
        let told_tip = tree.tip();
        let mut client = Self {
            roster,
            peers: BTreeMap::new(),
            next_peer: 1,
            headers: HeaderSync::default(),
            filter_headers: FilterHeaderSync::new(network),
            filters: FilterSync::default(),
            scan: Scan::default(),
            backfill: Backfill::default(),
            matching: Matching::new(restored.kept),
            blocks: BlockSync::default(),
            fetching: BTreeSet::new(),
            asked: AskedFilters::default(),
            broadcast: Broadcast::new(mempool),
            mempool: Mempool::new(mempool, now.mono),
            fees: FeeSamples::default(),
            outbox: Outbox::new(magic),
            timers: Timers::default(),
            rng,
            staged: ChangeSet::default(),
            told_cursor: None,
            told_tip,
            tip_since: now.mono,
            synced: false,
            level: Level::No,
            told_synced: false,
            clock: None,
            bytes_received: 0,
            pace: PaceMeter::default(),
            tree,
            commitments,
            conduct: Conduct::default(),
        };
        if client.tree.tip().height.above(base) as usize != stored {
            // What the store has above is not sound.
            client.staged.truncate_above = Some(client.tree.tip().height);
        }
        client.timers.set(Timer::Review, Some(now.mono.after(REVIEW_INTERVAL)));
        client.progress(now);
        client
    }

    /// Takes one input. Infallible: bad peer data becomes a `Fault`.
    ///
    /// # Panics
    /// When outputs of the step before are left: a driver that acts on an input before it acted
    /// on what came of the last one breaks the order that persistence relies on.
    pub fn handle(&mut self, now: Now, input: Input) {
        assert!(self.outbox.is_empty(), "poll to `None` before the next `handle`");
        self.outbox.begin(now.wall);
        match input {
            Input::Connected { peer } => self.on_connected(now, peer),
            Input::DialFailed { peer, why } => self.on_dial_failed(now, peer, why),
            Input::Received { peer, bytes } => self.on_received(now, peer, bytes),
            Input::Receiving { peer } => self.on_receiving(now, peer),
            Input::Disconnected { peer } => self.on_disconnected(now, peer),
            Input::JobDone { id, result } => self.on_job_done(now.mono, id, &result),
            // Nothing is looked up yet.
            Input::Resolved { id, addresses } => {
                self.roster.on_resolved(now, id, &addresses, &mut self.rng);
            }
            Input::ScanFrom(start) => self.begin_scan(start),
            Input::Rescan(start) => {
                self.forget_commitments(start);
                self.begin_scan(start);
            }
            Input::Deadline => {}
            Input::FiltersRead { id, filters } => self.on_filters_read(id, filters),
            Input::Watch { scripts, since } => {
                self.watch(scripts, since, None);
                self.review_mempool(now.mono);
            }
            Input::Unwatch { scripts } => self.matching.forget_scripts(scripts),
            Input::Folded { block, grown, since, found, relevant } => {
                self.count_fruitless(block, relevant);
                self.on_folded(block, grown, since, found);
                self.review_mempool(now.mono);
            }
            Input::WatchCoins { coins, gone } => {
                self.mempool.watch(coins, &gone);
                self.review_mempool(now.mono);
            }
            Input::Announce { transaction, fee } => {
                self.broadcast.announce(now.mono, transaction, fee);
            }
            Input::Withdraw { txid } => self.broadcast.withdraw(txid),
            Input::Fetch(block) => self.fetch(block),
            Input::FetchFilters(range) => self.ask_filters(range),
            Input::LeaveFilters(range) => self.asked.leave(range),
            Input::Invalidate(hash) => self.invalidate(hash),
            Input::Reconsider(hash) => self.headers.trust(hash, &mut self.tree),
            Input::Order(order) => self.obey(now, order),
        }
        self.fire_timers(now);
        self.progress(now);
    }

    /// The next thing to do or to know; drain to `None` before the next `handle`.
    pub fn poll(&mut self) -> Option<Output> {
        self.outbox.pop()
    }

    /// When to call `handle(now, Input::Deadline)`.
    #[must_use]
    pub fn deadline(&self) -> Option<MonoTime> {
        self.timers.next_due()
    }

    /// The durable delta since the last take; commit it before releasing outputs.
    pub fn take_staged(&mut self) -> Option<ChangeSet> {
        let staged = std::mem::take(&mut self.staged);
        (!staged.is_empty()).then_some(staged)
    }

    /// A snapshot for faces.
    #[must_use]
    pub fn status(&self) -> Status {
        self.snapshot()
    }

    /// The addresses at which peers may be found, as far as they are worth telling; none where the
    /// user named the only peers.
    #[must_use]
    pub fn known_addresses(&self, now: WallTime) -> Vec<KnownAddress> {
        self.roster.known(now)
    }

    /// The tip of the best header chain.
    #[must_use]
    pub const fn tip(&self) -> BlockId {
        self.tree.tip()
    }

    /// The block at `height` on the best chain, if it is between the base and the tip.
    #[must_use]
    pub fn block_at(&self, height: Height) -> Option<BlockId> {
        self.tree.block_at(height)
    }

    /// The hashes of the filters that stand for a range of the best chain; `None` where not all are
    /// known. Up to the scan's cursor they were matched for whatever was watched.
    #[must_use]
    pub fn filter_hashes(&self, range: &RangeInclusive<Height>) -> Option<&[FilterHash]> {
        self.commitments.fronts(range)
    }

    /// The lowest block from `from` on that the scan has passed and of which a version of the filter is being
    /// matched, or waits for that: who begins to watch may come too late for it.
    #[must_use]
    pub fn unread_since(&self, from: Height) -> Option<Height> {
        self.commitments.unread_since(from)
    }

    /// Every block up to here was looked at when it came; `None` before the scan has begun. What
    /// is left to be looked at below is [`owed_from`](Self::owed_from).
    #[must_use]
    pub const fn scan_cursor(&self) -> Option<BlockId> {
        self.scan.cursor()
    }

    /// The lowest block at or below the scan's cursor that is still to be looked at for scripts
    /// that were added later; `None`: none is left.
    #[must_use]
    pub fn owed_from(&self) -> Option<Height> {
        self.backfill.owed_from(self.tree.base().height)
    }

    /// Whether the scan is at the tip as [`ChainEvent::Synced`] says it, but for blocks that are
    /// still to be looked at for scripts that were added later.
    #[must_use]
    pub const fn is_at_tip(&self) -> bool {
        matches!(self.level, Level::Yes)
    }

    /// Where a scan from a birthday on begins on the best chain as it is known now. Where no block
    /// is as late, it is the base: the clock was ahead, or the headers are not there yet.
    #[must_use]
    pub fn first_block_since(&self, birthday: WallTime) -> Height {
        backfill::first_block(ScanStart::Time(birthday), &self.tree)
    }

    /// The header time of a block on the best chain.
    #[must_use]
    pub fn time_at(&self, height: Height) -> Option<WallTime> {
        self.tree.time_at(height)
    }

    fn fire_timers(&mut self, now: Now) {
        while let Some(timer) = self.timers.take_due(now.mono) {
            match timer {
                Timer::Handshake(peer) => self.on_handshake_timeout(peer),
                Timer::Ping(peer) => self.on_ping_timer(now, peer),
                Timer::Visit(peer) => self.on_visit_timeout(peer),
                Timer::Review => self.review_peers(now),
                // These look at the clock themselves, below.
                Timer::Dial
                | Timer::Headers
                | Timer::FilterHeaders
                | Timer::Filters
                | Timer::Blocks
                | Timer::Versions
                | Timer::Announce
                | Timer::Mempool => {}
            }
        }
    }

    fn tell(&mut self, event: ChainEvent) {
        self.outbox.push(Output::Chain(event));
    }
}

#[cfg(test)]
mod tests;
