//! Owns `ChangeSet`, the durable delta of the chain, and `Restored`, what a start reads back.
//!
//! Refuses to write: the owner of the disk commits a change set before any output of the same
//! step leaves (persist, then speak).

mod peers;

use std::collections::BTreeMap;

use bitcoin::block::Header;
use bitcoin::hash_types::{FilterHash, FilterHeader};

use crate::height::Height;
use crate::height_ranges::HeightRanges;

pub use peers::{AddressRecord, Ban, BanSpan, PeerChanges, Place, StoredPeers};

/// What changed on the best chain since the last `take_staged`.
///
/// To apply: delete every stored header and filter hash above `truncate_above`, then write
/// `headers`, `filter_hashes` and `base_filter_header` over what is there. Heights are of the best chain; branches
/// that lost are not kept over a restart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeSet {
    /// Delete everything above this height first. `None`: delete nothing.
    pub truncate_above: Option<Height>,
    /// Headers of the best chain by height.
    pub headers: BTreeMap<Height, Header>,
    /// A filter hash for each block of the best chain, by height.
    pub filter_hashes: BTreeMap<Height, FilterHash>,
    /// The filter header of the base (BIP157), as a peer said it.
    pub base_filter_header: Option<FilterHeader>,
    /// What changed in the memory of peers; a file of its own, on which no other depends.
    pub peers: PeerChanges,
}

impl ChangeSet {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.truncate_above.is_none()
            && self.headers.is_empty()
            && self.filter_hashes.is_empty()
            && self.base_filter_header.is_none()
            && self.peers.is_empty()
    }

    /// Adds a change set that came after this one, so that applying the sum equals applying both.
    pub fn merge(&mut self, later: Self) {
        if let Some(height) = later.truncate_above {
            self.headers.retain(|h, _| *h <= height);
            self.filter_hashes.retain(|h, _| *h <= height);
            self.truncate_above =
                Some(self.truncate_above.map_or(height, |earlier| earlier.min(height)));
        }
        self.headers.extend(later.headers);
        self.filter_hashes.extend(later.filter_hashes);
        self.base_filter_header = later.base_filter_header.or(self.base_filter_header);
        self.peers.merge(later.peers);
    }
}

/// What the store kept: the best chain above the base, and its filter hashes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Restored {
    /// Headers from the height above the base (`Config::base`) upwards, without gaps.
    pub headers: Vec<Header>,
    /// Filter hashes from the height above the base upwards, without gaps; may be shorter than
    /// `headers`.
    pub filter_hashes: Vec<FilterHash>,
    /// The filter header of the base.
    pub base_filter_header: Option<FilterHeader>,
    /// Where the store has filters; `None` if it keeps none, so that it is neither asked nor given
    /// any.
    pub kept: Option<HeightRanges>,
    /// What the store kept of peers.
    pub peers: StoredPeers,
}

#[cfg(test)]
mod tests {
    use bitcoin::hashes::Hash as _;
    use proptest::prelude::*;

    use super::*;

    /// What a store holds, and how it applies a change set.
    #[derive(Debug, Clone, PartialEq, Default)]
    struct Disk(BTreeMap<Height, Header>, BTreeMap<Height, FilterHash>, Option<FilterHeader>);

    impl Disk {
        fn apply(&mut self, set: ChangeSet) {
            if let Some(height) = set.truncate_above {
                self.0.retain(|h, _| *h <= height);
                self.1.retain(|h, _| *h <= height);
            }
            self.0.extend(set.headers);
            self.1.extend(set.filter_hashes);
            self.2 = set.base_filter_header.or(self.2);
        }
    }

    fn any_set() -> impl Strategy<Value = ChangeSet> {
        let entries = || prop::collection::btree_map(0_u32..20, any::<u8>(), 0..6);
        let base = prop::option::of(any::<u8>());
        let parts = (prop::option::of(0_u32..20), entries(), entries(), base);
        parts.prop_map(|(cut, headers, filters, base)| {
            let mut header = bitcoin::constants::genesis_block(bitcoin::Network::Regtest).header;
            ChangeSet {
                truncate_above: cut.map(Height::new),
                headers: headers
                    .into_iter()
                    .map(|(height, nonce)| {
                        header.nonce = nonce.into();
                        (Height::new(height), header)
                    })
                    .collect(),
                filter_hashes: filters
                    .into_iter()
                    .map(|(h, byte)| (Height::new(h), FilterHash::from_byte_array([byte; 32])))
                    .collect(),
                base_filter_header: base.map(|byte| FilterHeader::from_byte_array([byte; 32])),
                peers: PeerChanges::default(),
            }
        })
    }

    proptest! {
            #[test]
            fn applying_a_sum_equals_applying_its_parts(
                sets in prop::collection::vec(any_set(), 0..6),
                split in any::<prop::sample::Index>(),
            ) {
                let mut one_by_one = Disk::default();
                for set in &sets {
     one_by_one.apply(set.clone());
    }
                let split = if sets.is_empty() { 0 } else { split.index(sets.len()) };
                let mut in_two = Disk::default();
                for part in [&sets[..split], &sets[split..]] {
                    let mut sum = ChangeSet::default();
                    for set in part {
     sum.merge(set.clone());
    }
                    in_two.apply(sum);
                }
                prop_assert_eq!(one_by_one, in_two);
            }
        }
}
