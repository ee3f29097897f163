//! Owns the sockets: one listener on loopback, and for each peer one task that reads, answers and
//! tells.
//!
//! A peer is read no further than its queue is long, and its next message is not answered before
//! the last answer is written: a peer that does not read stalls only itself.

use std::io;
use std::sync::Arc;

use bitcoin::p2p::message::NetworkMessage;
use tokio::io::{AsyncWrite, AsyncWriteExt, BufReader, BufWriter};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::fault::Fault;
use crate::frame::{read_message, write_message};
use crate::limits::{ACCEPT_PAUSE, HANDSHAKE_TIME, MAX_PEERS, MAX_PENDING_MESSAGES, WRITE_TIME};
use crate::network::{Network, News, PeerNumber};
use crate::session::{Reply, Session};

/// Serves peers until it is dropped, and their tasks with it.
pub(crate) async fn serve(listener: TcpListener, network: Arc<Network>) {
    let mut peers = JoinSet::new();
    for number in (0..).map(PeerNumber) {
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
            peers.spawn(serve_peer(stream, Arc::clone(&network), number));
        }
    }
}

async fn serve_peer(stream: TcpStream, network: Arc<Network>, peer: PeerNumber) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(peer = peer.0, %error, "a peer is gone");
        return;
    }
    let (reader, writer) = stream.into_split();
    let (heard, pending) = mpsc::channel(MAX_PENDING_MESSAGES);
    let news = network.listen();
    let session = Session::new(network, peer);
    let fault = tokio::select! {
        fault = read(reader, heard) => fault,
        fault = converse(BufWriter::new(writer), pending, news, session) => fault,
    };
    tracing::debug!(peer = peer.0, %fault, "a peer is closed");
}

/// Reads messages into the queue until one can't be read.
async fn read(reader: OwnedReadHalf, heard: mpsc::Sender<NetworkMessage>) -> Fault {
    let mut reader = BufReader::new(reader);
    loop {
        let message = match read_message(&mut reader).await {
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
    mut writer: impl AsyncWrite + Unpin,
    mut pending: mpsc::Receiver<NetworkMessage>,
    mut news: broadcast::Receiver<News>,
    mut session: Session,
) -> Fault {
    let deadline = Instant::now() + HANDSHAKE_TIME;
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
            Ok(replies) => send(&mut writer, &session, replies).await,
            Err(fault) => return fault,
        };
        if let Err(error) = sent {
            return Fault::Ended(error);
        }
    }
}

async fn send(
    writer: &mut (impl AsyncWrite + Unpin),
    session: &Session,
    replies: Vec<Reply>,
) -> io::Result<()> {
    for message in replies.into_iter().filter_map(|reply| session.load(reply)) {
        timeout(WRITE_TIME, writer.write_all(&write_message(message))).await??;
    }
    timeout(WRITE_TIME, writer.flush()).await?
}

#[cfg(test)]
mod tests;
