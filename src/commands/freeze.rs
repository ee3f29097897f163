//! Owns `freeze` and `unfreeze`: coins that nothing spends until they are given free.

use billfold_wallet_core::command::{Command, Reply};
use bitcoin::OutPoint;
use serde::Serialize;

use crate::cli::paying::FreezeArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Canvas, Report, figures};
use crate::session::{Session, unexpected};

/// Freezes coins, or gives them free.
///
/// # Errors
/// `no_such_coin`, or why the wallet did not open.
pub(super) async fn run(
    options: FreezeArgs,
    frozen: bool,
    context: &mut Context,
) -> Result<(), Failure> {
    let report = FreezeReport { coins: options.coins.clone(), frozen };
    let command = Command::Freeze { outpoints: options.coins, frozen };
    let reply = Session::ask_stored(command, context).await?;
    let Reply::Done = reply else { return Err(unexpected(&reply)) };
    context.output.result(&report)
}

#[derive(Debug, Serialize)]
struct FreezeReport {
    coins: Vec<OutPoint>,
    frozen: bool,
}

impl Report for FreezeReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let coins = figures::count(self.coins.len() as u64, "coin");
        let said = if self.frozen { "frozen: nothing spends them" } else { "free again" };
        format!("{coins} {said}.")
    }
}
