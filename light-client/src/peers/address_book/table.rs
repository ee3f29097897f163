//! Owns `Table`, buckets with places for addresses, and `Key`, the secret that says which place is
//! whose.
//!
//! A stranger who does not know the key can't aim at a place. The hash is SipHash-2-4, which is
//! made for short inputs under a key. Refuses to judge addresses: the book does.

use std::collections::BTreeMap;
use std::net::IpAddr;

use bitcoin::hashes::siphash24;
use rand_chacha::rand_core::RngCore;

use crate::limits::{
    BUCKET_SIZE, NEW_BUCKETS, NEW_BUCKETS_PER_SOURCE, TRIED_BUCKETS, TRIED_BUCKETS_PER_GROUP,
};
use crate::peer_id::{NetworkGroup, PeerAddress};

/// A place in a table: the bucket and the position in it.
pub(super) type Slot = (u16, u16);

/// Buckets with at most one address in each place.
#[derive(Debug)]
pub(super) struct Table {
    slots: BTreeMap<Slot, PeerAddress>,
    /// How many places of each bucket are taken.
    taken: Vec<u16>,
}

impl Table {
    pub(super) fn new(buckets: u16) -> Self {
        Self { slots: BTreeMap::new(), taken: vec![0; buckets.into()] }
    }

    pub(super) fn at(&self, slot: Slot) -> Option<&PeerAddress> {
        self.slots.get(&slot)
    }

    /// Puts an address into a place that is free.
    pub(super) fn put(&mut self, slot: Slot, address: PeerAddress) {
        let before = self.slots.insert(slot, address);
        assert!(before.is_none(), "the place is free");
        self.taken[usize::from(slot.0)] += 1;
    }

    /// Frees a place.
    pub(super) fn take(&mut self, slot: Slot) -> Option<PeerAddress> {
        let address = self.slots.remove(&slot)?;
        self.taken[usize::from(slot.0)] -= 1;
        Some(address)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// An address of a random bucket that has any: the one at or behind a random place.
    pub(super) fn draw(&self, rng: &mut impl RngCore) -> Option<&PeerAddress> {
        let occupied: Vec<u16> =
            (0_u16..).zip(&self.taken).filter(|(_, n)| **n > 0).map(|(b, _)| b).collect();
        let bucket = *occupied.get(below(rng, occupied.len()))?;
        let place = u16::try_from(below(rng, BUCKET_SIZE.into())).expect("below the bucket's size");
        let behind = self.slots.range((bucket, place)..=(bucket, u16::MAX));
        let before = self.slots.range((bucket, 0)..(bucket, place));
        behind.chain(before).next().map(|(_, address)| address)
    }

    #[cfg(any(test, feature = "fuzz"))]
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Slot, &PeerAddress)> {
        self.slots.iter()
    }
}

/// The secret of one book.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Key([u8; 16]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    pub(super) const fn new(key: [u8; 16]) -> Self {
        Self(key)
    }

    pub(super) const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// Where an address belongs that was heard of from `source`. All addresses of one group that
    /// one group told of are in one bucket, and all that one group told of are in few.
    pub(super) fn new_slot(self, address: &PeerAddress, source: NetworkGroup) -> Slot {
        let [group, source] = [address.group(), source].map(|group| group.to_u64().to_le_bytes());
        let spread = self.hash(b'a', &[&group, &source]) % NEW_BUCKETS_PER_SOURCE;
        let bucket = self.hash(b'b', &[&source, &spread.to_le_bytes()]) % u64::from(NEW_BUCKETS);
        self.position_in(bucket, b'n', address)
    }

    /// Where an address is in a bucket of those that were heard of.
    pub(super) fn new_slot_in(self, bucket: u16, address: &PeerAddress) -> Slot {
        self.position_in(bucket.into(), b'n', address)
    }

    /// Where an address belongs that answered. The addresses of one group are in few buckets.
    pub(super) fn tried_slot(self, address: &PeerAddress) -> Slot {
        let group = address.group().to_u64().to_le_bytes();
        let spread = self.hash(b'c', &[&bytes(address)]) % TRIED_BUCKETS_PER_GROUP;
        let bucket = self.hash(b'd', &[&group, &spread.to_le_bytes()]) % u64::from(TRIED_BUCKETS);
        self.position_in(bucket, b't', address)
    }

    fn position_in(self, bucket: u64, table: u8, address: &PeerAddress) -> Slot {
        let place = self.hash(table, &[&bucket.to_le_bytes(), &bytes(address)]);
        let small = |number: u64| u16::try_from(number).expect("below a bound of 16 bits");
        (small(bucket), small(place % u64::from(BUCKET_SIZE)))
    }

    /// Each part has a length that the use implies, so the parts can't be told apart wrongly.
    fn hash(self, usage: u8, parts: &[&[u8]]) -> u64 {
        let (first, second) = self.0.split_at(8);
        let word = |half: &[u8]| u64::from_le_bytes(half.try_into().expect("eight bytes"));
        let input = [&[usage][..], &parts.concat()].concat();
        siphash24::Hash::hash_to_u64_with_keys(word(first), word(second), &input)
    }
}

/// A number below `bound`, or zero.
pub(super) fn below(rng: &mut impl RngCore, bound: usize) -> usize {
    let scaled = (u128::from(rng.next_u64()) * bound as u128) >> 64;
    usize::try_from(scaled).expect("below the bound")
}

fn bytes(address: &PeerAddress) -> Vec<u8> {
    let mut bytes = match address {
        PeerAddress::Ip(address) => match address.ip() {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        },
        PeerAddress::Onion(onion, _) => onion.public_key().to_vec(),
        PeerAddress::Host(name, _) => name.clone().into_bytes(),
    };
    bytes.extend(address.port().to_le_bytes());
    bytes
}
