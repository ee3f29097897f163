//! Owns the making of `Evidence` from what the client holds.
//!
//! Refuses to ask anybody: it tells what is known at this moment.

use bitcoin::FilterHash;

use crate::client::LightClient;
use crate::evidence::{Evidence, FilterEvidence, FilterHeaders};
use crate::height::{BlockId, Height};
use crate::limits::MAX_EVIDENCE_HEADERS;
use crate::peer_id::PeerId;

impl LightClient {
    /// What is known of a block of the best chain; `None` if it is not on it, or is its base.
    ///
    /// Takes a hash for each block from the base on.
    #[must_use]
    pub fn evidence(&self, at: BlockId) -> Option<Evidence> {
        if self.tree.block_at(at.height) != Some(at) {
            return None;
        }
        let above = (0..MAX_EVIDENCE_HEADERS).map(|count| at.height.up(count));
        let headers: Vec<_> =
            above.map_while(|height| self.tree.header_at(height).copied()).collect();
        let evidence =
            Evidence { headers, tip: self.tree.tip(), filter: self.filter_evidence(at.height) };
        (!evidence.headers.is_empty()).then_some(evidence)
    }

    fn filter_evidence(&self, height: Height) -> Option<FilterEvidence> {
        let versions = self.commitments.versions(height).into_iter();
        // Of versions with as many peers the first counts, so the search goes from behind.
        let hash =
            versions.rev().max_by_key(|hash| self.commitments.committers(height, *hash).count())?;
        let addresses = |peer: PeerId| Some(self.peers.get(&peer)?.address.clone());
        Some(FilterEvidence {
            hash,
            headers: self.filter_headers_at(height, hash),
            agreeing: self.commitments.committers(height, hash).filter_map(addresses).collect(),
            peers: self.commitments.agreeing(height).peers,
        })
    }

    /// Whether peers commit to several versions of a filter up to this height.
    pub(super) fn is_contested(&self, height: Height) -> bool {
        let base = self.tree.base().height;
        self.peers.keys().any(|peer| {
            self.commitments.differs_from(*peer, base).is_some_and(|first| first <= height)
        })
    }

    /// The link of the chain of filter headers that ends in `hash`, unless peers have several
    /// versions of it or of a filter below.
    fn filter_headers_at(&self, height: Height, hash: FilterHash) -> Option<FilterHeaders> {
        if self.is_contested(height) || self.commitments.front(height) != Some(hash) {
            return None;
        }
        let previous = self.commitments.front_header(height.prev()?)?;
        Some(FilterHeaders { previous, header: hash.filter_header(&previous) })
    }
}
