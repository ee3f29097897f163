//! Owns the choice of coins from a few of many: what the choice among all coins of an account would
//! look at first, read from an index by value, so that a payment takes as long from a million coins
//! as from a thousand.
//!
//! Refuses to choose otherwise than among all: where that could differ, it leaves it to them.

use std::collections::BTreeSet;

use bitcoin::Amount;

use crate::command::{CommandError, StoreProblem};
use crate::keychain::{Account, AccountId, Branch, KeychainId};
use crate::limits::SHORTLIST;
use crate::store::wallet::{FreeCoins, FreeKinds, LeanCoin};

use super::coins::youngest_mature;
use super::funding::{Funding, target};
use super::request::CheckedRequest;
use super::selection;
use super::{DraftMoment, Wallet};

impl Wallet {
    /// The same as the choice among all coins, if one of the accounts alone has enough in few of
    /// them; `None`: look at all.
    pub(super) fn fund_from_shortlist(
        &self,
        request: &CheckedRequest,
        paying: &[AccountId],
        moment: &DraftMoment,
    ) -> Result<Option<Funding>, CommandError> {
        let is_plain = request.coins.is_empty()
            && request.labels.is_empty()
            && !request.choice.whole_addresses;
        let is_open = |account: &Account| account.spend_plan().is_immediate();
        if !is_plain || request.pay.takes_all() || !self.accounts.iter().all(is_open) {
            return Ok(None);
        }
        // Of many payments that wait each is looked at, so not where coins in blocks are enough.
        let mut pending = None;
        for account in self.accounts_in_turn().filter(|id| paying.contains(id)) {
            let confirmed = self.shortlist(request, account, moment)?;
            let mut chosen = self.choose_of(request, confirmed.clone())?;
            if chosen.is_none() {
                let pending = match &mut pending {
                    Some(pending) => pending,
                    none => none.insert(self.pending(request, moment)?),
                };
                let of_account = pending.iter().filter(|coin| coin.account == account);
                let both: Vec<_> = confirmed.iter().chain(of_account).copied().collect();
                if both.len() > confirmed.len() {
                    chosen = self.choose_of(request, both)?;
                }
            }
            if chosen.is_some() {
                // Of more, not all of the largest were there to choose from.
                return Ok(chosen.filter(|chosen| chosen.spent.len() <= SHORTLIST));
            }
        }
        Ok(None)
    }

    fn choose_of(
        &self,
        request: &CheckedRequest,
        pool: Vec<LeanCoin>,
    ) -> Result<Option<Funding>, CommandError> {
        if pool.is_empty() { Ok(None) } else { self.choose_from(request, 0, pool, None) }
    }

    /// The coins in no block that can be chosen, the oldest first.
    fn pending(
        &self,
        request: &CheckedRequest,
        moment: &DraftMoment,
    ) -> Result<Vec<LeanCoin>, StoreProblem> {
        if request.choice.least_depth > 0 {
            return Ok(Vec::new());
        }
        let coins = self.file.free_pending_coins(self.kinds(request.choice)?, moment.now)?;
        self.lasting(coins, request.choice, request.crowded, moment.now)
    }

    /// Of the coins of an account in blocks: the largest, the largest of which no change may be
    /// needed, and the smallest that is enough alone. The oldest first.
    fn shortlist(
        &self,
        request: &CheckedRequest,
        account: AccountId,
        moment: &DraftMoment,
    ) -> Result<Vec<LeanCoin>, CommandError> {
        let back = self.change_of(request, std::iter::once(account))?;
        let scripts: Vec<_> = request.pay.scripts().collect();
        let target = target(request, &scripts, &back);
        let plan = self.account(account)?.spend_plan();
        let changeless = selection::most_changeless(&target, plan);
        let alone = selection::least_alone(&target, plan);
        let kinds = self.kinds(request.choice)?;
        let mut found = Vec::new();
        for branch in [Branch::Receive, Branch::Change] {
            let Some(of) = free(request, KeychainId { account, branch }, kinds, moment) else {
                continue;
            };
            for most in [Amount::MAX_MONEY, changeless] {
                found.extend(self.file.largest_free_coins(&of, most, SHORTLIST)?);
            }
            if let Some(least) = alone {
                found.extend(self.file.smallest_free_coin(&of, least)?);
            }
        }
        let mut seen = BTreeSet::new();
        found.retain(|coin| seen.insert(coin.outpoint));
        found.sort_unstable_by_key(LeanCoin::age);
        Ok(found)
    }
}

/// The coins of a chain that a request may take; none if it asks for more blocks than there are.
fn free(
    request: &CheckedRequest,
    keychain: KeychainId,
    kinds: FreeKinds,
    moment: &DraftMoment,
) -> Option<FreeCoins> {
    let (tip, choice) = (moment.tip.to_u32(), request.choice);
    let most_height = match choice.least_depth {
        // A rescan has found what is above it, too.
        0 | 1 => u32::MAX,
        least => tip.checked_sub(least - 1)?,
    };
    let above = choice.most_depth.unwrap_or(u32::MAX);
    Some(FreeCoins {
        keychain,
        least_height: (tip + 1).saturating_sub(above),
        most_height,
        youngest_mature: youngest_mature(moment.tip),
        now: moment.now,
        spent_from: kinds.spent_from,
    })
}
