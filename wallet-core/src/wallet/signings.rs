//! Owns what devices are asked to sign by operations: one for a payment and a device at a time, whose
//! coins are held until it is known that nothing was signed.
//!
//! Refuses to tell a signature whose coins are not held, and to go on for a program that has ended.

use bitcoin::bip32::Fingerprint;
use bitcoin::psbt::Psbt;

use crate::command::{CommandError, OperationId, OperationState, Signing, StoreProblem};
use crate::light_client::time::WallTime;
use crate::limits::{DRAFT_LIFETIME, RUNNING_SIGNINGS};
use crate::signers::device;
use crate::store::wallet::RunningSigning;

use super::Wallet;
use super::handed::HoldUntil;

impl Wallet {
    /// Begins to ask a device to sign a PSBT on somebody's behalf, and holds its coins. While the same device is asked to sign the
    /// same PSBT, it is that operation.
    ///
    /// # Errors
    /// [`CommandError::Busy`] if devices are asked for too much already, the reasons of
    /// [`take_over`](Self::take_over), or what the disk refused.
    pub fn begin_signing(
        &mut self,
        psbt: &Psbt,
        signer: Fingerprint,
        asker: &str,
        now: WallTime,
    ) -> Result<Signing, CommandError> {
        let running = self.file.running_signings()?;
        // Another PSBT of the same transaction may say that other keys are to sign.
        let is_same = |one: &&RunningSigning| one.signer == signer && one.psbt == *psbt;
        if let Some(same) = running.iter().find(is_same) {
            let id = same.id;
            if !self.signing(id)?.askers.iter().any(|one| one == asker) {
                self.file.add_signing_asker(id, asker)?;
            }
            return Ok(Signing { repeated: true, ..self.signing(id)? });
        }
        if running.len() >= RUNNING_SIGNINGS {
            return Err(CommandError::Busy);
        }
        let draft = self.take_over_until(HoldUntil::Answered, psbt, now)?;
        let id = self.file.begin_signing(psbt, signer, draft, asker, now)?;
        self.signing(id)
    }

    /// Takes what a device gave back, or why it gave nothing, unless nobody waits for it any more. What is not
    /// rightly signed fails, and so does what may have been paid with its coins meanwhile.
    ///
    /// # Errors
    /// [`CommandError::NoSuchOperation`], or what the disk refused.
    pub fn end_signing(
        &mut self,
        id: OperationId,
        told: Result<&Psbt, &str>,
        now: WallTime,
    ) -> Result<(), CommandError> {
        let Signing { operation, psbt: begun, .. } = self.signing(id)?;
        if operation.state != OperationState::Running {
            return Ok(());
        }
        let accepted = told.map_err(str::to_owned).and_then(|signed| {
            device::accept(signed.clone(), &begun).map_err(|problem| problem.to_string())
        });
        let told = match accepted {
            // Somebody may have dropped the draft.
            Ok(signed) => {
                match self.check_unspent(id, &begun).and_then(|()| self.take_over(&begun, now)) {
                    Ok(_) => Ok(signed),
                    Err(CommandError::Store(problem)) => return Err(problem.into()),
                    Err(error) => Err(error.to_string()),
                }
            }
            Err(why) => Err(why),
        };
        self.file.end_signing(id, told.as_ref().map_err(String::as_str), now)?;
        if told.is_err() {
            self.file.release_signed_draft(id, now.after(DRAFT_LIFETIME))?;
        }
        Ok(())
    }

    /// Refuses what an operation held and something else has spent since.
    fn check_unspent(&self, id: OperationId, psbt: &Psbt) -> Result<(), CommandError> {
        if !self.file.signing_held(id)? || self.draft_of(psbt)?.is_some() {
            return Ok(());
        }
        for outpoint in psbt.unsigned_tx.input.iter().map(|input| input.previous_output) {
            if self.file.output_amount(outpoint)?.is_some() && !self.file.is_coin(outpoint)? {
                return Err(CommandError::NoSuchCoin(outpoint));
            }
        }
        Ok(())
    }

    /// What a device is asked to sign.
    ///
    /// # Errors
    /// [`CommandError::NoSuchOperation`], or what the disk refused.
    pub fn signing(&self, id: OperationId) -> Result<Signing, CommandError> {
        self.file.signing(id)?.ok_or(CommandError::NoSuchOperation(id.0))
    }

    /// Ends what devices were asked to sign by a program that has ended since, as of when it began.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn cut_signings_off(&mut self) -> Result<(), StoreProblem> {
        for RunningSigning { id, begun, .. } in self.file.running_signings()? {
            self.file.end_signing(id, Err(CUT_OFF), begun)?;
            self.file.release_signed_draft(id, begun.after(DRAFT_LIFETIME))?;
        }
        Ok(())
    }
}

const CUT_OFF: &str = "the wallet was closed before the signer had answered: ask again";
