//! Owns the judgement of one address: how likely it is to be tried, and whether it is worth its
//! place.
//!
//! Refuses to move it. Bitcoin Core's `AddrInfo` judges alike.

use std::time::Duration;

use rand_chacha::rand_core::RngCore;

use crate::change_set::{AddressRecord, Place};
use crate::codec::Rumour;
use crate::limits::{
    ADDRESS_HORIZON, BEING_TRIED, FAILING_FOR, MAX_FAILURES, MAX_FIRST_FAILURES, MAX_SEEN_AHEAD,
    RECENTLY_TRIED, SEEN_UNKNOWN,
};
use crate::peer_id::NetworkGroup;
use crate::time::WallTime;

/// What is known of an address when it is first heard of.
pub(super) const fn heard(services: u64, seen: WallTime, source: NetworkGroup) -> AddressRecord {
    AddressRecord {
        services,
        seen,
        tried: None,
        reached: None,
        failures: 0,
        failed: None,
        lacks_v2: None,
        source,
        place: Place::New(Vec::new()),
    }
}

/// A time at which an address may have been seen: one from the future, or from before there was
/// gossip, is nobody's knowledge.
pub(super) fn believable(seen: WallTime, now: WallTime) -> WallTime {
    let known = FIRST_GOSSIP..=now.after(MAX_SEEN_AHEAD);
    if known.contains(&seen) { seen } else { now.before(SEEN_UNKNOWN) }
}

/// No memory is newer than now: the clock was set back since.
pub(super) fn not_in_future(record: &mut AddressRecord, now: WallTime) {
    record.seen = record.seen.min(now.after(MAX_SEEN_AHEAD));
    let AddressRecord { tried, reached, failed, lacks_v2, .. } = record;
    for time in [tried, reached, failed, lacks_v2] {
        *time = time.map(|time| time.min(now));
    }
}

/// Takes over what a rumour adds; whether it added anything. The time moves in steps only: an
/// exact one would show who heard what from whom.
pub(super) fn update(record: &mut AddressRecord, rumour: &Rumour, now: WallTime) -> bool {
    let is_online = now.since(rumour.seen) < DAY;
    let step = if is_online { HOUR } else { DAY };
    let before = (record.seen, record.services);
    if record.seen.after(step) < rumour.seen {
        record.seen = rumour.seen;
    }
    // What a peer said of itself stands.
    if record.reached.is_none() {
        record.services |= rumour.services;
    }
    before != (record.seen, record.services)
}

/// Whether a place is better used by another address.
pub(super) fn is_worthless(record: &AddressRecord, now: WallTime) -> bool {
    if record.tried.is_some_and(|tried| tried.was_within(BEING_TRIED, now)) {
        return false;
    }
    record.seen > now.after(MAX_SEEN_AHEAD)
        || now.since(record.seen) > ADDRESS_HORIZON
        || has_failed_too_often(record, now)
}

/// Whether an address has failed too often, and for too long, to be kept.
pub(super) fn has_failed_too_often(record: &AddressRecord, now: WallTime) -> bool {
    match record.reached {
        None => record.failures >= MAX_FIRST_FAILURES,
        Some(reached) => record.failures >= MAX_FAILURES && now.since(reached) > FAILING_FOR,
    }
}

/// Draws whether an address is taken, where `patience` grows from [`CERTAIN`] with every draw.
pub(super) fn is_chosen(
    record: &AddressRecord,
    now: WallTime,
    patience: u64,
    rng: &mut impl RngCore,
) -> bool {
    let mut chance = CERTAIN;
    if record.tried.is_some_and(|tried| tried.was_within(RECENTLY_TRIED, now)) {
        chance /= 100;
    }
    for _ in 0..record.failures.min(8) {
        chance = chance / 3 * 2;
    }
    u64::from(rng.next_u32())
        < chance.saturating_mul(patience / CERTAIN_STEP) / (CERTAIN / CERTAIN_STEP)
}

/// Whether the holder of a place has lost or kept it to one that answered; `None` while that is
/// not known. Tests older than `recent` don't count.
pub(super) fn yields(holder: &AddressRecord, now: WallTime, recent: Duration) -> Option<bool> {
    if holder.reached.is_some_and(|reached| reached.was_within(recent, now)) {
        return Some(false);
    }
    let since_tried = now.since(holder.tried?);
    (since_tried < recent && since_tried > BEING_TRIED).then_some(true)
}

/// The chance of an address that was not tried of late and never failed.
pub(super) const CERTAIN: u64 = 1 << 32;

/// Patience beyond which everybody is taken.
pub(super) const ALL_PATIENCE: u64 = 1 << 48;

/// So that the products of chances stay below 64 bits.
const CERTAIN_STEP: u64 = 1 << 16;

/// Before there was a second peer to tell of: a peer that says so has no clock.
const FIRST_GOSSIP: WallTime = WallTime::new(1_231_006_505);

const HOUR: Duration = Duration::from_secs(3600);

const DAY: Duration = Duration::from_secs(24 * 3600);
