//! Clients that nobody told a peer: what they find, whom they trust, and what they remember.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bitcoin::BlockHash;
use bitcoin::p2p::ServiceFlags;
use bitcoin::p2p::message::NetworkMessage;

use super::world::{Blocks, Host, Store, Vice, World, script};
use crate::config::Route;
use crate::dial::Purpose;
use crate::io::Io;
use crate::limits::{MAX_PEERS_PER_SOURCE, MIN_PEERS, STALE_TIP, TARGET_PEERS};
use crate::output::Output;
use crate::params::dns_seed;
use crate::peer_id::{OnionAddress, PeerAddress};

/// The `n`th host of a group.
fn at(group: u8, n: u8) -> PeerAddress {
    PeerAddress::Ip((Ipv4Addr::new(11, group, 7, n), 18444).into())
}

fn ip(address: &PeerAddress) -> IpAddr {
    let PeerAddress::Ip(address) = address else { unreachable!("an IP address") };
    address.ip()
}

fn chain() -> (Blocks, BlockHash) {
    let mut blocks = Blocks::new();
    blocks.params.dns_seeds = &dns_seed::TEST;
    let paid = blocks.mine(blocks.genesis(), 0, &[script(1)]);
    let tip = blocks.mine_many(paid, 30, 0);
    (blocks, tip)
}

/// Hosts that all tell of all others.
fn hosts(tip: BlockHash, addresses: &[PeerAddress]) -> BTreeMap<PeerAddress, Host> {
    let host = |address: &PeerAddress| {
        let mut host = Host::new(tip);
        host.gossip = addresses.to_vec();
        (address.clone(), host)
    };
    addresses.iter().map(host).collect()
}

fn dials(world: &World, purpose: Purpose) -> Vec<PeerAddress> {
    let dialled = world.log.iter().filter_map(|output| match output {
        Output::Io(Io::Dial { address, purpose: found, .. }) if *found == purpose => {
            Some(address.clone())
        }
        _ => None,
    });
    dialled.collect()
}

fn lookups(world: &World) -> Vec<String> {
    let names = world.log.iter().filter_map(|output| match output {
        Output::Io(Io::Resolve { name, .. }) => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

fn connected(world: &World) -> Vec<PeerAddress> {
    let peers = world.client.status().peers.into_iter().filter(|peer| peer.ready);
    peers.map(|peer| peer.address).collect()
}

/// A world of twenty hosts in as many groups, of which the seed tells the first five.
fn seeded() -> (World, BlockHash, Vec<PeerAddress>) {
    let (blocks, tip) = chain();
    let all: Vec<_> = (1..=20).map(|group| at(group, 1)).collect();
    let hosts = hosts(tip, &all);
    let mut world = World::finding(blocks, tip, hosts, Route::Direct, Store::default());
    world.names.insert("x49.seed.test".to_owned(), all[..5].iter().map(ip).collect());
    (world, tip, all)
}

#[test]
fn from_a_seed_a_client_finds_peers_of_different_groups_and_reaches_the_tip() {
    let (mut world, tip, _) = seeded();
    world.scan(1, &[script(1)]);
    world.sync(tip);
    assert_eq!(world.wallet.paid.len(), 1);
    // Nothing is behind the first name.
    assert_eq!(lookups(&world), ["x849.seed.test", "x49.seed.test"]);
    world.pass(Duration::from_secs(60));
    let peers = connected(&world);
    assert_eq!(peers.len(), TARGET_PEERS, "others were heard of by gossip");
    let groups: BTreeSet<_> = peers.iter().map(PeerAddress::group).collect();
    assert_eq!(groups.len(), TARGET_PEERS, "each in a group of its own");
    // Who was asked for addresses was asked once.
    for host in world.hosts.values() {
        let asked = host.heard.iter().filter(|heard| **heard == NetworkMessage::GetAddr).count();
        assert!(asked <= 1);
    }
    assert!(world.faults().is_empty(), "{:?}", world.faults());
}

#[test]
fn after_a_restart_the_anchors_come_first_and_no_seed_is_asked() {
    let (mut world, tip, all) = seeded();
    world.scan(1, &[script(1)]);
    world.sync(tip);
    world.pass(Duration::from_secs(60));
    let anchors = world.store.peers.anchors.clone();
    assert_eq!(anchors.len(), 2, "two good peers are remembered");
    let (blocks, store) = (world.blocks, world.store);
    let mut world = World::finding(blocks, tip, hosts(tip, &all), Route::Direct, store);
    world.scan(1, &[script(1)]);
    world.sync(tip);
    assert_eq!(dials(&world, Purpose::Chain)[..2], anchors);
    // Twenty known addresses are few, but enough to find peers by before a seed would answer.
    assert!(world.client.status().search.expect("it finds its own").usable >= 20);
}

/// The fault: peers that all sit in one network group.
#[test]
fn when_all_peers_sit_in_one_group_two_of_them_are_used() {
    let (blocks, tip) = chain();
    let all: Vec<_> = (1..=50).map(|n| at(1, n)).collect();
    let mut world = World::finding(blocks, tip, hosts(tip, &all), Route::Direct, Store::default());
    world.names.insert("x49.seed.test".to_owned(), all[..20].iter().map(ip).collect());
    world.scan(1, &[script(1)]);
    world.sync(tip);
    world.pass(Duration::from_secs(600));
    assert_eq!(connected(&world).len(), MIN_PEERS);
}

#[test]
fn a_group_of_liars_neither_keeps_the_client_from_the_tip_nor_fills_its_circle() {
    let (blocks, tip) = chain();
    let honest: Vec<_> = (1..=4).map(|group| at(group, 1)).collect();
    let liars: Vec<_> = (1..=200).map(|n| at(66, n)).collect();
    let all = [honest.clone(), liars.clone()].concat();
    let mut hosts = hosts(tip, &all);
    for liar in &liars {
        let host = hosts.get_mut(liar).expect("a host");
        host.vice = Some(Vice::BendsFilters);
        host.gossip.clone_from(&liars);
    }
    let mut world = World::finding(blocks, tip, hosts, Route::Direct, Store::default());
    world.names.insert("x49.seed.test".to_owned(), all[..12].iter().map(ip).collect());
    world.scan(1, &[script(1)]);
    world.sync(tip);
    assert_eq!(world.wallet.paid.len(), 1);
    world.pass(Duration::from_secs(600));
    let peers = connected(&world);
    let lying = peers.iter().filter(|peer| liars.contains(peer)).count();
    assert!(lying <= 1, "{lying} of {peers:?}");
    assert_eq!(peers.len() - lying, honest.len(), "all honest groups are there");
}

#[test]
fn a_proven_liar_is_banned_and_shown_until_its_time_is_up() {
    let (blocks, tip) = chain();
    let all: Vec<_> = (1..=3).map(|group| at(group, 1)).collect();
    let mut hosts = hosts(tip, &all);
    hosts.get_mut(&all[0]).expect("a host").vice = Some(Vice::BendsFilters);
    for address in &all[1..] {
        hosts.get_mut(address).expect("a host").up = false;
    }
    let mut world = World::finding(blocks, tip, hosts, Route::Direct, Store::default());
    world.names.insert("x49.seed.test".to_owned(), all.iter().map(ip).collect());
    world.scan(1, &[script(1)]);
    world.pass(Duration::from_secs(10));
    for address in &all[1..] {
        world.hosts.get_mut(address).expect("a host").up = true;
    }
    world.sync(tip);
    let banned = world.client.status().banned.first().expect("it lied").clone();
    assert_eq!(banned.host, all[0].host());
    assert_eq!(banned.until.since(world.now.wall).as_secs() / 3600, 23);
    assert_eq!(world.store.peers.bans.len(), 1, "it outlives a restart");
    let before = dials(&world, Purpose::Chain).len();
    world.pass(Duration::from_secs(1800));
    assert!(!dials(&world, Purpose::Chain)[before..].contains(&all[0]));
    world.now.wall = world.now.wall.after(Duration::from_secs(24 * 3600));
    world.pass(Duration::from_secs(60));
    assert_eq!(world.client.status().banned, []);
    assert_eq!(world.store.peers.bans.len(), 0);
}

#[test]
fn feelers_find_out_who_answers() {
    let (mut world, tip, all) = seeded();
    world.hosts.get_mut(&all[19]).expect("a host").up = false;
    world.scan(1, &[script(1)]);
    world.sync(tip);
    world.pass(Duration::from_secs(2 * 3600));
    let felt = dials(&world, Purpose::Feeler);
    // One in two minutes in the mean, as long as there is somebody to test.
    assert!((10..120).contains(&felt.len()), "{}", felt.len());
    let reached = |address| world.store.peers.addresses[address].reached.is_some();
    let known = all[..19].iter().filter(|address| reached(address)).count();
    assert!(known >= 15, "{known} of 19 have shown that they answer");
    let dead = world.store.peers.addresses.get(&all[19]);
    assert!(dead.is_none_or(|record| record.reached.is_none()));
}

#[test]
fn unreachable_addresses_are_forgotten_in_the_end() {
    let (mut world, tip, all) = seeded();
    let dead: Vec<_> = (100..150).map(|group| at(group, 1)).collect();
    for host in world.hosts.values_mut() {
        host.gossip = [&all[..6], &dead].concat();
    }
    world.scan(1, &[script(1)]);
    world.sync(tip);
    world.pass(Duration::from_secs(10 * 3600));
    let known = dead.iter().filter(|dead| world.store.peers.addresses.contains_key(dead)).count();
    assert!(known <= 5, "{known} of {} dead ones are still known", dead.len());
    assert!(all[..6].iter().all(|live| world.store.peers.addresses.contains_key(live)));
}

#[test]
fn when_our_own_link_is_down_nobody_is_forgotten() {
    let (mut world, tip, all) = seeded();
    world.scan(1, &[script(1)]);
    world.sync(tip);
    world.pass(Duration::from_secs(60));
    let known = world.store.peers.addresses.len();
    for address in &all {
        world.hosts.get_mut(address).expect("a host").up = false;
    }
    for peer in world.client.status().peers {
        world.disconnect(peer.peer);
    }
    let before = world.log.len();
    world.pass(Duration::from_secs(4 * 3600));
    assert_eq!(world.store.peers.addresses.len(), known);
    let dials =
        world.log[before..].iter().filter(|o| matches!(o, Output::Io(Io::Dial { .. }))).count();
    assert!(dials < 1000, "{dials} dials in four hours are too many");
    for address in &all {
        world.hosts.get_mut(address).expect("a host").up = true;
    }
    world.sync(tip);
}

#[test]
fn onion_peers_are_for_those_who_have_a_proxy() {
    for route in [Route::Direct, Route::Proxy] {
        let (blocks, tip) = chain();
        let onions = (1..=8_u8).map(|n| PeerAddress::Onion(OnionAddress::new([n << 4; 32]), 18444));
        let onions: Vec<_> = onions.collect();
        let seed = PeerAddress::Host("x9.seed.test".to_owned(), 18444);
        let mut all = hosts(tip, &onions);
        let mut guide = Host::new(tip);
        guide.gossip.clone_from(&onions);
        guide.services.remove(ServiceFlags::COMPACT_FILTERS);
        all.insert(seed.clone(), guide);
        let mut world = World::finding(blocks, tip, all, route, Store::default());
        world.scan(1, &[script(1)]);
        if route == Route::Direct {
            world.pass(Duration::from_secs(60));
            assert_eq!(dials(&world, Purpose::Chain), []);
            continue;
        }
        world.sync(tip);
        assert_eq!(lookups(&world), [""; 0], "no name is looked up beside the proxy");
        assert_eq!(dials(&world, Purpose::Addresses), [seed]);
        assert!(connected(&world).iter().all(|peer| onions.contains(peer)));
    }
}

#[test]
fn without_anybody_it_is_said_what_was_tried() {
    let (blocks, tip) = chain();
    let mut world = World::finding(blocks, tip, BTreeMap::new(), Route::Direct, Store::default());
    world.pass(Duration::from_secs(300));
    let search = world.client.status().search.expect("it finds its own");
    assert_eq!((search.seeds, search.seeds_asked, search.seeds_answered), (1, 1, 0));
    assert_eq!((search.addresses, search.usable), (0, 0));
    assert_eq!(lookups(&world), ["x849.seed.test", "x49.seed.test", "x9.seed.test"]);
    // Later it is tried again.
    world.pass(Duration::from_secs(600));
    assert_eq!(lookups(&world).len(), 6);
}

#[test]
fn peers_without_filters_are_asked_for_others() {
    let (blocks, tip) = chain();
    let all: Vec<_> = (1..=12).map(|group| at(group, 1)).collect();
    let mut hosts = hosts(tip, &all[4..]);
    for address in &all[..4] {
        let mut host = Host::new(tip);
        host.gossip = all[4..].to_vec();
        host.services.remove(ServiceFlags::COMPACT_FILTERS);
        hosts.insert(address.clone(), host);
    }
    let mut world = World::finding(blocks, tip, hosts, Route::Direct, Store::default());
    world.names.insert("x9.seed.test".to_owned(), all[..4].iter().map(ip).collect());
    world.scan(1, &[script(1)]);
    world.sync(tip);
    assert!(!dials(&world, Purpose::Addresses).is_empty());
    assert!(connected(&world).iter().all(|peer| all[4..].contains(peer)));
    assert!(world.faults().is_empty(), "nobody is blamed for what it does not serve");
}

#[test]
fn the_same_seed_finds_the_same_peers_byte_for_byte() {
    let run = || {
        let (mut world, tip, _) = seeded();
        world.scan(1, &[script(1)]);
        world.sync(tip);
        world.pass(Duration::from_secs(3600));
        world.log
    };
    assert_eq!(run(), run());
}

#[test]
fn a_peer_that_stays_behind_makes_room() {
    let (mut blocks, old) = chain();
    let tip = blocks.mine_many(old, 3, 0);
    let all: Vec<_> = (1..=12).map(|group| at(group, 1)).collect();
    let mut hosts = hosts(tip, &all);
    for address in &all[..6] {
        hosts.get_mut(address).expect("a host").tip = old;
    }
    let mut world = World::finding(blocks, tip, hosts, Route::Direct, Store::default());
    world.names.insert("x49.seed.test".to_owned(), all.iter().map(ip).collect());
    world.scan(1, &[script(1)]);
    world.sync(tip);
    world.pass(Duration::from_secs(4 * 3600));
    let left =
        world.log.iter().filter(|o| matches!(o, Output::Io(Io::Close { fault: None, .. }))).count();
    assert!(left > 0, "they were left");
    assert!(world.faults().is_empty(), "but not blamed");
    assert!(connected(&world).iter().filter(|peer| all[6..].contains(peer)).count() >= 4);
}

/// Whoever surrounds us can hide new blocks; not being shown any for long is the sign.
#[test]
fn when_no_block_comes_for_long_one_peer_more_is_asked() {
    let (mut world, old, all) = seeded();
    let new = world.blocks.mine_many(old, 2, 0);
    world.scan(1, &[script(1)]);
    world.sync(old);
    world.pass(Duration::from_secs(60));
    let circle = connected(&world);
    assert_eq!(circle.len(), TARGET_PEERS);
    for address in all.iter().filter(|address| !circle.contains(address)) {
        world.hosts.get_mut(address).expect("a host").tip = new;
    }
    world.pass(STALE_TIP / 2);
    let old = world.blocks.id(old);
    assert_eq!(world.client.tip(), old, "nobody of the circle tells");
    world.pass(STALE_TIP);
    assert_eq!(world.client.tip(), world.blocks.id(new));
    assert!(connected(&world).len() <= TARGET_PEERS + 1);
    assert_eq!(world.faults(), []);
}

/// Whoever answers first, a seed or a peer, chooses three peers of eight at first.
#[test]
fn the_first_to_answer_does_not_choose_all_peers() {
    let (blocks, tip) = chain();
    let all: Vec<_> = (1..=30).map(|group| at(group, 1)).collect();
    let mut hosts = hosts(tip, &[]);
    for address in &all {
        hosts.insert(address.clone(), Host::new(tip));
    }
    let mut world = World::finding(blocks, tip, hosts, Route::Direct, Store::default());
    world.names.insert("x49.seed.test".to_owned(), all.iter().map(ip).collect());
    world.scan(1, &[script(1)]);
    world.sync(tip);
    world.pass(Duration::from_secs(20));
    assert_eq!(connected(&world).len(), MAX_PEERS_PER_SOURCE);
    world.pass(Duration::from_secs(20));
    assert_eq!(connected(&world).len(), TARGET_PEERS, "nobody else told of any");
}

/// The fault: the wall clock jumps, here and now.
#[test]
fn a_wall_clock_that_is_set_back_does_not_end_the_search() {
    let (mut world, tip, all) = seeded();
    world.scan(1, &[script(1)]);
    world.sync(tip);
    world.pass(Duration::from_secs(60));
    let years = Duration::from_secs(5 * 365 * 24 * 3600);
    let right = world.now.wall;
    for wall in [right.after(years), right, right.before(years), right] {
        world.now.wall = wall;
        for peer in world.client.status().peers {
            world.disconnect(peer.peer);
        }
        world.pass(Duration::from_secs(120));
        assert_eq!(connected(&world).len(), TARGET_PEERS);
    }
    assert!(all.iter().filter(|at| world.store.peers.addresses.contains_key(at)).count() >= 15);
}

/// An anchor that the book has lost, and that speaks version 1 only: dialled twice, not for ever.
#[test]
fn an_anchor_that_the_book_does_not_know_is_dialled_over_both_transports() {
    let (blocks, tip) = chain();
    let anchor = at(1, 1);
    let mut store = Store::default();
    store.peers.anchors = vec![anchor.clone()];
    let hosts = hosts(tip, std::slice::from_ref(&anchor));
    let mut world = World::finding(blocks, tip, hosts, Route::Direct, store);
    world.scan(1, &[script(1)]);
    world.sync(tip);
    assert_eq!(dials(&world, Purpose::Chain), [anchor.clone(), anchor]);
}
