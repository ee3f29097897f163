//! Owns the birth of a wallet without keys: what is paid to its accounts is seen, and what it pays
//! is signed elsewhere, until private keys are imported where that is allowed.
//!
//! Refuses an account without a name or descriptor of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::command::{Birthday, WalletDescription};
use crate::config::{LookAhead, Settings};
use crate::founding::{BlankKeys, CreateError, NewWatch};
use crate::keychain::{Account, AccountId};
use crate::store::lock::DirectoryLock;
use crate::vault::{KdfCost, Password, SealedKey, SeedKey};
use crate::wallet::{self, Wallet};

use super::create::{Birthplace, lock_of};

/// Creates a wallet without keys; durable on return, as with [`create`](super::create()).
///
/// # Errors
/// See [`CreateError`]; an existing wallet is never touched.
pub fn watch(
    settings: &Settings,
    new: NewWatch,
    cost: KdfCost,
) -> Result<WalletDescription, CreateError> {
    watch_in(lock_of(settings)?, settings, new, cost)
}

/// The same for whom the directory is locked.
pub(super) fn watch_in(
    lock: Arc<DirectoryLock>,
    settings: &Settings,
    new: NewWatch,
    cost: KdfCost,
) -> Result<WalletDescription, CreateError> {
    let NewWatch { accounts, birthday, look_ahead, password, external_signer, avoids_reuse } = new;
    let names: BTreeSet<_> = accounts.iter().map(|(name, _)| name.clone()).collect();
    let texts: BTreeSet<_> = accounts.iter().map(|(_, made_of)| made_of.to_string()).collect();
    if accounts.is_empty() || names.len().min(texts.len()) < accounts.len() {
        return Err(CreateError::BadAccounts);
    }
    let network = settings.network;
    let account =
        |(id, (name, descriptor))| Account::new(AccountId::new(id), name, network, descriptor, &[]);
    let accounts = (0..).zip(accounts).map(account).collect();
    let content = Content { accounts, birthday, look_ahead, external_signer, avoids_reuse };
    without_keys(lock, settings, content, &BlankKeys::Never, &password, cost)
}

/// Creates a wallet without accounts, into which descriptors are imported; whether it may have keys, and avoids
/// reuse. Durable on return.
///
/// # Errors
/// As [`watch`].
pub fn blank(
    settings: &Settings,
    birthday: Birthday,
    (keys, avoids_reuse): (&BlankKeys, bool),
    password: &Password,
    cost: KdfCost,
) -> Result<WalletDescription, CreateError> {
    blank_in(lock_of(settings)?, settings, birthday, (keys, avoids_reuse), password, cost)
}

/// The same for whom the directory is locked.
pub(super) fn blank_in(
    lock: Arc<DirectoryLock>,
    settings: &Settings,
    birthday: Birthday,
    (keys, avoids_reuse): (&BlankKeys, bool),
    password: &Password,
    cost: KdfCost,
) -> Result<WalletDescription, CreateError> {
    let content = Content {
        accounts: Vec::new(),
        birthday,
        look_ahead: LookAhead::NEW,
        external_signer: false,
        avoids_reuse,
    };
    without_keys(lock, settings, content, keys, password, cost)
}

/// What is in a new wallet beside keys.
struct Content {
    accounts: Vec<Account>,
    birthday: Birthday,
    look_ahead: LookAhead,
    external_signer: bool,
    avoids_reuse: bool,
}

fn without_keys(
    lock: Arc<DirectoryLock>,
    settings: &Settings,
    content: Content,
    keys: &BlankKeys,
    password: &Password,
    cost: KdfCost,
) -> Result<WalletDescription, CreateError> {
    let network = settings.network;
    let place = Birthplace::claim(lock, settings, password, cost)?;
    let passphrase = match keys {
        BlankKeys::Never | BlankKeys::Later(None) => None,
        BlankKeys::Later(Some(passphrase)) => {
            Some(SealedKey::seal(&SeedKey::random()?, passphrase, cost)?.to_bytes())
        }
    };
    let new = wallet::NewWallet {
        description: wallet::Description {
            network,
            name: settings.wallet.to_string(),
            fingerprint: None,
            birthday: content.birthday,
            takes_keys: !matches!(keys, BlankKeys::Never),
            external_signer: content.external_signer,
            preferred: AccountId::new(0),
            look_ahead: content.look_ahead,
        },
        accounts: content.accounts,
        sealed_seed: None,
        avoids_reuse: content.avoids_reuse,
        passphrase,
    };
    let wallet = Wallet::create(&place.path, &place.keys.file, &new)?;
    Ok(wallet.description()?)
}
