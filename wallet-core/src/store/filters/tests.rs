//! What was kept is read back, or is named as lost; never anything else.

use std::collections::BTreeMap;

use bitcoin::hashes::Hash as _;
use bitcoin::{BlockHash, FilterHash};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use tempfile::TempDir;

use super::*;
use crate::light_client::height::BlockId;

/// Far more than a test keeps.
const PLENTY: u64 = 1 << 40;
/// Segments are full at 64 KiB.
const SMALL: u64 = 400_000;

fn filter(height: u32, branch: u8, length: usize) -> KeptFilter {
    let mut hash = [branch; 32];
    hash[..4].copy_from_slice(&height.to_le_bytes());
    let block = BlockId::new(Height::new(height), BlockHash::from_byte_array(hash));
    let mut bytes = vec![0; length];
    ChaCha8Rng::from_seed(hash).fill_bytes(&mut bytes);
    KeptFilter { id: FilterId { block, hash: FilterHash::hash(&bytes) }, bytes: bytes.into() }
}

fn filters(heights: std::ops::Range<u32>) -> Vec<KeptFilter> {
    heights.map(|height| filter(height, 0, 1000 + height as usize % 300)).collect()
}

fn open(dir: &TempDir, budget: u64) -> Opened {
    FilterStore::open(dir.path(), budget).unwrap()
}

fn ids(filters: &[KeptFilter]) -> Vec<FilterId> {
    filters.iter().map(|filter| filter.id).collect()
}

/// What the store gives back of `filters`, by height, and how many records were damaged.
fn read_back(store: &FilterStore, filters: &[KeptFilter]) -> (BTreeMap<u32, KeptFilter>, usize) {
    let reading = read(&store.places(&ids(filters)));
    for filter in &reading.filters {
        assert!(filters.contains(filter), "something that was never kept: {:?}", filter.id);
    }
    let found = reading.filters.into_iter().map(|f| (f.id.block.height.to_u32(), f)).collect();
    (found, reading.damaged.len())
}

fn assert_all(store: &FilterStore, filters: &[KeptFilter]) {
    let (found, damaged) = read_back(store, filters);
    assert_eq!((found.len(), damaged), (filters.len(), 0));
}

fn files(dir: &TempDir) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn size(dir: &TempDir) -> u64 {
    files(dir).iter().map(|file| fs::metadata(file).unwrap().len()).sum()
}

#[test]
fn what_is_kept_is_there_after_any_number_of_starts() {
    let dir = tempfile::tempdir().unwrap();
    let all = filters(0..300);
    for part in all.chunks(70) {
        let mut opened = open(&dir, SMALL);
        assert_eq!(opened.damaged, Vec::<PathBuf>::new());
        opened.store.keep(part).unwrap();
        assert_all(&opened.store, part);
    }
    let opened = open(&dir, SMALL);
    assert_all(&opened.store, &all);
    assert!(opened.kept.contains(Height::new(299)) && !opened.kept.contains(Height::new(300)));
    assert!(files(&dir).len() > 8, "several segments, each with its index");
    let strangers: Vec<_> = (0..300).map(|height| filter(height, 9, 50)).collect();
    let (found, damaged) = read_back(&opened.store, &strangers);
    assert_eq!((found.len(), damaged), (0, 0), "another branch's filter is not this one");
}

#[test]
fn versions_and_branches_of_one_height_stand_beside_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let all = [filter(7, 1, 90), filter(8, 1, 0), filter(7, 2, 91), filter(6, 3, 2_000_000)];
    let mut opened = open(&dir, PLENTY);
    opened.store.keep(&all).unwrap();
    assert_eq!(read(&opened.store.places(&ids(&all))).filters.len(), 4);
    assert_eq!(read(&open(&dir, PLENTY).store.places(&ids(&all))).filters.len(), 4);
}

#[test]
fn bytes_flipped_anywhere_lose_only_what_is_named_and_kept_again() {
    let all = filters(0..200);
    for seed in 0..150 {
        let dir = tempfile::tempdir().unwrap();
        open(&dir, SMALL).store.keep(&all).unwrap();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let files = files(&dir);
        let victim = &files[random.next_u32() as usize % files.len()];
        let mut bytes = fs::read(victim).unwrap();
        let at = random.next_u32() as usize % bytes.len();
        bytes[at] ^= 1 << (random.next_u32() % 8);
        fs::write(victim, bytes).unwrap();

        let Opened { mut store, damaged, .. } = open(&dir, SMALL);
        let reading = read(&store.places(&ids(&all)));
        let named = damaged.len() + store.forget(&reading.damaged).unwrap().len();
        assert!(named > 0, "{victim:?} at {at}: nobody was told");
        let (found, damaged) = read_back(&store, &all);
        assert_eq!(damaged, 0, "what is forgotten is not looked for again");
        let lost: Vec<_> =
            all.iter().filter(|f| !found.contains_key(&f.id.block.height.to_u32())).collect();
        assert!(lost.len() < 80, "{victim:?} at {at} took {} filters along", lost.len());
        store.keep(&lost.into_iter().cloned().collect::<Vec<_>>()).unwrap();
        assert_all(&store, &all);

        let Opened { store, damaged, .. } = open(&dir, SMALL);
        let again = read(&store.places(&ids(&all)));
        assert_eq!(again.filters.len(), all.len());
        // In the segment that is still written on, a dead record is seen at each start until it
        // is full.
        assert!(damaged.len() + again.damaged.len() <= 1, "{damaged:?}");
    }
}

#[test]
fn a_segment_cut_at_any_length_keeps_the_filters_before_the_cut() {
    let all = filters(0..20);
    let whole = tempfile::tempdir().unwrap();
    open(&whole, PLENTY).store.keep(&all).unwrap();
    let [segment] = &files(&whole)[..] else { panic!("one file") };
    let bytes = fs::read(segment).unwrap();
    for length in (0..bytes.len()).step_by(97) {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(segment.file_name().unwrap()), &bytes[..length]).unwrap();
        let Opened { mut store, damaged, .. } = open(&dir, PLENTY);
        assert_eq!(damaged, Vec::<PathBuf>::new(), "a crash is no damage: {length}");
        let (found, damaged) = read_back(&store, &all);
        let expected = all
            .iter()
            .scan(8, |end, filter| {
                *end += Head::LENGTH + filter.bytes.len();
                Some(*end)
            })
            .filter(|end| *end <= length)
            .count();
        assert_eq!((found.len(), damaged), (expected, 0), "{length}");
        store.keep(&all[expected..]).unwrap();
        assert_all(&open(&dir, PLENTY).store, &all);
    }
}

#[test]
fn a_full_segment_that_was_cut_is_told() {
    let all = filters(0..200);
    let dir = tempfile::tempdir().unwrap();
    open(&dir, SMALL).store.keep(&all).unwrap();
    let first = files(&dir).into_iter().find(|file| file.extension().unwrap() == "segment");
    let first = first.unwrap();
    let file = fs::OpenOptions::new().write(true).open(&first).unwrap();
    file.set_len(30_000).unwrap();
    let opened = open(&dir, SMALL);
    assert_eq!(opened.damaged, [first]);
    let (found, _) = read_back(&opened.store, &all);
    assert!(found.len() > 150 && found.len() < 200);
    assert_eq!(open(&dir, SMALL).damaged, Vec::<PathBuf>::new(), "told once");
}

#[test]
fn under_a_budget_the_newest_blocks_stay() {
    let dir = tempfile::tempdir().unwrap();
    let all = filters(0..2_000);
    let mut store = open(&dir, SMALL).store;
    for part in all.chunks(100) {
        store.keep(part).unwrap();
        assert!(size(&dir) <= SMALL);
    }
    let (found, _) = read_back(&store, &all);
    assert!(found.len() > 200, "most of the budget is used: {}", found.len());
    let lowest = *found.keys().next().unwrap();
    assert_eq!(found.len(), 2_000 - lowest as usize, "without gaps up to the newest");

    store.keep(&all[..100]).unwrap();
    let (after, _) = read_back(&store, &all);
    assert!(found.keys().all(|height| after.contains_key(height)), "pushed out from below");

    drop(store);
    let smaller = open(&dir, SMALL / 2);
    assert!(size(&dir) <= SMALL / 2);
    let (found, _) = read_back(&smaller.store, &all);
    assert_eq!(found.last_key_value().unwrap().0, &1_999);
    FilterStore::clear(dir.path()).unwrap();
    assert!(!dir.path().exists());
}

#[test]
fn a_budget_smaller_than_a_segment_or_a_filter_is_kept_to() {
    for budget in [1, 1_200, 5_000] {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(&dir, budget).store;
        store.keep(&filters(0..50)).unwrap();
        assert!(size(&dir) <= budget.max(30), "{budget}: {}", size(&dir));
    }
}

#[test]
fn a_directory_that_takes_nothing_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let all = filters(0..200);
    let mut store = open(&dir, SMALL).store;
    store.keep(&all[..100]).unwrap();
    // A directory in the place of the next segment: no file can be made there.
    let next = store.segments.keys().last().unwrap() + 1;
    fs::create_dir(dir.path().join(format!("{next:08}.segment"))).unwrap();
    store.keep(&all[100..]).unwrap_err();
    assert_all(&store, &all[..100]);
}
