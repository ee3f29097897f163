//! Owns the import of descriptors into a wallet that runs: taken in and searched for by one commit.
//!
//! Refuses a second one while another search that was asked for goes on.

use crate::command::{Birthday, CommandError, Import, Imported, Reply, Task};
use crate::engine::{Effect, Engine};
use crate::event::Event;
use crate::light_client::time::{Now, WallTime};
use crate::wallet_name::WalletName;

impl Engine {
    /// Takes descriptors in; those that can't be are told, and the others are taken in.
    pub(super) fn import(
        &mut self,
        now: Now,
        name: &WalletName,
        imports: &[Import],
    ) -> Result<Reply, CommandError> {
        let seed = self.entropy();
        let chain = self.chain.followed_mut().ok_or(CommandError::Offline)?;
        let not_loaded = || CommandError::NotLoaded(name.clone());
        let one = self.followers.get_mut(name).ok_or_else(not_loaded)?;
        if let Some(running) = one.wallet.running_operation()? {
            return Err(CommandError::Rescanning(running.id));
        }
        let mut problems = Vec::new();
        let mut starts = Vec::new();
        for import in imports {
            let problem = one.wallet.import(import, now.wall)?;
            starts.extend(problem.is_none().then_some(import.since));
            problems.push(problem);
        }
        let first = |since: &Birthday| match since {
            Birthday::Height(height) => *height,
            Birthday::Time(time) => chain.client.first_block_since(WallTime::new(*time)),
        };
        let Some(from) = starts.into_iter().min_by_key(first) else {
            return Ok(Reply::Imported(Box::new(Imported { problems, operation: None })));
        };
        let id = one.wallet.begin_import(Task::Rescan { from }, now.wall)?;
        one.say(Event::Operation(id));
        one.changed = true;
        if chain.lower(&mut self.followers, None, seed, now) {
            self.effects.push(Effect::Restart);
            self.introduce(now);
        }
        Ok(Reply::Imported(Box::new(Imported { problems, operation: Some(id) })))
    }
}
