//! Owns `Solver`: what a caller tells of how coins of others are spent, from which the weight
//! of a signed input follows (`InferDescriptor` and `MaxInputWeight` of Bitcoin Core's
//! `src/script/descriptor.cpp` and `src/wallet/spend.cpp`).
//!
//! Refuses amounts: of what a coin holds only the transaction that made it is believed, which the
//! caller may tell in `transactions`, a field that Core has not.

use std::collections::{BTreeMap, HashMap};

use bitcoin::hashes::{Hash as _, hash160};
use bitcoin::hex::FromHex;
use bitcoin::{Network, PublicKey, Script, ScriptBuf, Transaction, Txid, Weight};
use miniscript::descriptor::{Descriptor, ShInner};
use miniscript::{
    BareCtx, ExtParams, ForEachKey as _, Legacy, Miniscript, ScriptContext, Segwitv0, Terminal,
};

use super::multisig;
use crate::arguments;
use crate::descriptor_text::Read;
use crate::error::{Code, RpcError};
use crate::json::{Object, Value};
use crate::script::{bare_key, multisig as is_multisig};
use crate::transaction_hex;

/// What is told of coins of others.
#[derive(Debug, Default)]
pub(super) struct Solver {
    keys: BTreeMap<hash160::Hash, PublicKey>,
    scripts: HashMap<ScriptBuf, ScriptBuf>,
    parents: HashMap<Txid, Transaction>,
}

/// What an input weighs once it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Solved {
    pub(super) weight: Weight,
    pub(super) has_witness: bool,
}

impl Solver {
    /// Reads the field of the options.
    ///
    /// # Errors
    /// -5 for a key or a script that is none, -8 for a descriptor, -22 for a transaction.
    pub(super) fn read(fields: &Object, network: Network) -> Result<Self, RpcError> {
        let mut data = Self::default();
        for value in list(fields, "pubkeys")? {
            data.add_key(&multisig::key(value)?);
        }
        for value in list(fields, "scripts")? {
            let text = arguments::text(value)?;
            let bytes = Vec::from_hex(text).ok().filter(|bytes| !bytes.is_empty());
            let not_hex = || RpcError::address_or_key(format!("'{text}' is not hex"));
            data.add_script(ScriptBuf::from_bytes(bytes.ok_or_else(not_hex)?));
        }
        for value in list(fields, "descriptors")? {
            data.add_descriptor(arguments::text(value)?, network)?;
        }
        for value in list(fields, "transactions")? {
            let transaction = transaction_hex::read(arguments::text(value)?, None);
            let transaction = transaction
                .ok_or_else(|| RpcError::new(Code::Deserialization, "TX decode failed"))?;
            data.parents.insert(transaction.compute_txid(), transaction);
        }
        Ok(data)
    }

    /// The transaction of an id, if it was told.
    pub(super) fn parent(&self, txid: Txid) -> Option<&Transaction> {
        self.parents.get(&txid)
    }

    /// What spending a script takes, if that can be told.
    pub(super) fn solve(&self, spk: &Script) -> Option<Solved> {
        // As Core has it: by the key, with a type of signature that is spelled out.
        let (satisfaction, has_witness) = if spk.is_p2tr() {
            (TAPROOT_SIGNATURE, true)
        } else {
            let descriptor = self.descriptor(spk)?;
            let has_witness = descriptor.desc_type().segwit_version().is_some();
            (descriptor.max_weight_to_satisfy().ok()?.to_wu(), has_witness)
        };
        Some(Solved { weight: Weight::from_wu(EMPTY_INPUT + satisfaction), has_witness })
    }

    fn add_key(&mut self, key: &[u8]) {
        // One of the hybrid form is in no script that is standard.
        let Ok(key) = PublicKey::from_slice(key) else { return };
        self.keys.insert(hash160::Hash::hash(&key.to_bytes()), key);
        if let Ok(hash) = key.wpubkey_hash() {
            self.add_script(ScriptBuf::new_p2wpkh(&hash));
        }
    }

    /// By the outputs that commit to it.
    fn add_script(&mut self, script: ScriptBuf) {
        self.scripts.insert(script.to_p2wsh(), script.clone());
        self.scripts.insert(script.to_p2sh(), script);
    }

    /// The keys and the scripts of its first place.
    fn add_descriptor(&mut self, text: &str, network: Network) -> Result<(), RpcError> {
        let refused = |error: RpcError| {
            let why = error.message;
            RpcError::parameter(format!("Unable to parse descriptor '{text}': {why}"))
        };
        let read = Read::parse(text, network, true).map_err(refused)?;
        for branch in 0..read.branch_count() {
            for definite in read.definite(branch, 0).map_err(refused)? {
                definite.for_each_key(|key| {
                    let key = key.derive_public_key(&crate::descriptor::SECP);
                    if let Ok(key) = key {
                        self.add_key(&key.to_bytes());
                    }
                    true
                });
                match &definite {
                    Descriptor::Sh(sh) => {
                        if let ShInner::Wsh(wsh) = sh.as_inner() {
                            self.add_script(wsh.inner_script());
                        }
                        self.add_script(sh.inner_script());
                    }
                    Descriptor::Wsh(wsh) => self.add_script(wsh.inner_script()),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn descriptor(&self, spk: &Script) -> Option<Descriptor<PublicKey>> {
        if spk.is_p2pkh() {
            return Descriptor::new_pkh(self.key(&spk.as_bytes()[3..23])?).ok();
        }
        if spk.is_p2wpkh() {
            return Descriptor::new_wpkh(self.key(&spk.as_bytes()[2..])?).ok();
        }
        if spk.is_p2wsh() {
            return Descriptor::new_wsh(self.policy::<Segwitv0>(self.scripts.get(spk)?)?).ok();
        }
        if spk.is_p2sh() {
            let inner = self.scripts.get(spk)?;
            if inner.is_p2wpkh() {
                return Descriptor::new_sh_wpkh(self.key(&inner.as_bytes()[2..])?).ok();
            }
            if inner.is_p2wsh() {
                let script = self.scripts.get(inner)?;
                return Descriptor::new_sh_wsh(self.policy::<Segwitv0>(script)?).ok();
            }
            // Core knows no miniscript there.
            let is_plain =
                inner.is_p2pkh() || bare_key(inner).is_some() || is_multisig(inner).is_some();
            let policy = is_plain.then(|| self.policy::<Legacy>(inner))??;
            return Descriptor::new_sh(policy).ok();
        }
        let is_plain = bare_key(spk).is_some() || is_multisig(spk).is_some();
        let policy = is_plain.then(|| self.policy::<BareCtx>(spk))??;
        Descriptor::new_bare(policy).ok()
    }

    fn policy<Ctx: ScriptContext<Key = PublicKey>>(
        &self,
        script: &Script,
    ) -> Option<Miniscript<PublicKey, Ctx>> {
        let rules = ExtParams::sane().raw_pkh();
        let policy = Miniscript::<PublicKey, Ctx>::parse_with_ext(script, &rules).ok()?;
        let is_known = |part: &Miniscript<PublicKey, Ctx>| match &part.node {
            Terminal::RawPkH(hash) => self.keys.contains_key(hash),
            _ => true,
        };
        policy.iter().all(is_known).then_some(policy)
    }

    fn key(&self, hash: &[u8]) -> Option<PublicKey> {
        self.keys.get(&hash160::Hash::from_slice(hash).ok()?).copied()
    }
}

fn list<'a>(fields: &'a Object, name: &str) -> Result<&'a [Value], RpcError> {
    fields.get(name).map_or(Ok(&[]), arguments::array)
}

/// Outpoint, length of an empty script, sequence, and the count of an empty witness, which any
/// input has beside one with a witness.
const EMPTY_INPUT: u64 = 4 * (36 + 1 + 4) + 1;

/// A signature of BIP341 with its type, and its length.
const TAPROOT_SIGNATURE: u64 = 1 + 65;

#[cfg(test)]
mod tests {
    use super::*;

    /// Key and scripts of BIP143's examples; what a signed input weighs follows from the bytes of
    /// the longest standard signature, 72.
    const KEY: &str = "03ad1d8e89212f0b92c74d23bb710c00662ad1470198ac48c43f7d6f93a2a26873";

    fn data(text: &str) -> Result<Solver, RpcError> {
        let value: Value = serde_json::from_str(text).expect("JSON");
        Solver::read(value.as_object().expect("an object"), Network::Regtest)
    }

    fn weight(data: &Solver, spk: &Script) -> Option<u64> {
        data.solve(spk).map(|solved| solved.weight.to_wu())
    }

    #[test]
    fn an_input_weighs_what_its_script_asks_for() {
        let key: PublicKey = KEY.parse().expect("a key");
        let witness = ScriptBuf::new_p2wpkh(&key.wpubkey_hash().expect("compressed"));
        let told = data(&format!(r#"{{"pubkeys": ["{KEY}"]}}"#)).expect("well");
        let (signature, pushed_key) = (1 + 72, 1 + 33);
        assert_eq!(weight(&told, &witness), Some(165 + signature + pushed_key));
        let legacy = ScriptBuf::new_p2pkh(&key.pubkey_hash());
        assert_eq!(weight(&told, &legacy), Some(165 + 4 * (signature + pushed_key)));
        let nested = witness.to_p2sh();
        let with_script = 165 + 4 * 23 + signature + pushed_key;
        assert_eq!(weight(&told, &nested), Some(with_script), "the script follows from the key");
        let by_descriptor = Descriptor::new_sh_wpkh(key).expect("one").to_string();
        let told = data(&format!(r#"{{"descriptors": ["{by_descriptor}"]}}"#)).expect("well");
        assert_eq!(weight(&told, &nested), Some(with_script));
        assert_eq!(weight(&Solver::default(), &nested), None);
    }

    #[test]
    fn scripts_are_solved_with_the_keys_that_they_hash() {
        let key: PublicKey = KEY.parse().expect("a key");
        let script = ScriptBuf::new_p2pkh(&key.pubkey_hash());
        let spk = script.to_p2wsh();
        let alone = data(&format!(r#"{{"scripts": ["{}"]}}"#, script.to_hex_string()));
        assert_eq!(weight(&alone.expect("well"), &spk), None);
        let both =
            format!(r#"{{"scripts": ["{}"], "pubkeys": ["{KEY}"]}}"#, script.to_hex_string());
        let expected = 165 + (1 + 72) + (1 + 33) + (1 + 25);
        assert_eq!(weight(&data(&both).expect("well"), &spk), Some(expected));
        let bare = ScriptBuf::new_p2pk(&key);
        let expected = 165 + 4 * (1 + 72);
        assert_eq!(weight(&Solver::default(), &bare), Some(expected), "its key is there");
        let taproot = ScriptBuf::from_hex(&format!("5120{}", "11".repeat(32))).expect("hex");
        assert_eq!(weight(&Solver::default(), &taproot), Some(165 + 66));
    }

    #[test]
    fn wrong_input_is_told_in_the_words_of_core() {
        let cases = [
            (r#"{"pubkeys": ["zz"]}"#, -5, "Pubkey \"zz\" must be a hex string"),
            (r#"{"pubkeys": ["02"]}"#, -5, "must have a length of either 33 or 65 bytes"),
            (r#"{"scripts": ["zz"]}"#, -5, "'zz' is not hex"),
            (r#"{"descriptors": ["x"]}"#, -8, "Unable to parse descriptor 'x': Missing checksum"),
            (r#"{"transactions": ["00"]}"#, -22, "TX decode failed"),
            (r#"{"scripts": "00"}"#, -3, "is not of expected type array"),
        ];
        for (text, code, message) in cases {
            let refused = data(text).expect_err(text);
            assert!(refused.code == code && refused.message.contains(message), "{refused:?}");
        }
    }
}
