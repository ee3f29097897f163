//! Owns deaths before every single thing that is done to files while a wallet is made: the steps that
//! the command takes, in a process of their own, under a password that takes no time.
//!
//! The command itself, whose password takes a second, dies at some of its points in
//! `crash_matrix.rs`, and at all of them in `.ci/long`.

#![cfg(target_os = "linux")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use billfold_tests::doom::{Blow, Doom, Fate};
use billfold_tests::program::PASSWORD;
use billfold_tests::quick_wallet;
use billfold_wallet_core::command::Birthday;
use billfold_wallet_core::config::{LookAhead, Settings};
use billfold_wallet_core::founding::CreateError;
use billfold_wallet_core::keychain::ScriptType;
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::service::{Access, Reach, Service};
use billfold_wallet_core::vault::Password;
use bitcoin::Network;

#[test]
fn a_wallet_whose_making_dies_anywhere_opens_or_is_not_there() -> Result<()> {
    if let Some(dir) = env::var_os(DIR) {
        return make(Path::new(&dir));
    }
    let doom = Doom::build()?;
    let undisturbed = tempfile::tempdir()?;
    let (mut command, fate) = doomed(&doom, undisturbed.path())?;
    ensure!(command.status()?.success(), "it is not made");
    let count = fate.count()?;
    for at in 1..=count {
        let dir = tempfile::tempdir()?;
        let (mut command, fate) = doomed(&doom, dir.path())?;
        fate.set(at, Blow::Kill)?;
        doom.note(command.status()?.code().is_none());
        let again = make(dir.path());
        let taken = |error: &anyhow::Error| {
            matches!(error.downcast_ref(), Some(CreateError::WalletExists(_)))
        };
        ensure!(again.as_ref().err().is_none_or(taken), "at {at} of {count}: {again:?}");
        let opened = open(dir.path());
        ensure!(opened.is_ok(), "at {at} of {count}: {opened:?}, and before {again:?}");
    }
    ensure!(count > 20, "{count} things are too few to be all");
    doom.has_struck()
}

/// This program again, to make a wallet there and do nothing else.
fn doomed(doom: &Doom, dir: &Path) -> Result<(Command, Fate)> {
    let mut command = Command::new(env::current_exe()?);
    command.args([TEST, "--exact"]).env(DIR, dir).stdout(Stdio::null());
    let fate = doom.burden(&mut command)?;
    Ok((command, fate))
}

fn make(dir: &Path) -> Result<()> {
    let birthday = Birthday::Height(Height::GENESIS);
    // What is done to files hardly depends on it, and each address takes its time.
    let look_ahead = LookAhead { receive: 2, change: 2 };
    quick_wallet::make(&settings(dir), &[ScriptType::Segwit], birthday, look_ahead)
}

fn open(dir: &Path) -> Result<()> {
    let password = Password::new(PASSWORD)?;
    drop(Service::open(&settings(dir), &password, Access::Sign, Reach::Offline)?);
    Ok(())
}

fn settings(dir: &Path) -> Settings {
    Settings::new(Network::Regtest, PathBuf::from(dir))
}

/// Names the directory to whoever is to make a wallet there.
const DIR: &str = "BILLFOLD_TEST_MAKING";

const TEST: &str = "a_wallet_whose_making_dies_anywhere_opens_or_is_not_there";
