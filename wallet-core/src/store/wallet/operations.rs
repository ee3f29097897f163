//! Owns the table of operations: what was begun that takes long, and how it ended.
//!
//! Refuses to take a line out: a caller that was away for long learns how its operation ended.

use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};

use crate::command::{Birthday, Operation, OperationId, OperationState, StoreProblem, Task};
use crate::light_client::time::WallTime;

use super::WalletFile;
use super::column::{Column, birthday, columns};

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Adds a rescan that begins.
    pub fn begin_operation(
        &mut self,
        from: Birthday,
        now: WallTime,
    ) -> Result<OperationId, StoreProblem> {
        let (height, time) = columns(from);
        self.write(|sql| {
            sql.execute(
                "INSERT INTO operations (kind, from_height, from_time, begun, state)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![RESCAN, height, time, Column(now), RUNNING],
            )?;
            Ok(OperationId(sql.last_insert_rowid().unsigned_abs()))
        })
    }

    /// Writes that one has ended.
    pub fn end_operation(
        &mut self,
        id: OperationId,
        cancelled: bool,
        now: WallTime,
    ) -> Result<(), StoreProblem> {
        let state = if cancelled { CANCELLED } else { DONE };
        self.write(|sql| {
            sql.execute(
                "UPDATE operations SET state = ?2, ended = ?3 WHERE id = ?1",
                params![number(id), state, Column(now)],
            )
            .map(drop)
        })
    }

    /// One of them.
    pub fn operation(&self, id: OperationId) -> Result<Option<Operation>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT id, kind, from_height, from_time, begun, state, ended FROM operations
                 WHERE id = ?1",
            )?
            .query_row([number(id)], operation)
            .optional()
        })
    }

    /// The rescan that goes on.
    pub fn running_operation(&self) -> Result<Option<Operation>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT id, kind, from_height, from_time, begun, state, ended FROM operations
                 WHERE state = ?1 AND kind = ?2 ORDER BY id LIMIT 1",
            )?
            .query_row([RUNNING, RESCAN], operation)
            .optional()
        })
    }
}

pub(super) fn operation(row: &Row<'_>) -> rusqlite::Result<Operation> {
    let unknown = |at: usize| rusqlite::Error::InvalidColumnType(at, String::new(), Type::Text);
    let kind: String = row.get(1)?;
    let task = match kind.as_str() {
        RESCAN => Task::Rescan { from: birthday(row, 2)? },
        SIGN => Task::Sign,
        _ => return Err(unknown(1)),
    };
    let ended: Option<Column<WallTime>> = row.get(6)?;
    let state: String = row.get(5)?;
    let state = match (state.as_str(), ended.map(|ended| ended.0.to_unix())) {
        (RUNNING, None) => OperationState::Running,
        (DONE, Some(ended)) => OperationState::Done(ended),
        (CANCELLED, Some(ended)) => OperationState::Cancelled(ended),
        (FAILED, Some(ended)) => OperationState::Failed(ended),
        _ => return Err(unknown(5)),
    };
    Ok(Operation {
        id: OperationId(row.get::<_, i64>(0)?.unsigned_abs()),
        task,
        begun: row.get::<_, Column<WallTime>>(4)?.0.to_unix(),
        state,
        reach: None,
    })
}

/// As a column holds it; no table has more rows.
pub(super) fn number(id: OperationId) -> i64 {
    i64::try_from(id.0).unwrap_or(i64::MAX)
}

const RESCAN: &str = "rescan";
pub(super) const SIGN: &str = "sign";
pub(super) const RUNNING: &str = "running";
pub(super) const DONE: &str = "done";
const CANCELLED: &str = "cancelled";
pub(super) const FAILED: &str = "failed";
