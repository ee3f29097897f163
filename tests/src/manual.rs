//! Owns the pages of `docs/manual` as programs: what a page says is done, and what it shows is
//! compared with what was said. `tests/tests/manual.rs` describes the form of a page.
//!
//! Refuses a page whose examples can't be run: a step that is not understood is an error with its
//! line.

pub mod page;
pub mod pattern;
pub mod stage;

use std::path::Path;
use std::{env, fs};

use anyhow::{Context, Result};

use crate::node::software::Software;
use page::Page;
use stage::Stage;

/// Runs a page from its beginning to its end, with a node and a data directory of its own.
///
/// # Errors
/// The page and line where what happened differs from what is written, or what the system said.
pub fn run(executable: &str, path: &Path, software: Software) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = fs::read_to_string(path).with_context(|| name.clone())?;
    let page = Page::parse(&text).with_context(|| name.clone())?;
    let mut stage = Stage::build(Path::new(executable), software)?;
    let told = env::var_os("BILLFOLD_MANUAL_TELL").is_some();
    for step in &page.steps {
        stage.act(&step.act, told).with_context(|| format!("{name}, line {}", step.line))?;
    }
    Ok(())
}
