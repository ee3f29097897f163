//! Owns one TCP connection to a peer: opening it, its bytes both ways, its end.
//!
//! Back-pressure both ways: a socket is read only while few reads wait for the engine, and a peer
//! that takes no bytes is dropped. Refuses to look into the bytes.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::light_client::dial::{DialProblem, Wire};
use crate::light_client::input::Input as ClientInput;
use crate::light_client::peer_id::{PeerAddress, PeerId};
use crate::limits::{
    ADDRESSES_PER_NAME, CLOSE_TIME, CONNECT_TIME, READ_BYTES, UNHANDLED_READS, UNSENT_MESSAGES,
    WRITE_TIME,
};
use crate::net::inbox::Reports;

/// Whom to connect to, and how.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where it is.
    pub address: PeerAddress,
    /// The transport to speak.
    pub wire: Wire,
}

/// Our end of a connection; dropping it closes the connection once what is queued is written.
#[derive(Debug)]
pub struct Connection {
    outgoing: mpsc::Sender<Vec<u8>>,
    task: JoinHandle<()>,
}

impl Connection {
    /// Begins to dial, and reports `Connected` or `DialFailed`, then what is received, and
    /// `Disconnected` at the end of what was connected.
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

async fn run(
    peer: PeerId,
    Target { address, wire }: Target,
    mut unsent: mpsc::Receiver<Vec<u8>>,
    reports: Reports,
) {
    if wire == Wire::V2 {
        return reports.put(ClientInput::DialFailed { peer, why: DialProblem::NoV2 }, None);
    }
    let dialled = tokio::select! {
        dialled = timeout(CONNECT_TIME, dial(&address)) => dialled,
        // Nothing is sent before the connection is open: this is its end.
        _ = unsent.recv() => Ok(Err(io::ErrorKind::ConnectionAborted.into())),
    };
    let stream = match dialled.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!(%peer, %address, %error, "could not connect");
            return reports.put(ClientInput::DialFailed { peer, why: problem(&error) }, None);
        }
    };
    tracing::debug!(%peer, %address, "connected");
    reports.put(ClientInput::Connected { peer }, None);
    let (mut reader, writer) = stream.into_split();
    let written = tokio::select! {
        ended = read(peer, &mut reader, &reports) => {
            tracing::debug!(%peer, %address, ?ended, "disconnected");
            None
        }
        written = write(writer, unsent) => Some(written),
    };
    reports.put(ClientInput::Disconnected { peer }, None);
    if let Some(written) = written {
        let left = timeout(CLOSE_TIME, drain(reader)).await;
        tracing::debug!(%peer, %address, ?written, ?left, "closed");
    }
}

fn problem(error: &io::Error) -> DialProblem {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => DialProblem::Refused,
        io::ErrorKind::TimedOut => DialProblem::TimedOut,
        _ => DialProblem::Unreachable,
    }
}

async fn dial(address: &PeerAddress) -> io::Result<TcpStream> {
    let stream = match address {
        PeerAddress::Ip(address) => TcpStream::connect(address).await?,
        PeerAddress::Host(host, port) => {
            let found = tokio::net::lookup_host((host.as_str(), *port)).await?;
            let found: Vec<_> = found.take(ADDRESSES_PER_NAME).collect();
            TcpStream::connect(&found[..]).await?
        }
        PeerAddress::Onion(..) => return Err(io::ErrorKind::Unsupported.into()),
    };
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads until the peer closes.
async fn read(peer: PeerId, reader: &mut OwnedReadHalf, reports: &Reports) -> io::Result<()> {
    let permits = Arc::new(Semaphore::new(UNHANDLED_READS));
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let permit = Arc::clone(&permits).acquire_owned().await.map_err(io::Error::other)?;
        let count = reader.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        let bytes = buffer[..count].to_vec();
        reports.put(ClientInput::Received { peer, bytes }, Some(permit));
    }
}

/// Writes until our end is dropped and all that was queued before is written, then says so to the
/// peer.
async fn write(mut writer: OwnedWriteHalf, mut unsent: mpsc::Receiver<Vec<u8>>) -> io::Result<()> {
    while let Some(bytes) = unsent.recv().await {
        timeout(WRITE_TIME, writer.write_all(&bytes)).await??;
    }
    writer.shutdown().await
}

/// Reads what nobody wants any more until the peer closes too. A socket that is closed while it
/// holds unread bytes is reset, and a reset takes from the peer what it has not read yet: the
/// payment that was sent last.
async fn drain(mut reader: OwnedReadHalf) -> io::Result<()> {
    let mut buffer = vec![0; READ_BYTES];
    while reader.read(&mut buffer).await? > 0 {}
    Ok(())
}
