//! Owns the chain of filter headers that the fronts make (BIP157), with a link kept now and then, so
//! that one far up costs no walk from the base each time.
//!
//! Refuses to say whether peers agree on it.

use bitcoin::FilterHeader;

use super::Commitments;
use crate::height::Height;
use crate::limits::CHECKPOINT_SPACING;

impl Commitments {
    /// The filter header of a height by the fronts up to it; `None` above what is known, below the
    /// base, or while that of the base is not known.
    #[must_use]
    pub fn front_header(&self, height: Height) -> Option<FilterHeader> {
        let count = height.to_usize().checked_sub(self.base.to_usize())?;
        let kept = (count / SPACING).min(self.links.len());
        self.chain(kept, count)
    }

    /// Keeps the links up to a height, as far as they are known.
    pub(crate) fn keep_links(&mut self, height: Height) {
        let count = height.above(self.base) as usize;
        while self.links.len() < count / SPACING
            && let Some(link) = self.chain(self.links.len(), (self.links.len() + 1) * SPACING)
        {
            self.links.push(link);
        }
    }

    /// A front above `height` is not what it was.
    pub(super) fn cut_links(&mut self, height: Height) {
        self.links.truncate(height.above(self.base) as usize / SPACING);
    }

    /// The header that is `count` above the base, from the kept link of this number on.
    fn chain(&self, kept: usize, count: usize) -> Option<FilterHeader> {
        let from = match kept.checked_sub(1) {
            None => self.base_header?,
            Some(place) => *self.links.get(place)?,
        };
        let hashes = self.front.get(kept * SPACING..count)?;
        Some(hashes.iter().fold(from, |previous, hash| hash.filter_header(&previous)))
    }
}

/// Blocks between two kept links.
const SPACING: usize = CHECKPOINT_SPACING as usize;

#[cfg(test)]
mod tests {
    use bitcoin::FilterHash;
    use bitcoin::hashes::Hash as _;

    use super::*;
    use crate::peer_id::PeerId;

    const BASE: Height = Height::new(7);

    fn hash(n: u32) -> FilterHash {
        FilterHash::hash(&n.to_le_bytes())
    }

    /// The slow and obvious way.
    fn model(commitments: &Commitments, count: u32) -> Option<FilterHeader> {
        let heights = (1..=count).map(|n| BASE.up(n));
        let base = commitments.base_header()?;
        heights
            .map(|height| commitments.front(height))
            .try_fold(base, |previous, hash| hash.map(|hash| hash.filter_header(&previous)))
    }

    #[test]
    fn a_header_is_the_same_with_and_without_kept_links() {
        let peer = PeerId::new(1);
        let mut commitments = Commitments::new(BASE);
        commitments.add(peer);
        let zeros = FilterHeader::all_zeros();
        let hashes: Vec<FilterHash> = (0..3_500).map(hash).collect();
        commitments.record(peer, BASE.next(), zeros, &hashes).expect("they follow");
        let check = |commitments: &Commitments| {
            for count in [0, 1, 999, 1_000, 1_001, 2_000, 2_500, 3_500, 3_501] {
                let header = commitments.front_header(BASE.up(count));
                assert_eq!(header, model(commitments, count), "{count} above the base");
            }
            assert_eq!(commitments.front_header(BASE.down(1)), None);
        };
        check(&commitments);
        commitments.keep_links(BASE.up(9_999));
        assert_eq!(commitments.links.len(), 3);
        check(&commitments);

        // Another front, then another branch: what stands on them is not kept.
        commitments.set_front(BASE.up(1_000), hash(7_777));
        assert_eq!(commitments.links.len(), 0);
        commitments.keep_links(BASE.up(3_000));
        check(&commitments);
        commitments.truncate_above(BASE.up(1_999));
        assert_eq!(commitments.links.len(), 1);
        commitments.record(peer, BASE.up(2_000), zeros, &hashes[..1_501]).expect("they follow");
        commitments.keep_links(BASE.up(3_500));
        check(&commitments);
    }
}
