//! Owns `peers.db`: the addresses of peers, bans, and whom to dial first.
//!
//! All of it can be found again, so a file that can't be read is set aside and told, never fatal,
//! and a commit need not survive a power cut. Refuses anything that is derived from a watch list.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::command::StoreProblem;
use crate::light_client::change_set::{
    AddressRecord, Ban, BanSpan, PeerChanges, Place, StoredPeers,
};
use crate::light_client::peer_id::NetworkGroup;
use crate::light_client::time::WallTime;
use crate::store::{aside, library, problem, schema};

/// The peers' file of one network, open.
#[derive(Debug)]
pub struct PeersFile {
    connection: Connection,
    path: PathBuf,
    /// The four bytes that open the network's messages.
    magic: [u8; 4],
}

/// A peers' file and what is in it.
#[derive(Debug)]
pub struct LoadedPeers {
    /// The file.
    pub file: PeersFile,
    /// What it holds.
    pub stored: StoredPeers,
    /// Whether it could not be read, and was begun anew.
    pub was_damaged: bool,
}

impl PeersFile {
    /// Opens the file and reads it whole. A file that can't be read, or is another network's, is
    /// kept beside the new one as `peers.db.damaged`.
    ///
    /// # Errors
    /// If the disk refuses, or a newer version wrote the file.
    pub fn load(path: &Path, magic: [u8; 4]) -> Result<LoadedPeers, StoreProblem> {
        let read = Self::open(path, magic).and_then(|file| Ok((file.read()?, file)));
        match read {
            Ok((stored, file)) => Ok(LoadedPeers { file, stored, was_damaged: false }),
            Err(StoreProblem::Damaged { .. }) => {
                aside::set_database_aside(path).map_err(|error| problem::from_io(path, &error))?;
                let file = Self::open(path, magic)?;
                Ok(LoadedPeers { file, stored: StoredPeers::default(), was_damaged: true })
            }
            Err(problem) => Err(problem),
        }
    }

    /// Everything in the file.
    ///
    /// # Errors
    /// If the disk refuses, or the file is damaged.
    pub fn read(&self) -> Result<StoredPeers, StoreProblem> {
        self.read_all().map_err(|error| problem::from_sqlite(&self.path, &error))
    }

    /// Writes changes, whole or not at all.
    ///
    /// # Errors
    /// If the disk refuses; the file is as before then.
    pub fn apply(&mut self, changes: &PeerChanges) -> Result<(), StoreProblem> {
        if changes.is_empty() {
            return Ok(());
        }
        let magic = self.magic;
        let committed = self.connection.transaction().and_then(|transaction| {
            write(&transaction, magic, changes)?;
            transaction.commit()
        });
        committed.map_err(|error| problem::from_sqlite(&self.path, &error))
    }

    /// Where the file is, as messages show it.
    #[must_use]
    pub fn shown(&self) -> String {
        problem::shown(&self.path)
    }

    fn open(path: &Path, magic: [u8; 4]) -> Result<Self, StoreProblem> {
        let said = |error| problem::from_sqlite(path, &error);
        library::ready();
        let connection = Connection::open(path).map_err(said)?;
        connection.execute_batch(PRAGMAS).map_err(said)?;
        schema::open_migrated(&connection, path, MIGRATIONS)?;
        let of: Option<Vec<u8>> = connection
            .query_row("SELECT magic FROM book", [], |row| row.get(0))
            .optional()
            .map_err(said)?;
        if of.is_some_and(|of| of != magic) {
            let what = "it is of another network".to_owned();
            return Err(StoreProblem::Damaged { path: problem::shown(path), what });
        }
        Ok(Self { connection, path: path.to_owned(), magic })
    }

    fn read_all(&self) -> rusqlite::Result<StoredPeers> {
        let key = self.connection.query_row("SELECT key FROM book", [], |row| row.get(0));
        let mut addresses = self.connection.prepare("SELECT * FROM addresses")?;
        let addresses = addresses.query_map([], |row| Ok((parsed(row, 0)?, record(row)?)))?;
        let mut bans = self.connection.prepare("SELECT host, since, until, reason FROM bans")?;
        let bans = bans.query_map([], |row| {
            let (since, until) = (wall(row.get(1)?), wall(row.get(2)?));
            Ok((parsed(row, 0)?, Ban { since, until, reason: row.get(3)? }))
        })?;
        let mut subnets = self.connection.prepare("SELECT subnet, since, until FROM subnets")?;
        let subnets = subnets.query_map([], |row| {
            let (since, until) = (wall(row.get(1)?), wall(row.get(2)?));
            Ok((parsed(row, 0)?, BanSpan { since, until }))
        })?;
        let mut anchors = self.connection.prepare("SELECT address FROM anchors ORDER BY place")?;
        let anchors = anchors.query_map([], |row| parsed(row, 0))?;
        Ok(StoredPeers {
            key: key.optional()?,
            addresses: addresses.collect::<Result<_, _>>()?,
            bans: bans.collect::<Result<_, _>>()?,
            subnets: subnets.collect::<Result<_, _>>()?,
            anchors: anchors.collect::<Result<_, _>>()?,
        })
    }
}

fn write(connection: &Connection, magic: [u8; 4], changes: &PeerChanges) -> rusqlite::Result<()> {
    if let Some(key) = changes.key {
        // The places of addresses mean nothing under another key.
        connection.execute("DELETE FROM addresses", [])?;
        let insert = "INSERT OR REPLACE INTO book VALUES (0, ?1, ?2)";
        connection.execute(insert, params![magic, key])?;
    }
    for (address, record) in &changes.addresses {
        write_address(connection, &address.to_string(), record.as_ref())?;
    }
    for (host, ban) in &changes.bans {
        let host = host.to_string();
        match ban {
            None => connection.execute("DELETE FROM bans WHERE host = ?1", [host])?,
            Some(ban) => connection.execute(
                "INSERT OR REPLACE INTO bans VALUES (?1, ?2, ?3, ?4)",
                params![host, seconds(ban.since), seconds(ban.until), ban.reason],
            )?,
        };
    }
    for (subnet, span) in &changes.subnets {
        let subnet = subnet.to_string();
        match span {
            None => connection.execute("DELETE FROM subnets WHERE subnet = ?1", [subnet])?,
            Some(span) => connection.execute(
                "INSERT OR REPLACE INTO subnets VALUES (?1, ?2, ?3)",
                params![subnet, seconds(span.since), seconds(span.until)],
            )?,
        };
    }
    if let Some(anchors) = &changes.anchors {
        connection.execute("DELETE FROM anchors", [])?;
        for (place, address) in (0_u32..).zip(anchors) {
            let insert = "INSERT INTO anchors VALUES (?1, ?2)";
            connection.execute(insert, params![place, address.to_string()])?;
        }
    }
    Ok(())
}

fn write_address(
    connection: &Connection,
    address: &str,
    record: Option<&AddressRecord>,
) -> rusqlite::Result<()> {
    let Some(record) = record else {
        let delete = "DELETE FROM addresses WHERE address = ?1";
        return connection.prepare_cached(delete)?.execute([address]).map(drop);
    };
    let buckets = match &record.place {
        Place::Tried => None,
        Place::New(buckets) => {
            Some(buckets.iter().flat_map(|bucket| bucket.to_le_bytes()).collect::<Vec<u8>>())
        }
    };
    let insert =
        "INSERT OR REPLACE INTO addresses VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    connection.prepare_cached(insert)?.execute(params![
        address,
        record.services.cast_signed(),
        seconds(record.seen),
        record.tried.map(seconds),
        record.reached.map(seconds),
        record.failures,
        record.failed.map(seconds),
        record.lacks_v2.map(seconds),
        record.source.to_u64().cast_signed(),
        buckets,
    ])?;
    Ok(())
}

fn record(row: &Row<'_>) -> rusqlite::Result<AddressRecord> {
    let time =
        |column: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(wall));
    let place = match row.get::<_, Option<Vec<u8>>>(9)? {
        None => Place::Tried,
        Some(buckets) => {
            let pairs = buckets.chunks_exact(2);
            Place::New(pairs.map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect())
        }
    };
    Ok(AddressRecord {
        services: row.get::<_, i64>(1)?.cast_unsigned(),
        seen: wall(row.get(2)?),
        tried: time(3)?,
        reached: time(4)?,
        failures: row.get(5)?,
        failed: time(6)?,
        lacks_v2: time(7)?,
        source: NetworkGroup::from_u64(row.get::<_, i64>(8)?.cast_unsigned()),
        place,
    })
}

/// A column that holds the text of something.
fn parsed<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    row.get::<_, String>(column)?.parse().map_err(|error: T::Err| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}

fn seconds(time: WallTime) -> i64 {
    i64::try_from(time.to_unix()).unwrap_or(i64::MAX)
}

fn wall(seconds: i64) -> WallTime {
    WallTime::new(u64::try_from(seconds).unwrap_or(0))
}

/// As the chain's file, but for one thing: the last commits may be lost with the power.
const PRAGMAS: &str = "PRAGMA locking_mode = EXCLUSIVE;
     PRAGMA journal_mode = WAL;
     PRAGMA synchronous = NORMAL;";

/// The schema, version by version.
const MIGRATIONS: &[&str] = &[include_str!("peers/v1.sql")];

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::light_client::peer_id::{PeerAddress, PeerHost, Subnet};

    const MAGIC: [u8; 4] = [1, 2, 3, 4];

    fn load(path: &Path) -> LoadedPeers {
        PeersFile::load(path, MAGIC).unwrap()
    }

    fn address(n: u32) -> PeerAddress {
        let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333";
        match n {
            0 => onion.parse().unwrap(),
            1 => "[2a00:1::2]:8333".parse().unwrap(),
            _ => PeerAddress::Ip((std::net::Ipv4Addr::from_bits(n), 8333).into()),
        }
    }

    fn any_time() -> impl Strategy<Value = WallTime> {
        (0..u64::from(u32::MAX)).prop_map(WallTime::new)
    }

    fn any_record() -> impl Strategy<Value = AddressRecord> {
        let time = || prop::option::of(any_time());
        let buckets = prop::option::of(prop::collection::vec(any::<u16>(), 1..8));
        let numbers = (any::<u64>(), any::<u64>(), any::<u32>());
        (numbers, any_time(), time(), time(), time(), time(), buckets).prop_map(
            |((services, source, failures), seen, tried, reached, failed, lacks_v2, buckets)| {
                let source = NetworkGroup::from_u64(source);
                let place = buckets.map_or(Place::Tried, Place::New);
                AddressRecord {
                    services,
                    seen,
                    tried,
                    reached,
                    failures,
                    failed,
                    lacks_v2,
                    source,
                    place,
                }
            },
        )
    }

    fn any_changes() -> impl Strategy<Value = PeerChanges> {
        let ban = (any_time(), any_time(), ".{0,20}").prop_map(|(since, until, reason)| Ban {
            since,
            until,
            reason,
        });
        let n = || 0_u32..20;
        (
            prop::collection::btree_map(
                n().prop_map(address),
                prop::option::of(any_record()),
                0..9,
            ),
            prop::collection::btree_map(
                n().prop_map(|n| address(n).host()),
                prop::option::of(ban),
                0..4,
            ),
            prop::collection::btree_map(
                n().prop_map(|n| Subnet::Ip(std::net::Ipv4Addr::from_bits(n << 8).into(), 24)),
                prop::option::of((any_time(), any_time())),
                0..4,
            ),
            prop::option::of(prop::collection::vec(n().prop_map(address), 0..3)),
        )
            .prop_map(|(addresses, bans, spans, anchors)| PeerChanges {
                key: None,
                addresses,
                bans,
                subnets: spans
                    .into_iter()
                    .map(|(net, span)| (net, span.map(|(since, until)| BanSpan { since, until })))
                    .collect(),
                anchors,
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn what_was_applied_is_there_after_a_restart(
            changes in prop::collection::vec(any_changes(), 0..5),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("peers.db");
            let begun = PeerChanges { key: Some([7; 16]), ..PeerChanges::default() };
            let mut expected = StoredPeers::default();
            for change in [vec![begun], changes].concat() {
                let mut loaded = load(&path);
                loaded.file.apply(&change).unwrap();
                expected.apply(change);
            }
            let loaded = load(&path);
            prop_assert!(!loaded.was_damaged);
            prop_assert_eq!(loaded.stored, expected);
        }
    }

    #[test]
    fn a_damaged_file_costs_a_search_for_peers_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("peers.db");
        let begun = PeerChanges {
            key: Some([7; 16]),
            anchors: Some(vec![address(3)]),
            ..PeerChanges::default()
        };
        load(&path).file.apply(&begun).unwrap();
        fs::write(&path, b"this is no database, however long it is read").unwrap();
        let mut loaded = load(&path);
        assert!(loaded.was_damaged);
        assert_eq!(loaded.stored, StoredPeers::default());
        assert!(dir.path().join("peers.db.damaged").exists());
        loaded.file.apply(&begun).unwrap();
        drop(loaded);
        let loaded = load(&path);
        assert_eq!((loaded.was_damaged, loaded.stored.anchors), (false, vec![address(3)]));
    }

    #[test]
    fn what_is_no_address_is_damage_and_not_a_panic() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("peers.db");
        let file = load(&path).file;
        file.connection.execute("INSERT INTO anchors VALUES (0, 'nowhere')", []).unwrap();
        drop(file);
        assert!(load(&path).was_damaged);
    }

    #[test]
    fn another_networks_peers_are_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("peers.db");
        let host: PeerHost = "1.2.3.4".parse().unwrap();
        let begun = PeerChanges {
            key: Some([7; 16]),
            bans: [(host, Some(Ban { since: wall(1), until: wall(2), reason: String::new() }))]
                .into(),
            ..PeerChanges::default()
        };
        load(&path).file.apply(&begun).unwrap();
        let other = PeersFile::load(&path, [9; 4]).unwrap();
        assert!(other.was_damaged);
        assert_eq!(other.stored, StoredPeers::default());
    }
}
