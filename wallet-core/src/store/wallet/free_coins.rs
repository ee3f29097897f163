//! Owns the reads of coins that can be chosen: all of them, or the few that a choice looks at first.
//!
//! Refuses to decide on coins in no block: whose they are takes what they stand on.

use std::collections::HashMap;

use bitcoin::{Amount, OutPoint, Txid};
use rusqlite::{Row, params};

use crate::command::StoreProblem;
use crate::keychain::{DerivationIndex, KeychainId};
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;

use super::column::Column;
use super::{LeanCoin, ScriptPlace, WalletFile};

/// Which coins in blocks can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreeCoins {
    /// Of which chain of addresses.
    pub keychain: KeychainId,
    /// From this height on.
    pub least_height: u32,
    /// Up to this height.
    pub most_height: u32,
    /// The highest coinbase that may be spent.
    pub youngest_mature: Option<Height>,
    /// When reservations have to hold.
    pub now: WallTime,
    /// Those at scripts that were spent from, too.
    pub spent_from: bool,
}

/// Which coins can be chosen beside those that can be in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreeKinds {
    /// Those of strangers' transactions that no block holds.
    pub strangers: bool,
    /// Those at scripts that were spent from.
    pub spent_from: bool,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// The coins that can be chosen at `now`: neither frozen nor reserved, in blocks or signed for
    /// here, or `strangers`' too, and no coinbase above `youngest_mature`. The oldest first.
    pub fn free_coins(
        &self,
        of: FreeKinds,
        youngest_mature: Option<Height>,
        now: WallTime,
    ) -> Result<Vec<LeanCoin>, StoreProblem> {
        let clean = clean(of.spent_from);
        let condition =
            format!("outputs o WHERE {FREE} {clean} AND (height IS NOT NULL OR {SIGNED_HERE})");
        self.by_age(&condition, youngest_mature, of.strangers, now)
    }

    /// Those of them in no block.
    pub fn free_pending_coins(
        &self,
        of: FreeKinds,
        now: WallTime,
    ) -> Result<Vec<LeanCoin>, StoreProblem> {
        let clean = clean(of.spent_from);
        let condition = format!(
            "outputs o INDEXED BY unspent_by_height
             WHERE {FREE} {clean} AND height IS NULL AND {SIGNED_HERE}"
        );
        self.by_age(&condition, None, of.strangers, now)
    }

    /// What the coins in blocks hold that could be chosen at `now`, but are reserved or of another kind.
    pub fn held_in_blocks(
        &self,
        of: FreeKinds,
        youngest_mature: Option<Height>,
        now: WallTime,
    ) -> Result<Amount, StoreProblem> {
        self.read(|sql| {
            // A cross join begins with its left side: with the few that are held.
            sql.prepare_cached(
                "WITH held AS (
                     SELECT r.txid, r.vout FROM reservations r JOIN drafts d ON d.id = r.draft
                     WHERE ifnull(d.expires > ?2, 1)
                     UNION
                     SELECT txid, vout FROM outputs INDEXED BY coins_spent_from
                     WHERE ?3 = 0 AND live = 1 AND spender IS NULL AND spent_from = 1)
                 SELECT ifnull(sum(amount), 0) FROM held CROSS JOIN outputs USING (txid, vout)
                 WHERE live = 1 AND spender IS NULL AND frozen = 0 AND height IS NOT NULL
                   AND (coinbase = 0 OR height <= ?1)",
            )?
            .query_row(params![number(youngest_mature), Column(now), of.spent_from], |row| {
                row.get::<_, Column<Amount>>(0).map(|amount| amount.0)
            })
        })
    }

    /// At which scripts these coins are.
    pub fn places_of(
        &self,
        coins: &[LeanCoin],
    ) -> Result<HashMap<OutPoint, ScriptPlace>, StoreProblem> {
        self.read(|sql| {
            let mut place = sql.prepare_cached(
                "SELECT keychain, derivation FROM outputs WHERE txid = ?1 AND vout = ?2",
            )?;
            let mut placed = |coin: &LeanCoin| {
                let OutPoint { txid, vout } = coin.outpoint;
                place.query_row(params![Column(txid), vout], |row| {
                    let keychain = row.get::<_, Column<KeychainId>>(0)?.0;
                    let index = row.get::<_, Column<DerivationIndex>>(1)?.0;
                    Ok((coin.outpoint, ScriptPlace { keychain, index }))
                })
            };
            coins.iter().map(&mut placed).collect()
        })
    }

    fn by_age(
        &self,
        condition: &str,
        youngest_mature: Option<Height>,
        strangers: bool,
        now: WallTime,
    ) -> Result<Vec<LeanCoin>, StoreProblem> {
        let mut coins = self.read(|sql| {
            sql.prepare_cached(&format!("SELECT {COLUMNS} FROM {condition}"))?
                .query_map(params![number(youngest_mature), Column(now), strangers], lean_coin)?
                .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        coins.sort_unstable_by_key(LeanCoin::age);
        Ok(coins)
    }

    /// The largest coins of a chain, of equal ones the oldest, with `most` at the most; so many.
    pub fn largest_free_coins(
        &self,
        of: &FreeCoins,
        most: Amount,
        count: usize,
    ) -> Result<Vec<LeanCoin>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM outputs o INDEXED BY unspent
                 WHERE {FREE} {} AND keychain = ?3 AND height BETWEEN ?4 AND ?5 AND amount <= ?6
                 ORDER BY amount DESC, height, txid, vout LIMIT ?7",
                clean(of.spent_from)
            ))?
            .query_map(
                params![
                    number(of.youngest_mature),
                    Column(of.now),
                    Column(of.keychain),
                    of.least_height,
                    of.most_height,
                    Column(most.min(Amount::MAX_MONEY)),
                    i64::try_from(count).unwrap_or(i64::MAX),
                ],
                lean_coin,
            )?
            .collect()
        })
    }

    /// The smallest coin of a chain with `least` at the least, of equal ones the youngest.
    pub fn smallest_free_coin(
        &self,
        of: &FreeCoins,
        least: Amount,
    ) -> Result<Option<LeanCoin>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM outputs o INDEXED BY unspent
                 WHERE {FREE} {} AND keychain = ?3 AND height BETWEEN ?4 AND ?5 AND amount >= ?6
                 ORDER BY amount, height DESC, txid DESC, vout DESC LIMIT 1",
                clean(of.spent_from)
            ))?
            .query_map(
                params![
                    number(of.youngest_mature),
                    Column(of.now),
                    Column(of.keychain),
                    of.least_height,
                    of.most_height,
                    Column(least),
                ],
                lean_coin,
            )?
            .next()
            .transpose()
        })
    }
}

impl LeanCoin {
    /// By which the oldest comes first, and what is in no block last.
    #[must_use]
    pub fn age(&self) -> (bool, Option<Height>, OutPoint) {
        (self.height.is_none(), self.height, self.outpoint)
    }
}

const COLUMNS: &str = "txid, vout, amount, keychain, height";

/// Neither spent, frozen, reserved at `?2` nor a coinbase above `?1`.
const FREE: &str = "live = 1 AND spender IS NULL AND frozen = 0 AND (coinbase = 0 OR height <= ?1)
    AND NOT EXISTS (SELECT 1 FROM reservations r JOIN drafts d ON d.id = r.draft
                    WHERE r.txid = o.txid AND r.vout = o.vout AND ifnull(d.expires > ?2, 1))";

/// By this wallet, unless `?3` says that this does not matter.
const SIGNED_HERE: &str =
    "(?3 OR (SELECT signed_here FROM transactions t WHERE t.txid = o.txid) = 1)";

/// Whether coins at scripts that were spent from are left out.
const fn clean(spent_from: bool) -> &'static str {
    if spent_from { "" } else { "AND spent_from = 0" }
}

fn number(height: Option<Height>) -> i64 {
    height.map_or(-1, |height| i64::from(height.to_u32()))
}

fn lean_coin(row: &Row<'_>) -> rusqlite::Result<LeanCoin> {
    let height: Option<Column<Height>> = row.get(4)?;
    Ok(LeanCoin {
        outpoint: OutPoint::new(row.get::<_, Column<Txid>>(0)?.0, row.get(1)?),
        amount: row.get::<_, Column<Amount>>(2)?.0,
        account: row.get::<_, Column<KeychainId>>(3)?.0.account,
        height: height.map(|height| height.0),
        plan: None,
    })
}
