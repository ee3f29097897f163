//! What a network does with blocks and payments, and the slow model of its coins.

use std::collections::HashSet;

use bitcoin::absolute::LockTime;
use bitcoin::bip158::{BlockFilter, Error};
use bitcoin::script::Builder;
use bitcoin::{
    Amount, BlockHash, OutPoint, Script, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid,
};
use proptest::prelude::*;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::Devnet;
use crate::chain_state::{ChainState, MineError, ReorgError};
use crate::clock::Clock;
use crate::faucet::{Faucet, PayError};
use crate::filter::before_genesis;
use crate::mempool::Rejected;
use crate::rules::{COINBASE_MATURITY, MAX_BLOCK_WEIGHT, subsidy};
use crate::utxo_set::UtxoSet;
use crate::verify::Invalid;

/// A network whose faucet has `coins` mature coinbases, and no others.
fn funded(coins: u32) -> (ChainState, Faucet) {
    let (mut state, faucet) = (ChainState::new(Clock::default()), Faucet::new());
    state.mine_empty(coins, faucet.script());
    state.mine_empty(COINBASE_MATURITY - 1, &payee(255));
    (state, faucet)
}

fn payee(number: u8) -> ScriptBuf {
    let mut bytes = [number; 22];
    bytes[..2].copy_from_slice(&[0, 20]);
    ScriptBuf::from_bytes(bytes.to_vec())
}

fn output(number: u8, sat: u64) -> TxOut {
    TxOut { value: Amount::from_sat(sat), script_pubkey: payee(number) }
}

fn pay(state: &mut ChainState, faucet: &Faucet, number: u8, sat: u64) -> Txid {
    let payment = faucet.pay(state, vec![output(number, sat)]).unwrap();
    state.submit(payment).unwrap()
}

fn mempool(state: &ChainState) -> HashSet<Txid> {
    state.mempool.txids().into_iter().collect()
}

fn is_mined(state: &ChainState, txid: Txid) -> bool {
    state.mempool.get(txid).is_none() && state.transaction(txid).is_some()
}

/// The coins as the slow model has them: all blocks of the best chain, from the first on.
fn rebuilt(state: &ChainState) -> UtxoSet {
    let mut utxos = UtxoSet::default();
    for node in state.tree.best_from(1) {
        utxos.connect(&node.block, node.place).unwrap();
    }
    utxos
}

/// What must hold whenever a public function returned.
fn assert_consistent(state: &ChainState) {
    assert_eq!(state.utxos(), &rebuilt(state), "the coins are those of the best chain");
    let mut previous = before_genesis();
    let mut parent = None;
    for (height, node) in (0..).zip(state.tree.best_from(0)) {
        assert_eq!(node.place.height, height);
        if let Some(parent) = parent {
            assert_eq!(node.block.header.prev_blockhash, parent);
            assert_valid(state, node.block.block_hash());
        }
        let scripts = |outpoint: &OutPoint| {
            let spent = state.transaction(outpoint.txid).ok_or(Error::UtxoMissing(*outpoint))?;
            let vout = usize::try_from(outpoint.vout).unwrap();
            Ok(spent.output[vout].script_pubkey.clone())
        };
        let filter = BlockFilter::new_script_filter(&node.block, scripts).unwrap();
        assert_eq!(filter.content, node.filter.content);
        previous = filter.filter_header(&previous);
        assert_eq!(previous, node.filter.header);
        parent = Some(node.block.block_hash());
    }
    let best = state.tree.best_from(0).flat_map(|node| &node.block.txdata);
    let mined: HashSet<_> = best.map(Transaction::compute_txid).collect();
    assert!(mined.is_disjoint(&mempool(state)), "what is mined does not wait");
    let mut taken = HashSet::new();
    for transaction in state.mempool.transactions() {
        for input in &transaction.input {
            assert!(taken.insert(input.previous_output), "two that wait spend the same");
        }
    }
}

fn assert_valid(state: &ChainState, hash: BlockHash) {
    let node = state.tree.get(hash).unwrap();
    let block = &node.block;
    block.header.validate_pow(block.header.target()).unwrap();
    assert!(block.check_merkle_root() && block.check_witness_commitment());
    let height = Builder::new().push_int(i64::from(node.place.height)).into_script();
    let coinbase = &block.txdata[0].input[0].script_sig;
    assert!(coinbase.as_bytes().starts_with(height.as_bytes()), "BIP34, as Bitcoin Core checks it");
    assert!(block.header.time > node.place.median_time);
    assert!(block.weight().to_wu() <= MAX_BLOCK_WEIGHT);
    let spent: Amount = node.undo.0.iter().map(|(_, coin)| coin.output.value).sum();
    let values = block.txdata.iter().flat_map(|mined| &mined.output).map(|output| output.value);
    assert_eq!(values.sum::<Amount>(), spent + subsidy(node.place.height));
}

#[test]
fn coinbases_halve_and_collect_the_fees() {
    let (mut state, faucet) = funded(1);
    let txid = pay(&mut state, &faucet, 1, 100_000);
    let fee = state.mempool.get(txid).unwrap().fee;
    let hashes = state.mine(1, faucet.script());
    let coinbase = &state.tree.node(hashes[0]).block.txdata[0];
    assert_eq!(coinbase.output[0].value, Amount::from_int_btc(50) + fee);
    let hashes = state.mine_empty(60, faucet.script());
    let halved = hashes.iter().map(|hash| state.tree.node(*hash)).find(|n| n.place.height == 150);
    assert_eq!(halved.unwrap().block.txdata[0].output[0].value, Amount::from_int_btc(25));
    assert_consistent(&state);
}

#[test]
fn young_coinbase_is_refused_until_it_is_mature() {
    let (mut state, faucet) = funded(1);
    let payment = faucet.pay(&state, vec![output(1, 100_000)]).unwrap();
    let outpoint = payment.input[0].previous_output;
    let tip = state.tree.tip();
    state.invalidate(tip);
    let refused = state.submit(payment.clone()).unwrap_err();
    let immature = Invalid::Immature { outpoint, spendable_at: 1 + COINBASE_MATURITY };
    assert_eq!(refused, Rejected::Invalid(immature));
    state.mine_empty(1, faucet.script());
    state.submit(payment).unwrap();
}

#[test]
fn forged_signature_is_refused() {
    let (mut state, faucet) = funded(1);
    let mut payment = faucet.pay(&state, vec![output(1, 100_000)]).unwrap();
    payment.output[0].value = Amount::from_sat(100_001);
    assert_eq!(state.submit(payment), Err(Rejected::Invalid(Invalid::Script(0))));
}

#[test]
fn money_from_nothing_is_refused() {
    let (mut state, faucet) = funded(1);
    let mut payment = faucet.pay(&state, vec![output(1, 100_000)]).unwrap();
    payment.output[0].value = Amount::from_int_btc(51);
    let paid = payment.output.iter().map(|output| output.value).sum();
    let spent = Amount::from_int_btc(50);
    let refused = state.submit(payment).unwrap_err();
    assert_eq!(refused, Rejected::Invalid(Invalid::NegativeFee { spent, paid }));
}

#[test]
fn double_spend_is_refused_unless_it_pays_more() {
    let (mut state, faucet) = funded(1);
    let first = faucet.pay(&state, vec![output(1, 100_000)]).unwrap();
    let rival = faucet.pay(&state, vec![output(2, 100_000)]).unwrap();
    let mut dearer = vec![output(2, 100_000)];
    dearer.resize(9, output(3, 5_000));
    let dearer = faucet.pay(&state, dearer).unwrap();
    let first = state.submit(first).unwrap();
    let child = pay(&mut state, &faucet, 4, 10_000);
    let refused = state.submit(rival.clone()).unwrap_err();
    assert!(matches!(refused, Rejected::Conflict { with, .. } if with == first));
    // Larger by its outputs, so its fee is above, but its rate is not.
    assert!(matches!(state.submit(dearer).unwrap_err(), Rejected::Conflict { .. }));
    assert_eq!(mempool(&state), HashSet::from([first, child]));
    state.mine(1, faucet.script());
    let spent = rival.input[0].previous_output;
    assert_eq!(state.submit(rival), Err(Rejected::Invalid(Invalid::MissingCoin(spent))));
}

#[test]
fn better_paid_rival_replaces_with_all_descendants() {
    let (mut state, faucet) = funded(1);
    let rival = faucet.pay(&state, vec![output(2, 100_000)]).unwrap();
    let first = pay(&mut state, &faucet, 1, 100_000);
    let child = pay(&mut state, &faucet, 4, 10_000);
    let fees: Amount =
        [first, child].map(|txid| state.mempool.get(txid).unwrap().fee).into_iter().sum();
    let spent = state.utxos().get(&rival.input[0].previous_output).unwrap().output.clone();
    let mut raised = rival;
    let change = raised.output.last_mut().unwrap();
    change.value -= fees + Amount::from_sat(100);
    faucet.sign(&mut raised, &[spent]);
    let raised = state.submit(raised).unwrap();
    assert_eq!(mempool(&state), HashSet::from([raised]));
}

#[test]
fn block_takes_the_best_paid_first_and_parents_before_children() {
    let (mut state, faucet) = funded(3);
    let parent = pay(&mut state, &faucet, 1, 5_010_000_000);
    let child = pay(&mut state, &faucet, 2, 9_980_000_000);
    let hashes = state.mine(1, faucet.script());
    let mined = state.tree.node(hashes[0]).block.txdata.iter().skip(1);
    let mined: Vec<_> = mined.map(Transaction::compute_txid).collect();
    assert_eq!(mined, [parent, child]);
    assert_consistent(&state);
}

/// The faucet's payment, changed and signed anew; it spends coins of the chain.
fn signed_again(
    state: &ChainState,
    faucet: &Faucet,
    mut payment: Transaction,
    change: impl FnOnce(&mut Transaction),
) -> Transaction {
    change(&mut payment);
    let coin = |input: &TxIn| state.utxos().get(&input.previous_output).unwrap().output.clone();
    let spent: Vec<_> = payment.input.iter().map(coin).collect();
    faucet.sign(&mut payment, &spent);
    payment
}

#[test]
fn full_block_takes_the_best_paid_and_no_more_than_fits() {
    let (mut state, faucet) = funded(12);
    let crowd = vec![output(1, 1_000); 3_100];
    let mut waiting = Vec::new();
    for _ in 0..11 {
        let payment = faucet.pay(&state, crowd.clone()).unwrap();
        waiting.push(state.submit(payment).unwrap());
    }
    let rich = faucet.pay(&state, vec![output(2, 1_000)]).unwrap();
    let rich = signed_again(&state, &faucet, rich, |rich| {
        rich.output[1].value -= Amount::from_sat(100_000);
    });
    let rich = state.submit(rich).unwrap();
    let first = state.mine(1, faucet.script())[0];
    assert_eq!(state.tree.node(first).block.txdata[1].compute_txid(), rich);
    assert_eq!(mempool(&state), HashSet::from([waiting[10]]));
    state.mine(1, faucet.script());
    assert_eq!(mempool(&state), HashSet::new());
    assert_consistent(&state);
}

#[test]
fn poor_parent_is_carried_by_its_rich_child() {
    let (mut state, faucet) = funded(3);
    let poor = faucet.pay(&state, vec![output(1, 4_000_000_000)]).unwrap();
    let poor = signed_again(&state, &faucet, poor, |poor| {
        poor.output[1].value += Amount::from_sat(200);
    });
    let (change, spent) = (poor.output[1].value, poor.output[1].clone());
    let poor = state.submit(poor).unwrap();
    let other = pay(&mut state, &faucet, 2, 1_000);
    let order = |state: &ChainState| {
        let (chosen, _) = crate::miner::select(&state.mempool);
        chosen.iter().map(Transaction::compute_txid).collect::<Vec<_>>()
    };
    assert_eq!(order(&state), [other, poor]);
    let mut child = faucet.pay(&state, vec![output(3, 1_000)]).unwrap();
    child.input.truncate(1);
    child.input[0].previous_output = OutPoint { txid: poor, vout: 1 };
    child.output[1].value = change - Amount::from_sat(101_000);
    faucet.sign(&mut child, &[spent]);
    let child = state.submit(child).unwrap();
    assert_eq!(order(&state), [poor, child, other]);
    state.mine(1, faucet.script());
    assert_consistent(&state);
}

#[test]
fn what_real_nodes_do_not_relay_is_refused() {
    let (mut state, faucet) = funded(1);
    let payment = faucet.pay(&state, vec![output(1, 293)]).unwrap();
    let amount = Amount::from_sat(293);
    assert_eq!(state.submit(payment), Err(Rejected::Dust { vout: 0, amount }));
    let payment = faucet.pay(&state, vec![output(1, 294)]).unwrap();
    let vsize = payment.weight().to_vbytes_ceil();
    let fee = Amount::from_sat(vsize * 2);
    let least = Amount::from_sat(vsize.div_ceil(10));
    let cheap = |state: &ChainState, fee_now: Amount| {
        signed_again(state, &faucet, payment.clone(), |cheap| {
            cheap.output[1].value += fee - fee_now;
        })
    };
    let too_cheap = cheap(&state, least - Amount::from_sat(1));
    let refused = state.submit(too_cheap).unwrap_err();
    assert_eq!(refused, Rejected::FeeTooLow { fee: least - Amount::from_sat(1), least });
    let cheapest = cheap(&state, least);
    state.submit(cheapest.clone()).unwrap();
    assert_eq!(state.submit(cheapest), Err(Rejected::AlreadyThere));
}

#[test]
fn lock_times_are_waited_for() {
    let (mut state, faucet) = funded(2);
    let height = state.tree.height();
    let payment = faucet.pay(&state, vec![output(1, 1_000)]).unwrap();
    let late = signed_again(&state, &faucet, payment.clone(), |late| {
        late.lock_time = LockTime::from_height(height + 1).unwrap();
    });
    let refused = state.submit(late.clone()).unwrap_err();
    assert_eq!(refused, Rejected::Invalid(Invalid::NotFinal(late.lock_time)));
    let early = signed_again(&state, &faucet, payment.clone(), |early| {
        early.lock_time = LockTime::from_time(state.next_place().median_time).unwrap();
    });
    let refused = state.submit(early).unwrap_err();
    assert!(matches!(refused, Rejected::Invalid(Invalid::NotFinal(_))));
    // The second coinbase is at height 2, so at 103 it has 101 blocks above and with itself.
    let spent_height = state.utxos().get(&payment.input[0].previous_output).unwrap().place.height;
    let age = u16::try_from(height + 2 - spent_height).unwrap();
    let relative = signed_again(&state, &faucet, payment, |relative| {
        relative.input[0].sequence = Sequence::from_height(age);
    });
    let refused = state.submit(relative.clone()).unwrap_err();
    assert_eq!(refused, Rejected::Invalid(Invalid::SequenceLocked(0)));
    state.mine_empty(1, &payee(255));
    state.submit(relative).unwrap();
    let mut late = late;
    late.input[0].previous_output =
        faucet.pay(&state, vec![output(1, 1_000)]).unwrap().input[0].previous_output;
    let late = signed_again(&state, &faucet, late, |_| {});
    state.submit(late).unwrap();
}

#[test]
fn faucet_says_what_it_lacks() {
    let (state, faucet) = funded(1);
    let asked = faucet.pay(&state, vec![output(1, 5_000_000_000)]).unwrap_err();
    let available = Amount::from_int_btc(50);
    assert!(matches!(asked, PayError::NotEnough { needed, available: has }
        if needed > available && has == available));
    let nothing =
        faucet.pay(&ChainState::new(Clock::default()), vec![output(1, 1_000)]).unwrap_err();
    assert!(matches!(nothing, PayError::NotEnough { available: Amount::ZERO, .. }));
}

#[tokio::test]
async fn waits_end_when_what_they_wait_for_is_there() {
    let network = Devnet::start().unwrap();
    network.fund_faucet();
    let (height, _) = network.tip();
    network.wait_for_height(height).await;
    let (waiter, payer) = (network.clone(), network.clone());
    let waiter = tokio::spawn(async move { waiter.wait_for_height(height + 1).await });
    let txid = payer.pay(&payee(1), Amount::from_sat(1_000)).unwrap();
    payer.wait_for_mempool(txid).await;
    payer.mine(1, &payee(2));
    waiter.await.unwrap();
    assert!(payer.mempool().is_empty());
    assert_eq!(payer.block(payer.tip().1), payer.block_at(height + 1));
}

#[tokio::test]
async fn dropping_the_last_handle_closes_listener_and_connections() {
    let network = Devnet::start().unwrap();
    let address = network.address();
    let other = network.clone();
    drop(network);
    let mut peer = TcpStream::connect(address).await.unwrap();
    drop(other);
    let mut rest = Vec::new();
    // A reset is an end too.
    let _ = peer.read_to_end(&mut rest).await;
    assert_eq!(rest, []);
    assert!(TcpStream::connect(address).await.is_err());
}

#[test]
fn equal_work_stays_with_the_first_seen() {
    let (mut state, faucet) = funded(1);
    let fork = state.tree.at(50).unwrap();
    let tip = state.tree.tip();
    let rival = state.mine_on(fork, 50, faucet.script(), Vec::new()).unwrap();
    assert_eq!(state.tree.tip(), tip);
    assert_consistent(&state);
    let last = *rival.last().unwrap();
    let winner = state.mine_on(last, 1, faucet.script(), Vec::new()).unwrap();
    assert_eq!(state.tree.tip(), winner[0]);
    assert_consistent(&state);
    assert!(state.invalidate(last));
    assert_eq!(state.tree.tip(), tip);
    assert_consistent(&state);
}

#[test]
fn fork_returns_its_transactions_to_the_mempool() {
    let (mut state, faucet) = funded(2);
    let txid = pay(&mut state, &faucet, 1, 100_000);
    let fork = state.tree.tip();
    state.mine(1, faucet.script());
    let child = pay(&mut state, &faucet, 2, 200_000);
    state.mine_on(fork, 2, &payee(9), Vec::new()).unwrap();
    assert_eq!(mempool(&state), HashSet::from([txid, child]));
    assert_consistent(&state);
}

#[test]
fn fork_with_a_double_spend_evicts_the_first() {
    let (mut state, faucet) = funded(1);
    let rival = faucet.pay(&state, vec![output(2, 100_000)]).unwrap();
    let fork = state.tree.tip();
    let txid = pay(&mut state, &faucet, 1, 100_000);
    state.mine(1, faucet.script());
    let child = pay(&mut state, &faucet, 3, 100_000);
    state.mine_on(fork, 2, &payee(9), vec![rival.clone()]).unwrap();
    assert!(is_mined(&state, rival.compute_txid()));
    assert_eq!(mempool(&state), HashSet::new());
    assert!(state.transaction(txid).is_none() && state.transaction(child).is_none());
    assert_consistent(&state);
}

#[test]
fn bad_block_changes_nothing() {
    let (mut state, faucet) = funded(1);
    let txid = pay(&mut state, &faucet, 1, 100_000);
    let payment = state.transaction(txid).unwrap().clone();
    let tip = state.tree.tip();
    let genesis = state.tree.at(0).unwrap();
    let refused = state.mine_on(genesis, 1, &payee(1), vec![payment.clone()]).unwrap_err();
    let reason = Invalid::MissingCoin(payment.input[0].previous_output);
    assert_eq!(refused, MineError::Invalid { txid, reason });
    assert_eq!(state.tree.tip(), tip);
    assert_consistent(&state);
    let twice = state.mine_on(tip, 1, &payee(1), vec![payment.clone(), payment]).unwrap_err();
    assert!(matches!(twice, MineError::Invalid { reason: Invalid::MissingCoin(_), .. }));
    assert_eq!(mempool(&state), HashSet::from([txid]));
    assert_consistent(&state);
}

#[test]
fn reorg_mines_again_what_is_not_dropped() {
    let (mut state, faucet) = funded(3);
    let kept = pay(&mut state, &faucet, 1, 100_000);
    state.mine(1, faucet.script());
    let dropped = pay(&mut state, &faucet, 2, 200_000);
    state.mine(1, faucet.script());
    let height = state.tree.height();
    let drop = HashSet::from([dropped]);
    let hashes = state.reorg(6, 7, &drop, faucet.script()).unwrap();
    assert_eq!(state.tree.height(), height + 1);
    assert_eq!(state.tree.tip(), hashes[6]);
    assert!(is_mined(&state, kept));
    assert!(state.transaction(dropped).is_none());
    assert_consistent(&state);
}

#[test]
fn dropped_payment_takes_its_descendants_along_and_may_come_back() {
    let (mut state, faucet) = funded(1);
    let dropped = pay(&mut state, &faucet, 1, 100_000);
    let payment = state.transaction(dropped).unwrap().clone();
    let mined_child = pay(&mut state, &faucet, 2, 200_000);
    state.mine(1, faucet.script());
    let waiting_child = pay(&mut state, &faucet, 3, 300_000);
    state.reorg(1, 2, &HashSet::from([dropped]), &payee(9)).unwrap();
    for txid in [dropped, mined_child, waiting_child] {
        assert!(state.transaction(txid).is_none());
    }
    assert_consistent(&state);
    state.submit(payment).unwrap();
    state.mine(1, faucet.script());
    assert!(is_mined(&state, dropped));
}

#[test]
fn impossible_reorgs_are_refused() {
    let (mut state, faucet) = funded(1);
    let (height, none) = (state.tree.height(), HashSet::new());
    for depth in [0, height + 1] {
        let refused = state.reorg(depth, 200, &none, faucet.script()).unwrap_err();
        assert_eq!(refused, ReorgError::BadDepth { depth, height });
    }
    let refused = state.reorg(3, 3, &none, faucet.script()).unwrap_err();
    assert_eq!(refused, ReorgError::TooShort { depth: 3, new_len: 3 });
    state.reorg(height, height + 1, &none, faucet.script()).unwrap();
    assert_consistent(&state);
}

/// One thing that may happen to a network.
#[derive(Debug, Clone)]
enum Op {
    Pay { number: u8, sat: u64 },
    Mine { count: u32 },
    MineEmpty { count: u32 },
    Fork { depth: u32, len: u32, with_mempool: bool },
    Reorg { depth: u32, more: u32, drop: bool },
    Invalidate { depth: u32 },
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (any::<u8>(), 1_000..2_000_000_000_u64).prop_map(|(number, sat)| Op::Pay { number, sat }),
        2 => (1..4_u32).prop_map(|count| Op::Mine { count }),
        1 => (1..4_u32).prop_map(|count| Op::MineEmpty { count }),
        2 => (0..6_u32, 0..8_u32, any::<bool>())
            .prop_map(|(depth, len, with_mempool)| Op::Fork { depth, len, with_mempool }),
        2 => (1..6_u32, 1..3_u32, any::<bool>())
            .prop_map(|(depth, more, drop)| Op::Reorg { depth, more, drop }),
        1 => (0..4_u32).prop_map(|depth| Op::Invalidate { depth }),
    ]
}

fn apply(state: &mut ChainState, faucet: &Faucet, op: &Op) {
    let height = state.tree.height();
    let to: &Script = faucet.script();
    match *op {
        Op::Pay { number, sat } => {
            if let Ok(payment) = faucet.pay(state, vec![output(number, sat)]) {
                state.submit(payment).unwrap();
            }
        }
        Op::Mine { count } => drop(state.mine(count, to)),
        Op::MineEmpty { count } => drop(state.mine_empty(count, to)),
        Op::Fork { depth, len, with_mempool } => {
            let parent = state.tree.at(height - depth).unwrap();
            let taken = if with_mempool { usize::MAX } else { 0 };
            let taken = state.mempool.transactions().take(taken).cloned().collect();
            // What waits on the tip may be missing its coins on an older block.
            let _ = state.mine_on(parent, len, to, taken);
        }
        Op::Reorg { depth, more, drop } => {
            let tip = &state.tree.node(state.tree.tip()).block;
            let last = tip.txdata.iter().skip(1).map(Transaction::compute_txid);
            let drop = if drop { last.collect() } else { HashSet::new() };
            state.reorg(depth, depth + more, &drop, to).unwrap();
        }
        Op::Invalidate { depth } => {
            let hash = state.tree.at(height - depth).unwrap();
            assert!(state.invalidate(hash));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn coins_and_filters_are_those_of_the_best_chain(ops in prop::collection::vec(op(), 1..30)) {
        let (mut state, faucet) = funded(8);
        for op in &ops {
            apply(&mut state, &faucet, op);
        }
        assert_consistent(&state);
    }
}
