//! The wallet, the world around it, and what is expected of it after every step.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bitcoin::psbt::Psbt;
use bitcoin::{
    Amount, FeeRate, Network, OutPoint, ScriptBuf, SignedAmount, Transaction, Txid, Weight,
};

use crate::command::{
    Birthday, BumpRequest, BumpWay, Coin, CommandError, Draft, DraftId, FeeChoice, HistoryRow,
    Hold, PaymentState, Purpose, ReceivedQuery, SweepRequest, SweepSource,
};
use crate::config::LookAhead;
use crate::keychain::{AccountId, Branch};
use crate::light_client::height::Height;
use crate::light_client::input::ScanStart;
use crate::light_client::time::WallTime;
use crate::limits::{DRAFT_LIFETIME, UNCONFIRMED_LIFETIME};
use crate::signers::{self, Keys, Signer, SingleKey, SoftwareSigner};
use crate::sweep::Sweep;
use crate::wallet::Handed;
use crate::wallet::tests::bench::{Bench, SEGWIT, TAPROOT, exactly, pay, seed, spend, stranger};

use super::ledger::{Ledger, Sheet, issue};
use super::oracle::{LOOK_AHEAD, Oracle};
use super::{Op, pages};

/// The wallet beside what it is held against.
pub(super) struct Model {
    bench: Bench,
    oracle: Oracle,
    ledger: Ledger,
    signer: SoftwareSigner,
    /// Everything that was ever made.
    made: BTreeMap<Txid, Transaction>,
    /// What miners may take.
    mempool: Vec<Transaction>,
    /// What the light client watches in the mempool, by what it was told.
    watched: BTreeSet<OutPoint>,
}

impl Model {
    pub(super) fn new() -> Self {
        let mut bench = Bench::new(LookAhead { receive: LOOK_AHEAD, change: LOOK_AHEAD });
        bench.wallet.coins_to_watch().unwrap();
        let oracle = Oracle::new(&bench);
        Self {
            bench,
            oracle,
            ledger: Ledger::default(),
            signer: SoftwareSigner::new(seed(), Network::Regtest),
            made: BTreeMap::new(),
            mempool: Vec::new(),
            watched: BTreeSet::new(),
        }
    }

    pub(super) fn run(mut self, op: &Op) -> Self {
        self.pass(1);
        match *op {
            Op::Receive { fresh } => self.receive(fresh),
            Op::PayIn { segwit, sat } => self.pay_in(if segwit { SEGWIT } else { TAPROOT }, sat),
            Op::Draft { thousandths, briefly } => self.draft(thousandths, briefly),
            Op::Bump { pick, way, sat_per_vb } => self.bump(pick, way, sat_per_vb),
            Op::Sign { pick } => self.sign(pick),
            Op::Return { pick } => self.give_back(pick),
            Op::Drop { pick } => self.drop_draft(pick),
            Op::Wait => self.pass(DRAFT_LIFETIME.as_secs()),
            Op::Sweep { sat } => self.sweep(sat),
            Op::SpendElsewhere { pick, to_us } => self.spend_elsewhere(pick, to_us),
            Op::ReplacePayIn { pick } => self.replace_pay_in(pick),
            Op::Hear { pick } => self.hear(pick),
            Op::Silence => self.silence(),
            Op::Mine { from, count, coinbase } => self.mine(from, count, coinbase),
            Op::Reorganise { depth, count } => self.reorganise(depth, count),
            Op::Restart { lose } => self = self.restart(lose),
            Op::Abort => {
                self.stage_something();
                self.bench.wallet.abort().unwrap();
            }
            Op::Rescan { from, left } => self.rescan(from, left),
            Op::Freeze { pick } => self.freeze(pick),
        }
        self.oracle.reveal(&self.bench);
        self.check();
        self.check_watched();
        self
    }

    /// How many blocks there are, and how many payments of ours or to us are in them.
    pub(super) fn reached(&self) -> (usize, usize) {
        let height = self.bench.tip().height;
        let history = self.bench.wallet.history().unwrap();
        let in_blocks = |row: &&HistoryRow| matches!(row.state, PaymentState::Confirmed(_));
        (height.to_usize(), history.iter().filter(in_blocks).count())
    }

    fn pass(&mut self, seconds: u64) {
        self.bench.now = WallTime::new(self.bench.now.to_unix() + seconds);
    }

    fn receive(&mut self, fresh: bool) {
        let issued = self.bench.wallet.receive(None, None, None, fresh, self.bench.now).unwrap();
        self.bench.wallet.commit().unwrap();
        if fresh {
            self.ledger.issued(issued.keychain, issued.index);
        } else {
            self.ledger.repeated(issued.keychain, issued.index);
        }
    }

    fn pay_in(&mut self, account: AccountId, sat: u64) {
        let spk = issue(&mut self.ledger, &mut self.bench, account);
        let payment = self.bench.payment_in(spk, sat);
        self.send(payment);
    }

    /// Miners and other wallets know of it.
    fn send(&mut self, transaction: Transaction) {
        self.made.insert(transaction.compute_txid(), transaction.clone());
        self.mempool.push(transaction);
    }

    fn draft(&mut self, thousandths: u64, briefly: bool) {
        let sat = self.bench.total().to_sat() * thousandths / 1000;
        if sat < 1_000 {
            return;
        }
        let mut request = pay(&stranger(1), exactly(sat));
        request.hold = if briefly { Hold::Briefly } else { Hold::UntilDropped };
        match self.bench.try_draft(&request) {
            Ok(draft) => self.keep(&draft),
            Err(CommandError::InsufficientFunds { needed, available }) => {
                assert!(needed > available, "{needed} {available}");
                self.bench.wallet.abort().unwrap();
            }
            Err(CommandError::FeeTooHigh { .. }) => self.bench.wallet.abort().unwrap(),
            Err(other) => panic!("{other}"),
        }
    }

    fn bump(&mut self, pick: usize, way: BumpWay, sat_per_vb: u32) {
        let waiting: Vec<Txid> = self.oracle.waiting().into_iter().collect();
        let Some(&txid) = pick_of(&waiting, pick) else { return };
        let fee = FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(sat_per_vb));
        let request =
            BumpRequest { txid, way, fee, most_fee: None, hold: Hold::Briefly, dry_run: false };
        let moment = self.bench.moment();
        match self.bench.wallet.bump(&request, &moment) {
            Ok(draft) => {
                self.bench.wallet.commit().unwrap();
                self.keep(&draft);
            }
            Err(error) => {
                assert!(BUMP_ERRORS.contains(&error.name()), "{error}");
                self.bench.wallet.abort().unwrap();
            }
        }
    }

    /// Somebody has the draft from here on.
    fn keep(&mut self, draft: &Draft) {
        let replaces = match &draft.purpose {
            Purpose::Replacement(before) | Purpose::Cancellation(before) => Some(before.of),
            Purpose::Payment | Purpose::Child(_) => None,
        };
        let bumps = match &draft.purpose {
            Purpose::Child(package) => Some(package.of),
            _ => replaces,
        };
        let sheet = Sheet {
            psbt: draft.psbt.parse().unwrap(),
            expires: draft.expires.map(WallTime::new),
            bumps,
            replaces: replaces.map(|txid| self.made[&txid].clone()),
            change: draft.change.as_ref().map(|change| change.address.script_pubkey()),
        };
        self.ledger.drafted(draft.id, sheet, &self.bench);
    }

    fn pick_draft(&self, pick: usize) -> Option<DraftId> {
        let drafts: Vec<DraftId> = self.ledger.drafts.keys().copied().collect();
        pick_of(&drafts, pick).copied()
    }

    /// As the engine does it: what can't be signed any more stays, and is dropped by hand.
    fn sign(&mut self, pick: usize) {
        let Some(draft) = self.pick_draft(pick) else { return };
        match self.bench.wallet.psbt_of(draft, self.bench.now) {
            Ok(drafted) => {
                let (psbt, signed) = self.signed(&drafted);
                self.record(draft, &psbt, &signed);
            }
            Err(error) => assert!(SIGN_ERRORS.contains(&error.name()), "{error}"),
        }
    }

    /// Signers elsewhere have had the draft since it was made.
    fn give_back(&mut self, pick: usize) {
        let Some(draft) = self.pick_draft(pick) else { return };
        let drafted = self.ledger.drafts[&draft].psbt.clone();
        let (psbt, _) = self.signed(&drafted);
        match self.bench.wallet.close_draft(&psbt, self.bench.now) {
            Ok(Handed::Signed(id, signed)) => {
                assert_eq!(id, draft);
                self.ledger.drafts.get_mut(&draft).unwrap().expires = None;
                self.record(draft, &psbt, &signed);
            }
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                assert!(SIGN_ERRORS.contains(&error.name()), "{error}");
                self.bench.wallet.abort().unwrap();
            }
        }
    }

    fn signed(&mut self, drafted: &Psbt) -> (Psbt, Transaction) {
        let mut psbt = drafted.clone();
        self.signer.sign(&mut psbt).unwrap();
        let signed = signers::finish(&psbt, drafted).unwrap();
        (psbt, signed)
    }

    fn record(&mut self, draft: DraftId, psbt: &Psbt, signed: &Transaction) {
        let now = self.bench.now;
        let (payment, _) = self.bench.wallet.record_signed(draft, signed, psbt, now).unwrap();
        assert_eq!(payment.state, PaymentState::Signed);
        self.bench.wallet.commit().unwrap();
        self.ledger.signed(draft, now);
        self.oracle.see(signed, now);
        self.send(signed.clone());
    }

    fn drop_draft(&mut self, pick: usize) {
        if let Some(draft) = self.pick_draft(pick) {
            self.bench.wallet.drop_draft(draft).unwrap();
            self.bench.wallet.commit().unwrap();
            self.ledger.drafts.remove(&draft);
        }
    }

    /// The other key is paid in a block, and swept.
    fn sweep(&mut self, sat: u64) {
        let key = SingleKey::parse(WIF, Network::Regtest).unwrap();
        let public = key.public();
        let script = ScriptBuf::new_p2wpkh(&public.wpubkey_hash().unwrap());
        let parent = self.bench.payment_in(script, sat);
        self.made.insert(parent.compute_txid(), parent.clone());
        self.bench.mine(vec![parent.clone()]);
        self.oracle.mine(self.bench.tip(), &[parent]);
        let sources = vec![SweepSource::Key(public)];
        let request = SweepRequest { sources, from: Birthday::Height(Height::GENESIS), gap: 5 };
        let mut sweep = Sweep::new(&request, Network::Regtest);
        let (at, _, block) = self.bench.blocks.last().unwrap();
        sweep.apply_block(at.height, block);
        let moment = self.bench.moment();
        let rate = FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(2));
        let mut psbt = match self.bench.wallet.draft_sweep(&sweep, rate, None, &moment) {
            Ok(draft) => draft.review.psbt,
            Err(CommandError::FeeTooHigh { .. }) => return self.bench.wallet.abort().unwrap(),
            Err(other) => panic!("{other}"),
        };
        self.bench.wallet.commit().unwrap();
        let paid = self.bench.wallet.scripts[&psbt.unsigned_tx.output[0].script_pubkey];
        self.ledger.issued(paid.keychain, paid.index);
        SoftwareSigner::with_keys(Keys::Single(key)).sign(&mut psbt).unwrap();
        let handed = self.bench.wallet.close_draft(&psbt, self.bench.now).unwrap();
        let Handed::Signed(draft, signed) = handed else { panic!("{handed:?}") };
        let sheet =
            Sheet { psbt: psbt.clone(), expires: None, bumps: None, replaces: None, change: None };
        self.ledger.drafted(draft, sheet, &self.bench);
        self.record(draft, &psbt, &signed);
    }

    fn spend_elsewhere(&mut self, pick: usize, to_us: bool) {
        let rows: Vec<(OutPoint, Amount)> = self
            .made
            .values()
            .filter(|transaction| !transaction.is_coinbase())
            .flat_map(|transaction| self.paid_to_us(transaction))
            .collect();
        let Some(&(outpoint, amount)) = pick_of(&rows, pick) else { return };
        let script = if to_us {
            issue(&mut self.ledger, &mut self.bench, TAPROOT)
        } else {
            stranger(8).script_pubkey()
        };
        if amount.to_sat() > 500 {
            self.send(spend(&[outpoint], &[(script, amount.to_sat() - 300)]));
        }
    }

    fn replace_pay_in(&mut self, pick: usize) {
        let from_nowhere = |made: &&Transaction| {
            let spent = made.input[0].previous_output;
            !made.is_coinbase() && self.is_strange(spent) && !self.paid_to_us(made).is_empty()
        };
        let known: Vec<OutPoint> = self
            .made
            .values()
            .filter(from_nowhere)
            .map(|made| made.input[0].previous_output)
            .collect();
        if let Some(spent) = pick_of(&known, pick) {
            self.send(spend(&[*spent], &[(stranger(9).script_pubkey(), 777)]));
        }
    }

    /// Whether nobody in this world made it.
    fn is_strange(&self, coin: OutPoint) -> bool {
        !self.made.contains_key(&coin.txid)
    }

    /// Whether a node could have it in its mempool, or has it in its chain: nothing in the chain
    /// spends what it spends, or what that comes from. The other wallet is told of all blocks and
    /// knows; ours reads only its own, so it would believe that a stranger's payment waits.
    fn is_relayed(&self, transaction: &Transaction) -> bool {
        let txid = transaction.compute_txid();
        let chain = || self.bench.blocks.iter().flat_map(|(_, _, block)| &block.txdata);
        let spent_by_another = |coin: &OutPoint| {
            chain().any(|other| {
                other.input.iter().any(|input| input.previous_output == *coin)
                    && other.compute_txid() != txid
            })
        };
        transaction.input.iter().map(|input| input.previous_output).all(|coin| {
            let parent = self.made.get(&coin.txid);
            !spent_by_another(&coin) && parent.is_none_or(|parent| self.is_relayed(parent))
        })
    }

    /// The wallet says whether it concerns it; what it takes in is known from now on.
    fn hear(&mut self, pick: usize) {
        let relayed = |made: &&Transaction| !made.is_coinbase() && self.is_relayed(made);
        let made: Vec<&Transaction> = self.made.values().filter(relayed).collect();
        let Some(heard) = pick_of(&made, pick).map(|heard| (*heard).clone()) else { return };
        if !self.bench.wallet.concerns(&heard) {
            return;
        }
        let (txid, now) = (heard.compute_txid(), self.bench.now);
        self.bench.wallet.hear(&heard, 1, now).unwrap();
        self.bench.wallet.commit().unwrap();
        let row = self.bench.wallet.file.transaction(txid).unwrap();
        if row.is_some_and(|row| row.seen == Some(now)) {
            self.oracle.see(&heard, now);
        }
    }

    fn silence(&mut self) {
        self.pass(UNCONFIRMED_LIFETIME.as_secs() + 1);
        let last = self.bench.now.to_unix() - UNCONFIRMED_LIFETIME.as_secs();
        let left = self.bench.wallet.file.left_before(WallTime::new(last)).unwrap();
        let heard = self.bench.wallet.file.unconfirmed().unwrap();
        self.bench.wallet.expire_seen(self.bench.now).unwrap();
        self.bench.wallet.commit().unwrap();
        let (kept, mut forgotten): (BTreeSet<Txid>, BTreeSet<Txid>) = heard
            .into_iter()
            .map(|entry| entry.txid)
            .partition(|txid| self.bench.wallet.file.transaction(*txid).unwrap().is_some());
        for txid in kept {
            self.oracle.evict(txid, self.bench.now);
        }
        // What was in a block once counts there whatever is evicted, unless it never was.
        forgotten.extend(left);
        if !forgotten.is_empty() {
            self.oracle.forget(&forgotten);
        }
    }

    fn mine(&mut self, from: usize, count: usize, coinbase: bool) {
        let mut transactions = Vec::new();
        if coinbase {
            let spk = issue(&mut self.ledger, &mut self.bench, SEGWIT);
            let coinbase = self.bench.coinbase(spk, 5_000_000);
            self.made.insert(coinbase.compute_txid(), coinbase.clone());
            transactions.push(coinbase);
        }
        transactions.extend(self.minable(from, count));
        self.bench.mine(transactions.clone());
        self.oracle.mine(self.bench.tip(), &transactions);
    }

    /// Takes out of the mempool what is valid on the chain, beginning somewhere in it.
    fn minable(&mut self, from: usize, count: usize) -> Vec<Transaction> {
        let chain: Vec<&Transaction> =
            self.bench.blocks.iter().flat_map(|(_, _, block)| &block.txdata).collect();
        let mut placed: HashSet<Txid> = chain.iter().map(|t| t.compute_txid()).collect();
        let mut spent: HashSet<OutPoint> =
            chain.iter().flat_map(|t| t.input.iter().map(|i| i.previous_output)).collect();
        let mut transactions = Vec::new();
        if !self.mempool.is_empty() {
            let at = from % self.mempool.len();
            self.mempool.rotate_left(at);
        }
        for _ in 0..2 {
            for transaction in &self.mempool {
                let txid = transaction.compute_txid();
                let valid = transaction.input.iter().all(|input| {
                    let coin = input.previous_output;
                    !spent.contains(&coin) && (placed.contains(&coin.txid) || self.is_strange(coin))
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

    fn reorganise(&mut self, depth: usize, count: usize) {
        let depth = depth.min(self.bench.blocks.len() - 1);
        let gone = self.bench.reorganise(depth);
        self.mempool.extend(gone.into_iter().filter(|t| !t.is_coinbase()));
        self.check_sums();
        let transactions = self.minable(depth, count);
        self.bench.mine(transactions.clone());
        self.oracle.mine(self.bench.tip(), &transactions);
    }

    fn restart(mut self, lose: bool) -> Self {
        let line = self.bench.wallet.to_announce().unwrap();
        if lose {
            self.stage_something();
        }
        self.bench = self.bench.reopen();
        self.watched = self.bench.wallet.coins_to_watch().unwrap().into_iter().collect();
        assert_eq!(self.bench.wallet.to_announce().unwrap(), line, "what is announced");
        self
    }

    /// Changes that must leave no trace.
    fn stage_something(&mut self) {
        let spk = self.bench.script(TAPROOT, Branch::Receive, 20);
        let payment = self.bench.payment_in(spk, 12_345);
        let (at, time) = self.bench.extend(vec![payment]);
        let (_, _, block) = self.bench.blocks.pop().unwrap();
        self.bench.wallet.apply_block(at, time, &block).unwrap();
        self.bench.wallet.advance(at, time).unwrap();
        if let Some(draft) = self.pick_draft(0)
            && let Ok(drafted) = self.bench.wallet.psbt_of(draft, self.bench.now)
        {
            let (psbt, signed) = self.signed(&drafted);
            self.bench.wallet.record_signed(draft, &signed, &psbt, self.bench.now).unwrap();
        }
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
        // From lower, if a search before it did not end.
        let ScanStart::Height(from) = self.bench.wallet.scan_start().unwrap() else {
            panic!("the birthday is a height")
        };
        let left = left.min(self.bench.blocks.len() - from.to_usize().max(1));
        let gone = self.bench.blocks.split_off(self.bench.blocks.len() - left);
        let gone = gone.into_iter().flat_map(|(_, _, block)| block.txdata);
        self.mempool.extend(gone.filter(|t| !t.is_coinbase()));
        for _ in 0..left {
            // The new branch holds the same payments or what conflicts with them, later or never.
            let transactions = self.minable(left, 2);
            let (at, _) = self.bench.extend(transactions.clone());
            self.oracle.mine(at, &transactions);
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
        let coins = self.bench.coins();
        if let Some(coin) = pick_of(&coins, pick) {
            match self.bench.wallet.set_frozen(&[coin.outpoint], !coin.frozen) {
                Ok(()) => self.bench.wallet.commit().unwrap(),
                Err(error) => {
                    assert_eq!((error.name(), coin.reserved), ("coin_reserved", true));
                    return self.bench.wallet.abort().unwrap();
                }
            }
            if !self.ledger.frozen.remove(&coin.outpoint) {
                self.ledger.frozen.insert(coin.outpoint);
            }
        }
    }

    fn paid_to_us(&self, transaction: &Transaction) -> Vec<(OutPoint, Amount)> {
        let txid = transaction.compute_txid();
        (0..)
            .zip(&transaction.output)
            .filter(|(_, output)| self.bench.wallet.scripts.contains_key(&output.script_pubkey))
            .map(|(vout, output)| (OutPoint::new(txid, vout), output.value))
            .collect()
    }

    /// The tables hold what the other wallet says, and every promise is kept.
    fn check(&mut self) {
        self.ledger.check(&self.bench);
        let coins = self.bench.coins();
        let found: BTreeMap<OutPoint, (Amount, Option<u32>)> = coins
            .iter()
            .map(|coin| (coin.outpoint, (coin.amount, coin.height.map(Height::to_u32))))
            .collect();
        assert_eq!(self.oracle.coins(), found, "coins");
        let frozen: Amount = coins.iter().filter(|c| c.frozen).map(|c| c.amount).sum();
        let balance = self.bench.wallet.balance(self.bench.tip().height, self.bench.now).unwrap();
        assert_eq!(balance.total.frozen, frozen);
        let is_free = |coin: &&Coin| {
            let txid = coin.outpoint.txid;
            let has_room = || self.bench.wallet.has_room(txid, Weight::ZERO).unwrap();
            let is_settled = coin.height.is_some() || (self.lasts(txid) && has_room());
            !coin.frozen && !coin.reserved && !coin.immature && is_settled
        };
        let free: Amount = coins.iter().filter(is_free).map(|coin| coin.amount).sum();
        assert_eq!(balance.spendable, free, "what payments may take");
        assert_eq!(self.oracle.history(), self.check_sums(), "history");
        self.check_holdings(&coins);
        pages::check(&self.bench, &coins);
        self.check_received();
    }

    /// What is kept as sums is what the coins come to.
    fn check_holdings(&self, coins: &[Coin]) {
        let tip = self.bench.tip().height;
        for least in [0, 1, 2, 5, 101] {
            let holdings = self.bench.wallet.holdings(tip, least).unwrap();
            let (mut confirmed, mut immature) = (Amount::ZERO, Amount::ZERO);
            let (mut pending, mut untrusted) = (Amount::ZERO, Amount::ZERO);
            for coin in coins {
                match coin.height {
                    None if self.is_trusted(coin.outpoint.txid) => pending += coin.amount,
                    None => untrusted += coin.amount,
                    Some(_) if coin.immature => immature += coin.amount,
                    Some(height) if tip.above(height) + 1 >= least => confirmed += coin.amount,
                    Some(_) => {}
                }
            }
            assert_eq!((holdings.confirmed, holdings.immature), (confirmed, immature), "{least}");
            assert_eq!((holdings.pending, holdings.untrusted), (pending, untrusted));
        }
    }

    /// Whether nobody else can take it back: the wallet's own spend, and all that it stands on.
    fn is_trusted(&self, txid: Txid) -> bool {
        let Some(row) = self.bench.wallet.file.transaction(txid).unwrap() else { return true };
        let mut parents = row.transaction.input.iter().map(|input| input.previous_output.txid);
        let is_own = row.canonical && row.sums.fee.is_some() && !row.transaction.is_coinbase();
        row.placement.is_some() || (is_own && parents.all(|parent| self.is_trusted(parent)))
    }

    /// Whether it stays, and a block can hold it: signed here like all that it stands on, and no draft
    /// is about to replace any of that.
    fn lasts(&self, txid: Txid) -> bool {
        let file = &self.bench.wallet.file;
        let Some(row) = file.transaction(txid).unwrap() else { return true };
        let is_falling = file.about_to_be_replaced(self.bench.now).unwrap().contains(&txid);
        let is_own = row.canonical && row.signed_here && row.sums.fee.is_some();
        let mut parents = row.transaction.input.iter().map(|input| input.previous_output.txid);
        let lasts = is_own && !row.waits && !is_falling;
        row.placement.is_some() || (lasts && parents.all(|parent| self.lasts(parent)))
    }

    /// What each script was paid is what the transactions that count pay it.
    fn check_received(&self) {
        let mut expected: BTreeMap<ScriptBuf, Vec<(Txid, Amount)>> = BTreeMap::new();
        for row in self.bench.wallet.history().unwrap() {
            let counts = !matches!(row.state, PaymentState::Replaced | PaymentState::Evicted);
            let known = self.bench.wallet.file.transaction(row.txid).unwrap();
            let outputs = known.into_iter().flat_map(|known| known.transaction.output);
            for output in outputs.filter(|_| counts) {
                if self.bench.wallet.watches(&output.script_pubkey) {
                    let paid = expected.entry(output.script_pubkey).or_default();
                    paid.push((row.txid, output.value));
                }
            }
        }
        for (script, mut paid) in expected {
            let receipts = self.bench.wallet.received(std::slice::from_ref(&script)).unwrap();
            let mut found: Vec<_> = receipts.iter().map(|one| (one.txid, one.amount)).collect();
            found.sort_unstable();
            paid.sort_unstable();
            assert_eq!(found, paid, "{script}");
            let scripts = vec![script];
            let query =
                ReceivedQuery { scripts, highest: None, highest_coinbase: Height::new(u32::MAX) };
            let sum: Amount = paid.iter().map(|(_, amount)| *amount).sum();
            assert_eq!(self.bench.wallet.received_sum(&query).unwrap(), sum, "{query:?}");
        }
    }

    /// Told of what moved only, the light client watches exactly what it should.
    fn check_watched(&mut self) {
        let moved = self.bench.wallet.take_moved_coins().unwrap();
        self.watched.retain(|coin| !moved.gone.contains(coin));
        self.watched.extend(moved.coins);
        let all = self.bench.wallet.file.coins_to_watch().unwrap();
        assert_eq!(self.watched, all.into_iter().collect(), "coins to watch");
    }

    /// Coins, balance and history add up to the same; what counts of the history.
    fn check_sums(&self) -> BTreeMap<Txid, SignedAmount> {
        let coins = self.bench.coins();
        let sum: Amount = coins.iter().map(|coin| coin.amount).sum();
        assert_eq!(self.bench.total(), sum, "the balance is the sum of the coins");
        let rows = self.bench.wallet.history().unwrap();
        let tip = self.bench.tip().height;
        let counted = self.bench.wallet.holdings(tip, 0).unwrap().transactions;
        assert_eq!(counted, rows.len() as u64, "the count of the history is kept");
        let history: BTreeMap<Txid, SignedAmount> = rows
            .iter()
            .filter(|row| !matches!(row.state, PaymentState::Replaced | PaymentState::Evicted))
            .map(|row| (row.txid, row.net))
            .collect();
        let total: SignedAmount = history.values().copied().sum();
        assert_eq!(total, sum.to_signed().unwrap(), "history and coins add up to the same");
        history
    }
}

fn pick_of<T>(list: &[T], pick: usize) -> Option<&T> {
    list.get(pick.checked_rem(list.len())?)
}

/// Why something that waits may not be bumped.
const BUMP_ERRORS: [&str; 7] = [
    "cannot_bump",
    "insufficient_funds",
    "fee_too_low",
    "fee_too_high",
    "coin_reserved",
    "coin_frozen",
    "coin_waits",
];

/// Why a draft may not be signed any more.
const SIGN_ERRORS: [&str; 4] = ["no_such_draft", "draft_expired", "coin_frozen", "cannot_bump"];

/// The other key.
const WIF: &str = "cMpMxK92W1DjqDvWV3pMn4xLwAuQJhNF3MFqkEHUQRPQofUJku8R";
