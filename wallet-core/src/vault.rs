//! Owns encryption at rest: the header file `wallets/NAME.key`, the file key and the seed key.
//!
//! Refuses weak costs outside tests, and tells a wrong password from a damaged file.

use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::entropy::EntropyError;

/// A wallet's password. Never shown, wiped when dropped.
pub struct Password(());

impl Password {
    /// Takes a password as typed. Unicode is normalised (NFKD), so that it opens the wallet from
    /// any keyboard.
    ///
    /// # Errors
    /// If it is empty.
    pub fn new(_text: Zeroizing<String>) -> Result<Self, PasswordError> {
        todo!()
    }
    /// Takes a password as read from a file or a pipe, with its end of line already cut off.
    ///
    /// # Errors
    /// If it is empty or not UTF-8.
    pub fn from_bytes(_bytes: Zeroizing<Vec<u8>>) -> Result<Self, PasswordError> {
        todo!()
    }
}

/// What Argon2id costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost(());

impl KdfCost {
    /// Measures this machine: 0.5 to 1 s, never below 64 MiB and 3 passes.
    #[must_use]
    pub fn calibrated() -> Self {
        todo!()
    }
    /// Next to nothing. Only tests may use it: a wallet made with it is not protected.
    #[must_use]
    pub const fn for_tests() -> Self {
        Self(())
    }
}

/// Both keys of a wallet.
pub struct Keys {
    /// Opens the wallet's file.
    pub file: FileKey,
    /// Opens the seeds in it.
    pub seed: SeedKey,
}

/// The raw SQLCipher key of a wallet's file.
pub struct FileKey(Zeroizing<[u8; 32]>);

impl FileKey {
    /// The key, for the store only.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The key that seals seeds inside the wallet's file.
pub struct SeedKey(());

impl SeedKey {
    /// Encrypts and authenticates `plain`, bound to `context`.
    ///
    /// # Errors
    /// If the system gives no entropy.
    pub fn seal(&self, _context: &[u8], _plain: &[u8]) -> Result<Vec<u8>, EntropyError> {
        todo!()
    }
    /// The inverse of [`SeedKey::seal`] with the same context.
    ///
    /// # Errors
    /// If the bytes were not sealed by this key for this context.
    pub fn unseal(
        &self,
        _context: &[u8],
        _sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
        todo!()
    }
}

/// Makes new keys and writes their header file, durable on return.
///
/// # Errors
/// See [`VaultError`]; an existing file is never replaced.
pub fn create(_path: &Path, _password: &Password, _cost: KdfCost) -> Result<Keys, VaultError> {
    todo!()
}

/// Reads a header file and unwraps its keys; takes the time that its cost says.
///
/// # Errors
/// See [`VaultError`].
pub fn open(_path: &Path, _password: &Password) -> Result<Keys, VaultError> {
    todo!()
}

/// Wraps the same keys under a new password: the file is replaced whole or not at all.
///
/// # Errors
/// See [`VaultError`].
pub fn change_password(
    _path: &Path,
    _old: &Password,
    _new: &Password,
    _cost: KdfCost,
) -> Result<(), VaultError> {
    todo!()
}

/// Why a password can't be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is empty.
    #[error("the password is empty: a wallet with keys needs one")]
    Empty,
    /// It is not text.
    #[error("the password is not UTF-8 text")]
    NotUtf8,
}

/// Why a header file could not be made, opened or changed.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The keys don't unwrap.
    #[error("wrong password")]
    WrongPassword,
    /// The file is not a whole header.
    #[error("{path} is damaged: put back a copy of it, or restore the wallet from its words")]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// No such file.
    #[error("there is no {path}")]
    NoSuchFile {
        /// Which file.
        path: PathBuf,
    },
    /// There is one already.
    #[error("{path} exists already: a wallet's keys are never replaced")]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// Written by a newer version.
    #[error("{path} was written by a newer version of billfold: use that version")]
    Newer {
        /// Which file.
        path: PathBuf,
    },
    /// The memory that the password's derivation takes is not there.
    #[error("deriving the key takes {kib} KiB of memory, which this machine can't give now")]
    OutOfMemory {
        /// How much.
        kib: u32,
    },
    /// No entropy from the system.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// Anything else that the system said.
    #[error("{path}: {source}")]
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
