//! Owns the figures of the matcher in `docs/performance.md`: filters of 8,000 elements, matched by
//! billfold and by the `bitcoin` crate in one run, and 2,000 of them on all cores.
//!
//! Refuses to judge: nothing here fails for being slow.

#![allow(clippy::print_stdout, reason = "a table of figures is what this program is for")]
#![allow(missing_docs, reason = "criterion's macros write functions without")]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use billfold_light_client::filter::matcher::Matcher;
use billfold_light_client::filter::packed_scripts::PackedScripts;
use billfold_light_client::job::{self, FilterToMatch, FilterVerdict, Job, JobResult};
use bitcoin::bip158::{BlockFilter, GcsFilterWriter};
use bitcoin::hash_types::FilterHash;
use bitcoin::hashes::{Hash as _, sha256};
use bitcoin::{BlockHash, ScriptBuf, WPubkeyHash};
use criterion::{Criterion, criterion_group, criterion_main};

/// Elements of a filter; about those of a full block.
const ELEMENTS: u32 = 8_000;

/// Filters that are matched on all cores.
const FILTERS: u32 = 2_000;

/// Filters of one job, as many as make a megabyte.
const PER_JOB: usize = 50;

/// Scripts that are looked for.
const SCRIPTS: [u32; 3] = [50, 1_000, 10_000];

criterion_group!(benches, one_filter, rescan);
criterion_main!(benches);

/// One filter on one core, the filter's hash not counted.
fn one_filter(criterion: &mut Criterion) {
    let (block, filter) = filter(0);
    let theirs = BlockFilter::new(&filter);
    println!("a filter of {ELEMENTS} elements, {} bytes, one core", filter.len());
    for count in SCRIPTS {
        let scripts = watched(count);
        let packed: PackedScripts = scripts.iter().collect();
        let library = || {
            let query = scripts.iter().map(|script| script.as_bytes());
            black_box(&theirs).match_any(&block, query)
        };
        let library_takes = median(library);
        println!("{count:>8} scripts: bitcoin {library_takes:.1?}");
        for (kind, mut matcher) in Matcher::of_each_kind() {
            let mut ours = || matcher.matches_any(black_box(&filter), block, &packed);
            assert_eq!(ours().ok(), library().ok());
            let takes = median(&mut ours);
            let ratio = library_takes.as_secs_f64() / takes.as_secs_f64();
            println!("{kind:>16}: {takes:.1?}, {ratio:.1} times as fast");
        }
        let mut matcher = Matcher::new();
        criterion.bench_function(&format!("match/{count}"), |bench| {
            bench.iter(|| matcher.matches_any(black_box(&filter), block, &packed));
        });
    }
    let hash = median(|| FilterHash::hash(black_box(&filter)));
    println!("the filter's hash: {hash:.1?}");
}

/// Many filters, hashed and matched in jobs by all cores.
fn rescan(_: &mut Criterion) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let filters: Vec<_> = (0..FILTERS)
        .map(|number| {
            let (block, bytes) = filter(number);
            FilterToMatch { block, expected: FilterHash::hash(&bytes), bytes: bytes.into() }
        })
        .collect();
    println!("{FILTERS} filters hashed and matched on {cores} cores");
    for count in SCRIPTS {
        let scripts: Arc<PackedScripts> = Arc::new(watched(count).iter().collect());
        let job = |filters: &[FilterToMatch]| Job::MatchFilters {
            filters: filters.to_vec(),
            scripts: Arc::clone(&scripts),
        };
        let jobs: Vec<_> = filters.chunks(PER_JOB).map(job).collect();
        let mut runs: Vec<_> = (0..11).map(|_| timed(|| on_all_cores(cores, &jobs))).collect();
        runs.sort_unstable_by_key(|(_, took)| *took);
        let (worked, took) = runs[runs.len() / 2];
        println!("{count:>8} scripts: {:.4} s", took.as_secs_f64());
        if let Some(worked) = worked {
            let alone = worked.div_f64(f64::from(u32::try_from(cores).unwrap_or(1))).as_secs_f64();
            println!("{:>16}: {alone:.4} s on each core", "time on them");
        }
    }
}

/// Runs the jobs. Returns how long the threads were on a core, all together: what a run takes on
/// a machine that does nothing else, times the cores.
fn on_all_cores(cores: usize, jobs: &[Job]) -> Option<Duration> {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let JobResult::MatchFilters(verdicts) = job::run(job);
            let read = |verdict: &FilterVerdict| {
                matches!(verdict, FilterVerdict::Match | FilterVerdict::NoMatch)
            };
            assert!(verdicts.iter().all(read));
        }
        time_on_core()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().ok().flatten()).sum()
    })
}

/// How long this thread was on a core, where the system tells.
fn time_on_core() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(told.split_whitespace().next()?.parse().ok()?))
}

/// The median of many runs.
fn median<T>(mut work: impl FnMut() -> T) -> Duration {
    let mut runs: Vec<_> = (0..501).map(|_| timed(|| black_box(work())).1).collect();
    runs.sort_unstable();
    runs[runs.len() / 2]
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// The block and the filter with this number: `ELEMENTS` outputs to a witness key hash.
fn filter(number: u32) -> (BlockHash, Vec<u8>) {
    let block = BlockHash::hash(&number.to_le_bytes());
    let (words, _) = block.as_byte_array().as_chunks();
    let (k0, k1) = (u64::from_le_bytes(words[0]), u64::from_le_bytes(words[1]));
    let mut filter = Vec::new();
    let mut writer = GcsFilterWriter::new(&mut filter, k0, k1, 784_931, 19);
    for element in 0..ELEMENTS {
        writer.add_element(script(u64::from(number) << 32 | u64::from(element)).as_bytes());
    }
    writer.finish().expect("a vector takes every byte");
    (block, filter)
}

/// Scripts that are in no filter.
fn watched(count: u32) -> Vec<ScriptBuf> {
    (0..count).map(|number| script(u64::MAX - u64::from(number))).collect()
}

fn script(number: u64) -> ScriptBuf {
    let hash = sha256::Hash::hash(&number.to_le_bytes());
    let hash: [u8; 20] = *hash.as_byte_array().first_chunk().expect("20 of 32 bytes");
    ScriptBuf::new_p2wpkh(&WPubkeyHash::from_byte_array(hash))
}
