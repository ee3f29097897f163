//! Owns when a question for filters is answered: with all versions, without those that were waited for
//! in vain, or with as many blocks as there is room for.
//!
//! Refuses to leave a version out without saying so, and to wait for whoever drips.

use std::sync::Arc;

use super::{AskedFilters, FilterAnswer, Stage};
use crate::chain::header_tree::HeaderTree;
use crate::filter::commitments::Commitments;
use crate::height::Height;
use crate::kept::{FilterId, FilterRange, FoundFilters, KeptFilter};
use crate::limits::OWING_PATIENCE;
use crate::time::MonoTime;

impl AskedFilters {
    /// The next answer, of whichever question can be answered. If there are other versions by now
    /// than were gathered, it is not one, and they are gathered first.
    pub(crate) fn next_answer(
        &mut self,
        now: MonoTime,
        tree: &HeaderTree,
        commitments: &Commitments,
    ) -> Option<FilterAnswer> {
        let tip = tree.tip().height;
        for range in self.questions.clone() {
            let is_on_chain =
                range.first > tree.base().height && range.first <= tip && range.first <= range.last;
            let found = self.found(range, tip, now, commitments);
            if found.is_some() || !is_on_chain {
                self.leave(range);
                return Some(FilterAnswer { range, filters: found.filter(|_| is_on_chain) });
            }
        }
        None
    }

    /// When somebody will have been waited for in vain.
    pub(crate) fn next_due(&self, now: MonoTime) -> Option<MonoTime> {
        let ends = self.rows.values().filter_map(|row| Some(row.since?.after(OWING_PATIENCE)));
        ends.filter(|end| *end > now).min()
    }

    fn found(
        &mut self,
        range: FilterRange,
        tip: Height,
        now: MonoTime,
        commitments: &Commitments,
    ) -> Option<FoundFilters> {
        let (mut found, is_full) = (FoundFilters::default(), !self.has_room());
        for height in range.heights().take_while(|height| *height <= tip) {
            match self.found_at(height, now, commitments) {
                Some(here) => {
                    found.filters.extend(here.filters);
                    found.unread.extend(here.unread);
                }
                None if is_full && !found.filters.is_empty() => break,
                None => return None,
            }
        }
        for id in &found.unread {
            self.slow.extend(commitments.committers(id.block.height, id.hash));
        }
        Some(found)
    }

    /// What is found of one block, if nothing more is waited for.
    fn found_at(
        &mut self,
        height: Height,
        now: MonoTime,
        commitments: &Commitments,
    ) -> Option<FoundFilters> {
        let row = self.rows.get(&height)?;
        let end = row.since?.after(OWING_PATIENCE);
        let mut found = FoundFilters::default();
        for hash in &row.versions {
            let id = FilterId { block: row.block, hash: *hash };
            match self.filters.get(&id)? {
                Stage::Good(bytes) => {
                    found.filters.push(KeptFilter { id, bytes: Arc::clone(bytes) });
                }
                Stage::Missing | Stage::Later => found.unread.push(id),
                Stage::Kept | Stage::Read | Stage::Unchecked { .. } | Stage::Checked { .. } => {
                    return None;
                }
            }
        }
        let is_awaited = |id: &FilterId| {
            let mut peers = commitments.committers(height, id.hash);
            now < end && peers.any(|peer| !commitments.is_aside(peer) && !self.slow.contains(&peer))
        };
        if found.filters.is_empty() || found.unread.iter().any(is_awaited) {
            return None;
        }
        let versions = self.readable(row.block, commitments.versions(height));
        if versions.iter().any(|version| !row.versions.contains(version)) {
            self.stale = true;
            return None;
        }
        Some(found)
    }
}
