//! Owns encryption at rest: the header file `wallets/NAME.key`, the file key and the seed key.
//!
//! Two layers: the *file key* opens the wallet's `SQLCipher` file, and inside it the *seed key*
//! seals seeds once more, so that a wallet can be looked at while its keys are locked away. Both
//! are random and wrapped under the password in the header, whose bytes [`Header`] describes.
//! Refuses to replace a header except whole, and tells a wrong password from a damaged file.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

pub use header::{Header, ParseHeaderError};
pub use kdf::{KdfCost, OutOfMemory};
pub use parcel::{Parcel, ParseParcelError, SealError};
pub use password::{Password, PasswordError};
pub use sealed_key::SealedKey;

use crate::entropy::{self, EntropyError};
use crate::light_client::time::WallTime;
use crate::limits::HEADER_BYTES;
use header::{KEY_BYTES, RawKey, RawKeys};
use tries::Tries;

mod password;
mod kdf;
mod sealed;
mod header;
mod tries;
mod parcel;
mod sealed_key;

/// Both keys of a wallet.
#[derive(Debug)]
pub struct Keys {
    /// Opens the wallet's file.
    pub file: FileKey,
    /// Opens the seeds in it.
    pub seed: SeedKey,
}

/// Makes new keys and writes their header file, durable on return.
///
/// # Errors
/// See [`VaultError`]; an existing file is never replaced.
pub fn create(path: &Path, password: &Password, cost: KdfCost) -> Result<Keys, VaultError> {
    if path.try_exists().map_err(|source| io_error(path, source))? {
        return Err(VaultError::Exists { path: path.to_owned() });
    }
    let keys = (random_key()?, random_key()?);
    let header = Header::seal(&keys, password, cost)?;
    let written = replace(path, &header.to_bytes()).and_then(|()| settle(path));
    written.map_err(|source| io_error(path, source))?;
    Ok(keys.into())
}

/// Reads a header file and unwraps its keys; takes the time that its cost says. Wrong passwords
/// are counted beside the file, and after some of them the next try has to wait.
///
/// # Errors
/// See [`VaultError`].
pub fn open(path: &Path, password: &Password, now: WallTime) -> Result<Keys, VaultError> {
    // First: a file that no password can open counts no try.
    let header = read(path)?;
    let mut tries = Tries::of(path);
    if let Some(wait) = tries.wait(now) {
        return Err(VaultError::TooSoon { wait });
    }
    let before = tries.count(now);
    match header.unseal(password) {
        Ok(Some(keys)) => {
            tries.forget();
            Ok(keys.into())
        }
        Ok(None) => Err(VaultError::WrongPassword),
        Err(error) => {
            tries.uncount(&before);
            Err(error.into())
        }
    }
}

/// Wraps the keys of a header file under a new password. The file is replaced whole or not at
/// all, and the change is durable on return.
///
/// # Errors
/// See [`VaultError`]; the old password still opens the file then, but after
/// [`VaultError::Unsettled`] it may be either.
pub fn change_password(
    path: &Path,
    keys: &Keys,
    new: &Password,
    cost: KdfCost,
) -> Result<(), VaultError> {
    change(path, keys, new, cost, settle)
}

/// Changes the password; `settle` makes the file's name durable.
fn change(
    path: &Path,
    keys: &Keys,
    new: &Password,
    cost: KdfCost,
    settle: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<(), VaultError> {
    let raw = (keys.file.0.clone(), keys.seed.0.clone());
    let header = Header::seal(&raw, new, cost)?;
    replace(path, &header.to_bytes()).map_err(|source| io_error(path, source))?;
    settle(path).map_err(|source| VaultError::Unsettled { path: path.to_owned(), source })
}

impl From<RawKeys> for Keys {
    fn from((file, seed): RawKeys) -> Self {
        Self { file: FileKey(file), seed: SeedKey(seed) }
    }
}

/// The raw `SQLCipher` key of a wallet's file. Wiped when dropped.
pub struct FileKey(RawKey);

impl FileKey {
    /// The key, for the store only.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

#[cfg(test)]
impl SeedKey {
    /// A key without a header file.
    pub(crate) fn for_tests(byte: u8) -> Self {
        Self(Box::new(Zeroizing::new([byte; KEY_BYTES])))
    }
}

#[cfg(any(test, feature = "fuzz"))]
impl FileKey {
    /// A key without a header file.
    pub(crate) fn for_tests(byte: u8) -> Self {
        Self(Box::new(Zeroizing::new([byte; KEY_BYTES])))
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey(..)")
    }
}

/// The key that seals seeds inside the wallet's file: the key layer. Wiped when dropped.
pub struct SeedKey(RawKey);

impl SeedKey {
    /// Encrypts and authenticates `plain`, bound to `context`: what it is and whose.
    ///
    /// # Errors
    /// If the system gives no entropy.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, EntropyError> {
        sealed::seal(&self.0, context, plain)
    }

    /// The same for whom the system's entropy was read before; none is used twice.
    #[must_use]
    pub fn seal_with(&self, entropy: [u8; 32], context: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce = std::array::from_fn(|at| entropy[at]);
        sealed::seal_with(nonce, &self.0, context, plain)
    }

    /// The inverse of [`SeedKey::seal`] with the same context.
    ///
    /// # Errors
    /// If the bytes were not sealed by this key for this context.
    pub fn unseal(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
        sealed::unseal(&self.0, context, sealed).ok_or(UnsealError)
    }
}

impl fmt::Debug for SeedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeedKey(..)")
    }
}

/// Why a header file could not be made, opened or changed.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The keys don't unwrap.
    #[error("wrong password")]
    WrongPassword,
    /// Too many passwords were wrong; this one was not tried.
    #[error("too many wrong passwords: wait {} s, then try again", wait.as_secs())]
    TooSoon {
        /// How long no password is tried.
        wait: Duration,
    },
    /// The file is not a whole header.
    #[error("{} is damaged: put back a copy of it, or restore the wallet from its words", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// No such file.
    #[error("there is no wallet at {}: make one or check its name", path.display())]
    NoSuchFile {
        /// Which file.
        path: PathBuf,
    },
    /// There is one already.
    #[error("{} exists already: a wallet's keys are never replaced, take another name", path.display())]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// Written by a newer version.
    #[error("{} was written by a newer version of billfold: use that version", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
    },
    /// The memory that the password's derivation takes is not there.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
    /// No entropy from the system.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The new header has its name, but a crash may bring the old one back.
    #[error(
        "the new password is written, but the disk did not confirm it ({source}): keep both \
         passwords until the wallet opens with one of them, then change it again"
    )]
    Unsettled {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else that the system said.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The bytes were not sealed by this key for this context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed key is damaged: restore the wallet from its words")]
pub struct UnsealError;

fn read(path: &Path) -> Result<Header, VaultError> {
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(HEADER_BYTES + 1).read_to_end(&mut bytes)).map_err(
        |source| match source.kind() {
            io::ErrorKind::NotFound => VaultError::NoSuchFile { path: path.to_owned() },
            _ => io_error(path, source),
        },
    )?;
    Header::parse(&bytes).map_err(|problem| match problem {
        ParseHeaderError::Damaged => VaultError::Damaged { path: path.to_owned() },
        ParseHeaderError::Newer => VaultError::Newer { path: path.to_owned() },
    })
}

fn random_key() -> Result<RawKey, EntropyError> {
    let mut key = RawKey::default();
    entropy::fill(&mut **key)?;
    Ok(key)
}

/// Writes a file beside `path`, makes it durable and gives it that name: after a crash there is
/// the old content or the new, never a part. Which of them is sure once it is settled; after an
/// error it is the old.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("key.new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

/// Makes the name that a file was given durable.
fn settle(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
}

fn io_error(path: &Path, source: io::Error) -> VaultError {
    VaultError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
