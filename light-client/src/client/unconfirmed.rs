//! Owns what transactions that no block holds do to the client, and which fee rates peers ask for.
//!
//! Refuses to act differently on those that concern the wallet.

use bitcoin::{FeeRate, Transaction};
use rand_chacha::rand_core::RngCore as _;

use crate::client::LightClient;
use crate::fault::Fault;
use crate::peer_id::PeerId;
use crate::peers::peer::Peer;
use crate::time::MonoTime;

impl LightClient {
    pub(super) fn on_transaction(
        &mut self,
        now: MonoTime,
        id: PeerId,
        transaction: Transaction,
    ) -> Result<(), Fault> {
        let jitter = self.rng.next_u32();
        self.mempool
            .on_transaction(now, id, transaction, jitter, |script| self.matching.watches(script))
    }

    /// The wallet watches more than before.
    pub(super) fn review_mempool(&mut self, now: MonoTime) {
        let jitter = self.rng.next_u32();
        self.mempool.review(now, jitter, |script| self.matching.watches(script));
    }

    /// The fee rates below which the peers that follow the chain with us relay nothing.
    pub(super) fn fee_floors(&self) -> impl Iterator<Item = FeeRate> + '_ {
        self.peers.values().filter(|peer| peer.is_followed()).filter_map(Peer::fee_floor)
    }
}
