//! Owns clients of Bitcoin Core's JSON-RPC that others wrote, as they are, each in a program that walks
//! through what a shop does; the programs are in `tests/rpc-clients`.
//!
//! Built only when it is asked for, because it takes Go, Python, and packages from three places.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::{pip, target};

/// A client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// `bitcoincore-rpc`, in Rust.
    BitcoincoreRpc,
    /// `corepc-client`, in Rust.
    Corepc,
    /// `python-bitcoinrpc`.
    Python,
    /// btcsuite's `rpcclient`, in Go.
    Btcsuite,
}

/// Whether tests are to build them: `BILLFOLD_REQUIRE_RPC_CLIENTS=1`.
#[must_use]
pub fn are_required() -> bool {
    env::var_os("BILLFOLD_REQUIRE_RPC_CLIENTS").is_some_and(|value| value == "1")
}

impl Client {
    /// The command that walks with it, built if it is not.
    ///
    /// # Errors
    /// What the compiler, Go or pip said.
    pub fn command(self) -> Result<Command> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rpc-clients");
        match self {
            Self::BitcoincoreRpc => rust(&folder, "bitcoincore-rpc"),
            Self::Corepc => rust(&folder, "corepc-client"),
            Self::Python => {
                let python = pip::installed(&["python-bitcoinrpc==1.0"], "")?.join("bin/python");
                let mut command = Command::new(python);
                command.arg(folder.join("python_bitcoinrpc.py"));
                Ok(command)
            }
            Self::Btcsuite => btcsuite(&folder.join("btcsuite")),
        }
    }
}

/// Lets a client walk to its end, and does what it asks for.
///
/// # Errors
/// What the client said when it failed, or that something asked for could not be done.
pub fn walk(mut command: Command, mut grant: impl FnMut(&[&str]) -> Result<()>) -> Result<()> {
    let mut said = tempfile::tempfile()?;
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(said.try_clone()?).spawn()?;
    let mut answers = child.stdin.take().context("no input")?;
    for wish in BufReader::new(child.stdout.take().context("no output")?).lines() {
        let wish = wish?;
        grant(&wish.split(' ').collect::<Vec<_>>()).with_context(|| wish.clone())?;
        answers.write_all(b"done\n")?;
    }
    let status = child.wait()?;
    let mut told = String::new();
    said.rewind()?;
    said.read_to_string(&mut told)?;
    ensure!(status.success(), "{command:?}: {status}\n{told}");
    Ok(())
}

fn rust(folder: &Path, client: &str) -> Result<Command> {
    let (target, _lock) = target_folder()?;
    let manifest = folder.join("Cargo.toml");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--locked", "--quiet", "--manifest-path"]).arg(manifest);
    run(build.arg("--target-dir").arg(&target))?;
    let mut command = Command::new(target.join("debug/billfold-tests-rpc-clients"));
    command.arg(client);
    Ok(command)
}

fn btcsuite(folder: &Path) -> Result<Command> {
    let (target, _lock) = target_folder()?;
    let program = target.join("btcsuite");
    let output: [&OsStr; 3] = ["build".as_ref(), "-o".as_ref(), program.as_ref()];
    run(Command::new("go").args(output).arg(".").current_dir(folder))?;
    Ok(Command::new(program))
}

/// Where the programs are built, and the right to build there.
fn target_folder() -> Result<(PathBuf, std::fs::File)> {
    let (tools, lock) = target::tools()?;
    // Go runs elsewhere.
    Ok((tools.canonicalize()?.join("rpc-clients"), lock))
}

fn run(command: &mut Command) -> Result<()> {
    let said = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    ensure!(said.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said.stderr));
    Ok(())
}
