//! Owns the emulated signer of the demonstration: the core that a real one runs, on a thread with a
//! port on loopback, whose display is read and whose buttons are pressed in this process.
//!
//! Refuses to press a button: nothing is agreed to unless somebody does.

use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc as blocking;
use std::thread;
use std::time::{Duration, Instant};

use billfold_signer_core::network::Network;
use billfold_signer_core::press::Press;
use billfold_signer_core::randomness::{NoRandomness, Randomness};
use billfold_signer_core::session::{Options, Session};
use billfold_signer_core::storage::{Storage, StorageFault};
use billfold_signer_core::time::Time;
use billfold_signer_core::unlocked::Board;
use billfold_signer_core::vault::KdfCost;
use billfold_signer_core::view::View;
use billfold_wallet_core::entropy;
use billfold_wallet_core::signer_host::place::Place;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};

use crate::failure::{Failure, Kind};

/// A signer that is switched on until this is dropped.
pub(super) struct Emulator {
    address: SocketAddr,
    buttons: mpsc::Sender<Pressed>,
    display: watch::Receiver<Picture>,
}

/// What a person at the signer sees.
#[derive(Clone)]
pub(super) struct Picture {
    /// What the display shows.
    pub(super) view: View,
    /// Whether a host waits for the person.
    pub(super) awaited: bool,
}

impl Emulator {
    /// Switches on a signer without keys.
    ///
    /// # Errors
    /// `io` if the system gives no port or no thread.
    pub(super) fn switch_on() -> Result<Self, Failure> {
        let failed = |error| Failure::new(Kind::Io, format!("the signer can't start: {error}"));
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(failed)?;
        let (buttons, pressed) = mpsc::channel(1);
        let (ready, first) = blocking::channel();
        let live = move || {
            let board = Board { storage: Box::new(Card(None)), randomness: Box::new(System) };
            let session = Session::new(board, options(), Time::default());
            let (shows, display) = watch::channel(Picture::of(&session));
            // Whoever switched it on waits for this.
            let _ = ready.send(display);
            let device = Device { session, started: Instant::now(), shows, host: None };
            runtime.block_on(device.live(listener, pressed))
        };
        let thread = thread::Builder::new().name("billfold-demo-signer".to_owned());
        thread.spawn(live).map_err(failed)?;
        let display = first.recv().map_err(|_panicked| Failure::bug())?;
        Ok(Self { address, buttons, display })
    }

    /// Where hosts reach it.
    pub(super) const fn place(&self) -> Place {
        Place::Tcp(self.address)
    }

    /// What the display shows now.
    pub(super) fn picture(&self) -> Picture {
        self.display.borrow().clone()
    }

    /// What the display shows, whenever it changes.
    pub(super) fn pictures(&self) -> watch::Receiver<Picture> {
        self.display.clone()
    }

    /// Presses a button; what the display shows then.
    ///
    /// # Errors
    /// `bug` if the signer is gone.
    pub(super) async fn press(&self, press: Press) -> Result<Picture, Failure> {
        let (shown, picture) = oneshot::channel();
        self.buttons.send(Pressed { press, shown }).await.map_err(|_gone| Failure::bug())?;
        picture.await.map_err(|_gone| Failure::bug())
    }

    /// Waits until the display shows what is wanted.
    ///
    /// # Errors
    /// `bug` if the signer is gone.
    pub(super) async fn until(
        &self,
        wanted: impl FnMut(&Picture) -> bool,
    ) -> Result<Picture, Failure> {
        let mut display = self.display.clone();
        let picture = display.wait_for(wanted).await.map_err(|_gone| Failure::bug())?;
        Ok(picture.clone())
    }
}

impl Picture {
    fn of(session: &Session) -> Self {
        Self { view: session.view(), awaited: session.is_awaited() }
    }
}

/// A button, and who wants to see what comes of it.
struct Pressed {
    press: Press,
    shown: oneshot::Sender<Picture>,
}

/// The device with what is around it.
struct Device {
    session: Session,
    started: Instant,
    shows: watch::Sender<Picture>,
    host: Option<TcpStream>,
}

impl Device {
    /// Serves one host after the other until nobody can press its buttons any more.
    async fn live(
        mut self,
        listener: std::net::TcpListener,
        mut buttons: mpsc::Receiver<Pressed>,
    ) -> io::Result<()> {
        let listener = TcpListener::from_std(listener)?;
        let mut buffer = vec![0; READ];
        loop {
            self.answer().await;
            self.show();
            let (working, deadline) = (self.session.is_working(), self.until_deadline());
            tokio::select! {
                biased;
                pressed = buttons.recv() => match pressed {
                    Some(Pressed { press, shown }) => {
                        self.session.press(press, self.now());
                        let picture = self.show();
                        // Somebody who went away sees nothing.
                        let _ = shown.send(picture);
                    }
                    None => return Ok(()),
                },
                Ok((host, _)) = listener.accept(), if self.host.is_none() => {
                    self.host = host.set_nodelay(true).is_ok().then_some(host);
                }
                read = read(self.host.as_mut(), &mut buffer) => match read {
                    Ok(count @ 1..) => self.session.receive(&buffer[..count], self.now()),
                    Ok(0) | Err(_) => self.hang_up(),
                },
                () = async {}, if working => self.session.work(self.now()),
                () = tokio::time::sleep(deadline), if !working => self.session.tick(self.now()),
            }
        }
    }

    /// Whoever was told of a press finds nothing older on the display.
    fn show(&self) -> Picture {
        let picture = Picture::of(&self.session);
        self.shows.send_replace(picture.clone());
        picture
    }

    /// Sends what there is to say.
    async fn answer(&mut self) {
        while let Some(reply) = self.session.take_reply() {
            let Some(host) = &mut self.host else { continue };
            if host.write_all(&reply).await.is_err() {
                self.hang_up();
            }
        }
    }

    fn hang_up(&mut self) {
        self.session.disconnect();
        self.host = None;
    }

    fn until_deadline(&self) -> Duration {
        self.session.deadline().map_or(LONGEST, |deadline| deadline.since(self.now()))
    }

    fn now(&self) -> Time {
        Time::from_millis(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// Reads what a host sent, if there is one.
async fn read(host: Option<&mut TcpStream>, buffer: &mut [u8]) -> io::Result<usize> {
    match host {
        Some(host) => host.read(buffer).await,
        None => pending().await,
    }
}

/// As a signer for play money is built.
fn options() -> Options {
    Options { version: "1.0.40-demo".to_owned(), network: Network::Test, cost: KdfCost::DEVICE }
}

/// A card that is gone with the device.
struct Card(Option<Vec<u8>>);

impl Storage for Card {
    fn load(&mut self) -> Result<Option<Vec<u8>>, StorageFault> {
        Ok(self.0.clone())
    }

    fn store(&mut self, bytes: &[u8]) -> Result<(), StorageFault> {
        self.0 = Some(bytes.to_vec());
        Ok(())
    }

    fn wipe(&mut self) -> Result<(), StorageFault> {
        self.0 = None;
        Ok(())
    }
}

/// The system's randomness, as for a real device.
struct System;

impl Randomness for System {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        entropy::fill(bytes).map_err(|_no_source| NoRandomness)
    }
}

/// Bytes that are read at once.
const READ: usize = 16 * 1024;

/// How long to sleep at most.
const LONGEST: Duration = Duration::from_secs(3_600);
