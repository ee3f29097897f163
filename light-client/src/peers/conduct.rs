//! Owns `Conduct`: whose versions of filters are tried last, since waiting for them led nowhere.
//!
//! Refuses to ban: who is slow, silent or makes us fetch blocks in vain may still be the honest
//! one, so its versions are read when nothing else is to be done.

use std::collections::BTreeMap;

use crate::fault::Fault;
use crate::filter::gcs;
use crate::limits::{
    MAX_CONDUCT, MAX_FRUITLESS, MAX_UNSERVED, OWING_PATIENCE, OWING_PAUSE, OWING_PER_FILTER,
};
use crate::peer_id::{PeerAddress, PeerId};
use crate::time::MonoTime;

/// What addresses and connections did with the filters that they commit to.
#[derive(Debug, Default)]
pub(crate) struct Conduct {
    book: BTreeMap<PeerAddress, Record>,
    owing: BTreeMap<PeerId, Owing>,
}

/// What is remembered of an address over its connections.
#[derive(Debug, Clone, Copy, Default)]
struct Record {
    /// Connections in a row on which it did not send what it commits to.
    unserved: u32,
    /// Blocks that were fetched for its versions alone, and held nothing of the wallet's.
    fruitless: u32,
    /// Scripts times filters of its that were matched since the first of those blocks.
    searched: u64,
    /// It was proven to lie about filters, and is back all the same since a person named it.
    lied: bool,
}

/// A peer whose versions are waited for.
#[derive(Debug, Clone, Copy)]
struct Owing {
    since: MonoTime,
    /// When it was seen to owe something last.
    last: MonoTime,
    /// Since when it owes nothing, perhaps for a moment.
    rests: Option<MonoTime>,
    /// Filters that it sent since then.
    served: u32,
}

impl Conduct {
    /// A peer sent a filter that it commits to, and that was matched for so many scripts.
    pub(crate) fn on_served(&mut self, peer: PeerId, address: &PeerAddress, scripts: usize) {
        if let Some(record) = self.book.get_mut(address) {
            record.searched += scripts as u64;
        }
        if let Some(owing) = self.owing.get_mut(&peer) {
            owing.served += 1;
        }
    }

    /// A block was fetched for a peer's version alone, and held nothing.
    pub(crate) fn on_fruitless(&mut self, address: &PeerAddress) {
        self.record(address).fruitless += 1;
    }

    /// Says whether a peer's versions are waited for now.
    pub(crate) fn note_owing(
        &mut self,
        now: MonoTime,
        (peer, address): (PeerId, &PeerAddress),
        owes: bool,
    ) {
        if owes {
            let fresh = Owing { since: now, last: now, rests: None, served: 0 };
            let owing = self.owing.entry(peer).or_insert(fresh);
            if owing.rests.is_some_and(|since| now.since(since) >= OWING_PAUSE) {
                *owing = fresh;
            }
            (owing.last, owing.rests) = (now, None);
        } else if let Some(owing) = self.owing.get_mut(&peer) {
            if owing.served > 0
                && let Some(record) = self.book.get_mut(address)
            {
                record.unserved = 0;
            }
            let since = *owing.rests.get_or_insert(now);
            if now.since(since) >= OWING_PAUSE {
                self.owing.remove(&peer);
            }
        }
    }

    /// A connection is gone, perhaps before all was sent that was waited for.
    pub(crate) fn on_gone(&mut self, peer: PeerId, address: &PeerAddress, fault: Option<Fault>) {
        if fault.is_some_and(is_proof) {
            self.record(address).lied = true;
        }
        if self.owing.remove(&peer).is_some_and(|owing| owing.rests.is_none()) {
            self.record(address).unserved += 1;
        }
    }

    /// Whether a peer's versions are to be tried last.
    pub(crate) fn is_last(&self, peer: PeerId, address: &PeerAddress) -> bool {
        self.owing.get(&peer).is_some_and(|owing| owing.last >= owing.end())
            || self.book.get(address).is_some_and(|record| {
                record.lied || record.unserved >= MAX_UNSERVED || record.is_fruitless()
            })
    }

    /// When patience with a peer may end.
    pub(crate) fn next_due(&self, now: MonoTime) -> Option<MonoTime> {
        let ends = self.owing.values().map(Owing::end);
        ends.filter(|end| *end > now).min()
    }

    fn record(&mut self, address: &PeerAddress) -> &mut Record {
        if self.book.len() >= MAX_CONDUCT && !self.book.contains_key(address) {
            let least = self.book.iter().min_by_key(|(_, r)| (r.lied, r.unserved + r.fruitless));
            if let Some(least) = least.map(|(address, _)| address.clone()) {
                self.book.remove(&least);
            }
        }
        self.book.entry(address.clone()).or_default()
    }
}

const fn is_proof(fault: Fault) -> bool {
    matches!(fault, Fault::FalseFilter | Fault::InvalidFilter | Fault::InvalidFilterHeaders)
}

impl Record {
    /// More blocks were fetched in vain than chance explains: a filter matches one script in
    /// 784,931 by chance, and three times as many are nobody's fault.
    const fn is_fruitless(&self) -> bool {
        self.fruitless as u64 >= MAX_FRUITLESS as u64 + 3 * self.searched / gcs::M
    }
}

impl Owing {
    /// When patience with it ends, unless it goes on sending.
    fn end(&self) -> MonoTime {
        self.since.after(OWING_PATIENCE + self.served * OWING_PER_FILTER)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn address(port: u16) -> PeerAddress {
        PeerAddress::Host("node.example.org".to_owned(), port)
    }

    #[test]
    fn a_peer_is_last_after_two_connections_in_vain_and_until_it_serves() {
        let (mut conduct, now, here) = (Conduct::default(), MonoTime::START, address(1));
        for n in 1..=2 {
            let peer = PeerId::new(n);
            assert!(!conduct.is_last(peer, &here));
            conduct.note_owing(now, (peer, &here), true);
            conduct.on_served(peer, &here, 1);
            conduct.on_gone(peer, &here, None);
            conduct.on_gone(peer, &here, None);
        }
        let peer = PeerId::new(3);
        assert!(conduct.is_last(peer, &here) && !conduct.is_last(peer, &address(2)));
        conduct.note_owing(now, (peer, &here), false);
        assert!(conduct.is_last(peer, &here), "it has sent nothing");
        conduct.note_owing(now, (peer, &here), true);
        conduct.on_served(peer, &here, 1);
        conduct.note_owing(now, (peer, &here), false);
        assert!(!conduct.is_last(peer, &here));
        conduct.on_gone(peer, &here, None);
        assert!(!conduct.is_last(peer, &here));
    }

    #[test]
    fn fifty_fruitless_blocks_make_a_peer_last_for_good() {
        let (mut conduct, peer) = (Conduct::default(), PeerId::new(1));
        for n in 0..MAX_FRUITLESS {
            assert!(!conduct.is_last(peer, &address(1)), "{n}");
            conduct.on_fruitless(&address(1));
        }
        assert!(conduct.is_last(peer, &address(1)));
    }

    #[test]
    fn chance_is_nobodys_fault() {
        let (mut conduct, peer) = (Conduct::default(), PeerId::new(1));
        conduct.on_fruitless(&address(1));
        for _ in 0..7_850 {
            conduct.on_served(peer, &address(1), 10_000);
        }
        for _ in 1..MAX_FRUITLESS + 299 {
            conduct.on_fruitless(&address(1));
            assert!(!conduct.is_last(peer, &address(1)));
        }
        conduct.on_fruitless(&address(1));
        conduct.on_fruitless(&address(1));
        assert!(conduct.is_last(peer, &address(1)));
    }

    #[test]
    fn who_was_proven_to_lie_is_last_when_it_is_back() {
        let (mut conduct, peer) = (Conduct::default(), PeerId::new(1));
        conduct.on_gone(peer, &address(1), Some(Fault::Stalled));
        assert!(!conduct.is_last(peer, &address(1)));
        conduct.on_gone(peer, &address(1), Some(Fault::FalseFilter));
        assert!(conduct.is_last(peer, &address(1)));
    }

    #[test]
    fn patience_with_a_peer_that_drips_ends_however_steadily_it_drips() {
        let (mut conduct, peer) = (Conduct::default(), PeerId::new(1));
        let mut now = MonoTime::START;
        let mut waited = Duration::ZERO;
        while !conduct.is_last(peer, &address(1)) {
            conduct.note_owing(now, (peer, &address(1)), true);
            conduct.note_owing(now, (peer, &address(1)), false);
            now = now.after(OWING_PAUSE / 2);
            waited += OWING_PAUSE / 2;
            assert!(waited < OWING_PATIENCE * 2);
        }
        conduct.note_owing(now, (peer, &address(1)), false);
        now = now.after(OWING_PAUSE);
        conduct.note_owing(now, (peer, &address(1)), false);
        assert!(!conduct.is_last(peer, &address(1)), "it owes nothing any more");
    }

    #[test]
    fn the_book_is_bounded() {
        let mut conduct = Conduct::default();
        let worst = address(0);
        for port in [0, 0].into_iter().chain(1..=2 * u16::try_from(MAX_CONDUCT).unwrap()) {
            let peer = PeerId::new(9);
            conduct.note_owing(MonoTime::START, (peer, &address(port)), true);
            conduct.on_gone(peer, &address(port), None);
        }
        assert_eq!(conduct.book.len(), MAX_CONDUCT);
        assert!(conduct.is_last(PeerId::new(1), &worst));
    }
}
