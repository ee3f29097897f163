//! Owns the making of a `Status` from what the client holds.
//!
//! Refuses to be read by the client itself.

use crate::client::LightClient;
use crate::peer_id::PeerId;
use crate::peers::peer::Peer;
use crate::status::{Pace, Status, Traffic, Waiting};

impl LightClient {
    pub(super) fn snapshot(&self) -> Status {
        let peers = self.peers.iter().map(|(id, peer)| {
            let height = self.headers.announced(*id).map(|block| block.height);
            let mut status = peer.status(*id, height);
            let first = self.tree.base().height.next();
            status.compared = self.commitments.compared(*id).and_then(|said| said.run(first));
            status.differences = self.commitments.differences(*id);
            status.set_aside = self.commitments.is_aside(*id);
            status.traffic = self.traffic(*id, peer);
            status
        });
        Status {
            tip: self.tree.tip(),
            filter_headers: Some(self.commitments.tip()),
            disputes: self.disputes(),
            cursor: self.scan.cursor(),
            announced: self
                .peers
                .keys()
                .filter_map(|id| self.headers.announced(*id))
                .map(|block| block.height)
                .max(),
            synced: self.synced,
            waiting: self.waiting(),
            filters_matched: self.matching.matched(),
            blocks_fetched: self.blocks.fetched(),
            blocks_unchecked: self.blocks.unchecked(),
            weighing: self.headers.weighing(),
            clock: self.clock,
            bytes_received: self.bytes_received,
            pace: self.pace(),
            announcing: self.broadcast.announcing(),
            taken: self.broadcast.taken(),
            offering: self.broadcast.offering(),
            fees: self.fees.report(self.fee_floors()),
            peers: peers.collect(),
            search: self.roster.search(),
            banned: self.roster.banned(),
            banned_by_hand: self.roster.banned_by_hand(),
            active: self.roster.is_active(),
            added: self.roster.added(),
            bytes_sent: self.outbox.bytes_sent(),
        }
    }

    fn traffic(&self, id: PeerId, peer: &Peer) -> Option<Traffic> {
        let line = self.outbox.line(id);
        let told = self.roster.call(id).and_then(|call| call.told);
        Some(Traffic {
            last_sent: line.and_then(|line| line.last),
            sent: line.map(|line| line.sent.by_type()).unwrap_or_default(),
            common: self.headers.common(id),
            asked: self.blocks.asked(id),
            addresses: told.map(|told| (told.admitted, told.dropped)),
            ..peer.traffic()?
        })
    }

    fn pace(&self) -> Option<Pace> {
        if self.synced {
            return None;
        }
        let pace = self.pace.pace(self.tree.tip().height)?;
        let left = pace.left.filter(|_| self.headers.is_settled());
        Some(Pace { left, ..pace })
    }

    fn waiting(&self) -> Waiting {
        if self.synced {
            Waiting::Nothing
        } else if !self.peers.values().any(Peer::is_followed) {
            Waiting::Peers
        } else if !self.is_believed() || !self.headers.is_settled() {
            Waiting::Headers
        } else if self.is_left_behind() {
            Waiting::Clock
        } else if self.blocks.is_waiting() {
            Waiting::Blocks
        } else if self.commitments.tip() < self.tree.tip().height {
            Waiting::FilterHeaders
        } else {
            Waiting::Filters
        }
    }
}
