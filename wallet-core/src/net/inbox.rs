//! Owns the one way into the engine's thread.
//!
//! Each source bounds itself, so the whole is bounded: a peer by the permits of its connection, a
//! face by its unanswered commands, jobs by what the light client has under way.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::backup::Backup;
use crate::command::{ChainQuery, Command, CommandError};
use crate::engine::Opened;
use crate::event::CommandId;
use crate::light_client::input::Input;
use crate::vault::SeedKey;
use crate::wallet_name::WalletName;

/// What comes in.
#[derive(Debug)]
pub enum Message {
    /// Something happened on the network.
    Happened(Happening),
    /// A face asks a wallet.
    Ask(CommandId, WalletName, Command),
    /// A face asks of the chain.
    AskChain(CommandId, ChainQuery),
    /// A face does not wait for that any more.
    Leave(CommandId),
    /// A face takes what the chain can't give back.
    Backup(WalletName, oneshot::Sender<Result<Backup, CommandError>>),
    /// A wallet joins.
    Load(CommandId, Box<Opened>),
    /// A wallet is closed.
    Unload(CommandId, WalletName),
    /// The owner's password opened a wallet's key layer, for so long.
    Unlock(WalletName, SeedKey, Option<Duration>),
    /// A wallet's key layer gets this key under a passphrase; without a key, the same one as before
    /// under another passphrase.
    Protect(CommandId, WalletName, Vec<u8>, Option<SeedKey>),
    /// Commit and end.
    Stop,
}

/// Something that happened on the network.
#[derive(Debug)]
pub struct Happening {
    /// What.
    pub input: Input,
    /// Which light client it is for.
    pub generation: Generation,
    /// Given back once the engine has taken the input.
    pub permit: Option<OwnedSemaphorePermit>,
}

/// Counts the light clients of one run: what was under way for one means nothing to the next,
/// whose numbers of peers and jobs begin anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Generation(u64);

impl Generation {
    /// The one after this.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Where to put messages; cheap to clone.
#[derive(Debug, Clone)]
pub struct Inbox(Sender<Message>);

impl Inbox {
    /// A new way in, and its end.
    #[must_use]
    pub fn new() -> (Self, Intake) {
        let (sender, waiting) = mpsc::channel();
        (Self(sender), Intake { waiting, ahead: None })
    }

    /// Puts a message in; whether the engine is still there to take it.
    #[must_use]
    pub fn put(&self, message: Message) -> bool {
        self.0.send(message).is_ok()
    }

    /// What is reported here is for this light client.
    #[must_use]
    pub fn reports(&self, generation: Generation) -> Reports {
        Reports { inbox: self.clone(), generation }
    }
}

/// The end of the way in, where messages are taken out in their order.
#[derive(Debug)]
pub struct Intake {
    waiting: Receiver<Message>,
    /// One that was looked at and left.
    ahead: Option<Message>,
}

impl Intake {
    /// Waits for the next message; `None`: no one can send any more.
    pub fn take(&mut self) -> Option<Message> {
        self.ahead.take().or_else(|| self.waiting.recv().ok())
    }

    /// Waits so long for it.
    ///
    /// # Errors
    /// That none came, or that no one can send any more.
    pub fn take_within(&mut self, time: Duration) -> Result<Message, RecvTimeoutError> {
        self.ahead.take().map_or_else(|| self.waiting.recv_timeout(time), Ok)
    }

    /// The next message, if one waits.
    pub fn take_at_once(&mut self) -> Option<Message> {
        self.ahead.take().or_else(|| self.waiting.try_recv().ok())
    }

    /// The next message, if one waits and asks this wallet for something that takes little.
    pub fn take_brief(&mut self, wallet: &WalletName) -> Option<(CommandId, Command)> {
        match self.take_at_once()? {
            Message::Ask(id, asked, command) if asked == *wallet && command.is_brief() => {
                Some((id, command))
            }
            other => {
                self.ahead = Some(other);
                None
            }
        }
    }
}

/// Where one light client's connections and jobs report.
#[derive(Debug, Clone)]
pub struct Reports {
    inbox: Inbox,
    generation: Generation,
}

impl Reports {
    /// Reports what happened; of no use, and dropped, once the engine has ended.
    pub fn put(&self, input: Input, permit: Option<OwnedSemaphorePermit>) {
        let happening = Happening { input, generation: self.generation, permit };
        let _ = self.inbox.put(Message::Happened(happening));
    }
}
