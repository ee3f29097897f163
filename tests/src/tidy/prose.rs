//! Owns what no text of the repository says: paths of somebody's machine, tests that are not there.

use std::collections::BTreeSet;

use super::Finding;
use super::source::Source;

/// Lines that name a path of one machine. `texts` holds paths with texts.
#[must_use]
pub fn machine_paths(texts: &[(String, String)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in texts {
        for (line, content) in text.lines().enumerate() {
            if let Some(folder) = FOLDERS.iter().find(|folder| content.contains(**folder)) {
                let message = format!("{folder} is a path of one machine: say it without");
                findings.push(Finding::new(path, line + 1, message));
            }
        }
    }
    findings
}

/// Tests that a page names between backticks and that no source has. What has three underscores or
/// more is the name of a test.
#[must_use]
pub fn missing_tests(path: &str, page: &str, sources: &[Source]) -> Vec<Finding> {
    let pairs = sources.iter().flat_map(|source| source.tokens.windows(2));
    let tests = pairs.filter(|pair| pair[0].text == "fn");
    let tests: BTreeSet<&str> = tests.map(|pair| pair[1].text.as_str()).collect();
    let mut findings = Vec::new();
    for (line, content) in page.lines().enumerate() {
        let named = content.split('`').skip(1).step_by(2);
        for name in named.filter(|name| name.matches('_').count() >= 3 && !tests.contains(name)) {
            findings.push(Finding::new(path, line + 1, format!("there is no test {name}")));
        }
    }
    findings
}

/// Written in two parts, so that this file passes its own rule.
const FOLDERS: [&str; 3] = [concat!("/t", "mp/"), concat!("/w", "ork/"), concat!("/ro", "ot/")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_is_named_and_not_there_is_found() {
        let source = Source::read("a.rs", "fn it_is_all_there() {}").unwrap();
        let page = "see `it_is_all_there`\nand `it_is_not_there_any_more`, `a_b` and `x::Y`";
        let findings = missing_tests("docs/x.md", page, &[source]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, 2);
    }

    #[test]
    fn paths_of_one_machine_are_refused() {
        for folder in FOLDERS {
            let texts = [("docs/x.md".to_owned(), format!("fine\nsee {folder}x\n"))];
            let findings = machine_paths(&texts);
            assert_eq!(findings.len(), 1);
            assert_eq!(findings[0].line, 2);
        }
        assert_eq!(
            machine_paths(&[("docs/x.md".to_owned(), "a target/tools folder".to_owned())]),
            []
        );
    }
}
