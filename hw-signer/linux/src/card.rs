//! Owns `Card`: the state file, in a directory of the device's own.
//!
//! Only its owner reads it (0600); it is replaced whole or not at all, also when the power fails.
//! Refuses a directory that another device program uses.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use billfold_signer_core::limits::STATE_BYTES;
use billfold_signer_core::storage::{Storage, StorageFault};

/// The directory of the state.
#[derive(Debug)]
pub struct Card {
    directory: PathBuf,
    /// Held as long as the program runs.
    _lock: File,
}

impl Card {
    /// Takes a directory, which is made if it is not there.
    ///
    /// # Errors
    /// See [`OpenCardError`].
    pub fn open(directory: &Path) -> Result<Self, OpenCardError> {
        let failed = |source| OpenCardError::Directory { directory: directory.into(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        let lock = private_file().create(true).truncate(false).open(directory.join("lock"));
        let lock = lock.map_err(failed)?;
        lock.try_lock().map_err(|_| OpenCardError::InUse { directory: directory.into() })?;
        Ok(Self { directory: directory.into(), _lock: lock })
    }

    fn file(&self) -> PathBuf {
        self.directory.join("state")
    }

    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.file()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(STATE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let new = self.directory.join("state.new");
        let mut file = private_file().create(true).truncate(true).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, self.file())?;
        self.sync()
    }

    fn remove(&self) -> io::Result<()> {
        for name in ["state", "state.new"] {
            let path = self.directory.join(name);
            match private_file().open(&path) {
                Ok(mut file) => {
                    // Flash may keep the old bytes elsewhere; they are sealed.
                    let length = usize::try_from(file.metadata()?.len()).unwrap_or(STATE_BYTES);
                    file.write_all(&vec![0; length.min(STATE_BYTES)])?;
                    file.sync_all()?;
                    fs::remove_file(&path)?;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        self.sync()
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }
}

impl Storage for Card {
    fn load(&mut self) -> Result<Option<Vec<u8>>, StorageFault> {
        self.read().map_err(|_| StorageFault)
    }

    fn store(&mut self, bytes: &[u8]) -> Result<(), StorageFault> {
        self.replace(bytes).map_err(|_| StorageFault)
    }

    fn wipe(&mut self) -> Result<(), StorageFault> {
        self.remove().map_err(|_| StorageFault)
    }
}

/// Why a directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenCardError {
    /// It can't be made or read.
    #[error("{} can't be used for the state: {source}", directory.display())]
    Directory {
        /// Which.
        directory: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another device program uses it.
    #[error("{} is used by another signer: stop it, or choose another directory", directory.display())]
    InUse {
        /// Which.
        directory: PathBuf,
    },
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_state_is_replaced_and_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let mut card = Card::open(directory.path()).unwrap();
        assert_eq!(card.load(), Ok(None));
        card.store(b"one").unwrap();
        card.store(b"two").unwrap();
        assert_eq!(card.load(), Ok(Some(b"two".to_vec())));
        let mode = fs::metadata(directory.path().join("state")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn half_a_state_is_never_read() {
        let directory = tempfile::tempdir().unwrap();
        let mut card = Card::open(directory.path()).unwrap();
        card.store(b"whole").unwrap();
        // The power failed while the next one was written.
        fs::write(directory.path().join("state.new"), b"ha").unwrap();
        assert_eq!(card.load(), Ok(Some(b"whole".to_vec())));
        card.store(b"next").unwrap();
        assert_eq!(card.load(), Ok(Some(b"next".to_vec())));
    }

    #[test]
    fn wiping_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let mut card = Card::open(directory.path()).unwrap();
        card.store(b"secret").unwrap();
        fs::write(directory.path().join("state.new"), b"secret").unwrap();
        card.wipe().unwrap();
        card.wipe().unwrap();
        assert_eq!(card.load(), Ok(None));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "only the lock is left");
    }

    #[test]
    fn a_card_is_for_one_device() {
        let directory = tempfile::tempdir().unwrap();
        let first = Card::open(directory.path()).unwrap();
        assert!(matches!(Card::open(directory.path()), Err(OpenCardError::InUse { .. })));
        drop(first);
        assert!(Card::open(directory.path()).is_ok());
    }

    #[test]
    fn no_more_is_read_than_a_state_can_have() {
        let directory = tempfile::tempdir().unwrap();
        let mut card = Card::open(directory.path()).unwrap();
        fs::write(directory.path().join("state"), vec![1; 2 * STATE_BYTES]).unwrap();
        assert_eq!(card.load().unwrap().unwrap().len(), STATE_BYTES + 1);
    }
}
