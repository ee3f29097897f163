//! Owns `export history`: transactions for bookkeeping, in a file or to standard output.

use billfold_tui::bookkeeping::{self, Form, Record};
use billfold_wallet_core::command::{Command, Reply};
use serde::Serialize;

use super::destination;
use crate::cli::labelling::{ExportHistoryArgs, HistoryFormat};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Canvas, Report};
use crate::session::{Session, unexpected};

/// Writes the history.
///
/// # Errors
/// `file_exists`, `io`, or why the wallet did not open or answer.
pub(super) async fn run(options: &ExportHistoryArgs, context: &mut Context) -> Result<(), Failure> {
    let command = Command::History(options.part.query());
    let reply = Session::ask_stored(command, context).await?;
    let Reply::History(rows) = reply else { return Err(unexpected(&reply)) };
    let form = form(options, context.run.style.json);
    let export = Export { form, records: bookkeeping::records(&rows) };
    let Some(path) = &options.file else { return context.output.result(&export) };
    let text = bookkeeping::text(&export.records, form) + "\n";
    destination::write(path, &text, export.records.len(), context)
}

fn form(options: &ExportHistoryArgs, json: bool) -> Form {
    match (options.format, &options.file) {
        (Some(HistoryFormat::Json), _) => Form::Json,
        (None, Some(path)) => Form::of(path),
        (None, None) if json => Form::Json,
        (Some(HistoryFormat::Csv), _) | (None, None) => Form::Csv,
    }
}

struct Export {
    form: Form,
    records: Vec<Record>,
}

impl Serialize for Export {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.records.serialize(serializer)
    }
}

impl Report for Export {
    fn for_people(&self, _canvas: Canvas) -> String {
        bookkeeping::text(&self.records, self.form)
    }
}
