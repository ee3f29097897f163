//! Owns `sync` and `rescan`: the wallet at the peers' tip, then the end.

use std::time::Duration;

use billfold_wallet_core::command::{Command, Reply};
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::service::{Access, Reach};

use crate::cli::chain::{RescanArgs, SyncArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::session::farewell::stay_for_announcements;
use crate::session::follow::{Patience, follow};
use crate::session::{Session, unexpected};

/// Follows the chain to the peers' tip.
///
/// # Errors
/// As [`follow`], and why the wallet did not open.
pub(super) async fn run(options: &SyncArgs, context: &mut Context) -> Result<(), Failure> {
    let patience = match options.timeout {
        Some(seconds) => Patience::InAll(Duration::from_secs(seconds)),
        None => Patience::WhileItMoves,
    };
    let followed = Session::with(context, Access::View, Reach::Online, async |session, context| {
        let followed = follow(session, context, patience).await?;
        stay_for_announcements(session, context).await?;
        Ok(followed)
    })
    .await?;
    context.output.result(&followed)
}

/// Scans again, then follows the chain to the peers' tip.
///
/// # Errors
/// As [`run`]; `height_above_tip`.
pub(super) async fn rescan(options: &RescanArgs, context: &mut Context) -> Result<(), Failure> {
    let from = options.from.map(Height::new);
    let followed =
        Session::with(context, Access::View, Reach::Online, async |session, context| match session
            .ask(Command::Rescan { from }, context)
            .await?
        {
            Reply::Done => {
                let followed = follow(session, context, Patience::WhileItMoves).await?;
                stay_for_announcements(session, context).await?;
                Ok(followed)
            }
            reply => Err(unexpected(&reply)),
        })
        .await?;
    context.output.result(&followed)
}
