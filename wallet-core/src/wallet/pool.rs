//! Owns which coins a payment may spend, and in which order they are looked through.
//!
//! Frozen, reserved and immature coins are never spent; of unconfirmed ones only own change is
//! chosen unless others are asked for, and only while nobody else can take it back. Of a large
//! wallet only what the choice takes is read of each coin.

use std::collections::{BTreeMap, HashSet};

use bitcoin::{OutPoint, Txid, Weight};

use crate::command::{CoinChoice, CommandError, StoreProblem};
use crate::keychain::{Account, AccountId, SpendPlan};
use crate::light_client::time::WallTime;
use crate::store::wallet::{LeanCoin, TransactionRow};

use super::coins::youngest_mature;
use super::request::RESTRICTED;
use super::{DraftMoment, Wallet};

impl Wallet {
    /// The accounts that may pay: the one that was named, else the preferred one and those that are
    /// signed for like that. What several people hold together, or nobody here, is spent on purpose.
    pub(super) fn paying_accounts(&self, named: Option<AccountId>) -> Vec<AccountId> {
        if let Some(named) = named {
            return vec![named];
        }
        let preferred = self.description.preferred;
        let signs = self.accounts.iter().any(|one| one.id() == preferred && one.signs());
        let alone =
            |one: &&Account| one.id() == preferred || one.has_one_signer() && one.signs() == signs;
        self.accounts.iter().filter(alone).map(Account::id).collect()
    }

    /// The coins that can be chosen, the oldest first; with `crowded` also those on which nodes keep
    /// nothing more.
    pub(super) fn free_coins(
        &self,
        choice: CoinChoice,
        crowded: bool,
        moment: &DraftMoment,
    ) -> Result<Vec<LeanCoin>, StoreProblem> {
        let youngest = youngest_mature(moment.tip);
        let mut coins = self.file.free_coins(self.kinds(choice)?, youngest, moment.now)?;
        let depths = choice.least_depth..=choice.most_depth.unwrap_or(u32::MAX);
        coins.retain(|coin| depths.contains(&coin.height.map_or(0, |at| moment.tip.above(at) + 1)));
        let pending = coins.split_off(coins.partition_point(|coin| coin.height.is_some()));
        coins.extend(self.lasting(pending, choice, crowded, moment.now)?);
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

    /// The coins in no block that nobody else can take back, unless that does not matter, that stand on
    /// nothing which the next block can't hold, that no draft is about to replace, and that a payment
    /// of version 2 may spend. Unless `crowded`, nodes keep what spends them.
    pub(super) fn lasting(
        &self,
        pending: Vec<LeanCoin>,
        choice: CoinChoice,
        crowded: bool,
        now: WallTime,
    ) -> Result<Vec<LeanCoin>, StoreProblem> {
        let mut known = BTreeMap::new();
        let mut coins = Vec::new();
        for coin in pending {
            let txid = coin.outpoint.txid;
            let stays = match known.get(&txid) {
                Some(stays) => *stays,
                None => {
                    self.is_solid(txid, choice.strangers)?
                        && !self.is_falling(txid, now)?
                        && !self.is_restricted(txid)?
                        && (crowded || self.has_room(txid, Weight::ZERO)?)
                }
            };
            known.insert(txid, stays);
            coins.extend(stays.then_some(coin));
        }
        Ok(coins)
    }

    /// Whether the next block can hold a transaction and all that it stands on, and, unless `strangers`,
    /// whether all of it was paid for with coins of this wallet alone and signed here: a stranger
    /// could replace what is theirs, and all that follows would fall.
    fn is_solid(&self, txid: Txid, strangers: bool) -> Result<bool, StoreProblem> {
        let line = self.ancestors([txid])?;
        let is_own = |row: &TransactionRow| row.signed_here && row.sums.fee.is_some();
        Ok(line.0.values().all(|row| !row.waits && (strangers || is_own(row))))
    }

    /// Whether nodes take only a child of version 3 of it as long as no block holds it (BIP431).
    pub(super) fn is_restricted(&self, txid: Txid) -> Result<bool, StoreProblem> {
        let row = self.file.transaction(txid)?;
        Ok(row.is_some_and(|row| row.transaction.version == RESTRICTED))
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
            if let Some(plan) = coin.plan {
                return Ok(plan);
            }
            if let Some((_, plan)) = known.iter().find(|(id, _)| *id == coin.account) {
                return Ok(*plan);
            }
            let plan = self.account(coin.account)?.spend_plan();
            known.push((coin.account, plan));
            Ok(plan)
        };
        coins.iter().map(plan).collect()
    }

    /// Where to look for money, in this order: each account, the preferred one first; all that one
    /// signer signs for together, since not everybody signs for the others. Each time coins in blocks first, then with unconfirmed change.
    pub(super) fn pools(&self, coins: &[LeanCoin]) -> impl Iterator<Item = Vec<LeanCoin>> {
        let of_one_signer: Vec<AccountId> = self
            .accounts
            .iter()
            .filter(|account| account.has_one_signer())
            .map(Account::id)
            .collect();
        let accounts = self.accounts_in_turn().map(Some).chain([None]);
        let pools = accounts.flat_map(move |account| {
            [false, true].map(|unconfirmed| {
                let of_account = |coin: &&LeanCoin| match account {
                    Some(id) => coin.account == id,
                    None => of_one_signer.contains(&coin.account),
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

    /// The accounts in the order in which they are asked for money: the preferred one first.
    pub(super) fn accounts_in_turn(&self) -> impl Iterator<Item = AccountId> {
        let preferred = self.description.preferred;
        let others = self.accounts.iter().map(Account::id).filter(move |id| *id != preferred);
        std::iter::once(preferred).chain(others)
    }

    /// The coins that have one of these labels; each must be that of a coin.
    pub(super) fn labelled(&self, labels: &[String]) -> Result<HashSet<OutPoint>, CommandError> {
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
