//! Owns the sums over unspent outputs, and what else is read of them by itself.
//!
//! Refuses to add up coins: the sums are kept as the coins change, by the triggers of the schema.

use std::collections::HashSet;

use bitcoin::{Amount, OutPoint, Script, Txid};
use rusqlite::params;

use crate::command::{Receipt, StoreProblem};
use crate::keychain::{AccountId, SpendPlan};
use crate::light_client::height::Height;

use super::column::Column;
use super::{CoinRow, WalletFile};

/// What choosing a coin takes, and no more: there may be many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeanCoin {
    /// Which output.
    pub outpoint: OutPoint,
    /// How much.
    pub amount: Amount,
    /// Its account.
    pub account: AccountId,
    /// Its block, if it has one.
    pub height: Option<Height>,
    /// How it is spent, if not as its account says.
    pub plan: Option<SpendPlan>,
}

impl From<&CoinRow> for LeanCoin {
    fn from(row: &CoinRow) -> Self {
        Self {
            outpoint: row.outpoint,
            amount: row.amount,
            account: row.place.keychain.account,
            height: row.height,
            plan: None,
        }
    }
}

/// What an account holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoinSums {
    /// Which account.
    pub account: AccountId,
    /// In blocks, not frozen, immature ones included.
    pub confirmed: Amount,
    /// Not in blocks, not frozen.
    pub pending: Amount,
    /// Frozen.
    pub frozen: Amount,
    /// Of `confirmed`: from coinbases that are not mature.
    pub immature: Amount,
    /// Whether it ever had a coin.
    pub used: bool,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// The unspent outputs that a label is told of.
    pub fn labelled_coins(&self, label: &str) -> Result<Vec<OutPoint>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(&format!(
                "SELECT txid, vout FROM ({LABELLED}) WHERE live = 1 AND spender IS NULL"
            ))?
            .query_map([label], |row| {
                Ok(OutPoint::new(row.get::<_, Column<Txid>>(0)?.0, row.get(1)?))
            })?
            .collect()
        })
    }

    /// The transactions that spent coins that a label is told of.
    pub fn spenders_of_labelled(&self, label: &str) -> Result<HashSet<Txid>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(&format!(
                "SELECT spender FROM ({LABELLED}) WHERE spender IS NOT NULL"
            ))?
            .query_map([label], |row| row.get::<_, Column<Txid>>(0).map(|txid| txid.0))?
            .collect()
        })
    }

    /// Whether coins at scripts that were spent from are left alone.
    pub fn avoids_reuse(&self) -> Result<bool, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT avoids_reuse FROM description")?
                .query_row([], |row| row.get(0))
        })
    }

    /// Notes whether they are.
    pub fn set_avoids_reuse(&mut self, avoids: bool) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.execute("UPDATE description SET avoids_reuse = ?1", [avoids]).map(drop)
        })
    }

    /// What unspent coinbases above `youngest_mature` hold.
    pub fn immature(&self, youngest_mature: Option<Height>) -> Result<Amount, StoreProblem> {
        let youngest = youngest_mature.map_or(-1, |height| i64::from(height.to_u32()));
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT ifnull(sum(amount), 0) FROM outputs
                 WHERE live = 1 AND spender IS NULL AND coinbase = 1 AND height > ?1",
            )?
            .query_row([youngest], |row| row.get::<_, Column<Amount>>(0).map(|amount| amount.0))
        })
    }

    /// What the other unspent outputs in blocks above a height hold; `None`: in any block.
    pub fn mature_above(
        &self,
        height: Option<Height>,
        youngest_mature: Option<Height>,
    ) -> Result<Amount, StoreProblem> {
        let number = |height: Option<Height>| height.map_or(-1, |at| i64::from(at.to_u32()));
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT ifnull(sum(amount), 0) FROM outputs INDEXED BY unspent_by_height
                 WHERE live = 1 AND spender IS NULL AND height > ?1
                   AND (coinbase = 0 OR height <= ?2)",
            )?
            .query_row([number(height), number(youngest_mature)], |row| {
                row.get::<_, Column<Amount>>(0).map(|amount| amount.0)
            })
        })
    }

    /// What a script was paid by transactions that count; nothing if it is not the wallet's.
    pub fn receipts(&self, script: &Script) -> Result<Vec<Receipt>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT o.txid, o.amount, o.height, o.coinbase
                 FROM scripts s JOIN outputs o USING (keychain, derivation)
                 WHERE s.spk = ?1 AND o.live = 1
                 ORDER BY o.height NULLS LAST, o.txid, o.vout",
            )?
            .query_map([script.as_bytes()], |row| {
                let height: Option<Column<Height>> = row.get(2)?;
                Ok(Receipt {
                    script: script.to_owned(),
                    txid: row.get::<_, Column<Txid>>(0)?.0,
                    amount: row.get::<_, Column<Amount>>(1)?.0,
                    height: height.map(|height| height.0),
                    coinbase: row.get(3)?,
                })
            })?
            .collect()
        })
    }

    /// The sum of what a script was paid in blocks up to `highest`, of coinbases up to another; `None`: what is
    /// in no block counts, too.
    pub fn receipts_sum(
        &self,
        script: &Script,
        highest: Option<Height>,
        highest_coinbase: Height,
    ) -> Result<Amount, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT ifnull(sum(o.amount), 0)
                 FROM scripts s JOIN outputs o USING (keychain, derivation)
                 WHERE s.spk = ?1 AND o.live = 1 AND (?2 IS NULL OR o.height <= ?2)
                   AND (o.coinbase = 0 OR o.height <= ?3)",
            )?
            .query_row(
                params![script.as_bytes(), highest.map(Column), Column(highest_coinbase)],
                |row| row.get::<_, Column<Amount>>(0).map(|amount| amount.0),
            )
        })
    }

    /// What each account holds. Coinbases above `youngest_mature` are immature.
    pub fn coin_sums(
        &self,
        youngest_mature: Option<Height>,
    ) -> Result<Vec<CoinSums>, StoreProblem> {
        let youngest = youngest_mature.map_or(-1, |height| i64::from(height.to_u32()));
        let mut sums = self.read(|sql| {
            sql.prepare_cached(
                "SELECT account, confirmed, pending, frozen,
                        (SELECT ifnull(sum(amount), 0) FROM outputs
                         WHERE live = 1 AND spender IS NULL AND coinbase = 1 AND frozen = 0
                           AND height > ?1 AND keychain / 2 = account),
                        EXISTS (SELECT 1 FROM outputs
                                WHERE keychain IN (2 * account, 2 * account + 1))
                 FROM balances",
            )?
            .query_map([youngest], |row| {
                let amount = |column| row.get::<_, Column<Amount>>(column).map(|amount| amount.0);
                Ok(CoinSums {
                    account: row.get::<_, Column<AccountId>>(0)?.0,
                    confirmed: amount(1)?,
                    pending: amount(2)?,
                    frozen: amount(3)?,
                    immature: amount(4)?,
                    used: row.get(5)?,
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        sums.sort_by_key(|sum| sum.account);
        Ok(sums)
    }
}

/// Outputs of the wallet that label `?1` is told of, as the coins' own query finds it, begun from the label: a
/// label of an output goes before that of its address, and that before one of its transaction.
const LABELLED: &str = "SELECT o.txid, o.vout, o.live, o.spender FROM labels l
    JOIN outputs o ON o.txid = l.subject AND o.vout = l.place
    WHERE l.label = ?1 AND l.kind = 'output'
    UNION ALL
    SELECT o.txid, o.vout, o.live, o.spender FROM labels l
    JOIN scripts s ON s.spk = l.subject
    JOIN outputs o ON o.keychain = s.keychain AND o.derivation = s.derivation
    WHERE l.label = ?1 AND l.kind = 'addr'
      AND NOT EXISTS (SELECT 1 FROM labels nearer WHERE nearer.kind = 'output'
                      AND nearer.subject = o.txid AND nearer.place = o.vout
                      AND nearer.label IS NOT NULL)
    UNION ALL
    SELECT o.txid, o.vout, o.live, o.spender FROM labels l
    JOIN transactions t ON t.txid = l.subject AND t.signed_here = 0
    JOIN outputs o ON o.txid = l.subject AND o.keychain % 2 = 0
    JOIN scripts s ON s.keychain = o.keychain AND s.derivation = o.derivation
    WHERE l.label = ?1 AND l.kind = 'tx'
      AND NOT EXISTS (SELECT 1 FROM labels nearer WHERE nearer.kind = 'output'
                      AND nearer.subject = o.txid AND nearer.place = o.vout
                      AND nearer.label IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM labels nearer WHERE nearer.kind = 'addr'
                      AND nearer.subject = s.spk AND nearer.place = -1
                      AND nearer.label IS NOT NULL)";
