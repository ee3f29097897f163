//! Owns what a wallet is told of the rest of the world when it is asked something.
//!
//! Refuses to change any of it.

use crate::engine::chain_side::Chain;
use crate::light_client::fees::FeeReport;
use crate::light_client::height::Height;
use crate::light_client::time::{Now, WallTime};
use crate::wallet::DraftMoment;

/// The moment, and the chain.
pub(super) struct Around<'a> {
    /// When.
    pub(super) now: Now,
    /// Fresh entropy.
    pub(super) entropy: [u8; 32],
    pub(super) chain: &'a Chain,
}

impl Around<'_> {
    pub(super) fn tip(&self) -> Height {
        self.chain.tip().height
    }

    /// Where the chain is, and when.
    pub(super) fn place(&self) -> (Height, WallTime) {
        (self.tip(), self.now.wall)
    }

    /// What a draft is made of besides the request and the wallet.
    pub(super) fn moment(&self) -> DraftMoment {
        let fees = self.chain.followed().map(|chain| chain.client.status().fees);
        let fees = fees.unwrap_or(FeeReport::NOTHING);
        let (now, tip) = (self.now.wall, self.tip());
        DraftMoment { now, tip, entropy: self.entropy, fees, request: None }
    }
}
