//! Owns `Bans`: which hosts are left alone, why, and until when.
//!
//! Whoever was proved to lie is banned for a day; whoever does not speak the protocol as it is, an
//! hour. Slowness and silence are no crime. A person bans whom they like. Refuses to ban what the
//! user named.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::change_set::{Ban, BanSpan};
use crate::fault::Fault;
use crate::limits::{BAN_TIME, DISCOURAGED_TIME, MAX_BANS};
use crate::peer_id::{PeerAddress, PeerHost, Subnet};
use crate::time::WallTime;

/// Hosts that are left alone. A host stays banned on all its ports.
#[derive(Debug, Default)]
pub(crate) struct Bans {
    deserved: BTreeMap<PeerHost, Ban>,
    unsaved: BTreeSet<PeerHost>,
    by_hand: BTreeMap<Subnet, BanSpan>,
    unsaved_by_hand: BTreeSet<Subnet>,
}

impl Bans {
    /// The bans as they were stored. A ban from the future was made while the clock was wrong, and
    /// begins now.
    pub(crate) fn restored(
        bans: BTreeMap<PeerHost, Ban>,
        by_hand: BTreeMap<Subnet, BanSpan>,
        now: WallTime,
    ) -> Self {
        let mut restored = Self { deserved: bans, by_hand, ..Self::default() };
        restored.expire(now);
        restored
    }

    /// Leaves a host alone if the fault deserves it; whether it does.
    pub(crate) fn judge(&mut self, now: WallTime, address: &PeerAddress, fault: Fault) -> bool {
        let Some(length) = sentence(fault) else { return false };
        let ban = Ban { since: now, until: now.after(length), reason: fault.to_string() };
        let host = address.host();
        if self.deserved.get(&host).is_some_and(|known| known.until >= ban.until) {
            return true;
        }
        if self.deserved.len() >= MAX_BANS && !self.deserved.contains_key(&host) {
            let first = self.deserved.iter().min_by_key(|(_, ban)| ban.until);
            if let Some(host) = first.map(|(host, _)| host.clone()) {
                self.deserved.remove(&host);
                self.unsaved.insert(host);
            }
        }
        self.deserved.insert(host.clone(), ban);
        self.unsaved.insert(host);
        true
    }

    /// A person bans a part of the network, for longer than before. One ban more than there may be
    /// is forgotten.
    pub(crate) fn ban(&mut self, now: WallTime, subnet: Subnet, until: WallTime) {
        let known = self.by_hand.get(&subnet);
        let is_known = known.is_some();
        if known.is_some_and(|known| known.until >= until) {
            return;
        }
        if is_known || self.by_hand.len() < MAX_BANS {
            self.by_hand.insert(subnet, BanSpan { since: now, until });
            self.unsaved_by_hand.insert(subnet);
        }
    }

    /// A person bans a part of the network no longer.
    pub(crate) fn unban(&mut self, subnet: Subnet) {
        if self.by_hand.remove(&subnet).is_some() {
            self.unsaved_by_hand.insert(subnet);
        }
    }

    /// A person bans nobody any longer.
    pub(crate) fn unban_all(&mut self) {
        self.unsaved_by_hand.extend(std::mem::take(&mut self.by_hand).into_keys());
    }

    /// Whether a host is left alone now.
    pub(crate) fn holds(&self, now: WallTime, address: &PeerAddress) -> bool {
        let host = address.host();
        self.deserved.get(&host).is_some_and(|ban| now < ban.until)
            || self.by_hand.iter().any(|(subnet, ban)| now < ban.until && subnet.contains(&host))
    }

    /// Forgets what is over.
    pub(crate) fn expire(&mut self, now: WallTime) {
        let Self { deserved, unsaved, by_hand, unsaved_by_hand } = self;
        by_hand.retain(|subnet, ban| {
            if ban.since > now {
                *ban = BanSpan { since: now, until: now.after(ban.until.since(ban.since)) };
                unsaved_by_hand.insert(*subnet);
            }
            let stays = now < ban.until;
            if !stays {
                unsaved_by_hand.insert(*subnet);
            }
            stays
        });
        deserved.retain(|host, ban| {
            if ban.since > now {
                let length = ban.until.since(ban.since).min(BAN_TIME);
                (ban.since, ban.until) = (now, now.after(length));
                unsaved.insert(host.clone());
            }
            let stays = now < ban.until;
            if !stays {
                unsaved.insert(host.clone());
            }
            stays
        });
    }

    /// All that are not forgotten, in the order of the hosts.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PeerHost, &Ban)> {
        self.deserved.iter()
    }

    /// Those by hand, in the order of the subnets.
    pub(crate) fn by_hand(&self) -> impl Iterator<Item = (&Subnet, &BanSpan)> {
        self.by_hand.iter()
    }

    /// What a store does not know yet.
    pub(crate) fn take_changes(&mut self) -> BTreeMap<PeerHost, Option<Ban>> {
        let unsaved = std::mem::take(&mut self.unsaved).into_iter();
        unsaved.map(|host| (host.clone(), self.deserved.get(&host).cloned())).collect()
    }

    /// What a store does not know yet of those by hand.
    pub(crate) fn take_changes_by_hand(&mut self) -> BTreeMap<Subnet, Option<BanSpan>> {
        let unsaved = std::mem::take(&mut self.unsaved_by_hand).into_iter();
        unsaved.map(|subnet| (subnet, self.by_hand.get(&subnet).copied())).collect()
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
        let bans = Bans::restored(stored, BTreeMap::new(), NOW);
        assert!(bans.holds(NOW, &address("1.2.3.4:8333")));
        assert!(!bans.holds(NOW.after(BAN_TIME), &address("1.2.3.4:8333")));
    }

    #[test]
    fn what_a_person_bans_is_left_alone_until_the_time_is_up_or_it_is_taken_back() {
        let mut bans = Bans::default();
        let subnet: Subnet = "1.2.3.0/24".parse().expect("a subnet");
        bans.ban(NOW, subnet, NOW.after(BAN_TIME));
        bans.ban(NOW, subnet, NOW.after(BAN_TIME / 2));
        assert!(bans.holds(NOW.after(BAN_TIME / 2), &address("1.2.3.4:8333")), "not shortened");
        assert!(!bans.holds(NOW, &address("1.2.4.4:8333")));
        let stored = bans.take_changes_by_hand();
        let stored: BTreeMap<_, _> =
            stored.into_iter().filter_map(|(s, b)| Some((s, b?))).collect();
        let mut bans = Bans::restored(BTreeMap::new(), stored, NOW);
        assert!(bans.holds(NOW, &address("1.2.3.4:8333")), "it outlives a restart");
        bans.expire(NOW.after(BAN_TIME));
        assert!(!bans.holds(NOW, &address("1.2.3.4:8333")));
        assert_eq!(bans.take_changes_by_hand().into_values().collect::<Vec<_>>(), [None]);
        bans.ban(NOW, subnet, NOW.after(BAN_TIME));
        bans.unban(subnet);
        assert!(!bans.holds(NOW, &address("1.2.3.4:8333")));
        bans.ban(NOW, subnet, NOW.after(BAN_TIME));
        bans.unban_all();
        assert_eq!(bans.by_hand().count(), 0);
        assert_eq!(bans.take_changes_by_hand().into_values().collect::<Vec<_>>(), [None]);
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
