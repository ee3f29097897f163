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
use crate::wallet::{Growth, Wallet, WatchList};

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
            let id = self.wallet.add_account(standard.name(), descriptor).unwrap();
            self.wallet.commit().unwrap();
            id
        })
    }

    fn begins(&mut self, account: AccountId, since: u32) {
        let turn = self.wallet.searches[&account].turn;
        let searched = SearchedAccount { account, since: Height::new(since), turn };
        self.wallet.file.set_searched_account(searched).unwrap();
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
    restored.wallet.rescan_from(Some(Height::new(5))).unwrap();
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
    restored.wallet.rescan_from(Some(Height::new(450))).unwrap();
    restored.advance(500);
    while restored.wallet.end_search(at(500), NOW).unwrap() {}
    restored.wallet.commit().unwrap();
    let [added] = restored.add([ScriptType::Segwit]);
    assert_eq!(restored.restart().watched(added), (0, vec![(5, Some(height(100)))]));
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
    wallet.rescan_from(Some(Height::new(2))).unwrap();
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
    bench.wallet.rescan_from(None).unwrap();
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
    assert_eq!(report.start, Birthday::Height(Height::GENESIS));
    assert_eq!((report.gap, report.change_gap, report.accounts.len()), (6, 4, 4));
    let taproot = report.accounts.iter().find(|one| one.account == TAPROOT).unwrap();
    let found = taproot.receive;
    assert_eq!((found.searched, found.used, found.paid, found.payments), (9, 3, 1, 2));
    assert_eq!(found.received, Amount::from_sat(2_000));
    assert_eq!((taproot.change.searched, taproot.change.paid), (4, 0));

    bench.wallet.rescan_from(None).unwrap();
    assert_eq!(bench.wallet.search_report().unwrap().payments(), 3, "of the one that goes on");
}
