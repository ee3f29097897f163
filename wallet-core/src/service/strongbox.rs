//! Owns a wallet that is opened for what must stay secret: its words, its password, its backup; or
//! to have its file read through.
//!
//! Refuses to run it: nothing is followed, and nobody else can use the directory meanwhile.

use std::sync::Arc;

use crate::backup::Backup;
use crate::command::{CommandError, StoreProblem, WalletDescription};
use crate::config::Settings;
use crate::net::clock::Clock;
use crate::seed::Seed;
use crate::signers::key_layer::{OpenKeys, SealedKeys};
use crate::store::lock::DirectoryLock;
use crate::vault;
use crate::vault::{KdfCost, Keys, Password, SeedKey, VaultError};
use crate::wallet::Wallet;

use super::OpenError;
use super::claim::Claim;
use super::create::lock_of;
use super::opening::{open_files, require_wallet};

/// A wallet opened for its secrets.
#[derive(Debug)]
pub struct Strongbox {
    settings: Settings,
    wallet: Wallet,
    keys: Keys,
    /// What the passphrase of the keys opened, if they have one and it was given.
    unlocked: Option<SeedKey>,
    _lock: Arc<DirectoryLock>,
    /// Where others could open it in this process.
    _claim: Option<Claim>,
}

impl Strongbox {
    /// Opens the wallet that `settings` names. It blocks for the time of one password derivation.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(settings: &Settings, password: &Password) -> Result<Self, OpenError> {
        require_wallet(settings)?;
        Self::open_in(lock_of(settings)?, settings, password)
    }

    /// The same for whom the directory is locked.
    pub(super) fn open_in(
        lock: Arc<DirectoryLock>,
        settings: &Settings,
        password: &Password,
    ) -> Result<Self, OpenError> {
        let (wallet, keys) = open_files(settings, password, Clock::start().now().wall)?;
        let settings = settings.clone();
        Ok(Self { settings, wallet, keys, unlocked: None, _lock: lock, _claim: None })
    }

    /// Nobody in this process opens the wallet meanwhile.
    pub(super) fn with_claim(self, claim: Claim) -> Self {
        Self { _claim: Some(claim), ..self }
    }

    /// Whether the keys have a passphrase of their own, which was not given yet.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn is_locked(&self) -> Result<bool, StoreProblem> {
        Ok(self.unlocked.is_none() && self.wallet.passphrase()?.is_some())
    }

    /// Opens the keys by their passphrase, if they have one. It blocks for the time of one password
    /// derivation.
    ///
    /// # Errors
    /// [`OpenError::WrongPassword`], [`OpenError::OutOfMemory`], or what the disk refused.
    pub fn unlock(&mut self, passphrase: &Password) -> Result<(), OpenError> {
        if let Some(sealed) = self.wallet.passphrase()? {
            let key = sealed.open(passphrase).map_err(VaultError::from)?;
            self.unlocked = Some(key.ok_or(OpenError::WrongPassword)?);
        }
        Ok(())
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
    /// [`CommandError::WatchOnly`]; [`CommandError::Locked`] if the keys have a passphrase of their
    /// own and are not [unlocked](Self::unlock); [`StoreProblem::Damaged`] if it does not unseal.
    pub fn seed(&self) -> Result<Seed, CommandError> {
        let sealed = self.wallet.sealed_keys()?;
        self.opened(&SealedKeys { held: Vec::new(), ..sealed })?.seed.ok_or(CommandError::WatchOnly)
    }

    fn opened(&self, sealed: &SealedKeys) -> Result<OpenKeys, CommandError> {
        if sealed.is_empty() {
            return Err(CommandError::WatchOnly);
        }
        if self.is_locked()? {
            return Err(CommandError::Locked);
        }
        let key = self.unlocked.as_ref().unwrap_or(&self.keys.seed);
        Ok(sealed.open(key, self.settings.network)?)
    }

    /// Reads the wallet's whole file, which takes as long as the file is large.
    ///
    /// # Errors
    /// [`StoreProblem::Damaged`] with the first thing that is wrong, or what the disk refused.
    pub fn look_through(&self) -> Result<(), StoreProblem> {
        self.wallet.look_through()
    }

    /// Notes that the words were typed back; durable on return.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn note_words_checked(&mut self) -> Result<(), StoreProblem> {
        self.wallet.note_words_checked(Clock::start().now().wall)?;
        self.wallet.commit()
    }

    /// Everything about the wallet that the chain can't give back, with its keys if that is asked
    /// for and there are any.
    ///
    /// # Errors
    /// What the disk refused; with the keys as [`seed`](Self::seed).
    pub fn backup(&self, with_keys: bool) -> Result<Backup, CommandError> {
        let backup = self.wallet.backup(Clock::start().now().wall)?;
        if !with_keys {
            return Ok(backup);
        }
        match self.opened(&self.wallet.sealed_keys()?) {
            Ok(OpenKeys { seed, held }) => Ok(Backup { seed, held, ..backup }),
            Err(CommandError::WatchOnly) => Ok(backup),
            Err(error) => Err(error),
        }
    }

    /// Gives the wallet another password; durable on return. Only the header file is written, and
    /// it is replaced whole or not at all: at every moment one of the two passwords opens the
    /// wallet.
    ///
    /// # Errors
    /// See [`OpenError`]; the old password still opens the wallet then, unless it says that either
    /// may.
    pub fn change_password(&mut self, new: &Password, cost: KdfCost) -> Result<(), OpenError> {
        let header = self.settings.paths().header(&self.settings.wallet);
        Ok(vault::change_password(&header, &self.keys, new, cost)?)
    }
}
