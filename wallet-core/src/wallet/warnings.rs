//! Owns what a careful person is warned of before they agree to a draft.
//!
//! Refuses to decide: what must not be is an error of the draft, everything else is theirs to say.

use std::collections::BTreeSet;

use bitcoin::{Address, Amount, TxOut};

use crate::command::{Draft, FeeBasis, Purpose, Replacement, StoreProblem, Warning};
use crate::keychain::AccountName;
use crate::light_client::fees::FeeReport;

use super::{Wallet, fee};

impl Wallet {
    /// The warnings of a draft that has none yet.
    pub(super) fn warnings(
        &self,
        draft: &Draft,
        fees: &FeeReport,
    ) -> Result<Vec<Warning>, StoreProblem> {
        let mut warnings = Vec::new();
        match &draft.purpose {
            Purpose::Payment => self.warn_of_recipients(draft, &mut warnings)?,
            Purpose::Replacement(replaced) => {
                warnings.extend(falls(replaced));
                warnings.extend(self.pays_less(draft, replaced)?.map(Warning::PaysLess));
            }
            Purpose::Cancellation(replaced) => {
                warnings.extend(falls(replaced));
                warnings.push(Warning::MayStillConfirm(replaced.of));
            }
            Purpose::Child(_) => {}
        }
        let accounts: BTreeSet<&AccountName> =
            draft.inputs.iter().map(|coin| &coin.account).collect();
        if accounts.len() > 1 {
            warnings.push(Warning::MixesAccounts(accounts.into_iter().cloned().collect()));
        }
        let back = draft.change.iter().filter(|_| draft.outputs.is_empty());
        let back = back.map(|change| change.amount);
        let paid = draft.outputs.iter().map(|(_, amount)| *amount).chain(back).sum();
        warnings.extend(fee::high_fee(draft.fee, paid));
        warnings.extend(fee::high_rate(draft.fee_rate, fees));
        let unconfirmed = draft.inputs.iter().any(|coin| coin.height.is_none());
        if unconfirmed && draft.purpose == Purpose::Payment {
            warnings.push(Warning::SpendsUnconfirmed);
        }
        if draft.fee_basis == FeeBasis::Fallback {
            warnings.push(Warning::DefaultFeeRate(fee::DEFAULT_FEE_RATE));
        }
        Ok(warnings)
    }

    fn warn_of_recipients(
        &self,
        draft: &Draft,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), StoreProblem> {
        for (address, _) in &draft.outputs {
            warnings.extend(self.warn_of(address)?);
        }
        Ok(())
    }

    fn warn_of(&self, address: &Address) -> Result<Vec<Warning>, StoreProblem> {
        let spk = address.script_pubkey();
        if let Some(place) = self.scripts.get(&spk) {
            let used = self.file.was_used(*place)?;
            return Ok(used.then(|| Warning::AddressReused(address.clone())).into_iter().collect());
        }
        if self.file.was_paid(&spk)? {
            return Ok(vec![Warning::AddressReused(address.clone())]);
        }
        Ok(vec![Warning::FirstPayment(address.clone())])
    }

    /// By how much the recipient of everything gets less than before.
    fn pays_less(
        &self,
        draft: &Draft,
        replaced: &Replacement,
    ) -> Result<Option<Amount>, StoreProblem> {
        let before = self.file.transaction(replaced.of)?;
        let ([(address, amount)], Some(before)) = (draft.outputs.as_slice(), before) else {
            return Ok(None);
        };
        let spk = address.script_pubkey();
        let same = |output: &&TxOut| output.script_pubkey == spk;
        let before = before.transaction.output.iter().find(same).map(|output| output.value);
        Ok(before
            .and_then(|before| before.checked_sub(*amount))
            .filter(|less| *less > Amount::ZERO))
    }
}

fn falls(replaced: &Replacement) -> Option<Warning> {
    (!replaced.evicted.is_empty()).then(|| Warning::Evicts(replaced.evicted.clone()))
}
