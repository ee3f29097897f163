//! Histories as `proptest` draws them.

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, RngSeed};

use crate::command::BumpWay;

use super::Op;
use super::model::Model;

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
