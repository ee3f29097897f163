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

    /// The median of the fee rates that ready peers ask for; the lower one of two.
    pub(super) fn fee_floor(&self) -> Option<FeeRate> {
        let mut floors: Vec<FeeRate> = self.peers.values().filter_map(Peer::fee_floor).collect();
        floors.sort_unstable();
        floors.get(floors.len().checked_sub(1)? / 2).copied()
    }
}
