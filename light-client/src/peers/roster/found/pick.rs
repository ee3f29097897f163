//! Owns the choice of the next address to dial: for following the chain, for a visit, for a test.
//!
//! Refuses to say when: that hangs on what came of the dials before.

use rand_chacha::rand_core::RngCore;

use crate::change_set::AddressRecord;
use crate::config::Route;
use crate::dial::{Purpose, Wire};
use crate::limits::{MAX_VISITS, MIN_PEERS, SOURCE_PATIENCE, VISIT_INTERVAL};
use crate::peer_id::PeerAddress;
use crate::peers::bans::Bans;
use crate::peers::roster::call::Call;
use crate::peers::roster::candidates::{CHAIN, Candidates, NODE, serves};
use crate::peers::roster::found::{Found, Open, found, random_wait};
use crate::time::Now;

impl Found {
    pub(super) fn chain_call(
        &mut self,
        now: Now,
        open: &Open,
        bans: &Bans,
        rng: &mut impl RngCore,
    ) -> Option<Call> {
        if let Some(call) = self.again.pop() {
            return Some(call);
        }
        let address = self.pick(now, open, bans, rng)?;
        let unproven = self.book.record(&address).filter(|record| record.reached.is_none());
        let source = unproven.map(|record| record.source);
        let (address, wire) = self.dialled(now, address);
        Some(Call { source, ..Call::new(address, wire, Purpose::Chain) })
    }

    fn pick(
        &mut self,
        now: Now,
        open: &Open,
        bans: &Bans,
        rng: &mut impl RngCore,
    ) -> Option<PeerAddress> {
        if let Some(address) = self.anchor(now, open, bans) {
            return Some(address);
        }
        let candidates = self.candidates(now, open, bans);
        let suits = |address: &PeerAddress, record: &AddressRecord| {
            serves(record, CHAIN) && candidates.suits(address, record)
        };
        let apart = |address: &PeerAddress, record: &AddressRecord| {
            candidates.stands_apart(address) && suits(address, record)
        };
        let told_apart = |address: &PeerAddress, record: &AddressRecord| {
            candidates.is_told_apart(record) && apart(address, record)
        };
        if let Some(address) = self.book.select(now.wall, false, rng, told_apart) {
            return Some(address);
        }
        // Others may still tell of theirs.
        if now.mono.since(self.alone_since) < SOURCE_PATIENCE {
            return None;
        }
        if let Some(address) = self.book.select(now.wall, false, rng, apart) {
            return Some(address);
        }
        // A second peer of the same part of the network is better than one alone.
        let following = open.values().filter(|call| call.purpose == Purpose::Chain).count();
        let others = self.book.iter().any(|(address, record)| apart(address, record));
        if following >= MIN_PEERS || others {
            return None;
        }
        self.book.select(now.wall, false, rng, suits)
    }

    /// A peer of the last time: what we knew then of the chain, it knew.
    fn anchor(&mut self, now: Now, open: &Open, bans: &Bans) -> Option<PeerAddress> {
        while let Some(anchor) = self.anchors.pop() {
            let candidates = self.candidates(now, open, bans);
            if candidates.stands_apart(&anchor) && candidates.may_be_dialled(&anchor) {
                return Some(anchor);
            }
        }
        None
    }

    /// A visit to ask for addresses: at a DNS seed through the proxy, or at a peer that is of no
    /// other use.
    pub(super) fn visit(
        &mut self,
        now: Now,
        open: &Open,
        bans: &Bans,
        rng: &mut impl RngCore,
    ) -> Option<Call> {
        if now.mono < self.next_visit || visits(open) >= MAX_VISITS {
            return None;
        }
        self.next_visit = now.mono.after(VISIT_INTERVAL);
        if self.route == Route::Proxy
            && let Some(name) = self.seeds.take_visit()
        {
            // Its peers may speak either; version 1 is what every node speaks.
            let address = PeerAddress::Host(name.text, self.port);
            return Some(Call::new(address, Wire::V1, Purpose::Addresses));
        }
        if !self.is_short(now, open) {
            return None;
        }
        let candidates = self.candidates(now, open, bans);
        let suits = |address: &PeerAddress, record: &AddressRecord| {
            serves(record, NODE) && !serves(record, CHAIN) && candidates.suits(address, record)
        };
        let address = self.book.select(now.wall, false, rng, suits)?;
        let (address, wire) = self.dialled(now, address);
        Some(Call::new(address, wire, Purpose::Addresses))
    }

    /// Now and then an address that was only heard of is tested, so that those which answer are
    /// known when they are needed; or one whose place among them another one wants.
    pub(super) fn feeler(
        &mut self,
        now: Now,
        open: &Open,
        bans: &Bans,
        rng: &mut impl RngCore,
    ) -> Option<Call> {
        if now.mono < self.next_feeler {
            return None;
        }
        self.next_feeler = now.mono.after(random_wait(rng));
        if visits(open) >= MAX_VISITS {
            return None;
        }
        self.book.settle_collisions(now.wall);
        let candidates = self.candidates(now, open, bans);
        let contested = self.book.contested().filter(|address| candidates.may_be_dialled(address));
        let address = contested.cloned().or_else(|| {
            self.book
                .select(now.wall, true, rng, |address, record| candidates.suits(address, record))
        })?;
        let (address, wire) = self.dialled(now, address);
        Some(Call::new(address, wire, Purpose::Feeler))
    }

    pub(super) fn candidates<'a>(&self, now: Now, open: &Open, bans: &'a Bans) -> Candidates<'a> {
        let following: Vec<&Call> =
            open.values().filter(|call| call.purpose == Purpose::Chain).collect();
        Candidates {
            now,
            route: self.route,
            bans,
            hosts: open.values().map(|call| call.address.host()).collect(),
            groups: following.iter().map(|call| call.address.group()).collect(),
            sources: following.iter().filter_map(|call| call.source).collect(),
        }
    }
}

fn visits(open: &Open) -> usize {
    found(open).filter(|call| call.purpose != Purpose::Chain).count()
}
