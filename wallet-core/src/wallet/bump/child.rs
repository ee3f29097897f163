//! Owns the child that pays for a waiting transaction: a payment to ourselves out of it, whose fee is
//! counted for all of them together, as miners do (CPFP).
//!
//! Refuses frozen and reserved outputs, those that wait for a time, and a child longer down a line than nodes keep.

use bitcoin::{Amount, FeeRate, OutPoint, TxOut, Txid, Weight};

use crate::command::{BumpProblem, CommandError, FeeBasis, FeeChoice, StoreProblem};
use crate::limits::{HEAVIEST_LINE, LEAST_FEE_RATE, LONGEST_LINE};
use crate::store::wallet::{LeanCoin, Task};
use crate::wallet::fee::{self, Price};
use crate::wallet::funding::Funding;
use crate::wallet::lineage::Lineage;
use crate::wallet::{DraftMoment, Wallet};

use super::{Bumped, Waiting};

impl Wallet {
    /// A child that spends as few outputs as are enough, the largest first.
    pub(super) fn child(
        &self,
        waiting: &Waiting,
        choice: FeeChoice,
        moment: &DraftMoment,
    ) -> Result<Bumped, CommandError> {
        let refused = |why| CommandError::CannotBump { txid: waiting.txid, why };
        let helpers = self.helpers(waiting, moment)?;
        let mut short = refused(BumpProblem::NothingToSpend);
        for count in 1..=helpers.len() {
            let spent = &helpers[..count];
            let line = self.ancestors(spent.iter().map(|coin| coin.outpoint.txid))?;
            if line.0.len() >= LONGEST_LINE {
                return Err(refused(BumpProblem::LineTooLong(line.0.len())));
            }
            let (place, spk) = self.next_change(spent[0].account)?;
            let weight = fee::weight(self.plans(spent)?, [spk.as_script()]);
            for parent in spent {
                if !self.has_room(parent.outpoint.txid, weight)? {
                    return Err(refused(BumpProblem::LineTooLong(LONGEST_LINE)));
                }
            }
            if line.weight() + weight > HEAVIEST_LINE {
                return Err(refused(BumpProblem::LineTooLong(line.0.len())));
            }
            let cost = ChildCost { line: &line, weight };
            let (fee, fee_basis) = cost.fee(waiting.txid, choice, moment)?;
            let available = spent.iter().map(|coin| coin.amount).sum::<Amount>();
            let least = spk.minimal_non_dust();
            let Some(value) = available.checked_sub(fee).filter(|value| *value >= least) else {
                short = CommandError::InsufficientFunds { needed: fee + least, available };
                continue;
            };
            let change = Some((Some(place), TxOut { value, script_pubkey: spk }));
            let funding =
                Funding { spent: spent.to_vec(), weight, outputs: Vec::new(), change, fee };
            let task = Task::Child(waiting.txid);
            return Ok(Bumped { funding, task, takes_all: false, fee_basis });
        }
        Err(short)
    }

    /// Outputs that can pay for a child: of the transaction, else of what stands on it. The largest
    /// first.
    pub(super) fn helpers(
        &self,
        waiting: &Waiting,
        moment: &DraftMoment,
    ) -> Result<Vec<LeanCoin>, StoreProblem> {
        let mut helpers = self.unspent_of([waiting.txid], moment)?;
        if helpers.is_empty() {
            helpers = self.unspent_of(waiting.falling.0.keys().copied(), moment)?;
        }
        helpers.sort_by_key(|coin| (std::cmp::Reverse(coin.amount), coin.outpoint));
        Ok(helpers)
    }

    fn unspent_of(
        &self,
        txids: impl IntoIterator<Item = Txid>,
        moment: &DraftMoment,
    ) -> Result<Vec<LeanCoin>, StoreProblem> {
        let mut unspent = Vec::new();
        for txid in txids {
            if self.is_falling(txid, moment.now)? || self.is_early(txid)? {
                continue;
            }
            let outputs =
                self.file.transaction(txid)?.map_or(0, |row| row.transaction.output.len());
            for vout in (0..).take(outputs) {
                let output = self.file.own_output(OutPoint::new(txid, vout), moment.now)?;
                let output = output.filter(|output| output.live && output.spender.is_none());
                let coin = output.map(|output| output.coin);
                let free = coin.filter(|coin| !coin.frozen && !coin.reserved);
                if let Some(coin) = free
                    && self.spend_plan(coin.place)?.is_open(coin.height, moment.tip)
                {
                    unspent.push(LeanCoin::from(&coin));
                }
            }
        }
        Ok(unspent)
    }
}

/// What a child has to pay for.
struct ChildCost<'a> {
    line: &'a Lineage,
    weight: Weight,
}

impl ChildCost<'_> {
    /// The child's own fee, and where it comes from.
    fn fee(
        &self,
        txid: Txid,
        choice: FeeChoice,
        moment: &DraftMoment,
    ) -> Result<(Amount, FeeBasis), CommandError> {
        let (before, _) = self.line.fees();
        let (price, basis) = fee::price(choice, &moment.fees)?;
        let rate = match (price, basis) {
            (Price::Total(total), _) => {
                fee::check_rate(fee::rate(total, self.weight))?;
                return Ok((total, basis));
            }
            (Price::Rate(rate), FeeBasis::Fallback) => rate.max(self.faster()),
            (Price::Rate(rate), _) => rate,
        };
        let together = fee::fee(rate, self.line.weight() + self.weight);
        let floor = moment.fees.counted.unwrap_or(LEAST_FEE_RATE);
        match together.checked_sub(before) {
            Some(own) if own >= fee::fee(floor, self.weight) => Ok((own, basis)),
            _ => {
                let why = BumpProblem::FastEnough;
                Err(CommandError::CannotBump { txid, why })
            }
        }
    }

    /// A little more than what the line pays now.
    fn faster(&self) -> FeeRate {
        let now = fee::rate(self.line.fees().0, self.line.weight());
        FeeRate::from_sat_per_kwu(now.to_sat_per_kwu() + 250)
    }
}
