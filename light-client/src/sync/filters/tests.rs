//! The scheduler against a model of peers with links of their own, in virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::Duration;

use bitcoin::consensus::deserialize;
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message::RawNetworkMessage;
use bitcoin::{FilterHash, FilterHeader};
use proptest::prelude::*;

use super::*;
use crate::chain::mine;
use crate::dial::Wire;
use crate::io::Io;
use crate::limits::SILENCE_TIMEOUT;
use crate::output::Output;

/// Filters to fetch.
const BLOCKS: u32 = 1_200;

/// Bytes of each, with its message.
const SIZE: usize = 20_000;

static TREE: LazyLock<HeaderTree> = LazyLock::new(|| {
    let mut tree = mine::regtest_tree();
    mine::extend(&mut tree, BLOCKS as usize);
    tree
});

#[derive(Debug, Clone)]
struct Plan {
    bytes_per_second: u64,
    round_trip: Duration,
    /// The peer commits to other filters at these heights.
    lies: BTreeSet<u32>,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stays,
    /// It sends so many filters and then nothing.
    Silent(u32),
    /// It goes after so many filters.
    Leaves(u32),
}

struct Peer {
    plan: Plan,
    /// When its link has carried what was asked for.
    free: MonoTime,
    sent: u32,
}

#[derive(Clone, Copy)]
enum Event {
    Bytes(PeerId, usize),
    /// With the last of its bytes.
    Filter(PeerId, Height, usize),
}

struct Model {
    sync: FilterSync,
    commitments: Commitments,
    outbox: Outbox,
    peers: BTreeMap<PeerId, Peer>,
    later: BTreeMap<(MonoTime, u64), Event>,
    events: u64,
    now: MonoTime,
    cursor: Height,
    /// How often each version was given to the scan.
    given: BTreeMap<Version, u32>,
    /// How many filters were asked for.
    asked: u64,
}

impl Model {
    fn new(plans: &[Plan]) -> Self {
        let mut model = Self {
            sync: FilterSync::default(),
            commitments: Commitments::new(Height::GENESIS),
            outbox: Outbox::new(TREE.params().magic),
            peers: BTreeMap::new(),
            later: BTreeMap::new(),
            events: 0,
            now: MonoTime::START,
            cursor: Height::GENESIS,
            given: BTreeMap::new(),
            asked: 0,
        };
        for (number, plan) in (1..).zip(plans) {
            let peer = PeerId::new(number);
            model.outbox.open(peer, Wire::V1);
            model.sync.add(peer);
            model.commitments.add(peer);
            let hashes: Vec<FilterHash> = (1..=BLOCKS)
                .map(|height| hash(height, plan.lies.contains(&height).then_some(number)))
                .collect();
            let (first, below) = (Height::new(1), FilterHeader::all_zeros());
            model.commitments.record(peer, first, below, &hashes).expect("the first it says");
            let plan = plan.clone();
            model.peers.insert(peer, Peer { plan, free: MonoTime::START, sent: 0 });
        }
        model
    }

    /// Runs until the scan has all. Returns when that is.
    fn run(&mut self) -> MonoTime {
        self.sync.restart(self.cursor);
        for height in (1..=BLOCKS).map(Height::new) {
            for hash in self.commitments.versions(height) {
                self.sync.want((height, hash), &self.commitments);
            }
        }
        for _ in 0..1_000_000 {
            self.drive();
            if self.cursor == Height::new(BLOCKS) {
                return self.now;
            }
            let event = self.later.first_key_value().map(|((at, _), _)| *at);
            let due = self.sync.next_due(self.now);
            self.now = event.into_iter().chain(due).min().expect("something will happen");
            if let Some(entry) = self.later.first_entry()
                && entry.key().0 <= self.now
            {
                let event = entry.remove();
                self.happen(event);
            }
        }
        unreachable!("it does not come to an end");
    }

    fn drive(&mut self) {
        let peers: Vec<_> = self.peers.keys().map(|peer| (*peer, Height::new(BLOCKS))).collect();
        let above = self.given.keys().filter(|(height, _)| *height > self.cursor).count();
        let with = Circumstances {
            now: self.now,
            peers: &peers,
            need: ScanNeed { cursor: self.cursor, held: above * SIZE },
            commitments: &self.commitments,
            tree: &TREE,
        };
        for silent in self.sync.drive(with, &mut self.outbox) {
            self.leave(silent);
        }
        while let Some(output) = self.outbox.pop() {
            let Output::Io(Io::Send { peer, bytes }) = output else { continue };
            let message: RawNetworkMessage = deserialize(&bytes).expect("a message");
            let NetworkMessage::GetCFilters(ask) = message.into_payload() else { continue };
            let stop = TREE.find(&ask.stop_hash).expect("on the chain").height.to_u32();
            assert!(stop - ask.start_height < 1000);
            for height in ask.start_height..=stop {
                self.answer(peer, Height::new(height));
            }
        }
    }

    /// The peer sends a filter once its link is free.
    fn answer(&mut self, id: PeerId, height: Height) {
        self.asked += 1;
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.sent += 1;
        if matches!(peer.plan.fate, Fate::Silent(after) if peer.sent > after) {
            return;
        }
        let start = peer.free.max(self.now.after(peer.plan.round_trip));
        let whole = time_for(1, peer.plan.bytes_per_second);
        peer.free = start.after(whole);
        let end = peer.free;
        // What is slow comes in parts.
        let parts = u32::try_from(whole.as_secs()).expect("short").clamp(1, 100);
        let bytes = SIZE / parts as usize;
        for part in 1..parts {
            self.later(start.after(whole / parts * part), Event::Bytes(id, bytes));
        }
        self.later(end, Event::Filter(id, height, bytes));
    }

    fn later(&mut self, at: MonoTime, event: Event) {
        self.events += 1;
        self.later.insert((at, self.events), event);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Bytes(peer, bytes) => self.sync.on_bytes(self.now, peer, bytes),
            Event::Filter(id, height, bytes) => {
                let Some(peer) = self.peers.get(&id) else { return };
                if matches!(peer.plan.fate, Fate::Leaves(after) if peer.sent > after) {
                    return self.leave(id);
                }
                let block = TREE.block_at(height);
                let given = self.sync.on_filter(id, block, SIZE, &self.commitments);
                if let Some(version) = given.expect("asked for") {
                    assert_eq!(self.commitments.commits_to(id, height), Some(version.1));
                    *self.given.entry(version).or_default() += 1;
                }
                self.sync.on_bytes(self.now, id, bytes);
                self.advance();
            }
        }
    }

    fn leave(&mut self, peer: PeerId) {
        self.peers.remove(&peer);
        self.sync.remove(peer, &self.commitments);
        self.commitments.remove(peer);
        self.advance();
    }

    /// As the scan does: over heights of which every version is here.
    fn advance(&mut self) {
        while self.cursor < Height::new(BLOCKS) {
            let next = self.cursor.next();
            let versions = self.commitments.versions(next);
            if !versions.iter().all(|hash| self.given.contains_key(&(next, *hash))) {
                return;
            }
            self.cursor = next;
        }
    }
}

fn hash(height: u32, liar: Option<u64>) -> FilterHash {
    FilterHash::hash(&[height.to_le_bytes().as_slice(), &liar.unwrap_or(0).to_le_bytes()].concat())
}

/// How long it may take for so many versions: as long as the links of those that stay need
/// together, or as one of them needs for what it has that no faster one has, half as much again, and
/// a few round trips. One that fails keeps what it alone has until it is left, be it the one that
/// told the truth.
fn allowed(plans: &[Plan], versions: u64) -> Duration {
    let lasting: Vec<&Plan> = plans.iter().filter(|plan| plan.fate == Fate::Stays).collect();
    let together = time_for(versions, lasting.iter().map(|plan| plan.bytes_per_second).sum());
    let contested: BTreeSet<u32> = plans.iter().flat_map(|plan| plan.lies.clone()).collect();
    // The disputed versions that a peer has and none of these.
    let own = |plan: &Plan, others: &[&Plan]| {
        let told = |height: &&u32| {
            let truthful = !plan.lies.contains(height);
            truthful && others.iter().any(|other| !other.lies.contains(height))
        };
        contested.iter().filter(|height| !told(height)).count() as u64
    };
    let slowest = |plan: &&Plan| {
        let faster = lasting.iter().copied();
        let faster = faster.filter(|other| other.bytes_per_second > plan.bytes_per_second);
        let own = own(plan, &faster.collect::<Vec<_>>());
        // With what it was asked for before anything was known of it.
        let first = if own > 0 { 15 } else { 0 };
        time_for(own + first, plan.bytes_per_second)
    };
    let alone = lasting.iter().map(slowest).max().unwrap_or_default();
    let way = plans.iter().map(|plan| plan.round_trip).max().unwrap_or_default();
    let failing = plans.iter().filter_map(|plan| match plan.fate {
        Fate::Silent(after) | Fate::Leaves(after) if own(plan, &lasting) > 0 => {
            Some(time_for(u64::from(after) + 1, plan.bytes_per_second) + SILENCE_TIMEOUT * 4)
        }
        _ => None,
    });
    let left = failing.max().unwrap_or_default();
    together.max(alone) * 3 / 2 + way * 6 + left
}

fn time_for(filters: u64, bytes_per_second: u64) -> Duration {
    Duration::from_nanos(filters * SIZE as u64 * 1_000_000_000 / bytes_per_second)
}

fn any_plan() -> impl Strategy<Value = Plan> {
    // From Tor on a bad day to a neighbour, each decade as likely.
    let rate = (33_u32..70).prop_map(|power| 10_f64.powf(f64::from(power) / 10.0));
    let fate = prop_oneof![
        3 => Just(Fate::Stays),
        1 => (0_u32..300).prop_map(Fate::Silent),
        1 => (0_u32..300).prop_map(Fate::Leaves),
    ];
    let lies = prop_oneof![
        3 => Just(BTreeSet::new()),
        1 => prop::collection::btree_set(1..=BLOCKS, 1..30),
    ];
    (rate, 0_u64..2_000, lies, fate).prop_map(|(rate, round_trip, lies, fate)| Plan {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        bytes_per_second: rate as u64,
        round_trip: Duration::from_millis(round_trip),
        lies,
        fate,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn it_ends_soon_and_gives_every_filter_once(
        mut plans in prop::collection::vec(any_plan(), 1..7),
        stays in any::<prop::sample::Index>(),
    ) {
        let stays = stays.index(plans.len());
        plans[stays].fate = Fate::Stays;
        let mut model = Model::new(&plans);
        let end = model.run().since_start();
        prop_assert!(model.given.values().all(|times| *times == 1), "given more than once");
        let allowed = allowed(&plans, model.given.len() as u64);
        prop_assert!(end <= allowed, "it took {end:?}, not {allowed:?}");
        // What is asked of a peer that fails is lost; else little is asked for twice.
        let versions = model.given.len() as u64;
        if plans.iter().all(|plan| plan.fate == Fate::Stays) {
            prop_assert!(model.asked <= 2 * versions, "{} for {versions}", model.asked);
        }
    }
}
