//! Owns the tables of drafts, of the coins that they hold, and of signed payments.
//!
//! Refuses the same coin in two drafts and the same idempotency key twice: the tables' keys do.

use bitcoin::psbt::Psbt;
use bitcoin::{OutPoint, Txid};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};

use crate::command::{DraftId, FeeBasis, StoreProblem};
use crate::light_client::fees::Confidence;
use crate::light_client::time::WallTime;

use super::WalletFile;
use super::column::Column;
use super::transactions::decode_psbt;

/// A payment that is not signed yet, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftRow {
    /// Until when it holds its coins; `None`: until it is signed or dropped.
    pub expires: Option<WallTime>,
    /// The PSBT.
    pub psbt: Psbt,
    /// The output that comes back.
    pub change_vout: Option<u32>,
    /// What it is for.
    pub task: Task,
    /// Whether its one recipient gets all that the coins hold.
    pub takes_all: bool,
    /// Where its fee comes from.
    pub fee_basis: FeeBasis,
    /// What it is for, in the user's words.
    pub note: Option<String>,
    /// What single outputs are for.
    pub output_notes: Vec<(u32, String)>,
    /// The request that it answers.
    pub request: RequestId,
}

impl DraftRow {
    /// Whether it holds its coins no longer.
    #[must_use]
    pub fn is_out_of_date(&self, now: WallTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// What a payment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// To pay.
    Payment,
    /// To pay what this one pays, sooner.
    Replace(Txid),
    /// To take this one back.
    Cancel(Txid),
    /// To pay for this one.
    Child(Txid),
}

impl Task {
    /// What it replaces.
    #[must_use]
    pub const fn replaced(self) -> Option<Txid> {
        match self {
            Self::Replace(subject) | Self::Cancel(subject) => Some(subject),
            Self::Payment | Self::Child(_) => None,
        }
    }
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
    /// What it is for.
    pub task: Task,
    /// Whether its one recipient gets all that the coins held.
    pub takes_all: bool,
    /// The request that it answers.
    pub request: RequestId,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Keeps a draft and reserves the coins that it spends.
    pub fn insert_draft(&mut self, draft: &DraftRow) -> Result<DraftId, StoreProblem> {
        let (task, subject) = task_columns(draft.task);
        let (basis, target) = basis_columns(draft.fee_basis);
        self.write(|sql| {
            sql.execute(
                "INSERT INTO drafts (expires, psbt, change_vout, task, subject, takes_all,
                                     fee_basis, fee_target, note, idempotency_key, request_hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                params![
                    draft.expires.map(Column),
                    draft.psbt.serialize(),
                    draft.change_vout,
                    task,
                    subject,
                    draft.takes_all,
                    basis,
                    target,
                    draft.note,
                    draft.request.idempotency_key,
                    draft.request.hash
                ],
            )?;
            let id = sql.last_insert_rowid();
            let mut annotate = sql.prepare_cached("INSERT INTO draft_notes VALUES (?1, ?2, ?3)")?;
            for (vout, note) in &draft.output_notes {
                annotate.execute(params![id, vout, note])?;
            }
            if let Some(replaced) = draft.task.replaced() {
                sql.execute(
                    &format!("{FALLING} INSERT INTO draft_evictions SELECT ?2, txid FROM falling"),
                    params![Column(replaced), id],
                )?;
            }
            // Coins of others, in a PSBT that was handed over, are theirs to keep free.
            let mut reserve = sql.prepare_cached(
                "INSERT INTO reservations SELECT txid, vout, ?3 FROM outputs
                 WHERE txid = ?1 AND vout = ?2",
            )?;
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
            let found = sql
                .prepare_cached(
                    "SELECT expires, psbt, change_vout, task, subject, takes_all, fee_basis,
                            fee_target, note, idempotency_key, request_hash
                     FROM drafts WHERE id = ?1",
                )?
                .query_row([id], draft_row)
                .optional()?;
            let Some(mut draft) = found else { return Ok(None) };
            draft.output_notes = sql
                .prepare_cached("SELECT vout, note FROM draft_notes WHERE draft = ?1")?
                .query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            Ok(Some(draft))
        })
    }

    /// All drafts, oldest first.
    pub fn drafts(&self) -> Result<Vec<DraftId>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT id FROM drafts ORDER BY id")?.query_map([], id)?.collect()
        })
    }

    /// The draft that holds an idempotency key.
    pub fn draft_by_key(&self, key: &str) -> Result<Option<DraftId>, StoreProblem> {
        self.read(|sql| {
            sql.query_row("SELECT id FROM drafts WHERE idempotency_key = ?1", [key], id).optional()
        })
    }

    /// Lets a draft hold its coins until it is signed or dropped.
    pub fn hold_draft(&mut self, id: DraftId) -> Result<(), StoreProblem> {
        let Ok(id) = i64::try_from(id.0) else { return Ok(()) };
        self.write(|sql| {
            sql.execute("UPDATE drafts SET expires = NULL, awaits_signer = 0 WHERE id = ?1", [id])
                .map(drop)
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
                .query_map([Column(now)], id)?
                .collect()
        })
    }

    /// The drafts that are to speed this transaction up or take it back, and are neither signed in
    /// part nor given out: they end by themselves.
    pub fn brief_drafts_for(&self, subject: Txid) -> Result<Vec<DraftId>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT id FROM drafts WHERE subject = ?1 AND expires IS NOT NULL ORDER BY id DESC",
            )?
            .query_map([Column(subject)], id)?
            .collect()
        })
    }

    /// What would fall with the transaction that a draft replaces, and did not when it was drafted.
    pub fn new_evictions(&self, id: DraftId, replaced: Txid) -> Result<Vec<Txid>, StoreProblem> {
        let Ok(id) = i64::try_from(id.0) else { return Ok(Vec::new()) };
        self.read(|sql| {
            sql.prepare_cached(&format!(
                "{FALLING} SELECT txid FROM falling
                 WHERE txid NOT IN (SELECT txid FROM draft_evictions WHERE draft = ?2)"
            ))?
            .query_map(params![Column(replaced), id], |row| {
                row.get::<_, Column<Txid>>(0).map(|txid| txid.0)
            })?
            .collect()
        })
    }

    /// The transactions that drafts which hold their coins at `now` are made to replace.
    pub fn about_to_be_replaced(&self, now: WallTime) -> Result<Vec<Txid>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT subject FROM drafts
                 WHERE task IN ('replace', 'cancel') AND ifnull(expires > ?1, 1)",
            )?
            .query_map([Column(now)], |row| row.get::<_, Column<Txid>>(0).map(|txid| txid.0))?
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
        let (task, subject) = task_columns(payment.task);
        self.write(|sql| {
            sql.execute("DELETE FROM drafts WHERE id = ?1", [id])?;
            sql.execute(
                "INSERT INTO payments VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,
                         ifnull((SELECT payment FROM payments WHERE txid = ?6), ?2))",
                params![
                    Column(payment.txid),
                    id,
                    payment.psbt.serialize(),
                    payment.change_vout,
                    task,
                    subject,
                    payment.takes_all,
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
                "SELECT txid, psbt, change_vout, task, subject, takes_all, idempotency_key,
                        request_hash
                 FROM payments WHERE txid = ?1",
                [Column(txid)],
                payment_row,
            )
            .optional()
        })
    }

    /// Whether a payment was signed to replace a transaction, and was not given up itself.
    pub fn is_replaced(&self, txid: Txid) -> Result<bool, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT 1 FROM payments JOIN transactions USING (txid) WHERE subject = ?1
                 AND task IN ('replace', 'cancel') AND coalesce(seen, height, left_height) IS NOT NULL",
            )?
            .exists([Column(txid)])
        })
    }

    /// The signed payment that holds an idempotency key.
    pub fn payment_by_key(&self, key: &str) -> Result<Option<PaymentRow>, StoreProblem> {
        self.read(|sql| {
            sql.query_row(
                "SELECT txid, psbt, change_vout, task, subject, takes_all, idempotency_key,
                        request_hash
                 FROM payments WHERE idempotency_key = ?1",
                [key],
                payment_row,
            )
            .optional()
        })
    }
}

/// All that stands on the transaction `?1`, that counts, and that no block holds.
const FALLING: &str = "WITH RECURSIVE falling (txid) AS (
        SELECT txid FROM spends JOIN transactions USING (txid)
        WHERE parent = ?1 AND height IS NULL AND canonical = 1
        UNION
        SELECT spends.txid FROM falling
        JOIN spends ON spends.parent = falling.txid
        JOIN transactions t ON t.txid = spends.txid
        WHERE t.height IS NULL AND t.canonical = 1)";

fn id(row: &Row<'_>) -> rusqlite::Result<DraftId> {
    row.get::<_, i64>(0).map(|id| DraftId(id.unsigned_abs()))
}

fn draft_row(row: &Row<'_>) -> rusqlite::Result<DraftRow> {
    let expires: Option<Column<WallTime>> = row.get(0)?;
    Ok(DraftRow {
        expires: expires.map(|expires| expires.0),
        psbt: decode_psbt(row, 1)?,
        change_vout: row.get(2)?,
        task: task(row, 3)?,
        takes_all: row.get(5)?,
        fee_basis: fee_basis(row, 6)?,
        note: row.get(8)?,
        output_notes: Vec::new(),
        request: RequestId { idempotency_key: row.get(9)?, hash: row.get(10)? },
    })
}

fn payment_row(row: &Row<'_>) -> rusqlite::Result<PaymentRow> {
    Ok(PaymentRow {
        txid: row.get::<_, Column<Txid>>(0)?.0,
        psbt: decode_psbt(row, 1)?,
        change_vout: row.get(2)?,
        task: task(row, 3)?,
        takes_all: row.get(5)?,
        request: RequestId { idempotency_key: row.get(6)?, hash: row.get(7)? },
    })
}

fn task_columns(task: Task) -> (&'static str, Option<Column<Txid>>) {
    match task {
        Task::Payment => ("payment", None),
        Task::Replace(subject) => ("replace", Some(Column(subject))),
        Task::Cancel(subject) => ("cancel", Some(Column(subject))),
        Task::Child(subject) => ("child", Some(Column(subject))),
    }
}

/// The subject is in the next column.
fn task(row: &Row<'_>, column: usize) -> rusqlite::Result<Task> {
    let subject = || row.get::<_, Column<Txid>>(column + 1).map(|subject| subject.0);
    match row.get_ref(column)?.as_str()? {
        "payment" => Ok(Task::Payment),
        "replace" => subject().map(Task::Replace),
        "cancel" => subject().map(Task::Cancel),
        "child" => subject().map(Task::Child),
        _ => Err(rusqlite::Error::InvalidColumnType(column, "task".to_owned(), Type::Text)),
    }
}

fn basis_columns(basis: FeeBasis) -> (&'static str, Option<u16>) {
    match basis {
        FeeBasis::Asked => ("asked", None),
        FeeBasis::Fallback => ("fallback", None),
        FeeBasis::LeastToReplace => ("least", None),
        FeeBasis::Estimate { target, confidence } => (confidence.name(), Some(target)),
    }
}

/// The target is in the next column.
fn fee_basis(row: &Row<'_>, column: usize) -> rusqlite::Result<FeeBasis> {
    let basis = row.get_ref(column)?.as_str()?;
    let target: Option<u16> = row.get(column + 1)?;
    let confidence = [Confidence::None, Confidence::Low, Confidence::Medium, Confidence::High]
        .into_iter()
        .find(|confidence| confidence.name() == basis);
    match (basis, target, confidence) {
        ("asked", None, _) => Ok(FeeBasis::Asked),
        ("fallback", None, _) => Ok(FeeBasis::Fallback),
        ("least", None, _) => Ok(FeeBasis::LeastToReplace),
        (_, Some(target), Some(confidence)) => Ok(FeeBasis::Estimate { target, confidence }),
        _ => Err(rusqlite::Error::InvalidColumnType(column, "fee_basis".to_owned(), Type::Text)),
    }
}
