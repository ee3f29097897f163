//! Owns a wallet that is opened for what must stay secret: its words, its password, its backup.
//!
//! Refuses to run it: nothing is followed, and nobody else can use the directory meanwhile.

use crate::backup::Backup;
use crate::command::{CommandError, StoreProblem, WalletDescription};
use crate::config::Settings;
use crate::net::clock::Clock;
use crate::seed::Seed;
use crate::signers::key_layer;
use crate::store::lock::DirectoryLock;
use crate::vault::{self, KdfCost, Keys, Password};
use crate::wallet::Wallet;

use super::{OpenError, require_wallet};

/// A wallet opened for its secrets.
#[derive(Debug)]
pub struct Strongbox {
    settings: Settings,
    wallet: Wallet,
    keys: Keys,
    _lock: DirectoryLock,
}

impl Strongbox {
    /// Opens the wallet that `settings` names. It blocks for the time of one password derivation.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(settings: &Settings, password: &Password) -> Result<Self, OpenError> {
        require_wallet(settings)?;
        let lock = DirectoryLock::acquire(&settings.paths())?;
        let (wallet, keys) = super::open_files(settings, password, Clock::start().now().wall)?;
        Ok(Self { settings: settings.clone(), wallet, keys, _lock: lock })
    }

    /// What the wallet is made of.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn description(&self) -> Result<WalletDescription, StoreProblem> {
        self.wallet.description()
    }

    /// The seed; drop it when it has been used.
    ///
    /// # Errors
    /// [`CommandError::WatchOnly`]; [`StoreProblem::Damaged`] if it does not unseal.
    pub fn seed(&self) -> Result<Seed, CommandError> {
        let sealed = self.wallet.sealed_seed()?.ok_or(CommandError::WatchOnly)?;
        Ok(key_layer::unseal(&self.keys.seed, &sealed)?)
    }

    /// Notes that the words were typed back; durable on return.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn note_words_checked(&mut self) -> Result<(), StoreProblem> {
        self.wallet.note_words_checked(Clock::start().now().wall)?;
        self.wallet.commit()
    }

    /// Everything about the wallet that the chain can't give back, with its seed if that is asked
    /// for and there is one.
    ///
    /// # Errors
    /// What the disk refused, or that the seed is damaged.
    pub fn backup(&self, with_seed: bool) -> Result<Backup, StoreProblem> {
        let mut backup = self.wallet.backup(Clock::start().now().wall)?;
        if let Some(sealed) = self.wallet.sealed_seed()?.filter(|_| with_seed) {
            backup.seed = Some(key_layer::unseal(&self.keys.seed, &sealed)?);
        }
        Ok(backup)
    }

    /// Gives the wallet another password; durable on return. Only the header file is written, and
    /// it is replaced whole or not at all: at every moment one of the two passwords opens the
    /// wallet.
    ///
    /// # Errors
    /// See [`OpenError`]; the old password still opens the wallet then.
    pub fn change_password(&mut self, new: &Password, cost: KdfCost) -> Result<(), OpenError> {
        let header = self.settings.paths().header(&self.settings.wallet);
        Ok(vault::change_password(&header, &self.keys, new, cost)?)
    }
}
