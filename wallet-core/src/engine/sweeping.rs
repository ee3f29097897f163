//! Owns the search for the coins of other keys beside the wallet's own: the light client watches
//! their scripts too, and blocks are looked at for both.
//!
//! Refuses to keep anything of it: a search that is cut short begins again.

use bitcoin::Amount;

use crate::command::{CommandError, FeeChoice, Reply, SweepRequest};
use crate::engine::around::Around;
use crate::engine::follower::Follower;
use crate::engine::{Effect, Engine};
use crate::light_client::time::Now;
use crate::sweep::Sweep;
use crate::wallet_name::WalletName;

impl Engine {
    /// Begins to look. Headers below those that there are need a new light client.
    pub(super) fn begin_sweep(
        &mut self,
        now: Now,
        name: &WalletName,
        request: &SweepRequest,
    ) -> Result<Reply, CommandError> {
        let seed = self.entropy();
        let Some(one) = self.followers.get_mut(name) else { return Ok(Reply::Done) };
        let sweep = Sweep::new(request, one.wallet.network());
        let since = sweep.since();
        one.sweep = Some(sweep);
        let chain = self.chain.followed_mut().ok_or(CommandError::Offline)?;
        if chain.lower(&mut self.followers, Some(since), seed, now) {
            self.effects.push(Effect::Restart);
            self.introduce(now);
        } else if let Some(one) = self.followers.get_mut(name) {
            self.after_commit.extend(one.new_sweep_watches());
        }
        Ok(Reply::Done)
    }
}

impl Follower {
    pub(super) fn draft_sweep(
        &mut self,
        around: &Around<'_>,
        fee: FeeChoice,
        most_fee: Option<Amount>,
    ) -> Result<Reply, CommandError> {
        self.changed = true;
        let Some(sweep) = &self.sweep else {
            return Err(CommandError::NothingToSweep { left: Amount::ZERO });
        };
        let draft = self.wallet.draft_sweep(sweep, fee, most_fee, &around.moment())?;
        Ok(Reply::Sweep(Box::new(draft)))
    }
}
