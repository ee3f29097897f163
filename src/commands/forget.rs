//! Owns `forget`: a payment that will never be in a block is given up, and its coins are free.

use billfold_wallet_core::command::{Command, Reply};
use bitcoin::Txid;
use serde::Serialize;

use crate::cli::paying::ForgetArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Canvas, Report};
use crate::session::{Session, unexpected};

/// Gives a waiting payment up.
///
/// # Errors
/// `no_such_transaction`, `cannot_abandon`, or why the wallet did not open.
pub(super) async fn run(options: &ForgetArgs, context: &mut Context) -> Result<(), Failure> {
    let reply = Session::ask_stored(Command::Abandon(options.txid), context).await?;
    let Reply::Done = reply else { return Err(unexpected(&reply)) };
    context.output.result(&ForgetReport { txid: options.txid })
}

#[derive(Debug, Serialize)]
struct ForgetReport {
    txid: Txid,
}

impl Report for ForgetReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        format!(
            "{} is given up: its coins are free, and it is announced no more. Should a block hold \
             it one day, it counts.",
            self.txid
        )
    }
}
