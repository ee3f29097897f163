//! Owns the slow way to what is told page by page: read all of it, and count.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use bitcoin::Amount;

use crate::command::{
    AddressQuery, Coin, CoinPlace, CoinQuery, HistoryQuery, PaymentState, TransactionRecord,
};
use crate::keychain::Branch;

use super::super::bench::Bench;

/// Coins and entries of the history are told page by page as they are all together.
pub(super) fn check(bench: &Bench, coins: &[Coin]) {
    check_coins(bench, coins);
    check_entries(bench);
    check_addresses(bench, coins);
}

fn check_coins(bench: &Bench, all: &[Coin]) {
    let ask = |query| bench.wallet.coins(&query, bench.tip().height, bench.now).unwrap();
    let page = |from, limit| ask(CoinQuery::Page { from, limit: Some(limit) });
    let mut by_age = all.to_vec();
    by_age.sort_by_key(|coin| (coin.height.is_none(), coin.height));
    assert_eq!(all, by_age, "the oldest first");
    let mut told: Vec<Coin> = Vec::new();
    loop {
        let after = |coin: &Coin| CoinPlace::YoungerThan(coin.height, coin.outpoint);
        let found = page(told.last().map_or(CoinPlace::Oldest, after), 3);
        if found.is_empty() {
            break;
        }
        told.extend(found);
    }
    assert_eq!(told, all, "by age");
    told.clear();
    loop {
        let after = |coin: &Coin| CoinPlace::SmallerThan(coin.amount, coin.outpoint);
        let found = page(told.last().map_or(CoinPlace::Largest, after), 3);
        if found.is_empty() {
            break;
        }
        told.extend(found);
    }
    assert!(told.is_sorted_by(|one, next| one.amount >= next.amount), "the largest first");
    assert_eq!(set(&told), set(all), "by value");
    let frozen: Vec<_> = all.iter().filter(|coin| coin.frozen).cloned().collect();
    assert_eq!(set(&ask(CoinQuery::Frozen)), set(&frozen));
    for coin in all.iter().take(3) {
        let at: Vec<_> =
            all.iter().filter(|other| other.address == coin.address).cloned().collect();
        assert_eq!(set(&ask(CoinQuery::At(vec![coin.address.script_pubkey()]))), set(&at));
        assert_eq!(ask(CoinQuery::These(vec![coin.outpoint])), std::slice::from_ref(coin));
    }
}

fn set(coins: &[Coin]) -> BTreeSet<(bitcoin::OutPoint, Amount)> {
    coins.iter().map(|coin| (coin.outpoint, coin.amount)).collect()
}

fn check_addresses(bench: &Bench, coins: &[Coin]) {
    let ask = |limit| {
        let query = AddressQuery { change: true, limit, status: None };
        bench.wallet.addresses(&query).unwrap()
    };
    let all = ask(None);
    assert!(all.is_sorted_by_key(|row| (row.keychain, Reverse(row.index))), "the last first");
    for coin in coins {
        assert!(all.iter().any(|row| row.address == coin.address), "{} was paid", coin.address);
    }
    for row in &all {
        let held = coins.iter().filter(|coin| coin.address == row.address);
        assert_eq!(row.balance, held.map(|coin| coin.amount).sum::<Amount>(), "{}", row.address);
    }
    for few in [0, 1, 2, all.len() / 2, all.len(), all.len() + 1] {
        let limit = u32::try_from(few).unwrap();
        assert_eq!(ask(Some(limit)), all[..few.min(all.len())], "{few} of them");
    }
}

fn check_entries(bench: &Bench) {
    let records = bench.wallet.record_page(&HistoryQuery::default()).unwrap();
    let txids: Vec<_> = bench.wallet.history().unwrap().iter().map(|row| row.txid).collect();
    assert_eq!(records.iter().map(id).collect::<Vec<_>>(), txids, "records as rows");
    let counted = |records: &[TransactionRecord]| -> Vec<_> {
        records.iter().flat_map(|one| vec![id(one); entries(one)]).collect()
    };
    let all = counted(&records);
    let waits = |state| {
        use PaymentState::{Announced, Pending, Signed};
        matches!(state, Signed | Announced | Pending)
    };
    let (waiting, settled): (Vec<_>, Vec<_>) = records.iter().partition(|one| waits(one.state));
    assert!(records.iter().take(waiting.len()).all(|one| waits(one.state)), "what waits is newest");
    let settled = settled.into_iter().map(entries).sum::<usize>();
    assert_eq!(bench.wallet.file.settled_entries(), settled as u64, "the kept counts");
    for skip in [0, 1, 2, all.len() / 3, all.len() / 2, all.len().saturating_sub(2), all.len()] {
        for count in [1, 3, 10] {
            let (newer, page) = bench.wallet.entry_page(skip as u64, count).unwrap();
            let told = counted(&page).into_iter().skip(usize::try_from(newer).unwrap());
            let told: Vec<_> = told.take(count as usize).collect();
            let wanted: Vec<_> = all.iter().skip(skip).take(count as usize).copied().collect();
            assert_eq!(told, wanted, "{count} entries after {skip} of {}", all.len());
        }
    }
}

fn id(record: &TransactionRecord) -> bitcoin::Txid {
    record.transaction.compute_txid()
}

/// In how many lines it is told, from what is told of it.
fn entries(record: &TransactionRecord) -> usize {
    let outputs = || record.transaction.output.iter().zip(&record.outputs);
    let own = outputs().filter(|(_, known)| known.owner.is_some());
    let received: Amount = own.map(|(output, _)| output.value).sum();
    let spends = received.to_signed().unwrap() > record.net;
    let is_change = |known: &crate::command::RecordedOutput| {
        known.note.is_none()
            && known.owner.as_ref().is_some_and(|owner| owner.branch == Branch::Change)
    };
    let told = outputs().map(|(_, known)| match (&known.owner, spends) {
        (Some(_), true) if !is_change(known) => 2,
        (None, true) | (Some(_), false) => 1,
        (None, false) | (Some(_), true) => 0,
    });
    told.sum()
}
