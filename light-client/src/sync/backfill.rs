//! Owns the backfill: what is to be matched at or below the scan cursor. Scripts that were added
//! later and may have been paid before, and versions of filters that peers tell of late.
//!
//! Refuses to be done while anything of it is unmatched or unfolded. Keeps no order among blocks:
//! when one pays scripts that were not known to be paid, what is above it is matched for those
//! once more, since it may spend from them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use bitcoin::{BlockHash, FilterHash};

use crate::chain::header_tree::HeaderTree;
use crate::filter::commitments::Commitments;
use crate::filter::debts::Debts;
use crate::height::{BlockId, Height};
use crate::input::ScanStart;
use crate::kept::FilterId;
use crate::limits::{BIRTHDAY_MARGIN, MAX_ASIDE_ROWS, MAX_BACKFILL_ROWS, MAX_BLOCKS_AHEAD};
use crate::matching::Matching;
use crate::matching::row::Row;

/// What is left to match at or below the cursor.
#[derive(Debug, Default)]
pub(crate) struct Backfill {
    /// Searches that came before the scan began.
    searches: Vec<(ScanStart, Range<usize>)>,
    /// Which heights are to be matched for which scripts.
    debts: Debts,
    /// Versions that came late; they are to be matched for all scripts.
    late: BTreeSet<(Height, FilterHash)>,
    /// Those of them that are set aside: nobody waits for them.
    aside: BTreeSet<(Height, FilterHash)>,
    /// Blocks whose filters are being matched.
    rows: BTreeMap<Height, Open>,
    /// Those of them that matched.
    matches: BTreeSet<Height>,
    /// Those of them that are set aside, and give way to whatever is not.
    yielding: BTreeSet<Height>,
    /// The block that the wallet is folding.
    folding: Option<BlockId>,
}

/// A block that is being worked on.
#[derive(Debug)]
struct Open {
    row: Row,
    /// Its versions came late, and each is to be matched for all scripts. Else one of them is to be
    /// matched, whichever comes first, for scripts that are new.
    late: bool,
}

impl Backfill {
    /// Whether nothing is left but what is set aside.
    pub(crate) fn is_done(&self) -> bool {
        self.searches.is_empty()
            && self.debts.is_empty()
            && self.late.is_empty()
            && self.open_rows(false) == 0
    }

    /// Whether nothing is left but what is set aside, or owed to scripts that were added later.
    pub(crate) fn is_level(&self) -> bool {
        let late = |(height, open): (&Height, &Open)| open.late && !self.yielding.contains(height);
        self.late.is_empty() && !self.rows.iter().any(late)
    }

    /// The lowest height at which something is left that somebody waits for. A search whose place
    /// is not known yet may begin right above `base`.
    pub(crate) fn owed_from(&self, base: Height) -> Option<Height> {
        if !self.searches.is_empty() {
            return Some(base.next());
        }
        let late = self.late.first().map(|(height, _)| *height);
        let open = self.rows.keys().find(|height| !self.yielding.contains(*height)).copied();
        [self.debts.lowest(), late, open].into_iter().flatten().min()
    }

    /// Forgets everything: the scan begins anew.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Scripts were added that may have been paid since `start`.
    pub(crate) fn search(&mut self, start: ScanStart, scripts: Range<usize>) {
        if !scripts.is_empty() {
            self.searches.push((start, scripts));
        }
    }

    /// The scan's cursor is known: places the searches. `folded` is a block that was just read.
    pub(crate) fn resolve(&mut self, cursor: BlockId, folded: Option<Height>, tree: &HeaderTree) {
        for (start, scripts) in std::mem::take(&mut self.searches) {
            let first = first_block(start, tree).max(tree.base().height.next());
            match folded.filter(|folded| (first..=cursor.height).contains(folded)) {
                Some(folded) => {
                    if folded > first {
                        self.debts.add(first..=folded.down(1), &scripts);
                    }
                    self.debts.add(folded.next()..=cursor.height, &scripts);
                }
                None => self.debts.add(first..=cursor.height, &scripts),
            }
        }
    }

    /// A version came late.
    pub(crate) fn reopen(
        &mut self,
        height: Height,
        hash: FilterHash,
        commitments: &Commitments,
        matching: &mut Matching,
    ) {
        if let Some(open) = self.rows.get_mut(&height).filter(|open| !open.late) {
            open.row.set_versions(commitments.versions(height), matching);
        }
        self.put_late(height, hash, commitments);
    }

    fn put_late(&mut self, height: Height, hash: FilterHash, commitments: &Commitments) {
        if commitments.is_set_aside(height, hash) {
            self.aside.insert((height, hash));
        } else {
            self.late.insert((height, hash));
        }
    }

    /// Whether a version is being matched.
    pub(crate) fn matches(&self, id: &FilterId) -> bool {
        let row = self.rows.get(&id.block.height).map(|open| &open.row);
        row.is_some_and(|row| row.block() == id.block && row.versions().contains(&id.hash))
    }

    /// Wants filters: of late versions, and, when the scan has nothing to do, of what is owed.
    pub(crate) fn extend(
        &mut self,
        tree: &HeaderTree,
        commitments: &Commitments,
        matching: &mut Matching,
        idle: bool,
    ) {
        let mut open = self.open_rows(false);
        while open < MAX_BACKFILL_ROWS
            && let Some(version) = self.late.iter().find(|(height, _)| self.takes_late(*height))
        {
            let version = *version;
            self.late.remove(&version);
            self.open_late(version, false, tree, commitments, matching);
            open += 1;
        }
        while idle
            && open < MAX_BACKFILL_ROWS
            && let Some((height, scripts)) = self.debts.take_lowest(|height| {
                let is_free = !self.rows.contains_key(&height) || self.yielding.contains(&height);
                is_free && height <= commitments.tip()
            })
        {
            self.give_way(height, matching);
            let versions = commitments.versions(height);
            self.open(height, versions, scripts, (false, false), tree, matching);
            open += 1;
        }
        let unopened = |(height, _): &&(Height, FilterHash)| !self.rows.contains_key(height);
        if self.open_rows(true) < MAX_ASIDE_ROWS
            && let Some(version) = self.aside.iter().find(unopened)
        {
            let version = *version;
            self.aside.remove(&version);
            self.open_late(version, true, tree, commitments, matching);
        }
    }

    /// A version of the block matched. Whether the block is one of the backfill's.
    pub(crate) fn on_match(&mut self, block: BlockId, hash: FilterHash) {
        if let Some(open) = self.rows.get_mut(&block.height).filter(|o| o.row.block() == block) {
            open.row.on_match(hash);
            self.matches.insert(block.height);
        }
    }

    /// Closes what is matched without a match.
    pub(crate) fn advance(
        &mut self,
        heights: impl Iterator<Item = Height>,
        commitments: &mut Commitments,
        matching: &mut Matching,
    ) {
        for height in heights {
            let Some(open) = self.rows.get_mut(&height) else { continue };
            let (done, _) = open.row.done(matching);
            if open.row.matched().is_some() {
                continue;
            }
            if open.late {
                for hash in done {
                    open.row.remove(hash, matching);
                    commitments.read(height, hash);
                }
                self.settle(height, commitments);
                continue;
            }
            // Scripts that are new say nothing of the others, for which it still waits.
            let is_read =
                |hash: &FilterHash| open.row.is_for_all() || !commitments.is_unread(height, *hash);
            let read: Vec<_> = done.iter().copied().filter(is_read).collect();
            if !read.is_empty() {
                self.close(height, matching);
                commitments.read_only(height, &read);
            } else if !done.is_empty() {
                open.row.grow(&matching.all(), matching);
            }
        }
    }

    /// Peers came, went or were set aside: what they commit to may be other versions now.
    pub(crate) fn recheck(&mut self, commitments: &mut Commitments, matching: &mut Matching) {
        for (height, open) in &mut self.rows {
            let mut versions = commitments.versions(*height);
            if open.late {
                versions = open.row.versions().to_vec();
                versions.retain(|hash| commitments.is_unread(*height, *hash));
            }
            open.row.set_versions(versions, matching);
        }
        let heights: Vec<Height> = self.rows.keys().copied().collect();
        for height in &heights {
            self.settle(*height, commitments);
        }
        self.advance(heights.into_iter(), commitments, matching);
        let versions = std::mem::take(&mut self.late).into_iter();
        for (height, hash) in versions.chain(std::mem::take(&mut self.aside)) {
            if commitments.is_unread(height, hash) {
                self.put_late(height, hash, commitments);
            }
        }
    }

    /// Late versions at a height yield when all that are left are set aside.
    fn settle(&mut self, height: Height, commitments: &Commitments) {
        let Some(open) = self.rows.get(&height).filter(|open| open.late) else { return };
        let versions = open.row.versions();
        let aside = versions.iter().all(|hash| commitments.is_set_aside(height, *hash));
        if versions.is_empty() && open.row.matched().is_none() {
            self.remove(height);
        } else if aside {
            self.yielding.insert(height);
        } else {
            self.yielding.remove(&height);
        }
    }

    /// The matched blocks to fetch, lowest first, but last those that only versions that are set
    /// aside call for; each with the version that matched.
    pub(crate) fn wanted_blocks(&self) -> impl Iterator<Item = (BlockId, FilterHash)> + '_ {
        let first = self.matches.difference(&self.yielding);
        let heights = first.chain(self.matches.intersection(&self.yielding));
        let rows = heights.filter_map(|height| Some(&self.rows.get(height)?.row));
        let matches = rows.filter_map(|row| Some((row.block(), row.matched()?)));
        matches.filter(|(block, _)| Some(*block) != self.folding).take(MAX_BLOCKS_AHEAD)
    }

    /// The matched blocks that the wallet can fold, if it is not at one.
    pub(crate) fn ready_to_fold(&self) -> impl Iterator<Item = BlockId> + '_ {
        let free = self.folding.is_none();
        self.wanted_blocks().map(|(block, _)| block).filter(move |_| free)
    }

    /// The block that the wallet is folding, and the version that matched.
    pub(crate) fn folding(&self) -> Option<(BlockId, FilterHash)> {
        let folding = self.folding?;
        Some((folding, self.rows.get(&folding.height)?.row.matched()?))
    }

    /// The wallet was given a block.
    pub(crate) const fn fold(&mut self, block: BlockId) {
        self.folding = Some(block);
    }

    /// The wallet folded a block, at the height that is returned if it is one of the backfill's.
    pub(crate) fn on_folded(
        &mut self,
        block: BlockHash,
        commitments: &mut Commitments,
        matching: &mut Matching,
    ) -> Option<Height> {
        let folded = self.folding.take_if(|folding| folding.hash == block)?;
        commitments.read_all(folded.height);
        self.close(folded.height, matching);
        Some(folded.height)
    }

    /// A block below the cursor was found to pay scripts: what is above may spend from them.
    pub(crate) fn follow(&mut self, paid_at: Height, cursor: BlockId, scripts: &Range<usize>) {
        self.debts.add(paid_at.next()..=cursor.height, scripts);
    }

    /// The best branch left everything above `fork`. Returns whether the wallet was given a block
    /// above it.
    pub(crate) fn on_reorganised(&mut self, fork: Height, matching: &mut Matching) -> bool {
        self.debts.truncate_above(fork);
        self.late.retain(|(height, _)| *height <= fork);
        self.aside.retain(|(height, _)| *height <= fork);
        for open in self.rows.split_off(&fork.next()).into_values() {
            open.row.drop_filters(matching);
        }
        self.matches.split_off(&fork.next());
        self.yielding.split_off(&fork.next());
        self.folding.take_if(|folding| folding.height > fork).is_some()
    }

    fn open_rows(&self, aside: bool) -> usize {
        let yielding = self.yielding.len();
        if aside { yielding } else { self.rows.len() - yielding }
    }

    /// Whether a late version of a height can be matched now.
    fn takes_late(&self, height: Height) -> bool {
        let open = self.rows.get(&height);
        open.is_none_or(|open| open.late && open.row.matched().is_none())
    }

    /// What is set aside at a height waits again.
    fn give_way(&mut self, height: Height, matching: &mut Matching) {
        if let Some(open) = self.remove(height) {
            open.row.drop_filters(matching);
            self.aside.extend(open.row.versions().iter().map(|hash| (height, *hash)));
        }
    }

    fn open_late(
        &mut self,
        (height, hash): (Height, FilterHash),
        aside: bool,
        tree: &HeaderTree,
        commitments: &Commitments,
        matching: &mut Matching,
    ) {
        if !commitments.is_unread(height, hash) {
            return;
        }
        match self.rows.get_mut(&height) {
            Some(open) => {
                open.row.grow(&matching.all(), matching);
                open.row.add(hash, matching);
                self.yielding.remove(&height);
            }
            None => self.open(height, vec![hash], matching.all(), (true, aside), tree, matching),
        }
    }

    fn open(
        &mut self,
        height: Height,
        versions: Vec<FilterHash>,
        scripts: Range<usize>,
        (late, aside): (bool, bool),
        tree: &HeaderTree,
        matching: &mut Matching,
    ) {
        let Some(block) = tree.block_at(height) else { return };
        let row = Row::new(block, versions, scripts, matching);
        self.rows.insert(height, Open { row, late });
        if aside {
            self.yielding.insert(height);
        }
    }

    fn remove(&mut self, height: Height) -> Option<Open> {
        self.matches.remove(&height);
        self.yielding.remove(&height);
        self.rows.remove(&height)
    }

    fn close(&mut self, height: Height, matching: &mut Matching) {
        if let Some(open) = self.remove(height) {
            open.row.drop_filters(matching);
        }
    }
}

/// The first block that a search from `start` on reads.
pub(crate) fn first_block(start: ScanStart, tree: &HeaderTree) -> Height {
    match start {
        ScanStart::Height(height) => height,
        ScanStart::Time(birthday) => {
            let from = birthday.before(BIRTHDAY_MARGIN);
            let range = tree.base().height.next().to_u32()..=tree.tip().height.to_u32();
            let first = range
                .map(Height::new)
                .find(|height| tree.time_at(*height).is_some_and(|time| time >= from));
            // A birthday that no block has reached: the clock that gave it was ahead.
            first.unwrap_or(tree.base().height)
        }
    }
}
