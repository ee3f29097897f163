//! Owns which coins a payment may spend, from which accounts they come, and what comes back where.
//!
//! Frozen, reserved and immature coins are never spent; of unconfirmed ones only own change is
//! chosen. One account pays unless none has enough.

use bitcoin::{Amount, ScriptBuf, TxOut, Weight};

use crate::command::{CommandError, StoreProblem};
use crate::keychain::{Account, AccountId, Branch, KeychainId};
use crate::store::wallet::{CoinRow, ScriptPlace};

use super::coins::is_immature;
use super::request::{CheckedRequest, Pay};
use super::selection::{self, Candidate, Selection, Target};
use super::{DraftMoment, Wallet, fee};

/// What a payment is made of.
#[derive(Debug, Clone)]
pub(super) struct Funding {
    /// The coins to spend.
    pub(super) spent: Vec<CoinRow>,
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
        let rows = self.file.coins(moment.now)?;
        if !request.coins.is_empty() {
            return self.fund_from(request, named(request, &rows, moment)?);
        }
        let free = |row: &CoinRow| {
            let known = row.height.is_some() || row.signed_here;
            let of_account = account.is_none_or(|id| row.place.keychain.account == id);
            known && of_account && !row.frozen && !row.reserved && !is_immature(row, moment.tip)
        };
        let rows: Vec<CoinRow> = rows.into_iter().filter(free).collect();
        match &request.pay {
            Pay::Max(_) => self.fund_from(request, self.worth_spending(request, rows)?),
            Pay::Exactly(pay) => self.choose(request, pay, rows),
        }
    }

    /// Spends from the first of the pools that has enough.
    fn choose(
        &self,
        request: &CheckedRequest,
        pay: &[(ScriptBuf, Amount)],
        rows: Vec<CoinRow>,
    ) -> Result<Funding, CommandError> {
        for pool in self.pools(&rows)? {
            let chosen = self.with_target(request, pay, &pool, |candidates, target| {
                selection::select(candidates, target)
            })?;
            if let Some(funding) = chosen {
                return Ok(funding);
            }
        }
        Err(self.insufficient(request, pay, &self.worth_spending(request, rows)?))
    }

    /// Where to look for money, in this order: each account, the preferred one first; all
    /// together. Each time coins in blocks first, then with unconfirmed change.
    fn pools(&self, rows: &[CoinRow]) -> Result<Vec<Vec<CoinRow>>, CommandError> {
        let preferred = self.description.preferred;
        let others = self.accounts.iter().map(Account::id).filter(|id| *id != preferred);
        let accounts: Vec<Option<AccountId>> =
            std::iter::once(preferred).chain(others).map(Some).chain([None]).collect();
        let mut pools = Vec::new();
        for account in accounts {
            for unconfirmed in [false, true] {
                let of_pool = |row: &&CoinRow| {
                    account.is_none_or(|id| row.place.keychain.account == id)
                        && (unconfirmed || row.height.is_some())
                };
                let pool: Vec<CoinRow> = rows.iter().filter(of_pool).cloned().collect();
                if !pool.is_empty() {
                    pools.push(pool);
                }
            }
        }
        Ok(pools)
    }

    /// Spends all of these coins, no others.
    fn fund_from(
        &self,
        request: &CheckedRequest,
        rows: Vec<CoinRow>,
    ) -> Result<Funding, CommandError> {
        match &request.pay {
            Pay::Max(spk) => self.sweep(request, spk, rows),
            Pay::Exactly(pay) => {
                let all = |candidates: &[Candidate], target: &Target<'_>| {
                    selection::finish(candidates, target, (0..candidates.len()).collect())
                };
                let funding = self.with_target(request, pay, &rows, all)?;
                funding.ok_or_else(|| self.insufficient(request, pay, &rows))
            }
        }
    }

    /// Runs a choice over a pool and makes its result concrete.
    fn with_target(
        &self,
        request: &CheckedRequest,
        pay: &[(ScriptBuf, Amount)],
        pool: &[CoinRow],
        choose: impl FnOnce(&[Candidate], &Target<'_>) -> Option<Selection>,
    ) -> Result<Option<Funding>, CommandError> {
        let account = self.change_account(request, pool)?;
        let keychain = KeychainId { account, branch: Branch::Change };
        let place = ScriptPlace { keychain, index: self.next_index(keychain)? };
        let change_spk = self.address(place)?.script_pubkey();
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
            spent: selection.coins.iter().map(|&at| pool[at].clone()).collect(),
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
        pool: &[CoinRow],
    ) -> Result<AccountId, CommandError> {
        if let Some(name) = &request.account {
            return self.account_named(name).map(Account::id);
        }
        let preferred = self.description.preferred;
        let accounts = || pool.iter().map(|row| row.place.keychain.account);
        let paying = accounts().find(|id| *id == preferred).or_else(|| accounts().next());
        Ok(paying.unwrap_or(preferred))
    }

    /// What coins are to the choice.
    fn candidates(&self, rows: &[CoinRow]) -> Result<Vec<Candidate>, StoreProblem> {
        let candidate = |row: &CoinRow| {
            self.spend_plan(row.place).map(|plan| Candidate { amount: row.amount, plan })
        };
        rows.iter().map(candidate).collect()
    }

    /// The coins that hold more than they cost to spend.
    fn worth_spending(
        &self,
        request: &CheckedRequest,
        rows: Vec<CoinRow>,
    ) -> Result<Vec<CoinRow>, StoreProblem> {
        let candidates = self.candidates(&rows)?;
        let worth = |(row, candidate)| {
            selection::is_worth_spending(&candidate, request.price.marginal()).then_some(row)
        };
        Ok(rows.into_iter().zip(candidates).filter_map(worth).collect())
    }

    /// Everything that the coins hold, less the fee, to one recipient.
    fn sweep(
        &self,
        request: &CheckedRequest,
        spk: &ScriptBuf,
        rows: Vec<CoinRow>,
    ) -> Result<Funding, CommandError> {
        let plans = self.candidates(&rows)?.into_iter().map(|candidate| candidate.plan);
        let weight = fee::weight(plans, [spk.as_script()]);
        let fee = request.price.fee(weight);
        let available = rows.iter().map(|row| row.amount).sum::<Amount>();
        let least = spk.minimal_non_dust();
        match available.checked_sub(fee).filter(|rest| *rest >= least) {
            Some(value) => {
                let outputs = vec![TxOut { value, script_pubkey: spk.clone() }];
                Ok(Funding { spent: rows, weight, outputs, change: None, fee })
            }
            None => Err(CommandError::InsufficientFunds { needed: fee + least, available }),
        }
    }

    /// What all of these coins together lack.
    fn insufficient(
        &self,
        request: &CheckedRequest,
        pay: &[(ScriptBuf, Amount)],
        rows: &[CoinRow],
    ) -> CommandError {
        let candidates = match self.candidates(rows) {
            Ok(candidates) => candidates,
            Err(problem) => return problem.into(),
        };
        let plans = candidates.into_iter().map(|candidate| candidate.plan);
        let spks = pay.iter().map(|(spk, _)| spk.as_script());
        let fee = request.price.fee(fee::weight(plans, spks));
        let paid: Amount = pay.iter().map(|(_, amount)| *amount).sum();
        let available = rows.iter().map(|row| row.amount).sum();
        CommandError::InsufficientFunds { needed: paid + fee, available }
    }
}

/// The coins that a request names.
fn named(
    request: &CheckedRequest,
    rows: &[CoinRow],
    moment: &DraftMoment,
) -> Result<Vec<CoinRow>, CommandError> {
    let find = |coin: &bitcoin::OutPoint| {
        let row = rows.iter().find(|row| row.outpoint == *coin);
        let row = row.ok_or(CommandError::NoSuchCoin(*coin))?;
        match row {
            row if row.frozen => Err(CommandError::CoinFrozen(*coin)),
            row if row.reserved => Err(CommandError::CoinReserved(*coin)),
            row if is_immature(row, moment.tip) => Err(CommandError::CoinImmature(*coin)),
            row => Ok(row.clone()),
        }
    };
    request.coins.iter().map(find).collect()
}
