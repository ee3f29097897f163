//! Owns `Roster`: which connections there are, what each is for, and which to open next.
//!
//! Peers are those that the user named, at the start or later, and, where none was named at the
//! start, those that are found. Refuses to open connections, and to know what is said on them.

mod anchors;
mod call;
mod candidates;
mod chosen;
mod seeds;
mod found;
mod wishes;

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use rand_chacha::rand_core::RngCore;

use crate::change_set::{PeerChanges, StoredPeers};
use crate::codec::Rumour;
use crate::config::Config;
use crate::dial::{DialProblem, LookupId, Purpose, Wire};
use crate::fault::Fault;
use crate::limits::{
    BEHIND_TIME, MAX_ANCHORS, MAX_CONNECTIONS, MAX_ONE_SHOT_CALLS, MAX_ONE_SHOTS, REDIAL_MIN,
    STABLE_AFTER, TARGET_PEERS,
};
use crate::peer_id::PeerId;
use crate::peers::bans::Bans;
use crate::peers::roster::chosen::Chosen;
use crate::peers::roster::found::Found;
use crate::status::{KnownAddress, PeerSearch};
use crate::time::{MonoTime, Now, WallTime};

pub(crate) use call::Call;

/// All connections, and those to come.
#[derive(Debug)]
pub(crate) struct Roster {
    /// Those that the user named.
    named: Chosen,
    /// Those that are found; `None`: only those that the user named are used.
    found: Option<Box<Found>>,
    bans: Bans,
    /// Whether there are to be any connections.
    active: bool,
    calls: BTreeMap<PeerId, Call>,
    one_shots: VecDeque<OneShot>,
}

/// A connection that somebody wants for one thing.
#[derive(Debug)]
struct OneShot {
    purpose: Purpose,
    due: MonoTime,
    failures: u32,
}

/// How a peer's chain compares with ours, when peers are looked over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub(crate) peer: PeerId,
    /// Whether its chain has less work than ours.
    pub(crate) is_behind: bool,
    /// Whether it has said nothing of filters for long.
    pub(crate) is_mute: bool,
    /// The last time that it was the first to tell of a block.
    pub(crate) last_block: Option<MonoTime>,
}

impl Roster {
    /// A roster of the addresses that the user named, all to be dialled now; or one that finds
    /// its own, from what was stored.
    pub(crate) fn new(
        config: &Config,
        mut stored: StoredPeers,
        now: Now,
        rng: &mut impl RngCore,
    ) -> Self {
        let bans = std::mem::take(&mut stored.bans);
        let by_hand = std::mem::take(&mut stored.subnets);
        let found = config.connect.is_empty();
        Self {
            named: Chosen::new(config.connect.clone(), now.mono),
            found: found.then(|| Box::new(Found::new(config, stored, now, rng))),
            bans: Bans::restored(bans, by_hand, now.wall),
            active: true,
            calls: BTreeMap::new(),
            one_shots: VecDeque::new(),
        }
    }

    /// Wants one connection for `purpose`, isolated and beside those that follow the chain. It is
    /// dialled, at one address after another, until a handshake on one is finished; from then on
    /// the peer is whose purpose it is, who closes it when done. A wish beyond
    /// [`MAX_ONE_SHOTS`] open ones is forgotten.
    pub(crate) fn one_shot(&mut self, now: MonoTime, purpose: Purpose) {
        if self.one_shots.len() < MAX_ONE_SHOTS {
            self.one_shots.push_back(OneShot { purpose, due: now, failures: 0 });
        }
    }

    /// How many connections for `purpose` are wanted and not finished with their handshake.
    pub(crate) fn one_shots(&self, purpose: Purpose) -> usize {
        let queued = self.one_shots.iter().filter(|one| one.purpose == purpose);
        let opening = |call: &&Call| call.purpose == purpose && call.ready_at.is_none();
        queued.count() + self.calls.values().filter(opening).count()
    }

    /// Wants no further connection for `purpose`; those that are being opened stay.
    pub(crate) fn cancel(&mut self, purpose: Purpose) {
        self.one_shots.retain(|one| one.purpose != purpose);
    }

    /// A connection to open now, under the id `peer`.
    pub(crate) fn take_due(
        &mut self,
        now: Now,
        peer: PeerId,
        rng: &mut impl RngCore,
    ) -> Option<Call> {
        if !self.active {
            return None;
        }
        let call = self.one_shot_due(now, rng).or_else(|| self.named_due(now.mono));
        let call =
            call.or_else(|| self.found.as_mut()?.take_due(now, &self.calls, &self.bans, rng))?;
        self.calls.insert(peer, call.clone());
        Some(call)
    }

    /// When the next connection is due.
    pub(crate) fn next_due(&self) -> Option<MonoTime> {
        if !self.active {
            return None;
        }
        let one_shot = self.one_shots.iter().map(|one| one.due).min();
        let one_shot = one_shot.filter(|_| self.may_call_one_shot());
        let found = self.found.as_ref().and_then(|found| found.next_due(&self.calls));
        [self.named.next_due(), found, one_shot].into_iter().flatten().min()
    }

    /// A name to look up.
    pub(crate) fn take_lookup(&mut self) -> Option<(LookupId, String)> {
        self.found.as_mut().filter(|_| self.active)?.take_lookup()
    }

    /// A name was looked up.
    pub(crate) fn on_resolved(
        &mut self,
        now: Now,
        id: LookupId,
        found: &[IpAddr],
        rng: &mut impl RngCore,
    ) {
        if let Some(source) = &mut self.found {
            source.on_resolved(now, id, found, rng);
        }
    }

    /// The connection could not be opened.
    pub(crate) fn on_dial_failed(
        &mut self,
        now: Now,
        peer: PeerId,
        why: DialProblem,
        rng: &mut impl RngCore,
    ) {
        let Some(call) = self.calls.remove(&peer) else { return };
        let lacks_v2 = why == DialProblem::NoV2 && call.wire == Wire::V2;
        match &mut self.found {
            Some(found) if !call.named => found.on_dial_failed(now, &call, why, &self.calls),
            _ if lacks_v2 => {
                self.named.lacks_v2(now.mono, &call.address, call.purpose == Purpose::Chain);
            }
            _ if call.purpose == Purpose::Chain => {
                self.named.release(now.mono, &call.address, None, None, rng);
            }
            _ => {}
        }
        if call.is_wanted_by_others() {
            let wait = if lacks_v2 { Duration::ZERO } else { chosen::doubled(call.failures) };
            self.again(now.mono, &call, chosen::spread(wait, rng));
        }
    }

    /// The handshake on a connection is finished; the peer serves `services`.
    pub(crate) fn on_ready(&mut self, now: Now, peer: PeerId, services: u64) {
        let Some(call) = self.calls.get_mut(&peer) else { return };
        call.ready_at = Some(now.mono);
        if let Some(found) = self.found.as_mut().filter(|_| !call.named) {
            found.on_ready(now, call, services);
        }
    }

    /// Whether a peer whose handshake is finished is to be asked for addresses; said once.
    pub(crate) fn asks_for_addresses(&mut self, now: MonoTime, peer: PeerId) -> bool {
        let is_found = self.found.is_some();
        let Some(call) = self.calls.get_mut(&peer).filter(|_| is_found) else { return false };
        let asks = matches!(call.purpose, Purpose::Chain | Purpose::Addresses);
        if asks {
            call.asked_for_addresses(now);
        }
        asks
    }

    /// A peer told of addresses, asked or not.
    pub(crate) fn on_addresses(
        &mut self,
        now: Now,
        peer: PeerId,
        told: &[Rumour],
        rng: &mut impl RngCore,
    ) {
        let Some(found) = &mut self.found else { return };
        let Some(call) = self.calls.get_mut(&peer) else { return };
        let admitted = call.admit(now.mono, told.len());
        found.on_addresses(now, call, &told[..admitted], rng);
    }

    /// A peer gave what only the chain has: a filter, or a block.
    pub(crate) fn on_useful(&mut self, peer: PeerId) {
        let Some(call) = self.calls.get_mut(&peer).filter(|call| !call.useful) else { return };
        call.useful = true;
        let Some(found) = &mut self.found else { return };
        let found_ones = self.calls.values().filter(|call| !call.named);
        let mut best: Vec<&Call> =
            found_ones.filter(|call| call.useful && call.follows()).collect();
        best.sort_by_key(|call| call.ready_at);
        best.truncate(MAX_ANCHORS);
        found.anchors.on_merit(best.into_iter().map(|call| call.address.clone()).collect());
    }

    /// Looks peers over: which of them to leave, for another one that may be better. `is_stale`
    /// when no block has come for long.
    pub(crate) fn review(
        &mut self,
        now: Now,
        standings: &[Standing],
        is_stale: bool,
    ) -> Vec<PeerId> {
        self.bans.expire(now.wall);
        let Some(found) = &mut self.found else { return Vec::new() };
        // Those that the user named stay, whatever they are worth.
        let is_found =
            |standing: &&Standing| self.calls.get(&standing.peer).is_some_and(|call| !call.named);
        let standings: Vec<Standing> = standings.iter().filter(is_found).copied().collect();
        let mut leaving = Vec::new();
        for standing in &standings {
            let Some(call) = self.calls.get_mut(&standing.peer) else { continue };
            let since = call.behind_since.filter(|_| standing.is_behind);
            call.behind_since = standing.is_behind.then(|| since.unwrap_or(now.mono));
            if call.behind_since.is_some_and(|since| now.mono.since(since) >= BEHIND_TIME) {
                leaving.push(standing.peer);
            }
        }
        if leaving.is_empty() && !found.lacks_peers(&self.calls) {
            // It is of no use, and whoever gives out addresses could fill all places with its kind.
            leaving.extend(standings.iter().find(|one| one.is_mute).map(|one| one.peer));
        }
        found.want_extra(now.mono, is_stale);
        let following = self.calls.values().filter(|call| call.follows() && !call.named).count();
        if leaving.is_empty() && following > TARGET_PEERS {
            // One more than usual was wanted, and is there: the one that told of blocks least goes.
            let settled = |standing: &&Standing| {
                let ready = self.calls.get(&standing.peer).and_then(|call| call.ready_at);
                ready.is_some_and(|ready| now.mono.since(ready) >= STABLE_AFTER)
            };
            let worst = standings.iter().filter(settled).min_by_key(|standing| {
                let ready = self.calls.get(&standing.peer).and_then(|call| call.ready_at);
                (standing.last_block, std::cmp::Reverse(ready))
            });
            leaving.extend(worst.map(|standing| standing.peer));
            found.end_extra();
        }
        leaving
    }

    /// A connection that was open for as long as `lasted` is over.
    pub(crate) fn on_ended(
        &mut self,
        now: Now,
        peer: PeerId,
        lasted: Duration,
        fault: Option<Fault>,
        rng: &mut impl RngCore,
    ) {
        let Some(call) = self.calls.remove(&peer) else { return };
        match &mut self.found {
            Some(found) if !call.named => {
                found.on_ended(now, &call, fault, &self.calls, &mut self.bans);
            }
            _ if call.purpose == Purpose::Chain => {
                self.named.release(now.mono, &call.address, Some(lasted), fault, rng);
            }
            _ => {}
        }
        if call.is_wanted_by_others() && call.ready_at.is_none() {
            let wait = chosen::spread(chosen::doubled(call.failures), rng);
            self.again(now.mono, &call, wait);
        }
    }

    /// What a store does not know yet.
    pub(crate) fn take_changes(&mut self) -> PeerChanges {
        let changes = self.found.as_mut().map(|found| found.take_changes());
        PeerChanges {
            bans: self.bans.take_changes(),
            subnets: self.bans.take_changes_by_hand(),
            ..changes.unwrap_or_default()
        }
    }

    /// How the search for peers goes; `None` if the user named them.
    pub(crate) fn search(&self) -> Option<PeerSearch> {
        Some(self.found.as_ref()?.status())
    }

    /// The addresses at which others may be found that are worth telling.
    pub(crate) fn known(&self, now: WallTime) -> Vec<KnownAddress> {
        self.found.as_ref().map_or_else(Vec::new, |found| found.known(now))
    }

    /// The connection of this id.
    pub(crate) fn call(&self, peer: PeerId) -> Option<&Call> {
        self.calls.get(&peer)
    }

    fn again(&mut self, now: MonoTime, call: &Call, wait: Duration) {
        let failures = call.failures.saturating_add(1);
        let purpose = call.purpose;
        self.one_shots.push_back(OneShot { purpose, due: now.after(wait), failures });
    }

    fn may_call_one_shot(&self) -> bool {
        let beside = self.calls.values().filter(|call| call.is_wanted_by_others()).count();
        let open = self.calls.values().filter(|call| !call.named).count();
        let has_room = self.found.is_none() || open < MAX_CONNECTIONS;
        has_room && beside < MAX_ONE_SHOT_CALLS
    }

    fn one_shot_due(&mut self, now: Now, rng: &mut impl RngCore) -> Option<Call> {
        if !self.may_call_one_shot() {
            return None;
        }
        let place = self.one_shots.iter().position(|one| one.due <= now.mono)?;
        let found = self.found.as_mut();
        let found = found.and_then(|found| found.one_shot(now, &self.calls, &self.bans, rng));
        let named = found.is_none();
        let Some((address, wire)) = found.or_else(|| self.named.take_turn()) else {
            self.one_shots[place].due = now.mono.after(REDIAL_MIN);
            return None;
        };
        let OneShot { purpose, failures, .. } = self.one_shots.remove(place)?;
        Some(Call { named, failures, ..Call::new(address, wire, purpose) })
    }

    fn named_due(&mut self, now: MonoTime) -> Option<Call> {
        let (address, wire) = self.named.take_due(now)?;
        Some(Call { named: true, ..Call::new(address, wire, Purpose::Chain) })
    }
}

#[cfg(test)]
mod tests;
