//! Owns backup files: written once, read back before anybody relies on them, made into a wallet
//! again.
//!
//! Refuses to replace a file, and to call one written that does not open.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::backup::{Backup, ParseBackupError, lines};
use crate::command::{StoreProblem, WalletDescription};
use crate::config::Settings;
use crate::entropy::{self, EntropyError};
use crate::founding::{CreateError, RestoreError};
use crate::keychain::{Account, AccountDescriptor, AccountId, Branch};
use crate::limits::PARCEL_BYTES;
use crate::seed::Seed;
use crate::signers::{SoftwareSigner, key_layer};
use crate::store::lock::DirectoryLock;
use crate::store::problem;
use crate::vault::{KdfCost, OutOfMemory, Parcel, ParseParcelError, Password, SealError};
use crate::wallet::{self, Wallet};

use super::create::{Birthplace, lock_of};

/// Writes a backup to a new file, for the user alone, and opens it again; durable on return. It
/// takes the time of two password derivations. Returns how many bytes the file has.
///
/// # Errors
/// See [`BackupError`]; there is no file of that name then that was not there before, but for
/// [`BackupError::Unsettled`].
pub fn write_backup(
    path: &Path,
    backup: &Backup,
    password: &Password,
    cost: KdfCost,
) -> Result<u64, BackupError> {
    if path.symlink_metadata().is_ok() {
        return Err(BackupError::Exists { path: problem::shown(path) });
    }
    let content = lines::write(backup);
    let bytes = Parcel::seal(&content, password, cost)?.to_bytes();
    let refused = |error: &io::Error| BackupError::Store(problem::from_io(path, error));
    let unfinished = beside(path);
    create_file(&unfinished, &bytes).map_err(|error| refused(&error))?;
    // What was meant to be written proves nothing: the file itself is opened.
    let opened = open_parcel(&unfinished, password)?;
    if *opened != *content {
        return Err(BackupError::Damaged { path: problem::shown(path) });
    }
    // A line that says something else once it was read would be lost in a restore.
    let read = lines::read(&opened).map_err(|problem| content_error(path, problem))?;
    if *lines::write(&read) != *content {
        return Err(BackupError::Damaged { path: problem::shown(path) });
    }
    fs::rename(&unfinished, path).map_err(|error| refused(&error))?;
    keep_name(path).map_err(|error| BackupError::Unsettled {
        path: problem::shown(path),
        what: error.to_string(),
    })?;
    Ok(bytes.len() as u64)
}

/// Opens a backup file. It takes the time of the password derivation that the file asks for.
///
/// # Errors
/// See [`BackupError`].
pub fn read_backup(path: &Path, password: &Password) -> Result<Backup, BackupError> {
    let content = open_parcel(path, password)?;
    lines::read(&content).map_err(|problem| content_error(path, problem))
}

/// Makes the wallet that `settings` names out of a backup; durable on return. Without a seed in
/// the backup it only watches.
///
/// # Errors
/// See [`RestoreError`]; an existing wallet is never touched.
pub fn restore_backup(
    settings: &Settings,
    backup: &Backup,
    password: &Password,
    cost: KdfCost,
) -> Result<WalletDescription, RestoreError> {
    restore_in(lock_of(settings).map_err(CreateError::from)?, settings, backup, password, cost)
}

/// The same for whom the directory is locked.
pub(super) fn restore_in(
    lock: Arc<DirectoryLock>,
    settings: &Settings,
    backup: &Backup,
    password: &Password,
    cost: KdfCost,
) -> Result<WalletDescription, RestoreError> {
    if backup.network != settings.network {
        let (found, asked) = (backup.network, settings.network);
        return Err(RestoreError::NetworkMismatch { found, asked });
    }
    let accounts = accounts(backup)?;
    let preferred = accounts.iter().find(|account| *account.name() == backup.preferred);
    let preferred = preferred.ok_or(CreateError::BadAccounts)?.id();
    let place = Birthplace::claim(lock, settings, password, cost)?;
    let seal = |seed| key_layer::seal(&place.keys.seed, seed);
    let new = wallet::NewWallet {
        description: wallet::Description {
            network: settings.network,
            name: settings.wallet.to_string(),
            fingerprint: backup.seed.as_ref().map(Seed::fingerprint),
            birthday: backup.birthday,
            takes_keys: backup.has_keys(),
            external_signer: false,
            preferred,
            look_ahead: backup.look_ahead,
        },
        accounts,
        sealed_seed: backup.seed.as_ref().map(seal).transpose().map_err(CreateError::Entropy)?,
        passphrase: None,
        avoids_reuse: backup.avoids_reuse,
    };
    let mut held = Vec::new();
    for key in &backup.held {
        let entropy = entropy::drawn().map_err(CreateError::Entropy)?;
        held.push((key.name(), key_layer::seal_held(&place.keys.seed, entropy, key)));
    }
    Ok(Wallet::restore(&place.path, &place.keys.file, &new, &held, backup)?.description()?)
}

/// The accounts with ids in their order. A descriptor names a key of the wallet by the fingerprint
/// of its master; that it is derived from it is checked, since money is received there.
fn accounts(backup: &Backup) -> Result<Vec<Account>, RestoreError> {
    let keys = SoftwareSigner::holding(backup.keys());
    let own = keys.masters();
    let mut accounts = Vec::new();
    for (number, account) in (0..).zip(&backup.accounts) {
        let name = &account.name;
        let branch = if account.internal { Branch::Change } else { Branch::Receive };
        let descriptor = AccountDescriptor::import(&account.descriptor, backup.network, branch)
            .map_err(|problem| RestoreError::Account { name: name.to_string(), problem })?;
        if !keys.owns(&descriptor) {
            return Err(RestoreError::ForeignKey { name: name.to_string() });
        }
        let id = AccountId::new(number);
        let mut made = Account::new(id, name.clone(), backup.network, descriptor, &own);
        for branch in &account.inactive {
            made.set_active(*branch, false);
        }
        accounts.push(made);
    }
    Ok(accounts)
}

/// Why a backup file was not written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// The file is there.
    #[error("{path} is there already: name a file that is not")]
    Exists {
        /// Which.
        path: String,
    },
    /// The file is something else.
    #[error("{path} is not a backup")]
    Foreign {
        /// Which.
        path: String,
    },
    /// The file is not whole.
    #[error("{path} is damaged: use another copy of this backup")]
    Damaged {
        /// Which.
        path: String,
    },
    /// Written by a newer version.
    #[error("{path} was written by a newer version of billfold: use that version")]
    Newer {
        /// Which.
        path: String,
    },
    /// The file is whole and was written wrongly.
    #[error("{path} can't be used: {problem}")]
    Content {
        /// Which.
        path: String,
        /// What is wrong.
        problem: ParseBackupError,
    },
    /// The password does not open it.
    #[error("wrong password: a backup has the password that it was made with")]
    WrongPassword,
    /// The memory that the password's derivation takes is not there.
    #[error("deriving the key takes {kib} KiB of memory, which this machine can't give now")]
    OutOfMemory {
        /// How much.
        kib: u32,
    },
    /// The file is whole and has its name, but the disk did not say that it will keep the name.
    #[error(
        "{path} is written and can be read, but the disk did not confirm that its name stays after \
         a power cut ({what}): check the disk, then copy the file or make another"
    )]
    Unsettled {
        /// Which.
        path: String,
        /// What the system said.
        what: String,
    },
    /// No entropy from the system.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The disk refused.
    #[error(transparent)]
    Store(#[from] StoreProblem),
}

impl BackupError {
    /// The stable name, as in `docs/errors.md`, JSON and JSON-RPC.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "file_exists",
            Self::Foreign { .. } => "not_a_backup",
            Self::Damaged { .. } | Self::Content { .. } => "backup_damaged",
            Self::Newer { .. } => "store_newer",
            Self::WrongPassword => "wrong_password",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::Unsettled { .. } => "io",
            Self::Entropy(_) => "no_entropy",
            Self::Store(problem) => problem.name(),
        }
    }
}

impl From<SealError> for BackupError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::OutOfMemory(error) => error.into(),
            SealError::Entropy(error) => Self::Entropy(error),
        }
    }
}

impl From<OutOfMemory> for BackupError {
    fn from(error: OutOfMemory) -> Self {
        Self::OutOfMemory { kib: error.kib }
    }
}

fn open_parcel(
    path: &Path,
    password: &Password,
) -> Result<zeroize::Zeroizing<Vec<u8>>, BackupError> {
    let mut bytes = Vec::new();
    let most = PARCEL_BYTES as u64 + 1_024;
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map_err(|error| problem::from_io(path, &error))?;
    let shown = || problem::shown(path);
    let parcel = Parcel::parse(&bytes).map_err(|problem| match problem {
        ParseParcelError::Foreign => BackupError::Foreign { path: shown() },
        ParseParcelError::Damaged => BackupError::Damaged { path: shown() },
        ParseParcelError::Newer => BackupError::Newer { path: shown() },
    })?;
    parcel.open(password)?.ok_or(BackupError::WrongPassword)
}

fn content_error(path: &Path, problem: ParseBackupError) -> BackupError {
    match problem {
        ParseBackupError::Newer => BackupError::Newer { path: problem::shown(path) },
        problem => BackupError::Content { path: problem::shown(path), problem },
    }
}

/// Where a backup is written before it has its name. What a crash left there goes.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn create_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the name of a file durable.
fn keep_name(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        File::open(dir.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}
