//! Wallets that were told of the chain by liars alone, and were closed when an honest peer was
//! first heard: what they missed is found as soon as they are open again.

use bitcoin::hashes::Hash;
use bitcoin::{Amount, FilterHash};

use super::home::{Home, World, main, nobody, other, payments, script, synced};
use super::machine::Machine;
use crate::event::Event;
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;

const PAID: Amount = Amount::from_sat(20_000);

/// Brings the other wallet to the tip, and leaves the first as one would be that was there with it
/// while all peers left its payment out of the filters, which `other` sees as they are.
fn lied_to(world: &World, name: &str) -> Home {
    let home = Home::new(&world.devnet, name);
    home.add(&other(), &format!("{name} too"), Height::new(world.devnet.tip().0 + 1));
    world.devnet.pay(&script(name, 0), PAID).unwrap();
    world.devnet.mine(3, &nobody());
    let mut machine = Machine::start_with(&home, &[other()]);
    machine.until_of(&other(), synced(world));
    let client = &machine.engine.chain.followed().unwrap().client;
    let known = |height: &Height| client.filter_hashes(&(*height..=*height)).is_some();
    let base = (0..=world.tip().to_u32()).map(Height::new).find(known).unwrap().down(1);
    let (tip, now) = (client.tip(), WallTime::new(1_700_000_000));
    let mut hashes = client.filter_hashes(&(base.next()..=tip.height)).unwrap().to_vec();
    let paid = hashes.len() - 3;
    hashes[paid] = FilterHash::hash(b"what is left out");
    let (mut wallet, _) = home.wallet();
    wallet.advance(tip, now).unwrap();
    let known = |range: std::ops::RangeInclusive<Height>| {
        let at = |height: &Height| height.to_usize() - base.to_usize() - 1;
        hashes.get(at(range.start())..=at(range.end()))
    };
    wallet.note_matched(base, &|_| base, &[], &known).unwrap();
    wallet.end_search(tip, now).unwrap();
    wallet.commit().unwrap();
    assert!(wallet.history().unwrap().is_empty());
    machine.engine.finish().unwrap();
    home
}

/// Opens the first wallet until it is said to be at the tip; whether it had searched for old payments.
fn follow(home: &Home, world: &World) -> bool {
    let (mut machine, mut ended) = (Machine::start(home), None);
    machine.until(|event| {
        if let Event::Synced { searched, .. } = event {
            ended = Some(*searched);
        }
        synced(world)(event)
    });
    machine.engine.finish().unwrap();
    ended.unwrap()
}

#[test]
fn what_liars_left_out_is_found_when_the_wallet_is_open_again() {
    let world = World::start();
    let home = lied_to(&world, "lied to");
    assert!(follow(&home, &world));
    assert_eq!(payments(&home, &main()), 1);
}

#[test]
fn what_liars_left_out_is_found_when_the_wallet_joins_others() {
    let world = World::start();
    let home = lied_to(&world, "joins");
    let mut machine = Machine::start_with(&home, &[other()]);
    machine.until_of(&other(), synced(&world));
    machine.load(&home, &main());
    machine.until_of(&main(), synced(&world));
    machine.engine.finish().unwrap();
    assert_eq!(payments(&home, &main()), 1);
}

#[test]
fn what_liars_left_out_is_found_when_the_filters_are_fetched_anew() {
    let world = World::start();
    let home = lied_to(&world, "fetched anew");
    home.online().chain.file.lose_filter_hashes().unwrap();
    assert!(follow(&home, &world));
    assert_eq!(payments(&home, &main()), 1);
}

#[test]
fn nothing_is_looked_at_twice_where_nobody_lied() {
    let world = World::start();
    let home = Home::new(&world.devnet, "honest");
    world.devnet.pay(&script("honest", 0), PAID).unwrap();
    world.devnet.mine(3, &nobody());
    assert!(follow(&home, &world), "a new wallet is searched for");
    for blocks in [0, 2, 1_100] {
        world.devnet.mine(blocks, &nobody());
        assert!(!follow(&home, &world), "{blocks}");
    }
    // Nor where the hashes were lost and are what they were.
    home.online().chain.file.lose_filter_hashes().unwrap();
    assert!(!follow(&home, &world));
}
