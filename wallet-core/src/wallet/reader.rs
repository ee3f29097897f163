//! Owns `Reader`: a second view on a wallet's file, which answers from what is committed, whatever
//! the first is doing meanwhile.
//!
//! Refuses to change anything, and to keep anything in memory that a commit could make untrue.

use std::path::Path;

use bitcoin::Amount;

use crate::command::{CommandError, Reading, Reply, StoreProblem};
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;
use crate::store::wallet::WalletFile;
use crate::vault::FileKey;

use super::Wallet;

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
        Ok(Self(wallet))
    }

    /// Answers from the last commit, all of it from the same one.
    ///
    /// # Errors
    /// As the [`Command`](crate::command::Command) of the same name.
    pub fn read(
        &mut self,
        reading: &Reading,
        tip: Height,
        now: WallTime,
    ) -> Result<Reply, CommandError> {
        self.0.file.begin_reading()?;
        let answer = self.answer(reading, tip, now);
        self.0.file.abort()?;
        answer
    }

    fn answer(
        &mut self,
        reading: &Reading,
        tip: Height,
        now: WallTime,
    ) -> Result<Reply, CommandError> {
        let wallet = &mut self.0;
        Ok(match reading {
            Reading::Balance => Reply::Balance(wallet.balance(tip)?),
            Reading::History(query) => Reply::History(wallet.history_page(query)?),
            Reading::Coins => Reply::Coins(wallet.coins(tip, now)?),
            Reading::Holdings { least_depth } => {
                Reply::Holdings(Box::new(wallet.holdings(tip, *least_depth)?))
            }
            Reading::Received(scripts) => Reply::Received(wallet.received(scripts)?),
            Reading::Addresses(query) => Reply::Addresses(wallet.addresses(query, now)?),
            Reading::Labels(about) => Reply::Labels(wallet.labels(about.as_ref())?),
            Reading::Describe => {
                wallet.read_chains()?;
                Reply::Wallet(Box::new(wallet.description()?))
            }
        })
    }
}
