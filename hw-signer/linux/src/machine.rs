//! Owns the loop that runs the device: one thread, which takes what the others tell, and draws.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use billfold_signer_core::session::{Options, Session};
use billfold_signer_core::time::Time;
use billfold_signer_core::unlocked::Board;
use billfold_signer_core::vault::KdfCost;

use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use crate::arguments::{Arguments, ScreenChoice};
use crate::buttons::Buttons;
use crate::card::Card;
use crate::display::{Display, Framebuffer, Window};
use crate::event::{EVENTS, Event};
use crate::keyboard;
use crate::link::Link;
use crate::randomness::System;
use crate::sandbox::{self, Doors, Walls};
use crate::serial::Serial;

/// The device and what it is made of.
pub struct Machine {
    session: Session,
    display: Display,
    events: Receiver<Event>,
    link: Option<Link>,
    started: Instant,
    walls: Walls,
}

impl Machine {
    /// Opens everything, enters the sandbox and starts listening.
    ///
    /// # Errors
    /// If something can't be opened.
    pub fn new(arguments: &Arguments) -> Result<Self> {
        // No core file and no debugger gets at the keys.
        set_dumpable_behavior(DumpableBehavior::NotDumpable).context("can't forbid core files")?;
        let card = Card::open(&arguments.state)?;
        let port = Port::open(arguments)?;
        let board = Board { storage: Box::new(card), randomness: Box::new(System) };
        let started = Instant::now();
        let options = Options {
            version: format!("{PROTOCOL_VERSION}-billfold"),
            network: arguments.network.into(),
            cost: KdfCost::DEVICE,
        };
        let mut session = Session::new(board, options, Time::default());
        prepare_for_tests(arguments, &mut session)?;

        let (sender, events) = sync_channel(EVENTS);
        let display = match arguments.screen {
            ScreenChoice::Terminal => {
                let window = Window::open().context("can't take the terminal")?;
                keyboard::prepare().context("can't read the keyboard")?;
                Display::Terminal(window)
            }
            ScreenChoice::Framebuffer => {
                Display::Framebuffer(Framebuffer::open(&arguments.framebuffer)?)
            }
            ScreenChoice::None => Display::None,
        };
        let buttons = matches!(display, Display::Framebuffer(_))
            .then(|| Buttons::open(&arguments.buttons))
            .transpose()
            .with_context(|| format!("can't open {}", arguments.buttons.display()))?;
        let doors = Doors { state: arguments.state.clone(), serial: arguments.serial.clone() };
        let walls = sandbox::enter(&doors)?;
        if matches!(display, Display::Terminal(_)) {
            keyboard::start(sender.clone());
        }
        if let Some(buttons) = buttons {
            buttons.start(sender.clone());
        }
        port.start(sender);
        Ok(Self { session, display, events, link: None, started, walls })
    }

    /// How far the kernel keeps the program in.
    #[must_use]
    pub const fn walls(&self) -> Walls {
        self.walls
    }

    /// Runs until the person ends it.
    ///
    /// # Errors
    /// If the display can't be drawn on.
    pub fn run(mut self) -> Result<()> {
        loop {
            self.send_replies();
            self.display.show(&self.session.view()).context("can't draw")?;
            let event = match self.next() {
                Next::Event(event) => event,
                Next::Nothing => continue,
                Next::End => return Ok(()),
            };
            let now = self.now();
            match event {
                Event::Connected(link) => self.link = Some(link),
                Event::Received(bytes) => self.session.receive(&bytes, now),
                Event::Disconnected => {
                    self.session.disconnect();
                    self.link = None;
                }
                Event::Pressed(press) => self.session.press(press, now),
                Event::Redraw => {}
                Event::Quit => return Ok(()),
            }
        }
    }

    /// The next event, after a step of work if there is any and nothing else is to do.
    fn next(&mut self) -> Next {
        if self.session.is_working() {
            return match self.events.try_recv() {
                Ok(event) => Next::Event(event),
                Err(TryRecvError::Empty) => {
                    self.session.work(self.now());
                    Next::Nothing
                }
                Err(TryRecvError::Disconnected) => Next::End,
            };
        }
        let wait = self.session.deadline().map_or(LONGEST, |time| time.since(self.now()));
        match self.events.recv_timeout(wait) {
            Ok(event) => Next::Event(event),
            Err(RecvTimeoutError::Timeout) => {
                self.session.tick(self.now());
                Next::Nothing
            }
            Err(RecvTimeoutError::Disconnected) => Next::End,
        }
    }

    fn send_replies(&mut self) {
        while let Some(reply) = self.session.take_reply() {
            if let Some(link) = &self.link {
                link.send(reply);
            }
        }
    }

    fn now(&self) -> Time {
        let elapsed = self.started.elapsed().as_millis();
        Time::from_millis(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }
}

enum Next {
    Event(Event),
    Nothing,
    End,
}

/// Where hosts are.
enum Port {
    Serial(Serial),
    #[cfg(feature = "emulator")]
    Emulator(crate::emulator::Emulator),
}

impl Port {
    fn open(arguments: &Arguments) -> Result<Self> {
        #[cfg(feature = "emulator")]
        if let Some(address) = arguments.listen {
            return Ok(Self::Emulator(crate::emulator::Emulator::bind(address)?));
        }
        let path = arguments.serial.as_ref().context("tell where hosts are, with --serial")?;
        Ok(Self::Serial(Serial::open(path)?))
    }

    fn start(self, events: SyncSender<Event>) {
        match self {
            Self::Serial(serial) => serial.start(events),
            #[cfg(feature = "emulator")]
            Self::Emulator(emulator) => emulator.start(events),
        }
    }
}

#[cfg(feature = "test-build")]
fn prepare_for_tests(arguments: &Arguments, session: &mut Session) -> Result<()> {
    use crate::arguments::NetworkChoice;

    anyhow::ensure!(
        arguments.network == NetworkChoice::Test,
        "this build is for tests: it holds no keys for real money"
    );
    if let Some(path) = &arguments.mnemonic_file {
        let words = std::fs::read_to_string(path)
            .with_context(|| format!("can't read {}", path.display()))?;
        session.take_words(&words, "")?;
    }
    if arguments.auto_confirm {
        session.agree_to_all();
    }
    Ok(())
}

#[cfg(not(feature = "test-build"))]
#[expect(clippy::unnecessary_wraps, reason = "builds for tests may fail here")]
fn prepare_for_tests(_: &Arguments, _: &mut Session) -> Result<()> {
    Ok(())
}

/// The version that hosts compare: what it can do, in the numbers that they know.
const PROTOCOL_VERSION: &str = "1.0.40";

/// How long to sleep at most.
const LONGEST: Duration = Duration::from_secs(3_600);
