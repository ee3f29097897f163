//! Owns schema versions (`user_version`): a file is brought to the newest one in one transaction,
//! after a copy of it was made.
//!
//! Refuses files of a newer version, and to touch a file whose copy could not be made.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::command::StoreProblem;
use crate::store::problem;

/// Brings an open file to the newest schema. `migrations[n]` is the SQL that makes version
/// `n + 1` out of version `n`; a new file runs all of them.
///
/// The file as it was before stays beside it as `NAME.db.v1`, with the version that it has.
///
/// # Errors
/// [`StoreProblem::Newer`] if the file's version is above the last one known here;
/// [`StoreProblem::Damaged`] if it can't be read; otherwise what the system said, with the file as
/// it was.
pub fn open_migrated(
    connection: &Connection,
    path: &Path,
    migrations: &[&str],
) -> Result<(), StoreProblem> {
    let refused = |error: rusqlite::Error| problem::from_sqlite(path, &error);
    let version: u32 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(refused)?;
    let found = version as usize;
    let Some(missing) = migrations.get(found..) else {
        return Err(StoreProblem::Newer { path: problem::shown(path) });
    };
    if missing.is_empty() {
        return Ok(());
    }
    if found > 0 {
        keep_copy(connection, path, found)?;
    }
    let newest = migrations.len();
    let steps = missing.concat();
    let migration = format!("BEGIN IMMEDIATE;\n{steps}\nPRAGMA user_version = {newest};\nCOMMIT;");
    connection.execute_batch(&migration).map_err(|error| {
        // The first error is the one to tell; closing the connection rolls back as well.
        let _ = connection.execute_batch("ROLLBACK");
        refused(error)
    })
}

/// Where the copy of a file of an older version is.
#[must_use]
pub fn copy_path(path: &Path, version: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".v{version}"));
    PathBuf::from(name)
}

/// The write-ahead log is folded into the file first, so that the file alone is whole.
fn keep_copy(connection: &Connection, path: &Path, version: usize) -> Result<(), StoreProblem> {
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .map_err(|error| problem::from_sqlite(path, &error))?;
    let copy = copy_path(path, version);
    fs::copy(path, &copy)
        .and_then(|_| File::open(&copy)?.sync_all())
        .map_err(|error| problem::from_io(&copy, &error))
}

/// Whether each commit is on the disk before it is told, on a Mac too.
#[cfg(test)]
pub(super) fn syncs_commits(connection: &Connection) -> bool {
    let number = |pragma: &str| -> i64 {
        connection.pragma_query_value(None, pragma, |row| row.get(0)).unwrap()
    };
    let mode = connection.pragma_query_value(None, "journal_mode", |row| row.get(0));
    let mode: String = mode.unwrap();
    mode == "wal" && number("synchronous") == 2 && number("fullfsync") == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::library;

    const V1: &str = "CREATE TABLE a (x INTEGER) STRICT;";
    const V2: &str = "CREATE TABLE b (x INTEGER) STRICT; INSERT INTO b SELECT x FROM a;";

    fn open(path: &Path, migrations: &[&str]) -> Result<Connection, StoreProblem> {
        library::ready();
        let connection = Connection::open(path).unwrap();
        open_migrated(&connection, path, migrations)?;
        Ok(connection)
    }

    fn count(connection: &Connection, table: &str) -> Result<i64, rusqlite::Error> {
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
    }

    #[test]
    fn an_old_file_keeps_its_rows_and_a_copy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        let old = open(&path, &[V1]).unwrap();
        old.execute_batch("INSERT INTO a VALUES (7)").unwrap();
        drop(old);
        let new = open(&path, &[V1, V2]).unwrap();
        assert_eq!(count(&new, "b"), Ok(1));
        let copy = open(&copy_path(&path, 1), &[V1]).unwrap();
        assert_eq!(count(&copy, "a"), Ok(1));
        assert!(count(&copy, "b").is_err());
    }

    #[test]
    fn a_newer_file_is_refused_untouched() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        drop(open(&path, &[V1, V2]).unwrap());
        let before = fs::read(&path).unwrap();
        assert_eq!(open(&path, &[V1]).unwrap_err().name(), "store_newer");
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_failed_migration_leaves_the_old_schema() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        drop(open(&path, &[V1]).unwrap());
        open(&path, &[V1, "CREATE TABLE b (x INTEGER) STRICT; NOT SQL;"]).unwrap_err();
        let again = open(&path, &[V1]).unwrap();
        assert_eq!(count(&again, "a"), Ok(0));
        assert!(count(&again, "b").is_err());
    }
}
