//! Owns the tables of scripts of others: those that this wallet paid, and those that look like one
//! of them.
//!
//! Refuses to say what looks alike: it keeps what the wallet view says.

use bitcoin::{Script, ScriptBuf, Txid};
use rusqlite::{OptionalExtension, params};

use crate::command::StoreProblem;

use super::WalletFile;
use super::column::Column;

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Notes that a transaction of the wallet pays a script of somebody else, and how its address
    /// looks.
    pub fn insert_paid_script(
        &mut self,
        spk: &Script,
        txid: Txid,
        resemblance: Option<&str>,
    ) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached("INSERT OR IGNORE INTO paid_scripts VALUES (?1, ?2, ?3)")?
                .execute(params![Column(spk), Column(txid), resemblance])
                .map(drop)
        })
    }

    /// Whether this wallet ever paid a script of somebody else.
    pub fn was_paid(&self, spk: &Script) -> Result<bool, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT 1 FROM paid_scripts WHERE spk = ?1")?.exists([Column(spk)])
        })
    }

    /// A script that this wallet paid, whose address looks like this without being that of `spk`.
    pub fn paid_like(
        &self,
        resemblance: &str,
        spk: &Script,
    ) -> Result<Option<ScriptBuf>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT spk FROM paid_scripts WHERE resemblance = ?1 AND spk <> ?2 LIMIT 1",
            )?
            .query_row(params![resemblance, Column(spk)], script)
            .optional()
        })
    }

    /// All scripts of others that this wallet paid.
    pub fn paid_scripts(&self) -> Result<Vec<ScriptBuf>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT DISTINCT spk FROM paid_scripts")?
                .query_map([], script)?
                .collect()
        })
    }

    /// Notes that a stranger's transaction pays a script whose address looks like that of another
    /// one, which the wallet knows.
    pub fn insert_imitation(
        &mut self,
        txid: Txid,
        spk: &Script,
        known: &Script,
    ) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached("INSERT OR IGNORE INTO imitations VALUES (?1, ?2, ?3)")?
                .execute(params![Column(txid), Column(spk), Column(known)])
                .map(drop)
        })
    }
}

fn script(row: &rusqlite::Row<'_>) -> rusqlite::Result<ScriptBuf> {
    row.get::<_, Column<ScriptBuf>>(0).map(|spk| spk.0)
}
