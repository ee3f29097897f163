//! Owns the choice of the heights that a peer is asked for next: one run without gaps, of versions
//! to which the peer commits.
//!
//! Refuses to ask, and to choose the peer.

use std::ops::RangeInclusive;

use bitcoin::FilterHash;
use bitcoin::hashes::Hash as _;

use crate::filter::commitments::Commitments;
use crate::height::Height;
use crate::limits::{MAX_FILTER_TRIES, MIN_FILTERS_PER_ASK, TIP_RANGE};
use crate::peer_id::PeerId;
use crate::sync::filters::{Circumstances, FilterSync};

impl FilterSync {
    /// The next heights to ask a peer for, at most `limit`: what the scan misses, what is new to
    /// it, what was passed before.
    pub(super) fn next_run(
        &self,
        peer: PeerId,
        common: Height,
        limit: u32,
        room: usize,
        with: Circumstances<'_>,
    ) -> Option<RangeInclusive<Height>> {
        let first = with.need.cursor.next();
        let fits = u32::try_from(room / self.mean_size).unwrap_or(u32::MAX);
        let limit_at = |start: Height| match fits {
            // The filter that the cursor waits for is asked for at any rate.
            _ if start == first => limit.min(fits).max(1),
            // Not one by one, as each leaves a little room.
            0..MIN_FILTERS_PER_ASK => 0,
            fits => limit.min(fits),
        };
        let end = Height::new(u32::MAX);
        self.wanted_run(peer, first..=end, limit_at, with.commitments)
            .or_else(|| self.new_run(common, limit_at, with))
            .or_else(|| {
                self.wanted_run(peer, Height::GENESIS..=first.down(1), limit_at, with.commitments)
            })
    }

    /// A run of wanted versions to which the peer commits.
    fn wanted_run(
        &self,
        peer: PeerId,
        heights: RangeInclusive<Height>,
        limit_at: impl Fn(Height) -> u32,
        commitments: &Commitments,
    ) -> Option<RangeInclusive<Height>> {
        let serves = |height: Height| {
            let hash = commitments.commits_to(peer, height);
            hash.is_some_and(|hash| self.wanted.contains(&(height, hash)))
                && self.withheld.get(&(peer, height)).is_none_or(|n| *n < MAX_FILTER_TRIES)
        };
        let (mut start, last) = heights.into_inner();
        loop {
            let lowest = FilterHash::from_byte_array([0; 32]);
            start = self.wanted.range((start, lowest)..).next()?.0;
            if start > last || limit_at(start) == 0 {
                return None;
            }
            if serves(start) {
                break;
            }
            // Over all that the peer says nothing of.
            start = commitments.next_covered(peer, start.next())?;
        }
        let run = (start.to_u32()..=last.to_u32()).map(Height::new).take(limit_at(start) as usize);
        let end = run.take_while(|height| serves(*height)).last()?;
        Some(start..=end)
    }

    /// A run of new blocks whose filters are asked for together with what they hash to, to whom
    /// nobody has committed yet.
    fn new_run(
        &self,
        common: Height,
        limit_at: impl Fn(Height) -> u32,
        with: Circumstances<'_>,
    ) -> Option<RangeInclusive<Height>> {
        let start = self.next.max(with.commitments.tip().next());
        if with.tree.tip().height.above(with.need.cursor) > TIP_RANGE {
            return None;
        }
        let run = (start.to_u32()..=common.to_u32()).map(Height::new);
        let end = run.take(limit_at(start) as usize).last()?;
        Some(start..=end)
    }
}
