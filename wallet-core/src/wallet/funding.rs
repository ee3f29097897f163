//! Owns which coins a payment may spend, from which accounts they come, and what comes back where.
//!
//! Frozen, reserved and immature coins are never spent; of unconfirmed ones only own change is
//! chosen, and only while nobody else can take it back. One account pays unless none has enough. Of a large wallet only what the choice takes is
//! read of each coin.

use std::collections::{BTreeMap, HashSet};

use bitcoin::{Amount, OutPoint, ScriptBuf, TxOut, Txid, Weight};

use crate::command::{CommandError, StoreProblem};
use crate::keychain::{Account, AccountId, AccountKind, Branch, KeychainId, SpendPlan};
use crate::light_client::time::WallTime;
use crate::store::wallet::{LeanCoin, ScriptPlace};

use super::coins::{is_immature, youngest_mature};
use super::request::{CheckedRequest, Pay};
use super::selection::{self, Candidate, Selection, Target};
use super::{DraftMoment, Wallet, fee};

/// What a payment is made of.
#[derive(Debug, Clone)]
pub(super) struct Funding {
    /// The coins to spend.
    pub(super) spent: Vec<LeanCoin>,
    /// What the signed transaction weighs at the most.
    pub(super) weight: Weight,
    /// What others get.
    pub(super) outputs: Vec<TxOut>,
    /// What comes back, and where to.
    pub(super) change: Option<(ScriptPlace, TxOut)>,
    /// The fee.
    pub(super) fee: Amount,
}

impl Wallet {
    /// Chooses what a payment is made of.
    pub(super) fn fund(
        &self,
        request: &CheckedRequest,
        moment: &DraftMoment,
    ) -> Result<Funding, CommandError> {
        let account = request.account.as_ref().map(|name| self.account_named(name));
        let account = account.transpose()?.map(Account::id);
        if !request.coins.is_empty() {
            return self.fund_from(request, self.named(request, moment)?);
        }
        let mut coins = self.free_coins(moment)?;
        let paying = self.paying_accounts(account);
        coins.retain(|coin| paying.contains(&coin.account));
        if !request.labels.is_empty() {
            let labelled = self.labelled(&request.labels)?;
            coins.retain(|coin| labelled.contains(&coin.outpoint));
        }
        match &request.pay {
            Pay::Max(_) => self.fund_from(request, self.worth_spending(request, coins)?),
            Pay::Exactly(pay) => self.choose(request, pay, coins),
        }
    }

    /// The accounts that may pay: the one that was named, else the preferred one and those that are
    /// signed for like that. What several people hold together, or nobody here, is spent on purpose.
    pub(super) fn paying_accounts(&self, named: Option<AccountId>) -> Vec<AccountId> {
        if let Some(named) = named {
            return vec![named];
        }
        let preferred = self.description.preferred;
        let signs = self.accounts.iter().any(|one| one.id() == preferred && one.signs());
        let alone = |one: &&Account| {
            one.id() == preferred
                || matches!(one.kind(), AccountKind::SingleKey(_)) && one.signs() == signs
        };
        self.accounts.iter().filter(alone).map(Account::id).collect()
    }

    /// The coins that can be chosen, the oldest first.
    pub(super) fn free_coins(&self, moment: &DraftMoment) -> Result<Vec<LeanCoin>, StoreProblem> {
        let mut coins = self.file.free_coins(youngest_mature(moment.tip), moment.now)?;
        let pending = coins.split_off(coins.partition_point(|coin| coin.height.is_some()));
        let mut known = BTreeMap::new();
        for coin in pending {
            let txid = coin.outpoint.txid;
            let stays = match known.get(&txid) {
                Some(stays) => *stays,
                None => self.is_own_line(txid)? && !self.is_falling(txid, moment.now)?,
            };
            known.insert(txid, stays);
            coins.extend(stays.then_some(coin));
        }
        if self.accounts.iter().any(|account| !account.spend_plan().is_immediate()) {
            let plans = self.plans(&coins)?;
            let mut plans = plans.iter();
            let is_open = |coin: &LeanCoin| {
                plans.next().is_some_and(|plan| plan.is_open(coin.height, moment.tip))
            };
            coins.retain(is_open);
        }
        Ok(coins)
    }

    /// Whether a transaction and all that it stands on was paid for with coins of this wallet alone
    /// and signed here: a stranger could replace what is theirs, and all that follows would fall.
    fn is_own_line(&self, txid: Txid) -> Result<bool, StoreProblem> {
        let line = self.ancestors([txid])?;
        Ok(line.0.values().all(|row| row.signed_here && row.sums.fee.is_some()))
    }

    /// Whether a draft that holds its coins at `now` is about to replace a transaction, or what it
    /// stands on: a payment out of it would fall with it, and nobody would have been asked.
    pub(super) fn is_falling(&self, txid: Txid, now: WallTime) -> Result<bool, StoreProblem> {
        let about_to_be = self.file.about_to_be_replaced(now)?;
        if about_to_be.is_empty() {
            return Ok(false);
        }
        let line = self.ancestors([txid])?;
        Ok(about_to_be.iter().any(|txid| line.0.contains_key(txid)))
    }

    /// What spending these coins takes, one by one.
    pub(super) fn plans(&self, coins: &[LeanCoin]) -> Result<Vec<SpendPlan>, StoreProblem> {
        let mut known: Vec<(AccountId, SpendPlan)> = Vec::new();
        let plan = |coin: &LeanCoin| {
            if let Some((_, plan)) = known.iter().find(|(id, _)| *id == coin.account) {
                return Ok(*plan);
            }
            let plan = self.account(coin.account)?.spend_plan();
            known.push((coin.account, plan));
            Ok(plan)
        };
        coins.iter().map(plan).collect()
    }

    /// Where the next change of an account goes.
    pub(super) fn next_change(
        &self,
        account: AccountId,
    ) -> Result<(ScriptPlace, ScriptBuf), CommandError> {
        let keychain = KeychainId { account, branch: Branch::Change };
        let place = ScriptPlace { keychain, index: self.next_index(keychain)? };
        Ok((place, self.address(place)?.script_pubkey()))
    }

    /// Spends from the first of the pools that has enough.
    fn choose(
        &self,
        request: &CheckedRequest,
        pay: &[(ScriptBuf, Amount)],
        coins: Vec<LeanCoin>,
    ) -> Result<Funding, CommandError> {
        for pool in self.pools(&coins) {
            let chosen = self.with_target(request, pay, &pool, |candidates, target| {
                selection::select(candidates, target)
            })?;
            if let Some(funding) = chosen {
                return Ok(funding);
            }
        }
        Err(self.insufficient(request, pay, &self.worth_spending(request, coins)?))
    }

    /// Where to look for money, in this order: each account, the preferred one first; all that one
    /// key signs for together, since not everybody signs for the others. Each time coins in blocks first, then with unconfirmed change.
    fn pools(&self, coins: &[LeanCoin]) -> impl Iterator<Item = Vec<LeanCoin>> {
        let preferred = self.description.preferred;
        let others = self.accounts.iter().map(Account::id).filter(move |id| *id != preferred);
        let of_one_key: Vec<AccountId> = self
            .accounts
            .iter()
            .filter(|account| account.is_single_key())
            .map(Account::id)
            .collect();
        let accounts = std::iter::once(preferred).chain(others).map(Some).chain([None]);
        let pools = accounts.flat_map(move |account| {
            [false, true].map(|unconfirmed| {
                let of_account = |coin: &&LeanCoin| match account {
                    Some(id) => coin.account == id,
                    None => of_one_key.contains(&coin.account),
                };
                let pool = coins.iter().filter(of_account);
                pool.filter(|coin| unconfirmed || coin.height.is_some())
                    .copied()
                    .collect::<Vec<_>>()
            })
        });
        // A pool that is no larger than the one before it has nothing new, unless it is of another
        // account.
        let mut last = Vec::new();
        pools.filter(move |pool: &Vec<LeanCoin>| {
            let new = !pool.is_empty() && *pool != last;
            last.clone_from(pool);
            new
        })
    }

    /// Spends all of these coins, no others.
    fn fund_from(
        &self,
        request: &CheckedRequest,
        coins: Vec<LeanCoin>,
    ) -> Result<Funding, CommandError> {
        match &request.pay {
            Pay::Max(spk) => self.sweep(request, spk, coins),
            Pay::Exactly(pay) => {
                let all = |candidates: &[Candidate], target: &Target<'_>| {
                    selection::finish(candidates, target, (0..candidates.len()).collect())
                };
                let funding = self.with_target(request, pay, &coins, all)?;
                funding.ok_or_else(|| self.insufficient(request, pay, &coins))
            }
        }
    }

    /// Runs a choice over a pool and makes its result concrete.
    fn with_target(
        &self,
        request: &CheckedRequest,
        pay: &[(ScriptBuf, Amount)],
        pool: &[LeanCoin],
        choose: impl FnOnce(&[Candidate], &Target<'_>) -> Option<Selection>,
    ) -> Result<Option<Funding>, CommandError> {
        let (place, change_spk) = self.next_change(self.change_account(request, pool)?)?;
        let candidates = self.candidates(pool)?;
        let spks: Vec<_> = pay.iter().map(|(spk, _)| spk.as_script()).collect();
        let target = Target {
            outputs: &spks,
            paid: pay.iter().map(|(_, amount)| *amount).sum(),
            price: request.price,
            change: (&change_spk, self.spend_plan(place)?),
        };
        let Some(selection) = choose(&candidates, &target) else { return Ok(None) };
        let output = |(spk, value): &(ScriptBuf, Amount)| TxOut {
            value: *value,
            script_pubkey: spk.clone(),
        };
        let change = selection
            .change
            .map(|value| (place, TxOut { value, script_pubkey: change_spk.clone() }));
        let plans = selection.coins.iter().map(|&at| candidates[at].plan);
        let change_script = change.iter().map(|_| change_spk.as_script());
        Ok(Some(Funding {
            weight: fee::weight(plans, spks.iter().copied().chain(change_script)),
            spent: selection.coins.iter().map(|&at| pool[at]).collect(),
            outputs: pay.iter().map(output).collect(),
            change,
            fee: selection.fee,
        }))
    }

    /// Change goes to the account that pays; of several to the preferred one, else to that of the
    /// oldest coin.
    fn change_account(
        &self,
        request: &CheckedRequest,
        pool: &[LeanCoin],
    ) -> Result<AccountId, CommandError> {
        if let Some(name) = &request.account {
            return self.account_named(name).map(Account::id);
        }
        let preferred = self.description.preferred;
        let accounts = || pool.iter().map(|coin| coin.account);
        let paying = accounts().find(|id| *id == preferred).or_else(|| accounts().next());
        Ok(paying.unwrap_or(preferred))
    }

    /// What coins are to the choice.
    fn candidates(&self, coins: &[LeanCoin]) -> Result<Vec<Candidate>, StoreProblem> {
        let plans = self.plans(coins)?;
        let candidate = |(coin, plan): (&LeanCoin, _)| Candidate { amount: coin.amount, plan };
        Ok(coins.iter().zip(plans).map(candidate).collect())
    }

    /// The coins that hold more than they cost to spend.
    fn worth_spending(
        &self,
        request: &CheckedRequest,
        coins: Vec<LeanCoin>,
    ) -> Result<Vec<LeanCoin>, StoreProblem> {
        let candidates = self.candidates(&coins)?;
        let worth = |(coin, candidate)| {
            selection::is_worth_spending(&candidate, request.price.marginal()).then_some(coin)
        };
        Ok(coins.into_iter().zip(candidates).filter_map(worth).collect())
    }

    /// Everything that the coins hold, less the fee, to one recipient.
    fn sweep(
        &self,
        request: &CheckedRequest,
        spk: &ScriptBuf,
        coins: Vec<LeanCoin>,
    ) -> Result<Funding, CommandError> {
        let weight = fee::weight(self.plans(&coins)?, [spk.as_script()]);
        let fee = request.price.fee(weight);
        let available = coins.iter().map(|coin| coin.amount).sum::<Amount>();
        let least = spk.minimal_non_dust();
        match available.checked_sub(fee).filter(|rest| *rest >= least) {
            Some(value) => {
                let outputs = vec![TxOut { value, script_pubkey: spk.clone() }];
                Ok(Funding { spent: coins, weight, outputs, change: None, fee })
            }
            None => Err(CommandError::InsufficientFunds { needed: fee + least, available }),
        }
    }

    /// What all of these coins together lack.
    fn insufficient(
        &self,
        request: &CheckedRequest,
        pay: &[(ScriptBuf, Amount)],
        coins: &[LeanCoin],
    ) -> CommandError {
        let plans = match self.plans(coins) {
            Ok(plans) => plans,
            Err(problem) => return problem.into(),
        };
        let spks = pay.iter().map(|(spk, _)| spk.as_script());
        let fee = request.price.fee(fee::weight(plans, spks));
        let paid: Amount = pay.iter().map(|(_, amount)| *amount).sum();
        let available = coins.iter().map(|coin| coin.amount).sum();
        CommandError::InsufficientFunds { needed: paid + fee, available }
    }

    /// The coins that a request names.
    fn named(
        &self,
        request: &CheckedRequest,
        moment: &DraftMoment,
    ) -> Result<Vec<LeanCoin>, CommandError> {
        let find = |coin: &OutPoint| {
            let output = self.file.own_output(*coin, moment.now)?;
            let output = output.filter(|output| output.live && output.spender.is_none());
            match output.ok_or(CommandError::NoSuchCoin(*coin))?.coin {
                row if row.frozen => Err(CommandError::CoinFrozen(*coin)),
                row if row.reserved => Err(CommandError::CoinReserved(*coin)),
                row if is_immature(&row, moment.tip) => Err(CommandError::CoinImmature(*coin)),
                _ if self.is_falling(coin.txid, moment.now)? => {
                    Err(CommandError::CoinReserved(*coin))
                }
                row => {
                    let plan = self.spend_plan(row.place)?;
                    if !plan.is_open(row.height, moment.tip) {
                        return Err(CommandError::CoinWaits(*coin));
                    }
                    Ok(LeanCoin::from(&row))
                }
            }
        };
        request.coins.iter().map(find).collect()
    }

    /// The coins that have one of these labels; each must be that of a coin.
    fn labelled(&self, labels: &[String]) -> Result<HashSet<OutPoint>, CommandError> {
        let mut labelled = HashSet::new();
        for label in labels {
            let coins = self.file.labelled_coins(label)?;
            if coins.is_empty() {
                return Err(CommandError::NoSuchLabel(label.clone()));
            }
            labelled.extend(coins);
        }
        Ok(labelled)
    }
}
