//! What a person would lose if the chain file failed: a sync, or a wallet that does not open.

use std::collections::BTreeMap;
use std::fs;

use bitcoin::TxMerkleNode;
use bitcoin::block::Version;

use super::*;

fn base() -> Anchor {
    Anchor {
        block: BlockId::new(Height::new(700), BlockHash::from_byte_array([7; 32])),
        time: Some(WallTime::new(1_700_000_000)),
        next_bits: CompactTarget::from_consensus(0x207f_ffff),
        work: Work::from_be_bytes([3; 32]),
    }
}

fn a_header(nonce: u32) -> Header {
    Header {
        version: Version::TWO,
        prev_blockhash: BlockHash::all_zeros(),
        merkle_root: TxMerkleNode::all_zeros(),
        time: 1_700_000_000,
        bits: CompactTarget::from_consensus(0x207f_ffff),
        nonce,
    }
}

fn a_filter_hash(salt: u32) -> FilterHash {
    let mut bytes = [1; 32];
    bytes[..4].copy_from_slice(&salt.to_le_bytes());
    FilterHash::from_byte_array(bytes)
}

fn changes(heights: std::ops::Range<u32>, truncate_above: Option<u32>) -> ChangeSet {
    ChangeSet {
        truncate_above: truncate_above.map(Height::new),
        headers: heights.clone().map(|h| (Height::new(h), a_header(h))).collect(),
        filter_hashes: heights.map(|h| (Height::new(h), a_filter_hash(h))).collect(),
        base_filter_header: Some(FilterHeader::from_byte_array([5; 32])),
        ..ChangeSet::default()
    }
}

fn open(path: &Path) -> ChainFile {
    ChainFile::open(path, Network::Regtest).unwrap()
}

fn load(path: &Path) -> (ChainFile, Stored, Option<Damage>) {
    let Loaded { file, stored, damage } = ChainFile::load(path, Network::Regtest).unwrap();
    (file, stored.unwrap(), damage)
}

fn begun(path: &Path, heights: std::ops::Range<u32>) -> ChainFile {
    let mut file = open(path);
    file.begin(&base()).unwrap();
    file.apply(&changes(heights, None)).unwrap();
    file
}

#[test]
fn what_was_applied_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chain.db");
    let mut file = begun(&path, 701..3000);
    file.apply(&changes(2900..2950, Some(2899))).unwrap();
    file.close().unwrap();

    let (file, stored, damage) = load(&path);
    assert_eq!(
        file.tip().unwrap().unwrap(),
        BlockId::new(Height::new(2949), a_header(2949).block_hash())
    );
    assert_eq!((stored.base, damage), (base(), None));
    assert_eq!(stored.restored.headers, (701..2950).map(a_header).collect::<Vec<_>>());
    let filter_hashes: Vec<_> = (701..2950).map(a_filter_hash).collect();
    assert_eq!(stored.restored.filter_hashes, filter_hashes);
    let base_filter_header = Some(FilterHeader::from_byte_array([5; 32]));
    assert_eq!(stored.restored.base_filter_header, base_filter_header);
}

#[test]
fn an_empty_file_is_not_begun_and_a_begun_one_stands_on_its_base() {
    let dir = tempfile::tempdir().unwrap();
    let mut file = open(&dir.path().join("chain.db"));
    assert_eq!(file.restore().unwrap(), None);
    assert_eq!(file.tip().unwrap(), None);
    file.begin(&base()).unwrap();
    assert_eq!(file.tip().unwrap(), Some(base().block));
    assert_eq!(file.restore().unwrap().unwrap().0.restored.headers, Vec::new());
}

#[test]
fn damaged_headers_are_cut_and_named_and_the_file_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chain.db");
    let file = begun(&path, 701..4000);
    file.connection.execute("UPDATE headers SET checksum = 0 WHERE chunk = 2", []).unwrap();
    drop(file);

    let (mut file, stored, damage) = load(&path);
    assert_eq!(damage, Some(Damage::Headers(Height::new(2000))));
    assert_eq!(stored.restored.headers.len(), 1299);
    assert_eq!(stored.restored.filter_hashes.len(), 1299);
    file.apply(&changes(2000..2100, None)).unwrap();
    drop(file);
    let (_, stored, damage) = load(&path);
    assert_eq!((damage, stored.restored.headers.len()), (None, 1399));
    assert_eq!(stored.restored.filter_hashes.len(), 1399);
}

#[test]
fn damaged_filter_hashes_cost_no_header() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chain.db");
    let file = begun(&path, 701..4000);
    file.connection.execute("DELETE FROM filter_hashes WHERE chunk = 1", []).unwrap();
    drop(file);
    let (_, stored, damage) = load(&path);
    assert_eq!(damage, Some(Damage::FilterHashes(Height::new(1000))));
    assert_eq!(stored.restored.headers.len(), 3299);
    assert_eq!(stored.restored.filter_hashes.len(), 299);
}

#[test]
fn a_file_that_is_no_database_or_another_networks_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chain.db");
    fs::write(&path, vec![0x55; 40_000]).unwrap();
    let Loaded { mut file, stored, damage } = ChainFile::load(&path, Network::Regtest).unwrap();
    assert_eq!((stored, damage), (None, Some(Damage::File)));
    assert_eq!(fs::read(dir.path().join("chain.db.damaged")).unwrap().len(), 40_000);
    file.begin(&base()).unwrap();
    drop(file);

    let Loaded { stored, damage, .. } = ChainFile::load(&path, Network::Signet).unwrap();
    assert_eq!((stored, damage), (None, Some(Damage::File)));
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chain.db");
    let file = begun(&path, 701..800);
    file.connection.pragma_update(None, "user_version", 99).unwrap();
    drop(file);
    let refused = ChainFile::load(&path, Network::Regtest).unwrap_err();
    assert_eq!(refused.name(), "store_newer");
    assert!(!dir.path().join("chain.db.damaged").exists());
}

/// Else a wallet stands on blocks that a power cut forgot.
#[test]
fn a_commit_of_the_chain_is_on_the_disk_before_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chain.db");
    assert!(schema::syncs_commits(&begun(&path, 1..3).connection));
    assert!(schema::syncs_commits(&load(&path).0.connection));
}

#[test]
fn a_refused_write_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chain.db");
    let mut file = begun(&path, 701..800);
    let pages: i64 = file.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    file.connection.pragma_update(None, "max_page_count", pages).unwrap();
    assert_eq!(file.apply(&changes(750..9000, Some(749))).unwrap_err(), StoreProblem::Full);
    drop(file);
    let (_, stored, _) = load(&path);
    assert_eq!(stored.restored.headers, (701..800).map(a_header).collect::<Vec<_>>());
}

#[test]
fn merged_change_sets_write_what_the_parts_write() {
    let dir = tempfile::tempdir().unwrap();
    let steps = [
        changes(701..2500, None),
        changes(2400..2450, Some(2399)),
        ChangeSet { headers: BTreeMap::new(), ..changes(2450..2451, None) },
        changes(2390..2600, Some(2389)),
    ];
    let mut one_by_one = begun(&dir.path().join("a.db"), 701..702);
    let mut merged = begun(&dir.path().join("b.db"), 701..702);
    let mut sum = ChangeSet::default();
    for step in steps {
        one_by_one.apply(&step).unwrap();
        sum.merge(step);
    }
    merged.apply(&sum).unwrap();
    assert_eq!(one_by_one.restore().unwrap(), merged.restore().unwrap());
}
