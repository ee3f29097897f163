//! Owns the client's side: one call to a daemon on this machine, over its Unix socket or its port,
//! with the cookie that it left in the data directory; and through `face` its wallets as if they
//! were here.
//!
//! Refuses daemons on other machines: nothing would be encrypted.

pub mod face;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use crate::error::RpcError;
use crate::json::{Object, Value};
use crate::limits::CLIENT_REPLY_BYTES;
use crate::method::Method;
use crate::parameter::Kind;

/// Where a daemon is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Daemon {
    /// At its socket.
    Socket(PathBuf),
    /// At its port.
    Port(SocketAddr),
}

/// How whoever asks shows who it is.
#[derive(Debug, Clone)]
pub enum Login {
    /// By what the daemon left in this file.
    Cookie(PathBuf),
    /// By a user's name and password, with a colon between them.
    Password(Zeroizing<Vec<u8>>),
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The wallet, if one is named.
    pub wallet: Option<String>,
    /// The method.
    pub method: String,
    /// Its arguments: an array or an object.
    pub params: Value,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// No daemon is there.
    #[error("no daemon answers at {place}: start one with billfold daemon")]
    NoDaemon {
        /// Where.
        place: String,
    },
    /// The cookie can't be read.
    #[error("{path} can't be read: {source}; only the user who started the daemon can")]
    NoCookie {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The daemon doesn't let in whoever has this cookie.
    #[error(
        "the daemon refuses this user: its cookie is new with every start, so ask again, or check name \
         and password"
    )]
    Unauthorized,
    /// The daemon has too much to do.
    #[error("the daemon has too many connections: ask again later")]
    Full,
    /// What came back is no reply.
    #[error("the daemon answered with something that is no reply (HTTP status {status})")]
    NoReply {
        /// The HTTP status, 0 if there was none.
        status: u16,
    },
    /// The connection broke. Whether the call was carried out is not known.
    #[error("the connection to the daemon broke: whether the call was carried out is not known")]
    Broken(#[source] io::Error),
    /// The call failed.
    #[error(transparent)]
    Call(RpcError),
}

impl Daemon {
    /// Asks.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn ask(&self, login: &Login, question: &Question) -> Result<Box<RawValue>, AskError> {
        let request = request(&self.login(login)?, question);
        let told = match self {
            #[cfg(unix)]
            Self::Socket(path) => {
                let stream = tokio::net::UnixStream::connect(path).await;
                talk(stream.map_err(|_| self.absent())?, &request).await
            }
            #[cfg(not(unix))]
            Self::Socket(_) => return Err(self.absent()),
            Self::Port(address) => {
                let stream = TcpStream::connect(address).await;
                talk(stream.map_err(|_| self.absent())?, &request).await
            }
        };
        reply(&told.map_err(AskError::Broken)?)
    }

    fn login(&self, login: &Login) -> Result<Zeroizing<Vec<u8>>, AskError> {
        let cookie = match login {
            Login::Password(login) => return Ok(login.clone()),
            Login::Cookie(path) => path,
        };
        std::fs::read(cookie).map(Zeroizing::new).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => AskError::NoDaemon { place: self.place() },
            _ => AskError::NoCookie { path: cookie.clone(), source },
        })
    }

    fn absent(&self) -> AskError {
        AskError::NoDaemon { place: self.place() }
    }

    fn place(&self) -> String {
        match self {
            Self::Socket(path) => path.display().to_string(),
            Self::Port(address) => address.to_string(),
        }
    }
}

/// Makes the arguments of a command line into those of a call: what a method takes as a text stays
/// one, everything else is JSON, as `bitcoin-cli` does it.
///
/// # Errors
/// The argument that is no JSON where it must be, or that has no name where all must have one.
pub fn arguments(method: &str, typed: &[String], named: bool) -> Result<Value, ParseArgumentError> {
    let known = Method::named(method).map_or(&[][..], |method| method.parameters);
    let value = |kind: Option<Kind>, text: &str| match kind {
        None | Some(Kind::Text) => Ok(Value::from(text)),
        Some(kind) => match (Value::read(text), kind) {
            (Ok(value), _) => Ok(value),
            // A hash where a height may stand too, or an amount with too many digits.
            (Err(_), Kind::Any | Kind::Amount) => Ok(Value::from(text)),
            (Err(_), _) => Err(ParseArgumentError::NotJson(text.to_owned())),
        },
    };
    if !named {
        let kinds = known.iter().map(|parameter| Some(parameter.kind));
        let kinds = kinds.chain(std::iter::repeat(None));
        let values = typed.iter().zip(kinds).map(|(text, kind)| value(kind, text));
        return values.collect::<Result<_, _>>().map(Value::Array);
    }
    let mut params = Object::default();
    let mut positional = Vec::new();
    for text in typed {
        let Some((name, text)) = text.split_once('=') else {
            let kind = known.get(positional.len()).map(|parameter| parameter.kind);
            positional.push(value(kind, text)?);
            continue;
        };
        let fields = known.iter().flat_map(|parameter| parameter.fields);
        let parameter = known.iter().chain(fields).find(|parameter| parameter.is_called(name));
        let kind = parameter.map(|parameter| parameter.kind);
        params.push(name, value(kind, text)?);
    }
    if !positional.is_empty() {
        params.push("args", Value::Array(positional));
    }
    Ok(Value::Object(params))
}

/// An argument that is not what its method takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseArgumentError {
    /// It is no JSON.
    #[error("{0:?} is not JSON, which this argument must be: put quotes around what has spaces")]
    NotJson(String),
}

#[derive(Serialize)]
struct CallForm<'a> {
    jsonrpc: &'static str,
    id: u8,
    method: &'a str,
    params: &'a Value,
}

fn request(login: &[u8], question: &Question) -> Zeroizing<Vec<u8>> {
    let Question { wallet, method, params } = question;
    let call = CallForm { jsonrpc: "2.0", id: 1, method, params };
    // Texts and values that were parsed have a form.
    let body = serde_json::to_string(&call).unwrap_or_default();
    let path = wallet.as_ref().map_or("/".to_owned(), |wallet| {
        let escaped = wallet.bytes().map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        });
        format!("/wallet/{}", escaped.collect::<String>())
    });
    let login = Zeroizing::new(Base64::encode_string(login.trim_ascii()));
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\nAuthorization: Basic ",
    );
    let parts = [head.as_bytes(), login.as_bytes(), b"\r\n\r\n", body.as_bytes()];
    Zeroizing::new(parts.concat())
}

/// Sends a request and reads to the end, which is the end of the connection.
async fn talk(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: &[u8],
) -> io::Result<Vec<u8>> {
    stream.write_all(request).await?;
    let most = u64::try_from(CLIENT_REPLY_BYTES).unwrap_or(u64::MAX);
    let mut told = Vec::new();
    stream.take(most).read_to_end(&mut told).await?;
    Ok(told)
}

#[derive(Deserialize)]
struct ReplyForm<'a> {
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<ErrorForm>,
}

#[derive(Deserialize)]
struct ErrorForm {
    code: i32,
    message: String,
}

fn reply(told: &[u8]) -> Result<Box<RawValue>, AskError> {
    let text = std::str::from_utf8(told).map_err(|_| AskError::NoReply { status: 0 })?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or(AskError::NoReply { status: 0 })?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    match status {
        401 => return Err(AskError::Unauthorized),
        503 => return Err(AskError::Full),
        _ => {}
    }
    let no_reply = |_| AskError::NoReply { status };
    let form: ReplyForm<'_> = serde_json::from_str(body).map_err(no_reply)?;
    match (form.error, form.result) {
        (Some(ErrorForm { code, message }), _) => {
            Err(AskError::Call(RpcError { code, message, data: None }))
        }
        (None, Some(result)) => Ok(result.to_owned()),
        (None, None) => Ok(RawValue::NULL.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn typed_words_become_what_the_method_takes() {
        let hash = "00".repeat(32);
        let typed = words(&[&hash, "false"]);
        assert_eq!(arguments("getblockheader", &typed, false), Ok(json!([hash, false])));
        let typed = words(&["verbose=false", &format!("blockhash={hash}")]);
        let expected = format!(r#"{{"verbose":false,"blockhash":"{hash}"}}"#);
        let sent = arguments("getblockheader", &typed, true).expect("good");
        assert_eq!(sent.to_string(), expected);
        let typed = words(&[&hash, "verbose=true"]);
        let expected = format!(r#"{{"verbose":true,"args":["{hash}"]}}"#);
        let sent = arguments("getblockheader", &typed, true).expect("good");
        assert_eq!(sent.to_string(), expected);
        let twice = words(&["", r#"{"b":1,"a":2,"b":3}"#]);
        let sent = arguments("sendmany", &twice, false).expect("good");
        assert_eq!(sent.to_string(), r#"["",{"b":1,"a":2,"b":3}]"#, "the daemon refuses b");
        let wrong = arguments("getblockhash", &words(&["x y"]), false);
        assert_eq!(wrong, Err(ParseArgumentError::NotJson("x y".to_owned())));
        assert_eq!(arguments("unknown", &words(&["1"]), false), Ok(json!(["1"])));
    }

    #[test]
    fn replies_are_results_or_errors() {
        let told = |body: &str| {
            reply(format!("HTTP/1.1 200 OK\r\na: b\r\n\r\n{body}").as_bytes())
                .map(|raw| raw.get().to_owned())
        };
        assert_eq!(told(r#"{"result":0.10000000,"id":1}"#).expect("a result"), "0.10000000");
        assert_eq!(told(r#"{"result":null,"id":1}"#).expect("a result"), "null");
        let error = told(r#"{"error":{"code":-5,"message":"x"},"id":1}"#).expect_err("an error");
        assert!(matches!(error, AskError::Call(error) if error.code == -5));
        assert!(matches!(told("no"), Err(AskError::NoReply { status: 200 })));
        assert!(matches!(reply(b"HTTP/1.1 401 x\r\n\r\n"), Err(AskError::Unauthorized)));
    }
}
