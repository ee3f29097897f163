//! Owns which paths a file mentions: every `use` tree, spread out, and every `a::b::c` in code.
//!
//! Refuses to resolve names: a mention is what is written.

use super::source::{Kind, Source};

/// A path as it is written somewhere in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// Its segments; the last may be `*`.
    pub segments: Vec<String>,
    /// Its line.
    pub line: usize,
    /// Whether it stands in a test.
    pub in_test: bool,
}

impl Mention {
    /// The path in one string.
    #[must_use]
    pub fn path(&self) -> String {
        self.segments.join("::")
    }

    /// Whether the path is this one or lies below it.
    #[must_use]
    pub fn is_within(&self, prefix: &str) -> bool {
        let path = self.path();
        path == prefix || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with("::"))
    }
}

/// All mentions of a file, in order.
#[must_use]
pub fn mentions(source: &Source) -> Vec<Mention> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < source.tokens.len() {
        let token = &source.tokens[at];
        if token.kind == Kind::Word && token.text == "use" && !source.matches(at + 1, &["<"]) {
            at = use_tree(source, at + 1, &mut Vec::new(), &mut found);
        } else if token.kind == Kind::Word {
            at = plain_path(source, at, &mut found);
        } else {
            at += 1;
        }
    }
    found
}

/// Reads one tree of a `use`; returns the index after it.
fn use_tree(
    source: &Source,
    mut at: usize,
    prefix: &mut Vec<String>,
    found: &mut Vec<Mention>,
) -> usize {
    let depth = prefix.len();
    while let Some(token) = source.tokens.get(at) {
        match (token.kind, token.text.as_str()) {
            (Kind::Word, "as") => at += 2,
            (Kind::Word, _) | (Kind::Sign, "*") => {
                prefix.push(token.text.clone());
                at += 1;
            }
            (Kind::Sign, ":") => at += 1,
            (Kind::Open, "{") => {
                let close = source.close_of(at);
                at += 1;
                while at < close {
                    at = use_tree(source, at, prefix, found);
                }
                prefix.truncate(depth);
                return close + 1;
            }
            _ => break,
        }
    }
    if prefix.len() > depth {
        if prefix.last().is_some_and(|last| last == "self") {
            prefix.pop();
        }
        let last = &source.tokens[at - 1];
        found.push(Mention { segments: prefix.clone(), line: last.line, in_test: last.in_test });
    }
    prefix.truncate(depth);
    at + 1
}

/// Reads `a::b::c` in code; returns the index after it. A single word is no mention.
fn plain_path(source: &Source, mut at: usize, found: &mut Vec<Mention>) -> usize {
    let first = &source.tokens[at];
    let mut segments = vec![first.text.clone()];
    while source.matches(at + 1, &[":", ":"])
        && source.tokens.get(at + 3).is_some_and(|token| token.kind == Kind::Word)
    {
        at += 3;
        segments.push(source.tokens[at].text.clone());
    }
    if segments.len() > 1 {
        found.push(Mention { segments, line: first.line, in_test: first.in_test });
    }
    at + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let source = Source::read("a/src/x.rs", text).unwrap();
        mentions(&source).iter().map(Mention::path).collect()
    }

    #[test]
    fn use_trees_are_spread_out() {
        assert_eq!(
            paths("use a::{b::{self, C}, d as e, f::*};\nuse g;"),
            ["a::b", "a::b::C", "a::d", "a::f::*", "g"]
        );
    }

    #[test]
    fn paths_in_code_and_macros_are_found() {
        assert_eq!(
            paths("fn f() { x!(std::fs::read(p)); let y: crate::a::B = c; }"),
            ["std::fs::read", "crate::a::B"]
        );
    }

    #[test]
    fn below_means_whole_segments() {
        let mention = |text: &str| Mention {
            segments: text.split("::").map(str::to_owned).collect(),
            line: 1,
            in_test: false,
        };
        assert!(mention("std::fs::read").is_within("std::fs"));
        assert!(mention("std::fs").is_within("std::fs"));
        assert!(!mention("std::fsx").is_within("std::fs"));
    }
}
