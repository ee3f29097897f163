//! Owns the proof that the demonstration tells its whole story with nothing installed, and leaves
//! nothing behind: not in the user's directories, not in the temporary one, even when it is ended
//! in the middle.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

const STORY: [&str; 16] = [
    "network", "wallet", "wallet", "signer", "pair", "mine", "receive", "pay", "confirm", "reorg",
    "bump", "restart", "confirm", "compare", "refuse", "sign",
];

#[test]
fn the_story_goes_well_and_each_step_is_a_line_for_programs() -> Result<()> {
    let home = Home::new()?;
    let output = home.demo(&["--json"]).output()?;
    ensure!(output.status.code() == Some(0), "{output:?}");
    let lines = lines(&output)?;
    let lines = lines.iter().map(|line| Ok(serde_json::from_str(line)?));
    let lines = lines.collect::<Result<Vec<Value>>>()?;
    let (last, steps) = lines.split_last().context("no line")?;
    ensure!(steps.iter().map(|step| &step["step"]).eq(STORY), "{steps:?}");
    ensure!(last["demo"] == "ok" && last["steps"] == STORY.len(), "{last}");
    let sum = ["alice", "bob", "carol", "fees"].map(|who| last[who].as_u64().unwrap_or_default());
    ensure!(sum.iter().sum::<u64>() == 100_000_000 && !sum.contains(&0), "{last}");
    home.check_untouched()
}

#[test]
fn without_a_person_the_last_line_is_for_programs() -> Result<()> {
    let home = Home::new()?;
    let output = home.demo(&["--headless"]).output()?;
    ensure!(output.status.code() == Some(0), "{output:?}");
    let lines = lines(&output)?;
    ensure!(lines.len() == STORY.len() + 1, "{lines:?}");
    let last: Value = serde_json::from_str(&lines[STORY.len()])?;
    ensure!(last["demo"] == "ok", "{last}");
    home.check_untouched()
}

#[cfg(unix)]
#[test]
fn a_story_that_is_ended_in_the_middle_leaves_nothing() -> Result<()> {
    let home = Home::new()?;
    let mut demo = home.demo(&["--json"]).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(demo.stdout.take().context("no output")?).lines();
    let mut told = Vec::new();
    while !told.last().is_some_and(|line: &String| line.contains("\"receive\"")) {
        told.push(lines.next().with_context(|| format!("no middle of the story: {told:?}"))??);
    }
    ensure!(Command::new("kill").arg(demo.id().to_string()).status()?.success());
    let rest = lines.map_while(Result::ok).last().context("no word at the end")?;
    let error: Value = serde_json::from_str(&rest)?;
    ensure!(error["error"]["name"] == "interrupted", "{error}");
    ensure!(demo.wait()?.code() == Some(1));
    home.check_untouched()
}

/// A user's directories, with a wallet's data and a configuration that names peers.
struct Home {
    dir: TempDir,
}

impl Home {
    fn new() -> Result<Self> {
        let dir = TempDir::with_prefix("billfold-test-")?;
        fs::create_dir(dir.path().join("temporary"))?;
        fs::create_dir(dir.path().join("data"))?;
        fs::write(dir.path().join("data/precious"), "the user's")?;
        Ok(Self { dir })
    }

    /// The demonstration, told of the user's data directory as any other command would be.
    fn demo(&self, options: &[&str]) -> Command {
        let path = |name: &str| self.dir.path().join(name);
        let mut command = Command::new(BILLFOLD);
        command.env_clear().env("HOME", path("home")).env("TMPDIR", path("temporary"));
        command.env("TMP", path("temporary")).env("TEMP", path("temporary"));
        command.env("BILLFOLD_DATA_DIR", path("data")).env("BILLFOLD_CONNECT", "127.0.0.1:1");
        command.arg("demo").args(options).stdin(Stdio::null());
        command
    }

    fn check_untouched(&self) -> Result<()> {
        let found = |name: &str| names(&self.dir.path().join(name));
        ensure!(found("data")? == ["precious"], "the user's data: {:?}", found("data")?);
        ensure!(found("temporary")?.is_empty(), "left behind: {:?}", found("temporary")?);
        ensure!(!self.dir.path().join("home").exists(), "something was written to the home");
        Ok(())
    }
}

fn names(dir: &Path) -> Result<Vec<String>> {
    let name = |name: &OsStr| name.to_string_lossy().into_owned();
    fs::read_dir(dir)?.map(|entry| Ok(name(&entry?.file_name()))).collect()
}

fn lines(output: &Output) -> Result<Vec<String>> {
    Ok(std::str::from_utf8(&output.stdout)?.lines().map(str::to_owned).collect())
}
