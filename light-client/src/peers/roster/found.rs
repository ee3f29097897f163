//! Owns `Found`: the peers that are looked for when the user named none.
//!
//! Few lasting connections, no two into one part of the network where addresses allow that; those
//! of last time first; and now and then a short one, to see whether an address that was heard of
//! is any good. Refuses to dial what the user's route does not reach, or who is banned.

mod pick;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rand_chacha::rand_core::RngCore;

use crate::change_set::{AddressRecord, PeerChanges, StoredPeers};
use crate::codec::Rumour;
use crate::config::{Config, Route};
use crate::dial::{DialProblem, LookupId, ProxyProblem, Purpose, Wire};
use crate::fault::Fault;
use crate::limits::{
    DIAL_SPACING, EAGER_DIALS, EXTRA_INTERVAL, FEELER_INTERVAL, LACKS_V2_TIME, LASTING,
    MAX_CONNECTIONS, MAX_SEED_ANSWERS, SEARCH_INTERVAL, SEED_PATIENCE, SEEN_UNKNOWN, SHORT_BOOK,
    TARGET_PEERS,
};
use crate::peer_id::{PeerAddress, PeerId};
use crate::peers::address_book::AddressBook;
use crate::peers::bans::Bans;
use crate::peers::roster::anchors::Anchors;
use crate::peers::roster::call::Call;
use crate::peers::roster::candidates::{CHAIN, NODE, P2P_V2, is_in_reach, serves};
use crate::peers::roster::seeds::Seeds;
use crate::status::{KnownAddress, PeerSearch};
use crate::time::{MonoTime, Now, WallTime};

/// What is known of peers, and when to look for the next.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) book: AddressBook,
    pub(super) seeds: Seeds,
    route: Route,
    port: u16,
    pub(super) anchors: Anchors,
    /// Those to dial once more at once, without version 2 of the transport.
    again: Vec<Call>,
    next_dial: MonoTime,
    next_visit: MonoTime,
    next_feeler: MonoTime,
    /// Dials in a row that came to nothing.
    failures: u32,
    /// What was wrong with the proxy at the last dial.
    proxy: Option<ProxyProblem>,
    /// Since when nobody is ready.
    alone_since: MonoTime,
    /// Whether one connection more than usual is wanted.
    extra: bool,
    next_extra: MonoTime,
}

type Open = BTreeMap<PeerId, Call>;

impl Found {
    pub(super) fn new(
        config: &Config,
        stored: StoredPeers,
        now: Now,
        rng: &mut impl RngCore,
    ) -> Self {
        let StoredPeers { key, addresses, anchors, .. } = stored;
        let book = match key {
            Some(key) => AddressBook::restored(key, addresses, now.wall),
            None => AddressBook::new(rng),
        };
        Self {
            book,
            seeds: Seeds::new(config.params.dns_seeds),
            route: config.route,
            port: config.params.default_port,
            anchors: Anchors::restored(anchors),
            again: Vec::new(),
            next_dial: now.mono,
            next_visit: now.mono,
            next_feeler: now.mono.after(random_wait(rng)),
            failures: 0,
            proxy: None,
            alone_since: now.mono,
            extra: false,
            next_extra: now.mono,
        }
    }

    /// A connection to open now, besides those that are wanted for one thing.
    pub(super) fn take_due(
        &mut self,
        now: Now,
        open: &Open,
        bans: &Bans,
        rng: &mut impl RngCore,
    ) -> Option<Call> {
        if has_no_room(open) {
            return None;
        }
        if self.lacks_peers(open) {
            if now.mono < self.next_dial {
                return None;
            }
            if self.is_short(now, open) {
                self.seeds.want(now.mono, self.route == Route::Proxy, rng);
            }
            let call = self.chain_call(now, open, bans, rng);
            if call.is_some() {
                self.next_dial = now.mono.after(self.spacing());
                return call;
            }
            let call = self.visit(now, open, bans, rng);
            if call.is_none() {
                self.next_dial = now.mono.after(SEARCH_INTERVAL);
            }
            return call;
        }
        self.feeler(now, open, bans, rng)
    }

    pub(super) fn next_due(&self, open: &Open) -> Option<MonoTime> {
        if has_no_room(open) {
            return None;
        }
        Some(if self.lacks_peers(open) { self.next_dial } else { self.next_feeler })
    }

    /// An address for a connection for one thing: of nobody who follows the chain for us, unless
    /// nobody else is known. Who serves no filters will do.
    pub(super) fn one_shot(
        &mut self,
        now: Now,
        open: &Open,
        bans: &Bans,
        rng: &mut impl RngCore,
    ) -> Option<(PeerAddress, Wire)> {
        let candidates = self.candidates(now, open, bans);
        let suits = |address: &PeerAddress, record: &AddressRecord| {
            serves(record, NODE) && candidates.suits(address, record)
        };
        let address = self.book.select(now.wall, false, rng, suits).or_else(|| {
            self.book.select(now.wall, false, rng, |address, record| {
                let reachable = is_in_reach(address, self.route) && serves(record, NODE);
                reachable && !bans.holds(now.wall, address)
            })
        })?;
        Some(self.dialled(now, address))
    }

    pub(super) fn on_dial_failed(&mut self, now: Now, call: &Call, why: DialProblem, open: &Open) {
        match why {
            DialProblem::NoV2 if call.wire == Wire::V2 => {
                self.book.on_lacks_v2(now.wall, &call.address);
                if call.purpose == Purpose::Chain {
                    self.again.push(Call { wire: Wire::V1, ..call.clone() });
                    self.next_dial = now.mono;
                }
            }
            // Says nothing about the peer.
            DialProblem::Proxy(problem) => {
                self.count_failure(call);
                self.proxy = Some(problem);
            }
            _ => {
                self.proxy = None;
                self.failed(now, call, open);
            }
        }
    }

    /// The handshake is finished, on a connection of whatever purpose.
    pub(super) fn on_ready(&mut self, now: Now, call: &Call, services: u64) {
        self.book.on_reached(now.wall, &call.address, services);
        if call.purpose == Purpose::Chain {
            self.failures = 0;
        }
    }

    pub(super) fn on_ended(
        &mut self,
        now: Now,
        call: &Call,
        fault: Option<Fault>,
        open: &Open,
        bans: &mut Bans,
    ) {
        if fault.is_some_and(|fault| bans.judge(now.wall, &call.address, fault)) {
            self.anchors.forget(&call.address);
        }
        if fault == Some(Fault::MissingServices) {
            self.book.on_denied(&call.address, CHAIN & !NODE);
        }
        match call.ready_at {
            None => self.failed(now, call, open),
            Some(ready) => {
                if fault.is_none() && now.mono.since(ready) >= LASTING {
                    self.book.on_left(now.wall, &call.address);
                }
                if !open.values().any(Call::follows) {
                    self.alone_since = now.mono;
                }
            }
        }
    }

    /// A DNS seed answered.
    pub(super) fn on_resolved(
        &mut self,
        now: Now,
        id: LookupId,
        found: &[IpAddr],
        rng: &mut impl RngCore,
    ) {
        let Some((host, services)) = self.seeds.on_resolved(id, !found.is_empty()) else { return };
        for ip in found.iter().take(MAX_SEED_ANSWERS) {
            let address = PeerAddress::ip(SocketAddr::new(*ip, self.port));
            let seen = now.wall.before(SEEN_UNKNOWN);
            self.book.add_seed(now.wall, &Rumour { address, services, seen }, host, rng);
        }
        self.next_dial = now.mono;
    }

    /// A peer told of addresses.
    pub(super) fn on_addresses(
        &mut self,
        now: Now,
        call: &Call,
        told: &[Rumour],
        rng: &mut impl RngCore,
    ) {
        for rumour in told {
            self.book.add(now.wall, rumour, &call.address, rng);
        }
        if call.purpose == Purpose::Addresses && !told.is_empty() {
            self.seeds.on_visited();
            self.next_dial = now.mono;
        }
    }

    /// Whether one connection more than usual is wanted.
    pub(super) fn want_extra(&mut self, now: MonoTime, wanted: bool) {
        if wanted && !self.extra && self.next_extra <= now {
            (self.extra, self.next_dial) = (true, now);
            self.next_extra = now.after(EXTRA_INTERVAL);
        }
        self.extra &= wanted;
    }

    /// The one more is there, and another one is left for it.
    pub(super) const fn end_extra(&mut self) {
        self.extra = false;
    }

    /// A name to look up. Without a proxy only: this machine's resolver is not to be trusted with
    /// what the proxy is to hide.
    pub(super) fn take_lookup(&mut self) -> Option<(LookupId, String)> {
        if self.route == Route::Proxy { None } else { self.seeds.take_lookup() }
    }

    /// How the search goes.
    pub(super) fn status(&self) -> PeerSearch {
        let (seeds, asked, answered) = self.seeds.counts();
        PeerSearch {
            addresses: self.book.iter().count(),
            usable: self.usable(),
            seeds,
            seeds_asked: asked,
            seeds_answered: answered,
            failures: self.failures,
            proxy: self.proxy,
        }
    }

    /// The addresses that are worth telling, in their order.
    pub(super) fn known(&self, now: WallTime) -> Vec<KnownAddress> {
        let known = |(address, record): (&PeerAddress, &AddressRecord)| KnownAddress {
            address: address.clone(),
            services: record.services,
            seen: record.seen,
        };
        self.book.worth_telling(now).map(known).collect()
    }

    /// How many known addresses may be dialled to follow the chain.
    fn usable(&self) -> usize {
        let usable = |(address, record): &(&PeerAddress, &AddressRecord)| {
            is_in_reach(address, self.route) && serves(record, CHAIN)
        };
        self.book.iter().filter(usable).count()
    }

    /// What a store does not know yet.
    pub(super) fn take_changes(&mut self) -> PeerChanges {
        let mut changes = self.book.take_changes();
        changes.anchors = self.anchors.take_changes();
        changes
    }

    pub(super) fn lacks_peers(&self, open: &Open) -> bool {
        let goal = TARGET_PEERS + usize::from(self.extra);
        found(open).filter(|call| call.purpose == Purpose::Chain).count() < goal
    }

    /// Whether the book does not suffice to find peers.
    fn is_short(&self, now: Now, open: &Open) -> bool {
        let alone = !open.values().any(Call::follows);
        (alone && now.mono.since(self.alone_since) >= SEED_PATIENCE) || self.usable() < SHORT_BOOK
    }

    /// At first dials follow each other at once; the more fail in a row, the slower.
    fn spacing(&self) -> Duration {
        let slowed = self.failures.saturating_sub(EAGER_DIALS);
        if slowed == 0 { Duration::ZERO } else { DIAL_SPACING * (1 << (slowed / 8).min(6)) }
    }

    /// Notes that an address is being dialled, and says how.
    fn dialled(&mut self, now: Now, address: PeerAddress) -> (PeerAddress, Wire) {
        self.book.on_tried(now.wall, &address);
        let wire = self.book.record(&address).map_or(Wire::V2, |record| {
            let lacks = record.lacks_v2.is_some_and(|at| at.was_within(LACKS_V2_TIME, now.wall));
            // Only the peer's own word counts: with hearsay others could bring about version 1.
            let denies = record.reached.is_some() && !serves(record, P2P_V2);
            if lacks || denies { Wire::V1 } else { Wire::V2 }
        });
        (address, wire)
    }

    fn failed(&mut self, now: Now, call: &Call, open: &Open) {
        self.count_failure(call);
        // With nobody else there, our own link may be down.
        let counts = open.values().any(Call::follows);
        self.book.on_failed(now.wall, &call.address, counts);
    }

    /// What a test finds out does not slow down the search for peers.
    fn count_failure(&mut self, call: &Call) {
        if call.purpose != Purpose::Feeler {
            self.failures = self.failures.saturating_add(1);
        }
    }
}

/// The connections that are not to peers which the user named.
fn found(open: &Open) -> impl Iterator<Item = &Call> {
    open.values().filter(|call| !call.named)
}

fn has_no_room(open: &Open) -> bool {
    found(open).count() >= MAX_CONNECTIONS
}

/// A wait until something that happens at any moment alike, [`FEELER_INTERVAL`] apart in the mean:
/// nobody can foresee it from the last one. In whole seconds, so that every machine draws alike.
fn random_wait(rng: &mut impl RngCore) -> Duration {
    let mean = u32::try_from(FEELER_INTERVAL.as_secs()).expect("a small constant");
    let waits = (1..10 * mean).find(|_| rng.next_u32().is_multiple_of(mean));
    Duration::from_secs(waits.unwrap_or(10 * mean).into())
}
