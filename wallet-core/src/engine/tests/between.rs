//! Stopped dead between the commits of the two files: what the wallet had not written is found again.

use bitcoin::hashes::Hash as _;
use bitcoin::{Amount, FilterHash, Network};

use super::home::{Home, World, nobody, script};
use super::machine::Machine;
use crate::event::Event;
use crate::light_client::change_set::ChangeSet;
use crate::light_client::height::{BlockId, Height};
use crate::light_client::time::WallTime;
use crate::store::chain::ChainFile;

/// A wallet that has passed four blocks by the filters of a peer that lied about all of them; the
/// first of them pays it.
fn deceived(world: &World, name: &str) -> Home {
    let devnet = &world.devnet;
    let mut home = Home::new(devnet, name);
    home.filters_disk = 0;
    devnet.mine(1, &nobody());
    let below = Height::new(devnet.tip().0);
    let mut machine = Machine::start(&home);
    machine.until(|event| matches!(event, Event::Synced { tip, .. } if tip.height == below));
    machine.engine.finish().unwrap();
    devnet.pay(&script(name, 0), Amount::from_sat(70_000)).unwrap();
    devnet.mine(4, &nobody());
    let mut set = ChangeSet::default();
    let mut file = ChainFile::open(&home.path("chain.db"), Network::Regtest).unwrap();
    let (mut wallet, _) = home.wallet();
    for height in (1..=4).map(|above| below.up(above)) {
        let block = devnet.block_at(height.to_u32()).unwrap();
        set.headers.insert(height, block.header);
        set.filter_hashes.insert(height, FilterHash::hash(b"a lie"));
        let at = BlockId::new(height, block.block_hash());
        wallet.advance(at, WallTime::new(block.header.time.into())).unwrap();
    }
    file.apply(&set).unwrap();
    wallet.commit().unwrap();
    home
}

#[test]
fn a_payment_that_a_lie_had_hidden_is_not_lost_between_two_files() {
    let world = World::start();
    let home = deceived(&world, "between");
    let prepared = home.files("");
    let tip = Height::new(world.devnet.tip().0);
    let synced = |event: &Event| matches!(event, Event::Synced { tip: at, .. } if at.height == tip);
    for step in 0.. {
        home.put_back("", &prepared);
        let mut machine = Machine::start(&home);
        let mut before = home.files("db");
        let mut done = false;
        for _ in 0..=step {
            before = home.files("db");
            done |= machine.step(None).unwrap().iter().any(synced);
        }
        drop(machine);
        home.put_back("db", &before);

        let mut machine = Machine::start(&home);
        machine.until(synced);
        machine.engine.finish().unwrap();
        assert_eq!(home.wallet().0.history().unwrap().len(), 1, "died in step {step}");
        if done {
            return;
        }
    }
}
