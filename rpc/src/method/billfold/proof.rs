//! Owns `billfold.proof`: that a transaction of the wallet is in a block, for others to check with
//! the header chain alone.
//!
//! Refuses to show what does not hold: the way from the transaction to the header is walked first.

use billfold_wallet_core::command::{Command, Proof, Reply};
use bitcoin::Txid;
use bitcoin::consensus::encode::serialize_hex;
use serde::Serialize;

use crate::arguments::Arguments;
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::answer;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::parameter::{Kind, Parameter};

pub(in crate::method) const METHODS: &[Method] = &[Method {
    name: "billfold.proof",
    category: Category::Billfold,
    parameters: &[Parameter::required("txid", Kind::Text, "A transaction of the wallet")],
    about: "That a transaction is in a block: its bytes, the hashes beside its way to the merkle root, \
            the block's header and those on top of it, and which peers commit to the block's filter.",
    standing: Standing::Ours,
    run: Run::Wallet(|_, desk, arguments| Box::pin(proof(desk, arguments))),
}];

async fn proof(desk: &Desk, arguments: &Arguments) -> Outcome {
    let txid: Txid = arguments.hash(0, "txid")?;
    match desk.ask(Command::Prove(txid)).await? {
        Reply::Proof(proof) => answer(&ProofForm::new(&proof).ok_or_else(RpcError::bug)?),
        _ => Err(RpcError::bug()),
    }
}

#[derive(Debug, Serialize)]
struct ProofForm {
    txid: Txid,
    hex: String,
    blockhash: String,
    height: u32,
    confirmations: u32,
    merkle_root: String,
    position: u32,
    branch: Vec<StepForm>,
    headers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<FilterForm>,
}

/// One hash beside the way to the merkle root.
#[derive(Debug, Serialize)]
struct StepForm {
    hash: String,
    side: &'static str,
}

/// What peers say of the block's filter (BIP157).
#[derive(Debug, Serialize)]
struct FilterForm {
    hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_header: Option<String>,
    agreeing: Vec<String>,
    peers: usize,
}

impl ProofForm {
    /// `None` if the proof does not hold.
    fn new(Proof { transaction, block, branch, evidence }: &Proof) -> Option<Self> {
        let (header, txid) = (evidence.headers.first()?, transaction.compute_txid());
        if header.block_hash() != block.hash || branch.root(txid) != header.merkle_root {
            return None;
        }
        let side = |level: usize| if branch.position >> level & 1 == 0 { "right" } else { "left" };
        let steps = branch.siblings.iter().enumerate();
        let filter = evidence.filter.as_ref().map(|filter| FilterForm {
            hash: filter.hash.to_string(),
            header: filter.headers.map(|headers| headers.header.to_string()),
            previous_header: filter.headers.map(|headers| headers.previous.to_string()),
            agreeing: filter.agreeing.iter().map(ToString::to_string).collect(),
            peers: filter.peers,
        });
        Some(Self {
            txid,
            hex: serialize_hex(transaction),
            blockhash: block.hash.to_string(),
            height: block.height.to_u32(),
            confirmations: evidence.tip.height.above(block.height) + 1,
            merkle_root: header.merkle_root.to_string(),
            position: branch.position,
            branch: steps
                .map(|(level, hash)| StepForm { hash: hash.to_string(), side: side(level) })
                .collect(),
            headers: evidence.headers.iter().map(serialize_hex).collect(),
            filter,
        })
    }
}
