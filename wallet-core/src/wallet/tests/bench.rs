//! A wallet on a chain that the test makes up: no proof of work, fake parents for payments in.

use std::path::PathBuf;

use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash;
use bitcoin::key::rand::{Rng, SeedableRng, rngs::StdRng};
use bitcoin::psbt::Psbt;
use bitcoin::{
    Address, Amount, Block, BlockHash, CompactTarget, FeeRate, Network, OutPoint, ScriptBuf,
    Sequence, Transaction, TxIn, TxMerkleNode, TxOut, Txid, Witness, absolute, transaction,
};
use tempfile::TempDir;

use crate::command::{
    Birthday, BumpRequest, BumpWay, Coin, CoinQuery, CommandError, Draft, FeeChoice, Hold,
    PayAmount, PayRequest, Payment, Recipient,
};
use crate::config::LookAhead;
use crate::keychain::{AccountId, Branch, DerivationIndex, ScriptType, StandardAccount};
use crate::light_client::fees::FeeReport;
use crate::light_client::height::{BlockId, Height};
use crate::light_client::time::WallTime;
use crate::seed::{Seed, Words};
use crate::signers::{self, Signer, SoftwareSigner};
use crate::vault::FileKey;
use crate::wallet::{Description, DraftMoment, Drafted, Folded, InvoiceReview, NewWallet, Wallet};

/// A wallet and its chain.
pub(crate) struct Bench {
    pub(crate) wallet: Wallet,
    pub(crate) blocks: Vec<(BlockId, WallTime, Block)>,
    pub(crate) now: WallTime,
    pub(crate) fees: FeeReport,
    random: StdRng,
    salt: u64,
    dir: TempDir,
}

pub(crate) const TAPROOT: AccountId = AccountId::new(0);
pub(crate) const SEGWIT: AccountId = AccountId::new(1);
pub(crate) const NESTED: AccountId = AccountId::new(2);
pub(crate) const LEGACY: AccountId = AccountId::new(3);

/// The words of BIP39's first test vector.
const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                     abandon abandon about";

impl Bench {
    pub(crate) fn new(look_ahead: LookAhead) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let new = new_wallet(look_ahead);
        let mut wallet = Wallet::create(&path(&dir), &key(), &new).unwrap();
        let genesis = block(BlockHash::all_zeros(), 0, Vec::new());
        let at = BlockId::new(Height::GENESIS, genesis.block_hash());
        wallet.end_search(at, WallTime::new(1_600_000_000)).unwrap();
        wallet.commit().unwrap();
        Self {
            wallet,
            blocks: vec![(at, WallTime::new(1_600_000_000), genesis)],
            now: WallTime::new(1_700_000_000),
            fees: FeeReport::NOTHING,
            random: StdRng::seed_from_u64(7),
            salt: 0,
            dir,
        }
    }

    /// The wallet as a new process finds it: what was not committed is gone.
    pub(crate) fn reopen(self) -> Self {
        let Self { wallet, blocks, now, fees, random, salt, dir } = self;
        drop(wallet);
        let wallet = Wallet::open(&path(&dir), &key()).unwrap();
        Self { wallet, blocks, now, fees, random, salt, dir }
    }

    pub(crate) fn tip(&self) -> BlockId {
        self.blocks.last().unwrap().0
    }

    /// All coins of the wallet, the oldest first.
    pub(crate) fn coins(&self) -> Vec<Coin> {
        self.wallet.coins(&CoinQuery::default(), self.tip().height, self.now).unwrap()
    }

    /// Mines a block and lets the wallet follow it.
    pub(crate) fn mine(&mut self, transactions: Vec<Transaction>) -> Folded {
        let (at, time) = self.extend(transactions);
        let block = self.blocks.last().unwrap().2.clone();
        let folded = self.wallet.apply_block(at, time, &block).unwrap();
        self.wallet.advance(at, time).unwrap();
        self.wallet.commit().unwrap();
        folded
    }

    /// Looks at every invoice again that a transaction or a block can concern.
    pub(crate) fn review_invoices(&mut self) {
        let touched = self.wallet.history().unwrap().iter().map(|row| row.txid).collect();
        let applied = Some(self.tip().height);
        let review = InvoiceReview { touched: &touched, applied, moved: true, now: self.now };
        self.wallet.review_invoices(&review).unwrap();
        self.wallet.commit().unwrap();
    }

    /// Mines empty blocks.
    pub(crate) fn mine_empty(&mut self, count: u32) {
        for _ in 0..count {
            self.mine(Vec::new());
        }
    }

    /// Adds a block to the chain without telling the wallet.
    pub(crate) fn extend(&mut self, transactions: Vec<Transaction>) -> (BlockId, WallTime) {
        let tip = self.tip();
        self.salt += 1;
        let block = block(tip.hash, self.salt, transactions);
        let at = BlockId::new(tip.height.next(), block.block_hash());
        let time = WallTime::new(1_600_000_000 + 600 * u64::from(at.height.to_u32()));
        self.blocks.push((at, time, block));
        (at, time)
    }

    /// Takes blocks off the chain and lets the wallet follow; their transactions, oldest first.
    pub(crate) fn reorganise(&mut self, depth: usize) -> Vec<Transaction> {
        let keep = self.blocks.len() - depth;
        let gone = self.blocks.split_off(keep);
        self.wallet.roll_back(self.tip()).unwrap();
        self.wallet.commit().unwrap();
        gone.into_iter().flat_map(|(_, _, block)| block.txdata).collect()
    }

    /// A payment from elsewhere.
    pub(crate) fn payment_in(&mut self, spk: ScriptBuf, sat: u64) -> Transaction {
        let parent = self.fake_outpoint();
        spend(&[parent], &[(spk, sat)])
    }

    pub(crate) fn coinbase(&mut self, spk: ScriptBuf, sat: u64) -> Transaction {
        self.salt += 1;
        let mut transaction = spend(&[OutPoint::null()], &[(spk, sat)]);
        transaction.input[0].script_sig = bitcoin::script::Builder::new()
            .push_int(i64::try_from(self.salt).unwrap())
            .into_script();
        transaction
    }

    pub(crate) fn fake_outpoint(&mut self) -> OutPoint {
        self.salt += 1;
        OutPoint::new(Txid::hash(&self.salt.to_le_bytes()), 0)
    }

    /// Pays a script of the wallet in a block of its own.
    pub(crate) fn fund(&mut self, account: AccountId, sat: u64) -> OutPoint {
        let spk = self.issue(account);
        let transaction = self.payment_in(spk, sat);
        let outpoint = OutPoint::new(transaction.compute_txid(), 0);
        self.mine(vec![transaction]);
        outpoint
    }

    /// The next receiving script of an account.
    pub(crate) fn issue(&mut self, account: AccountId) -> ScriptBuf {
        let keychain = crate::keychain::KeychainId { account, branch: Branch::Receive };
        let index = self.wallet.issue(keychain).unwrap();
        self.wallet.commit().unwrap();
        self.script(account, Branch::Receive, index.to_u32())
    }

    pub(crate) fn script(&self, id: AccountId, branch: Branch, at: u32) -> ScriptBuf {
        self.wallet.account(id).unwrap().script(branch, DerivationIndex::new(at).unwrap())
    }

    pub(crate) fn moment(&mut self) -> DraftMoment {
        DraftMoment {
            now: self.now,
            tip: self.tip().height,
            entropy: self.random.r#gen(),
            fees: self.fees.clone(),
            request: None,
        }
    }

    pub(crate) fn try_draft(&mut self, request: &PayRequest) -> Result<Draft, CommandError> {
        let moment = self.moment();
        let drafted = self.wallet.draft(request, &moment)?;
        self.wallet.commit()?;
        match drafted {
            Drafted::Draft(draft) => Ok(*draft),
            Drafted::Payment(payment) => panic!("paid already: {payment:?}"),
        }
    }

    pub(crate) fn draft(&mut self, request: &PayRequest) -> Draft {
        self.try_draft(request).unwrap()
    }

    /// Signs as the engine does, with the software signer.
    pub(crate) fn sign(&mut self, draft: &Draft) -> Payment {
        let (signed, psbt) = self.signatures(draft);
        let (payment, _) = self.wallet.record_signed(draft.id, &signed, &psbt, self.now).unwrap();
        self.wallet.commit().unwrap();
        payment
    }

    /// The signed transaction of a draft, of which the wallet does not know.
    pub(crate) fn signed(&self, draft: &Draft) -> Transaction {
        self.signatures(draft).0
    }

    fn signatures(&self, draft: &Draft) -> (Transaction, Psbt) {
        let drafted = self.wallet.psbt_of(draft.id, self.now).unwrap();
        let mut psbt = drafted.clone();
        SoftwareSigner::new(seed(), Network::Regtest).sign(&mut psbt).unwrap();
        (signers::finish(&psbt, &drafted).unwrap(), psbt)
    }

    /// What a payment is told to be able to take.
    pub(crate) fn spendable(&self) -> Amount {
        self.wallet.balance(self.tip().height, self.now).unwrap().spendable
    }

    /// Everything there is, immature included, by the tables.
    pub(crate) fn total(&self) -> Amount {
        let parts = self.wallet.balance(self.tip().height, self.now).unwrap().total;
        parts.confirmed + parts.pending + parts.immature + parts.frozen
    }
}

/// A request to pay one recipient.
pub(crate) fn pay(address: &Address, amount: PayAmount) -> PayRequest {
    PayRequest {
        recipients: vec![Recipient { address: address.clone(), amount, note: None }],
        fee: FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(2)),
        ..PayRequest::default()
    }
}

/// The same payment at a higher rate.
pub(crate) fn replacement(txid: Txid, sat_per_vb: u32) -> BumpRequest {
    BumpRequest {
        txid,
        way: BumpWay::Replace,
        fee: FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(sat_per_vb)),
        most_fee: None,
        hold: Hold::Briefly,
        dry_run: false,
    }
}

pub(crate) fn exactly(sat: u64) -> PayAmount {
    PayAmount::Exactly(Amount::from_sat(sat))
}

/// An address of somebody else.
pub(crate) fn stranger(number: u8) -> Address {
    let program = bitcoin::WitnessProgram::new(bitcoin::WitnessVersion::V0, &[number; 20]).unwrap();
    Address::from_witness_program(program, Network::Regtest)
}

/// A transaction without signatures.
pub(crate) fn spend(inputs: &[OutPoint], outputs: &[(ScriptBuf, u64)]) -> Transaction {
    let input = |previous_output: &OutPoint| TxIn {
        previous_output: *previous_output,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::new(),
    };
    let output = |(spk, sat): &(ScriptBuf, u64)| TxOut {
        value: Amount::from_sat(*sat),
        script_pubkey: spk.clone(),
    };
    Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: inputs.iter().map(input).collect(),
        output: outputs.iter().map(output).collect(),
    }
}

pub(crate) fn new_wallet(look_ahead: LookAhead) -> NewWallet {
    let seed = seed();
    let keys = ScriptType::ALL.map(StandardAccount::first);
    NewWallet {
        description: Description {
            network: Network::Regtest,
            name: "main".to_owned(),
            fingerprint: Some(seed.fingerprint()),
            birthday: Birthday::Height(Height::GENESIS),
            takes_keys: true,
            external_signer: false,
            preferred: TAPROOT,
            look_ahead,
        },
        accounts: seed.accounts(&keys, Network::Regtest),
        sealed_seed: Some(b"sealed".to_vec()),
        passphrase: None,
        avoids_reuse: false,
    }
}

pub(crate) fn key() -> FileKey {
    FileKey::for_tests(1)
}

pub(crate) fn seed() -> Seed {
    Seed::new(&Words::parse(WORDS).unwrap(), "")
}

fn path(dir: &TempDir) -> PathBuf {
    dir.path().join("main.db")
}

fn block(prev_blockhash: BlockHash, salt: u64, txdata: Vec<Transaction>) -> Block {
    let header = Header {
        version: Version::TWO,
        prev_blockhash,
        merkle_root: TxMerkleNode::hash(&salt.to_le_bytes()),
        time: 0,
        bits: CompactTarget::from_consensus(0x207f_ffff),
        nonce: 0,
    };
    Block { header, txdata }
}
