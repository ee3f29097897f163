//! Worlds in virtual time; `BILLFOLD_SEED=N` lives one of them again.

use std::env;

use anyhow::{Result, ensure};
use billfold_tests::sim;

#[test]
fn what_the_wallet_says_is_true_in_every_world() -> Result<()> {
    let asked = env::var("BILLFOLD_SEED").ok().map(|seed| seed.parse()).transpose()?;
    let past = sim::PAST.iter().map(|(seed, _)| *seed);
    let seeds: Vec<u64> = asked.map_or_else(|| past.chain(0..SEEDS).collect(), |seed| vec![seed]);
    let mut sum = sim::Sum::default();
    for seed in seeds {
        sum.add(&sim::live(seed)?);
    }
    println!("{sum}");
    Ok(())
}

#[test]
fn a_seed_tells_the_whole_story_again() -> Result<()> {
    let (once, again) = (sim::live(7)?, sim::live(7)?);
    ensure!(once == again, "{once:?} and then {again:?}");
    Ok(())
}

const SEEDS: u64 = 24;
