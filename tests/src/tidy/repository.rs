//! Owns the walk over the repository: which files are read.
//!
//! Refuses build output, hidden folders and anything that is not text.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::source::Source;

/// The files of the repository.
#[derive(Debug)]
pub struct Repository {
    /// All Rust files, by path.
    pub sources: Vec<Source>,
    /// All text files (Rust, Markdown, TOML, scripts): path from the root, and text.
    pub texts: Vec<(String, String)>,
}

impl Repository {
    /// Reads the repository that this crate belongs to.
    ///
    /// # Errors
    /// The reason, if a file can't be read or is not Rust.
    pub fn read() -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let root = root.canonicalize().map_err(|error| format!("{}: {error}", root.display()))?;
        let mut files = Vec::new();
        walk(&root, &mut files).map_err(|error| format!("{}: {error}", root.display()))?;
        files.sort();
        let mut repository = Self { sources: Vec::new(), texts: Vec::new() };
        for file in files {
            let text = fs::read_to_string(&file)
                .map_err(|error| format!("{}: {error}", file.display()))?;
            let path = relative(&root, &file);
            if file.extension().is_some_and(|extension| extension == "rs") {
                repository.sources.push(Source::read(&path, &text)?);
            }
            repository.texts.push((path, text));
        }
        Ok(repository)
    }

    /// The text of one file.
    ///
    /// # Errors
    /// That it is not there.
    pub fn text(&self, path: &str) -> Result<&str, String> {
        let found = self.texts.iter().find(|(candidate, _)| candidate == path);
        found.map(|(_, text)| text.as_str()).ok_or_else(|| format!("{path} is not there"))
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            if !SKIPPED_FOLDERS.contains(&name.as_str()) {
                walk(&entry.path(), files)?;
            }
        } else if is_text(&entry.path()) {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn is_text(file: &Path) -> bool {
    let in_ci =
        file.parent().is_some_and(|folder| folder.file_name().is_some_and(|name| name == ".ci"));
    in_ci || file.extension().is_some_and(|e| TEXT_EXTENSIONS.iter().any(|text| e == *text))
}

fn relative(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).to_string_lossy().replace('\\', "/")
}

const SKIPPED_FOLDERS: [&str; 5] = [".git", "target", "artifacts", "corpus", "node_modules"];
const TEXT_EXTENSIONS: [&str; 7] = ["rs", "md", "toml", "sh", "yml", "py", "sql"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_file_is_read_and_build_output_is_not() {
        let repository = Repository::read().unwrap();
        assert!(repository.sources.iter().any(|s| s.path == "tests/src/tidy/repository.rs"));
        assert!(repository.text("Cargo.toml").unwrap().contains("[workspace]"));
        assert!(repository.texts.iter().all(|(path, _)| !path.starts_with("target/")));
    }
}
