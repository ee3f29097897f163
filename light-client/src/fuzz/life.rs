//! Owns the life of a fuzzed client: operations as bytes, with peers that may be honest.

use std::time::Duration;

use bitcoin::consensus::serialize;
use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::p2p::address::Address;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::p2p::message_filter::{CFHeaders, CFilter};
use bitcoin::p2p::message_network::VersionMessage;
use bitcoin::p2p::{Magic, ServiceFlags};
use bitcoin::{
    Amount, BlockHash, FilterHash, FilterHeader, OutPoint, ScriptBuf, Transaction, TxIn, TxOut,
    Txid, absolute, transaction,
};

use crate::LightClient;
use crate::chain::anchor::Anchor;
use crate::change_set::Restored;
use crate::codec::v1::encode;
use crate::config::{Config, Route};
use crate::dial::{DialProblem, Wire};
use crate::fuzz::branch::Branch;
use crate::height::{BlockId, Height};
use crate::input::{Input, ScanStart};
use crate::io::Io;
use crate::job::{self, JobId, JobResult};
use crate::kept::FilterRange;
use crate::output::{ChainEvent, Output};
use crate::params::Params;
use crate::peer_id::{PeerAddress, PeerId, Subnet};
use crate::peer_order::PeerOrder;
use crate::time::{MonoTime, Now, WallTime};

/// What a life came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) synced: bool,
    pub(super) reorganised: bool,
}

/// Lives through the operations.
pub(super) fn live(bytes: &[u8]) -> Outcome {
    let mut life = Life::new();
    let mut rest = Arguments(bytes);
    while !rest.0.is_empty() {
        let input = life.input(&mut rest);
        life.client.handle(life.now, input);
        life.drain();
    }
    life.outcome
}

struct Life {
    client: LightClient,
    now: Now,
    /// The connections that were dialled, newest last.
    dials: Vec<PeerId>,
    jobs: Vec<(JobId, JobResult)>,
    /// Blocks to be folded.
    blocks: Vec<BlockHash>,
    /// Twenty blocks, and a branch that leaves them at height 12 and is longer.
    branches: [Branch; 2],
    outcome: Outcome,
}

/// The bytes that are left; zero when there are none.
struct Arguments<'a>(&'a [u8]);

impl<'a> Arguments<'a> {
    fn byte(&mut self) -> u8 {
        let (byte, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *byte
    }

    fn bytes(&mut self, most: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        bytes
    }
}

impl Life {
    fn new() -> Self {
        let params = Params::regtest();
        let long = Branch::genesis(&params).fork(0, 20, 0);
        let branches = [long.fork(12, 10, 1), long];
        let config = Config {
            base: Anchor::genesis(&params),
            connect: (1..=2).map(|port| PeerAddress::Host("fuzz".to_owned(), port)).collect(),
            route: Route::Direct,
            params,
            mempool: true,
        };
        let now = Now { mono: MonoTime::START, wall: WallTime::new(1_700_000_000) };
        let client = LightClient::new(config, Restored::default(), [0; 32], now);
        let (dials, jobs, blocks) = (Vec::new(), Vec::new(), Vec::new());
        let outcome = Outcome::default();
        let mut life = Self { client, now, dials, jobs, blocks, branches, outcome };
        life.drain();
        life
    }

    /// An operation: its low five bits say which, the next one which branch, the upper two which
    /// connection, counted from the newest.
    fn input(&mut self, rest: &mut Arguments<'_>) -> Input {
        let operation = rest.byte();
        let back = usize::from(operation >> 6);
        let dial = self.dials.iter().rev().nth(back);
        let peer = dial.copied().unwrap_or(PeerId::new(u64::MAX));
        let (place, kind) = (usize::from(operation >> 5 & 1), operation & 0x1f);
        if let Some(input) = self.told(kind, peer, place, rest) {
            return input;
        }
        let branch = &self.branches[place];
        let bytes = match kind {
            12 => handshake(),
            13 => headers(branch, rest),
            14 => filter_headers(branch, rest),
            15 => filters(branch, rest),
            16 => block(branch, rest),
            17..=25 => {
                let most = usize::from(rest.byte());
                framed(COMMANDS[usize::from(kind) - 17].as_bytes(), rest.bytes(most))
            }
            27 => {
                let item = Inventory::WTx(unconfirmed(rest.byte()).compute_wtxid());
                encode(Magic::REGTEST, NetworkMessage::Inv(vec![item]))
            }
            28 => {
                let transaction = unconfirmed(rest.byte());
                encode(Magic::REGTEST, NetworkMessage::Tx(transaction))
            }
            29 => framed(b"feefilter", rest.bytes(8)),
            30 => {
                let most = usize::from(rest.byte());
                framed(b"cfcheckpt", rest.bytes(most))
            }
            _ => {
                let most = rest.byte();
                if let Some(wish) = most.checked_sub(WISHES) {
                    return self.wish(wish, peer, branch, rest.byte());
                }
                rest.bytes(most.into()).to_vec()
            }
        };
        Input::Received { peer, bytes }
    }

    /// What is no message of a peer; `None` if this kind is one.
    fn told(
        &mut self,
        kind: u8,
        peer: PeerId,
        branch: usize,
        rest: &mut Arguments<'_>,
    ) -> Option<Input> {
        let own = || self.branches[branch].blocks[0].txdata[0].clone();
        Some(match kind {
            0 => Input::Connected { peer },
            1 => Input::DialFailed { peer, why: DialProblem::Refused },
            2 => Input::Disconnected { peer },
            3 => match self.jobs.pop() {
                Some((id, result)) => Input::JobDone { id, result },
                None => Input::Deadline,
            },
            4 => {
                let result = JobResult::MatchFilters(Vec::new());
                Input::JobDone { id: JobId::new(rest.byte().into()), result }
            }
            5 => Input::ScanFrom(ScanStart::Height(Height::new(rest.byte().into()))),
            6 => {
                let unix = 1_296_688_602 + u64::from(rest.byte()) * 600;
                Input::Rescan(ScanStart::Time(WallTime::new(unix)))
            }
            7 => Input::Watch { scripts: vec![script(rest.byte())], since: None },
            8 => {
                let block = self.blocks.pop().unwrap_or_else(BlockHash::all_zeros);
                let grown = vec![script(rest.byte())];
                Input::Folded { block, grown, since: None, found: Vec::new(), relevant: false }
            }
            9 => self.wait(rest.byte()),
            10 => Input::Announce { transaction: own(), fee: None },
            11 => Input::Withdraw { txid: own().compute_txid() },
            26 => {
                let coins = vec![OutPoint::new(Txid::all_zeros(), rest.byte().into())];
                Input::WatchCoins { coins, gone: Vec::new() }
            }
            _ => return None,
        })
    }

    /// What those above the client want of it now and then.
    fn wish(&self, wish: u8, peer: PeerId, branch: &Branch, what: u8) -> Input {
        let (name, wire) =
            (format!("order{}", what & 3), if what & 4 == 0 { Wire::V1 } else { Wire::V2 });
        let address = PeerAddress::Host(name.clone(), 1);
        let subnet = Subnet::Ip([127, 0, 0, what].into(), 32);
        let (since, until) = (self.now.wall, self.now.wall.after(Duration::from_secs(60)));
        Input::Order(match wish & 15 {
            0 | 1 => return Input::Unwatch { scripts: vec![script(what)] },
            2 | 3 => {
                let since = Some(ScanStart::Height(Height::new(what.into())));
                return Input::Watch { scripts: vec![script(what)], since };
            }
            // A block of either branch, or one that nobody has.
            4..=7 => {
                let block = branch.blocks.get(usize::from(what));
                let hash = block.map_or_else(BlockHash::all_zeros, bitcoin::Block::block_hash);
                let height = Height::new(what.into());
                let range = FilterRange { first: height, last: height.up(u32::from(wish >> 4)) };
                return match wish & 3 {
                    0 | 1 => Input::Fetch(BlockId::new(height, hash)),
                    2 => Input::FetchFilters(range),
                    _ => Input::LeaveFilters(range),
                };
            }
            8 => PeerOrder::Activate(what & 1 == 1),
            9 => PeerOrder::Add { name, address, wire },
            10 => PeerOrder::Remove(address),
            11 => PeerOrder::Try { address, wire },
            12 => PeerOrder::Leave(peer),
            13 => PeerOrder::Ping,
            14 if what & 1 == 1 => PeerOrder::ClearBans,
            14 => PeerOrder::Unban(subnet),
            _ => PeerOrder::Ban { subnet, since, until },
        })
    }

    fn wait(&mut self, seconds: u8) -> Input {
        let step = Duration::from_secs(seconds.into());
        self.now = Now { mono: self.now.mono.after(step), wall: self.now.wall.after(step) };
        Input::Deadline
    }

    fn drain(&mut self) {
        let _ = self.client.take_staged();
        let mut deaf = Vec::new();
        while let Some(output) = self.client.poll() {
            match output {
                Output::Io(Io::Dial { peer, wire: Wire::V2, .. }) => deaf.push(peer),
                Output::Io(Io::Dial { peer, .. }) => self.dials.push(peer),
                Output::Io(Io::Job { id, job }) => self.jobs.push((id, job::run(&job))),
                Output::Chain(ChainEvent::Block { at, .. }) => self.blocks.push(at.hash),
                Output::Chain(ChainEvent::Synced { .. }) => self.outcome.synced = true,
                Output::Chain(ChainEvent::Reorganised { .. }) => self.outcome.reorganised = true,
                _ => {}
            }
        }
        for peer in deaf {
            self.client.handle(self.now, Input::DialFailed { peer, why: DialProblem::NoV2 });
            self.drain();
        }
        let status = self.client.status();
        assert!(status.cursor.is_none_or(|cursor| cursor.height <= status.tip.height));
    }
}

fn script(byte: u8) -> ScriptBuf {
    ScriptBuf::from_bytes(vec![byte])
}

/// A transaction that spends and pays by its number.
fn unconfirmed(number: u8) -> Transaction {
    let input = TxIn {
        previous_output: OutPoint::new(Txid::all_zeros(), number.into()),
        ..TxIn::default()
    };
    Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: vec![input],
        output: vec![TxOut { value: Amount::ONE_SAT, script_pubkey: script(number / 2) }],
    }
}

fn handshake() -> Vec<u8> {
    let nobody = Address::new(&([0, 0, 0, 0], 0).into(), ServiceFlags::NONE);
    let services = ServiceFlags::NETWORK | ServiceFlags::WITNESS | ServiceFlags::COMPACT_FILTERS;
    let mut version = VersionMessage::new(
        services,
        1_700_000_000,
        nobody.clone(),
        nobody,
        1,
        "/fuzz:1/".to_owned(),
        20,
    );
    version.version = 70_016;
    [
        encode(Magic::REGTEST, NetworkMessage::Version(version)),
        encode(Magic::REGTEST, NetworkMessage::Verack),
    ]
    .concat()
}

/// Headers from one height to another.
fn headers(branch: &Branch, rest: &mut Arguments<'_>) -> Vec<u8> {
    let (from, to) = range(branch, rest);
    let headers = branch.blocks[from..to].iter().map(|block| block.header).collect();
    encode(Magic::REGTEST, NetworkMessage::Headers(headers))
}

/// The filter headers of a range, the first perhaps bent.
fn filter_headers(branch: &Branch, rest: &mut Arguments<'_>) -> Vec<u8> {
    let (from, to) = range(branch, rest);
    let mut hashes: Vec<FilterHash> =
        branch.filters[from..to].iter().map(|filter| FilterHash::hash(filter)).collect();
    if rest.byte() == u8::MAX {
        hashes[0] = FilterHash::all_zeros();
    }
    let below = from.checked_sub(1).map(|below| branch.filter_headers[below]);
    encode(
        Magic::REGTEST,
        NetworkMessage::CFHeaders(CFHeaders {
            filter_type: 0,
            stop_hash: branch.blocks[to - 1].block_hash(),
            previous_filter_header: below.unwrap_or_else(FilterHeader::all_zeros),
            filter_hashes: hashes,
        }),
    )
}

/// The filters of a range, one byte perhaps bent.
fn filters(branch: &Branch, rest: &mut Arguments<'_>) -> Vec<u8> {
    let (from, to) = range(branch, rest);
    let bend = usize::from(rest.byte());
    let mut bytes = Vec::new();
    for height in from..to {
        let mut filter = branch.filters[height].clone();
        if let Some(byte) = filter.get_mut(bend.wrapping_sub(1)) {
            *byte ^= 1;
        }
        let block_hash = branch.blocks[height].block_hash();
        let message = CFilter { filter_type: 0, block_hash, filter };
        bytes.extend(encode(Magic::REGTEST, NetworkMessage::CFilter(message)));
    }
    bytes
}

fn block(branch: &Branch, rest: &mut Arguments<'_>) -> Vec<u8> {
    let height = usize::from(rest.byte()) % branch.blocks.len();
    framed(b"block", &serialize(&branch.blocks[height]))
}

/// A range of heights with at least one in it, the end not included.
fn range(branch: &Branch, rest: &mut Arguments<'_>) -> (usize, usize) {
    let from = usize::from(rest.byte()) % branch.blocks.len();
    let to = from + 1 + usize::from(rest.byte()) % (branch.blocks.len() - from);
    (from, to)
}

/// A frame that passes the decoder's first checks, around any payload.
pub(super) fn framed(command: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut name = [0; 12];
    name[..command.len()].copy_from_slice(command);
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes();
    let checksum = sha256d::Hash::hash(payload);
    let magic = Magic::REGTEST.to_bytes();
    [&magic, &name[..], &length, &checksum.as_byte_array()[..4], payload].concat()
}

/// A length from here on is no length but a wish.
const WISHES: u8 = 192;

const COMMANDS: [&str; 9] =
    ["version", "headers", "inv", "getdata", "notfound", "cfheaders", "cfilter", "block", "pong"];
