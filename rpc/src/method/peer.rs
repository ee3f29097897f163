//! Owns the methods about single peers: who they are, who is to be one.
//!
//! Refuses inbound connections: there are none. What a peer of Bitcoin Core does and ours never do
//! is told as Core tells it of a peer that does not.

mod form;

use std::hash::{BuildHasher as _, RandomState};

use billfold_wallet_core::command::{ChainQuery, Reply};
use billfold_wallet_core::light_client::dial::Wire;
use billfold_wallet_core::light_client::limits::MAX_ADDED_PEERS;
use billfold_wallet_core::light_client::peer_id::{PeerAddress, PeerHost};
use billfold_wallet_core::light_client::peer_order::PeerOrder;
use billfold_wallet_core::light_client::status::{KnownAddress, PeerStatus, Status, Traffic};
use serde::Serialize;

use crate::arguments::Arguments;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

use form::{PeerForm, kind};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "addnode",
        category: Category::Network,
        parameters: &[
            Parameter::required("node", Kind::Text, "The address of the peer to connect to"),
            Parameter::required("command", Kind::Text, "add, remove or onetry"),
            Parameter::optional("v2transport", Kind::Bool, "Whether to begin with BIP324"),
        ],
        about: "Attempts to add or remove a node from the addnode list. Or try a connection to a \
                node once.",
        standing: Standing::Differs(
            "-8 for what is no address or name, and -34 for one more than eight; one that was named \
             by --connect stays when it is removed",
        ),
        run: Run::Node(|node, arguments| Box::pin(add(node, arguments))),
    },
    Method {
        name: "disconnectnode",
        category: Category::Network,
        parameters: &[
            Parameter::optional("address", Kind::Text, "The IP address/port of the node"),
            Parameter::optional("nodeid", Kind::Number, "The node ID of getpeerinfo"),
        ],
        about: "Immediately disconnects from the specified peer node. Strictly one out of \
                'address' and 'nodeid' can be provided to identify the node.",
        standing: Standing::Same,
        run: Run::Node(|node, arguments| Box::pin(disconnect(node, arguments))),
    },
    Method {
        name: "getaddednodeinfo",
        category: Category::Network,
        parameters: &[Parameter::optional("node", Kind::Text, "Only this one")],
        about: "Returns information about the given added node, or all added nodes (note that \
                onetry addnodes are not listed here).",
        standing: Standing::Same,
        run: Run::Node(|node, arguments| Box::pin(added(node, arguments))),
    },
    Method {
        name: "getnodeaddresses",
        category: Category::Network,
        parameters: &[
            Parameter::optional("count", Kind::Number, "How many at the most; 0: all, default 1"),
            Parameter::optional("network", Kind::Text, "Only those of this network"),
        ],
        about: "Return known addresses, after filtering for quality and recency. These can \
                potentially be used to find new peers in the network.",
        standing: Standing::Differs("none where the only peers were named by --connect"),
        run: Run::Node(|node, arguments| Box::pin(addresses(node, arguments))),
    },
    Method {
        name: "getpeerinfo",
        category: Category::Network,
        parameters: &[],
        about: "Returns data about each connected network peer as a json array of objects.",
        standing: Standing::Differs(
            "bytes are those of messages, without what BIP324 adds, and session_id is empty; \
             addrbind and addrlocal are left out; relaytxes is false, since transactions leave on \
             connections of their own; pingwait is in whole seconds",
        ),
        run: Run::Node(|node, _| Box::pin(peers(node))),
    },
    Method {
        name: "ping",
        category: Category::Network,
        parameters: &[],
        about: "Requests that a ping be sent to all other nodes, to measure ping time. Results are \
                provided in getpeerinfo.",
        standing: Standing::Same,
        run: Run::Node(|node, _| Box::pin(async { answer(&node.order(PeerOrder::Ping).await?) })),
    },
];

async fn add(node: &Node, arguments: &Arguments) -> Outcome {
    let (text, command) = (arguments.required_text(0)?, arguments.required_text(1)?);
    let wire = if arguments.flag(2, true)? { Wire::V2 } else { Wire::V1 };
    if !["add", "remove", "onetry"].contains(&command) {
        let help = Method::named("addnode").map(Method::help).unwrap_or_default();
        return Err(RpcError::new(Code::Misc, help));
    }
    let status = node.status().await?;
    if command == "remove" {
        let known = status.added.into_iter().find(|added| added.name == text);
        let missing =
            "Error: Node could not be removed. It has not been added previously.".to_owned();
        let known = known.ok_or_else(|| RpcError::new(Code::NodeNotAdded, missing))?;
        return answer(&node.order(PeerOrder::Remove(known.address)).await?);
    }
    let address = place(text, node.params.default_port).ok_or_else(|| {
        RpcError::parameter(format!("node must be an address or a name (not '{text}')"))
    })?;
    if command == "onetry" {
        return answer(&node.order(PeerOrder::Try { address, wire }).await?);
    }
    if status.added.iter().any(|added| added.name == text || added.address == address) {
        return Err(RpcError::new(Code::NodeAlreadyAdded, "Error: Node already added"));
    }
    if status.added.len() >= MAX_ADDED_PEERS {
        let message = "Error: Already at capacity for specified connection type.";
        return Err(RpcError::new(Code::NodeCapacityReached, message));
    }
    let name = text.to_owned();
    answer(&node.order(PeerOrder::Add { name, address, wire }).await?)
}

/// Where a peer is that a person names, perhaps without a port.
fn place(text: &str, port: u16) -> Option<PeerAddress> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    match text.parse::<PeerHost>().ok()? {
        PeerHost::Ip(ip) => Some(PeerAddress::ip((ip, port).into())),
        PeerHost::Onion(onion) => Some(PeerAddress::Onion(onion, port)),
        PeerHost::Name(name) => Some(PeerAddress::Host(name, port)),
    }
}

async fn disconnect(node: &Node, arguments: &Arguments) -> Outcome {
    match (arguments.text(0)?, arguments.value(1)) {
        (Some(_), None) | (None | Some(""), Some(_)) => {}
        _ => {
            let message = "Only one of address and nodeid should be provided.";
            return Err(RpcError::new(Code::InvalidParams, message));
        }
    }
    let (address, id) = (arguments.text(0)?, arguments.long(1)?);
    let status = node.status().await?;
    let is_meant = |peer: &&PeerStatus| match (address, id) {
        (Some(address), None) => named(&status, peer).any(|name| name == address),
        (_, Some(id)) => u64::try_from(id).is_ok_and(|id| id == peer.peer.to_u64()),
        (None, None) => false,
    };
    let Some((peer, _)) = open(&status).find(|(peer, _)| is_meant(peer)) else {
        let message = "Node not found in connected nodes";
        return Err(RpcError::new(Code::NodeNotConnected, message));
    };
    answer(&node.order(PeerOrder::Leave(peer.peer)).await?)
}

/// What a peer is called: by its address, and as it was added.
fn named<'a>(status: &'a Status, peer: &'a PeerStatus) -> impl Iterator<Item = String> + 'a {
    let added = status.added.iter().filter(|added| added.address == peer.address);
    added.map(|added| added.name.clone()).chain([peer.address.to_string()])
}

fn name(status: &Status, peer: &PeerStatus) -> String {
    named(status, peer).next().unwrap_or_default()
}

async fn added(node: &Node, arguments: &Arguments) -> Outcome {
    let status = node.status().await?;
    let wanted = arguments.text(0)?;
    let all = status.added.iter().filter(|added| wanted.is_none_or(|name| name == added.name));
    let forms: Vec<AddedForm> = all
        .map(|added| {
            let connected = open(&status).any(|(peer, _)| peer.address == added.address);
            let address = added.address.to_string();
            let place = AddedPlaceForm { address, connected: "outbound" };
            AddedForm {
                addednode: added.name.clone(),
                connected,
                addresses: connected.then_some(place).into_iter().collect(),
            }
        })
        .collect();
    if wanted.is_some() && forms.is_empty() {
        return Err(RpcError::new(Code::NodeNotAdded, "Error: Node has not been added."));
    }
    answer(&forms)
}

async fn addresses(node: &Node, arguments: &Arguments) -> Outcome {
    let count = usize::try_from(arguments.integer(0)?.unwrap_or(1))
        .map_err(|_| RpcError::parameter("Address count out of range"))?;
    let network = arguments.text(1)?;
    if let Some(name) = network
        && !NETWORKS.contains(&name.to_ascii_lowercase().as_str())
    {
        return Err(RpcError::parameter(format!("Network not recognized: {name}")));
    }
    let Reply::KnownAddresses(mut known) = node.face.ask_chain(ChainQuery::Addresses).await? else {
        return Err(RpcError::bug());
    };
    known.retain(|one| network.is_none_or(|name| name.eq_ignore_ascii_case(kind(&one.address))));
    let order = RandomState::new();
    known.sort_by_key(|one| order.hash_one(&one.address));
    known.truncate(if count == 0 { usize::MAX } else { count });
    answer(&known.iter().map(AddressForm::new).collect::<Vec<_>>())
}

async fn peers(node: &Node) -> Outcome {
    let (status, now) = (node.status().await?, node.now());
    let forms = open(&status).map(|(peer, traffic)| {
        PeerForm::new(name(&status, peer), (now, status.weighing), peer, traffic)
    });
    answer(&forms.collect::<Vec<_>>())
}

/// The connections that are open.
fn open(status: &Status) -> impl Iterator<Item = (&PeerStatus, &Traffic)> {
    status.peers.iter().filter_map(|peer| Some((peer, peer.traffic.as_ref()?)))
}

#[derive(Debug, Serialize)]
struct AddedForm {
    addednode: String,
    connected: bool,
    addresses: Vec<AddedPlaceForm>,
}

#[derive(Debug, Serialize)]
struct AddedPlaceForm {
    address: String,
    connected: &'static str,
}

#[derive(Debug, Serialize)]
struct AddressForm {
    time: u64,
    services: u64,
    address: String,
    port: u16,
    network: &'static str,
}

impl AddressForm {
    fn new(known: &KnownAddress) -> Self {
        Self {
            time: known.seen.to_unix(),
            services: known.services,
            address: known.address.host().to_string(),
            port: known.address.port(),
            network: kind(&known.address),
        }
    }
}

/// The networks of addresses, by Core's names.
const NETWORKS: [&str; 5] = ["ipv4", "ipv6", "onion", "i2p", "cjdns"];

#[cfg(test)]
mod tests {
    use super::form::service_names;
    use super::*;

    #[test]
    fn services_and_networks_have_the_names_of_core() {
        assert_eq!(
            service_names(0x0c4d),
            ["NETWORK", "BLOOM", "WITNESS", "COMPACT_FILTERS", "NETWORK_LIMITED", "P2P_V2"]
        );
        assert_eq!(service_names(1 << 63 | 2), ["UNKNOWN[2^1]", "UNKNOWN[2^63]"]);
        let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
        for (text, port, name) in [
            ("8.8.8.8", 8333, "ipv4"),
            ("8.8.8.8:1", 1, "ipv4"),
            ("2a00:1450::1", 8333, "ipv6"),
            ("[2a00:1450::1]:7", 7, "ipv6"),
            (onion, 8333, "onion"),
            ("127.0.0.1", 8333, "not_publicly_routable"),
            ("node.example.org", 8333, "not_publicly_routable"),
        ] {
            let address = place(text, 8333).expect("an address");
            assert_eq!((address.port(), kind(&address)), (port, name), "{text}");
        }
        for text in ["", "a b", "8.8.8.8:0", "8.8.8.8:99999", "x:y", "[::1"] {
            assert_eq!(place(text, 8333), None, "{text}");
        }
    }
}
