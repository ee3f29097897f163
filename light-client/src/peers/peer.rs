//! Owns `Peer`, one connection from the dial to its end: its stage, its stream, its liveness.
//!
//! Refuses to know what is asked of it; the conversations in `sync` do.

use std::time::Duration;

use bitcoin::p2p::Magic;
use bitcoin::{Amount, FeeRate};

use crate::codec::Decoder;
use crate::dial::{Purpose, Wire};
use crate::fault::Fault;
use crate::height::Height;
use crate::limits::{HEARING_PATIENCE, PING_TIMEOUT};
use crate::peer_id::{PeerAddress, PeerId};
use crate::peers::clocks::PeerClock;
use crate::peers::handshake::{Handshake, Negotiated};
use crate::peers::roster::Call;
use crate::status::{PeerStatus, Traffic};
use crate::time::{MonoTime, Now, WallTime};

/// One connection.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) address: PeerAddress,
    pub(crate) wire: Wire,
    pub(crate) purpose: Purpose,
    /// Whether a person named it.
    named: bool,
    pub(crate) stage: Stage,
    pub(crate) decoder: Decoder,
    /// When the connection was opened.
    pub(crate) since: MonoTime,
    /// When it last told of a block that was new to us.
    pub(crate) last_block: Option<MonoTime>,
    /// When it last sent a block, by the clock on the wall.
    pub(crate) block_at: Option<WallTime>,
    /// When the connection was opened, by the clock on the wall.
    pub(crate) opened: Option<WallTime>,
    /// When something last came, by the clock on the wall.
    heard_at: Option<WallTime>,
    heard: MonoTime,
    bytes_received: u64,
    /// What its clock said in the handshake.
    pub(crate) clock: Option<PeerClock>,
    ping: Option<Ping>,
    latency: Option<Duration>,
    least_latency: Option<Duration>,
    /// What it asked for with `feefilter` (BIP133).
    fee_floor: Option<FeeRate>,
}

/// How far a connection has come.
#[derive(Debug)]
pub(crate) enum Stage {
    /// The driver is opening it.
    Dialling,
    /// It is open; both sides introduce themselves.
    Handshaking(Handshake),
    /// It can be asked.
    Ready(Negotiated),
    /// The driver is closing it.
    Closing(Option<Fault>),
}

#[derive(Debug)]
struct Ping {
    nonce: u64,
    sent: MonoTime,
    at: WallTime,
}

impl Peer {
    /// The connection that a call asks for, from now on.
    pub(crate) fn new(call: Call, magic: Magic, now: MonoTime) -> Self {
        let Call { address, wire, purpose, named, .. } = call;
        Self {
            address,
            wire,
            purpose,
            named,
            stage: Stage::Dialling,
            decoder: Decoder::new(wire, magic),
            since: now,
            last_block: None,
            block_at: None,
            opened: None,
            heard_at: None,
            heard: now,
            bytes_received: 0,
            clock: None,
            ping: None,
            latency: None,
            least_latency: None,
            fee_floor: None,
        }
    }

    pub(crate) const fn negotiated(&self) -> Option<&Negotiated> {
        match &self.stage {
            Stage::Ready(negotiated) => Some(negotiated),
            _ => None,
        }
    }

    /// Whether the chain is followed on it.
    pub(crate) fn is_followed(&self) -> bool {
        self.purpose == Purpose::Chain && self.negotiated().is_some()
    }

    /// Until when to wait for its introduction, if the chain is to be followed with it.
    pub(crate) fn introduction_ends(&self) -> Option<MonoTime> {
        let is_underway = matches!(self.stage, Stage::Dialling | Stage::Handshaking(_));
        let awaited = self.purpose == Purpose::Chain && is_underway;
        awaited.then(|| self.since.after(HEARING_PATIENCE))
    }

    /// The fee rate below which it wants to hear of no transaction.
    pub(crate) const fn fee_floor(&self) -> Option<FeeRate> {
        self.fee_floor
    }

    /// It says that rate, in satoshi per 1000 virtual bytes. More than all money is no rate.
    pub(crate) fn set_fee_floor(&mut self, rate: u64) -> Option<FeeRate> {
        let rate = Some(rate).filter(|rate| *rate <= Amount::MAX_MONEY.to_sat())?;
        self.fee_floor = Some(FeeRate::from_sat_per_kwu(rate.div_ceil(4)));
        self.fee_floor
    }

    /// So many bytes came.
    pub(crate) const fn heard(&mut self, now: Now, bytes: u64) {
        (self.heard, self.heard_at) = (now.mono, Some(now.wall));
        self.bytes_received += bytes;
    }

    /// A ping goes out.
    pub(crate) fn pinged(&mut self, nonce: u64, now: Now) {
        self.ping = Some(Ping { nonce, sent: now.mono, at: now.wall });
    }

    /// Whether an answer to a ping is waited for.
    pub(crate) const fn awaits_pong(&self) -> bool {
        self.ping.is_some()
    }

    /// A pong came.
    pub(crate) fn ponged(&mut self, nonce: u64, now: MonoTime) {
        if let Some(ping) = self.ping.take_if(|ping| ping.nonce == nonce) {
            let latency = now.since(ping.sent);
            self.latency = Some(latency);
            self.least_latency = Some(self.least_latency.map_or(latency, |l| l.min(latency)));
        }
    }

    /// Whether a ping is open, and nothing at all came since it went out, for too long.
    pub(crate) fn is_silent(&self, now: MonoTime) -> bool {
        self.ping
            .as_ref()
            .is_some_and(|ping| self.heard <= ping.sent && now.since(ping.sent) >= PING_TIMEOUT)
    }

    /// The peer for faces; `height` is what it announced.
    pub(crate) fn status(&self, peer: PeerId, height: Option<Height>) -> PeerStatus {
        let negotiated = self.negotiated();
        PeerStatus {
            peer,
            address: self.address.clone(),
            wire: self.wire,
            purpose: self.purpose,
            ready: negotiated.is_some(),
            user_agent: negotiated.map(|n| n.user_agent.clone()).unwrap_or_default(),
            services: negotiated.map_or(0, |n| n.services),
            height,
            latency: self.latency,
            compared: None,
            differences: 0,
            set_aside: false,
            bytes_received: self.bytes_received,
            fee_floor: self.fee_floor,
            named: self.named,
            traffic: None,
        }
    }

    /// What went over the connection, as far as it is known here; `None` if it is not open.
    pub(crate) fn traffic(&self) -> Option<Traffic> {
        if matches!(self.stage, Stage::Dialling | Stage::Closing(_)) {
            return None;
        }
        let ahead = |opened: WallTime| {
            let ours = i64::try_from(opened.to_unix()).unwrap_or(i64::MAX);
            self.negotiated().map_or(0, |n| n.time.saturating_sub(ours))
        };
        Some(Traffic {
            since: self.opened?,
            last_sent: None,
            last_received: self.heard_at,
            last_block: self.block_at,
            sent: Vec::new(),
            received: self.decoder.tally().by_type(),
            version: self.negotiated().map_or(0, |n| n.version),
            clock: self.opened.map_or(0, ahead),
            least_latency: self.least_latency,
            ping_since: self.ping.as_ref().map(|ping| ping.at),
            common: None,
            asked: Vec::new(),
            addresses: None,
        })
    }
}
