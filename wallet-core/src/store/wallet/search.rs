//! Owns the tables of the search for old payments: what it covers, and how the last one ended.
//!
//! Refuses to judge when a search is over: that is the wallet view's.

use bitcoin::{Amount, BlockHash};
use rusqlite::{Connection, OptionalExtension, params};

use crate::command::{Birthday, ChainSearch, SearchEnd, StoreProblem};
use crate::config::LookAhead;
use crate::keychain::{AccountId, KeychainId};
use crate::light_client::height::{BlockId, Height};
use crate::light_client::time::WallTime;

use super::WalletFile;
use super::column::{Column, birthday, columns};

/// How one account is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchedAccount {
    /// Which.
    pub account: AccountId,
    /// No payment to it is older, as its owner says.
    pub birthday: Birthday,
    /// How far it is looked ahead.
    pub look_ahead: LookAhead,
    /// No lower block can hold a payment to an account of its kind.
    pub since: Height,
    /// Where the search begins that goes on, or the last one; `since`, if that is later.
    pub start: Birthday,
    /// Which pass searches for it; the first is 0.
    pub turn: u32,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// How each account is searched for, in the order of their ids.
    pub fn searched_accounts(&self) -> Result<Vec<SearchedAccount>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT account, birthday_height, birthday_time, look_ahead_receive,
                        look_ahead_change, since, start_height, start_time, turn
                 FROM searched_accounts ORDER BY account",
            )?
            .query_map([], |row| {
                Ok(SearchedAccount {
                    account: row.get::<_, Column<AccountId>>(0)?.0,
                    birthday: birthday(row, 1)?,
                    look_ahead: LookAhead { receive: row.get(3)?, change: row.get(4)? },
                    since: row.get::<_, Column<Height>>(5)?.0,
                    start: birthday(row, 6)?,
                    turn: row.get(8)?,
                })
            })?
            .collect()
        })
    }

    /// Writes how an account is searched for.
    pub fn set_searched_account(&mut self, searched: SearchedAccount) -> Result<(), StoreProblem> {
        let SearchedAccount { account, birthday, look_ahead, since, start, turn } = searched;
        let (born, start) = (columns(birthday), columns(start));
        let LookAhead { receive, change } = look_ahead;
        self.write(|sql| {
            sql.prepare_cached(
                "INSERT OR REPLACE INTO searched_accounts
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                Column(account),
                born.0,
                born.1,
                receive,
                change,
                Column(since),
                start.0,
                start.1,
                turn
            ])
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
        end: &SearchEnd,
        findings: &[(KeychainId, ChainSearch)],
    ) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.execute(
                "INSERT OR REPLACE INTO search_end VALUES (1, ?1, ?2, ?3)",
                params![
                    Column(end.tip.height),
                    Column(end.tip.hash),
                    Column(WallTime::new(end.at))
                ],
            )?;
            sql.execute("DELETE FROM search_findings", [])?;
            findings.iter().try_for_each(|(id, found)| insert_finding(sql, *id, found))
        })
    }

    /// How the last search ended; `None` before the first.
    pub fn search_end(&self) -> Result<Option<SearchEnd>, StoreProblem> {
        self.read(|sql| {
            sql.query_row("SELECT height, block, ended_at FROM search_end", [], |row| {
                let height: Column<Height> = row.get(0)?;
                let hash: Column<BlockHash> = row.get(1)?;
                let at: Column<WallTime> = row.get(2)?;
                Ok(SearchEnd { tip: BlockId::new(height.0, hash.0), at: at.0.to_unix() })
            })
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
