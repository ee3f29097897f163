//! Owns the replacement of a waiting payment: the same coins, the same recipients, a higher fee.
//!
//! The rules are those of BIP125 as nodes apply them: a replacement pays more than all that falls
//! with it, and for its own relay, at a higher rate. Refuses unconfirmed coins beside those of the
//! payment (rule 2), and any change to what recipients get but of a payment of everything.

use bitcoin::{Amount, FeeRate, ScriptBuf, Transaction, TxOut, Weight};

use crate::command::{BumpProblem, CoinChoice, CommandError, FeeBasis, FeeChoice, StoreProblem};
use crate::keychain::{Branch, SpendPlan};
use crate::limits::LEAST_FEE_RATE;
use crate::store::wallet::{LeanCoin, ScriptPlace, Task};
use crate::wallet::fee::{self, Price};
use crate::wallet::funding::Funding;
use crate::wallet::graph::inputs;
use crate::wallet::{DraftMoment, Wallet};

use super::{Bumped, Waiting};

/// What a payment is made of, to be made again.
struct Parts {
    spent: Vec<LeanCoin>,
    outputs: Vec<TxOut>,
    change: (ScriptPlace, ScriptBuf),
    takes_all: bool,
}

/// What a replacement costs.
struct Cost {
    asked: Price,
    basis: FeeBasis,
    choice: FeeChoice,
    rivals: Rivals,
}

/// What a replacement must be worth more than.
pub(super) struct Rivals {
    /// What all that falls pays.
    replaced: Amount,
    /// The rate of the payment itself.
    rate: FeeRate,
}

impl Wallet {
    pub(super) fn replacement(
        &self,
        waiting: &Waiting,
        choice: FeeChoice,
        moment: &DraftMoment,
    ) -> Result<Bumped, CommandError> {
        let cost = Cost::new(waiting, choice, moment)?;
        let mut parts = self.parts(waiting, moment)?;
        self.keep_ages(&mut parts.spent, &waiting.row.transaction)?;
        let takes_all = parts.takes_all;
        let funding = match self.fit(&parts, &cost)? {
            Some(funding) => funding,
            None => self.with_more_coins(parts, &cost, moment)?,
        };
        let fee_basis = cost.check(waiting, funding.weight)?;
        Ok(Bumped { funding, task: Task::Replace(waiting.txid), takes_all, fee_basis })
    }

    pub(super) fn cancellation(
        &self,
        waiting: &Waiting,
        choice: FeeChoice,
        moment: &DraftMoment,
    ) -> Result<Bumped, CommandError> {
        let cost = Cost::new(waiting, choice, moment)?;
        let parts = Parts { outputs: Vec::new(), takes_all: false, ..self.parts(waiting, moment)? };
        let Some(funding) = self.fit(&parts, &cost)? else { return Err(self.lack(&parts, &cost)?) };
        let fee_basis = cost.check(waiting, funding.weight)?;
        Ok(Bumped { funding, task: Task::Cancel(waiting.txid), takes_all: false, fee_basis })
    }

    /// What the payment is made of; its change comes back to where it came back before.
    fn parts(&self, waiting: &Waiting, moment: &DraftMoment) -> Result<Parts, CommandError> {
        let mut spent = Vec::new();
        for coin in inputs(&waiting.row.transaction) {
            let output = self.file.own_output(coin, moment.now)?;
            match output.ok_or(CommandError::NoSuchCoin(coin))?.coin {
                row if row.frozen => return Err(CommandError::CoinFrozen(coin)),
                row if row.reserved => return Err(CommandError::CoinReserved(coin)),
                row if !self.spend_plan(row.place)?.is_open(row.height, moment.tip) => {
                    return Err(CommandError::CoinWaits(coin));
                }
                row => spent.push(LeanCoin::from(&row)),
            }
        }
        let payment = self.file.payment(waiting.txid)?;
        let of_branch = |spk: &ScriptBuf| {
            self.scripts.get(spk).is_some_and(|place| place.keychain.branch == Branch::Change)
        };
        let is_change = |vout: u32, output: &TxOut| {
            let known = payment.as_ref().map(|payment| payment.change_vout == Some(vout));
            known.unwrap_or_else(|| of_branch(&output.script_pubkey))
        };
        let (mut outputs, mut change) = (Vec::new(), None);
        for (vout, output) in (0..).zip(&waiting.row.transaction.output) {
            match self.scripts.get(&output.script_pubkey) {
                Some(place) if change.is_none() && is_change(vout, output) => {
                    change = Some((*place, output.script_pubkey.clone()));
                }
                _ => outputs.push(output.clone()),
            }
        }
        let change = if let Some(change) = change {
            change
        } else {
            let first = spent.first().map(|coin| coin.account);
            self.next_change(first.unwrap_or(self.description.preferred))?
        };
        let takes_all = payment.is_some_and(|payment| payment.takes_all);
        Ok(Parts { spent, outputs, change, takes_all })
    }

    /// The ages that the payment asks of its coins stay, unless their scripts ask for more (BIP68).
    fn keep_ages(&self, spent: &mut [LeanCoin], before: &Transaction) -> Result<(), StoreProblem> {
        for (coin, input) in spent.iter_mut().zip(&before.input) {
            let plan = self.account(coin.account)?.spend_plan();
            let asked = plan.sequence.to_relative_lock_time();
            let stays = |age| asked.is_none_or(|asked| asked.is_implied_by(age));
            if input.sequence.to_relative_lock_time().is_some_and(stays) {
                coin.plan = Some(SpendPlan { sequence: input.sequence, ..plan });
            }
        }
        Ok(())
    }

    /// The payment with the new fee; `None` if its coins are not enough.
    fn fit(&self, parts: &Parts, cost: &Cost) -> Result<Option<Funding>, StoreProblem> {
        let plans = self.plans(&parts.spent)?;
        let spks = || parts.outputs.iter().map(|output| output.script_pubkey.as_script());
        let available: Amount = parts.spent.iter().map(|coin| coin.amount).sum();
        let bare = fee::weight(plans.iter().copied(), spks());
        let made = |weight, outputs, change, fee| Funding {
            spent: parts.spent.clone(),
            weight,
            outputs,
            change,
            fee,
        };
        if let (true, [output]) = (parts.takes_all, parts.outputs.as_slice()) {
            let fee = cost.fee(bare);
            let least = output.script_pubkey.minimal_non_dust();
            let value = available.checked_sub(fee).filter(|value| *value >= least);
            return Ok(value.map(|value| {
                let script_pubkey = output.script_pubkey.clone();
                made(bare, vec![TxOut { value, script_pubkey }], None, fee)
            }));
        }
        let paid = parts.outputs.iter().map(|output| output.value).sum();
        let Some(rest) = available.checked_sub(paid) else { return Ok(None) };
        let (place, change_spk) = &parts.change;
        let changed = fee::weight(plans, spks().chain([change_spk.as_script()]));
        let fee = cost.fee(changed);
        let outputs = parts.outputs.clone();
        match rest.checked_sub(fee).filter(|value| *value >= change_spk.minimal_non_dust()) {
            Some(value) => {
                let change = TxOut { value, script_pubkey: change_spk.clone() };
                Ok(Some(made(changed, outputs, Some((Some(*place), change)), fee)))
            }
            // What is made of change alone, a child or a cancellation, is nothing without it.
            None if outputs.is_empty() => Ok(None),
            None => Ok((rest >= cost.fee(bare)).then(|| made(bare, outputs, None, rest))),
        }
    }

    /// The payment with confirmed coins beside its own: the smallest that is enough, else the
    /// largest ones and with them the smallest. Those of the same accounts first, and none of an
    /// account that pays only on purpose, unless it paid before.
    fn with_more_coins(
        &self,
        mut parts: Parts,
        cost: &Cost,
        moment: &DraftMoment,
    ) -> Result<Funding, CommandError> {
        let accounts: Vec<_> = parts.spent.iter().map(|coin| coin.account).collect();
        let mut free = self.free_coins(CoinChoice::default(), false, moment)?;
        let mut paying = self.paying_accounts(None);
        if !accounts.iter().all(|account| paying.contains(account)) {
            paying.clone_from(&accounts);
        }
        free.retain(|coin| {
            coin.height.is_some() && !parts.takes_all && paying.contains(&coin.account)
        });
        free.sort_by_key(|coin| {
            let other = !accounts.contains(&coin.account);
            (std::cmp::Reverse(other), coin.amount, coin.outpoint)
        });
        // Of each account's coins the largest is last, and those of the same accounts are behind.
        while let Some(largest) = free.pop() {
            parts.spent.push(largest);
            if let Some(funding) = self.fit(&parts, cost)? {
                return Ok(self.with_smallest(parts, &free, cost)?.unwrap_or(funding));
            }
            fee::check_weight(self.bare_weight(&parts)?, None)?;
        }
        Err(self.lack(&parts, cost)?)
    }

    /// What all of the coins together lack.
    fn lack(&self, parts: &Parts, cost: &Cost) -> Result<CommandError, StoreProblem> {
        let available = parts.spent.iter().map(|coin| coin.amount).sum();
        let paid = match parts.outputs.as_slice() {
            [] => parts.change.1.minimal_non_dust(),
            _ if parts.takes_all => Amount::ZERO,
            outputs => outputs.iter().map(|output| output.value).sum(),
        };
        let needed = paid + cost.fee(self.bare_weight(parts)?);
        Ok(CommandError::InsufficientFunds { needed, available })
    }

    /// The same with the smallest coin of the last one's account in its place that is enough too.
    fn with_smallest(
        &self,
        mut parts: Parts,
        free: &[LeanCoin],
        cost: &Cost,
    ) -> Result<Option<Funding>, StoreProblem> {
        let Some(last) = parts.spent.pop() else { return Ok(None) };
        let account = last.account;
        for coin in free.iter().filter(|coin| coin.account == account) {
            parts.spent.push(*coin);
            let funding = self.fit(&parts, cost)?;
            if funding.is_some() {
                return Ok(funding);
            }
            parts.spent.pop();
        }
        Ok(None)
    }

    /// The weight without change, unless there is nothing else.
    fn bare_weight(&self, parts: &Parts) -> Result<Weight, StoreProblem> {
        let spks = parts.outputs.iter().map(|output| output.script_pubkey.as_script());
        let only = parts.outputs.is_empty().then_some(parts.change.1.as_script());
        Ok(fee::weight(self.plans(&parts.spent)?, spks.chain(only)))
    }
}

impl Cost {
    fn new(
        waiting: &Waiting,
        choice: FeeChoice,
        moment: &DraftMoment,
    ) -> Result<Self, CommandError> {
        let (asked, basis) = fee::price(choice, &moment.fees)?;
        Ok(Self { asked, basis, choice, rivals: Rivals::new(waiting) })
    }

    /// The fee for this weight, enough to replace.
    fn fee(&self, weight: Weight) -> Amount {
        match self.basis {
            FeeBasis::Fallback => self.rivals.least(weight),
            _ => self.asked.fee(weight).max(self.rivals.least(weight)),
        }
    }

    /// Refuses what was asked for if it is not enough; else says where the fee comes from.
    fn check(&self, waiting: &Waiting, weight: Weight) -> Result<FeeBasis, CommandError> {
        let (fee, least) = (self.asked.fee(weight), self.rivals.least(weight));
        match self.choice {
            FeeChoice::Rate(_) | FeeChoice::Total(_) if fee < least => {
                Err(CommandError::FeeTooLow { fee, least })
            }
            FeeChoice::Target(_) if fee < least => {
                let why = BumpProblem::FastEnough;
                Err(CommandError::CannotBump { txid: waiting.txid, why })
            }
            FeeChoice::Default if fee < least || self.basis == FeeBasis::Fallback => {
                Ok(FeeBasis::LeastToReplace)
            }
            _ => Ok(self.basis),
        }
    }
}

impl Rivals {
    pub(super) fn new(waiting: &Waiting) -> Self {
        let own = waiting.row.sums.fee.unwrap_or(Amount::ZERO);
        let replaced = own + waiting.falling.fees().0;
        Self { replaced, rate: fee::rate(own, waiting.row.transaction.weight()) }
    }

    /// The least fee with which nodes take a replacement of this weight (BIP125, rules 3 and 4; and no
    /// lower rate than before).
    pub(super) fn least(&self, weight: Weight) -> Amount {
        let relay = if self.rate < ONE_SAT_PER_VB { LEAST_FEE_RATE } else { ONE_SAT_PER_VB };
        let higher = FeeRate::from_sat_per_kwu(self.rate.to_sat_per_kwu() + 1);
        (self.replaced + fee::fee(relay, weight)).max(fee::fee(higher, weight))
    }
}

/// What nodes ask for the relay of a replacement unless they take less than this from the start,
/// as Bitcoin Core does since 29.1.
const ONE_SAT_PER_VB: FeeRate = FeeRate::from_sat_per_kwu(250);
