//! Owns the proof that the harness's node works, before billfold is put in front of it.

use anyhow::{Result, ensure};
use billfold_tests::node::{Node, on_each_node};
use bitcoin::Amount;

#[test]
fn a_node_mines_pays_follows_a_branch_and_restarts() {
    on_each_node(|software| {
        let mut node = Node::funded(software, 20)?;
        let (height, _) = node.tip()?;
        ensure!(height == 121, "at {height}");

        let script = node.block(node.hash_at(1)?)?.txdata[0].output[0].script_pubkey.clone();
        let txid = node.pay_confirmed(&vec![(script, Amount::from_sat(25_000)); 3])?;
        ensure!(node.mempool()?.is_empty());
        node.mine(5)?;

        let branch = node.mine_empty_on(node.hash_at(121)?, 7)?;
        ensure!(node.tip()? == (128, branch[6]), "the longer branch was not followed");
        node.await_in_mempool(txid)?;
        ensure!(node.mempool_transaction(txid)?.output[2].value.to_sat() == 25_000);

        let address = node.address();
        node.restart()?;
        ensure!(node.address() == address);
        let tip = node.tip()?;
        ensure!(tip == (128, branch[6]), "after the restart: {tip:?}");
        ensure!(node.mempool()?.is_empty(), "a restart empties the mempool");
        Result::Ok(())
    });
}
