//! Owns `AsyncHwi`: the program of `tests/async-hwi`, which asks a signing device as Liana does, built in
//! a folder of its own with libudev's headers.
//!
//! Built only when it is asked for, because it takes a hundred packages and, on Linux, Debian's.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::target;

/// The program, built.
#[derive(Debug)]
pub struct AsyncHwi(PathBuf);

/// Whether tests are to build it: `BILLFOLD_REQUIRE_ASYNC_HWI=1`.
#[must_use]
pub fn is_required() -> bool {
    env::var_os("BILLFOLD_REQUIRE_ASYNC_HWI").is_some_and(|value| value == "1")
}

impl AsyncHwi {
    /// Builds it, if it is not built.
    ///
    /// # Errors
    /// What the script for libudev or the compiler said.
    pub fn build() -> Result<Self> {
        let (tools, _lock) = target::tools()?;
        // The script runs elsewhere.
        let tools = tools.canonicalize()?;
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = tools.join("async-hwi");
        let build = "set -e; found=$(./libudev \"$1\"); eval \"$found\"; \
                     exec \"$2\" build --locked --quiet --manifest-path async-hwi/Cargo.toml \
                     --target-dir \"$3\"";
        let said = Command::new("bash")
            .args(["-c", build, "build"])
            .arg(tools.join("libudev"))
            .arg(env!("CARGO"))
            .arg(&folder)
            .current_dir(here)
            .stdin(Stdio::null())
            .output()?;
        ensure!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        Ok(Self(folder.join("debug/billfold-tests-async-hwi").canonicalize()?))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Asks the device at a place; its answer.
    ///
    /// # Errors
    /// What the program said.
    pub fn ask(&self, place: &str, question: &[&str], input: &str) -> Result<Value> {
        let mut child = Command::new(&self.0)
            .arg(place)
            .args(question)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        child.stdin.take().context("no input")?.write_all(input.as_bytes())?;
        let said = child.wait_with_output()?;
        ensure!(said.status.success(), "{question:?}: {}", String::from_utf8_lossy(&said.stderr));
        Ok(serde_json::from_slice(&said.stdout)?)
    }
}
