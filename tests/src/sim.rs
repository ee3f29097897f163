//! Owns simulated worlds: the production engine and store among honest and bad nodes, in virtual
//! time, with sudden deaths and bad disks; and what must hold at every step and at the end.
//!
//! One seed draws everything, so a seed that fails is told and lives again. Refuses to know why an
//! answer is right: it is held against a slow model that looks at every output of every block.

mod disk;
mod ledger;
mod vice;
mod host;
mod home;
mod person;
mod report;
mod world;
mod program;
mod lines;
mod weather;
mod soak;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use billfold_wallet_core::command::PaymentState;
use bitcoin::{Amount, BlockHash, OutPoint, SignedAmount, Txid};

use crate::doom::{Doom, Fate};

use world::World;

pub use report::{Report, Sum};
pub use soak::{Memory, soak};

/// Worlds in which something was wrong once, and what: they must never be so again. None is kept.
/// Once worlds draw something else, a seed is another world: what one finds needs a test of its own
/// beside the code that was wrong.
pub const PAST: &[(u64, &str)] = &[];

/// Whether this process has no disks of its own that can go bad, and where they can, lived again
/// with such, with these arguments, to its good end.
///
/// # Errors
/// How it ended otherwise.
pub fn lived_with_bad_disks(arguments: &[String]) -> Result<bool> {
    if !cfg!(target_os = "linux") || Fate::of_this_process()?.is_some() {
        return Ok(false);
    }
    let ended = Doom::build()?.again(arguments)?;
    ensure!(ended.success(), "it ended with {ended}");
    Ok(true)
}

/// Lives through the world of a seed.
///
/// # Errors
/// What must not be, with the seed.
pub fn live(seed: u64) -> Result<Report> {
    let mut world = World::new(seed).with_context(|| format!("seed {seed}"))?;
    let lived = world.live_until(LIFE).and_then(|()| come_to_rest(&mut world));
    lived.with_context(|| format!("seed {seed}, after {:?}: {:?}", world.time, world.report))?;
    Ok(world.report)
}

fn come_to_rest(world: &mut World) -> Result<()> {
    world.calm_down()?;
    let mut problem = None;
    for _ in 0..ROUNDS {
        world.mine_one();
        world.live_until(world.time + HOUR)?;
        match at_rest(world) {
            Ok(()) => return Ok(()),
            Err(error) => problem = Some(error),
        }
    }
    bail!("never at rest: {problem:?}")
}

/// The wallet is at the tip, and says what a look at every block says.
fn at_rest(world: &mut World) -> Result<()> {
    let (height, _) = world.network.tip();
    ensure!(world.height() == Some(height), "it is at {:?} of {height}", world.height());
    world.look(true)?;
    world.look(false)?;
    let truth = ledger::scan(&world.network, &world.scripts);
    let rows = &world.person.history;
    // What strangers paid and a reorganisation dropped for good is waited for, for two weeks.
    let ours = |state| matches!(state, PaymentState::Signed | PaymentState::Announced);
    let waiting: Vec<_> = rows.iter().filter(|row| ours(row.state)).collect();
    ensure!(waiting.is_empty(), "in no block: {waiting:#?}");
    let told: BTreeMap<Txid, (BlockHash, SignedAmount)> = rows
        .iter()
        .filter_map(|row| Some((row.txid, (row.state.block()?.hash, row.net))))
        .collect();
    ensure!(told == truth.history, "history: {told:#?}, and is {:#?}", truth.history);
    let mined = world.person.coins.iter().filter(|coin| coin.height.is_some());
    let coins: BTreeMap<OutPoint, Amount> =
        mined.map(|coin| (coin.outpoint, coin.amount)).collect();
    ensure!(coins == truth.coins, "coins: {coins:#?}, and are {:#?}", truth.coins);
    paid_once(world)
}

/// Each payment that was wanted reached its payee once and in full, if it was signed.
fn paid_once(world: &World) -> Result<()> {
    let mut paid: BTreeMap<_, Vec<Amount>> = BTreeMap::new();
    for height in 0..=world.network.tip().0 {
        let Some(block) = world.network.block_at(height) else { continue };
        for output in block.txdata.into_iter().flat_map(|transaction| transaction.output) {
            paid.entry(output.script_pubkey).or_default().push(output.value);
        }
    }
    let rows = &world.person.history;
    for wish in &world.person.wishes {
        let amounts = paid.get(&wish.payee).map_or(&[][..], Vec::as_slice);
        let in_full = amounts == [wish.amount];
        ensure!(amounts.is_empty() || in_full, "{wish:?} was paid {amounts:?}");
        let falls = |txid: &Txid| {
            rows.iter().any(|row| row.txid == *txid && row.state == PaymentState::Replaced)
        };
        let fell = wish.signed.iter().all(falls);
        ensure!(in_full || fell || wish.taken_back, "{wish:?} was not paid");
    }
    Ok(())
}

/// Of virtual time, with everything that can go wrong.
const LIFE: Duration = Duration::from_secs(4 * 3_600);

/// Between two blocks at rest.
const HOUR: Duration = Duration::from_secs(3_600);

/// Blocks after which everything must have come to rest: a payment that the network forgot is
/// announced again after 36 hours at most.
const ROUNDS: u32 = 60;
