//! A search for payments that did not come in the order of their addresses: stopped dead at every
//! step, over kept filters and without, with filters that were damaged meanwhile.

use std::fs;

use bitcoin::Amount;

use super::home::{Home, World, nobody, script, second_script};
use super::machine::{Crash, Machine};
use crate::command::Command;
use crate::event::Event;
use crate::light_client::height::Height;

/// Each is watched only once the one after it was found.
const INDICES: [u32; 4] = [19, 14, 9, 4];

/// Of the second account.
const SECOND_INDICES: [u32; 2] = [8, 4];

/// Blocks since the birthday.
const BLOCKS: usize = 2 * INDICES.len() + 1;

/// A wallet, and payments to it since its birthday.
fn paid(world: &World, name: &str, filters_disk: u64) -> Home {
    let mut home = Home::new(&world.devnet, name);
    home.filters_disk = filters_disk;
    for index in INDICES {
        world.devnet.pay(&script(name, index), Amount::from_sat(10_000)).unwrap();
        world.devnet.mine(2, &nobody());
    }
    // The second account, which has its turn later, in the same way.
    for index in SECOND_INDICES {
        world.devnet.pay(&second_script(name, index), Amount::from_sat(20_000)).unwrap();
    }
    world.devnet.mine(1, &nobody());
    home
}

fn assert_found(home: &Home) {
    let wallet = home.wallet().0;
    assert_eq!(wallet.history().unwrap().len(), INDICES.len() + SECOND_INDICES.len());
    let report = wallet.search_report().unwrap();
    let used: Vec<_> = report.accounts.iter().map(|account| account.receive.used).collect();
    assert_eq!((report.end.is_some(), used), (true, vec![20, 9]));
}

/// Runs until the wallet is said to be at the tip; whether a search ended with that.
fn sync(world: &World, machine: &mut Machine) -> bool {
    let height = Height::new(world.devnet.tip().0);
    let mut ended = false;
    machine.until(|event| match event {
        Event::Synced { tip, searched, .. } if tip.height == height => {
            ended = *searched;
            true
        }
        _ => false,
    });
    ended
}

#[test]
fn a_search_that_dies_at_any_step_finds_everything_the_next_time() {
    let world = World::start();
    let tip = || Height::new(world.devnet.tip().0);
    let mut at = 0;
    let mut died = true;
    while died {
        died = false;
        for crash in [Crash::Before(at), Crash::Unsaid(at)] {
            let disk = if at % 3 == 0 { 0 } else { 1_000_000 };
            let home = paid(&world, &format!("{crash:?}"), disk);
            let mut machine = Machine::start(&home);
            let synced = |events: &[Event]| {
                events.iter().any(
                    |event| matches!(event, Event::Synced { tip: now, .. } if now.height == tip()),
                )
            };
            loop {
                match machine.step(Some(crash)) {
                    Ok(events) if synced(&events) => break machine.engine.finish().unwrap(),
                    Ok(_) => {}
                    Err(_) => {
                        died = true;
                        drop(machine);
                        let mut machine = Machine::start(&home);
                        sync(&world, &mut machine);
                        break machine.engine.finish().unwrap();
                    }
                }
            }
            assert_found(&home);
        }
        at += 1;
    }
}

#[test]
fn a_rescan_over_damaged_filters_downloads_what_was_lost() {
    let world = World::start();
    let home = paid(&world, "damaged", 1_000_000);
    let mut machine = Machine::start(&home);
    sync(&world, &mut machine);
    machine.engine.finish().unwrap();
    assert_found(&home);

    for file in fs::read_dir(home.path("filters")).unwrap() {
        let path = file.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    let mut machine = Machine::start(&home);
    machine.ask(Command::Rescan { from: None });
    machine.until_answered();
    sync(&world, &mut machine);
    let read = machine.filters_read;
    machine.engine.finish().unwrap();
    assert!(read > 0 && read < BLOCKS, "{read} filters were read");
    assert_found(&home);
}

#[test]
fn a_rescan_reads_every_filter_from_the_disk() {
    let world = World::start();
    let home = paid(&world, "whole", 1_000_000);
    let mut machine = Machine::start(&home);
    assert!(sync(&world, &mut machine), "the search ended");
    let before = machine.filters_read;
    machine.ask(Command::Rescan { from: None });
    machine.until_answered();
    assert!(sync(&world, &mut machine), "a rescan is a search");
    assert_eq!(machine.filters_read - before, BLOCKS);
    world.devnet.mine(1, &nobody());
    assert!(!sync(&world, &mut machine), "it ends once");
    machine.engine.finish().unwrap();
    assert_found(&home);
}
