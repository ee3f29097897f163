//! Owns the search for old payments: which scripts may have been paid in blocks that the scan has
//! passed, and whether somebody has looked.
//!
//! Refuses to look: the light client does, and says so by reaching the tip. What is noted here is
//! in the wallet's file in the same commit as the scan's cursor, so a search that was cut off goes
//! on at the next start.

use bitcoin::ScriptBuf;

use crate::command::{Birthday, StoreProblem};
use crate::light_client::height::Height;
use crate::light_client::input::ScanStart;
use crate::light_client::time::WallTime;
use crate::store::wallet::ScanState;

use super::Wallet;

/// What the light client is to watch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WatchList {
    /// Scripts for which every block up to the scan's cursor was looked at, or which nobody can
    /// have paid there.
    pub searched: Vec<ScriptBuf>,
    /// Scripts that may have been paid up to the cursor, from the search's start on.
    pub unsearched: Vec<ScriptBuf>,
}

impl Wallet {
    /// Every script to watch.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn watch_list(&self) -> Result<WatchList, StoreProblem> {
        let searching = self.file.scan()?.searching;
        let mut list = WatchList::default();
        for (spk, place) in &self.scripts {
            let searched = self.keychains.get(&place.keychain).map_or(0, |state| state.searched);
            let old = !searching || place.index.to_u32() < searched;
            let part = if old { &mut list.searched } else { &mut list.unsearched };
            part.push(spk.clone());
        }
        Ok(list)
    }

    /// Since when scripts that are added now may have been paid, while a search goes on. Otherwise
    /// none was given out before.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn search_start(&self) -> Result<Option<ScanStart>, StoreProblem> {
        let scan = self.file.scan()?;
        Ok(scan.searching.then(|| match (scan.start, self.description.birthday) {
            (Some(height), _) | (None, Birthday::Height(height)) => ScanStart::Height(height),
            (None, Birthday::Time(time)) => ScanStart::Time(WallTime::new(time)),
        }))
    }

    /// Whether scripts were added that the light client was not told of.
    #[must_use]
    pub fn has_grown(&self) -> bool {
        !self.grown.is_empty()
    }

    /// Everything up to the tip was looked at, for every script: a search that goes on is over.
    /// What is added from here on was given out by nobody.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Self::abort).
    pub fn end_search(&mut self) -> Result<(), StoreProblem> {
        let scan = self.file.scan()?;
        if scan.searching {
            self.file.set_scan(&ScanState { searching: false, ..scan })?;
        }
        Ok(())
    }

    /// A search begins with a scan from its start for every script there is.
    pub(super) fn begin_search(&mut self) -> Result<(), StoreProblem> {
        for state in self.keychains.values_mut() {
            state.searched = state.derived;
            self.file.set_keychain(state)?;
        }
        let scan = self.file.scan()?;
        self.file.set_scan(&ScanState { searching: true, ..scan })
    }

    /// A block that the scan had passed pays scripts of the wallet: blocks above it may spend from
    /// them, which nobody could see, and nobody looked for those by which the watch list grew.
    pub(super) fn search_after<'a>(
        &mut self,
        at: Height,
        scripts: impl Iterator<Item = &'a ScriptBuf>,
    ) -> Result<(), StoreProblem> {
        if !self.file.scan()?.searching {
            self.begin_search()?;
        }
        for place in scripts.filter_map(|spk| self.scripts.get(spk)) {
            if let Some(state) = self.keychains.get_mut(&place.keychain)
                && place.index.to_u32() < state.searched
            {
                state.searched = place.index.to_u32();
                self.file.set_keychain(state)?;
            }
        }
        let scan = self.file.scan()?;
        let start = scan.start.map(|start| start.min(at));
        self.file.set_scan(&ScanState { start, ..scan })
    }
}
