//! Pain 1: "I restored my wallet from its words, and the money is gone." Another wallet gave out
//! addresses of other types, of other accounts, and far apart.

use std::fs;

use anyhow::{Context, Result, ensure};
use billfold_tests::program::{Program, strikes};
use billfold_tests::town::Town;
use billfold_tests::vector_wallet::{self, Place};

use crate::BILLFOLD;

/// What the other wallet gave out: type by its purpose, account, branch and index. The last of an
/// account stands in an earlier block than those before it, by which alone it is found.
const PAID: [Place; 8] = [
    Place { purpose: 44, account: 0, branch: 0, index: 180 },
    Place { purpose: 84, account: 0, branch: 0, index: 350 },
    Place { purpose: 84, account: 0, branch: 0, index: 190 },
    Place { purpose: 84, account: 0, branch: 1, index: 45 },
    Place { purpose: 86, account: 0, branch: 0, index: 0 },
    Place { purpose: 49, account: 3, branch: 0, index: 20 },
    Place { purpose: 86, account: 4, branch: 0, index: 199 },
    Place { purpose: 84, account: 1, branch: 0, index: 7 },
];

#[test]
fn money_of_every_type_account_and_gap_is_found() -> Result<()> {
    let (town, paid) = paid_town()?;
    let program = wordy(&town)?;
    let restored = program.ok(&["restore", "--words-file", "words", "--search"])?;
    let found = program.ok(&["balance"])?;
    ensure!(found["confirmed"] == paid, "{found}");

    // What was searched is told, and stays to be told.
    let search = &restored["search"];
    ensure!(search["payments"] == PAID.len(), "{search}");
    ensure!(search["end"]["height"] == town.network.tip().0, "{search}");
    let accounts = search["accounts"].as_array().context("no accounts")?;
    ensure!(accounts.len() == 20, "four types, five accounts: {search}");
    for place in PAID {
        let name = name_of(place);
        let account = accounts.iter().find(|account| account["account"] == name.as_str());
        let account = account.with_context(|| format!("{name} is not in {search}"))?;
        let chain = &account[if place.branch == 0 { "receive" } else { "change" }];
        let (used, searched) = (chain["used"].as_u64(), chain["searched"].as_u64());
        ensure!(account["start"]["height"] == 0, "{account}");
        ensure!(used > Some(place.index.into()), "{name}: {chain}");
        let gap = if place.branch == 0 { 200 } else { 50 };
        ensure!(searched == used.map(|used| used + gap), "{name}: {chain}");
    }
    ensure!(program.ok(&["describe"])?["search"] == *search);
    let again = program.ok(&["rescan"])?;
    ensure!(again["search"]["accounts"] == search["accounts"], "{again}");
    Ok(())
}

#[test]
fn a_narrow_search_says_how_narrow_it_was() -> Result<()> {
    let (town, _) = paid_town()?;
    let program = wordy(&town)?;
    let narrow = ["--types", "segwit", "--accounts", "1", "--gap", "20", "--birthday", "2009-01"];
    let restore = [&["restore", "--words-file", "words", "--search"], &narrow[..]].concat();
    let search = &program.ok(&restore)?["search"];
    ensure!(search["payments"] == 0 && search["accounts"][0]["gap"] == 20, "{search}");
    ensure!(search["accounts"].as_array().is_some_and(|accounts| accounts.len() == 1));
    ensure!(search["accounts"][0]["receive"]["searched"] == 20, "{search}");
    ensure!(search["accounts"][0]["start"]["time"] == 1_230_768_000, "{search}");
    Ok(())
}

#[test]
fn a_search_that_was_killed_goes_on_and_finds_the_same() -> Result<()> {
    let (town, paid) = paid_town()?;
    let template = wordy(&town)?;
    template.ok(&["restore", "--words-file", "words"])?;
    let undisturbed = template.copy()?;
    for strike in strikes(undisturbed.spawn(&["sync"])?, "Found", 6)? {
        let program = template.copy()?;
        program.spawn(&["sync"])?.strike(strike)?;
        program.ok(&["sync"])?;
        let found = program.ok(&["balance"])?;
        ensure!(found["confirmed"] == paid, "{strike:?}: {found}");
        let search = &program.ok(&["describe"])?["search"];
        ensure!(search["payments"] == PAID.len(), "{strike:?}: {search}");
        ensure!(search["end"]["height"] == town.network.tip().0, "{strike:?}: {search}");
    }
    Ok(())
}

/// A network on which everything was paid, and how much.
fn paid_town() -> Result<(Town, u64)> {
    let town = Town::build()?;
    let mut paid = 0;
    for (place, amount) in PAID.into_iter().zip(50_000..) {
        let address = vector_wallet::address_at(place)?.to_string();
        town.pay(&address.into(), amount)?;
        paid += amount;
    }
    Ok((town, paid))
}

/// The program with a file of the words, and nothing else.
fn wordy(town: &Town) -> Result<Program> {
    let program = Program::connected(BILLFOLD, town.network.address())?;
    fs::write(program.file("words"), vector_wallet::WORDS)?;
    Ok(program)
}

fn name_of(place: Place) -> String {
    let script_type = match place.purpose {
        44 => "legacy",
        49 => "nested",
        84 => "segwit",
        _ => "taproot",
    };
    match place.account {
        0 => script_type.to_owned(),
        account => format!("{script_type}/{account}"),
    }
}
