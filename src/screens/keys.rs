//! Owns finding `keys.toml`, the keys that a person chose for verbs.
//!
//! Refuses to run with a file that means nothing: its path is named, with the line and what to do.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use billfold_tui::keymap::Keymap;
use billfold_tui::keys_file;
use directories::ProjectDirs;

use crate::failure::{Failure, Kind};

/// The keys of the file beside `config.toml`, or the usual ones where there is none.
///
/// # Errors
/// `usage`, with the line and what is wrong with it; `io` if the file can't be read.
pub(super) fn read() -> Result<Keymap, Failure> {
    let Some(home) = ProjectDirs::from("", "", "billfold") else { return Ok(Keymap::default()) };
    let path = home.config_dir().join("keys.toml");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Keymap::default()),
        Err(error) => return Err(refused(Kind::Io, &path, &format!("can't be read: {error}"))),
    };
    keys_file::parse(&text).map_err(|error| refused(Kind::Usage, &path, &error.to_string()))
}

fn refused(kind: Kind, path: &Path, told: &str) -> Failure {
    Failure::new(kind, format!("{}: {told}", path.display()))
}
