//! Owns the screens' beginning and end, for a person's own wallets and for those of the demonstration:
//! the chain is followed from the first moment, here or by the daemon that does already, the wallet opens
//! with its password, and all is closed however they ended.

use std::sync::Arc;
use std::thread;

use billfold_rpc::client::face::RemoteFace;
use billfold_tui::model::Model;
use billfold_tui::runtime::stage::Stage;
use billfold_tui::runtime::{Around, Ended, lines};
use billfold_tui::theme::Theme;
use billfold_wallet_core::config::Settings;
use billfold_wallet_core::face::Face;
use billfold_wallet_core::service::{self, Access, Reach, Service};

use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::screens::guest::Guest;
use crate::screens::reader::AtTerminal;
use crate::session::{self, attached};

mod guest;
mod keys;
mod reader;

/// Shows the screens until the person ends them; what they want next.
///
/// # Errors
/// `no_peer`, `other_version`, why the directory can't be used, or that the terminal is gone.
pub(crate) async fn show(
    settings: Settings,
    around: Around,
    context: &mut Context,
) -> Result<Ended, Failure> {
    let existing = service::wallets(&settings).map_err(Failure::from)?;
    let daemon = attached::daemon_of(&settings, context).await?;
    if daemon.is_none() {
        session::needs_peers(&settings)?;
    }
    let theme = Theme { colour: context.output.colour() };
    let exists = existing.contains(&settings.wallet);
    let model = match (exists, &around.playground) {
        (true, _) => Model::new,
        (false, None) => Model::first,
        (false, Some(_)) => Model::playing,
    };
    let model = model(settings.wallet.clone(), settings.network, keys::read()?, theme);
    let gone = |error| Failure::new(Kind::Io, format!("the terminal can't be used: {error}"));
    if context.run.style.plain {
        let face = face(&settings, daemon)?;
        let reader = AtTerminal::open()?;
        let ends = context.interrupt.came();
        let ended = lines::run(model, Arc::clone(&face), around, &reader, ends).await;
        face.close().await;
        return ended.map_err(gone);
    }
    // A chain of a million headers takes a while to be read; the password can be asked for meanwhile.
    let stage = Stage::raise(model, around.mouse).map_err(gone)?;
    let face = face(&settings, daemon)?;
    let ended = stage.play(Arc::clone(&face), around, context.interrupt.came()).await;
    face.close().await;
    ended.map_err(gone)
}

/// Who has the wallets: the daemon of the directory, or this process.
fn face(settings: &Settings, daemon: Option<RemoteFace>) -> Result<Arc<dyn Face>, Failure> {
    if let Some(daemon) = daemon {
        return Ok(Arc::new(Guest::new(daemon, settings.clone())));
    }
    // On a thread of its own, since a chain may not be opened inside a runtime.
    let open = || Service::open_all(settings, &[], Access::View, Reach::Online);
    let opened = thread::scope(|scope| scope.spawn(open).join());
    Ok(Arc::new(opened.map_err(|_panicked| Failure::bug())??))
}

#[cfg(test)]
mod tests {
    use billfold_tui::action::Verb;
    use billfold_tui::script;
    use clap::Parser as _;

    use crate::cli::Cli;

    /// Who pastes a command from the palette into a script is not told that there is none.
    #[test]
    fn every_command_that_the_palette_tells_is_one() {
        let txid = "a".repeat(64);
        for command in Verb::ALL.into_iter().filter_map(script::command) {
            let filled = command
                .replace("TXID", &txid)
                .replace(":N", ":0")
                .replace("AMOUNT", "25k")
                .replace("ACCOUNT", "taproot")
                .replace("ADDRESS", "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080");
            if let Err(error) = Cli::try_parse_from(filled.split(' ')) {
                panic!("{command}: {error}");
            }
        }
    }
}
