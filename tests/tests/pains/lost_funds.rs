//! Pain 1: "I restored my wallet from its words, and the money is gone." Another wallet gave out
//! addresses of other types, of other accounts, and far apart.

use std::fs;

use anyhow::{Result, ensure};
use billfold_tests::program::Program;
use billfold_tests::town::Town;
use billfold_tests::vector_wallet::{self, Place};
use bitcoin::Amount;

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
    let town = Town::build()?;
    let mut paid = 0;
    for (place, amount) in PAID.into_iter().zip(50_000..) {
        let address = vector_wallet::address_at(place)?.to_string();
        town.pay(&address.into(), amount)?;
        paid += amount;
    }
    let program = Program::connected(BILLFOLD, town.network.address())?;
    fs::write(program.file("words"), vector_wallet::WORDS)?;
    program.ok(&["restore", "--words-file", "words"])?;
    let synced = program.ok(&["sync"])?;
    ensure!(synced["payments_found"] == PAID.len(), "{synced}");
    let found = program.ok(&["balance"])?;
    ensure!(found["confirmed"] == Amount::from_sat(paid).to_sat(), "{found}");
    Ok(())
}
