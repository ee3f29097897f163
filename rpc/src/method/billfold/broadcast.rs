//! Owns `billfold.broadcast`: a signed transaction of the wallet is stored, announced, and told with what
//! peers made of it.
//!
//! Refuses what `sendrawtransaction` refuses, and to call a payment seen that only one peer has.

use std::time::Duration;

use billfold_wallet_core::event::Event;
use billfold_wallet_core::light_client::output::{BroadcastEvent, PeerEvent};
use billfold_wallet_core::light_client::peer_id::{PeerAddress, PeerId};
use bitcoin::{FeeRate, Txid};
use serde::Serialize;

use crate::arguments::Arguments;
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::answer;
use crate::ledger;
use crate::limits::EVENTS_WAIT;
use crate::method::billfold::count;
use crate::method::relay;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};
use crate::watch;

pub(in crate::method) const METHODS: &[Method] = &[Method {
    name: "billfold.broadcast",
    category: Category::Billfold,
    parameters: &[
        Parameter::required("hexstring", Kind::Text, "A signed transaction of the wallet"),
        Parameter::optional("wait_ms", Kind::Number, "How long to hear what peers say; 10,000"),
    ],
    about: "Store and announce a transaction, and tell what each peer made of it: it fetched it, or a \
            peer that did not get it from here announced it, so the network has it. It is announced on \
            until a block holds it, whatever is told here.",
    standing: Standing::Ours,
    run: Run::Change(|node, desk, arguments| Box::pin(broadcast(node, desk, arguments))),
}];

async fn broadcast(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let transaction = relay::read(arguments.required_text(0)?)?;
    let wait = arguments.value(1).map(|value| count(value, "wait_ms")).transpose()?;
    let wait = Duration::from_millis(u64::from(wait.unwrap_or(10_000))).min(EVENTS_WAIT);
    let txid = transaction.compute_txid();
    // Before it is announced, so that nothing is said unheard.
    let mut listener = desk.listen();
    let known = ledger::records(desk, vec![txid]).await?.pop();
    if !known.as_ref().is_some_and(relay::is_out) {
        relay::announce(desk, &transaction, relay::MOST_RATE).await?;
    }
    let status = node.status().await?;
    let is_alone = status.followed().count() <= 1;
    let mut heard = Heard { txid, is_alone, peers: Vec::new(), addresses: Vec::new(), floor: None };
    for peer in status.peers {
        heard.addresses.push((peer.peer, peer.address));
    }
    watch::hear(&mut *listener, wait, |event| heard.is_enough(event)).await;
    let record = ledger::records(desk, vec![txid]).await?.pop().ok_or_else(RpcError::bug)?;
    answer(&BroadcastForm {
        txid,
        state: record.state.name(),
        peers: heard.peers,
        below_floor_sat_per_vb: heard.floor.map(FeeRate::to_sat_per_vb_ceil),
    })
}

/// What was heard of a transaction.
struct Heard {
    txid: Txid,
    /// Whether there is no second peer that could announce it.
    is_alone: bool,
    peers: Vec<PeerForm>,
    addresses: Vec<(PeerId, PeerAddress)>,
    floor: Option<FeeRate>,
}

impl Heard {
    /// Takes an event; whether the network is known to have it, or not to take it.
    fn is_enough(&mut self, event: Event) -> bool {
        match event {
            Event::Peer(PeerEvent::Ready { peer, address, .. }) => {
                self.addresses.push((peer, address));
            }
            Event::Broadcast(BroadcastEvent::Sent { txid, peer }) if txid == self.txid => {
                self.note(peer, "fetched");
                return self.is_alone;
            }
            Event::Broadcast(BroadcastEvent::Echoed { txid, peer }) if txid == self.txid => {
                self.note(peer, "echoed");
                return true;
            }
            Event::Broadcast(BroadcastEvent::BelowFloor { txid, floor }) if txid == self.txid => {
                self.floor = Some(floor);
                return true;
            }
            _ => {}
        }
        false
    }

    fn note(&mut self, peer: PeerId, outcome: &'static str) {
        let known = self.addresses.iter().rfind(|(id, _)| *id == peer);
        let address = known.map(|(_, address)| address.to_string());
        self.peers.push(PeerForm { address, outcome });
    }
}

#[derive(Debug, Serialize)]
struct BroadcastForm {
    txid: Txid,
    state: &'static str,
    peers: Vec<PeerForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    below_floor_sat_per_vb: Option<u64>,
}

#[derive(Debug, Serialize)]
struct PeerForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    outcome: &'static str,
}
