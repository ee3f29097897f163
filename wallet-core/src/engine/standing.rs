//! Owns how a wallet comes onto the chain that the light client has: the same blocks as it scanned, and the same
//! filters as it was matched against, or it scans again.
//!
//! Refuses to look at a block for it, and to know the other wallets.

use crate::command::{Happened, StoreProblem};
use crate::engine::follower::Follower;
use crate::engine::start::{self, Standing};
use crate::event::Event;
use crate::light_client::LightClient;
use crate::light_client::height::Height;
use crate::wallet::Matched;

impl Follower {
    /// Brings the wallet onto the chain.
    pub(super) fn settle_standing(&mut self, client: &LightClient) -> Result<(), StoreProblem> {
        match start::standing(&self.wallet, client)? {
            Standing::OnChain => {}
            Standing::Forked(fork) => {
                let left = self.wallet.cursor()?;
                self.wallet.journal(&Happened::Reorganised { fork })?;
                let changes = self.wallet.roll_back(fork)?;
                if let Some(old_tip) = left {
                    self.say(Event::Reorganised { fork, old_tip });
                }
                self.say_changes(changes)?;
            }
            Standing::Unknown(from) => {
                self.wallet.rescan_from(from, |time| client.first_block_since(time))?;
            }
        }
        self.compare(client)?;
        self.applied = self.wallet.cursor()?;
        Ok(())
    }

    /// Looks whether peers stand for other filters by now than it was matched against; from there on
    /// it scans again. Whether it does. Where the light client has none yet, it is to be asked later.
    pub(super) fn compare(&mut self, client: &LightClient) -> Result<bool, StoreProblem> {
        if self.compared {
            return Ok(false);
        }
        let hashes = |range| client.filter_hashes(&range);
        let unread_since = |from| client.unread_since(from);
        let matched = self.wallet.compare_matched(&hashes, &unread_since)?;
        self.compared = matched != Matched::Unknown;
        let Matched::Other(from) = matched else { return Ok(false) };
        self.wallet.rescan_from(Some(from), |time| client.first_block_since(time))?;
        self.changed = true;
        Ok(true)
    }

    /// Notes what it is matched against by now: of these blocks by something else.
    pub(super) fn note_matched(
        &mut self,
        base: Height,
        client: &LightClient,
        changed: &[Height],
    ) -> Result<(), StoreProblem> {
        if !self.compared {
            return Ok(());
        }
        let first_since = |time| client.first_block_since(time);
        let hashes = |range| client.filter_hashes(&range);
        self.wallet.note_matched(base, &first_since, changed, &hashes)
    }
}
