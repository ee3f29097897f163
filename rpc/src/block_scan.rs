//! Owns the one scan of blocks that may go on at a time: how far it is, and that it is to end.
//!
//! Refuses to look at blocks itself.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use billfold_wallet_core::light_client::height::Height;

use crate::stop::Stop;

/// Where a scan is announced.
#[derive(Debug, Default)]
pub struct BlockScans(Mutex<Option<Arc<BlockScan>>>);

/// A scan that goes on.
#[derive(Debug, Default)]
pub struct BlockScan {
    first: AtomicU32,
    last: AtomicU32,
    at: AtomicU32,
    /// By which it is asked to end.
    pub stop: Stop,
}

/// The right to scan; it ends when this is dropped.
#[derive(Debug)]
pub struct Reserved<'a> {
    scans: &'a BlockScans,
    /// The scan.
    pub scan: Arc<BlockScan>,
}

impl BlockScans {
    /// Begins one, unless one goes on.
    pub fn reserve(&self) -> Option<Reserved<'_>> {
        let mut current = self.current();
        if current.is_some() {
            return None;
        }
        let scan = Arc::new(BlockScan::default());
        *current = Some(Arc::clone(&scan));
        Some(Reserved { scans: self, scan })
    }

    /// The one that goes on.
    #[must_use]
    pub fn running(&self) -> Option<Arc<BlockScan>> {
        self.current().clone()
    }

    /// What a panic left is whole: every change is one assignment.
    fn current(&self) -> std::sync::MutexGuard<'_, Option<Arc<BlockScan>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BlockScan {
    /// It looks at these blocks.
    pub fn begin(&self, first: Height, last: Height) {
        self.first.store(first.to_u32(), Ordering::Relaxed);
        self.last.store(last.to_u32(), Ordering::Relaxed);
        self.at.store(first.to_u32(), Ordering::Relaxed);
    }

    /// It has looked at everything up to here.
    pub fn reach(&self, height: Height) {
        self.at.store(height.to_u32(), Ordering::Relaxed);
    }

    /// Up to where it has looked.
    #[must_use]
    pub fn height(&self) -> Height {
        Height::new(self.at.load(Ordering::Relaxed))
    }

    /// How much of it is done, in percent.
    #[must_use]
    pub fn percent(&self) -> u64 {
        let first = self.first.load(Ordering::Relaxed);
        let all = self.last.load(Ordering::Relaxed).saturating_sub(first);
        let done = self.at.load(Ordering::Relaxed).saturating_sub(first);
        (u64::from(done) * 100).checked_div(all.into()).unwrap_or(0)
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        *self.scans.current() = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_on_at_a_time_and_tells_how_far_it_is() {
        let scans = BlockScans::default();
        assert!(scans.running().is_none());
        let one = scans.reserve().expect("none goes on");
        assert!(scans.reserve().is_none());
        assert_eq!(one.scan.percent(), 0);
        one.scan.begin(Height::new(100), Height::new(300));
        one.scan.reach(Height::new(150));
        let running = scans.running().expect("it goes on");
        assert_eq!((running.percent(), running.height()), (25, Height::new(150)));
        drop(one);
        assert!(scans.running().is_none() && scans.reserve().is_some());
    }
}
