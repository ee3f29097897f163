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
    /// The test.
    pub found_by: String,
    /// Whether it can't be chosen when the test runs.
    #[serde(default)]
    pub alone: bool,
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
    /// Makes the mistake in the file of a tree; unless it is one that is built alone, only for who
    /// runs with its name in [`CHOSEN`].
    ///
    /// # Errors
    /// That what should stand there does not, or not once.
    pub fn make(&self, tree: &Path) -> Result<()> {
        let path = tree.join(&self.file);
        Ok(fs::write(path, self.made(tree)?)?)
    }

    /// The file with the mistake.
    ///
    /// # Errors
    /// As those of [`make`](Self::make).
    pub fn made(&self, tree: &Path) -> Result<String> {
        let text = fs::read_to_string(tree.join(&self.file)).with_context(|| self.file.clone())?;
        let times = text.matches(&self.was).count();
        ensure!(times == 1, "{}: {:?} stands there {times} times", self.file, self.was);
        let Self { name, was, becomes, .. } = self;
        let chosen = format!("::std::env::var_os({CHOSEN:?}).is_some_and(|name| name == {name:?})");
        let either = match (self.alone, was.ends_with(';')) {
            (true, _) => becomes.clone(),
            (false, true) => format!("{{ if {chosen} {{ {becomes} }} else {{ {was} }} }}"),
            (false, false) => format!("(if {chosen} {{ {becomes} }} else {{ {was} }})"),
        };
        Ok(text.replace(was, &either))
    }
}

/// The variable of the environment that chooses a mistake.
pub const CHOSEN: &str = "BILLFOLD_MISTAKE";
