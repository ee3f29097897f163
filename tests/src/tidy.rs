//! Owns the house rules that a program can check: each rule reads sources as tokens and returns
//! its findings.
//!
//! Refuses to judge style that `rustfmt` or clippy judge, and to change a file. The rules run over
//! the repository in `tests/tests/tidy.rs`; beside each rule stand samples that it must refuse.

pub mod source;
pub mod repository;
pub mod mention;
pub mod length;
pub mod names;
pub mod constructs;
pub mod order;
pub mod purity;
pub mod manifests;
pub mod licences;
pub mod prose;
pub mod belongings;
pub mod corpora;

use std::fmt;

/// One place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, from the repository's root.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl Finding {
    /// A finding at a line of a file.
    pub fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// All findings as one message, a line each.
#[must_use]
pub fn report(findings: &[Finding]) -> String {
    findings.iter().fold(String::new(), |text, finding| text + "\n  " + &finding.to_string())
}
