//! Owns the making of blocks: what goes in, the coinbase (BIP34), the witness commitment (BIP141)
//! and the proof of work.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashSet};

use bitcoin::absolute::LockTime;
use bitcoin::block::Header;
use bitcoin::hashes::Hash;
use bitcoin::opcodes::all::OP_RETURN;
use bitcoin::script::{Builder, PushBytesBuf};
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, Block, BlockHash, OutPoint, Script, ScriptBuf, Sequence, Transaction, TxIn,
    TxMerkleNode, TxOut, Txid, Weight, Witness,
};

use crate::mempool::{Mempool, has_better_rate};
use crate::rules::{self, MAX_BLOCK_SIGOPS, MAX_BLOCK_WEIGHT, Place, subsidy};

/// What a block is made from.
#[derive(Debug)]
pub(crate) struct Template<'a> {
    /// The block before it.
    pub(crate) parent: BlockHash,
    /// Where it stands.
    pub(crate) place: Place,
    /// Its time in Unix seconds, above the median time past.
    pub(crate) time: u32,
    /// Who earns it.
    pub(crate) to: &'a Script,
    /// A number that no other block of the network has, so that no two coinbases are equal.
    pub(crate) nonce: u64,
    /// Its transactions but the coinbase, parents before children.
    pub(crate) transactions: Vec<Transaction>,
    /// What they leave to the miner.
    pub(crate) fees: Amount,
}

impl Template<'_> {
    /// Makes the block and finds its proof of work.
    pub(crate) fn solve(self) -> Block {
        let coinbase = Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![TxIn {
                previous_output: OutPoint::null(),
                script_sig: Builder::new()
                    .push_int(i64::from(self.place.height))
                    .push_slice(self.nonce.to_le_bytes())
                    .into_script(),
                sequence: Sequence::MAX,
                witness: Witness::from_slice(&[WITNESS_RESERVED]),
            }],
            output: vec![
                TxOut {
                    value: subsidy(self.place.height) + self.fees,
                    script_pubkey: self.to.to_owned(),
                },
                TxOut { value: Amount::ZERO, script_pubkey: ScriptBuf::new() },
            ],
        };
        let header = Header {
            version: rules::version(),
            prev_blockhash: self.parent,
            merkle_root: TxMerkleNode::all_zeros(),
            time: self.time,
            bits: rules::bits(),
            nonce: 0,
        };
        let mut block = Block { header, txdata: vec![coinbase] };
        block.txdata.extend(self.transactions);
        block.txdata[0].output[1].script_pubkey = witness_commitment(&block);
        block.header.merkle_root = block.compute_merkle_root().expect("a block has a coinbase");
        while !block.header.target().is_met_by(block.block_hash()) {
            block.header.nonce = block.header.nonce.wrapping_add(1);
        }
        block
    }
}

/// Chooses from the mempool what fills one block best: packages of a transaction with the parents
/// that it needs, by their common fee rate; parents before children.
pub(crate) fn select(mempool: &Mempool) -> (Vec<Transaction>, Amount) {
    let mut candidates: BinaryHeap<_> = (0..)
        .zip(mempool.txids())
        .map(|(arrival, txid)| Candidate::new(mempool, &HashSet::new(), txid, arrival))
        .collect();
    let mut taken = HashSet::new();
    let mut chosen = Vec::new();
    let (mut weight, mut sigops, mut fees) = (COINBASE_ROOM, COINBASE_SIGOPS, Amount::ZERO);
    while let Some(candidate) = candidates.pop() {
        if taken.contains(&candidate.txid) {
            continue;
        }
        let now = Candidate::new(mempool, &taken, candidate.txid, candidate.arrival);
        if now.weight != candidate.weight {
            // Parents of it were taken with another one: it is weighed anew by what is left.
            candidates.push(now);
            continue;
        }
        if weight + now.weight.to_wu() > MAX_BLOCK_WEIGHT || sigops + now.sigops > MAX_BLOCK_SIGOPS
        {
            continue;
        }
        weight += now.weight.to_wu();
        sigops += now.sigops;
        fees += now.fee;
        for txid in now.package {
            taken.insert(txid);
            let entry = mempool.get(txid).expect("a package is made of what waits");
            chosen.push(entry.transaction.clone());
        }
    }
    (chosen, fees)
}

/// A transaction with the ancestors that it still needs.
#[derive(Debug)]
struct Candidate {
    txid: Txid,
    arrival: u64,
    package: Vec<Txid>,
    fee: Amount,
    weight: Weight,
    sigops: usize,
}

impl Candidate {
    fn new(mempool: &Mempool, taken: &HashSet<Txid>, txid: Txid, arrival: u64) -> Self {
        let mut package = mempool.with_ancestors(txid);
        package.retain(|txid| !taken.contains(txid));
        let entries = || package.iter().filter_map(|txid| mempool.get(*txid));
        Self {
            txid,
            arrival,
            fee: entries().map(|entry| entry.fee).sum(),
            weight: entries().map(|entry| entry.weight).sum(),
            sigops: entries().map(|entry| entry.sigops).sum(),
            package,
        }
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = ((self.fee, self.weight), (other.fee, other.weight));
        if has_better_rate(left, right) {
            Ordering::Greater
        } else if has_better_rate(right, left) {
            Ordering::Less
        } else {
            other.arrival.cmp(&self.arrival)
        }
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}

/// The output that commits to all witnesses (BIP141, "Commitment structure").
fn witness_commitment(block: &Block) -> ScriptBuf {
    let root = block.witness_root().expect("a block has a coinbase");
    let commitment = Block::compute_witness_commitment(&root, &WITNESS_RESERVED);
    let mut push = PushBytesBuf::from([0xaa, 0x21, 0xa9, 0xed]);
    push.extend_from_slice(commitment.as_byte_array()).expect("36 bytes can be pushed");
    Builder::new().push_opcode(OP_RETURN).push_slice(push).into_script()
}

const WITNESS_RESERVED: [u8; 32] = [0; 32];

/// Weight units that are kept free for the header, the coinbase and the count of transactions.
pub(crate) const COINBASE_ROOM: u64 = 8_000;

/// Signature operations, weighted, that are kept free for the coinbase.
pub(crate) const COINBASE_SIGOPS: usize = 400;
