//! Owns where a wallet's file is while it is made, and the moment when it gets its name.
//!
//! Refuses to leave half a wallet under a wallet's name, and to let an old log be played into a new
//! file.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::command::StoreProblem;
use crate::store::{aside, problem};

use super::WalletFile;

impl WalletFile {
    /// Where a wallet that is restored from a backup is filled, before it gets its name. What an
    /// earlier attempt left there goes.
    ///
    /// # Errors
    /// If the wallet is there already, or what the disk refused.
    pub fn begin_restored(path: &Path) -> Result<PathBuf, StoreProblem> {
        refuse_existing(path)?;
        let unfinished = path.with_extension("db.restored");
        for path in [&unfinished, &log(&unfinished, "-wal"), &log(&unfinished, "-shm")] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(problem::from_io(path, &error));
                }
                _ => {}
            }
        }
        Ok(unfinished)
    }

    /// Gives the file its name; durable on return.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn move_to(self, path: &Path) -> Result<(), StoreProblem> {
        self.fold_log()?;
        let unfinished = self.path.clone();
        drop(self);
        move_into_place(&unfinished, path).map_err(|error| problem::from_io(path, &error))
    }

    /// Writes the log into the file, so that the file alone is whole.
    pub(super) fn fold_log(&self) -> Result<(), StoreProblem> {
        let busy: bool =
            self.read(|sql| sql.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get(0)))?;
        if busy { Err(self.damaged("its log can't be folded into it")) } else { Ok(()) }
    }
}

/// A wallet is never replaced.
pub(super) fn refuse_existing(path: &Path) -> Result<(), StoreProblem> {
    if fs::exists(path).map_err(|error| problem::from_io(path, &error))? {
        let what = "it exists already: a wallet is never replaced".to_owned();
        return Err(StoreProblem::Io { path: problem::shown(path), what });
    }
    Ok(())
}

/// An empty file that only the user can read.
pub(super) fn make_empty(path: &Path) -> io::Result<()> {
    if fs::exists(path)? {
        fs::remove_file(path)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// A log that an earlier wallet of this name left would be played into the new file.
fn move_into_place(unfinished: &Path, path: &Path) -> io::Result<()> {
    for suffix in ["-wal", "-shm", "-journal"] {
        aside::set_aside(&log(path, suffix))?;
    }
    File::open(unfinished)?.sync_all()?;
    fs::rename(unfinished, path)?;
    match path.parent() {
        #[cfg(unix)]
        Some(dir) => File::open(dir)?.sync_all(),
        _ => Ok(()),
    }
}

fn log(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
