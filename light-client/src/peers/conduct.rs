//! Owns `Conduct`: whose versions of filters are tried last, since waiting for them led nowhere.
//!
//! Refuses to ban: who is slow, silent or makes us fetch blocks in vain may still be the honest
//! one, so its versions are read when nothing else is to be done.

use std::collections::BTreeMap;

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
}

/// A peer whose versions are waited for.
#[derive(Debug, Clone, Copy)]
struct Owing {
    since: MonoTime,
    last: MonoTime,
    /// Filters that it sent since then.
    served: u32,
}

impl Conduct {
    /// A peer did not send what it commits to, time and again.
    pub(crate) fn on_unserved(&mut self, address: &PeerAddress) {
        self.record(address).unserved += 1;
    }

    /// A peer sent a filter that it commits to.
    pub(crate) fn on_served(&mut self, peer: PeerId, address: &PeerAddress) {
        if let Some(owing) = self.owing.get_mut(&peer) {
            owing.served += 1;
        }
        if let Some(record) = self.book.get_mut(address) {
            record.unserved = 0;
        }
    }

    /// A block was fetched for a peer's version alone, and held nothing.
    pub(crate) fn on_fruitless(&mut self, address: &PeerAddress) {
        self.record(address).fruitless += 1;
    }

    /// Says whether a peer's versions are waited for now.
    pub(crate) fn note_owing(&mut self, now: MonoTime, peer: PeerId, owes: bool) {
        if owes {
            let fresh = Owing { since: now, last: now, served: 0 };
            let owing = self.owing.entry(peer).or_insert(fresh);
            if now.since(owing.last) >= OWING_PAUSE {
                *owing = fresh;
            }
            owing.last = now;
        } else if self.owing.get(&peer).is_some_and(|o| now.since(o.last) >= OWING_PAUSE) {
            self.owing.remove(&peer);
        }
    }

    /// A connection is gone.
    pub(crate) fn forget(&mut self, peer: PeerId) {
        self.owing.remove(&peer);
    }

    /// Whether a peer's versions are to be tried last.
    pub(crate) fn is_last(&self, peer: PeerId, address: &PeerAddress) -> bool {
        self.owing.get(&peer).is_some_and(|owing| owing.last >= owing.end())
            || self.book.get(address).is_some_and(|record| {
                record.unserved >= MAX_UNSERVED || record.fruitless >= MAX_FRUITLESS
            })
    }

    /// When patience with a peer may end.
    pub(crate) fn next_due(&self, now: MonoTime) -> Option<MonoTime> {
        let ends = self.owing.values().map(Owing::end);
        ends.filter(|end| *end > now).min()
    }

    fn record(&mut self, address: &PeerAddress) -> &mut Record {
        if self.book.len() >= MAX_CONDUCT && !self.book.contains_key(address) {
            let least = self.book.iter().min_by_key(|(_, r)| r.unserved + r.fruitless);
            if let Some(least) = least.map(|(address, _)| address.clone()) {
                self.book.remove(&least);
            }
        }
        self.book.entry(address.clone()).or_default()
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
        let (mut conduct, peer) = (Conduct::default(), PeerId::new(1));
        conduct.on_unserved(&address(1));
        assert!(!conduct.is_last(peer, &address(1)));
        conduct.on_unserved(&address(1));
        assert!(conduct.is_last(peer, &address(1)) && !conduct.is_last(peer, &address(2)));
        conduct.on_served(peer, &address(1));
        assert!(!conduct.is_last(peer, &address(1)));
    }

    #[test]
    fn fifty_fruitless_blocks_make_a_peer_last_for_good() {
        let (mut conduct, peer) = (Conduct::default(), PeerId::new(1));
        for n in 0..MAX_FRUITLESS {
            assert!(!conduct.is_last(peer, &address(1)), "{n}");
            conduct.on_fruitless(&address(1));
        }
        conduct.on_served(peer, &address(1));
        assert!(conduct.is_last(peer, &address(1)));
    }

    #[test]
    fn patience_with_a_peer_that_drips_ends_however_steadily_it_drips() {
        let (mut conduct, peer) = (Conduct::default(), PeerId::new(1));
        let mut now = MonoTime::START;
        let mut waited = Duration::ZERO;
        while !conduct.is_last(peer, &address(1)) {
            conduct.note_owing(now, peer, true);
            conduct.note_owing(now, peer, false);
            now = now.after(OWING_PAUSE / 2);
            waited += OWING_PAUSE / 2;
            assert!(waited < OWING_PATIENCE * 2);
        }
        now = now.after(OWING_PAUSE * 2);
        conduct.note_owing(now, peer, false);
        assert!(!conduct.is_last(peer, &address(1)), "it owes nothing any more");
    }

    #[test]
    fn the_book_is_bounded() {
        let mut conduct = Conduct::default();
        let worst = address(0);
        conduct.on_unserved(&worst);
        conduct.on_unserved(&worst);
        for port in 1..=2 * u16::try_from(MAX_CONDUCT).unwrap() {
            conduct.on_unserved(&address(port));
        }
        assert_eq!(conduct.book.len(), MAX_CONDUCT);
        assert!(conduct.is_last(PeerId::new(1), &worst));
    }
}
