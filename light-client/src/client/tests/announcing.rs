//! Transactions of ours: to one peer at a time, heard back from others, with their parents.

use std::time::Duration;

use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::{
    Amount, FeeRate, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness,
    absolute, transaction,
};

use super::world::{Blocks, World, address, script};
use crate::dial::Purpose;
use crate::input::Input;
use crate::io::Io;
use crate::limits::{
    ECHO_WAIT, MAX_PACKAGE, OFFER_RETRY, OFFER_TIMEOUT, PARENT_WAIT, REANNOUNCE_AFTER,
    REANNOUNCE_JITTER,
};
use crate::output::{BroadcastEvent, Output};
use crate::peer_id::PeerId;

fn world(peers: u16) -> World {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 20, 0);
    let mut world = World::new(blocks, tip, peers);
    world.scan(0, &[script(0)]);
    world.sync(tip);
    world
}

fn spending(from: OutPoint) -> Transaction {
    let input = TxIn {
        previous_output: from,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::MAX,
        witness: Witness::from_slice(&[[1_u8; 64]]),
    };
    Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: vec![input],
        output: vec![TxOut { value: Amount::from_sat(5_000), script_pubkey: script(9) }],
    }
}

fn payment(number: u32) -> Transaction {
    spending(OutPoint::new(Txid::hash(b"ours"), number))
}

fn announce(world: &mut World, transaction: &Transaction, fee: Option<u64>) {
    let fee = fee.map(Amount::from_sat);
    world.input(Input::Announce { transaction: transaction.clone(), fee });
    world.settle();
}

fn inv(transaction: &Transaction) -> NetworkMessage {
    NetworkMessage::Inv(vec![Inventory::WTx(transaction.compute_wtxid())])
}

/// The hosts that got a transaction, as often as they got it.
fn owners(world: &World, transaction: &Transaction) -> Vec<u16> {
    let sent = NetworkMessage::Tx(transaction.clone());
    let mut owners = Vec::new();
    for n in 1..=u16::try_from(world.hosts.len()).expect("few") {
        let heard = &world.hosts[&address(n)].heard;
        owners.extend(heard.iter().filter(|message| **message == sent).map(|_| n));
    }
    owners
}

/// The connections that were opened to announce.
fn visits(world: &World) -> Vec<PeerId> {
    let dials = world.log.iter().filter_map(|output| match output {
        Output::Io(Io::Dial { peer, purpose: Purpose::Broadcast, .. }) => Some(*peer),
        _ => None,
    });
    dials.collect()
}

fn is_closed(world: &World, visit: PeerId) -> bool {
    world
        .log
        .iter()
        .any(|out| matches!(out, Output::Io(Io::Close { peer, fault: None }) if *peer == visit))
}

fn other(world: &World, n: u16) -> u16 {
    if n == 1 { u16::try_from(world.hosts.len()).expect("few") } else { 1 }
}

#[test]
fn a_payment_goes_to_one_peer_on_a_connection_of_its_own_and_is_heard_back() {
    let mut world = world(3);
    let payment = payment(1);
    let txid = payment.compute_txid();
    announce(&mut world, &payment, None);
    let owners_now = owners(&world, &payment);
    assert_eq!(owners_now.len(), 1, "{owners_now:?}");
    let visit = *visits(&world).last().expect("a visit");
    assert!(is_closed(&world, visit));
    for (peer, bytes) in world.log.iter().filter_map(|output| match output {
        Output::Io(Io::Send { peer, bytes }) => Some((*peer, bytes)),
        _ => None,
    }) {
        let command = &bytes[4..16];
        let tells = command.starts_with(b"tx\0") || command.starts_with(b"inv\0");
        assert!(!tells || visits(&world).contains(&peer), "only visited peers hear of it");
    }
    let status = world.client.status();
    assert_eq!((status.announcing, status.taken, status.offering), (1, 1, 0));
    // The same host on its other connection is no echo.
    world.say(owners_now[0], inv(&payment));
    world.settle();
    assert_eq!(world.broadcasts(), [BroadcastEvent::Sent { txid, peer: visit }]);
    let echo = other(&world, owners_now[0]);
    world.say(echo, inv(&payment));
    world.settle();
    let peer = world.peer(echo);
    assert_eq!(world.broadcasts()[1..], [BroadcastEvent::Echoed { txid, peer }]);
    let visits_now = visits(&world).len();
    world.pass(REANNOUNCE_AFTER.saturating_sub(Duration::from_secs(60)));
    assert_eq!(visits(&world).len(), visits_now, "the network has it");
    world.pass(REANNOUNCE_JITTER + Duration::from_secs(120));
    assert_eq!(owners(&world, &payment).len(), 2, "announced again within a day and a half");
    world.input(Input::Withdraw { txid });
    let visits_now = visits(&world).len();
    world.pass(REANNOUNCE_AFTER + REANNOUNCE_JITTER);
    assert_eq!(visits(&world).len(), visits_now, "until it is withdrawn");
}

#[test]
fn without_an_echo_another_peer_gets_it() {
    let mut world = world(3);
    let payment = payment(1);
    announce(&mut world, &payment, None);
    world.pass(ECHO_WAIT.saturating_sub(Duration::from_secs(1)));
    assert_eq!(owners(&world, &payment).len(), 1);
    world.pass(ECHO_WAIT + Duration::from_secs(5));
    let owners = owners(&world, &payment);
    assert_eq!(owners.len(), 2);
    assert_ne!(owners[0], owners[1]);
}

#[test]
fn a_peer_that_does_not_ask_is_left_for_another() {
    let mut world = world(2);
    world.host(1).takes = false;
    world.host(2).takes = false;
    let payment = payment(1);
    announce(&mut world, &payment, None);
    world.pass(OFFER_TIMEOUT);
    assert!(owners(&world, &payment).is_empty());
    world.host(1).takes = true;
    world.host(2).takes = true;
    world.pass(2 * OFFER_RETRY + Duration::from_secs(1));
    assert_eq!(owners(&world, &payment).len(), 1);
}

/// A program that ends before that leaves its payment with nobody.
#[test]
fn an_offer_that_is_cut_short_has_no_answer() {
    let mut world = world(2);
    for n in 1..=2 {
        world.host(n).takes = false;
    }
    let payment = payment(1);
    announce(&mut world, &payment, None);
    let visit = *visits(&world).last().expect("a visit");
    world.disconnect(visit);
    world.settle();
    assert_eq!(world.client.status().offering, 1, "nobody had the time to ask for it");
    world.pass(OFFER_RETRY * 2 + OFFER_TIMEOUT + Duration::from_secs(1));
    assert!(owners(&world, &payment).is_empty());
    assert_eq!(world.client.status().offering, 0, "it was told, and did not ask");
}

#[test]
fn nobody_else_can_find_out_what_is_announced() {
    let mut world = world(2);
    world.host(1).takes = false;
    world.host(2).takes = false;
    let payment = payment(1);
    announce(&mut world, &payment, None);
    for n in [1, 2] {
        let chain = world.peer(n);
        let asks = vec![
            Inventory::WTx(payment.compute_wtxid()),
            Inventory::WitnessTransaction(payment.compute_txid()),
        ];
        world.say_on(chain, NetworkMessage::GetData(asks));
    }
    world.settle();
    assert!(owners(&world, &payment).is_empty());
}

#[test]
fn what_pays_less_than_a_peer_asks_for_is_not_offered_to_it() {
    let mut world = world(1);
    world.host(1).fee_floor = Some(2_000);
    let payment = payment(1);
    let vsize = payment.vsize() as u64;
    announce(&mut world, &payment, Some(vsize));
    world.pass(Duration::from_secs(30));
    assert!(!world.host(1).heard.contains(&inv(&payment)));
    let floor = FeeRate::from_sat_per_kwu(500);
    let txid = payment.compute_txid();
    assert_eq!(world.broadcasts(), [BroadcastEvent::BelowFloor { txid, floor }]);
    world.host(1).fee_floor = Some(1_000);
    world.pass(Duration::from_secs(1_300));
    assert_eq!(owners(&world, &payment), [1], "it is offered once that falls");
}

#[test]
fn a_parent_that_pays_too_little_goes_with_its_child() {
    let mut world = world(1);
    world.host(1).fee_floor = Some(1_000);
    let parent = payment(1);
    let child = spending(OutPoint::new(parent.compute_txid(), 0));
    announce(&mut world, &parent, Some(0));
    announce(&mut world, &child, Some(1_000));
    world.pass(Duration::from_secs(60));
    assert!(world.host(1).heard.contains(&inv(&child)), "offered without its parent");
    assert!(!world.host(1).heard.contains(&inv(&parent)));
    assert!(owners(&world, &parent).is_empty());
    // A node that has no use for an orphan asks who sent it.
    let mut world = self::world(1);
    let (a, b) = (parent.clone(), child.clone());
    announce(&mut world, &a, Some(500));
    world.pass(Duration::from_secs(1));
    world.log.clear();
    announce(&mut world, &b, Some(1_000));
    let visit = *visits(&world).last().expect("a visit");
    assert!(!is_closed(&world, visit), "it waits for questions about the parent");
    for _ in 0..5 {
        let ask = Inventory::WitnessTransaction(parent.compute_txid());
        world.say_on(visit, NetworkMessage::GetData(vec![ask]));
    }
    let given = Output::HandedOut { txid: parent.compute_txid() };
    world.turn();
    assert!(world.log.contains(&given), "it may hold the parent, whether its answer comes or not");
    world.settle();
    assert_eq!(world.log.iter().filter(|output| **output == given).count(), 3, "each time");
    assert_eq!(owners(&world, &parent).len(), 4, "once alone, and three times with the child");
    world.pass(PARENT_WAIT);
    assert!(is_closed(&world, visit));
}

#[test]
fn a_parent_is_offered_before_its_child() {
    let mut world = world(1);
    world.host(1).wtxid_relay = false;
    let peer = world.peer(1);
    world.disconnect(peer);
    let parent = payment(1);
    let child = spending(OutPoint::new(parent.compute_txid(), 0));
    for transaction in [&parent, &child] {
        let transaction = transaction.clone();
        world.input(Input::Announce { transaction, fee: None });
    }
    world.settle();
    let items = vec![
        Inventory::Transaction(parent.compute_txid()),
        Inventory::Transaction(child.compute_txid()),
    ];
    assert!(world.host(1).heard.contains(&NetworkMessage::Inv(items)));
}

/// Nodes keep no more than so many transactions that stand on each other and on no block, and say nothing of those that they
/// leave.
#[test]
fn of_a_long_line_what_nodes_take_is_offered_and_the_rest_after_it() {
    let mut world = world(1);
    let mut line = vec![payment(1)];
    while line.len() < MAX_PACKAGE + 5 {
        let parent = line.last().expect("one").compute_txid();
        line.push(spending(OutPoint::new(parent, 0)));
    }
    for transaction in &line {
        announce(&mut world, transaction, None);
        world.pass(PARENT_WAIT);
    }
    let (first, rest) = line.split_at(MAX_PACKAGE);
    assert!(first.iter().all(|one| !owners(&world, one).is_empty()), "each when it was made");
    assert!(rest.iter().all(|one| owners(&world, one).is_empty()), "nobody would keep it");
    for transaction in first {
        world.input(Input::Withdraw { txid: transaction.compute_txid() });
    }
    world.settle();
    assert!(
        rest.iter().all(|one| !owners(&world, one).is_empty()),
        "once its parents are in a block"
    );
}

/// A node takes what is sent, and may have no room for it: who has one node only hears nothing of that.
#[test]
fn what_stands_on_a_confirmed_payment_is_offered_again_unless_others_have_it() {
    let mut world = world(3);
    let (parent, heard_of) = (payment(1), payment(2));
    let child = spending(OutPoint::new(parent.compute_txid(), 0));
    let other_child = spending(OutPoint::new(heard_of.compute_txid(), 0));
    for transaction in [&parent, &heard_of, &child, &other_child] {
        announce(&mut world, transaction, None);
        world.pass(PARENT_WAIT);
    }
    let [before, other_before] = [&child, &other_child].map(|one| owners(&world, one).len());
    for n in 1..=3 {
        world.say(n, inv(&other_child));
    }
    world.settle();
    for transaction in [&parent, &heard_of] {
        world.input(Input::Withdraw { txid: transaction.compute_txid() });
    }
    world.pass(PARENT_WAIT);
    assert_eq!(owners(&world, &child).len(), before + 1);
    assert_eq!(owners(&world, &other_child).len(), other_before);
}
