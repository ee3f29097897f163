//! Owns one TCP connection to a peer: opening it, its bytes both ways, its end.
//!
//! Back-pressure both ways: a socket is read only while few reads wait for the engine, and a peer
//! that takes no bytes is dropped. Refuses to look into the bytes.

use std::io;
use std::sync::Arc;

use bitcoin::Network;
use bitcoin::p2p::Magic;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::light_client::dial::{DialProblem, Wire};
use crate::light_client::input::Input as ClientInput;
use crate::light_client::peer_id::{PeerAddress, PeerId};
use crate::limits::{CLOSE_TIME, UNHANDLED_BYTES, UNSENT_MESSAGES};
use crate::net::inbox::Reports;
use crate::net::route::Route;
use crate::net::transport::{self, Incoming, Outgoing, Piece};

/// Whom to connect to, and how.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where it is.
    pub address: PeerAddress,
    /// The way there.
    pub route: Route,
    /// The transport to speak.
    pub wire: Wire,
    /// The network's magic; version 2 binds its keys to it.
    pub magic: Magic,
}

impl Target {
    async fn reach(&self) -> Result<(Incoming, Outgoing), DialProblem> {
        let version_2 = match self.wire {
            Wire::V1 => None,
            // The library that derives the keys does not know signets of one's own.
            Wire::V2 => Some(Network::from_magic(self.magic).ok_or(DialProblem::NoV2)?),
        };
        let stream = self.route.open(&self.address).await?;
        transport::begin(stream, version_2).await
    }
}

/// Our end of a connection; dropping it closes the connection once what is queued is written.
#[derive(Debug)]
pub struct Connection {
    outgoing: mpsc::Sender<Vec<u8>>,
    task: JoinHandle<()>,
}

impl Connection {
    /// Begins to dial, and reports `Connected` or `DialFailed`, then what is received, and
    /// `Disconnected` at the end of what was connected or is given up before that.
    #[must_use]
    pub fn open(runtime: &Handle, peer: PeerId, target: Target, reports: Reports) -> Self {
        let (outgoing, unsent) = mpsc::channel(UNSENT_MESSAGES);
        let task = runtime.spawn(run(peer, target, unsent, reports));
        Self { outgoing, task }
    }

    /// Closes, and returns what to wait for until the peer has everything that was queued.
    #[must_use]
    pub fn close(self) -> JoinHandle<()> {
        self.task
    }

    /// Queues bytes for the peer; false if it takes no more and must be dropped.
    #[must_use]
    pub fn send(&self, bytes: Vec<u8>) -> bool {
        self.outgoing.try_send(bytes).is_ok()
    }
}

async fn run(peer: PeerId, target: Target, mut unsent: mpsc::Receiver<Vec<u8>>, reports: Reports) {
    let reached = tokio::select! {
        reached = target.reach() => reached,
        // Nothing is sent before the connection is open: our end was dropped.
        _ = unsent.recv() => return reports.put(ClientInput::Disconnected { peer }, None),
    };
    let Target { address, wire, .. } = target;
    let (mut incoming, outgoing) = match reached {
        Ok(halves) => halves,
        Err(why) => {
            tracing::debug!(%peer, %address, %wire, %why, "could not connect");
            return reports.put(ClientInput::DialFailed { peer, why }, None);
        }
    };
    tracing::debug!(%peer, %address, %wire, "connected");
    reports.put(ClientInput::Connected { peer }, None);
    let written = tokio::select! {
        ended = read(peer, &mut incoming, &reports) => {
            tracing::debug!(%peer, %address, ?ended, "disconnected");
            None
        }
        written = write(outgoing, unsent) => Some(written),
    };
    reports.put(ClientInput::Disconnected { peer }, None);
    if let Some(written) = written {
        // A socket that is closed while it holds unread bytes is reset, and a reset takes from the
        // peer what it has not read yet: the payment that was sent last.
        let left = timeout(CLOSE_TIME, incoming.drain()).await;
        tracing::debug!(%peer, %address, ?written, ?left, "closed");
    }
}

/// Reads until the peer closes.
async fn read(peer: PeerId, incoming: &mut Incoming, reports: &Reports) -> io::Result<()> {
    let permits = Arc::new(Semaphore::new(UNHANDLED_BYTES as usize));
    loop {
        let piece = incoming.next().await?;
        let (input, size) = match piece {
            Piece::Whole(bytes) => {
                let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                (ClientInput::Received { peer, bytes }, size)
            }
            Piece::Part => (ClientInput::Receiving { peer }, 0),
            Piece::End => return Ok(()),
        };
        // An input that carries little is work too.
        let size = size.clamp(LEAST_CHARGE, UNHANDLED_BYTES);
        let permit = Arc::clone(&permits).acquire_many_owned(size).await;
        reports.put(input, Some(permit.map_err(io::Error::other)?));
    }
}

/// Writes until our end is dropped and all that was queued before is written, then says so to the
/// peer.
async fn write(mut outgoing: Outgoing, mut unsent: mpsc::Receiver<Vec<u8>>) -> io::Result<()> {
    while let Some(bytes) = unsent.recv().await {
        outgoing.write(bytes).await?;
    }
    outgoing.close().await
}

/// What an input counts at the least against the bytes that may wait.
const LEAST_CHARGE: u32 = 1024;
