//! Owns the methods that wait for blocks, and that tell of the ends of the chain.

use std::time::Duration;

use billfold_wallet_core::light_client::height::BlockId;
use bitcoin::BlockHash;
use serde::Serialize;

use crate::arguments::{self, Arguments};
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::ledger::LastBlock;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};
use crate::watch;

const TIMEOUT: Parameter =
    Parameter::optional("timeout", Kind::Number, "Milliseconds to wait; 0 is no timeout");

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "getchaintips",
        category: Category::Blockchain,
        parameters: &[],
        about: "Return information about all known tips: what every open wallet has seen, and the \
                headers above it.",
        standing: Standing::Differs("branches that were left are not among them"),
        run: Run::Node(|node, _| Box::pin(tips(node))),
    },
    Method {
        name: "waitforblock",
        category: Category::Blockchain,
        parameters: &[
            Parameter::required("blockhash", Kind::Text, "Block hash to wait for"),
            TIMEOUT,
        ],
        about: "Waits for a specific new block and returns useful info about it.",
        standing: Standing::Differs(SEEN),
        run: Run::Node(|node, arguments| {
            Box::pin(async {
                let hash: BlockHash = arguments.hash(0, "blockhash")?;
                wait(node, arguments, 1, |tip| tip.hash == hash).await
            })
        }),
    },
    Method {
        name: "waitforblockheight",
        category: Category::Blockchain,
        parameters: &[
            Parameter::required("height", Kind::Number, "Block height to wait for"),
            TIMEOUT,
        ],
        about: "Waits for (at least) block height and returns the height and hash of the current \
                tip.",
        standing: Standing::Differs(SEEN),
        run: Run::Node(|node, arguments| {
            Box::pin(async {
                let height = arguments.integer(0)?.unwrap_or_default();
                wait(node, arguments, 1, |tip| i64::from(tip.height.to_u32()) >= height).await
            })
        }),
    },
    Method {
        name: "waitfornewblock",
        category: Category::Blockchain,
        parameters: &[
            TIMEOUT,
            Parameter::optional("current_tip", Kind::Text, "Wait for the tip to differ from this"),
        ],
        about: "Waits for any new block and returns useful info about it.",
        standing: Standing::Differs(SEEN),
        run: Run::Node(|node, arguments| {
            Box::pin(async {
                let known: BlockHash = match arguments.text(1)? {
                    Some(text) => arguments::hash(text, "current_tip")?,
                    None => node.scanned().await?.hash,
                };
                wait(node, arguments, 0, |tip| tip.hash != known).await
            })
        }),
    },
];

const SEEN: &str = "a block counts once every open wallet has seen it";

/// Waits until the tip is as it is wanted, or as long as the argument at `timeout` says.
async fn wait(
    node: &Node,
    arguments: &Arguments,
    timeout: usize,
    is_wanted: impl Fn(BlockId) -> bool + Send + Sync,
) -> Outcome {
    let millis = arguments.integer(timeout)?.unwrap_or_default();
    let millis =
        u64::try_from(millis).map_err(|_| RpcError::new(Code::Misc, "Negative timeout"))?;
    let patience = (millis > 0).then(|| Duration::from_millis(millis));
    let is_wanted = &is_wanted;
    let look = || async move { Ok(Some(node.scanned().await?).filter(|tip| is_wanted(*tip))) };
    let tip = match watch::until(&*node.face, patience, look).await? {
        Some(tip) => tip,
        None => node.scanned().await?,
    };
    answer(&LastBlock::from(tip))
}

async fn tips(node: &Node) -> Outcome {
    let (seen, headers) = (node.scanned().await?, node.status().await?.tip);
    let mut tips = vec![TipForm::new(seen, 0, "active")];
    if headers.height > seen.height {
        let above = headers.height.above(seen.height);
        tips.insert(0, TipForm::new(headers, above, "headers-only"));
    }
    answer(&tips)
}

#[derive(Debug, Serialize)]
struct TipForm {
    height: u32,
    hash: BlockHash,
    branchlen: u32,
    status: &'static str,
}

impl TipForm {
    fn new(block: BlockId, branchlen: u32, status: &'static str) -> Self {
        Self { height: block.height.to_u32(), hash: block.hash, branchlen, status }
    }
}
