//! Owns `Caller`: who makes a request, where it came from, and the key by which it is known again.
//!
//! Refuses to find out who it is: `auth` does.

use std::net::IpAddr;

use billfold_wallet_core::command::{Asker, Authority, KeyedRequest, Limit};

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// By what they showed.
    pub asker: Asker,
    /// From where.
    pub origin: Origin,
    /// What they may take from a wallet.
    pub limits: Vec<Limit>,
    /// What stands in the header `Idempotency-Key`.
    pub key: Option<String>,
}

/// Where a connection came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From an address of the network.
    Network(IpAddr),
    /// Over the socket, from a process of this user of the system, if it tells.
    Socket(Option<u32>),
}

impl Origin {
    /// Whether anybody with a web browser could be there.
    #[must_use]
    pub const fn is_network(self) -> bool {
        matches!(self, Self::Network(_))
    }
}

impl Caller {
    /// With what right a method asks a wallet.
    #[must_use]
    pub fn authority(&self, method: &str, request: Option<KeyedRequest>) -> Authority {
        Authority {
            asker: self.asker.clone(),
            method: method.to_owned(),
            request,
            limits: self.limits.clone(),
        }
    }
}
