//! Owns `export`: what the wallet knows, in files that other programs read.

mod destination;
mod descriptors;
mod history;
mod labels;

use crate::cli::labelling::ExportCommand;
use crate::context::Context;
use crate::failure::Failure;

/// Writes something out.
///
/// # Errors
/// `file_exists`, `io`, or why the wallet did not open or answer.
pub(super) async fn run(command: ExportCommand, context: &mut Context) -> Result<(), Failure> {
    match command {
        ExportCommand::Descriptors(options) => descriptors::run(&options, context).await,
        ExportCommand::Labels(options) => labels::run(&options, context).await,
        ExportCommand::History(options) => history::run(&options, context).await,
    }
}
