//! Owns the wallet's connections to the nodes of a world: who can be dialled, what they hear, and
//! what they say.
//!
//! Refuses to decide what is said: an honest node does, and its vice.

use billfold_wallet_core::light_client::dial::{DialProblem, Wire};
use billfold_wallet_core::light_client::input::Input as ClientInput;
use billfold_wallet_core::light_client::peer_id::{PeerAddress, PeerId};
use bitcoin::Script;
use bitcoin::p2p::message::NetworkMessage;

use super::host::{Coming, Line};
use super::vice::Place;
use super::world::World;

impl World {
    /// Everybody hears what the network has to tell.
    pub(super) fn spread(&mut self) {
        self.ledger.learn(&self.network);
        if let Some(apart) = &self.apart {
            self.ledger.learn(apart);
        }
        let peers: Vec<PeerId> = self.lines.keys().copied().collect();
        for peer in peers {
            let Some(line) = self.lines.get_mut(&peer) else { continue };
            let news = line.tell();
            self.say(peer, news);
        }
    }

    /// Closes all connections to a node.
    pub(super) fn hang_up(&mut self, host: usize) {
        let of = |line: &Line| line.host == host;
        let gone: Vec<PeerId> =
            self.lines.iter().filter(|(_, line)| of(line)).map(|(peer, _)| *peer).collect();
        for peer in gone {
            self.lines.remove(&peer);
            self.input(self.time, ClientInput::Disconnected { peer });
        }
    }

    pub(super) fn dial(&mut self, peer: PeerId, address: &PeerAddress, wire: Wire) {
        let wait = self.draw.millis(5, 500);
        let host = self.hosts.iter().position(|host| host.address == *address);
        let why = match host.map(|at| &self.hosts[at]) {
            None => Some(DialProblem::Unreachable),
            Some(host) if !host.up => Some(DialProblem::Refused),
            Some(host) if wire == Wire::V2 && !host.sealed => Some(DialProblem::NoV2),
            Some(_) => None,
        };
        let input = match (why, host) {
            (None, Some(at)) => {
                let side = self.apart.as_ref().filter(|_| self.hosts[at].apart);
                let node = side.unwrap_or(&self.network).peer();
                self.lines.insert(peer, Line::new(at, wire, node, &mut self.draw));
                ClientInput::Connected { peer }
            }
            (why, _) => {
                let why = why.unwrap_or(DialProblem::Unreachable);
                ClientInput::DialFailed { peer, why }
            }
        };
        self.input(self.time + wait, input);
    }

    pub(super) fn reach(&mut self, peer: PeerId, bytes: &[u8]) {
        let Some(line) = self.lines.get_mut(&peer) else { return };
        if let Some(answers) = line.hear(bytes) {
            self.say(peer, answers);
        } else {
            let at = line.send(self.time, &mut self.draw);
            self.input(at, ClientInput::Disconnected { peer });
        }
        // A transaction that came this way is news for the others.
        self.spread();
    }

    fn say(&mut self, peer: PeerId, messages: Vec<NetworkMessage>) {
        let Some(line) = self.lines.get_mut(&peer) else { return };
        let vice = self.hosts[line.host].vice;
        let hides = |script: &Script| self.scripts.contains(script);
        let (draw, ledger) = (&mut self.draw, &self.ledger);
        let mut place = Place { draw, ledger, hides: &hides };
        for coming in line.say(messages, vice, self.time, &mut place) {
            let (at, input) = match coming {
                Coming::Bytes(at, bytes) => (at, ClientInput::Received { peer, bytes }),
                Coming::End(at) => (at, ClientInput::Disconnected { peer }),
            };
            self.input(at.max(self.cut_until), input);
        }
    }
}
