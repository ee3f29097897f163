//! Owns `Commitments`: which filter each peer stands behind at each height (BIP157).
//!
//! A *version* of a filter is named by its height and its hash. Peers are compared height by
//! height and not by filter headers: one lie anywhere, even below where we begin, changes every
//! later header. Refuses to judge: no version is better for being first, or for having more
//! peers; all of them are to be matched. One is kept at every height, the *front*, since mostly
//! there is no other; the rest is kept as what single peers commit to instead.
//!
//! The scan needs to match one version of a height to pass it, whichever comes first: a peer that
//! drips its own must not hold up the cursor. Every other version that a peer commits to at
//! or below the cursor is *unread* until somebody has matched it, whether it was known when the
//! cursor passed or came up later: `take_reopened` names it, `read` settles it, and while it is
//! still `is_unread` and not set aside nobody is synced. The front of a height below the cursor is
//! never unread, so a store needs to keep nothing else: what was open when a process ended is open
//! again when its peers are compared anew.

mod differences;
mod ledger;
mod links;
mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use bitcoin::{FilterHash, FilterHeader};

use crate::filter::commitments::ledger::Ledger;
use crate::height::Height;
use crate::height_ranges::HeightRanges;
use crate::peer_id::PeerId;

/// Filter hashes of the best branch above the base: one at each height without gaps, and what
/// peers commit to.
#[derive(Debug, Clone)]
pub struct Commitments {
    base: Height,
    base_header: Option<FilterHeader>,
    /// `front[i]` has height `base + 1 + i`.
    front: Vec<FilterHash>,
    /// The filter headers of every so many heights, as far as somebody asked.
    links: Vec<FilterHeader>,
    ledgers: BTreeMap<PeerId, Ledger>,
    /// The scan's cursor.
    passed: Height,
    /// Unread versions that were not taken yet.
    reopened: BTreeSet<(Height, FilterHash)>,
    /// Whether somebody stands for a front at or below the cursor for which nobody stood while
    /// others had their own, since that was taken.
    returned: bool,
    /// Peers that differ for the first time, and where, that were not taken yet.
    disagreements: Vec<(PeerId, Height)>,
    /// Heights whose front is not what the store has.
    unstaged: BTreeSet<Height>,
}

/// How many peers stand behind the version of a filter that most stand behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Agreement {
    /// The peers that commit to it.
    pub agreeing: usize,
    /// All ready peers, also those that have not said yet what they commit to.
    pub peers: usize,
}

/// Why filter hashes are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// They don't start right above what is known, nor inside it.
    #[error("the filter hashes leave a gap")]
    Gap,
    /// The same peer committed to another filter of the same block.
    #[error("the peer commits to two filters of the block at height {0}")]
    Changed(Height),
}

impl Commitments {
    /// Nothing is known above `base`.
    #[must_use]
    pub const fn new(base: Height) -> Self {
        Self {
            base,
            base_header: None,
            front: Vec::new(),
            links: Vec::new(),
            ledgers: BTreeMap::new(),
            passed: base,
            reopened: BTreeSet::new(),
            returned: false,
            disagreements: Vec::new(),
            unstaged: BTreeSet::new(),
        }
    }

    /// What a store kept: the filter header of the base and the hashes above it, at most to `tip`.
    /// No peer stands behind them yet.
    #[must_use]
    pub fn restored(
        base: Height,
        tip: Height,
        base_header: Option<FilterHeader>,
        mut hashes: Vec<FilterHash>,
    ) -> Self {
        hashes.truncate(tip.above(base) as usize);
        Self { base_header, front: hashes, ..Self::new(base) }
    }

    /// The first height at which nobody's commitment is known.
    #[must_use]
    pub fn next(&self) -> Height {
        self.base.up(u32::try_from(self.front.len()).unwrap_or(u32::MAX)).next()
    }

    /// The highest block of which some commitment is known; the base when there is none.
    #[must_use]
    pub fn tip(&self) -> Height {
        self.next().down(1)
    }

    /// The filter header of the base, as the peer said it that was heard first.
    #[must_use]
    pub const fn base_header(&self) -> Option<FilterHeader> {
        self.base_header
    }

    /// The version that stands for a height where one is enough.
    #[must_use]
    pub fn front(&self, height: Height) -> Option<FilterHash> {
        self.front.get(self.index(height)?).copied()
    }

    /// The versions of a height, each once, the front first if anybody stands for it; nothing above
    /// what is known. What nobody present stands for is left out, if there is another.
    #[must_use]
    pub fn versions(&self, height: Height) -> Vec<FilterHash> {
        let Some(front) = self.front(height) else { return Vec::new() };
        if self.ledgers.values().all(|ledger| !ledger.differs.contains_key(&height)) {
            return vec![front];
        }
        let mut versions = Vec::new();
        for hash in self.ledgers.values().filter_map(|ledger| ledger.at(height, front)) {
            match versions.contains(&hash) {
                true => {}
                false if hash == front => versions.insert(0, hash),
                false => versions.push(hash),
            }
        }
        versions
    }

    /// What a peer commits to at a height, if that is known.
    #[must_use]
    pub fn commits_to(&self, peer: PeerId, height: Height) -> Option<FilterHash> {
        self.ledgers.get(&peer)?.at(height, self.front(height)?)
    }

    /// The peers that commit to a version.
    pub fn committers(
        &self,
        height: Height,
        hash: FilterHash,
    ) -> impl Iterator<Item = PeerId> + '_ {
        let commits = move |peer: &PeerId| self.commits_to(*peer, height) == Some(hash);
        self.ledgers.keys().copied().filter(commits)
    }

    /// The end of the unbroken range from `from` on in which a peer's commitments are known.
    #[must_use]
    pub fn run(&self, peer: PeerId, from: Height) -> Option<Height> {
        self.ledgers.get(&peer)?.covered.run(from)
    }

    /// The first height from `from` on at which a peer's commitment is known.
    #[must_use]
    pub fn next_covered(&self, peer: PeerId, from: Height) -> Option<Height> {
        self.ledgers.get(&peer)?.covered.next_from(from)
    }

    /// How far up from `from` a peer commits to the version that is first in
    /// [`versions`](Self::versions).
    #[must_use]
    pub fn reach(&self, peer: PeerId, from: Height) -> Option<Height> {
        let end = self.run(peer, from)?;
        let contested = self.ledgers.values().filter_map(|ledger| {
            let other = |height: &&Height| {
                self.versions(**height).first().copied() != self.commits_to(peer, **height)
            };
            ledger.differs.range(from..=end).map(|(height, _)| height).find(other)
        });
        contested.min().map_or(Some(end), |height| height.prev()).filter(|end| *end >= from)
    }

    /// Whether a peer's commitments are known over a whole range.
    #[must_use]
    pub fn covers(&self, peer: PeerId, range: &RangeInclusive<Height>) -> bool {
        self.run(peer, *range.start()).is_some_and(|end| end >= *range.end())
    }

    /// Where a peer's commitments are known, or were until they were matched and forgotten.
    #[must_use]
    pub fn compared(&self, peer: PeerId) -> Option<&HeightRanges> {
        self.ledgers.get(&peer).map(|ledger| &ledger.compared)
    }

    /// The versions that stand for the heights of a range.
    #[must_use]
    pub fn fronts(&self, range: &RangeInclusive<Height>) -> Option<&[FilterHash]> {
        self.front.get(self.index(*range.start())?..=self.index(*range.end())?)
    }

    /// How many peers agree at a height.
    #[must_use]
    pub fn agreeing(&self, height: Height) -> Agreement {
        let versions = self.versions(height);
        let counts = versions.iter().map(|hash| self.committers(height, *hash).count());
        Agreement { agreeing: counts.max().unwrap_or(0), peers: self.ledgers.len() }
    }

    /// A peer is ready.
    pub fn add(&mut self, peer: PeerId) {
        self.ledgers.insert(peer, Ledger::default());
    }

    /// A peer is gone, and its commitments with it. A version for which nobody else stands is not
    /// waited for any more; should its peer come back, it is compared and opened anew.
    pub fn remove(&mut self, peer: PeerId) {
        if self.ledgers.remove(&peer).is_none() {
            return;
        }
        let contested: BTreeSet<Height> =
            self.ledgers.values().flat_map(|ledger| ledger.differs.keys().copied()).collect();
        for height in contested.range(..=self.passed) {
            self.settle_front(*height);
        }
    }

    /// The versions of a peer are waited for only where nobody has another, or again like all.
    pub fn set_aside(&mut self, peer: PeerId, aside: bool) {
        let Some(ledger) = self.ledgers.get_mut(&peer) else { return };
        let was = std::mem::replace(&mut ledger.aside, aside);
        if was && !aside {
            self.reopened.extend(ledger.unread_versions());
        }
    }

    /// Whether a peer's versions are set aside.
    #[must_use]
    pub fn is_aside(&self, peer: PeerId) -> bool {
        self.ledgers.get(&peer).is_some_and(|ledger| ledger.aside)
    }

    /// A peer commits to `hashes` from `start` on; `previous` is its filter header below them.
    /// What is new counts, what is known is compared.
    ///
    /// # Errors
    /// [`RecordError`]; nothing has changed.
    pub fn record(
        &mut self,
        peer: PeerId,
        start: Height,
        previous: FilterHeader,
        hashes: &[FilterHash],
    ) -> Result<(), RecordError> {
        if start > self.next() || start <= self.base {
            return Err(RecordError::Gap);
        }
        if !self.ledgers.contains_key(&peer) || hashes.is_empty() {
            return Ok(());
        }
        let heights = (start.to_u32()..).map(Height::new);
        for (height, hash) in heights.zip(hashes) {
            if self.commits_to(peer, height).is_some_and(|earlier| earlier != *hash) {
                return Err(RecordError::Changed(height));
            }
        }
        if start == self.base.next() && self.base_header.is_none() {
            self.base_header = Some(previous);
        }
        let mut last = start;
        for hash in hashes {
            let height = last;
            match self.front(height) {
                None => {
                    self.front.push(*hash);
                    self.unstaged.insert(height);
                }
                Some(front) if front != *hash => self.note_difference(peer, height, *hash),
                Some(_) => {}
            }
            last = height.next();
        }
        self.cover(peer, start..=last.down(1));
        Ok(())
    }

    /// A peer commits to the front over a whole range.
    pub fn cover(&mut self, peer: PeerId, range: RangeInclusive<Height>) {
        self.returned |= self.is_deserted(range.clone());
        if let Some(ledger) = self.ledgers.get_mut(&peer) {
            ledger.covered.insert(range.clone());
            ledger.compared.insert(range);
        }
    }

    /// The fronts that the store does not have, since the last call.
    pub fn take_unstaged(&mut self) -> BTreeMap<Height, FilterHash> {
        let heights = std::mem::take(&mut self.unstaged);
        heights.into_iter().filter_map(|height| Some((height, self.front(height)?))).collect()
    }

    /// The best branch left everything above `height`.
    pub fn truncate_above(&mut self, height: Height) {
        self.front.truncate(height.above(self.base) as usize);
        self.cut_links(height);
        for ledger in self.ledgers.values_mut() {
            ledger.covered.truncate_above(height);
            ledger.compared.truncate_above(height);
            ledger.differs.split_off(&height.next());
            ledger.unread.split_off(&height.next());
        }
        self.passed = self.passed.min(height);
        self.unstaged.split_off(&height.next());
    }

    /// Forgets what everybody said above `height`; the peers stay.
    pub fn forget_above(&mut self, height: Height) {
        self.truncate_above(height);
        if height <= self.base {
            self.base_header = None;
        }
    }

    fn index(&self, height: Height) -> Option<usize> {
        height.to_usize().checked_sub(self.base.to_usize() + 1)
    }

    fn set_front(&mut self, height: Height, hash: FilterHash) {
        let Some(front) = self.index(height).and_then(|index| self.front.get_mut(index)) else {
            return;
        };
        debug_assert!(
            !self.ledgers.values().any(|ledger| ledger.is_unread(height, hash)),
            "the front is read at height {height}"
        );
        let old = std::mem::replace(front, hash);
        self.cut_links(height.down(1));
        for ledger in self.ledgers.values_mut() {
            match ledger.at(height, old) {
                Some(commitment) if commitment == hash => ledger.differs.remove(&height),
                Some(commitment) => ledger.differs.insert(height, commitment),
                None => None,
            };
        }
        self.unstaged.insert(height);
    }
}

#[cfg(test)]
mod tests;
