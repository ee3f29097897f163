//! Owns the bodies of this crate's fuzz targets: what must hold for any file that a person wrote.
//!
//! Refuses to be part of the product: it is built for tests, which replay the corpora of
//! `fixtures/corpus`, and for `fuzz/`, which looks for more.

#[cfg(test)]
#[path = "../../fuzz/corpora.rs"]
mod corpora;

use std::path::Path;

use crate::action::Verb;
use crate::config_file::ConfigFile;
use crate::keymap::Keymap;
use crate::keys_file;

/// What a target does with any bytes; it panics if something does not hold.
pub type Body = fn(&[u8]);

/// Every target: its name, which is the directory of its corpus, and its body.
pub const TARGETS: [(&str, Body); 2] = [("config_file", config_file), ("keys_file", keys_file)];

/// A file's paths begin where it stands, a mistake is in a line that it has, and a value is never
/// told, whatever key it stands behind.
fn config_file(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let dir = Path::new("/etc/billfold");
    match ConfigFile::parse(text, dir) {
        Ok(file) => {
            for path in [file.data_dir, file.password_file, file.keys_passphrase_file] {
                assert!(path.is_none_or(|path| path.is_absolute() || path == Path::new("-")));
            }
        }
        Err(error) => is_one_of(error.line, text),
    }
    if text.len() < SECRET {
        return;
    }
    for (before, after) in LINES {
        let told = |value: &str| {
            let line = format!("{before}{}{after}", toml::Value::from(value));
            ConfigFile::parse(&line, dir).err().map(|error| error.what)
        };
        let Some(what) = told(text) else { continue };
        assert!(
            !what.contains(text)
                || WRONG.into_iter().any(|wrong| told(wrong).as_ref() == Some(&what))
        );
    }
}

/// A key map that is read gives every verb its keys, such that they read the same; a mistake is in a
/// line that the file has.
fn keys_file(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let map = match keys_file::parse(text) {
        Ok(map) => map,
        Err(error) => return is_one_of(error.line(), text),
    };
    assert_eq!(keys_file::parse(&written(&map)), Ok(map));
}

fn written(map: &Keymap) -> String {
    let line = |verb: Verb| {
        let keys = map.keys(verb).into_iter().map(|key| toml::Value::from(key.to_string()));
        format!("{} = {}\n", toml::Value::from(verb.name()), toml::Value::Array(keys.collect()))
    };
    Verb::ALL.into_iter().map(line).collect()
}

fn is_one_of(line: usize, text: &str) {
    assert!((1..=text.split('\n').count()).contains(&line), "line {line} of {text:?}");
}

/// Bytes from which on a text that is told again is no accident.
const SECRET: usize = 24;

/// Values that each key refuses in its own words.
const WRONG: [&str; 4] = ["", "hunter2", "hunter2:1", "127.0.0.1"];

/// What stands around a value, where a secret may stand by mistake.
const LINES: [(&str, &str); 14] = [
    ("network = ", ""),
    ("data-dir = ", ""),
    ("wallet = ", ""),
    ("proxy = ", ""),
    ("json = ", ""),
    ("verbose = ", ""),
    ("mouse = ", ""),
    ("filters.disk = ", ""),
    ("lock.idle = ", ""),
    ("dust.limit = ", ""),
    ("password = ", ""),
    ("regtest = ", ""),
    ("regtest.signet-challenge = ", ""),
    ("regtest.connect = [", "]"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpora_hold() {
        corpora::replay(env!("CARGO_MANIFEST_DIR"), &TARGETS);
    }
}
