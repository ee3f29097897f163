//! Owns a SOCKS5 proxy for tests: it writes down every request, and connects only to places that
//! the test has named.
//!
//! Refuses to resolve anything: a name leads where the test said, or nowhere.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, bail, ensure};

use crate::splice::splice;

/// An onion service of regtest, which is wherever a test says.
pub const ONION: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:18444";

/// A running proxy; it ends with the test.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    log: Arc<Mutex<Vec<Request>>>,
}

/// One request for a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// User name and password.
    pub login: (String, String),
    /// What was asked for, as `HOST:PORT`.
    pub target: String,
}

impl Proxy {
    /// A proxy that asks for credentials, takes any, and knows these ways.
    ///
    /// # Errors
    /// What the system said.
    pub fn start(ways: BTreeMap<String, SocketAddr>) -> Result<Self> {
        let log: Arc<Mutex<Vec<Request>>> = Arc::default();
        let notes = Arc::clone(&log);
        let address = serve(move |mut stream| {
            let request = read_request(&mut stream)?;
            let way = ways.get(&request.target).copied();
            notes.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            let Some(peer) = way.and_then(|address| TcpStream::connect(address).ok()) else {
                return reply(&mut stream, HOST_UNREACHABLE);
            };
            reply(&mut stream, SUCCEEDED)?;
            splice(stream, peer);
            Ok(())
        })?;
        Ok(Self { address, log })
    }

    /// Something else than a proxy that works: it says `answer` to whatever comes first.
    ///
    /// # Errors
    /// What the system said.
    pub fn broken(answer: &'static [u8]) -> Result<SocketAddr> {
        serve(move |mut stream| {
            let mut first = [0; 3];
            stream.read_exact(&mut first)?;
            stream.write_all(answer)?;
            stream.shutdown(Shutdown::Write)?;
            // It waits for the other side to leave.
            stream.read_to_end(&mut Vec::new())?;
            Ok(())
        })
    }

    /// What was asked for up to now.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Serves each connection on a thread of its own.
fn serve(
    serve_one: impl Fn(TcpStream) -> Result<()> + Clone + Send + 'static,
) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let serve_one = serve_one.clone();
            // A client that breaks the rules shows by what it does not get.
            thread::spawn(move || drop(serve_one(stream)));
        }
    });
    Ok(address)
}

fn read_request(stream: &mut TcpStream) -> Result<Request> {
    let [version, count] = read(stream)?;
    ensure!(version == VERSION, "not SOCKS5");
    let methods = read_bytes(stream, count)?;
    ensure!(methods.contains(&PASSWORD), "no credentials are offered");
    stream.write_all(&[VERSION, PASSWORD])?;
    let [_version] = read(stream)?;
    let login = (read_text(stream)?, read_text(stream)?);
    stream.write_all(&[1, 0])?;
    let [_version, command, _reserved, kind] = read(stream)?;
    ensure!(command == CONNECT, "command {command}");
    let host = match kind {
        IPV4 => Ipv4Addr::from(read::<4>(stream)?).to_string(),
        IPV6 => format!("[{}]", Ipv6Addr::from(read::<16>(stream)?)),
        NAME => read_text(stream)?,
        kind => bail!("address of kind {kind}"),
    };
    let port = u16::from_be_bytes(read(stream)?);
    Ok(Request { login, target: format!("{host}:{port}") })
}

fn reply(stream: &mut TcpStream, code: u8) -> Result<()> {
    Ok(stream.write_all(&[VERSION, code, 0, IPV4, 0, 0, 0, 0, 0, 0])?)
}

fn read<const N: usize>(stream: &mut TcpStream) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_text(stream: &mut TcpStream) -> Result<String> {
    let [length] = read(stream)?;
    String::from_utf8(read_bytes(stream, length)?).context("not text")
}

fn read_bytes(stream: &mut TcpStream, count: u8) -> Result<Vec<u8>> {
    let mut bytes = vec![0; count.into()];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

const VERSION: u8 = 5;
const PASSWORD: u8 = 2;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;
const SUCCEEDED: u8 = 0;
const HOST_UNREACHABLE: u8 = 4;
