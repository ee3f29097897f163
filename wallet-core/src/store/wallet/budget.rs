//! Owns the tables of limits and of what was spent within them.
//!
//! Refuses to judge a payment.

use bitcoin::{Amount, ScriptBuf, Txid};
use rusqlite::params;

use crate::command::{Limit, StoreProblem};
use crate::light_client::time::WallTime;

use super::WalletFile;
use super::column::Column;

/// What one transaction takes from the wallet on somebody's behalf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spending {
    /// Who asked.
    pub asker: String,
    /// The transaction without its signatures.
    pub unsigned: Txid,
    /// What leaves the wallet by it.
    pub leaves: Amount,
    /// What counts.
    pub amount: Amount,
    /// What was counted on the same behalf for those whose place it takes, and is in `amount` now.
    pub instead_of: Vec<Counted>,
    /// What was counted on behalf of others for those whose place it takes, and is not in `amount`: it
    /// counts as long as this does.
    pub beside: Vec<Counted>,
}

/// What was counted for a transaction on somebody's behalf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Who asked.
    pub asker: String,
    /// The transaction without its signatures.
    pub unsigned: Txid,
    /// When it was signed last.
    pub at: WallTime,
    /// How much; nothing, if another counts in its place.
    pub amount: Amount,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// The limits of every order.
    pub fn limits(&self) -> Result<Vec<Limit>, StoreProblem> {
        let mut destinations = Vec::new();
        let mut limits: Vec<Limit> = self.read(|sql| {
            let mut all =
                sql.prepare_cached("SELECT kind, amount, seconds, spk FROM limits ORDER BY id")?;
            let mut rows = all.query([])?;
            let mut limits = Vec::new();
            while let Some(row) = rows.next()? {
                match row.get_ref(0)?.as_str()? {
                    "per_payment" => {
                        limits.push(Limit::PerPayment(row.get::<_, Column<Amount>>(1)?.0));
                    }
                    "budget" => {
                        let amount = row.get::<_, Column<Amount>>(1)?.0;
                        limits.push(Limit::Budget { amount, seconds: row.get(2)? });
                    }
                    _ => destinations.push(row.get::<_, Column<ScriptBuf>>(3)?.0),
                }
            }
            Ok(limits)
        })?;
        if !destinations.is_empty() {
            limits.push(Limit::Destinations(destinations));
        }
        Ok(limits)
    }

    /// Sets the limits of every order. There is at most one list of destinations.
    pub fn set_limits(&mut self, limits: &[Limit]) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.execute("DELETE FROM limits", [])?;
            let mut insert = sql.prepare_cached(
                "INSERT INTO limits (kind, amount, seconds, spk) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for limit in limits {
                match limit {
                    Limit::PerPayment(most) => {
                        insert.execute(params![
                            "per_payment",
                            Column(*most),
                            None::<i64>,
                            None::<i64>
                        ])?;
                    }
                    Limit::Budget { amount, seconds } => {
                        insert.execute(params!["budget", Column(*amount), seconds, None::<i64>])?;
                    }
                    Limit::Destinations(scripts) => {
                        for spk in scripts {
                            let spk = Column(spk.as_script());
                            insert.execute(params![
                                "destination",
                                None::<i64>,
                                None::<i64>,
                                spk
                            ])?;
                        }
                    }
                }
            }
            Ok(())
        })
    }

    /// What was spent since a time, by one or by all; without one transaction.
    pub fn spent_since(
        &self,
        since: WallTime,
        asker: Option<&str>,
        but: Txid,
    ) -> Result<Amount, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT ifnull(sum(amount), 0) FROM spendings
                 WHERE at > ?1 AND ifnull(asker = ?2, 1) AND unsigned <> ?3",
            )?
            .query_row(params![Column(since), asker, Column(but)], |row| {
                row.get::<_, Column<Amount>>(0).map(|amount| amount.0)
            })
        })
    }

    /// What was counted for a transaction, by whoever asked for it.
    pub fn counted(&self, unsigned: Txid) -> Result<Vec<Counted>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT asker, at, amount FROM spendings WHERE unsigned = ?1")?
                .query_map([Column(unsigned)], |row| {
                    Ok(Counted {
                        asker: row.get(0)?,
                        unsigned,
                        at: row.get::<_, Column<WallTime>>(1)?.0,
                        amount: row.get::<_, Column<Amount>>(2)?.0,
                    })
                })?
                .collect()
        })
    }

    /// Notes what a transaction takes; once, however often it is signed, and when it was last: a device
    /// that did not sign at first may do so later. Those in whose place it counts stay with nothing, as asked for;
    /// those beside which it counts are of the same time from now on.
    pub fn insert_spending(
        &mut self,
        spending: &Spending,
        now: WallTime,
    ) -> Result<(), StoreProblem> {
        self.write(|sql| {
            for Counted { asker, unsigned, .. } in &spending.instead_of {
                sql.prepare_cached(
                    "UPDATE spendings SET amount = 0 WHERE asker = ?1 AND unsigned = ?2",
                )?
                .execute(params![asker, Column(*unsigned)])?;
            }
            for Counted { asker, unsigned, .. } in &spending.beside {
                sql.prepare_cached(
                    "UPDATE spendings SET at = max(at, ?3) WHERE asker = ?1 AND unsigned = ?2",
                )?
                .execute(params![asker, Column(*unsigned), Column(now)])?;
            }
            sql.execute(
                "INSERT INTO spendings VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET at = max(at, excluded.at),
                                           amount = max(amount, excluded.amount)",
                params![
                    spending.asker,
                    Column(spending.unsigned),
                    Column(now),
                    Column(spending.amount)
                ],
            )
            .map(drop)
        })
    }
}
