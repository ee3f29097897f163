//! Owns `completions`: the script that makes a shell complete this program's command line.
//!
//! Refuses to install it: where it belongs is the user's to say.

use clap::CommandFactory;
use serde::Serialize;

use crate::cli::Cli;
use crate::cli::keeping::CompletionsArgs;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Report};

/// Prints the script.
///
/// # Errors
/// `io`.
pub(super) fn run(options: &CompletionsArgs, context: &mut Context) -> Result<(), Failure> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    clap_complete::generate(options.shell, &mut command, "billfold", &mut script);
    let script = String::from_utf8(script)
        .map_err(|_| Failure::new(Kind::Bug, "the script of completions is not text"))?;
    context.output.result(&CompletionsReport { script: script.trim_end().to_owned() })
}

/// The script.
#[derive(Debug, Serialize)]
struct CompletionsReport {
    script: String,
}

impl Report for CompletionsReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        self.script.clone()
    }
}
