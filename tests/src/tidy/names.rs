//! Owns the words that name nothing: file, module and type names without them, no `get_` on
//! functions, no `mod.rs`.

use super::Finding;
use super::source::{Kind, Source};

/// Names that say nothing or that Rust leaves out.
#[must_use]
pub fn bad_names(sources: &[Source]) -> Vec<Finding> {
    sources.iter().flat_map(bad_names_of).collect()
}

fn bad_names_of(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let file = source.path.rsplit('/').next().unwrap_or_default();
    if file == "mod.rs" {
        let message = "write foo.rs beside foo/, never mod.rs";
        findings.push(Finding::new(&source.path, 1, message));
    }
    if let Some(word) = banned_word(file.trim_end_matches(".rs")) {
        let message = format!("\"{word}\" names nothing: name the file for its noun");
        findings.push(Finding::new(&source.path, 1, message));
    }
    for pair in source.tokens.windows(2) {
        let [keyword, name] = pair else { continue };
        if keyword.kind != Kind::Word || name.kind != Kind::Word {
            continue;
        }
        let message = match keyword.text.as_str() {
            "struct" | "enum" | "trait" | "type" | "mod" | "union" => banned_word(&name.text)
                .map(|word| format!("{}: \"{word}\" names nothing: find the noun", name.text)),
            "fn" if name.text.starts_with("get_") && !FOREIGN.contains(&name.text.as_str()) => {
                Some(format!("{}: leave out get_", name.text))
            }
            _ => None,
        };
        if let Some(message) = message {
            findings.push(Finding::new(&source.path, name.line, message));
        }
    }
    findings
}

fn banned_word(name: &str) -> Option<String> {
    if TERMS.contains(&name) {
        return None;
    }
    words(name).into_iter().find(|word| BANNED.contains(&word.as_str()))
}

/// The words of a `snake_case` or `CamelCase` name, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in name.chars() {
        if letter == '_' || letter.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter != '_') {
            word.extend(letter.to_lowercase());
        }
    }
    words
}

/// Functions of a trait of others (`async-hwi`), which a made-up device implements.
const FOREIGN: [&str; 3] = ["get_version", "get_master_fingerprint", "get_extended_pubkey"];

const BANNED: [&str; 14] = [
    "manager",
    "handler",
    "helper",
    "helpers",
    "util",
    "utils",
    "utility",
    "utilities",
    "common",
    "data",
    "info",
    "process",
    "misc",
    "stuff",
];
/// Names that outsiders gave: a message of the protocol, the place where a user's files are.
const TERMS: [&str; 3] = ["GetData", "DataDir", "data_dir"];

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<Finding> {
        bad_names(&[Source::read(path, text).unwrap()])
    }

    #[test]
    fn empty_words_are_refused() {
        for text in ["struct PeerInfo;", "enum DataKind {}", "trait EventHandler {}", "mod utils;"]
        {
            assert_eq!(findings("a/src/x.rs", text).len(), 1, "{text}");
        }
        for path in ["a/src/mod.rs", "a/src/helpers.rs", "a/src/peer_manager.rs"] {
            assert_eq!(findings(path, "").len(), 1, "{path}");
        }
    }

    #[test]
    fn accessors_have_no_get() {
        assert_eq!(findings("a/src/x.rs", "fn get_tip() {}").len(), 1);
        assert_eq!(findings("a/src/x.rs", "fn getdata() {} struct GetData; struct Database;"), []);
    }
}
