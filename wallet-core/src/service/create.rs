//! Owns the birth of a wallet: two files that appear whole, or not at all.
//!
//! Refuses to touch a wallet that is there, whole or not: what another copy of its files could
//! still open is set aside, never deleted.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::command::{Birthday, StoreProblem, WalletDescription};
use crate::config::{LookAhead, Paths, Settings, WalletName};
use crate::engine::key_layer;
use crate::entropy::EntropyError;
use crate::keychain::AccountId;
use crate::seed::Seed;
use crate::store::lock::{self, DirectoryLock, Holder, LockError};
use crate::store::problem;
use crate::vault::{self, KdfCost, Keys, Password, VaultError};
use crate::wallet::{self, Wallet};

/// What a wallet is created or restored from.
pub struct NewWallet {
    /// Its keys.
    pub seed: Seed,
    /// Its accounts, the preferred one first; at least one.
    pub accounts: Vec<AccountId>,
    /// Where its scan begins.
    pub birthday: Birthday,
    /// How far it looks for used addresses.
    pub look_ahead: LookAhead,
    /// Protects it on disk.
    pub password: Password,
}

/// Creates the wallet that `settings` names; durable on return. It takes the time of one password
/// derivation.
///
/// The words are the only copy of the money that the user will have, so a caller makes *them*
/// durable first (shows them, or writes and syncs their file): words without a wallet are
/// harmless, while a wallet without words could receive money that no one can restore.
/// [`check_new`] tells beforehand whether the wallet can be made at all.
///
/// Both files are written and synced under other names. Then the header file gets its name, and
/// last the wallet's file: there is a wallet from that moment on, and not before.
///
/// # Errors
/// See [`CreateError`]; an existing wallet is never touched.
pub fn create(
    settings: &Settings,
    new: NewWallet,
    cost: KdfCost,
) -> Result<WalletDescription, CreateError> {
    let mut distinct = new.accounts.clone();
    distinct.sort();
    distinct.dedup();
    let Some(preferred) = new.accounts.first().filter(|_| distinct.len() == new.accounts.len())
    else {
        return Err(CreateError::BadAccounts);
    };
    let (_lock, paths) = claim_free_place(settings)?;
    let unfinished = Unfinished::new(&paths, &settings.wallet)?;
    let keys = vault::create(&unfinished.header, &new.password, cost)?;
    let description = write_wallet(
        &unfinished,
        &keys,
        &wallet::NewWallet {
            network: settings.network,
            name: settings.wallet.to_string(),
            accounts: new
                .accounts
                .iter()
                .map(|id| new.seed.account(*id, settings.network))
                .collect(),
            sealed_seed: key_layer::seal(&keys.seed, &new.seed)?,
            fingerprint: new.seed.fingerprint(),
            birthday: new.birthday,
            preferred: preferred.script_type,
            look_ahead: new.look_ahead,
        },
    )?;
    unfinished.give_names(&paths, &settings.wallet)?;
    Ok(description)
}

/// Whether [`create`] would find its place free: nobody uses the directory, it can be written, and
/// no wallet has the name.
///
/// # Errors
/// See [`CreateError`].
pub fn check_new(settings: &Settings) -> Result<(), CreateError> {
    claim_free_place(settings).map(drop)
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

/// Why a wallet was not created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// The name is taken.
    #[error("there is a wallet named {0} already: choose another name with --wallet")]
    WalletExists(WalletName),
    /// Another process has the directory.
    #[error("{0} is using this data directory: stop it first")]
    DirInUse(Holder),
    /// No account was asked for, or one twice.
    #[error("a wallet needs at least one account, and each only once")]
    BadAccounts,
    /// The memory that the password's derivation takes is not there.
    #[error("deriving the key takes {kib} KiB of memory, which this machine can't give now")]
    OutOfMemory {
        /// How much.
        kib: u32,
    },
    /// No entropy from the system.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The disk refused.
    #[error(transparent)]
    Store(#[from] StoreProblem),
}

impl CreateError {
    /// The stable name, as in `docs/errors.md`, JSON and JSON-RPC.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::WalletExists(_) => "wallet_exists",
            Self::DirInUse(_) => "dir_in_use",
            Self::BadAccounts => "bad_accounts",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::Entropy(_) => "no_entropy",
            Self::Store(problem) => problem.name(),
        }
    }
}

impl From<LockError> for CreateError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::InUse(holder) => Self::DirInUse(holder),
            LockError::Store(problem) => Self::Store(problem),
        }
    }
}

impl From<VaultError> for CreateError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::OutOfMemory(error) => Self::OutOfMemory { kib: error.kib },
            VaultError::Entropy(error) => Self::Entropy(error),
            VaultError::Io { path, source } => Self::Store(problem::from_io(&path, &source)),
            VaultError::WrongPassword
            | VaultError::Damaged { .. }
            | VaultError::NoSuchFile { .. }
            | VaultError::Exists { .. }
            | VaultError::Newer { .. } => {
                let (path, what) = ("the new wallet's header file".to_owned(), error.to_string());
                Self::Store(StoreProblem::Io { path, what })
            }
        }
    }
}

/// The files of a wallet that does not exist yet.
struct Unfinished {
    header: PathBuf,
    wallet: PathBuf,
}

impl Unfinished {
    /// Names for them, free of what a crash may have left: no name of a wallet has a dot in it.
    fn new(paths: &Paths, name: &WalletName) -> Result<Self, StoreProblem> {
        let header = with_suffix(&paths.header(name), ".new");
        let wallet = with_suffix(&paths.wallet(name), ".new");
        for left in [&header, &wallet, &with_suffix(&wallet, "-wal"), &with_suffix(&wallet, "-shm")]
        {
            match fs::remove_file(left) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(problem::from_io(left, &error));
                }
                _ => {}
            }
        }
        Ok(Self { header, wallet })
    }

    fn give_names(&self, paths: &Paths, name: &WalletName) -> Result<(), StoreProblem> {
        let (header, wallet) = (paths.header(name), paths.wallet(name));
        if header.exists() {
            rename(&header, &with_suffix(&header, ".set-aside"))?;
        }
        rename(&self.header, &header)?;
        rename(&self.wallet, &wallet)?;
        sync(&paths.wallets())
    }
}

/// Writes and closes the wallet's file; whole and durable on return.
fn write_wallet(
    unfinished: &Unfinished,
    keys: &Keys,
    new: &wallet::NewWallet,
) -> Result<WalletDescription, StoreProblem> {
    let wallet = Wallet::create(&unfinished.wallet, &keys.file, new)?;
    let description = wallet.description()?;
    drop(wallet);
    sync(&unfinished.wallet)?;
    Ok(description)
}

fn claim_free_place(settings: &Settings) -> Result<(DirectoryLock, Paths), CreateError> {
    let paths = settings.paths();
    let lock = DirectoryLock::acquire(&paths)?;
    lock::make_private_dir(&paths.wallets())?;
    if paths.wallet(&settings.wallet).exists() {
        return Err(CreateError::WalletExists(settings.wallet.clone()));
    }
    Ok((lock, paths))
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreProblem> {
    fs::rename(from, to).map_err(|error| problem::from_io(to, &error))
}

/// Makes a file's content, or a directory's names, durable.
fn sync(path: &Path) -> Result<(), StoreProblem> {
    if cfg!(windows) && path.is_dir() {
        return Ok(());
    }
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| problem::from_io(path, &error))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
