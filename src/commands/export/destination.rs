//! Owns where an export goes: a new file that its owner alone can read, or standard output.
//!
//! Refuses to replace a file.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Report, figures};

/// Writes an export into a file and tells so.
///
/// # Errors
/// `file_exists` or `io`.
pub(super) fn write(
    path: &Path,
    text: &str,
    records: usize,
    context: &mut Context,
) -> Result<(), Failure> {
    let shown = path.display().to_string();
    create(path, text).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            let message = format!("{shown} is there already: name a file that is not");
            Failure::new(Kind::FileExists, message).with("path", shown.clone())
        }
        _ => Failure::new(Kind::Io, format!("{shown} can't be written: {error}"))
            .with("path", shown.clone()),
    })?;
    context.output.result(&Written { file: shown, records })
}

fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    #[cfg(unix)]
    {
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        File::open(dir.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// What was written.
#[derive(Debug, Serialize)]
struct Written {
    file: String,
    records: usize,
}

impl Report for Written {
    fn for_people(&self, _canvas: Canvas) -> String {
        format!("{} written to {}", figures::count(self.records as u64, "record"), self.file)
    }
}
