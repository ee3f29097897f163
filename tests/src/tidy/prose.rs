//! Owns what no text of the repository says: paths of somebody's machine.

use super::Finding;

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

/// Written in two parts, so that this file passes its own rule.
const FOLDERS: [&str; 3] = [concat!("/t", "mp/"), concat!("/w", "ork/"), concat!("/ro", "ot/")];

#[cfg(test)]
mod tests {
    use super::*;

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
