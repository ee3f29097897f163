//! Worlds in virtual time; `BILLFOLD_SEED=N` lives one of them again.

use std::env;

use anyhow::{Result, ensure};
use billfold_tests::sim;

#[test]
fn what_the_wallet_says_is_true_in_every_world() -> Result<()> {
    if sim::lived_with_bad_disks(&alone("what_the_wallet_says_is_true_in_every_world"))? {
        return Ok(());
    }
    let asked = env::var("BILLFOLD_SEED").ok().map(|seed| seed.parse()).transpose()?;
    let past = sim::PAST.iter().map(|(seed, _)| *seed);
    let seeds: Vec<u64> = asked.map_or_else(|| past.chain(0..SEEDS).collect(), |seed| vec![seed]);
    let mut sum = sim::Sum::default();
    for seed in seeds {
        sum.add(&sim::live(seed)?);
    }
    println!("{sum}");
    if asked.is_none() && cfg!(target_os = "linux") { sum.has_seen_all() } else { Ok(()) }
}

#[test]
fn a_seed_tells_the_whole_story_again() -> Result<()> {
    if sim::lived_with_bad_disks(&alone("a_seed_tells_the_whole_story_again"))? {
        return Ok(());
    }
    let (once, again) = (sim::live(7)?, sim::live(7)?);
    ensure!(once == again, "{once:?} and then {again:?}");
    Ok(())
}

/// Arguments with which this program runs one test.
fn alone(test: &str) -> [String; 3] {
    [test, "--exact", "--nocapture"].map(str::to_owned)
}

const SEEDS: u64 = 24;
