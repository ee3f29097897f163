//! Owns `Assembly`: what an input of a raw transaction is signed with, gathered from what was
//! signed before and from keys, and put together as far as it goes (`DataFromTransaction` and
//! `SignTransaction` of Bitcoin Core's `src/script/sign.cpp`).
//!
//! Refuses to keep keys, and signatures of several keys that do not hold.

use billfold_wallet_core::signers::GivenKeys;
use bitcoin::hashes::{Hash as _, hash160, sha256};
use bitcoin::psbt::Input;
use bitcoin::script::{Instruction, Script};
use bitcoin::secp256k1::Message;
use bitcoin::sighash::{Prevouts, SighashCache};
use bitcoin::{
    EcdsaSighashType, PublicKey, ScriptBuf, TapSighashType, Transaction, TxIn, TxOut, WPubkeyHash,
    Witness, XOnlyPublicKey, ecdsa, taproot,
};

use crate::descriptor::SECP;
use crate::error::RpcError;
use crate::psbt::{holds_as_known, judged};
use crate::script::multisig;
use crate::solution::Solution;

/// An input that is put together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assembly {
    /// What satisfies the script already.
    finished: Option<(ScriptBuf, Witness)>,
    /// What may satisfy it, as far as can be known here.
    unjudged: Option<(ScriptBuf, Witness)>,
    /// Else what is known of it.
    input: Input,
}

/// What a signature covers: the byte that says so, and 0 for what is usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage(u8);

/// A script that is signed for, and how.
#[derive(Debug, Clone, Copy)]
struct Signed<'a> {
    transaction: &'a Transaction,
    at: usize,
    script: &'a Script,
    /// The output that is spent.
    output: &'a TxOut,
    is_witness: bool,
}

impl Coverage {
    /// The one of a name of Core's.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(Self(match name {
            "DEFAULT" => 0,
            "ALL" => 1,
            "NONE" => 2,
            "SINGLE" => 3,
            "ALL|ANYONECANPAY" => 0x81,
            "NONE|ANYONECANPAY" => 0x82,
            "SINGLE|ANYONECANPAY" => 0x83,
            _ => return None,
        }))
    }

    /// Reads a name.
    ///
    /// # Errors
    /// -8.
    pub fn read(name: &str) -> Result<Self, RpcError> {
        Self::named(name).ok_or_else(|| {
            RpcError::parameter(format!("'{name}' is not a valid sighash parameter."))
        })
    }

    /// The byte.
    #[must_use]
    pub fn to_u32(self) -> u32 {
        self.0.into()
    }

    /// What is usual for the script.
    pub const USUAL: Self = Self(0);

    /// Whether it covers the output with the input's number, and no other.
    #[must_use]
    pub const fn is_single(self) -> bool {
        self.0 & !0x80 == 3
    }
}

impl Assembly {
    /// An input of which this is known.
    #[must_use]
    pub fn known(input: Input) -> Self {
        Self { input, ..Self::default() }
    }

    /// What is known of the input.
    #[must_use]
    pub fn into_input(self) -> Input {
        self.input
    }

    /// What an input has; `None` if there is no such input, or it is not known what it spends.
    #[must_use]
    pub fn of(transaction: &Transaction, at: usize, spent: &[Option<TxOut>]) -> Option<Self> {
        let (spends, output) = (transaction.input.get(at)?, spent.get(at)?.as_ref()?);
        let mut assembly = Self::default();
        let given = Some((spends.script_sig.clone(), spends.witness.clone()));
        match judged(transaction, at, spent) {
            Some(true) => return Some(Self { finished: given, ..assembly }),
            None if !spends.script_sig.is_empty() || !spends.witness.is_empty() => {
                assembly.unjudged = given;
            }
            _ => {}
        }
        let mut stack = pushes(&spends.script_sig);
        let mut script = output.script_pubkey.clone();
        if script.is_p2sh()
            && let Some(inner) = stack.pop_if(|inner| !inner.is_empty())
        {
            script = ScriptBuf::from_bytes(inner);
            assembly.input.redeem_script = Some(script.clone());
        }
        let mut is_witness = false;
        if script.is_p2wsh()
            && let Some(inner) = spends.witness.last().filter(|inner| !inner.is_empty())
        {
            script = ScriptBuf::from_bytes(inner.to_vec());
            assembly.input.witness_script = Some(script.clone());
            stack =
                spends.witness.iter().take(spends.witness.len() - 1).map(<[u8]>::to_vec).collect();
            is_witness = true;
        }
        if let Some((_, keys)) = multisig(&script) {
            let signed = Signed { transaction, at, script: &script, output, is_witness };
            assembly.take_signatures(&keys, &stack, signed);
        }
        Some(assembly)
    }

    /// Takes in what another has and this has not.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        if self.finished.is_some() || other.finished.is_some() {
            return if self.finished.is_some() { self } else { other };
        }
        self.unjudged = self.unjudged.or(other.unjudged);
        let Input { redeem_script, witness_script, partial_sigs, .. } = other.input;
        self.input.redeem_script = self.input.redeem_script.or(redeem_script);
        self.input.witness_script = self.input.witness_script.or(witness_script);
        for (key, signature) in partial_sigs {
            self.input.partial_sigs.entry(key).or_insert(signature);
        }
        self
    }

    /// Takes in scripts of which the output's, or another of these, has the hash.
    pub fn tell(&mut self, scripts: &[ScriptBuf], spk: &Script) {
        let by_hash = |program: &Script| scripts.iter().find(|script| is_within(script, program));
        let inner = if spk.is_p2sh() { by_hash(spk).cloned() } else { None };
        let script = by_hash(inner.as_deref().unwrap_or(spk))
            .filter(|_| inner.as_deref().unwrap_or(spk).is_p2wsh());
        self.input.witness_script = script.cloned().or(self.input.witness_script.take());
        self.input.redeem_script = inner.or(self.input.redeem_script.take());
    }

    /// Signs with those of the keys that the script names.
    pub fn sign(
        &mut self,
        keys: &GivenKeys,
        coverage: Coverage,
        transaction: &Transaction,
        at: usize,
        spent: &[Option<TxOut>],
    ) {
        let Some(Some(output)) = spent.get(at) else { return };
        let is_beyond = coverage.is_single() && at >= transaction.output.len();
        if self.finished.is_some() || is_beyond {
            return;
        }
        let spk = &output.script_pubkey;
        if spk.is_p2tr() {
            let signature = self.by_key_path(keys, coverage, transaction, at, spent);
            self.input.tap_key_sig = self.input.tap_key_sig.or(signature);
            return;
        }
        let Some((script, is_witness)) = self.script_code(spk) else { return };
        let signed = Signed { transaction, at, script: &script, output, is_witness };
        for public in keys.public().filter(|key| key.compressed || !is_witness) {
            if names(&script, public)
                && !self.input.partial_sigs.contains_key(&public)
                && let Some(signature) = signed.by(keys, public, coverage)
            {
                self.input.partial_sigs.insert(public, signature);
            }
        }
    }

    /// The script and the witness of the input, and whether they satisfy what it spends.
    #[must_use]
    pub fn scripts(
        self,
        transaction: &Transaction,
        at: usize,
        spent: &[Option<TxOut>],
    ) -> (ScriptBuf, Witness, bool) {
        if let Some((script_sig, witness)) = self.finished {
            return (script_sig, witness, true);
        }
        let Some(Some(output)) = spent.get(at) else {
            return (ScriptBuf::new(), Witness::new(), false);
        };
        let is_bare = self.input.partial_sigs.is_empty();
        let solution = Solution::within(transaction, at, &self.input, &output.script_pubkey);
        let Solution { is_solved, script_sig, witness, .. } = solution;
        // What can't be judged is not ours to take away.
        if let Some((script_sig, witness)) = self.unjudged.filter(|_| !is_solved && is_bare) {
            return (script_sig, witness, false);
        }
        let mut transaction = transaction.clone();
        if let Some(spends) = transaction.input.get_mut(at) {
            (spends.script_sig, spends.witness) = (script_sig.clone(), witness.clone());
        }
        (script_sig, witness, is_solved && holds_as_known(&transaction, at, spent))
    }

    /// Signs for the output's key: as it is, or as the internal key makes it (BIP341).
    fn by_key_path(
        &self,
        keys: &GivenKeys,
        coverage: Coverage,
        transaction: &Transaction,
        at: usize,
        spent: &[Option<TxOut>],
    ) -> Option<taproot::Signature> {
        let spent: Vec<TxOut> = spent.iter().cloned().collect::<Option<_>>()?;
        let program = spent.get(at)?.script_pubkey.as_bytes().get(2..)?;
        let wanted = XOnlyPublicKey::from_slice(program).ok()?;
        let sighash_type = TapSighashType::from_consensus_u8(coverage.0).ok()?;
        let hash = SighashCache::new(transaction)
            .taproot_key_spend_signature_hash(at, &Prevouts::All(&spent), sighash_type)
            .ok()?;
        let root = self.input.tap_merkle_root;
        let signature = keys.sign_for_output(wanted, root, &hash.into())?;
        Some(taproot::Signature { signature, sighash_type })
    }

    /// Finds whose signatures these are: they stand in the order of the keys.
    fn take_signatures(&mut self, keys: &[&[u8]], stack: &[Vec<u8>], signed: Signed<'_>) {
        let keys: Vec<_> = keys.iter().map(|key| PublicKey::from_slice(key).ok()).collect();
        let mut next = 0;
        for bytes in stack {
            let Ok(signature) = ecdsa::Signature::from_slice(bytes) else { continue };
            let of = |key: &Option<PublicKey>| {
                key.is_some_and(|key| signed.is_signed_by(key, &signature))
            };
            let Some(place) = keys.iter().skip(next).position(of) else { continue };
            if let Some(Some(key)) = keys.get(next + place) {
                self.input.partial_sigs.insert(*key, signature);
            }
            next += place + 1;
        }
    }

    /// What a signature is for, and whether it goes into a witness; `None` while a script is not
    /// known.
    fn script_code(&self, spk: &Script) -> Option<(ScriptBuf, bool)> {
        let known = |script: &Option<ScriptBuf>, program: &Script| {
            script.clone().filter(|script| is_within(script, program))
        };
        let mut script = spk.to_owned();
        if script.is_p2sh() {
            script = known(&self.input.redeem_script, spk)?;
        }
        if script.is_p2wsh() {
            return Some((known(&self.input.witness_script, &script)?, true));
        }
        if script.is_p2wpkh() {
            let hash = WPubkeyHash::from_slice(script.as_bytes().get(2..)?).ok()?;
            return Some((ScriptBuf::new_p2pkh(&hash.to_raw_hash().into()), true));
        }
        Some((script, false))
    }
}

impl Signed<'_> {
    fn by(
        &self,
        keys: &GivenKeys,
        public: PublicKey,
        coverage: Coverage,
    ) -> Option<ecdsa::Signature> {
        let number = u32::from(if coverage.0 == 0 { 1 } else { coverage.0 });
        let sighash_type = EcdsaSighashType::from_standard(number).ok()?;
        let signature = keys.sign(public, &self.message(sighash_type)?)?;
        Some(ecdsa::Signature { signature, sighash_type })
    }

    fn is_signed_by(&self, key: PublicKey, signature: &ecdsa::Signature) -> bool {
        let mut normal = signature.signature;
        normal.normalize_s();
        let message = self.message(signature.sighash_type);
        message.is_some_and(|message| SECP.verify_ecdsa(&message, &normal, &key.inner).is_ok())
    }

    fn message(&self, sighash_type: EcdsaSighashType) -> Option<Message> {
        let Self { transaction, at, script, output, is_witness } = *self;
        let mut cache = SighashCache::new(transaction);
        Some(if is_witness {
            cache.p2wsh_signature_hash(at, script, output.value, sighash_type).ok()?.into()
        } else {
            cache.legacy_signature_hash(at, script, sighash_type.to_u32()).ok()?.into()
        })
    }
}

/// Why an input that is not finished is none, in Core's words for where its script ends.
#[must_use]
pub fn fault(spends: &TxIn, spk: &Script) -> &'static str {
    let mut stack = pushes(&spends.script_sig);
    let inner = if spk.is_p2sh() { stack.pop().map(ScriptBuf::from_bytes) } else { None };
    let mut script = inner.unwrap_or_else(|| spk.to_owned());
    if script.is_witness_program() {
        if script.is_p2wpkh() && spends.witness.len() != 2 {
            return "Witness program hash mismatch";
        }
        stack = spends.witness.to_vec();
        let last = if script.is_p2wsh() { stack.pop() } else { None };
        if stack.is_empty() && last.is_none() {
            return "Witness program was passed an empty witness";
        }
        script = last.map_or(script, ScriptBuf::from_bytes);
    }
    if spk.is_p2tr() {
        return "Invalid Schnorr signature";
    }
    if stack.iter().any(|item| !item.is_empty()) {
        return "CHECK(MULTI)SIG failing with non-zero signature (possibly need more signatures)";
    }
    if multisig(&script).is_some() && !stack.is_empty() {
        return "Script evaluated without error but finished with a false/empty top stack element";
    }
    "Unable to sign input, invalid stack size (possibly missing key)"
}

/// What a script pushes, if it does nothing else.
fn pushes(script: &Script) -> Vec<Vec<u8>> {
    let pushed = script.instructions().map(|instruction| match instruction {
        Ok(Instruction::PushBytes(bytes)) => Some(bytes.as_bytes().to_vec()),
        _ => None,
    });
    pushed.collect::<Option<_>>().unwrap_or_default()
}

/// Whether a program is the hash of a script.
fn is_within(script: &Script, program: &Script) -> bool {
    let (bytes, program_bytes) = (script.as_bytes(), program.as_bytes());
    if program.is_p2sh() {
        return program_bytes.get(2..22) == Some(&hash160::Hash::hash(bytes).to_byte_array()[..]);
    }
    program.is_p2wsh()
        && program_bytes.get(2..) == Some(&sha256::Hash::hash(bytes).to_byte_array()[..])
}

/// Whether a key or its hash stands in a script.
fn names(script: &Script, key: PublicKey) -> bool {
    let bytes = key.to_bytes();
    let hash = hash160::Hash::hash(&bytes).to_byte_array();
    let has = |part: &[u8]| script.as_bytes().windows(part.len()).any(|window| window == part);
    has(&bytes) || has(&hash)
}
