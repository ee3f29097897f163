//! Owns the client's side of SOCKS5 (RFC 1928, RFC 1929) up to an open connection: what to say,
//! how many bytes to read next, what they mean.
//!
//! Refuses to resolve a name: names, onion addresses among them, go to the proxy as they are.
//! Reads not a byte more than the proxy's last reply, so that what follows is the peer's.

use std::net::{IpAddr, SocketAddr};

use crate::light_client::dial::{DialProblem, ProxyProblem};
use crate::light_client::peer_id::PeerAddress;

/// A user name and a password. Tor gives connections with different ones different circuits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// At most 255 bytes, at least one.
    pub user: String,
    /// At most 255 bytes, at least one.
    pub password: String,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send these bytes if there are any, then read exactly so many.
    Ask(Vec<u8>, usize),
    /// The connection to the peer is open.
    Open,
}

/// A negotiation under way.
#[derive(Debug, Clone)]
pub struct Negotiation {
    request: Vec<u8>,
    login: Vec<u8>,
    state: State,
}

/// What is read next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Method,
    Login,
    Reply,
    /// What is left of the reply is an address of no interest.
    NameLength,
    Rest,
}

impl Negotiation {
    /// Begins a negotiation for a connection to `address`, and the first step.
    ///
    /// # Errors
    /// [`TooLong`], when a name does not fit.
    pub fn begin(address: &PeerAddress, login: &Credentials) -> Result<(Self, Step), TooLong> {
        let login = [&[LOGIN_VERSION][..], &counted(&login.user)?, &counted(&login.password)?];
        let (name, port) = match address {
            PeerAddress::Ip(address) => (ip_address(address), address.port()),
            PeerAddress::Onion(onion, port) => (host_name(&onion.to_string())?, *port),
            PeerAddress::Host(host, port) => (host_name(host)?, *port),
        };
        let request = [&[VERSION, CONNECT, 0][..], &name, &port.to_be_bytes()].concat();
        let negotiation = Self { request, login: login.concat(), state: State::Method };
        // A proxy that separates nothing by credentials may not want any.
        Ok((negotiation, Step::Ask(vec![VERSION, 2, NO_LOGIN, PASSWORD], 2)))
    }

    /// Takes the bytes that the last step asked for, all of them.
    ///
    /// # Errors
    /// Why there will be no connection.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Step, DialProblem> {
        match self.state {
            State::Method => self.take_method(bytes),
            State::Login => {
                // RFC 1929 says that this is version 1; some proxies say 5.
                let [_, 0] = bytes else { return Err(ProxyProblem::Credentials.into()) };
                Ok(self.ask())
            }
            State::Reply => self.take_reply(bytes),
            State::NameLength => {
                let [length] = bytes else { return Err(ProxyProblem::NotSocks5.into()) };
                self.state = State::Rest;
                Ok(Step::Ask(Vec::new(), usize::from(*length) + PORT))
            }
            State::Rest => Ok(Step::Open),
        }
    }

    fn take_method(&mut self, bytes: &[u8]) -> Result<Step, DialProblem> {
        match bytes {
            [VERSION, NO_LOGIN] => Ok(self.ask()),
            [VERSION, PASSWORD] => {
                self.state = State::Login;
                Ok(Step::Ask(std::mem::take(&mut self.login), 2))
            }
            [VERSION, _] => Err(ProxyProblem::Credentials.into()),
            _ => Err(ProxyProblem::NotSocks5.into()),
        }
    }

    fn ask(&mut self) -> Step {
        self.state = State::Reply;
        Step::Ask(std::mem::take(&mut self.request), 4)
    }

    fn take_reply(&mut self, bytes: &[u8]) -> Result<Step, DialProblem> {
        let [VERSION, code, _, kind] = bytes else { return Err(ProxyProblem::NotSocks5.into()) };
        if *code != SUCCEEDED {
            return Err(refusal(*code));
        }
        self.state = State::Rest;
        let rest = match *kind {
            IPV4 => 4 + PORT,
            IPV6 => 16 + PORT,
            NAME => {
                self.state = State::NameLength;
                1
            }
            _ => return Err(ProxyProblem::NotSocks5.into()),
        };
        Ok(Step::Ask(Vec::new(), rest))
    }
}

/// A name or a credential has more than 255 bytes, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("SOCKS5 has no room for a name of {0} bytes")]
pub struct TooLong(usize);

/// Most codes are about the peer. Tor's own, from 240 up, are about onion services; and it says 1
/// for a circuit that failed.
fn refusal(code: u8) -> DialProblem {
    match code {
        1 | 3 | 4 | 0xf0..=0xf7 => DialProblem::Unreachable,
        5 => DialProblem::Refused,
        6 => DialProblem::TimedOut,
        code => ProxyProblem::Refused(code).into(),
    }
}

fn ip_address(address: &SocketAddr) -> Vec<u8> {
    match address.ip() {
        IpAddr::V4(ip) => [&[IPV4][..], &ip.octets()].concat(),
        IpAddr::V6(ip) => [&[IPV6][..], &ip.octets()].concat(),
    }
}

fn host_name(name: &str) -> Result<Vec<u8>, TooLong> {
    Ok([&[NAME][..], &counted(name)?].concat())
}

/// The text behind its length.
fn counted(text: &str) -> Result<Vec<u8>, TooLong> {
    match u8::try_from(text.len()) {
        Ok(length @ 1..) => Ok([&[length][..], text.as_bytes()].concat()),
        _ => Err(TooLong(text.len())),
    }
}

const VERSION: u8 = 5;
const LOGIN_VERSION: u8 = 1;
const NO_LOGIN: u8 = 0;
const PASSWORD: u8 = 2;
const CONNECT: u8 = 1;
const SUCCEEDED: u8 = 0;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;
/// Bytes of a port.
const PORT: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    const ONION: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";

    fn login() -> Credentials {
        Credentials { user: "run".to_owned(), password: "7".to_owned() }
    }

    /// What a negotiation with a proxy that says `replies` sends, and how it ends.
    fn negotiate(address: &str, mut replies: &[u8]) -> (Vec<u8>, Result<usize, DialProblem>) {
        let address = address.parse().expect("an address");
        let (mut negotiation, mut step) = Negotiation::begin(&address, &login()).expect("short");
        let mut sent = Vec::new();
        loop {
            match step {
                Step::Open => return (sent, Ok(replies.len())),
                Step::Ask(bytes, count) => {
                    sent.extend(bytes);
                    let (reply, rest) = replies.split_at(count);
                    replies = rest;
                    match negotiation.take(reply) {
                        Ok(next) => step = next,
                        Err(problem) => return (sent, Err(problem)),
                    }
                }
            }
        }
    }

    #[test]
    fn an_address_is_asked_for_as_it_is_and_no_byte_of_the_peer_is_taken() {
        let with_login = [5, 2, 1, 0];
        let hello = [5, 2, 0, 2, 1, 3, b'r', b'u', b'n', 1, b'7'];
        let to_v4 = [&hello[..], &[5, 1, 0, 1, 10, 0, 0, 1, 0x20, 0x8d]].concat();
        let v4 = [&with_login[..], &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0], b"peer"].concat();
        assert_eq!(negotiate("10.0.0.1:8333", &v4), (to_v4, Ok(4)));

        let to_v6 = [&hello[..], &[5, 1, 0, 4], &[0; 15], &[1, 0, 9]].concat();
        let v6 = [&with_login[..], &[5, 0, 0, 4], &[0; 18], b"peer"].concat();
        assert_eq!(negotiate("[::1]:9", &v6), (to_v6, Ok(4)));

        let to_name = [&[5, 2, 0, 2, 5, 1, 0, 3, 4][..], b"a.bc", &[0, 9]].concat();
        let name = [&[5, 0, 5, 0, 0, 3, 3][..], b"xyz", &[0, 0], b"peer"].concat();
        assert_eq!(negotiate("a.bc:9", &name), (to_name, Ok(4)), "a proxy without credentials");

        let to_onion = [&[5, 2, 0, 2, 5, 1, 0, 3, 62][..], ONION.as_bytes(), &[0, 9]].concat();
        assert_eq!(negotiate(&format!("{ONION}:9"), &name), (to_onion, Ok(4)));
    }

    #[test]
    fn what_is_wrong_is_told_of_the_proxy_or_of_the_peer() {
        let ends = |replies: &[u8]| negotiate("a.bc:9", replies).1.expect_err("no connection");
        assert_eq!(ends(b"HT"), ProxyProblem::NotSocks5.into());
        assert_eq!(ends(&[4, 0]), ProxyProblem::NotSocks5.into());
        assert_eq!(ends(&[5, 0xff]), ProxyProblem::Credentials.into());
        assert_eq!(ends(&[5, 1]), ProxyProblem::Credentials.into());
        assert_eq!(ends(&[5, 2, 1, 1]), ProxyProblem::Credentials.into());
        let replies = |code| ends(&[5, 0, 5, code, 0, 1]);
        assert_eq!(replies(1), DialProblem::Unreachable);
        assert_eq!(replies(4), DialProblem::Unreachable);
        assert_eq!(replies(5), DialProblem::Refused);
        assert_eq!(replies(6), DialProblem::TimedOut);
        assert_eq!(replies(0xf0), DialProblem::Unreachable);
        assert_eq!(replies(2), ProxyProblem::Refused(2).into());
        assert_eq!(replies(8), ProxyProblem::Refused(8).into());
        assert_eq!(ends(&[5, 0, 5, 0, 0, 2]), ProxyProblem::NotSocks5.into());
        assert_eq!(ends(&[5, 0, 4, 0, 0, 1]), ProxyProblem::NotSocks5.into());
    }

    #[test]
    fn names_that_do_not_fit_are_not_sent() {
        let long = PeerAddress::Host("x".repeat(256), 1);
        assert_eq!(Negotiation::begin(&long, &login()).expect_err("too long"), TooLong(256));
    }
}
