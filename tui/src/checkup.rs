//! Owns what may be wrong and what is set, each in words: what the program around the screens knows of
//! machine, files and settings, and what a wallet and its status tell of keys and connections.
//!
//! Refuses to name wallets, addresses, peers and paths in a check: a report is shown to strangers.

use billfold_wallet_core::command::WalletDescription;
use billfold_wallet_core::light_client::status::Status;

use crate::format;

/// The program around the screens.
pub trait Machine: Send + Sync {
    /// How the machine and the files are. It may touch the disk.
    fn checks(&self) -> Vec<Check>;

    /// What is set, in the order in which it is told.
    fn settings(&self) -> Vec<Setting>;
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What; stable.
    pub name: &'static str,
    /// How it is.
    pub health: Health,
    /// The same in words.
    pub told: String,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// As it should be.
    Good,
    /// It works, and could be better.
    Odd,
    /// Something does not work.
    Bad,
}

impl Health {
    /// What stands before it, so that it stands out without colour.
    #[must_use]
    pub const fn sign(self) -> char {
        match self {
            Self::Good => ' ',
            Self::Odd => '?',
            Self::Bad => '!',
        }
    }

    /// Its name; stable.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Odd => "odd",
            Self::Bad => "bad",
        }
    }
}

impl Check {
    /// One that is as it should be.
    #[must_use]
    pub fn good(name: &'static str, told: impl Into<String>) -> Self {
        Self { name, health: Health::Good, told: told.into() }
    }

    /// One that could be better.
    #[must_use]
    pub fn odd(name: &'static str, told: impl Into<String>) -> Self {
        Self { name, health: Health::Odd, told: told.into() }
    }

    /// One that does not work.
    #[must_use]
    pub fn bad(name: &'static str, told: impl Into<String>) -> Self {
        Self { name, health: Health::Bad, told: told.into() }
    }
}

/// One thing that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// What.
    pub name: &'static str,
    /// To what.
    pub value: String,
    /// Where: a key of the file, an option; empty where it can't be set.
    pub place: &'static str,
}

/// Private keys that were imported, if there are some.
#[must_use]
pub fn imported_keys(wallet: &WalletDescription) -> Option<Check> {
    let keys = wallet.held_keys.len() as u64;
    let were = if keys == 1 { "was" } else { "were" };
    (keys > 0).then(|| {
        let told = format!(
            "{} {were} imported, and no words bring them back: keep a backup made --with-words",
            format::count(keys, "private key")
        );
        Check::odd("imported keys", told)
    })
}

/// Peers and their clocks.
#[must_use]
pub fn connections(status: &Status) -> Vec<Check> {
    std::iter::once(peers(status)).chain(clock(status)).collect()
}

fn peers(status: &Status) -> Check {
    let ready = status.followed().count();
    let banned = status.banned.len();
    let told = format!(
        "{} ready, {banned} banned, {} received",
        format::count(ready as u64, "peer"),
        format::bytes(status.bytes_received)
    );
    match ready {
        0 => Check::bad("peers", "none is ready"),
        1 => Check::odd("peers", format!("{told}: what one peer leaves out, nobody tells")),
        _ => Check::good("peers", told),
    }
}

/// `None` without a peer whose clock could be compared.
fn clock(status: &Status) -> Option<Check> {
    status.peers.iter().any(|peer| peer.ready).then(|| match status.clock {
        None => Check::good("peers' clock", "it agrees with this machine's"),
        Some(offset) => Check::bad("peers' clock", format!("it is {offset} of this machine's")),
    })
}
