//! Owns what is looked at of the data directory: room, rights, and each file's health as far as it
//! shows without a password.
//!
//! Refuses to touch files that another process uses.

use std::fs;
use std::io::Read;
use std::path::Path;

use billfold_tui::checkup::Check;
use billfold_wallet_core::command::StoreProblem;
use billfold_wallet_core::config::{Paths, Settings};
use billfold_wallet_core::limits::HEADER_BYTES;
use billfold_wallet_core::service;
use billfold_wallet_core::store::chain::ChainFile;
use billfold_wallet_core::store::lock::{DirectoryLock, LockError};
use billfold_wallet_core::vault::{Header, ParseHeaderError};

use super::Look;
use crate::output::figures;

/// Everything about the files.
pub(super) fn checks(settings: &Settings, look: Look) -> Vec<Check> {
    let paths = settings.paths();
    if !paths.dir().exists() {
        return vec![Check::good("directory", "there is none yet; a new wallet makes it")];
    }
    let mut checks = vec![rights(&paths), room(paths.dir())];
    if look == Look::BesideScreens {
        // What was wrong with the chain was told when it was opened.
        checks
            .extend([Check::good("directory", "these screens use it"), wallets(settings, &paths)]);
        return checks;
    }
    match DirectoryLock::acquire(&paths) {
        Ok(_lock) => {
            checks.push(Check::good("directory", "nobody else uses it"));
            checks.push(chain(settings, &paths));
            checks.push(wallets(settings, &paths));
        }
        Err(LockError::InUse(holder)) => {
            let told = format!("{holder} uses it: stop it to have its files looked at");
            checks.push(Check::odd("directory", told));
        }
        Err(LockError::Store(problem)) => checks.push(Check::bad("directory", problem.name())),
    }
    checks
}

/// Whether others can read what is the user's own.
#[cfg(unix)]
fn rights(paths: &Paths) -> Check {
    use std::os::unix::fs::PermissionsExt;
    let wallets = fs::read_dir(paths.wallets()).into_iter().flatten().flatten();
    let files = wallets.map(|entry| entry.path()).chain([paths.wallets()]);
    let open = files.filter(|path| {
        let mode = path.symlink_metadata().map_or(0, |about| about.permissions().mode());
        mode & 0o077 != 0
    });
    match open.count() {
        0 => Check::good("rights", "only you can read the wallets' files"),
        count => Check::bad(
            "rights",
            format!(
                "{} can be read by others: chmod go= them",
                figures::count(count as u64, "file")
            ),
        ),
    }
}

/// Windows keeps them in the user's own directory.
#[cfg(not(unix))]
fn rights(_paths: &Paths) -> Check {
    Check::good("rights", "they are those of your own directory")
}

#[cfg(unix)]
fn room(dir: &Path) -> Check {
    let Ok(disk) = rustix::fs::statvfs(dir) else {
        return Check::odd("disk", "how much room there is can't be found out");
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let told = format!("{} free", figures::bytes(free));
    match free {
        0..50_000_000 => Check::bad("disk", format!("{told}: too little to go on")),
        50_000_000..1_000_000_000 => Check::odd("disk", format!("{told}: filters take up to 2 GB")),
        _ => Check::good("disk", told),
    }
}

#[cfg(not(unix))]
fn room(_dir: &Path) -> Check {
    Check::odd("disk", "how much room there is can't be found out on this system")
}

fn chain(settings: &Settings, paths: &Paths) -> Check {
    if !paths.chain().exists() {
        return Check::good("chain", "none is stored yet");
    }
    let tip = ChainFile::open(&paths.chain(), settings.network).and_then(|file| file.tip());
    match tip {
        Ok(Some(tip)) => Check::good(
            "chain",
            format!("stored up to block {}", figures::grouped(tip.height.to_u32().into())),
        ),
        Ok(None) => Check::good("chain", "none is stored yet"),
        Err(StoreProblem::Damaged { .. }) => {
            Check::odd("chain", "it is damaged; what is lost is fetched again")
        }
        Err(problem) => Check::bad("chain", problem.name()),
    }
}

/// The wallets by their header files, which tell damage without a password.
fn wallets(settings: &Settings, paths: &Paths) -> Check {
    let names = match service::wallets(settings) {
        Ok(names) => names,
        Err(problem) => return Check::bad("wallets", problem.name()),
    };
    let (mut missing, mut damaged, mut newer) = (0_u64, 0_u64, 0_u64);
    for name in &names {
        match header(&paths.header(name)) {
            Some(Ok(_)) => {}
            Some(Err(ParseHeaderError::Newer)) => newer += 1,
            Some(Err(ParseHeaderError::Damaged)) => damaged += 1,
            None => missing += 1,
        }
    }
    let count = figures::count(names.len() as u64, "wallet");
    if missing + damaged + newer == 0 {
        return Check::good(
            "wallets",
            format!(
                "{count}, header files whole; what is under their passwords is not looked at here"
            ),
        );
    }
    Check::bad(
        "wallets",
        format!(
            "{count}; header files: {missing} missing, {damaged} damaged, {newer} of a newer \
             version. Put back copies, or restore from the words"
        ),
    )
}

fn header(path: &Path) -> Option<Result<Header, ParseHeaderError>> {
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(HEADER_BYTES + 1).read_to_end(&mut bytes).ok()?;
    Some(Header::parse(&bytes))
}
