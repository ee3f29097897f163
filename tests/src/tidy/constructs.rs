//! Owns what no finished code contains: `unwrap`, panics, debug prints, `unsafe`, glob imports,
//! ignored tests, files without a head.

use super::Finding;
use super::mention::mentions;
use super::source::{Kind, Source};

/// Files that do not open with `//!`.
#[must_use]
pub fn headless_files(sources: &[Source]) -> Vec<Finding> {
    let headless = sources.iter().filter(|source| {
        let mut lines = source.text.lines();
        let first = lines.by_ref().find(|line| !line.starts_with("#!"));
        let head = first.and_then(|line| line.strip_prefix("//!")).unwrap_or_default();
        head.len() < SHORTEST_HEAD
    });
    let message = "open the file with //!: what it owns, what it refuses, which BIP";
    headless.map(|source| Finding::new(&source.path, 1, message)).collect()
}

/// Constructs that finished code does not contain.
#[must_use]
pub fn bad_constructs(sources: &[Source]) -> Vec<Finding> {
    sources.iter().flat_map(bad_constructs_of).collect()
}

/// Imports of everything, which hide where a name comes from.
#[must_use]
pub fn glob_imports(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        for mention in mentions(source) {
            let path = mention.path();
            let of_test = path == "super::*" || path == "proptest::prelude::*";
            if mention.segments.last().is_some_and(|last| last == "*")
                && !(mention.in_test && of_test)
            {
                let message = format!("{path}: import names, not everything");
                findings.push(Finding::new(&source.path, mention.line, message));
            }
        }
    }
    findings
}

fn bad_constructs_of(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, token) in source.tokens.iter().enumerate() {
        let everywhere = EVERYWHERE.iter().find(|(texts, _)| source.matches(at, texts));
        let product = OUTSIDE_TESTS.iter().find(|(texts, _)| source.matches(at, texts));
        let found = everywhere.or(product.filter(|_| !token.in_test));
        if let Some((texts, message)) = found {
            let message = format!("{}: {message}", texts.concat());
            findings.push(Finding::new(&source.path, token.line, message));
        }
        let silent = source.matches(at, &[".", "expect", "("])
            && source.tokens.get(at + 3).is_some_and(|reason| {
                reason.kind == Kind::Literal && reason.text.len() < SHORTEST_REASON
            });
        if silent && !token.in_test {
            let message = "expect: say why it cannot fail";
            findings.push(Finding::new(&source.path, token.line, message));
        }
    }
    findings
}

/// The first line of a head says at least a few words.
const SHORTEST_HEAD: usize = 10;
/// A reason with its quotes is at least this long.
const SHORTEST_REASON: usize = 6;

const EVERYWHERE: &[(&[&str], &str)] = &[
    (&["unsafe", "{"], "no unsafe code"),
    (&["unsafe", "fn"], "no unsafe code"),
    (&["unsafe", "impl"], "no unsafe code"),
    (&["#", "[", "ignore"], "a test runs or is not there"),
    (&["todo", "!"], "finish it"),
    (&["unimplemented", "!"], "finish it"),
    (&["dbg", "!"], "take it out"),
];

const OUTSIDE_TESTS: &[(&[&str], &str)] = &[
    (&[".", "unwrap", "(", ")"], "return the error, or expect with the reason why it cannot fail"),
    (&["panic", "!"], "return the error"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Source> {
        vec![Source::read("a/src/x.rs", text).unwrap()]
    }

    #[test]
    fn a_file_without_a_head_is_refused() {
        assert_eq!(headless_files(&read("//! Owns the tip and its work.\nfn a() {}")), []);
        for text in ["", "fn a() {}", "// Owns the tip.\n", "//!\n//! Owns the tip.\n"] {
            assert_eq!(headless_files(&read(text)).len(), 1, "{text}");
        }
    }

    #[test]
    fn unfinished_and_unsafe_code_is_refused() {
        for text in [
            "fn a() { b.unwrap() }",
            "fn a() { panic!(\"x\") }",
            "fn a() { todo!() }",
            "fn a() { unimplemented!() }",
            "fn a() { dbg!(x); }",
            "fn a() { unsafe { b() } }",
            "unsafe fn a() {}",
            "#[test]\n#[ignore = \"slow\"]\nfn a() {}",
            "fn a() { b.expect(\"b\") }",
        ] {
            assert_eq!(bad_constructs(&read(text)).len(), 1, "{text}");
        }
    }

    #[test]
    fn tests_may_unwrap_but_not_be_unfinished() {
        let tested = |body: &str| format!("#[cfg(test)]\nmod tests {{ fn a() {{ {body} }} }}");
        assert_eq!(bad_constructs(&read(&tested("b.unwrap(); panic!()"))), []);
        assert_eq!(bad_constructs(&read(&tested("todo!()"))).len(), 1);
    }

    #[test]
    fn words_in_strings_and_comments_are_free() {
        let text = "// x.unwrap()\nconst A: &str = \"panic!() unsafe { todo!()\";";
        assert_eq!(bad_constructs(&read(text)), []);
    }

    #[test]
    fn globs_are_refused_but_a_test_may_import_its_parent() {
        assert_eq!(glob_imports(&read("use crate::chain::*;")).len(), 1);
        assert_eq!(glob_imports(&read("use super::*;")).len(), 1);
        assert_eq!(glob_imports(&read("#[cfg(test)] mod tests { use super::*; }")), []);
        assert_eq!(glob_imports(&read("#[cfg(test)] mod tests { use crate::a::*; }")).len(), 1);
    }
}
