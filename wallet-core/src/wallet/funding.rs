//! Owns which coins a payment may spend, from which accounts they come, and what comes back where.
//!
//! Frozen, reserved and immature coins are never spent; of unconfirmed ones only own change is
//! chosen. One account pays unless none has enough.

use bitcoin::{Amount, ScriptBuf, TxOut, Weight};

use crate::command::CommandError;
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
    /// What others get.
    pub(super) outputs: Vec<TxOut>,
    /// What comes back, and where to.
    pub(super) change: Option<(ScriptPlace, TxOut)>,
    /// The fee.
    pub(super) fee: Amount,
}

impl Funding {
    /// What the signed transaction weighs at the most.
    pub(super) fn weight(&self) -> Weight {
        let types = self.spent.iter().map(|row| row.place.keychain.account.script_type);
        let change = self.change.iter().map(|(_, output)| output);
        let outputs = self.outputs.iter().chain(change);
        fee::weight(types, outputs.map(|output| output.script_pubkey.as_script()))
    }
}

impl Wallet {
    /// Chooses what a payment is made of.
    pub(super) fn fund(
        &self,
        request: &CheckedRequest,
        moment: &DraftMoment,
    ) -> Result<Funding, CommandError> {
        if let Some(id) = request.account {
            self.account(id)?;
        }
        let rows = self.file.coins(moment.now)?;
        if !request.coins.is_empty() {
            return self.fund_from(request, named(request, &rows, moment)?);
        }
        let free = |row: &CoinRow| {
            let known = row.height.is_some() || row.signed_here;
            let of_account = request.account.is_none_or(|id| row.place.keychain.account == id);
            known && of_account && !row.frozen && !row.reserved && !is_immature(row, moment.tip)
        };
        let rows: Vec<CoinRow> = rows.into_iter().filter(free).collect();
        match &request.pay {
            Pay::Max(_) => {
                let worth = |row: &CoinRow| {
                    selection::is_worth_spending(&candidate(row), request.price.marginal())
                };
                self.fund_from(request, rows.into_iter().filter(worth).collect())
            }
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
        let worth =
            |row: &CoinRow| selection::is_worth_spending(&candidate(row), request.price.marginal());
        Err(insufficient(request, pay, &rows.into_iter().filter(worth).collect::<Vec<_>>()))
    }

    /// Where to look for money, in this order: each account, the preferred one first; all
    /// together. Each time coins in blocks first, then with unconfirmed change.
    fn pools(&self, rows: &[CoinRow]) -> Result<Vec<Vec<CoinRow>>, CommandError> {
        let preferred = self.preferred_account()?;
        let others = self.accounts.iter().rev().map(Account::id).filter(|id| *id != preferred);
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
            Pay::Max(spk) => sweep(request, spk, rows),
            Pay::Exactly(pay) => {
                let all = |candidates: &[Candidate], target: &Target<'_>| {
                    selection::finish(candidates, target, (0..candidates.len()).collect())
                };
                let funding = self.with_target(request, pay, &rows, all)?;
                funding.ok_or_else(|| insufficient(request, pay, &rows))
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
        let candidates: Vec<Candidate> = pool.iter().map(candidate).collect();
        let spks: Vec<_> = pay.iter().map(|(spk, _)| spk.as_script()).collect();
        let target = Target {
            outputs: &spks,
            paid: pay.iter().map(|(_, amount)| *amount).sum(),
            price: request.price,
            change: (&change_spk, account.script_type),
        };
        let Some(selection) = choose(&candidates, &target) else { return Ok(None) };
        let output = |(spk, value): &(ScriptBuf, Amount)| TxOut {
            value: *value,
            script_pubkey: spk.clone(),
        };
        let change = selection
            .change
            .map(|value| (place, TxOut { value, script_pubkey: change_spk.clone() }));
        Ok(Some(Funding {
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
        let preferred = self.preferred_account()?;
        let accounts = || pool.iter().map(|row| row.place.keychain.account);
        let paying = accounts().find(|id| *id == preferred).or_else(|| accounts().next());
        Ok(request.account.or(paying).unwrap_or(preferred))
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

/// Everything that the coins hold, less the fee, to one recipient.
fn sweep(
    request: &CheckedRequest,
    spk: &ScriptBuf,
    rows: Vec<CoinRow>,
) -> Result<Funding, CommandError> {
    let types = rows.iter().map(|row| row.place.keychain.account.script_type);
    let fee = request.price.fee(fee::weight(types, [spk.as_script()]));
    let available = rows.iter().map(|row| row.amount).sum::<Amount>();
    let least = spk.minimal_non_dust();
    match available.checked_sub(fee).filter(|rest| *rest >= least) {
        Some(value) => {
            let outputs = vec![TxOut { value, script_pubkey: spk.clone() }];
            Ok(Funding { spent: rows, outputs, change: None, fee })
        }
        None => Err(CommandError::InsufficientFunds { needed: fee + least, available }),
    }
}

/// What all of these coins together lack.
fn insufficient(
    request: &CheckedRequest,
    pay: &[(ScriptBuf, Amount)],
    rows: &[CoinRow],
) -> CommandError {
    let types = rows.iter().map(|row| row.place.keychain.account.script_type);
    let spks = pay.iter().map(|(spk, _)| spk.as_script());
    let fee = request.price.fee(fee::weight(types, spks));
    let paid: Amount = pay.iter().map(|(_, amount)| *amount).sum();
    let available = rows.iter().map(|row| row.amount).sum();
    CommandError::InsufficientFunds { needed: paid + fee, available }
}

fn candidate(row: &CoinRow) -> Candidate {
    Candidate { amount: row.amount, script_type: row.place.keychain.account.script_type }
}
