//! Owns `Unlocked`: the keys of an unlocked device, with the policies and settings that belong to
//! them.
//!
//! Refuses to keep a change that was not stored.

use alloc::boxed::Box;
use core::time::Duration;

use crate::keys::Keys;
use crate::network::Network;
use crate::policy::{Policies, Policy, TooManyPolicies};
use crate::randomness::Randomness;
use crate::settings::Settings;
use crate::storage::Storage;
use crate::vault::{State, Vault, VaultError};

/// What the device has of its own: a place to keep things, and randomness.
pub struct Board {
    /// Where the state is kept.
    pub storage: Box<dyn Storage>,
    /// The system's randomness.
    pub randomness: Box<dyn Randomness>,
}

/// An unlocked device.
pub struct Unlocked {
    state: State,
    /// What seals the state; none if nothing is kept.
    vault: Option<Vault>,
    keys: Keys,
    policies: Policies,
}

impl Unlocked {
    /// Takes what was opened, or typed for once.
    ///
    /// # Errors
    /// [`PlayMoneyOnly`] if a build for tests would hold keys for real money.
    pub fn new(
        state: State,
        vault: Option<Vault>,
        passphrase: &str,
    ) -> Result<Self, PlayMoneyOnly> {
        if cfg!(feature = "test-build") && state.settings.network == Network::Main {
            return Err(PlayMoneyOnly);
        }
        let keys = Keys::new(&state.words, passphrase, state.settings.network);
        let policies = Policies::of_records(&state.records, &keys);
        Ok(Self { state, vault, keys, policies })
    }

    /// The keys.
    #[must_use]
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The policies that are registered for these keys.
    #[must_use]
    pub const fn policies(&self) -> &Policies {
        &self.policies
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.state.settings
    }

    /// After how long without a press the keys are forgotten.
    #[must_use]
    pub fn idle_lock(&self) -> Duration {
        Duration::from_secs(self.state.settings.idle_lock.into())
    }

    /// Whether the state is kept when the device is locked.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.vault.is_some()
    }

    /// Registers a policy that the person agreed to.
    ///
    /// # Errors
    /// See [`ChangeError`]; nothing is registered then.
    pub fn register(&mut self, policy: Policy, board: &mut Board) -> Result<(), ChangeError> {
        let mut policies = self.policies.clone();
        policies.register(policy)?;
        self.keep_policies(policies, board)
    }

    /// Forgets a policy.
    ///
    /// # Errors
    /// See [`ChangeError`]; it is still registered then.
    pub fn forget(&mut self, name: &str, board: &mut Board) -> Result<(), ChangeError> {
        let mut policies = self.policies.clone();
        policies.remove(name);
        self.keep_policies(policies, board)
    }

    /// Changes the settings. Another network counts from the next unlocking on.
    ///
    /// # Errors
    /// See [`ChangeError`]; nothing is changed then.
    pub fn set(&mut self, settings: Settings, board: &mut Board) -> Result<(), ChangeError> {
        let state = State { settings, ..self.state.clone() };
        self.keep(state, board)
    }

    fn keep_policies(&mut self, policies: Policies, board: &mut Board) -> Result<(), ChangeError> {
        let mut state = self.state.clone();
        policies.keep_in(&mut state.records, &self.keys);
        self.keep(state, board)?;
        self.policies = policies;
        Ok(())
    }

    fn keep(&mut self, state: State, board: &mut Board) -> Result<(), ChangeError> {
        if let Some(vault) = &self.vault {
            vault.save(&mut *board.storage, &mut *board.randomness, &state)?;
        }
        self.state = state;
        Ok(())
    }
}

/// A build for tests holds no keys for real money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this build is for tests: it holds no keys for real money")]
pub struct PlayMoneyOnly;

/// Why a change was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// One policy too many.
    #[error(transparent)]
    TooManyPolicies(#[from] TooManyPolicies),
    /// The state can't be stored.
    #[error(transparent)]
    Vault(#[from] VaultError),
}
