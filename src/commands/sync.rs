//! Owns `sync` and `rescan`: the wallet at the peers' tip, then the end.

use std::time::Duration;

use billfold_wallet_core::command::{Command, Reply};
use billfold_wallet_core::config::LookAhead;
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::service::{Access, Reach};
use serde::Serialize;

use super::describe;
use super::search_form::SearchForm;

use crate::cli::chain::{RescanArgs, SyncArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Canvas, Report};
use crate::session::fallen;
use crate::session::farewell::stay_for_announcements;
use crate::session::follow::{Followed, Patience, follow};
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
    let work = async |session: &mut Session, context: &mut Context| {
        to_tip(session, context, patience).await
    };
    let mut synced = Session::with(context, Access::View, Reach::Online, work).await?;
    synced.is_news &= synced.restored;
    context.output.result(&synced)
}

/// Scans again, then follows the chain to the peers' tip.
///
/// # Errors
/// As [`run`]; `height_above_tip`.
pub(super) async fn rescan(options: &RescanArgs, context: &mut Context) -> Result<(), Failure> {
    let from = options.from.map(Height::new);
    let work = async |session: &mut Session, context: &mut Context| match session
        .ask(Command::Rescan { from }, context)
        .await?
    {
        Reply::Done => to_tip(session, context, Patience::WhileItMoves).await,
        reply => Err(unexpected(&reply)),
    };
    let synced = Session::with(context, Access::View, Reach::Online, work).await?;
    context.output.result(&synced)
}

/// Follows the chain to the peers' tip, and tells of the search if one came to its end there.
///
/// # Errors
/// As [`follow`].
pub(super) async fn to_tip(
    session: &mut Session,
    context: &mut Context,
    patience: Patience,
) -> Result<Synced, Failure> {
    let mut followed = follow(session, context, patience).await?;
    stay_for_announcements(session, context).await?;
    followed.fallen.extend(fallen::tell(session, context).await);
    let wallet = describe::of(session, context).await?;
    let ended = followed.searched;
    Ok(Synced {
        followed,
        search: ended.then(|| SearchForm::new(&wallet)),
        is_news: ended,
        restored: wallet.search.accounts.len() > 1
            || wallet.search.accounts.iter().any(|one| one.gap > LookAhead::NEW.receive),
    })
}

/// The tip, and the search that ended there.
#[derive(Debug, Serialize)]
pub(super) struct Synced {
    #[serde(flatten)]
    followed: Followed,
    pub(super) search: Option<SearchForm>,
    /// Whether a person should read of the search.
    #[serde(skip)]
    is_news: bool,
    /// Whether others may have given out addresses of the wallet.
    #[serde(skip)]
    restored: bool,
}

impl Report for Synced {
    fn for_people(&self, canvas: Canvas) -> String {
        let followed = self.followed.for_people(canvas);
        match self.search.as_ref().filter(|_| self.is_news) {
            Some(search) => format!("{followed}\n\n{}", search.for_people()),
            None => followed,
        }
    }
}
