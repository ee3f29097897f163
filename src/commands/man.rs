//! Owns `man`: the manual pages of this program, from the same definition as its help.
//!
//! Refuses to install them: where they belong is a package's to say.

use std::path::PathBuf;

use clap::CommandFactory;
use serde::Serialize;

use crate::cli::Cli;
use crate::cli::keeping::ManArgs;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Report};

/// Writes one page for the program and one for each command.
///
/// # Errors
/// `io`.
pub(super) fn run(options: ManArgs, context: &mut Context) -> Result<(), Failure> {
    let command = Cli::command().name("billfold");
    clap_mangen::generate_to(command, &options.directory).map_err(|error| {
        let place = options.directory.display();
        Failure::new(Kind::Io, format!("the pages can't be written to {place}: {error}"))
    })?;
    context.output.result(&ManReport { directory: options.directory })
}

/// Where the pages are.
#[derive(Debug, Serialize)]
struct ManReport {
    directory: PathBuf,
}

impl Report for ManReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let directory = self.directory.display();
        format!("The pages are in {directory}\nRead one: man {directory}/billfold.1")
    }
}
