//! Owns the bounds on length: files of 400 lines without their tests, functions of 60.
//!
//! Refuses growth: a listed exception may only shrink, and leaves the list when it is fine.

use std::collections::BTreeMap;

use super::Finding;
use super::source::{Kind, Source};

/// Most lines of a file, without its test module.
pub const FILE_LINES: usize = 400;
/// Most lines of a function, from `fn` to its closing brace.
pub const FUNCTION_LINES: usize = 60;

/// Files that are too long. `exceptions` holds paths with their lines.
#[must_use]
pub fn long_files(sources: &[Source], exceptions: &[(&str, usize)]) -> Vec<Finding> {
    let lengths = sources.iter().filter(|s| !s.is_yard()).map(|source| Measured {
        name: source.path.clone(),
        path: source.path.clone(),
        line: 1,
        lines: source.text.lines().count() - source.test_lines(),
    });
    judge(lengths, FILE_LINES, exceptions)
}

/// Functions that are too long. `exceptions` holds `path::function` with their lines.
#[must_use]
pub fn long_functions(sources: &[Source], exceptions: &[(&str, usize)]) -> Vec<Finding> {
    let lengths = sources.iter().filter(|s| !s.is_yard()).flat_map(functions);
    judge(lengths, FUNCTION_LINES, exceptions)
}

struct Measured {
    name: String,
    path: String,
    line: usize,
    lines: usize,
}

fn functions(source: &Source) -> Vec<Measured> {
    let mut found = Vec::new();
    for (at, pair) in source.tokens.windows(2).enumerate() {
        let [keyword, name] = pair else { continue };
        if keyword.text != "fn" || name.kind != Kind::Word || keyword.in_test {
            continue;
        }
        let end = &source.tokens[source.end_of_item(at)];
        found.push(Measured {
            name: format!("{}::{}", source.path, name.text),
            path: source.path.clone(),
            line: keyword.line,
            lines: end.line - keyword.line + 1,
        });
    }
    found
}

fn judge(
    lengths: impl Iterator<Item = Measured>,
    limit: usize,
    exceptions: &[(&str, usize)],
) -> Vec<Finding> {
    let mut listed: BTreeMap<&str, usize> = exceptions.iter().copied().collect();
    let mut findings = Vec::new();
    for Measured { name, path, line, lines } in lengths {
        let exception = listed.remove(name.as_str());
        let message = match exception {
            None if lines > limit => format!("{name} has {lines} lines: split it below {limit}"),
            Some(_) if lines <= limit => {
                format!("{name} is fine now: take it off the list of exceptions")
            }
            Some(allowed) if lines > allowed => {
                format!("{name} grew from {allowed} to {lines} lines: an exception may only shrink")
            }
            Some(allowed) if lines < allowed => {
                format!("{name} shrank from {allowed} to {lines} lines: lower its number")
            }
            _ => continue,
        };
        findings.push(Finding::new(&path, line, message));
    }
    let gone = listed.into_keys().map(|name| {
        Finding::new("tests/tests/tidy.rs", 1, format!("{name} is no more: take it off the list"))
    });
    findings.extend(gone);
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(lines: usize) -> Vec<Source> {
        let body = "    let x = 1;\n".repeat(lines - 2);
        vec![Source::read("a/src/x.rs", &format!("fn long() {{\n{body}}}\n")).unwrap()]
    }

    #[test]
    fn a_long_file_is_refused_and_its_tests_do_not_count() {
        assert_eq!(long_files(&source(400), &[]), []);
        assert_eq!(long_files(&source(401), &[]).len(), 1);
        let tests = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "\n".repeat(500));
        assert_eq!(long_files(&[Source::read("a/src/x.rs", &tests).unwrap()], &[]), []);
    }

    #[test]
    fn a_long_function_is_refused() {
        assert_eq!(long_functions(&source(60), &[]), []);
        let findings = long_functions(&source(61), &[]);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].message.contains("a/src/x.rs::long has 61 lines"));
    }

    #[test]
    fn exceptions_only_shrink() {
        let name = "a/src/x.rs::long";
        assert_eq!(long_functions(&source(70), &[(name, 70)]), []);
        for (lines, told) in [(71, "grew"), (69, "shrank"), (60, "fine now")] {
            let findings = long_functions(&source(lines), &[(name, 70)]);
            assert!(findings[0].message.contains(told), "{findings:?}");
        }
        assert!(long_functions(&[], &[(name, 70)])[0].message.contains("no more"));
    }
}
