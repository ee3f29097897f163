//! Lives through worlds, one seed after the other, until one fails or it is stopped; or through one
//! world for long, with a program that never dies, and fails if that leaves memory behind.
//!
//! `simulate [FIRST [COUNT]]`: the first seed, and how many; without a count it goes on for ever.
//! `simulate soak [HOURS [SEED]]`: one world, for 24 hours if nothing else is said.

use std::alloc::System;
use std::env;
use std::io::{Write, stdout};
use std::time::Instant;

use anyhow::{Context, Result};
use billfold_tests::sim::{self, Sum};
use cap::Cap;

/// Counts what is allocated; it limits nothing.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |at: usize, else_: u64| -> Result<u64> {
        arguments.get(at).map_or(Ok(else_), |text| text.parse().context("not a number"))
    };
    if arguments.first().is_some_and(|first| first == "soak") {
        return soak(u32::try_from(number(1, 24)?)?, number(2, 0)?);
    }
    if sim::lived_with_bad_disks(&arguments)? {
        return Ok(());
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

fn soak(hours: u32, seed: u64) -> Result<()> {
    let tell = |hour: u32, report: &sim::Report| {
        let live = ALLOCATOR.allocated() / 1024;
        writeln!(stdout(), "{hour} h: {} steps, {live} KiB allocated", report.steps)?;
        Ok(())
    };
    let (report, memory) = sim::soak(seed, hours, || ALLOCATOR.allocated(), tell)?;
    let mut sum = Sum::default();
    sum.add(&report);
    let (old, new) = (memory.old / 1024, memory.new / 1024);
    writeln!(stdout(), "{sum}; the program held {old} KiB, and {new} KiB once it began anew")?;
    Ok(())
}

/// Worlds between two lines.
const TOLD_EVERY: u64 = 25;
