//! Owns the search for the coins of other keys beside the wallet's own: the light client watches
//! their scripts too, and blocks are looked at for both.
//!
//! Refuses to keep anything of it: a search that is cut short begins again.

use bitcoin::{Amount, Block};

use crate::command::{CommandError, FeeChoice, Reply, SweepRequest};
use crate::engine::{Effect, Engine};
use crate::light_client::height::Height;
use crate::light_client::input::Input as ClientInput;
use crate::light_client::time::Now;
use crate::sweep::Sweep;
use crate::wallet::Folded;

impl Engine {
    /// Begins to look. Headers below those that there are need a new light client.
    pub(super) fn begin_sweep(
        &mut self,
        now: Now,
        request: &SweepRequest,
    ) -> Result<Reply, CommandError> {
        let sweep = Sweep::new(request, self.wallet.network());
        let since = sweep.since();
        self.sweep = Some(sweep);
        let seed = self.entropy();
        let chain = self.chain.followed_mut().ok_or(CommandError::Offline)?;
        if chain.lower(&self.wallet, Some(since), seed, now)? {
            self.effects.push(Effect::Restart);
            self.introduce(now)?;
        } else {
            self.watch_grown_of_sweep();
        }
        Ok(Reply::Done)
    }

    pub(super) fn draft_sweep(
        &mut self,
        now: Now,
        fee: FeeChoice,
        most_fee: Option<Amount>,
    ) -> Result<Reply, CommandError> {
        self.changed = true;
        let moment = self.moment(now);
        let Some(sweep) = &self.sweep else {
            return Err(CommandError::NothingToSweep { left: Amount::ZERO });
        };
        let draft = self.wallet.draft_sweep(sweep, fee, most_fee, &moment)?;
        Ok(Reply::Sweep(Box::new(draft)))
    }

    /// A new light client knows of none of the scripts.
    pub(super) fn watch_all_of_sweep(&mut self) {
        if let Some(sweep) = &mut self.sweep {
            sweep.take_grown();
            let (scripts, since) = (sweep.scripts(), Some(sweep.since()));
            self.after_commit.push_back(ClientInput::Watch { scripts, since });
        }
    }

    /// Has scripts watched that were not yet; whether there are any.
    pub(super) fn watch_grown_of_sweep(&mut self) -> bool {
        let Some(sweep) = &mut self.sweep else { return false };
        let (scripts, since) = (sweep.take_grown(), Some(sweep.since()));
        let some = !scripts.is_empty();
        if some {
            self.after_commit.push_back(ClientInput::Watch { scripts, since });
        }
        some
    }

    /// Looks at a block for the search too.
    pub(super) fn sweep_block(&mut self, at: Height, block: &Block, folded: &mut Folded) {
        if let Some(sweep) = &mut self.sweep {
            let found = sweep.apply_block(at, block);
            folded.relevant |= !found.is_empty();
            folded.found.extend(found);
        }
    }

    /// Forgets what blocks that left the chain had brought.
    pub(super) fn roll_back_sweep(&mut self, fork: Height) {
        if let Some(sweep) = &mut self.sweep {
            sweep.roll_back(fork);
        }
    }
}
