//! Transactions as hosts send them, from the request to the last piece of the answer.

use bitcoin::psbt::Psbt;

use super::*;
use crate::path::Variant;
use crate::sample::{Draft, keys, others, single};

/// A payment of so many segwit coins, with change.
fn payment(coins: u32) -> Draft {
    let (own, other) = (keys(), others());
    let mut draft = Draft::new();
    for index in 0..coins {
        draft = draft.input(&single(&own, Variant::Wpkh, 0, index), 100_000);
    }
    let all = 100_000 * u64::from(coins);
    draft
        .output(&single(&other, Variant::Wpkh, 0, 0), all / 2)
        .own_output(&single(&own, Variant::Wpkh, 1, 0), all / 2 - 10_000)
}

fn psbt_on(network: &'static str, psbt: Vec<u8>) -> impl FnOnce(&mut Encoder<Vec<u8>>) {
    move |encoder| {
        encoder.map(2).unwrap().str("network").unwrap().str(network).unwrap();
        encoder.str("psbt").unwrap().bytes(&psbt).unwrap();
    }
}

fn piece(origin: &'static str, number: i64, of: i64) -> impl FnOnce(&mut Encoder<Vec<u8>>) {
    move |encoder| {
        encoder.map(4).unwrap().str("origid").unwrap().str(origin).unwrap();
        encoder.str("orig").unwrap().str("sign_psbt").unwrap();
        encoder.str("seqnum").unwrap().i64(number).unwrap();
        encoder.str("seqlen").unwrap().i64(of).unwrap();
    }
}

fn bytes_of(reply: &Item) -> Vec<u8> {
    let Some(Item::Bytes(bytes)) = reply.find("result") else { panic!("no bytes: {reply:?}") };
    bytes.clone()
}

/// Fetches what is left of a result of which this is the first piece.
fn fetch(table: &mut Table, first: &Item) -> Vec<u8> {
    let (mut number, of) = (first.number("seqnum"), first.number("seqlen"));
    assert_eq!(number, 1);
    let mut whole = bytes_of(first);
    while number < of {
        number += 1;
        let reply = table.asks("get_extended_data", piece("5", number, of));
        assert_eq!((reply.number("seqnum"), reply.number("seqlen")), (number, of));
        whole.extend(bytes_of(&reply));
    }
    whole
}

fn signatures(psbt: &[u8]) -> usize {
    let psbt = Psbt::deserialize(psbt).unwrap();
    psbt.inputs.iter().map(|input| input.partial_sigs.len()).sum()
}

#[test]
fn a_payment_is_shown_signed_and_fetched() {
    let mut table = Table::once();
    table.sends("5", "sign_psbt", psbt_on("testnet", payment(3).bytes()));
    assert_eq!(table.reply(), None);
    let shown: String = table.reads().iter().flat_map(|view| view.rows.clone()).collect();
    let to = others().xpub(&"m/84'/1'/0'/0/0".parse().unwrap()).to_pub();
    let to = bitcoin::Address::p2wpkh(&to, bitcoin::Network::Testnet).to_string();
    assert!(shown.replace(' ', "").contains(&to), "{shown}");
    table.press(Press::Confirm);
    table.works();
    let first = table.reply().unwrap();
    assert_eq!(first.text("id"), "5");
    let psbt = fetch(&mut table, &first);
    assert_eq!(signatures(&psbt), 3);
    assert_eq!(table.title(), "Ready");
}

#[test]
fn five_hundred_coins_are_signed_with_progress_and_a_live_ping() {
    let mut table = Table::once();
    let draft = payment(500);
    assert!(draft.bytes().len() < crate::limits::REQUEST_BYTES);
    // As a serial line brings it.
    for bytes in request("5", "sign_psbt", psbt_on("localtest", draft.bytes())).chunks(4_096) {
        table.device.receive(bytes, table.time());
    }
    table.reads();
    table.press(Press::Confirm);
    let mut seen = Vec::new();
    while table.device.is_working() {
        table.device.work(table.time());
        seen.push(table.device.view().rows.last().cloned().unwrap_or_default());
        assert!(table.asks_ping() <= 1);
    }
    assert!(seen.iter().any(|row| row == "250 of 500"), "{:?}", &seen[..3]);
    let first = table.reply().unwrap();
    assert!(first.number("seqlen") > 20);
    let psbt = fetch(&mut table, &first);
    assert_eq!(signatures(&psbt), 500);
    let nothing_left = table.asks("get_extended_data", piece("5", 1, 1));
    assert_eq!(error_of(&nothing_left), -32001);
}

#[test]
fn signing_stops_when_the_host_or_the_person_says_so() {
    for stop in ["cancel", "button", "gone"] {
        let mut table = Table::once();
        table.sends("5", "sign_psbt", psbt_on("testnet", payment(10).bytes()));
        table.reads();
        table.press(Press::Confirm);
        table.device.work(table.time());
        match stop {
            "cancel" => table.sends("6", "cancel", none),
            "button" => table.press(Press::Back),
            _ => table.device.disconnect(),
        }
        assert!(!table.device.is_working(), "{stop}");
        let replies: Vec<Item> = core::iter::from_fn(|| table.reply()).collect();
        assert!(replies.iter().all(|reply| !matches!(reply.find("result"), Some(Item::Bytes(_)))));
        assert_eq!(replies.first().map(error_of), (stop != "gone").then_some(-32000), "{stop}");
    }
}

#[test]
fn a_refused_payment_says_why_and_asks_nothing() {
    let mut table = Table::once();
    let stranger = Draft::new()
        .input(&single(&others(), Variant::Wpkh, 0, 0), 100_000)
        .output(&single(&others(), Variant::Wpkh, 0, 1), 90_000);
    let reply = table.asks("sign_psbt", psbt_on("testnet", stranger.bytes()));
    assert_eq!(error_of(&reply), -32602);
    assert!(!reply.find("error").unwrap().text("message").is_empty());
    let nothing = table.asks("sign_psbt", psbt_on("testnet", vec![0; 100]));
    assert_eq!(error_of(&nothing), -32602);
    let real_money = table.asks("sign_psbt", psbt_on("mainnet", payment(1).bytes()));
    assert_eq!(error_of(&real_money), -32003);
    assert_eq!(table.title(), "Ready");
}

/// Sparrow sends several segwit coins without the transactions before them, through lark.
#[test]
fn unproven_amounts_are_refused_unless_the_owner_allows_them() {
    let mut table = Table::kept();
    let psbt = payment(2).without_previous().bytes();
    let refused = table.asks("sign_psbt", psbt_on("testnet", psbt.clone()));
    assert_eq!(error_of(&refused), -32602);
    table.chooses("Settings");
    table.chooses("Unproven sums: no");
    table.press(Press::Back);
    table.sends("5", "sign_psbt", psbt_on("testnet", psbt));
    let shown = table.agrees();
    let text: String =
        shown.iter().flat_map(|view| [view.title.clone(), view.rows.join(" ")]).collect();
    assert!(text.to_lowercase().contains("not proven"), "{text}");
    let first = table.reply().unwrap();
    assert_eq!(signatures(&fetch(&mut table, &first)), 2);
}

/// Electrum authenticates, asks for a key, and signs, on its own names of networks.
#[test]
fn electrum_signs_on_its_own_networks() {
    for network in ["testnet", "testnet4", "signet"] {
        let mut table = Table::locked();
        table.sends("1", "auth_user", auth_on(network));
        table.types("123456");
        table.works();
        assert_eq!(table.reply().unwrap().find("result"), Some(&Item::Flag(true)));
        let key = table.asks("get_xpub", path_on(network, &[84 + H, 1 + H, H]));
        assert!(key.text("result").starts_with("tpub"));
        table.sends("5", "sign_psbt", psbt_on(network, payment(1).bytes()));
        table.agrees();
        let first = table.reply().unwrap();
        assert_eq!(signatures(&fetch(&mut table, &first)), 1);
    }
}

/// lark opens the port afresh for every operation, and adds entropy and authenticates each time.
#[test]
fn lark_begins_anew_for_every_operation() {
    let mut table = Table::once();
    let nonblocking = |encoder: &mut Encoder<Vec<u8>>| {
        encoder.map(1).unwrap().str("nonblocking").unwrap().bool(true).unwrap();
    };
    let entropy = |encoder: &mut Encoder<Vec<u8>>| {
        encoder.map(1).unwrap().str("entropy").unwrap().bytes(&[7; 32]).unwrap();
    };
    for _ in 0..2 {
        let version = table.asks("get_version_info", nonblocking);
        assert_eq!(version.find("result").unwrap().text("JADE_STATE"), "READY");
        assert_eq!(table.asks("add_entropy", entropy).find("result"), Some(&Item::Flag(true)));
        let yes = table.asks("auth_user", auth_on("testnet"));
        assert_eq!(yes.find("result"), Some(&Item::Flag(true)));
        table.sends("5", "sign_psbt", psbt_on("testnet", payment(1).bytes()));
        table.agrees();
        let first = table.reply().unwrap();
        assert_eq!(signatures(&fetch(&mut table, &first)), 1);
        table.device.disconnect();
    }
}

#[test]
fn the_pieces_of_one_host_are_not_for_the_next() {
    let mut table = Table::once();
    table.sends("5", "sign_psbt", psbt_on("testnet", payment(100).bytes()));
    table.agrees();
    let first = table.reply().unwrap();
    let of = first.number("seqlen");
    assert!(of > 1);
    table.device.disconnect();
    assert_eq!(error_of(&table.asks("get_extended_data", piece("5", 2, of))), -32001);
}

#[test]
fn a_locked_device_forgets_what_it_signed() {
    let mut table = Table::once();
    table.sends("5", "sign_psbt", psbt_on("testnet", payment(100).bytes()));
    table.agrees();
    let of = table.reply().unwrap().number("seqlen");
    table.asks("logout", none);
    assert_eq!(error_of(&table.asks("get_extended_data", piece("5", 2, of))), -32001);
}
