//! Owns the proof that the demonstration tells its whole story with nothing installed, and leaves
//! nothing behind: not in the user's directories, not in the temporary one, even when it is ended
//! in the middle.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use billfold_tests::display::Display;
use billfold_tests::typist::{DOWN, ENTER, ESC, Typist};
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

/// Everything in one sitting: keys are made on the signer, a wallet is connected to it, Bob pays, and is
/// paid back: refused on the signer first, then agreed to.
#[test]
fn a_person_at_the_screens_connects_the_signer_and_pays_with_it() -> Result<()> {
    let home = Home::new()?;
    let mut person = Typist::at_terminal(home.demo(&[]).env("TERM", "xterm"))?;
    person.see("PLAY MONEY")?;
    person.press("c")?;
    person.see("the signer has no keys yet")?;
    make_keys(&mut person)?;
    person.see("Enter goes on with it")?;
    person.press(ENTER)?;
    person.see("Which addresses?")?;
    person.press(ENTER)?;
    person.see("Its first address")?;
    person.press("v")?;
    agree(&mut person, "Your address")?;
    person.see("One test")?;
    person.press(ENTER)?;
    agree(&mut person, "test signature")?;
    person.see("Watched accounts")?;
    person.press(ENTER)?;
    person.see("It protects the wallet's file")?;
    person.enter("play money")?;
    person.see("Again")?;
    person.enter("play money")?;
    person.see("Nothing was received yet")?;

    person.press(GET_PAID)?;
    // A block may be found by itself meanwhile.
    person.see("0.01 000 000 BTC")?;
    person.press(MINE)?;
    person.see("Balance         0.01 000 000 BTC")?;
    person.press(PAY_BOB)?;
    person.see("25000sat")?;
    person.press(ENTER)?;
    type_groups(&mut person)?;
    person.see("Enter goes on to sign")?;
    person.press(ENTER)?;
    person.see("The signer waits for you")?;
    person.press(SIGNER)?;
    person.see("0.00025000 tBTC")?;
    person.press(ESC)?;
    person.see("refused on the signer")?;
    person.press(SIGNER)?;
    person.press(ENTER)?;
    agree(&mut person, "0.00025000 tBTC")?;
    coffee(&mut person, &["sent out", " conf"])?;
    person.press(MINE)?;
    coffee(&mut person, &[" conf"])?;
    person.press("q")?;
    let ending = person.finish()?;
    ensure!(ending.code == 0, "{ending:?}");
    home.check_untouched()
}

/// Waits until Bob's coffee is in one of these states.
fn coffee(person: &mut Typist, states: &[&str]) -> Result<()> {
    person.look(|display| {
        let text = display.text();
        let is_so = |line: &str| states.iter().any(|state| line.contains(state));
        text.lines().any(|line| line.contains("coffee") && is_so(line)).then_some(())
    })
}

/// Makes keys on the signer by its own menus, and leaves it.
fn make_keys(person: &mut Typist) -> Result<()> {
    person.press(SIGNER)?;
    for shown in [">Create keys", ">12 words", ">50 rolls of a die"] {
        person.see(shown)?;
        person.press(ENTER)?;
    }
    person.see("Roll and type")?;
    person.enter(&"31425".repeat(10))?;
    person.see(">Show the words")?;
    person.press(ENTER)?;
    let words = |display: &Display| {
        let numbered = |line: &str| {
            let (_, row) = line.split_once('│')?;
            let mut parts = row.split_whitespace();
            parts.next()?.parse::<u8>().ok()?;
            parts.next().map(str::to_owned)
        };
        let words: Vec<String> = display.text().lines().filter_map(numbered).collect();
        (words.len() == 6).then_some(words)
    };
    let mut paper = person.look(words)?;
    person.press(DOWN)?;
    person.see("2/2")?;
    paper.extend(person.look(words)?);
    person.press(ENTER)?;
    person.see(">Show the words")?;
    person.press(DOWN)?;
    person.see(">Type them back")?;
    person.press(ENTER)?;
    for (number, word) in (1..).zip(&paper) {
        person.see(&format!("Word {number} of 12"))?;
        person.enter(word)?;
    }
    person.see("New PIN")?;
    person.enter("271828")?;
    person.see("again")?;
    person.enter("271828")?;
    person.see("Ready")?;
    person.press(SIGNER)
}

/// Goes to the signer once it asks, reads to the last page, which the pages before lead to, agrees, and
/// leaves it.
fn agree(person: &mut Typist, shown: &str) -> Result<()> {
    person.see("f2 the signer asks you")?;
    person.press(SIGNER)?;
    person.see(shown)?;
    loop {
        let (page, last) = person.look(|display| {
            let text = display.text();
            let footer = text.lines().find(|line| line.contains('└'))?;
            let mut pages = footer.split_whitespace().filter_map(|part| part.split_once('/'));
            let (page, last) = pages.find_map(|(page, last)| {
                Some((page.parse::<u8>().ok()?, last.parse::<u8>().ok()?))
            })?;
            Some((page, last))
        })?;
        if page == last {
            break;
        }
        person.press(DOWN)?;
        person.see(&format!(" {}/{last} ", page + 1))?;
    }
    person.press(ENTER)?;
    person.look(|display| (!display.text().contains(" OK ─")).then_some(()))?;
    person.press(SIGNER)
}

/// Types the groups of the address that are asked for, as it stands on the screen.
fn type_groups(person: &mut Typist) -> Result<()> {
    person.see("Type these groups")?;
    let text = person.display().text();
    let address = text.lines().skip_while(|line| !line.trim_start().starts_with("to  ")).take(2);
    let groups: Vec<&str> = address.flat_map(str::split_whitespace).skip(1).collect();
    let of = format!(" of {}", groups.len());
    let asked = text.lines().filter_map(|line| line.split_once(&of)?.0.trim().parse().ok());
    let asked: Vec<usize> = asked.collect();
    ensure!(asked.len() == 2, "{text}");
    for number in asked {
        person.press(groups[number - 1])?;
    }
    Ok(())
}

/// Goes to the signer, or leaves it (F2).
const SIGNER: &str = "\x1bOQ";

/// A block now (F3).
const MINE: &str = "\x1bOR";

/// Bob pays (F4).
const GET_PAID: &str = "\x1bOS";

/// Bob is paid (F5).
const PAY_BOB: &str = "\x1b[15~";

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
