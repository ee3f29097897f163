//! Owns the taking over of work: a peer with nothing to do is asked for what another one would
//! finish later.
//!
//! Estimates only: by the speed that was measured, and by how long a peer is silent. What the slow
//! one sends first is welcome all the same.

use std::time::Duration;

use crate::filter::commitments::Commitments;
use crate::height::Height;
use crate::limits::{MAX_FILTER_ASKS, MAX_FILTERS_PER_ASK, QUIET_PATIENCE, STEAL_MARGIN};
use crate::outbox::Outbox;
use crate::pace::Pace;
use crate::peer_id::PeerId;
use crate::sync::filters::{Circumstances, FilterSync};
use crate::time::MonoTime;

impl FilterSync {
    /// Gives each of the idle peers something of the work of those that end last.
    pub(super) fn steal(&mut self, idle: &[PeerId], with: Circumstances<'_>, outbox: &mut Outbox) {
        self.steal_due = None;
        for thief in idle {
            while self.talks.get(thief).is_some_and(|talk| talk.asks.len() < MAX_FILTER_ASKS)
                && let Some((victim, worth_at)) = self.victim(*thief, with.now)
            {
                if worth_at > with.now {
                    self.steal_due = self.steal_due.into_iter().chain([worth_at]).min();
                    break;
                }
                let loot = self.loot(*thief, victim, with.now, with.commitments);
                let (Some(first), Some(last)) = (loot.last(), loot.first()) else { break };
                if let Some(talk) = self.talks.get_mut(&victim) {
                    for height in &loot {
                        talk.give_up(*height);
                    }
                }
                self.ask(*thief, *first..=*last, with, outbox);
            }
        }
    }

    /// The peer that ends last, and from when on a thief would end notably earlier.
    fn victim(&self, thief: PeerId, now: MonoTime) -> Option<(PeerId, MonoTime)> {
        let swift = self.talks.get(&thief)?;
        let busy = self.talks.iter().filter(|(peer, talk)| **peer != thief && talk.waiting() > 0);
        let (victim, left, bytes) = busy
            .map(|(peer, talk)| {
                (*peer, talk.left(now, self.mean_size), talk.underway_bytes(self.mean_size))
            })
            .max_by_key(|(peer, left, _)| (*left, *peer))?;
        // With half of the rest, so that the other half is done meanwhile.
        let half = swift.underway_bytes(self.mean_size) + bytes / 2;
        let half = swift.pace.latency() + swift.pace.time_for(half);
        let worth = half + half / 2 + STEAL_MARGIN;
        // Time alone makes it worth it when the victim is silent; and who has nothing else to do
        // loses nothing by it soon.
        let worth_at = now.after(worth.saturating_sub(left));
        let silent_at = self.talks.get(&victim).filter(|_| swift.is_idle()).map(|talk| {
            let silence = talk.pace.silence(now);
            now.after(QUIET_PATIENCE.saturating_sub(silence))
        });
        Some((victim, silent_at.map_or(worth_at, |silent_at| worth_at.min(silent_at))))
    }

    /// The last of what the victim is asked for, highest first: as much as lets both end together.
    fn loot(
        &self,
        thief: PeerId,
        victim: PeerId,
        now: MonoTime,
        commitments: &Commitments,
    ) -> Vec<Height> {
        let (Some(swift), Some(slow)) = (self.talks.get(&thief), self.talks.get(&victim)) else {
            return Vec::new();
        };
        let busy = swift.pace.latency() + swift.left(now, self.mean_size);
        let spare = slow.left(now, self.mean_size).saturating_sub(busy);
        let bytes = share(spare, &swift.pace, &slow.pace);
        let count = bytes.div_ceil(self.mean_size as u64).clamp(1, MAX_FILTERS_PER_ASK.into());
        let can = |height: &Height| {
            let version = commitments.commits_to(victim, *height);
            version.is_some() && commitments.commits_to(thief, *height) == version
        };
        let mut heights: Vec<Height> = Vec::new();
        for ask in slow.asks.iter().rev().filter(|ask| ask.waiting.iter().any(can)).take(1) {
            let tail = ask.waiting.iter().rev().copied();
            for height in tail.skip_while(|height| !can(height)).take_while(can) {
                let follows = heights.last().is_none_or(|above| height.next() == *above);
                if !follows || heights.len() as u64 == count {
                    break;
                }
                heights.push(height);
            }
        }
        heights
    }
}

/// The bytes that a thief can fetch while the victim sends the rest of what takes it so long.
fn share(spare: Duration, swift: &Pace, slow: &Pace) -> u64 {
    let (swift, slow) = (u128::from(swift.rate()), u128::from(slow.rate()));
    let bytes = spare.as_micros() * swift * slow / (swift + slow).max(1) / 1_000_000;
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
