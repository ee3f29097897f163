//! Owns what becomes of one HTTP request: refused by its headers, or answered with the status and
//! the content type that Bitcoin Core gives.
//!
//! Refuses to tell strangers anything, the length of a password least of all.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::{Body as HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use billfold_wallet_core::command::Asker;
use serde_json::value::RawValue;
use tokio::time::{sleep, timeout};

use crate::auth::Access;
use crate::caller::{Caller, Pass};
use crate::dispatch;
use crate::envelope::{Body, Call, Refused, Reply, ReplyTo};
use crate::error::{Code, RpcError};
use crate::keeper::Kept;
use crate::limits::{BATCH_CALLS, REPLY_BYTES, REQUEST_BYTES, REQUEST_TIME, WRONG_PASSWORD_WAIT};
use crate::node::{Endpoint, Node};
use crate::origin::Origin;
use crate::server::Door;

/// Answers a request.
pub(super) async fn answer(door: &Door, endpoint: Endpoint, request: Request) -> Response {
    let headers = request.headers();
    if let Some(refusal) = foreign(headers, door.origin) {
        return refusal;
    }
    if request.method() != Method::POST {
        let text = "JSONRPC server handles only POST requests";
        return bare(StatusCode::METHOD_NOT_ALLOWED, text);
    }
    let Some(caller) = caller(door, headers).await else { return unauthorized() };
    if is_form(headers) {
        let text = "A form is no JSON-RPC request: set the content type to application/json";
        return plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, text);
    }
    let body = match timeout(REQUEST_TIME, to_bytes(request.into_body(), REQUEST_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return plain(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large"),
        Err(_elapsed) => return plain(StatusCode::REQUEST_TIMEOUT, "The request came too slowly"),
    };
    if !door.desk.access.admits(&caller.asker) {
        return bare(StatusCode::FORBIDDEN, "");
    }
    match Body::parse(&body) {
        Err(error) => told(&Reply { to: ReplyTo::UNKNOWN, outcome: Err(error) }),
        Ok(body) => match forbidden(door, &caller.asker, &body) {
            Ok(false) => carried_out(&door.desk.node, caller, endpoint, body).await,
            Ok(true) => bare(StatusCode::FORBIDDEN, ""),
            Err(error) => told(&Reply { to: ReplyTo::UNKNOWN, outcome: Err(error) }),
        },
    }
}

/// Refuses what only a web page sends, or one that made a name of its own point here.
pub(super) fn foreign(headers: &HeaderMap, origin: Origin) -> Option<Response> {
    let refused = |text| Some(plain(StatusCode::FORBIDDEN, text));
    if headers.contains_key(header::ORIGIN) {
        return refused("Web pages may not ask here");
    }
    let host = headers.get(header::HOST)?;
    match host.to_str() {
        Ok(host) if !origin.is_network() || is_this_machine(host) => None,
        _ => refused("The Host header must name this machine by 127.0.0.1, [::1] or localhost"),
    }
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn is_form(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return false };
    let kind = kind.to_str().unwrap_or_default().to_ascii_lowercase();
    kind.starts_with("application/x-www-form-urlencoded") || kind.starts_with("multipart/")
}

/// Who asks, or nobody after a wait that makes guessing slow.
pub(super) async fn caller(door: &Door, headers: &HeaderMap) -> Option<Caller> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().unwrap_or_default();
    let known = match door.desk.access.asker(given) {
        Some(asker) => Some((asker, None)),
        None => holder(&door.desk.node, given).await,
    };
    let Some((asker, pass)) = known else {
        sleep(WRONG_PASSWORD_WAIT).await;
        return None;
    };
    // What is no text is no key either, nor are two, in whatever way they are joined; the call is told so.
    let keys: Vec<_> = headers.get_all(KEY).iter().map(|key| key.to_str()).collect();
    let key = match keys.as_slice() {
        [] => None,
        [Ok(key)] => Some((*key).to_owned()),
        _ => Some(String::new()),
    };
    Some(Caller { asker, origin: door.origin, pass, key })
}

/// Whoever shows a token that one of the open wallets keeps, as its caveats say.
async fn holder(node: &Node, authorization: &str) -> Option<(Asker, Option<Pass>)> {
    let token = Access::token(authorization)?;
    let kept = Kept::find(node, token.id).await?;
    let pass = kept.pass(&token, node.params.network)?;
    Some((Asker::Token(token.id), Some(pass)))
}

/// Whether the user may not call one of the methods: then the whole request is refused. A call
/// without a method is told so, as it would be to anybody.
fn forbidden(door: &Door, asker: &Asker, body: &Body) -> Result<bool, RpcError> {
    let access = &door.desk.access;
    if !access.is_bounded(asker) {
        return Ok(false);
    }
    let allowed = |call: &Result<Call, Refused>| match call {
        Ok(call) => Ok(access.allows(asker, &call.method)),
        Err(refused) => Err(refused.error.clone()),
    };
    match body {
        // One that is no call has no method, and is refused by itself.
        Body::Single(call) => Ok(call.is_ok() && !allowed(call)?),
        Body::Batch(calls) => {
            for call in calls {
                if !allowed(call)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

/// Carries calls out. Once one that changes something has begun, all are carried to their end,
/// even if the client leaves.
async fn carried_out(node: &Arc<Node>, caller: Caller, endpoint: Endpoint, body: Body) -> Response {
    let changes = match &body {
        Body::Single(call) => dispatch::changes(call),
        Body::Batch(calls) => calls.iter().any(dispatch::changes),
    };
    let node = Arc::clone(node);
    let work = async move {
        match body {
            Body::Single(call) => single(&node, &caller, &endpoint, call).await,
            Body::Batch(calls) => batch(&node, &caller, &endpoint, calls).await,
        }
    };
    if !changes {
        return work.await;
    }
    let failed = || plain(StatusCode::INTERNAL_SERVER_ERROR, "billfold has a fault");
    tokio::spawn(work).await.unwrap_or_else(|_panicked| failed())
}

async fn single(
    node: &Node,
    caller: &Caller,
    endpoint: &Endpoint,
    call: Result<Call, Refused>,
) -> Response {
    // What is no call at all is told by the status, in any version.
    let malformed = call.is_err();
    let reply = dispatch::reply(node, caller, endpoint, call).await;
    if malformed {
        return json(StatusCode::BAD_REQUEST, text(&reply));
    }
    if reply.to.is_notification() {
        return bare(StatusCode::NO_CONTENT, "");
    }
    told(&reply)
}

async fn batch(
    node: &Node,
    caller: &Caller,
    endpoint: &Endpoint,
    calls: Vec<Result<Call, Refused>>,
) -> Response {
    if calls.len() > BATCH_CALLS {
        let text = format!("A batch has at most {BATCH_CALLS} calls");
        let outcome = Err(RpcError::new(Code::InvalidRequest, text));
        return told(&Reply { to: ReplyTo::UNKNOWN, outcome });
    }
    if caller.key.is_some() {
        let text = "A key is for one call: send the calls of this batch by themselves";
        let outcome = Err(RpcError::new(Code::InvalidRequest, text));
        return told(&Reply { to: ReplyTo::UNKNOWN, outcome });
    }
    let (count, mut replies, mut bytes) = (calls.len(), Vec::new(), 0);
    for call in calls {
        let reply = if bytes < REPLY_BYTES {
            dispatch::reply(node, caller, endpoint, call).await
        } else {
            too_much(call)
        };
        if !reply.to.is_notification() {
            let reply = text(&reply);
            bytes += reply.len();
            replies.push(reply);
        }
    }
    if replies.is_empty() && count > 0 {
        return bare(StatusCode::NO_CONTENT, "");
    }
    json(StatusCode::OK, format!("[{}]", replies.join(",")))
}

/// A call that is not carried out, since the replies before it fill what one request may get.
fn too_much(call: Result<Call, Refused>) -> Reply {
    let to = call.map_or_else(|refused| refused.to, |call| call.to);
    let text = "Not carried out: the replies before this one are too large together";
    Reply { to, outcome: Err(RpcError::new(Code::Misc, text)) }
}

fn told(reply: &Reply) -> Response {
    let status = StatusCode::from_u16(reply.status());
    json(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), text(reply))
}

fn text(reply: &Reply) -> String {
    let text = serde_json::value::to_raw_value(reply).map(|raw: Box<RawValue>| raw.to_string());
    text.unwrap_or_else(|_| "null".to_owned())
}

fn json(status: StatusCode, mut text: String) -> Response {
    text.push('\n');
    respond(status, "application/json", text)
}

/// What Core says too, in the type that its HTTP server gives to whatever is no JSON.
pub(super) fn bare(status: StatusCode, text: &str) -> Response {
    respond(status, "text/html; charset=ISO-8859-1", text.to_owned())
}

/// What Core does not say.
pub(super) fn plain(status: StatusCode, text: &str) -> Response {
    respond(status, "text/plain", text.to_owned())
}

pub(super) fn unauthorized() -> Response {
    let mut response = bare(StatusCode::UNAUTHORIZED, "");
    let realm = axum::http::HeaderValue::from_static("Basic realm=\"jsonrpc\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
    response
}

fn respond(status: StatusCode, kind: &'static str, text: String) -> Response {
    let mut response = Response::new(HttpBody::from(text));
    *response.status_mut() = status;
    if status != StatusCode::NO_CONTENT {
        let kind = axum::http::HeaderValue::from_static(kind);
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

/// The header that holds a call's key.
const KEY: &str = "idempotency-key";
