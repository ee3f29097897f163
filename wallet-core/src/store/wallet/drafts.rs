//! Owns the tables of drafts, of the coins that they hold, and of signed payments.
//!
//! Refuses the same coin in two drafts and the same idempotency key twice: the tables' keys do.

use bitcoin::psbt::Psbt;
use bitcoin::{OutPoint, Txid};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};

use crate::command::{DraftId, StoreProblem};
use crate::light_client::time::WallTime;

use super::WalletFile;
use super::column::Column;

/// A payment that is not signed yet, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftRow {
    /// Until when it holds its coins.
    pub expires: WallTime,
    /// The PSBT.
    pub psbt: Psbt,
    /// The output that comes back.
    pub change_vout: Option<u32>,
    /// Whether the fee rate was not asked for.
    pub default_rate: bool,
    /// What it is for.
    pub note: Option<String>,
    /// The request that it answers.
    pub request: RequestId,
}

/// What makes two requests the same payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId {
    /// The caller's key.
    pub idempotency_key: Option<String>,
    /// A hash of all that the request says.
    pub hash: [u8; 32],
}

/// A payment that is signed, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRow {
    /// The transaction.
    pub txid: Txid,
    /// The signed PSBT.
    pub psbt: Psbt,
    /// The output that comes back.
    pub change_vout: Option<u32>,
    /// The request that it answers.
    pub request: RequestId,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Keeps a draft and reserves the coins that it spends.
    pub fn insert_draft(&mut self, draft: &DraftRow) -> Result<DraftId, StoreProblem> {
        self.write(|sql| {
            sql.execute(
                "INSERT INTO drafts (expires, psbt, change_vout, default_rate, note,
                                     idempotency_key, request_hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    Column(draft.expires),
                    draft.psbt.serialize(),
                    draft.change_vout,
                    draft.default_rate,
                    draft.note,
                    draft.request.idempotency_key,
                    draft.request.hash
                ],
            )?;
            let id = sql.last_insert_rowid();
            let mut reserve = sql.prepare_cached("INSERT INTO reservations VALUES (?1, ?2, ?3)")?;
            for OutPoint { txid, vout } in
                draft.psbt.unsigned_tx.input.iter().map(|input| input.previous_output)
            {
                reserve.execute(params![Column(txid), vout, id])?;
            }
            Ok(DraftId(id.unsigned_abs()))
        })
    }

    /// A draft.
    pub fn draft(&self, id: DraftId) -> Result<Option<DraftRow>, StoreProblem> {
        let Ok(id) = i64::try_from(id.0) else { return Ok(None) };
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT expires, psbt, change_vout, default_rate, note, idempotency_key,
                        request_hash
                 FROM drafts WHERE id = ?1",
            )?
            .query_row([id], draft_row)
            .optional()
        })
    }

    /// The draft that holds an idempotency key.
    pub fn draft_by_key(&self, key: &str) -> Result<Option<DraftId>, StoreProblem> {
        self.read(|sql| {
            sql.query_row("SELECT id FROM drafts WHERE idempotency_key = ?1", [key], |row| {
                row.get::<_, i64>(0).map(|id| DraftId(id.unsigned_abs()))
            })
            .optional()
        })
    }

    /// Forgets a draft and gives its coins free.
    pub fn delete_draft(&mut self, id: DraftId) -> Result<(), StoreProblem> {
        let Ok(id) = i64::try_from(id.0) else { return Ok(()) };
        self.write(|sql| sql.execute("DELETE FROM drafts WHERE id = ?1", [id]).map(drop))
    }

    /// The drafts that are out of date at `now`, newest first.
    pub fn expired_drafts(&self, now: WallTime) -> Result<Vec<DraftId>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT id FROM drafts WHERE expires <= ?1 ORDER BY id DESC")?
                .query_map([Column(now)], |row| {
                    row.get::<_, i64>(0).map(|id| DraftId(id.unsigned_abs()))
                })?
                .collect()
        })
    }

    /// Keeps a signed payment, which takes the place of its draft.
    pub fn insert_payment(
        &mut self,
        draft: DraftId,
        payment: &PaymentRow,
    ) -> Result<(), StoreProblem> {
        let id = i64::try_from(draft.0).unwrap_or(i64::MAX);
        self.write(|sql| {
            sql.execute("DELETE FROM drafts WHERE id = ?1", [id])?;
            sql.execute(
                "INSERT INTO payments VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    Column(payment.txid),
                    id,
                    payment.psbt.serialize(),
                    payment.change_vout,
                    payment.request.idempotency_key,
                    payment.request.hash
                ],
            )
            .map(drop)
        })
    }

    /// A signed payment.
    pub fn payment(&self, txid: Txid) -> Result<Option<PaymentRow>, StoreProblem> {
        self.read(|sql| {
            sql.query_row(
                "SELECT txid, psbt, change_vout, idempotency_key, request_hash
                 FROM payments WHERE txid = ?1",
                [Column(txid)],
                payment_row,
            )
            .optional()
        })
    }

    /// The signed payment that holds an idempotency key.
    pub fn payment_by_key(&self, key: &str) -> Result<Option<PaymentRow>, StoreProblem> {
        self.read(|sql| {
            sql.query_row(
                "SELECT txid, psbt, change_vout, idempotency_key, request_hash
                 FROM payments WHERE idempotency_key = ?1",
                [key],
                payment_row,
            )
            .optional()
        })
    }
}

fn draft_row(row: &Row<'_>) -> rusqlite::Result<DraftRow> {
    Ok(DraftRow {
        expires: row.get::<_, Column<WallTime>>(0)?.0,
        psbt: psbt(row, 1)?,
        change_vout: row.get(2)?,
        default_rate: row.get(3)?,
        note: row.get(4)?,
        request: RequestId { idempotency_key: row.get(5)?, hash: row.get(6)? },
    })
}

fn payment_row(row: &Row<'_>) -> rusqlite::Result<PaymentRow> {
    Ok(PaymentRow {
        txid: row.get::<_, Column<Txid>>(0)?.0,
        psbt: psbt(row, 1)?,
        change_vout: row.get(2)?,
        request: RequestId { idempotency_key: row.get(3)?, hash: row.get(4)? },
    })
}

fn psbt(row: &Row<'_>, column: usize) -> rusqlite::Result<Psbt> {
    Psbt::deserialize(row.get_ref(column)?.as_blob()?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, Box::new(error))
    })
}
