//! Owns filters that somebody asks for by themselves (BIP157), whatever is watched: the questions,
//! which filters answer them, and that each is what peers commit to.
//!
//! Where peers commit to several versions of a filter, the answer has all of them, or says which were
//! waited for in vain. Refuses to download: what the store does not have is said to be missing, and
//! comes behind what the scan wants. Refuses to keep what it got: the room on disk is the wallet's.

mod answers;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use bitcoin::FilterHash;

use crate::chain::header_tree::HeaderTree;
use crate::filter::commitments::Commitments;
use crate::filter::packed_scripts::PackedScripts;
use crate::height::{BlockId, Height};
use crate::job::{FilterToMatch, FilterVerdict, Job, JobId};
use crate::kept::{FilterId, FilterRange, FoundFilters, KeptFilter, ReadId};
use crate::limits::{
    MAX_ASKED_BYTES, MAX_ASKED_ROWS, MAX_FILTER_QUESTIONS, MAX_FILTERS_PER_JOB,
    MAX_FILTERS_PER_READ,
};
use crate::matching::{Matching, Outcome};
use crate::peer_id::PeerId;
use crate::time::MonoTime;

/// Questions for filters, in their order.
#[derive(Debug, Default)]
pub(crate) struct AskedFilters {
    questions: VecDeque<FilterRange>,
    /// Blocks whose filters are being gathered.
    rows: BTreeMap<Height, Row>,
    filters: BTreeMap<FilterId, Stage>,
    reads: BTreeMap<ReadId, Vec<FilterId>>,
    jobs: BTreeMap<JobId, Vec<FilterId>>,
    numbered: u64,
    /// To be downloaded, and not said yet.
    missing: Vec<FilterId>,
    /// Not to be downloaded any more, and not said yet.
    dropped: Vec<FilterId>,
    /// What hashes to its name and can't be read: it answers nothing.
    refused: BTreeSet<FilterId>,
    /// Whose versions were waited for in vain: others' are told without them.
    slow: BTreeSet<PeerId>,
    /// Whether the rows may not be those that are wanted, or not with the versions that count.
    stale: bool,
}

/// One block with the versions of its filter.
#[derive(Debug)]
struct Row {
    block: BlockId,
    versions: Vec<FilterHash>,
    /// Since when one of them is good.
    since: Option<MonoTime>,
}

/// How far a filter is.
#[derive(Debug)]
enum Stage {
    /// To be read from the store.
    Kept,
    /// Being read from it.
    Read,
    /// To be downloaded.
    Missing,
    /// It came when there was no room: to be had again.
    Later,
    /// Here. Who sent it; `None`: the store.
    Unchecked { bytes: Arc<[u8]>, from: Option<PeerId> },
    /// It is being found out whether it is what its name says.
    Checked { bytes: Arc<[u8]>, from: Option<PeerId>, by: JobId },
    /// It is.
    Good(Arc<[u8]>),
}

/// What comes of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilterAnswer {
    pub(crate) range: FilterRange,
    /// `None` if the best chain has no such blocks above its base.
    pub(crate) filters: Option<FoundFilters>,
}

impl AskedFilters {
    /// Somebody asks; whether there is room for the question.
    pub(crate) fn ask(&mut self, range: FilterRange) -> bool {
        if self.questions.contains(&range) {
            return true;
        }
        let has_room = self.questions.len() < MAX_FILTER_QUESTIONS;
        if has_room {
            self.questions.push_back(range);
            self.stale = true;
        }
        has_room
    }

    /// Nobody waits for an answer any more.
    pub(crate) fn leave(&mut self, range: FilterRange) {
        self.questions.retain(|asked| *asked != range);
        self.stale = true;
    }

    /// Whether nobody asks.
    pub(crate) fn is_empty(&self) -> bool {
        self.questions.is_empty()
    }

    /// What peers commit to may be something else now, or more.
    pub(crate) const fn recheck(&mut self) {
        self.stale = true;
    }

    /// Whether that was said, or found, and not followed yet.
    pub(crate) const fn is_stale(&self) -> bool {
        self.stale
    }

    /// A peer is gone.
    pub(crate) fn forget_peer(&mut self, peer: PeerId) {
        self.slow.remove(&peer);
    }

    /// Whoever downloads has forgotten what was missing.
    pub(crate) fn miss_again(&mut self) {
        let missing = self.filters.iter().filter(|(_, stage)| matches!(stage, Stage::Missing));
        self.missing = missing.map(|(id, _)| *id).collect();
    }

    /// The best branch left everything above `fork`.
    pub(crate) fn on_reorganised(&mut self, fork: Height) {
        for (_, row) in self.rows.split_off(&fork.next()) {
            self.drop_row(&row);
        }
        self.stale = true;
    }

    /// Whether a filter is to be downloaded.
    pub(crate) fn lacks(&self, id: &FilterId) -> bool {
        matches!(self.filters.get(id), Some(Stage::Missing))
    }

    /// The filters to download that were not said before.
    pub(crate) fn take_missing(&mut self) -> Vec<FilterId> {
        let mut missing = std::mem::take(&mut self.missing);
        missing.retain(|id| self.lacks(id));
        missing
    }

    /// The filters that need no download any more.
    pub(crate) fn take_dropped(&mut self) -> Vec<FilterId> {
        let mut dropped = std::mem::take(&mut self.dropped);
        dropped.retain(|id| !self.filters.contains_key(id));
        dropped
    }

    /// A filter came from a peer.
    pub(crate) fn hold(&mut self, id: FilterId, bytes: &Arc<[u8]>, from: PeerId) {
        if self.lacks(&id) {
            self.put(id, bytes, Some(from));
        }
    }

    /// Gathers what answers the questions.
    pub(crate) fn follow(
        &mut self,
        tree: &HeaderTree,
        commitments: &Commitments,
        matching: &Matching,
    ) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        let asked = |height| self.questions.iter().any(|range| range.contains(height));
        let left: Vec<Height> = self.rows.keys().copied().filter(|at| !asked(*at)).collect();
        for row in left.iter().filter_map(|height| self.rows.remove(height)).collect::<Vec<_>>() {
            self.drop_row(&row);
        }
        let end = tree.tip().height.min(commitments.tip());
        for range in self.questions.clone() {
            let new = |height: &Height| !self.rows.contains_key(height);
            let new: Vec<Height> =
                range.heights().take_while(|at| *at <= end).filter(new).collect();
            if self.rows.len() + new.len() > MAX_ASKED_ROWS {
                break;
            }
            for block in new.into_iter().filter_map(|height| tree.block_at(height)) {
                let row = Row { block, versions: Vec::new(), since: None };
                self.rows.insert(block.height, row);
            }
        }
        for height in self.rows.keys().copied().collect::<Vec<_>>() {
            self.set_versions(height, commitments.versions(height), matching);
        }
        let later = self.filters.iter().filter(|(_, stage)| matches!(stage, Stage::Later));
        for id in later.map(|(id, _)| *id).collect::<Vec<_>>() {
            if self.has_room_at(id.block.height) {
                self.want(id, matching);
            }
        }
    }

    /// The next filters to read from the store.
    pub(crate) fn next_read(&mut self) -> Option<(ReadId, Vec<FilterId>)> {
        let kept = self.filters.iter().filter(|(_, stage)| matches!(stage, Stage::Kept));
        let ids: Vec<FilterId> = kept.map(|(id, _)| *id).take(MAX_FILTERS_PER_READ).collect();
        if ids.is_empty() {
            return None;
        }
        let read = ReadId::new(self.number());
        self.filters.extend(ids.iter().map(|id| (*id, Stage::Read)));
        self.reads.insert(read, ids.clone());
        Some((read, ids))
    }

    /// The store answered, if it was asked here. Returns what it does not have, which is missing.
    pub(crate) fn on_read(&mut self, read: ReadId, filters: &[KeptFilter]) -> Vec<FilterId> {
        let Some(asked) = self.reads.remove(&read) else { return Vec::new() };
        let mut gone = Vec::new();
        for id in asked {
            if !matches!(self.filters.get(&id), Some(Stage::Read)) {
                continue;
            }
            if let Some(found) = filters.iter().find(|filter| filter.id == id) {
                self.put(id, &found.bytes, None);
            } else {
                self.filters.insert(id, Stage::Missing);
                self.missing.push(id);
                gone.push(id);
            }
        }
        gone
    }

    /// The next job, when the one before it is done: to find out whether what is here is what its
    /// name says, and can be read.
    pub(crate) fn next_job(&mut self) -> Option<(JobId, Job)> {
        if !self.jobs.is_empty() {
            return None;
        }
        let by = JobId::new(self.numbered + FIRST_NUMBER);
        let (mut sent, mut filters) = (Vec::new(), Vec::new());
        for (id, stage) in &mut self.filters {
            let Stage::Unchecked { bytes, from } = stage else { continue };
            let (bytes, from) = (Arc::clone(bytes), *from);
            let (block, expected) = (id.block.hash, id.hash);
            filters.push(FilterToMatch { block, expected, bytes: Arc::clone(&bytes) });
            *stage = Stage::Checked { bytes, from, by };
            sent.push(*id);
            if sent.len() == MAX_FILTERS_PER_JOB {
                break;
            }
        }
        if sent.is_empty() {
            return None;
        }
        self.number();
        self.jobs.insert(by, sent);
        Some((by, Job::MatchFilters { filters, scripts: Arc::new(PackedScripts::default()) }))
    }

    /// A job is done, if it was sent out here.
    pub(crate) fn on_verdicts(
        &mut self,
        now: MonoTime,
        job: JobId,
        verdicts: &[FilterVerdict],
    ) -> Vec<Outcome> {
        let sent = self.jobs.remove(&job).unwrap_or_default();
        let mut outcomes = Vec::new();
        for (id, verdict) in sent.into_iter().zip(verdicts.iter().copied()) {
            let Some(stage) = self.filters.get_mut(&id) else { continue };
            // It may have been dropped meanwhile, and wanted again.
            let Stage::Checked { bytes, from, by } = stage else { continue };
            if *by != job {
                continue;
            }
            outcomes.push(Outcome { id, verdict, from: *from });
            match verdict {
                FilterVerdict::NoMatch | FilterVerdict::Match => {
                    *stage = Stage::Good(Arc::clone(bytes));
                    if let Some(row) = self.rows.get_mut(&id.block.height) {
                        row.since.get_or_insert(now);
                    }
                }
                FilterVerdict::Undecodable => {
                    self.refused.insert(id);
                    self.stale = true;
                }
                FilterVerdict::Invalid => {
                    *stage = Stage::Missing;
                    self.missing.push(id);
                }
            }
        }
        outcomes
    }

    /// Bytes of filters that are kept in memory.
    pub(crate) fn held_bytes(&self) -> usize {
        let bytes = |stage: &Stage| match stage {
            Stage::Unchecked { bytes, .. } | Stage::Checked { bytes, .. } | Stage::Good(bytes) => {
                bytes.len()
            }
            Stage::Kept | Stage::Read | Stage::Missing | Stage::Later => 0,
        };
        self.filters.values().map(bytes).sum()
    }

    /// The versions whose filters can be read, as far as that is known.
    fn readable(&self, block: BlockId, mut versions: Vec<FilterHash>) -> Vec<FilterHash> {
        versions.retain(|hash| !self.refused.contains(&FilterId { block, hash: *hash }));
        versions
    }

    fn set_versions(&mut self, height: Height, versions: Vec<FilterHash>, matching: &Matching) {
        let Some(block) = self.rows.get(&height).map(|row| row.block) else { return };
        let versions = self.readable(block, versions);
        let Some(row) = self.rows.get_mut(&height) else { return };
        if row.versions == versions {
            return;
        }
        let old = std::mem::replace(&mut row.versions, versions.clone());
        for hash in old.iter().filter(|hash| !versions.contains(hash)) {
            self.drop_filter(FilterId { block, hash: *hash });
        }
        for hash in versions.into_iter().filter(|hash| !old.contains(hash)) {
            self.want(FilterId { block, hash }, matching);
        }
    }

    fn want(&mut self, id: FilterId, matching: &Matching) {
        if matching.keeps(id.block.height) {
            self.filters.insert(id, Stage::Kept);
        } else {
            self.filters.insert(id, Stage::Missing);
            self.missing.push(id);
        }
    }

    fn put(&mut self, id: FilterId, bytes: &Arc<[u8]>, from: Option<PeerId>) {
        let has_room = self.has_room_at(id.block.height);
        let here = || Stage::Unchecked { bytes: Arc::clone(bytes), from };
        self.filters.insert(id, if has_room { here() } else { Stage::Later });
    }

    /// There always is for the first block of a question, so that each is answered.
    fn has_room_at(&self, height: Height) -> bool {
        self.has_room() || self.questions.iter().any(|range| range.first == height)
    }

    fn has_room(&self) -> bool {
        self.held_bytes() < MAX_ASKED_BYTES
    }

    fn drop_row(&mut self, row: &Row) {
        for hash in &row.versions {
            self.drop_filter(FilterId { block: row.block, hash: *hash });
        }
        self.refused.retain(|id| id.block != row.block);
    }

    fn drop_filter(&mut self, id: FilterId) {
        if let Some(Stage::Missing) = self.filters.remove(&id) {
            self.dropped.push(id);
        }
    }

    fn number(&mut self) -> u64 {
        self.numbered += 1;
        FIRST_NUMBER + self.numbered - 1
    }
}

/// Of reads and jobs, so that they are not taken for those of the scan.
const FIRST_NUMBER: u64 = 1 << 63;
