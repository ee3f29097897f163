//! Owns HWI, the program by which Bitcoin Core and others drive signers: the newest release as pip
//! installs it, unchanged, once, into `target/tools`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::target;

/// The program `hwi`, installed if it is not there.
///
/// # Errors
/// Why it can't be installed: it takes Python 3 with venv, and the network.
pub fn find() -> Result<PathBuf> {
    let (tools, _lock) = target::tools()?;
    let folder = tools.join(RELEASE);
    let program = folder.join("bin/hwi");
    if !program.is_file() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let pip = folder.join("bin/pip");
        run(Command::new(pip).args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            RELEASE,
        ]))?;
    }
    Ok(program.canonicalize()?)
}

fn run(command: &mut Command) -> Result<()> {
    let said = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    ensure!(said.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said.stderr));
    Ok(())
}

const RELEASE: &str = "hwi==3.2.0";
