//! Owns what follows when peers commit to different filters: whose versions are tried last, what a
//! block proves, what is told.
//!
//! Refuses to choose between versions, and to close a connection without proof.

use std::collections::BTreeSet;

use bitcoin::hashes::Hash as _;
use bitcoin::{Block, BlockHash, FilterHash};

use crate::client::LightClient;
use crate::fault::Fault;
use crate::filter::proof;
use crate::height::BlockId;
use crate::kept::FilterId;
use crate::output::{Output, PeerEvent};
use crate::peer_id::PeerId;
use crate::status::Disputes;
use crate::time::MonoTime;

impl LightClient {
    /// Sets aside those for whom nobody should wait any longer, and tells of new disagreements.
    pub(super) fn follow_disputes(&mut self, now: MonoTime) {
        let ready = self.peers.iter().filter(|(_, peer)| peer.is_followed());
        let mut changed = false;
        for (id, peer) in ready {
            let owes = self.commitments.unread_of(*id) > 0;
            self.conduct.note_owing(now, (*id, &peer.address), owes);
            let last = self.conduct.is_last(*id, &peer.address);
            if last != self.commitments.is_aside(*id) {
                self.commitments.set_aside(*id, last);
                changed = true;
            }
        }
        if changed {
            self.recheck_versions();
        }
        for (id, height) in self.commitments.take_disagreements() {
            let Some(peer) = self.peers.get(&id) else { continue };
            let event =
                PeerEvent::FiltersDiffer { peer: id, address: peer.address.clone(), height };
            self.outbox.push(Output::Peer(event));
        }
    }

    /// A peer sent a filter that is what it commits to.
    pub(super) fn on_served(&mut self, id: PeerId) {
        if let Some(peer) = self.peers.get(&id) {
            self.conduct.on_served(id, &peer.address, self.matching.all().len());
        }
    }

    /// Checks every version of a block's filter that is at hand against the block. Who commits to
    /// one that the block disproves is closed off.
    pub(super) fn audit(&mut self, at: BlockId, block: &Block) {
        let versions: BTreeSet<FilterHash> = self
            .peers
            .keys()
            .filter_map(|peer| self.commitments.commits_to(*peer, at.height))
            .collect();
        for hash in versions {
            let Some(filter) = self.matching.bytes(&FilterId { block: at, hash }) else { continue };
            // What was not matched yet may be anything, whoever sent it.
            if FilterHash::hash(&filter) != hash || proof::check(block, &filter).is_ok() {
                continue;
            }
            let liars: Vec<PeerId> = self.commitments.committers(at.height, hash).collect();
            for liar in liars {
                self.close(liar, Some(Fault::FalseFilter));
            }
        }
    }

    /// The peers to ask for a block only if there is no other, since they alone say that it
    /// matters.
    pub(super) fn to_avoid(&self, at: BlockId, matched: FilterHash) -> BTreeSet<PeerId> {
        self.commitments.committers(at.height, matched).collect()
    }

    /// The wallet read a block. Had it been fetched for the version of some peers alone, and held
    /// nothing, that counts against them.
    pub(super) fn count_fruitless(&mut self, block: BlockHash, relevant: bool) {
        if relevant {
            return;
        }
        let matched = self.scan.folding().or(self.backfill.folding());
        let Some((at, hash)) = matched.filter(|(at, _)| at.hash == block) else { return };
        let says_otherwise = |peer: &PeerId| {
            let other = self.commitments.commits_to(*peer, at.height);
            other.is_some_and(|other| other != hash)
        };
        if !self.peers.keys().any(says_otherwise) {
            return;
        }
        for peer in self.commitments.committers(at.height, hash) {
            if let Some(peer) = self.peers.get(&peer) {
                self.conduct.on_fruitless(&peer.address);
            }
        }
    }

    /// How far peers agree.
    pub(super) fn disputes(&self) -> Disputes {
        let (first, tip) = (self.tree.base().height.next(), self.commitments.tip());
        let ready = self.peers.iter().filter(|(_, peer)| peer.is_followed());
        let agrees = |(id, _): &(&PeerId, _)| {
            self.commitments.differs_from(**id, first).is_none()
                && self.commitments.covers(**id, &(first..=tip.max(first)))
        };
        Disputes {
            agreeing: ready.clone().filter(agrees).count(),
            peers: ready.count(),
            heights: self.commitments.disputed(),
            set_aside: self.commitments.set_aside_versions(),
        }
    }
}
