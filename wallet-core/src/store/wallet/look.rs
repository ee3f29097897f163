//! Owns a look at what would be without some drafts: they are gone within it, and are there again
//! after it.
//!
//! Refuses to keep anything that is changed within a look.

use crate::command::{DraftId, StoreProblem};

use super::WalletFile;

impl WalletFile {
    /// Begins a look without these drafts.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn begin_look(&mut self, without: &[DraftId]) -> Result<(), StoreProblem> {
        self.read(|sql| sql.execute_batch("SAVEPOINT look"))?;
        without.iter().try_for_each(|draft| self.delete_draft(*draft))
    }

    /// Ends it: all is as it was before.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn end_look(&mut self) -> Result<(), StoreProblem> {
        self.write(|sql| sql.execute_batch("ROLLBACK TO look; RELEASE look"))
    }
}
