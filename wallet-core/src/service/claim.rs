//! Owns who has a wallet's file open in this process: the engine, or somebody else.
//!
//! Refuses a second one: what the first keeps in memory would not be true any more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::WalletName;

/// Who has which wallet.
#[derive(Debug)]
pub(super) struct Claims(Mutex<BTreeMap<WalletName, Holder>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// It can be asked.
    Engine,
    /// It is being opened, or open for its secrets.
    Other,
}

impl Claims {
    /// The engine has these.
    pub(super) fn of<'a>(wallets: impl Iterator<Item = &'a WalletName>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(wallets.map(|name| (name.clone(), Holder::Engine)).collect())))
    }

    /// The wallets that can be asked.
    pub(super) fn open(&self) -> Vec<WalletName> {
        let claims = self.claims();
        let open = claims.iter().filter(|(_, holder)| **holder == Holder::Engine);
        open.map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn is_open(&self, wallet: &WalletName) -> bool {
        self.claims().get(wallet) == Some(&Holder::Engine)
    }

    /// Nobody has it any more.
    pub(super) fn give_back(&self, wallet: &WalletName) {
        self.claims().remove(wallet);
    }

    /// No code panics while it holds the lock, so a poisoned one holds whole values.
    fn claims(&self) -> MutexGuard<'_, BTreeMap<WalletName, Holder>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One wallet, given back with the value.
#[derive(Debug)]
pub(super) struct Claim {
    claims: Arc<Claims>,
    /// `None`: the engine has it.
    wallet: Option<WalletName>,
}

impl Claim {
    /// Takes a wallet, if nobody has it.
    pub(super) fn take(claims: &Arc<Claims>, wallet: &WalletName) -> Option<Self> {
        let mut known = claims.claims();
        if known.contains_key(wallet) {
            return None;
        }
        known.insert(wallet.clone(), Holder::Other);
        Some(Self { claims: Arc::clone(claims), wallet: Some(wallet.clone()) })
    }

    /// The engine has it now.
    pub(super) fn open(mut self) {
        if let Some(wallet) = self.wallet.take() {
            self.claims.claims().insert(wallet, Holder::Engine);
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(wallet) = &self.wallet {
            self.claims.give_back(wallet);
        }
    }
}
