//! Owns what is kept of devices that are asked to sign: in the table of operations what and whom, among the drafts
//! which one holds its coins for no other reason.
//!
//! Refuses to judge what a device gave back.

use bitcoin::bip32::Fingerprint;
use bitcoin::psbt::Psbt;
use rusqlite::{OptionalExtension, params};

use crate::command::{DraftId, OperationId, Signing, StoreProblem};
use crate::light_client::time::WallTime;

use super::WalletFile;
use super::column::Column;
use super::operations::{DONE, FAILED, RUNNING, SIGN, number, operation};
use super::transactions::decode_psbt;

/// What a device is asked to sign by an operation that goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningSigning {
    /// The operation.
    pub id: OperationId,
    /// The fingerprint of the device's master key.
    pub signer: Fingerprint,
    /// What it is asked to sign.
    pub psbt: Psbt,
    /// Since when.
    pub begun: WallTime,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Lets a draft hold its coins until a device has answered, unless it holds them for longer.
    pub fn hold_draft_for_signer(&mut self, id: DraftId) -> Result<(), StoreProblem> {
        let Ok(id) = i64::try_from(id.0) else { return Ok(()) };
        self.write(|sql| {
            sql.execute(
                "UPDATE drafts SET expires = NULL, awaits_signer = 1
                 WHERE id = ?1 AND expires IS NOT NULL",
                [id],
            )
            .map(drop)
        })
    }

    /// Adds one by which a device is asked to sign; a draft holds the coins.
    pub fn begin_signing(
        &mut self,
        psbt: &Psbt,
        signer: Fingerprint,
        draft: Option<DraftId>,
        asker: &str,
        now: WallTime,
    ) -> Result<OperationId, StoreProblem> {
        let draft = draft.and_then(|id| i64::try_from(id.0).ok());
        self.write(|sql| {
            sql.execute(
                "INSERT INTO operations (kind, begun, state, psbt, signer, draft, askers)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![SIGN, Column(now), RUNNING, psbt.serialize(), Column(signer), draft, asker],
            )?;
            Ok(OperationId(sql.last_insert_rowid().unsigned_abs()))
        })
    }

    /// Notes that it is asked on somebody else's behalf, too.
    pub fn add_signing_asker(&mut self, id: OperationId, asker: &str) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.execute(
                "UPDATE operations SET askers = askers || char(10) || ?2 WHERE id = ?1",
                params![number(id), asker],
            )
            .map(drop)
        })
    }

    /// What devices are asked to sign, oldest first.
    pub fn running_signings(&self) -> Result<Vec<RunningSigning>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT id, signer, psbt, begun FROM operations
                 WHERE state = 'running' AND kind = ?1 ORDER BY id",
            )?
            .query_map([SIGN], |row| {
                Ok(RunningSigning {
                    id: OperationId(row.get::<_, i64>(0)?.unsigned_abs()),
                    signer: row.get::<_, Column<Fingerprint>>(1)?.0,
                    psbt: decode_psbt(row, 2)?,
                    begun: row.get::<_, Column<WallTime>>(3)?.0,
                })
            })?
            .collect()
        })
    }

    /// Nothing was signed by an operation: a draft that holds its coins for no other reason gives them
    /// free by and by.
    pub fn release_signed_draft(
        &mut self,
        id: OperationId,
        expires: WallTime,
    ) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.execute(
                "UPDATE drafts SET expires = ?2, awaits_signer = 0
                 WHERE awaits_signer = 1 AND id = (SELECT draft FROM operations WHERE id = ?1)
                   AND NOT EXISTS (SELECT 1 FROM operations other
                                   WHERE other.draft = drafts.id AND other.state = 'running')",
                params![number(id), Column(expires)],
            )
            .map(drop)
        })
    }

    /// Writes what was signed, or why nothing was.
    pub fn end_signing(
        &mut self,
        id: OperationId,
        told: Result<&Psbt, &str>,
        now: WallTime,
    ) -> Result<(), StoreProblem> {
        let (state, psbt, problem) = match told {
            Ok(psbt) => (DONE, Some(psbt.serialize()), None),
            Err(problem) => (FAILED, None, Some(problem)),
        };
        self.write(|sql| {
            sql.execute(
                "UPDATE operations SET state = ?2, ended = ?3, psbt = ifnull(?4, psbt), problem = ?5
                 WHERE id = ?1",
                params![number(id), state, Column(now), psbt, problem],
            )
            .map(drop)
        })
    }

    /// Whether coins were held for an operation when it began.
    pub fn signing_held(&self, id: OperationId) -> Result<bool, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT 1 FROM operations WHERE id = ?1 AND draft IS NOT NULL")?
                .exists([number(id)])
        })
    }

    /// What a device is asked to sign by an operation.
    pub fn signing(&self, id: OperationId) -> Result<Option<Signing>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT id, kind, from_height, from_time, begun, state, ended, psbt, problem, askers
                 FROM operations WHERE id = ?1 AND kind = ?2",
            )?
            .query_row(params![number(id), SIGN], |row| {
                let (psbt, problem) = (decode_psbt(row, 7)?, row.get(8)?);
                let askers = row.get_ref(9)?.as_str()?.lines().map(str::to_owned).collect();
                Ok(Signing { operation: operation(row)?, psbt, problem, askers, repeated: false })
            })
            .optional()
        })
    }
}
