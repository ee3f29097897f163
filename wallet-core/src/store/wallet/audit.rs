//! Owns the audit log: a table to which lines are added.
//!
//! Refuses to change one or to take one out.

use bitcoin::{Amount, Txid};
use rusqlite::params;

use crate::command::{AuditEntry, StoreProblem};
use crate::light_client::time::WallTime;

use super::WalletFile;
use super::column::Column;

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Adds a line; its number is given here.
    pub fn append_audit(&mut self, entry: &AuditEntry) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached(
                "INSERT INTO audit (at, asker, method, key, txid, amount, outcome)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                Column(WallTime::new(entry.at)),
                entry.asker,
                entry.method,
                entry.key,
                entry.txid.map(Column),
                entry.amount.map(Column),
                entry.outcome
            ])
            .map(drop)
        })
    }

    /// Lines above a number, in their order.
    pub fn audit(&self, after: u64, limit: u32) -> Result<Vec<AuditEntry>, StoreProblem> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT number, at, asker, method, key, txid, amount, outcome FROM audit
                 WHERE number > ?1 ORDER BY number LIMIT ?2",
            )?
            .query_map(params![after, limit], |row| {
                let txid: Option<Column<Txid>> = row.get(5)?;
                let amount: Option<Column<Amount>> = row.get(6)?;
                Ok(AuditEntry {
                    number: row.get::<_, i64>(0)?.unsigned_abs(),
                    at: row.get::<_, Column<WallTime>>(1)?.0.to_unix(),
                    asker: row.get(2)?,
                    method: row.get(3)?,
                    key: row.get(4)?,
                    txid: txid.map(|txid| txid.0),
                    amount: amount.map(|amount| amount.0),
                    outcome: row.get(7)?,
                })
            })?
            .collect()
        })
    }
}
