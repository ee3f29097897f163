//! Owns `Effect`, what the screens ask to be done, and `Answer`, what comes of it, tied by a `Ticket`.
//!
//! Plain values, so that a test can see what would be done. Refuses to do any of it.

use std::fmt;
use std::time::Duration;

use billfold_wallet_core::command::{Command, CommandError, Reply, WalletDescription};
use billfold_wallet_core::entropy::EntropyError;
use billfold_wallet_core::founding::{Founding, RestoreError};
use billfold_wallet_core::light_client::time::WallTime;
use billfold_wallet_core::open_error::OpenError;
use billfold_wallet_core::seed::{WordCount, Words};
use billfold_wallet_core::signer_host::watch::Progress;
use billfold_wallet_core::vault::Password;
use billfold_wallet_core::wallet_name::WalletName;
use bitcoin::Network;

use crate::checkup::{Check, Setting};
use crate::device::{DeviceFailure, DeviceQuestion, DeviceReply};
use crate::play::{Button, Granted, Wish};

mod delivery;
mod question;

pub use delivery::Delivery;
pub use question::Question;

/// Ties an answer to what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// Something to be done.
pub enum Effect {
    /// Ask a wallet.
    Ask {
        /// Comes back with the answer.
        ticket: Ticket,
        /// Which.
        wallet: WalletName,
        /// What.
        command: Box<Command>,
    },
    /// Open a wallet, with its key layer locked.
    Load {
        /// Comes back with the answer.
        ticket: Ticket,
        /// Which.
        wallet: WalletName,
        /// Its password.
        password: Password,
    },
    /// Open a wallet's key layer.
    Unlock {
        /// Comes back with the answer.
        ticket: Ticket,
        /// Which.
        wallet: WalletName,
        /// Its password.
        password: Password,
        /// Whether it is for one signature, and is locked again after this at the latest.
        lasts: Option<Duration>,
    },
    /// Make fresh words, and draw which of them are asked for.
    Words {
        /// Comes back with the answer.
        ticket: Ticket,
        /// How many.
        count: WordCount,
    },
    /// Make a wallet.
    Found {
        /// Comes back with the answer.
        ticket: Ticket,
        /// Which.
        wallet: WalletName,
        /// Out of what.
        founding: Box<Founding>,
        /// Whether its words were typed or read from where they are kept, now.
        checked: bool,
    },
    /// Close a wallet.
    Unload {
        /// Comes back when it is closed.
        ticket: Ticket,
        /// Which.
        wallet: WalletName,
    },
    /// Ask a signing device; it may be told how far that is before it is answered.
    Device {
        /// Comes back with the answer.
        ticket: Ticket,
        /// The network that the device is to be opened for.
        network: Network,
        /// What.
        question: Box<DeviceQuestion>,
    },
    /// Take back what a device was asked; it is answered all the same.
    HangUp(Ticket),
    /// Wait.
    Wake {
        /// Comes back when it is time.
        ticket: Ticket,
        /// How long.
        after: Duration,
    },
    /// Read a file.
    Read {
        /// Comes back with what it holds.
        ticket: Ticket,
        /// As a person writes it.
        path: String,
        /// Bytes that it may have.
        most: usize,
    },
    /// Write a file, which must not be there yet.
    Write {
        /// Comes back when it is written.
        ticket: Ticket,
        /// As a person writes it.
        path: String,
        /// What it is to hold.
        bytes: Vec<u8>,
    },
    /// Which wallets there are.
    Wallets {
        /// Comes back with the answer.
        ticket: Ticket,
    },
    /// How the machine and the files are.
    Checks {
        /// Comes back with the answer.
        ticket: Ticket,
    },
    /// What is set.
    Settings {
        /// Comes back with the answer.
        ticket: Ticket,
    },
    /// End these screens, and try with money that is worth nothing.
    Try(Trial),
    /// Press a button of the demonstration's signer.
    Press(Button),
    /// Have something done in the demonstration.
    Wish {
        /// Comes back with the answer.
        ticket: Ticket,
        /// What.
        wish: Wish,
    },
    /// Put a text where other programs can paste it from. Never a secret.
    Copy(String),
    /// Draw everything anew.
    Redraw,
    /// Stop the program, until the person lets it go on.
    Suspend,
    /// End the program.
    Quit,
}

/// Where everything can be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial {
    /// On the play-money network of this program.
    Demonstration,
    /// On the public test network of that name.
    Signet,
}

/// What came of an effect.
pub enum Answer {
    /// To `Ask`.
    Reply(Result<Reply, CommandError>),
    /// To `Load` and `Unlock`.
    Opened(Result<(), OpenError>),
    /// To `Words`.
    Words(Result<Fresh, EntropyError>),
    /// To `Unload`.
    Closed,
    /// To `Found`.
    Founded(Result<Box<WalletDescription>, RestoreError>),
    /// To `Device`, before the last: how far it is.
    Progress(Progress),
    /// To `Device`.
    Device(Box<Result<DeviceReply, DeviceFailure>>),
    /// To `Wake`.
    Woken,
    /// To `Read`; why not, in words.
    Read(Result<Vec<u8>, String>),
    /// To `Write`: where it is; why not, in words.
    Written(Result<String, String>),
    /// To `Wallets`: their names, and whether they are open; why not, in words.
    Wallets(Result<Vec<(WalletName, bool)>, String>),
    /// To `Checks`.
    Checks(Vec<Check>),
    /// To `Settings`.
    Settings(Vec<Setting>),
    /// To `Wish`.
    Granted(Result<Granted, String>),
}

/// Fresh words, and which of them a person is asked for.
pub struct Fresh {
    /// The words.
    pub words: Words,
    /// Places in them, counted from 0, in rising order.
    pub places: Vec<usize>,
    /// When they were made.
    pub made: WallTime,
}

/// Where effects are put until they are carried out, and what is to be told.
#[derive(Default)]
pub struct Outbox {
    effects: Vec<Effect>,
    notice: Option<Notice>,
    last: u64,
}

/// Something that a person should read; it goes with the next thing that they do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Something was done.
    Done(String),
    /// Something was refused or failed, and what to do.
    Problem(String),
}

impl Outbox {
    /// Asks a wallet.
    pub fn ask(&mut self, wallet: &WalletName, command: Command) -> Ticket {
        let (ticket, wallet) = (self.ticket(), wallet.clone());
        self.effects.push(Effect::Ask { ticket, wallet, command: Box::new(command) });
        ticket
    }

    /// Opens a wallet.
    pub fn load(&mut self, wallet: &WalletName, password: Password) -> Ticket {
        let (ticket, wallet) = (self.ticket(), wallet.clone());
        self.effects.push(Effect::Load { ticket, wallet, password });
        ticket
    }

    /// Opens a key layer until it is locked.
    pub fn unlock(&mut self, wallet: &WalletName, password: Password) -> Ticket {
        self.unlock_for(wallet, password, None)
    }

    /// Opens a key layer for one signature, or only to see that the password is right. Whoever asks locks it
    /// again.
    pub fn unlock_once(&mut self, wallet: &WalletName, password: Password) -> Ticket {
        self.unlock_for(wallet, password, Some(ONCE))
    }

    fn unlock_for(
        &mut self,
        wallet: &WalletName,
        password: Password,
        lasts: Option<Duration>,
    ) -> Ticket {
        let (ticket, wallet) = (self.ticket(), wallet.clone());
        self.effects.push(Effect::Unlock { ticket, wallet, password, lasts });
        ticket
    }

    /// Closes a wallet.
    pub fn unload(&mut self, wallet: &WalletName) -> Ticket {
        let (ticket, wallet) = (self.ticket(), wallet.clone());
        self.effects.push(Effect::Unload { ticket, wallet });
        ticket
    }

    /// Makes fresh words.
    pub fn words(&mut self, count: WordCount) -> Ticket {
        let ticket = self.ticket();
        self.effects.push(Effect::Words { ticket, count });
        ticket
    }

    /// Makes a wallet.
    pub fn found(&mut self, wallet: &WalletName, founding: Founding, checked: bool) -> Ticket {
        let (ticket, wallet, founding) = (self.ticket(), wallet.clone(), Box::new(founding));
        self.effects.push(Effect::Found { ticket, wallet, founding, checked });
        ticket
    }

    /// Asks a device.
    pub fn device(&mut self, network: Network, question: DeviceQuestion) -> Ticket {
        let (ticket, question) = (self.ticket(), Box::new(question));
        self.effects.push(Effect::Device { ticket, network, question });
        ticket
    }

    /// Waits.
    pub fn wake(&mut self, after: Duration) -> Ticket {
        let ticket = self.ticket();
        self.effects.push(Effect::Wake { ticket, after });
        ticket
    }

    /// Reads a file.
    pub fn read(&mut self, path: &str, most: usize) -> Ticket {
        let (ticket, path) = (self.ticket(), path.to_owned());
        self.effects.push(Effect::Read { ticket, path, most });
        ticket
    }

    /// Writes a file.
    pub fn write(&mut self, path: &str, bytes: Vec<u8>) -> Ticket {
        let (ticket, path) = (self.ticket(), path.to_owned());
        self.effects.push(Effect::Write { ticket, path, bytes });
        ticket
    }

    /// Asks which wallets there are.
    pub fn wallets(&mut self) -> Ticket {
        let ticket = self.ticket();
        self.effects.push(Effect::Wallets { ticket });
        ticket
    }

    /// Asks how the machine and the files are.
    pub fn checks(&mut self) -> Ticket {
        let ticket = self.ticket();
        self.effects.push(Effect::Checks { ticket });
        ticket
    }

    /// Asks what is set.
    pub fn settings(&mut self) -> Ticket {
        let ticket = self.ticket();
        self.effects.push(Effect::Settings { ticket });
        ticket
    }

    /// Has something done in the demonstration.
    pub fn wish(&mut self, wish: Wish) -> Ticket {
        let ticket = self.ticket();
        self.effects.push(Effect::Wish { ticket, wish });
        ticket
    }

    /// Anything that is not answered.
    pub fn put(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Tells of something that was done.
    pub fn done(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice::Done(text.into()));
    }

    /// Tells what is wrong.
    pub fn problem(&mut self, text: impl fmt::Display) {
        self.notice = Some(Notice::Problem(text.to_string()));
    }

    /// What is to be done.
    pub fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// What is to be told.
    pub fn take_notice(&mut self) -> Option<Notice> {
        self.notice.take()
    }

    fn ticket(&mut self) -> Ticket {
        self.last += 1;
        Ticket(self.last)
    }
}

/// How long keys that are opened for one signature stay open if nobody locks them.
const ONCE: Duration = Duration::from_secs(600);
