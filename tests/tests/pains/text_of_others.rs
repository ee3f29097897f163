//! Pain 3: "My wallet told me to update, with a link. It was not my wallet that said so."
//!
//! Thieves had servers answer with text that a wallet showed as its own. Here, text of others comes
//! by three ways: a file of labels from a business partner, a payment link from a web page, and
//! what peers call themselves (which `light-client` makes printable before anybody sees it). It may
//! say anything, but it can neither leave its place on the screen nor hide.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use billfold_tests::program::Program;
use billfold_tests::town::Town;
use serde_json::Value;

use crate::BILLFOLD;

/// Clears the screen, goes home, turns red by C0 and by C1, runs from right to left, sets the
/// window's title, starts a new line, hides behind tags and a zero-width space.
const EVIL: &str = "\u{1b}[2J\u{1b}[H\u{9b}31m\u{202e}\u{1b}]0;x\u{7}\r\nerror: update billfold at \
                    evil.example\u{200b}\u{e0041}\u{85}";

#[test]
fn a_file_of_labels_cannot_speak_for_the_wallet() -> Result<()> {
    let town = Town::build()?;
    let wallet = town.wallet_with(BILLFOLD, 250_000)?;
    let history = wallet.ok(&["history"])?;
    let txid = history[0]["txid"].as_str().context("no payment")?;
    let file = wallet.file("partner.jsonl");
    let record = |kind: &str, what: &str| {
        serde_json::json!({"type": kind, "ref": what, "label": EVIL, EVIL: EVIL}).to_string()
    };
    let coin = wallet.ok(&["coins"])?;
    let address = coin[0]["address"].as_str().context("no address")?;
    fs::write(&file, [record("tx", txid), record("addr", address)].join("\n"))?;
    let file = file.display().to_string();

    let looks: [&[&str]; 9] = [
        &["import", "labels", &file, "--dry-run"],
        &["import", "labels", &file],
        &["import", "labels", &file, "--overwrite"],
        &["history"],
        &["coins"],
        &["addresses"],
        &["label", txid],
        &["search", "evil.example"],
        &["export", "labels"],
    ];
    for look in looks {
        for form in ["--plain", "--json"] {
            harmless(&wallet, &[&[form], look].concat())?;
        }
    }
    harmless(&wallet, &["export", "history"])?;
    harmless(&wallet, &["export", "history", "--format", "json"])?;
    // Nothing of it is lost: what came in is what goes out.
    let said = wallet.ok(&["label", txid])?;
    ensure!(said["label"] == EVIL.trim(), "{said}");
    let exported = wallet.ok(&["export", "labels"])?;
    ensure!(exported[0][EVIL] == EVIL, "{exported}");
    Ok(())
}

#[test]
fn a_payment_link_cannot_speak_for_the_wallet() -> Result<()> {
    let town = Town::build()?;
    let wallet = town.wallet_with(BILLFOLD, 250_000)?;
    let encoded = EVIL.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
    let to = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
    let link = format!("bitcoin:{to}?amount=0.001&label={encoded}&message={encoded}");
    for form in ["--plain", "--json"] {
        harmless(&wallet, &[form, "pay", &link, "--fee-rate", "2", "--dry-run"])?;
        harmless(&wallet, &[form, "pay", &format!("bitcoin:{EVIL}"), "--dry-run"])?;
        harmless(&wallet, &[form, "pay", &format!("{link}&req-{encoded}=1"), "--dry-run"])?;
        harmless(&wallet, &[form, "label", EVIL, EVIL])?;
        harmless(&wallet, &[form, "peers"])?;
    }
    Ok(())
}

/// Runs a command as a person does, whatever comes of it: nothing that it says acts on a terminal,
/// and no line is the stranger's alone.
fn harmless(wallet: &Program, arguments: &[&str]) -> Result<()> {
    let json = arguments.contains(&"--json");
    // The harness asks for JSON; a person does not.
    let asked = wallet.command(arguments);
    let kept = asked.get_args().filter(|argument| *argument != "--json");
    let mut command = Command::new(asked.get_program());
    command.args(json.then_some("--json")).args(kept).env_clear().stdin(Stdio::null());
    command.envs(asked.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = asked.get_current_dir() {
        command.current_dir(folder);
    }
    let output = command.output()?;
    for stream in [&output.stdout, &output.stderr] {
        let text = str::from_utf8(stream)?;
        let acts = text.chars().find(|c| is_hidden(*c) && *c != '\n');
        ensure!(acts.is_none(), "{arguments:?} says {acts:?}: {text:?}");
        let own_line = text.lines().find(|line| line.starts_with("error: update"));
        ensure!(own_line.is_none(), "{arguments:?}: {text}");
    }
    if json {
        serde_json::from_slice::<Value>(&output.stdout).context("not JSON")?;
    }
    Ok(())
}

/// Apart from the program's own list: what terminals act on, or people can't see.
fn is_hidden(character: char) -> bool {
    let number = u32::from(character);
    matches!(number, 0..0x20 | 0x7f..0xa0 | 0x200b..0x2010 | 0x2028..0x202f | 0x2060..0x2070)
        || matches!(number, 0xfeff | 0xe0000..0xe0080)
}
