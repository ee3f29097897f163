//! Owns what a careful person is warned of before they agree to a draft.
//!
//! Refuses to decide: what must not be is an error of the draft, everything else is theirs to say.

use std::collections::{BTreeSet, HashSet};

use bitcoin::{Address, Amount, ScriptBuf, TxOut, Txid};

use crate::command::{Draft, FeeBasis, Purpose, Replacement, StoreProblem, Warning};
use crate::keychain::AccountName;
use crate::light_client::fees::FeeReport;
use crate::recipient::resemblance;

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
        warnings.extend(self.joins_labels(draft)?);
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
        let mut warnings = vec![Warning::FirstPayment(address.clone())];
        if let Some(known) = self.known_like(address)? {
            warnings.push(Warning::LooksAlike { address: address.clone(), known });
        }
        Ok(warnings)
    }

    /// Another address that was paid or belongs to the wallet, and has the same ends.
    fn known_like(&self, address: &Address) -> Result<Option<Address>, StoreProblem> {
        let (spk, ends) = (address.script_pubkey(), resemblance(address));
        if let Some(paid) = self.file.paid_like(&ends, &spk)? {
            return self.address_of(&paid).map(Some);
        }
        // The ends of an address show in the beginning of its script, so few are written out.
        let alike = |own: &&ScriptBuf| own.as_bytes().get(..3) == spk.as_bytes().get(..3);
        let mut own = self.scripts.keys().filter(alike).map(|own| self.address_of(own));
        own.find(|own| own.as_ref().map_or(true, |own| resemblance(own) == ends)).transpose()
    }

    /// The labels of the coins, if some of them were never on coins that were spent together.
    fn joins_labels(&self, draft: &Draft) -> Result<Option<Warning>, StoreProblem> {
        let labels: BTreeSet<&String> =
            draft.inputs.iter().filter_map(|coin| coin.note.as_ref()).collect();
        if labels.len() < 2 {
            return Ok(None);
        }
        // Labels whose coins were spent together, by some chain of payments, are of one group.
        let mut groups: Vec<HashSet<Txid>> = Vec::new();
        for label in &labels {
            let mut group = self.file.spenders_of_labelled(label)?;
            groups.retain(|other| {
                let apart = group.is_disjoint(other);
                if !apart {
                    group.extend(other);
                }
                apart
            });
            groups.push(group);
        }
        let joins = groups.len() > 1;
        Ok(joins.then(|| Warning::JoinsLabels(labels.into_iter().cloned().collect())))
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
