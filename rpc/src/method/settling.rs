//! Owns the method that waits until what peers have said is known to the wallets; for tests on a
//! network of play money.

use std::time::Duration;

use billfold_wallet_core::light_client::peer_order::PeerOrder;
use billfold_wallet_core::light_client::status::Waiting;
use bitcoin::Network;

use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::watch;

pub(super) const METHODS: &[Method] = &[Method {
    name: "syncwithvalidationinterfacequeue",
    category: Category::Hidden,
    parameters: &[],
    about: "Waits until everything is applied that peers sent before this call.",
    standing: Standing::Differs(
        "on regtest only; it waits for what peers sent, a round trip to each, and -1 if that takes \
         more than a minute",
    ),
    run: Run::Node(|node, _| Box::pin(settle(node))),
}];

async fn settle(node: &Node) -> Outcome {
    if node.params.network != Network::Regtest {
        return Err(RpcError::no_method("Method not found"));
    }
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
