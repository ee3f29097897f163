//! Owns the scan: the cursor, the watch list, the filters above the cursor, and what of them is
//! matched.
//!
//! Refuses to move the cursor past a filter that was not matched for every script that is
//! watched, or past a match whose block is not folded. Filters stay until the cursor has passed
//! them, so when the list grows only the new scripts are matched again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bitcoin::{BlockHash, FilterHash, Script, ScriptBuf};

use crate::chain::header_tree::HeaderTree;
use crate::filter::commitments::Commitments;
use crate::filter::watch_list::WatchList;
use crate::height::{BlockId, Height};
use crate::input::ScanStart;
use crate::job::{FilterToMatch, FilterVerdict, Job, JobId};
use crate::limits::{
    BIRTHDAY_MARGIN, MAX_BLOCKS_AHEAD, MAX_BYTES_PER_JOB, MAX_FILTERS_PER_JOB, MIN_JOBS,
};
use crate::peer_id::PeerId;

/// The scan of the best branch for the watch list.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    start: Start,
    watched: WatchList,
    /// Filters above the cursor.
    held: BTreeMap<Height, Held>,
    held_bytes: usize,
    /// Heights in `held` that no job is matching and that are not matched for every script.
    unmatched: BTreeSet<Height>,
    /// Heights in `held` whose filter matched.
    matches: BTreeSet<Height>,
    jobs: BTreeMap<JobId, Sent>,
    next_job: u64,
    /// The block that the wallet is folding, right above the cursor.
    folding: Option<BlockId>,
    /// Filters that were matched, each counted once for each time.
    filters_matched: u64,
}

/// Where the scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Start {
    /// Nobody said where to begin.
    #[default]
    Unset,
    /// It begins at a block that the header chain may not have yet. For a time, blocks up to and
    /// with `seen` are earlier.
    Pending { start: ScanStart, seen: Height },
    /// Everything up to the cursor is matched and folded.
    At(BlockId),
}

#[derive(Debug)]
struct Held {
    block: BlockHash,
    bytes: Arc<[u8]>,
    /// Who sent it.
    from: PeerId,
    /// How many scripts of the list it was matched for; `None` before the first time.
    matched: Option<usize>,
    /// The job that is matching it.
    job: Option<JobId>,
    /// What it must hash to.
    version: FilterHash,
}

/// What a job was about.
#[derive(Debug)]
struct Sent {
    filters: Vec<(BlockId, FilterHash)>,
    /// The length of the watch list up to which the job matches.
    upto: usize,
}

/// A filter that is not what was committed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rejected {
    pub(crate) version: (Height, FilterHash),
    pub(crate) from: PeerId,
    /// It can't be asked for again: it is the committed one, and no filter.
    pub(crate) committed: bool,
}

impl Scan {
    /// The cursor, once the scan has begun.
    pub(crate) const fn cursor(&self) -> Option<BlockId> {
        match self.start {
            Start::At(cursor) => Some(cursor),
            Start::Unset | Start::Pending { .. } => None,
        }
    }

    /// The highest block that the wallet may have folded.
    pub(crate) fn told(&self) -> Option<BlockId> {
        self.folding.or(self.cursor())
    }

    pub(crate) const fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    pub(crate) const fn filters_matched(&self) -> u64 {
        self.filters_matched
    }

    /// Begins anew somewhere else; what is held is of no use there.
    pub(crate) fn begin(&mut self, start: ScanStart, base: Height) {
        self.clear();
        self.start = Start::Pending { start, seen: base };
    }

    /// Finds the block to begin at, if the header chain has come so far. When it has `ended` below,
    /// a scan from a height begins at its tip, and one from a birthday at its base: no block is as
    /// late, so the clock that gave the birthday was ahead, and nobody knows by how much. Returns
    /// the cursor when it is found.
    pub(crate) fn resolve(&mut self, tree: &HeaderTree, ended: bool) -> Option<BlockId> {
        let Start::Pending { start, seen } = self.start else { return None };
        let (tip, base) = (tree.tip().height, tree.base().height);
        let cursor = match start {
            ScanStart::Height(first) if first <= tip.next() => Some(first.down(1).max(base)),
            ScanStart::Height(_) => ended.then_some(tip),
            ScanStart::Time(birthday) => {
                let from = birthday.before(BIRTHDAY_MARGIN);
                let mut heights = (seen.next().to_u32()..=tip.to_u32()).map(Height::new);
                let first = heights.find(|h| tree.time_at(*h).is_some_and(|time| time >= from));
                self.start = Start::Pending { start, seen: tip };
                first.map(|first| first.down(1)).or(ended.then_some(base))
            }
        };
        let cursor = tree.block_at(cursor?)?;
        self.start = Start::At(cursor);
        Some(cursor)
    }

    /// Whether a script is watched.
    pub(crate) fn watches(&self, script: &Script) -> bool {
        self.watched.contains(script)
    }

    /// Adds scripts; what is held is matched for them.
    pub(crate) fn watch(&mut self, scripts: Vec<ScriptBuf>) {
        if self.watched.add(scripts) {
            let idle = self.held.iter().filter(|(_, held)| held.job.is_none());
            let idle = idle.map(|(height, _)| *height);
            self.unmatched = idle.filter(|height| !self.matches.contains(height)).collect();
        }
    }

    /// Whether the filter of a height above the cursor is here.
    pub(crate) fn holds(&self, height: Height) -> bool {
        self.held.contains_key(&height)
    }

    /// Keeps a filter that was asked for.
    pub(crate) fn hold(
        &mut self,
        block: BlockId,
        version: FilterHash,
        bytes: Arc<[u8]>,
        from: PeerId,
    ) {
        let above = self.cursor().is_some_and(|cursor| block.height > cursor.height);
        if !above || self.held.contains_key(&block.height) {
            return;
        }
        self.held_bytes += bytes.len();
        let held = Held { block: block.hash, version, bytes, from, matched: None, job: None };
        self.held.insert(block.height, held);
        self.unmatched.insert(block.height);
    }

    /// The next job, if it is full, or if there is little else to do.
    pub(crate) fn next_job(&mut self) -> Option<(JobId, Job)> {
        let few = self.unmatched.len() < MAX_FILTERS_PER_JOB && self.held_bytes < MAX_BYTES_PER_JOB;
        if few && self.jobs.len() >= MIN_JOBS {
            return None;
        }
        let matched = self.held.get(self.unmatched.first()?)?.matched;
        let mut filters = Vec::new();
        let mut sent = Sent { filters: Vec::new(), upto: self.watched.len() };
        let mut bytes = 0;
        for height in &self.unmatched {
            let Some(held) = self.held.get(height) else { continue };
            let expected = held.version;
            if held.matched != matched || filters.len() == MAX_FILTERS_PER_JOB {
                break;
            }
            bytes += held.bytes.len();
            let (block, filter) = (held.block, Arc::clone(&held.bytes));
            filters.push(FilterToMatch { block, expected, bytes: filter });
            sent.filters.push((BlockId::new(*height, block), expected));
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
        for (block, _) in &sent.filters {
            self.unmatched.remove(&block.height);
            if let Some(held) = self.held.get_mut(&block.height) {
                held.job = Some(id);
            }
        }
        self.jobs.insert(id, sent);
        let scripts = self.watched.since(matched.unwrap_or(0));
        Some((id, Job::MatchFilters { filters, scripts }))
    }

    /// A job is done. Returns the filters that are no good; they are dropped.
    pub(crate) fn on_verdicts(&mut self, id: JobId, verdicts: &[FilterVerdict]) -> Vec<Rejected> {
        let Some(sent) = self.jobs.remove(&id) else { return Vec::new() };
        let mut rejected = Vec::new();
        for ((block, version), verdict) in sent.filters.iter().zip(verdicts) {
            let height = block.height;
            // A reorg or a new start may have dropped the filter meanwhile.
            let Some(held) = self.held.get_mut(&height) else { continue };
            if held.job.take_if(|job| *job == id).is_none() {
                continue;
            }
            let from = held.from;
            match verdict {
                FilterVerdict::NoMatch => {
                    held.matched = Some(sent.upto);
                    self.filters_matched += 1;
                    if sent.upto < self.watched.len() {
                        self.unmatched.insert(height);
                    }
                }
                FilterVerdict::Match => {
                    self.filters_matched += 1;
                    self.matches.insert(height);
                }
                FilterVerdict::Undecodable => {
                    // What the block pays is unknown, so it is fetched.
                    self.matches.insert(height);
                    rejected.push(Rejected { version: (height, *version), from, committed: true });
                }
                FilterVerdict::Invalid => {
                    self.drop_filter(height);
                    rejected.push(Rejected { version: (height, *version), from, committed: false });
                }
            }
        }
        rejected
    }

    /// The matched blocks to fetch, lowest first.
    pub(crate) fn wanted_blocks(&self) -> impl Iterator<Item = BlockId> + '_ {
        let folding = self.folding.map(|block| block.height);
        let matches = self.matches.iter().filter(move |height| Some(**height) != folding);
        let blocks = matches.filter_map(|height| {
            self.held.get(height).map(|held| BlockId::new(*height, held.block))
        });
        blocks.take(MAX_BLOCKS_AHEAD)
    }

    /// The match right above the cursor, if the wallet can fold it now.
    pub(crate) fn next_to_fold(&self) -> Option<BlockId> {
        if self.folding.is_some() {
            return None;
        }
        let height = self.cursor()?.height.next();
        let held = self.matches.contains(&height).then(|| self.held.get(&height))??;
        Some(BlockId::new(height, held.block))
    }

    /// The wallet was given the block right above the cursor.
    pub(crate) const fn fold(&mut self, block: BlockId) {
        self.folding = Some(block);
    }

    /// The wallet folded a block; the cursor moves onto it, unless the chain or the start changed.
    pub(crate) fn on_folded(&mut self, block: BlockHash, commitments: &mut Commitments) {
        if let Some(folded) = self.folding.take_if(|folding| folding.hash == block) {
            let versions = commitments.versions(folded.height);
            self.pass(folded, &versions, commitments);
        }
    }

    /// Moves the cursor over filters that match nothing.
    pub(crate) fn advance(&mut self, commitments: &mut Commitments) {
        while let Some(cursor) = self.cursor()
            && let Some(held) = self.held.get(&cursor.height.next())
            && held.matched == Some(self.watched.len())
            && !self.matches.contains(&cursor.height.next())
        {
            let block = BlockId::new(cursor.height.next(), held.block);
            let read = held.version;
            self.pass(block, &[read], commitments);
        }
    }

    /// The best branch left everything above `fork`. Returns whether the cursor, or a block that
    /// the wallet was given, was above it.
    pub(crate) fn on_reorganised(&mut self, fork: BlockId) -> bool {
        for height in self.held.range(fork.height.next()..).map(|(h, _)| *h).collect::<Vec<_>>() {
            self.drop_filter(height);
        }
        let told = self.told().is_some_and(|told| told.height > fork.height);
        self.folding.take_if(|folding| folding.height > fork.height);
        match &mut self.start {
            Start::At(cursor) if cursor.height > fork.height => *cursor = fork,
            Start::Pending { seen, .. } => *seen = (*seen).min(fork.height),
            Start::Unset | Start::At(_) => {}
        }
        told
    }

    fn pass(&mut self, block: BlockId, read: &[FilterHash], commitments: &mut Commitments) {
        commitments.pass(block.height, read);
        self.start = Start::At(block);
        self.drop_filter(block.height);
    }

    fn drop_filter(&mut self, height: Height) {
        if let Some(held) = self.held.remove(&height) {
            self.held_bytes -= held.bytes.len();
        }
        self.unmatched.remove(&height);
        self.matches.remove(&height);
    }

    fn clear(&mut self) {
        self.held.clear();
        self.held_bytes = 0;
        self.unmatched.clear();
        self.matches.clear();
        self.folding = None;
    }
}
