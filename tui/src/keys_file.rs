//! Owns `keys.toml`: the keys that a person chose for verbs, one line a verb.
//!
//! Refuses a file with a line that means nothing: the line is named, and what to do.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::keymap::{Keymap, KeymapError};

/// The key map that the file's text makes of the usual one.
///
/// # Errors
/// See [`KeysFileError`].
pub fn parse(text: &str) -> Result<Keymap, KeysFileError> {
    let file: BTreeMap<Spanned<String>, Keys> =
        toml::from_str(text).map_err(|error| KeysFileError::NotToml {
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            what: error.message().to_owned(),
        })?;
    let mut lines: Vec<(usize, &str, Vec<&str>)> = file
        .iter()
        .map(|(verb, keys)| {
            (line_of(text, verb.span().start), verb.get_ref().as_str(), keys.texts())
        })
        .collect();
    lines.sort_unstable();
    let mut map = Keymap::default();
    // The first line with which it is wrong is the one to change.
    for (count, (line, _, _)) in (1..).zip(&lines) {
        let first = lines.iter().take(count).map(|(_, verb, keys)| (*verb, keys.clone()));
        map =
            Keymap::changed(first).map_err(|source| KeysFileError::Line { line: *line, source })?;
    }
    Ok(map)
}

/// A key, or several.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a key is a text, several are a list of texts")]
enum Keys {
    One(String),
    Many(Vec<String>),
}

impl Keys {
    fn texts(&self) -> Vec<&str> {
        match self {
            Self::One(key) => vec![key],
            Self::Many(keys) => keys.iter().map(String::as_str).collect(),
        }
    }
}

/// The line, counted from 1, that the byte at `offset` is in.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Why a file of keys is refused; lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysFileError {
    /// It is not TOML, or a verb has something else than keys.
    #[error("line {line}: {what}; write for example send = \"p\"")]
    NotToml {
        /// Which line.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// A verb or a key that can't be so.
    #[error("line {line}: {source}")]
    Line {
        /// Which line.
        line: usize,
        /// What is wrong with it.
        source: KeymapError,
    },
}

impl KeysFileError {
    /// Which line, counted from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        match self {
            Self::NotToml { line, .. } | Self::Line { line, .. } => *line,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Verb;

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
            ("send = 7\n", "line 1: a key is a text, several are a list of texts; write"),
            ("send = \"p\"\nlock\n", "line 2: "),
            ("send = [\n\"p\",\n\"q\"]\n\"s\\u0065nd \" = \"x\"\n", "line 4: there is no verb"),
        ] {
            let error = parse(text).expect_err("must be refused").to_string();
            assert!(error.starts_with(told), "{error}");
        }
    }
}
