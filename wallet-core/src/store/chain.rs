//! Owns `chain.db`: headers and filter hashes of the best chain, and the anchor they stand on.
//!
//! Everything in it is public and can be fetched again, so damage is cut away and told, never
//! fatal. Refuses anything that is derived from a watch list.

mod run;

use std::path::{Path, PathBuf};

use bitcoin::block::Header;
use bitcoin::consensus::encode;
use bitcoin::hash_types::{FilterHash, FilterHeader};
use bitcoin::hashes::Hash;
use bitcoin::pow::{CompactTarget, Work};
use bitcoin::{BlockHash, Network};
use rusqlite::{Connection, OptionalExtension, params};

use crate::command::StoreProblem;
use crate::light_client::chain::anchor::Anchor;
use crate::light_client::change_set::{ChangeSet, Restored};
use crate::light_client::height::{BlockId, Height};
use crate::light_client::time::WallTime;
use crate::store::{aside, library, problem, schema};

use run::{Found, Run};

/// The chain file of one network, open.
#[derive(Debug)]
pub struct ChainFile {
    connection: Connection,
    path: PathBuf,
    network: Network,
}

/// What a chain file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Where the headers begin.
    pub base: Anchor,
    /// The headers and filter hashes.
    pub restored: Restored,
}

/// A chain file and what is in it.
#[derive(Debug)]
pub struct Loaded {
    /// The file.
    pub file: ChainFile,
    /// What it holds; `None` if it was never begun.
    pub stored: Option<Stored>,
    /// What was wrong with it.
    pub damage: Option<Damage>,
}

/// What was wrong with a chain file; it is mended already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The file could not be read at all; it is kept beside the new one as `chain.db.damaged`.
    #[error("it can't be read")]
    File,
    /// Headers from here on were lost.
    #[error("headers from {0} on don't fit their checksum")]
    Headers(Height),
    /// Filter hashes from here on were lost.
    #[error("filter hashes from {0} on don't fit their checksum")]
    FilterHashes(Height),
}

impl ChainFile {
    /// Opens the file and reads it whole. A file that can't be read, or is another network's, is
    /// set aside and a new one made; a damaged tail is cut away. Both are told.
    ///
    /// # Errors
    /// If the disk refuses, or a newer version wrote the file.
    pub fn load(path: &Path, network: Network) -> Result<Loaded, StoreProblem> {
        let read = Self::open(path, network).and_then(|mut file| {
            let stored = file.restore()?;
            Ok((file, stored))
        });
        match read {
            Ok((file, Some((stored, damage)))) => Ok(Loaded { file, stored: Some(stored), damage }),
            Ok((file, None)) => Ok(Loaded { file, stored: None, damage: None }),
            Err(StoreProblem::Damaged { .. }) => {
                aside::set_database_aside(path).map_err(|error| problem::from_io(path, &error))?;
                let file = Self::open(path, network)?;
                Ok(Loaded { file, stored: None, damage: Some(Damage::File) })
            }
            Err(problem) => Err(problem),
        }
    }

    /// Opens the file without reading it, or makes an empty one.
    ///
    /// # Errors
    /// If the disk refuses, the file can't be read, or a newer version wrote it.
    pub fn open(path: &Path, network: Network) -> Result<Self, StoreProblem> {
        let said = |error| problem::from_sqlite(path, &error);
        library::ready();
        let connection = Connection::open(path).map_err(said)?;
        connection.execute_batch(PRAGMAS).map_err(said)?;
        schema::open_migrated(&connection, path, MIGRATIONS)?;
        let file = Self { connection, path: path.to_owned(), network };
        if file.checked(is_foreign)? {
            let what = "it is of another network".to_owned();
            return Err(StoreProblem::Damaged { path: problem::shown(path), what });
        }
        Ok(file)
    }

    /// Everything in the file, or `None` if it was never begun, with what was cut away.
    fn restore(&mut self) -> Result<Option<(Stored, Option<Damage>)>, StoreProblem> {
        let Some(base) = self.checked(read_base)? else { return Ok(None) };
        let headers = self.checked(|c, _| HEADERS.read(c, header))?;
        let filter_hashes = self.checked(|c, _| FILTER_HASHES.read(c, filter_hash))?;
        let base_filter_header = self.checked(read_base_filter_header)?;

        let first = base.block.height.next();
        let (headers, headers_lost) = placed(headers, first);
        let (mut filter_hashes, hashes_lost) = placed(filter_hashes, first);
        let end = |entries: usize| first.up(count(entries));
        let damage = if headers_lost {
            Some(Damage::Headers(end(headers.len())))
        } else {
            hashes_lost.then_some(Damage::FilterHashes(end(filter_hashes.len())))
        };
        if let Some(damage) = damage {
            self.cut(damage)?;
        }
        filter_hashes.truncate(headers.len());
        let restored =
            Restored { headers, filter_hashes, base_filter_header, ..Restored::default() };
        Ok(Some((Stored { base, restored }, damage)))
    }

    /// Empties the file and begins it anew upon `base`.
    ///
    /// # Errors
    /// If the disk refuses; the file is as before then.
    pub fn begin(&mut self, base: &Anchor) -> Result<(), StoreProblem> {
        self.change(|connection, network| {
            HEADERS.clear(connection)?;
            FILTER_HASHES.clear(connection)?;
            write_base(connection, network, base)
        })
    }

    /// Writes a change set, whole or not at all; durable on return.
    ///
    /// # Errors
    /// If the disk refuses; the file is as before then.
    pub fn apply(&mut self, changes: &ChangeSet) -> Result<(), StoreProblem> {
        if changes.is_empty() {
            return Ok(());
        }
        self.change(|connection, _| {
            if let Some(height) = changes.truncate_above {
                HEADERS.truncate_above(connection, height)?;
                FILTER_HASHES.truncate_above(connection, height)?;
            }
            HEADERS
                .write(connection, changes.headers.iter().map(|(h, e)| (*h, header_bytes(e))))?;
            if let Some(header) = changes.base_filter_header {
                let update = "UPDATE base SET filter_header = ?1";
                connection.execute(update, [header.to_byte_array()])?;
            }
            let filter_hashes = changes.filter_hashes.iter();
            FILTER_HASHES.write(connection, filter_hashes.map(|(h, e)| (*h, e.to_byte_array())))
        })
    }

    /// The stored tip, read without the rest; `None` if the file was never begun.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn tip(&self) -> Result<Option<BlockId>, StoreProblem> {
        self.checked(|connection, network| {
            let Some(base) = read_base(connection, network)? else { return Ok(None) };
            let last = HEADERS.last(connection)?;
            let tip = last.map(|(height, entry)| BlockId::new(height, header(&entry).block_hash()));
            Ok(Some(tip.unwrap_or(base.block)))
        })
    }

    /// Where the file is, as messages show it.
    #[must_use]
    pub fn shown(&self) -> String {
        problem::shown(&self.path)
    }

    /// Closes the file; what the system says then is told.
    ///
    /// # Errors
    /// If the disk refuses; every applied change is durable all the same.
    pub fn close(self) -> Result<(), StoreProblem> {
        let Self { connection, path, .. } = self;
        connection.close().map_err(|(_, error)| problem::from_sqlite(&path, &error))
    }

    /// As a file that lost them.
    #[cfg(test)]
    pub(crate) fn lose_filter_hashes(&mut self) -> Result<(), StoreProblem> {
        self.change(|connection, _| FILTER_HASHES.clear(connection))
    }

    /// From here on the disk is read-only.
    #[cfg(test)]
    pub(crate) fn refuse_writes(&self) {
        self.connection.pragma_update(None, "query_only", true).unwrap();
    }

    fn cut(&mut self, damage: Damage) -> Result<(), StoreProblem> {
        self.change(|connection, _| match damage {
            Damage::File => Ok(()),
            Damage::Headers(from) => {
                let below = from.prev().unwrap_or(Height::GENESIS);
                HEADERS.truncate_above(connection, below)?;
                FILTER_HASHES.truncate_above(connection, below)
            }
            Damage::FilterHashes(from) => {
                let below = from.prev().unwrap_or(Height::GENESIS);
                FILTER_HASHES.truncate_above(connection, below)
            }
        })
    }

    fn change(
        &mut self,
        write: impl FnOnce(&Connection, Network) -> rusqlite::Result<()>,
    ) -> Result<(), StoreProblem> {
        let Self { connection, path, network } = self;
        let committed = connection.transaction().and_then(|transaction| {
            write(&transaction, *network)?;
            transaction.commit()
        });
        committed.map_err(|error| problem::from_sqlite(path, &error))
    }

    fn checked<T>(
        &self,
        read: impl FnOnce(&Connection, Network) -> rusqlite::Result<T>,
    ) -> Result<T, StoreProblem> {
        read(&self.connection, self.network)
            .map_err(|error| problem::from_sqlite(&self.path, &error))
    }
}

fn is_foreign(connection: &Connection, network: Network) -> rusqlite::Result<bool> {
    let of: Option<(String, [u8; 32])> = connection
        .query_row("SELECT network, genesis FROM base", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(of.is_some_and(|of| of != (network.to_string(), genesis(network))))
}

fn read_base(connection: &Connection, _network: Network) -> rusqlite::Result<Option<Anchor>> {
    let select = "SELECT height, hash, time, next_bits, work FROM base";
    connection
        .query_row(select, [], |row| {
            let hash = BlockHash::from_byte_array(row.get(1)?);
            Ok(Anchor {
                block: BlockId::new(Height::new(row.get(0)?), hash),
                time: row.get::<_, Option<u32>>(2)?.map(|time| WallTime::new(time.into())),
                next_bits: CompactTarget::from_consensus(row.get(3)?),
                work: Work::from_be_bytes(row.get(4)?),
            })
        })
        .optional()
}

fn read_base_filter_header(
    connection: &Connection,
    _network: Network,
) -> rusqlite::Result<Option<FilterHeader>> {
    let select = "SELECT filter_header FROM base";
    let header: Option<[u8; 32]> = connection.query_row(select, [], |row| row.get(0))?;
    Ok(header.map(FilterHeader::from_byte_array))
}

fn write_base(connection: &Connection, network: Network, base: &Anchor) -> rusqlite::Result<()> {
    let values = params![
        network.to_string(),
        genesis(network),
        base.block.height.to_u32(),
        base.block.hash.to_byte_array(),
        base.time.map(|time| u32::try_from(time.to_unix()).unwrap_or(u32::MAX)),
        base.next_bits.to_consensus(),
        base.work.to_be_bytes(),
    ];
    let insert = "INSERT OR REPLACE INTO base VALUES (0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL)";
    connection.execute(insert, values).map(drop)
}

fn genesis(network: Network) -> [u8; 32] {
    bitcoin::constants::genesis_block(network).block_hash().to_byte_array()
}

fn header(bytes: &[u8; 80]) -> Header {
    encode::deserialize(bytes).expect("any 80 bytes are a header")
}

fn header_bytes(header: &Header) -> [u8; 80] {
    let bytes = encode::serialize(header);
    bytes.try_into().expect("a header is 80 bytes")
}

fn filter_hash(bytes: &[u8; 32]) -> FilterHash {
    FilterHash::from_byte_array(*bytes)
}

/// The entries of a run that begins at `first`, and whether any were lost.
fn placed<T>(found: Found<T>, first: Height) -> (Vec<T>, bool) {
    let misplaced = !found.entries.is_empty() && found.from != first;
    if misplaced { (Vec::new(), true) } else { (found.entries, found.damaged) }
}

fn count(entries: usize) -> u32 {
    u32::try_from(entries).unwrap_or(u32::MAX)
}

const HEADERS: Run<80> = Run::new("headers");
const FILTER_HASHES: Run<32> = Run::new("filter_hashes");

/// One process owns the directory, so the write-ahead log needs no shared memory. Each commit is
/// synced before it is told, on a Mac too.
const PRAGMAS: &str = "PRAGMA locking_mode = EXCLUSIVE;
     PRAGMA page_size = 16384;
     PRAGMA journal_mode = WAL;
     PRAGMA synchronous = FULL;
     PRAGMA fullfsync = ON;";

/// The schema, version by version.
const MIGRATIONS: &[&str] = &[include_str!("chain/v1.sql")];

#[cfg(test)]
mod tests;
