//! Owns `Ledger`: what one peer commits to, against the versions that stand in front.
//!
//! Refuses to compare peers with each other.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::FilterHash;

use crate::height::Height;
use crate::height_ranges::HeightRanges;

/// What one peer commits to.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    /// Where its commitments are known.
    pub(super) covered: HeightRanges,
    /// Where they are known, or were until they were matched and forgotten.
    pub(super) compared: HeightRanges,
    /// Where they are not the front.
    pub(super) differs: BTreeMap<Height, FilterHash>,
    /// Where, at or below `passed`, nobody has matched what it commits to.
    pub(super) unread: BTreeSet<Height>,
    /// Nobody waits for its versions.
    pub(super) aside: bool,
    /// That it differs was noticed.
    pub(super) differed: bool,
}

impl Ledger {
    pub(super) fn is_unread(&self, height: Height, hash: FilterHash) -> bool {
        self.unread.contains(&height) && self.differs.get(&height) == Some(&hash)
    }

    pub(super) fn unread_versions(&self) -> impl Iterator<Item = (Height, FilterHash)> + '_ {
        let versions = self.unread.iter();
        versions.filter_map(|height| Some((*height, *self.differs.get(height)?)))
    }

    pub(super) fn at(&self, height: Height, front: FilterHash) -> Option<FilterHash> {
        let differs = self.differs.get(&height).copied();
        differs.or_else(|| self.covered.contains(height).then_some(front))
    }
}
