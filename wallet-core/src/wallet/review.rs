//! Owns what a person is told of a draft or of a payment, read from its PSBT and from the tables.
//!
//! Refuses to remember a review: it is made anew each time, so it can't differ from what is signed.

use bitcoin::psbt::Psbt;
use bitcoin::{Address, Amount, Txid, Weight};

use crate::command::{
    Change, Coin, CommandError, Draft, DraftId, Package, Payment, Purpose, Replacement,
    StoreProblem,
};
use crate::keychain::{Account, SpendPlan};
use crate::light_client::time::WallTime;
use crate::store::wallet::{DraftRow, PaymentRow, Task};

use super::fold::state;
use super::{DraftMoment, Wallet, fee};

impl Wallet {
    /// The review of a draft; `None` if one of its coins is gone.
    pub(super) fn review(
        &self,
        id: DraftId,
        row: &DraftRow,
        moment: &DraftMoment,
    ) -> Result<Option<Draft>, CommandError> {
        let transaction = &row.psbt.unsigned_tx;
        let Some(spent) = self.coins_of(row, moment.now)? else { return Ok(None) };
        let inputs: Vec<Coin> =
            spent.into_iter().map(|row| self.coin(moment.tip, row)).collect::<Result<_, _>>()?;
        let (outputs, change) = self.outputs(&row.psbt, row.change_vout)?;
        let fee = row.psbt.fee().unwrap_or(Amount::ZERO);
        let plans: Vec<SpendPlan> =
            inputs.iter().map(|coin| self.plan_of(coin)).collect::<Result<_, _>>()?;
        let spks = transaction.output.iter().map(|output| output.script_pubkey.as_script());
        let weight = fee::weight(plans, spks);
        let mut draft = Draft {
            id,
            purpose: self.purpose(row, fee, weight)?,
            expires: row.expires.map(WallTime::to_unix),
            unsigned: transaction.clone(),
            psbt: row.psbt.to_string(),
            outputs,
            change,
            inputs,
            fee,
            fee_rate: fee::rate(fee, weight),
            fee_basis: row.fee_basis,
            note: row.note.clone(),
            warnings: Vec::new(),
        };
        draft.warnings = self.warnings(&draft, &moment.fees)?;
        Ok(Some(draft))
    }

    /// A signed payment as it is told.
    pub(super) fn told(&self, row: &PaymentRow, repeated: bool) -> Result<Payment, CommandError> {
        let Some(known) = self.file.transaction(row.txid)? else {
            return Err(self.file.damaged("a payment has no transaction: put back a copy").into());
        };
        let (outputs, change) = self.outputs(&row.psbt, row.change_vout)?;
        // Coins of others are not in the tables; what the PSBT shows of them was verified.
        let fee = known.sums.fee.or_else(|| row.psbt.fee().ok()).unwrap_or(Amount::ZERO);
        Ok(Payment {
            psbt: row.psbt.to_string(),
            outputs,
            change,
            inputs: known.transaction.input.iter().map(|input| input.previous_output).collect(),
            fee,
            fee_rate: fee::rate(fee, known.transaction.weight()),
            state: state(&known),
            repeated,
            transaction: known.transaction,
        })
    }

    /// What others get, and what comes back.
    #[expect(clippy::type_complexity, reason = "two parts of one list, named at each use")]
    fn outputs(
        &self,
        psbt: &Psbt,
        change_vout: Option<u32>,
    ) -> Result<(Vec<(Address, Amount)>, Option<Change>), StoreProblem> {
        let (mut outputs, mut change) = (Vec::new(), None);
        for (vout, output) in (0..).zip(&psbt.unsigned_tx.output) {
            // What others handed over may pay scripts that have no address.
            let network = self.description.network;
            let Ok(address) = Address::from_script(&output.script_pubkey, network) else {
                continue;
            };
            let amount = output.value;
            match self.scripts.get(&output.script_pubkey) {
                Some(place) if change_vout == Some(vout) => {
                    let (keychain, index) = (place.keychain, place.index);
                    let account = self.account(keychain.account)?.name().clone();
                    change = Some(Change { address, amount, account, keychain, index, vout });
                }
                _ => outputs.push((address, amount)),
            }
        }
        Ok((outputs, change))
    }

    fn plan_of(&self, coin: &Coin) -> Result<SpendPlan, StoreProblem> {
        self.account(coin.keychain.account).map(Account::spend_plan)
    }

    /// What a draft is for, with what that means now.
    fn purpose(
        &self,
        row: &DraftRow,
        fee: Amount,
        weight: Weight,
    ) -> Result<Purpose, StoreProblem> {
        Ok(match row.task {
            Task::Payment => Purpose::Payment,
            Task::Replace(of) => Purpose::Replacement(self.what_falls(of)?),
            Task::Cancel(of) => Purpose::Cancellation(self.what_falls(of)?),
            Task::Child(of) => {
                let inputs = &row.psbt.unsigned_tx.input;
                let line = self.ancestors(inputs.iter().map(|input| input.previous_output.txid))?;
                let (before, fee_is_whole) = line.fees();
                let fee = before + fee;
                Purpose::Child(Package {
                    of,
                    transactions: line.0.len() + 1,
                    fee,
                    fee_rate: fee::rate(fee, line.weight() + weight),
                    fee_is_whole,
                })
            }
        })
    }

    fn what_falls(&self, of: Txid) -> Result<Replacement, StoreProblem> {
        let replaced = self.file.transaction(of)?;
        Ok(Replacement {
            of,
            fee_before: replaced.and_then(|row| row.sums.fee).unwrap_or(Amount::ZERO),
            evicted: self.descendants(of)?.0.into_keys().collect(),
        })
    }
}
