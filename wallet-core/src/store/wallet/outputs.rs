//! Owns the table of outputs that pay the wallet: whether they live, and what spends them.
//!
//! Refuses to choose between conflicting transactions: it writes down what the wallet view says.
//! The balances follow by the triggers of the schema.

use bitcoin::{Amount, OutPoint, Transaction, Txid};
use rusqlite::{Connection, OptionalExtension, params};

use crate::command::StoreProblem;
use crate::light_client::height::Height;

use super::column::Column;
use super::{ScriptPlace, WalletFile};

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Adds an output that pays the wallet. Whether it is new.
    pub fn insert_output(
        &mut self,
        outpoint: OutPoint,
        amount: Amount,
        place: ScriptPlace,
        coinbase: bool,
    ) -> Result<bool, StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached(
                "INSERT OR IGNORE INTO outputs (txid, vout, amount, keychain, derivation, coinbase)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                Column(outpoint.txid),
                outpoint.vout,
                Column(amount),
                Column(place.keychain),
                Column(place.index),
                coinbase
            ])
            .map(|added| added > 0)
        })
    }

    /// What a transaction pays the wallet.
    pub fn received(&self, txid: Txid) -> Result<Amount, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT ifnull(sum(amount), 0) FROM outputs WHERE txid = ?1")?
                .query_row([Column(txid)], |row| {
                    row.get::<_, Column<Amount>>(0).map(|amount| amount.0)
                })
        })
    }

    /// Whether an output is one of the wallet's unspent ones.
    pub fn is_coin(&self, outpoint: OutPoint) -> Result<bool, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT 1 FROM outputs
                 WHERE txid = ?1 AND vout = ?2 AND live = 1 AND spender IS NULL",
            )?
            .exists(params![Column(outpoint.txid), outpoint.vout])
        })
    }

    /// Every output of a transaction that counts, the newest first, with what it is worth.
    pub fn outputs(&self) -> Result<Vec<(OutPoint, Amount)>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT txid, vout, amount FROM outputs WHERE live = 1
                 ORDER BY height DESC NULLS FIRST, txid, vout",
            )?
            .query_map([], |row| {
                let outpoint = OutPoint::new(row.get::<_, Column<Txid>>(0)?.0, row.get(1)?);
                Ok((outpoint, row.get::<_, Column<Amount>>(2)?.0))
            })?
            .collect()
        })
    }

    /// What a script of the wallet was paid, in blocks or not.
    pub fn received_at(&self, place: ScriptPlace) -> Result<Amount, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT ifnull(sum(amount), 0) FROM outputs
                 WHERE keychain = ?1 AND derivation = ?2 AND live = 1",
            )?
            .query_row(params![Column(place.keychain), Column(place.index)], |row| {
                row.get::<_, Column<Amount>>(0).map(|amount| amount.0)
            })
        })
    }

    /// What spends an output of the wallet, of those that count.
    pub fn spender(&self, outpoint: OutPoint) -> Result<Option<Txid>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT spender FROM outputs WHERE txid = ?1 AND vout = ?2")?
                .query_row(params![Column(outpoint.txid), outpoint.vout], |row| {
                    let spender: Option<Column<Txid>> = row.get(0)?;
                    Ok(spender.map(|spender| spender.0))
                })
                .optional()
                .map(Option::flatten)
        })
    }

    /// Whether an output that pays the wallet is frozen.
    pub fn is_frozen(&self, outpoint: OutPoint) -> Result<bool, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT 1 FROM outputs WHERE txid = ?1 AND vout = ?2 AND frozen = 1",
            )?
            .exists(params![Column(outpoint.txid), outpoint.vout])
        })
    }

    /// What an output pays the wallet, spent or not, canonical or not.
    pub fn output_amount(&self, outpoint: OutPoint) -> Result<Option<Amount>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT amount FROM outputs WHERE txid = ?1 AND vout = ?2")?
                .query_row(params![Column(outpoint.txid), outpoint.vout], |row| {
                    row.get::<_, Column<Amount>>(0).map(|amount| amount.0)
                })
                .optional()
        })
    }

    /// Writes that a transaction counts: its outputs live, at its height, and what it spends is
    /// spent.
    pub fn settle(
        &mut self,
        txid: Txid,
        transaction: &Transaction,
        height: Option<Height>,
    ) -> Result<(), StoreProblem> {
        self.write(|sql| {
            set_canonical(sql, txid, true, height)?;
            let mut spend = sql
                .prepare_cached("UPDATE outputs SET spender = ?3 WHERE txid = ?1 AND vout = ?2")?;
            transaction.input.iter().map(|input| input.previous_output).try_for_each(|spent| {
                spend.execute(params![Column(spent.txid), spent.vout, Column(txid)]).map(drop)
            })
        })
    }

    /// Writes that a transaction does not count: its outputs are dead, what it spent is free.
    pub fn unsettle(&mut self, txid: Txid) -> Result<(), StoreProblem> {
        self.write(|sql| {
            set_canonical(sql, txid, false, None)?;
            sql.prepare_cached("UPDATE outputs SET spender = NULL WHERE spender = ?1")?
                .execute([Column(txid)])
                .map(drop)
        })
    }

    /// Every output that pays the wallet, and everything that a transaction of the wallet spends:
    /// what spends one of these concerns the wallet.
    pub fn outpoints_of_interest(&self) -> Result<Vec<OutPoint>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT txid, vout FROM outputs UNION ALL SELECT parent, vout FROM spends",
            )?
            .query_map([], |row| Ok(OutPoint::new(row.get::<_, Column<Txid>>(0)?.0, row.get(1)?)))?
            .collect()
        })
    }
}

fn set_canonical(
    sql: &Connection,
    txid: Txid,
    canonical: bool,
    height: Option<Height>,
) -> rusqlite::Result<()> {
    sql.prepare_cached("UPDATE transactions SET canonical = ?2 WHERE txid = ?1")?
        .execute(params![Column(txid), canonical])?;
    sql.prepare_cached("UPDATE outputs SET live = ?2, height = ?3 WHERE txid = ?1")?
        .execute(params![Column(txid), canonical, height.map(Column)])
        .map(drop)
}
