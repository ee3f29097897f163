//! Owns the methods about the chain, answered from headers.
//!
//! Refuses what only blocks tell: how many transactions one has, for example, is 0, as Core says of
//! a header whose block it does not have.

use billfold_wallet_core::command::BlockQuery;
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::light_client::known_block::KnownBlock;
use bitcoin::consensus::encode::serialize_hex;
use bitcoin::hex::DisplayHex;
use bitcoin::pow::{CompactTarget, Target};
use bitcoin::{BlockHash, Network};
use serde::Serialize;

use crate::arguments::Arguments;
use crate::error::{Code, RpcError};
use crate::json::{Real, answer};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "getbestblockhash",
        category: Category::Blockchain,
        parameters: &[],
        about: "Returns the hash of the block up to which every open wallet has seen the chain.",
        standing: Standing::Differs(SCANNED),
        run: Run::Node(|node, _| Box::pin(async { answer(&node.scanned().await?.hash) })),
    },
    Method {
        name: "getblockchaininfo",
        category: Category::Blockchain,
        parameters: &[],
        about: "Returns an object containing various state info regarding blockchain processing.",
        standing: Standing::Differs(
            "size_on_disk is 0: no block is kept. blocks is what every open wallet has seen. \
             pruned is false, since filters can be scanned again from any height",
        ),
        run: Run::Node(|node, _| Box::pin(overview(node))),
    },
    Method {
        name: "getblockcount",
        category: Category::Blockchain,
        parameters: &[],
        about: "Returns the height up to which every open wallet has seen the chain.",
        standing: Standing::Differs(SCANNED),
        run: Run::Node(|node, _| {
            Box::pin(async { answer(&node.scanned().await?.height.to_u32()) })
        }),
    },
    Method {
        name: "getblockhash",
        category: Category::Blockchain,
        parameters: &[Parameter::required("height", Kind::Number, "The height index")],
        about: "Returns hash of block in best-block-chain at height provided.",
        standing: Standing::Differs(
            "-8 also below the trusted start, where no headers are kept unless \
             --validate-from-genesis is given",
        ),
        run: Run::Node(|node, arguments| Box::pin(hash_at(node, arguments))),
    },
    Method {
        name: "getblockheader",
        category: Category::Blockchain,
        parameters: &[
            Parameter::required("blockhash", Kind::Text, "The block hash"),
            Parameter::optional(
                "verbose",
                Kind::Bool,
                "true for a json object, false for the hex-encoded data",
            ),
        ],
        about: "Returns the header of a block of the best chain.",
        standing: Standing::Differs(
            "-5 for a block of a branch that was left; nTx is 0, as Core says of a header whose \
             block it does not have",
        ),
        run: Run::Node(|node, arguments| Box::pin(header(node, arguments))),
    },
    Method {
        name: "getdifficulty",
        category: Category::Blockchain,
        parameters: &[],
        about: "Returns the proof-of-work difficulty as a multiple of the minimum difficulty.",
        standing: Standing::Same,
        run: Run::Node(|node, _| Box::pin(tip_difficulty(node))),
    },
];

const SCANNED: &str = "the block up to which every open wallet has seen the chain, not the tip of the headers; one that was made or loaded \
     meanwhile does not lower it, and tells by scanning in getwalletinfo that it catches up";

async fn hash_at(node: &Node, arguments: &Arguments) -> Outcome {
    let out_of_range = || RpcError::parameter("Block height out of range");
    let height = arguments.integer(0)?.unwrap_or_default();
    let height = u32::try_from(height).map_err(|_| out_of_range())?;
    if Height::new(height) > node.scanned().await?.height {
        return Err(out_of_range());
    }
    let block = node.block(BlockQuery::Height(Height::new(height))).await?;
    answer(&block.ok_or_else(out_of_range)?.id.hash)
}

async fn header(node: &Node, arguments: &Arguments) -> Outcome {
    let hash: BlockHash = arguments.hash(0, "hash")?;
    let verbose = arguments.flag(1, true)?;
    let block = node.block(BlockQuery::Hash(hash)).await?;
    let block = block.ok_or_else(|| RpcError::address_or_key("Block not found"))?;
    if !verbose {
        return answer(&serialize_hex(&block.header));
    }
    let tip = node.scanned().await?;
    answer(&HeaderForm::new(&block, tip.height))
}

async fn tip_difficulty(node: &Node) -> Outcome {
    answer(&Real(difficulty(tip(node).await?.header.bits)))
}

async fn overview(node: &Node) -> Outcome {
    let status = node.status().await?;
    let tip = tip(node).await?;
    let header = tip.header;
    let headers = status.tip.height.to_u32().max(status.announced.map_or(0, Height::to_u32));
    let blocks = tip.id.height.to_u32();
    let progress = if headers == 0 { 1.0 } else { f64::from(blocks) / f64::from(headers) };
    let challenge = (node.params.network == Network::Signet)
        .then(|| node.params.signet_challenge.as_ref().map(|script| script.to_hex_string()))
        .flatten();
    answer(&ChainForm {
        chain: node.params.network.to_core_arg(),
        blocks,
        headers,
        bestblockhash: tip.id.hash,
        bits: format!("{:08x}", header.bits.to_consensus()),
        target: target(header.bits),
        difficulty: Real(difficulty(header.bits)),
        time: header.time,
        mediantime: tip.median_time.to_unix(),
        verificationprogress: Real(progress.min(1.0)),
        initialblockdownload: is_behind(status.synced, header.time, node.now()),
        chainwork: tip.work.to_be_bytes().to_lower_hex_string(),
        size_on_disk: 0,
        pruned: false,
        signet_challenge: challenge,
        warnings: Vec::new(),
    })
}

/// The block up to which every open wallet has seen the chain. Of the trusted start itself no
/// header is kept, so that while a wallet is there, this is what Core says at its own start.
async fn tip(node: &Node) -> Result<KnownBlock, RpcError> {
    let scanned = node.scanned().await?;
    let block = node.block(BlockQuery::Hash(scanned.hash)).await?;
    block.ok_or_else(|| RpcError::new(Code::InInitialDownload, "No header above the start yet"))
}

/// Core's rule with our own meaning of having seen the chain: a tip of the last day counts.
fn is_behind(synced: bool, time: u32, now: u64) -> bool {
    !synced && now.saturating_sub(time.into()) > OLD_TIP
}

/// A header as Core tells of it.
#[derive(Debug, Serialize)]
pub(super) struct HeaderForm {
    hash: BlockHash,
    confirmations: i64,
    height: u32,
    version: i32,
    #[serde(rename = "versionHex")]
    version_hex: String,
    merkleroot: bitcoin::TxMerkleNode,
    time: u32,
    mediantime: u64,
    nonce: u32,
    bits: String,
    target: String,
    difficulty: Real,
    chainwork: String,
    #[serde(rename = "nTx")]
    transactions: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    previousblockhash: Option<BlockHash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nextblockhash: Option<BlockHash>,
}

impl HeaderForm {
    /// What is told of a header, with the block up to which the chain was seen.
    pub(super) fn new(block: &KnownBlock, tip: Height) -> Self {
        let KnownBlock { id, header, median_time, work, next } = block;
        // What no wallet has seen yet is not on the chain, as a header without block in Core.
        let depth = i64::from(tip.to_u32()) - i64::from(id.height.to_u32()) + 1;
        let version = header.version.to_consensus();
        Self {
            hash: id.hash,
            confirmations: if depth > 0 { depth } else { -1 },
            height: id.height.to_u32(),
            version,
            version_hex: format!("{version:08x}"),
            merkleroot: header.merkle_root,
            time: header.time,
            mediantime: median_time.to_unix(),
            nonce: header.nonce,
            bits: format!("{:08x}", header.bits.to_consensus()),
            target: target(header.bits),
            difficulty: Real(difficulty(header.bits)),
            chainwork: work.to_be_bytes().to_lower_hex_string(),
            transactions: 0,
            previousblockhash: (id.height != Height::GENESIS).then_some(header.prev_blockhash),
            nextblockhash: next.filter(|_| depth > 1),
        }
    }

    /// The same with the number of the block's transactions.
    pub(super) fn with_transactions(self, count: usize) -> Self {
        Self { transactions: u32::try_from(count).unwrap_or(u32::MAX), ..self }
    }
}

#[derive(Debug, Serialize)]
struct ChainForm {
    chain: &'static str,
    blocks: u32,
    headers: u32,
    bestblockhash: BlockHash,
    bits: String,
    target: String,
    difficulty: Real,
    time: u32,
    mediantime: u64,
    verificationprogress: Real,
    initialblockdownload: bool,
    chainwork: String,
    size_on_disk: u64,
    pruned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    signet_challenge: Option<String>,
    warnings: Vec<String>,
}

fn target(bits: CompactTarget) -> String {
    Target::from_compact(bits).to_be_bytes().to_lower_hex_string()
}

/// How much harder than the easiest target of mainnet, in Core's steps of floating point.
fn difficulty(bits: CompactTarget) -> f64 {
    let bits = bits.to_consensus();
    let mut shift = (bits >> 24) & 0xff;
    let mut difficulty = f64::from(0x0000_ffff_u32) / f64::from(bits & 0x00ff_ffff);
    while shift < 29 {
        difficulty *= 256.0;
        shift += 1;
    }
    while shift > 29 {
        difficulty /= 256.0;
        shift -= 1;
    }
    difficulty
}

/// A tip that is older, in seconds, is not the tip (`-maxtipage`).
const OLD_TIP: u64 = 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    /// From Bitcoin Core's `src/test/blockchain_tests.cpp` (MIT), and the header of genesis.
    #[test]
    fn difficulties_are_those_of_core() {
        let cases = [
            (0x1f11_1111, 0.000_001),
            (0x1ef8_8f6f, 0.000_016),
            (0x1df8_8f6f, 0.004_023),
            (0x1cf8_8f6f, 1.029_916),
            (0x1d00_ffff, 1.0),
        ];
        for (bits, expected) in cases {
            let found = difficulty(CompactTarget::from_consensus(bits));
            assert!((found - expected).abs() < 1e-6, "{bits:x}: {found}");
        }
        let regtest = difficulty(CompactTarget::from_consensus(0x207f_ffff));
        assert_eq!(serde_json::to_string(&Real(regtest)).expect("JSON"), "4.656542373906925e-10");
    }
}
