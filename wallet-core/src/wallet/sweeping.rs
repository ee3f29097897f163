//! Owns the payment that brings the coins of other keys into the wallet.
//!
//! Refuses coins that cost more than they are worth, and more than fits into one transaction.

use bitcoin::{Amount, TxOut};

use crate::command::{CommandError, FeeChoice, SweepDraft};
use crate::limits::MOST_WEIGHT;
use crate::sweep::{Sweep, SweepCoin};

use super::{DraftMoment, Wallet, fee};

impl Wallet {
    /// A payment of all that was found and is worth it, to a new address of the wallet.
    ///
    /// # Errors
    /// [`CommandError::NothingToSweep`], what is wrong with the fee, or what the disk refused.
    pub fn draft_sweep(
        &mut self,
        sweep: &Sweep,
        choice: FeeChoice,
        most: Option<Amount>,
        moment: &DraftMoment,
    ) -> Result<SweepDraft, CommandError> {
        let (price, _) = fee::price(choice, &moment.fees)?;
        let (found, mut left) = sweep.spendable(moment.tip);
        let issued = self.receive(None, None, None, true, moment.now)?;
        let script = issued.address.script_pubkey();
        let mut taken: Vec<SweepCoin> = Vec::new();
        for coin in found {
            let worth = coin.amount > fee::fee(price.marginal(), fee::input_weight(coin.plan));
            taken.push(coin.clone());
            let weight = fee::weight(taken.iter().map(|one| one.plan), [script.as_script()]);
            if !worth || weight > MOST_WEIGHT {
                taken.pop();
                left = left.checked_add(coin.amount).unwrap_or(Amount::MAX_MONEY);
            }
        }
        let weight = fee::weight(taken.iter().map(|one| one.plan), [script.as_script()]);
        let sum = taken.iter().try_fold(Amount::ZERO, |sum, coin| sum.checked_add(coin.amount));
        let cost = price.fee(weight);
        let value = sum.and_then(|sum| sum.checked_sub(cost));
        let worth = value.filter(|value| !taken.is_empty() && *value >= script.minimal_non_dust());
        let Some(value) = worth else {
            let left = left.checked_add(sum.unwrap_or(Amount::ZERO)).unwrap_or(Amount::MAX_MONEY);
            return Err(CommandError::NothingToSweep { left });
        };
        fee::check_fee(cost, value, most)?;
        fee::check_rate(fee::rate(cost, weight))?;
        let to = TxOut { value, script_pubkey: script };
        let psbt = sweep.payment(&taken, to, moment.tip);
        let psbt = psbt.ok_or(CommandError::NothingToSweep { left })?;
        let review = self.review_psbt(&psbt, moment.now)?;
        Ok(SweepDraft { review, left })
    }
}
