//! Owns the methods for tests on a network of play money: one waits until what peers have said is
//! known to the wallets, others take blocks for invalid.

use std::time::Duration;

use billfold_wallet_core::command::{ChainQuery, Reply};
use billfold_wallet_core::light_client::peer_order::PeerOrder;
use billfold_wallet_core::light_client::status::Waiting;
use bitcoin::Network;

use crate::arguments::Arguments;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};
use crate::watch;

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "invalidateblock",
        category: Category::Hidden,
        parameters: &[Parameter::required("blockhash", Kind::Text, "the hash of the block")],
        about: "Takes a block for invalid from here on, as if it broke a rule, and with it all that \
                stands on it; the wallets follow.",
        standing: Standing::Differs(
            "on regtest only, and until the daemon ends; peers that have nothing else are left, and \
             tried again",
        ),
        run: Run::Node(|node, arguments| Box::pin(judge(node, arguments, false))),
    },
    Method {
        name: "reconsiderblock",
        category: Category::Hidden,
        parameters: &[Parameter::required("blockhash", Kind::Text, "the hash of the block")],
        about: "Takes back what invalidateblock did.",
        standing: Standing::Differs(
            "on regtest only, and of a block that was named to invalidateblock (-5)",
        ),
        run: Run::Node(|node, arguments| Box::pin(judge(node, arguments, true))),
    },
    Method {
        name: "setmocktime",
        category: Category::Hidden,
        parameters: &[Parameter::required(
            "timestamp",
            Kind::Number,
            "UNIX epoch time; 0 to go back to using the system time",
        )],
        about: "Has the daemon's clock stand at a time.",
        standing: Standing::Differs(
            "on regtest only; what waits for so many seconds waits by the system's clock",
        ),
        run: Run::Node(|node, arguments| Box::pin(set_time(node, arguments))),
    },
    Method {
        name: "syncwithvalidationinterfacequeue",
        category: Category::Hidden,
        parameters: &[],
        about: "Waits until everything is applied that peers sent before this call.",
        standing: Standing::Differs(
            "on regtest only; it waits for what peers sent, a round trip to each, and -1 if that \
             takes more than a minute",
        ),
        run: Run::Node(|node, _| Box::pin(settle(node))),
    },
];

/// Refuses what only tests need where money is at stake.
fn require_play_money(node: &Node) -> Result<(), RpcError> {
    if node.params.network == Network::Regtest {
        return Ok(());
    }
    Err(RpcError::no_method("Method not found"))
}

async fn judge(node: &Node, arguments: &Arguments, valid: bool) -> Outcome {
    require_play_money(node)?;
    let block = arguments.hash(0, "blockhash")?;
    match node.face.ask_chain(ChainQuery::Judge { block, valid }).await? {
        Reply::Judged(true) => answer(&()),
        Reply::Judged(false) => Err(RpcError::address_or_key("Block not found")),
        _ => Err(RpcError::bug()),
    }
}

async fn set_time(node: &Node, arguments: &Arguments) -> Outcome {
    if node.params.network != Network::Regtest {
        let message = "setmocktime is for regression testing (-regtest mode) only";
        return Err(RpcError::new(Code::Misc, message));
    }
    let time = arguments.long(0)?.unwrap_or_default();
    let Some(time) = u64::try_from(time).ok().filter(|time| *time <= LATEST) else {
        let message = format!("Mocktime must be in the range [0, {LATEST}], not {time}.");
        return Err(RpcError::parameter(message));
    };
    node.set_time(time).await?;
    answer(&())
}

async fn settle(node: &Node) -> Outcome {
    require_play_money(node)?;
    // An answer that was awaited before may have been sent before what matters.
    for _ in 0..2 {
        until(node, Awaited::Pongs).await?;
        node.order(PeerOrder::Ping).await?;
    }
    until(node, Awaited::Pongs).await?;
    until(node, Awaited::Applied).await?;
    answer(&())
}

/// What is waited for.
#[derive(Debug, Clone, Copy)]
enum Awaited {
    /// Every peer has answered.
    Pongs,
    /// The wallets are where the chain is.
    Applied,
}

async fn until(node: &Node, awaited: Awaited) -> Result<(), RpcError> {
    let look = || async move {
        let status = node.status().await?;
        let is_so = match awaited {
            Awaited::Pongs => {
                let mut traffic = status.peers.iter().filter_map(|peer| peer.traffic.as_ref());
                traffic.all(|traffic| traffic.ping_since.is_none())
            }
            Awaited::Applied => {
                let rests = matches!(status.waiting, Waiting::Nothing | Waiting::Peers);
                rests && node.scanned().await?.hash == status.tip.hash
            }
        };
        Ok(is_so.then_some(()))
    };
    let seen = watch::until(&*node.face, Some(PATIENCE), look).await?;
    seen.ok_or_else(|| RpcError::new(Code::Misc, "peers did not answer within a minute"))
}

/// How long peers are waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The latest time that Bitcoin Core's clock can show, in Unix seconds.
const LATEST: u64 = 9_223_372_036;
