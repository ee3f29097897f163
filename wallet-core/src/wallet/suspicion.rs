//! Owns what strangers' payments are suspected of: dust that shall be spent beside other coins, and
//! addresses made to look like one that was paid.
//!
//! Refuses to hide or drop anything: what is suspected is marked, and dust is frozen, which can be
//! taken back.

use bitcoin::{Address, Amount, OutPoint, Script, Transaction, Txid};

use crate::command::{Reference, StoreProblem};
use crate::recipient::resemblance;

use super::Wallet;
use super::graph::inputs;

impl Wallet {
    /// Whether an output is worth so little that it was sent to see what it is spent with.
    pub(super) fn is_dust(
        &self,
        transaction: &Transaction,
        amount: Amount,
    ) -> Result<bool, StoreProblem> {
        if amount >= self.dust_limit {
            return Ok(false);
        }
        for spent in inputs(transaction) {
            if self.file.output_amount(spent)?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Freezes dust, unless somebody said that it may be spent. What a search finds of old is not
    /// told: it is listed with its mark.
    pub(super) fn freeze_dust(
        &mut self,
        coin: OutPoint,
        amount: Amount,
    ) -> Result<(), StoreProblem> {
        let said = self.file.label(&Reference::Output(coin))?;
        if said.is_some_and(|label| label.spendable == Some(true)) {
            return Ok(());
        }
        self.file.mark_frozen(coin, true)?;
        if !self.file.scan()?.searching {
            self.frozen_dust.push((coin, amount));
        }
        Ok(())
    }

    /// Dust that was frozen since the last take, to be told after the commit.
    pub fn take_frozen_dust(&mut self) -> Vec<(OutPoint, Amount)> {
        std::mem::take(&mut self.frozen_dust)
    }

    /// Notes if a stranger's transaction pays an address that looks like one that was paid from
    /// here: it waits to be copied from the history.
    pub(super) fn look_for_imitation(
        &mut self,
        txid: Txid,
        transaction: &Transaction,
    ) -> Result<(), StoreProblem> {
        for output in &transaction.output {
            let spk = &output.script_pubkey;
            if self.scripts.contains_key(spk) || self.file.was_paid(spk)? {
                continue;
            }
            let Some(ends) = self.ends_of(spk) else { continue };
            if let Some(known) = self.file.paid_like(&ends, spk)? {
                return self.file.insert_imitation(txid, spk, &known);
            }
        }
        Ok(())
    }

    /// What people compare of a script's address, if it has one.
    pub(super) fn ends_of(&self, spk: &Script) -> Option<String> {
        Address::from_script(spk, self.network()).ok().map(|address| resemblance(&address))
    }
}
