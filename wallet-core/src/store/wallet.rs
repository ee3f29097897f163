//! Owns a wallet's file: an SQLCipher database under the vault's file key, its tables, and the one
//! open transaction in which a step's changes wait for their commit.
//!
//! Refuses decisions: which transaction wins, which coin is spent is the wallet view's to say.
//! Refuses to commit after a change failed, so that a step is in the file whole or not at all.

mod damage;
mod column;
mod place;
mod scan;
mod matched;
mod sealed;
mod description;
mod search;
mod addresses;
mod transactions;
mod locks;
mod outputs;
mod coin_rows;
mod coins;
mod free_coins;
mod labels;
mod strangers;
mod history_rows;
mod history;
mod entries;
mod requests;
mod invoices;
mod unconfirmed;
mod drafts;
mod keyed;
mod payments;
mod tokens;
mod budget;
mod audit;
mod journal;
mod left;
mod look;
mod operations;
mod signings;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use zeroize::Zeroizing;

use crate::command::StoreProblem;
use crate::store::{library, problem, schema};
use crate::vault::FileKey;

use damage::{advised, refusal};

pub use addresses::{Issued, KeychainState, ScriptPlace};
pub use budget::{Counted, Spending};
pub use coin_rows::{CoinRow, OwnOutput};
pub use coins::{CoinSums, LeanCoin};
pub use damage::ADVICE as DAMAGE_ADVICE;
pub use description::{Description, NewWallet};
pub use drafts::{DraftRow, PaymentRow, RequestId, Task};
pub use entries::EntryPlace;
pub use free_coins::{FreeCoins, FreeKinds};
pub use history::{HistoryPart, Place, Standing};
pub use history_rows::{HistoryEntry, Told, TransactionSums};
pub use invoices::{InvoiceRow, InvoiceSums};
pub use keyed::KeptAnswer;
pub use matched::MatchedRun;
pub use requests::{AddressEntry, Paid};
pub use scan::ScanState;
pub use search::SearchedAccount;
pub use signings::RunningSigning;
pub use transactions::{Origin, Placement, Sums, TransactionRow};
pub use unconfirmed::{PendingSums, Unconfirmed};

/// One open wallet file.
#[derive(Debug)]
pub struct WalletFile {
    connection: Connection,
    path: PathBuf,
    failed: bool,
}

/// Who else has the file open in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sharing {
    /// Nobody.
    Alone,
    /// Those who read.
    Shared,
    /// Who writes: this one reads.
    Reader,
}

impl WalletFile {
    /// Makes a wallet's file, whole and durable on return.
    ///
    /// # Errors
    /// If there is a file already, or what the disk refused.
    pub fn create(path: &Path, key: &FileKey, new: &NewWallet) -> Result<Self, StoreProblem> {
        place::refuse_existing(path)?;
        // Built beside its place, so that a crash leaves no half-made wallet under its name.
        let unfinished = path.with_extension("db.new");
        let started = place::make_empty(&unfinished);
        started.map_err(|error| problem::from_io(&unfinished, &error))?;
        let mut file = Self::connect(&unfinished, key, Sharing::Alone)?;
        file.describe(new)?;
        file.commit()?;
        file.move_to(path)?;
        Self::open(path, key)
    }

    /// Opens a wallet's file.
    ///
    /// # Errors
    /// [`StoreProblem::Damaged`] if the key does not open it or a page is bad;
    /// [`StoreProblem::Newer`]; [`StoreProblem::ReadOnly`]; otherwise what the system said.
    pub fn open(path: &Path, key: &FileKey) -> Result<Self, StoreProblem> {
        let file = Self::connect(path, key, Sharing::Alone)?;
        file.description()?;
        Ok(file)
    }

    /// The same, for others in this process to [`read`](Self::open_reader) it meanwhile.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_shared(path: &Path, key: &FileKey) -> Result<Self, StoreProblem> {
        let file = Self::connect(path, key, Sharing::Shared)?;
        file.description()?;
        Ok(file)
    }

    /// Opens a file beside whoever opened it as [`shared`](Self::open_shared), to read what is
    /// committed.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_reader(path: &Path, key: &FileKey) -> Result<Self, StoreProblem> {
        let file = Self::connect(path, key, Sharing::Reader)?;
        file.read(|sql| sql.pragma_update(None, "query_only", true))?;
        Ok(file)
    }

    /// What is read from here on is of one commit, until [`abort`](Self::abort).
    ///
    /// # Errors
    /// What the disk refused.
    pub fn begin_reading(&self) -> Result<(), StoreProblem> {
        self.read(|sql| sql.execute_batch("BEGIN"))
    }

    /// Makes all that was staged durable. Without anything staged, nothing is written.
    ///
    /// # Errors
    /// What the disk refused; everything staged is undone then.
    pub fn commit(&mut self) -> Result<(), StoreProblem> {
        if self.failed {
            self.abort()?;
            let what = "a change failed before the commit, so none was kept".to_owned();
            return Err(StoreProblem::Io { path: problem::shown(&self.path), what });
        }
        if !self.is_staged() {
            return Ok(());
        }
        self.connection.execute_batch("COMMIT").map_err(|error| {
            // The refusal to commit is the one to tell.
            let _ = self.connection.execute_batch("ROLLBACK");
            refusal(&self.path, &error)
        })
    }

    /// Undoes all that was staged since the last commit.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn abort(&mut self) -> Result<(), StoreProblem> {
        self.failed = false;
        if self.is_staged() { self.read(|sql| sql.execute_batch("ROLLBACK")) } else { Ok(()) }
    }

    /// Whether something is staged.
    #[must_use]
    pub fn is_staged(&self) -> bool {
        !self.connection.is_autocommit()
    }

    fn connect(path: &Path, key: &FileKey, sharing: Sharing) -> Result<Self, StoreProblem> {
        let refused = |error: rusqlite::Error| refusal(path, &error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        library::ready();
        let connection = Connection::open_with_flags(path, flags).map_err(refused)?;
        // What is wrong with a file is told by its error, not by lines on standard error.
        connection.execute_batch("PRAGMA cipher_log_level = NONE").map_err(refused)?;
        connection.execute_batch(&key_pragma(key)).map_err(refused)?;
        if connection.is_readonly("main").map_err(refused)? {
            return Err(StoreProblem::ReadOnly { path: problem::shown(path) });
        }
        // One process owns the directory. Where it reads by one connection only, the log's index needs
        // no shared memory.
        if sharing == Sharing::Alone {
            connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE").map_err(refused)?;
        }
        connection.execute_batch(PRAGMAS).map_err(refused)?;
        let cache = if sharing == Sharing::Reader { READER_CACHE } else { CACHE };
        connection.pragma_update(None, "cache_size", cache).map_err(refused)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        schema::open_migrated(&connection, path, MIGRATIONS).map_err(advised)?;
        Ok(Self { connection, path: path.to_owned(), failed: false })
    }

    /// Reads.
    fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreProblem> {
        query(&self.connection).map_err(|error| refusal(&self.path, &error))
    }

    /// Stages a change; the first one after a commit opens the transaction.
    fn write<T>(
        &mut self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreProblem> {
        let result = self.read(|sql| {
            if sql.is_autocommit() {
                sql.execute_batch("BEGIN IMMEDIATE")?;
            }
            change(sql)
        });
        self.failed |= result.is_err();
        result
    }

    /// From here on the disk is read-only.
    #[cfg(test)]
    pub(crate) fn refuse_writes(&self) {
        self.connection.pragma_update(None, "query_only", true).unwrap();
    }
}

fn key_pragma(key: &FileKey) -> Zeroizing<String> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    // The capacity is exact: a string that grows leaves copies of the key behind.
    let mut pragma = Zeroizing::new(String::with_capacity(KEY_PRAGMA_LENGTH));
    pragma.push_str(KEY_PRAGMA);
    for byte in key.as_bytes() {
        pragma.push(char::from(HEX[usize::from(byte >> 4)]));
        pragma.push(char::from(HEX[usize::from(byte & 15)]));
    }
    pragma.push_str(KEY_PRAGMA_END);
    debug_assert_eq!(pragma.len(), KEY_PRAGMA_LENGTH);
    pragma
}

/// The schema, version by version; released ones never change.
const MIGRATIONS: &[&str] = &[include_str!("wallet/v1.sql")];

/// Pages that are kept decrypted, in KiB, which `SQLite` writes as a negative number: those of a
/// wallet of 100,000 transactions that a block or a draft is likely to meet again. Each page that
/// is not among them is read, authenticated and decrypted when it is needed.
const CACHE: i64 = -64 * 1024;

/// The same of a view that only reads, where most questions are about the newest.
const READER_CACHE: i64 = -8 * 1024;

/// Prepared statements that are kept: more than there are in this module.
const STATEMENTS: usize = 128;

/// FULL syncs the write-ahead log at each commit; a Mac's disk is told to keep it only by fullfsync.
const PRAGMAS: &str = "PRAGMA journal_mode = WAL;
     PRAGMA synchronous = FULL;
     PRAGMA fullfsync = ON;
     PRAGMA foreign_keys = ON;";

const KEY_PRAGMA: &str = "PRAGMA key = \"x'";
const KEY_PRAGMA_END: &str = "'\"";
const KEY_PRAGMA_LENGTH: usize = KEY_PRAGMA.len() + 64 + KEY_PRAGMA_END.len();

#[cfg(test)]
mod tests;
