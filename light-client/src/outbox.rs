//! Owns `Outbox`, the one queue of outputs.
//!
//! Refuses to grow over a step: it is drained before the next input.

use std::collections::VecDeque;

use bitcoin::p2p::Magic;
use bitcoin::p2p::message::NetworkMessage;

use crate::codec;
use crate::output::Output;
use crate::peer_id::PeerId;

/// Outputs in the order in which they came about.
#[derive(Debug)]
pub(crate) struct Outbox {
    magic: Magic,
    queue: VecDeque<Output>,
}

impl Outbox {
    pub(crate) const fn new(magic: Magic) -> Self {
        Self { magic, queue: VecDeque::new() }
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    /// Frames a message for a peer.
    pub(crate) fn send(&mut self, peer: PeerId, message: NetworkMessage) {
        self.push(Output::Send { peer, bytes: codec::encode(self.magic, message) });
    }

    pub(crate) fn pop(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
