//! Owns the announcing of our transactions: each to one peer at a time, on a connection that is
//! opened for it and closed after it, until others announce it back.
//!
//! Nothing else sends a transaction of ours: those who follow the chain with us never learn from us
//! that it exists. With unconfirmed parents of its own a transaction is offered as a package: the
//! parents before it, and again when the peer asks for them because of it, which is how nodes take
//! a parent that pays too little by itself (BIP331's aim, by Bitcoin Core's one-parent-one-child
//! relay). Refuses to judge whether a transaction is ours or valid.

mod announced;
mod visit;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::{Amount, FeeRate, Transaction, Txid, Wtxid};

use rand_chacha::rand_core::RngCore;

use crate::limits::{
    ECHO_WAIT, ECHO_WAIT_MAX, MAX_DECLINED, MAX_PACKAGE, MAX_TRANSACTIONS, OFFER_RETRY,
    OFFER_RETRY_MAX, REANNOUNCE_AFTER, REANNOUNCE_JITTER,
};
use crate::outbox::Outbox;
use crate::output::{BroadcastEvent, Output};
use crate::peer_id::{PeerAddress, PeerId};
use crate::time::MonoTime;
use crate::transaction_id::TransactionId;

use announced::{Announced, parents, pays_as_package};
use visit::{Ended, Visit, is_apart};

/// Our transactions, the peers that are offered one, and those that may announce one back.
#[derive(Debug)]
pub(crate) struct Broadcast {
    transactions: BTreeMap<Txid, Announced>,
    /// Which of them have this witness id.
    by_wtxid: BTreeMap<Wtxid, Txid>,
    /// What spends each of them.
    children: BTreeMap<Txid, BTreeSet<Txid>>,
    /// Those that no other one of them spends, or whose children have too many ancestors for one
    /// package; each is offered with its ancestors.
    leaves: BTreeSet<Txid>,
    /// Whether these are to be found anew: at a start and with a block many change at once.
    stale: bool,
    visits: BTreeMap<PeerId, Visit>,
    /// Visits that are over, and from which nothing was concluded yet.
    ended: Vec<Visit>,
    listeners: BTreeMap<PeerId, PeerAddress>,
    /// Whether peers announce transactions to us at all.
    hears: bool,
}

impl Broadcast {
    /// With `hears`, peers announce transactions to us.
    pub(crate) fn new(hears: bool) -> Self {
        Self {
            transactions: BTreeMap::new(),
            by_wtxid: BTreeMap::new(),
            children: BTreeMap::new(),
            leaves: BTreeSet::new(),
            stale: false,
            visits: BTreeMap::new(),
            ended: Vec::new(),
            listeners: BTreeMap::new(),
            hears,
        }
    }

    /// A peer follows the chain with us: what it announces is an echo.
    pub(crate) fn add(&mut self, peer: PeerId, address: PeerAddress) {
        self.listeners.insert(peer, address);
    }

    /// A connection is gone, of either kind.
    pub(crate) fn remove(&mut self, peer: PeerId) {
        self.listeners.remove(&peer);
        self.ended.extend(self.visits.remove(&peer));
    }

    /// Announces a transaction, now and until it is withdrawn. With too many at a time the new one
    /// is left out.
    pub(crate) fn announce(
        &mut self,
        now: MonoTime,
        transaction: Transaction,
        fee: Option<Amount>,
    ) {
        let (txid, wtxid) = (transaction.compute_txid(), transaction.compute_wtxid());
        if self.transactions.len() >= MAX_TRANSACTIONS || self.transactions.contains_key(&txid) {
            return;
        }
        for parent in parents(&transaction) {
            self.children.entry(parent).or_default().insert(txid);
        }
        self.transactions.insert(txid, Announced::new(now, transaction, fee));
        self.by_wtxid.insert(wtxid, txid);
        self.stale = true;
    }

    pub(crate) fn withdraw(&mut self, txid: Txid) {
        let Some(announced) = self.transactions.remove(&txid) else { return };
        self.by_wtxid.remove(&announced.wtxid);
        for parent in parents(&announced.transaction) {
            if let Some(children) = self.children.get_mut(&parent) {
                children.remove(&txid);
                if children.is_empty() {
                    self.children.remove(&parent);
                }
            }
        }
        self.offer_again(txid);
        self.stale = true;
    }

    /// What stands on a transaction that is withdrawn, most often because a block holds it, is due now
    /// unless others are known to have it: a node that took it may have kept none of it, as too much
    /// that no block held stood on each other.
    fn offer_again(&mut self, withdrawn: Txid) {
        let mut open = vec![withdrawn];
        let mut seen = BTreeSet::new();
        while let Some(txid) = open.pop() {
            let children = self.children.get(&txid).into_iter().flatten().copied();
            open.extend(children.filter(|child| seen.insert(*child)));
        }
        for txid in seen {
            if let Some(one) = self.transactions.get_mut(&txid)
                && one.echoed.is_empty()
            {
                (one.tries, one.due) = (0, MonoTime::default());
            }
        }
    }

    /// How many connections there should be for transactions that are due.
    pub(crate) fn wanted(&self, now: MonoTime) -> usize {
        self.due_leaves(now).count()
    }

    /// A connection for one transaction is ready; the closing of it is left to `drive`.
    pub(crate) fn visit(
        &mut self,
        now: MonoTime,
        peer: PeerId,
        address: PeerAddress,
        wtxid_relay: bool,
        nonce: u64,
        outbox: &mut Outbox,
    ) {
        let fresh = |txid: &Txid| !self.transactions[txid].offered.contains(&address);
        let leaf = self.due_leaves(now).find(fresh).or_else(|| self.due_leaves(now).next());
        let package = leaf.and_then(|leaf| self.package(leaf)).unwrap_or_default();
        let visit = Visit::begin(now, peer, address, wtxid_relay, package, nonce, outbox);
        self.visits.insert(peer, visit);
    }

    /// A visited peer says below which fee rate it wants to hear of no transaction.
    pub(crate) fn on_fee_floor(&mut self, peer: PeerId, floor: FeeRate) {
        if let Some(visit) = self.visits.get_mut(&peer) {
            visit.floor = floor;
        }
    }

    /// A peer answers a ping: the one before our offer, or one behind a transaction.
    pub(crate) fn on_pong(&mut self, now: MonoTime, peer: PeerId, nonce: u64, outbox: &mut Outbox) {
        let Some(visit) = self.visits.get_mut(&peer) else { return };
        if visit.is_greeting(nonce) {
            let floor = visit.floor;
            let pays = |txid: &Txid| {
                self.transactions.get(txid).is_some_and(|one| one.rate().is_none_or(|r| r >= floor))
            };
            let worth = pays_as_package(&self.transactions, &visit.package, floor);
            let items = visit.package.iter().filter(|txid| pays(txid));
            let items = items.filter_map(|txid| {
                let one = self.transactions.get(txid)?;
                Some(if visit.wtxid_relay {
                    Inventory::WTx(one.wtxid)
                } else {
                    Inventory::Transaction(*txid)
                })
            });
            let items = if worth { items.collect() } else { Vec::new() };
            for txid in visit.package.iter().filter(|_| worth) {
                if let Some(one) = self.transactions.get_mut(txid) {
                    one.offered.insert(visit.address.clone());
                }
            }
            visit.offer(now, items, outbox);
        } else if let Some(txid) = visit.acknowledged(now, nonce)
            && let Some(one) = self.transactions.get_mut(&txid)
        {
            one.taken = true;
            outbox.push(Output::Broadcast(BroadcastEvent::Sent { txid, peer }));
        }
    }

    /// A peer asks for what it was offered, or for a parent of it. Others learn nothing of ours.
    pub(crate) fn on_get_data(
        &mut self,
        peer: PeerId,
        inventory: &[Inventory],
        rng: &mut impl RngCore,
        outbox: &mut Outbox,
    ) {
        let Some(visit) = self.visits.get_mut(&peer) else { return };
        for item in inventory {
            let txid = txid_of(&self.by_wtxid, item).filter(|txid| visit.package.contains(txid));
            if let Some(txid) = txid
                && let Some(one) = self.transactions.get(&txid)
            {
                visit.send(txid, &one.transaction, rng.next_u64(), outbox);
            }
        }
    }

    /// A peer announces transactions.
    pub(crate) fn on_inv(
        &mut self,
        now: MonoTime,
        peer: PeerId,
        inventory: &[Inventory],
        jitter: u32,
        outbox: &mut Outbox,
    ) {
        if self.transactions.is_empty() {
            return;
        }
        let Some(address) = self.listeners.get(&peer) else { return };
        for item in inventory {
            let Some(txid) = txid_of(&self.by_wtxid, item) else { continue };
            let Some(one) = self.transactions.get_mut(&txid) else { continue };
            let apart = one.offered.iter().all(|offered| is_apart(offered, address));
            if apart && one.echoed.insert(address.clone()) {
                one.taken = true;
                one.tries = 0;
                one.due = now.after(REANNOUNCE_AFTER + part_of(REANNOUNCE_JITTER, jitter));
                outbox.push(Output::Broadcast(BroadcastEvent::Echoed { txid, peer }));
            }
        }
    }

    /// Concludes from visits that ended when to offer what they were about again. `jitter` is
    /// random.
    pub(crate) fn conclude(&mut self, now: MonoTime, jitter: u32) {
        self.find_leaves();
        for visit in std::mem::take(&mut self.ended) {
            self.on_visit_ended(now, &visit, jitter);
        }
    }

    /// The visits that are to be ended.
    pub(crate) fn over(&self, now: MonoTime) -> Vec<PeerId> {
        let transactions = &self.transactions;
        let over = |visit: &Visit| {
            visit.is_over(now) || visit.leaf().is_none_or(|leaf| !transactions.contains_key(&leaf))
        };
        self.visits.iter().filter(|(_, visit)| over(visit)).map(|(peer, _)| *peer).collect()
    }

    /// How many transactions are announced.
    pub(crate) fn announcing(&self) -> usize {
        self.transactions.len()
    }

    /// How many of them a peer has taken.
    pub(crate) fn taken(&self) -> usize {
        self.transactions.values().filter(|one| one.taken).count()
    }

    /// How many nobody has answered yet: neither taken nor declined, nor left alone by a peer that
    /// had time to ask for it.
    pub(crate) fn offering(&self) -> usize {
        self.transactions.values().filter(|one| !one.answered).count()
    }

    pub(crate) fn next_due(&self, now: MonoTime) -> Option<MonoTime> {
        let visits = self.visits.values().map(Visit::until);
        let leaves = self.leaves.iter().filter_map(|txid| Some(self.transactions.get(txid)?.due));
        visits.chain(leaves.filter(|due| *due > now)).min()
    }

    /// Leaves whose time has come and that nobody is offered at this moment.
    fn due_leaves(&self, now: MonoTime) -> impl Iterator<Item = Txid> + '_ {
        let due = move |txid: &&Txid| {
            self.transactions.get(*txid).is_some_and(|one| one.due <= now)
                && self.visits.values().all(|visit| visit.leaf() != Some(**txid))
        };
        self.leaves.iter().filter(due).copied()
    }

    fn on_visit_ended(&mut self, now: MonoTime, visit: &Visit, jitter: u32) {
        let ended = visit.ended(now);
        if ended != Ended::CutShort {
            for txid in &visit.package {
                if let Some(one) = self.transactions.get_mut(txid) {
                    one.answered = true;
                    one.taken |= ended == Ended::Taken;
                }
            }
        }
        let Some(one) = visit.leaf().and_then(|leaf| self.transactions.get_mut(&leaf)) else {
            return;
        };
        one.tries = one.tries.saturating_add(1);
        let doubled = |first: Duration, most: Duration| {
            let wait = first.saturating_mul(1 << one.tries.saturating_sub(1).min(16)).min(most);
            wait + part_of(wait, jitter)
        };
        // Who has it does not ask for it; a node that left it would.
        let has_it = ended == Ended::Taken || (ended == Ended::Silent && one.taken);
        let apart =
            |listener: &PeerAddress| one.offered.iter().all(|offered| is_apart(offered, listener));
        let may_echo = self.hears && self.listeners.values().any(apart) && one.echoed.is_empty();
        let wait = match (has_it, may_echo) {
            (true, true) => doubled(ECHO_WAIT, ECHO_WAIT_MAX),
            (true, false) => REANNOUNCE_AFTER + part_of(REANNOUNCE_JITTER, jitter),
            (false, _) => doubled(OFFER_RETRY, OFFER_RETRY_MAX),
        };
        one.due = now.after(wait);
    }

    /// A visited peer asks for more than the package pays. That is told when no other peer is left
    /// to ask, or enough have said the same.
    pub(crate) fn take_declined(&mut self, peer: PeerId) -> Option<BroadcastEvent> {
        let visit = self.visits.get(&peer).filter(|visit| visit.is_declined())?;
        let txid = visit.leaf()?;
        let one = self.transactions.get_mut(&txid)?;
        let again = !one.declined.insert(visit.address.clone());
        let tell = !one.told && (again || one.declined.len() >= MAX_DECLINED);
        one.told |= tell;
        tell.then_some(BroadcastEvent::BelowFloor { txid, floor: visit.floor })
    }

    /// A transaction with all of ours that it needs, parents first; itself last. `None` if these are
    /// more than nodes take.
    fn package(&self, leaf: Txid) -> Option<Vec<Txid>> {
        let mut package = Vec::new();
        let mut open = vec![(leaf, false)];
        let mut seen = BTreeSet::new();
        while let Some((txid, parents_are_in)) = open.pop() {
            if parents_are_in {
                package.push(txid);
            } else if let Some(one) = self.transactions.get(&txid)
                && seen.insert(txid)
            {
                if seen.len() > MAX_PACKAGE {
                    return None;
                }
                open.push((txid, true));
                open.extend(parents(&one.transaction).map(|parent| (parent, false)));
            }
        }
        Some(package)
    }

    fn find_leaves(&mut self) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        let spent = |txid: &Txid| self.children.contains_key(txid);
        let mut open: Vec<Txid> =
            self.transactions.keys().copied().filter(|one| !spent(one)).collect();
        let mut seen = BTreeSet::new();
        self.leaves.clear();
        while let Some(txid) = open.pop() {
            let Some(one) = self.transactions.get(&txid).filter(|_| seen.insert(txid)) else {
                continue;
            };
            if self.package(txid).is_some() {
                self.leaves.insert(txid);
            } else {
                open.extend(parents(&one.transaction));
            }
        }
    }
}

/// The transaction of ours that an entry of `inv` or `getdata` is about.
fn txid_of(by_wtxid: &BTreeMap<Wtxid, Txid>, item: &Inventory) -> Option<Txid> {
    match TransactionId::of(item)? {
        TransactionId::Txid(txid) => Some(txid),
        TransactionId::Wtxid(wtxid) => by_wtxid.get(&wtxid).copied(),
    }
}

/// A random part of a time.
fn part_of(most: Duration, jitter: u32) -> Duration {
    most / 1024 * (jitter % 1024)
}
