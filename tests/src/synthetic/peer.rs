//! Owns the peers of the synthetic chain: each a TCP listener that answers as a full node with a
//! filter index does, or as one that stalls, drips or lies.
//!
//! Refuses to check what it is asked: it is asked by clients under test, on loopback.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Instant;

use bitcoin::consensus::serialize;
use bitcoin::hash_types::FilterHeader;
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};
use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::p2p::message_filter::{CFCheckpt, CFHeaders, GetCFCheckpt, GetCFHeaders, GetCFilters};
use bitcoin::p2p::message_network::VersionMessage;
use bitcoin::p2p::{Address, Magic, ServiceFlags};

use super::chain::Chain;
use super::link::Link;
use super::voice::{self, Ear, Voice};

/// How a peer behaves once it is asked for filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conduct {
    /// It serves them.
    Honest,
    /// It sends a few and then nothing at all, ever.
    Stalling,
    /// It goes on at two kilobytes a second.
    Dripping,
    /// It leaves the payments out, with filter headers to match.
    Lying,
}

/// A listening peer; it lives as long as the process.
#[derive(Debug)]
pub struct Peer {
    /// Where it listens.
    pub address: SocketAddr,
    served: Arc<AtomicU64>,
}

impl Peer {
    /// Starts a peer on a free port of loopback; one that `seals` speaks version 2 of the transport
    /// with who does.
    ///
    /// # Errors
    /// If the system gives no socket or no thread.
    pub fn start(
        chain: &Arc<Chain>,
        conduct: Conduct,
        link: Link,
        seals: bool,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let served = Arc::new(AtomicU64::new(0));
        let (chain, counter) = (Arc::clone(chain), Arc::clone(&served));
        thread::Builder::new().spawn(move || {
            for stream in listener.incoming().flatten() {
                let (chain, served) = (Arc::clone(&chain), Arc::clone(&counter));
                // Its end is the client's matter.
                thread::spawn(move || Session { chain, conduct, served }.run(stream, link, seals));
            }
        })?;
        Ok(Self { address, served })
    }

    /// Bytes sent since the start.
    #[must_use]
    pub fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }
}

/// One connection.
struct Session {
    chain: Arc<Chain>,
    conduct: Conduct,
    served: Arc<AtomicU64>,
}

impl Session {
    fn run(self, stream: TcpStream, link: Link, seals: bool) -> io::Result<()> {
        let (ear, mut voice) = voice::answer(stream, link, seals)?;
        let (questions, asked) = mpsc::channel();
        thread::spawn(move || listen(ear, &questions));
        self.answer(&asked, &mut voice)
    }

    fn answer(
        &self,
        asked: &Receiver<(Instant, NetworkMessage)>,
        out: &mut Voice,
    ) -> io::Result<()> {
        for (at, question) in asked {
            out.line.travel(at);
            match question {
                NetworkMessage::Version(_) => {
                    self.say(out, NetworkMessage::Version(self.version()))?;
                    self.say(out, NetworkMessage::Verack)?;
                }
                NetworkMessage::Ping(nonce) => self.say(out, NetworkMessage::Pong(nonce))?,
                NetworkMessage::GetHeaders(wanted) => {
                    let known = wanted.locator_hashes.iter().find_map(|h| self.chain.height_of(*h));
                    let first = known.map_or(0, |height| height as usize + 1);
                    let headers = &self.chain.headers()[first..];
                    let headers = headers[..headers.len().min(2000)].to_vec();
                    self.say(out, NetworkMessage::Headers(headers))?;
                }
                NetworkMessage::GetCFHeaders(wanted) => self.filter_headers(&wanted, out)?,
                NetworkMessage::GetCFCheckpt(wanted) => self.checkpoints(&wanted, out)?,
                NetworkMessage::GetCFilters(wanted) => self.filters(&wanted, out)?,
                NetworkMessage::GetData(wanted) => self.blocks(&wanted, out)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn filter_headers(&self, wanted: &GetCFHeaders, out: &mut Voice) -> io::Result<()> {
        let Some(stop) = self.chain.height_of(wanted.stop_hash) else { return Ok(()) };
        let commitments = self.chain.commitments(self.conduct == Conduct::Lying);
        let start = wanted.start_height as usize;
        let before = start.checked_sub(1).map(|before| commitments.headers[before]);
        self.say(
            out,
            NetworkMessage::CFHeaders(CFHeaders {
                filter_type: 0,
                stop_hash: wanted.stop_hash,
                previous_filter_header: before.unwrap_or_else(FilterHeader::all_zeros),
                filter_hashes: commitments.hashes[start..=stop as usize].to_vec(),
            }),
        )
    }

    fn checkpoints(&self, wanted: &GetCFCheckpt, out: &mut Voice) -> io::Result<()> {
        let Some(stop) = self.chain.height_of(wanted.stop_hash) else { return Ok(()) };
        let commitments = self.chain.commitments(self.conduct == Conduct::Lying);
        let heights = (1..).map(|n| n * CHECKPOINT_INTERVAL).take_while(|at| *at <= stop as usize);
        self.say(
            out,
            NetworkMessage::CFCheckpt(CFCheckpt {
                filter_type: 0,
                stop_hash: wanted.stop_hash,
                filter_headers: heights.map(|height| commitments.headers[height]).collect(),
            }),
        )
    }

    fn filters(&self, wanted: &GetCFilters, out: &mut Voice) -> io::Result<()> {
        let Some(stop) = self.chain.height_of(wanted.stop_hash) else { return Ok(()) };
        let start = wanted.start_height;
        match self.conduct {
            Conduct::Honest | Conduct::Lying => {}
            Conduct::Dripping => out.line.slow_down(DRIP),
            Conduct::Stalling => {
                let few = self.chain.filters(start, stop.min(start + 9), false);
                self.write(out, &few)?;
                loop {
                    thread::park();
                }
            }
        }
        self.write(out, &self.chain.filters(start, stop, self.conduct == Conduct::Lying))
    }

    fn blocks(&self, wanted: &[Inventory], out: &mut Voice) -> io::Result<()> {
        for item in wanted {
            let (Inventory::Block(hash) | Inventory::WitnessBlock(hash)) = item else { continue };
            let Some(height) = self.chain.height_of(*hash) else { continue };
            let header = self.chain.headers()[height as usize];
            let block = self.chain.recipe.block(height, header);
            self.say(out, NetworkMessage::Block(block))?;
        }
        Ok(())
    }

    fn version(&self) -> VersionMessage {
        let nowhere =
            Address::new(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), ServiceFlags::NONE);
        VersionMessage {
            version: 70_016,
            services: ServiceFlags::NETWORK | ServiceFlags::WITNESS | ServiceFlags::COMPACT_FILTERS,
            timestamp: 0,
            receiver: nowhere.clone(),
            sender: nowhere,
            nonce: 1,
            user_agent: "/synthetic:1.0/".to_owned(),
            start_height: i32::try_from(self.chain.recipe.blocks).unwrap_or(i32::MAX),
            relay: false,
        }
    }

    fn say(&self, out: &mut Voice, message: NetworkMessage) -> io::Result<()> {
        self.write(out, &[&serialize(&RawNetworkMessage::new(Magic::REGTEST, message))])
    }

    fn write(&self, out: &mut Voice, pieces: &[&[u8]]) -> io::Result<()> {
        for piece in pieces {
            self.served.fetch_add(piece.len() as u64, Ordering::Relaxed);
            out.say(piece)?;
        }
        Ok(())
    }
}

/// Reads questions while answers are written, as a node does.
fn listen(mut ear: Ear, questions: &Sender<(Instant, NetworkMessage)>) {
    while let Some(message) = ear.hear() {
        if questions.send((Instant::now(), message)).is_err() {
            return;
        }
    }
}

/// Blocks between two filter checkpoints (BIP157).
const CHECKPOINT_INTERVAL: usize = 1000;

/// Bytes a second of a peer that drips.
const DRIP: u64 = 2_000;
