//! A search for old payments: where each account's begins, in which order, and what is told of it.

use bitcoin::hashes::Hash;
use bitcoin::{Amount, BlockHash, Network, ScriptBuf};
use tempfile::TempDir;

use super::bench::{Bench, key, new_wallet};
use crate::command::{Birthday, SearchEnd};
use crate::config::LookAhead;
use crate::keychain::{AccountId, Branch, DerivationIndex, ScriptType, StandardAccount};
use crate::light_client::height::{BlockId, Height};
use crate::light_client::input::ScanStart;
use crate::light_client::time::WallTime;
use crate::seed::{Seed, Words};
use crate::store::wallet::{SearchedAccount, WalletFile};
use crate::wallet::{Growth, SearchScope, Wallet, WatchList};

/// The accounts of these tests, in their order.
const TAPROOT: AccountId = AccountId::new(0);
const LEGACY: AccountId = AccountId::new(1);
const SECOND: AccountId = AccountId::new(2);

const WORDS: &str = "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong";
const NOW: WallTime = WallTime::new(1_700_000_000);

/// A restored wallet, before its search.
struct Restored {
    dir: TempDir,
    wallet: Wallet,
}

impl Restored {
    fn new(birthday: Birthday, network: Network) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut new = new_wallet(LookAhead { receive: 3, change: 2 });
        let seed = Seed::new(&Words::parse(WORDS).unwrap(), "");
        (new.description.birthday, new.description.network) = (birthday, network);
        let first = [ScriptType::Taproot, ScriptType::Legacy].map(StandardAccount::first);
        let second = StandardAccount { number: DerivationIndex::new(1).unwrap(), ..first[0] };
        let keys = [first[0], first[1], second];
        new.accounts = seed.accounts(&keys, network);
        new.description.fingerprint = Some(seed.fingerprint());
        let wallet = Wallet::create(&dir.path().join("db"), &key(), &new).unwrap();
        Self { dir, wallet }
    }

    /// The process dies and starts again.
    fn restart(self) -> Self {
        let Self { dir, wallet } = self;
        drop(wallet);
        let wallet = Wallet::open(&dir.path().join("db"), &key()).unwrap();
        Self { dir, wallet }
    }

    /// Adds the first accounts of these types, each in a commit of its own.
    fn add<const N: usize>(&mut self, types: [ScriptType; N]) -> [AccountId; N] {
        types.map(|script_type| {
            let standard = StandardAccount::first(script_type);
            let seed = Seed::new(&Words::parse(WORDS).unwrap(), "");
            let descriptor = seed.descriptor(standard, Network::Regtest);
            let scope = SearchScope::default();
            let id = self.wallet.add_account(standard.name(), descriptor, scope).unwrap();
            self.wallet.commit().unwrap();
            id
        })
    }

    /// Adds the first segwit account.
    fn add_in(&mut self, scope: SearchScope) -> AccountId {
        let standard = StandardAccount::first(ScriptType::Segwit);
        let seed = Seed::new(&Words::parse(WORDS).unwrap(), "");
        let descriptor = seed.descriptor(standard, self.wallet.network());
        let id = self.wallet.add_account(standard.name(), descriptor, scope).unwrap();
        self.wallet.commit().unwrap();
        id
    }

    /// The search comes to its end at a block.
    fn finish(&mut self, height: u32) {
        self.advance(height);
        while self.wallet.begin_next_turn().unwrap() {}
        self.wallet.end_search(at(height), NOW).unwrap();
        self.wallet.commit().unwrap();
    }

    /// Scans again; the first block since any time is this one.
    fn rescan(&mut self, from: Option<u32>, first_since: u32) {
        let first = |_| Height::new(first_since);
        self.wallet.rescan_from(from.map(Height::new), first).unwrap();
        self.wallet.commit().unwrap();
    }

    fn begins(&mut self, account: AccountId, since: u32) {
        let before = self.wallet.searches[&account];
        self.wallet.set_search(SearchedAccount { since: Height::new(since), ..before }).unwrap();
        self.wallet.commit().unwrap();
        self.wallet.plan_search().unwrap();
    }

    fn advance(&mut self, height: u32) -> Vec<Growth> {
        self.wallet.advance(at(height), NOW).unwrap();
        self.wallet.commit().unwrap();
        self.wallet.take_grown().unwrap()
    }

    /// How many scripts of an account the light client hears of, and since when.
    fn told(&self, grown: &[Growth], account: AccountId) -> Vec<(usize, Option<ScanStart>)> {
        let own = |spk: &&ScriptBuf| self.wallet.scripts[*spk].keychain.account == account;
        let counts = grown.iter().map(|g| (g.scripts.iter().filter(own).count(), g.since));
        counts.filter(|(count, _)| *count > 0).collect()
    }

    fn watched(&mut self, account: AccountId) -> (usize, Vec<(usize, Option<ScanStart>)>) {
        let WatchList { searched, unsearched } = self.wallet.watch_list().unwrap();
        let own = |spk: &&ScriptBuf| self.wallet.scripts[*spk].keychain.account == account;
        (searched.iter().filter(own).count(), self.told(&unsearched, account))
    }
}

fn at(height: u32) -> BlockId {
    BlockId::new(Height::new(height), BlockHash::from_byte_array([7; 32]))
}

const fn height(height: u32) -> ScanStart {
    ScanStart::Height(Height::new(height))
}

#[test]
fn an_account_is_watched_before_it_can_be_paid_and_not_long_before() {
    let mut restored = Restored::new(Birthday::Height(Height::new(1_000)), Network::Regtest);
    restored.begins(TAPROOT, 100_000);
    assert_eq!(restored.watched(LEGACY), (5, vec![]));
    assert_eq!(restored.watched(TAPROOT), (0, vec![]));
    assert_eq!(restored.advance(59_999), []);
    let grown = restored.advance(60_000);
    assert_eq!(restored.told(&grown, TAPROOT), [(5, Some(height(100_000)))]);
    assert_eq!(restored.advance(70_000), [], "it is told once");
    let mut restored = restored.restart();
    assert_eq!(restored.watched(TAPROOT), (5, vec![]), "nothing is behind the cursor");
    // An anxious person scans again from below.
    restored.rescan(Some(5), 0);
    assert_eq!(restored.advance(10), [], "the light client knows the scripts already");
    assert_eq!(restored.restart().watched(TAPROOT), (0, vec![]));
}

#[test]
fn an_account_that_the_scan_has_passed_is_looked_for_from_its_start() {
    let mut restored = Restored::new(Birthday::Height(Height::new(1_000)), Network::Regtest);
    restored.begins(TAPROOT, 100_000);
    restored.wallet.watch_list().unwrap();
    let grown = restored.advance(150_000);
    assert_eq!(restored.told(&grown, TAPROOT), [(5, Some(height(100_000)))]);
    // A process that died before the light client heard of it.
    assert_eq!(restored.restart().watched(TAPROOT), (0, vec![(5, Some(height(100_000)))]));
}

/// An export of several accounts is added one by one; each holds coins of its own.
#[test]
fn accounts_that_are_added_before_a_sync_are_all_looked_for() {
    let mut restored = Restored::new(Birthday::Height(Height::new(100)), Network::Regtest);
    restored.watched(TAPROOT);
    restored.advance(500);
    while restored.wallet.end_search(at(500), NOW).unwrap() {}
    restored.wallet.commit().unwrap();
    let [first, second] = restored.add([ScriptType::Segwit, ScriptType::Nested]);
    let mut restored = restored.restart();
    assert_eq!(restored.watched(TAPROOT), (5, vec![]), "it was looked for before");
    for account in [first, second] {
        assert_eq!(restored.watched(account), (0, vec![(5, Some(height(100)))]));
    }
}

/// What a rescan of the newest blocks was for says nothing of an account that comes later.
#[test]
fn an_account_that_is_added_after_a_rescan_is_looked_for_from_the_birthday() {
    let mut restored = Restored::new(Birthday::Height(Height::new(100)), Network::Regtest);
    restored.watched(TAPROOT);
    restored.advance(500);
    while restored.wallet.end_search(at(500), NOW).unwrap() {}
    restored.rescan(Some(450), 0);
    restored.advance(500);
    while restored.wallet.end_search(at(500), NOW).unwrap() {}
    restored.wallet.commit().unwrap();
    let [added] = restored.add([ScriptType::Segwit]);
    assert_eq!(restored.restart().watched(added), (0, vec![(5, Some(height(100)))]));
}

/// Somebody who was paid long before this wallet was made adds the old account to it.
#[test]
fn an_account_is_searched_for_from_its_own_birthday_on() {
    let mut restored = Restored::new(Birthday::Height(Height::new(400)), Network::Regtest);
    restored.finish(500);
    let born = |height| Birthday::Height(Height::new(height));
    let birthday = Some(born(50));
    let look_ahead = Some(LookAhead { receive: 9, change: 4 });
    let old = restored.add_in(SearchScope { birthday, look_ahead });
    assert!(restored.wallet.search_starts().unwrap().contains(&born(50)));
    let mut restored = restored.restart();
    assert_eq!(restored.watched(old), (0, vec![(13, Some(height(50)))]));
    assert_eq!(restored.watched(TAPROOT), (5, vec![]));
    // A later one costs the others nothing either.
    restored.finish(500);
    let mut restored = restored.restart();
    assert_eq!(restored.watched(old), (13, vec![]));
    let report = restored.wallet.search_report().unwrap();
    let starts: Vec<_> = report.accounts.iter().map(|one| (one.start, one.gap)).collect();
    assert_eq!(starts, [(born(400), 3), (born(400), 3), (born(400), 3), (born(50), 9)]);
    // Whoever scans again is not told less: below the scan's start, it is looked for apart.
    restored.rescan(None, 0);
    assert_eq!(restored.wallet.scan_start().unwrap(), height(400));
    let grown = restored.wallet.take_grown().unwrap();
    assert_eq!(restored.told(&grown, old), [(13, Some(height(50)))]);
    assert_eq!(restored.told(&grown, TAPROOT), []);
    let mut restored = restored.restart();
    assert_eq!(restored.watched(old), (0, vec![(13, Some(height(50)))]));
    assert_eq!(restored.watched(TAPROOT), (5, vec![]));
    let backup = restored.wallet.backup(NOW).unwrap();
    let last = backup.accounts.last().unwrap();
    assert_eq!((last.birthday, last.look_ahead), (birthday, look_ahead));
    assert_eq!(backup.birthday, born(400));
}

/// An account that is added for the second time is searched for more widely, or stays as it is.
#[test]
fn an_account_grows_wider_and_never_narrower() {
    let mut restored = Restored::new(Birthday::Height(Height::new(400)), Network::Regtest);
    restored.finish(500);
    let scope = |birthday, gap| SearchScope {
        birthday: Some(Birthday::Height(Height::new(birthday))),
        look_ahead: Some(LookAhead { receive: gap, change: gap }),
    };
    for narrower in [SearchScope::default(), scope(400, 2), scope(450, 1)] {
        assert!(!restored.wallet.widen_account(TAPROOT, narrower).unwrap());
        assert!(!restored.wallet.is_searching().unwrap());
    }
    assert!(restored.wallet.widen_account(TAPROOT, scope(450, 7)).unwrap());
    restored.wallet.commit().unwrap();
    let mut restored = restored.restart();
    assert_eq!(restored.watched(TAPROOT), (0, vec![(14, Some(height(400)))]));
    assert_eq!(restored.watched(LEGACY), (5, vec![]));
    restored.finish(500);
    assert!(restored.wallet.widen_account(TAPROOT, scope(20, 2)).unwrap());
    restored.wallet.commit().unwrap();
    let mut restored = restored.restart();
    assert_eq!(restored.watched(TAPROOT), (0, vec![(14, Some(height(20)))]));
    let time = SearchScope { birthday: Some(Birthday::Time(1)), look_ahead: None };
    assert!(restored.wallet.widen_account(TAPROOT, time).unwrap(), "it may be earlier");
    restored.wallet.commit().unwrap();
    let mut restored = restored.restart();
    assert_eq!(restored.watched(TAPROOT), (0, vec![(14, Some(height(0)))]), "or later");
}

/// The first search of a wallet is on its way from May on when its owner remembers April.
#[test]
fn a_rescan_from_below_a_birthday_begins_there_while_the_first_search_goes_on() {
    let may = Birthday::Time(1_700_000_000);
    let mut restored = Restored::new(may, Network::Regtest);
    restored.watched(TAPROOT);
    restored.advance(700);
    restored.rescan(Some(300), 600);
    assert_eq!(restored.wallet.scan_start().unwrap(), height(300));
    assert_eq!(restored.watched(TAPROOT), (5, vec![]), "the scan looks for it");
    // From above the birthday, what was not searched stays to be searched.
    let mut restored = Restored::new(may, Network::Regtest);
    restored.watched(TAPROOT);
    restored.advance(700);
    restored.rescan(Some(650), 600);
    assert_eq!(restored.wallet.scan_start().unwrap(), height(600));
    // Once it is at its end, a rescan does what was asked for.
    restored.finish(700);
    restored.rescan(Some(650), 600);
    assert_eq!(restored.wallet.scan_start().unwrap(), height(650));
}

/// A birthday that was guessed too late and mended by a rescan must not come back.
#[test]
fn a_backup_begins_where_the_wallet_was_paid_first() {
    let mut bench = Bench::new(LookAhead::NEW);
    let issued = bench.issue(super::bench::TAPROOT);
    bench.mine_empty(3);
    let payment = bench.payment_in(issued, 20_000);
    bench.mine(vec![payment]);
    let mut wallet = bench.wallet;
    wallet.description.birthday = Birthday::Height(Height::new(90));
    assert_eq!(wallet.backup(NOW).unwrap().birthday, Birthday::Height(Height::new(4)));
    wallet.rescan_from(Some(Height::new(2)), |_| Height::GENESIS).unwrap();
    assert_eq!(wallet.backup(NOW).unwrap().birthday, Birthday::Height(Height::new(2)));
}

/// Whoever is killed between the file and the first search finds the wallet there, and goes on.
#[test]
fn a_wallet_whose_making_was_cut_off_has_looked_for_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let new = new_wallet(LookAhead { receive: 3, change: 2 });
    drop(WalletFile::create(&path, &key(), &new).unwrap());
    let mut wallet = Wallet::open(&path, &key()).unwrap();
    assert!(wallet.is_searching().unwrap());
    let list = wallet.watch_list().unwrap();
    assert_eq!((list.searched.len(), list.unsearched.len()), (0, 1));
}

#[test]
fn a_birthday_after_the_start_counts() {
    let taproot = 1_636_866_927;
    let day = 24 * 3600;
    let mut young = Restored::new(Birthday::Time(taproot + day), Network::Bitcoin);
    assert_eq!(young.watched(TAPROOT), (5, vec![]));
    let mut old = Restored::new(Birthday::Time(taproot - day), Network::Bitcoin);
    assert_eq!(old.watched(LEGACY), (5, vec![]));
    assert_eq!(old.watched(TAPROOT), (0, vec![]));
    let grown = old.advance(709_600);
    assert_eq!(old.told(&grown, TAPROOT), [(5, Some(height(709_632)))]);
}

#[test]
fn first_accounts_come_first_where_each_has_its_turn() {
    let mut restored = Restored::new(Birthday::Height(Height::new(10)), Network::Regtest);
    restored.wallet.search_in_turns().unwrap();
    restored.wallet.commit().unwrap();
    assert_eq!(restored.watched(TAPROOT), (5, vec![]));
    assert_eq!(restored.watched(SECOND), (0, vec![]));
    assert_eq!(restored.advance(500), []);

    assert!(restored.wallet.begin_next_turn().unwrap());
    restored.wallet.commit().unwrap();
    let grown = restored.wallet.take_grown().unwrap();
    assert_eq!(restored.told(&grown, SECOND), [(5, Some(height(10)))]);
    let mut restored = restored.restart();
    assert_eq!(restored.watched(SECOND), (0, vec![(5, Some(height(10)))]), "until it was searched");
    assert!(!restored.wallet.begin_next_turn().unwrap());
    assert!(restored.wallet.end_search(at(500), NOW).unwrap());
    restored.wallet.commit().unwrap();
    let mut restored = restored.restart();
    assert_eq!(restored.watched(SECOND), (5, vec![]));
    assert!(!restored.wallet.end_search(at(501), NOW).unwrap(), "it ends once");
}

#[test]
fn the_report_says_what_was_covered_and_found_and_stays_as_it_was() {
    let mut bench = Bench::new(LookAhead { receive: 6, change: 4 });
    bench.wallet.rescan_from(None, |_| Height::GENESIS).unwrap();
    let spk = bench.script(TAPROOT, Branch::Receive, 2);
    let again = [spk.clone(), spk].map(|spk| bench.payment_in(spk, 1_000));
    bench.mine(again.to_vec());
    let report = bench.wallet.search_report().unwrap();
    assert_eq!((report.end, report.payments()), (None, 2));

    let tip = bench.tip();
    bench.wallet.end_search(tip, NOW).unwrap();
    bench.fund(TAPROOT, 5_000);
    let mut bench = bench.reopen();
    let report = bench.wallet.description().unwrap().search;
    assert_eq!(report.end, Some(SearchEnd { tip, at: NOW.to_unix() }));
    assert_eq!(report.accounts.len(), 4);
    let taproot = report.accounts.iter().find(|one| one.account == TAPROOT).unwrap();
    assert_eq!(taproot.start, Birthday::Height(Height::GENESIS));
    assert_eq!((taproot.gap, taproot.change_gap), (6, 4));
    let found = taproot.receive;
    assert_eq!((found.searched, found.used, found.paid, found.payments), (9, 3, 1, 2));
    assert_eq!(found.received, Amount::from_sat(2_000));
    assert_eq!((taproot.change.searched, taproot.change.paid), (4, 0));

    bench.wallet.rescan_from(None, |_| Height::GENESIS).unwrap();
    assert_eq!(bench.wallet.search_report().unwrap().payments(), 3, "of the one that goes on");
}
