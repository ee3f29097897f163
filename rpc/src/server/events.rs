//! Owns `/events`: the events of a wallet as a stream (server-sent events, as WHATWG's HTML standard
//! has them), with the numbers of `billfold.events`.
//!
//! Refuses to queue: a stream reads the journal as its reader takes, and one whose reader takes nothing
//! for long is cut off. It loses nothing: `Last-Event-ID` says where to go on.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_core::Stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::sleep;

use crate::desk::Desk;
use crate::dispatch::{self, Subject};
use crate::error::RpcError;
use crate::journal;
use crate::limits::{EVENTS_AT_ONCE, KEEP_ALIVE};
use crate::node::Endpoint;
use crate::server::{Door, request};

/// Answers a request for events.
pub(super) async fn stream(State(door): State<Door>, request: Request) -> Response {
    let headers = request.headers().clone();
    if let Some(refusal) = request::foreign(&headers, door.origin) {
        return refusal;
    }
    let Some(caller) = request::caller(&door, &headers).await else {
        return request::unauthorized();
    };
    let access = &door.desk.access;
    if !access.admits(&caller.asker) || !access.allows(&caller.asker, METHOD) {
        return request::plain(StatusCode::FORBIDDEN, "");
    }
    let Some((endpoint, after)) = place(request.uri().query().unwrap_or_default(), &headers) else {
        let text = "Ask for ?wallet=NAME&after=NUMBER, or go on with Last-Event-ID";
        return request::plain(StatusCode::BAD_REQUEST, text);
    };
    let desk = caller.admit(METHOD, &door.desk.node.rates, door.desk.node.now()).and_then(|()| {
        let endpoint = dispatch::endpoint_for(&caller, &endpoint, Subject::Wallet)?;
        door.desk.node.wallet(&endpoint)
    });
    let desk = match desk {
        Ok(desk) => desk,
        Err(error) => return refused(&error),
    };
    if let Err(error) = journal::check(&desk, after).await {
        return refused(&error);
    }
    let Ok(place) = Arc::clone(&door.desk.streams).try_acquire_owned() else {
        return request::plain(StatusCode::SERVICE_UNAVAILABLE, "Too many streams: try later");
    };
    let (frames, read) = mpsc::channel(1);
    tokio::spawn(tell(Teller { door, headers, desk, frames, _place: place }, after));
    let mut response = Response::new(Body::from_stream(Frames(read)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// That the daemon serves; it takes no password, and tells nothing else.
pub(super) async fn health(State(door): State<Door>, request: Request) -> Response {
    let refusal = request::foreign(request.headers(), door.origin);
    refusal.unwrap_or_else(|| request::plain(StatusCode::OK, "ok\n"))
}

/// Who tells one reader.
struct Teller {
    door: Door,
    headers: HeaderMap,
    desk: Arc<Desk>,
    frames: Sender<Bytes>,
    _place: OwnedSemaphorePermit,
}

/// Tells all that comes after a number, until the reader leaves, takes too long, or may not read any
/// more.
async fn tell(teller: Teller, mut after: u64) {
    let Teller { door, headers, desk, frames, .. } = &teller;
    // Before the first look, so that nothing happens unheard between it and the wait.
    let mut listener = desk.listen();
    while is_admitted(door, headers).await {
        let Ok(events) = journal::page(desk, after, EVENTS_AT_ONCE).await else { return };
        let mut text = String::new();
        for event in &events {
            let Ok(data) = serde_json::to_string(event) else { return };
            let number = event.seq.to_string();
            text.extend(["id: ", &number, "\nevent: ", event.event, "\ndata: ", &data, "\n\n"]);
            after = event.seq;
        }
        if events.is_empty() {
            tokio::select! {
                heard = desk.hears(&mut *listener) => if heard { continue } else { return },
                () = door.desk.node.stop.asked() => return,
                () = frames.closed() => return,
                // A reader that is gone without a word is found out.
                () = sleep(KEEP_ALIVE) => text += ":\n\n",
            }
        }
        // It fails once the connection of a reader who takes nothing is broken off.
        if frames.send(text.into()).await.is_err() {
            return;
        }
    }
}

/// Whether the reader is still let in: a token may have been taken back, or have expired.
async fn is_admitted(door: &Door, headers: &HeaderMap) -> bool {
    let Some(caller) = request::caller(door, headers).await else { return false };
    caller.may_go_on(METHOD, door.desk.node.now()).is_ok()
}

/// Which wallet, and after which event. The header goes before the query, since whoever comes again
/// sends the same query.
fn place(query: &str, headers: &HeaderMap) -> Option<(Endpoint, u64)> {
    let (mut endpoint, mut after) = (Endpoint::Root, 0);
    for part in query.split('&').filter(|part| !part.is_empty()) {
        match part.split_once('=')? {
            ("wallet", name) => endpoint = Endpoint::Wallet(name.to_owned()),
            ("after", number) => after = number.parse().ok()?,
            _ => return None,
        }
    }
    if let Some(last) = headers.get("last-event-id") {
        after = last.to_str().ok()?.parse().ok()?;
    }
    Some((endpoint, after))
}

fn refused(error: &RpcError) -> Response {
    let status = match error.code {
        -18 => StatusCode::NOT_FOUND,
        -8 | -19 => StatusCode::BAD_REQUEST,
        -1007 => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::FORBIDDEN,
    };
    request::plain(status, &error.message)
}

/// What is told, as the body of a response.
struct Frames(Receiver<Bytes>);

impl Stream for Frames {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|frame| frame.map(Ok))
    }
}

/// By the right to which one may read them.
const METHOD: &str = "billfold.events";
