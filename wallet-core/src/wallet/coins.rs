//! Owns what the wallet tells of its coins and its balance.
//!
//! Refuses to compute what the tables hold: it reads them and names what it finds.

use bitcoin::constants::COINBASE_MATURITY;
use bitcoin::{Address, Script};

use crate::command::{Balance, BalanceParts, Coin, Mark, StoreProblem};
use crate::keychain::Branch;
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;
use crate::store::wallet::CoinRow;

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
            marks: self.coin_marks(&row),
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
