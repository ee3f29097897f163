//! Owns the search for the coins of other keys, block by block, and the payment that they make.
//!
//! Refuses private keys, and to remember anything: the keys are swept once and never watched again.

use std::collections::{BTreeMap, HashMap};

use bitcoin::absolute::LockTime;
use bitcoin::bip32::{DerivationPath, Fingerprint};
use bitcoin::hashes::Hash;
use bitcoin::key::CompressedPublicKey;
use bitcoin::psbt::{self, Psbt};
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, Block, Network, OutPoint, PublicKey, ScriptBuf, Sequence, Transaction, TxIn, TxOut,
    Weight,
};

use crate::command::{Birthday, SweepRequest, SweepSource};
use crate::keychain::{Account, AccountId, Branch, DerivationIndex, SECP, ScriptType, SpendPlan};
use crate::light_client::height::Height;
use crate::light_client::input::ScanStart;
use crate::light_client::time::WallTime;

/// A search that goes on, and what it found so far.
#[derive(Debug)]
pub struct Sweep {
    since: ScanStart,
    gap: u32,
    accounts: Vec<Account>,
    /// How far each chain of addresses is watched.
    watched: HashMap<(usize, Branch), u32>,
    scripts: HashMap<ScriptBuf, Place>,
    coins: BTreeMap<OutPoint, Found>,
    /// Scripts that nobody was told of yet.
    grown: Vec<ScriptBuf>,
}

/// What makes a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Key(PublicKey, ScriptType),
    Account(usize, Branch, DerivationIndex),
}

/// A coin that was found.
#[derive(Debug, Clone)]
struct Found {
    /// The transaction that made it, as proof of its amount.
    parent: Transaction,
    place: Place,
    height: Height,
    spent: Option<Height>,
}

/// A coin that can be swept.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepCoin {
    /// Which output.
    pub outpoint: OutPoint,
    /// How much.
    pub amount: Amount,
    /// What spending it takes.
    pub plan: SpendPlan,
}

impl Sweep {
    /// A search for what the sources can have been paid.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "the name is a constant")]
    pub fn new(request: &SweepRequest, network: Network) -> Self {
        let since = match request.from {
            Birthday::Height(height) => ScanStart::Height(height),
            Birthday::Time(time) => ScanStart::Time(WallTime::new(time)),
        };
        let mut sweep = Self {
            since,
            gap: request.gap,
            accounts: Vec::new(),
            watched: HashMap::new(),
            scripts: HashMap::new(),
            coins: BTreeMap::new(),
            grown: Vec::new(),
        };
        for source in &request.sources {
            match source {
                SweepSource::Key(key) => sweep.watch_key(*key),
                SweepSource::Account(descriptor) => {
                    let id =
                        AccountId::new(u16::try_from(sweep.accounts.len()).unwrap_or(u16::MAX));
                    let name = NAME.parse().expect("letters are a name");
                    let account = Account::new(id, name, network, *descriptor.clone(), &[]);
                    sweep.accounts.push(account);
                    let at = sweep.accounts.len() - 1;
                    for branch in [Branch::Receive, Branch::Change] {
                        sweep.extend(at, branch, 0);
                    }
                }
            }
        }
        sweep
    }

    /// Where the search begins.
    #[must_use]
    pub const fn since(&self) -> ScanStart {
        self.since
    }

    /// Scripts that nobody was told of yet.
    pub fn take_grown(&mut self) -> Vec<ScriptBuf> {
        std::mem::take(&mut self.grown)
    }

    /// All scripts, for a chain client that begins anew.
    #[must_use]
    pub fn scripts(&self) -> Vec<ScriptBuf> {
        self.scripts.keys().cloned().collect()
    }

    /// Looks at a block; in any order, again as often as it comes. Scripts that it pays, which was
    /// not known.
    pub fn apply_block(&mut self, height: Height, block: &Block) -> Vec<ScriptBuf> {
        let mut found = Vec::new();
        for transaction in &block.txdata {
            for input in &transaction.input {
                if let Some(coin) = self.coins.get_mut(&input.previous_output) {
                    coin.spent = Some(height);
                }
            }
            let mut parent = None;
            for (vout, output) in (0..).zip(&transaction.output) {
                let Some(&place) = self.scripts.get(&output.script_pubkey) else { continue };
                let txid = *parent.get_or_insert_with(|| transaction.compute_txid());
                let outpoint = OutPoint::new(txid, vout);
                if let Some(known) = self.coins.get_mut(&outpoint) {
                    known.height = height;
                    continue;
                }
                let coin = Found { parent: transaction.clone(), place, height, spent: None };
                self.coins.insert(outpoint, coin);
                found.push(output.script_pubkey.clone());
                if let Place::Account(account, branch, index) = place {
                    self.extend(account, branch, index.to_u32().saturating_add(1));
                }
            }
        }
        found
    }

    /// Forgets what was found above a block that the chain was left at.
    pub fn roll_back(&mut self, fork: Height) {
        self.coins.retain(|_, coin| coin.height <= fork);
        for coin in self.coins.values_mut() {
            coin.spent = coin.spent.filter(|height| *height <= fork);
        }
    }

    /// What can be spent in the block above `tip`, the largest first; and what can't.
    #[must_use]
    pub fn spendable(&self, tip: Height) -> (Vec<SweepCoin>, Amount) {
        let (mut coins, mut young) = (Vec::new(), Amount::ZERO);
        for (&outpoint, coin) in self.coins.iter().filter(|(_, coin)| coin.spent.is_none()) {
            let Some(output) = coin.output(outpoint) else { continue };
            let mature = coin.height.to_u32().saturating_add(COINBASE_DEPTH) <= tip.to_u32();
            if coin.parent.is_coinbase() && !mature {
                young = young.checked_add(output.value).unwrap_or(Amount::MAX_MONEY);
            } else {
                let plan = self.plan(coin.place);
                coins.push(SweepCoin { outpoint, amount: output.value, plan });
            }
        }
        coins.sort_by_key(|coin| std::cmp::Reverse(coin.amount));
        (coins, young)
    }

    /// The payment of these coins to a script, with all that a signer must know.
    #[must_use]
    pub fn payment(&self, coins: &[SweepCoin], to: TxOut, tip: Height) -> Option<Psbt> {
        let input = |coin: &SweepCoin| TxIn {
            previous_output: coin.outpoint,
            sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
            ..TxIn::default()
        };
        let transaction = Transaction {
            version: Version::TWO,
            lock_time: LockTime::from_height(tip.to_u32()).unwrap_or(LockTime::ZERO),
            input: coins.iter().map(input).collect(),
            output: vec![to],
        };
        let mut psbt = Psbt::from_unsigned_tx(transaction).ok()?;
        for (input, coin) in psbt.inputs.iter_mut().zip(coins) {
            let found = self.coins.get(&coin.outpoint)?;
            let output = found.output(coin.outpoint)?;
            input.witness_utxo = coin.plan.has_witness.then(|| output.clone());
            input.non_witness_utxo = Some(found.parent.clone());
            match found.place {
                Place::Key(key, script_type) => annotate(input, key, script_type),
                Place::Account(account, branch, index) => {
                    self.accounts.get(account)?.annotate_input(branch, index, input);
                }
            }
        }
        Some(psbt)
    }

    fn plan(&self, place: Place) -> SpendPlan {
        match place {
            Place::Account(account, ..) => self.accounts[account].spend_plan(),
            Place::Key(key, script_type) => {
                let plan = SpendPlan::of_single_key(script_type);
                // An uncompressed key is 32 bytes longer, each of weight 4.
                let longer = if key.compressed { 0 } else { 4 * 32 };
                SpendPlan { satisfaction: plan.satisfaction + Weight::from_wu(longer), ..plan }
            }
        }
    }

    fn watch_key(&mut self, key: PublicKey) {
        for script_type in ScriptType::ALL {
            if let Some(script) = script(key, script_type) {
                self.scripts.insert(script.clone(), Place::Key(key, script_type));
                self.grown.push(script);
            }
        }
    }

    /// Watches a chain of addresses up to the gap above `used`.
    fn extend(&mut self, account: usize, branch: Branch, used: u32) {
        let watched = self.watched.entry((account, branch)).or_default();
        let until = used.saturating_add(self.gap);
        for index in (*watched..until).filter_map(DerivationIndex::new) {
            let script = self.accounts[account].script(branch, index);
            self.scripts.insert(script.clone(), Place::Account(account, branch, index));
            self.grown.push(script);
        }
        *watched = until.max(*watched);
    }
}

impl Found {
    fn output(&self, outpoint: OutPoint) -> Option<&TxOut> {
        self.parent.output.get(usize::try_from(outpoint.vout).ok()?)
    }
}

/// The fingerprint that a single key is named by: as BIP32 makes them.
#[must_use]
pub fn fingerprint(key: PublicKey) -> Fingerprint {
    let [a, b, c, d, ..] = PublicKey::new(key.inner).pubkey_hash().to_byte_array();
    Fingerprint::from([a, b, c, d])
}

/// The script that wallets make of a single key; segwit has no uncompressed keys.
fn script(key: PublicKey, script_type: ScriptType) -> Option<ScriptBuf> {
    if script_type == ScriptType::Legacy {
        return Some(ScriptBuf::new_p2pkh(&key.pubkey_hash()));
    }
    let compressed = CompressedPublicKey::try_from(key).ok()?;
    let program = ScriptBuf::new_p2wpkh(&compressed.wpubkey_hash());
    Some(match script_type {
        ScriptType::Nested => program.to_p2sh(),
        ScriptType::Taproot => ScriptBuf::new_p2tr(&SECP, key.inner.into(), None),
        ScriptType::Segwit | ScriptType::Legacy => program,
    })
}

fn annotate(input: &mut psbt::Input, key: PublicKey, script_type: ScriptType) {
    let origin = (fingerprint(key), DerivationPath::master());
    if script_type == ScriptType::Taproot {
        input.tap_internal_key = Some(key.inner.into());
        input.tap_key_origins.insert(key.inner.into(), (Vec::new(), origin));
        return;
    }
    input.bip32_derivation.insert(key.inner, origin);
    if script_type == ScriptType::Nested
        && let Ok(key) = CompressedPublicKey::try_from(key)
    {
        input.redeem_script = Some(ScriptBuf::new_p2wpkh(&key.wpubkey_hash()));
    }
}

/// A coinbase may be spent by the block this far above its own; the one above the tip is meant.
const COINBASE_DEPTH: u32 = 99;

/// What the accounts are called here; nobody sees it.
const NAME: &str = "sweep";
