//! Labels, pages of history, addresses and searches; what is suspected of strangers' payments.

use std::collections::HashMap;

use bitcoin::{
    Address, Amount, Network, OutPoint, Transaction, Txid, WitnessProgram, WitnessVersion,
};

use crate::command::{
    AddressQuery, AddressStatus, Conflicts, Direction, HistoryQuery, HistoryRow, ImportedLabels,
    Label, LabelImport, Mark, Matched, Moment, Reference,
};
use crate::config::LookAhead;
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;
use crate::recipient::resemblance;

use super::bench::{Bench, TAPROOT, exactly, pay, replacement, spend, stranger};

fn bench() -> Bench {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.wallet.set_dust_limit(Amount::from_sat(1_000));
    bench
}

fn about(reference: Reference) -> Label {
    Label { reference, label: None, spendable: None, more: None }
}

fn import(bench: &mut Bench, labels: &[Label], conflicts: Conflicts) -> ImportedLabels {
    let import = LabelImport { labels: labels.to_vec(), conflicts, dry_run: false };
    let report = bench.wallet.import_labels(&import).unwrap();
    bench.wallet.commit().unwrap();
    report
}

fn frozen(bench: &Bench) -> u64 {
    bench.wallet.balance(bench.tip().height, bench.now).unwrap().total.frozen.to_sat()
}

fn row(bench: &Bench, transaction: &Transaction) -> HistoryRow {
    let txid = transaction.compute_txid();
    bench.wallet.history().unwrap().into_iter().find(|row| row.txid == txid).unwrap()
}

#[test]
fn what_was_said_before_the_wallet_knew_holds_once_it_does() {
    let mut bench = bench();
    let spk = bench.issue(TAPROOT);
    let payment = bench.payment_in(spk, 70_000);
    let coin = OutPoint::new(payment.compute_txid(), 0);
    let labels = [
        Label {
            label: Some("salary".to_owned()),
            more: Some(r#"{"fee":3}"#.to_owned()),
            ..about(Reference::Transaction(coin.txid))
        },
        Label { spendable: Some(false), ..about(Reference::Output(coin)) },
    ];
    let report = import(&mut bench, &labels, Conflicts::KeepOurs);
    assert_eq!((report.added, report.unknown, report.frozen), (1, 2, 1));
    let mut bench = bench.reopen();
    bench.mine(vec![payment.clone()]);
    assert_eq!(frozen(&bench), 70_000);
    assert_eq!(row(&bench, &payment).note.as_deref(), Some("salary"));
    let told = bench.coins().remove(0);
    assert!(told.frozen && told.note.as_deref() == Some("salary"));
    assert_eq!(bench.wallet.all_labels().unwrap(), labels, "given back as they were");
}

#[test]
fn where_labels_differ_one_stays_and_both_are_told() {
    let mut bench = bench();
    let coin = bench.fund(TAPROOT, 70_000);
    let said = Reference::Transaction(coin.txid);
    bench.wallet.set_label(&said, Some("ours")).unwrap();
    bench.wallet.set_frozen(&[coin], true).unwrap();
    let theirs = [
        Label { label: Some("theirs".to_owned()), ..about(said.clone()) },
        Label { spendable: Some(true), ..about(Reference::Output(coin)) },
    ];
    let dry =
        LabelImport { labels: theirs.to_vec(), conflicts: Conflicts::TakeTheirs, dry_run: true };
    let foretold = bench.wallet.import_labels(&dry).unwrap();
    assert_eq!(bench.wallet.label(&said).unwrap().as_deref(), Some("ours"), "a dry run");

    let kept = import(&mut bench, &theirs, Conflicts::KeepOurs);
    assert_eq!((kept.conflicts.len(), kept.unfrozen, frozen(&bench)), (2, 0, 70_000));
    assert_eq!(bench.wallet.label(&said).unwrap().as_deref(), Some("ours"));

    let taken = import(&mut bench, &theirs, Conflicts::TakeTheirs);
    assert_eq!(taken, foretold, "a dry run says what comes");
    assert_eq!((taken.unfrozen, frozen(&bench)), (1, 0));
    assert_eq!(bench.wallet.label(&said).unwrap().as_deref(), Some("theirs"));
    let again = import(&mut bench, &theirs, Conflicts::TakeTheirs);
    assert_eq!((again.same, again.conflicts.len()), (1, 0));
}

#[test]
fn a_label_that_is_taken_back_is_gone() {
    let mut bench = bench();
    let said = Reference::Address(stranger(9));
    bench.wallet.set_label(&said, Some(" the landlord ")).unwrap();
    assert_eq!(bench.wallet.label(&said).unwrap().as_deref(), Some("the landlord"));
    bench.wallet.set_label(&said, None).unwrap();
    assert_eq!(bench.wallet.all_labels().unwrap(), []);
}

#[test]
fn dust_to_an_address_that_was_paid_before_is_frozen_and_told() {
    let mut bench = bench();
    let (first, second) = (bench.issue(TAPROOT), bench.issue(TAPROOT));
    let payment = bench.payment_in(first.clone(), 70_000);
    let small = bench.payment_in(second, 600);
    bench.mine(vec![payment, small]);
    assert_eq!(frozen(&bench), 0, "somebody who was given an address may pay little");
    let dust = bench.payment_in(first, 600);
    bench.mine(vec![dust.clone()]);
    let coin = OutPoint::new(dust.compute_txid(), 0);
    assert_eq!(bench.wallet.take_frozen_dust(), [(coin, Amount::from_sat(600))]);
    assert_eq!(frozen(&bench), 600);
    assert_eq!(row(&bench, &dust).marks, [Mark::Dust, Mark::Reused]);
    let labels = bench.wallet.all_labels().unwrap();
    assert_eq!(labels, [Label { spendable: Some(false), ..about(Reference::Output(coin)) }]);

    // A person who wants it has it, over a scan that finds it again too.
    bench.wallet.set_frozen(&[coin], false).unwrap();
    bench.reorganise(1);
    bench.mine(vec![dust]);
    assert_eq!((frozen(&bench), bench.wallet.take_frozen_dust().len()), (0, 0));
}

#[test]
fn change_of_our_own_is_never_dust() {
    let mut bench = bench();
    let coin = bench.fund(TAPROOT, 70_000);
    let own = bench.script(TAPROOT, crate::keychain::Branch::Receive, 0);
    bench.mine(vec![spend(&[coin], &[(stranger(1).script_pubkey(), 60_000), (own, 500)])]);
    assert_eq!(frozen(&bench), 0);
}

/// An address whose ends are those of another one. Somebody with a graphics card finds one that
/// has more in common.
fn imitation_of(known: &Address) -> Address {
    let ends = resemblance(known);
    let program = known.witness_program().unwrap();
    let mut bytes: [u8; 20] = program.program().as_bytes().try_into().unwrap();
    for try_number in 1..u32::MAX {
        bytes[8..12].copy_from_slice(&try_number.to_be_bytes());
        let program = WitnessProgram::new(WitnessVersion::V0, &bytes).unwrap();
        let address = Address::from_witness_program(program, Network::Regtest);
        if resemblance(&address) == ends && address != *known {
            return address;
        }
    }
    unreachable!("one of 2¹⁵ does");
}

#[test]
fn a_stranger_s_address_that_looks_like_one_we_paid_is_marked() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let known = stranger(7);
    let draft = bench.draft(&pay(&known, exactly(20_000)));
    let payment = bench.sign(&draft).transaction;
    bench.mine(vec![payment.clone()]);
    assert_eq!(row(&bench, &payment).marks, []);

    let imitation = imitation_of(&known);
    let own = bench.issue(TAPROOT);
    let from = bench.fake_outpoint();
    let bait = spend(&[from], &[(own, 2_000), (imitation.script_pubkey(), 5_000)]);
    bench.mine(vec![bait.clone()]);
    assert_eq!(row(&bench, &bait).marks, [Mark::LooksLike { imitation, known: known.clone() }]);

    let own = bench.issue(TAPROOT);
    let from = bench.fake_outpoint();
    let honest = spend(&[from], &[(own, 2_000), (known.script_pubkey(), 5_000)]);
    bench.mine(vec![honest.clone()]);
    assert_eq!(row(&bench, &honest).marks, [], "the address itself is no imitation");
}

/// Replaces a payment, and the replacement, and so on; all of them, the last one last.
fn bumped(bench: &mut Bench, first: Txid, rates: impl IntoIterator<Item = u32>) -> Vec<Txid> {
    let mut payments = vec![first];
    for rate in rates {
        let moment = bench.moment();
        let of = *payments.last().expect("the first");
        let draft = bench.wallet.bump(&replacement(of, rate), &moment).unwrap();
        payments.push(bench.sign(&draft).transaction.compute_txid());
    }
    payments
}

/// What was replaced must not push what is new off a list's first page, however often it was.
#[test]
fn what_fell_sinks_as_blocks_come() {
    let mut bench = bench();
    bench.fund(TAPROOT, 100_000);
    let draft = bench.draft(&pay(&stranger(1), exactly(20_000)));
    let first = bench.sign(&draft);
    let payments = bumped(&mut bench, first.transaction.compute_txid(), (5..60).step_by(5));
    let listed = |bench: &Bench, limit| -> Vec<_> {
        let query = HistoryQuery { limit: Some(limit), ..HistoryQuery::default() };
        let rows = bench.wallet.history_page(&query).unwrap();
        let (newer, entries) = bench.wallet.entry_page(0, limit).unwrap();
        assert_eq!(newer, 0);
        let told = entries.iter().map(|one| one.transaction.compute_txid());
        let rows: Vec<_> = rows.iter().map(|row| row.txid).collect();
        assert!(told.zip(&rows).all(|(told, row)| told == *row), "programs are told the same");
        rows
    };
    let latest_first: Vec<_> = payments.iter().rev().copied().collect();
    assert_eq!(listed(&bench, 12), latest_first, "the one that lives, then those before it");

    // A miner takes the first one: the others fell, and stand below what comes after them.
    bench.mine(vec![first.transaction]);
    let spk = bench.issue(TAPROOT);
    let receipt = bench.payment_in(spk, 5_000);
    bench.mine(vec![receipt.clone()]);
    let fallen = payments.iter().skip(1).rev().copied();
    let blocks_first: Vec<_> =
        [receipt.compute_txid(), payments[0]].into_iter().chain(fallen).collect();
    assert_eq!(listed(&bench, 13), blocks_first);
    assert_eq!(listed(&bench.reopen(), 2), [receipt.compute_txid(), payments[0]]);
}

#[test]
fn pages_put_together_are_the_history() {
    let mut bench = bench();
    let mut receipts = Vec::new();
    let mut fell = 0;
    for round in 0..12 {
        if round % 5 == 3 {
            let draft = bench.draft(&pay(&stranger(3), exactly(1_000)));
            let first = bench.sign(&draft);
            fell += bumped(&mut bench, first.transaction.compute_txid(), [9, 19]).len() - 1;
        }
        let mut block = Vec::new();
        for _ in 0..=round % 3 {
            let spk = bench.issue(TAPROOT);
            block.push(bench.payment_in(spk, 10_000 + round));
        }
        receipts.extend(block.clone());
        bench.mine(block);
    }
    for number in 1..=2 {
        let draft = bench.draft(&pay(&stranger(number), exactly(5_000)));
        bench.sign(&draft);
    }
    let whole = bench.wallet.history().unwrap();
    // Two rounds left one that waits beside those that it replaced.
    let waiting = 2 + fell / 2;
    assert_eq!((fell, whole.len()), (4, receipts.len() + fell + waiting));
    let in_blocks = whole.iter().filter(|row| row.state.block().is_some());
    let upwards: Vec<_> = in_blocks.rev().cloned().collect();
    for (limit, oldest_first) in [1, 3, 7, 100].into_iter().flat_map(|n| [(n, false), (n, true)]) {
        let mut pages = Vec::new();
        loop {
            let after = pages.last().map(|row: &HistoryRow| row.txid);
            let query =
                HistoryQuery { after, oldest_first, limit: Some(limit), ..HistoryQuery::default() };
            let page = bench.wallet.history_page(&query).unwrap();
            assert!(page.len() <= limit as usize);
            if page.is_empty() {
                break;
            }
            pages.extend(page);
        }
        let wanted = if oldest_first { &upwards } else { &whole };
        assert_eq!(pages, *wanted, "in pages of {limit}, oldest first: {oldest_first}");
    }
    let waits =
        HistoryQuery { after: Some(whole[0].txid), oldest_first: true, ..HistoryQuery::default() };
    let refused = bench.wallet.history_page(&waits).unwrap_err();
    assert_eq!(refused.name(), "no_such_transaction", "it has no place among those in blocks");
    let count = |query| bench.wallet.history_page(&query).unwrap().len();
    let all = HistoryQuery::default();
    assert_eq!(count(HistoryQuery { direction: Some(Direction::Sent), ..all }), fell + waiting);
    assert_eq!(count(HistoryQuery { direction: Some(Direction::Received), ..all }), receipts.len());
    let height = Some(Moment::Height(Height::new(10)));
    let (above, below) = (
        count(HistoryQuery { since: height, ..all }),
        count(HistoryQuery { until: height, ..all }),
    );
    assert_eq!((above, above + below), (6 + fell + waiting, whole.len()));
    let time = Some(Moment::Time(1_600_000_000 + 600 * 10));
    assert_eq!(count(HistoryQuery { since: time, ..all }), above);
    assert_eq!(count(HistoryQuery { until: time, ..all }), below);
    let unknown = HistoryQuery { after: Some(bench.fake_outpoint().txid), ..all };
    let refused = bench.wallet.history_page(&unknown).unwrap_err();
    assert_eq!(refused.name(), "no_such_transaction");
}

#[test]
fn a_request_is_open_until_its_amount_is_there_or_its_time_went_by() {
    let mut bench = bench();
    let asked = Some(Amount::from_sat(50_000));
    let until = Some(WallTime::new(bench.now.to_unix() + 100));
    let request = bench.wallet.receive(asked, Some("rent"), until, false, bench.now).unwrap();
    bench.wallet.commit().unwrap();
    let told = |bench: &mut Bench| {
        bench.review_invoices();
        let rows = bench.wallet.addresses(&AddressQuery::default()).unwrap();
        let row = rows.into_iter().find(|row| row.address == request.address).unwrap();
        (row.status, row.received.to_sat(), row.note)
    };
    let rent = || Some("rent".to_owned());
    assert_eq!(told(&mut bench), (AddressStatus::Open, 0, rent()));
    let spk = request.address.script_pubkey();
    let first = bench.payment_in(spk.clone(), 20_000);
    bench.mine(vec![first]);
    assert_eq!(told(&mut bench), (AddressStatus::Open, 20_000, rent()));
    let second = bench.payment_in(spk, 30_000);
    let now = bench.now;
    bench.wallet.take_seen(&second, 1, now).unwrap();
    assert_eq!(told(&mut bench), (AddressStatus::Pending, 50_000, rent()));
    bench.mine(vec![second]);
    assert_eq!(told(&mut bench), (AddressStatus::Paid, 50_000, rent()));

    let late = bench.wallet.receive(asked, None, until, true, bench.now).unwrap();
    bench.now = WallTime::new(bench.now.to_unix() + 101);
    let query = AddressQuery { status: Some(AddressStatus::Expired), ..AddressQuery::default() };
    bench.review_invoices();
    let expired = bench.wallet.addresses(&query).unwrap();
    assert_eq!(expired.iter().map(|row| &row.address).collect::<Vec<_>>(), [&late.address]);
    assert_eq!(told(&mut bench).0, AddressStatus::Paid, "what was paid in time stays so");
}

#[test]
fn a_search_finds_labels_ids_addresses_and_amounts() {
    let mut bench = bench();
    let coin = bench.fund(TAPROOT, 123_456);
    let landlord = stranger(3);
    let draft = bench.draft(&pay(&landlord, exactly(7_000)));
    let payment = bench.sign(&draft);
    bench.wallet.set_label(&Reference::Address(landlord.clone()), Some("Landlord")).unwrap();
    let paid = Reference::Transaction(payment.transaction.compute_txid());
    let search = |text: &str| -> HashMap<Reference, Matched> {
        let found = bench.wallet.search(text, 100).unwrap();
        found.into_iter().map(|finding| (finding.reference, finding.matched)).collect()
    };
    let received = Reference::Transaction(coin.txid);
    let home = Reference::Address(landlord.clone());
    assert_eq!(search("LANDLORD"), HashMap::from([(home.clone(), Matched::Label)]));
    assert_eq!(search(&landlord.to_string()[10..30]), HashMap::from([(home, Matched::Id)]));
    assert_eq!(search(&coin.txid.to_string()[20..40])[&received], Matched::Id);
    let by_amount = search("123456");
    assert_eq!(by_amount[&received], Matched::Amount);
    assert_eq!(by_amount[&Reference::Output(coin)], Matched::Amount);
    assert_eq!(search("7k"), HashMap::from([(paid, Matched::Amount)]), "without the fee");
    assert!(search("").is_empty() && search("nothing such").is_empty());
    assert_eq!(bench.wallet.search("123456", 1).unwrap().len(), 1);
    for shown in ["0.00123456", "0.00 123 456", "+0.00 123 456 BTC", "0.00123456 btc"] {
        assert_eq!(bench.wallet.search(shown, 1).unwrap().len(), 1, "{shown}");
    }
}
