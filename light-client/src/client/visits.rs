//! Owns what is said on visits: connections for one thing, not to follow the chain.
//!
//! Refuses what has nothing to do with that thing: it is skipped. A visit that is not over in time
//! is ended.

use bitcoin::p2p::message::NetworkMessage;
use rand_chacha::rand_core::RngCore as _;

use crate::client::LightClient;
use crate::codec::Message;
use crate::dial::Purpose;
use crate::limits::{MAX_ONE_SHOTS, VISIT_TIMEOUT};
use crate::output::Output;
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
        } else if purpose == Purpose::Broadcast {
            self.begin_offer(now, id);
        }
    }

    /// A peer that is visited says something after the handshake.
    pub(super) fn on_visit_message(&mut self, now: Now, id: PeerId, message: &Message) {
        let Some(purpose) = self.peers.get(&id).map(|peer| peer.purpose) else { return };
        match (purpose, message) {
            (Purpose::Addresses, Message::Addresses(told)) => {
                self.roster.on_addresses(now, id, told, &mut self.rng);
                // A single one is the peer's own, said unasked; the answer is longer.
                if told.len() > 1 {
                    self.close(id, None);
                }
            }
            (Purpose::Broadcast, Message::FeeFilter(rate)) => {
                if let Some(floor) = self.peers.get_mut(&id).and_then(|p| p.set_fee_floor(*rate)) {
                    self.broadcast.on_fee_floor(id, floor);
                }
            }
            (Purpose::Broadcast, Message::Pong(nonce)) => {
                self.broadcast.on_pong(now.mono, id, *nonce, &mut self.outbox);
                let event = self.broadcast.take_declined(id);
                self.outbox.extend(event.map(Output::Broadcast));
            }
            (Purpose::Broadcast, Message::GetData(inventory)) => {
                let (rng, outbox) = (&mut self.rng, &mut self.outbox);
                self.broadcast.on_get_data(id, inventory, rng, outbox);
            }
            _ => {}
        }
    }

    /// Wants as many connections as there are transactions to offer, and ends those that are of no
    /// more use.
    pub(super) fn announce_due(&mut self, now: Now) {
        for id in self.broadcast.over(now.mono) {
            self.close(id, None);
        }
        let jitter = self.rng.next_u32();
        self.broadcast.conclude(now.mono, jitter);
        let wanted = self.broadcast.wanted(now.mono);
        if wanted == 0 {
            self.roster.cancel(Purpose::Broadcast);
            return;
        }
        let coming = self.roster.one_shots(Purpose::Broadcast);
        for _ in coming..wanted.min(MAX_ONE_SHOTS) {
            self.roster.one_shot(now.mono, Purpose::Broadcast);
        }
    }

    fn begin_offer(&mut self, now: Now, id: PeerId) {
        let nonce = self.rng.next_u64();
        let Some(peer) = self.peers.get(&id) else { return };
        let address = peer.address.clone();
        let wtxid_relay = peer.negotiated().is_some_and(|negotiated| negotiated.wtxid_relay);
        let (now, outbox) = (now.mono, &mut self.outbox);
        self.broadcast.visit(now, id, address, wtxid_relay, nonce, outbox);
    }

    /// A visit has lasted long enough.
    pub(super) fn on_visit_timeout(&mut self, id: PeerId) {
        self.close(id, None);
    }
}
