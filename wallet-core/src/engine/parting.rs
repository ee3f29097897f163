//! Owns how a wallet is closed whose file refuses, so that the others go on.
//!
//! Refuses to tell what the file does not hold, and to go on with no wallet: when the last one's file
//! refuses, the engine stops.

use crate::command::{CommandError, StoreProblem};
use crate::engine::{Effect, Engine};
use crate::event::{Event, News};
use crate::wallet_name::WalletName;

impl Engine {
    /// Closes the wallets whose files refused. What was queued of them since the last commit is not
    /// in their files, and is not told.
    ///
    /// # Errors
    /// What was refused, if no wallet is left.
    pub(super) fn part(&mut self) -> Result<(), StoreProblem> {
        while let Some((name, problem)) = self.next_refused() {
            if self.followers.len() == 1 {
                return Err(problem);
            }
            tracing::error!(wallet = %name, %problem, "closed: mend this, then load it again");
            let Some(gone) = self.followers.remove(&name) else { continue };
            self.forget(gone);
            self.silence(&name, &problem);
            let event = Event::Stopped { error: CommandError::Store(problem) };
            self.effects.push(Effect::Tell(News { wallet: Some(name), event }));
        }
        Ok(())
    }

    fn next_refused(&self) -> Option<(WalletName, StoreProblem)> {
        let mut refused = self.followers.iter();
        refused.find_map(|(name, one)| Some((name.clone(), one.refused.clone()?)))
    }

    fn silence(&mut self, name: &WalletName, problem: &StoreProblem) {
        let asked = self.asked.as_ref() == Some(name);
        let mut place = 0;
        self.effects.retain_mut(|effect| {
            place += 1;
            if place <= self.committed {
                return true;
            }
            match effect {
                Effect::Answer { result, .. } if asked => {
                    *result = Err(CommandError::Store(problem.clone()));
                    true
                }
                Effect::Tell(news) => news.wallet.as_ref() != Some(name),
                _ => true,
            }
        });
    }
}
