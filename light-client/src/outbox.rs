//! Owns `Outbox`, the one queue of outputs.
//!
//! Refuses to grow over a step: it is drained before the next input.

use std::collections::{BTreeSet, VecDeque};

use bitcoin::p2p::Magic;
use bitcoin::p2p::message::NetworkMessage;

use crate::codec;
use crate::dial::Wire;
use crate::output::Output;
use crate::peer_id::PeerId;

/// Outputs in the order in which they came about.
#[derive(Debug)]
pub(crate) struct Outbox {
    magic: Magic,
    /// The connections over version 1 of the transport.
    in_the_clear: BTreeSet<PeerId>,
    queue: VecDeque<Output>,
}

impl Outbox {
    pub(crate) const fn new(magic: Magic) -> Self {
        Self { magic, in_the_clear: BTreeSet::new(), queue: VecDeque::new() }
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    /// A connection is dialled: its messages are written for this transport.
    pub(crate) fn open(&mut self, peer: PeerId, wire: Wire) {
        if wire == Wire::V1 {
            self.in_the_clear.insert(peer);
        }
    }

    /// A connection is gone.
    pub(crate) fn forget(&mut self, peer: PeerId) {
        self.in_the_clear.remove(&peer);
    }

    pub(crate) fn extend(&mut self, outputs: impl IntoIterator<Item = Output>) {
        self.queue.extend(outputs);
    }

    /// Writes a message for a peer.
    pub(crate) fn send(&mut self, peer: PeerId, message: NetworkMessage) {
        let wire = if self.in_the_clear.contains(&peer) { Wire::V1 } else { Wire::V2 };
        self.push(Output::Send { peer, bytes: codec::encode(wire, self.magic, message) });
    }

    pub(crate) fn pop(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
