//! Owns the methods that take a whole block from a peer: the block itself, and proofs that
//! transactions are in it.
//!
//! Refuses to ask a peer unless the owner has allowed it: whoever is asked for a block learns that it
//! is of interest.

use std::collections::BTreeSet;
use std::sync::Arc;

use billfold_wallet_core::command::BlockQuery;
use billfold_wallet_core::light_client::known_block::KnownBlock;
use bitcoin::consensus::encode::{deserialize, serialize_hex};
use bitcoin::hex::{DisplayHex, FromHex};
use bitcoin::merkle_tree::MerkleBlock;
use bitcoin::{Block, BlockHash, Network, Transaction, Txid};
use serde::Serialize;

use crate::arguments::{self, Arguments};
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::{Value, answer};
use crate::ledger;
use crate::method::chain::HeaderForm;
use crate::method::raw_transaction::TransactionForm;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "getblock",
        category: Category::Blockchain,
        parameters: &[
            Parameter::required("blockhash", Kind::Text, "The block hash"),
            Parameter::optional(
                "verbosity|verbose",
                Kind::Any,
                "0 for hex-encoded data, 1 for a JSON object, 2 and 3 for one with transactions",
            ),
        ],
        about: "Returns a block of the best chain, which a peer is asked for.",
        standing: Standing::Differs(
            "only with --rpc-fetch-blocks (-32601 without); -5 for a block of a branch that was left; \
             fee and prevout are left out, as of a node that does not know what was spent; -1 if no \
             peer sends it within a minute",
        ),
        run: Run::Node(|node, arguments| Box::pin(block(node, arguments))),
    },
    Method {
        name: "gettxoutproof",
        category: Category::Blockchain,
        parameters: &[
            Parameter::required("txids", Kind::Array, "The txids to filter"),
            Parameter::optional("blockhash", Kind::Text, "The block in which to look for them"),
        ],
        about: "Returns a hex-encoded proof that transactions were included in a block, which a peer \
                is asked for.",
        standing: Standing::Differs(
            "only with --rpc-fetch-blocks (-32601 without); without blockhash only for transactions \
             of the caller's open wallets",
        ),
        run: Run::Wallets(|node, desks, arguments| Box::pin(prove(node, desks, arguments))),
    },
    Method {
        name: "verifytxoutproof",
        category: Category::Blockchain,
        parameters: &[Parameter::required("proof", Kind::Text, "The hex-encoded proof")],
        about: "Verifies that a proof points to transactions in a block of the best chain, and \
                returns them. A peer is asked for the block: its header does not tell how many \
                transactions it has, without which a proof can be forged.",
        standing: Standing::Differs("only with --rpc-fetch-blocks (-32601 without)"),
        run: Run::Node(|node, arguments| Box::pin(verify(node, arguments))),
    },
];

async fn block(node: &Node, arguments: &Arguments) -> Outcome {
    node.may_fetch("getblock")?;
    let hash: BlockHash = arguments.hash(0, "blockhash")?;
    let verbosity = match arguments.value(1) {
        None => 1,
        Some(Value::Bool(verbose)) => i64::from(*verbose),
        Some(number) => arguments::integer(number)?,
    };
    let (_, block) = fetched(node, hash).await?;
    if verbosity <= 0 {
        return answer(&serialize_hex(&*block));
    }
    // It may have left the chain while it was fetched.
    let known = node.block(BlockQuery::Hash(hash)).await?.ok_or_else(not_found)?;
    let tip = node.scanned().await?.height;
    let header = HeaderForm::new(&known, tip).with_transactions(block.txdata.len());
    answer(&BlockForm::new(header, &block, verbosity >= 2, node.params.network))
}

async fn prove(node: &Node, desks: &[Arc<Desk>], arguments: &Arguments) -> Outcome {
    node.may_fetch("gettxoutproof")?;
    let mut wanted = BTreeSet::new();
    for text in arguments::array(arguments.required(0))? {
        let text = arguments::text(text)?;
        if !wanted.insert(arguments::hash::<Txid>(text, "txid")?) {
            let message = format!("Invalid parameter, duplicated txid: {text}");
            return Err(RpcError::parameter(message));
        }
    }
    if wanted.is_empty() {
        return Err(RpcError::parameter("Parameter 'txids' cannot be empty"));
    }
    let hash = match arguments.text(1)? {
        Some(text) => arguments::hash(text, "blockhash")?,
        None => placed(desks, &wanted).await?,
    };
    let (_, block) = fetched(node, hash).await?;
    let found = block.txdata.iter().filter(|one| wanted.contains(&one.compute_txid())).count();
    if found != wanted.len() {
        let message = "Not all transactions found in specified or retrieved block";
        return Err(RpcError::address_or_key(message));
    }
    answer(&serialize_hex(&MerkleBlock::from_block_with_predicate(&block, |txid| {
        wanted.contains(txid)
    })))
}

/// The block of the first of these transactions that an open wallet knows one of.
async fn placed(desks: &[Arc<Desk>], wanted: &BTreeSet<Txid>) -> Result<BlockHash, RpcError> {
    for desk in desks {
        let records = ledger::records(desk, wanted.iter().copied().collect()).await?;
        if let Some((block, _, _)) = records.iter().find_map(|record| record.block) {
            return Ok(block.hash);
        }
    }
    Err(RpcError::address_or_key("Transaction not yet in block"))
}

async fn verify(node: &Node, arguments: &Arguments) -> Outcome {
    node.may_fetch("verifytxoutproof")?;
    let proof = read_proof(arguments.required_text(0)?)?;
    let mut matches = Vec::new();
    if proof.extract_matches(&mut matches, &mut Vec::new()).is_err() {
        return answer(&[(); 0]);
    }
    let missing = || RpcError::address_or_key("Block not found in chain");
    let block = node.fetch(proof.header.block_hash()).await?.ok_or_else(missing)?;
    let count = usize::try_from(proof.txn.num_transactions()).unwrap_or(usize::MAX);
    answer(if count == block.txdata.len() { &matches[..] } else { &[] })
}

/// A proof as `gettxoutproof` writes it.
///
/// # Errors
/// -8 or -1.
pub(super) fn read_proof(text: &str) -> Result<MerkleBlock, RpcError> {
    let bytes = Vec::from_hex(text).map_err(|_| {
        RpcError::parameter(format!("proof must be hexadecimal string (not '{text}')"))
    })?;
    deserialize(&bytes)
        .map_err(|_| RpcError::new(Code::Misc, "the proof is no merkle block: take all of it"))
}

/// A block of the best chain, with its header.
async fn fetched(node: &Node, hash: BlockHash) -> Result<(KnownBlock, Box<Block>), RpcError> {
    let known = node.block(BlockQuery::Hash(hash)).await?.ok_or_else(not_found)?;
    let block = node.fetch(hash).await?.ok_or_else(not_found)?;
    Ok((known, block))
}

fn not_found() -> RpcError {
    RpcError::address_or_key("Block not found")
}

/// A block as Core tells of it.
#[derive(Debug, Serialize)]
struct BlockForm {
    #[serde(flatten)]
    header: HeaderForm,
    strippedsize: usize,
    size: usize,
    weight: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    coinbase_tx: Option<CoinbaseForm>,
    tx: Vec<MemberForm>,
}

/// A transaction of a block.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum MemberForm {
    Id(Txid),
    Whole(Box<WholeForm>),
}

#[derive(Debug, Serialize)]
struct WholeForm {
    #[serde(flatten)]
    transaction: TransactionForm,
    hex: String,
}

#[derive(Debug, Serialize)]
struct CoinbaseForm {
    version: u32,
    locktime: u32,
    sequence: u32,
    coinbase: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<String>,
}

impl BlockForm {
    fn new(header: HeaderForm, block: &Block, whole: bool, network: Network) -> Self {
        let member = |one: &Transaction| {
            if !whole {
                return MemberForm::Id(one.compute_txid());
            }
            let transaction = TransactionForm::new(one, network);
            MemberForm::Whole(Box::new(WholeForm { transaction, hex: serialize_hex(one) }))
        };
        let (size, weight) = (block.total_size(), block.weight().to_wu());
        Self {
            header,
            // BIP141: the weight counts what is no witness four times, and all else once.
            strippedsize: (usize::try_from(weight).unwrap_or(usize::MAX) - size) / 3,
            size,
            weight,
            coinbase_tx: block.txdata.first().and_then(CoinbaseForm::new),
            tx: block.txdata.iter().map(member).collect(),
        }
    }
}

impl CoinbaseForm {
    fn new(coinbase: &Transaction) -> Option<Self> {
        let input = coinbase.input.first()?;
        Some(Self {
            version: coinbase.version.0.cast_unsigned(),
            locktime: coinbase.lock_time.to_consensus_u32(),
            sequence: input.sequence.0,
            coinbase: input.script_sig.to_hex_string(),
            witness: input.witness.nth(0).map(DisplayHex::to_lower_hex_string),
        })
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::constants::genesis_block;

    use super::*;

    /// The sizes of the first block of mainnet, as Core tells them.
    #[test]
    fn a_block_is_told_with_its_sizes_and_its_coinbase() {
        let block = genesis_block(Network::Bitcoin);
        let form = CoinbaseForm::new(&block.txdata[0]).expect("a coinbase");
        assert_eq!((form.version, form.sequence, form.witness), (1, u32::MAX, None));
        let (size, weight) = (block.total_size(), block.weight().to_wu());
        assert_eq!((size, weight, (weight - size as u64) / 3), (285, 1140, 285));
    }
}
