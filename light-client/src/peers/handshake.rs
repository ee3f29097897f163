//! Owns the handshake with a peer that we dialled: what we say of ourselves, what we demand.
//!
//! Refuses peers that can't serve a filter client, and messages out of turn. What we say looks
//! like Bitcoin Core's, so that a peer can't tell us from the crowd by it.

use std::net::{Ipv6Addr, SocketAddr};

use bitcoin::p2p::ServiceFlags;
use bitcoin::p2p::address::Address;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_network::VersionMessage;

use crate::codec::{Message, Version};
use crate::dial::Purpose;
use crate::fault::Fault;
use crate::height::Height;
use crate::limits::{MIN_PROTOCOL, WTXID_RELAY_PROTOCOL};
use crate::peer_id::PeerAddress;
use crate::time::WallTime;

/// A handshake under way.
#[derive(Debug)]
pub(crate) struct Handshake {
    nonce: u64,
    needs: ServiceFlags,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Its `version` comes first.
    AwaitVersion,
    /// Then perhaps what it offers, then its `verack`.
    AwaitVerack(Negotiated),
}

/// What the handshake settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Negotiated {
    pub(crate) services: u64,
    /// The newest version of the protocol that it speaks.
    pub(crate) version: u32,
    /// Its clock, Unix seconds, as it says.
    pub(crate) time: i64,
    /// Printable ASCII only.
    pub(crate) user_agent: String,
    /// The height of its chain, as it says; a hint.
    pub(crate) start_height: Height,
    /// Whether transactions are announced by wtxid (BIP339).
    pub(crate) wtxid_relay: bool,
}

/// What follows from a message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// What to send.
    pub(crate) replies: Vec<NetworkMessage>,
    /// What was settled, once the handshake is done.
    pub(crate) done: Option<Negotiated>,
}

impl Handshake {
    /// Begins a handshake; the message goes out first. With `relay` the peer may announce
    /// transactions.
    pub(crate) fn begin(
        address: &PeerAddress,
        purpose: Purpose,
        now: WallTime,
        tip: Height,
        nonce: u64,
        relay: bool,
    ) -> (Self, NetworkMessage) {
        let receiver = match address {
            PeerAddress::Ip(address) => *address,
            PeerAddress::Onion(..) | PeerAddress::Host(..) => nowhere(),
        };
        let version = VersionMessage {
            version: WTXID_RELAY_PROTOCOL,
            // We serve no blocks, but our transactions carry witnesses: BIP144. btcd takes them in
            // that form only from those who say so.
            services: ServiceFlags::WITNESS,
            timestamp: i64::try_from(now.to_unix()).unwrap_or(i64::MAX),
            receiver: Address::new(&receiver, ServiceFlags::NONE),
            sender: Address::new(&nowhere(), ServiceFlags::NONE),
            nonce,
            user_agent: USER_AGENT.to_owned(),
            start_height: i32::try_from(tip.to_u32()).unwrap_or(i32::MAX),
            relay,
        };
        let needs = needed_services(purpose);
        (Self { nonce, needs, state: State::AwaitVersion }, NetworkMessage::Version(version))
    }

    /// Takes the peer's next message.
    ///
    /// # Errors
    /// The fault for which to close the connection.
    pub(crate) fn accept(&mut self, message: &Message) -> Result<Step, Fault> {
        match (&mut self.state, message) {
            (State::AwaitVersion, Message::Version(version)) => {
                let negotiated = self.check(version)?;
                self.state = State::AwaitVerack(negotiated);
                Ok(Step { replies: answer_version(version), done: None })
            }
            (State::AwaitVersion, _) | (State::AwaitVerack(_), Message::Version(_)) => {
                Err(Fault::Handshake)
            }
            (State::AwaitVerack(negotiated), Message::WtxidRelay) => {
                negotiated.wtxid_relay = true;
                Ok(Step::default())
            }
            (State::AwaitVerack(negotiated), Message::Verack) => {
                // BIP130; BIP133 is not used: we relay nothing, so every fee is welcome.
                let replies = vec![NetworkMessage::SendHeaders];
                Ok(Step { replies, done: Some(negotiated.clone()) })
            }
            // Peers differ in what they send early; nothing of it counts yet.
            (State::AwaitVerack(_), _) => Ok(Step::default()),
        }
    }

    fn check(&self, version: &Version) -> Result<Negotiated, Fault> {
        if version.nonce == self.nonce {
            return Err(Fault::SelfConnection);
        }
        if version.version < MIN_PROTOCOL {
            return Err(Fault::TooOld);
        }
        if !ServiceFlags::from(version.services).has(self.needs) {
            return Err(Fault::MissingServices);
        }
        Ok(Negotiated {
            services: version.services,
            version: version.version,
            time: version.time,
            user_agent: printable(&version.user_agent),
            start_height: Height::new(u32::try_from(version.start_height).unwrap_or(0)),
            wtxid_relay: false,
        })
    }
}

/// To follow the chain, whole blocks with witnesses and compact filters; else any node of our time.
fn needed_services(purpose: Purpose) -> ServiceFlags {
    match purpose {
        Purpose::Chain => {
            ServiceFlags::NETWORK | ServiceFlags::WITNESS | ServiceFlags::COMPACT_FILTERS
        }
        Purpose::Broadcast | Purpose::Addresses | Purpose::Feeler => ServiceFlags::WITNESS,
    }
}

/// A peer that knows neither of the first two skips them; an older one might not.
fn answer_version(version: &Version) -> Vec<NetworkMessage> {
    let mut replies = Vec::new();
    if version.version >= WTXID_RELAY_PROTOCOL {
        replies.push(NetworkMessage::WtxidRelay);
        replies.push(NetworkMessage::SendAddrV2);
    }
    replies.push(NetworkMessage::Verack);
    replies
}

fn printable(text: &[u8]) -> String {
    text.iter()
        .map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '?' })
        .collect()
}

/// The address that stands for none.
fn nowhere() -> SocketAddr {
    SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
}

/// What most peers say.
const USER_AGENT: &str = "/Satoshi:30.0.0/";

#[cfg(test)]
mod tests {
    use super::*;

    fn version(nonce: u64) -> Version {
        Version {
            version: 70_016,
            services: needed_services(Purpose::Chain).to_u64(),
            time: 1_700_000_000,
            nonce,
            user_agent: b"/peer:\x1b[1\xff/".to_vec(),
            start_height: 7,
        }
    }

    fn begin() -> (Handshake, NetworkMessage) {
        let address = "127.0.0.1:18444".parse().expect("an address");
        let now = WallTime::new(1_700_000_000);
        Handshake::begin(&address, Purpose::Chain, now, Height::new(3), 42, true)
    }

    fn begun() -> Handshake {
        begin().0
    }

    #[test]
    fn our_transactions_are_said_to_carry_witnesses() {
        let NetworkMessage::Version(version) = begin().1 else { panic!("another message") };
        assert_eq!(version.services, ServiceFlags::WITNESS);
    }

    #[test]
    fn a_full_node_is_accepted_with_and_without_wtxid_relay() {
        for relays in [true, false] {
            let mut handshake = begun();
            let replies = vec![
                NetworkMessage::WtxidRelay,
                NetworkMessage::SendAddrV2,
                NetworkMessage::Verack,
            ];
            let step = handshake.accept(&Message::Version(version(1)));
            assert_eq!(step, Ok(Step { replies, done: None }));
            if relays {
                handshake.accept(&Message::WtxidRelay).expect("in turn");
            }
            let step = handshake.accept(&Message::Verack).expect("in turn");
            let peer = step.done.expect("the handshake is done");
            assert_eq!(peer.wtxid_relay, relays);
            assert_eq!(peer.user_agent, "/peer:?[1?/", "no control characters reach a terminal");
        }
    }

    #[test]
    fn peers_that_are_of_no_use_are_refused() {
        let refused = |version: Version| begun().accept(&Message::Version(version)).unwrap_err();
        assert_eq!(refused(version(42)), Fault::SelfConnection);
        assert_eq!(refused(Version { version: 70_001, ..version(1) }), Fault::TooOld);
        for missing in [ServiceFlags::NETWORK, ServiceFlags::WITNESS, ServiceFlags::COMPACT_FILTERS]
        {
            let services = needed_services(Purpose::Chain).to_u64() & !missing.to_u64();
            assert_eq!(refused(Version { services, ..version(1) }), Fault::MissingServices);
        }
    }

    #[test]
    fn messages_out_of_turn_are_refused() {
        assert_eq!(begun().accept(&Message::Verack), Err(Fault::Handshake));
        assert_eq!(begun().accept(&Message::Ping(1)), Err(Fault::Handshake));
        let mut twice = begun();
        twice.accept(&Message::Version(version(1))).expect("in turn");
        assert_eq!(twice.accept(&Message::Version(version(1))), Err(Fault::Handshake));
    }
}
