//! What an invoice says as payments come, leave and come too late.

use bitcoin::{Amount, ScriptBuf};

use super::bench::{Bench, spend};
use crate::command::{
    Happened, Invoice, InvoiceQuery, InvoiceState, NewInvoice, PaymentState, TellerCommand,
    TellerReading, TellerReply,
};
use crate::config::LookAhead;
use crate::light_client::time::WallTime;

fn bench() -> Bench {
    Bench::new(LookAhead { receive: 5, change: 5 })
}

fn ask(bench: &mut Bench, sat: u64, lasts: Option<u32>, least_depth: u32) -> Invoice {
    let label = Some("order 17".to_owned());
    let new = NewInvoice { amount: Amount::from_sat(sat), label, lasts, least_depth };
    bench.wallet.add_invoice(&new, bench.now).unwrap()
}

fn state(bench: &mut Bench, id: u64) -> InvoiceState {
    bench.review_invoices();
    invoice(bench, id).state
}

fn invoice(bench: &Bench, id: u64) -> Invoice {
    bench.wallet.invoices(&InvoiceQuery::Id(id)).unwrap().pop().unwrap()
}

fn pay(bench: &mut Bench, invoice: &Invoice, sat: u64) -> bitcoin::Transaction {
    let spk: ScriptBuf = invoice.address.script_pubkey();
    bench.payment_in(spk, sat)
}

#[test]
fn an_invoice_is_paid_by_its_amount_as_deep_as_it_asks_and_a_reorganisation_takes_that_back() {
    let mut bench = bench();
    let made = ask(&mut bench, 50_000, Some(100), 2);
    assert_eq!((made.state, made.payments.len()), (InvoiceState::Open, 0));
    assert!(made.uri.contains("amount=0.0005") && made.uri.contains("order%2017"), "{}", made.uri);
    let first = pay(&mut bench, &made, 20_000);
    bench.mine(vec![first]);
    assert_eq!(state(&mut bench, made.id), InvoiceState::Open, "too little");
    let second = pay(&mut bench, &made, 30_000);
    let now = bench.now;
    bench.wallet.take_seen(&second, 1, now).unwrap();
    assert_eq!(state(&mut bench, made.id), InvoiceState::Pending);
    bench.now = WallTime::new(bench.now.to_unix() + 1_000);
    assert_eq!(state(&mut bench, made.id), InvoiceState::Pending, "it was there in time");
    bench.mine(vec![second]);
    assert_eq!(state(&mut bench, made.id), InvoiceState::Pending, "one block is not two");
    bench.mine_empty(1);
    assert_eq!(state(&mut bench, made.id), InvoiceState::Paid);
    assert_eq!(invoice(&bench, made.id).confirmed(), Amount::from_sat(50_000));
    bench.reorganise(1);
    assert_eq!(state(&mut bench, made.id), InvoiceState::Pending, "not as deep any more");
    bench.mine_empty(1);
    assert_eq!(state(&mut bench, made.id), InvoiceState::Paid);
    let mut bench = bench.reopen();
    assert_eq!(invoice(&bench, made.id).state, InvoiceState::Paid);
    let told = TellerCommand::Read(TellerReading::Journal { after: 0, limit: 100 });
    let Ok(TellerReply::Journal(told)) = bench.wallet.tell(&told, bench.now) else {
        panic!("no journal")
    };
    let states = told.into_iter().filter_map(|entry| match entry.happened {
        Happened::Invoice { id, state, .. } if id == made.id => Some(state),
        _ => None,
    });
    let names: Vec<_> = states.map(InvoiceState::name).collect();
    assert_eq!(names, ["open", "pending", "paid", "pending", "paid"]);
}

#[test]
fn what_comes_after_the_time_is_late_and_too_much_is_told() {
    let mut bench = bench();
    let made = ask(&mut bench, 50_000, Some(100), 1);
    let early = pay(&mut bench, &made, 49_999);
    let now = bench.now;
    bench.wallet.take_seen(&early, 1, now).unwrap();
    bench.now = WallTime::new(bench.now.to_unix() + 100);
    assert_eq!(state(&mut bench, made.id), InvoiceState::Open, "its last second");
    bench.now = WallTime::new(bench.now.to_unix() + 1);
    assert_eq!(state(&mut bench, made.id), InvoiceState::Expired);
    let late = pay(&mut bench, &made, 2);
    let now = bench.now;
    bench.wallet.take_seen(&late, 1, now).unwrap();
    assert_eq!(state(&mut bench, made.id), InvoiceState::Late);
    assert_eq!(invoice(&bench, made.id).received(), Amount::from_sat(50_001));
    let refused = bench.wallet.cancel_invoice(made.id, bench.now).unwrap_err();
    assert_eq!(refused.name(), "invoice_settled");
}

#[test]
fn an_invoice_that_was_taken_back_is_not_paid_by_what_comes_later() {
    let mut bench = bench();
    let made = ask(&mut bench, 50_000, None, 0);
    let told = bench.wallet.cancel_invoice(made.id, bench.now).unwrap();
    assert_eq!((told.state, told.cancelled), (InvoiceState::Cancelled, Some(bench.now.to_unix())));
    let again = bench.wallet.cancel_invoice(made.id, bench.now).unwrap();
    assert_eq!(again.cancelled, told.cancelled, "asked again");
    bench.now = WallTime::new(bench.now.to_unix() + 1);
    let late = pay(&mut bench, &made, 50_000);
    let now = bench.now;
    bench.wallet.take_seen(&late, 1, now).unwrap();
    assert_eq!(state(&mut bench, made.id), InvoiceState::Late);
    let unknown = bench.wallet.cancel_invoice(99, bench.now).unwrap_err();
    assert_eq!(unknown.name(), "no_such_invoice");
}

#[test]
fn no_address_of_an_invoice_is_given_to_anybody_else() {
    let mut bench = bench();
    let made = ask(&mut bench, 50_000, None, 1);
    let (amount, label) = (Some(Amount::from_sat(50_000)), Some("order 17"));
    let now = bench.now;
    let person = bench.wallet.receive(amount, label, None, false, now).unwrap();
    assert_ne!(person.address, made.address);
    let again = bench.wallet.receive(amount, label, None, false, now).unwrap();
    assert_eq!(again.address, person.address, "a person is told the same again");
    let theirs = bench.wallet.invoices(&InvoiceQuery::Page { after: 0, limit: 9, state: None });
    let theirs = theirs.unwrap();
    assert_eq!(theirs.len(), 2, "what a person asks for is an invoice, too");
    bench.wallet.cancel_invoice(theirs[1].id, now).unwrap();
    let fresh = bench.wallet.receive(amount, label, None, false, now).unwrap();
    assert_ne!(fresh.address, person.address, "one that was taken back is not given out again");
}

#[test]
fn a_list_is_of_one_state_and_goes_on_behind_a_number() {
    let mut bench = bench();
    let ids: Vec<u64> = (0..5).map(|_| ask(&mut bench, 1_000, None, 1).id).collect();
    bench.wallet.cancel_invoice(ids[1], bench.now).unwrap();
    let listed = |bench: &Bench, after, limit, state| -> Vec<u64> {
        let query = InvoiceQuery::Page { after, limit, state };
        bench.wallet.invoices(&query).unwrap().iter().map(|invoice| invoice.id).collect()
    };
    assert_eq!(listed(&bench, 0, 2, None), ids[..2]);
    assert_eq!(listed(&bench, ids[1], 9, None), ids[2..]);
    assert_eq!(listed(&bench, 0, 2, Some(InvoiceState::Open)), [ids[0], ids[2]]);
    assert_eq!(listed(&bench, ids[2], 2, Some(InvoiceState::Open)), ids[3..]);
    assert_eq!(listed(&bench, 0, 9, Some(InvoiceState::Cancelled)), [ids[1]]);
}

#[test]
fn a_payment_that_is_gone_opens_its_invoice_again() {
    let mut bench = bench();
    let made = ask(&mut bench, 50_000, None, 1);
    let spk = made.address.script_pubkey();
    let parent = bench.fake_outpoint();
    let paid = spend(&[parent], &[(spk, 50_000)]);
    let now = bench.now;
    bench.wallet.take_seen(&paid, 1, now).unwrap();
    assert_eq!(state(&mut bench, made.id), InvoiceState::Pending);
    let rival = spend(&[parent], &[(ScriptBuf::new(), 50_000)]);
    bench.mine(vec![rival]);
    let gone = paid.compute_txid();
    let row = bench.wallet.history().unwrap().into_iter().find(|row| row.txid == gone).unwrap();
    assert_eq!(row.state, PaymentState::Replaced);
    assert_eq!(state(&mut bench, made.id), InvoiceState::Open);
    assert_eq!(invoice(&bench, made.id).received(), Amount::ZERO);
}
