//! Owns what must hold at the door: for any bytes on a connection, any path and any token.
//!
//! Refuses to wait: whoever shows a wrong password waits longer than a target runs.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use billfold_wallet_core::command::{Asker, TokenId, TokenKey};
use bitcoin::Network;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use zeroize::Zeroizing;

use super::{RUNTIME, STEPS, node};
use crate::auth::{Access, Grant, Token, User, Whitelists};
use crate::method::Method;
use crate::origin::Origin;
use crate::server;

/// Whatever comes without the password, nothing is carried out, streamed or handed over.
pub(super) fn any_request(bytes: &[u8]) {
    let told = told(bytes);
    for secret in ["\"result\"", "\"error\"", "text/event-stream", "101 Switching"] {
        assert!(!told.contains(secret), "{told}");
    }
    let head = String::from_utf8_lossy(bytes);
    let logins =
        head.lines().filter_map(|line| line.split_once(':')).map(|(_, value)| value.trim());
    for login in logins {
        let known = access().asker(login);
        assert_eq!(known.is_some(), is_login(login), "{login}");
        assert!(known.is_none_or(|asker| asker == Asker::User(USER.to_owned())));
    }
}

/// A wallet is reached by its name alone, whatever else a path says.
pub(super) fn any_path(bytes: &[u8]) {
    let login = Base64::encode_string(format!("{USER}:{PASSWORD}").as_bytes());
    let body = r#"{"id":1,"method":"getwalletinfo"}"#;
    let mut request = b"POST /wallet/".to_vec();
    request.extend_from_slice(bytes);
    let rest = format!(
        " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {login}\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    request.extend_from_slice(rest.as_bytes());
    let reaches = told(&request).contains("\"code\":-1,");
    let end = bytes.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(bytes.len());
    // After the end of its line it would be a request of its own.
    assert!(!reaches || bytes.contains(&b'\n') || unescaped(&bytes[..end]) == NAME);
    if bytes == NAME {
        assert!(reaches);
    }
}

/// A token that is read is written the same; only who had it can have narrowed it; and a narrower
/// one allows nothing that the wider one does not.
pub(super) fn any_token(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (shown, caveats) = text.split_once('\n').unwrap_or((&text, ""));
    for shown in [shown.to_owned(), format!("Bearer {shown}")] {
        if let Some(token) = Access::token(&shown) {
            let again = token.to_text().parse::<Token>().ok();
            assert!(again.is_some_and(|again| again.to_text() == token.to_text()));
            assert!(!token.is_made_with(&key()));
        }
    }
    // Those up to an empty line are what the owner made the token with.
    let (made_with, added) = caveats.split_once("\n\n").unwrap_or(("", caveats));
    let made_with: Vec<String> = made_with.lines().map(str::to_owned).collect();
    let own = Token::new(TokenId([1; 8]), &key());
    let own = made_with.iter().try_fold(own, |token, caveat| token.narrowed(caveat));
    let Ok(mut token) = own else { return };
    let mut wider = Grant::read(&made_with, &[], Network::Regtest).ok();
    for caveat in added.lines() {
        let Ok(bound) = token.narrowed(caveat) else { return };
        assert!(bound.is_made_with(&key()));
        assert!(!widened(&bound).is_made_with(&key()), "a caveat was taken away");
        let added = &bound.caveats[made_with.len()..];
        let narrower = Grant::read(&made_with, added, Network::Regtest).ok();
        match (&wider, &narrower) {
            (None, narrower) => assert!(narrower.is_none(), "what means nothing means nothing"),
            (Some(wide), Some(narrow)) => assert!(!is_wider(wide, narrow), "{caveat}"),
            (Some(_), None) => {}
        }
        (token, wider) = (bound, narrower);
    }
}

/// The same token with its last caveat cut off.
fn widened(token: &Token) -> Token {
    let text = token.to_text();
    let (prefix, encoded) = text.split_at(text.find('_').expect("a prefix") + 1);
    let lines = Base64UrlUnpadded::decode_vec(encoded).expect("base64");
    let last = lines.iter().rposition(|byte| *byte == b'\n').expect("a caveat");
    let text = prefix.to_owned() + &Base64UrlUnpadded::encode_string(&lines[..last]);
    text.parse().expect("a token still")
}

/// Whether one grant lets a method through that the other does not, or has lost one of its limits.
fn is_wider(wide: &Grant, narrow: &Grant) -> bool {
    if !narrow.limits.starts_with(&wide.limits) || !narrow.paces.starts_with(&wide.paces) {
        return true;
    }
    let origins = [Origin::Socket(Some(7)), Origin::Network([127, 0, 0, 1].into())];
    Method::all().iter().any(|method| {
        origins.iter().any(|origin| {
            let lets = |grant: &Grant| grant.admit(method.name, *origin, 1_000).is_ok();
            lets(narrow) && !lets(wide)
        })
    })
}

/// What a connection is told at once.
fn told(bytes: &[u8]) -> String {
    let _clock = RUNTIME.enter();
    let (mut near, far) = duplex(ROOM);
    let mut attended = pin!(server::attend_one(far, Arc::new(node()), access()));
    let (mut given, mut told) = (false, Vec::new());
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..STEPS {
        if !given {
            let bytes = &bytes[..bytes.len().min(ROOM)];
            given = pin!(near.write_all(bytes)).poll(&mut context).is_ready();
        }
        let ended = attended.as_mut().poll(&mut context).is_ready();
        while let Poll::Ready(Ok(1..)) = pin!(near.read_buf(&mut told)).poll(&mut context) {}
        if ended {
            break;
        }
    }
    String::from_utf8_lossy(&told).into_owned()
}

fn access() -> Access {
    Access::new(vec![User::new(USER, PASSWORD, [1; 16])], Whitelists::default())
}

/// The slow way to know the one login.
fn is_login(text: &str) -> bool {
    let Some(encoded) = text.strip_prefix("Basic ") else { return false };
    Base64::decode_vec(encoded.trim())
        .is_ok_and(|login| login == format!("{USER}:{PASSWORD}").as_bytes())
}

/// The slow way through a path (RFC 3986, section 2.1).
fn unescaped(path: &[u8]) -> Vec<u8> {
    let Some((first, rest)) = path.split_first() else { return Vec::new() };
    let escaped = rest.first_chunk::<2>().filter(|_| *first == b'%').and_then(|digits| {
        let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
        u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    });
    let (byte, rest) = escaped.map_or((*first, rest), |byte| (byte, &rest[2..]));
    [vec![byte], unescaped(rest)].concat()
}

fn key() -> TokenKey {
    TokenKey(Zeroizing::new([3; 32]))
}

/// The only user.
const USER: &str = "alice";

/// Their password.
const PASSWORD: &str = "of her cat";

/// The only wallet.
const NAME: &[u8] = b"main";

/// Bytes on their way.
const ROOM: usize = 64 * 1024;
