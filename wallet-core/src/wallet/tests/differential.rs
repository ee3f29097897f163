//! Random histories of a wallet with crashes: what `bdk_wallet` makes of the same history, and what
//! a user would lose if a rule of the house were broken.

mod ledger;
mod pages;
mod model;
mod oracle;

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, RngSeed};

use crate::command::BumpWay;

use model::Model;

/// One thing that may happen.
#[derive(Debug, Clone)]
enum Op {
    /// Somebody asks for an address, a new one or the last.
    Receive { fresh: bool },
    /// Somebody pays us; in the mempool only.
    PayIn { segwit: bool, sat: u64 },
    /// We draft a payment of so many thousandths of all there is.
    Draft { thousandths: u64, briefly: bool },
    /// We speed up or take back something that waits.
    Bump { pick: usize, way: BumpWay, sat_per_vb: u32 },
    /// We sign a draft.
    Sign { pick: usize },
    /// A draft comes back signed, in time or late.
    Return { pick: usize },
    /// We drop a draft.
    Drop { pick: usize },
    /// So much time passes that a draft is out of date.
    Wait,
    /// The money of another key comes into the wallet.
    Sweep { sat: u64 },
    /// Another copy of the wallet spends one of our coins.
    SpendElsewhere { pick: usize, to_us: bool },
    /// Whoever pays us in the mempool or in a block replaces the payment with one to others.
    ReplacePayIn { pick: usize },
    /// Peers announce something that was ever made.
    Hear { pick: usize },
    /// Nobody speaks of anything for a long time.
    Silence,
    /// A block with what fits of the mempool, from some place in it on.
    Mine { from: usize, count: usize, coinbase: bool },
    /// Blocks leave the chain, and another comes in their place.
    Reorganise { depth: usize, count: usize },
    /// The process ends, with or without something that was not committed.
    Restart { lose: bool },
    /// A step fails and is undone.
    Abort,
    /// The user asks for a rescan, which runs to the tip. Some of the blocks above may have left
    /// the chain meanwhile, which nobody tells, because the scan is below them.
    Rescan { from: u32, left: usize },
    /// The user freezes a coin, or gives it free.
    Freeze { pick: usize },
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        20 => money(),
        10 => drafts(),
        20 => chain(),
        4 => process(),
    ]
}

fn money() -> impl Strategy<Value = Op> {
    prop_oneof![
        1 => any::<bool>().prop_map(|fresh| Op::Receive { fresh }),
        4 => (any::<bool>(), 1_000..1_000_000_u64).prop_map(|(segwit, sat)| Op::PayIn { segwit, sat }),
        4 => (1..900_u64, any::<bool>())
            .prop_map(|(thousandths, briefly)| Op::Draft { thousandths, briefly }),
        4 => (any::<usize>(), way(), 3..40_u32)
            .prop_map(|(pick, way, sat_per_vb)| Op::Bump { pick, way, sat_per_vb }),
        1 => (1_000..100_000_u64).prop_map(|sat| Op::Sweep { sat }),
        2 => (any::<usize>(), any::<bool>())
            .prop_map(|(pick, to_us)| Op::SpendElsewhere { pick, to_us }),
        1 => any::<usize>().prop_map(|pick| Op::ReplacePayIn { pick }),
        1 => any::<usize>().prop_map(|pick| Op::Freeze { pick }),
    ]
}

fn way() -> impl Strategy<Value = BumpWay> {
    prop_oneof![
        Just(BumpWay::Best),
        Just(BumpWay::Replace),
        Just(BumpWay::Cancel),
        Just(BumpWay::Child),
    ]
}

fn drafts() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => any::<usize>().prop_map(|pick| Op::Sign { pick }),
        2 => any::<usize>().prop_map(|pick| Op::Return { pick }),
        1 => any::<usize>().prop_map(|pick| Op::Drop { pick }),
        1 => Just(Op::Wait),
    ]
}

fn chain() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (any::<usize>(), 0..6_usize, any::<bool>())
            .prop_map(|(from, count, coinbase)| Op::Mine { from, count, coinbase }),
        6 => any::<usize>().prop_map(|pick| Op::Hear { pick }),
        1 => Just(Op::Silence),
        2 => (1..5_usize, 0..3_usize)
            .prop_map(|(depth, count)| Op::Reorganise { depth, count }),
        1 => (0..30_u32, 0..4_usize).prop_map(|(from, left)| Op::Rescan { from, left }),
    ]
}

fn process() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => any::<bool>().prop_map(|lose| Op::Restart { lose }),
        1 => Just(Op::Abort),
    ]
}

proptest::proptest! {
    #![proptest_config(Config {
        cases: 36,
        rng_seed: RngSeed::Fixed(20_090_103),
        failure_persistence: None,
        ..Config::default()
    })]
    #[test]
    fn the_wallet_agrees_with_another_and_breaks_no_rule(
        ops in proptest::collection::vec(op(), 1..50)
    ) {
        ops.iter().fold(Model::new(), Model::run);
    }
}
