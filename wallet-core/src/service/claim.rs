//! Owns who has a wallet's file open in this process: the engine with a reader, or somebody else.
//!
//! Refuses a second one: what the first keeps in memory would not be true any more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::command::Reading;
use crate::config::WalletName;
use crate::event::CommandId;
use crate::vault::SealedKey;

use super::read_desk::ReadDesk;

/// Who has which wallet.
#[derive(Debug, Default)]
pub(super) struct Claims(Mutex<BTreeMap<WalletName, Holder>>);

#[derive(Debug)]
enum Holder {
    /// It can be asked.
    Engine {
        reader: Option<ReadDesk>,
        /// What its passphrase opens, if it has one.
        passphrase: Option<SealedKey>,
    },
    /// It is being opened or closed, or open for its secrets.
    Other,
}

impl Claims {
    /// The wallets that can be asked.
    pub(super) fn open(&self) -> Vec<WalletName> {
        let claims = self.claims();
        let open = claims.iter().filter(|(_, holder)| matches!(holder, Holder::Engine { .. }));
        open.map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn is_open(&self, wallet: &WalletName) -> bool {
        matches!(self.claims().get(wallet), Some(Holder::Engine { .. }))
    }

    pub(super) fn has_reader(&self, wallet: &WalletName) -> bool {
        matches!(self.claims().get(wallet), Some(Holder::Engine { reader: Some(_), .. }))
    }

    /// What the passphrase of a wallet that can be asked opens, if it has one.
    pub(super) fn passphrase(&self, wallet: &WalletName) -> Option<SealedKey> {
        match self.claims().get(wallet) {
            Some(Holder::Engine { passphrase, .. }) => passphrase.clone(),
            _ => None,
        }
    }

    /// The wallet's file has this one now.
    pub(super) fn note_passphrase(&self, wallet: &WalletName, sealed: SealedKey) {
        if let Some(Holder::Engine { passphrase, .. }) = self.claims().get_mut(wallet) {
            *passphrase = Some(sealed);
        }
    }

    /// Asks a wallet's reader; whether there is one.
    pub(super) fn read(&self, wallet: &WalletName, id: CommandId, reading: Reading) -> bool {
        match self.claims().get(wallet) {
            Some(Holder::Engine { reader: Some(desk), .. }) => desk.put(id, reading),
            _ => false,
        }
    }

    /// Has a wallet's reader end; to be dropped where that may take a while.
    pub(super) fn take_reader(&self, wallet: &WalletName) -> Option<ReadDesk> {
        match self.claims().get_mut(wallet) {
            Some(Holder::Engine { reader, .. }) => reader.take(),
            _ => None,
        }
    }

    /// The same of all.
    pub(super) fn take_readers(&self) -> Vec<ReadDesk> {
        let mut claims = self.claims();
        let desks = claims.values_mut().filter_map(|holder| match holder {
            Holder::Engine { reader, .. } => reader.take(),
            Holder::Other => None,
        });
        desks.collect()
    }

    /// Nobody has it any more.
    pub(super) fn give_back(&self, wallet: &WalletName) {
        // What is dropped here may wait for a thread, which waits for nothing of ours.
        let _held = self.claims().remove(wallet);
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

    /// The engine has it now, and this reader, unless it was closed again meanwhile.
    pub(super) fn open(mut self, reader: Option<ReadDesk>, passphrase: Option<SealedKey>) {
        if let Some(wallet) = self.wallet.take()
            && let Some(holder) = self.claims.claims().get_mut(&wallet)
        {
            *holder = Holder::Engine { reader, passphrase };
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
