//! Lives through worlds, one seed after the other, until one fails or it is stopped.
//!
//! `simulate [FIRST [COUNT]]`: the first seed, and how many; without a count it goes on for ever.

use std::env;
use std::io::{Write, stdout};
use std::time::Instant;

use anyhow::Result;
use billfold_tests::sim::{self, Sum};

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let first: u64 = arguments.next().map_or(Ok(0), |first| first.parse())?;
    let count: u64 = arguments.next().map_or(Ok(u64::MAX), |count| count.parse())?;
    let (began, mut sum) = (Instant::now(), Sum::default());
    for (lived, seed) in (1_u64..).zip(first..first.saturating_add(count)) {
        sum.add(&sim::live(seed)?);
        if lived % TOLD_EVERY == 0 || lived == count {
            let seconds = began.elapsed().as_secs().max(1);
            writeln!(
                stdout(),
                "up to seed {seed}: {sum}; {} seeds a minute",
                lived * 60 / seconds
            )?;
        }
    }
    Ok(())
}

/// Worlds between two lines.
const TOLD_EVERY: u64 = 25;
