//! Owns what no text of the repository says: paths of somebody's machine, tests that are not there,
//! links that lead nowhere; and that the book has all pages.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

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

/// Links of Markdown pages to files that are not there. What is on the web is not looked up.
#[must_use]
pub fn dead_links(root: &Path, texts: &[(String, String)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in texts.iter().filter(|(path, _)| is_page(path)) {
        for (line, content) in text.lines().enumerate() {
            for target in links(content) {
                let file = resolved(path, target);
                if !root.join(&file).exists() {
                    let message =
                        format!("{target} leads to {}, which is not there", file.display());
                    findings.push(Finding::new(path, line + 1, message));
                }
            }
        }
    }
    findings
}

/// Pages of `docs/` that the book's table of contents leaves out; records of decisions are a folder.
#[must_use]
pub fn pages_outside_the_book(contents: &str, texts: &[(String, String)]) -> Vec<Finding> {
    let listed: BTreeSet<PathBuf> =
        contents.lines().flat_map(links).map(|target| resolved(CONTENTS, target)).collect();
    let belongs = |path: &&str| {
        let inside = path.starts_with("docs/") && !path.starts_with("docs/adr/");
        inside && is_page(path) && *path != CONTENTS
    };
    let pages = texts.iter().map(|(path, _)| path.as_str()).filter(belongs);
    let outside = pages.filter(|page| !listed.contains(Path::new(page)));
    outside.map(|page| Finding::new(page, 1, format!("{CONTENTS} does not list it"))).collect()
}

/// The book's table of contents.
pub const CONTENTS: &str = "docs/SUMMARY.md";

fn is_page(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "md")
}

/// Where the links of a line lead, those to files of the repository.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let targets = targets.map(|target| target.split('#').next().unwrap_or_default());
    targets.filter(|target| !target.is_empty() && !target.contains(':') && !target.contains('$'))
}

fn resolved(page: &str, target: &str) -> PathBuf {
    let mut file = PathBuf::from(page);
    file.pop();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => {
                file.pop();
            }
            Component::Normal(name) => file.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    file
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
    fn a_link_that_leads_nowhere_is_found() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let page = "[here](../Cargo.toml#top) and [there](gone.md)\n[out](https://example.org/x)";
        let findings = dead_links(root, &[("src/page.md".to_owned(), page.to_owned())]);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].message.contains("src/gone.md"), "{findings:?}");
    }

    #[test]
    fn a_page_that_the_book_leaves_out_is_found() {
        let texts = ["docs/a.md", "docs/manual/b.md", "docs/adr/c.md", CONTENTS];
        let texts = texts.map(|path| (path.to_owned(), String::new()));
        let findings = pages_outside_the_book("- [A](a.md)", &texts);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].path, "docs/manual/b.md");
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
