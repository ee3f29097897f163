//! Owns `import labels`: what another wallet says of things, and which of two labels stays.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use billfold_wallet_core::command::{
    Command, Conflicts, ImportedLabels, LabelConflict, LabelImport, Reply,
};
use billfold_wallet_core::labels::{self, LabelFile, RefusedRecord};
use billfold_wallet_core::limits::LABEL_FILE_BYTES;
use billfold_wallet_core::service::{Access, Reach};
use serde::Serialize;

use crate::cli::labelling::ImportLabelsArgs;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Report, figures};
use crate::session::{Session, unexpected};

/// Takes labels in, and tells what of it was new.
///
/// # Errors
/// `io` if the file can't be read, `bad_labels` if it holds none, or why the wallet did not open or
/// answer.
pub(super) async fn run(options: &ImportLabelsArgs, context: &mut Context) -> Result<(), Failure> {
    let bytes = read(&options.file).map_err(|error| {
        let path = options.file.display().to_string();
        Failure::new(Kind::Io, format!("{path} can't be read: {error}")).with("path", path)
    })?;
    let mut file = labels::read(&bytes, context.run.settings.network)?;
    if let (true, 0, Some(first)) = (file.labels.is_empty(), file.ignored, file.refused.first()) {
        let Refused { line, reason } = Refused::new(first);
        let message =
            format!("no line of the file is a label (line {line}: {reason}): export it again");
        return Err(Failure::new(Kind::BadLabels, message).with("line", line));
    }
    let import = LabelImport {
        labels: std::mem::take(&mut file.labels),
        conflicts: if options.overwrite { Conflicts::TakeTheirs } else { Conflicts::KeepOurs },
        dry_run: options.dry_run,
    };
    let records = import.labels.len();
    let command = Command::ImportLabels(import);
    let reply = Session::with(context, Access::View, Reach::Offline, async |session, _context| {
        session.ask_to_the_end(command).await
    })
    .await?;
    let Reply::ImportedLabels(imported) = reply else { return Err(unexpected(&reply)) };
    context.output.result(&ImportReport::new(options, &file, records, &imported))
}

/// Reads no more than a file of labels can have, and a byte to see that it is longer.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(LABEL_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(LABEL_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// What an import did, or would do.
#[derive(Debug, Serialize)]
struct ImportReport {
    format: &'static str,
    dry_run: bool,
    records: usize,
    added: u64,
    same: u64,
    conflicts: Vec<Conflict>,
    overwritten: bool,
    unknown: u64,
    frozen: u64,
    unfrozen: u64,
    cut: u64,
    ignored: u64,
    refused: Vec<Refused>,
}

#[derive(Debug, Serialize)]
struct Conflict {
    r#type: &'static str,
    r#ref: String,
    ours: String,
    theirs: String,
}

#[derive(Debug, Serialize)]
struct Refused {
    line: u64,
    reason: String,
}

impl ImportReport {
    fn new(
        options: &ImportLabelsArgs,
        file: &LabelFile,
        records: usize,
        imported: &ImportedLabels,
    ) -> Self {
        Self {
            format: file.format.name(),
            dry_run: options.dry_run,
            records,
            added: imported.added,
            same: imported.same,
            conflicts: imported.conflicts.iter().map(Conflict::new).collect(),
            overwritten: options.overwrite,
            unknown: imported.unknown,
            frozen: imported.frozen,
            unfrozen: imported.unfrozen,
            cut: file.cut,
            ignored: file.ignored,
            refused: file.refused.iter().map(Refused::new).collect(),
        }
    }
}

impl Conflict {
    fn new(conflict: &LabelConflict) -> Self {
        Self {
            r#type: conflict.reference.kind(),
            r#ref: conflict.reference.to_string(),
            ours: conflict.ours.clone(),
            theirs: conflict.theirs.clone(),
        }
    }
}

impl Refused {
    fn new(record: &RefusedRecord) -> Self {
        Self { line: record.line, reason: record.problem.to_string() }
    }
}

impl Report for ImportReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let mut lines = Vec::new();
        if self.dry_run {
            lines.push("Nothing was done. An import would do this:".to_owned());
        }
        lines.push(format!(
            "{} read ({}): {} added, {} the same",
            figures::count(self.records as u64, "record"),
            self.format,
            self.added,
            self.same
        ));
        let others = [
            (self.unknown, "about what this wallet does not know (yet); kept"),
            (self.frozen, "coins frozen"),
            (self.unfrozen, "coins given free"),
            (self.cut, "too long, and cut"),
            (self.ignored, "of another kind or empty, and passed over"),
        ];
        lines.extend(others.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
        for conflict in &self.conflicts {
            let stays = if self.overwritten { "now" } else { "stays" };
            lines.push(format!(
                "differs: {}\n    here   {}\n    there  {}\n    {stays} as it is {}",
                conflict.r#ref,
                figures::foreign(&conflict.ours),
                figures::foreign(&conflict.theirs),
                if self.overwritten { "there" } else { "here (--overwrite takes the other)" },
            ));
        }
        for refused in &self.refused {
            lines.push(format!("line {} is left out: {}", refused.line, refused.reason));
        }
        lines.join("\n")
    }
}
