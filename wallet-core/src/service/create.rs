//! Owns the birth of a wallet: its header file, then its own file, each whole or not there.
//!
//! Refuses to touch what is there: a header file without its wallet is set aside, never deleted,
//! since a copy of that wallet may exist elsewhere.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bitcoin::Network;

use crate::command::{Birthday, StoreProblem, WalletDescription};
use crate::config::{LookAhead, Settings, WalletName};
use crate::founding::{CreateError, NewWallet};
use crate::keychain::{AccountId, ScriptType, StandardAccount};
use crate::net::clock::Clock;
use crate::search_plan::cost::{self, SearchCost, Sought};
use crate::signers::key_layer;
use crate::store::chain::ChainFile;
use crate::store::lock::{self, DirectoryLock, LockError};
use crate::store::{aside, problem};
use crate::vault::{self, KdfCost, Keys, Password, SealedKey, SeedKey};
use crate::wallet::{self, Wallet};

/// Creates the wallet that `settings` names; durable on return. It takes the time of one password
/// derivation.
///
/// The words are the only copy of the money that the user will have, so a caller makes *them*
/// durable first (shows them, or writes and syncs their file): words without a wallet are
/// harmless, while a wallet without words could receive money that no one can restore.
/// [`check_new`] tells beforehand whether the wallet can be made at all.
///
/// The header file is durable before the wallet's file gets its name: there is a wallet from that
/// moment on, and not before.
///
/// # Errors
/// See [`CreateError`]; an existing wallet is never touched.
pub fn create(
    settings: &Settings,
    new: NewWallet,
    cost: KdfCost,
) -> Result<WalletDescription, CreateError> {
    create_in(lock_of(settings)?, settings, new, cost)
}

/// The same for whom the directory is locked.
pub(super) fn create_in(
    lock: Arc<DirectoryLock>,
    settings: &Settings,
    new: NewWallet,
    cost: KdfCost,
) -> Result<WalletDescription, CreateError> {
    let NewWallet {
        seed,
        accounts,
        birthday,
        look_ahead,
        password,
        words_checked,
        key_passphrase,
        avoids_reuse,
    } = new;
    let distinct: BTreeSet<StandardAccount> = accounts.iter().copied().collect();
    if accounts.is_empty() || distinct.len() < accounts.len() {
        return Err(CreateError::BadAccounts);
    }
    let place = Birthplace::claim(lock, settings, &password, cost)?;
    let (sealed_seed, passphrase) = match key_passphrase {
        None => (key_layer::seal(&place.keys.seed, &seed)?, None),
        Some(passphrase) => {
            let key = SeedKey::random()?;
            let sealed = SealedKey::seal(&key, &passphrase, cost)?;
            (key_layer::seal(&key, &seed)?, Some(sealed.to_bytes()))
        }
    };
    let new = wallet::NewWallet {
        description: wallet::Description {
            network: settings.network,
            name: settings.wallet.to_string(),
            fingerprint: Some(seed.fingerprint()),
            birthday,
            takes_keys: true,
            external_signer: false,
            preferred: AccountId::new(0),
            look_ahead,
        },
        accounts: seed.accounts(&accounts, settings.network),
        sealed_seed: Some(sealed_seed),
        avoids_reuse,
        passphrase,
    };
    let mut wallet = Wallet::create(&place.path, &place.keys.file, &new)?;
    if reads_filters_twice(settings, &accounts, birthday, look_ahead) {
        wallet.search_in_turns()?;
        wallet.commit()?;
    }
    if let Some(checked) = words_checked {
        wallet.note_words_checked(checked)?;
        wallet.commit()?;
    }
    Ok(wallet.description()?)
}

/// What the search of a wallet with accounts of these types takes, as far as that is known before a
/// peer is asked. `None`: how long the chain is can't be known either.
#[must_use]
pub fn search_cost(
    settings: &Settings,
    types: &[ScriptType],
    birthday: Birthday,
    look_ahead: LookAhead,
) -> Option<SearchCost> {
    let network = settings.network;
    let now = Clock::start().now().wall;
    let path = settings.paths().chain();
    // A file that can't be read is no reason to say nothing: it is told of when it is needed.
    let file = path.exists().then(|| ChainFile::open(&path, network).ok()).flatten();
    let stored = file.and_then(|file| file.tip().ok().flatten()).map(|tip| tip.height);
    let tip = stored.max(cost::likely_tip(network, now.to_unix()))?;
    let sought = types.iter().map(|one| Sought::account(*one, look_ahead, network));
    Some(SearchCost::of(&sought.collect::<Vec<_>>(), birthday, tip, network))
}

/// Whether all filters of a search can be kept, so that reading them once more for accounts after
/// the first downloads none of them again.
fn reads_filters_twice(
    settings: &Settings,
    accounts: &[StandardAccount],
    birthday: Birthday,
    look_ahead: LookAhead,
) -> bool {
    let types: Vec<_> = accounts.iter().map(|account| account.script_type).collect();
    let cost = search_cost(settings, &types, birthday, look_ahead);
    let bytes = match (cost, settings.network) {
        (Some(cost), _) => cost.filter_bytes,
        // Nobody mines play money for years.
        (None, Network::Regtest) => 1,
        (None, _) => u64::MAX,
    };
    bytes <= settings.filters_disk
}

/// Whether [`create`] would find its place free: nobody uses the directory, it can be written, and
/// no wallet has the name.
///
/// # Errors
/// See [`CreateError`].
pub fn check_new(settings: &Settings) -> Result<(), CreateError> {
    require_free_place(&*lock_of(settings)?, settings)
}

/// The wallets of a network's directory, in the order of their names.
///
/// # Errors
/// If the directory is there and can't be read.
pub fn wallets(settings: &Settings) -> Result<Vec<WalletName>, StoreProblem> {
    let dir = settings.paths().wallets();
    let said = |error: &io::Error| problem::from_io(&dir, error);
    let entries = match fs::read_dir(&dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| said(&error))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let file = entry.map_err(|error| said(&error))?.file_name();
        let name = file.to_str().and_then(|file| file.strip_suffix(".db"));
        names.extend(name.and_then(|name| name.parse::<WalletName>().ok()));
    }
    names.sort();
    Ok(names)
}

/// Where a wallet is made: the directory is locked, the header file is durable, the wallet's own file
/// is next.
pub(super) struct Birthplace {
    _lock: Arc<DirectoryLock>,
    /// What the header file holds.
    pub(super) keys: Keys,
    /// Where the wallet's own file will be.
    pub(super) path: PathBuf,
}

impl Birthplace {
    pub(super) fn claim(
        lock: Arc<DirectoryLock>,
        settings: &Settings,
        password: &Password,
        cost: KdfCost,
    ) -> Result<Self, CreateError> {
        require_free_place(&lock, settings)?;
        let paths = settings.paths();
        let header = paths.header(&settings.wallet);
        // Its wallet's file is not there, but a copy of it may be elsewhere.
        aside::set_aside(&header).map_err(|error| problem::from_io(&header, &error))?;
        let keys = vault::create(&header, password, cost)?;
        Ok(Self { _lock: lock, keys, path: paths.wallet(&settings.wallet) })
    }
}

/// Locks the directory.
pub(super) fn lock_of(settings: &Settings) -> Result<Arc<DirectoryLock>, LockError> {
    Ok(Arc::new(DirectoryLock::acquire(&settings.paths())?))
}

/// The lock says that nobody else takes the place meanwhile.
fn require_free_place(_lock: &DirectoryLock, settings: &Settings) -> Result<(), CreateError> {
    let paths = settings.paths();
    lock::make_private_dir(&paths.wallets())?;
    if paths.wallet(&settings.wallet).exists() {
        return Err(CreateError::WalletExists(settings.wallet.clone()));
    }
    Ok(())
}
