//! Random histories, against `bdk_chain`'s canonicalisation of everything that ever happened.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bdk_chain::local_chain::LocalChain;
use bdk_chain::{BlockId as Anchor, CanonicalizationParams, ChainPosition, TxGraph};
use bitcoin::{Amount, OutPoint, SignedAmount, Transaction, Txid};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, RngSeed};

use crate::command::{CommandError, DraftId, PaymentState};
use crate::config::LookAhead;
use crate::keychain::Branch;
use crate::light_client::height::{BlockId, Height};
use crate::light_client::time::WallTime;
use crate::limits::UNCONFIRMED_LIFETIME;

use super::bench::{Bench, SEGWIT, TAPROOT, exactly, pay, spend, stranger};

/// One thing that may happen.
#[derive(Debug, Clone)]
enum Op {
    /// Somebody pays us; in the mempool only.
    PayIn { segwit: bool, sat: u64 },
    /// We draft a payment of so many thousandths of all there is.
    Draft { thousandths: u64 },
    /// We sign an open draft.
    Sign { pick: usize },
    /// We drop an open draft.
    Drop { pick: usize },
    /// Another copy of the wallet spends one of our coins.
    SpendElsewhere { pick: usize, to_us: bool },
    /// Whoever pays us in the mempool or in a block replaces the payment with one to others.
    ReplacePayIn { pick: usize },
    /// Peers announce something that was ever made.
    Hear { pick: usize },
    /// Nobody speaks of anything for a long time.
    Silence,
    /// A block with what fits of the mempool, from some place in it on.
    Mine { from: usize, count: usize, coinbase: bool },
    /// Blocks leave the chain.
    Reorganise { depth: usize },
    /// The process ends, with or without something that was not committed.
    Restart { lose: bool },
    /// A step fails and is undone.
    Abort,
    /// The user asks for a rescan, which runs to the tip. Some of the blocks above may have left
    /// the chain meanwhile, which nobody tells, because the scan is below them.
    Rescan { from: u32, left: usize },
    /// The user freezes a coin, or gives it free.
    Freeze { pick: usize },
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (any::<bool>(), 1_000..1_000_000_u64).prop_map(|(segwit, sat)| Op::PayIn { segwit, sat }),
        4 => (1..900_u64).prop_map(|thousandths| Op::Draft { thousandths }),
        4 => any::<usize>().prop_map(|pick| Op::Sign { pick }),
        1 => any::<usize>().prop_map(|pick| Op::Drop { pick }),
        3 => (any::<usize>(), any::<bool>()).prop_map(|(pick, to_us)| Op::SpendElsewhere { pick, to_us }),
        2 => any::<usize>().prop_map(|pick| Op::ReplacePayIn { pick }),
        6 => (any::<usize>(), 0..6_usize, any::<bool>())
            .prop_map(|(from, count, coinbase)| Op::Mine { from, count, coinbase }),
        6 => any::<usize>().prop_map(|pick| Op::Hear { pick }),
        1 => Just(Op::Silence),
        2 => (1..5_usize).prop_map(|depth| Op::Reorganise { depth }),
        1 => any::<bool>().prop_map(|lose| Op::Restart { lose }),
        1 => Just(Op::Abort),
        1 => (0..30_u32, 0..4_usize).prop_map(|(from, left)| Op::Rescan { from, left }),
        1 => any::<usize>().prop_map(|pick| Op::Freeze { pick }),
    ]
}

/// The wallet beside the slow obvious model.
struct Model {
    bench: Bench,
    graph: TxGraph<Anchor>,
    mempool: Vec<Transaction>,
    drafts: Vec<DraftId>,
    frozen: BTreeSet<OutPoint>,
    /// What the light client watches in the mempool, by what it was told.
    watched: BTreeSet<OutPoint>,
}

impl Model {
    fn new() -> Self {
        let mut bench = Bench::new(LookAhead { receive: 30, change: 30 });
        bench.wallet.coins_to_watch().unwrap();
        Self {
            bench,
            graph: TxGraph::default(),
            mempool: Vec::new(),
            drafts: Vec::new(),
            frozen: BTreeSet::new(),
            watched: BTreeSet::new(),
        }
    }

    fn run(mut self, op: &Op) -> Self {
        self.bench.now = WallTime::new(self.bench.now.to_unix() + 1);
        match *op {
            Op::PayIn { segwit, sat } => {
                let account = if segwit { SEGWIT } else { TAPROOT };
                let spk = self.bench.issue(account);
                let payment = self.bench.payment_in(spk, sat);
                self.mempool.push(payment);
            }
            Op::Draft { thousandths } => self.draft(thousandths),
            Op::Sign { pick } => self.sign(pick),
            Op::Drop { pick } => {
                if let Some(draft) = take(&mut self.drafts, pick) {
                    self.bench.wallet.drop_draft(draft).unwrap();
                    self.bench.wallet.commit().unwrap();
                }
            }
            Op::SpendElsewhere { pick, to_us } => self.spend_elsewhere(pick, to_us),
            Op::ReplacePayIn { pick } => {
                let known: Vec<Transaction> = self.all().into_iter().filter(from_nowhere).collect();
                if let Some(replaced) = pick_of(&known, pick) {
                    let spent = replaced.input[0].previous_output;
                    let script = stranger(9).script_pubkey();
                    self.mempool.push(spend(&[spent], &[(script, 777)]));
                }
            }
            Op::Hear { pick } => {
                let all = self.all();
                if let Some(heard) = pick_of(&all, pick).filter(|heard| !heard.is_coinbase()) {
                    self.hear(heard);
                }
            }
            Op::Silence => self.silence(),
            Op::Mine { from, count, coinbase } => self.mine(from, count, coinbase),
            Op::Reorganise { depth } => {
                let depth = depth.min(self.bench.blocks.len() - 1);
                let gone = self.bench.reorganise(depth);
                self.mempool.extend(gone.into_iter().filter(|t| !t.is_coinbase()));
            }
            Op::Restart { lose } => {
                if lose {
                    self.stage_something();
                }
                self.bench = self.bench.reopen();
                let coins = self.bench.wallet.coins_to_watch().unwrap();
                self.watched = coins.into_iter().collect();
            }
            Op::Abort => {
                self.stage_something();
                self.bench.wallet.abort().unwrap();
            }
            Op::Rescan { from, left } => self.rescan(from, left),
            Op::Freeze { pick } => self.freeze(pick),
        }
        self.check();
        self.check_watched();
        self
    }

    fn draft(&mut self, thousandths: u64) {
        let sat = self.bench.total().to_sat() * thousandths / 1000;
        if sat < 1_000 {
            return;
        }
        match self.bench.try_draft(&pay(&stranger(1), exactly(sat))) {
            Ok(draft) => {
                assert!(draft.inputs.iter().all(|coin| !self.frozen.contains(&coin.outpoint)));
                let mut held = HashSet::new();
                for id in self.drafts.iter().chain([&draft.id]) {
                    let psbt = self.bench.wallet.file.draft(*id).unwrap().unwrap().psbt;
                    for input in psbt.unsigned_tx.input {
                        assert!(held.insert(input.previous_output), "a coin in two drafts");
                    }
                }
                self.drafts.push(draft.id);
            }
            Err(CommandError::InsufficientFunds { needed, available }) => {
                assert!(needed > available, "{needed} {available}");
            }
            Err(CommandError::FeeTooHigh { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }

    /// Fills dummy witnesses: the wallet view takes the signer's word for signatures.
    fn sign(&mut self, pick: usize) {
        let Some(draft) = take(&mut self.drafts, pick) else { return };
        let Ok(psbt) = self.bench.wallet.psbt_of(draft, self.bench.now) else {
            // A coin of it was spent by somebody else.
            self.bench.wallet.drop_draft(draft).unwrap();
            return;
        };
        let mut signed = psbt.unsigned_tx.clone();
        for input in &mut signed.input {
            input.witness.push([1; 64]);
        }
        let now = self.bench.now;
        let (payment, _) = self.bench.wallet.record_signed(draft, &signed, &psbt, now).unwrap();
        assert_eq!(payment.state, PaymentState::Signed);
        self.bench.wallet.commit().unwrap();
        let _ = self.graph.insert_tx(signed.clone());
        let _ = self.graph.insert_seen_at(signed.compute_txid(), now.to_unix());
        self.mempool.push(signed);
    }

    fn spend_elsewhere(&mut self, pick: usize, to_us: bool) {
        let rows: Vec<(OutPoint, Amount)> = self
            .all()
            .iter()
            .filter(|transaction| !transaction.is_coinbase())
            .flat_map(|transaction| self.paid_to_us(transaction))
            .collect();
        let Some((outpoint, amount)) = pick_of(&rows, pick) else { return };
        let script = if to_us { self.bench.issue(TAPROOT) } else { stranger(8).script_pubkey() };
        if amount.to_sat() > 500 {
            self.mempool.push(spend(&[*outpoint], &[(script, amount.to_sat() - 300)]));
        }
    }

    /// The wallet says whether it concerns it; what it takes in is known from now on.
    fn hear(&mut self, heard: &Transaction) {
        if !self.bench.wallet.concerns(heard) {
            return;
        }
        let (txid, now) = (heard.compute_txid(), self.bench.now);
        self.bench.wallet.hear(heard, 1, now).unwrap();
        self.bench.wallet.commit().unwrap();
        let row = self.bench.wallet.file.transaction(txid).unwrap();
        if row.is_some_and(|row| row.seen == Some(now)) {
            let _ = self.graph.insert_tx(heard.clone());
            let _ = self.graph.insert_seen_at(txid, now.to_unix());
        }
    }

    fn silence(&mut self) {
        let wait = UNCONFIRMED_LIFETIME.as_secs() + 1;
        self.bench.now = WallTime::new(self.bench.now.to_unix() + wait);
        let heard = self.bench.wallet.file.unconfirmed().unwrap();
        self.bench.wallet.expire_seen(self.bench.now).unwrap();
        self.bench.wallet.commit().unwrap();
        for entry in heard {
            let _ = self.graph.insert_evicted_at(entry.txid, self.bench.now.to_unix());
        }
    }

    fn mine(&mut self, from: usize, count: usize, coinbase: bool) {
        let mut transactions = Vec::new();
        if coinbase {
            let spk = self.bench.issue(SEGWIT);
            transactions.push(self.bench.coinbase(spk, 5_000_000));
        }
        transactions.extend(self.minable(from, count));
        self.bench.mine(transactions.clone());
        self.anchor(transactions, self.bench.tip());
    }

    /// Takes out of the mempool what is valid on the chain, beginning somewhere in it.
    fn minable(&mut self, from: usize, count: usize) -> Vec<Transaction> {
        let chain: Vec<&Transaction> =
            self.bench.blocks.iter().flat_map(|(_, _, block)| &block.txdata).collect();
        let mut placed: HashSet<Txid> = chain.iter().map(|t| t.compute_txid()).collect();
        let mut spent: HashSet<OutPoint> =
            chain.iter().flat_map(|t| t.input.iter().map(|i| i.previous_output)).collect();
        let made: HashSet<Txid> = self.all().iter().map(Transaction::compute_txid).collect();
        let mut transactions = Vec::new();
        if !self.mempool.is_empty() {
            let at = from % self.mempool.len();
            self.mempool.rotate_left(at);
        }
        for _ in 0..2 {
            for transaction in &self.mempool {
                let txid = transaction.compute_txid();
                let valid = transaction.input.iter().all(|input| {
                    let parent = input.previous_output.txid;
                    !spent.contains(&input.previous_output)
                        && (placed.contains(&parent) || !made.contains(&parent))
                });
                if valid && !placed.contains(&txid) && transactions.len() < count {
                    placed.insert(txid);
                    spent.extend(transaction.input.iter().map(|input| input.previous_output));
                    transactions.push(transaction.clone());
                }
            }
        }
        self.mempool.retain(|transaction| !placed.contains(&transaction.compute_txid()));
        transactions
    }

    fn anchor(&mut self, transactions: Vec<Transaction>, at: BlockId) {
        let anchor = Anchor { height: at.height.to_u32(), hash: at.hash };
        for transaction in transactions {
            let txid = transaction.compute_txid();
            let _ = self.graph.insert_tx(transaction);
            let _ = self.graph.insert_anchor(txid, anchor);
        }
    }

    /// Changes that must leave no trace.
    fn stage_something(&mut self) {
        let spk = self.bench.script(TAPROOT, Branch::Receive, 20);
        let payment = self.bench.payment_in(spk, 12_345);
        let (at, time) = self.bench.extend(vec![payment]);
        let (_, _, block) = self.bench.blocks.pop().unwrap();
        self.bench.wallet.apply_block(at, time, &block).unwrap();
        self.bench.wallet.advance(at, time).unwrap();
        let moment = self.bench.moment();
        let _ = self.bench.wallet.draft(&pay(&stranger(3), exactly(5_000)), &moment);
        self.bench.wallet.receive(None, Some("lost"), None, true, self.bench.now).unwrap();
        assert!(self.bench.wallet.is_staged());
    }

    fn rescan(&mut self, from: u32, left: usize) {
        let tip = self.bench.tip().height;
        let from = Height::new(from.min(tip.to_u32()));
        self.bench.wallet.rescan_from(Some(from), |_| Height::GENESIS).unwrap();
        self.bench.wallet.commit().unwrap();
        self.check();
        let left = left.min(self.bench.blocks.len() - from.to_usize().max(1));
        let gone = self.bench.blocks.split_off(self.bench.blocks.len() - left);
        let gone = gone.into_iter().flat_map(|(_, _, block)| block.txdata);
        self.mempool.extend(gone.filter(|t| !t.is_coinbase()));
        for _ in 0..left {
            // The new branch holds the same payments or what conflicts with them, later or never.
            let transactions = self.minable(left, 2);
            let (at, _) = self.bench.extend(transactions.clone());
            self.anchor(transactions, at);
        }
        for (at, time, block) in &self.bench.blocks[from.to_usize()..] {
            self.bench.wallet.apply_block(*at, *time, block).unwrap();
        }
        let (at, time, _) = self.bench.blocks.last().unwrap().clone();
        self.bench.wallet.advance(at, time).unwrap();
        self.bench.wallet.commit().unwrap();
        self.bench.wallet.end_search(at, time).unwrap();
    }

    fn freeze(&mut self, pick: usize) {
        let coins = self.bench.wallet.coins(self.bench.tip().height, self.bench.now).unwrap();
        let free: Vec<_> = coins.iter().filter(|coin| !coin.reserved).collect();
        if let Some(coin) = pick_of(&free, pick) {
            self.bench.wallet.set_frozen(&[coin.outpoint], !coin.frozen).unwrap();
            self.bench.wallet.commit().unwrap();
            if !self.frozen.remove(&coin.outpoint) {
                self.frozen.insert(coin.outpoint);
            }
        }
    }

    /// Everything that was ever made.
    fn all(&self) -> Vec<Transaction> {
        let known = self.graph.full_txs().map(|node| node.tx.as_ref().clone());
        let mut all: BTreeMap<Txid, Transaction> =
            known.map(|transaction| (transaction.compute_txid(), transaction)).collect();
        for transaction in &self.mempool {
            all.insert(transaction.compute_txid(), transaction.clone());
        }
        all.into_values().collect()
    }

    fn paid_to_us(&self, transaction: &Transaction) -> Vec<(OutPoint, Amount)> {
        let txid = transaction.compute_txid();
        (0..)
            .zip(&transaction.output)
            .filter(|(_, output)| self.bench.wallet.scripts.contains_key(&output.script_pubkey))
            .map(|(vout, output)| (OutPoint::new(txid, vout), output.value))
            .collect()
    }

    /// The tables hold what full canonicalisation says.
    fn check(&self) {
        let blocks = self.bench.blocks.iter().map(|(at, ..)| (at.height.to_u32(), at.hash));
        let chain = LocalChain::from_blocks(blocks.collect()).unwrap();
        let tip = chain.tip().block_id();
        let params = CanonicalizationParams::default;
        let ours: Vec<((), OutPoint)> = self
            .graph
            .full_txs()
            .flat_map(|node| self.paid_to_us(&node.tx))
            .map(|(outpoint, _)| ((), outpoint))
            .collect();
        let expected: BTreeMap<OutPoint, (Amount, Option<u32>)> = self
            .graph
            .filter_chain_unspents(&chain, tip, params(), ours)
            .map(|((), coin)| {
                let height = match &coin.chain_position {
                    ChainPosition::Confirmed { anchor, .. } => Some(anchor.height),
                    ChainPosition::Unconfirmed { .. } => None,
                };
                (coin.outpoint, (coin.txout.value, height))
            })
            .collect();
        let coins = self.bench.wallet.coins(self.bench.tip().height, self.bench.now).unwrap();
        let found = coins
            .iter()
            .map(|coin| (coin.outpoint, (coin.amount, coin.height.map(Height::to_u32))))
            .collect();
        assert_eq!(expected, found, "coins");
        let sum: Amount = coins.iter().map(|coin| coin.amount).sum();
        assert_eq!(self.bench.total(), sum, "the balance is the sum of the coins");
        let frozen: Amount = coins.iter().filter(|c| c.frozen).map(|c| c.amount).sum();
        let balance = self.bench.wallet.balance(self.bench.tip().height).unwrap();
        assert_eq!(balance.total.frozen, frozen);
        self.check_history(&chain, sum);
    }

    /// Told of what moved only, the light client watches exactly what it should.
    fn check_watched(&mut self) {
        let moved = self.bench.wallet.take_moved_coins().unwrap();
        self.watched.retain(|coin| !moved.gone.contains(coin));
        self.watched.extend(moved.coins);
        let all = self.bench.wallet.file.coins_to_watch().unwrap();
        assert_eq!(self.watched, all.into_iter().collect(), "coins to watch");
    }

    fn check_history(&self, chain: &LocalChain, sum: Amount) {
        let tip = chain.tip().block_id();
        let params = CanonicalizationParams::default();
        let expected: BTreeMap<Txid, SignedAmount> = self
            .graph
            .list_canonical_txs(chain, tip, params)
            .filter_map(|node| {
                let transaction = &node.tx_node.tx;
                let received: Amount = self.paid_to_us(transaction).iter().map(|(_, a)| *a).sum();
                let spent: Vec<Amount> = transaction
                    .input
                    .iter()
                    .filter_map(|input| self.graph.get_txout(input.previous_output))
                    .filter(|out| self.bench.wallet.scripts.contains_key(&out.script_pubkey))
                    .map(|out| out.value)
                    .collect();
                let net = received.to_signed().unwrap()
                    - spent.iter().copied().sum::<Amount>().to_signed().unwrap();
                let touches = received > Amount::ZERO || !spent.is_empty();
                touches.then_some((node.tx_node.txid, net))
            })
            .collect();
        let rows = self.bench.wallet.history().unwrap();
        let found: BTreeMap<Txid, SignedAmount> = rows
            .iter()
            .filter(|row| !matches!(row.state, PaymentState::Replaced | PaymentState::Evicted))
            .map(|row| (row.txid, row.net))
            .collect();
        assert_eq!(expected, found, "history");
        let total: SignedAmount = found.values().copied().sum();
        assert_eq!(total, sum.to_signed().unwrap(), "history and coins add up to the same");
    }
}

fn from_nowhere(transaction: &Transaction) -> bool {
    transaction.input.len() == 1 && !transaction.is_coinbase()
}

fn pick_of<T>(list: &[T], pick: usize) -> Option<&T> {
    list.get(pick.checked_rem(list.len())?)
}

fn take<T>(list: &mut Vec<T>, pick: usize) -> Option<T> {
    let at = pick.checked_rem(list.len())?;
    Some(list.remove(at))
}

proptest::proptest! {
    #![proptest_config(Config {
        cases: 64,
        rng_seed: RngSeed::Fixed(20_090_103),
        failure_persistence: None,
        ..Config::default()
    })]
    #[test]
    fn the_tables_hold_what_full_canonicalisation_says(
        ops in proptest::collection::vec(op(), 1..40)
    ) {
        ops.iter().fold(Model::new(), Model::run);
    }
}
