//! Owns the desk of the demonstration, at which a person tries the screens: a signer whose display is
//! drawn over them, a miner who finds a block every minute, and Bob, who pays and is paid.
//!
//! Refuses to touch the person's wallet or to agree for them: what lies here is asked by the screens,
//! as the world is.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use billfold_devnet::Devnet;
use billfold_signer_core::press::Press;
use billfold_tui::play::{Button, Display, Granted, Playground, Wish};
use billfold_wallet_core::face::BoxFuture;
use billfold_wallet_core::signer_host::place::Place;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::{Mutex, oneshot, watch};

use crate::demo::emulator::{Emulator, Picture};
use crate::demo::neighbour::{self, Asked, Neighbour};
use crate::failure::{Failure, Kind};
use crate::output::figures;

/// What lies on the desk.
pub(super) struct Desk {
    network: Devnet,
    place: Place,
    buttons: UnboundedSender<Button>,
    display: Mutex<watch::Receiver<Display>>,
    neighbour: mpsc::Sender<Asked>,
}

impl Desk {
    /// Starts the network, switches the signer on, and lets Bob make his wallet in `dir`.
    ///
    /// # Errors
    /// `io` if the system does not give what it takes.
    pub(super) fn set_up(dir: &Path) -> Result<(Arc<Self>, Neighbour), Failure> {
        let failed = |error| Failure::new(Kind::Io, format!("the desk can't be set up: {error}"));
        let network = Devnet::start().map_err(failed)?;
        network.fund_faucet();
        let signer = Emulator::switch_on()?;
        let place = signer.place();
        let (buttons, pressed) = mpsc::unbounded_channel();
        let (shows, mut display) = watch::channel(display_of(&signer.picture()));
        // What it shows at first is news to whoever begins to look.
        display.mark_changed();
        tokio::spawn(at_signer(signer, pressed, shows));
        tokio::spawn(mine(network.clone()));
        let (asks, neighbour) = neighbour::settle(dir, network.clone());
        let display = Mutex::new(display);
        let desk = Self { network, place, buttons, display, neighbour: asks };
        Ok((Arc::new(desk), neighbour))
    }

    /// Where the network is.
    pub(super) fn address(&self) -> SocketAddr {
        self.network.address()
    }

    /// Where the signer is.
    pub(super) const fn signer(&self) -> &Place {
        &self.place
    }

    async fn grant(&self, wish: Wish) -> Result<Granted, String> {
        if wish == Wish::Mine {
            let mined = self.network.mine(1, self.network.faucet_script());
            let blocks = mined.iter().filter_map(|hash| self.network.block(*hash));
            let payments: usize = blocks.map(|block| block.txdata.len() - 1).sum();
            let (height, _) = self.network.tip();
            let payments = match payments {
                0 => "nothing waited for it".to_owned(),
                some => format!("{} in it", figures::count(some as u64, "payment")),
            };
            let told = format!("Block {height} is mined; {payments}.");
            return Ok(Granted::Done(told));
        }
        let (answer, answered) = oneshot::channel();
        let gone = || "Bob has left: end the demonstration, and start it again".to_owned();
        self.neighbour.send(Asked { wish, answer }).await.map_err(|_gone| gone())?;
        answered.await.map_err(|_gone| gone())?
    }
}

impl Playground for Desk {
    fn display(&self) -> BoxFuture<'_, Display> {
        Box::pin(async {
            let mut display = self.display.lock().await;
            if display.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            display.borrow_and_update().clone()
        })
    }

    fn press(&self, button: Button) {
        // The signer is there as long as the desk.
        let _ = self.buttons.send(button);
    }

    fn wish(&self, wish: Wish) -> BoxFuture<'_, Result<Granted, String>> {
        Box::pin(self.grant(wish))
    }
}

/// Presses the signer's buttons in their order, and tells what it shows.
async fn at_signer(
    signer: Emulator,
    mut pressed: mpsc::UnboundedReceiver<Button>,
    shows: watch::Sender<Display>,
) {
    let mut pictures = signer.pictures();
    loop {
        tokio::select! {
            button = pressed.recv() => match button {
                Some(button) => drop(signer.press(press(button)).await),
                None => return,
            },
            changed = pictures.changed() => if changed.is_err() {
                return;
            },
        }
        let display = display_of(&pictures.borrow_and_update());
        shows.send_if_modified(|shown| {
            let differs = *shown != display;
            *shown = display;
            differs
        });
    }
}

/// Finds a block now and then, as long as anybody is on the network.
async fn mine(network: Devnet) {
    loop {
        tokio::time::sleep(BLOCK_TIME).await;
        network.mine(1, network.faucet_script());
    }
}

fn display_of(picture: &Picture) -> Display {
    let view = &picture.view;
    Display {
        title: view.title.clone(),
        rows: view.rows.clone(),
        selected: view.selected,
        footer: view.footer.clone(),
        awaited: picture.awaited,
    }
}

const fn press(button: Button) -> Press {
    match button {
        Button::Up => Press::Up,
        Button::Down => Press::Down,
        Button::Take => Press::Take,
        Button::Erase => Press::Erase,
        Button::Confirm => Press::Confirm,
        Button::Back => Press::Back,
        Button::Letter(letter) => Press::Letter(letter),
    }
}

/// Between two blocks: long enough to bump what waits, short enough to see it confirm.
const BLOCK_TIME: Duration = Duration::from_secs(60);
