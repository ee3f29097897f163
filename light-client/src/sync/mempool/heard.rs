//! Owns the transactions that were heard of lately: who announced them, which concern the wallet,
//! and which of those the wallet was not told of yet.
//!
//! Refuses to grow: those that do not concern the wallet make room for newer ones, and those that
//! do are limited in number and bytes. A stranger can make up any number of payments to an address
//! that they know, so the one that goes is among those that the fewest peers announced, of the
//! peer that brought the most, the newest.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use bitcoin::{Transaction, Txid, Wtxid};

use crate::limits::{
    MAX_ANNOUNCERS, MAX_RECEIPT_BYTES, MAX_RECEIPTS, MAX_STRANGE_BYTES, RECEIPT_LIFETIME,
};
use crate::output::MempoolEvent;
use crate::peer_id::PeerAddress;
use crate::time::MonoTime;
use crate::transaction_id::TransactionId;

/// Transactions that were heard of lately.
#[derive(Debug, Default)]
pub(super) struct Heard {
    kept: BTreeMap<Wtxid, Entry>,
    by_txid: BTreeMap<Txid, Wtxid>,
    /// Those that do not concern the wallet, oldest first.
    strange: BTreeMap<u64, Wtxid>,
    strange_bytes: usize,
    /// Those that do, oldest first.
    receipts: BTreeMap<u64, Wtxid>,
    receipt_bytes: usize,
    /// How many there were.
    count: u64,
}

#[derive(Debug)]
struct Entry {
    transaction: Transaction,
    txid: Txid,
    bytes: usize,
    number: u64,
    at: MonoTime,
    /// Who sent it.
    from: PeerAddress,
    /// Who announced it.
    announcers: BTreeSet<PeerAddress>,
    /// Whether it concerns the wallet, and by how many announcers it was told.
    told: Option<usize>,
}

impl Heard {
    /// A peer announces a transaction, which may be here.
    pub(super) fn note(&mut self, id: TransactionId, by: &PeerAddress) {
        let wtxid = match id {
            TransactionId::Wtxid(wtxid) => Some(wtxid),
            TransactionId::Txid(txid) => self.by_txid.get(&txid).copied(),
        };
        let Some(entry) = wtxid.and_then(|wtxid| self.kept.get_mut(&wtxid)) else { return };
        if entry.announcers.len() < MAX_ANNOUNCERS {
            entry.announcers.insert(by.clone());
        }
    }

    /// Takes in a transaction.
    pub(super) fn insert(
        &mut self,
        now: MonoTime,
        transaction: Transaction,
        from: PeerAddress,
        mut announcers: BTreeSet<PeerAddress>,
        ours: bool,
    ) {
        let (txid, wtxid) = (transaction.compute_txid(), transaction.compute_wtxid());
        if self.kept.contains_key(&wtxid) {
            for by in &announcers {
                self.note(TransactionId::Wtxid(wtxid), by);
            }
            return;
        }
        while announcers.len() > MAX_ANNOUNCERS {
            announcers.pop_last();
        }
        self.count += 1;
        let (bytes, number) = (transaction.total_size(), self.count);
        let told = None;
        let entry = Entry { transaction, txid, bytes, number, at: now, from, announcers, told };
        self.by_txid.insert(txid, wtxid);
        self.kept.insert(wtxid, entry);
        self.strange.insert(number, wtxid);
        self.strange_bytes += bytes;
        if ours {
            self.mark_ours(wtxid);
        }
        self.limit();
    }

    /// Looks at all again, because the wallet watches more than before.
    pub(super) fn review(&mut self, is_ours: impl Fn(&Transaction) -> bool) {
        let strange: Vec<Wtxid> = self.strange.values().copied().collect();
        for wtxid in strange {
            if self.kept.get(&wtxid).is_some_and(|entry| is_ours(&entry.transaction)) {
                self.mark_ours(wtxid);
            }
        }
        self.limit();
    }

    /// Whether there is something that the wallet does not know.
    pub(super) fn has_news(&self) -> bool {
        self.receipts.values().any(|wtxid| self.kept.get(wtxid).is_some_and(Entry::is_news))
    }

    /// What the wallet does not know.
    pub(super) fn take_news(&mut self) -> Vec<MempoolEvent> {
        let mut news = Vec::new();
        for wtxid in self.receipts.values() {
            let Some(entry) = self.kept.get_mut(wtxid).filter(|entry| entry.is_news()) else {
                continue;
            };
            let peers = entry.announcers.len();
            entry.told = Some(peers);
            news.push(MempoolEvent::Seen {
                transaction: Box::new(entry.transaction.clone()),
                peers: u32::try_from(peers).unwrap_or(u32::MAX),
            });
        }
        news
    }

    /// A block holds it, whatever its witnesses.
    pub(super) fn remove(&mut self, txid: Txid) {
        if let Some(wtxid) = self.by_txid.get(&txid) {
            self.drop(*wtxid);
        }
    }

    /// Drops what concerns the wallet and was here for too long.
    pub(super) fn expire(&mut self, now: MonoTime) {
        while self.next_expiry().is_some_and(|due| due <= now)
            && let Some((_, wtxid)) = self.receipts.first_key_value()
        {
            self.drop(*wtxid);
        }
    }

    /// When `expire` has something to do.
    pub(super) fn next_expiry(&self) -> Option<MonoTime> {
        let (_, oldest) = self.receipts.first_key_value()?;
        Some(self.kept.get(oldest)?.at.after(RECEIPT_LIFETIME))
    }

    #[cfg(test)]
    pub(super) fn receipts(&self) -> usize {
        self.receipts.len()
    }

    fn mark_ours(&mut self, wtxid: Wtxid) {
        let Some(entry) = self.kept.get_mut(&wtxid) else { return };
        if self.strange.remove(&entry.number).is_some() {
            self.strange_bytes -= entry.bytes;
            entry.told = Some(0);
            self.receipts.insert(entry.number, wtxid);
            self.receipt_bytes += entry.bytes;
        }
    }

    fn limit(&mut self) {
        while self.strange_bytes > MAX_STRANGE_BYTES
            && let Some((_, oldest)) = self.strange.first_key_value()
        {
            self.drop(*oldest);
        }
        while (self.receipts.len() > MAX_RECEIPTS || self.receipt_bytes > MAX_RECEIPT_BYTES)
            && let Some(least) = self.least()
        {
            self.drop(least);
        }
    }

    /// The one to do without.
    fn least(&self) -> Option<Wtxid> {
        let mut brought: BTreeMap<&PeerAddress, usize> = BTreeMap::new();
        let receipts = || self.receipts.values().filter_map(|wtxid| self.kept.get(wtxid));
        for entry in receipts() {
            *brought.entry(&entry.from).or_default() += 1;
        }
        let standing = |(wtxid, entry): (&Wtxid, &Entry)| {
            let rank = (entry.announcers.len(), Reverse(brought[&entry.from]));
            ((rank, Reverse(entry.number)), *wtxid)
        };
        let ranked = self.receipts.values().filter_map(|wtxid| self.kept.get_key_value(wtxid));
        ranked.map(standing).min().map(|(_, wtxid)| wtxid)
    }

    fn drop(&mut self, wtxid: Wtxid) {
        let Some(entry) = self.kept.remove(&wtxid) else { return };
        if self.by_txid.get(&entry.txid) == Some(&wtxid) {
            self.by_txid.remove(&entry.txid);
        }
        if self.strange.remove(&entry.number).is_some() {
            self.strange_bytes -= entry.bytes;
        } else if self.receipts.remove(&entry.number).is_some() {
            self.receipt_bytes -= entry.bytes;
        }
    }
}

impl Entry {
    fn is_news(&self) -> bool {
        self.told.is_some_and(|told| self.announcers.len() > told)
    }
}
