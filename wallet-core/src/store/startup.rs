//! Owns which wallets are opened when a daemon starts: names in the file `wallets/startup`.
//!
//! Refuses to guess: a line that names no wallet is passed over, and a file that can't be read is
//! told.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::command::StoreProblem;
use crate::config::{Paths, WalletName};
use crate::store::problem;

/// The wallets that are to be open when a daemon has started.
///
/// # Errors
/// If the file is there and can't be read.
pub fn read(paths: &Paths) -> Result<BTreeSet<WalletName>, StoreProblem> {
    let path = paths.startup();
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.lines().filter_map(|line| line.parse().ok()).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(problem::from_io(&path, &error)),
    }
}

/// Has a wallet opened at the next start, or not; durable on return.
///
/// # Errors
/// What the disk refused; the list is as it was then.
pub fn keep(paths: &Paths, wallet: &WalletName, open: bool) -> Result<(), StoreProblem> {
    let mut names = read(paths)?;
    let changed = if open { names.insert(wallet.clone()) } else { names.remove(wallet) };
    if !changed {
        return Ok(());
    }
    let path = paths.startup();
    let lines = names.iter().flat_map(|name| [name.as_str(), "\n"]);
    let text: String = lines.collect();
    replace(&path, text.as_bytes()).map_err(|error| problem::from_io(&path, &error))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    #[cfg(unix)]
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use bitcoin::Network;

    use super::*;

    #[test]
    fn what_is_kept_survives_and_nothing_else_is_opened() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let paths = Paths::new(dir.path(), Network::Regtest);
        fs::create_dir_all(paths.wallets()).expect("a writable directory");
        assert_eq!(read(&paths), Ok(BTreeSet::new()));
        let [shop, main] = ["shop", "main"].map(|name| name.parse().expect("a name"));
        keep(&paths, &shop, true).expect("it is kept");
        keep(&paths, &main, true).expect("it is kept");
        keep(&paths, &shop, false).expect("it is left out");
        keep(&paths, &shop, false).expect("nothing is to be done");
        assert_eq!(read(&paths), Ok(BTreeSet::from([main.clone()])));
        fs::write(paths.startup(), "../main\n\nmain\n").expect("it is written");
        assert_eq!(read(&paths), Ok(BTreeSet::from([main])), "a path is no name");
    }
}
