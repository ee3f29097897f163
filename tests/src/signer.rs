//! Owns the signing device's program as hosts meet it: the emulator of a build for tests, and
//! `hwi`, the wallet interface that other wallets drive it with, unmodified.
//!
//! Refuses to stay silent where `hwi` can't be installed: where a node is required, so is it.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::hwi;
use crate::node::software::is_required;
pub use crate::port::free_port;

/// A running device of which nobody needs to press a button.
#[derive(Debug)]
pub struct Signer {
    address: SocketAddr,
    process: Child,
    _home: TempDir,
}

impl Signer {
    /// Starts a device with these words, which agrees to everything.
    ///
    /// # Errors
    /// What the build or the system said.
    pub fn agreeing(address: SocketAddr, words: &str) -> Result<Self> {
        let executable = build()?;
        let home = TempDir::with_prefix("billfold-signer-")?;
        let file = home.path().join("words");
        fs::write(&file, words)?;
        let process = Command::new(executable)
            .arg("--listen")
            .arg(address.to_string())
            .arg("--state")
            .arg(home.path().join("state"))
            .args(["--screen", "none", "--network", "test", "--auto-confirm", "--mnemonic-file"])
            .arg(&file)
            .stdin(Stdio::null())
            .spawn()?;
        let mut signer = Self { address, process, _home: home };
        let patience = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            if let Some(status) = signer.process.try_wait()? {
                bail!("the signer ended at once: {status}");
            }
            ensure!(Instant::now() < patience, "the signer does not listen on {address}");
            std::thread::yield_now();
        }
        Ok(signer)
    }

    /// Where hosts reach it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        // It may have ended by itself, which a test has noticed by then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `hwi`, as it is installed.
#[derive(Debug)]
pub struct Hwi(PathBuf);

impl Hwi {
    /// Runs a command on regtest, and reads its JSON.
    ///
    /// # Errors
    /// What it said, if that is an error.
    pub fn run(&self, arguments: &[&str]) -> Result<Value> {
        let output = Command::new(&self.0).args(["--chain", "regtest"]).args(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let json: Value = serde_json::from_str(&said)
            .with_context(|| format!("{said} {}", String::from_utf8_lossy(&output.stderr)))?;
        ensure!(json.get("error").is_none(), "hwi {}: {json}", arguments.join(" "));
        Ok(json)
    }

    /// Runs a command on the device of a signer.
    ///
    /// # Errors
    /// What it said, if that is an error.
    pub fn on(&self, signer: &Signer, arguments: &[&str]) -> Result<Value> {
        let path = format!("tcp:{}", signer.address());
        self.run(&[&["--device-type", "jade", "--device-path", &path], arguments].concat())
    }
}

/// Runs a test with `hwi`; where it can't be installed the test says so and passes, or fails where
/// `BILLFOLD_REQUIRE_NODE=1`.
///
/// # Panics
/// When the test fails, or when there is no `hwi` and one is required.
#[allow(clippy::print_stderr, clippy::panic, reason = "this is the body of a test")]
#[track_caller]
pub fn with_hwi(test: impl Fn(&Hwi) -> Result<()>) {
    match hwi::find() {
        Ok(program) => {
            if let Err(error) = test(&Hwi(program)) {
                panic!("{error:#}");
            }
        }
        Err(reason) if is_required() => panic!("hwi is required: {reason:#}"),
        Err(reason) => eprintln!("skipped: needs Python with venv and pip ({reason:#})"),
    }
}

/// Builds the program for tests; cargo's lock is free while tests run.
///
/// # Errors
/// What the compiler said.
pub fn build() -> Result<PathBuf> {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--quiet", "--package", "billfold-signer"])
        .args(["--features", "test-build", "--message-format", "json"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the signer can't be built: {said}");
    let lines = String::from_utf8_lossy(&output.stdout);
    let built = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    built
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
        .context("cargo named no program")
}

/// How long a program may take to start.
const PATIENCE: Duration = Duration::from_secs(60);
