//! Owns what the wallet tells of its coins and its balance.
//!
//! Refuses to compute what the tables hold: it reads them and names what it finds.

use bitcoin::constants::COINBASE_MATURITY;
use bitcoin::{Address, Amount, Script, ScriptBuf};

use crate::command::{
    Balance, BalanceParts, Coin, CoinChoice, CoinQuery, Holdings, Mark, Receipt, ReceivedQuery,
    StoreProblem,
};
use crate::keychain::Branch;
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;
use crate::store::wallet::{CoinRow, FreeKinds, PendingSums};

use super::Wallet;

impl Wallet {
    /// What there is to spend at `now`, with the chain at `tip`.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn balance(&self, tip: Height, now: WallTime) -> Result<Balance, StoreProblem> {
        let youngest = youngest_mature(tip);
        let sums = self.file.coin_sums(youngest)?;
        let ever_used = sums.iter().any(|sum| sum.used);
        let mut balance = Balance::default();
        for sum in sums.iter().filter(|sum| sum.used || !ever_used) {
            let parts = BalanceParts {
                confirmed: sum.confirmed - sum.immature,
                pending: sum.pending,
                immature: sum.immature,
                frozen: sum.frozen,
            };
            let total = &mut balance.total;
            total.confirmed += parts.confirmed;
            total.pending += parts.pending;
            total.immature += parts.immature;
            total.frozen += parts.frozen;
            balance.accounts.push((self.account(sum.account)?.name().clone(), parts));
        }
        let choice = CoinChoice::default();
        let kinds = self.kinds(choice)?;
        let pending =
            self.lasting(self.file.free_pending_coins(kinds, now)?, choice, false, now)?;
        let pending: Amount = pending.iter().map(|coin| coin.amount).sum();
        let held = self.file.held_in_blocks(kinds, youngest, now)?;
        balance.spendable = balance.total.confirmed - held + pending;
        Ok(balance)
    }

    /// Leaves coins of addresses that were spent from alone, or no longer.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn set_avoids_reuse(&mut self, avoids: bool) -> Result<(), StoreProblem> {
        self.file.set_avoids_reuse(avoids)
    }

    /// Which kinds of coins a choice may take.
    pub(super) fn kinds(&self, choice: CoinChoice) -> Result<FreeKinds, StoreProblem> {
        let spent_from = choice.spent_from || !self.file.avoids_reuse()?;
        Ok(FreeKinds { strangers: choice.strangers, spent_from })
    }

    /// Unspent outputs, with the chain at `tip`.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn coins(
        &self,
        query: &CoinQuery,
        tip: Height,
        now: WallTime,
    ) -> Result<Vec<Coin>, StoreProblem> {
        let rows = match query {
            CoinQuery::Page { from, limit } => self.file.coins(*from, *limit, now)?,
            CoinQuery::At(scripts) => self.file.coins_at(scripts, now)?,
            CoinQuery::These(outpoints) => self.file.these_coins(outpoints, now)?,
            CoinQuery::Frozen => self.file.frozen_coins(now)?,
        };
        rows.into_iter().map(|row| self.coin(tip, row)).collect()
    }

    /// What there is, with the chain at `tip`; of the coins in blocks those with at least so many.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn holdings(&self, tip: Height, least_depth: u32) -> Result<Holdings, StoreProblem> {
        let youngest = youngest_mature(tip);
        let sums = self.file.coin_sums(youngest)?;
        let PendingSums { trusted, untrusted, frozen } = self.file.pending_sums()?;
        let all: Amount = sums.iter().map(|sum| sum.confirmed + sum.frozen).sum();
        let immature = self.file.immature(youngest)?;
        let deepest = tip.to_u32().checked_sub(least_depth.max(1) - 1).map(Height::new);
        let young = self.file.mature_above(deepest, youngest)?;
        let avoids = self.file.avoids_reuse()?;
        let sums = || self.file.sums_spent_from(deepest, youngest);
        let spent_from = avoids.then(sums).transpose()?;
        Ok(Holdings {
            spent_from,
            confirmed: all - frozen - immature - young,
            immature,
            pending: trusted,
            untrusted,
            transactions: self.file.history_length()?,
        })
    }

    /// What scripts were paid, in their order.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn received(&self, scripts: &[ScriptBuf]) -> Result<Vec<Receipt>, StoreProblem> {
        let mut receipts = Vec::new();
        for script in scripts {
            receipts.extend(self.file.receipts(script)?);
        }
        Ok(receipts)
    }

    /// The sum of what scripts were paid.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn received_sum(&self, query: &ReceivedQuery) -> Result<Amount, StoreProblem> {
        let ReceivedQuery { scripts, highest, highest_coinbase } = query;
        scripts.iter().try_fold(Amount::ZERO, |sum, script| {
            Ok(sum + self.file.receipts_sum(script, *highest, *highest_coinbase)?)
        })
    }

    /// A coin as it is told.
    pub(super) fn coin(&self, tip: Height, row: CoinRow) -> Result<Coin, StoreProblem> {
        Ok(Coin {
            outpoint: row.outpoint,
            amount: row.amount,
            address: self.address_of(&row.spk)?,
            account: self.account(row.place.keychain.account)?.name().clone(),
            keychain: row.place.keychain,
            index: row.place.index,
            height: row.height,
            immature: is_immature(&row, tip),
            frozen: row.frozen,
            reserved: row.reserved,
            spent_from: row.spent_from,
            marks: self.coin_marks(&row),
            address_note: row.address_note,
            note: row.note,
        })
    }

    fn coin_marks(&self, row: &CoinRow) -> Vec<Mark> {
        let mut marks = Vec::new();
        if !row.signed_here
            && row.place.keychain.branch == Branch::Receive
            && row.amount < self.dust_limit()
        {
            marks.push(Mark::Dust);
        }
        if row.reused {
            marks.push(Mark::Reused);
        }
        marks
    }

    /// The address of a script that the wallet watches or pays.
    pub(super) fn address_of(&self, spk: &Script) -> Result<Address, StoreProblem> {
        Address::from_script(spk, self.description.network)
            .map_err(|_| self.file.damaged("a script in it has no address: put back a copy of it"))
    }
}

/// Whether a coin can't be in the next block, the one above `tip`, because its coinbase would be
/// less than 100 blocks below that (consensus).
pub(super) fn is_immature(row: &CoinRow, tip: Height) -> bool {
    row.coinbase && row.height.is_none_or(|height| Some(height) > youngest_mature(tip))
}

/// The highest coinbase that may be spent in the block above `tip`.
pub(super) fn youngest_mature(tip: Height) -> Option<Height> {
    tip.next().to_u32().checked_sub(COINBASE_MATURITY).map(Height::new)
}
