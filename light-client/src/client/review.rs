//! Owns looking peers over: whether one has fallen behind, or no block has come for long.
//!
//! Refuses to decide who goes: the roster does, by what is found here.

use crate::client::LightClient;
use crate::limits::{REVIEW_INTERVAL, STALE_TIP};
use crate::peers::roster::Standing;
use crate::time::Now;
use crate::timers::Timer;

impl LightClient {
    /// Leaves peers that hold us back, so that others are looked for.
    pub(super) fn review_peers(&mut self, now: Now) {
        self.timers.set(Timer::Review, Some(now.mono.after(REVIEW_INTERVAL)));
        let tip = self.tree.tip().height;
        let followed = self.peers.iter().filter(|(_, peer)| peer.is_followed());
        let standings: Vec<Standing> = followed
            .map(|(id, peer)| Standing {
                peer: *id,
                is_behind: self.headers.common(*id).is_none_or(|common| common < tip),
                is_mute: self.filter_headers.is_mute(now.mono, *id, &self.commitments),
                last_block: peer.last_block,
            })
            .collect();
        let is_stale = self.synced && now.mono.since(self.tip_since) >= STALE_TIP;
        for peer in self.roster.review(now, &standings, is_stale) {
            self.close(peer, None);
        }
    }
}
