//! Owns how the values of this crate look in columns.
//!
//! Refuses what can't be one: a hash of another length, an amount above 21 million bitcoin.

use bitcoin::bip32::Fingerprint;
use bitcoin::hashes::Hash;
use bitcoin::{Amount, BlockHash, Network, Script, ScriptBuf, SignedAmount, Txid};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Row, ToSql};

use crate::command::Birthday;
use crate::keychain::{AccountId, AccountName, Branch, DerivationIndex, KeychainId};
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;

/// A value on its way into or out of a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column<T>(pub(super) T);

/// A birthday that stands in two columns, of which one is null: the height here, the time in the
/// next.
pub(super) fn birthday(row: &Row<'_>, at: usize) -> rusqlite::Result<Birthday> {
    let height: Option<Column<Height>> = row.get(at)?;
    Ok(match height {
        Some(Column(height)) => Birthday::Height(height),
        None => Birthday::Time(row.get::<_, Column<WallTime>>(at + 1)?.0.to_unix()),
    })
}

/// The two columns of a birthday.
pub(super) const fn columns(
    birthday: Birthday,
) -> (Option<Column<Height>>, Option<Column<WallTime>>) {
    match birthday {
        Birthday::Height(height) => (Some(Column(height)), None),
        Birthday::Time(time) => (None, Some(Column(WallTime::new(time)))),
    }
}

impl ToSql for Column<Txid> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_byte_array())))
    }
}

impl FromSql for Column<Txid> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        FromSql::column_result(value).map(|bytes| Self(Txid::from_byte_array(bytes)))
    }
}

impl ToSql for Column<BlockHash> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_byte_array())))
    }
}

impl FromSql for Column<BlockHash> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        FromSql::column_result(value).map(|bytes| Self(BlockHash::from_byte_array(bytes)))
    }
}

impl ToSql for Column<Network> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.to_string().into())
    }
}

impl FromSql for Column<Network> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map(Self).map_err(FromSqlError::other)
    }
}

impl ToSql for Column<Fingerprint> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
    }
}

impl FromSql for Column<Fingerprint> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 4]>::column_result(value).map(|bytes| Self(Fingerprint::from(bytes)))
    }
}

impl ToSql for Column<&Script> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
    }
}

impl FromSql for Column<ScriptBuf> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        FromSql::column_result(value).map(|bytes| Self(ScriptBuf::from_bytes(bytes)))
    }
}

impl ToSql for Column<Amount> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        signed(self.0.to_sat())
    }
}

impl FromSql for Column<Amount> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let sat = i64::column_result(value)?;
        let amount = u64::try_from(sat).map_err(|_| FromSqlError::OutOfRange(sat))?;
        Ok(Self(Amount::from_sat(amount)))
    }
}

impl ToSql for Column<SignedAmount> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.to_sat().into())
    }
}

impl FromSql for Column<SignedAmount> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(|sat| Self(SignedAmount::from_sat(sat)))
    }
}

impl ToSql for Column<Height> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.to_u32().into())
    }
}

impl FromSql for Column<Height> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        u32::column_result(value).map(|height| Self(Height::new(height)))
    }
}

impl ToSql for Column<WallTime> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        signed(self.0.to_unix())
    }
}

impl FromSql for Column<WallTime> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let seconds = i64::column_result(value)?;
        let unix = u64::try_from(seconds).map_err(|_| FromSqlError::OutOfRange(seconds))?;
        Ok(Self(WallTime::new(unix)))
    }
}

impl ToSql for Column<DerivationIndex> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.to_u32().into())
    }
}

impl FromSql for Column<DerivationIndex> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let index = u32::column_result(value)?;
        DerivationIndex::new(index).map(Self).ok_or(FromSqlError::OutOfRange(index.into()))
    }
}

impl ToSql for Column<AccountId> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.to_u16().into())
    }
}

impl FromSql for Column<AccountId> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        u16::column_result(value).map(|number| Self(AccountId::new(number)))
    }
}

impl ToSql for Column<KeychainId> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok((2 * i64::from(self.0.account.to_u16()) + i64::from(self.0.branch.number())).into())
    }
}

impl FromSql for Column<KeychainId> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let code = i64::column_result(value)?;
        let account = Column::<AccountId>::column_result(ValueRef::Integer(code.div_euclid(2)))?.0;
        let branch = if code.rem_euclid(2) == 0 { Branch::Receive } else { Branch::Change };
        Ok(Self(KeychainId { account, branch }))
    }
}

impl ToSql for Column<&AccountName> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_str().into())
    }
}

impl FromSql for Column<AccountName> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map(Self).map_err(FromSqlError::other)
    }
}

/// `SQLite` has signed integers only; nothing here comes near 2⁶³.
fn signed(number: u64) -> rusqlite::Result<ToSqlOutput<'static>> {
    i64::try_from(number)
        .map(ToSqlOutput::from)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
