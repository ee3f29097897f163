//! Transactions that no block holds: asked of everybody alike, counted, bounded, told late.

use std::time::Duration;

use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness, Wtxid, absolute,
};

use super::world::{Blocks, World, script};
use crate::fault::Fault;
use crate::input::Input;
use crate::io::Io;
use crate::limits::{
    MAX_ANNOUNCED, MAX_RECEIPTS, MAX_TRANSACTION_ASKS, RECEIPT_LIFETIME, TELL_AFTER, TELL_JITTER,
    TRANSACTION_TIMEOUT,
};
use crate::output::{MempoolEvent, Output};

/// A world of so many peers that is synced and watches script 0.
fn synced(peers: u16) -> World {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 20, 0);
    let mut world = World::new(blocks, tip, peers);
    world.scan(0, &[script(0)]);
    world.sync(tip);
    world
}

/// A transaction with a witness that spends `from` and pays `to`.
fn spending(from: OutPoint, to: ScriptBuf) -> Transaction {
    let input = TxIn {
        previous_output: from,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::MAX,
        witness: Witness::from_slice(&[[1_u8; 64]]),
    };
    Transaction {
        version: Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: vec![input],
        output: vec![TxOut { value: Amount::from_sat(5_000), script_pubkey: to }],
    }
}

fn coin(number: u32) -> OutPoint {
    OutPoint::new(Txid::hash(b"somebody's"), number)
}

fn receipt(number: u32) -> Transaction {
    spending(coin(number), script(0))
}

fn inv(transaction: &Transaction) -> NetworkMessage {
    NetworkMessage::Inv(vec![Inventory::WTx(transaction.compute_wtxid())])
}

fn asked(transaction: &Transaction) -> NetworkMessage {
    NetworkMessage::GetData(vec![Inventory::WTx(transaction.compute_wtxid())])
}

/// How often a host was asked for exactly this.
fn count(world: &mut World, n: u16, message: &NetworkMessage) -> usize {
    world.host(n).heard.iter().filter(|heard| *heard == message).count()
}

/// A host announces a transaction and delivers it when asked.
fn relay(world: &mut World, n: u16, transaction: &Transaction) {
    let before = count(world, n, &asked(transaction));
    world.say(n, inv(transaction));
    world.settle();
    if count(world, n, &asked(transaction)) > before {
        world.say(n, NetworkMessage::Tx(transaction.clone()));
        world.settle();
    }
}

fn told(world: &mut World) -> Vec<(Txid, u32)> {
    world.pass(TELL_AFTER + TELL_JITTER);
    let told = world.log.iter().filter_map(|output| match output {
        Output::Mempool(MempoolEvent::Seen { transaction, peers }) => {
            Some((transaction.compute_txid(), *peers))
        }
        _ => None,
    });
    told.collect()
}

#[test]
fn a_payment_is_told_with_the_number_of_peers_that_announced_it() {
    let mut world = synced(3);
    let payment = receipt(1);
    relay(&mut world, 1, &payment);
    let txid = payment.compute_txid();
    assert_eq!(told(&mut world), [(txid, 1)]);
    relay(&mut world, 2, &payment);
    relay(&mut world, 2, &payment);
    assert_eq!(told(&mut world), [(txid, 1), (txid, 2)], "a peer counts once");
    relay(&mut world, 3, &payment);
    assert_eq!(told(&mut world), [(txid, 1), (txid, 2), (txid, 3)]);
    let all: usize = (1..=3).map(|n| count(&mut world, n, &asked(&payment))).sum();
    assert_eq!(all, 1, "fetched once");
}

#[test]
fn a_peer_that_comes_back_is_not_another_peer() {
    let mut world = synced(1);
    let payment = receipt(1);
    relay(&mut world, 1, &payment);
    let peer = world.peer(1);
    world.disconnect(peer);
    world.pass(Duration::from_secs(30));
    relay(&mut world, 1, &payment);
    assert_eq!(told(&mut world), [(payment.compute_txid(), 1)]);
}

#[test]
fn every_transaction_is_asked_for_and_only_ours_are_told() {
    let mut world = synced(1);
    let strange = spending(coin(1), script(77));
    world.input(Input::WatchCoins { coins: vec![coin(5)], gone: vec![] });
    let spend = spending(coin(5), script(78));
    for transaction in [&strange, &spend] {
        relay(&mut world, 1, transaction);
        assert_eq!(count(&mut world, 1, &asked(transaction)), 1);
    }
    assert_eq!(told(&mut world), [(spend.compute_txid(), 1)]);
}

#[test]
fn nothing_that_a_peer_sees_depends_on_whose_a_transaction_is() {
    // Pings carry random numbers, so lengths are compared; what is asked has one length.
    let length = |output: &Output| match output {
        Output::Io(Io::Send { peer, bytes }) => Some((*peer, bytes.len())),
        Output::Io(Io::Close { peer, .. }) => Some((*peer, 0)),
        _ => None,
    };
    let sent = |payee: ScriptBuf| {
        let mut world = synced(2);
        let transaction = spending(coin(1), payee);
        world.log.clear();
        relay(&mut world, 1, &transaction);
        relay(&mut world, 2, &transaction);
        world.say(1, NetworkMessage::Ping(7));
        world.pass(Duration::from_secs(120));
        world.log.iter().filter_map(length).collect::<Vec<_>>()
    };
    assert_eq!(sent(script(0)), sent(script(77)));
}

#[test]
fn the_wallet_is_told_only_some_time_after_the_peer_was_answered() {
    let mut world = synced(1);
    relay(&mut world, 1, &receipt(1));
    let early = world.log.iter().filter(|output| matches!(output, Output::Mempool(_))).count();
    assert_eq!(early, 0);
    world.pass(TELL_AFTER.saturating_sub(Duration::from_millis(1)));
    assert!(!world.log.iter().any(|output| matches!(output, Output::Mempool(_))));
    assert_eq!(told(&mut world).len(), 1);
}

#[test]
fn a_transaction_that_was_not_asked_for_ends_the_connection() {
    let mut world = synced(1);
    world.say(1, NetworkMessage::Tx(receipt(1)));
    world.settle();
    assert_eq!(world.faults(), [Fault::Unsolicited]);
    assert_eq!(told(&mut world), []);
}

#[test]
fn who_announces_and_does_not_deliver_is_passed_over() {
    let mut world = synced(2);
    let payment = receipt(1);
    world.say(1, inv(&payment));
    world.settle();
    relay(&mut world, 2, &payment);
    assert_eq!(count(&mut world, 2, &asked(&payment)), 0, "one at a time");
    world.pass(TRANSACTION_TIMEOUT);
    assert_eq!(count(&mut world, 2, &asked(&payment)), 1, "then the other");
    world.say(2, NetworkMessage::Tx(payment.clone()));
    world.settle();
    assert_eq!(told(&mut world), [(payment.compute_txid(), 1)], "the liar no longer counts");
    // It comes after all.
    world.say(1, NetworkMessage::Tx(payment));
    world.settle();
    assert_eq!(world.faults(), [], "late is no fault");
}

#[test]
fn who_does_not_have_it_any_more_is_passed_over_at_once() {
    let mut world = synced(2);
    let payment = receipt(1);
    world.say(1, inv(&payment));
    world.settle();
    world.say(2, inv(&payment));
    world.settle();
    world.say(1, NetworkMessage::NotFound(vec![Inventory::WTx(payment.compute_wtxid())]));
    world.settle();
    assert_eq!(count(&mut world, 2, &asked(&payment)), 1);
    let peer = world.peer(2);
    world.disconnect(peer);
    world.settle();
    assert_eq!(told(&mut world), []);
}

#[test]
fn twenty_thousand_inv_messages_neither_stop_us_nor_fill_memory() {
    let mut world = synced(2);
    let mut number = 0_u32;
    for _ in 0..20_000 {
        let items = (0..3).map(|_| {
            number += 1;
            Inventory::WTx(Wtxid::hash(&number.to_le_bytes()))
        });
        let items = items.collect();
        world.say(1, NetworkMessage::Inv(items));
        world.settle();
    }
    let asked = world.host(1).heard.iter().filter_map(|heard| match heard {
        NetworkMessage::GetData(items) => Some(items.len()),
        _ => None,
    });
    assert_eq!(asked.sum::<usize>(), MAX_TRANSACTION_ASKS);
    assert_eq!(world.client.mempool.waiting(), MAX_ANNOUNCED);
    assert_eq!(world.faults(), []);
    let payment = receipt(1);
    relay(&mut world, 2, &payment);
    assert_eq!(told(&mut world), [(payment.compute_txid(), 1)], "the other is heard meanwhile");
}

#[test]
fn a_flood_of_made_up_payments_costs_only_its_own_sender() {
    let mut world = synced(2);
    let honest = receipt(0);
    relay(&mut world, 2, &honest);
    let bound = u32::try_from(MAX_RECEIPTS).expect("it is small");
    for number in 1..bound + 50 {
        relay(&mut world, 1, &receipt(number));
    }
    let late = receipt(bound + 100);
    relay(&mut world, 2, &late);
    let told = told(&mut world);
    assert_eq!(told.len(), MAX_RECEIPTS);
    for payment in [honest, late] {
        assert!(told.contains(&(payment.compute_txid(), 1)), "kept");
    }
}

#[test]
fn a_child_before_its_parent_and_a_script_watched_late_are_found() {
    let mut world = synced(1);
    let parent = receipt(1);
    let spent = OutPoint::new(parent.compute_txid(), 0);
    let child = spending(spent, script(77));
    let early = spending(coin(2), script(1));
    relay(&mut world, 1, &child);
    relay(&mut world, 1, &early);
    assert_eq!(told(&mut world), []);
    relay(&mut world, 1, &parent);
    assert_eq!(told(&mut world), [(parent.compute_txid(), 1)]);
    // The wallet knows its coin now, and issues an address.
    world.input(Input::WatchCoins { coins: vec![spent], gone: vec![] });
    world.input(Input::Watch { scripts: vec![script(1)], since: None });
    let told = told(&mut world);
    assert_eq!(told[1..], [(child.compute_txid(), 1), (early.compute_txid(), 1)]);
}

#[test]
fn peers_without_wtxid_relay_are_asked_by_txid() {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 20, 0);
    let mut world = World::new(blocks, tip, 2);
    world.host(1).wtxid_relay = false;
    world.scan(0, &[script(0)]);
    world.sync(tip);
    let payment = receipt(1);
    let txid = payment.compute_txid();
    world.say(1, NetworkMessage::Inv(vec![Inventory::Transaction(txid)]));
    world.settle();
    let ask = NetworkMessage::GetData(vec![Inventory::WitnessTransaction(txid)]);
    assert_eq!(count(&mut world, 1, &ask), 1);
    world.say(1, NetworkMessage::Tx(payment.clone()));
    world.settle();
    relay(&mut world, 2, &payment);
    assert_eq!(count(&mut world, 2, &asked(&payment)), 0, "both names are one transaction");
    assert_eq!(told(&mut world), [(txid, 2)]);
}

#[test]
fn made_up_payments_are_forgotten_in_time() {
    let mut world = synced(1);
    relay(&mut world, 1, &receipt(1));
    assert_eq!(told(&mut world).len(), 1);
    assert_eq!(world.client.mempool.receipts(), 1);
    world.pass(RECEIPT_LIFETIME);
    assert_eq!(world.client.mempool.receipts(), 0);
}

#[test]
fn what_a_block_holds_is_no_news() {
    let mut world = synced(1);
    let tip = world.host(1).tip;
    let next = world.blocks.mine(tip, 9, &[script(0)]);
    let mined = world.blocks.block(&next).txdata[1].clone();
    relay(&mut world, 1, &mined);
    assert_eq!(world.client.mempool.receipts(), 1);
    world.announce(1, next);
    world.sync(next);
    assert_eq!(world.client.mempool.receipts(), 0);
    relay(&mut world, 1, &mined);
    assert_eq!(count(&mut world, 1, &asked(&mined)), 1, "it is not fetched again");
}

#[test]
fn nothing_is_asked_for_before_the_tip_or_when_it_is_switched_off() {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 20, 0);
    let mut world = World::new(blocks, tip, 1);
    world.pass(Duration::from_secs(5));
    relay(&mut world, 1, &receipt(1));
    assert_eq!(count(&mut world, 1, &asked(&receipt(1))), 0, "no scan has begun");

    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 20, 0);
    let mut world = World::deaf(blocks, tip, 1);
    world.scan(0, &[script(0)]);
    world.sync(tip);
    relay(&mut world, 1, &receipt(1));
    assert_eq!(count(&mut world, 1, &asked(&receipt(1))), 0);
    let relays = world.host(1).heard.iter().filter_map(|message| match message {
        NetworkMessage::Version(version) => Some(version.relay),
        _ => None,
    });
    assert!(relays.eq([false]), "peers are told to announce none");
}
