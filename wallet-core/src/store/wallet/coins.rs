//! Owns the reads of unspent outputs and of their sums.
//!
//! Refuses to add up coins: the sums are kept as the coins change, by the triggers of the schema.

use bitcoin::{Amount, OutPoint, ScriptBuf, Txid};
use rusqlite::{Row, params};

use crate::command::StoreProblem;
use crate::keychain::{AccountId, DerivationIndex, KeychainId};
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;

use super::column::Column;
use super::{ScriptPlace, WalletFile};

/// An unspent output.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent marks, one column each")]
pub struct CoinRow {
    /// Which output.
    pub outpoint: OutPoint,
    /// How much.
    pub amount: Amount,
    /// Its script.
    pub spk: ScriptBuf,
    /// Where its script comes from.
    pub place: ScriptPlace,
    /// Its block, if it has one.
    pub height: Option<Height>,
    /// Whether it comes from a coinbase.
    pub coinbase: bool,
    /// Whether its transaction was signed by this wallet.
    pub signed_here: bool,
    /// Whether the user froze it.
    pub frozen: bool,
    /// Whether a draft holds it.
    pub reserved: bool,
    /// The label of its address.
    pub note: Option<String>,
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
    /// The unspent outputs, with the reservations that hold at `now`; the oldest first.
    pub fn coins(&self, now: WallTime) -> Result<Vec<CoinRow>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT o.txid, o.vout, o.amount, s.spk, o.keychain, o.derivation, o.height,
                        o.coinbase, t.signed_here, o.frozen,
                        EXISTS (SELECT 1 FROM reservations r JOIN drafts d ON d.id = r.draft
                                WHERE r.txid = o.txid AND r.vout = o.vout
                                  AND ifnull(d.expires > ?1, 1)),
                        (SELECT note FROM addresses a
                         WHERE a.keychain = o.keychain AND a.derivation = o.derivation)
                 FROM outputs o
                 JOIN transactions t ON t.txid = o.txid
                 JOIN scripts s ON s.keychain = o.keychain AND s.derivation = o.derivation
                 WHERE o.live = 1 AND o.spender IS NULL
                 ORDER BY o.height NULLS LAST, t.position, o.txid, o.vout",
            )?
            .query_map([Column(now)], coin_row)?
            .collect()
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

    /// Freezes an output that pays the wallet, or gives it free.
    pub fn set_frozen(&mut self, coin: OutPoint, frozen: bool) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.execute(
                "UPDATE outputs SET frozen = ?3 WHERE txid = ?1 AND vout = ?2",
                params![Column(coin.txid), coin.vout, frozen],
            )
            .map(drop)
        })
    }
}

fn coin_row(row: &Row<'_>) -> rusqlite::Result<CoinRow> {
    let height: Option<Column<Height>> = row.get(6)?;
    Ok(CoinRow {
        outpoint: OutPoint::new(row.get::<_, Column<Txid>>(0)?.0, row.get(1)?),
        amount: row.get::<_, Column<Amount>>(2)?.0,
        spk: row.get::<_, Column<ScriptBuf>>(3)?.0,
        place: ScriptPlace {
            keychain: row.get::<_, Column<KeychainId>>(4)?.0,
            index: row.get::<_, Column<DerivationIndex>>(5)?.0,
        },
        height: height.map(|height| height.0),
        coinbase: row.get(7)?,
        signed_here: row.get(8)?,
        frozen: row.get(9)?,
        reserved: row.get(10)?,
        note: row.get(11)?,
    })
}
