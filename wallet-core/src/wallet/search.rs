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
use crate::light_client::limits::BIRTHDAY_MARGIN;
use crate::light_client::time::WallTime;
use crate::limits::SEARCH_LEAD;
use crate::search_plan::earliest;
use crate::store::wallet::{ScanState, SearchedAccount};

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
        let mut searched = Vec::new();
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
        let grown = std::mem::take(&mut self.grown);
        if grown.is_empty() {
            return Ok(Vec::new());
        }
        let scan = self.file.scan()?;
        Ok(self.by_start(grown, &scan))
    }

    /// Since when the first of these scripts may have been paid, while a search goes on. Otherwise
    /// none was given out before.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn search_start(&self, scripts: &[ScriptBuf]) -> Result<Option<ScanStart>, StoreProblem> {
        let scan = self.file.scan()?;
        let places = scripts.iter().filter_map(|spk| self.scripts.get(spk));
        let lowest = places.map(|place| self.since(place.keychain.account)).min();
        Ok(lowest.and_then(|since| self.start(since, &scan)))
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
        self.file.set_search_end(self.begins_at(&scan), &end, &findings)?;
        self.release(&scan)?;
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
            let SearchedAccount { account, since, turn } = *searched;
            let receive = found(account, Branch::Receive)?;
            let change = found(account, Branch::Change)?;
            Ok(AccountSearch { account, since, turn, receive, change })
        });
        let accounts = accounts.collect::<Result<_, StoreProblem>>()?;
        let start = ended.map_or_else(|| self.begins_at(&scan), |(start, _)| start);
        let (gap, change_gap) =
            (self.description.look_ahead.receive, self.description.look_ahead.change);
        let end = ended.map(|(_, end)| end);
        Ok(SearchReport { start, end, gap, change_gap, accounts })
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

    /// Accounts that were added are searched for too, from where a search of the wallet begins.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Self::abort).
    pub fn search_for(&mut self, added: &[AccountId]) -> Result<(), StoreProblem> {
        self.plan_search()?;
        let before = self.file.scan()?;
        let scan = ScanState { searching: true, start: self.start_of_all(&before), ..before };
        self.file.set_scan(&scan)?;
        for state in self.keychains.values_mut() {
            state.searched = match (added.contains(&state.id.account), before.searching) {
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
        self.searches =
            self.file.searched_accounts()?.into_iter().map(|one| (one.account, one)).collect();
        for account in &self.accounts {
            let network = self.description.network;
            let since = earliest::of_descriptor(&account.descriptor().to_string(), network);
            let searched = SearchedAccount { account: account.id(), since, turn: 0 };
            if !self.searches.contains_key(&searched.account) {
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
            let passed = scan.cursor.is_some_and(|cursor| self.since(account) <= cursor.height);
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

    /// The accounts whose turn it is, and which can be paid below the cursor or soon above it.
    fn due_accounts(&self, scan: &ScanState) -> BTreeSet<AccountId> {
        let due = self.searches.values().filter(|account| {
            !scan.searching || (account.turn <= scan.turn && self.is_near(account.since, scan))
        });
        due.map(|account| account.account).collect()
    }

    fn is_near(&self, since: Height, scan: &ScanState) -> bool {
        match (scan.cursor, self.begins_at(scan)) {
            (Some(cursor), _) => since <= cursor.height.up(SEARCH_LEAD),
            (None, Birthday::Height(start)) => since <= start.up(SEARCH_LEAD),
            (None, Birthday::Time(start)) => self.is_before(since, start),
        }
    }

    /// Whether the block at `since` comes before a scan that begins with a birthday.
    fn is_before(&self, since: Height, birthday: u64) -> bool {
        let first = WallTime::new(birthday).before(BIRTHDAY_MARGIN);
        earliest::time_of(since, self.description.network).is_none_or(|time| time <= first)
    }

    fn since(&self, account: AccountId) -> Height {
        self.searches.get(&account).map_or(Height::GENESIS, |searched| searched.since)
    }

    /// Where a search for added accounts begins: at the birthday, wherever the last rescan did. It
    /// is not known which of a height and a time is lower, so a rescan that goes on keeps its own.
    fn start_of_all(&self, scan: &ScanState) -> Option<Height> {
        match (scan.start, self.description.birthday) {
            (Some(start), Birthday::Height(birthday)) => Some(start.min(birthday)),
            (start, Birthday::Time(_)) if scan.searching => start,
            (None, Birthday::Height(_)) | (_, Birthday::Time(_)) => None,
        }
    }

    /// Where the search begins, of what any account can have.
    fn begins_at(&self, scan: &ScanState) -> Birthday {
        scan.start.map_or(self.description.birthday, Birthday::Height)
    }

    /// Where the search begins for an account of which no payment is below `since`.
    fn start(&self, since: Height, scan: &ScanState) -> Option<ScanStart> {
        scan.searching.then(|| match self.begins_at(scan) {
            Birthday::Height(start) => ScanStart::Height(start.max(since)),
            Birthday::Time(start) if self.is_before(since, start) => {
                ScanStart::Time(WallTime::new(start))
            }
            Birthday::Time(_) => ScanStart::Height(since),
        })
    }

    /// The scripts by where their search begins, the lowest first.
    fn by_start(&self, scripts: Vec<ScriptBuf>, scan: &ScanState) -> Vec<Growth> {
        let mut groups: BTreeMap<Height, Vec<ScriptBuf>> = BTreeMap::new();
        for spk in scripts {
            let place = self.scripts.get(&spk);
            let since = place.map_or(Height::GENESIS, |place| self.since(place.keychain.account));
            groups.entry(since).or_default().push(spk);
        }
        let groups = groups.into_iter();
        groups.map(|(since, scripts)| Growth { scripts, since: self.start(since, scan) }).collect()
    }
}
