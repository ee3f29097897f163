//! Owns mistakes that are made on purpose: where in the product, and which test must find them.
//!
//! Refuses to touch the sources themselves: a mistake is made in a copy.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// A mistake.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutation {
    /// What is wrong with it.
    pub name: String,
    /// The file, from the repository's root.
    pub file: String,
    /// What stands there, once.
    pub was: String,
    /// What stands in its place.
    pub becomes: String,
    /// Whose test finds it.
    pub package: String,
    /// The package's test binary that holds it, if it is not among the library's own tests.
    pub bench: Option<String>,
    /// The test.
    pub found_by: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    mutation: Vec<Mutation>,
}

/// All of them.
///
/// # Errors
/// That the list can't be read.
pub fn all() -> Result<Vec<Mutation>> {
    let list: List = toml::from_str(include_str!("../mutations.toml"))?;
    Ok(list.mutation)
}

impl Mutation {
    /// The file of a tree with the mistake in it.
    ///
    /// # Errors
    /// That what should stand there does not, or not once.
    pub fn made(&self, tree: &Path) -> Result<String> {
        let text = fs::read_to_string(tree.join(&self.file)).with_context(|| self.file.clone())?;
        let times = text.matches(&self.was).count();
        ensure!(times == 1, "{}: {:?} stands there {times} times", self.file, self.was);
        Ok(text.replace(&self.was, &self.becomes))
    }
}
