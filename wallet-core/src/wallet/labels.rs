//! Owns what is said of things: labels of one's own, and those that come from a file.
//!
//! A label may be about a thing that the wallet does not know: a payee before the first payment, a
//! transaction that a restore has yet to find. Refuses to lose one: where two differ, one stays and
//! both are told.

use bitcoin::OutPoint;

use crate::command::{
    CommandError, Conflicts, ImportedLabels, Label, LabelConflict, LabelImport, LabelQuery,
    Reference, StoreProblem, kept_text,
};
use crate::labels;

use super::Wallet;

impl Wallet {
    /// What is said of a thing.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn label(&self, reference: &Reference) -> Result<Option<String>, StoreProblem> {
        Ok(self.file.label(reference)?.and_then(|label| label.label))
    }

    /// What is said of things.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn labels(&self, query: &LabelQuery) -> Result<Vec<Label>, StoreProblem> {
        match query {
            LabelQuery::All => self.all_labels(),
            LabelQuery::Of(reference) => Ok(self.file.label(reference)?.into_iter().collect()),
            LabelQuery::Addresses(label) => self.file.labelled_addresses(label, self.network()),
        }
    }

    /// All that is said. Frozen coins are among it, however they were frozen.
    pub(super) fn all_labels(&self) -> Result<Vec<Label>, StoreProblem> {
        let mut labels = self.file.labels(self.network())?;
        for coin in self.file.frozen_unsaid()? {
            let reference = Reference::Output(coin);
            match labels.iter_mut().find(|label| label.reference == reference) {
                Some(label) => label.spendable = Some(false),
                None => labels.push(Label { spendable: Some(false), ..blank(reference) }),
            }
        }
        Ok(labels)
    }

    /// Says something of a thing; without a text, nothing.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Wallet::abort).
    pub fn set_label(
        &mut self,
        reference: &Reference,
        text: Option<&str>,
    ) -> Result<Label, StoreProblem> {
        let known = self.file.label(reference)?;
        let mut label = known.unwrap_or_else(|| blank(reference.clone()));
        label.label = text.and_then(|text| kept_text(text).0);
        self.write_label(&label)?;
        Ok(label)
    }

    /// Freezes coins, or gives them free: all of them, or none if one is no coin.
    ///
    /// # Errors
    /// [`CommandError::NoSuchCoin`], or what the disk refused.
    pub fn set_frozen(&mut self, coins: &[OutPoint], frozen: bool) -> Result<(), CommandError> {
        for coin in coins {
            if !self.file.is_coin(*coin)? {
                return Err(CommandError::NoSuchCoin(*coin));
            }
        }
        Ok(coins.iter().try_for_each(|coin| self.file.set_frozen(*coin, frozen))?)
    }

    /// Takes labels in from elsewhere, or only says what that would do.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Wallet::abort).
    pub fn import_labels(&mut self, import: &LabelImport) -> Result<ImportedLabels, StoreProblem> {
        let mut report = ImportedLabels::default();
        for theirs in &import.labels {
            let ours = self.file.label(&theirs.reference)?;
            if !self.knows(&theirs.reference)? {
                report.unknown += 1;
            }
            let ours = ours.unwrap_or_else(|| blank(theirs.reference.clone()));
            let merged = self.merge(&ours, theirs, import.conflicts, &mut report)?;
            if import.dry_run || merged == ours {
                continue;
            }
            self.write_label(&merged)?;
            if let (Reference::Output(output), Some(spendable)) =
                (&merged.reference, merged.spendable)
            {
                self.file.mark_frozen(*output, !spendable)?;
            }
        }
        Ok(report)
    }

    /// What is said of a thing after a record from elsewhere, counted in the report.
    fn merge(
        &self,
        ours: &Label,
        theirs: &Label,
        conflicts: Conflicts,
        report: &mut ImportedLabels,
    ) -> Result<Label, StoreProblem> {
        let mut merged = ours.clone();
        let mut conflict = |ours: &str, theirs: &str, reference: &Reference| {
            let (ours, theirs) = (ours.to_owned(), theirs.to_owned());
            report.conflicts.push(LabelConflict { reference: reference.clone(), ours, theirs });
            conflicts == Conflicts::TakeTheirs
        };
        match (&ours.label, &theirs.label) {
            (_, None) => {}
            (None, Some(_)) => {
                merged.label.clone_from(&theirs.label);
                report.added += 1;
            }
            (Some(our), Some(their)) if our == their => report.same += 1,
            (Some(our), Some(their)) => {
                if conflict(our, their, &ours.reference) {
                    merged.label.clone_from(&theirs.label);
                }
            }
        }
        if let (Reference::Output(output), Some(spendable)) = (&theirs.reference, theirs.spendable)
        {
            let frozen = ours.spendable == Some(false) || self.file.is_frozen(*output)?;
            if frozen && spendable {
                if conflict("frozen", "spendable", &ours.reference) {
                    merged.spendable = Some(true);
                    report.unfrozen += 1;
                }
            } else if !frozen && !spendable {
                // A coin that somebody froze is not spent by mistake, whoever that was.
                merged.spendable = Some(false);
                report.frozen += 1;
            }
        }
        let theirs_first = conflicts == Conflicts::TakeTheirs;
        merged.more = labels::joined(ours.more.as_deref(), theirs.more.as_deref(), theirs_first);
        Ok(merged)
    }

    /// Whether the wallet has met what a reference names.
    pub(super) fn knows(&self, reference: &Reference) -> Result<bool, StoreProblem> {
        Ok(match reference {
            Reference::Transaction(txid) => self.file.standing_of(*txid)?.is_some(),
            Reference::Address(address) => {
                let spk = address.script_pubkey();
                self.scripts.contains_key(&spk) || self.file.was_paid(&spk)?
            }
            Reference::Input(at) => self.file.standing_of(at.txid)?.is_some(),
            Reference::Output(at) => self.file.output_amount(*at)?.is_some(),
            Reference::Xpub(xpub) => {
                self.accounts.iter().any(|account| account.descriptor().to_string().contains(xpub))
            }
            Reference::PublicKey(_) => false,
        })
    }
}

fn blank(reference: Reference) -> Label {
    Label { reference, label: None, spendable: None, more: None }
}
