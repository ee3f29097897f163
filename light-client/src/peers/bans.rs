//! Owns `Bans`: which hosts are left alone, why, and until when.
//!
//! Whoever was proved to lie is banned for a day; whoever does not speak the protocol as it is, an
//! hour. Slowness and silence are no crime. Refuses to ban what the user named.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::change_set::Ban;
use crate::fault::Fault;
use crate::limits::{BAN_TIME, DISCOURAGED_TIME, MAX_BANS};
use crate::peer_id::{PeerAddress, PeerHost};
use crate::time::WallTime;

/// Hosts that are left alone. A host stays banned on all its ports.
#[derive(Debug, Default)]
pub(crate) struct Bans {
    bans: BTreeMap<PeerHost, Ban>,
    unsaved: BTreeSet<PeerHost>,
}

impl Bans {
    /// The bans as they were stored. A ban from the future was made while the clock was wrong, and
    /// begins now.
    pub(crate) fn restored(bans: BTreeMap<PeerHost, Ban>, now: WallTime) -> Self {
        let mut restored = Self { bans, unsaved: BTreeSet::new() };
        restored.expire(now);
        restored
    }

    /// Leaves a host alone if the fault deserves it; whether it does.
    pub(crate) fn judge(&mut self, now: WallTime, address: &PeerAddress, fault: Fault) -> bool {
        let Some(length) = sentence(fault) else { return false };
        let ban = Ban { since: now, until: now.after(length), reason: fault.to_string() };
        let host = address.host();
        if self.bans.get(&host).is_some_and(|known| known.until >= ban.until) {
            return true;
        }
        if self.bans.len() >= MAX_BANS && !self.bans.contains_key(&host) {
            let first = self.bans.iter().min_by_key(|(_, ban)| ban.until);
            if let Some(host) = first.map(|(host, _)| host.clone()) {
                self.bans.remove(&host);
                self.unsaved.insert(host);
            }
        }
        self.bans.insert(host.clone(), ban);
        self.unsaved.insert(host);
        true
    }

    /// Whether a host is left alone now.
    pub(crate) fn holds(&self, now: WallTime, address: &PeerAddress) -> bool {
        self.bans.get(&address.host()).is_some_and(|ban| is_on(ban, now))
    }

    /// Forgets what is over.
    pub(crate) fn expire(&mut self, now: WallTime) {
        let Self { bans, unsaved } = self;
        bans.retain(|host, ban| {
            if ban.since > now {
                let length = ban.until.since(ban.since).min(BAN_TIME);
                (ban.since, ban.until) = (now, now.after(length));
                unsaved.insert(host.clone());
            }
            let stays = is_on(ban, now);
            if !stays {
                unsaved.insert(host.clone());
            }
            stays
        });
    }

    /// All that are not forgotten, in the order of the hosts.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PeerHost, &Ban)> {
        self.bans.iter()
    }

    /// What a store does not know yet.
    pub(crate) fn take_changes(&mut self) -> BTreeMap<PeerHost, Option<Ban>> {
        let unsaved = std::mem::take(&mut self.unsaved).into_iter();
        unsaved.map(|host| (host.clone(), self.bans.get(&host).cloned())).collect()
    }
}

/// How long a fault makes a peer a stranger; `None` if it may be nobody's intent, or is no more
/// than a fact about the peer.
const fn sentence(fault: Fault) -> Option<Duration> {
    match fault {
        Fault::InvalidHeader | Fault::InvalidFilter | Fault::FalseFilter | Fault::InvalidBlock => {
            Some(BAN_TIME)
        }
        Fault::WrongMagic
        | Fault::Oversized
        | Fault::Malformed
        | Fault::Handshake
        | Fault::UnconnectedHeaders
        | Fault::InvalidFilterHeaders
        | Fault::Unsolicited => Some(DISCOURAGED_TIME),
        Fault::SelfConnection
        | Fault::MissingServices
        | Fault::TooOld
        | Fault::Stalled
        | Fault::NotServing => None,
    }
}

const fn is_on(ban: &Ban, now: WallTime) -> bool {
    now.to_unix() < ban.until.to_unix()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallTime = WallTime::new(1_800_000_000);

    fn address(text: &str) -> PeerAddress {
        text.parse().expect("an address")
    }

    #[test]
    fn a_ban_holds_on_every_port_and_expires() {
        let mut bans = Bans::default();
        assert!(bans.judge(NOW, &address("1.2.3.4:8333"), Fault::InvalidBlock));
        assert!(bans.holds(NOW.after(BAN_TIME / 2), &address("1.2.3.4:9999")));
        assert!(!bans.holds(NOW, &address("1.2.3.5:8333")));
        // A smaller fault does not shorten it.
        assert!(bans.judge(NOW, &address("1.2.3.4:8333"), Fault::Malformed));
        assert!(bans.holds(NOW.after(BAN_TIME / 2), &address("1.2.3.4:8333")));
        assert!(!bans.holds(NOW.after(BAN_TIME), &address("1.2.3.4:8333")));
        assert_eq!(bans.take_changes().len(), 1);
        bans.expire(NOW.after(BAN_TIME));
        assert_eq!(bans.take_changes().into_values().collect::<Vec<_>>(), [None]);
    }

    #[test]
    fn slow_peers_are_never_banned() {
        let mut bans = Bans::default();
        for fault in [Fault::Stalled, Fault::NotServing, Fault::MissingServices, Fault::TooOld] {
            assert!(!bans.judge(NOW, &address("1.2.3.4:8333"), fault), "{fault}");
        }
        assert!(bans.judge(NOW, &address("1.2.3.4:8333"), Fault::WrongMagic));
        assert!(!bans.holds(NOW.after(DISCOURAGED_TIME), &address("1.2.3.4:8333")));
    }

    #[test]
    fn a_clock_that_was_ahead_does_not_make_a_ban_last_for_years() {
        let mut bans = Bans::default();
        let ahead = NOW.after(Duration::from_secs(10 * 365 * 24 * 3600));
        bans.judge(ahead, &address("1.2.3.4:8333"), Fault::InvalidBlock);
        let stored = bans.take_changes().into_iter().filter_map(|(h, b)| Some((h, b?))).collect();
        let bans = Bans::restored(stored, NOW);
        assert!(bans.holds(NOW, &address("1.2.3.4:8333")));
        assert!(!bans.holds(NOW.after(BAN_TIME), &address("1.2.3.4:8333")));
    }

    #[test]
    fn there_are_never_too_many() {
        let mut bans = Bans::default();
        for n in 0..=u32::try_from(MAX_BANS).expect("small") {
            let ip = std::net::Ipv4Addr::from_bits(n);
            let address = PeerAddress::Ip((ip, 8333).into());
            bans.judge(NOW.after(Duration::from_secs(n.into())), &address, Fault::InvalidBlock);
        }
        assert_eq!(bans.iter().count(), MAX_BANS);
        assert!(!bans.holds(NOW, &address("0.0.0.0:8333")), "the first goes first");
    }
}
