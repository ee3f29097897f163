//! Owns `Roster`: which connections there are, what each is for, and which to open next.
//!
//! Peers are those that the user named, or, where none was named, those that are found. Refuses to
//! open connections, and to know what is said on them.

mod anchors;
mod call;
mod candidates;
mod chosen;
mod seeds;
mod found;

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
use crate::peers::roster::chosen::Chosen;
use crate::peers::roster::found::Found;
use crate::status::{BannedHost, PeerSearch};
use crate::time::{MonoTime, Now};

pub(crate) use call::Call;

/// All connections, and those to come.
#[derive(Debug)]
pub(crate) struct Roster {
    source: Source,
    calls: BTreeMap<PeerId, Call>,
    one_shots: VecDeque<OneShot>,
}

/// Where addresses come from.
#[derive(Debug)]
enum Source {
    /// The user named them.
    Chosen(Chosen),
    /// They are found.
    Found(Box<Found>),
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
        stored: StoredPeers,
        now: Now,
        rng: &mut impl RngCore,
    ) -> Self {
        let source = if config.connect.is_empty() {
            Source::Found(Box::new(Found::new(config, stored, now, rng)))
        } else {
            Source::Chosen(Chosen::new(config.connect.clone(), now.mono))
        };
        Self { source, calls: BTreeMap::new(), one_shots: VecDeque::new() }
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
        let call = self.one_shot_due(now, rng).or_else(|| match &mut self.source {
            Source::Chosen(chosen) => {
                let (address, wire) = chosen.take_due(now.mono)?;
                Some(Call::new(address, wire, Purpose::Chain))
            }
            Source::Found(found) => found.take_due(now, &self.calls, rng),
        })?;
        self.calls.insert(peer, call.clone());
        Some(call)
    }

    /// When the next connection is due.
    pub(crate) fn next_due(&self) -> Option<MonoTime> {
        let one_shot = self.one_shots.iter().map(|one| one.due).min();
        let one_shot = one_shot.filter(|_| self.may_call_one_shot());
        let lasting = match &self.source {
            Source::Chosen(chosen) => chosen.next_due(),
            Source::Found(found) => found.next_due(&self.calls),
        };
        lasting.into_iter().chain(one_shot).min()
    }

    /// A name to look up.
    pub(crate) fn take_lookup(&mut self) -> Option<(LookupId, String)> {
        match &mut self.source {
            Source::Chosen(_) => None,
            Source::Found(found) => found.take_lookup(),
        }
    }

    /// A name was looked up.
    pub(crate) fn on_resolved(
        &mut self,
        now: Now,
        id: LookupId,
        found: &[IpAddr],
        rng: &mut impl RngCore,
    ) {
        if let Source::Found(source) = &mut self.source {
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
        match &mut self.source {
            Source::Found(found) => found.on_dial_failed(now, &call, why, &self.calls),
            Source::Chosen(chosen) if lacks_v2 => {
                chosen.lacks_v2(now.mono, &call.address, call.purpose == Purpose::Chain);
            }
            Source::Chosen(chosen) if call.purpose == Purpose::Chain => {
                chosen.release(now.mono, &call.address, None, None, rng);
            }
            Source::Chosen(_) => {}
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
        if let Source::Found(found) = &mut self.source {
            found.on_ready(now, call, services);
        }
    }

    /// Whether a peer whose handshake is finished is to be asked for addresses; said once.
    pub(crate) fn asks_for_addresses(&mut self, now: MonoTime, peer: PeerId) -> bool {
        let is_found = matches!(self.source, Source::Found(_));
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
        let Source::Found(found) = &mut self.source else { return };
        let Some(call) = self.calls.get_mut(&peer) else { return };
        let admitted = call.admit(now.mono, told.len());
        found.on_addresses(now, call, &told[..admitted], rng);
    }

    /// A peer gave what only the chain has: a filter, or a block.
    pub(crate) fn on_useful(&mut self, peer: PeerId) {
        let Some(call) = self.calls.get_mut(&peer).filter(|call| !call.useful) else { return };
        call.useful = true;
        let Source::Found(found) = &mut self.source else { return };
        let mut best: Vec<&Call> =
            self.calls.values().filter(|call| call.useful && call.follows()).collect();
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
        let Source::Found(found) = &mut self.source else { return Vec::new() };
        let mut leaving = Vec::new();
        for standing in standings {
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
        found.bans.expire(now.wall);
        found.want_extra(now.mono, is_stale);
        let following = self.calls.values().filter(|call| call.follows()).count();
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
        match &mut self.source {
            Source::Found(found) => found.on_ended(now, &call, fault, &self.calls),
            Source::Chosen(chosen) if call.purpose == Purpose::Chain => {
                chosen.release(now.mono, &call.address, Some(lasted), fault, rng);
            }
            Source::Chosen(_) => {}
        }
        if call.is_wanted_by_others() && call.ready_at.is_none() {
            let wait = chosen::spread(chosen::doubled(call.failures), rng);
            self.again(now.mono, &call, wait);
        }
    }

    /// What a store does not know yet.
    pub(crate) fn take_changes(&mut self) -> PeerChanges {
        match &mut self.source {
            Source::Chosen(_) => PeerChanges::default(),
            Source::Found(found) => found.take_changes(),
        }
    }

    /// How the search for peers goes; `None` if the user named them.
    pub(crate) fn search(&self) -> Option<PeerSearch> {
        let Source::Found(found) = &self.source else { return None };
        Some(found.status())
    }

    /// Who is left alone.
    pub(crate) fn banned(&self) -> Vec<BannedHost> {
        let Source::Found(found) = &self.source else { return Vec::new() };
        found.banned()
    }

    fn again(&mut self, now: MonoTime, call: &Call, wait: Duration) {
        let failures = call.failures.saturating_add(1);
        let purpose = call.purpose;
        self.one_shots.push_back(OneShot { purpose, due: now.after(wait), failures });
    }

    fn may_call_one_shot(&self) -> bool {
        let beside = self.calls.values().filter(|call| call.is_wanted_by_others()).count();
        let has_room = match self.source {
            Source::Chosen(_) => true,
            Source::Found(_) => self.calls.len() < MAX_CONNECTIONS,
        };
        has_room && beside < MAX_ONE_SHOT_CALLS
    }

    fn one_shot_due(&mut self, now: Now, rng: &mut impl RngCore) -> Option<Call> {
        if !self.may_call_one_shot() {
            return None;
        }
        let place = self.one_shots.iter().position(|one| one.due <= now.mono)?;
        let found = match &mut self.source {
            Source::Chosen(chosen) => chosen.take_turn(),
            Source::Found(found) => found.one_shot(now, &self.calls, rng),
        };
        let Some((address, wire)) = found else {
            self.one_shots[place].due = now.mono.after(REDIAL_MIN);
            return None;
        };
        let OneShot { purpose, failures, .. } = self.one_shots.remove(place)?;
        Some(Call { failures, ..Call::new(address, wire, purpose) })
    }
}

#[cfg(test)]
mod tests;
