//! Owns `AddressBook`: the addresses at which peers were heard of, and those at which they answered.
//!
//! The plan is Bitcoin Core's `addrman` (see `docs/adr/0150-an-address-book-like-cores.md`): two
//! tables of buckets, and a secret key that says who belongs where, so that whoever floods us with
//! addresses fills a few buckets and crowds nobody else out. Refuses addresses that a stranger has
//! no business to make us dial, and to know which connections there are.

#[cfg(any(test, feature = "fuzz"))]
mod check;
mod record;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand_chacha::rand_core::RngCore;

use crate::change_set::{AddressRecord, PeerChanges, Place};
use crate::codec::Rumour;
use crate::limits::{
    BUCKETS_PER_ADDRESS, COLLISION_TESTED, COLLISION_WAIT, FAILURE_SPACING, GOSSIP_PENALTY,
    MAX_COLLISIONS, MAX_DRAWS, NEW_BUCKETS, TRIED_BUCKETS,
};
use crate::peer_id::{NetworkGroup, PeerAddress};
use crate::time::WallTime;

use table::{Key, Table, below};

/// Every known address.
#[derive(Debug)]
pub(crate) struct AddressBook {
    key: Key,
    records: BTreeMap<PeerAddress, AddressRecord>,
    new: Table,
    tried: Table,
    /// Addresses that answered, and whose place among those that did is taken.
    collisions: BTreeSet<PeerAddress>,
    /// What a store does not know yet.
    unsaved: BTreeSet<PeerAddress>,
    unsaved_key: bool,
}

impl AddressBook {
    /// An empty book with a new key.
    pub(crate) fn new(rng: &mut impl RngCore) -> Self {
        let mut key = [0; 16];
        rng.fill_bytes(&mut key);
        Self { unsaved_key: true, ..Self::with_key(key) }
    }

    /// The book as it was stored. An address that has no place in it is left out and forgotten.
    pub(crate) fn restored(
        key: [u8; 16],
        records: BTreeMap<PeerAddress, AddressRecord>,
        now: WallTime,
    ) -> Self {
        let mut book = Self::with_key(key);
        for (address, mut record) in records {
            record::not_in_future(&mut record, now);
            if !address.is_routable() || !book.restore(&address, &mut record) {
                book.unsaved.insert(address);
                continue;
            }
            book.records.insert(address, record);
        }
        book
    }

    /// Takes an address in that somebody of the group `source` told of; whether that was news.
    pub(crate) fn add(
        &mut self,
        now: WallTime,
        rumour: &Rumour,
        source: &PeerAddress,
        rng: &mut impl RngCore,
    ) -> bool {
        // Who tells of itself needs no discount.
        let own = rumour.address == *source;
        let penalty = if own { Duration::ZERO } else { GOSSIP_PENALTY };
        let seen = record::believable(rumour.seen, now).before(penalty);
        self.add_seen(now, &Rumour { seen, ..rumour.clone() }, source.group(), rng)
    }

    /// Takes an address in that a DNS seed told of, which knows peers by its own visits.
    pub(crate) fn add_seed(
        &mut self,
        now: WallTime,
        rumour: &Rumour,
        seed: &str,
        rng: &mut impl RngCore,
    ) -> bool {
        self.add_seen(now, rumour, NetworkGroup::of_name(seed), rng)
    }

    fn add_seen(
        &mut self,
        now: WallTime,
        rumour: &Rumour,
        source: NetworkGroup,
        rng: &mut impl RngCore,
    ) -> bool {
        let address = &rumour.address;
        if !address.is_routable() {
            return false;
        }
        let buckets = match self.records.get_mut(address) {
            Some(record) => {
                if record::update(record, rumour, now) {
                    self.unsaved.insert(address.clone());
                } else if rumour.seen <= record.seen {
                    return false;
                }
                let Place::New(buckets) = &record.place else { return false };
                // Each further bucket is half as likely: who is told of by many is found easier.
                if buckets.len() >= BUCKETS_PER_ADDRESS || below(rng, 1 << buckets.len()) != 0 {
                    return false;
                }
                buckets.len()
            }
            None => 0,
        };
        let slot = self.key.new_slot(address, source);
        match self.new.at(slot) {
            Some(there) if there == address => return false,
            Some(there) if !self.gives_way(there, buckets == 0, now) => return false,
            _ => self.clear_new(slot),
        }
        self.new.put(slot, address.clone());
        let record = self
            .records
            .entry(address.clone())
            .or_insert_with(|| record::heard(rumour.services, rumour.seen, source));
        if let Place::New(buckets) = &mut record.place {
            buckets.push(slot.0);
        }
        self.unsaved.insert(address.clone());
        true
    }

    /// The address is being dialled.
    pub(crate) fn on_tried(&mut self, now: WallTime, address: &PeerAddress) {
        if let Some(record) = self.records.get_mut(address) {
            record.tried = Some(now);
            self.unsaved.insert(address.clone());
        }
    }

    /// Nobody useful answered. It `counts` unless the fault may be on our side. An address that
    /// never answers is forgotten in the end.
    pub(crate) fn on_failed(&mut self, now: WallTime, address: &PeerAddress, counts: bool) {
        let Some(record) = self.records.get_mut(address).filter(|_| counts) else { return };
        if record.failed.is_some_and(|failed| failed.was_within(FAILURE_SPACING, now)) {
            return;
        }
        (record.failures, record.failed) = (record.failures.saturating_add(1), Some(now));
        self.unsaved.insert(address.clone());
        if record::has_failed_too_often(record, now) {
            self.forget(address);
        }
    }

    /// A peer finished its handshake there, and says what it serves. The time at which it was seen
    /// does not change: it must not show to whom we are connected.
    pub(crate) fn on_reached(&mut self, now: WallTime, address: &PeerAddress, services: u64) {
        let Some(record) = self.records.get_mut(address) else { return };
        record.services = services;
        (record.reached, record.tried, record.failures) = (Some(now), Some(now), 0);
        self.unsaved.insert(address.clone());
        if record.place == Place::Tried {
            return;
        }
        if self.tried.at(self.key.tried_slot(address)).is_none() {
            self.make_tried(address);
        } else if self.collisions.len() < MAX_COLLISIONS {
            self.collisions.insert(address.clone());
        }
    }

    /// It says itself that it does not serve all that it was said to.
    pub(crate) fn on_denied(&mut self, address: &PeerAddress, services: u64) {
        if let Some(record) = self.records.get_mut(address) {
            record.services &= !services;
            self.unsaved.insert(address.clone());
        }
    }

    /// It ended the connection instead of speaking version 2 of the transport.
    pub(crate) fn on_lacks_v2(&mut self, now: WallTime, address: &PeerAddress) {
        if let Some(record) = self.records.get_mut(address) {
            record.lacks_v2 = Some(now);
            self.unsaved.insert(address.clone());
        }
    }

    /// A peer that was good for long has left.
    pub(crate) fn on_left(&mut self, now: WallTime, address: &PeerAddress) {
        if let Some(record) = self.records.get_mut(address) {
            record.seen = record.seen.max(now);
            self.unsaved.insert(address.clone());
        }
    }

    /// A random address that suits, from both tables alike (`only_new`: from those that never
    /// answered). Those that failed or were tried just now are drawn less often.
    pub(crate) fn select(
        &self,
        now: WallTime,
        only_new: bool,
        rng: &mut impl RngCore,
        suits: impl Fn(&PeerAddress, &AddressRecord) -> bool,
    ) -> Option<PeerAddress> {
        let mut patience = record::CERTAIN;
        for _ in 0..MAX_DRAWS {
            let from_tried = match (self.new.is_empty(), self.tried.is_empty() || only_new) {
                (false, false) => below(rng, 2) == 0,
                (new_is_empty, _) => new_is_empty,
            };
            if from_tried && only_new {
                return None;
            }
            let table = if from_tried { &self.tried } else { &self.new };
            let address = table.draw(rng)?;
            let record = self.records.get(address).expect("an address in a table has a record");
            if !suits(address, record) {
                continue;
            }
            if record::is_chosen(record, now, patience, rng) {
                return Some(address.clone());
            }
            patience = (patience / 5 * 6).min(record::ALL_PATIENCE);
        }
        None
    }

    /// An address to test, since another one that answered wants its place.
    pub(crate) fn contested(&self) -> Option<&PeerAddress> {
        self.collisions.iter().find_map(|address| self.tried.at(self.key.tried_slot(address)))
    }

    /// Settles which of two addresses keeps a place: the one that had it, if it still answers.
    pub(crate) fn settle_collisions(&mut self, now: WallTime) {
        for newcomer in std::mem::take(&mut self.collisions) {
            let Some(record) = self.records.get(&newcomer) else { continue };
            if record.place == Place::Tried {
                continue;
            }
            let waits_since = record.reached.unwrap_or_default();
            let slot = self.key.tried_slot(&newcomer);
            let verdict = match self.tried.at(slot).and_then(|holder| self.records.get(holder)) {
                None => Some(true),
                Some(holder) => record::yields(holder, now, COLLISION_TESTED)
                    .or_else(|| (now.since(waits_since) >= COLLISION_WAIT).then_some(true)),
            };
            match verdict {
                Some(true) => self.make_tried(&newcomer),
                Some(false) => {}
                None => drop(self.collisions.insert(newcomer)),
            }
        }
    }

    pub(crate) fn record(&self, address: &PeerAddress) -> Option<&AddressRecord> {
        self.records.get(address)
    }

    /// Every address, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PeerAddress, &AddressRecord)> {
        self.records.iter()
    }

    /// The addresses that others would be told of, in their order (`IsTerrible` of Bitcoin Core).
    pub(crate) fn worth_telling(
        &self,
        now: WallTime,
    ) -> impl Iterator<Item = (&PeerAddress, &AddressRecord)> {
        self.records.iter().filter(move |(_, record)| !record::is_worthless(record, now))
    }

    /// What a store does not know yet.
    pub(crate) fn take_changes(&mut self) -> PeerChanges {
        let unsaved = std::mem::take(&mut self.unsaved).into_iter();
        let addresses = unsaved.map(|address| {
            let record = self.records.get(&address).cloned();
            (address, record)
        });
        PeerChanges {
            addresses: addresses.collect(),
            key: std::mem::take(&mut self.unsaved_key).then(|| self.key.to_bytes()),
            ..PeerChanges::default()
        }
    }

    fn with_key(key: [u8; 16]) -> Self {
        Self {
            key: Key::new(key),
            records: BTreeMap::new(),
            new: Table::new(NEW_BUCKETS),
            tried: Table::new(TRIED_BUCKETS),
            collisions: BTreeSet::new(),
            unsaved: BTreeSet::new(),
            unsaved_key: false,
        }
    }

    /// Puts a stored address where it was; false if all its places are taken or don't exist.
    fn restore(&mut self, address: &PeerAddress, record: &mut AddressRecord) -> bool {
        let Place::New(buckets) = &mut record.place else {
            let slot = self.key.tried_slot(address);
            let free = self.tried.at(slot).is_none();
            if free {
                self.tried.put(slot, address.clone());
            }
            return free;
        };
        let stored = std::mem::take(buckets);
        for bucket in stored.into_iter().filter(|bucket| *bucket < NEW_BUCKETS) {
            let slot = self.key.new_slot_in(bucket, address);
            if buckets.len() < BUCKETS_PER_ADDRESS && self.new.at(slot).is_none() {
                self.new.put(slot, address.clone());
                buckets.push(bucket);
            }
        }
        !buckets.is_empty()
    }

    /// Whether an address leaves a place to another one, which has none yet if `homeless`.
    fn gives_way(&self, address: &PeerAddress, homeless: bool, now: WallTime) -> bool {
        let record = self.records.get(address).expect("an address in a table has a record");
        let has_others = matches!(&record.place, Place::New(buckets) if buckets.len() > 1);
        record::is_worthless(record, now) || (homeless && has_others)
    }

    /// Frees a place; an address that loses its last is forgotten.
    fn clear_new(&mut self, slot: table::Slot) {
        let Some(address) = self.new.take(slot) else { return };
        if let Some(AddressRecord { place: Place::New(buckets), .. }) =
            self.records.get_mut(&address)
        {
            buckets.retain(|bucket| *bucket != slot.0);
            if buckets.is_empty() {
                self.records.remove(&address);
            }
        }
        self.unsaved.insert(address);
    }

    fn forget(&mut self, address: &PeerAddress) {
        match self.records.remove(address).map(|record| record.place) {
            Some(Place::Tried) => drop(self.tried.take(self.key.tried_slot(address))),
            Some(Place::New(buckets)) => {
                for bucket in buckets {
                    self.new.take(self.key.new_slot_in(bucket, address));
                }
            }
            None => {}
        }
        self.unsaved.insert(address.clone());
    }

    /// Moves an address to those that answered; who is in its place goes back to the others.
    fn make_tried(&mut self, address: &PeerAddress) {
        let Some(record) = self.records.get_mut(address) else { return };
        if let Place::New(buckets) = std::mem::replace(&mut record.place, Place::Tried) {
            for bucket in buckets {
                self.new.take(self.key.new_slot_in(bucket, address));
            }
        }
        let slot = self.key.tried_slot(address);
        if let Some(evicted) = self.tried.take(slot) {
            let source = self.records.get(&evicted).map(|record| record.source);
            let back = self.key.new_slot(&evicted, source.expect("it has a record"));
            self.clear_new(back);
            self.new.put(back, evicted.clone());
            if let Some(record) = self.records.get_mut(&evicted) {
                record.place = Place::New(vec![back.0]);
            }
            self.unsaved.insert(evicted);
        }
        self.tried.put(slot, address.clone());
        self.unsaved.insert(address.clone());
    }
}

#[cfg(test)]
mod tests;
