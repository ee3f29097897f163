//! Owns `Roster`: whom to dial and when, for as long as the client lives.
//!
//! Refuses to give up on an address that the user chose, and to dial one twice at a time.

use std::time::Duration;

use crate::fault::Fault;
use crate::limits::{REDIAL_MAX, REDIAL_MAX_AFTER_FAULT, REDIAL_MIN, STABLE_AFTER};
use crate::peer_id::{PeerAddress, PeerId};
use crate::time::MonoTime;

/// The addresses that may be dialled.
#[derive(Debug)]
pub(crate) struct Roster {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    address: PeerAddress,
    state: EntryState,
    /// Failures in a row.
    failures: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EntryState {
    /// Dial at this time.
    Waiting(MonoTime),
    /// In use by this connection.
    Used(PeerId),
}

impl Roster {
    /// A roster of chosen addresses, all to be dialled now; repeated ones count once.
    pub(crate) fn new(addresses: Vec<PeerAddress>, now: MonoTime) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        for address in addresses {
            if entries.iter().all(|entry| entry.address != address) {
                entries.push(Entry { address, state: EntryState::Waiting(now), failures: 0 });
            }
        }
        Self { entries }
    }

    /// Gives an address that is due to the connection `peer`.
    pub(crate) fn take_due(&mut self, now: MonoTime, peer: PeerId) -> Option<PeerAddress> {
        let due = |entry: &&mut Entry| matches!(entry.state, EntryState::Waiting(at) if at <= now);
        let entry = self.entries.iter_mut().find(due)?;
        entry.state = EntryState::Used(peer);
        Some(entry.address.clone())
    }

    /// When the next address is due.
    pub(crate) fn next_due(&self) -> Option<MonoTime> {
        let waits = self.entries.iter().filter_map(|entry| match entry.state {
            EntryState::Waiting(at) => Some(at),
            EntryState::Used(_) => None,
        });
        waits.min()
    }

    /// A connection is over, or never came to be (`lasted` is `None`). `jitter` is random.
    pub(crate) fn release(
        &mut self,
        now: MonoTime,
        peer: PeerId,
        lasted: Option<Duration>,
        fault: Option<Fault>,
        jitter: u32,
    ) {
        let used = |entry: &&mut Entry| entry.state == EntryState::Used(peer);
        let Some(entry) = self.entries.iter_mut().find(used) else { return };
        if lasted.is_some_and(|lasted| lasted >= STABLE_AFTER) {
            entry.failures = 0;
        }
        let doubled = REDIAL_MIN.saturating_mul(1 << entry.failures.min(16)).min(REDIAL_MAX);
        let fault = fault.map_or(Duration::ZERO, Fault::back_off).min(REDIAL_MAX_AFTER_FAULT);
        let wait = doubled.max(fault);
        // Up to a quarter more, so that clients that lost a peer together don't return together.
        let spread = wait / 4 / 256 * (jitter % 256);
        entry.failures = entry.failures.saturating_add(1);
        entry.state = EntryState::Waiting(now.after(wait + spread));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> PeerAddress {
        PeerAddress::Host("node.example.org".to_owned(), port)
    }

    #[test]
    fn waits_grow_with_failures_and_end_after_a_stable_connection() {
        let mut now = MonoTime::START;
        let mut roster = Roster::new(vec![address(1), address(2), address(1)], now);
        let peer = PeerId::new(1);
        assert_eq!(roster.take_due(now, peer), Some(address(1)));
        assert_eq!(roster.take_due(now, PeerId::new(2)), Some(address(2)));
        assert_eq!(roster.take_due(now, PeerId::new(3)), None, "each address once");
        let mut waits = Vec::new();
        for _ in 0..8 {
            roster.release(now, peer, None, None, 0);
            let due = roster.next_due().expect("never gives up");
            waits.push(due.since(now).as_secs());
            now = due;
            assert_eq!(roster.take_due(now, peer), Some(address(1)));
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        roster.release(now, peer, Some(STABLE_AFTER), None, 0);
        assert_eq!(roster.next_due().expect("due").since(now), REDIAL_MIN);
    }

    #[test]
    fn a_faulty_peer_waits_longer_but_not_for_ever() {
        let now = MonoTime::START;
        let mut roster = Roster::new(vec![address(1)], now);
        let peer = PeerId::new(1);
        roster.take_due(now, peer);
        roster.release(now, peer, Some(Duration::ZERO), Some(Fault::WrongMagic), 0);
        assert_eq!(roster.next_due().expect("due").since(now), REDIAL_MAX_AFTER_FAULT);
    }
}
