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
use tokio::time::timeout;

use crate::light_client::input::Input as ClientInput;
use crate::light_client::peer_id::{PeerAddress, PeerId};
use crate::limits::{
    ADDRESSES_PER_NAME, CONNECT_TIME, READ_BYTES, UNHANDLED_READS, UNSENT_MESSAGES, WRITE_TIME,
};
use crate::net::inbox::Reports;

/// Our end of a connection; dropping it closes the connection.
#[derive(Debug)]
pub struct Connection {
    outgoing: mpsc::Sender<Vec<u8>>,
}

impl Connection {
    /// Begins to dial, and reports `Connected` or `DialFailed`, then what is received, and
    /// `Disconnected` at the end of what was connected.
    #[must_use]
    pub fn open(runtime: &Handle, peer: PeerId, address: PeerAddress, reports: Reports) -> Self {
        let (outgoing, unsent) = mpsc::channel(UNSENT_MESSAGES);
        runtime.spawn(run(peer, address, unsent, reports));
        Self { outgoing }
    }

    /// Queues bytes for the peer; false if it takes no more and must be dropped.
    #[must_use]
    pub fn send(&self, bytes: Vec<u8>) -> bool {
        self.outgoing.try_send(bytes).is_ok()
    }
}

async fn run(
    peer: PeerId,
    address: PeerAddress,
    mut unsent: mpsc::Receiver<Vec<u8>>,
    reports: Reports,
) {
    let dialled = tokio::select! {
        dialled = timeout(CONNECT_TIME, dial(&address)) => dialled,
        // Nothing is sent before the connection is open: this is its end.
        _ = unsent.recv() => Ok(Err(io::ErrorKind::ConnectionAborted.into())),
    };
    let stream = match dialled.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!(%peer, %address, %error, "could not connect");
            return reports.put(ClientInput::DialFailed { peer }, None);
        }
    };
    tracing::debug!(%peer, %address, "connected");
    reports.put(ClientInput::Connected { peer }, None);
    let (reader, writer) = stream.into_split();
    let ended = tokio::select! {
        ended = read(peer, reader, &reports) => ended,
        ended = write(writer, unsent) => ended,
    };
    tracing::debug!(%peer, %address, ?ended, "disconnected");
    reports.put(ClientInput::Disconnected { peer }, None);
}

async fn dial(address: &PeerAddress) -> io::Result<TcpStream> {
    let stream = match address {
        PeerAddress::Ip(address) => TcpStream::connect(address).await?,
        PeerAddress::Host(host, port) => {
            let found = tokio::net::lookup_host((host.as_str(), *port)).await?;
            let found: Vec<_> = found.take(ADDRESSES_PER_NAME).collect();
            TcpStream::connect(&found[..]).await?
        }
    };
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads until the peer closes.
async fn read(peer: PeerId, mut reader: OwnedReadHalf, reports: &Reports) -> io::Result<()> {
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

/// Writes until our end is dropped.
async fn write(mut writer: OwnedWriteHalf, mut unsent: mpsc::Receiver<Vec<u8>>) -> io::Result<()> {
    while let Some(bytes) = unsent.recv().await {
        timeout(WRITE_TIME, writer.write_all(&bytes)).await??;
    }
    Ok(())
}
