//! Owns a face that another process of this user holds: its questions are those of
//! [`Face`], asked over the Unix socket after the HTTP request for `/face`.
//!
//! Refuses other users of the machine, the network, and programs of another version, whose questions
//! would mean something else. Whoever leaves leaves nothing: wallets that were loaded for it are
//! unloaded. There is no cookie: whoever is this user can read it, and the wallets.

use std::io;
use std::sync::atomic::Ordering;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use billfold_wallet_core::face::Face;
use billfold_wallet_core::portable::question::Question;
use billfold_wallet_core::wallet_name::WalletName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, split};

use crate::server::{Door, frame, request};
use crate::stop::Stop;

/// The header in which both sides tell their version.
pub(crate) const VERSION: &str = "billfold-version";

/// What the connection is upgraded to.
pub(crate) const PROTOCOL: &str = "billfold-face";

/// Lets a face in, or tells why not.
pub(super) async fn admit(State(door): State<Door>, request: Request) -> Response {
    if !door.is_owner() {
        let text = "Only programs of this user may ask here, over the socket";
        return request::plain(StatusCode::FORBIDDEN, text);
    }
    let version = door.desk.node.version;
    let headers = request.headers();
    let same = headers.get(VERSION).is_some_and(|theirs| theirs.as_bytes() == version.as_bytes());
    let upgrades =
        headers.get(header::UPGRADE).is_some_and(|to| to.as_bytes() == PROTOCOL.as_bytes());
    let mut response = match (upgrades, same) {
        (false, _) => {
            request::plain(StatusCode::UPGRADE_REQUIRED, "Only billfold itself asks here")
        }
        (true, false) => request::plain(StatusCode::CONFLICT, "The versions differ"),
        (true, true) => {
            door.has_face.store(true, Ordering::Release);
            let mut response = request::plain(StatusCode::SWITCHING_PROTOCOLS, "");
            let headers = response.headers_mut();
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static(PROTOCOL));
            headers.remove(header::CONTENT_TYPE);
            response
        }
    };
    response.headers_mut().insert(VERSION, HeaderValue::from_static(version));
    response
}

/// Answers one question after the other until the client leaves or the daemon ends.
pub(super) async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    face: &dyn Face,
    stop: &Stop,
) {
    let mut loaded = Vec::new();
    loop {
        let question = tokio::select! {
            () = stop.asked() => break,
            question = frame::read(&mut stream) => question,
        };
        let answered = match question {
            Ok(Question::Listen) => {
                let _ended = tell(stream, face, stop).await;
                return;
            }
            Ok(question) => answer(&mut stream, face, question, &mut loaded).await,
            Err(left) => Err(left),
        };
        if answered.is_err() {
            break;
        }
    }
    for wallet in loaded {
        // It may have been unloaded by others.
        let _ = face.unload(&wallet).await;
    }
}

async fn answer(
    stream: &mut (impl AsyncWrite + Unpin),
    face: &dyn Face,
    question: Question,
    loaded: &mut Vec<WalletName>,
) -> io::Result<()> {
    match question {
        Question::Ask(wallet, command) => {
            frame::write(stream, &face.ask(&wallet, *command).await).await
        }
        Question::AskChain(query) => frame::write(stream, &face.ask_chain(query).await).await,
        Question::Wallets => frame::write(stream, &face.wallets().await).await,
        Question::AllWallets => frame::write(stream, &face.all_wallets().await).await,
        Question::Found(wallet, founding, cost) => {
            frame::write(stream, &face.found(&wallet, *founding, cost).await).await
        }
        Question::Backup(wallet) => frame::write(stream, &face.backup(&wallet).await).await,
        Question::KeepOpen(wallet, open) => {
            frame::write(stream, &face.keep_open(&wallet, open).await).await
        }
        Question::Load(wallet, password, access) => {
            let outcome = face.load(&wallet, password, access).await;
            if outcome.is_ok() {
                loaded.push(wallet);
            }
            frame::write(stream, &outcome).await
        }
        Question::Unload(wallet) => {
            let outcome = face.unload(&wallet).await;
            if outcome.is_ok() {
                loaded.retain(|name| *name != wallet);
            }
            frame::write(stream, &outcome).await
        }
        Question::Unlock(wallet, password, lasts) => {
            frame::write(stream, &face.unlock(&wallet, password, lasts).await).await
        }
        Question::ChangePassphrase(wallet, change, cost) => {
            frame::write(stream, &face.change_passphrase(&wallet, change, cost).await).await
        }
        Question::ChangePassword(wallet, change, cost) => {
            frame::write(stream, &face.change_password(&wallet, change, cost).await).await
        }
        Question::Listen => Ok(()),
    }
}

/// Tells what happens. Who reads slowly makes the listener miss events, which it tells, and nobody
/// else wait.
async fn tell(stream: impl AsyncRead + AsyncWrite, face: &dyn Face, stop: &Stop) -> io::Result<()> {
    let mut listener = face.listen();
    let (mut reader, mut writer) = split(stream);
    frame::write(&mut writer, &()).await?;
    loop {
        let news = tokio::select! {
            news = listener.next() => news,
            () = stop.asked() => None,
            // It says nothing more, so it has left.
            _left = reader.read_u8() => return Ok(()),
        };
        frame::write(&mut writer, &news).await?;
        if news.is_none() {
            return Ok(());
        }
    }
}
