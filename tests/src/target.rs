//! Owns where the build's folder is, and what tests get from elsewhere and keep there.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folder of tools that tests have got, and the right to change it until the lock is dropped:
/// tests run side by side, one gets a tool, the others wait and find it.
///
/// # Errors
/// What the system said.
pub fn tools() -> Result<(PathBuf, File)> {
    let tools = folder().join("tools");
    fs::create_dir_all(&tools).with_context(|| tools.display().to_string())?;
    let lock = File::create(tools.join("lock"))?;
    lock.lock()?;
    Ok((tools, lock))
}

/// The build's folder.
#[must_use]
pub fn folder() -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    env::var_os("CARGO_TARGET_DIR").map_or_else(default, PathBuf::from)
}
