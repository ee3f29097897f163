//! Owns the way to a peer: straight, or through the SOCKS5 proxy that the person named.
//!
//! Refuses every way around a proxy: with one set, no other socket is opened and no name is looked
//! up here, loopback addresses included, whatever the proxy answers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::ProxyAddress;
use crate::light_client::dial::{DialProblem, ProxyProblem};
use crate::light_client::peer_id::PeerAddress;
use crate::limits::{
    ADDRESSES_PER_NAME, CONNECT_TIME, PROXY_CONNECT_TIME, PROXY_TIME, SOCKS_REPLY_BYTES,
};
use crate::net::socks::{Credentials, Negotiation, Step};

/// How connections are opened. Clones share what keeps them apart.
#[derive(Debug, Clone)]
pub enum Route {
    /// Straight.
    Direct,
    /// Through a proxy.
    Proxy {
        /// Where it is.
        address: ProxyAddress,
        /// What each connection tells it.
        isolation: Arc<Isolation>,
    },
}

impl Route {
    /// The route through `proxy` if there is one. `token` is random, of this run.
    #[must_use]
    pub fn new(proxy: Option<ProxyAddress>, token: [u8; 8]) -> Self {
        match proxy {
            None => Self::Direct,
            Some(address) => {
                let isolation = Isolation { token: u64::from_le_bytes(token), issued: 0.into() };
                Self::Proxy { address, isolation: isolation.into() }
            }
        }
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// See [`DialProblem`].
    pub async fn open(&self, to: &PeerAddress) -> Result<TcpStream, DialProblem> {
        let stream = match self {
            Self::Direct => within(CONNECT_TIME, dial(to)).await?,
            Self::Proxy { address, isolation } => {
                let proxy = [address.to_socket_address()];
                let stream = within(PROXY_CONNECT_TIME, connect(&proxy)).await;
                let stream = stream.map_err(|_| ProxyProblem::Unreachable)?;
                within(PROXY_TIME, ask_proxy(stream, to, &isolation.issue())).await?
            }
        };
        stream.set_nodelay(true).map_err(|error| problem(&error))?;
        Ok(stream)
    }

    /// Whether names may be looked up by this machine.
    #[must_use]
    pub const fn looks_names_up(&self) -> bool {
        matches!(self, Self::Direct)
    }
}

/// Issues credentials that no two connections share, so that a proxy that separates streams by
/// them, as Tor does, shows each peer another origin.
#[derive(Debug)]
pub struct Isolation {
    token: u64,
    issued: AtomicU64,
}

impl Isolation {
    fn issue(&self) -> Credentials {
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        Credentials { user: format!("{:016x}", self.token), password: number.to_string() }
    }
}

async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, DialProblem>>,
) -> Result<T, DialProblem> {
    timeout(time, work).await.unwrap_or(Err(DialProblem::TimedOut))
}

async fn dial(to: &PeerAddress) -> Result<TcpStream, DialProblem> {
    match to {
        PeerAddress::Ip(address) => connect(&[*address]).await,
        PeerAddress::Host(host, port) => {
            let found = tokio::net::lookup_host((host.as_str(), *port)).await;
            let found = found.map_err(|_| DialProblem::Unreachable)?;
            connect(&found.take(ADDRESSES_PER_NAME).collect::<Vec<_>>()).await
        }
        PeerAddress::Onion(..) => Err(DialProblem::NeedsProxy),
    }
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, DialProblem> {
    TcpStream::connect(addresses).await.map_err(|error| problem(&error))
}

async fn ask_proxy(
    mut stream: TcpStream,
    to: &PeerAddress,
    login: &Credentials,
) -> Result<TcpStream, DialProblem> {
    let begun = Negotiation::begin(to, login).map_err(|_| DialProblem::Unreachable)?;
    let (mut negotiation, mut step) = begun;
    let mut reply = [0; SOCKS_REPLY_BYTES];
    loop {
        match step {
            Step::Open => return Ok(stream),
            Step::Ask(bytes, count) => {
                stream.write_all(&bytes).await.map_err(|_| ProxyProblem::Silent)?;
                let reply = reply.get_mut(..count).ok_or(ProxyProblem::NotSocks5)?;
                stream.read_exact(reply).await.map_err(|_| ProxyProblem::Silent)?;
                step = negotiation.take(reply)?;
            }
        }
    }
}

fn problem(error: &io::Error) -> DialProblem {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => DialProblem::Refused,
        io::ErrorKind::TimedOut => DialProblem::TimedOut,
        _ => DialProblem::Unreachable,
    }
}
