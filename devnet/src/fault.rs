//! Owns `Fault`: why a connection is closed.

use std::io;

/// Why a connection is closed. Bitcoin Core closes for the same reasons, but that it ignores a
/// message whose payload can't be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The peer or the system closed it.
    #[error("the connection ended: {0}")]
    Ended(#[from] io::Error),
    /// The first bytes are not those of regtest.
    #[error("the message is not one of regtest")]
    Magic,
    /// The handshake or a packet of version 2 is wrong.
    #[error("the encrypted transport is broken: {0}")]
    Transport(#[from] bip324::Error),
    /// A message is larger than any may be.
    #[error("a payload of {0} bytes is too large")]
    TooLarge(u32),
    /// The bytes are no message.
    #[error("the message can't be read")]
    Malformed,
    /// The peer took too long for its handshake.
    #[error("the handshake took too long")]
    HandshakeTime,
    /// The peer's protocol is too old.
    #[error("protocol version {0} is too old")]
    Protocol(u32),
    /// A list has more entries than it may.
    #[error("a list of {0} entries is too long")]
    TooMany(usize),
    /// A filter request names an unknown type, an unknown block or a range that is not allowed.
    #[error("the filter request can't be answered")]
    FilterRequest,
    /// A service that is not offered was asked for.
    #[error("a service was asked for that is not offered")]
    NotOffered,
}
