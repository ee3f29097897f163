//! Owns one unbroken run of fixed-size entries by height, kept in rows of a thousand, each with a
//! checksum.
//!
//! Refuses gaps: entries that don't touch what is stored replace it, since all of it can be
//! fetched again.

use rusqlite::{Connection, OptionalExtension, params};

use crate::light_client::height::Height;

/// A table that holds a run of entries of `N` bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<const N: usize> {
    table: &'static str,
}

/// What a run holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found<T> {
    /// The height of the first entry; genesis when there is none.
    pub(super) from: Height,
    /// The entries upwards from there, up to the first that can't be trusted.
    pub(super) entries: Vec<T>,
    /// Whether something above them can't be trusted: a row is missing, short or changed.
    pub(super) damaged: bool,
}

impl<const N: usize> Run<N> {
    /// The run in this table.
    pub(super) const fn new(table: &'static str) -> Self {
        Self { table }
    }

    /// Deletes every entry above `height`.
    pub(super) fn truncate_above(
        self,
        connection: &Connection,
        height: Height,
    ) -> rusqlite::Result<()> {
        let chunk = chunk_of(height);
        let delete = format!("DELETE FROM {} WHERE chunk > ?1", self.table);
        connection.prepare_cached(&delete)?.execute([chunk])?;
        let row = self.load(connection, chunk)?.filter(|row| row.first <= height.to_u32());
        let Some(mut row) = row else { return self.delete_from(connection, chunk) };
        let kept = height.to_usize() + 1 - row.first as usize;
        row.entries.truncate(kept.saturating_mul(N));
        self.store(connection, chunk, &row)
    }

    /// Deletes everything.
    pub(super) fn clear(self, connection: &Connection) -> rusqlite::Result<()> {
        self.delete_from(connection, 0)
    }

    /// Writes entries in rising height over what is stored; what is stored and doesn't touch them
    /// goes.
    pub(super) fn write(
        self,
        connection: &Connection,
        entries: impl Iterator<Item = (Height, [u8; N])>,
    ) -> rusqlite::Result<()> {
        let mut piece: Option<Piece<N>> = None;
        for (height, entry) in entries {
            let height = height.to_u32();
            if let Some(piece) = piece.as_mut().filter(|piece| piece.end() == height) {
                piece.entries.extend_from_slice(&entry);
                continue;
            }
            if let Some(piece) = piece.replace(Piece { first: height, entries: entry.to_vec() }) {
                self.lay_over(connection, &piece)?;
            }
        }
        piece.map_or(Ok(()), |piece| self.lay_over(connection, &piece))
    }

    /// Reads everything up to the first damage.
    pub(super) fn read<T>(
        self,
        connection: &Connection,
        decode: impl Fn(&[u8; N]) -> T,
    ) -> rusqlite::Result<Found<T>> {
        let mut found = Found { from: Height::GENESIS, entries: Vec::new(), damaged: false };
        let select =
            format!("SELECT chunk, first, entries, checksum FROM {} ORDER BY chunk", self.table);
        let mut statement = connection.prepare(&select)?;
        let mut rows = statement.query([])?;
        let mut next: Option<u32> = None;
        while let Some(row) = rows.next()? {
            let (chunk, first): (i64, i64) = (row.get(0)?, row.get(1)?);
            let bytes = row.get_ref(2)?.as_blob()?;
            let whole = row.get::<_, i64>(3)? == checksum(chunk, first, bytes);
            let Some(first) = u32::try_from(first).ok().filter(|_| whole) else {
                found.damaged = true;
                break;
            };
            if next.is_some_and(|next| next != first) {
                found.damaged = true;
                break;
            }
            if next.is_none() {
                found.from = Height::new(first);
            }
            let (entries, _) = bytes.as_chunks::<N>();
            found.entries.extend(entries.iter().map(&decode));
            next =
                Some(found.from.to_u32() + u32::try_from(found.entries.len()).unwrap_or(u32::MAX));
        }
        Ok(found)
    }

    /// The highest entry, read alone; `None` when there is none or its row is damaged.
    pub(super) fn last(
        self,
        connection: &Connection,
    ) -> rusqlite::Result<Option<(Height, [u8; N])>> {
        let row = self.end_row(connection, "MAX")?;
        Ok(row.and_then(|row| {
            let entry = row.entries.last_chunk::<N>().copied()?;
            Some((Height::new(row.end() - 1), entry))
        }))
    }

    /// Lays a piece over what is stored.
    fn lay_over(self, connection: &Connection, piece: &Piece<N>) -> rusqlite::Result<()> {
        let lowest = self.end_row(connection, "MIN")?.map(|row| row.first);
        let end = self.end_row(connection, "MAX")?.map(|row| row.end());
        let touches = matches!((lowest, end), (Some(lowest), Some(end))
            if lowest <= piece.end() && piece.first <= end);
        if !touches {
            self.clear(connection)?;
        }
        for (chunk, part) in piece.by_chunk() {
            let row = match self.load(connection, chunk)? {
                Some(old) if old.touches(&part) => old.merged(&part),
                _ => part,
            };
            self.store(connection, chunk, &row)?;
        }
        Ok(())
    }

    /// The row at the low or the high end, unless it is damaged.
    fn end_row(
        self,
        connection: &Connection,
        extreme: &'static str,
    ) -> rusqlite::Result<Option<Piece<N>>> {
        let select = format!("SELECT {extreme}(chunk) FROM {}", self.table);
        let chunk: Option<i64> =
            connection.prepare_cached(&select)?.query_row([], |row| row.get(0))?;
        let Some(chunk) = chunk else { return Ok(None) };
        self.load(connection, chunk)
    }

    fn load(self, connection: &Connection, chunk: i64) -> rusqlite::Result<Option<Piece<N>>> {
        let select =
            format!("SELECT first, entries, checksum FROM {} WHERE chunk = ?1", self.table);
        let row = connection
            .prepare_cached(&select)?
            .query_row([chunk], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, i64>(2)?))
            })
            .optional()?;
        Ok(row.and_then(|(first, entries, sum)| {
            let whole = sum == checksum(chunk, first, &entries) && !entries.is_empty();
            let first = u32::try_from(first).ok().filter(|_| whole)?;
            Some(Piece { first, entries })
        }))
    }

    fn store(self, connection: &Connection, chunk: i64, row: &Piece<N>) -> rusqlite::Result<()> {
        let insert = format!("INSERT OR REPLACE INTO {} VALUES (?1, ?2, ?3, ?4)", self.table);
        let sum = checksum(chunk, i64::from(row.first), &row.entries);
        let values = params![chunk, row.first, row.entries, sum];
        connection.prepare_cached(&insert)?.execute(values).map(drop)
    }

    fn delete_from(self, connection: &Connection, chunk: i64) -> rusqlite::Result<()> {
        let delete = format!("DELETE FROM {} WHERE chunk >= ?1", self.table);
        connection.prepare_cached(&delete)?.execute([chunk]).map(drop)
    }
}

/// Entries from `first` upwards.
#[derive(Debug, Clone)]
struct Piece<const N: usize> {
    first: u32,
    entries: Vec<u8>,
}

impl<const N: usize> Piece<N> {
    /// The height above the last entry.
    fn end(&self) -> u32 {
        let count = u32::try_from(self.entries.len() / N).unwrap_or(u32::MAX);
        self.first.saturating_add(count)
    }

    /// The parts that belong into one row each, with the number of that row.
    fn by_chunk(&self) -> impl Iterator<Item = (i64, Self)> {
        let mut first = self.first;
        std::iter::from_fn(move || {
            let end = (first / ENTRIES_PER_ROW + 1).saturating_mul(ENTRIES_PER_ROW).min(self.end());
            let (from, to) = ((first - self.first) as usize * N, (end - self.first) as usize * N);
            let part = Self { first, entries: self.entries[from..to].to_vec() };
            let chunk = chunk_of(Height::new(first));
            first = end;
            (from < to).then_some((chunk, part))
        })
    }

    fn touches(&self, other: &Self) -> bool {
        self.first <= other.end() && other.first <= self.end()
    }

    /// Both together, where `over` wins.
    fn merged(&self, over: &Self) -> Self {
        let first = self.first.min(over.first);
        let end = self.end().max(over.end());
        let mut entries = vec![0; (end - first) as usize * N];
        for row in [self, over] {
            let start = (row.first - first) as usize * N;
            entries[start..start + row.entries.len()].copy_from_slice(&row.entries);
        }
        Self { first, entries }
    }
}

fn chunk_of(height: Height) -> i64 {
    i64::from(height.to_u32() / ENTRIES_PER_ROW)
}

/// Of the place as well as of the entries, so that a row in the wrong place is noticed.
fn checksum(chunk: i64, first: i64, entries: &[u8]) -> i64 {
    let place = crc32c::crc32c_append(crc32c::crc32c(&chunk.to_le_bytes()), &first.to_le_bytes());
    i64::from(crc32c::crc32c_append(place, entries))
}

/// How many heights share a row.
const ENTRIES_PER_ROW: u32 = 1_000;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::store::library;

    const RUN: Run<4> = Run::new("entries");

    fn table() -> Connection {
        library::ready();
        let connection = Connection::open_in_memory().unwrap();
        let schema = "CREATE TABLE entries
            (chunk INTEGER PRIMARY KEY, first INTEGER, entries BLOB, checksum INTEGER) STRICT";
        connection.execute_batch(schema).unwrap();
        connection
    }

    fn write(connection: &Connection, from: u32, to: u32, salt: u8) {
        let entries = (from..to).map(|h| (Height::new(h), entry(h, salt)));
        RUN.write(connection, entries).unwrap();
    }

    fn entry(height: u32, salt: u8) -> [u8; 4] {
        let [a, b, c, _] = height.to_le_bytes();
        [a, b, c, salt]
    }

    fn read(connection: &Connection) -> Found<[u8; 4]> {
        RUN.read(connection, |entry| *entry).unwrap()
    }

    #[test]
    fn a_changed_byte_cuts_the_run_at_its_row() {
        let connection = table();
        write(&connection, 5, 3500, 0);
        connection
            .execute("UPDATE entries SET entries = zeroblob(length(entries)) WHERE chunk = 2", [])
            .unwrap();
        let found = read(&connection);
        assert!(found.damaged);
        assert_eq!((found.from, found.entries.len()), (Height::new(5), 1995));
    }

    #[test]
    fn a_missing_row_and_a_row_in_the_wrong_place_are_noticed() {
        let connection = table();
        write(&connection, 0, 4000, 0);
        connection.execute("DELETE FROM entries WHERE chunk = 1", []).unwrap();
        assert!(read(&connection).damaged);
        connection.execute("UPDATE entries SET chunk = 1 WHERE chunk = 2", []).unwrap();
        let found = read(&connection);
        assert!(found.damaged);
        assert_eq!(found.entries.len(), 1000);
    }

    #[test]
    fn the_last_entry_is_read_alone() {
        let connection = table();
        assert_eq!(RUN.last(&connection).unwrap(), None);
        write(&connection, 7, 2003, 9);
        assert_eq!(RUN.last(&connection).unwrap(), Some((Height::new(2002), entry(2002, 9))));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn any_history_reads_back_as_the_slow_model(
            steps in prop::collection::vec((0_u32..4000, 1_u32..2500, any::<bool>()), 1..8),
        ) {
            let connection = table();
            let mut model: BTreeMap<u32, [u8; 4]> = BTreeMap::new();
            for (salt, (at, count, cut)) in (0_u8..).zip(steps) {
                if cut {
                    RUN.truncate_above(&connection, Height::new(at)).unwrap();
                    model.retain(|h, _| *h <= at);
                } else {
                    write(&connection, at, at + count, salt);
                    let apart = model.first_key_value().is_some_and(|(lo, _)| at + count < *lo)
                        || model.last_key_value().is_some_and(|(hi, _)| at > hi + 1);
                    if apart {
                        model.clear();
                    }
                    model.extend((at..at + count).map(|h| (h, entry(h, salt))));
                }
                let found = read(&connection);
                prop_assert!(!found.damaged);
                prop_assert_eq!(&found.entries, &model.values().copied().collect::<Vec<_>>());
                if let Some((lo, _)) = model.first_key_value() {
                    prop_assert_eq!(found.from, Height::new(*lo));
                }
            }
        }
    }
}
