//! Owns the HTTP server: listeners on loopback and on a Unix socket, bounds on what comes in, and
//! Bitcoin Core's way from a request to a status and a reply (`src/httprpc.cpp`).
//!
//! It also streams events, and over the socket it serves the wallets themselves to other programs of
//! this user (`face`).
//! Refuses what a web page could send: foreign hosts, origins, forms. There is no TLS, so it listens
//! nowhere but on this machine.

mod listener;
mod flow;
mod request;
mod events;
pub(crate) mod frame;
pub(crate) mod face;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{any, get};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::auth::Access;
use crate::limits::{CONNECTIONS, FAREWELL, HEADER_BYTES, HEADER_TIME, STREAMS};
use crate::node::{Endpoint, Node};
use crate::origin::Origin;

use flow::Flow;
pub use listener::{ListenError, Listener};

/// Serves a node until it is asked to stop, and the face behind it to other processes of this user.
pub async fn serve(node: Arc<Node>, access: Access, listeners: Vec<Listener>) {
    let owner = listeners.iter().find_map(Listener::owner);
    let streams = Arc::new(Semaphore::new(STREAMS));
    let desk = Arc::new(FrontDesk { node: Arc::clone(&node), access, owner, streams });
    let mut doors = JoinSet::new();
    for listener in listeners {
        doors.spawn(listen(listener, Arc::clone(&desk)));
    }
    while doors.join_next().await.is_some() {}
}

/// What every request is held against.
struct FrontDesk {
    node: Arc<Node>,
    access: Access,
    /// The user of the system whose socket it is.
    owner: Option<u32>,
    /// Room for streams of events.
    streams: Arc<Semaphore>,
}

/// A front desk, and through which door one came to it.
#[derive(Clone)]
struct Door {
    desk: Arc<FrontDesk>,
    /// Where whoever came is from.
    origin: Origin,
    /// Whether the connection is a face's from now on.
    has_face: Arc<AtomicBool>,
}

impl Door {
    /// Whether the owner of the data directory came, over the socket.
    fn is_owner(&self) -> bool {
        let Origin::Socket(user) = self.origin else { return false };
        user.is_some() && user == self.desk.owner
    }
}

async fn listen(listener: Listener, desk: Arc<FrontDesk>) {
    let stop = desk.node.stop.clone();
    // Of this listener alone: strangers reach the port, and only the owner the socket.
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let (stream, origin) = tokio::select! {
            () = stop.asked() => break,
            accepted = listener.accept() => accepted,
            Some(_ended) = connections.join_next() => continue,
        };
        match Arc::clone(&room).try_acquire_owned() {
            Ok(place) => {
                let door = Door { desk: Arc::clone(&desk), origin, has_face: Arc::default() };
                let stop = stop.clone();
                connections.spawn(async move {
                    let mut leaving = pin!(stop.asked());
                    let mut connection = pin!(attend(stream, door));
                    tokio::select! {
                        () = connection.as_mut() => {}
                        () = leaving.as_mut() => {
                            let _ = timeout(FAREWELL, connection).await;
                        }
                    }
                    drop(place);
                });
            }
            Err(_full) => {
                connections.spawn(turn_away(stream));
            }
        }
    }
    drop(listener);
    let _ = timeout(FAREWELL, async { while connections.join_next().await.is_some() {} }).await;
}

/// Serves one connection, for fuzzing.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) async fn attend_one(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    node: Arc<Node>,
    access: Access,
) {
    let streams = Arc::new(Semaphore::new(STREAMS));
    let desk = Arc::new(FrontDesk { node, access, owner: None, streams });
    let origin = Origin::Network(std::net::Ipv4Addr::LOCALHOST.into());
    attend(stream, Door { desk, origin, has_face: Arc::default() }).await;
}

async fn attend(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, door: Door) {
    let (node, has_face) = (Arc::clone(&door.desk.node), Arc::clone(&door.has_face));
    let stop = &node.stop;
    let service = TowerToHyperService::new(router(door));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(Flow::new(stream)), service);
    tokio::select! {
        // A client that breaks off, or speaks no HTTP, has been told what it can be told.
        _ended = poll_fn(|context| connection.poll_without_shutdown(context)) => {}
        () = stop.asked() => {
            Pin::new(&mut connection).graceful_shutdown();
            let _ = poll_fn(|context| connection.poll_without_shutdown(context)).await;
            return;
        }
    }
    if has_face.load(Ordering::Acquire) {
        // Screens of the owner that are halted for a while are not left.
        let stream = connection.into_parts().io.into_inner().into_inner();
        face::converse(stream, &*node.face, stop).await;
    }
}

fn router(door: Door) -> Router {
    Router::new()
        .route("/", any(at_root))
        .route("/wallet/", any(at_nameless_wallet))
        .route("/wallet/{*name}", any(at_wallet))
        .route("/face", get(face::admit))
        .route("/events", get(events::stream))
        .route("/health", get(events::health))
        .fallback(nowhere)
        .with_state(door)
}

async fn nowhere() -> Response {
    request::bare(StatusCode::NOT_FOUND, "")
}

async fn at_root(State(door): State<Door>, request: Request) -> Response {
    if request.uri().query().is_some() {
        return nowhere().await;
    }
    request::answer(&door, Endpoint::Root, request).await
}

async fn at_nameless_wallet(State(door): State<Door>, request: Request) -> Response {
    request::answer(&door, wallet(String::new(), &request), request).await
}

async fn at_wallet(
    State(door): State<Door>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    request::answer(&door, wallet(name, &request), request).await
}

/// The wallet of a path; as in Core, whatever stands behind the name is part of it.
fn wallet(name: String, request: &Request) -> Endpoint {
    Endpoint::Wallet(match request.uri().query() {
        None => name,
        Some(query) => format!("{name}?{query}"),
    })
}

/// There is no room for another connection; clients try again.
async fn turn_away(mut stream: impl AsyncWrite + Unpin) {
    let told = stream.write_all(FULL.as_bytes());
    let _ = timeout(FAREWELL, told).await;
    let _ = timeout(FAREWELL, stream.shutdown()).await;
}

const FULL: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n\
                    Content-Length: 31\r\nConnection: close\r\n\r\nToo many connections: try later";

#[cfg(test)]
mod tests;
