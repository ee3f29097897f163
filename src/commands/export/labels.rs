//! Owns `export labels`: BIP329, a record a line.

use billfold_wallet_core::command::{Command, LabelQuery, Reply};
use billfold_wallet_core::labels::bip329;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::destination;
use crate::cli::labelling::ExportLabelsArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Canvas, Report};
use crate::session::{Session, unexpected};

/// Writes all labels.
///
/// # Errors
/// `file_exists`, `io`, or why the wallet did not open or answer.
pub(super) async fn run(options: &ExportLabelsArgs, context: &mut Context) -> Result<(), Failure> {
    let reply = Session::ask_stored(Command::Labels(LabelQuery::All), context).await?;
    let Reply::Labels(labels) = reply else { return Err(unexpected(&reply)) };
    let lines: Vec<_> = labels.iter().map(bip329::line).collect();
    match &options.file {
        Some(path) => {
            let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
            destination::write(path, &text, lines.len(), context)
        }
        None => context.output.result(&LabelsReport(lines)),
    }
}

/// Records as lines for people, as an array for programs.
struct LabelsReport(Vec<String>);

impl Serialize for LabelsReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let records: Result<Vec<Value>, _> =
            self.0.iter().map(|line| serde_json::from_str(line)).collect();
        records.map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl Report for LabelsReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        self.0.join("\n")
    }
}
