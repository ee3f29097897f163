//! Owns what of the versions at or below the scan's cursor is unread, and when that ends.
//!
//! Refuses to match anything: whoever matched a version or read its block says so.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use bitcoin::FilterHash;

use super::Commitments;
use crate::filter::commitments::ledger::Ledger;
use crate::height::Height;
use crate::peer_id::PeerId;

impl Commitments {
    /// The scan's cursor is somewhere else: below, versions are to be matched by whoever finds
    /// them unread, and all of those that are come up again; above, by the scan.
    pub fn begin(&mut self, cursor: Height) {
        self.passed = cursor;
        for ledger in self.ledgers.values_mut() {
            ledger.unread.split_off(&cursor.next());
            self.reopened.extend(ledger.unread_versions());
        }
    }

    /// The scan's cursor moves to the next height, where these versions were matched; one is enough.
    /// What else peers commit to there is unread.
    pub fn pass(&mut self, height: Height, read: &[FilterHash]) {
        self.passed = height;
        self.read_only(height, read);
    }

    /// At or below the cursor, these versions were matched for scripts that are new, and were for
    /// the others, or are by that. What else peers commit to there is unread again.
    pub fn read_only(&mut self, height: Height, read: &[FilterHash]) {
        if self.ledgers.values().all(|ledger| !ledger.differs.contains_key(&height)) {
            return;
        }
        for ledger in self.ledgers.values_mut() {
            if ledger.differs.get(&height).is_some_and(|hash| read.contains(hash)) {
                ledger.unread.remove(&height);
            }
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
            self.reopened.insert((height, *hash));
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
        let reopened = std::mem::take(&mut self.reopened).into_iter();
        reopened.filter(|(height, hash)| self.is_unread(*height, *hash)).collect()
    }

    /// Whether [`versions`](Self::versions) at or below the cursor may hold a front again that they
    /// did not, since the last call. It is not unread, so it does not come up by itself.
    pub fn take_returned(&mut self) -> bool {
        std::mem::take(&mut self.returned)
    }

    /// Whether somewhere in a range, at or below the cursor, all that is stood for are other
    /// versions than the front.
    pub(super) fn is_deserted(&self, range: RangeInclusive<Height>) -> bool {
        let (first, last) = range.into_inner();
        let range = first..=last.min(self.passed);
        !range.is_empty()
            && self.ledgers.values().any(|ledger| {
                let mut contested = ledger.differs.range(range.clone()).map(|(height, _)| *height);
                contested.any(|height| !self.stands(height))
            })
    }

    /// Whether anybody stands for the front.
    fn stands(&self, height: Height) -> bool {
        self.front(height).is_some_and(|front| self.committers(height, front).next().is_some())
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

    /// The lowest block from `from` on, at or below the cursor, of which a version is unread.
    #[must_use]
    pub fn unread_since(&self, from: Height) -> Option<Height> {
        let unread = self.ledgers.values().filter_map(|ledger| ledger.unread.range(from..).next());
        unread.min().copied()
    }

    /// How many versions of a peer are unread.
    #[must_use]
    pub fn unread_of(&self, peer: PeerId) -> usize {
        self.ledgers.get(&peer).map_or(0, |ledger| ledger.unread.len())
    }

    /// How many unread versions are set aside.
    #[must_use]
    pub fn set_aside_versions(&self) -> usize {
        let aside = self.ledgers.values().filter(|ledger| ledger.aside);
        let versions: BTreeSet<_> = aside.flat_map(Ledger::unread_versions).collect();
        versions.into_iter().filter(|(height, hash)| self.is_set_aside(*height, *hash)).count()
    }

    /// At or below the cursor, of the versions that are read the one with the most peers is in
    /// front: that says nothing about the truth, it is the least to keep.
    pub(super) fn settle_front(&mut self, height: Height) {
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
}
