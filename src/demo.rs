//! Owns `billfold demo`. (being built)

use crate::cli::DemoArgs;
use crate::context::Context;
use crate::failure::{Failure, Kind};

/// Runs the demonstration.
///
/// # Errors
/// Where the story went wrong.
#[allow(clippy::unused_async, reason = "the story waits for a network")]
pub(crate) async fn run(_options: &DemoArgs, _context: &mut Context) -> Result<(), Failure> {
    Err(Failure::new(Kind::DemoFailed, "the demonstration is not built yet"))
}
