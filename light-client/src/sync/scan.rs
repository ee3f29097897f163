//! Owns the scan: the cursor, and the blocks right above it whose filters are being matched.
//!
//! Refuses to move the cursor past a block of which no version was matched for every script that is
//! watched, or past a match that is not folded. Refuses to wait for a second version: a peer that
//! drips its own would hold everything up. What else is left at a block when the cursor passes is
//! the backfill's. What was passed before the list grew is the
//! backfill's.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use bitcoin::{BlockHash, FilterHash};

use crate::chain::header_tree::HeaderTree;
use crate::filter::commitments::Commitments;
use crate::height::{BlockId, Height};
use crate::input::ScanStart;
use crate::kept::FilterId;
use crate::limits::{BIRTHDAY_MARGIN, MAX_BLOCKS_AHEAD, MAX_FILTERS_AHEAD};
use crate::matching::Matching;
use crate::matching::row::Row;

/// The scan of the best branch for the watch list.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    start: Start,
    /// Blocks above the cursor, without gaps.
    rows: BTreeMap<Height, Row>,
    /// Those of them that matched.
    matches: BTreeSet<Height>,
    /// The block that the wallet is folding, right above the cursor.
    folding: Option<BlockId>,
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

    /// Begins anew somewhere else.
    pub(crate) fn begin(&mut self, start: ScanStart, base: Height) {
        self.rows.clear();
        self.matches.clear();
        self.folding = None;
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

    /// The watch list has grown.
    pub(crate) fn grow(&mut self, scripts: &Range<usize>, matching: &mut Matching) {
        self.rows.values_mut().for_each(|row| row.grow(scripts, matching));
    }

    /// Wants the filters above the cursor, as far as it is known what they hash to.
    pub(crate) fn extend(
        &mut self,
        tree: &HeaderTree,
        commitments: &Commitments,
        matching: &mut Matching,
    ) {
        let Some(cursor) = self.cursor() else { return };
        let end = commitments.tip().min(cursor.height.up(MAX_FILTERS_AHEAD));
        let mut next = self.rows.last_key_value().map_or(cursor.height, |(last, _)| *last).next();
        while next <= end
            && let Some(block) = tree.block_at(next)
        {
            let row = Row::new(block, commitments.versions(next), matching.all(), matching);
            self.rows.insert(next, row);
            next = next.next();
        }
    }

    /// A version of the block matched.
    pub(crate) fn on_match(&mut self, block: BlockId, hash: FilterHash) {
        if let Some(row) = self.rows.get_mut(&block.height).filter(|row| row.block() == block) {
            row.on_match(hash);
            self.matches.insert(block.height);
        }
    }

    /// The matched blocks to fetch, lowest first, each with the version that matched.
    pub(crate) fn wanted_blocks(&self) -> impl Iterator<Item = (BlockId, FilterHash)> + '_ {
        let rows = self.matches.iter().filter_map(|height| self.rows.get(height));
        let matches = rows.filter_map(|row| Some((row.block(), row.matched()?)));
        matches.filter(|(block, _)| Some(*block) != self.folding).take(MAX_BLOCKS_AHEAD)
    }

    /// The match right above the cursor, if the wallet can fold it now.
    pub(crate) fn next_to_fold(&self) -> Option<BlockId> {
        let (_, row) = self.rows.first_key_value()?;
        (self.folding.is_none() && row.matched().is_some()).then(|| row.block())
    }

    /// The block that the wallet is folding, and the version that matched.
    pub(crate) fn folding(&self) -> Option<(BlockId, FilterHash)> {
        let folding = self.folding?;
        Some((folding, self.rows.get(&folding.height)?.matched()?))
    }

    /// The wallet was given the block right above the cursor.
    pub(crate) const fn fold(&mut self, block: BlockId) {
        self.folding = Some(block);
    }

    /// The wallet folded a block; the cursor moves onto it, unless the chain or the start changed.
    /// Whether it was the scan's.
    pub(crate) fn on_folded(
        &mut self,
        block: BlockHash,
        commitments: &mut Commitments,
        matching: &mut Matching,
    ) -> bool {
        let Some(folded) = self.folding.take_if(|folding| folding.hash == block) else {
            return false;
        };
        // Whoever has read the block needs no filter of it.
        commitments.pass_read(folded.height);
        self.start = Start::At(folded);
        if let Some(row) = self.rows.remove(&folded.height) {
            row.drop_filters(matching);
        }
        true
    }

    /// Moves the cursor over blocks of which one version is matched, and none matches. Returns the
    /// filters of the other versions, which are still wanted by whoever reads them.
    pub(crate) fn advance(
        &mut self,
        commitments: &mut Commitments,
        matching: &mut Matching,
    ) -> Vec<FilterId> {
        let mut left = Vec::new();
        while let Some(mut entry) = self.rows.first_entry() {
            let versions = commitments.versions(*entry.key());
            if versions.is_empty() {
                break;
            }
            // Peers may have come, gone or been set aside since it was wanted.
            entry.get_mut().set_versions(versions, matching);
            let row = entry.get();
            let (done, others) = row.done(matching);
            if row.matched().is_some() || done.is_empty() {
                break;
            }
            let block = row.block();
            commitments.pass(block.height, &done);
            left.extend(others.into_iter().map(|hash| FilterId { block, hash }));
            for hash in done {
                matching.drop_filter(&FilterId { block, hash });
            }
            entry.remove();
            self.start = Start::At(block);
        }
        left
    }

    /// The best branch left everything above `fork`. Returns whether the cursor, or a block that
    /// the wallet was given, was above it.
    pub(crate) fn on_reorganised(&mut self, fork: BlockId, matching: &mut Matching) -> bool {
        for row in self.rows.split_off(&fork.height.next()).into_values() {
            row.drop_filters(matching);
        }
        self.matches.split_off(&fork.height.next());
        let told = self.told().is_some_and(|told| told.height > fork.height);
        self.folding.take_if(|folding| folding.height > fork.height);
        match &mut self.start {
            Start::At(cursor) if cursor.height > fork.height => *cursor = fork,
            Start::Pending { seen, .. } => *seen = (*seen).min(fork.height),
            Start::Unset | Start::At(_) => {}
        }
        told
    }
}
