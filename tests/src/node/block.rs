//! Owns making a block without payments, so that a test can replace a branch by one that lacks
//! them. Written apart from `devnet`'s miner, so that neither hides a mistake of the other.

use bitcoin::absolute::LockTime;
use bitcoin::block::{Header, Version};
use bitcoin::blockdata::script::Builder;
use bitcoin::{
    Amount, Block, CompactTarget, OutPoint, Script, ScriptBuf, Sequence, Transaction, TxIn,
    TxMerkleNode, TxOut, Witness, transaction,
};

/// A regtest block at `height` on `parent` that holds its coinbase only.
#[must_use]
pub fn empty(parent: &Header, height: u32, miner: &Script) -> Block {
    let coinbase = coinbase(height, miner);
    let merkle_root = TxMerkleNode::from_raw_hash(coinbase.compute_txid().to_raw_hash());
    let mut header = Header {
        version: Version::from_consensus(BIP9_VERSION),
        prev_blockhash: parent.block_hash(),
        merkle_root,
        time: parent.time + 1,
        bits: CompactTarget::from_consensus(REGTEST_BITS),
        nonce: 0,
    };
    while header.validate_pow(header.target()).is_err() {
        header.nonce += 1;
    }
    Block { header, txdata: vec![coinbase] }
}

fn coinbase(height: u32, miner: &Script) -> Transaction {
    let signature = Builder::new().push_int(i64::from(height)).push_slice(BRANCH_MARK);
    Transaction {
        version: transaction::Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::null(),
            script_sig: signature.into_script(),
            sequence: Sequence::MAX,
            witness: Witness::new(),
        }],
        output: vec![TxOut { value: subsidy(height), script_pubkey: ScriptBuf::from(miner) }],
    }
}

fn subsidy(height: u32) -> Amount {
    Amount::from_sat(FIRST_SUBSIDY >> (height / REGTEST_HALVING))
}

/// Makes the coinbase differ from the one that a node mines at the same height.
const BRANCH_MARK: &[u8; 6] = b"branch";
const BIP9_VERSION: i32 = 0x2000_0000;
const REGTEST_BITS: u32 = 0x207f_ffff;
const REGTEST_HALVING: u32 = 150;
const FIRST_SUBSIDY: u64 = 50 * 100_000_000;
