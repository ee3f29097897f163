//! Owns what connections do to the client: dials, handshakes, messages, pings, ends.
//!
//! Refuses to interpret a message beyond finding whom it concerns.

use bitcoin::p2p::message::NetworkMessage;
use bitcoin::{Block, BlockHash};
use rand_chacha::rand_core::RngCore as _;

use crate::client::LightClient;
use crate::codec::{Decoder, Filter, Message};
use crate::dial::{DialProblem, Purpose};
use crate::fault::Fault;
use crate::height::Height;
use crate::io::Io;
use crate::kept::FilterId;
use crate::limits::{HANDSHAKE_TIMEOUT, MAX_HELD_BYTES, PING_INTERVAL};
use crate::output::{Output, PeerEvent};
use crate::peer_id::PeerId;
use crate::peers::clocks::PeerClock;
use crate::peers::handshake::{Handshake, Negotiated};
use crate::peers::peer::{Peer, Stage};
use crate::sync::headers::Moved;
use crate::time::Now;
use crate::timers::Timer;

impl LightClient {
    /// Dials every address that is due.
    pub(super) fn dial_due(&mut self, now: Now) {
        loop {
            let id = PeerId::new(self.next_peer);
            let Some(call) = self.roster.take_due(now, id, &mut self.rng) else { break };
            self.next_peer += 1;
            let magic = self.tree.params().magic;
            let peer = Peer::new(call, magic, now.mono);
            let (address, wire, purpose) = (peer.address.clone(), peer.wire, peer.purpose);
            self.peers.insert(id, peer);
            self.outbox.open(id, wire);
            self.outbox.push(Output::Io(Io::Dial { peer: id, address, wire, purpose }));
        }
        while let Some((id, name)) = self.roster.take_lookup() {
            self.outbox.push(Output::Io(Io::Resolve { id, name }));
        }
        self.timers.set(Timer::Dial, self.roster.next_due());
    }

    pub(super) fn on_connected(&mut self, now: Now, id: PeerId) {
        let nonce = self.rng.next_u64();
        let tip = self.tree.tip().height;
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if !matches!(peer.stage, Stage::Dialling) {
            return;
        }
        let relay = peer.purpose == Purpose::Chain && self.mempool.is_on();
        let (handshake, version) =
            Handshake::begin(&peer.address, peer.purpose, now.wall, tip, nonce, relay);
        peer.stage = Stage::Handshaking(handshake);
        peer.since = now.mono;
        peer.opened = Some(now.wall);
        self.outbox.send(id, version);
        self.timers.set(Timer::Handshake(id), Some(now.mono.after(HANDSHAKE_TIMEOUT)));
    }

    pub(super) fn on_dial_failed(&mut self, now: Now, id: PeerId, why: DialProblem) {
        match self.peers.get(&id).map(|peer| &peer.stage) {
            Some(Stage::Dialling) => {}
            // It was given up while it failed by itself.
            Some(Stage::Closing(_)) => return self.on_disconnected(now, id),
            _ => return,
        }
        let Some(peer) = self.peers.remove(&id) else { return };
        self.outbox.forget(id);
        self.roster.on_dial_failed(now, id, why, &mut self.rng);
        // Without version 2 it is dialled again at once, over version 1.
        if peer.purpose == Purpose::Chain && why != DialProblem::NoV2 {
            let address = peer.address;
            self.outbox.push(Output::Peer(PeerEvent::Unreachable { address, why }));
        }
    }

    pub(super) fn on_disconnected(&mut self, now: Now, id: PeerId) {
        let Some(peer) = self.peers.remove(&id) else { return };
        self.conduct.on_gone(id, &peer.address, None);
        self.forget(id);
        self.outbox.forget(id);
        let fault = match peer.stage {
            Stage::Closing(fault) => fault,
            Stage::Dialling | Stage::Handshaking(_) | Stage::Ready(_) => None,
        };
        let lasted = now.mono.since(peer.since);
        self.roster.on_ended(now, id, lasted, fault, &mut self.rng);
        if peer.purpose == Purpose::Chain {
            let address = peer.address;
            self.outbox.push(Output::Peer(PeerEvent::Gone { peer: id, address, fault }));
        }
    }

    pub(super) fn on_received(&mut self, now: Now, id: PeerId, bytes: Vec<u8>) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if !matches!(peer.stage, Stage::Handshaking(_) | Stage::Ready(_)) {
            return;
        }
        self.bytes_received += bytes.len() as u64;
        peer.heard(now, bytes.len() as u64);
        let length = bytes.len();
        let mut progress = false;
        peer.decoder.feed(bytes);
        loop {
            let Some(peer) = self.peers.get_mut(&id) else { return };
            let handled = match peer.decoder.next_message() {
                Ok(None) => break,
                Ok(Some(message)) => {
                    progress |= matches!(message, Message::Filter(_) | Message::Block(_));
                    self.on_message(now, id, message)
                }
                Err(fault) => Err(fault),
            };
            if let Err(fault) = handled {
                self.close(id, Some(fault));
                return;
            }
        }
        progress |= self.peers.get(&id).is_some_and(|peer| peer.decoder.is_inside_message());
        if progress {
            self.on_progress(now, id, length);
        }
    }

    /// Filters or blocks came from a peer, or part of any message.
    fn on_progress(&mut self, now: Now, id: PeerId, bytes: usize) {
        self.headers.on_progress(now.mono, id);
        self.filter_headers.on_progress(now.mono, id);
        self.filters.on_bytes(now.mono, id, bytes);
        self.blocks.on_bytes(now.mono, id, bytes);
    }

    /// Part of a packet came: the peer is slow, not silent. How many bytes there were will show
    /// when the packet is whole.
    pub(super) fn on_receiving(&mut self, now: Now, id: PeerId) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if matches!(peer.stage, Stage::Handshaking(_) | Stage::Ready(_)) {
            peer.heard(now, 0);
            self.on_progress(now, id, 0);
        }
    }

    /// Closes a connection; nothing more is taken from it or asked of it.
    pub(super) fn close(&mut self, id: PeerId, fault: Option<Fault>) {
        let magic = self.tree.params().magic;
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if matches!(peer.stage, Stage::Closing(_)) {
            return;
        }
        peer.stage = Stage::Closing(fault);
        peer.decoder = Decoder::new(peer.wire, magic);
        self.conduct.on_gone(id, &peer.address, fault);
        self.forget(id);
        self.outbox.push(Output::Io(Io::Close { peer: id, fault }));
    }

    pub(super) fn on_handshake_timeout(&mut self, id: PeerId) {
        if self.peers.get(&id).is_some_and(|peer| matches!(peer.stage, Stage::Handshaking(_))) {
            self.close(id, Some(Fault::Stalled));
        }
    }

    pub(super) fn on_ping_timer(&mut self, now: Now, id: PeerId) {
        let nonce = self.rng.next_u64();
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if peer.negotiated().is_none() {
            return;
        }
        if peer.is_silent(now.mono) {
            self.close(id, Some(Fault::Stalled));
            return;
        }
        peer.pinged(nonce, now);
        self.outbox.send(id, NetworkMessage::Ping(nonce));
        self.timers.set(Timer::Ping(id), Some(now.mono.after(PING_INTERVAL)));
    }

    fn on_message(&mut self, now: Now, id: PeerId, message: Message) -> Result<(), Fault> {
        let Some(peer) = self.peers.get_mut(&id) else { return Ok(()) };
        if let Message::Ping(nonce) = message {
            self.outbox.send(id, NetworkMessage::Pong(nonce));
            if peer.negotiated().is_some() {
                return Ok(());
            }
        }
        match &mut peer.stage {
            Stage::Handshaking(handshake) => {
                let step = handshake.accept(&message)?;
                for reply in step.replies {
                    self.outbox.send(id, reply);
                }
                if let Some(negotiated) = step.done {
                    self.on_ready(now, id, negotiated);
                }
                Ok(())
            }
            Stage::Ready(_) if peer.purpose == Purpose::Chain => {
                self.on_ready_message(now, id, message)
            }
            Stage::Ready(_) => {
                self.on_visit_message(now, id, &message);
                Ok(())
            }
            Stage::Dialling | Stage::Closing(_) => Ok(()),
        }
    }

    fn on_ready(&mut self, now: Now, id: PeerId, negotiated: Negotiated) {
        self.roster.on_ready(now, id, negotiated.services);
        self.timers.set(Timer::Handshake(id), None);
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if peer.purpose != Purpose::Chain {
            peer.stage = Stage::Ready(negotiated);
            self.on_visit_ready(now, id);
            return;
        }
        self.outbox.push(Output::Peer(PeerEvent::Ready {
            peer: id,
            address: peer.address.clone(),
            user_agent: negotiated.user_agent.clone(),
            wire: peer.wire,
        }));
        self.headers.add(id, negotiated.start_height);
        self.filter_headers.add(id);
        self.commitments.add(id);
        self.filters.add(id);
        self.blocks.add(id);
        self.broadcast.add(id, peer.address.clone());
        self.mempool.add(now.mono, id, peer.address.clone());
        peer.clock = Some(PeerClock { unix: negotiated.time, heard: now.mono });
        peer.stage = Stage::Ready(negotiated);
        if self.roster.asks_for_addresses(now.mono, id) {
            self.outbox.send(id, NetworkMessage::GetAddr);
        }
        self.on_ping_timer(now, id);
    }

    fn on_ready_message(&mut self, now: Now, id: PeerId, message: Message) -> Result<(), Fault> {
        match message {
            Message::Version(_) => return Err(Fault::Handshake),
            // Who follows the chain with us learns of no transaction of ours: `getdata`.
            Message::Verack | Message::WtxidRelay | Message::Ping(_) | Message::GetData(_) => {}
            Message::Addresses(told) => {
                self.roster.on_addresses(now, id, &told, &mut self.rng);
            }
            Message::Pong(nonce) => {
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.ponged(nonce, now.mono);
                }
            }
            Message::Headers(headers) => {
                let (tree, rng) = (&mut self.tree, &mut self.rng);
                let outcome = self.headers.on_headers(now, id, &headers, tree, rng);
                if let Some(moved) = outcome.moved {
                    if let Some(peer) = self.peers.get_mut(&id) {
                        peer.last_block = Some(now.mono);
                    }
                    self.on_best_branch_moved(moved);
                }
                return outcome.fault.map_or(Ok(()), Err);
            }
            Message::Inv(inventory) => {
                self.headers.on_inv(id, &inventory, &self.tree);
                let jitter = self.rng.next_u32();
                self.broadcast.on_inv(now.mono, id, &inventory, jitter, &mut self.outbox);
                self.mempool.on_inv(now.mono, id, &inventory, jitter);
            }
            Message::NotFound(inventory) => {
                self.blocks.on_not_found(now.mono, id, &inventory);
                self.mempool.on_not_found(id, &inventory);
            }
            Message::Tx(transaction) => self.on_transaction(now.mono, id, *transaction)?,
            Message::FeeFilter(rate) => {
                if let Some(peer) = self.peers.get_mut(&id) {
                    let _ = peer.set_fee_floor(rate);
                }
            }
            Message::Block(body) => {
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.block_at = Some(now.wall);
                }
                self.on_block(id, body)?;
            }
            Message::FilterHeaders(reply) => {
                let (tree, commitments) = (&self.tree, &mut self.commitments);
                self.filter_headers.on_filter_headers(id, reply, tree, commitments)?;
                self.asked.recheck();
            }
            Message::FilterCheckpoints(reply) => {
                self.filter_headers.on_checkpoints(id, reply, &self.tree)?;
            }
            Message::Filter(filter) => self.on_filter(id, filter)?,
        }
        Ok(())
    }

    /// A block that is read may prove its branch wrong.
    fn on_block(&mut self, id: PeerId, body: Box<Block>) -> Result<(), Fault> {
        let taken = self.blocks.on_block(id, body, self.tree.params());
        for block in self.blocks.take_refused() {
            let moved = self.headers.leave(&mut self.tree, |tree| tree.refuse(block));
            self.follow_move(moved);
        }
        taken?;
        self.roster.on_useful(id);
        Ok(())
    }

    fn follow_move(&mut self, moved: Option<Moved>) {
        if let Some(moved) = moved {
            self.on_best_branch_moved(moved);
        }
    }

    /// Leaves the branch of a block because somebody wants it.
    pub(super) fn invalidate(&mut self, hash: BlockHash) {
        let block = self.tree.find(&hash).filter(|block| block.height > self.tree.base().height);
        if let Some(block) = block {
            let moved = self.headers.leave(&mut self.tree, |tree| tree.doubt(block));
            self.follow_move(moved);
        }
    }

    fn on_filter(&mut self, id: PeerId, filter: Filter) -> Result<(), Fault> {
        let block = self.tree.find(&filter.block).filter(|block| self.tree.is_best(*block));
        let (size, commitments) = (filter.bytes.len(), &self.commitments);
        let version = self.filters.on_filter(id, block, size, commitments)?;
        self.roster.on_useful(id);
        if let (Some(block), Some((height, hash))) = (block, version) {
            let filter_id = FilterId { block, hash };
            self.asked.hold(filter_id, &filter.bytes, id);
            if !self.matching.lacks(&filter_id) {
                return Ok(());
            }
            if self.has_room(height, size) {
                self.matching.hold(filter_id, filter.bytes, id);
            } else {
                self.filters.want((height, hash), &self.commitments);
            }
        }
        Ok(())
    }

    /// Whether a filter of that size may be kept in memory: there is room, or nothing that is kept
    /// can be done with before it.
    fn has_room(&self, height: Height, size: usize) -> bool {
        let awaited = self.scan.cursor().is_some_and(|cursor| height == cursor.height.next());
        awaited || self.matching.held_bytes() + size <= MAX_HELD_BYTES
    }

    /// Takes a peer out of every conversation.
    fn forget(&mut self, id: PeerId) {
        self.headers.remove(id, &mut self.tree);
        self.filter_headers.remove(id);
        self.filters.remove(id, &self.commitments);
        self.commitments.remove(id);
        self.asked.forget_peer(id);
        self.recheck_versions();
        self.blocks.remove(id);
        self.broadcast.remove(id);
        self.mempool.remove(id);
        self.timers.set(Timer::Handshake(id), None);
        self.timers.set(Timer::Ping(id), None);
        self.timers.set(Timer::Visit(id), None);
    }
}
