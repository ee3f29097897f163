//! Owns whoever pays the wallet in single transactions, thousands in a block: from a heap of coins of
//! one known key, each of which pays and goes back to the heap.
//!
//! The network's own faucet looks through all coins for each payment, which is too slow for that.

use anyhow::{Context, Result};
use billfold_devnet::Devnet;
use bitcoin::absolute::LockTime;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::secp256k1::{All, Message, Secp256k1, SecretKey};
use bitcoin::sighash::{EcdsaSighashType, SighashCache};
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, CompressedPublicKey, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness,
    ecdsa,
};

/// Payments in a block, and coins of the heap.
const IN_A_BLOCK: usize = 1_000;

/// What each payment pays, in satoshi.
const PAID: u64 = 100_000;

/// What each costs, in satoshi.
const FEE: u64 = 300;

/// Pays these scripts in turn, until there are so many payments.
pub(crate) fn pay(network: &Devnet, scripts: &[ScriptBuf], payments: usize) -> Result<()> {
    let key = Key::new()?;
    let rounds = u64::try_from(payments.div_ceil(IN_A_BLOCK))?;
    let each = Amount::from_sat((rounds + 1) * (PAID + FEE));
    let heap = vec![(key.script.clone(), each); IN_A_BLOCK.min(payments)];
    let mut mined = 0;
    let mut scripts = scripts.iter().cycle();
    let mut coins = Vec::new();
    for part in heap.chunks(100) {
        let txid = network.pay_many(part)?;
        let outputs = network.transaction(txid).context("it was just made")?.output;
        let own = outputs.into_iter().enumerate().filter(|(_, o)| o.script_pubkey == key.script);
        for (vout, output) in own {
            coins.push((OutPoint::new(txid, u32::try_from(vout)?), output));
        }
    }
    network.mine(1, &ScriptBuf::new_op_return([0; 4]));
    while mined < payments {
        for coin in coins.iter_mut().take(payments - mined) {
            let script = scripts.next().context("no address")?;
            let payment = key.payment(coin, script)?;
            let change = payment.output[1].clone();
            *coin = (OutPoint::new(network.submit(payment)?, 1), change);
        }
        mined += coins.len();
        network.mine(1, &ScriptBuf::new_op_return([0; 4]));
    }
    Ok(())
}

struct Key {
    secp: Secp256k1<All>,
    secret: SecretKey,
    public: CompressedPublicKey,
    script: ScriptBuf,
}

impl Key {
    fn new() -> Result<Self> {
        let secp = Secp256k1::new();
        let seed = sha256::Hash::hash(b"billfold load").to_byte_array();
        let secret = SecretKey::from_slice(&seed)?;
        let public = CompressedPublicKey(secret.public_key(&secp));
        let script = ScriptBuf::new_p2wpkh(&public.wpubkey_hash());
        Ok(Self { secp, secret, public, script })
    }

    /// A signed payment to a script, with what is left as its second output.
    fn payment(&self, (outpoint, coin): &(OutPoint, TxOut), to: &ScriptBuf) -> Result<Transaction> {
        let paid = Amount::from_sat(PAID);
        let left = coin.value - paid - Amount::from_sat(FEE);
        let mut payment = Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![TxIn {
                previous_output: *outpoint,
                script_sig: ScriptBuf::new(),
                sequence: Sequence::MAX,
                witness: Witness::new(),
            }],
            output: vec![
                TxOut { value: paid, script_pubkey: to.clone() },
                TxOut { value: left, script_pubkey: self.script.clone() },
            ],
        };
        let kind = EcdsaSighashType::All;
        let sighash =
            SighashCache::new(&payment).p2wpkh_signature_hash(0, &self.script, coin.value, kind)?;
        let message = Message::from_digest(sighash.to_byte_array());
        let signature = self.secp.sign_ecdsa(&message, &self.secret);
        payment.input[0].witness =
            Witness::p2wpkh(&ecdsa::Signature::sighash_all(signature), &self.public.0);
        Ok(payment)
    }
}
