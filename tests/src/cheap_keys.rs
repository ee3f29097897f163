//! Owns how tests that are not about passwords save the time of deriving keys from them: a wallet
//! that was made has its keys wrapped again at next to no cost.
//!
//! Refuses to touch a wallet under another password than the one given.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use billfold_wallet_core::net::clock::Clock;
use billfold_wallet_core::vault::{self, KdfCost, Password, VaultError};

/// Wraps the keys of all wallets in a network's directory again, but of those in `done`, where
/// they are noted then.
///
/// # Errors
/// What the system said, or that a header file is damaged.
pub fn ease(network_dir: &Path, password: &str, done: &mut BTreeSet<PathBuf>) -> Result<()> {
    let Ok(entries) = fs::read_dir(network_dir.join("wallets")) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        let is_header = path.extension().is_some_and(|extension| extension == "key");
        if !is_header || !done.insert(path.clone()) {
            continue;
        }
        let password = Password::new(password)?;
        let keys = match vault::open(&path, &password, Clock::start().now().wall) {
            Err(VaultError::WrongPassword) => continue,
            opened => opened?,
        };
        vault::change_password(&path, &keys, &password, KdfCost::for_tests())?;
    }
    Ok(())
}
