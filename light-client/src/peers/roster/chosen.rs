//! Owns `Chosen`: the peers that the user named, at the start or later, and when each is dialled
//! again.
//!
//! Refuses to give up on any of them, and to dial one twice at a time.

use std::collections::VecDeque;
use std::time::Duration;

use rand_chacha::rand_core::RngCore;

use crate::dial::Wire;
use crate::fault::Fault;
use crate::limits::{
    MAX_ADDED_PEERS, REDIAL_MAX, REDIAL_MAX_AFTER_FAULT, REDIAL_MIN, STABLE_AFTER,
};
use crate::peer_id::PeerAddress;
use crate::status::AddedPeer;
use crate::time::MonoTime;

/// The addresses that the user named.
#[derive(Debug)]
pub(super) struct Chosen {
    entries: Vec<Entry>,
    /// Which entry is next for a connection beside the lasting one.
    turn: usize,
    /// Those to dial once.
    once: VecDeque<(PeerAddress, Wire)>,
}

#[derive(Debug)]
struct Entry {
    address: PeerAddress,
    /// Whether it was named at the start.
    first: bool,
    /// As it was written when it was added later.
    added: Option<String>,
    /// The transport to dial it over: version 2 until it showed that it does not speak it.
    wire: Wire,
    /// When to dial it; `None` while it is used.
    due: Option<MonoTime>,
    /// Failures in a row.
    failures: u32,
}

impl Chosen {
    /// All to be dialled now; repeated ones count once.
    pub(super) fn new(addresses: Vec<PeerAddress>, now: MonoTime) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        for address in addresses {
            if entries.iter().all(|entry| entry.address != address) {
                entries.push(Entry { first: true, ..Entry::new(address, Wire::V2, now) });
            }
        }
        Self { entries, turn: 0, once: VecDeque::new() }
    }

    /// One more is named, to be dialled at `due`, unless a connection is there. Beyond
    /// [`MAX_ADDED_PEERS`] it is not taken.
    pub(super) fn add(
        &mut self,
        due: Option<MonoTime>,
        name: String,
        address: PeerAddress,
        wire: Wire,
    ) {
        if self.added().count() >= MAX_ADDED_PEERS {
            return;
        }
        if let Some(entry) = self.entry(&address) {
            entry.added.get_or_insert(name);
            return;
        }
        let entry = Entry::new(address, wire, MonoTime::START);
        self.entries.push(Entry { added: Some(name), due, ..entry });
    }

    /// One is named no longer, unless it was named at the start.
    pub(super) fn remove(&mut self, address: &PeerAddress) {
        if let Some(entry) = self.entry(address) {
            entry.added = None;
        }
        self.entries.retain(|entry| entry.first || entry.added.is_some());
    }

    /// One is to be dialled once.
    pub(super) fn dial_once(&mut self, now: MonoTime, address: PeerAddress, wire: Wire) {
        if let Some(entry) = self.entry(&address) {
            entry.due = entry.due.map(|due| due.min(now));
        } else if self.once.len() < MAX_ADDED_PEERS {
            self.once.push_back((address, wire));
        }
    }

    /// Those that were added, in the order in which they were.
    pub(super) fn added(&self) -> impl Iterator<Item = AddedPeer> {
        self.entries.iter().filter_map(|entry| {
            let name = entry.added.clone()?;
            Some(AddedPeer { name, address: entry.address.clone() })
        })
    }

    /// None is waited for any longer than until now.
    pub(super) fn hurry(&mut self, now: MonoTime) {
        for entry in &mut self.entries {
            entry.due = entry.due.map(|due| due.min(now));
        }
    }

    /// Takes an address that is due for a lasting connection.
    pub(super) fn take_due(&mut self, now: MonoTime) -> Option<(PeerAddress, Wire)> {
        if let Some(once) = self.once.pop_front() {
            return Some(once);
        }
        let entry = self.entries.iter_mut().find(|entry| entry.due.is_some_and(|at| at <= now))?;
        entry.due = None;
        Some((entry.address.clone(), entry.wire))
    }

    /// When the next address is due.
    pub(super) fn next_due(&self) -> Option<MonoTime> {
        let once = self.once.front().map(|_| MonoTime::START);
        self.entries.iter().filter_map(|entry| entry.due).chain(once).min()
    }

    /// An address for a connection beside the lasting one, each in its turn.
    pub(super) fn take_turn(&mut self) -> Option<(PeerAddress, Wire)> {
        let entry = self.entries.get(self.turn % self.entries.len().max(1))?;
        self.turn = (self.turn + 1) % self.entries.len();
        Some((entry.address.clone(), entry.wire))
    }

    /// The peer does not speak version 2: a `lasting` connection is tried again at once without.
    pub(super) fn lacks_v2(&mut self, now: MonoTime, address: &PeerAddress, lasting: bool) {
        match self.entry(address) {
            Some(entry) => {
                entry.wire = Wire::V1;
                if lasting && entry.due.is_none() {
                    entry.due = Some(now);
                }
            }
            None if lasting => self.dial_once(now, address.clone(), Wire::V1),
            None => {}
        }
    }

    /// A lasting connection is over, or never came to be (`lasted` is `None`).
    pub(super) fn release(
        &mut self,
        now: MonoTime,
        address: &PeerAddress,
        lasted: Option<Duration>,
        fault: Option<Fault>,
        rng: &mut impl RngCore,
    ) {
        let Some(entry) = self.entry(address) else { return };
        if lasted.is_some_and(|lasted| lasted >= STABLE_AFTER) {
            entry.failures = 0;
        }
        let fault = fault.map_or(Duration::ZERO, Fault::back_off).min(REDIAL_MAX_AFTER_FAULT);
        let wait = doubled(entry.failures).max(fault);
        entry.failures = entry.failures.saturating_add(1);
        entry.due = Some(now.after(spread(wait, rng)));
    }

    fn entry(&mut self, address: &PeerAddress) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.address == *address)
    }
}

impl Entry {
    const fn new(address: PeerAddress, wire: Wire, now: MonoTime) -> Self {
        Self { address, first: false, added: None, wire, due: Some(now), failures: 0 }
    }
}

/// The wait after so many failures in a row.
pub(super) fn doubled(failures: u32) -> Duration {
    REDIAL_MIN.saturating_mul(1 << failures.min(16)).min(REDIAL_MAX)
}

/// Up to a quarter more, so that clients that lost a peer together don't return together.
pub(super) fn spread(wait: Duration, rng: &mut impl RngCore) -> Duration {
    wait + wait / 4 / 256 * (rng.next_u32() % 256)
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha12Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;

    fn address(port: u16) -> PeerAddress {
        PeerAddress::Host("node.example.org".to_owned(), port)
    }

    #[test]
    fn waits_grow_with_failures_and_end_after_a_stable_connection() {
        let mut now = MonoTime::START;
        let mut rng = ChaCha12Rng::from_seed([1; 32]);
        let mut chosen = Chosen::new(vec![address(1), address(2), address(1)], now);
        assert_eq!(chosen.take_due(now), Some((address(1), Wire::V2)));
        assert_eq!(chosen.take_due(now), Some((address(2), Wire::V2)));
        assert_eq!(chosen.take_due(now), None, "each address once");
        for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
            chosen.release(now, &address(1), None, None, &mut rng);
            let due = chosen.next_due().expect("never gives up");
            let wait = Duration::from_secs(wait);
            assert!((wait..=wait + wait / 4).contains(&due.since(now)), "{due:?}");
            now = due;
            assert_eq!(chosen.take_due(now), Some((address(1), Wire::V2)));
        }
        chosen.release(now, &address(1), Some(STABLE_AFTER), None, &mut rng);
        assert!(chosen.next_due().expect("due").since(now) < REDIAL_MIN * 2);
    }

    #[test]
    fn a_faulty_peer_waits_longer_but_not_for_ever() {
        let now = MonoTime::START;
        let mut rng = ChaCha12Rng::from_seed([1; 32]);
        let mut chosen = Chosen::new(vec![address(1)], now);
        chosen.take_due(now);
        chosen.release(now, &address(1), Some(Duration::ZERO), Some(Fault::WrongMagic), &mut rng);
        let wait = chosen.next_due().expect("due").since(now);
        assert!((REDIAL_MAX_AFTER_FAULT..REDIAL_MAX_AFTER_FAULT * 2).contains(&wait));
    }

    #[test]
    fn who_lacks_version_2_is_dialled_at_once_with_version_1() {
        let now = MonoTime::START;
        let mut chosen = Chosen::new(vec![address(1)], now);
        chosen.take_due(now);
        chosen.lacks_v2(now, &address(1), false);
        assert_eq!(chosen.take_due(now), None, "the lasting connection stands");
        chosen.lacks_v2(now, &address(1), true);
        assert_eq!(chosen.take_due(now), Some((address(1), Wire::V1)));
    }

    #[test]
    fn connections_beside_the_lasting_ones_go_round() {
        let mut chosen = Chosen::new(vec![address(1), address(2)], MonoTime::START);
        let ports: Vec<u16> = (0..4).filter_map(|_| Some(chosen.take_turn()?.0.port())).collect();
        assert_eq!(ports, [1, 2, 1, 2]);
        assert_eq!(Chosen::new(Vec::new(), MonoTime::START).take_turn(), None);
    }
}
