//! Owns `Session`: the device as a value. Bytes of a host and presses of a person go in; replies
//! and a picture of the display come out.
//!
//! ```text
//! receive(bytes, now)    what a host sent           take_reply()   one buffer, to be written at once
//! press(press, now)      what the person did        view()         what the display shows
//! tick(now)              at the deadline            deadline()     when to call `tick`
//! work(now)              while `is_working`: one step of something long
//! disconnect()           the host is gone
//! ```
//!
//! One request at a time waits for the person. The next request ends it without a reply: whoever
//! opens the port anew would take the reply for their own. Refuses to let a host do what only the
//! person may: unlock, set up, change settings, wipe.

mod version;
mod registered;
mod host;
mod owner;
mod settings;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::entropy::HostEntropy;
use crate::entry::Entry;
use crate::limits::PROMPT;
use crate::menu::Menu;
use crate::network::Network;
use crate::pages::{Pages, Reading};
use crate::press::Press;
use crate::protocol::chunks::Chunks;
use crate::protocol::code::ErrorCode;
use crate::protocol::framing::{Frame, Framing};
use crate::protocol::reply::Reply;
use crate::protocol::request::{Id, NoRequest, Request};
use crate::screen::{Screen, ScreenKind};
use crate::setup::Setup;
use crate::signing::Signing;
use crate::time::Time;
use crate::unlocked::{Board, Unlocked};
use crate::vault::{KdfCost, Pin, Presence, State, Vault, VaultError};
use crate::view::View;
use crate::words::Words;

use host::Wish;
use owner::{HomeItem, Setting};

/// The device.
pub struct Session {
    board: Board,
    options: Options,
    framing: Framing,
    host_entropy: HostEntropy,
    replies: VecDeque<Vec<u8>>,
    chunks: Option<Chunks>,
    lock: Lock,
    stage: Stage,
    pending: Option<Pending>,
    /// When the person last did something. Hosts can't put off the lock.
    pressed: Time,
    /// When the person was last asked something, or did something.
    asked: Time,
    /// Whether every question is agreed to; builds for tests only.
    agrees: bool,
}

/// What does not change while the device is on.
#[derive(Debug, Clone)]
pub struct Options {
    /// The version, as hosts and people see it: `1.0.40-name`.
    pub version: String,
    /// What new keys are for, until the person chooses.
    pub network: Network,
    /// What a try of a PIN costs.
    pub cost: KdfCost,
}

/// Whether there are keys.
enum Lock {
    Empty,
    Locked {
        attempts_left: u8,
    },
    Open(Box<Unlocked>),
    /// The state can't be opened by anybody.
    Broken(VaultError),
}

/// What the display is used for.
enum Stage {
    /// Nothing, for as long as one stage becomes another.
    Between,
    Home(Menu<HomeItem>),
    /// Something to read, and nothing to decide.
    Read(Pages),
    Setup(Box<Setup>),
    Pin(Entry),
    Passphrase(Entry, Box<Opened>),
    Working(Work),
    Settings(Menu<Setting>),
    FeeLimit(Entry),
    Policies(Menu<usize>),
    Forget(Pages, String),
    Wipe(Pages),
    /// What a host wants; `pending` says what.
    Ask(Pages),
    Signing {
        signing: Box<Signing>,
        done: usize,
        of: usize,
    },
}

/// A state that is open, before its keys are derived.
struct Opened {
    state: State,
    vault: Option<Vault>,
}

/// Something that takes long, done by `work`.
enum Work {
    Unlock(Pin),
    Keep(Words, Pin),
    Derive(Box<Opened>, Zeroizing<String>),
}

/// A request that waits for the person.
struct Pending {
    id: Id,
    wish: Wish,
}

impl Session {
    /// A device that was just switched on.
    #[must_use]
    pub fn new(board: Board, options: Options, now: Time) -> Self {
        let mut session = Self {
            board,
            options,
            framing: Framing::default(),
            host_entropy: HostEntropy::default(),
            replies: VecDeque::new(),
            chunks: None,
            lock: Lock::Empty,
            stage: Stage::Between,
            pending: None,
            pressed: now,
            asked: now,
            agrees: false,
        };
        session.look_for_state();
        session.go_home();
        session
    }

    /// Takes bytes of the host.
    pub fn receive(&mut self, bytes: &[u8], now: Time) {
        for frame in self.framing.push(bytes, now) {
            match frame {
                Frame::TooLong => {
                    self.answer(&Id::none(), &Reply::error(ErrorCode::InvalidRequest, TOO_LONG));
                }
                Frame::Message(message) => match Request::parse(&message) {
                    Err(NoRequest) => {
                        let why = Reply::error(ErrorCode::InvalidRequest, NoRequest.to_string());
                        self.answer(&Id::none(), &why);
                    }
                    Ok(request) => self.serve(request, now),
                },
            }
            while self.agrees && matches!(self.stage, Stage::Ask(_)) {
                self.note_press(now);
                self.agreed();
            }
        }
    }

    /// The next reply; to be written at once and whole.
    pub fn take_reply(&mut self) -> Option<Vec<u8>> {
        self.replies.pop_front()
    }

    /// The host is gone: nothing that it asked for is asked any more.
    pub fn disconnect(&mut self) {
        self.framing.clear();
        self.chunks = None;
        self.replies.clear();
        let unlocking = self.pending.as_ref().is_some_and(|pending| pending.wish.is_unlock());
        self.drop_pending();
        if unlocking && matches!(self.stage, Stage::Pin(_) | Stage::Passphrase(..)) {
            self.go_home();
        }
    }

    /// Takes a press.
    pub fn press(&mut self, press: Press, now: Time) {
        self.note_press(now);
        match &mut self.stage {
            Stage::Ask(pages) => match pages.press(press) {
                Reading::On => {}
                Reading::Agreed => self.agreed(),
                Reading::Refused => self.refuse("refused on the device"),
            },
            Stage::Signing { .. } => {
                if press == Press::Back {
                    self.refuse("stopped on the device");
                }
            }
            _ => self.press_own(press),
        }
    }

    /// Whether `work` has something to do.
    #[must_use]
    pub const fn is_working(&self) -> bool {
        matches!(self.stage, Stage::Working(_) | Stage::Signing { .. })
    }

    /// Whether a host waits for the person, who must answer on the device.
    #[must_use]
    pub const fn is_awaited(&self) -> bool {
        self.pending.is_some() && !self.is_working()
    }

    /// Does one step of something long. The display should show the view first.
    pub fn work(&mut self, now: Time) {
        self.note_press(now);
        match core::mem::replace(&mut self.stage, Stage::Between) {
            Stage::Working(work) => self.work_on(work),
            Stage::Signing { signing, .. } => self.sign_on(signing),
            other => self.stage = other,
        }
    }

    /// When `tick` must be called.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        let locks = match &self.lock {
            Lock::Open(unlocked) => Some(self.pressed.after(unlocked.idle_lock())),
            _ => None,
        };
        let gives_up = self.is_asking().then(|| self.asked.after(PROMPT));
        locks.into_iter().chain(gives_up).min()
    }

    /// Gives up what nobody answered, and locks a device that nobody uses.
    pub fn tick(&mut self, now: Time) {
        if self.is_asking() && now.since(self.asked) >= PROMPT {
            self.refuse("nobody answered on the device");
            self.go_home();
        }
        if let Lock::Open(unlocked) = &self.lock
            && now.since(self.pressed) >= unlocked.idle_lock()
        {
            self.refuse("the device has locked itself");
            self.lock();
        }
    }

    /// What the display shows.
    #[must_use]
    pub fn view(&self) -> View {
        match &self.stage {
            Stage::Between => waiting("", "", ""),
            Stage::Home(menu) => menu.view(),
            Stage::Settings(menu) => menu.view(),
            Stage::Policies(menu) => menu.view(),
            Stage::Read(pages)
            | Stage::Forget(pages, _)
            | Stage::Wipe(pages)
            | Stage::Ask(pages) => pages.view(),
            Stage::Setup(setup) => setup.view(),
            Stage::Pin(entry) | Stage::Passphrase(entry, _) | Stage::FeeLimit(entry) => {
                entry.view()
            }
            Stage::Working(_) => waiting("One moment", "Computing", ""),
            Stage::Signing { done, of, .. } => {
                waiting("Signing", &alloc::format!("{done} of {of}"), "back to stop")
            }
        }
    }

    /// Agrees to every question from now on.
    #[cfg(feature = "test-build")]
    pub fn agree_to_all(&mut self) {
        self.agrees = true;
    }

    /// Takes words that nobody typed, for once.
    ///
    /// # Errors
    /// If they are no words, or the network is not for play money.
    #[cfg(feature = "test-build")]
    pub fn take_words(&mut self, words: &str, passphrase: &str) -> Result<(), TakeWordsError> {
        let words = Words::parse(words)?;
        let unlocked = Unlocked::new(self.first_state(words), None, passphrase)?;
        self.lock = Lock::Open(Box::new(unlocked));
        self.go_home();
        Ok(())
    }

    fn answer(&mut self, id: &Id, reply: &Reply) {
        self.replies.push_back(reply.encode(id));
    }

    fn look_for_state(&mut self) {
        self.lock = match Vault::presence(&mut *self.board.storage) {
            Ok(Presence::Empty) => Lock::Empty,
            Ok(Presence::Locked { attempts_left }) => Lock::Locked { attempts_left },
            Err(why) => Lock::Broken(why),
        };
    }

    /// Forgets the keys.
    fn lock(&mut self) {
        self.drop_pending();
        self.chunks = None;
        self.look_for_state();
        self.go_home();
    }

    /// Whether somebody waits for the person, or a secret is half typed.
    fn is_asking(&self) -> bool {
        self.pending.is_some() || matches!(self.stage, Stage::Pin(_) | Stage::Passphrase(..))
    }

    fn note_press(&mut self, now: Time) {
        self.pressed = now;
        self.asked = now;
    }
}

/// Why words were not taken.
#[cfg(feature = "test-build")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TakeWordsError {
    /// They are no words.
    #[error(transparent)]
    Words(#[from] crate::words::ParseWordsError),
    /// The network is not for play money.
    #[error(transparent)]
    PlayMoneyOnly(#[from] crate::unlocked::PlayMoneyOnly),
}

/// A page of one line.
fn note(title: &str, line: &str) -> Screen {
    Screen::new(ScreenKind::Text, title, vec![line.to_string()])
}

fn waiting(title: &str, line: &str, footer: &str) -> View {
    View::new(ScreenKind::Text, title, vec![String::new(), line.to_string()], footer)
}

const TOO_LONG: &str = "the request is too long";

#[cfg(test)]
mod tests;
