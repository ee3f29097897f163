//! Owns `import`: what other programs wrote, taken into the wallet.

mod labels;

use super::account;
use crate::cli::labelling::ImportCommand;
use crate::context::Context;
use crate::failure::Failure;

/// Takes something in.
///
/// # Errors
/// Why it can't be read, or why the wallet did not open or answer.
pub(super) async fn run(command: ImportCommand, context: &mut Context) -> Result<(), Failure> {
    match command {
        ImportCommand::Descriptors(options) => account::import(&options, context).await,
        ImportCommand::Labels(options) => labels::run(&options, context).await,
    }
}
