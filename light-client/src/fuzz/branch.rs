//! Owns a tiny mined chain with a fork, so that a fuzzer gets past proof of work.

use bitcoin::absolute::LockTime;
use bitcoin::bip158::BlockFilter;
use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash as _;
use bitcoin::script::Builder;
use bitcoin::transaction::Version as TxVersion;
use bitcoin::{
    Amount, Block, FilterHash, FilterHeader, OutPoint, ScriptBuf, Sequence, Transaction, TxIn,
    TxMerkleNode, TxOut, Witness,
};

use crate::params::Params;

/// A branch from genesis on, with its filters and filter headers.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    pub(super) blocks: Vec<Block>,
    pub(super) filters: Vec<Vec<u8>>,
    pub(super) filter_headers: Vec<FilterHeader>,
}

impl Branch {
    /// The genesis block alone.
    pub(super) fn genesis(params: &Params) -> Self {
        let mut branch =
            Self { blocks: Vec::new(), filters: Vec::new(), filter_headers: Vec::new() };
        branch.push(bitcoin::constants::genesis_block(params.network));
        branch
    }

    /// This branch up to `height`, and `count` blocks on top. Each pays the one-byte script with
    /// its height.
    pub(super) fn fork(&self, height: usize, count: usize, salt: u8) -> Self {
        let mut branch = self.clone();
        branch.blocks.truncate(height + 1);
        branch.filters.truncate(height + 1);
        branch.filter_headers.truncate(height + 1);
        for _ in 0..count {
            let below = &branch.blocks[branch.blocks.len() - 1].header;
            let block = mine(below, branch.blocks.len(), salt);
            branch.push(block);
        }
        branch
    }

    fn push(&mut self, block: Block) {
        let none =
            |_: &OutPoint| -> Result<ScriptBuf, bitcoin::bip158::Error> { Ok(ScriptBuf::new()) };
        let filter = BlockFilter::new_script_filter(&block, none)
            .map(|filter| filter.content)
            .unwrap_or_default();
        let previous = self.filter_headers.last().copied();
        let previous = previous.unwrap_or_else(FilterHeader::all_zeros);
        self.filter_headers.push(FilterHash::hash(&filter).filter_header(&previous));
        self.filters.push(filter);
        self.blocks.push(block);
    }
}

fn mine(below: &Header, height: usize, salt: u8) -> Block {
    let height = u8::try_from(height).unwrap_or(u8::MAX);
    let coinbase = Transaction {
        version: TxVersion::ONE,
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::null(),
            script_sig: Builder::new().push_int(height.into()).push_int(salt.into()).into_script(),
            sequence: Sequence::MAX,
            witness: Witness::new(),
        }],
        output: vec![TxOut {
            value: Amount::ONE_BTC,
            script_pubkey: ScriptBuf::from_bytes(vec![height]),
        }],
    };
    let header = Header {
        version: Version::from_consensus(4),
        prev_blockhash: below.block_hash(),
        merkle_root: TxMerkleNode::from_raw_hash(coinbase.compute_txid().to_raw_hash()),
        time: below.time + 600,
        bits: below.bits,
        nonce: 0,
    };
    let mut block = Block { header, txdata: vec![coinbase] };
    while !block.header.target().is_met_by(block.block_hash()) {
        block.header.nonce += 1;
    }
    block
}
