//! Owns the filters at hand: which are to be downloaded or read from the store, which are here, for
//! which scripts each is still to be matched, and the jobs that do it.
//!
//! Refuses to decide what is to be matched: scan and backfill want filters, and drop them when they
//! are done with them. Until then a filter stays, so when the list grows only the new scripts are
//! matched again.

pub(crate) mod row;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use bitcoin::{Script, ScriptBuf};

use crate::filter::watch_list::WatchList;
use crate::height::Height;
use crate::height_ranges::HeightRanges;
use crate::job::{FilterToMatch, FilterVerdict, Job, JobId};
use crate::kept::{FilterId, KeptFilter, ReadId};
use crate::limits::{
    MAX_BYTES_PER_JOB, MAX_FILTER_BYTES, MAX_FILTERS_PER_JOB, MAX_FILTERS_PER_READ, MAX_READS,
    MIN_JOBS,
};
use crate::peer_id::PeerId;

/// Filters and scripts.
#[derive(Debug, Default)]
pub(crate) struct Matching {
    watched: WatchList,
    /// Where the store may have filters; `None` if it keeps none.
    kept: Option<HeightRanges>,
    filters: BTreeMap<FilterId, Filter>,
    held_bytes: usize,
    /// To be read from the store.
    unread: BTreeSet<FilterId>,
    reads: BTreeMap<ReadId, Vec<FilterId>>,
    next_read: u64,
    /// To be downloaded, and not said yet.
    missing: Vec<FilterId>,
    /// Not to be downloaded any more, and not said yet.
    dropped: Vec<FilterId>,
    /// Here, with scripts to match and no job that does it.
    unmatched: BTreeSet<FilterId>,
    jobs: BTreeMap<JobId, Sent>,
    next_job: u64,
    /// For the store.
    good: Vec<KeptFilter>,
    matched: u64,
}

#[derive(Debug)]
struct Filter {
    /// The places in the watch list of the scripts that it is to be matched for.
    scripts: Range<usize>,
    bytes: Option<Bytes>,
    job: Option<JobId>,
    /// Whether its bytes were found to be what its name says. Until then nothing is known of it,
    /// also when there are no scripts to match.
    checked: bool,
}

#[derive(Debug)]
struct Bytes {
    bytes: Arc<[u8]>,
    /// Who sent it; `None`: the store has it.
    from: Option<PeerId>,
}

/// What a job is about.
#[derive(Debug)]
struct Sent {
    filters: Vec<FilterId>,
    scripts: Range<usize>,
}

/// What became of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) id: FilterId,
    pub(crate) verdict: FilterVerdict,
    /// Who sent it; `None`: the store.
    pub(crate) from: Option<PeerId>,
}

impl Matching {
    /// A store keeps filters at these heights; `None`: it keeps none.
    pub(crate) fn new(kept: Option<HeightRanges>) -> Self {
        Self { kept, ..Self::default() }
    }

    /// The places of all scripts in the watch list.
    pub(crate) const fn all(&self) -> Range<usize> {
        0..self.watched.len()
    }

    /// How many filters were matched, each counted once for each time.
    pub(crate) const fn matched(&self) -> u64 {
        self.matched
    }

    pub(crate) const fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Whether a script is watched.
    pub(crate) fn watches(&self, script: &Script) -> bool {
        self.watched.contains(script)
    }

    /// Adds scripts; the places of those that are new.
    pub(crate) fn watch(&mut self, scripts: Vec<ScriptBuf>) -> Range<usize> {
        let before = self.watched.len();
        self.watched.add(scripts);
        before..self.watched.len()
    }

    /// Adds scripts that are in the list already to its end; their new places.
    pub(crate) fn watch_again(&mut self, scripts: Vec<ScriptBuf>) -> Range<usize> {
        let before = self.watched.len();
        self.watched.repeat(scripts);
        before..self.watched.len()
    }

    /// Scripts are looked for no longer.
    pub(crate) fn forget_scripts(&mut self, scripts: Vec<ScriptBuf>) {
        self.watched.forget(&scripts.into_iter().collect());
    }

    /// A filter is to be matched for scripts too.
    pub(crate) fn want(&mut self, id: FilterId, scripts: Range<usize>) {
        if let Some(filter) = self.filters.get_mut(&id) {
            filter.scripts = union(&filter.scripts, &scripts);
            if filter.is_ready() {
                self.unmatched.insert(id);
            }
            return;
        }
        self.filters.insert(id, Filter { scripts, bytes: None, job: None, checked: false });
        if self.keeps(id.block.height) {
            self.unread.insert(id);
        } else {
            self.missing.push(id);
        }
    }

    /// Whether a filter that was wanted is matched for all that it was wanted for.
    pub(crate) fn is_done(&self, id: &FilterId) -> bool {
        self.filters.get(id).is_some_and(|filter| filter.checked && filter.scripts.is_empty())
    }

    /// Whether the store may have filters of this height.
    pub(crate) fn keeps(&self, height: Height) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.contains(height))
    }

    /// Whether a filter is wanted and not here.
    pub(crate) fn lacks(&self, id: &FilterId) -> bool {
        self.filters.get(id).is_some_and(|filter| filter.bytes.is_none())
    }

    /// A filter that is here.
    pub(crate) fn bytes(&self, id: &FilterId) -> Option<Arc<[u8]>> {
        let held = self.filters.get(id)?.bytes.as_ref()?;
        Some(Arc::clone(&held.bytes))
    }

    /// A filter is not wanted any more.
    pub(crate) fn drop_filter(&mut self, id: &FilterId) {
        let Some(filter) = self.filters.remove(id) else { return };
        self.unmatched.remove(id);
        match filter.bytes {
            Some(held) => self.held_bytes -= held.bytes.len(),
            None => {
                if !self.unread.remove(id) {
                    self.dropped.push(*id);
                }
            }
        }
    }

    /// No filter is wanted any more.
    pub(crate) fn clear(&mut self) {
        for id in self.filters.keys().copied().collect::<Vec<_>>() {
            self.drop_filter(&id);
        }
        self.reads.clear();
    }

    /// The filters to download that were not said before.
    pub(crate) fn take_missing(&mut self) -> Vec<FilterId> {
        let mut missing = std::mem::take(&mut self.missing);
        missing.retain(|id| self.filters.contains_key(id));
        missing
    }

    /// The filters that need no download any more.
    pub(crate) fn take_dropped(&mut self) -> Vec<FilterId> {
        let mut dropped = std::mem::take(&mut self.dropped);
        dropped.retain(|id| !self.filters.contains_key(id));
        dropped
    }

    /// Filters for the store that were not said before.
    pub(crate) fn take_good(&mut self) -> Vec<KeptFilter> {
        std::mem::take(&mut self.good)
    }

    /// A filter came from a peer.
    pub(crate) fn hold(&mut self, id: FilterId, bytes: Arc<[u8]>, from: PeerId) {
        self.take_in(id, bytes, Some(from));
    }

    /// The next filters to read from the store, if there is room for them.
    pub(crate) fn next_read(&mut self) -> Option<(ReadId, Vec<FilterId>)> {
        // What is being read counts as full jobs.
        let full = self.held_bytes + self.reads.len() * MAX_BYTES_PER_JOB >= MAX_FILTER_BYTES;
        // What everything else may wait for is read at any rate.
        let lowest = self.filters.first_key_value().map(|(id, _)| id);
        let awaited = self.reads.is_empty() && self.unread.first() == lowest;
        if self.reads.len() >= MAX_READS || (full && !awaited) {
            return None;
        }
        let mut filters = Vec::new();
        while filters.len() < MAX_FILTERS_PER_READ
            && let Some(id) = self.unread.pop_first()
        {
            filters.push(id);
        }
        if filters.is_empty() {
            return None;
        }
        self.next_read += 1;
        let id = ReadId::new(self.next_read);
        self.reads.insert(id, filters.clone());
        Some((id, filters))
    }

    /// The store answered. What it does not have is to be downloaded.
    pub(crate) fn on_read(&mut self, id: ReadId, filters: Vec<KeptFilter>) {
        let Some(asked) = self.reads.remove(&id) else { return };
        for KeptFilter { id, bytes } in filters {
            if asked.contains(&id) {
                self.take_in(id, bytes, None);
            }
        }
        for id in asked {
            if self.filters.get(&id).is_some_and(|filter| filter.bytes.is_none()) {
                self.forget_kept(id.block.height);
                self.unread.remove(&id);
                self.missing.push(id);
            }
        }
    }

    /// The next job, if it is full, or if there is little else to do.
    pub(crate) fn next_job(&mut self) -> Option<(JobId, Job)> {
        let few = self.unmatched.len() < MAX_FILTERS_PER_JOB && self.held_bytes < MAX_BYTES_PER_JOB;
        if few && self.jobs.len() >= MIN_JOBS {
            return None;
        }
        let from = self.filters.get(self.unmatched.first()?)?.scripts.start;
        let mut sent = Sent { filters: Vec::new(), scripts: from..self.watched.len() };
        let mut filters = Vec::new();
        let mut bytes = 0;
        for id in &self.unmatched {
            let Some(filter) = self.filters.get(id) else { continue };
            let Some(held) = &filter.bytes else { continue };
            if filter.scripts.start != from || filters.len() == MAX_FILTERS_PER_JOB {
                break;
            }
            bytes += held.bytes.len();
            let (block, expected) = (id.block.hash, id.hash);
            filters.push(FilterToMatch { block, expected, bytes: Arc::clone(&held.bytes) });
            sent.filters.push(*id);
            if bytes >= MAX_BYTES_PER_JOB {
                break;
            }
        }
        let full = filters.len() == MAX_FILTERS_PER_JOB || bytes >= MAX_BYTES_PER_JOB;
        if filters.is_empty() || (!full && self.jobs.len() >= MIN_JOBS) {
            return None;
        }
        self.next_job += 1;
        let id = JobId::new(self.next_job);
        for filter in &sent.filters {
            self.unmatched.remove(filter);
            if let Some(filter) = self.filters.get_mut(filter) {
                filter.job = Some(id);
            }
        }
        self.jobs.insert(id, sent);
        Some((id, Job::MatchFilters { filters, scripts: self.watched.since(from) }))
    }

    /// A job is done. What is not what its name says is to be downloaded again.
    pub(crate) fn on_verdicts(&mut self, id: JobId, verdicts: &[FilterVerdict]) -> Vec<Outcome> {
        let Some(sent) = self.jobs.remove(&id) else { return Vec::new() };
        let mut outcomes = Vec::new();
        for (id_of, verdict) in sent.filters.iter().zip(verdicts) {
            // It may have been dropped meanwhile.
            let Some(filter) = self.filters.get_mut(id_of) else { continue };
            if filter.job.take_if(|job| *job == id).is_none() {
                continue;
            }
            let from = filter.bytes.as_ref().and_then(|held| held.from);
            outcomes.push(Outcome { id: *id_of, verdict: *verdict, from });
            match verdict {
                FilterVerdict::NoMatch | FilterVerdict::Match => {
                    self.on_good(*id_of, &sent.scripts);
                }
                FilterVerdict::Undecodable => (filter.checked, filter.scripts) = (true, 0..0),
                FilterVerdict::Invalid => self.on_invalid(*id_of),
            }
        }
        outcomes
    }

    fn on_good(&mut self, id: FilterId, scripts: &Range<usize>) {
        self.matched += 1;
        let Some(filter) = self.filters.get_mut(&id) else { return };
        filter.checked = true;
        if filter.scripts.start >= scripts.start {
            filter.scripts.start = filter.scripts.start.max(scripts.end);
        }
        if filter.is_ready() {
            self.unmatched.insert(id);
        }
        if let (Some(kept), Some(held)) = (&mut self.kept, &mut filter.bytes)
            && held.from.take().is_some()
        {
            kept.insert(id.block.height..=id.block.height);
            self.good.push(KeptFilter { id, bytes: Arc::clone(&held.bytes) });
        }
    }

    fn on_invalid(&mut self, id: FilterId) {
        let Some(filter) = self.filters.get_mut(&id) else { return };
        if let Some(held) = filter.bytes.take() {
            self.held_bytes -= held.bytes.len();
            if held.from.is_none() {
                self.forget_kept(id.block.height);
            }
        }
        self.missing.push(id);
    }

    fn take_in(&mut self, id: FilterId, bytes: Arc<[u8]>, from: Option<PeerId>) {
        let Some(filter) = self.filters.get_mut(&id) else { return };
        if filter.bytes.is_some() {
            return;
        }
        self.held_bytes += bytes.len();
        filter.bytes = Some(Bytes { bytes, from });
        self.unread.remove(&id);
        if filter.is_ready() {
            self.unmatched.insert(id);
        }
    }

    /// The store has no filter of this height.
    pub(crate) fn forget_kept(&mut self, height: Height) {
        if let Some(kept) = &mut self.kept {
            kept.remove(height);
        }
    }
}

impl Filter {
    fn is_ready(&self) -> bool {
        let open = !self.checked || !self.scripts.is_empty();
        open && self.bytes.is_some() && self.job.is_none()
    }
}

/// The least range that holds both; lists of scripts to match always end at the list's end, so
/// nothing between them is matched in vain for long.
fn union(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => b.clone(),
        (_, true) => a.clone(),
        _ => a.start.min(b.start)..a.end.max(b.end),
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::hashes::Hash as _;
    use bitcoin::{BlockHash, FilterHash};

    use super::*;
    use crate::height::BlockId;

    fn filter(height: u32) -> FilterId {
        let block = BlockId::new(Height::new(height), BlockHash::all_zeros());
        FilterId { block, hash: FilterHash::all_zeros() }
    }

    /// Kept up to height 3, downloaded above; what is downloaded has filled the memory.
    fn full() -> Matching {
        let mut kept = HeightRanges::default();
        kept.insert(Height::new(1)..=Height::new(3));
        let mut matching = Matching::new(Some(kept));
        for height in 1..=4 {
            matching.want(filter(height), 0..1);
        }
        matching.hold(filter(4), vec![0; MAX_FILTER_BYTES].into(), PeerId::new(1));
        matching
    }

    #[test]
    fn what_all_else_waits_for_is_read_into_full_memory() {
        let mut matching = full();
        let (_, read) = matching.next_read().expect("height 1 is below everything");
        assert_eq!(read, [filter(1), filter(2), filter(3)]);
        assert!(matching.next_read().is_none());
    }

    #[test]
    fn full_memory_takes_nothing_that_can_wait() {
        let mut matching = full();
        // Something lower is under way from a peer.
        matching.forget_kept(Height::GENESIS);
        matching.want(filter(0), 0..1);
        assert!(matching.next_read().is_none());
    }
}
