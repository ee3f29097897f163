//! Owns the wallet of the vectors with a password that takes no time, for programs that measure all the
//! rest.

use anyhow::Result;
use billfold_wallet_core::command::Birthday;
use billfold_wallet_core::config::{LookAhead, Settings};
use billfold_wallet_core::keychain::{ScriptType, StandardAccount};
use billfold_wallet_core::seed::{Seed, Words};
use billfold_wallet_core::service::{self, NewWallet};
use billfold_wallet_core::vault::{KdfCost, Password};

use crate::program::PASSWORD;
use crate::vector_wallet::WORDS;

/// Makes it where the settings say, with the first account of each type.
///
/// # Errors
/// Why it could not be made.
pub fn make(
    settings: &Settings,
    types: &[ScriptType],
    birthday: Birthday,
    look_ahead: LookAhead,
) -> Result<()> {
    let new = NewWallet {
        seed: Seed::new(&Words::parse(WORDS)?, ""),
        accounts: types.iter().copied().map(StandardAccount::first).collect(),
        birthday,
        look_ahead,
        password: Password::new(PASSWORD)?,
        words_checked: None,
        key_passphrase: None,
        avoids_reuse: false,
    };
    service::create(settings, new, KdfCost::for_tests())?;
    Ok(())
}
