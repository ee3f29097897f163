//! Owns the reads of unspent outputs and of their sums.
//!
//! Refuses to add up coins: the sums are kept as the coins change, by the triggers of the schema.

use std::collections::HashSet;

use bitcoin::{Amount, OutPoint, Script, ScriptBuf, Txid};
use rusqlite::{OptionalExtension, Row, params};

use crate::command::{Receipt, StoreProblem};
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
    /// Its label, or that of its address, or that of the transaction that paid it from outside.
    pub note: Option<String>,
    /// Whether another transaction pays the same address.
    pub reused: bool,
}

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
}

/// An output of the wallet, spent or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnOutput {
    /// What it is as a coin.
    pub coin: CoinRow,
    /// Whether its transaction counts.
    pub live: bool,
    /// What spends it, of those that count.
    pub spender: Option<Txid>,
}

impl From<&CoinRow> for LeanCoin {
    fn from(row: &CoinRow) -> Self {
        Self {
            outpoint: row.outpoint,
            amount: row.amount,
            account: row.place.keychain.account,
            height: row.height,
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
    /// The unspent outputs, with the reservations that hold at `now`; the oldest first.
    pub fn coins(&self, now: WallTime) -> Result<Vec<CoinRow>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(&format!(
                "{COIN} WHERE o.live = 1 AND o.spender IS NULL
                 ORDER BY o.height NULLS LAST, t.position, o.txid, o.vout"
            ))?
            .query_map([Column(now)], coin_row)?
            .collect()
        })
    }

    /// One output of the wallet, reserved if a draft holds it at `now`.
    pub fn own_output(
        &self,
        outpoint: OutPoint,
        now: WallTime,
    ) -> Result<Option<OwnOutput>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(&format!("{COIN} WHERE o.txid = ?2 AND o.vout = ?3"))?
                .query_row(params![Column(now), Column(outpoint.txid), outpoint.vout], |row| {
                    let spender: Option<Column<Txid>> = row.get(14)?;
                    Ok(OwnOutput {
                        coin: coin_row(row)?,
                        live: row.get(13)?,
                        spender: spender.map(|spender| spender.0),
                    })
                })
                .optional()
        })
    }

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

    /// The unspent outputs that no block holds, and whether each is frozen.
    pub fn pending_coins(&self) -> Result<Vec<(OutPoint, Amount, bool)>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT txid, vout, amount, frozen FROM outputs INDEXED BY unspent_by_height
                 WHERE live = 1 AND spender IS NULL AND height IS NULL",
            )?
            .query_map([], |row| {
                let coin = OutPoint::new(row.get::<_, Column<Txid>>(0)?.0, row.get(1)?);
                Ok((coin, row.get::<_, Column<Amount>>(2)?.0, row.get(3)?))
            })?
            .collect()
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

/// Outputs of the wallet, with what is said of them, and reserved if a draft holds them at `?1`.
const COIN: &str = "SELECT o.txid, o.vout, o.amount, s.spk, o.keychain, o.derivation, o.height,
       o.coinbase, t.signed_here, o.frozen,
       EXISTS (SELECT 1 FROM reservations r JOIN drafts d ON d.id = r.draft
               WHERE r.txid = o.txid AND r.vout = o.vout AND ifnull(d.expires > ?1, 1)),
       coalesce(
           (SELECT label FROM labels l WHERE l.kind = 'output'
              AND l.subject = o.txid AND l.place = o.vout),
           (SELECT label FROM labels l WHERE l.kind = 'addr'
              AND l.subject = s.spk AND l.place = -1),
           (SELECT label FROM labels l WHERE l.kind = 'tx' AND o.keychain % 2 = 0
              AND l.subject = o.txid AND l.place = -1 AND t.signed_here = 0)),
       EXISTS (SELECT 1 FROM outputs other
               WHERE other.keychain = o.keychain AND other.derivation = o.derivation
                 AND other.txid <> o.txid AND other.live = 1),
       o.live, o.spender
    FROM outputs o
    JOIN transactions t ON t.txid = o.txid
    JOIN scripts s ON s.keychain = o.keychain AND s.derivation = o.derivation";

/// Outputs of the wallet that label `?1` is told of, as [`COIN`] finds it, begun from the label: a
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
        reused: row.get(12)?,
    })
}
