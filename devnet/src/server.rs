//! Owns the sockets: one listener on loopback, and for each peer one task that reads, answers and
//! tells.
//!
//! A peer is read no further than its queue is long, and its next message is not answered before
//! the last answer is written: a peer that does not read stalls only itself.

use std::io;
use std::sync::Arc;

use bitcoin::p2p::message::NetworkMessage;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, BufWriter};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use crate::fault::Fault;
use crate::limits::{ACCEPT_PAUSE, HANDSHAKE_TIME, MAX_PEERS, MAX_PENDING_MESSAGES, WRITE_TIME};
use crate::network::{Network, News, PeerNumber};
use crate::session::{Reply, Session};
use crate::wire::{Incoming, Outgoing, accept};

/// Serves peers until it is dropped, and their tasks with it.
pub(crate) async fn serve(listener: TcpListener, network: Arc<Network>) {
    let mut peers = JoinSet::new();
    loop {
        let stream = loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => break stream,
                    Err(error) => {
                        tracing::warn!(%error, "a peer could not be accepted");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(_) = peers.join_next() => {}
            }
        };
        while peers.try_join_next().is_some() {}
        if peers.len() < MAX_PEERS {
            peers.spawn(serve_peer(stream, Arc::clone(&network), network.number()));
        }
    }
}

async fn serve_peer(stream: TcpStream, network: Arc<Network>, peer: PeerNumber) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(peer = peer.0, %error, "a peer is gone");
        return;
    }
    let (reader, writer) = stream.into_split();
    let (reader, mut writer) = (BufReader::new(reader), BufWriter::new(writer));
    let deadline = Instant::now() + HANDSHAKE_TIME;
    let accepted = match timeout_at(deadline, accept(reader, &mut writer)).await {
        Ok(accepted) => accepted,
        Err(_) => Err(Fault::HandshakeTime),
    };
    let (incoming, outgoing) = match accepted {
        Ok(accepted) => accepted,
        Err(fault) => {
            tracing::debug!(peer = peer.0, %fault, "a peer is closed");
            return;
        }
    };
    let (heard, pending) = mpsc::channel(MAX_PENDING_MESSAGES);
    let news = network.listen();
    let session = Session::new(network, peer);
    let outlet = Outlet { writer, outgoing };
    let fault = tokio::select! {
        fault = read(incoming, heard) => fault,
        fault = converse(outlet, pending, news, session, deadline) => fault,
    };
    tracing::debug!(peer = peer.0, %fault, "a peer is closed");
}

/// Reads messages into the queue until one can't be read.
async fn read(
    mut incoming: Incoming<impl AsyncRead + Unpin>,
    heard: mpsc::Sender<NetworkMessage>,
) -> Fault {
    loop {
        let message = match incoming.next().await {
            Ok(message) => message,
            Err(fault) => return fault,
        };
        if heard.send(message).await.is_err() {
            return Fault::Ended(io::ErrorKind::ConnectionAborted.into());
        }
    }
}

/// Answers what was heard and tells news until the peer is at fault.
async fn converse(
    mut outlet: Outlet<impl AsyncWrite + Unpin>,
    mut pending: mpsc::Receiver<NetworkMessage>,
    mut news: broadcast::Receiver<News>,
    mut session: Session,
    deadline: Instant,
) -> Fault {
    loop {
        let replies = tokio::select! {
            message = pending.recv() => match message {
                Some(message) => session.hear(message),
                None => return Fault::Ended(io::ErrorKind::ConnectionAborted.into()),
            },
            news = news.recv() => match news {
                Ok(news) => Ok(session.tell(news)),
                // What is lost are announcements; the chain's is made up for.
                Err(RecvError::Lagged(_)) => Ok(session.tell(News::Chain)),
                Err(RecvError::Closed) => {
                    return Fault::Ended(io::ErrorKind::ConnectionAborted.into());
                }
            },
            () = sleep_until(deadline), if !session.is_ready() => Err(Fault::HandshakeTime),
        };
        let sent = match replies {
            Ok(replies) => outlet.send(&session, replies).await,
            Err(fault) => return fault,
        };
        if let Err(error) = sent {
            return Fault::Ended(error);
        }
    }
}

/// Where messages go.
struct Outlet<W> {
    writer: W,
    outgoing: Outgoing,
}

impl<W: AsyncWrite + Unpin> Outlet<W> {
    async fn send(&mut self, session: &Session, replies: Vec<Reply>) -> io::Result<()> {
        for message in replies.into_iter().filter_map(|reply| session.load(reply)) {
            let bytes = self.outgoing.write(message);
            timeout(WRITE_TIME, self.writer.write_all(&bytes)).await??;
        }
        timeout(WRITE_TIME, self.writer.flush()).await?
    }
}

#[cfg(test)]
mod tests;
