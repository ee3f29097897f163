//! Owns `Visit`: one connection on which one package is offered, from its first ping to its end.
//!
//! Refuses to send a transaction more often than a node asks for it. Bytes that left us may still
//! be lost with the connection, so a ping goes out behind each transaction: peers take messages in
//! their order, and its answer says that the transaction was taken.

use std::collections::BTreeMap;

use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::{FeeRate, Transaction, Txid};

use crate::limits::{MAX_SENDS, OFFER_TIMEOUT, PARENT_WAIT};
use crate::outbox::Outbox;
use crate::output::Output;
use crate::peer_id::{PeerAddress, PeerId};
use crate::time::MonoTime;

/// One connection.
#[derive(Debug)]
pub(super) struct Visit {
    peer: PeerId,
    pub(super) address: PeerAddress,
    pub(super) wtxid_relay: bool,
    /// Parents first, what it is about last.
    pub(super) package: Vec<Txid>,
    /// Below which fee rate it wants to hear of no transaction; what it says comes before the
    /// answer to our first ping.
    pub(super) floor: FeeRate,
    stage: Stage,
    /// What was sent, by the number of the ping behind it.
    sent: BTreeMap<u64, Txid>,
    until: MonoTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The answer to the ping with this number has not come.
    Greeting(u64),
    /// It was told what there is.
    Offered,
    /// It has what this is about; it may ask for parents.
    Taken,
    /// It asks for a higher fee rate.
    Declined,
}

/// How a visit came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Taken,
    Declined,
    /// It was told and did not ask in time: it has the transaction, or does not want it.
    Silent,
    /// The connection went before that could be said.
    CutShort,
}

impl Visit {
    pub(super) fn begin(
        now: MonoTime,
        peer: PeerId,
        address: PeerAddress,
        wtxid_relay: bool,
        package: Vec<Txid>,
        nonce: u64,
        outbox: &mut Outbox,
    ) -> Self {
        outbox.send(peer, NetworkMessage::Ping(nonce));
        Self {
            peer,
            address,
            wtxid_relay,
            package,
            floor: FeeRate::ZERO,
            stage: Stage::Greeting(nonce),
            sent: BTreeMap::new(),
            until: now.after(OFFER_TIMEOUT),
        }
    }

    /// What it is about.
    pub(super) fn leaf(&self) -> Option<Txid> {
        self.package.last().copied()
    }

    pub(super) fn is_greeting(&self, nonce: u64) -> bool {
        self.stage == Stage::Greeting(nonce)
    }

    /// Tells the peer what there is; nothing, if it asks for a higher fee rate.
    pub(super) fn offer(&mut self, now: MonoTime, items: Vec<Inventory>, outbox: &mut Outbox) {
        if items.is_empty() {
            self.stage = Stage::Declined;
            return;
        }
        self.stage = Stage::Offered;
        self.until = now.after(OFFER_TIMEOUT);
        outbox.send(self.peer, NetworkMessage::Inv(items));
    }

    /// Sends what it asks for.
    pub(super) fn send(
        &mut self,
        txid: Txid,
        transaction: &Transaction,
        nonce: u64,
        outbox: &mut Outbox,
    ) {
        let sent = self.sent.values().filter(|sent| **sent == txid).count();
        let sends = matches!(self.stage, Stage::Offered | Stage::Taken) && sent < MAX_SENDS;
        if sends {
            self.sent.insert(nonce, txid);
            outbox.push(Output::HandedOut { txid });
            outbox.send(self.peer, NetworkMessage::Tx(transaction.clone()));
            outbox.send(self.peer, NetworkMessage::Ping(nonce));
        }
    }

    /// The transaction whose receipt this is.
    pub(super) fn acknowledged(&mut self, now: MonoTime, nonce: u64) -> Option<Txid> {
        let txid = *self.sent.get(&nonce)?;
        if self.leaf() == Some(txid) {
            self.stage = Stage::Taken;
            // Without parents there is nothing that it could still ask for.
            let linger = if self.package.len() > 1 { now.after(PARENT_WAIT) } else { now };
            self.until = linger;
        }
        Some(txid)
    }

    /// Whether the connection is of no more use.
    pub(super) fn is_over(&self, now: MonoTime) -> bool {
        self.until <= now || self.stage == Stage::Declined
    }

    pub(super) const fn until(&self) -> MonoTime {
        self.until
    }

    pub(super) fn is_declined(&self) -> bool {
        self.stage == Stage::Declined
    }

    pub(super) fn ended(&self, now: MonoTime) -> Ended {
        match self.stage {
            Stage::Taken => Ended::Taken,
            Stage::Declined => Ended::Declined,
            Stage::Offered if self.until <= now => Ended::Silent,
            Stage::Greeting(_) | Stage::Offered => Ended::CutShort,
        }
    }
}

/// Whether two peers are hardly one and the same. Addresses in a private network are all in one
/// group, so there the address counts.
pub(super) fn is_apart(one: &PeerAddress, other: &PeerAddress) -> bool {
    one != other && (one.group() != other.group() || !one.is_routable())
}
