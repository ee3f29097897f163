//! Owns the claim of one process on one network's directory: an advisory lock on the file `lock`,
//! which the system gives free when the process ends, however it ends.
//!
//! Refuses to judge by the file's text: that only says who to name; the lock itself decides.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use crate::command::StoreProblem;
use crate::config::Paths;
use crate::store::problem;

/// The claim, held for as long as the value lives.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Claims the directory, which is made if it is not there, and writes into the lock file who
    /// did.
    ///
    /// # Errors
    /// [`LockError::InUse`] names the process that has it; [`LockError::Store`] when the
    /// directory can't be made or written.
    pub fn acquire(paths: &Paths) -> Result<Self, LockError> {
        make_private_dir(paths.dir())?;
        let path = paths.lock();
        let refused = |error: &io::Error| LockError::Store(problem::from_io(&path, error));
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| refused(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::InUse(Holder::read(&mut file))),
            Err(TryLockError::Error(error)) => return Err(refused(&error)),
        }
        // The lock holds without the text, and a full disk must not keep anyone from looking.
        let _ = Holder::this_process().write(&mut file);
        Ok(Self { _file: file })
    }
}

/// Who has a directory, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process id; `None` when the lock file does not say.
    pub pid: Option<u32>,
    /// Its program's name; `None` when the lock file does not say.
    pub program: Option<String>,
}

impl Holder {
    fn this_process() -> Self {
        let program = std::env::current_exe()
            .ok()
            .and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()));
        Self { pid: Some(std::process::id()), program }
    }

    /// The text may be another process's half-written or stale one: what can't be read or is
    /// known to be gone is left out.
    fn read(file: &mut File) -> Self {
        let mut text = String::new();
        let _ = file.take(LONGEST_TEXT).read_to_string(&mut text);
        let mut lines = text.lines();
        let pid = lines.next().and_then(|line| line.parse().ok()).filter(|pid| may_run(*pid));
        let program = lines.next().filter(|_| pid.is_some()).map(printable);
        Self { pid, program }
    }

    fn write(&self, file: &mut File) -> io::Result<()> {
        let pid = self.pid.map_or_else(String::new, |pid| pid.to_string());
        let program = self.program.as_deref().map_or_else(String::new, printable);
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(format!("{pid}\n{program}\n").as_bytes())
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.pid, self.program.as_deref()) {
            (Some(pid), Some(program)) => write!(f, "{program} with process id {pid}"),
            (Some(pid), None) => write!(f, "the process with id {pid}"),
            (None, _) => f.write_str("another process"),
        }
    }
}

/// Why a directory could not be claimed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Somebody else has it.
    #[error("{0} is using this data directory: stop it first")]
    InUse(Holder),
    /// It can't be made or written.
    #[error(transparent)]
    Store(#[from] StoreProblem),
}

/// Makes a directory and its parents, readable by the user only where the system knows that.
///
/// # Errors
/// What the system said.
pub fn make_private_dir(dir: &Path) -> Result<(), StoreProblem> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| problem::from_io(dir, &error))
}

/// Whether a process with this id may be running: where the system shows that (Linux), it is
/// looked up.
fn may_run(pid: u32) -> bool {
    !fs::exists("/proc/self").unwrap_or(false) || fs::exists(format!("/proc/{pid}")).unwrap_or(true)
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(LONGEST_PROGRAM).collect()
}

/// More than two lines of ours, in bytes; the rest of a strange file is not read.
const LONGEST_TEXT: u64 = 512;

/// The longest program name that is kept, in characters.
const LONGEST_PROGRAM: usize = 100;

#[cfg(test)]
mod tests {
    use bitcoin::Network;

    use super::*;

    fn paths(dir: &tempfile::TempDir) -> Paths {
        Paths::new(dir.path(), Network::Regtest)
    }

    #[test]
    fn the_second_claim_is_told_who_has_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let first = DirectoryLock::acquire(&paths(&dir)).unwrap();
        let LockError::InUse(holder) = DirectoryLock::acquire(&paths(&dir)).unwrap_err() else {
            panic!("the directory is in use");
        };
        assert_eq!(holder.pid, Some(std::process::id()));
        assert!(holder.to_string().contains(&std::process::id().to_string()));
        drop(first);
        DirectoryLock::acquire(&paths(&dir)).unwrap();
    }

    #[test]
    fn a_stale_text_does_not_keep_anybody_out_and_names_nobody() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(paths(&dir).dir()).unwrap();
        fs::write(paths(&dir).lock(), "4294967294\nsomebody\u{1b}[31m\n").unwrap();
        let mut file = File::open(paths(&dir).lock()).unwrap();
        let holder = Holder::read(&mut file);
        if fs::exists("/proc/self").unwrap() {
            assert_eq!(holder, Holder { pid: None, program: None });
        }
        DirectoryLock::acquire(&paths(&dir)).unwrap();
        assert!(
            fs::read_to_string(paths(&dir).lock())
                .unwrap()
                .starts_with(&format!("{}\n", std::process::id()))
        );
    }

    #[test]
    fn networks_do_not_keep_each_other_out() {
        let dir = tempfile::tempdir().unwrap();
        let _regtest = DirectoryLock::acquire(&paths(&dir)).unwrap();
        DirectoryLock::acquire(&Paths::new(dir.path(), Network::Signet)).unwrap();
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("regtest"), "a file").unwrap();
        let error = DirectoryLock::acquire(&paths(&dir)).unwrap_err();
        assert!(error.to_string().contains("regtest"), "{error}");
    }
}
