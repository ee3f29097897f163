//! Owns `Reader`: a second view on a wallet's file, which answers from what is committed, whatever
//! the first is doing meanwhile.
//!
//! Refuses to change anything, and to keep anything in memory that a commit could make untrue.

use std::path::Path;

use bitcoin::Amount;

use crate::command::{CommandError, Reading, Reply, StoreProblem};
use crate::light_client::height::{BlockId, Height};
use crate::light_client::time::WallTime;
use crate::store::wallet::WalletFile;
use crate::vault::FileKey;

use super::Wallet;

/// What a reading is told of the rest of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The highest block of the chain.
    pub tip: Height,
    /// The block up to which the wallet has seen it; `None` before the first.
    pub applied: Option<BlockId>,
    /// When.
    pub now: WallTime,
}

/// A view that only reads.
#[derive(Debug)]
pub struct Reader(Wallet);

impl Reader {
    /// Opens a wallet's file beside the [`Wallet`] that was opened as
    /// [`shared`](Wallet::open_shared).
    ///
    /// # Errors
    /// As [`Wallet::open`].
    pub fn open(path: &Path, key: &FileKey, dust_limit: Amount) -> Result<Self, StoreProblem> {
        let mut wallet = Wallet::bare(WalletFile::open_reader(path, key)?)?;
        wallet.set_dust_limit(dust_limit);
        wallet.read_chains()?;
        Ok(Self(wallet))
    }

    /// Answers from the last commit, all of it from the same one.
    ///
    /// # Errors
    /// As the [`Command`](crate::command::Command) of the same name.
    pub fn read(&mut self, reading: &Reading, standing: Standing) -> Result<Reply, CommandError> {
        self.0.file.begin_reading()?;
        let answer = self.0.read_what_changed(matches!(reading, Reading::Describe));
        let answer = answer.map_err(CommandError::from);
        let answer = answer.and_then(|()| self.0.read(reading, standing));
        self.0.file.abort()?;
        answer
    }
}

impl Wallet {
    /// Reads again what the other view may have changed: accounts may have come, and for a
    /// description how far each chain of addresses is used.
    fn read_what_changed(&mut self, describes: bool) -> Result<(), StoreProblem> {
        if describes || self.file.account_count()? != self.accounts.len() {
            self.description = self.file.description()?;
            self.read_accounts()?;
            self.read_chains()?;
        }
        Ok(())
    }

    /// An account never changes but for what it is used for, so those that are known are not read
    /// again: to check a descriptor takes long.
    fn read_accounts(&mut self) -> Result<(), StoreProblem> {
        let (own, active) = (self.file.own_masters()?, self.file.active_keychains()?);
        if own != self.own || self.file.account_count()? != self.accounts.len() {
            self.own = own;
            self.accounts = self.file.accounts()?;
        }
        for account in &mut self.accounts {
            account.set_active_of(&active);
        }
        Ok(())
    }

    /// Answers what only reads.
    ///
    /// # Errors
    /// As the [`Command`](crate::command::Command) of the same name.
    pub fn read(&self, reading: &Reading, standing: Standing) -> Result<Reply, CommandError> {
        let Standing { tip, applied, now } = standing;
        Ok(match reading {
            Reading::Balance => Reply::Balance(self.balance(tip, now)?),
            Reading::History(query) => Reply::History(self.history_page(query)?),
            Reading::Transactions(txids) => Reply::Transactions(self.transaction_records(txids)?),
            Reading::Records(query) => Reply::Transactions(self.record_page(query)?),
            Reading::Entries { skip, count } => {
                let (newer, records) = self.entry_page(*skip, *count)?;
                Reply::Entries { newer, records }
            }
            Reading::Coins(query) => Reply::Coins(self.coins(query, tip, now)?),
            Reading::Holdings { least_depth } => {
                Reply::Holdings(Box::new(self.holdings(tip, *least_depth)?))
            }
            Reading::Received(scripts) => Reply::Received(self.received(scripts)?),
            Reading::ReceivedSum(query) => Reply::ReceivedSum(self.received_sum(query)?),
            Reading::Addresses(query) => Reply::Addresses(self.addresses(query)?),
            Reading::Owner(spk) => Reply::Owner(self.owner(spk)?),
            Reading::Left(block) => Reply::Left(self.left_block(*block)?),
            Reading::Applied => Reply::Applied(applied),
            Reading::Labels(query) => Reply::Labels(self.labels(query)?),
            Reading::Describe => Reply::Wallet(Box::new(self.description()?)),
            Reading::Teller(reading) => Reply::Teller(Box::new(self.look_up(reading)?)),
        })
    }
}
