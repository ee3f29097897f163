//! Owns what a process takes of its machine, as Linux tells it, and the judgement of an hour of it.
//!
//! Refuses to guess: where the system tells nothing of another process's descriptors, none are told.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// What a process takes at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vitals {
    own_kib: u64,
    resident_kib: u64,
    peak_kib: u64,
    descriptors: Option<usize>,
    threads: u64,
    disk_kib: u64,
    transactions: u64,
}

impl Vitals {
    /// The head of a table of [`Self::row`]s.
    pub(crate) const HEADING: &str = "| Minute | Own | Resident | Peak | Descriptors | Threads | On disk | Transactions |\n\
         |--:|--:|--:|--:|--:|--:|--:|--:|";

    /// Looks at a process and its data directory; `transactions` is what its wallet holds.
    pub(crate) fn of(process: u32, data_dir: &Path, transactions: u64) -> Result<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let field = |name: &str| -> Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number =
                line.and_then(|rest| rest.split_whitespace().next()).context("no field")?;
            Ok(number.parse()?)
        };
        // The daemon lets no other program of its user look at these; root may.
        let descriptors = fs::read_dir(format!("/proc/{process}/fd")).ok().map(Iterator::count);
        Ok(Self {
            own_kib: field("RssAnon:")?,
            resident_kib: field("VmRSS:")?,
            peak_kib: field("VmHWM:")?,
            descriptors,
            threads: field("Threads:")?,
            disk_kib: bytes_below(data_dir)? / 1024,
            transactions,
        })
    }

    /// A row of the table.
    pub(crate) fn row(&self, minute: u64) -> String {
        let descriptors = self.descriptors.map_or_else(String::new, |count| count.to_string());
        format!(
            "| {minute} | {:.1} MB | {:.1} MB | {:.1} MB | {descriptors} | {} | {:.1} MB | {} |",
            mega(self.own_kib),
            mega(self.resident_kib),
            mega(self.peak_kib),
            self.threads,
            mega(self.disk_kib),
            self.transactions,
        )
    }
}

/// Whether its own memory and descriptors stayed where they were from the second quarter of the time
/// to the last one. The first quarter fills caches. What is mapped from files is not its own: it
/// comes in as code is run for the first time.
pub(crate) fn judge(seen: &[Vitals]) -> Result<()> {
    let quarter = seen.len() / 4;
    if quarter == 0 {
        println!("too short to judge");
        return Ok(());
    }
    let (early, late) = (&seen[quarter..2 * quarter], &seen[seen.len() - quarter..]);
    let memory = |quarter: &[Vitals]| median(quarter.iter().map(|at| at.own_kib).collect());
    let (before, after) = (memory(early), memory(late));
    let count = |quarter: &[Vitals]| quarter.iter().filter_map(|at| at.descriptors).max();
    println!(
        "median of its own memory: {:.1} MB in the second quarter, {:.1} MB in the last; most \
         descriptors {:?} and {:?}",
        mega(before),
        mega(after),
        count(early),
        count(late)
    );
    ensure!(after <= before + GROWTH_KIB, "memory grew from {before} to {after} KiB");
    let allowed = count(early).map(|count| count + DESCRIPTORS);
    ensure!(count(late) <= allowed, "descriptors grew: {:?}, {:?}", count(early), count(late));
    Ok(())
}

fn bytes_below(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        // A file may be gone between the two looks, as a journal is after a commit.
        sum += if kind.is_dir() {
            bytes_below(&entry.path())?
        } else {
            entry.metadata().map_or(0, |file| file.len())
        };
    }
    Ok(sum)
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "megabytes with one decimal")]
fn mega(kib: u64) -> f64 {
    kib as f64 * 1024.0 / 1_000_000.0
}

/// What half an hour may add to a wallet that gains some thousand transactions: its kept pages of the
/// database and its tables.
const GROWTH_KIB: u64 = 4 * 1024;

/// Descriptors that may be open beside those of before: connections that are just made or closed.
const DESCRIPTORS: usize = 8;
