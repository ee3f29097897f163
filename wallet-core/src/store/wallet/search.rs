//! Owns the tables of the search for old payments: what it covers, and how the last one ended.
//!
//! Refuses to judge when a search is over: that is the wallet view's.

use bitcoin::{Amount, BlockHash};
use rusqlite::{Connection, OptionalExtension, params};

use crate::command::{Birthday, ChainSearch, SearchEnd, StoreProblem};
use crate::keychain::{AccountId, KeychainId};
use crate::light_client::height::{BlockId, Height};
use crate::light_client::time::WallTime;

use super::WalletFile;
use super::column::Column;

/// How one account is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchedAccount {
    /// Which.
    pub account: AccountId,
    /// No lower block can hold a payment to it.
    pub since: Height,
    /// Which pass searches for it; the first is 0.
    pub turn: u32,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// How each account is searched for, in the order of their ids.
    pub fn searched_accounts(&self) -> Result<Vec<SearchedAccount>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT account, since, turn FROM searched_accounts ORDER BY account",
            )?
            .query_map([], |row| {
                Ok(SearchedAccount {
                    account: row.get::<_, Column<AccountId>>(0)?.0,
                    since: row.get::<_, Column<Height>>(1)?.0,
                    turn: row.get(2)?,
                })
            })?
            .collect()
        })
    }

    /// Writes how an account is searched for.
    pub fn set_searched_account(&mut self, searched: SearchedAccount) -> Result<(), StoreProblem> {
        let SearchedAccount { account, since, turn } = searched;
        self.write(|sql| {
            sql.prepare_cached("INSERT OR REPLACE INTO searched_accounts VALUES (?1, ?2, ?3)")?
                .execute(params![Column(account), Column(since), turn])
                .map(drop)
        })
    }

    /// What is known of payments to one chain of addresses, of which `searched` are looked for.
    pub fn findings(
        &self,
        keychain: KeychainId,
        searched: u32,
        used: u32,
    ) -> Result<ChainSearch, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT COUNT(DISTINCT derivation), COUNT(*), ifnull(SUM(amount), 0) FROM outputs
                 WHERE keychain = ?1 AND height IS NOT NULL",
            )?
            .query_row([Column(keychain)], |row| {
                let received: Column<Amount> = row.get(2)?;
                let (paid, payments) = (row.get(0)?, row.get(1)?);
                Ok(ChainSearch { searched, used, paid, payments, received: received.0 })
            })
        })
    }

    /// Keeps how a search ended, in the place of the one before.
    pub fn set_search_end(
        &mut self,
        start: Birthday,
        end: &SearchEnd,
        findings: &[(KeychainId, ChainSearch)],
    ) -> Result<(), StoreProblem> {
        let (height, time) = match start {
            Birthday::Height(height) => (Some(Column(height)), None),
            Birthday::Time(time) => (None, Some(Column(WallTime::new(time)))),
        };
        self.write(|sql| {
            sql.execute(
                "INSERT OR REPLACE INTO search_end VALUES (1, ?1, ?2, ?3, ?4, ?5)",
                params![
                    height,
                    time,
                    Column(end.tip.height),
                    Column(end.tip.hash),
                    Column(WallTime::new(end.at))
                ],
            )?;
            sql.execute("DELETE FROM search_findings", [])?;
            findings.iter().try_for_each(|(id, found)| insert_finding(sql, *id, found))
        })
    }

    /// How the last search ended: where it began, and its end; `None` before the first.
    pub fn search_end(&self) -> Result<Option<(Birthday, SearchEnd)>, StoreProblem> {
        self.read(|sql| {
            sql.query_row(
                "SELECT start_height, start_time, height, block, ended_at FROM search_end",
                [],
                |row| {
                    let height: Option<Column<Height>> = row.get(0)?;
                    let start = match height {
                        Some(Column(height)) => Birthday::Height(height),
                        None => Birthday::Time(row.get::<_, Column<WallTime>>(1)?.0.to_unix()),
                    };
                    let height: Column<Height> = row.get(2)?;
                    let hash: Column<BlockHash> = row.get(3)?;
                    let at: Column<WallTime> = row.get(4)?;
                    let tip = BlockId::new(height.0, hash.0);
                    Ok((start, SearchEnd { tip, at: at.0.to_unix() }))
                },
            )
            .optional()
        })
    }

    /// What the last search had found of one chain of addresses when it ended.
    pub fn finding(&self, keychain: KeychainId) -> Result<ChainSearch, StoreProblem> {
        let found = self.read(|sql| {
            sql.prepare_cached(
                "SELECT searched, used, paid, payments, received FROM search_findings
                 WHERE keychain = ?1",
            )?
            .query_row([Column(keychain)], |row| {
                Ok(ChainSearch {
                    searched: row.get(0)?,
                    used: row.get(1)?,
                    paid: row.get(2)?,
                    payments: row.get(3)?,
                    received: row.get::<_, Column<Amount>>(4)?.0,
                })
            })
            .optional()
        })?;
        // An account that was added after the search has none.
        Ok(found.unwrap_or_default())
    }
}

fn insert_finding(
    sql: &Connection,
    keychain: KeychainId,
    found: &ChainSearch,
) -> rusqlite::Result<()> {
    let ChainSearch { searched, used, paid, payments, received } = *found;
    sql.prepare_cached("INSERT INTO search_findings VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![Column(keychain), searched, used, paid, payments, Column(received)])
        .map(drop)
}
