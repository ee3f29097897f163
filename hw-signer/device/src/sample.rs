//! Owns what tests and fuzz bodies begin with: two seeds, and PSBTs as an honest wallet makes them.
//!
//! Refuses to be part of a product.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use bitcoin::absolute::LockTime;
use bitcoin::psbt::Psbt;
use bitcoin::transaction::Version;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness};
use miniscript::descriptor::{DefiniteDescriptorKey, Descriptor};
use miniscript::psbt::{PsbtInputExt as _, PsbtOutputExt as _};

use crate::keys::Keys;
use crate::network::Network;
use crate::path::Variant;
use crate::words::Words;

/// The keys of this device.
pub(crate) fn keys() -> Keys {
    seed(
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
          about",
    )
}

/// Somebody else's.
pub(crate) fn others() -> Keys {
    seed("zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong")
}

fn seed(words: &str) -> Keys {
    Keys::new(&Words::parse(words).expect("good words"), "", Network::Test)
}

/// The extended key at a path, with its origin.
pub(crate) fn key(keys: &Keys, path: &str) -> String {
    let xpub = keys.xpub(&path.parse().expect("a good path"));
    format!("[{}/{path}]{xpub}", keys.fingerprint())
}

/// The descriptor of an address of a standard account.
pub(crate) fn single(keys: &Keys, variant: Variant, branch: u32, index: u32) -> String {
    let key = key(keys, &format!("{}'/1'/0'", variant.purpose()));
    variant.name().replace("(k)", &format!("({key}/{branch}/{index})"))
}

/// A PSBT that grows.
pub(crate) struct Draft(pub(crate) Psbt);

impl Draft {
    pub(crate) fn new() -> Self {
        let (input, output) = (Vec::new(), Vec::new());
        let lock_time = LockTime::ZERO;
        let transaction = Transaction { version: Version::TWO, lock_time, input, output };
        Self(Psbt::from_unsigned_tx(transaction).expect("it is not signed"))
    }

    /// An input that spends a coin of a descriptor, with the transaction before it.
    pub(crate) fn input(mut self, descriptor: &str, sat: u64) -> Self {
        let descriptor = definite(descriptor);
        let txid = Txid::from_raw_hash(bitcoin::hashes::Hash::all_zeros());
        let number = u32::try_from(self.0.inputs.len()).expect("a few");
        let previous = Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![TxIn {
                previous_output: OutPoint::new(txid, number),
                script_sig: ScriptBuf::new(),
                sequence: Sequence::MAX,
                witness: Witness::new(),
            }],
            output: vec![TxOut {
                value: Amount::from_sat(sat),
                script_pubkey: descriptor.script_pubkey(),
            }],
        };
        self.0.unsigned_tx.input.push(TxIn {
            previous_output: OutPoint::new(previous.compute_txid(), 0),
            script_sig: ScriptBuf::new(),
            sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
            witness: Witness::new(),
        });
        let mut input = bitcoin::psbt::Input::default();
        input.update_with_descriptor_unchecked(&descriptor).expect("keys can be derived");
        if !descriptor.script_pubkey().is_p2pkh() {
            input.witness_utxo = Some(previous.output[0].clone());
        }
        input.non_witness_utxo = Some(previous);
        self.0.inputs.push(input);
        self
    }

    /// An output to a descriptor, which names its keys as a wallet does for its own.
    pub(crate) fn own_output(mut self, descriptor: &str, sat: u64) -> Self {
        let descriptor = definite(descriptor);
        let mut output = bitcoin::psbt::Output::default();
        output.update_with_descriptor_unchecked(&descriptor).expect("keys can be derived");
        self.0.outputs.push(output);
        self.pay(descriptor.script_pubkey(), sat)
    }

    /// An output to somebody.
    pub(crate) fn output(mut self, descriptor: &str, sat: u64) -> Self {
        self.0.outputs.push(bitcoin::psbt::Output::default());
        self.pay(definite(descriptor).script_pubkey(), sat)
    }

    /// An output to a script.
    pub(crate) fn script(mut self, script: ScriptBuf, sat: u64) -> Self {
        self.0.outputs.push(bitcoin::psbt::Output::default());
        self.pay(script, sat)
    }

    /// Leaves the transactions before away.
    pub(crate) fn without_previous(mut self) -> Self {
        for input in &mut self.0.inputs {
            if let Some(previous) = input.non_witness_utxo.take() {
                input.witness_utxo = Some(previous.output[0].clone());
            }
        }
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.serialize()
    }

    fn pay(mut self, script_pubkey: ScriptBuf, sat: u64) -> Self {
        self.0.unsigned_tx.output.push(TxOut { value: Amount::from_sat(sat), script_pubkey });
        self
    }
}

/// The descriptor of a policy at an index, from its template.
pub(crate) fn policy(template: &str, keys: &[String], branch: u32, index: u32) -> String {
    let mut text = template.to_string();
    for (number, key) in keys.iter().enumerate().rev() {
        text = text.replace(&format!("@{number}"), key);
    }
    text.replace("/**", &format!("/{branch}/{index}"))
}

pub(crate) fn definite(descriptor: &str) -> Descriptor<DefiniteDescriptorKey> {
    descriptor.parse().expect("a good descriptor")
}
