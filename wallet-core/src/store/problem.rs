//! Owns the step from what the system and `SQLite` say to a [`StoreProblem`] that people can act on.
//!
//! Refuses to guess: what is not known to be a full disk, a missing right or damage is told as it
//! was said.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use rusqlite::ErrorCode;

use crate::command::StoreProblem;

/// What the system said about a file or directory.
#[must_use]
pub fn from_io(path: &Path, error: &io::Error) -> StoreProblem {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreProblem::Full,
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            StoreProblem::ReadOnly { path: shown(path) }
        }
        _ => StoreProblem::Io { path: shown(path), what: error.to_string() },
    }
}

/// What `SQLite` said about a database file.
#[must_use]
pub fn from_sqlite(path: &Path, error: &rusqlite::Error) -> StoreProblem {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreProblem::Full,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            StoreProblem::ReadOnly { path: shown(path) }
        }
        Some(ErrorCode::CannotOpen) => not_opened(path),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreProblem::Damaged { path: shown(path), what: error.to_string() }
        }
        None if is_misfit(error) => {
            StoreProblem::Damaged { path: shown(path), what: error.to_string() }
        }
        _ => StoreProblem::Io { path: shown(path), what: error.to_string() },
    }
}

/// `SQLite` tells no more than that it could not open a file, so the system is asked again.
fn not_opened(path: &Path) -> StoreProblem {
    match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => from_io(path, &error),
        _ => StoreProblem::ReadOnly { path: shown(path) },
    }
}

/// Whether a stored value does not have the form in which it was written.
const fn is_misfit(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..)
    )
}

/// A path as it is shown in messages.
#[must_use]
pub fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_what_to_do() {
        let path = Path::new("/data/chain.db");
        let problem = |kind| from_io(path, &io::Error::from(kind));
        assert_eq!(problem(io::ErrorKind::StorageFull), StoreProblem::Full);
        assert_eq!(problem(io::ErrorKind::PermissionDenied).name(), "read_only");
        assert_eq!(problem(io::ErrorKind::ReadOnlyFilesystem).name(), "read_only");
        assert_eq!(problem(io::ErrorKind::TimedOut).name(), "io");
        let sqlite = |code| {
            from_sqlite(
                path,
                &rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None),
            )
        };
        assert_eq!(sqlite(rusqlite::ffi::SQLITE_FULL), StoreProblem::Full);
        assert_eq!(sqlite(rusqlite::ffi::SQLITE_READONLY).name(), "read_only");
        assert_eq!(sqlite(rusqlite::ffi::SQLITE_NOTADB).name(), "store_damaged");
        assert_eq!(sqlite(rusqlite::ffi::SQLITE_IOERR).name(), "io");
    }
}
