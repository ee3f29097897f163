//! Peers that commit to different filters: as soon as one honest peer has answered, no payment is
//! missed, whatever the others say, and nobody is closed off without proof.

use std::collections::BTreeMap;
use std::time::Duration;

use bitcoin::BlockHash;

use super::lies::Lie;
use super::world::{Blocks, Link, Store, World, script};
use crate::fault::Fault;
use crate::height::Height;

/// Blocks that pay our scripts 1, 2 and 3 at these heights, and nobody in between.
const PAID_AT: [u32; 3] = [41, 82, 123];

fn chain() -> (Blocks, BlockHash) {
    let mut blocks = Blocks::new();
    let mut tip = blocks.genesis();
    for n in 1..=3 {
        tip = blocks.mine_many(tip, 40, 0);
        tip = blocks.mine(tip, 0, &[script(n)]);
    }
    (blocks, tip)
}

fn town(count: u16) -> (World, BlockHash) {
    let (blocks, tip) = chain();
    (World::new(blocks, tip, count), tip)
}

/// Every payment left out of its filter.
fn omissions() -> BTreeMap<u32, Lie> {
    (1..).zip(PAID_AT).map(|(n, height)| (height, Lie::Omits(script(n)))).collect()
}

fn scan(world: &mut World) {
    world.scan(1, &[script(1), script(2), script(3)]);
}

fn found(world: &World) -> Vec<u32> {
    world.wallet.paid.keys().map(|height| height.to_u32()).collect()
}

fn permutations(of: usize) -> Vec<Vec<usize>> {
    if of == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(of - 1);
    let insert = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, of - 1);
        order
    };
    shorter.iter().flat_map(|order| (0..of).map(move |at| insert(order, at))).collect()
}

#[test]
fn a_script_that_three_of_four_leave_out_is_found_in_whatever_order_they_answer() {
    for colluding in [true, false] {
        for order in permutations(4) {
            let (mut world, tip) = town(4);
            for (n, place) in (1..=4).zip(&order) {
                let round_trip = Duration::from_millis(100 + 700 * *place as u64);
                world.host(n).link = Some(Link { bytes_per_second: 1 << 20, round_trip });
                if n > 1 {
                    world.host(n).lies = omissions();
                }
                if n > 1 && !colluding {
                    world.host(n).lies.insert(u32::from(n), Lie::OmitsSpent);
                    world.host(n).lies.insert(40 + u32::from(n), Lie::Adds(script(70)));
                }
            }
            scan(&mut world);
            world.pass(Duration::from_secs(60));
            assert_eq!(found(&world), PAID_AT, "{order:?}");
            assert!(world.client.status().synced);
            assert_eq!(world.wallet.synced.last(), Some(&world.blocks.id(tip)));
        }
    }
}
