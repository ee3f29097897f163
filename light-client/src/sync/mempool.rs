//! Owns the listening to transactions that no block holds: what peers announce, what is asked of
//! whom, what was heard (BIP144, BIP339).
//!
//! Every announced transaction is asked for, so that what we ask says nothing about which are
//! ours; own ones too. A transaction of the wallet changes nothing in what we do and when: the
//! wallet is told later, at a random time. Refuses to validate: nobody can without all coins.
//! Refuses transactions that were not asked for.

mod budget;
mod heard;
mod recent;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::{Block, OutPoint, Script, Transaction, Txid};

use crate::fault::Fault;
use crate::limits::{
    MAX_ANNOUNCED, MAX_TRANSACTION_ASKS, MEMPOOL_BURST, MEMPOOL_RATE, PEER_MEMPOOL_BURST,
    PEER_MEMPOOL_RATE, TELL_AFTER, TELL_JITTER, TRANSACTION_TIMEOUT,
};
use crate::outbox::Outbox;
use crate::output::Output;
use crate::peer_id::{PeerAddress, PeerId};
use crate::retry::Retry;
use crate::time::MonoTime;
use crate::transaction_id::TransactionId;

use budget::Budget;
use heard::Heard;
use recent::Recent;

/// What peers announce, with every ready peer.
#[derive(Debug)]
pub(crate) struct Mempool {
    stage: Stage,
    talks: BTreeMap<PeerId, Talk>,
    wanted: BTreeMap<TransactionId, Wanted>,
    recent: Recent,
    heard: Heard,
    coins: BTreeSet<OutPoint>,
    budget: Budget,
    /// When the wallet is told what there is to tell.
    tell_at: Option<MonoTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The setting says no.
    Off,
    /// Not before the chain is followed to its tip: until then the wallet can't know its coins.
    Waiting,
    Listening,
}

#[derive(Debug)]
struct Talk {
    address: PeerAddress,
    /// How many of `wanted` it announced.
    announced: usize,
    /// What to ask it for, if nobody else was asked meanwhile.
    queue: VecDeque<TransactionId>,
    /// What it was asked for, and when.
    asked: BTreeMap<TransactionId, MonoTime>,
    /// Questions that it did not answer, late ones included.
    owed: u32,
    retry: Retry,
    budget: Budget,
}

/// A transaction that was announced and is not here.
#[derive(Debug, Default)]
struct Wanted {
    /// Who may be asked.
    announcers: BTreeSet<PeerId>,
    /// Who is.
    asked: Option<PeerId>,
}

impl Mempool {
    /// A listener; with `on` it begins once the chain is followed to its tip.
    pub(crate) fn new(on: bool, now: MonoTime) -> Self {
        Self {
            stage: if on { Stage::Waiting } else { Stage::Off },
            talks: BTreeMap::new(),
            wanted: BTreeMap::new(),
            recent: Recent::default(),
            heard: Heard::default(),
            coins: BTreeSet::new(),
            budget: Budget::new(MEMPOOL_RATE, MEMPOOL_BURST, now),
            tell_at: None,
        }
    }

    /// Whether peers may announce transactions.
    pub(crate) fn is_on(&self) -> bool {
        self.stage != Stage::Off
    }

    /// The chain is followed to its tip.
    pub(crate) fn begin(&mut self) {
        if self.stage == Stage::Waiting {
            self.stage = Stage::Listening;
        }
    }

    pub(crate) fn add(&mut self, now: MonoTime, peer: PeerId, address: PeerAddress) {
        let talk = Talk {
            address,
            announced: 0,
            queue: VecDeque::new(),
            asked: BTreeMap::new(),
            owed: 0,
            retry: Retry::default(),
            budget: Budget::new(PEER_MEMPOOL_RATE, PEER_MEMPOOL_BURST, now),
        };
        self.talks.insert(peer, talk);
    }

    /// A peer is gone; what it was asked for is asked of others.
    pub(crate) fn remove(&mut self, peer: PeerId) {
        if self.talks.remove(&peer).is_none() {
            return;
        }
        let announced = self.wanted.iter().filter(|(_, w)| w.announcers.contains(&peer));
        let announced: Vec<TransactionId> = announced.map(|(id, _)| *id).collect();
        for id in announced {
            self.fail(id, peer);
        }
    }

    /// Coins to watch, and those to watch no longer.
    pub(crate) fn watch(&mut self, coins: Vec<OutPoint>, gone: &[OutPoint]) {
        for coin in gone {
            self.coins.remove(coin);
        }
        self.coins.extend(coins);
    }

    /// The wallet watches more than before: what was heard is looked at again.
    pub(crate) fn review(&mut self, now: MonoTime, jitter: u32, watches: impl Fn(&Script) -> bool) {
        let coins = &self.coins;
        self.heard.review(|transaction| is_ours(transaction, coins, &watches));
        self.note_news(now, jitter);
    }

    /// A peer announces transactions.
    pub(crate) fn on_inv(
        &mut self,
        now: MonoTime,
        peer: PeerId,
        inventory: &[Inventory],
        jitter: u32,
    ) {
        if self.stage != Stage::Listening {
            return;
        }
        let Some(talk) = self.talks.get_mut(&peer) else { return };
        for id in inventory.iter().filter_map(TransactionId::of) {
            self.heard.note(id, &talk.address);
            // What is asked for does not depend on what is kept, since that depends on the wallet.
            if !self.recent.contains(&id) && talk.announced < MAX_ANNOUNCED {
                let wanted = self.wanted.entry(id).or_default();
                if wanted.announcers.insert(peer) {
                    talk.announced += 1;
                    talk.queue.push_back(id);
                }
            }
        }
        if talk.queue.len() > 2 * MAX_ANNOUNCED {
            // Half of them came from others meanwhile.
            let wanted = &self.wanted;
            talk.queue.retain(|id| wanted.get(id).is_some_and(|w| w.announcers.contains(&peer)));
        }
        self.note_news(now, jitter);
    }

    /// A peer sent a transaction.
    ///
    /// # Errors
    /// The fault for which to close the connection.
    pub(crate) fn on_transaction(
        &mut self,
        now: MonoTime,
        peer: PeerId,
        transaction: Transaction,
        jitter: u32,
        watches: impl Fn(&Script) -> bool,
    ) -> Result<(), Fault> {
        let Some(talk) = self.talks.get_mut(&peer) else { return Ok(()) };
        talk.owed = talk.owed.checked_sub(1).ok_or(Fault::Unsolicited)?;
        let bytes = transaction.total_size();
        talk.budget.spend(now, bytes);
        self.budget.spend(now, bytes);
        let from = talk.address.clone();
        let ids = [
            TransactionId::Wtxid(transaction.compute_wtxid()),
            TransactionId::Txid(transaction.compute_txid()),
        ];
        let mut announcers = BTreeSet::new();
        for id in ids {
            announcers.extend(self.settle(&id));
        }
        if announcers.is_empty() {
            // Late, and here from somebody else; or not what was asked for.
            return Ok(());
        }
        if let Some(talk) = self.talks.get_mut(&peer) {
            talk.retry.answered();
        }
        for id in ids {
            self.recent.insert(id);
        }
        announcers.insert(from.clone());
        let ours = is_ours(&transaction, &self.coins, &watches);
        self.heard.insert(now, transaction, from, announcers, ours);
        self.note_news(now, jitter);
        Ok(())
    }

    /// A peer does not have what it was asked for.
    pub(crate) fn on_not_found(&mut self, peer: PeerId, inventory: &[Inventory]) {
        for id in inventory.iter().filter_map(TransactionId::of) {
            let Some(talk) = self.talks.get_mut(&peer) else { return };
            if talk.asked.contains_key(&id) {
                talk.owed = talk.owed.saturating_sub(1);
                self.fail(id, peer);
            }
        }
    }

    /// A block of the best chain came: what it holds is no news any more.
    pub(crate) fn on_block(&mut self, block: &Block) {
        for transaction in &block.txdata {
            let txid: Txid = transaction.compute_txid();
            self.heard.remove(txid);
        }
    }

    /// Asks for what was announced, and tells what is due.
    pub(crate) fn drive(&mut self, now: MonoTime, outbox: &mut Outbox) {
        self.release_late(now);
        self.ask(now, outbox);
        if self.tell_at.is_some_and(|due| due <= now) {
            self.tell_at = None;
            for event in self.heard.take_news() {
                outbox.push(Output::Mempool(event));
            }
        }
        self.heard.expire(now);
    }

    /// When `drive` has something to do again.
    pub(crate) fn next_due(&self, now: MonoTime) -> Option<MonoTime> {
        let late = self.talks.values().flat_map(|talk| talk.asked.values());
        let late = late.min().map(|at| at.after(TRANSACTION_TIMEOUT));
        let waiting = self
            .talks
            .values()
            .filter(|talk| !talk.queue.is_empty() && talk.asked.len() < MAX_TRANSACTION_ASKS);
        let ask = waiting
            .map(|talk| talk.budget.open_at(now).max(talk.retry.until()))
            .min()
            .map(|due| due.max(self.budget.open_at(now)))
            .filter(|due| *due > now);
        [late, ask, self.tell_at, self.heard.next_expiry()].into_iter().flatten().min()
    }

    /// How many announced transactions are not here.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.wanted.len()
    }

    /// How many transactions that concern the wallet are kept.
    #[cfg(test)]
    pub(crate) fn receipts(&self) -> usize {
        self.heard.receipts()
    }

    fn ask(&mut self, now: MonoTime, outbox: &mut Outbox) {
        for (peer, talk) in &mut self.talks {
            let open = self.budget.open_at(now) <= now && talk.budget.open_at(now) <= now;
            if !open || !talk.retry.may_ask(now) {
                continue;
            }
            let mut inventory = Vec::new();
            while talk.asked.len() < MAX_TRANSACTION_ASKS
                && let Some(id) = talk.queue.pop_front()
            {
                let Some(wanted) = self.wanted.get_mut(&id).filter(|w| w.asked.is_none()) else {
                    continue;
                };
                wanted.asked = Some(*peer);
                talk.asked.insert(id, now);
                talk.owed = talk.owed.saturating_add(1);
                inventory.push(match id {
                    TransactionId::Wtxid(wtxid) => Inventory::WTx(wtxid),
                    TransactionId::Txid(txid) => Inventory::WitnessTransaction(txid),
                });
            }
            if !inventory.is_empty() {
                outbox.send(*peer, NetworkMessage::GetData(inventory));
            }
        }
    }

    fn release_late(&mut self, now: MonoTime) {
        let mut late = Vec::new();
        for (peer, talk) in &mut self.talks {
            let before = late.len();
            let due = talk.asked.iter().filter(|(_, at)| at.after(TRANSACTION_TIMEOUT) <= now);
            late.extend(due.map(|(id, _)| (*id, *peer)));
            if late.len() > before {
                talk.retry.missed(now);
            }
        }
        for (id, peer) in late {
            self.fail(id, peer);
        }
    }

    /// A peer does not bring what it announced; the others that did are asked.
    fn fail(&mut self, id: TransactionId, peer: PeerId) {
        if let Some(talk) = self.talks.get_mut(&peer) {
            talk.asked.remove(&id);
        }
        let Some(wanted) = self.wanted.get_mut(&id) else { return };
        if wanted.announcers.remove(&peer)
            && let Some(talk) = self.talks.get_mut(&peer)
        {
            talk.announced -= 1;
        }
        if wanted.asked == Some(peer) {
            wanted.asked = None;
            for announcer in &wanted.announcers {
                if let Some(talk) = self.talks.get_mut(announcer) {
                    talk.queue.push_front(id);
                }
            }
        }
        if wanted.announcers.is_empty() {
            self.wanted.remove(&id);
        }
    }

    /// What was announced under this name is here; who announced it.
    fn settle(&mut self, id: &TransactionId) -> Vec<PeerAddress> {
        let Some(wanted) = self.wanted.remove(id) else { return Vec::new() };
        let mut addresses = Vec::new();
        for peer in wanted.announcers {
            if let Some(talk) = self.talks.get_mut(&peer) {
                talk.announced -= 1;
                talk.asked.remove(id);
                addresses.push(talk.address.clone());
            }
        }
        addresses
    }

    fn note_news(&mut self, now: MonoTime, jitter: u32) {
        if self.tell_at.is_none() && self.heard.has_news() {
            let jitter = TELL_JITTER / 1024 * (jitter % 1024);
            self.tell_at = Some(now.after(TELL_AFTER + jitter));
        }
    }
}

/// Whether a transaction pays a script or spends a coin of the wallet.
fn is_ours(
    transaction: &Transaction,
    coins: &BTreeSet<OutPoint>,
    watches: &impl Fn(&Script) -> bool,
) -> bool {
    transaction.input.iter().any(|input| coins.contains(&input.previous_output))
        || transaction.output.iter().any(|output| watches(&output.script_pubkey))
}
