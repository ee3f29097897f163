//! Owns `Status`: a snapshot of what the client knows and what it waits for, for faces.
//!
//! Refuses to be the truth: it is derived, and nothing in the client reads it.

use std::time::Duration;

use bitcoin::FeeRate;

use crate::dial::{ProxyProblem, Purpose, Wire};
use crate::fees::FeeReport;
use crate::height::{BlockId, Height};
use crate::peer_id::{PeerAddress, PeerHost, PeerId, Subnet};
use crate::time::{ClockOffset, WallTime};

/// What a light client knows at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// The tip of the best header chain.
    pub tip: BlockId,
    /// Filter headers are known up to here; `None` before the first.
    pub filter_headers: Option<Height>,
    /// How far peers agree about filters.
    pub disputes: Disputes,
    /// Every block up to here is matched and folded; `None` before the scan has begun.
    pub cursor: Option<BlockId>,
    /// The greatest height that a ready peer announced.
    pub announced: Option<Height>,
    /// Whether the cursor is at the tip and no ready peer is known to have more.
    pub synced: bool,
    /// What the client is waiting for.
    pub waiting: Waiting,
    /// Filters matched since the start.
    pub filters_matched: u64,
    /// Blocks fetched since the start.
    pub blocks_fetched: u64,
    /// Of those, blocks of a signet whose challenge can't be checked here: whether its signers
    /// agreed to them is not known (BIP325).
    pub blocks_unchecked: u64,
    /// The branch that is weighed before any of it is kept.
    pub weighing: Option<Weighing>,
    /// How far the median of the ready peers' clocks is from ours, when that is over
    /// [`MAX_CLOCK_DIFFERENCE`](crate::limits::MAX_CLOCK_DIFFERENCE).
    pub clock: Option<ClockOffset>,
    /// Bytes received since the start.
    pub bytes_received: u64,
    /// How fast it goes; `None` before that was measured and when nothing is left to do.
    pub pace: Option<Pace>,
    /// Own transactions that peers are told of.
    pub announcing: usize,
    /// How many of those a peer has taken since the start.
    pub taken: usize,
    /// How many of them no peer has answered since the start: neither taken nor declined, nor left
    /// alone after it was told.
    pub offering: usize,
    /// What is known about fees.
    pub fees: FeeReport,
    /// The connections, in the order of their ids.
    pub peers: Vec<PeerStatus>,
    /// How the search for peers goes; `None` if the user named them.
    pub search: Option<PeerSearch>,
    /// Who is left alone, in the order of the hosts.
    pub banned: Vec<BannedHost>,
    /// What a person bans, in the order of the subnets.
    pub banned_by_hand: Vec<BannedSubnet>,
    /// Whether there are to be connections.
    pub active: bool,
    /// The peers that a person added since the start.
    pub added: Vec<AddedPeer>,
    /// Bytes sent since the start.
    pub bytes_sent: u64,
}

/// The search for peers at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PeerSearch {
    /// Addresses that are known.
    pub addresses: usize,
    /// Those of them that are said to serve what is needed, and can be reached.
    pub usable: usize,
    /// DNS seeds of the network.
    pub seeds: usize,
    /// DNS seeds asked since the start.
    pub seeds_asked: usize,
    /// Those of them that told of an address.
    pub seeds_answered: usize,
    /// Attempts in a row that came to nothing.
    pub failures: u32,
    /// What was wrong with the proxy at the last attempt.
    pub proxy: Option<ProxyProblem>,
}

/// A host that is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BannedHost {
    /// Which.
    pub host: PeerHost,
    /// Until when.
    pub until: WallTime,
    /// What its peer did, to be shown to people.
    pub reason: String,
}

/// A part of the network that a person bans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BannedSubnet {
    /// Which part.
    pub subnet: Subnet,
    /// Since when.
    pub since: WallTime,
    /// Until when.
    pub until: WallTime,
}

/// A peer that a person added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedPeer {
    /// As it was written.
    pub name: String,
    /// Where it is.
    pub address: PeerAddress,
}

/// An address at which a peer may be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAddress {
    /// Where.
    pub address: PeerAddress,
    /// What its peer is said to serve (BIP14 and later bits).
    pub services: u64,
    /// When somebody last saw it.
    pub seen: WallTime,
}

impl Status {
    /// Nothing but the tip is known, and there is no peer.
    #[must_use]
    pub const fn at(tip: BlockId) -> Self {
        Self {
            tip,
            filter_headers: None,
            disputes: Disputes::NONE,
            cursor: None,
            announced: None,
            synced: false,
            waiting: Waiting::Peers,
            filters_matched: 0,
            blocks_fetched: 0,
            blocks_unchecked: 0,
            weighing: None,
            clock: None,
            bytes_received: 0,
            pace: None,
            announcing: 0,
            taken: 0,
            offering: 0,
            fees: FeeReport::NOTHING,
            peers: Vec::new(),
            search: None,
            banned: Vec::new(),
            banned_by_hand: Vec::new(),
            active: true,
            added: Vec::new(),
            bytes_sent: 0,
        }
    }

    /// The peers with which the chain is followed, now.
    pub fn followed(&self) -> impl Iterator<Item = &PeerStatus> {
        self.peers.iter().filter(|peer| peer.ready && peer.purpose == Purpose::Chain)
    }
}

/// How fast it went in the last seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Filters matched per second.
    pub filters: u64,
    /// Bytes received per second.
    pub bytes: u64,
    /// How long the scan takes to the tip at this pace; `None` while the cursor stands still, or
    /// the tip is not known.
    pub left: Option<Duration>,
}

/// How far a branch has come that has not shown enough work to be kept yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Weighing {
    /// Its headers are checked up to here.
    pub height: Height,
    /// It has shown its work, and is sent a second time to be kept.
    pub again: bool,
}

/// How far the ready peers agree about filters (BIP157).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Disputes {
    /// Peers that commit to the same filters, for every block from the base to the tip.
    pub agreeing: usize,
    /// All peers, also those that have not said yet what they commit to.
    pub peers: usize,
    /// Blocks of which peers have different filters.
    pub heights: usize,
    /// Versions that nobody waits for any more, since their peers don't serve them, or made us
    /// fetch blocks in vain. Should one of those peers be the only honest one, what they hold is
    /// missing.
    pub set_aside: usize,
}

impl Disputes {
    /// There are no peers.
    pub const NONE: Self = Self { agreeing: 0, peers: 0, heights: 0, set_aside: 0 };
}

/// Why the client is not further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Waiting {
    /// Nothing: it is at the tip.
    Nothing,
    /// No peer is ready.
    Peers,
    /// Headers are under way.
    Headers,
    /// New blocks look as if they came from the future, and peers' clocks say that this machine's is
    /// behind.
    Clock,
    /// Filter headers are under way.
    FilterHeaders,
    /// Filters are under way.
    Filters,
    /// Blocks are under way.
    Blocks,
}

/// One peer at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerStatus {
    /// Its id.
    pub peer: PeerId,
    /// Where it is.
    pub address: PeerAddress,
    /// The transport of its connection.
    pub wire: Wire,
    /// What the connection is for.
    pub purpose: Purpose,
    /// Whether its handshake is done.
    pub ready: bool,
    /// Its user agent, with everything but printable ASCII replaced.
    pub user_agent: String,
    /// The services that it announced (BIP14 and later bits).
    pub services: u64,
    /// The highest block that it announced.
    pub height: Option<Height>,
    /// The last round trip measured.
    pub latency: Option<Duration>,
    /// From the base up to here it said what filters it commits to.
    pub compared: Option<Height>,
    /// Of how many blocks its filters are not those of the others, as far as is kept.
    pub differences: usize,
    /// Whether its versions are tried last.
    pub set_aside: bool,
    /// Bytes received from it.
    pub bytes_received: u64,
    /// The fee rate below which it wants to hear of no transaction (BIP133), once it said so.
    pub fee_floor: Option<FeeRate>,
    /// Whether a person named it.
    pub named: bool,
    /// What went over the connection; `None` while it is opened, and once it is closed.
    pub traffic: Option<Traffic>,
}

/// What went over a connection that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// Since when it is open.
    pub since: WallTime,
    /// When something was last sent.
    pub last_sent: Option<WallTime>,
    /// When something last came.
    pub last_received: Option<WallTime>,
    /// When a block last came.
    pub last_block: Option<WallTime>,
    /// Bytes of messages that were sent, by their types.
    pub sent: Vec<(String, u64)>,
    /// Bytes of messages that came, by their types.
    pub received: Vec<(String, u64)>,
    /// The newest version of the protocol that the peer speaks; 0 before it said so.
    pub version: u32,
    /// How far its clock was ahead of ours in the handshake, in seconds.
    pub clock: i64,
    /// The shortest round trip that was measured.
    pub least_latency: Option<Duration>,
    /// Since when an answer to a ping is waited for.
    pub ping_since: Option<WallTime>,
    /// The last block of its branch that is known to be on ours.
    pub common: Option<Height>,
    /// Blocks that it was asked for, by their heights.
    pub asked: Vec<Height>,
    /// How many addresses it told of that were taken in, and how many that were not, for coming too
    /// fast; `None`: it is not listened to.
    pub addresses: Option<(u64, u64)>,
}

impl PeerStatus {
    /// What it says of filters, of which some peer committed to those up to `filter_headers`.
    #[must_use]
    pub fn standing(&self, filter_headers: Option<Height>) -> FilterStanding {
        if self.set_aside {
            FilterStanding::SetAside
        } else if self.differences > 0 {
            FilterStanding::Differs
        } else if self.compared.is_some() && self.compared >= filter_headers {
            FilterStanding::Agrees
        } else {
            FilterStanding::Awaited
        }
    }
}

/// What a peer says of the filters of the best branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FilterStanding {
    /// It has not said it of all yet.
    Awaited,
    /// It commits to the filters that others commit to.
    Agrees,
    /// It commits to other filters, which is no proof against it: all versions are matched.
    Differs,
    /// Its versions are tried last: it does not send them, or made us fetch blocks in vain.
    SetAside,
}
