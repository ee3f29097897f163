//! Owns where the search for each account begins: at its birthday, or where a rescan was asked for,
//! but not before an account of its kind can have been paid.
//!
//! Refuses to compare a height with a time, where nobody knows which block the time is of: then the
//! lower one of all that it can be counts.

use crate::command::{Birthday, StoreProblem};
use crate::keychain::{Account, AccountId};
use crate::light_client::height::Height;
use crate::light_client::limits::BIRTHDAY_MARGIN;
use crate::light_client::time::WallTime;
use crate::search_plan::earliest;
use crate::store::wallet::{ScanState, SearchedAccount};

use super::Wallet;

impl Wallet {
    /// Where the search for each account begins that goes on; nothing if none does.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn search_starts(&self) -> Result<Vec<Birthday>, StoreProblem> {
        let searching = self.file.scan()?.searching;
        Ok(self.searches.keys().filter(|_| searching).map(|account| self.start(*account)).collect())
    }

    /// How an account is searched for: as a new one of the wallet, if nothing else was said.
    pub(super) fn searched(&self, account: &Account) -> SearchedAccount {
        let id = account.id();
        self.searches.get(&id).copied().unwrap_or_else(|| SearchedAccount {
            account: id,
            birthday: self.description.birthday,
            look_ahead: self.description.look_ahead,
            since: earliest::of_descriptor(
                &account.descriptor().to_string(),
                self.description.network,
            ),
            start: self.description.birthday,
            turn: 0,
        })
    }

    /// Writes how an account is searched for.
    pub(super) fn set_search(&mut self, searched: SearchedAccount) -> Result<(), StoreProblem> {
        self.file.set_searched_account(searched)?;
        self.searches.insert(searched.account, searched);
        Ok(())
    }

    /// Where the scan begins.
    pub(super) fn scan_begins(&self, scan: &ScanState) -> Birthday {
        scan.start.map_or(self.description.birthday, Birthday::Height)
    }

    /// Where the search for an account begins.
    pub(super) fn start(&self, account: AccountId) -> Birthday {
        let Some(searched) = self.searches.get(&account) else {
            return Birthday::Height(Height::GENESIS);
        };
        match searched.start {
            Birthday::Height(start) => Birthday::Height(start.max(searched.since)),
            Birthday::Time(start) if self.is_before(searched.since, start) => Birthday::Time(start),
            Birthday::Time(_) => Birthday::Height(searched.since),
        }
    }

    /// A height that no block of the search for an account is below.
    pub(super) fn floor(&self, account: AccountId) -> Height {
        match (self.start(account), self.searches.get(&account)) {
            (Birthday::Height(height), _) => height,
            (Birthday::Time(_), searched) => {
                searched.map_or(Height::GENESIS, |searched| searched.since)
            }
        }
    }

    /// Whether the block at `since` comes before a scan that begins with a birthday.
    pub(super) fn is_before(&self, since: Height, birthday: u64) -> bool {
        let first = WallTime::new(birthday).before(BIRTHDAY_MARGIN);
        earliest::time_of(since, self.description.network).is_none_or(|time| time <= first)
    }

    /// The account's birthday, or lower if a payment was found below it.
    pub(super) fn known_since(&self, account: AccountId) -> Result<Birthday, StoreProblem> {
        let birthday = self.searched(self.account(account)?).birthday;
        let paid = self.file.first_payment_to(account)?;
        Ok(match (birthday, paid) {
            (birthday, None) => birthday,
            (Birthday::Height(birthday), Some((height, _))) => {
                Birthday::Height(birthday.min(height))
            }
            (Birthday::Time(birthday), Some((_, time))) => {
                Birthday::Time(birthday.min(time.to_unix()))
            }
        })
    }

    /// Sets the start of each account back to a height, or to its birthday, but skips no block that
    /// was not looked at. Returns where the scan is to begin.
    pub(super) fn set_starts_back(
        &mut self,
        scan: &ScanState,
        from: Option<Height>,
        first_since: &impl Fn(WallTime) -> Height,
    ) -> Result<Birthday, StoreProblem> {
        // A search that goes on has not looked at everything below its cursor.
        let passed = scan.cursor.filter(|_| !scan.searching).map(|cursor| cursor.height.next());
        let begin = |birthday: Birthday, start: Birthday| match (from, passed) {
            (Some(from), Some(passed)) => Birthday::Height(from.min(passed)),
            (Some(from), None) => lower(Birthday::Height(from), start, first_since),
            (None, None) if scan.searching => lower(birthday, start, first_since),
            (None, _) => birthday,
        };
        let searches: Vec<_> = self.searches.values().copied().collect();
        for searched in searches {
            let start = begin(self.known_since(searched.account)?, searched.start);
            self.set_search(SearchedAccount { start, ..searched })?;
        }
        Ok(begin(self.description.birthday, self.scan_begins(scan)))
    }

    /// The search for an account goes down to a block that was found to pay it.
    pub(super) fn lower_start(
        &mut self,
        account: AccountId,
        at: Height,
    ) -> Result<(), StoreProblem> {
        match self.searches.get(&account).copied() {
            Some(searched @ SearchedAccount { start: Birthday::Height(start), .. })
                if at < start =>
            {
                self.set_search(SearchedAccount { start: Birthday::Height(at), ..searched })
            }
            _ => Ok(()),
        }
    }

    /// A scan that begins above where an account is to be searched for leaves a part for after it:
    /// that account's scripts are looked for once more, from their own start on.
    pub(super) fn leave_what_begins_lower(&mut self) -> Result<(), StoreProblem> {
        let scan = self.file.scan()?;
        let begin = self.scan_begins(&scan);
        for (id, mut state) in self.keychains.clone() {
            if self.is_passed_by(begin, id.account) {
                continue;
            }
            state.searched = 0;
            self.file.set_keychain(&state)?;
            self.keychains.insert(id, state);
            if self.told.contains(&id.account) {
                let own = self.scripts.iter().filter(|(_, place)| place.keychain == id);
                self.grown.extend(own.map(|(spk, _)| spk.clone()));
            }
        }
        Ok(())
    }

    /// Whether a scan from `begin` on reads every block in which an account is searched for.
    fn is_passed_by(&self, begin: Birthday, account: AccountId) -> bool {
        let since = self.searches.get(&account).map(|searched| searched.since);
        match (self.start(account), begin) {
            (Birthday::Height(start), Birthday::Height(begin)) => start >= begin,
            (Birthday::Time(start), Birthday::Time(begin)) => start >= begin,
            (Birthday::Height(start), Birthday::Time(begin)) => {
                Some(start) == since && !self.is_before(start, begin)
            }
            (Birthday::Time(_), Birthday::Height(begin)) => begin == Height::GENESIS,
        }
    }
}

/// The lower of two, or lower than both.
pub(super) fn lower(
    a: Birthday,
    b: Birthday,
    first_since: &impl Fn(WallTime) -> Height,
) -> Birthday {
    match (a, b) {
        (Birthday::Height(a), Birthday::Height(b)) => Birthday::Height(a.min(b)),
        (Birthday::Time(a), Birthday::Time(b)) => Birthday::Time(a.min(b)),
        (Birthday::Height(height), Birthday::Time(time))
        | (Birthday::Time(time), Birthday::Height(height)) => {
            Birthday::Height(height.min(first_since(WallTime::new(time))))
        }
    }
}
