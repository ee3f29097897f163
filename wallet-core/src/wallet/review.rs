//! Owns what a person is told of a draft or of a payment, read from its PSBT and from the tables.
//!
//! Refuses to remember a review: it is made anew each time, so it can't differ from what is signed.

use std::collections::BTreeSet;

use bitcoin::psbt::Psbt;
use bitcoin::{Address, Amount, OutPoint};

use crate::command::{
    Change, Coin, CommandError, Draft, DraftId, FeeBasis, Payment, Purpose, StoreProblem, Warning,
};
use crate::keychain::{Account, AccountName, SpendPlan};
use crate::light_client::fees::FeeReport;
use crate::light_client::time::WallTime;
use crate::store::wallet::{CoinRow, DraftRow, PaymentRow};

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
        let rows = self.file.coins(moment.now)?;
        let find = |outpoint: OutPoint| rows.iter().find(|row| row.outpoint == outpoint).cloned();
        let spent: Option<Vec<CoinRow>> =
            transaction.input.iter().map(|input| find(input.previous_output)).collect();
        let Some(spent) = spent else { return Ok(None) };
        let inputs: Vec<Coin> =
            spent.into_iter().map(|row| self.coin(moment.tip, row)).collect::<Result<_, _>>()?;
        let (outputs, change) = self.outputs(&row.psbt, row.change_vout)?;
        let put_in: Amount = inputs.iter().map(|coin| coin.amount).sum();
        let paid_out: Amount = transaction.output.iter().map(|output| output.value).sum();
        let fee = put_in - paid_out;
        let plans: Vec<SpendPlan> =
            inputs.iter().map(|coin| self.plan_of(coin)).collect::<Result<_, _>>()?;
        let spks = transaction.output.iter().map(|output| output.script_pubkey.as_script());
        let fee_rate = fee::rate(fee, fee::weight(plans, spks));
        let mut draft = Draft {
            id,
            purpose: Purpose::Payment,
            expires: row.expires.map(WallTime::to_unix),
            unsigned: transaction.clone(),
            psbt: row.psbt.to_string(),
            outputs,
            change,
            inputs,
            fee,
            fee_rate,
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
        let fee = known.sums.fee.unwrap_or(Amount::ZERO);
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
            let address = self.address_of(&output.script_pubkey)?;
            let amount = output.value;
            match self.scripts.get(&output.script_pubkey) {
                Some(place) if change_vout == Some(vout) => {
                    let (keychain, index) = (place.keychain, place.index);
                    let account = self.account(keychain.account)?.name().clone();
                    change = Some(Change { address, amount, account, keychain, index });
                }
                _ => outputs.push((address, amount)),
            }
        }
        Ok((outputs, change))
    }

    fn plan_of(&self, coin: &Coin) -> Result<SpendPlan, StoreProblem> {
        self.account(coin.keychain.account).map(Account::spend_plan)
    }

    fn warnings(&self, draft: &Draft, fees: &FeeReport) -> Result<Vec<Warning>, StoreProblem> {
        let mut warnings = Vec::new();
        let accounts: BTreeSet<&AccountName> =
            draft.inputs.iter().map(|coin| &coin.account).collect();
        if accounts.len() > 1 {
            warnings.push(Warning::MixesAccounts(accounts.into_iter().cloned().collect()));
        }
        let paid = draft.outputs.iter().map(|(_, amount)| *amount).sum();
        warnings.extend(fee::high_fee(draft.fee, paid));
        warnings.extend(fee::high_rate(draft.fee_rate, fees));
        for (address, _) in &draft.outputs {
            let spk = address.script_pubkey();
            let received = match self.scripts.get(&spk) {
                Some(place) => self.file.was_used(*place)?,
                None => self.file.was_paid(&spk)?,
            };
            if received {
                warnings.push(Warning::AddressReused(address.clone()));
            }
        }
        if draft.inputs.iter().any(|coin| coin.height.is_none()) {
            warnings.push(Warning::SpendsUnconfirmed);
        }
        if draft.fee_basis == FeeBasis::Fallback {
            warnings.push(Warning::DefaultFeeRate(fee::DEFAULT_FEE_RATE));
        }
        Ok(warnings)
    }
}
