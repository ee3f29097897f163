//! Owns the comparison of peers by their checkpoints: where one commits to what is known, or to the
//! same as another.
//!
//! Refuses checkpoints without hashes that lead from one to the next: they bind nobody else.

use std::ops::RangeInclusive;

use bitcoin::FilterHeader;

use crate::filter::commitments::Commitments;
use crate::height::Height;
use crate::limits::MAX_CHAINED_INTERVALS;
use crate::peer_id::PeerId;
use crate::sync::filter_headers::talk::Talk;
use crate::sync::filter_headers::{FilterHeaderSync, Standing, interval_of};

impl FilterHeaderSync {
    /// Finds out by checkpoints where peers commit to what is known, or to the same as another
    /// peer. A bounded number of intervals is hashed in one step.
    pub(super) fn compare(&mut self, standing: Standing<'_>, commitments: &mut Commitments) {
        let mut budget = MAX_CHAINED_INTERVALS;
        let first = standing.tree.base().height.next();
        self.is_busy = false;
        for (peer, common) in standing.told {
            let limit = commitments.tip().min(*common);
            if commitments.is_full(*peer) {
                continue;
            }
            let Some(mut left) = commitments.compared(*peer).cloned() else { continue };
            while let Some(gap) = left.gap(first..=limit) {
                let interval = interval_of(*gap.start());
                left.insert(*gap.start()..=*interval.end());
                if gap.start() != interval.start() || gap.end() < interval.end() {
                    continue;
                }
                let Some(talk) = self.talks.get(peer) else { break };
                let Some(ends) = talk.checkpoints_of(&interval) else { continue };
                if talk.missed.contains(interval.start()) {
                    continue;
                }
                if budget == 0 {
                    self.is_busy = true;
                    return;
                }
                budget -= 1;
                if chained(commitments, &interval, ends.0) == Some(ends.1) {
                    commitments.cover(*peer, interval);
                } else if let Some(other) = self.twin(*peer, &interval, ends, commitments) {
                    budget = budget.saturating_sub(1);
                    commitments.follow(*peer, other, interval);
                } else if let Some(talk) = self.talks.get_mut(peer) {
                    budget = budget.saturating_sub(1);
                    talk.missed.insert(*interval.start());
                }
            }
        }
    }

    /// Another peer with the same checkpoints at the ends of an interval, whose hashes lead from the one
    /// to the other. Who sends true checkpoints and other hashes says nothing of what others commit to.
    fn twin(
        &self,
        peer: PeerId,
        interval: &RangeInclusive<Height>,
        ends: (FilterHeader, FilterHeader),
        commitments: &Commitments,
    ) -> Option<PeerId> {
        let same = |(other, talk): &(&PeerId, &Talk)| {
            **other != peer
                && talk.checkpoints_of(interval) == Some(ends)
                && commitments.covers(**other, interval)
                // Else its hashes are the fronts.
                && commitments.differs_from(**other, *interval.start()).is_some_and(|at| interval.contains(&at))
        };
        let others = self.talks.iter().filter(same).map(|(other, _)| *other);
        let leads = |other: &PeerId| {
            let heights = (interval.start().to_u32()..=interval.end().to_u32()).map(Height::new);
            let mut hashes = heights.map(|height| commitments.commits_to(*other, height));
            let end = hashes.try_fold(ends.0, |header, hash| Some(hash?.filter_header(&header)));
            end == Some(ends.1)
        };
        others.into_iter().find(leads)
    }
}

/// The filter header at the end of an interval, if what is known is chained onto `previous`.
fn chained(
    commitments: &Commitments,
    interval: &RangeInclusive<Height>,
    previous: FilterHeader,
) -> Option<FilterHeader> {
    let mut hashes = commitments.fronts(interval)?.iter();
    Some(hashes.by_ref().fold(previous, |header, hash| hash.filter_header(&header)))
}
