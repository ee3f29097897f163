//! Lives through worlds, one seed after the other, until one fails or it is stopped; or through one
//! world for long, and tells after each simulated hour how much memory it takes.
//!
//! `simulate [FIRST [COUNT]]`: the first seed, and how many; without a count it goes on for ever.
//! `simulate soak [HOURS [SEED]]`: one world, for 24 hours if nothing else is said.

use std::io::{Write, stdout};
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context, Result};
use billfold_tests::sim::{self, Sum};

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if sim::lived_with_bad_disks(&arguments)? {
        return Ok(());
    }
    let number = |at: usize, else_: u64| -> Result<u64> {
        arguments.get(at).map_or(Ok(else_), |text| text.parse().context("not a number"))
    };
    if arguments.first().is_some_and(|first| first == "soak") {
        return soak(number(1, 24)?, number(2, 0)?);
    }
    live(number(0, 0)?, number(1, u64::MAX)?)
}

fn live(first: u64, count: u64) -> Result<()> {
    let (began, mut sum) = (Instant::now(), Sum::default());
    for (lived, seed) in (1_u64..).zip(first..first.saturating_add(count)) {
        sum.add(&sim::live(seed)?);
        if lived % TOLD_EVERY == 0 || lived == count {
            let seconds = began.elapsed().as_secs().max(1);
            let pace = lived * 60 / seconds;
            writeln!(stdout(), "up to seed {seed}: {sum}; {pace} seeds a minute")?;
        }
    }
    Ok(())
}

fn soak(hours: u64, seed: u64) -> Result<()> {
    let mut sum = Sum::default();
    let tell = |time: Duration, report: &sim::Report| {
        let (hours, memory) = (time.as_secs() / 3_600, memory().unwrap_or_default());
        writeln!(stdout(), "{hours} h: {} steps, {memory}", report.steps)?;
        Ok(())
    };
    sum.add(&sim::live_long(seed, Duration::from_secs(hours * 3_600), tell)?);
    writeln!(stdout(), "{sum}; {}", memory()?)?;
    Ok(())
}

/// The memory that the process takes, with the world's own, as the system tells it.
fn memory() -> Result<String> {
    let told = fs::read_to_string("/proc/self/status")?;
    let line = told.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map(|line| format!("{} resident", line.trim())).context("no VmRSS is told")
}

/// Worlds between two lines.
const TOLD_EVERY: u64 = 25;
