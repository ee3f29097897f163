//! Owns billfold's run: the service of an encrypted wallet, as every face opens it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use billfold_tests::program::PASSWORD;
use billfold_tests::quick_wallet;
use billfold_tests::synthetic::recipe::Recipe;
use billfold_wallet_core::command::{Birthday, Command, Reply};
use billfold_wallet_core::config::{LookAhead, Settings};
use billfold_wallet_core::event::Event;
use billfold_wallet_core::face::Conversation;
use billfold_wallet_core::keychain::ScriptType;
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use billfold_wallet_core::service::{Access, Reach, Service};
use billfold_wallet_core::vault::Password;
use bitcoin::Network;

use crate::measured::Measured;
use crate::options::Options;

/// Makes the wallet that is paid. Its look-ahead gives the number of scripts.
pub(crate) fn make_wallet(dir: &Path, options: &Options) -> Result<()> {
    let change = options.scripts / 5;
    let look_ahead = LookAhead { receive: options.scripts - change, change };
    let birthday = Birthday::Height(Height::GENESIS);
    quick_wallet::make(&settings(dir, &[], options), &[ScriptType::Segwit], birthday, look_ahead)
}

/// Opens the wallet and waits until it is at the tip.
pub(crate) fn run(
    dir: &Path,
    peers: &[SocketAddr],
    options: &Options,
    recipe: &Recipe,
) -> Result<Measured> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let settings = settings(dir, peers, options);
    let password = Password::new(PASSWORD)?;
    let start = Instant::now();
    let service = Service::open(&settings, &password, Access::View, Reach::Online)?;
    let mut wallet = Conversation::new(service, settings.wallet);
    runtime.block_on(async {
        loop {
            match wallet.next_event().await.context("the wallet ended")? {
                Event::Synced { tip, .. } if tip.height.to_u32() == options.blocks() => break,
                Event::Stopped { error } => bail!(error),
                _ => {}
            }
        }
        let took = start.elapsed();
        let Reply::Balance(balance) = wallet.ask(Command::Balance).await? else {
            bail!("no balance");
        };
        wallet.close().await;
        Ok(Measured::after(took, balance.total.confirmed == recipe.paid_in_all()))
    })
}

fn settings(dir: &Path, peers: &[SocketAddr], options: &Options) -> Settings {
    Settings {
        connect: peers.iter().map(|peer| PeerAddress::Ip(*peer)).collect(),
        filters_disk: options.filters_disk(),
        ..Settings::new(Network::Regtest, dir.to_owned())
    }
}
