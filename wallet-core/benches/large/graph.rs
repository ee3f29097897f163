//! Owns the history that both wallets are given: who pays whom in which block, from a number alone.
//!
//! Of four transactions three pay the wallet, each at an address of its own, and one pays a stranger
//! from two of its coins with change. So half as many coins are left as there are transactions.
//! Refuses signatures: no wallet checks those of blocks.

use std::collections::VecDeque;

use billfold_wallet_core::keychain::{Account, Branch, DerivationIndex};
use billfold_wallet_core::light_client::height::{BlockId, Height};
use billfold_wallet_core::light_client::time::WallTime;
use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash as _;
use bitcoin::{
    Amount, Block, CompactTarget, Network, OutPoint, ScriptBuf, Sequence, Transaction, TxIn,
    TxMerkleNode, TxOut, Txid, Witness, WitnessProgram, WitnessVersion, absolute, transaction,
};

/// One block and where it is.
pub(crate) struct Mined {
    pub(crate) at: BlockId,
    pub(crate) time: WallTime,
    pub(crate) block: Block,
}

/// The blocks, one after the other.
pub(crate) struct Graph<'a> {
    account: &'a Account,
    tip: BlockId,
    next: [u32; 2],
    coins: VecDeque<(OutPoint, Amount)>,
    made: u64,
    salt: u64,
}

impl<'a> Graph<'a> {
    /// Nothing is mined above the genesis block.
    pub(crate) fn new(account: &'a Account) -> Self {
        let genesis = bitcoin::constants::genesis_block(Network::Regtest).block_hash();
        Self {
            account,
            tip: BlockId::new(Height::GENESIS, genesis),
            next: [0; 2],
            coins: VecDeque::new(),
            made: 0,
            salt: 0,
        }
    }

    /// A block with `ours` transactions of the wallet among `strange` of others.
    pub(crate) fn mine(&mut self, ours: usize, strange: usize) -> Mined {
        let mut txdata = vec![self.strange()];
        for _ in 0..ours {
            txdata.push(if self.made % 4 == 3 { self.outgoing() } else { self.incoming() });
            self.made += 1;
        }
        txdata.extend((0..strange).map(|_| self.strange()));
        let root: Vec<u8> = self.salt.to_le_bytes().repeat(4);
        let header = Header {
            version: Version::TWO,
            prev_blockhash: self.tip.hash,
            merkle_root: TxMerkleNode::from_slice(&root).expect("32 bytes"),
            time: 1_600_000_000 + 600 * self.tip.height.to_u32(),
            bits: CompactTarget::from_consensus(0x207f_ffff),
            nonce: 0,
        };
        self.tip = BlockId::new(self.tip.height.next(), header.block_hash());
        let time = WallTime::new(u64::from(header.time));
        Mined { at: self.tip, time, block: Block { header, txdata } }
    }

    /// How many coins the wallet has.
    pub(crate) fn coins(&self) -> usize {
        self.coins.len()
    }

    fn incoming(&mut self) -> Transaction {
        let amount = Amount::from_sat(20_000 + self.made % 5_000);
        let spk = self.script(Branch::Receive);
        let parent = self.fake_parent();
        self.keep(spend(&[parent], vec![TxOut { value: amount, script_pubkey: spk }]), 0)
    }

    fn outgoing(&mut self) -> Transaction {
        let spent: Vec<_> = self.coins.drain(..2).collect();
        let paid = Amount::from_sat(10_000);
        let change = spent.iter().map(|(_, amount)| *amount).sum::<Amount>() - paid;
        let outputs = vec![
            TxOut { value: paid, script_pubkey: stranger() },
            TxOut {
                value: change - Amount::from_sat(300),
                script_pubkey: self.script(Branch::Change),
            },
        ];
        let inputs: Vec<_> = spent.iter().map(|(outpoint, _)| *outpoint).collect();
        self.keep(spend(&inputs, outputs), 1)
    }

    fn strange(&mut self) -> Transaction {
        let parents = [self.fake_parent(), self.fake_parent()];
        let output = || TxOut { value: Amount::from_sat(50_000), script_pubkey: stranger() };
        spend(&parents, vec![output(), output()])
    }

    fn keep(&mut self, transaction: Transaction, vout: u32) -> Transaction {
        let outpoint = OutPoint::new(transaction.compute_txid(), vout);
        let amount = transaction.output[vout as usize].value;
        self.coins.push_back((outpoint, amount));
        transaction
    }

    fn script(&mut self, branch: Branch) -> ScriptBuf {
        let next = &mut self.next[branch.number() as usize];
        let index = DerivationIndex::new(*next).expect("few");
        *next += 1;
        self.account.script(branch, index)
    }

    fn fake_parent(&mut self) -> OutPoint {
        self.salt += 1;
        OutPoint::new(Txid::hash(&self.salt.to_le_bytes()), 0)
    }
}

/// A script of somebody else.
pub(crate) fn stranger() -> ScriptBuf {
    let program = WitnessProgram::new(WitnessVersion::V0, &[7; 20]).expect("20 bytes");
    ScriptBuf::new_witness_program(&program)
}

fn spend(inputs: &[OutPoint], output: Vec<TxOut>) -> Transaction {
    let input = |previous_output: &OutPoint| TxIn {
        previous_output: *previous_output,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::from_slice(&[[1_u8; 71].as_slice(), [2_u8; 33].as_slice()]),
    };
    Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: inputs.iter().map(input).collect(),
        output,
    }
}
