//! Owns `Commitments`: which filter each peer stands behind at each height (BIP157).
//!
//! A *version* of a filter is named by its height and its hash. Peers are compared height by
//! height and not by filter headers: one lie anywhere, even below where we begin, changes every
//! later header. Refuses to judge: no version is better for being first, or for having more
//! peers; all of them are to be matched. One is kept at every height, the *front*, since mostly
//! there is no other; the rest is kept as what single peers commit to instead.
//!
//! The scan needs to match one version of a height to pass it, the first of `versions`: a peer
//! that drips its own must not hold up the cursor. Every other version that a peer commits to at
//! or below the cursor is *unread* until somebody has matched it, whether it was known when the
//! cursor passed or came up later: `take_reopened` names it, `read` settles it, and while it is
//! still `is_unread` and not set aside nobody is synced. The front of a height below the cursor is
//! never unread, so a store needs to keep nothing else: what was open when a process ended is open
//! again when its peers are compared anew.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use bitcoin::{FilterHash, FilterHeader};

use crate::height::Height;
use crate::height_ranges::HeightRanges;
use crate::limits::MAX_DIFFERENCES;
use crate::peer_id::PeerId;

/// Filter hashes of the best branch above the base: one at each height without gaps, and what
/// peers commit to.
#[derive(Debug, Clone)]
pub struct Commitments {
    base: Height,
    base_header: Option<FilterHeader>,
    /// `front[i]` has height `base + 1 + i`.
    front: Vec<FilterHash>,
    ledgers: BTreeMap<PeerId, Ledger>,
    /// The scan's cursor.
    passed: Height,
    /// Unread versions that were not taken yet.
    reopened: Vec<(Height, FilterHash)>,
    /// Peers that differ for the first time, and where, that were not taken yet.
    disagreements: Vec<(PeerId, Height)>,
    /// Heights whose front is not what the store has.
    unstaged: BTreeSet<Height>,
}

/// What one peer commits to.
#[derive(Debug, Clone, Default)]
struct Ledger {
    /// Where its commitments are known.
    covered: HeightRanges,
    /// Where they are known, or were until they were matched and forgotten.
    compared: HeightRanges,
    /// Where they are not the front.
    differs: BTreeMap<Height, FilterHash>,
    /// Where, at or below `passed`, nobody has matched what it commits to.
    unread: BTreeSet<Height>,
    /// Its versions are waited for only where nobody has another.
    aside: bool,
    /// That it differs was noticed.
    differed: bool,
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
            ledgers: BTreeMap::new(),
            passed: base,
            reopened: Vec::new(),
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

    /// The versions that a scan has to match at a height, each once, the front first if it is one
    /// of them; nothing above what is known. A version is left out when it is set aside or when
    /// its peers are gone, if there is another.
    #[must_use]
    pub fn versions(&self, height: Height) -> Vec<FilterHash> {
        let Some(front) = self.front(height) else { return Vec::new() };
        if self.ledgers.values().all(|ledger| !ledger.differs.contains_key(&height)) {
            return vec![front];
        }
        for aside in [false, true] {
            let mut found = Vec::new();
            for ledger in self.ledgers.values().filter(|ledger| ledger.aside == aside) {
                let Some(hash) = ledger.at(height, front) else { continue };
                match found.contains(&hash) {
                    true => {}
                    false if hash == front => found.insert(0, hash),
                    false => found.push(hash),
                }
            }
            if !found.is_empty() {
                return found;
            }
        }
        vec![front]
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

    /// Whether as many differences are kept of a peer as may be.
    #[must_use]
    pub fn is_full(&self, peer: PeerId) -> bool {
        self.ledgers.get(&peer).is_some_and(|ledger| ledger.differs.len() >= MAX_DIFFERENCES)
    }

    /// The versions that stand for the heights of a range.
    #[must_use]
    pub fn fronts(&self, range: &RangeInclusive<Height>) -> Option<&[FilterHash]> {
        self.front.get(self.index(*range.start())?..=self.index(*range.end())?)
    }

    /// The first height from `from` on at which a peer does not commit to the front.
    #[must_use]
    pub fn differs_from(&self, peer: PeerId, from: Height) -> Option<Height> {
        self.ledgers.get(&peer)?.differs.range(from..).next().map(|(height, _)| *height)
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
        if let Some(ledger) = self.ledgers.get_mut(&peer) {
            ledger.covered.insert(range.clone());
            ledger.compared.insert(range);
        }
    }

    /// A peer commits to the same as another over a whole range, which the other covers.
    pub fn follow(&mut self, peer: PeerId, other: PeerId, range: RangeInclusive<Height>) {
        let Some(other) = self.ledgers.get(&other) else { return };
        let differs: Vec<_> = other.differs.range(range.clone()).map(|(h, v)| (*h, *v)).collect();
        let unread: Vec<_> = other.unread.range(range.clone()).copied().collect();
        if let Some(ledger) = self.ledgers.get_mut(&peer) {
            if !differs.is_empty() && !std::mem::replace(&mut ledger.differed, true) {
                self.disagreements.push((peer, differs[0].0));
            }
            ledger.differs.extend(differs);
            ledger.unread.extend(unread);
        }
        self.cover(peer, range);
    }

    /// Forgets what a peer commits to instead of the front, lowest first, as far as it is matched,
    /// until there is room.
    pub fn shed(&mut self, peer: PeerId) {
        let passed = self.passed;
        let Some(ledger) = self.ledgers.get_mut(&peer) else { return };
        while ledger.differs.len() > MAX_DIFFERENCES / 2
            && let Some(entry) = ledger.differs.first_entry()
            && *entry.key() <= passed
            && !ledger.unread.contains(entry.key())
        {
            ledger.covered.remove(*entry.key());
            entry.remove();
        }
    }

    /// Scripts were added that may have been paid below the cursor: what was matched without them
    /// and forgotten is to be compared again.
    pub fn reconsider(&mut self) {
        for ledger in self.ledgers.values_mut() {
            ledger.compared = ledger.covered.clone();
        }
    }

    /// The scan's cursor is somewhere else: below, versions are to be matched by whoever finds
    /// them unread; above, by the scan.
    pub fn begin(&mut self, cursor: Height) {
        self.passed = cursor;
        for ledger in self.ledgers.values_mut() {
            ledger.unread.split_off(&cursor.next());
        }
    }

    /// The scan's cursor moves to the next height, where these versions were matched; one is enough.
    /// What else peers commit to there is unread.
    pub fn pass(&mut self, height: Height, read: &[FilterHash]) {
        self.passed = height;
        if self.ledgers.values().all(|ledger| !ledger.differs.contains_key(&height)) {
            return;
        }
        let Some(front) = self.front(height) else { return };
        if let Some(first) = read.first().filter(|_| !read.contains(&front)) {
            self.set_front(height, *first);
        }
        for ledger in self.ledgers.values_mut() {
            let Some(hash) = ledger.differs.get(&height).filter(|hash| !read.contains(hash)) else {
                continue;
            };
            ledger.unread.insert(height);
            if !self.reopened.contains(&(height, *hash)) {
                self.reopened.push((height, *hash));
            }
        }
        self.settle_front(height);
    }

    /// The scan's cursor moves to the next height, whose block was read.
    pub fn pass_read(&mut self, height: Height) {
        self.passed = height;
        self.settle_front(height);
    }

    /// Versions at or below the cursor that became unread since the last call.
    pub fn take_reopened(&mut self) -> Vec<(Height, FilterHash)> {
        let mut reopened = std::mem::take(&mut self.reopened);
        reopened.retain(|(height, hash)| self.is_unread(*height, *hash));
        reopened
    }

    /// Peers that were found to differ for the first time since the last call, and where.
    pub fn take_disagreements(&mut self) -> Vec<(PeerId, Height)> {
        std::mem::take(&mut self.disagreements)
    }

    /// Of how many heights a peer does not commit to the front, as far as that is kept.
    #[must_use]
    pub fn differences(&self, peer: PeerId) -> usize {
        self.ledgers.get(&peer).map_or(0, |ledger| ledger.differs.len())
    }

    /// Whether a version at or below the cursor still waits to be matched. It does not any more
    /// when its peers are gone.
    #[must_use]
    pub fn is_unread(&self, height: Height, hash: FilterHash) -> bool {
        self.ledgers.values().any(|ledger| ledger.is_unread(height, hash))
    }

    /// Whether a version at or below the cursor is unread, and only peers commit to it that are
    /// set aside.
    #[must_use]
    pub fn is_set_aside(&self, height: Height, hash: FilterHash) -> bool {
        let mut unread = self.ledgers.values().filter(|ledger| ledger.is_unread(height, hash));
        unread.all(|ledger| ledger.aside)
    }

    /// A version at or below the cursor was matched, or its block was read.
    pub fn read(&mut self, height: Height, hash: FilterHash) {
        for ledger in self.ledgers.values_mut() {
            if ledger.is_unread(height, hash) {
                ledger.unread.remove(&height);
            }
        }
        self.settle_front(height);
    }

    /// The block at or below the cursor was read, so that no version of its filter matters.
    pub fn read_all(&mut self, height: Height) {
        for ledger in self.ledgers.values_mut() {
            ledger.unread.remove(&height);
        }
        self.settle_front(height);
    }

    /// Whether no version is unread but those that are set aside.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.ledgers.values().all(|ledger| ledger.aside || ledger.unread.is_empty())
    }

    /// How many versions of a peer are unread.
    #[must_use]
    pub fn unread_of(&self, peer: PeerId) -> usize {
        self.ledgers.get(&peer).map_or(0, |ledger| ledger.unread.len())
    }

    /// At how many heights peers commit to different versions, as far as they are kept.
    #[must_use]
    pub fn disputed(&self) -> usize {
        let heights = self.ledgers.values().flat_map(|ledger| ledger.differs.keys());
        heights.collect::<BTreeSet<_>>().len()
    }

    /// How many unread versions are set aside.
    #[must_use]
    pub fn set_aside_versions(&self) -> usize {
        let aside = self.ledgers.values().filter(|ledger| ledger.aside);
        let versions: BTreeSet<_> = aside.flat_map(Ledger::unread_versions).collect();
        versions.into_iter().filter(|(height, hash)| self.is_set_aside(*height, *hash)).count()
    }

    /// The fronts that the store does not have, since the last call.
    pub fn take_unstaged(&mut self) -> BTreeMap<Height, FilterHash> {
        let heights = std::mem::take(&mut self.unstaged);
        heights.into_iter().filter_map(|height| Some((height, self.front(height)?))).collect()
    }

    /// The best branch left everything above `height`.
    pub fn truncate_above(&mut self, height: Height) {
        self.front.truncate(height.above(self.base) as usize);
        for ledger in self.ledgers.values_mut() {
            ledger.covered.truncate_above(height);
            ledger.compared.truncate_above(height);
            ledger.differs.split_off(&height.next());
            ledger.unread.split_off(&height.next());
        }
        self.passed = self.passed.min(height);
        self.unstaged.split_off(&height.next());
    }

    /// Forgets what everybody said; the peers stay.
    pub fn clear(&mut self) {
        let peers: Vec<PeerId> = self.ledgers.keys().copied().collect();
        *self = Self { passed: self.passed, ..Self::new(self.base) };
        self.ledgers = peers.into_iter().map(|peer| (peer, Ledger::default())).collect();
    }

    fn index(&self, height: Height) -> Option<usize> {
        height.to_usize().checked_sub(self.base.to_usize() + 1)
    }

    fn note_difference(&mut self, peer: PeerId, height: Height, hash: FilterHash) {
        let Some(front) = self.front(height) else { return };
        if height > self.passed && self.committers(height, front).next().is_none() {
            // Nobody is there who stands for what we have, and nothing was done on its strength.
            self.set_front(height, hash);
            return;
        }
        let is_new = self.committers(height, hash).next().is_none();
        let is_unread = height <= self.passed && (is_new || self.is_unread(height, hash));
        let Some(ledger) = self.ledgers.get_mut(&peer) else { return };
        ledger.differs.insert(height, hash);
        if !std::mem::replace(&mut ledger.differed, true) {
            self.disagreements.push((peer, height));
        }
        if is_unread {
            ledger.unread.insert(height);
        }
        if is_unread && is_new {
            self.reopened.push((height, hash));
        }
    }

    /// At or below the cursor, of the versions that are read the one with the most peers is in
    /// front: that says nothing about the truth, it is the least to keep.
    fn settle_front(&mut self, height: Height) {
        let Some(front) = self.front(height).filter(|_| height <= self.passed) else { return };
        let mut counts: BTreeMap<FilterHash, usize> = BTreeMap::new();
        for hash in self.ledgers.values().filter_map(|ledger| ledger.at(height, front)) {
            *counts.entry(hash).or_default() += 1;
        }
        let own = counts.remove(&front).unwrap_or(0);
        let read = counts.into_iter().filter(|(hash, _)| !self.is_unread(height, *hash));
        if let Some((hash, count)) = read.max_by_key(|(_, count)| *count)
            && count > own
        {
            self.set_front(height, hash);
        }
    }

    fn set_front(&mut self, height: Height, hash: FilterHash) {
        let Some(front) = self.index(height).and_then(|index| self.front.get_mut(index)) else {
            return;
        };
        let old = std::mem::replace(front, hash);
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

impl Ledger {
    fn is_unread(&self, height: Height, hash: FilterHash) -> bool {
        self.unread.contains(&height) && self.differs.get(&height) == Some(&hash)
    }

    fn unread_versions(&self) -> impl Iterator<Item = (Height, FilterHash)> + '_ {
        let versions = self.unread.iter();
        versions.filter_map(|height| Some((*height, *self.differs.get(height)?)))
    }

    fn at(&self, height: Height, front: FilterHash) -> Option<FilterHash> {
        let differs = self.differs.get(&height).copied();
        differs.or_else(|| self.covered.contains(height).then_some(front))
    }
}

#[cfg(test)]
mod tests;
