//! Owns `Roster`: which connections there are, what each is for, and which to open next.
//!
//! Refuses to open them, and to know what is said on them.

mod chosen;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rand_chacha::rand_core::RngCore;

use crate::dial::{DialProblem, Purpose, Wire};
use crate::fault::Fault;
use crate::limits::{MAX_ONE_SHOT_CALLS, MAX_ONE_SHOTS};
use crate::peer_id::{PeerAddress, PeerId};
use crate::peers::roster::chosen::Chosen;
use crate::time::MonoTime;

/// All connections, and those to come.
#[derive(Debug)]
pub(crate) struct Roster {
    chosen: Chosen,
    calls: BTreeMap<PeerId, Call>,
    one_shots: VecDeque<OneShot>,
}

/// One connection to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) address: PeerAddress,
    pub(crate) wire: Wire,
    pub(crate) purpose: Purpose,
    /// How often in a row its purpose has failed already.
    failures: u32,
    /// Whether its handshake was finished.
    ready: bool,
}

/// A connection that somebody wants for one thing.
#[derive(Debug)]
struct OneShot {
    purpose: Purpose,
    due: MonoTime,
    failures: u32,
}

impl Roster {
    /// A roster of chosen addresses, all to be dialled now; repeated ones count once.
    pub(crate) fn new(addresses: Vec<PeerAddress>, now: MonoTime) -> Self {
        let chosen = Chosen::new(addresses, now);
        Self { chosen, calls: BTreeMap::new(), one_shots: VecDeque::new() }
    }

    /// Wants one connection for `purpose`, isolated and beside those that follow the chain. It is
    /// dialled, at one address after another, until a handshake on one is finished; from then on
    /// the peer is whose purpose it is, who closes it when done. A wish beyond
    /// [`MAX_ONE_SHOTS`] open ones is forgotten.
    #[allow(dead_code, reason = "for announcing, which comes next")]
    pub(crate) fn one_shot(&mut self, now: MonoTime, purpose: Purpose) {
        if self.one_shots.len() < MAX_ONE_SHOTS {
            self.one_shots.push_back(OneShot { purpose, due: now, failures: 0 });
        }
    }

    /// How many connections for `purpose` are wanted and not finished with their handshake.
    #[allow(dead_code, reason = "for announcing, which comes next")]
    pub(crate) fn one_shots(&self, purpose: Purpose) -> usize {
        let queued = self.one_shots.iter().filter(|one| one.purpose == purpose);
        let called = self.calls.values().filter(|call| call.purpose == purpose && !call.ready);
        queued.count() + called.count()
    }

    /// Wants no further connection for `purpose`; those that are being opened stay.
    #[allow(dead_code, reason = "for announcing, which comes next")]
    pub(crate) fn cancel(&mut self, purpose: Purpose) {
        self.one_shots.retain(|one| one.purpose != purpose);
    }

    /// A connection to open now, under the id `peer`.
    pub(crate) fn take_due(&mut self, now: MonoTime, peer: PeerId) -> Option<Call> {
        let call = self.one_shot_due(now).or_else(|| {
            let (address, wire) = self.chosen.take_due(now)?;
            Some(Call { address, wire, purpose: Purpose::Chain, failures: 0, ready: false })
        })?;
        self.calls.insert(peer, call.clone());
        Some(call)
    }

    /// When the next connection is due.
    pub(crate) fn next_due(&self) -> Option<MonoTime> {
        let one_shot = self.one_shots.iter().map(|one| one.due).min();
        let one_shot = one_shot.filter(|_| self.may_call_one_shot());
        self.chosen.next_due().into_iter().chain(one_shot).min()
    }

    /// The connection could not be opened.
    pub(crate) fn on_dial_failed(
        &mut self,
        now: MonoTime,
        peer: PeerId,
        why: DialProblem,
        rng: &mut impl RngCore,
    ) {
        let Some(call) = self.calls.remove(&peer) else { return };
        let lacks_v2 = why == DialProblem::NoV2 && call.wire == Wire::V2;
        match call.purpose {
            Purpose::Chain if lacks_v2 => self.chosen.lacks_v2(now, &call.address),
            Purpose::Chain => self.chosen.release(now, &call.address, None, None, rng),
            purpose => {
                if lacks_v2 {
                    self.chosen.lacks_v2(now, &call.address);
                    self.one_shots.push_front(OneShot { purpose, due: now, failures: 0 });
                } else {
                    self.again(now, &call, rng);
                }
            }
        }
    }

    /// The handshake on a connection is finished.
    pub(crate) fn on_ready(&mut self, peer: PeerId) {
        if let Some(call) = self.calls.get_mut(&peer) {
            call.ready = true;
        }
    }

    /// A connection that was open for as long as `lasted` is over.
    pub(crate) fn on_ended(
        &mut self,
        now: MonoTime,
        peer: PeerId,
        lasted: Duration,
        fault: Option<Fault>,
        rng: &mut impl RngCore,
    ) {
        let Some(call) = self.calls.remove(&peer) else { return };
        match call.purpose {
            Purpose::Chain => self.chosen.release(now, &call.address, Some(lasted), fault, rng),
            _ if call.ready => {}
            _ => self.again(now, &call, rng),
        }
    }

    fn again(&mut self, now: MonoTime, call: &Call, rng: &mut impl RngCore) {
        let due = now.after(chosen::spread(chosen::doubled(call.failures), rng));
        let failures = call.failures.saturating_add(1);
        self.one_shots.push_back(OneShot { purpose: call.purpose, due, failures });
    }

    fn may_call_one_shot(&self) -> bool {
        let calls = self.calls.values().filter(|call| call.purpose != Purpose::Chain);
        calls.count() < MAX_ONE_SHOT_CALLS
    }

    fn one_shot_due(&mut self, now: MonoTime) -> Option<Call> {
        if !self.may_call_one_shot() {
            return None;
        }
        let place = self.one_shots.iter().position(|one| one.due <= now)?;
        let (address, wire) = self.chosen.take_turn()?;
        let OneShot { purpose, failures, .. } = self.one_shots.remove(place)?;
        Some(Call { address, wire, purpose, failures, ready: false })
    }
}
