//! Owns the proof that the demonstration tells its whole story with nothing installed, and leaves
//! nothing behind: not in the user's directories, not in the temporary one, even when it is ended
//! in the middle.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use billfold_tests::typist::Typist;
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

/// The whole story by hand: keys made on the signer, an address compared on both
/// screens, a payment refused there and the same agreed to, which a block confirms.
#[test]
fn a_person_at_the_desk_makes_keys_on_the_signer_and_pays() -> Result<()> {
    let home = Home::new()?;
    let mut person = Typist::at_terminal(home.demo(&[]).env("TERM", "xterm"))?;
    person.read_until(DESK)?;
    person.enter("device")?;
    at_signer(&mut person, "No keys", "ok ok ok")?;
    at_signer(&mut person, "Roll and type", &"31425".repeat(10))?;
    at_signer(&mut person, "Show the words", "ok")?;
    let mut words = numbered(&at_signer(&mut person, "Write them down", "down")?);
    words.extend(numbered(&at_signer(&mut person, "Write them down", "ok")?));
    ensure!(words.len() == 12, "{words:?}");
    at_signer(&mut person, ">Show the words", "down ok")?;
    at_signer(&mut person, "Word 1 of 12", &words.join(" "))?;
    at_signer(&mut person, "New PIN", "271828 271828")?;
    at_signer(&mut person, "Ready", "leave")?;

    at_desk(&mut person, "signer pair")?;
    person.read_until("no keys")?;
    at_desk(&mut person, "signer display")?;
    person.read_until("Compare on the signer: ")?;
    let address = person.read_until("\r\n")?.trim().to_owned();
    let shown = at_signer(&mut person, "You are at the signer", "down ok")?;
    ensure!(shown.replace(['|', ' ', '\r', '\n'], "").contains(&address), "{address}: {shown}");
    person.read_until("The signer has the same address.")?;
    at_desk(&mut person, &format!("fund {address} 100k"))?;
    at_desk(&mut person, "sync")?;
    let pay = format!("pay {PAYEE} 25k --fee-rate 2 --signer desk");
    for (answer, told) in [("back", "refused on the signer"), ("down down down ok", "Sent: ")] {
        at_desk(&mut person, &pay)?;
        person.read_until("Type its group 6 of 11 from there: ")?;
        person.enter("y5r3")?;
        person.read_until("Pay this? [y/N] ")?;
        person.enter("y")?;
        at_signer(&mut person, "0.00025000 tBTC", answer)?;
        person.read_until(told)?;
    }
    at_desk(&mut person, "mine")?;
    person.read_until("with 1 of what waited")?;
    at_desk(&mut person, "sync")?;
    at_desk(&mut person, "history")?;
    let history = person.read_until(DESK)?;
    ensure!(!history.contains("pending") && !history.contains("announced"), "{history}");
    person.enter("end")?;
    let ending = person.finish()?;
    ensure!(ending.code == 0, "{ending:?}");
    home.check_untouched()
}

/// What the signer shows, which must hold a text; then presses there.
fn at_signer(person: &mut Typist, expected: &str, presses: &str) -> Result<String> {
    let shown = person.read_until("signer: ")?;
    ensure!(shown.contains(expected), "{expected}: {shown}");
    person.enter(presses)?;
    Ok(shown)
}

/// Waits for the desk, and types a line there.
fn at_desk(person: &mut Typist, line: &str) -> Result<()> {
    person.read_until(DESK)?;
    person.enter(line)
}

/// The words behind numbers, in the rows of a display.
fn numbered(shown: &str) -> Vec<String> {
    let row = |line: &str| {
        let mut parts = line.trim_matches(['|', ' ', '\r']).split_whitespace();
        let number = parts.next().filter(|number| number.parse::<u8>().is_ok());
        number.and(parts.next()).map(str::to_owned)
    };
    shown.lines().filter_map(row).collect()
}

/// Where the desk waits for a line.
const DESK: &str = "billfold> ";

/// Somebody of another network of play money.
const PAYEE: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

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
