//! Owns what is kept of transactions that no block holds: when and by how many peers strangers'
//! were announced, their removal; what the wallet's own spend of others; and which of both somebody
//! else could take back.
//!
//! Refuses to remove what something else in the file refers to, and what ever was in a block.

use std::collections::HashSet;

use bitcoin::psbt::Psbt;
use bitcoin::{Amount, OutPoint, Txid};
use rusqlite::params;

use crate::command::{SpentFrom, StoreProblem};
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;

use super::WalletFile;
use super::column::Column;
use super::transactions::decode_psbt;

/// A stranger's transaction that no block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unconfirmed {
    /// Its id.
    pub txid: Txid,
    /// When it was last announced, or took the place of another.
    pub seen: Option<WallTime>,
    /// How many peers announced it.
    pub seen_by: u32,
}

/// What the unspent outputs hold that no block does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingSums {
    /// Of transactions that are not [doubtful](WalletFile::doubtful), frozen ones too.
    pub trusted: Amount,
    /// Of those that are, frozen ones too.
    pub untrusted: Amount,
    /// Of both: what is frozen.
    pub frozen: Amount,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Transactions in no block that count and that somebody else could take back, or that the next
    /// block can't hold: they are not the wallet's own spends alone, or wait for a height or a time,
    /// or stand on such a one.
    pub fn doubtful(&self) -> Result<HashSet<Txid>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(&format!("{DOUBTFUL} SELECT txid FROM doubtful"))?
                .query_map([], |row| row.get::<_, Column<Txid>>(0).map(|txid| txid.0))?
                .collect()
        })
    }

    /// What the unspent outputs hold that no block does.
    pub fn pending_sums(&self) -> Result<PendingSums, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(&format!(
                "{DOUBTFUL}
                 SELECT ifnull(sum(amount) FILTER (WHERE txid NOT IN doubtful), 0),
                        ifnull(sum(amount) FILTER (WHERE txid IN doubtful), 0),
                        ifnull(sum(amount) FILTER (WHERE frozen = 1), 0)
                 FROM outputs INDEXED BY unspent_by_height
                 WHERE live = 1 AND spender IS NULL AND height IS NULL"
            ))?
            .query_row([], |row| {
                let amount = |column| row.get::<_, Column<Amount>>(column).map(|amount| amount.0);
                Ok(PendingSums { trusted: amount(0)?, untrusted: amount(1)?, frozen: amount(2)? })
            })
        })
    }

    /// What the unspent outputs at scripts that were spent from hold; of those in blocks above
    /// `deepest`, only the coinbases above `youngest_mature`.
    pub fn sums_spent_from(
        &self,
        deepest: Option<Height>,
        youngest_mature: Option<Height>,
    ) -> Result<SpentFrom, StoreProblem> {
        let number = |height: Option<Height>| height.map_or(-1, |at| i64::from(at.to_u32()));
        self.read(|sql| {
            sql.prepare_cached(&format!(
                "{DOUBTFUL}
                 SELECT ifnull(sum(amount) FILTER (WHERE height <= ?1
                                                   AND (coinbase = 0 OR height <= ?2)), 0),
                        ifnull(sum(amount) FILTER (WHERE coinbase = 1 AND height > ?2), 0),
                        ifnull(sum(amount) FILTER (WHERE height IS NULL
                                                   AND txid NOT IN doubtful), 0),
                        ifnull(sum(amount) FILTER (WHERE height IS NULL AND txid IN doubtful), 0)
                 FROM outputs INDEXED BY coins_spent_from
                 WHERE live = 1 AND spender IS NULL AND spent_from = 1"
            ))?
            .query_row([number(deepest), number(youngest_mature)], |row| {
                let amount = |column| row.get::<_, Column<Amount>>(column).map(|amount| amount.0);
                Ok(SpentFrom {
                    confirmed: amount(0)?,
                    immature: amount(1)?,
                    pending: amount(2)?,
                    untrusted: amount(3)?,
                })
            })
        })
    }

    /// Strangers' transactions that never were in a block, oldest first.
    pub fn unconfirmed(&self) -> Result<Vec<Unconfirmed>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT txid, seen, seen_by FROM transactions
                 WHERE height IS NULL AND signed_here = 0 AND left_height IS NULL
                 ORDER BY rowid",
            )?
            .query_map([], |row| {
                let seen: Option<Column<WallTime>> = row.get(1)?;
                Ok(Unconfirmed {
                    txid: row.get::<_, Column<Txid>>(0)?.0,
                    seen: seen.map(|seen| seen.0),
                    seen_by: row.get(2)?,
                })
            })?
            .collect()
        })
    }

    /// Payments of strangers that a reorganisation took out of their block before `time` and that
    /// nobody spoke of since. What something else here builds on, and what spends the wallet's own
    /// coins, is not among them.
    pub fn left_before(&self, time: WallTime) -> Result<Vec<Txid>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT txid FROM transactions t
                 WHERE height IS NULL AND left_height IS NOT NULL AND canonical = 1
                   AND signed_here = 0 AND max(left_at, ifnull(seen, 0)) < ?1
                   AND NOT EXISTS (SELECT 1 FROM outputs o WHERE o.spender = t.txid)
                   AND NOT EXISTS (SELECT 1 FROM spends s WHERE s.parent = t.txid)
                 ORDER BY rowid",
            )?
            .query_map([Column(time)], |row| row.get::<_, Column<Txid>>(0).map(|txid| txid.0))?
            .collect()
        })
    }

    /// Whether it is noted of each transaction that was taken out of its block since when.
    pub fn all_left_are_noted(&self) -> Result<bool, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT 1 FROM transactions
                 WHERE height IS NULL AND left_height IS NOT NULL AND left_at IS NULL",
            )?
            .exists([])
            .map(|some| !some)
        })
    }

    /// Notes that those which were taken out of their block are in none at `now`.
    pub fn note_left(&mut self, now: WallTime) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached(
                "UPDATE transactions SET left_at = ?1
                 WHERE height IS NULL AND left_height IS NOT NULL AND left_at IS NULL",
            )?
            .execute([Column(now)])
            .map(drop)
        })
    }

    /// So many peers announced a transaction; with a time, it goes before its rivals from now on.
    pub fn set_seen(
        &mut self,
        txid: Txid,
        peers: u32,
        now: Option<WallTime>,
    ) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached(
                "UPDATE transactions SET seen_by = max(seen_by, ?2), seen = ifnull(?3, seen)
                 WHERE txid = ?1",
            )?
            .execute(params![Column(txid), peers, now.map(Column)])
            .map(drop)
        })
    }

    /// Nobody speaks of a transaction any more, whether it was in a block or not.
    pub fn unsee(&mut self, txid: Txid) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached(
                "UPDATE transactions SET seen = NULL, left_height = NULL, left_at = NULL
                 WHERE txid = ?1",
            )?
            .execute([Column(txid)])
            .map(drop)
        })
    }

    /// Removes a transaction that does not count and that nothing refers to; whether it did.
    pub fn forget(&mut self, txid: Txid) -> Result<bool, StoreProblem> {
        self.write(|sql| {
            let kept = sql
                .prepare_cached(
                    "SELECT 1 FROM transactions t WHERE txid = ?1 AND
                       (canonical = 1 OR signed_here = 1 OR height IS NOT NULL
                        OR EXISTS (SELECT 1 FROM labels l
                                   WHERE l.kind IN ('tx', 'output') AND l.subject = t.txid)
                        OR EXISTS (SELECT 1 FROM payments p WHERE p.txid = t.txid)
                        OR EXISTS (SELECT 1 FROM spends s WHERE s.parent = t.txid)
                        OR EXISTS (SELECT 1 FROM reservations r WHERE r.txid = t.txid))",
                )?
                .exists([Column(txid)])?;
            if kept {
                return Ok(false);
            }
            for delete in [
                "DELETE FROM imitations WHERE txid = ?1",
                "DELETE FROM paid_scripts WHERE txid = ?1",
                "DELETE FROM spends WHERE txid = ?1",
                "DELETE FROM outputs WHERE txid = ?1",
                "DELETE FROM transactions WHERE txid = ?1",
            ] {
                sql.prepare_cached(delete)?.execute([Column(txid)])?;
            }
            Ok(true)
        })
    }

    /// The PSBTs of payments that were signed here, that count, that no block holds, and that spend
    /// coins of others too.
    pub fn unconfirmed_with_others(&self) -> Result<Vec<Psbt>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT psbt FROM transactions JOIN payments USING (txid)
                 WHERE signed_here = 1 AND canonical = 1 AND height IS NULL AND fee IS NULL",
            )?
            .query_map([], |row| decode_psbt(row, 0))?
            .collect()
        })
    }

    /// The unspent outputs, and all that transactions outside of blocks spend.
    pub fn coins_to_watch(&self) -> Result<Vec<OutPoint>, StoreProblem> {
        self.read(|sql| {
            // A cross join begins with its left side: with the few that no block holds.
            sql.prepare_cached(
                "SELECT txid, vout FROM outputs WHERE live = 1 AND spender IS NULL
                 UNION
                 SELECT s.parent, s.vout FROM transactions t CROSS JOIN spends s USING (txid)
                 WHERE t.height IS NULL",
            )?
            .query_map([], |row| Ok(OutPoint::new(row.get::<_, Column<Txid>>(0)?.0, row.get(1)?)))?
            .collect()
        })
    }

    /// Whether an outpoint is one of those.
    pub fn is_to_watch(&self, outpoint: OutPoint) -> Result<bool, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT 1 FROM outputs
                 WHERE txid = ?1 AND vout = ?2 AND live = 1 AND spender IS NULL
                 UNION ALL
                 SELECT 1 FROM spends s CROSS JOIN transactions t USING (txid)
                 WHERE s.parent = ?1 AND s.vout = ?2 AND t.height IS NULL",
            )?
            .exists(params![Column(outpoint.txid), outpoint.vout])
        })
    }
}

/// All inputs of what has a known fee are outputs of the wallet, so what it stands on is found by
/// what spends those.
const DOUBTFUL: &str = "WITH RECURSIVE doubtful (txid) AS (
      SELECT txid FROM transactions INDEXED BY transactions_by_place
      WHERE height IS NULL AND canonical = 1 AND (fee IS NULL OR coinbase = 1 OR waits = 1)
      UNION
      SELECT o.spender FROM doubtful d CROSS JOIN outputs o ON o.txid = d.txid
      WHERE o.spender IS NOT NULL)";
