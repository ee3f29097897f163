//! Owns `billfold demo`: a play-money network in this process, with wallets like any other and an
//! emulated signer, in a directory that is removed at the end. At a terminal the screens open on it, and a
//! person tries them; without one, or when asked to, the program tells one whole story.
//!
//! Refuses the user's own directory, peers and wallets: the options that name them have no part in
//! it. Each step of the story is checked before it is told.

mod step;
mod actor;
mod cast;
mod emulator;
mod person;
mod carol;
mod scene;
mod neighbour;
mod desk;

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Instant;

use billfold_tui::runtime::Around;
use billfold_wallet_core::config::Settings;
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use bitcoin::Network;
use tempfile::TempDir;

use crate::checkup::Here;
use crate::cli::DemoArgs;
use crate::context::Context;
use crate::demo::desk::Desk;
use crate::demo::scene::Scene;
use crate::demo::step::{Ending, Step};
use crate::failure::{Failure, Kind};
use crate::output::Output;
use crate::screens;

/// Runs the demonstration.
///
/// # Errors
/// `demo_failed` with what was expected and what was seen, or why a wallet did not do its part.
pub(crate) async fn run(options: &DemoArgs, context: &mut Context) -> Result<(), Failure> {
    let by_itself = options.headless || context.run.style.json || context.run.style.plain;
    let is_watched = io::stdin().is_terminal() && io::stdout().is_terminal();
    if is_watched && !by_itself {
        return play(context).await;
    }
    let dir = directory()?;
    let Context { output, interrupt, .. } = context;
    let told = interrupt.or(tell(&dir, output, options.headless)).await.flatten();
    told.and(removed(dir))
}

/// Opens the screens at a desk with play money, until the person ends them.
///
/// # Errors
/// If the desk can't be set up, or the terminal is gone.
pub(crate) async fn play(context: &mut Context) -> Result<(), Failure> {
    let dir = directory()?;
    let (desk, neighbour) = Desk::set_up(dir.path())?;
    let settings = Settings {
        connect: vec![PeerAddress::Ip(desk.address())],
        idle_lock: context.run.settings.idle_lock,
        ..Settings::new(Network::Regtest, dir.path().join("yours"))
    };
    let signer = desk.signer().clone();
    let mouse = context.run.mouse;
    let machine = Arc::new(Here { settings: settings.clone(), mouse });
    let around = Around { signer, mouse, machine, playground: Some(desk) };
    let shown = screens::show(settings, around, context).await;
    let left = neighbour.leave().await;
    shown.map(drop).and(left).and(removed(dir))
}

fn directory() -> Result<TempDir, Failure> {
    tempfile::Builder::new().prefix("billfold-demo-").tempdir().map_err(|error| no_dir(&error))
}

fn removed(dir: TempDir) -> Result<(), Failure> {
    dir.close().map_err(|error| no_dir(&error))
}

fn no_dir(error: &io::Error) -> Failure {
    Failure::new(Kind::Io, format!("no temporary directory: {error}"))
}

/// Tells the story. The wallets are closed when this returns or is dropped.
async fn tell(dir: &TempDir, output: &mut Output, headless: bool) -> Result<(), Failure> {
    let started = Instant::now();
    let mut steps = 0;
    let mut show = |step: Step| {
        steps += 1;
        output.result(&step)
    };
    let (mut scene, opening) = Scene::open(dir.path()).await?;
    for step in opening {
        show(step)?;
    }
    show(scene.mine().await?)?;
    show(scene.receive().await?)?;
    show(scene.pay().await?)?;
    show(scene.confirm_payment().await?)?;
    show(scene.drop_payment().await?)?;
    show(scene.bump().await?)?;
    show(scene.restart().await?)?;
    show(scene.confirm_again().await?)?;
    show(scene.compare().await?)?;
    show(scene.refuse().await?)?;
    show(scene.sign().await?)?;
    let balances = scene.end().await?;
    output.result(&Ending::new(steps, started.elapsed(), balances, headless))
}
