//! Owns what a store keeps of peers: addresses, bans, whom to dial first.
//!
//! Losing it costs no money, only the search for peers. Refuses everything that is derived from a
//! watch list.

use std::collections::BTreeMap;

use crate::peer_id::{NetworkGroup, PeerAddress, PeerHost, Subnet};
use crate::time::WallTime;

/// What is known of one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressRecord {
    /// What its peer serves, as others or itself say (BIP14 and later bits).
    pub services: u64,
    /// When somebody last saw it, as far as that is known.
    pub seen: WallTime,
    /// When it was last dialled.
    pub tried: Option<WallTime>,
    /// When it last answered with a good handshake.
    pub reached: Option<WallTime>,
    /// Failures since then that count.
    pub failures: u32,
    /// When a failure last counted.
    pub failed: Option<WallTime>,
    /// When it last showed that it does not speak version 2 of the transport.
    pub lacks_v2: Option<WallTime>,
    /// Who told of it first.
    pub source: NetworkGroup,
    /// Where it is in the book.
    pub place: Place,
}

/// Where an address is in the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Among those that were heard of, in these buckets.
    New(Vec<u16>),
    /// Among those that answered.
    Tried,
}

/// Why an address is left alone, and how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// From when on.
    pub since: WallTime,
    /// Until when.
    pub until: WallTime,
    /// What its peer did, to be shown to people.
    pub reason: String,
}

/// How long a person bans a part of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BanSpan {
    /// From when on.
    pub since: WallTime,
    /// Until when.
    pub until: WallTime,
}

/// What changed in the memory of peers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PeerChanges {
    /// The key by which addresses find their places, if it is new: the book was begun anew.
    pub key: Option<[u8; 16]>,
    /// Addresses that changed; `None` if one is forgotten.
    pub addresses: BTreeMap<PeerAddress, Option<AddressRecord>>,
    /// Bans that changed; `None` if one is over.
    pub bans: BTreeMap<PeerHost, Option<Ban>>,
    /// Bans by hand that changed; `None` if one is over.
    pub subnets: BTreeMap<Subnet, Option<BanSpan>>,
    /// The peers to dial first after a restart, if they changed.
    pub anchors: Option<Vec<PeerAddress>>,
}

impl PeerChanges {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.key.is_none()
            && self.addresses.is_empty()
            && self.bans.is_empty()
            && self.subnets.is_empty()
            && self.anchors.is_none()
    }

    /// Adds changes that came after these.
    pub fn merge(&mut self, later: Self) {
        if later.key.is_some() {
            self.key = later.key;
        }
        self.addresses.extend(later.addresses);
        self.bans.extend(later.bans);
        self.subnets.extend(later.subnets);
        if later.anchors.is_some() {
            self.anchors = later.anchors;
        }
    }
}

/// What the store kept of peers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredPeers {
    /// The key by which addresses find their places; `None` if the book was never begun.
    pub key: Option<[u8; 16]>,
    /// The addresses.
    pub addresses: BTreeMap<PeerAddress, AddressRecord>,
    /// The bans.
    pub bans: BTreeMap<PeerHost, Ban>,
    /// The bans by hand.
    pub subnets: BTreeMap<Subnet, BanSpan>,
    /// The peers to dial first.
    pub anchors: Vec<PeerAddress>,
}

impl StoredPeers {
    /// What a store holds after it wrote the changes.
    pub fn apply(&mut self, changes: PeerChanges) {
        if changes.key.is_some() {
            self.key = changes.key;
        }
        for (address, record) in changes.addresses {
            match record {
                Some(record) => self.addresses.insert(address, record),
                None => self.addresses.remove(&address),
            };
        }
        for (host, ban) in changes.bans {
            match ban {
                Some(ban) => self.bans.insert(host, ban),
                None => self.bans.remove(&host),
            };
        }
        for (subnet, span) in changes.subnets {
            match span {
                Some(span) => self.subnets.insert(subnet, span),
                None => self.subnets.remove(&subnet),
            };
        }
        if let Some(anchors) = changes.anchors {
            self.anchors = anchors;
        }
    }
}
