//! Owns the agreement on a fingerprint: every passphrase makes a wallet, a mistyped one another
//! wallet, which is empty, and only its fingerprint tells.
//!
//! Refuses to guess: a passphrase that nobody confirms makes no wallet.

use bitcoin::bip32::Fingerprint;

use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::terminal::Terminal;

/// Makes sure that words and passphrase make the wallet that is meant. Words without a passphrase
/// (`plain`) have a checksum of their own.
///
/// # Errors
/// `fingerprint_mismatch`, `fingerprint_unconfirmed`, `refused`, `interrupted`.
pub(super) async fn agree(
    found: Fingerprint,
    expected: Option<Fingerprint>,
    plain: bool,
    context: &mut Context,
) -> Result<(), Failure> {
    match expected {
        Some(expected) if expected == found => return Ok(()),
        Some(expected) => return Err(mismatch(found, expected)),
        None if plain => return Ok(()),
        None => {}
    }
    let Ok(terminal) = Terminal::open(context.run.style.plain, "") else {
        return Err(unconfirmed(found));
    };
    terminal.show(&format!("\nWords and passphrase make the wallet with fingerprint {found}."))?;
    terminal.show(ADVICE)?;
    let answer = terminal.ask("Is it this wallet? Type yes: ", &mut context.interrupt).await?;
    if answer.eq_ignore_ascii_case("yes") {
        return Ok(());
    }
    let told = "the fingerprint was not agreed to: nothing was created";
    Err(Failure::new(Kind::Refused, told).with("found", found.to_string()))
}

fn mismatch(found: Fingerprint, expected: Fingerprint) -> Failure {
    let told = format!(
        "words and passphrase make the wallet with fingerprint {found}, not {expected}: check them \
         letter by letter, a capital or a space makes another wallet; nothing was created"
    );
    Failure::new(Kind::FingerprintMismatch, told)
        .with("found", found.to_string())
        .with("expected", expected.to_string())
}

fn unconfirmed(found: Fingerprint) -> Failure {
    let told = format!(
        "words and passphrase make the wallet with fingerprint {found}, and a mistyped passphrase \
         makes another: if it is the right one, say so with --expect-fingerprint {found}; nothing \
         was created"
    );
    Failure::new(Kind::FingerprintUnconfirmed, told).with("found", found.to_string())
}

const ADVICE: &str = "\
A mistyped passphrase makes another wallet with another fingerprint, which is empty. Compare it
with the one that you noted.";
