//! Owns the announcing of our transactions: to whom, how often, who asked, who echoed.
//!
//! Refuses to decide when a transaction is done for; it goes on until it is withdrawn.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::{Transaction, Txid, Wtxid};

use crate::limits::{ANNOUNCE_INTERVAL, MAX_INVENTORY, MAX_TRANSACTIONS};
use crate::outbox::Outbox;
use crate::output::{BroadcastEvent, Output};
use crate::peer_id::PeerId;
use crate::time::MonoTime;

/// Our transactions, and every ready peer.
#[derive(Debug, Default)]
pub(crate) struct Broadcast {
    transactions: BTreeMap<Txid, Announced>,
    /// Which of them have this witness id.
    by_wtxid: BTreeMap<Wtxid, Txid>,
    /// The ready peers, and whether transactions are announced to them by wtxid (BIP339).
    peers: BTreeMap<PeerId, bool>,
    /// When everything is announced again.
    again: Option<MonoTime>,
}

#[derive(Debug)]
struct Announced {
    transaction: Transaction,
    wtxid: Wtxid,
    /// Who got it since it was last announced. Each gets it once.
    sent: BTreeSet<PeerId>,
    /// Who has not yet answered the ping behind it.
    unacknowledged: BTreeSet<PeerId>,
    /// Who ever got it from us, so that an announcement of theirs says nothing.
    given: BTreeSet<PeerId>,
    /// Who announced it to us.
    echoed: BTreeSet<PeerId>,
    /// Whether a peer is known to have it.
    taken: bool,
}

impl Broadcast {
    /// A peer is ready: it hears of every transaction.
    pub(crate) fn add(&mut self, peer: PeerId, wtxid_relay: bool, outbox: &mut Outbox) {
        self.peers.insert(peer, wtxid_relay);
        let items: Vec<_> =
            self.transactions.iter().map(|(id, tx)| item(*id, tx, wtxid_relay)).collect();
        announce(peer, items, outbox);
    }

    pub(crate) fn remove(&mut self, peer: PeerId) {
        self.peers.remove(&peer);
        for announced in self.transactions.values_mut() {
            announced.sent.remove(&peer);
            announced.unacknowledged.remove(&peer);
            announced.given.remove(&peer);
            announced.echoed.remove(&peer);
        }
    }

    /// Announces a transaction, now and until it is withdrawn. With too many at a time the new one
    /// is left out.
    pub(crate) fn announce(
        &mut self,
        now: MonoTime,
        transaction: Transaction,
        outbox: &mut Outbox,
    ) {
        let (txid, wtxid) = (transaction.compute_txid(), transaction.compute_wtxid());
        if self.transactions.len() >= MAX_TRANSACTIONS || self.transactions.contains_key(&txid) {
            return;
        }
        let announced = Announced {
            transaction,
            wtxid,
            sent: BTreeSet::new(),
            unacknowledged: BTreeSet::new(),
            given: BTreeSet::new(),
            echoed: BTreeSet::new(),
            taken: false,
        };
        for (peer, wtxid_relay) in &self.peers {
            announce(*peer, vec![item(txid, &announced, *wtxid_relay)], outbox);
        }
        self.transactions.insert(txid, announced);
        self.by_wtxid.insert(wtxid, txid);
        self.again.get_or_insert(now.after(ANNOUNCE_INTERVAL));
    }

    pub(crate) fn withdraw(&mut self, txid: Txid) {
        if let Some(announced) = self.transactions.remove(&txid) {
            self.by_wtxid.remove(&announced.wtxid);
        }
        if self.transactions.is_empty() {
            self.again = None;
        }
    }

    /// A peer asks for what we announced. Bytes that left us may still be lost with the connection,
    /// so a ping goes out behind them: peers take messages in their order, and its answer says that
    /// the transaction was taken.
    pub(crate) fn on_get_data(
        &mut self,
        peer: PeerId,
        inventory: &[Inventory],
        outbox: &mut Outbox,
    ) {
        for item in inventory {
            let Some(txid) = self.txid_of(item) else { continue };
            let Some(announced) = self.transactions.get_mut(&txid) else { continue };
            if announced.sent.insert(peer) {
                announced.given.insert(peer);
                announced.unacknowledged.insert(peer);
                outbox.send(peer, NetworkMessage::Tx(announced.transaction.clone()));
                outbox.send(peer, NetworkMessage::Ping(receipt(txid)));
            }
        }
    }

    /// A peer answers a ping, perhaps one behind a transaction.
    pub(crate) fn on_pong(&mut self, peer: PeerId, nonce: u64, outbox: &mut Outbox) {
        for (txid, announced) in &mut self.transactions {
            if receipt(*txid) == nonce && announced.unacknowledged.remove(&peer) {
                announced.taken = true;
                outbox.push(Output::Broadcast(BroadcastEvent::Sent { txid: *txid, peer }));
            }
        }
    }

    /// A peer announces transactions.
    pub(crate) fn on_inv(&mut self, peer: PeerId, inventory: &[Inventory], outbox: &mut Outbox) {
        if self.transactions.is_empty() {
            return;
        }
        for item in inventory {
            let Some(txid) = self.txid_of(item) else { continue };
            let Some(announced) = self.transactions.get_mut(&txid) else { continue };
            if !announced.given.contains(&peer) && announced.echoed.insert(peer) {
                announced.taken = true;
                outbox.push(Output::Broadcast(BroadcastEvent::Echoed { txid, peer }));
            }
        }
    }

    /// Announces everything again when it is time.
    pub(crate) fn drive(&mut self, now: MonoTime, outbox: &mut Outbox) {
        if self.again.is_none_or(|due| due > now) {
            return;
        }
        self.again = Some(now.after(ANNOUNCE_INTERVAL));
        self.transactions.values_mut().for_each(|announced| announced.sent.clear());
        for (peer, wtxid_relay) in &self.peers {
            let items =
                self.transactions.iter().map(|(id, tx)| item(*id, tx, *wtxid_relay)).collect();
            announce(*peer, items, outbox);
        }
    }

    /// How many transactions are announced.
    pub(crate) fn announcing(&self) -> usize {
        self.transactions.len()
    }

    /// How many of them a peer has taken.
    pub(crate) fn taken(&self) -> usize {
        self.transactions.values().filter(|announced| announced.taken).count()
    }

    pub(crate) const fn next_due(&self) -> Option<MonoTime> {
        self.again
    }

    fn txid_of(&self, item: &Inventory) -> Option<Txid> {
        match item {
            Inventory::Transaction(txid) | Inventory::WitnessTransaction(txid) => Some(*txid),
            Inventory::WTx(wtxid) => self.by_wtxid.get(wtxid).copied(),
            _ => None,
        }
    }
}

/// The nonce of the ping behind a transaction.
fn receipt(txid: Txid) -> u64 {
    let bytes = txid.to_byte_array();
    u64::from_le_bytes(bytes[..8].try_into().expect("8 of 32 bytes"))
}

const fn item(txid: Txid, announced: &Announced, wtxid_relay: bool) -> Inventory {
    if wtxid_relay { Inventory::WTx(announced.wtxid) } else { Inventory::Transaction(txid) }
}

fn announce(peer: PeerId, items: Vec<Inventory>, outbox: &mut Outbox) {
    if !items.is_empty() {
        outbox.send(peer, NetworkMessage::Inv(items));
    }
}

/// One message holds every announcement.
const _: () = assert!(MAX_TRANSACTIONS <= MAX_INVENTORY);
