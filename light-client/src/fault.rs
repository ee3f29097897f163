//! Owns `Fault`: what a peer did wrong, as data.
//!
//! Refuses to judge: the roster decides what follows from a fault.

use std::time::Duration;

/// Something that a peer did or failed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// The stream does not carry this network's magic: another network or another protocol.
    #[error("does not speak the Bitcoin protocol of this network")]
    WrongMagic,
    /// A message is longer than the protocol allows.
    #[error("sent a message that is too large")]
    Oversized,
    /// A message's checksum or encoding is wrong.
    #[error("sent a message that can't be read")]
    Malformed,
    /// A message that must not come before the handshake, or a second `version`.
    #[error("broke the handshake")]
    Handshake,
    /// The peer is ourselves.
    #[error("is this program itself")]
    SelfConnection,
    /// The peer does not serve what a filter client needs.
    #[error("does not serve blocks, witnesses and compact filters")]
    MissingServices,
    /// The peer speaks a protocol version that is too old.
    #[error("speaks a protocol version that is too old")]
    TooOld,
    /// A header breaks a consensus rule.
    #[error("sent an invalid header")]
    InvalidHeader,
    /// Headers do not form a chain that starts at something known.
    #[error("sent headers that do not connect")]
    UnconnectedHeaders,
    /// A filter header message contradicts the request.
    #[error("sent filter headers that do not fit")]
    InvalidFilterHeaders,
    /// A filter does not hash to what the peer committed to, or can't be decoded.
    #[error("sent a filter that does not match its header")]
    InvalidFilter,
    /// A filter leaves out what its block holds: the peer committed to it, and sent it.
    #[error("committed to a filter that leaves out what its block holds")]
    FalseFilter,
    /// A block does not match its header, or lost its witnesses.
    #[error("sent a block that does not match its header")]
    InvalidBlock,
    /// Something large arrived that nobody asked for.
    #[error("sent what was not asked for")]
    Unsolicited,
    /// An answer made no progress for too long.
    #[error("stopped answering")]
    Stalled,
    /// The peer can't give what all others can, without having lied.
    #[error("could not serve what it announced")]
    NotServing,
}

impl Fault {
    /// Whether the fault may be nobody's intent, so that the peer may be tried again soon.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Stalled | Self::NotServing | Self::SelfConnection)
    }

    /// How long to leave the address alone.
    #[must_use]
    pub const fn back_off(self) -> Duration {
        if self.is_transient() { Duration::from_secs(10) } else { Duration::from_secs(24 * 3600) }
    }
}
