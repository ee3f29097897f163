//! Owns the network's own play money: a key that everybody knows, and payments from it.
//!
//! Refuses to be more than a source of test payments: its coins are worth nothing by design.

use bitcoin::absolute::LockTime;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::secp256k1::{Message, PublicKey, Secp256k1, SecretKey};
use bitcoin::sighash::{EcdsaSighashType, SighashCache};
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, CompressedPublicKey, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness,
    ecdsa,
};

use crate::chain_state::ChainState;
use crate::mempool::Rejected;
use crate::rules::COINBASE_MATURITY;

/// Why the faucet did not pay.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayError {
    /// It has not enough mature coins.
    #[error("the faucet has {available} to spend and needs {needed}: fund it first")]
    NotEnough {
        /// What it would need, fee included.
        needed: Amount,
        /// What it has.
        available: Amount,
    },
    /// The network refused its transaction.
    #[error("the network refuses the faucet's payment: {0}")]
    Rejected(#[from] Rejected),
}

/// The key that everybody knows, and the script of its coins (BIP141, P2WPKH).
#[derive(Debug)]
pub(crate) struct Faucet {
    secret: SecretKey,
    public: PublicKey,
    script: ScriptBuf,
}

impl Faucet {
    /// The one faucet of every network.
    pub(crate) fn new() -> Self {
        let seed = sha256::Hash::hash(b"billfold devnet faucet").to_byte_array();
        let secret = SecretKey::from_slice(&seed).expect("this hash is below the group's order");
        let public = secret.public_key(&Secp256k1::signing_only());
        let script = ScriptBuf::new_p2wpkh(&CompressedPublicKey(public).wpubkey_hash());
        Self { secret, public, script }
    }

    /// Where its coins are.
    pub(crate) fn script(&self) -> &ScriptBuf {
        &self.script
    }

    /// A signed transaction with these outputs and its change.
    pub(crate) fn pay(
        &self,
        state: &ChainState,
        outputs: Vec<TxOut>,
    ) -> Result<Transaction, PayError> {
        let paid = outputs.iter().try_fold(Amount::ZERO, |sum, out| sum.checked_add(out.value));
        let paid = paid.filter(|paid| *paid <= Amount::MAX_MONEY);
        let paid = paid.ok_or(Rejected::Invalid(crate::verify::Invalid::TooMuchMoney))?;
        let mut payment = Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: Vec::new(),
            output: outputs,
        };
        payment.output.push(TxOut { value: Amount::ZERO, script_pubkey: self.script.clone() });
        let mut spent = Vec::new();
        let (mut available, mut needed) = (Amount::ZERO, paid);
        for (outpoint, output) in self.coins(state) {
            available += output.value;
            spent.push(output);
            payment.input.push(unsigned_input(outpoint));
            needed = paid + fee(&payment);
            if available >= needed {
                break;
            }
        }
        let change = available.checked_sub(needed);
        let change = change.filter(|_| !spent.is_empty());
        let change = change.ok_or(PayError::NotEnough { needed, available })?;
        let last = payment.output.len() - 1;
        payment.output[last].value = change;
        if change < self.script.minimal_non_dust() {
            payment.output.truncate(last);
        }
        self.sign(&mut payment, &spent);
        Ok(payment)
    }

    /// What it can spend in the next block: the chain's first, the largest first.
    fn coins(&self, state: &ChainState) -> Vec<(OutPoint, TxOut)> {
        let next = state.next_place();
        let mined = state.utxos().iter().filter(|(_, coin)| {
            !coin.coinbase || coin.place.height + COINBASE_MATURITY <= next.height
        });
        let mined = mined.map(|(outpoint, coin)| (true, *outpoint, &coin.output));
        let waiting = state.mempool.transactions().flat_map(crate::utxo_set::outputs);
        let waiting = waiting.map(|(outpoint, output)| (false, outpoint, output));
        let mut coins: Vec<_> = mined
            .chain(waiting)
            .filter(|(_, outpoint, output)| {
                output.script_pubkey == self.script && !state.mempool.is_spent(outpoint)
            })
            .collect();
        coins.sort_by(|left, right| {
            (right.0, right.2.value, right.1).cmp(&(left.0, left.2.value, left.1))
        });
        coins.into_iter().map(|(_, outpoint, output)| (outpoint, output.clone())).collect()
    }

    /// Signs every input, which all spend coins of the faucet.
    pub(crate) fn sign(&self, payment: &mut Transaction, spent: &[TxOut]) {
        let secp = Secp256k1::signing_only();
        let mut cache = SighashCache::new(payment);
        for (index, output) in spent.iter().enumerate() {
            let sighash = cache
                .p2wpkh_signature_hash(index, &self.script, output.value, EcdsaSighashType::All)
                .expect("every input has its output, and the script is P2WPKH");
            let message = Message::from_digest(sighash.to_byte_array());
            let signature = secp.sign_ecdsa_low_r(&message, &self.secret);
            let witness = Witness::p2wpkh(&ecdsa::Signature::sighash_all(signature), &self.public);
            *cache.witness_mut(index).expect("every input is there") = witness;
        }
    }
}

/// An input with a witness of the size that the signature will have.
fn unsigned_input(previous_output: OutPoint) -> TxIn {
    TxIn {
        previous_output,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::from_slice(&[&[0; 71][..], &[0; 33][..]]),
    }
}

fn fee(payment: &Transaction) -> Amount {
    Amount::from_sat(payment.weight().to_vbytes_ceil() * FEE_RATE)
}

/// Satoshi per virtual byte.
const FEE_RATE: u64 = 2;
