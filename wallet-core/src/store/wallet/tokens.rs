//! Owns the table of tokens.
//!
//! Refuses to judge one, and to forget one that was taken back.

use rusqlite::{OptionalExtension, params};
use zeroize::Zeroizing;

use crate::command::{NewToken, StoreProblem, TokenId, TokenKey, TokenRecord, TokenSecret};
use crate::light_client::time::WallTime;

use super::WalletFile;
use super::column::Column;

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Keeps a token.
    pub fn insert_token(&mut self, token: &NewToken, now: WallTime) -> Result<(), StoreProblem> {
        let NewToken { id, key, label, caveats } = token;
        self.write(|sql| {
            sql.execute(
                "INSERT INTO tokens VALUES (?1, ?2, ?3, ?4, ?5, NULL)",
                params![id.0, &key.0[..], label, caveats.join("\n"), Column(now)],
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
                "SELECT id, label, caveats, created, revoked FROM tokens ORDER BY created, id",
            )?
            .query_map([], |row| {
                let caveats: String = row.get(2)?;
                let revoked: Option<Column<WallTime>> = row.get(4)?;
                Ok(TokenRecord {
                    id: TokenId(row.get(0)?),
                    label: row.get(1)?,
                    caveats: caveats.lines().map(str::to_owned).collect(),
                    created: row.get::<_, Column<WallTime>>(3)?.0.to_unix(),
                    revoked: revoked.map(|revoked| revoked.0.to_unix()),
                })
            })?
            .collect()
        })
    }

    /// A token's secret.
    pub fn token_secret(&self, id: TokenId) -> Result<Option<TokenSecret>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached("SELECT secret, revoked IS NOT NULL FROM tokens WHERE id = ?1")?
                .query_row([id.0], |row| {
                    let key = TokenKey(Zeroizing::new(row.get(0)?));
                    Ok(TokenSecret { key, is_revoked: row.get(1)? })
                })
                .optional()
        })
    }
}
