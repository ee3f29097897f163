//! Pain 4: "I restored my wallet with its passphrase, and it is empty." One letter was wrong, and
//! every passphrase opens some wallet.

use std::fs;

use anyhow::{Result, ensure};
use billfold_tests::program::Program;
use billfold_tests::vector_wallet;

use crate::BILLFOLD;

/// Of the vector's words with the passphrase "TREZOR", which every implementation of BIP39 knows.
const NOTED: &str = "b4e3f5ed";

#[test]
fn a_typing_error_in_a_passphrase_opens_no_other_wallet() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    fs::write(program.file("words"), vector_wallet::WORDS)?;
    let restore = ["restore", "--words-file", "words", "--passphrase-file", "passphrase"];
    let expecting = [&restore[..], &["--expect-fingerprint", NOTED]].concat();
    for wrong in ["TREZOr", "TREZOR ", "trezor", "TREZ0R"] {
        fs::write(program.file("passphrase"), wrong)?;
        let error = program.refused(2, "fingerprint_mismatch", &expecting)?;
        ensure!(error["data"]["expected"] == NOTED && error["data"]["found"] != NOTED, "{error}");
        ensure!(!error.to_string().contains(wrong), "the passphrase is told: {error}");
        // Who has noted no fingerprint is told one, and nothing is made without a yes to it.
        let asked = program.refused(2, "fingerprint_unconfirmed", &restore)?;
        ensure!(asked["data"]["found"] == error["data"]["found"], "{asked}");
        program.refused(1, "no_such_wallet", &["balance"])?;
    }
    fs::write(program.file("passphrase"), "TREZOR\n")?;
    let restored = program.ok(&expecting)?;
    ensure!(restored["fingerprint"] == NOTED, "{restored}");
    ensure!(program.ok(&["describe"])?["fingerprint"] == NOTED);
    Ok(())
}

#[test]
fn a_forgotten_passphrase_is_noticed_too() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    fs::write(program.file("words"), vector_wallet::WORDS)?;
    let restore = ["restore", "--words-file", "words", "--expect-fingerprint", NOTED];
    let error = program.refused(2, "fingerprint_mismatch", &restore)?;
    ensure!(error["data"]["found"] == "73c5da0a", "{error}");
    Ok(())
}
