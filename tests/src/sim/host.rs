//! Owns the nodes of a world and the lines to them: when a message arrives, in which pieces, and
//! what a vice makes of it.
//!
//! Refuses keys: what is sealed on the wire (BIP324) is carried open, a packet at a time.

use std::net::SocketAddr;
use std::time::Duration;

use billfold_devnet::Peer;
use billfold_wallet_core::light_client::dial::Wire;
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use bitcoin::consensus::encode;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};

use super::vice::{Place, Said, Vice, framed};
use crate::draw::Draw;

/// A node that the wallet may dial.
#[derive(Debug, Clone)]
pub(super) struct Host {
    /// Where.
    pub(super) address: PeerAddress,
    /// Whether it speaks the sealed transport.
    pub(super) sealed: bool,
    /// What it does wrong.
    pub(super) vice: Vice,
    /// Whether it takes connections.
    pub(super) up: bool,
    /// Whether it is on the part of the network that was cut off.
    pub(super) apart: bool,
}

impl Host {
    /// The `number`th node, with this vice.
    #[must_use]
    pub(super) fn new(number: u8, vice: Vice, draw: &mut Draw) -> Self {
        let address = PeerAddress::ip(SocketAddr::from(([10 + number, 1, 2, 3], 18_444)));
        Self { address, sealed: draw.once_in(2), vice, up: true, apart: false }
    }
}

/// A connection, from the node's side.
#[derive(Debug)]
pub(super) struct Line {
    /// Which node's.
    pub(super) host: usize,
    wire: Wire,
    peer: Peer,
    heard: Vec<u8>,
    said: u64,
    latency: Duration,
    /// When the last thing arrives that is under way to the wallet, and to the node.
    arrives: [Duration; 2],
}

/// What comes of something that was said: bytes for the wallet and when, or the end.
#[derive(Debug)]
pub(super) enum Coming {
    /// Bytes arrive.
    Bytes(Duration, Vec<u8>),
    /// The connection ends.
    End(Duration),
}

impl Line {
    /// A new connection to a node.
    #[must_use]
    pub(super) fn new(host: usize, wire: Wire, peer: Peer, draw: &mut Draw) -> Self {
        let latency = draw.millis(2, 400);
        Self { host, wire, peer, heard: Vec::new(), said: 0, latency, arrives: [Duration::ZERO; 2] }
    }

    /// When something arrives at the node that the wallet sends now.
    pub(super) fn send(&mut self, now: Duration, draw: &mut Draw) -> Duration {
        self.arrive(1, now, draw)
    }

    /// Hears bytes, and says what an honest node would, before its vice.
    pub(super) fn hear(&mut self, bytes: &[u8]) -> Option<Vec<NetworkMessage>> {
        let mut answers = Vec::new();
        if self.wire == Wire::V2 {
            let message = bip324::serde::deserialize(bytes).ok()?;
            return self.peer.hear(message);
        }
        self.heard.extend_from_slice(bytes);
        loop {
            match encode::deserialize_partial::<RawNetworkMessage>(&self.heard) {
                Ok((message, length)) => {
                    self.heard.drain(..length);
                    answers.extend(self.peer.hear(message.into_payload())?);
                }
                Err(encode::Error::Io(_)) => return Some(answers),
                Err(_) => return None,
            }
        }
    }

    /// What the node tells by itself.
    pub(super) fn tell(&mut self) -> Vec<NetworkMessage> {
        self.peer.tell()
    }

    /// What comes of messages that the node says now.
    pub(super) fn say(
        &mut self,
        messages: Vec<NetworkMessage>,
        vice: Vice,
        now: Duration,
        place: &mut Place,
    ) -> Vec<Coming> {
        let mut coming = Vec::new();
        for message in messages {
            self.said += 1;
            let late = if let Vice::Drips(seconds) = vice { seconds } else { 0 };
            let packets = match vice.say(message, self.said, place) {
                Said::Messages(messages) => {
                    messages.into_iter().map(|one| self.packed(one)).collect()
                }
                Said::Bytes(bytes) => vec![bytes],
                Said::Closes => {
                    coming.push(Coming::End(self.arrive(0, now, place.draw)));
                    return coming;
                }
            };
            for packet in packets {
                self.arrives[0] = self.arrives[0].max(now) + Duration::from_secs(late);
                coming.extend(self.cut(&packet, now, place.draw));
            }
        }
        coming
    }

    fn packed(&self, message: NetworkMessage) -> Vec<u8> {
        match self.wire {
            Wire::V1 => framed(message),
            Wire::V2 => bip324::serde::serialize(message),
        }
    }

    /// A stream comes in any pieces, a packet comes whole.
    fn cut(&mut self, bytes: &[u8], now: Duration, draw: &mut Draw) -> Vec<Coming> {
        let at = if self.wire == Wire::V1 && draw.once_in(4) { draw.place(bytes.len()) } else { 0 };
        let (first, rest) = bytes.split_at(at);
        let pieces = [first, rest].into_iter().filter(|piece| !piece.is_empty());
        pieces.map(|piece| Coming::Bytes(self.arrive(0, now, draw), piece.to_vec())).collect()
    }

    /// In order, whatever the delay of each.
    fn arrive(&mut self, way: usize, now: Duration, draw: &mut Draw) -> Duration {
        let at = (now + self.latency + draw.millis(0, 30)).max(self.arrives[way]);
        self.arrives[way] = at;
        at
    }
}
