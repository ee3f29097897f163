//! Owns `docs/commands.md`: what every command says of itself, as a page of the book.
//!
//! Written by `BILLFOLD_NEW_PAGE=1 cargo test --test help_page`. Refuses to be written by hand.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

#[test]
fn the_page_tells_of_every_command() -> Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/commands.md");
    let mut page = HEAD.to_owned();
    chapter(&[], &mut page)?;
    if std::env::var_os("BILLFOLD_NEW_PAGE").is_some() {
        fs::write(path, &page)?;
    }
    let written = fs::read_to_string(path)?;
    ensure!(written == page, "write docs/commands.md anew, as said at the top of this file");
    Ok(())
}

/// What a command says, then what those below it say.
fn chapter(command: &[&str], page: &mut String) -> Result<()> {
    let help = help(command)?;
    let told = if command.is_empty() { help.clone() } else { without_global_options(&help) };
    let title = [&["billfold"], command].concat().join(" ");
    write!(page, "\n## {title}\n\n```text\n{}\n```\n", told.trim_end())?;
    for below in below(&help) {
        chapter(&[command, &[below]].concat(), page)?;
    }
    Ok(())
}

fn help(command: &[&str]) -> Result<String> {
    let mut asked = Command::new(BILLFOLD);
    asked.env_clear().args(command).arg("--help").stdin(Stdio::null());
    let output = asked.output().context("it did not start")?;
    ensure!(output.status.success(), "{command:?}: {output:?}");
    Ok(String::from_utf8(output.stdout)?)
}

/// The commands that a help lists.
fn below(help: &str) -> impl Iterator<Item = &str> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    listed.filter_map(|line| line.split_whitespace().next())
}

fn without_global_options(help: &str) -> String {
    let parts = help.split("\n\n").filter(|part| !part.starts_with("Global options:"));
    parts.collect::<Vec<_>>().join("\n\n")
}

const HEAD: &str = "\
# Commands and their options

What `billfold COMMAND --help` says, written by a test, which fails when it is out of date. The global options stand in the first part and
are taken by every command. `billfold man DIRECTORY` writes the same as manual pages, and `billfold completions SHELL` prints what lets
bash, elvish, fish, powershell or zsh complete it.
";
