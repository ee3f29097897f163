//! Owns operations as the engine runs them: begun, told how far they are, ended.
//!
//! Refuses to hold anybody up: what a rescan looks at is looked at beside all else.

use crate::command::{
    Birthday, CommandError, Operation, OperationCommand, OperationId, OperationState, Reach, Reply,
    Task,
};
use crate::engine::chain_side::Chain;
use crate::engine::{Effect, Engine};
use crate::event::Event;
use crate::light_client::height::Height;
use crate::light_client::time::{Now, WallTime};
use crate::wallet_name::WalletName;

impl Engine {
    pub(super) fn operate(
        &mut self,
        now: Now,
        name: &WalletName,
        command: OperationCommand,
    ) -> Result<Reply, CommandError> {
        let id = match command {
            OperationCommand::Rescan { from } => Some(self.begin_rescan(now, name, from)?),
            OperationCommand::Running => None,
            OperationCommand::Of(id) => Some(id),
            OperationCommand::Cancel(id) => {
                if let Some(one) = self.followers.get_mut(name)
                    && one.wallet.cancel_operation(id, now.wall)?
                {
                    one.say(Event::Operation(id));
                }
                Some(id)
            }
        };
        let Some(one) = self.followers.get(name) else { return Ok(Reply::Operation(None)) };
        let found = match id {
            Some(id) => Some(one.wallet.operation(id)?),
            None => one.wallet.running_operation()?,
        };
        let begins = matches!(command, OperationCommand::Rescan { .. });
        let told = found.map(|found| {
            let reach = reach(&self.chain, &found);
            // What it looks for is told to the light client after the commit.
            let reach = reach.map(|reach| if begins { reach.at_first() } else { reach });
            Operation { reach, ..found }
        });
        Ok(Reply::Operation(told.map(Box::new)))
    }

    /// Blocks below the headers that there are need a new light client, for all wallets.
    fn begin_rescan(
        &mut self,
        now: Now,
        name: &WalletName,
        from: Birthday,
    ) -> Result<OperationId, CommandError> {
        let tip = self.chain.tip().height;
        if let Birthday::Height(asked) = from
            && asked > tip
        {
            return Err(CommandError::HeightAboveTip { asked, tip });
        }
        let seed = self.entropy();
        let chain = self.chain.followed_mut().ok_or(CommandError::Offline)?;
        let not_loaded = || CommandError::NotLoaded(name.clone());
        let one = self.followers.get_mut(name).ok_or_else(not_loaded)?;
        let first_since = |time| chain.client.first_block_since(time);
        let id = one.wallet.begin_rescan(from, first_since, now.wall)?;
        one.say(Event::Operation(id));
        if chain.lower(&mut self.followers, None, seed, now) {
            self.effects.push(Effect::Restart);
            self.introduce(now);
        } else if let Some(one) = self.followers.get_mut(name) {
            let behind = one.behind_since()?;
            self.after_commit.extend(one.watches(behind)?);
        }
        Ok(id)
    }
}

/// How far an operation is that goes on.
pub(super) fn reach(chain: &Chain, operation: &Operation) -> Option<Reach> {
    let client = &chain.followed()?.client;
    let Task::Rescan { from } = operation.task else { return None };
    if operation.state != OperationState::Running {
        return None;
    }
    let last = client.scan_cursor().map_or(Height::GENESIS, |cursor| cursor.height);
    let first = match from {
        Birthday::Height(height) => height,
        Birthday::Time(time) => client.first_block_since(WallTime::new(time)),
    };
    let first = first.min(last);
    // Others may be looked for below.
    let next = client.owed_from().map_or(last.next(), |owed| owed.max(first));
    Some(Reach { first, next, last })
}
