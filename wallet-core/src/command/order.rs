//! Owns `Order`: a command with the name of who asks for it, and the key by which the same call is
//! known again.
//!
//! Refuses secrets: a token is named by its id.

use std::fmt;

use super::{Command, Limit, SigningCommand, TokenId};

/// A command that somebody asks for who is not the owner at the keyboard. It is carried out within
/// what they may do, and written into the wallet's audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// On whose behalf.
    pub by: Authority,
    /// What is asked for.
    pub command: Command,
}

/// On whose behalf a command is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Who asks.
    pub asker: Asker,
    /// By which method.
    pub method: String,
    /// The key of the call, if it has one: what is drafted and signed is bound to it.
    pub request: Option<KeyedRequest>,
    /// What they may take, beside the limits of every order.
    pub limits: Vec<Limit>,
}

/// Who asks, by what they showed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asker {
    /// The owner of the data directory.
    Owner,
    /// A user with a password.
    User(String),
    /// Whoever has a token.
    Token(TokenId),
}

impl fmt::Display for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner => f.write_str("owner"),
            Self::User(name) => write!(f, "user {name}"),
            Self::Token(id) => write!(f, "token {id}"),
        }
    }
}

/// A call that is carried out once, however often it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRequest {
    /// The caller's key.
    pub key: String,
    /// A hash of all that the call says.
    pub hash: [u8; 32],
}

impl Command {
    /// Whether it changes the wallet, takes its keys, or takes something from it: what is asked for
    /// with an [`Order`].
    #[must_use]
    pub fn changes(&self) -> bool {
        match self {
            Self::Teller(command) => return command.changes(),
            Self::Operation(command) => return command.changes(),
            Self::Signing(command) => return !matches!(command, SigningCommand::Of(_)),
            _ => {}
        }
        !matches!(
            self,
            Self::Balance
                | Self::Drafts
                | Self::ReviewPsbt(_)
                | Self::FillPsbt(_)
                | Self::ReviewTransaction(_)
                | Self::History(_)
                | Self::Transactions(_)
                | Self::Records(_)
                | Self::Entries { .. }
                | Self::Coins(_)
                | Self::Holdings { .. }
                | Self::Received(_)
                | Self::ReceivedSum(_)
                | Self::Addresses(_)
                | Self::Owner(_)
                | Self::Labels(_)
                | Self::Search { .. }
                | Self::Status
                | Self::Applied
                | Self::Block(_)
                | Self::Left(_)
                | Self::Describe
                | Self::KeyLayer
                | Self::Prove(_)
                | Self::Present
                | Self::Recall(_)
                | Self::Ordered(_)
        )
    }

    /// Whether it takes so little that others may wait for it, to share a commit with it.
    #[must_use]
    pub fn is_brief(&self) -> bool {
        match self {
            Self::Ordered(order) => order.command.is_brief(),
            Self::Receive { .. }
            | Self::Issue { .. }
            | Self::Draft(_)
            | Self::Sign(_)
            | Self::Drop(_)
            | Self::Label { .. }
            | Self::Freeze { .. }
            | Self::Recall(_)
            | Self::Remember { .. }
            | Self::KeyLayer => true,
            _ => false,
        }
    }
}
