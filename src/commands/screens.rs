//! Owns the program without a command: the screens of the wallet that the settings name.
//!
//! Refuses to open where nobody looks: a script gets an error that says what to do.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use billfold_tui::effect::Trial;
use billfold_tui::runtime::{Around, Ended};
use billfold_wallet_core::config::Settings;
use billfold_wallet_core::signer_host::place::Place;
use bitcoin::Network;

use crate::checkup::Here;
use crate::context::Context;
use crate::demo;
use crate::failure::{Failure, Kind};
use crate::screens;

/// Shows the screens until the person ends them.
///
/// # Errors
/// `no_terminal`, `no_peer`, why the directory can't be used, or that the terminal is gone.
pub(super) async fn run(context: &mut Context) -> Result<(), Failure> {
    if context.run.style.json || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        let told = "there is no terminal for the screens: name a command, see billfold --help";
        return Err(Failure::new(Kind::NoTerminal, told));
    }
    let mut settings = context.run.settings.clone();
    loop {
        let mouse = context.run.mouse;
        let machine = Arc::new(Here { settings: settings.clone(), mouse });
        let around = Around { signer: signer()?, mouse, machine, playground: None };
        match screens::show(settings.clone(), around, context).await? {
            Ended::Done => return Ok(()),
            Ended::Try(Trial::Demonstration) => return demo::play(context).await,
            Ended::Try(Trial::Signet) => {
                let own = &context.run.settings;
                settings = Settings {
                    filters_disk: own.filters_disk,
                    idle_lock: own.idle_lock,
                    proxy: own.proxy,
                    ..Settings::new(Network::Signet, own.data_dir.clone())
                };
            }
        }
    }
}

/// The signing device that the environment names, as for the commands; else the one that is plugged in.
fn signer() -> Result<Place, Failure> {
    match std::env::var("BILLFOLD_SIGNER") {
        Ok(named) if !named.is_empty() => named
            .parse()
            .map_err(|error| Failure::new(Kind::Usage, format!("BILLFOLD_SIGNER: {error}"))),
        _ => Ok(Place::Usb),
    }
}
