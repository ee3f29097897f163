//! Owns what a person wants of the circle of peers.
//!
//! Refuses to judge it: the person has seen the status before.

use crate::client::LightClient;
use crate::peer_id::PeerId;
use crate::peer_order::PeerOrder;
use crate::peers::peer::Peer;
use crate::time::Now;

impl LightClient {
    pub(super) fn obey(&mut self, now: Now, order: PeerOrder) {
        match order {
            PeerOrder::Activate(active) => {
                self.roster.activate(now.mono, active);
                if !active {
                    self.leave_all(|_| true);
                }
            }
            PeerOrder::Add { name, address, wire } => {
                self.roster.add(now.mono, name, address, wire);
            }
            PeerOrder::Remove(address) => self.roster.remove(&address),
            PeerOrder::Try { address, wire } => self.roster.dial_once(now.mono, address, wire),
            PeerOrder::Leave(peer) => self.close(peer, None),
            PeerOrder::Ping => {
                let followed = self.peers.iter().filter(|(_, peer)| peer.is_followed());
                let idle = followed.filter(|(_, peer)| !peer.awaits_pong());
                let idle: Vec<PeerId> = idle.map(|(id, _)| *id).collect();
                for peer in idle {
                    self.on_ping_timer(now, peer);
                }
            }
            PeerOrder::Ban { subnet, since, until } => {
                self.roster.bans().ban(since, subnet, until);
                self.leave_all(|peer| subnet.contains(&peer.address.host()));
            }
            PeerOrder::Unban(subnet) => self.roster.bans().unban(subnet),
            PeerOrder::ClearBans => self.roster.bans().unban_all(),
        }
    }

    fn leave_all(&mut self, which: impl Fn(&Peer) -> bool) {
        let leaving = self.peers.iter().filter(|(_, peer)| which(peer));
        let leaving: Vec<PeerId> = leaving.map(|(id, _)| *id).collect();
        for peer in leaving {
            self.close(peer, None);
        }
    }
}
