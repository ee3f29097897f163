//! Owns what is said on visits: connections for one thing, not to follow the chain.
//!
//! Refuses what has nothing to do with that thing: it is skipped. A visit that is not over in time
//! is ended.

use crate::client::LightClient;
use crate::codec::Message;
use crate::dial::Purpose;
use crate::fault::Fault;
use crate::limits::VISIT_TIMEOUT;
use crate::peer_id::PeerId;
use crate::time::Now;
use crate::timers::Timer;

impl LightClient {
    /// The handshake of a visit is done.
    pub(super) fn on_visit_ready(&mut self, now: Now, id: PeerId) {
        let Some(purpose) = self.peers.get(&id).map(|peer| peer.purpose) else { return };
        self.timers.set(Timer::Visit(id), Some(now.mono.after(VISIT_TIMEOUT)));
        match purpose {
            // To see that somebody is there was all.
            Purpose::Feeler => self.close(id, None),
            Purpose::Broadcast | Purpose::Addresses | Purpose::Chain => {}
        }
    }

    /// A peer that is visited says something after the handshake.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "grows with its first user")]
    pub(super) fn on_visit_message(
        &mut self,
        _now: Now,
        _id: PeerId,
        _message: &Message,
    ) -> Result<(), Fault> {
        Ok(())
    }

    /// A visit has lasted long enough.
    pub(super) fn on_visit_timeout(&mut self, id: PeerId) {
        self.close(id, None);
    }
}
