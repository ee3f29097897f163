//! Owns what makes an address one that may be dialled now, by what is open and banned already.
//!
//! Refuses to draw one: the book does.

use std::collections::BTreeSet;

use crate::change_set::AddressRecord;
use crate::config::Route;
use crate::limits::{BEING_TRIED, MAX_PEERS_PER_SOURCE};
use crate::params::dns_seed::DnsSeed;
use crate::peer_id::{NetworkGroup, PeerAddress, PeerHost};
use crate::peers::bans::Bans;
use crate::time::{Now, WallTime};

/// What an address must not be to be dialled now.
pub(super) struct Candidates<'a> {
    pub(super) now: Now,
    pub(super) route: Route,
    pub(super) bans: &'a Bans,
    pub(super) hosts: BTreeSet<PeerHost>,
    /// The groups of the peers with whom the chain is followed.
    pub(super) groups: BTreeSet<NetworkGroup>,
    /// Those that told of peers which had never answered before.
    pub(super) sources: Vec<NetworkGroup>,
}

impl Candidates<'_> {
    pub(super) fn may_be_dialled(&self, address: &PeerAddress) -> bool {
        is_in_reach(address, self.route)
            && !self.bans.holds(self.now.wall, address)
            && !self.hosts.contains(&address.host())
    }

    /// Whether no peer is in its part of the network.
    pub(super) fn stands_apart(&self, address: &PeerAddress) -> bool {
        !self.groups.contains(&address.group())
    }

    /// Whether another peer there would not put more of our trust into who told of it.
    pub(super) fn is_told_apart(&self, record: &AddressRecord) -> bool {
        let from_there = self.sources.iter().filter(|source| **source == record.source).count();
        record.reached.is_some() || from_there < MAX_PEERS_PER_SOURCE
    }

    pub(super) fn suits(&self, address: &PeerAddress, record: &AddressRecord) -> bool {
        let just_tried = |tried: WallTime| tried.was_within(BEING_TRIED, self.now.wall);
        self.may_be_dialled(address) && !record.tried.is_some_and(just_tried)
    }
}

/// Whether the user's route leads there.
pub(super) fn is_in_reach(address: &PeerAddress, route: Route) -> bool {
    match address {
        PeerAddress::Ip(_) => true,
        PeerAddress::Onion(..) | PeerAddress::Host(..) => route == Route::Proxy,
    }
}

/// Whether its peer is said to serve all that.
pub(super) const fn serves(record: &AddressRecord, services: u64) -> bool {
    record.services & services == services
}

/// What a peer must serve with whom the chain is followed.
pub(super) const CHAIN: u64 = DnsSeed::FILTER_SERVICES;

/// That a peer speaks version 2 of the transport (BIP324).
pub(super) const P2P_V2: u64 = 1 << 11;

/// What a peer must serve to be of any use.
pub(super) const NODE: u64 = DnsSeed::NODE_SERVICES;
