//! Owns how long a process has run on processors, as Linux counts it.

use std::fs;

use anyhow::{Context, Result};

/// Seconds on processors until now, of all its threads, the ended ones included.
pub(crate) fn seconds(process: u32) -> Result<f64> {
    let counted = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // Behind the name in brackets, which may hold anything (proc_pid_stat(5)).
    let (_, behind) = counted.rsplit_once(')').context("no name")?;
    let mut times = behind.split_whitespace().skip(USER_TIME);
    let mut ticks = || anyhow::Ok(times.next().context("no time")?.parse::<f64>()?);
    let (user, system) = (ticks()?, ticks()?);
    Ok((user + system) / TICKS)
}

/// Fields between the name and the time in the program itself; that in the system is next.
const USER_TIME: usize = 11;

/// A second has so many, on every processor that Linux runs on.
const TICKS: f64 = 100.0;
