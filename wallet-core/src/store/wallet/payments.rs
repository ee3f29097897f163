//! Owns the reads of payments with all that was signed for each.
//!
//! Refuses to write: a payment is stored with its transaction.

use bitcoin::Txid;
use rusqlite::{Row, params};

use crate::command::{PaymentQuery, StoreProblem};

use super::WalletFile;
use super::column::Column;

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// The numbers of the payments that are asked for, in their order.
    pub fn payment_ids(&self, query: &PaymentQuery) -> Result<Vec<u64>, StoreProblem> {
        self.read(|sql| match query {
            PaymentQuery::Id(id) => sql
                .prepare_cached("SELECT DISTINCT payment FROM payments WHERE payment = ?1")?
                .query_map([i64::try_from(*id).unwrap_or(i64::MAX)], number)?
                .collect(),
            PaymentQuery::Key(key) => sql
                .prepare_cached("SELECT payment FROM payments WHERE idempotency_key = ?1")?
                .query_map([key], number)?
                .collect(),
            PaymentQuery::Txid(txid) => sql
                .prepare_cached("SELECT payment FROM payments WHERE txid = ?1")?
                .query_map([Column(*txid)], number)?
                .collect(),
            PaymentQuery::Page { after, limit } => sql
                .prepare_cached(
                    "SELECT DISTINCT payment FROM payments WHERE payment > ?1
                     ORDER BY payment LIMIT ?2",
                )?
                .query_map(params![i64::try_from(*after).unwrap_or(i64::MAX), limit], number)?
                .collect(),
        })
    }

    /// The transactions of a payment, oldest first.
    pub fn payment_parts(&self, id: u64) -> Result<Vec<Txid>, StoreProblem> {
        let id = i64::try_from(id).unwrap_or(i64::MAX);
        self.read(|sql| {
            sql.prepare_cached("SELECT txid FROM payments WHERE payment = ?1 ORDER BY draft")?
                .query_map([id], |row| row.get::<_, Column<Txid>>(0).map(|txid| txid.0))?
                .collect()
        })
    }
}

fn number(row: &Row<'_>) -> rusqlite::Result<u64> {
    row.get::<_, i64>(0).map(i64::unsigned_abs)
}
