//! Owns `Input`: what can happen to an engine, as plain data.
//!
//! Refuses to tell what follows from it: the step does.

use std::time::Duration;

use crate::command::{ChainQuery, Command};
use crate::event::CommandId;
use crate::light_client::input::Input as ClientInput;
use crate::signers::key_layer::KeyLayer;
use crate::vault::SeedKey;
use crate::wallet::Wallet;
use crate::wallet_name::WalletName;

/// One thing that happened.
#[derive(Debug)]
pub enum Input {
    /// Something for the light client: a connection, bytes, a job's result.
    Network(ClientInput),
    /// Faces ask; what they ask together shares one commit.
    Ask {
        /// Which wallet.
        wallet: WalletName,
        /// What they ask, each with the number that the reply carries.
        questions: Vec<(CommandId, Command)>,
    },
    /// A face asks of the chain.
    AskChain {
        /// The number that the reply carries.
        id: CommandId,
        /// What it asks.
        query: ChainQuery,
    },
    /// Nobody waits for the answer to a question of the chain any more.
    Leave(CommandId),
    /// A wallet joins those that are open.
    Load {
        /// The number that the reply carries.
        id: CommandId,
        /// The wallet.
        opened: Box<Opened>,
    },
    /// A wallet is closed; the others go on.
    Unload {
        /// The number that the reply carries.
        id: CommandId,
        /// Which wallet.
        wallet: WalletName,
    },
    /// The owner's password opened the key layer.
    Unlock {
        /// Of which wallet.
        wallet: WalletName,
        /// What opens it.
        key: SeedKey,
        /// After how long it is locked again, whoever is there.
        lasts: Option<Duration>,
    },
    /// A wallet's key layer gets a passphrase of its own, or another one.
    Protect {
        /// The number that the reply carries.
        id: CommandId,
        /// Which wallet.
        wallet: WalletName,
        /// The key of the layer under the passphrase.
        sealed: Vec<u8>,
        /// The key, if it is new.
        key: Option<SeedKey>,
    },
    /// The time that [`Engine::deadline`](crate::engine::Engine::deadline) named has come.
    Deadline,
}

impl Input {
    /// The questions that it is.
    #[must_use]
    pub fn questions(&self) -> Vec<CommandId> {
        match self {
            Self::Ask { questions, .. } => questions.iter().map(|(id, _)| *id).collect(),
            Self::AskChain { id, .. }
            | Self::Load { id, .. }
            | Self::Unload { id, .. }
            | Self::Protect { id, .. } => vec![*id],
            Self::Network(_) | Self::Leave(_) | Self::Unlock { .. } | Self::Deadline => Vec::new(),
        }
    }

    /// The wallet that it is about.
    pub(super) fn wallet(&self) -> Option<&WalletName> {
        match self {
            Self::Ask { wallet, .. }
            | Self::Unload { wallet, .. }
            | Self::Unlock { wallet, .. }
            | Self::Protect { wallet, .. } => Some(wallet),
            Self::Load { opened, .. } => Some(&opened.name),
            Self::Network(_) | Self::AskChain { .. } | Self::Leave(_) | Self::Deadline => None,
        }
    }
}

/// A wallet that was opened.
#[derive(Debug)]
pub struct Opened {
    /// By which it is asked.
    pub name: WalletName,
    /// Its file.
    pub wallet: Wallet,
    /// Its key layer.
    pub keys: KeyLayer,
}
