//! Owns `Outbox`, the one queue of outputs.
//!
//! Refuses to grow over a step: it is drained before the next input.

use std::collections::{BTreeMap, VecDeque};

use bitcoin::p2p::Magic;
use bitcoin::p2p::message::NetworkMessage;

use crate::codec;
use crate::dial::Wire;
use crate::io::Io;
use crate::output::Output;
use crate::peer_id::PeerId;
use crate::tally::Tally;
use crate::time::WallTime;

/// Outputs in the order in which they came about.
#[derive(Debug)]
pub(crate) struct Outbox {
    magic: Magic,
    lines: BTreeMap<PeerId, Line>,
    queue: VecDeque<Output>,
    /// The time of the step.
    now: WallTime,
    bytes_sent: u64,
}

/// A connection, as far as it is written to.
#[derive(Debug)]
pub(crate) struct Line {
    wire: Wire,
    pub(crate) sent: Tally,
    pub(crate) last: Option<WallTime>,
}

impl Outbox {
    pub(crate) const fn new(magic: Magic) -> Self {
        let now = WallTime::new(0);
        Self { magic, lines: BTreeMap::new(), queue: VecDeque::new(), now, bytes_sent: 0 }
    }

    /// A step begins.
    pub(crate) const fn begin(&mut self, now: WallTime) {
        self.now = now;
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    /// A connection is dialled: its messages are written for this transport.
    pub(crate) fn open(&mut self, peer: PeerId, wire: Wire) {
        self.lines.insert(peer, Line { wire, sent: Tally::new(), last: None });
    }

    /// A connection is gone.
    pub(crate) fn forget(&mut self, peer: PeerId) {
        self.lines.remove(&peer);
    }

    pub(crate) fn extend(&mut self, outputs: impl IntoIterator<Item = Output>) {
        self.queue.extend(outputs);
    }

    /// Writes a message for a peer.
    pub(crate) fn send(&mut self, peer: PeerId, message: NetworkMessage) {
        let wire = self.lines.get(&peer).map_or(Wire::V2, |line| line.wire);
        let command = message.cmd();
        let bytes = codec::encode(wire, self.magic, message);
        self.bytes_sent += bytes.len() as u64;
        if let Some(line) = self.lines.get_mut(&peer) {
            line.sent.count(command.as_bytes(), bytes.len());
            line.last = Some(self.now);
        }
        self.push(Output::Io(Io::Send { peer, bytes }));
    }

    /// What went over a connection.
    pub(crate) fn line(&self, peer: PeerId) -> Option<&Line> {
        self.lines.get(&peer)
    }

    /// Bytes of all messages since the start.
    pub(crate) const fn bytes_sent(&self) -> u64 {
        self.bytes_sent
    }

    pub(crate) fn pop(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
