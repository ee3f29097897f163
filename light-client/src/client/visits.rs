//! Owns what is said on visits: connections for one thing, not to follow the chain.
//!
//! Refuses what has nothing to do with that thing: it is skipped. A visit that is not over in time
//! is ended.

use bitcoin::p2p::message::NetworkMessage;

use crate::client::LightClient;
use crate::codec::Message;
use crate::dial::Purpose;
use crate::limits::VISIT_TIMEOUT;
use crate::peer_id::PeerId;
use crate::time::Now;
use crate::timers::Timer;

impl LightClient {
    /// The handshake of a visit is done.
    pub(super) fn on_visit_ready(&mut self, now: Now, id: PeerId) {
        let Some(purpose) = self.peers.get(&id).map(|peer| peer.purpose) else { return };
        self.timers.set(Timer::Visit(id), Some(now.mono.after(VISIT_TIMEOUT)));
        if self.roster.asks_for_addresses(now.mono, id) {
            self.outbox.send(id, NetworkMessage::GetAddr);
        }
        if purpose == Purpose::Feeler {
            // To see that somebody is there was all.
            self.close(id, None);
        }
    }

    /// A peer that is visited says something after the handshake.
    pub(super) fn on_visit_message(&mut self, now: Now, id: PeerId, message: &Message) {
        let Some(purpose) = self.peers.get(&id).map(|peer| peer.purpose) else { return };
        if let (Purpose::Addresses, Message::Addresses(told)) = (purpose, message) {
            self.roster.on_addresses(now, id, told, &mut self.rng);
            // A single one is the peer's own, said unasked; the answer is longer.
            if told.len() > 1 {
                self.close(id, None);
            }
        }
    }

    /// A visit has lasted long enough.
    pub(super) fn on_visit_timeout(&mut self, id: PeerId) {
        self.close(id, None);
    }
}
