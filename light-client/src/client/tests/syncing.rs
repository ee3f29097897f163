//! Honest peers: everything that a wallet is promised.

use super::world::*;

#[test]
fn a_fresh_client_finds_a_payment_and_reaches_the_tip() {
    let mut blocks = Blocks::new();
    let below = blocks.mine_many(blocks.genesis(), 150, 0);
    let paying = blocks.mine(below, 0, &[script(1)]);
    let tip = blocks.mine_many(paying, 100, 0);
    let mut world = World::new(blocks, tip, 1);
    world.scan(1, &[script(1), script(2)]);
    world.sync(tip);
    let paid: Vec<_> = world.wallet.paid.values().collect();
    assert_eq!(paid, [&(paying, vec![script(1)])]);
    assert_eq!(world.faults(), []);
    assert_eq!(world.wallet.synced, [world.blocks.id(tip)]);
}
