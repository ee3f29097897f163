//! Owns what is measured of one client, inside its own process.

use std::fs;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the peers did, up to a moment.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Served {
    /// Bytes sent.
    pub(crate) bytes: u64,
    /// The processor time of their process.
    pub(crate) cpu_seconds: Option<f64>,
}

impl Served {
    /// What they did since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        let cpu_seconds = self.cpu_seconds.zip(before.cpu_seconds);
        Self {
            bytes: self.bytes - before.bytes,
            cpu_seconds: cpu_seconds.map(|(now, before)| now - before),
        }
    }
}

/// One client's run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// From the start of the client to the end of its scan.
    pub(crate) seconds: f64,
    /// Whether exactly the payments were found.
    pub(crate) is_right: bool,
    /// The processor time of the process, all threads.
    cpu_seconds: Option<f64>,
    /// The most memory that was resident, in kB (1024 bytes).
    peak_kib: Option<u64>,
}

impl Measured {
    /// To be made when the scan has ended.
    pub(crate) fn after(took: Duration, is_right: bool) -> Self {
        Self {
            seconds: took.as_secs_f64(),
            is_right,
            cpu_seconds: cpu_seconds(),
            peak_kib: peak_kib(),
        }
    }

    /// The figures in columns.
    pub(crate) fn row(&self, blocks: u32, served: Served) -> String {
        let bytes = f64::from(u32::try_from(served.bytes / 1_000).unwrap_or(u32::MAX)) / 1_000.0;
        let cpu = |seconds: Option<f64>| seconds.map_or("?".to_owned(), |cpu| format!("{cpu:.2}"));
        let peak = self.peak_kib.and_then(|kib| u32::try_from(kib).ok());
        format!(
            "{:>8.2} {:>10.0} {:>7.0} {:>7} {:>10} {:>9}  {}",
            self.seconds,
            f64::from(blocks) / self.seconds,
            bytes / self.seconds,
            cpu(self.cpu_seconds),
            cpu(served.cpu_seconds),
            peak.map_or("?".to_owned(), |kib| format!("{:.0}", f64::from(kib) * 1.024 / 1_000.0)),
            if self.is_right { "right" } else { "WRONG" },
        )
    }
}

/// Linux tells; elsewhere the figure is missing.
fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// User and system time, which Linux counts in hundredths of a second.
pub(crate) fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks: u32 = fields.get(11)?.parse::<u32>().ok()? + fields.get(12)?.parse::<u32>().ok()?;
    Some(f64::from(ticks) / 100.0)
}
