//! Owns the table of what was answered to calls that came with a key.
//!
//! Refuses to forget: a key means the same call for as long as there is the wallet.

use rusqlite::{OptionalExtension, params};

use crate::command::{KeyedRequest, StoreProblem};

use super::WalletFile;

/// What a call with a key was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The hash of all that the call said.
    pub hash: [u8; 32],
    /// The answer, word for word.
    pub answer: String,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// What the call with this key was answered.
    pub fn kept_answer(&self, key: &str) -> Result<Option<KeptAnswer>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT request_hash, answer FROM answers WHERE key = ?1")?
                .query_row([key], |row| Ok(KeptAnswer { hash: row.get(0)?, answer: row.get(1)? }))
                .optional()
        })
    }

    /// Keeps what a call was answered; the first answer stays.
    pub fn keep_answer(
        &mut self,
        request: &KeyedRequest,
        answer: &str,
    ) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.execute(
                "INSERT INTO answers VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                params![request.key, request.hash, answer],
            )
            .map(drop)
        })
    }
}
