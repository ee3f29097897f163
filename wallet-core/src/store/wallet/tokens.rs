//! Owns the table of tokens.
//!
//! Refuses to judge one, and to forget one that was taken back.

use rusqlite::types::Type;
use rusqlite::{Error, OptionalExtension, Row, params};
use zeroize::Zeroizing;

use crate::command::{NewToken, StoreProblem, TokenId, TokenKey, TokenRecord, TokenSecret};
use crate::light_client::time::WallTime;
use crate::wallet_name::WalletName;

use super::WalletFile;
use super::column::Column;

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Keeps a token.
    pub fn insert_token(&mut self, token: &NewToken, now: WallTime) -> Result<(), StoreProblem> {
        let NewToken { id, key, label, caveats, wallets } = token;
        let wallets: Vec<_> = wallets.iter().map(WalletName::as_str).collect();
        self.write(|sql| {
            sql.execute(
                "INSERT INTO tokens VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL)",
                params![
                    id.0,
                    &key.0[..],
                    label,
                    caveats.join("\n"),
                    wallets.join("\n"),
                    Column(now)
                ],
            )
            .map(drop)
        })
    }

    /// Takes a token back; whether there is one that was not.
    pub fn revoke_token(&mut self, id: TokenId, now: WallTime) -> Result<bool, StoreProblem> {
        self.write(|sql| {
            sql.execute(
                "UPDATE tokens SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL",
                params![id.0, Column(now)],
            )
            .map(|changed| changed > 0)
        })
    }

    /// All tokens, oldest first.
    pub fn tokens(&self) -> Result<Vec<TokenRecord>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT id, label, caveats, created, revoked, wallets FROM tokens ORDER BY created, id",
            )?
            .query_map([], |row| {
                let revoked: Option<Column<WallTime>> = row.get(4)?;
                Ok(TokenRecord {
                    id: TokenId(row.get(0)?),
                    label: row.get(1)?,
                    caveats: caveats(row, 2)?,
                    created: row.get::<_, Column<WallTime>>(3)?.0.to_unix(),
                    revoked: revoked.map(|revoked| revoked.0.to_unix()),
                    wallets: wallets(row, 5)?,
                })
            })?
            .collect()
        })
    }

    /// A token's secret.
    pub fn token_secret(&self, id: TokenId) -> Result<Option<TokenSecret>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT secret, revoked IS NOT NULL, caveats, wallets FROM tokens WHERE id = ?1",
            )?
            .query_row([id.0], |row| {
                let key = TokenKey(Zeroizing::new(row.get(0)?));
                let (caveats, wallets) = (caveats(row, 2)?, wallets(row, 3)?);
                Ok(TokenSecret { key, is_revoked: row.get(1)?, caveats, wallets })
            })
            .optional()
        })
    }
}

/// The caveats of a column, a line each.
fn caveats(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<String>> {
    Ok(row.get_ref(column)?.as_str()?.lines().map(str::to_owned).collect())
}

/// The names of a column, a line each.
fn wallets(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<WalletName>> {
    let name = |line: &str| {
        let unknown = || Error::InvalidColumnType(column, "wallets".to_owned(), Type::Text);
        line.parse().map_err(|_| unknown())
    };
    row.get_ref(column)?.as_str()?.lines().map(name).collect()
}
