//! Pain 5: "I copied the address from my history, and it was not my friend's: it only began and
//! ended like hers." And: "something on my machine swapped what I had copied."

use anyhow::{Context, Result, ensure};
use billfold_tests::town::Town;
use bitcoin::{Address, KnownHrp, WitnessProgram, WitnessVersion};
use serde_json::Value;

use crate::BILLFOLD;

#[test]
fn an_address_that_looks_like_a_friends_is_not_paid_in_passing() -> Result<()> {
    let town = Town::build()?;
    let wallet = town.wallet_with(BILLFOLD, 250_000)?;
    let friend = address([7; 20])?;
    wallet.ok(&["pay", &friend, "10k", "--fee-rate", "1", "--yes"])?;
    let thief = made_to_look_like(&friend)?;
    ensure!(thief != friend && thief[..8] == friend[..8] && thief.ends_with(&friend[41..]));

    let error =
        wallet.refused(3, "looks_alike", &["pay", &thief, "50k", "--fee-rate", "1", "--yes"])?;
    ensure!(error["data"]["known"] == friend && error["data"]["address"] == thief, "{error}");
    ensure!(wallet.ok(&["drafts"])? == Value::Array(vec![]), "nothing is held for it");
    // The friend herself is paid, and told apart from somebody new.
    let again = wallet.ok(&["pay", &friend, "10k", "--fee-rate", "1", "--dry-run"])?;
    ensure!(names(&again).contains(&"address_reused"), "{again}");
    // Whoever knows better says so.
    let agreed = ["pay", &thief, "50k", "--fee-rate", "1", "--yes", "--allow-look-alike"];
    let paid = wallet.ok(&agreed)?;
    ensure!(names(&paid).contains(&"looks_alike"), "{paid}");
    Ok(())
}

/// A swapped address was never paid before, and the address itself was.
#[test]
fn an_address_that_was_never_paid_is_told() -> Result<()> {
    let town = Town::build()?;
    let wallet = town.wallet_with(BILLFOLD, 250_000)?;
    let (friend, thief) = (address([7; 20])?, address([9; 20])?);
    let first = wallet.ok(&["pay", &friend, "10k", "--fee-rate", "1", "--yes"])?;
    ensure!(names(&first).contains(&"first_payment"), "{first}");
    let again = wallet.ok(&["pay", &friend, "10k", "--fee-rate", "1", "--dry-run"])?;
    ensure!(!names(&again).contains(&"first_payment"), "{again}");
    let swapped = wallet.ok(&["pay", &thief, "10k", "--fee-rate", "1", "--dry-run"])?;
    ensure!(names(&swapped).contains(&"first_payment"), "{swapped}");
    Ok(())
}

fn names(payment: &Value) -> Vec<&str> {
    let warnings = payment["warnings"].as_array().into_iter().flatten();
    warnings.filter_map(|warning| warning["name"].as_str()).collect()
}

fn address(program: [u8; 20]) -> Result<String> {
    let program = WitnessProgram::new(WitnessVersion::V0, &program)?;
    Ok(Address::from_witness_program(program, KnownHrp::Regtest).to_string())
}

/// What a thief's computer finds in minutes, with a key; without one it takes a moment.
fn made_to_look_like(known: &str) -> Result<String> {
    let mut made = (0..u32::MAX).map(|number| {
        let mut program = [7; 20];
        program[8..12].copy_from_slice(&number.to_be_bytes());
        address(program)
    });
    let end = &known[known.len() - 3..];
    let found =
        made.find(|made| made.as_ref().map_or(true, |made| made != known && made.ends_with(end)));
    found.context("one in 32,768 has this end")?
}
