//! Owns the search for old payments: which scripts may have been paid in blocks that the scan has
//! passed, whether somebody has looked, and what was found.
//!
//! Each account is looked for from the first block on in which one of its kind can be paid, and
//! the first accounts before the others, where that costs no second download (ADR 0210). Refuses
//! to look: the light client does, and says so by reaching the tip. What is noted here is in the
//! wallet's file in the same commit as the scan's cursor, so a search that was cut off goes on at
//! the next start.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::ScriptBuf;

use crate::command::{AccountSearch, Birthday, ChainSearch, SearchEnd, SearchReport, StoreProblem};
use crate::keychain::{AccountId, Branch, KeychainId};
use crate::light_client::height::{BlockId, Height};
use crate::light_client::input::ScanStart;
use crate::light_client::time::WallTime;
use crate::limits::SEARCH_LEAD;
use crate::store::wallet::ScanState;

use super::Wallet;

/// What the light client is to watch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WatchList {
    /// Scripts for which every block up to the scan's cursor was looked at, or which nobody can
    /// have paid there.
    pub searched: Vec<ScriptBuf>,
    /// Scripts that may have been paid up to the cursor, and since when.
    pub unsearched: Vec<Growth>,
}

/// Scripts by which the watch list grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// The scripts.
    pub scripts: Vec<ScriptBuf>,
    /// Since when they may have been paid; `None`: nobody can know them yet.
    pub since: Option<ScanStart>,
}

impl Wallet {
    /// Every script to watch now. An account of which no payment can be near the cursor comes
    /// later, by [`take_grown`](Self::take_grown).
    ///
    /// # Errors
    /// What the disk refused.
    pub fn watch_list(&mut self) -> Result<WatchList, StoreProblem> {
        let scan = self.file.scan()?;
        self.told = self.due_accounts(&scan);
        self.grown.clear();
        let mut searched = self.watch_others()?;
        let mut unsearched = Vec::new();
        for (spk, place) in &self.scripts {
            if !self.told.contains(&place.keychain.account) {
                continue;
            }
            let known = self.keychains.get(&place.keychain).map_or(0, |state| state.searched);
            let old = !scan.searching || place.index.to_u32() < known;
            let part = if old { &mut searched } else { &mut unsearched };
            part.push(spk.clone());
        }
        Ok(WatchList { searched, unsearched: self.by_start(unsearched, &scan) })
    }

    /// Scripts by which the watch list grew since the last take; to be told to the light client
    /// after the commit.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn take_grown(&mut self) -> Result<Vec<Growth>, StoreProblem> {
        let (others, since) = self.grown_of_others()?;
        let others = (!others.is_empty()).then_some(Growth { scripts: others, since });
        let grown = std::mem::take(&mut self.grown);
        if grown.is_empty() {
            return Ok(others.into_iter().collect());
        }
        let scan = self.file.scan()?;
        let mut grown = self.by_start(grown, &scan);
        grown.extend(others);
        Ok(grown)
    }

    /// Since when the first of these scripts may have been paid, while a search goes on. Otherwise
    /// none was given out before.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn search_start(&self, scripts: &[ScriptBuf]) -> Result<Option<ScanStart>, StoreProblem> {
        let scan = self.file.scan()?;
        let places = scripts.iter().filter_map(|spk| self.scripts.get(spk));
        let accounts: BTreeSet<_> = places.map(|place| place.keychain.account).collect();
        let starts: BTreeSet<_> = accounts.iter().map(|account| self.start(*account)).collect();
        let lowest = match (starts.first(), starts.last()) {
            (Some(Birthday::Height(_)), Some(Birthday::Time(_))) => {
                accounts.iter().map(|account| Birthday::Height(self.floor(*account))).min()
            }
            (first, _) => first.copied(),
        };
        Ok(lowest.filter(|_| scan.searching).map(scan_start))
    }

    /// Whether a search for old payments goes on.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn is_searching(&self) -> Result<bool, StoreProblem> {
        Ok(self.file.scan()?.searching)
    }

    /// Whether scripts were added that the light client was not told of.
    #[must_use]
    pub fn has_grown(&self) -> bool {
        !self.grown.is_empty()
    }

    /// Everything up to the tip was looked at, for every script that is watched. If accounts wait
    /// for their turn, it is theirs now, and the search goes on: then this is true.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Self::abort).
    pub fn begin_next_turn(&mut self) -> Result<bool, StoreProblem> {
        let scan = self.file.scan()?;
        let turns = self.searches.values().map(|account| account.turn);
        let next = turns.filter(|turn| *turn > scan.turn).min();
        let Some(turn) = next.filter(|_| scan.searching) else { return Ok(false) };
        let scan = ScanState { turn, ..scan };
        self.file.set_scan(&scan)?;
        self.release(&scan)?;
        Ok(self.has_grown())
    }

    /// Everything up to the tip was looked at, for every script: a search that goes on is over.
    /// What is added from here on was given out by nobody. Whether one went on.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Self::abort).
    pub fn end_search(&mut self, tip: BlockId, now: WallTime) -> Result<bool, StoreProblem> {
        let scan = self.file.scan()?;
        if !scan.searching {
            return Ok(false);
        }
        let scan = ScanState { searching: false, ..scan };
        self.file.set_scan(&scan)?;
        let states: Vec<_> = self.keychains.values().copied().collect();
        let mut findings = Vec::new();
        for state in states {
            let found = self.file.findings(state.id, state.derived, state.used)?;
            findings.push((state.id, found));
        }
        let end = SearchEnd { tip, at: now.to_unix() };
        self.file.set_search_end(&end, &findings)?;
        self.release(&scan)?;
        if let Some(running) = self.file.running_operation()? {
            self.file.end_operation(running.id, false, now)?;
        }
        Ok(true)
    }

    /// What the search that goes on covers and has found, else the last one.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn search_report(&self) -> Result<SearchReport, StoreProblem> {
        let scan = self.file.scan()?;
        let ended = self.file.search_end()?.filter(|_| !scan.searching);
        let found = |account, branch| -> Result<ChainSearch, StoreProblem> {
            let id = KeychainId { account, branch };
            match (&ended, self.keychains.get(&id)) {
                (None, Some(state)) => self.file.findings(id, state.derived, state.used),
                _ => self.file.finding(id),
            }
        };
        let accounts = self.searches.values().map(|searched| {
            Ok(AccountSearch {
                account: searched.account,
                start: self.start(searched.account),
                gap: searched.look_ahead.receive,
                change_gap: searched.look_ahead.change,
                turn: searched.turn,
                receive: found(searched.account, Branch::Receive)?,
                change: found(searched.account, Branch::Change)?,
            })
        });
        let accounts = accounts.collect::<Result<_, StoreProblem>>()?;
        Ok(SearchReport { end: ended, accounts })
    }

    /// The first account of each type is searched for before the others: over filters that are
    /// kept, since each is read once more for them.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Self::abort).
    pub fn search_in_turns(&mut self) -> Result<(), StoreProblem> {
        let mut kinds = Vec::new();
        for account in &self.accounts {
            let again = kinds.contains(&account.kind());
            kinds.push(account.kind());
            let Some(searched) = self.searches.get_mut(&account.id()) else { continue };
            searched.turn = u32::from(again);
            self.file.set_searched_account(*searched)?;
        }
        let scan = self.file.scan()?;
        self.told = self.due_accounts(&scan);
        Ok(())
    }

    /// An account is searched for too, from its start on.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Self::abort).
    pub fn search_for(&mut self, account: AccountId) -> Result<(), StoreProblem> {
        let before = self.file.scan()?;
        let scan = ScanState { searching: true, ..before };
        self.file.set_scan(&scan)?;
        for state in self.keychains.values_mut() {
            state.searched = match (account == state.id.account, before.searching) {
                (true, _) => 0,
                // A search that goes on has not looked for what lies above.
                (false, true) => state.searched,
                (false, false) => state.derived,
            };
            self.file.set_keychain(state)?;
        }
        self.release(&scan)
    }

    /// Notes how accounts are searched for of which that is not known yet.
    pub(super) fn plan_search(&mut self) -> Result<(), StoreProblem> {
        for account in &self.accounts {
            if !self.searches.contains_key(&account.id()) {
                let searched = self.searched(account);
                self.file.set_searched_account(searched)?;
                self.searches.insert(searched.account, searched);
            }
        }
        let scan = self.file.scan()?;
        self.told = self.due_accounts(&scan);
        Ok(())
    }

    /// A search begins with a scan from its start for every script there is. A rescan takes no
    /// turns: the light client knows all scripts.
    pub(super) fn begin_search(&mut self, in_turns: bool) -> Result<(), StoreProblem> {
        for state in self.keychains.values_mut() {
            state.searched = state.derived;
            self.file.set_keychain(state)?;
        }
        let last = self.searches.values().map(|account| account.turn).max().unwrap_or(0);
        let turn = if in_turns { 0 } else { last };
        let scan = ScanState { searching: true, turn, ..self.file.scan()? };
        self.file.set_scan(&scan)
    }

    /// The scan has come to a block: accounts that may be paid soon are watched from here on.
    pub(super) fn release(&mut self, scan: &ScanState) -> Result<(), StoreProblem> {
        if self.told.len() == self.accounts.len() {
            return Ok(());
        }
        for account in self.due_accounts(scan) {
            if !self.told.insert(account) {
                continue;
            }
            let first = self.floor(account);
            let passed = scan.cursor.is_some_and(|cursor| first <= cursor.height);
            let states = self.keychains.values_mut().filter(|state| state.id.account == account);
            for state in states.filter(|_| passed && scan.searching) {
                state.searched = 0;
                self.file.set_keychain(state)?;
            }
            let scripts = self.scripts.iter();
            let own = scripts.filter(|(_, place)| place.keychain.account == account);
            self.grown.extend(own.map(|(spk, _)| spk.clone()));
        }
        Ok(())
    }

    /// A block that the scan had passed pays scripts of the wallet: blocks above it may spend from
    /// them, which nobody could see, and nobody looked for those by which the watch list grew.
    pub(super) fn search_after<'a>(
        &mut self,
        at: Height,
        scripts: impl Iterator<Item = &'a ScriptBuf>,
    ) -> Result<(), StoreProblem> {
        if !self.file.scan()?.searching {
            self.begin_search(false)?;
        }
        let places: Vec<_> = scripts.filter_map(|spk| self.scripts.get(spk)).copied().collect();
        for place in places {
            self.lower_start(place.keychain.account, at)?;
            if let Some(state) = self.keychains.get_mut(&place.keychain)
                && place.index.to_u32() < state.searched
            {
                state.searched = place.index.to_u32();
                self.file.set_keychain(state)?;
            }
        }
        Ok(())
    }

    /// The accounts whose turn it is, and which can be paid below the cursor or soon above it.
    fn due_accounts(&self, scan: &ScanState) -> BTreeSet<AccountId> {
        let due = self.searches.values().filter(|account| {
            !scan.searching || (account.turn <= scan.turn && self.is_near(account.account, scan))
        });
        due.map(|account| account.account).collect()
    }

    fn is_near(&self, account: AccountId, scan: &ScanState) -> bool {
        let first = self.floor(account);
        match (scan.cursor, self.scan_begins(scan)) {
            (Some(cursor), _) => first <= cursor.height.up(SEARCH_LEAD),
            (None, Birthday::Height(start)) => first <= start.up(SEARCH_LEAD),
            (None, Birthday::Time(start)) => self.is_before(first, start),
        }
    }

    /// The scripts by where their search begins, heights first, the lowest first.
    fn by_start(&self, scripts: Vec<ScriptBuf>, scan: &ScanState) -> Vec<Growth> {
        let mut groups: BTreeMap<Birthday, Vec<ScriptBuf>> = BTreeMap::new();
        for spk in scripts {
            let place = self.scripts.get(&spk);
            let genesis = Birthday::Height(Height::GENESIS);
            let start = place.map_or(genesis, |place| self.start(place.keychain.account));
            groups.entry(start).or_default().push(spk);
        }
        let groups = groups.into_iter();
        let since = |start| scan.searching.then(|| scan_start(start));
        groups.map(|(start, scripts)| Growth { scripts, since: since(start) }).collect()
    }
}

/// As the light client has it.
fn scan_start(start: Birthday) -> ScanStart {
    match start {
        Birthday::Height(height) => ScanStart::Height(height),
        Birthday::Time(time) => ScanStart::Time(WallTime::new(time)),
    }
}
