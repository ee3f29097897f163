//! Owns the terms of a connection: over which transport, for what, and why it could not be opened.
//!
//! Refuses to open one: the driver does, and only it learns what the other side spoke.

use std::fmt;

/// The transport under the messages of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wire {
    /// Version 1: framed messages in the clear, a stream.
    V1,
    /// Version 2: encrypted packets (BIP324).
    V2,
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        })
    }
}

/// What a connection is for. Two connections never share a proxy's credentials, so that Tor gives
/// each a circuit of its own; the purpose is for logs and for whom the light client takes its
/// peer to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// To follow the chain, for as long as it lasts.
    Chain,
    /// To hand over one transaction, then to leave.
    Broadcast,
    /// To ask for addresses of peers, then to leave.
    Addresses,
    /// To see whether somebody is there, then to leave.
    Feeler,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chain => "chain",
            Self::Broadcast => "broadcast",
            Self::Addresses => "addresses",
            Self::Feeler => "feeler",
        })
    }
}

/// Why a connection could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum DialProblem {
    /// Something is there and wants no connection.
    #[error("refused the connection")]
    Refused,
    /// No answer came in time.
    #[error("did not answer in time")]
    TimedOut,
    /// There is no way to it, or no address of that name.
    #[error("can't be reached")]
    Unreachable,
    /// Asked for [`Wire::V2`]: it is connected, but ended the connection instead of exchanging
    /// keys. It may speak version 1, on a fresh connection.
    #[error("does not speak the encrypted transport")]
    NoV2,
    /// It speaks version 2 but broke its rules before the first message: a packet that does not
    /// authenticate, or that is too long.
    #[error("broke the encrypted handshake")]
    BrokenV2,
    /// Only a proxy reaches such an address, and none is set.
    #[error("is an onion address, which only a proxy reaches: set one with --proxy IP:PORT")]
    NeedsProxy,
    /// The proxy did not do its part, whoever the peer is.
    #[error("not tried: {0}")]
    Proxy(#[from] ProxyProblem),
}

/// What is wrong with the SOCKS5 proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ProxyProblem {
    /// No connection to it.
    #[error("the proxy can't be reached: start it, or name another with --proxy IP:PORT")]
    Unreachable,
    /// It ended the connection, or said nothing, in the middle of the negotiation.
    #[error("the proxy stopped answering")]
    Silent,
    /// What it says is not SOCKS5 (RFC 1928).
    #[error("the proxy does not speak SOCKS5")]
    NotSocks5,
    /// It accepts neither a connection without credentials nor ours.
    #[error("the proxy refuses our credentials: use one that accepts any")]
    Credentials,
    /// It failed, or its rules forbid the connection (reply codes 1, 2, 7 and 8).
    #[error("the proxy refuses to connect (SOCKS5 reply {0})")]
    Refused(u8),
}

/// One look-up of a name. Never used twice in the life of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookupId(u64);

impl LookupId {
    /// The id with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}
