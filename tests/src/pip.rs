//! Owns Python packages as pip installs them, unchanged, once, into a folder of their own in
//! `target/tools`.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::target;

/// The folder of a virtual environment with these packages, installed if it is not there; the first
/// gives it its name. `finish` is what Python does at the end.
///
/// # Errors
/// Why it can't be installed: it takes Python 3 with venv, and the network.
pub fn installed(packages: &[&str], finish: &str) -> Result<PathBuf> {
    let (tools, _lock) = target::tools()?;
    let folder = tools.join(packages.first().context("no package")?);
    let complete = folder.join("complete");
    if !complete.is_file() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        run(Command::new(folder.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .args(packages))?;
        run(Command::new(folder.join("bin/python")).args(["-c", finish]))?;
        File::create(complete)?;
    }
    Ok(folder.canonicalize()?)
}

fn run(command: &mut Command) -> Result<()> {
    let said = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    ensure!(said.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said.stderr));
    Ok(())
}
