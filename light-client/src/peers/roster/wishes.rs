//! Owns what the user wants of the circle of peers: whom to keep, whom to ban, or nobody at all.
//!
//! Refuses to close connections: the client does.

use crate::change_set::{Ban, BanSpan};
use crate::dial::{Purpose, Wire};
use crate::peer_id::{PeerAddress, PeerHost, Subnet};
use crate::peers::bans::Bans;
use crate::peers::roster::Roster;
use crate::status::{AddedPeer, BannedHost, BannedSubnet};
use crate::time::MonoTime;

impl Roster {
    /// Has connections from here on, or none; those that are open are the client's to close.
    pub(crate) fn activate(&mut self, now: MonoTime, active: bool) {
        self.active = active;
        self.named.hurry(now);
    }

    /// Whether there are to be connections.
    pub(crate) const fn is_active(&self) -> bool {
        self.active
    }

    /// The user names one more peer.
    pub(crate) fn add(&mut self, now: MonoTime, name: String, address: PeerAddress, wire: Wire) {
        let due = (!self.is_called(&address)).then_some(now);
        self.named.add(due, name, address, wire);
    }

    /// The user names a peer no longer.
    pub(crate) fn remove(&mut self, address: &PeerAddress) {
        self.named.remove(address);
    }

    /// The user wants one connection to a peer, unless there is one.
    pub(crate) fn dial_once(&mut self, now: MonoTime, address: PeerAddress, wire: Wire) {
        if !self.is_called(&address) {
            self.named.dial_once(now, address, wire);
        }
    }

    /// The peers that the user named later.
    pub(crate) fn added(&self) -> Vec<AddedPeer> {
        self.named.added().collect()
    }

    /// Whom the user bans.
    pub(crate) const fn bans(&mut self) -> &mut Bans {
        &mut self.bans
    }

    /// Whether the chain is followed, or soon will be, with this one.
    fn is_called(&self, address: &PeerAddress) -> bool {
        let mut chain = self.calls.values().filter(|call| call.purpose == Purpose::Chain);
        chain.any(|call| call.address == *address)
    }

    /// Who is left alone.
    pub(crate) fn banned(&self) -> Vec<BannedHost> {
        let shown = |(host, ban): (&PeerHost, &Ban)| BannedHost {
            host: host.clone(),
            until: ban.until,
            reason: ban.reason.clone(),
        };
        self.bans.iter().map(shown).collect()
    }

    /// Where nobody is looked for, since a person bans that part of the network.
    pub(crate) fn banned_by_hand(&self) -> Vec<BannedSubnet> {
        let shown = |(subnet, span): (&Subnet, &BanSpan)| BannedSubnet {
            subnet: *subnet,
            since: span.since,
            until: span.until,
        };
        self.bans.by_hand().map(shown).collect()
    }
}
