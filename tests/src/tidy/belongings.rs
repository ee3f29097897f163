//! Owns what may lie in the repository: at its root what is listed here, and files that are no text
//! only among fixtures.
//!
//! Refuses to look at what git does not track: a developer's own notes are nobody's business.

use std::path::Path;
use std::process::Command;
use std::{fs, io};

use super::Finding;

/// The files that git tracks, with whether each is text; `None` outside of a clone.
///
/// # Errors
/// What the system said of a file.
pub fn tracked(root: &Path) -> io::Result<Option<Vec<(String, bool)>>> {
    let asked = Command::new("git").args(["ls-files", "-z"]).current_dir(root).output();
    let Some(told) = asked.ok().filter(|told| told.status.success()) else { return Ok(None) };
    let paths = String::from_utf8_lossy(&told.stdout).into_owned();
    let mut files = Vec::new();
    for path in paths.split('\0').filter(|path| !path.is_empty()) {
        match fs::read(root.join(path)) {
            Ok(bytes) => files.push((path.to_owned(), is_text(&bytes))),
            // Removed, and not committed yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(files))
}

/// Files that do not belong where they are.
#[must_use]
pub fn strays(files: &[(String, bool)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, is_text) in files {
        if !path.contains('/') && !AT_THE_ROOT.contains(&path.as_str()) {
            let message = "does not belong at the root: remove it, or list it in belongings.rs";
            findings.push(Finding::new(path, 1, message));
        } else if !is_text && !path.split('/').any(|folder| folder == "fixtures") {
            findings.push(Finding::new(path, 1, "is no text: only fixtures may be bytes"));
        }
    }
    findings
}

fn is_text(bytes: &[u8]) -> bool {
    !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok()
}

const AT_THE_ROOT: [&str; 13] = [
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "clippy.toml",
    "deny.toml",
    "rustfmt.toml",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_lying_around_is_found() {
        let files = [
            ("README.md", true),
            ("library-1.0.tar.gz", false),
            ("notes.txt", true),
            ("src/main.rs", true),
            ("src/picture.png", false),
            ("tui/fixtures/picture.png", false),
        ];
        let files = files.map(|(path, is_text)| (path.to_owned(), is_text));
        let found: Vec<_> = strays(&files).into_iter().map(|finding| finding.path).collect();
        assert_eq!(found, ["library-1.0.tar.gz", "notes.txt", "src/picture.png"]);
    }

    #[test]
    fn bytes_are_told_from_text() {
        assert!(is_text("Größe\n".as_bytes()));
        assert!(!is_text(b"\x1f\x8b\x08"));
        assert!(!is_text(b"a\0b"));
    }
}
