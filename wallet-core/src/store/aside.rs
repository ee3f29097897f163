//! Owns how a file that is in the way of a new one is kept: under a name beside it.
//!
//! Refuses to replace what was set aside before: it may be the last part of somebody's money.

use std::fs;
use std::io;
use std::path::Path;

/// Moves the file at `path`, if there is one, to `PATH.set-aside`, or with a number if that is
/// taken.
///
/// # Errors
/// What the system said; the file is where it was then.
pub fn set_aside(path: &Path) -> io::Result<()> {
    let named = |suffix: String| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        name
    };
    let mut aside = named(".set-aside".to_owned());
    let mut number = 1_u32;
    while fs::exists(&aside)? {
        number += 1;
        aside = named(format!(".set-aside-{number}"));
    }
    match fs::rename(path, aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Moves a database that can't be read to `PATH.damaged`, and drops its log. What it held can be
/// fetched again, so an earlier one of that name goes.
///
/// # Errors
/// What the system said.
pub fn set_database_aside(path: &Path) -> io::Result<()> {
    let named = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        name
    };
    for suffix in ["-wal", "-shm", "-journal"] {
        match fs::remove_file(named(suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(path, named(".damaged"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_set_aside_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("main.key");
        set_aside(&path).unwrap();
        for text in ["first", "second", "third"] {
            fs::write(&path, text).unwrap();
            set_aside(&path).unwrap();
            assert!(!path.exists());
        }
        let read = |name| fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(read("main.key.set-aside"), "first");
        assert_eq!(read("main.key.set-aside-2"), "second");
        assert_eq!(read("main.key.set-aside-3"), "third");
    }
}
