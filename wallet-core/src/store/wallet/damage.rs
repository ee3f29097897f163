//! Owns what is told of a damaged wallet file, and the look for damage that nothing asked for yet.
//!
//! Refuses to mend: unlike the chain's files, this one comes back from nowhere.

use std::path::Path;

use rusqlite::OptionalExtension;

use crate::command::StoreProblem;
use crate::store::problem;

use super::WalletFile;

impl WalletFile {
    /// Reads the whole file: that every page is as it was written, and that tables and indices
    /// agree. It takes as long as reading the file does, and as long again for its order.
    ///
    /// # Errors
    /// [`StoreProblem::Damaged`] with the first thing that is wrong, or what the disk refused.
    pub fn look_through(&self) -> Result<(), StoreProblem> {
        for check in ["PRAGMA cipher_integrity_check", "PRAGMA integrity_check(1)"] {
            let found: Option<String> =
                self.read(|sql| sql.query_row(check, [], |row| row.get(0)).optional())?;
            if let Some(what) = found.filter(|found| found != "ok") {
                return Err(advised(self.damaged(&what)));
            }
        }
        Ok(())
    }

    /// The file is not what it should be.
    pub(crate) fn damaged(&self, what: &str) -> StoreProblem {
        StoreProblem::Damaged { path: problem::shown(&self.path), what: what.to_owned() }
    }
}

/// What `SQLite` said, and what to do about damage: unlike other files, this one comes back from
/// nowhere.
pub(super) fn refusal(path: &Path, error: &rusqlite::Error) -> StoreProblem {
    advised(problem::from_sqlite(path, error))
}

pub(super) fn advised(problem: StoreProblem) -> StoreProblem {
    match problem {
        StoreProblem::Damaged { path, what } => {
            StoreProblem::Damaged { path, what: format!("{what}: {ADVICE}") }
        }
        other => other,
    }
}

/// What to do about a damaged wallet.
pub const ADVICE: &str = "copy it and the files beside it aside, then restore a backup or the words under \
                          another name with --wallet";
