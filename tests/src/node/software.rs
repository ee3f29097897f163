//! Owns which node programs there are: `BTCD_EXE`, else btcd in `target/tools`, else btcd
//! installed there by `go`; and Bitcoin Core where `BITCOIND_EXE` names it.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::target;

/// A program that runs a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Software {
    /// <https://github.com/btcsuite/btcd>
    Btcd(PathBuf),
    /// <https://github.com/bitcoin/bitcoin>
    Core(PathBuf),
}

impl fmt::Display for Software {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Btcd(_) => f.write_str("btcd"),
            Self::Core(_) => f.write_str("Bitcoin Core"),
        }
    }
}

/// Whether a test must fail where there is no node, as in continuous integration.
#[must_use]
pub fn is_required() -> bool {
    env::var_os("BILLFOLD_REQUIRE_NODE").is_some_and(|value| value == "1")
}

/// The node programs to test against: btcd, and Bitcoin Core where it is named.
///
/// # Errors
/// Why there is none.
pub fn find() -> Result<Vec<Software>> {
    match (btcd(), core()) {
        (Ok(btcd), core) => Ok([Some(Software::Btcd(btcd)), core].into_iter().flatten().collect()),
        (Err(_), Some(core)) if !is_required() => Ok(vec![core]),
        (Err(reason), _) => Err(reason),
    }
}

/// The Bitcoin Core program that `BITCOIND_EXE` names.
#[must_use]
pub fn core() -> Option<Software> {
    env::var_os("BITCOIND_EXE").map(|path| Software::Core(path.into()))
}

/// The `bitcoin-cli` beside it.
#[must_use]
pub fn bitcoin_cli() -> Option<PathBuf> {
    let bitcoind = PathBuf::from(env::var_os("BITCOIND_EXE")?);
    Some(bitcoind.with_file_name("bitcoin-cli")).filter(|path| path.is_file())
}

fn btcd() -> Result<PathBuf> {
    if let Some(path) = env::var_os("BTCD_EXE") {
        let path = PathBuf::from(path);
        ensure!(path.is_file(), "BTCD_EXE is {}, which is not there", path.display());
        return Ok(path);
    }
    let (tools, _lock) = target::tools()?;
    let path = tools.join("btcd");
    if !path.is_file() {
        install(&tools)?;
    }
    Ok(path)
}

fn install(tools: &Path) -> Result<()> {
    let output = Command::new("go")
        .args(["install", BTCD_MODULE])
        .env("GOBIN", tools)
        .env("GOFLAGS", "")
        .output()
        .context("go is not there")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "go install {BTCD_MODULE}: {said}");
    Ok(())
}

const BTCD_MODULE: &str = "github.com/btcsuite/btcd@v0.26.0";
