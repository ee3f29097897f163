//! Owns the proof that we play by the real rules: a real node accepts every block and every payment
//! of the play-money network, and judges headers and blocks as the light client does.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use billfold_devnet::Devnet;
use billfold_tests::node::{Node, block, on_each_node};
use billfold_tests::vector_wallet;
use billfold_wallet_core::light_client::chain::anchor::Anchor;
use billfold_wallet_core::light_client::chain::block_body;
use billfold_wallet_core::light_client::chain::header_tree::HeaderTree;
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::light_client::params::Params;
use billfold_wallet_core::light_client::time::WallTime;
use bitcoin::hashes::Hash as _;
use bitcoin::{
    Amount, Block, BlockHash, CompactTarget, ScriptBuf, Transaction, TxMerkleNode, TxOut, Witness,
};
use tokio::runtime::Runtime;

#[test]
fn a_real_node_accepts_what_the_play_money_network_makes() {
    on_each_node(|software| {
        let runtime = Runtime::new()?;
        let network = runtime.block_on(async { Devnet::start() })?;
        let node = Node::start(software)?;
        network.fund_faucet();
        // btcd enforces segwit and taproot once 432 blocks have signalled them.
        network.mine_empty(432);
        pay_every_type(&network)?;
        let unconfirmed = network.mempool();
        ensure!(unconfirmed.len() == 2, "{unconfirmed:?}");

        // The node takes the chain so far, then the payments as payments, then the block of them.
        follow(&node, &network)?;
        for txid in unconfirmed {
            node.send(&network.transaction(txid).context("a payment without a transaction")?)?;
        }
        network.mine(2, &vector_wallet::address(86, 0, 9)?.script_pubkey());
        follow(&node, &network)?;
        ensure!(node.mempool()?.is_empty(), "the network mined other payments than it announced");

        // A longer branch from below the payments, which mines them again.
        network.reorg(3, 5, &[])?;
        follow(&node, &network)?;
        ensure!(node.tip()? == network.tip(), "the node is on another branch");
        Result::Ok(())
    });
}

/// Two payments, to scripts of every type.
fn pay_every_type(network: &Devnet) -> Result<()> {
    for index in 0..2 {
        let outputs: Result<Vec<(ScriptBuf, Amount)>> = [86, 84, 49, 44]
            .into_iter()
            .map(|purpose| {
                let script = vector_wallet::address(purpose, 0, index)?.script_pubkey();
                Ok((script, Amount::from_sat(50_000 + u64::from(purpose))))
            })
            .collect();
        network.pay_many(&outputs?)?;
    }
    Ok(())
}

/// Gives the node the blocks of the network's best chain that it does not have.
fn follow(node: &Node, network: &Devnet) -> Result<()> {
    let (tip, _) = network.tip();
    for height in 1..=tip {
        let block = network.block_at(height).context("a height without a block")?;
        if known(node, height) != Some(block.block_hash()) {
            node.submit(&block, height)?;
        }
    }
    ensure!(node.tip()? == network.tip(), "{:?} is not {:?}", node.tip()?, network.tip());
    Ok(())
}

fn known(node: &Node, height: u32) -> Option<BlockHash> {
    node.hash_at(height).ok()
}

/// Blocks on one tip, each wrong in one way but the last: a node and we must agree on each.
#[test]
fn a_real_node_and_the_light_client_judge_alike() {
    on_each_node(|software| {
        // btcd enforces segwit once 432 blocks have signalled it.
        let mut node = Node::funded(software, 340)?;
        let pay = [(vector_wallet::address(86, 0, 0)?.script_pubkey(), Amount::from_sat(50_000))];
        let txids = [node.pay_many(&pay)?, node.pay_many(&pay)?];
        let payments = txids.map(|txid| node.mempool_transaction(txid));
        let payments = payments.into_iter().collect::<Result<Vec<_>>>()?;
        let tree = tree_of(&node)?;
        for (name, is_good, block) in candidates(&node, &payments)? {
            let height = tree.tip().height.next();
            let ours = judge(&tree, height, &block)?;
            let theirs = node.submit(&block, height.to_u32());
            ensure!(ours == is_good, "we judge {name} otherwise");
            ensure!(theirs.is_ok() == is_good, "the node judges {name} otherwise: {theirs:?}");
        }
        Result::Ok(())
    });
}

/// The node's headers, checked by us: the good ones on which both agree.
fn tree_of(node: &Node) -> Result<HeaderTree> {
    let params = Params::regtest();
    let base = Anchor::genesis(&params);
    let mut tree = HeaderTree::new(params, base);
    for height in 1..=node.tip()?.0 {
        tree.insert(node.block(node.hash_at(height)?)?.header, now()?)?;
    }
    Ok(tree)
}

fn judge(tree: &HeaderTree, height: Height, block: &Block) -> Result<bool> {
    let header = tree.clone().insert(block.header, now()?);
    Ok(header.is_ok() && block_body::check(tree.params(), height, block).is_ok())
}

fn now() -> Result<WallTime> {
    Ok(WallTime::new(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs()))
}

type Candidate = (&'static str, bool, Block);

fn candidates(node: &Node, payments: &[Transaction]) -> Result<Vec<Candidate>> {
    let (height, tip) = node.tip()?;
    let parent = node.block(tip)?;
    let mut good = block::empty(&parent.header, height + 1, &ScriptBuf::new_op_return([]));
    good.txdata.extend_from_slice(payments);
    commit(&mut good);
    good.header.time = parent.header.time + 1;
    let with = |change: &dyn Fn(&mut Block)| {
        let mut block = good.clone();
        change(&mut block);
        solve(&mut block, true);
        block
    };
    let ahead = u32::try_from(now()?.to_unix())? + 2 * 3600 + 600;
    let median = node.block(node.hash_at(height - 5)?)?.header.time;
    let unsolved = {
        let mut block = good.clone();
        solve(&mut block, false);
        block
    };
    Ok(vec![
        ("a hash above its target", false, unsolved),
        (
            "harder bits than required",
            false,
            with(&|block| block.header.bits = CompactTarget::from_consensus(0x207f_fffe)),
        ),
        (
            "much harder bits",
            false,
            with(&|block| block.header.bits = CompactTarget::from_consensus(0x2000_ffff)),
        ),
        ("the median time past", false, with(&|block| block.header.time = median)),
        ("a time from the future", false, with(&|block| block.header.time = ahead)),
        (
            "another merkle root",
            false,
            with(&|block| block.header.merkle_root = TxMerkleNode::all_zeros()),
        ),
        ("a missing payment", false, with(&|block| block.txdata.truncate(2))),
        (
            "a payment twice (CVE-2012-2459)",
            false,
            with(&|block| block.txdata.push(block.txdata[2].clone())),
        ),
        (
            "stripped witnesses",
            false,
            with(&|block| {
                let inputs = block.txdata.iter_mut().flat_map(|tx| &mut tx.input);
                inputs.for_each(|input| input.witness.clear());
            }),
        ),
        (
            "another reserved value",
            false,
            with(&|block| {
                block.txdata[0].input[0].witness = Witness::from_slice(&[[1; 32]]);
            }),
        ),
        (
            "a wrong witness commitment",
            false,
            with(&|block| {
                let output = block.txdata[0].output.len() - 1;
                let mut script = block.txdata[0].output[output].script_pubkey.to_bytes();
                script[10] ^= 1;
                block.txdata[0].output[output].script_pubkey = ScriptBuf::from_bytes(script);
                root(block);
            }),
        ),
        ("a block in order", true, with(&|_| {})),
    ])
}

/// BIP141: the coinbase commits to the witnesses.
fn commit(block: &mut Block) {
    let root_of_witnesses = block.witness_root().unwrap_or(bitcoin::WitnessMerkleNode::all_zeros());
    let commitment = Block::compute_witness_commitment(&root_of_witnesses, &[0; 32]);
    let script = [&[0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed][..], commitment.as_byte_array()].concat();
    block.txdata[0].input[0].witness = Witness::from_slice(&[[0; 32]]);
    let script_pubkey = ScriptBuf::from_bytes(script);
    block.txdata[0].output.push(TxOut { value: Amount::ZERO, script_pubkey });
    root(block);
}

fn root(block: &mut Block) {
    block.header.merkle_root = block.compute_merkle_root().unwrap_or(TxMerkleNode::all_zeros());
}

/// Searches a nonce that meets the target, or one that does not.
fn solve(block: &mut Block, meets: bool) {
    while block.header.target().is_met_by(block.block_hash()) != meets {
        block.header.nonce += 1;
    }
}
