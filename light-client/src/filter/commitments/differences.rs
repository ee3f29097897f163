//! Owns what is kept of a peer where it does not commit to the front, and for how long.
//!
//! Refuses to grow without bound: of a peer that differs everywhere, what is matched is forgotten
//! before more is taken in.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use bitcoin::FilterHash;

use super::Commitments;
use crate::height::Height;
use crate::limits::MAX_DIFFERENCES;
use crate::peer_id::PeerId;

impl Commitments {
    /// The first height from `from` on at which a peer does not commit to the front.
    #[must_use]
    pub fn differs_from(&self, peer: PeerId, from: Height) -> Option<Height> {
        self.ledgers.get(&peer)?.differs.range(from..).next().map(|(height, _)| *height)
    }

    /// Of how many heights a peer does not commit to the front, as far as that is kept.
    #[must_use]
    pub fn differences(&self, peer: PeerId) -> usize {
        self.ledgers.get(&peer).map_or(0, |ledger| ledger.differs.len())
    }

    /// At how many heights peers commit to different versions, as far as they are kept.
    #[must_use]
    pub fn disputed(&self) -> usize {
        let heights = self.ledgers.values().flat_map(|ledger| ledger.differs.keys());
        heights.collect::<BTreeSet<_>>().len()
    }

    /// Whether as many differences are kept of a peer as may be.
    #[must_use]
    pub fn is_full(&self, peer: PeerId) -> bool {
        self.ledgers.get(&peer).is_some_and(|ledger| ledger.differs.len() >= MAX_DIFFERENCES)
    }

    /// Peers that were found to differ for the first time since the last call, and where.
    pub fn take_disagreements(&mut self) -> Vec<(PeerId, Height)> {
        std::mem::take(&mut self.disagreements)
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

    pub(super) fn note_difference(&mut self, peer: PeerId, height: Height, hash: FilterHash) {
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
            self.reopened.insert((height, hash));
        }
    }
}
