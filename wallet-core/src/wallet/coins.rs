//! Owns what the wallet tells of its coins, its balance and its history.
//!
//! Refuses to compute what the tables hold: it reads them and names what it finds.

use bitcoin::constants::COINBASE_MATURITY;
use bitcoin::{Address, OutPoint, Script};

use crate::command::{
    Balance, BalanceParts, Coin, CommandError, HistoryRow, PaymentState, StoreProblem,
};
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;
use crate::store::wallet::{CoinRow, HistoryEntry};

use super::Wallet;

impl Wallet {
    /// What there is to spend, with the chain at `tip`.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn balance(&self, tip: Height) -> Result<Balance, StoreProblem> {
        let sums = self.file.coin_sums(youngest_mature(tip))?;
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
        Ok(balance)
    }

    /// All unspent outputs, with the chain at `tip`; the oldest first.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn coins(&self, tip: Height, now: WallTime) -> Result<Vec<Coin>, StoreProblem> {
        self.file.coins(now)?.into_iter().map(|row| self.coin(tip, row)).collect()
    }

    /// All transactions, newest first.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn history(&self) -> Result<Vec<HistoryRow>, StoreProblem> {
        Ok(self.file.history()?.into_iter().map(history_row).collect())
    }

    /// Freezes coins, or gives them free: all of them, or none if one is no coin.
    ///
    /// # Errors
    /// [`CommandError::NoSuchCoin`], or what the disk refused.
    pub fn set_frozen(&mut self, coins: &[OutPoint], frozen: bool) -> Result<(), CommandError> {
        for coin in coins {
            if !self.file.is_coin(*coin)? {
                return Err(CommandError::NoSuchCoin(*coin));
            }
        }
        Ok(coins.iter().try_for_each(|coin| self.file.set_frozen(*coin, frozen))?)
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
            note: row.note,
        })
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
fn youngest_mature(tip: Height) -> Option<Height> {
    tip.next().to_u32().checked_sub(COINBASE_MATURITY).map(Height::new)
}

fn history_row(entry: HistoryEntry) -> HistoryRow {
    let state = match entry.block {
        Some(block) => PaymentState::Confirmed(block),
        None if !entry.canonical && !entry.standing => PaymentState::Evicted,
        None if !entry.canonical => PaymentState::Replaced,
        None if !entry.signed_here => PaymentState::Pending,
        None if entry.announced => PaymentState::Announced,
        None => PaymentState::Signed,
    };
    HistoryRow {
        txid: entry.txid,
        net: entry.net,
        fee: entry.fee,
        state,
        replaces: entry.replaces,
        replaced_by: entry.replaced_by,
        seen_by: entry.seen_by,
        time: entry.time.to_unix(),
        note: entry.note,
    }
}
