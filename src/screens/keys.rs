//! Owns `keys.toml`: the keys that a person chose for verbs, one line a verb.
//!
//! Refuses a file with a line that means nothing: the line is named, and what to do.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use billfold_tui::keymap::Keymap;
use directories::ProjectDirs;
use serde::Deserialize;

use crate::failure::{Failure, Kind};

/// The keys of the file beside `config.toml`, or the usual ones where there is none.
///
/// # Errors
/// `usage`, with the line and what is wrong with it; `io` if the file can't be read.
pub(super) fn read() -> Result<Keymap, Failure> {
    let Some(home) = ProjectDirs::from("", "", "billfold") else { return Ok(Keymap::default()) };
    let path = home.config_dir().join("keys.toml");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Keymap::default()),
        Err(error) => return Err(refused(Kind::Io, &path, &format!("can't be read: {error}"))),
    };
    parse(&text).map_err(|told| refused(Kind::Usage, &path, &told))
}

fn refused(kind: Kind, path: &Path, told: &str) -> Failure {
    Failure::new(kind, format!("{}: {told}", path.display()))
}

/// A key, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Keys {
    One(String),
    Many(Vec<String>),
}

/// The file's text as a key map, or what is wrong with which line.
fn parse(text: &str) -> Result<Keymap, String> {
    let file: BTreeMap<String, Keys> = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
        format!("line {line}: {}; write for example send = \"p\"", error.message())
    })?;
    let mut lines: Vec<(usize, &str, Vec<&str>)> = file
        .iter()
        .map(|(verb, keys)| {
            let keys = match keys {
                Keys::One(key) => vec![key.as_str()],
                Keys::Many(keys) => keys.iter().map(String::as_str).collect(),
            };
            (line_of(text, verb), verb.as_str(), keys)
        })
        .collect();
    lines.sort_unstable();
    let first = |count: usize| {
        Keymap::changed(lines.iter().take(count).map(|(_, verb, keys)| (*verb, keys.clone())))
    };
    // The first line with which it is wrong is the one to change.
    for (count, (line, _, _)) in (1..).zip(&lines) {
        first(count).map_err(|error| format!("line {line}: {error}"))?;
    }
    first(lines.len()).map_err(|error| error.to_string())
}

/// The line of a verb, counted from 1.
fn line_of(text: &str, verb: &str) -> usize {
    let is_its = |line: &str| line.trim_start().trim_start_matches(['"', '\'']).starts_with(verb);
    text.lines().position(is_its).map_or(1, |line| line + 1)
}

#[cfg(test)]
mod tests {
    use billfold_tui::action::Verb;

    use super::*;

    #[test]
    fn keys_are_changed_and_a_wrong_line_is_named() {
        let map = parse("send = \"p\"\nlock = [\"ctrl-k\", \"K\"]\n").expect("good");
        let keys = |verb| map.keys(verb).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            (keys(Verb::Send), keys(Verb::Lock)),
            (vec!["p".to_owned()], vec!["K".to_owned(), "ctrl-k".to_owned()])
        );
        assert_eq!(parse(""), Ok(Keymap::default()));
        for (text, told) in [
            ("lock = \"K\"\nsned = \"p\"\n", "line 2: there is no verb"),
            ("send = \"p\"\n\nreceive = \"p\"\n", "line 3: p is given to"),
            ("send = \"esc\"\n", "line 1: esc always means the same"),
            ("send = 7\n", "line 1: "),
            ("send = \"p\"\nlock\n", "line 2: "),
        ] {
            let error = parse(text).expect_err("must be refused");
            assert!(error.starts_with(told), "{error}");
        }
    }
}
