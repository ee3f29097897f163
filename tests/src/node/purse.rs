//! Owns the key that mined coins belong to, and spends them: btcd has no wallet.
//!
//! Each payment spends one whole coinbase, in the order of their heights; what is left over goes
//! back to the purse and is forgotten, because there are always more blocks.

use anyhow::{Context, Result};
use bitcoin::absolute::LockTime;
use bitcoin::key::CompressedPublicKey;
use bitcoin::secp256k1::{Message, Secp256k1, SecretKey};
use bitcoin::sighash::{EcdsaSighashType, SighashCache};
use bitcoin::{
    Address, Amount, Network, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness,
    transaction,
};

/// The harness's own money.
#[derive(Debug)]
pub struct Purse {
    key: SecretKey,
    public: CompressedPublicKey,
    next_coinbase: u32,
}

impl Purse {
    /// The purse, with a key that everybody knows.
    ///
    /// # Errors
    /// None with this key.
    pub fn new() -> Result<Self> {
        let key = SecretKey::from_slice(&KEY)?;
        let public = CompressedPublicKey(key.public_key(&Secp256k1::new()));
        Ok(Self { key, public, next_coinbase: 1 })
    }

    /// Where mined coins go (P2WPKH).
    #[must_use]
    pub fn address(&self) -> Address {
        Address::p2wpkh(&self.public, Network::Regtest)
    }

    /// The script of [`Self::address`].
    #[must_use]
    pub fn script(&self) -> ScriptBuf {
        self.address().script_pubkey()
    }

    /// The height of the coinbase that the next payment spends.
    #[must_use]
    pub fn next_coinbase(&self) -> u32 {
        self.next_coinbase
    }

    /// Signs a payment that spends a coinbase of ours; the next one spends the next.
    ///
    /// # Errors
    /// That the coinbase is worth less than the outputs and the fee.
    pub fn spend(
        &mut self,
        coinbase: &Transaction,
        outputs: &[(ScriptBuf, Amount)],
    ) -> Result<Transaction> {
        let mine = self.script();
        let at = coinbase.output.iter().position(|output| output.script_pubkey == mine);
        let at = at.context("the coinbase is not ours")?;
        let value = coinbase.output[at].value;
        let paid: Amount = outputs.iter().map(|(_, amount)| *amount).sum();
        let rest = value.checked_sub(paid + FEE).context("the outputs are worth more")?;
        let paid = outputs.iter().map(|(script, amount)| (script.clone(), *amount));
        let mut transaction = Transaction {
            version: transaction::Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![TxIn {
                previous_output: OutPoint::new(coinbase.compute_txid(), u32::try_from(at)?),
                script_sig: ScriptBuf::new(),
                sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
                witness: Witness::new(),
            }],
            output: paid
                .chain([(mine, rest)])
                .map(|(script_pubkey, value)| TxOut { value, script_pubkey })
                .collect(),
        };
        self.sign(&mut transaction, value)?;
        self.next_coinbase += 1;
        Ok(transaction)
    }

    fn sign(&self, transaction: &mut Transaction, value: Amount) -> Result<()> {
        let kind = EcdsaSighashType::All;
        let mut cache = SighashCache::new(&mut *transaction);
        let digest = cache.p2wpkh_signature_hash(0, &self.script(), value, kind)?;
        let signature = Secp256k1::new().sign_ecdsa(&Message::from(digest), &self.key);
        let signature = bitcoin::ecdsa::Signature { signature, sighash_type: kind };
        *cache.witness_mut(0).context("there is one input")? =
            Witness::p2wpkh(&signature, &self.public.0);
        Ok(())
    }
}

const KEY: [u8; 32] = [7; 32];
/// Ample at one satoshi per virtual byte for some 900 outputs.
const FEE: Amount = Amount::from_sat(30_000);
