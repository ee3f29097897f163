//! Owns what a payment is made of: the coins of one account unless none has enough, what each
//! recipient gets, what comes back where.
//!
//! Refuses to know which coins may be spent: it gets only those.

use bitcoin::{Amount, Script, ScriptBuf, TxOut, Weight};

use crate::command::{CommandError, StoreProblem};
use crate::keychain::{Account, AccountId, Branch, KeychainId, SpendPlan};
use crate::store::wallet::{LeanCoin, ScriptPlace};

use super::fee::Price;
use super::request::CheckedRequest;
use super::selection::{self, Candidate, Selection, Target};
use super::whole::{self, Places};
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
    /// What comes back, and where to; without a place, to an address that the caller named.
    pub(super) change: Option<(Option<ScriptPlace>, TxOut)>,
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
        if self.accounts.is_empty() {
            return Err(CommandError::NoAccounts);
        }
        let account = request.account.as_ref().map(|name| self.account_named(name));
        let account = account.transpose()?.map(Account::id);
        let named = self.named(request, moment)?;
        if !named.is_empty() && !request.choice.beside {
            return self.fund_from(request, named);
        }
        let paying = self.paying_accounts(account);
        if let Some(funding) = self.fund_from_shortlist(request, &paying, moment)? {
            return Ok(funding);
        }
        self.fund_from_all(request, named, &paying, moment)
    }

    /// Chooses among all coins of these accounts.
    pub(super) fn fund_from_all(
        &self,
        request: &CheckedRequest,
        named: Vec<LeanCoin>,
        paying: &[AccountId],
        moment: &DraftMoment,
    ) -> Result<Funding, CommandError> {
        let mut coins = self.free_coins(request.choice, request.crowded, moment)?;
        coins.retain(|coin| {
            paying.contains(&coin.account) && !request.coins.contains(&coin.outpoint)
        });
        if !request.labels.is_empty() {
            let labelled = self.labelled(&request.labels)?;
            coins.retain(|coin| labelled.contains(&coin.outpoint));
        }
        if request.pay.takes_all() {
            if !request.choice.even_worthless {
                coins = self.worth_spending(request, coins)?;
            }
            return self.fund_from(request, named.into_iter().chain(coins).collect());
        }
        self.choose(request, named, coins)
    }

    /// Where the next change of an account goes.
    pub(super) fn next_change(
        &self,
        account: AccountId,
    ) -> Result<(ScriptPlace, ScriptBuf), CommandError> {
        let keychain = KeychainId { account: self.giving_change(account)?, branch: Branch::Change };
        let place = ScriptPlace { keychain, index: self.next_index(keychain)? };
        Ok((place, self.address(place)?.script_pubkey()))
    }

    /// Where the change of a payment out of coins of these accounts goes, and how it would be spent.
    pub(super) fn change_of(
        &self,
        request: &CheckedRequest,
        accounts: impl Iterator<Item = AccountId> + Clone,
    ) -> Result<Back, CommandError> {
        let account = self.change_account(request, accounts)?;
        let Some(address) = &request.layout.change_to else {
            let (place, spk) = self.next_change(account)?;
            return Ok(Back { plan: self.spend_plan(place)?, place: Some(place), spk });
        };
        let spk = address.script_pubkey();
        let place = self.scripts.get(&spk).copied();
        let plan = match place {
            Some(place) => self.spend_plan(place)?,
            None => self.account(account)?.spend_plan(),
        };
        Ok(Back { place, spk, plan })
    }

    /// Spends from the first of the pools that has enough, beside the coins that are named.
    fn choose(
        &self,
        request: &CheckedRequest,
        named: Vec<LeanCoin>,
        coins: Vec<LeanCoin>,
    ) -> Result<Funding, CommandError> {
        // One that costs more than it holds is left where it is: anybody can send such, and the others
        // of its address are not to stay behind for it, nor to pay for it.
        let whole = request.choice.whole_addresses;
        let coins = if whole { self.worth_spending(request, coins)? } else { coins };
        let places = || self.file.places_of(&coins).map(Places::new);
        let places = whole.then(places).transpose()?;
        let fixed = named.len();
        let alone = (fixed > 0).then(|| named.clone());
        let pools = self.pools(&coins).map(|pool| named.iter().copied().chain(pool).collect());
        for pool in alone.into_iter().chain(pools) {
            if let Some(funding) = self.choose_from(request, fixed, pool, places.as_ref())? {
                return Ok(funding);
            }
        }
        let coins = self.worth_spending(request, coins)?;
        Err(self.insufficient(request, &[named, coins].concat()))
    }

    /// Spends the first `fixed` of a pool, and as few of the others as are enough; with `places`, all
    /// coins of a script or none.
    pub(super) fn choose_from(
        &self,
        request: &CheckedRequest,
        fixed: usize,
        pool: Vec<LeanCoin>,
        places: Option<&Places>,
    ) -> Result<Option<Funding>, CommandError> {
        // Where recipients bear the fee, it does not tell which coins are worth their cost.
        let bears_fee = request.pay.bears_fee();
        let pool = if bears_fee { self.worth_beside(request, fixed, pool)? } else { pool };
        if let Some(places) = places {
            let sets = places.sets(&pool, fixed);
            return self.with_target(request, &pool, |candidates, target| {
                whole::select(candidates, fixed, &sets, target)
            });
        }
        self.with_target(request, &pool, |candidates, target| match fixed {
            0 => selection::select(candidates, target),
            _ => selection::select_beside(candidates, fixed, target),
        })
    }

    /// Spends all of these coins, no others.
    fn fund_from(
        &self,
        request: &CheckedRequest,
        coins: Vec<LeanCoin>,
    ) -> Result<Funding, CommandError> {
        if request.pay.takes_all() {
            return self.sweep(request, coins);
        }
        let funding = self.with_target(request, &coins, |candidates, target| {
            selection::finish(candidates, target, (0..candidates.len()).collect())
        })?;
        funding.ok_or_else(|| self.insufficient(request, &coins))
    }

    /// Runs a choice over a pool and makes its result concrete.
    fn with_target(
        &self,
        request: &CheckedRequest,
        pool: &[LeanCoin],
        choose: impl FnOnce(&[Candidate], &Target<'_>) -> Option<Selection>,
    ) -> Result<Option<Funding>, CommandError> {
        let CheckedRequest { pay, price, .. } = request;
        let back = self.change_of(request, pool.iter().map(|coin| coin.account))?;
        let candidates = self.candidates(pool)?;
        let spks: Vec<_> = pay.scripts().collect();
        let target = target(request, &spks, &back);
        let Some(selection) = choose(&candidates, &target) else { return Ok(None) };
        let change = selection
            .change
            .map(|value| (back.place, TxOut { value, script_pubkey: back.spk.clone() }));
        let plans = selection.coins.iter().map(|&at| candidates[at].plan);
        let change_script = change.iter().map(|_| back.spk.as_script());
        let weight = fee::weight(plans, spks.iter().copied().chain(change_script));
        // What the choice left over is part of the fee that recipients bear.
        let left = selection.fee;
        let fee = if pay.bears_fee() { price.fee(weight).max(left) } else { left };
        Ok(Some(Funding {
            weight,
            spent: selection.coins.iter().map(|&at| pool[at]).collect(),
            outputs: pay.less(fee - left)?,
            change,
            fee,
        }))
    }

    /// Change goes to the account that pays; of several to the preferred one, else to that of the
    /// oldest coin.
    fn change_account(
        &self,
        request: &CheckedRequest,
        mut accounts: impl Iterator<Item = AccountId> + Clone,
    ) -> Result<AccountId, CommandError> {
        if let Some(name) = request.layout.change_account.as_ref().or(request.account.as_ref()) {
            return self.account_named(name).map(Account::id);
        }
        let preferred = self.description.preferred;
        let paying = accounts.clone().find(|id| *id == preferred).or_else(|| accounts.next());
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

    /// The same of those behind the first ones.
    fn worth_beside(
        &self,
        request: &CheckedRequest,
        fixed: usize,
        mut coins: Vec<LeanCoin>,
    ) -> Result<Vec<LeanCoin>, StoreProblem> {
        let others = coins.split_off(fixed);
        coins.extend(self.worth_spending(request, others)?);
        Ok(coins)
    }

    /// Everything that the coins hold, less the fee and what is paid to others, to those who share
    /// the rest.
    fn sweep(
        &self,
        request: &CheckedRequest,
        coins: Vec<LeanCoin>,
    ) -> Result<Funding, CommandError> {
        let CheckedRequest { pay, price, .. } = request;
        let weight = fee::weight(self.plans(&coins)?, pay.scripts());
        let fee = price.fee(weight);
        let available = coins.iter().map(|coin| coin.amount).sum::<Amount>();
        let asked = pay.amount().checked_add(fee).unwrap_or(Amount::MAX);
        if let Some(outputs) = available.checked_sub(asked).and_then(|rest| pay.sharing(rest)) {
            return Ok(Funding { spent: coins, weight, outputs, change: None, fee });
        }
        let needed = asked.checked_add(pay.least_shared()).unwrap_or(Amount::MAX);
        Err(CommandError::InsufficientFunds { needed, available })
    }

    /// What all of these coins together lack.
    fn insufficient(&self, request: &CheckedRequest, coins: &[LeanCoin]) -> CommandError {
        let CheckedRequest { pay, price, .. } = request;
        let plans = match self.plans(coins) {
            Ok(plans) => plans,
            Err(problem) => return problem.into(),
        };
        let borne = pay.bears_fee();
        let fee = if borne { Amount::ZERO } else { price.fee(fee::weight(plans, pay.scripts())) };
        let available = coins.iter().map(|coin| coin.amount).sum();
        CommandError::InsufficientFunds { needed: pay.amount() + fee, available }
    }
}

/// What the coins of a payment have to do.
pub(super) fn target<'a>(
    request: &CheckedRequest,
    outputs: &'a [&'a Script],
    back: &'a Back,
) -> Target<'a> {
    let CheckedRequest { pay, price, .. } = request;
    Target {
        outputs,
        paid: pay.amount(),
        // A fee that recipients bear is not to be found in the coins.
        price: if pay.bears_fee() { Price::Total(Amount::ZERO) } else { *price },
        change: (&back.spk, back.plan),
    }
}

/// Where change goes.
pub(super) struct Back {
    /// `None`: to an address that is not the wallet's.
    place: Option<ScriptPlace>,
    spk: ScriptBuf,
    plan: SpendPlan,
}
