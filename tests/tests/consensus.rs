//! Owns the proof that the play-money network plays by the real rules: a real node accepts every
//! block and every payment that it makes.

use anyhow::{Context, Result, ensure};
use billfold_devnet::Devnet;
use billfold_tests::node::{Node, on_each_node};
use billfold_tests::vector_wallet;
use bitcoin::{Amount, BlockHash, ScriptBuf};
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
