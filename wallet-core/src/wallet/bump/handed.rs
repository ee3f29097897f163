//! Owns which waiting payment is replaced by a transaction that was built before or elsewhere, and comes
//! back signed.
//!
//! Refuses one with which other payments would fall, or that nodes would leave for what they have.

use bitcoin::psbt::Psbt;
use bitcoin::{Amount, OutPoint, Transaction, Txid};

use crate::command::{BumpProblem, CommandError};
use crate::light_client::time::WallTime;
use crate::psbt::spent_outputs;
use crate::store::wallet::OwnOutput;
use crate::wallet::Wallet;

use super::replacement::Rivals;

impl Wallet {
    /// The payment that spends some of the wallet's coins of a PSBT already; `None` if nothing does.
    ///
    /// # Errors
    /// [`CommandError::NoSuchCoin`] if several do, or if it can't be replaced; what the disk refused.
    pub(in crate::wallet) fn replaced_by(
        &self,
        psbt: &Psbt,
        now: WallTime,
    ) -> Result<Option<Txid>, CommandError> {
        let mut replaced = None;
        for outpoint in psbt.unsigned_tx.input.iter().map(|input| input.previous_output) {
            let Some(output) = self.file.own_output(outpoint, now)? else { continue };
            match output {
                OwnOutput { live: false, .. } => return Err(CommandError::NoSuchCoin(outpoint)),
                OwnOutput { spender: None, .. } => {}
                OwnOutput { spender: Some(spender), .. } => {
                    let is_other = replaced.is_some_and(|one| one != spender);
                    if is_other || !self.is_replaceable(spender)? {
                        return Err(CommandError::NoSuchCoin(outpoint));
                    }
                    replaced = Some(spender);
                }
            }
        }
        Ok(replaced)
    }

    /// Refuses a transaction that nodes would not take in the place of a payment.
    ///
    /// # Errors
    /// [`CommandError::CannotBump`] if others stand on the payment, [`CommandError::FeeTooLow`],
    /// [`CommandError::NoSuchCoin`] of a coin that is not told, or what the disk refused.
    pub(in crate::wallet) fn check_replacement(
        &self,
        txid: Txid,
        psbt: &Psbt,
        signed: &Transaction,
    ) -> Result<(), CommandError> {
        let waiting = self.waiting(txid)?;
        if !waiting.falling.0.is_empty() {
            let why = BumpProblem::HasDescendants(waiting.falling.0.keys().copied().collect());
            return Err(CommandError::CannotBump { txid, why });
        }
        let spent: Option<Amount> =
            spent_outputs(psbt).into_iter().map(|output| output.map(|one| one.value)).sum();
        let untold = || CommandError::NoSuchCoin(OutPoint::null());
        let paid = signed.output.iter().map(|output| output.value).sum();
        let fee = spent.and_then(|spent| spent.checked_sub(paid)).ok_or_else(untold)?;
        let least = Rivals::new(&waiting).least(signed.weight());
        if fee < least { Err(CommandError::FeeTooLow { fee, least }) } else { Ok(()) }
    }

    /// Whether a transaction waits, and spends nothing but the wallet's coins.
    fn is_replaceable(&self, txid: Txid) -> Result<bool, CommandError> {
        let row = self.file.transaction(txid)?;
        Ok(row
            .is_some_and(|row| row.placement.is_none() && row.sums.ours && row.sums.fee.is_some()))
    }
}
