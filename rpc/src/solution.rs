//! Owns `Solution`: what a script asks for, taken from what a PSBT tells of its input, and what of
//! it is not there (`ProduceSignature` of Bitcoin Core's `src/script/sign.cpp`).
//!
//! Refuses to judge signatures: that they are there is all that counts.

use bitcoin::ecdsa::Signature;
use bitcoin::hashes::{Hash as _, hash160, ripemd160, sha256};
use bitcoin::psbt::Input;
use bitcoin::script::{Builder, PushBytesBuf};
use bitcoin::secp256k1::{Message, SecretKey};
use bitcoin::{
    EcdsaSighashType, PublicKey, Script, ScriptBuf, Sequence, Transaction, Witness, absolute,
    relative,
};
use miniscript::{Miniscript, MiniscriptKey, Satisfier, Segwitv0, ToPublicKey};

use crate::descriptor::SECP;
use crate::script::{bare_key, multisig};

/// What can be put together for an input.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Solution {
    /// Whether it is all that the script asks for.
    pub is_solved: bool,
    /// Whether it is a witness.
    pub is_witness: bool,
    /// The script of the input, as far as it goes.
    pub script_sig: ScriptBuf,
    /// The witness, as far as it goes.
    pub witness: Witness,
    /// What is not there.
    pub missing: Missing,
}

/// What an input lacks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Missing {
    /// Hashes of keys that are not told.
    pub keys: Vec<hash160::Hash>,
    /// Hashes of keys that did not sign.
    pub signatures: Vec<hash160::Hash>,
    /// The hash of a script.
    pub redeem_script: Option<hash160::Hash>,
    /// The hash of a witness's script.
    pub witness_script: Option<sha256::Hash>,
}

/// What there is for keys that did not sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hands {
    /// Nothing.
    Empty,
    /// Signatures that only have the usual length.
    Full,
}

type Stack = Vec<Vec<u8>>;

impl Solution {
    /// Looks at what an input of this script is told.
    #[must_use]
    pub fn of(input: &Input, spk: &Script, hands: Hands) -> Self {
        let (missing, times) = (Missing::default(), None);
        Self::by(Solver { input, hands, times, is_short: false, missing }, spk)
    }

    /// The same, with the lock times of the transaction that it is an input of.
    #[must_use]
    pub fn within(transaction: &Transaction, at: usize, input: &Input, spk: &Script) -> Self {
        let sequence = transaction.input.get(at).map(|input| input.sequence);
        let relative = sequence.filter(|_| transaction.version.0 >= 2);
        let absolute = sequence.filter(|sequence| *sequence != Sequence::MAX);
        let times = Times {
            relative: relative.and_then(|sequence| sequence.to_relative_lock_time()),
            absolute: absolute.map(|_| transaction.lock_time),
        };
        let (hands, missing) = (Hands::Empty, Missing::default());
        Self::by(Solver { input, hands, times: Some(times), is_short: false, missing }, spk)
    }

    fn by(mut solver: Solver<'_>, spk: &Script) -> Self {
        let mut solution = Self::default();
        let mut script = spk;
        let mut stack = None;
        if spk.is_p2sh() {
            script = match solver.redeem_script(spk) {
                Some(inner) if !inner.is_p2sh() => inner,
                _ => return Self { missing: solver.missing, ..solution },
            };
            solution.script_sig = pushed(&[script.to_bytes()]);
        }
        if script.is_p2wpkh() {
            let hash = hash160::Hash::from_slice(&script.as_bytes()[2..]).ok();
            stack = hash.and_then(|hash| solver.key_hash(hash));
            solution.is_witness = true;
        } else if script.is_p2wsh() {
            if let Some(inner) = solver.witness_script(script) {
                solution.is_witness = true;
                let found = solver.in_witness(inner);
                solver.is_short |= found.is_none();
                stack = Some([found.unwrap_or_default(), vec![inner.to_bytes()]].concat());
            }
        } else if spk.is_p2tr() {
            solution.is_witness = true;
            stack = solver.taproot();
        } else if script.witness_version().is_none()
            && let Some(stack) = solver.legacy(script)
        {
            solution.is_solved = !solver.is_short;
            let inner = spk.is_p2sh().then(|| script.to_bytes());
            solution.script_sig = pushed(&[stack, inner.into_iter().collect()].concat());
        }
        if let Some(stack) = stack {
            solution.is_solved = !solver.is_short;
            solution.witness = Witness::from_slice(&stack);
        }
        solution.missing = solver.missing;
        solution
    }
}

impl Missing {
    /// Whether it lacks nothing of what is counted here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lacks_only_signatures() && self.signatures.is_empty()
    }

    /// Whether nothing but signatures is missing.
    #[must_use]
    pub fn lacks_only_signatures(&self) -> bool {
        self.keys.is_empty() && self.redeem_script.is_none() && self.witness_script.is_none()
    }
}

/// Until when a transaction waits; `None`: it does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Times {
    relative: Option<relative::LockTime>,
    absolute: Option<absolute::LockTime>,
}

struct Solver<'a> {
    input: &'a Input,
    hands: Hands,
    times: Option<Times>,
    /// Whether some of the signatures of a multisig are not there.
    is_short: bool,
    missing: Missing,
}

impl<'a> Solver<'a> {
    fn redeem_script(&mut self, spk: &Script) -> Option<&'a Script> {
        let hash = hash160::Hash::from_slice(&spk.as_bytes()[2..22]).ok()?;
        let known = self.input.redeem_script.as_deref();
        let known = known.filter(|script| hash160::Hash::hash(script.as_bytes()) == hash);
        if known.is_none() {
            self.missing.redeem_script = Some(hash);
        }
        known
    }

    fn witness_script(&mut self, program: &Script) -> Option<&'a Script> {
        let hash = sha256::Hash::from_slice(&program.as_bytes()[2..]).ok()?;
        let known = self.input.witness_script.as_deref();
        let known = known.filter(|script| sha256::Hash::hash(script.as_bytes()) == hash);
        if known.is_none() {
            self.missing.witness_script = Some(hash);
        }
        known
    }

    fn in_witness(&mut self, script: &Script) -> Option<Stack> {
        if script.is_p2sh() || script.witness_version().is_some() {
            return None;
        }
        if script.is_p2pkh() || bare_key(script).is_some() || multisig(script).is_some() {
            return self.legacy(script);
        }
        let policy = Miniscript::<PublicKey, Segwitv0>::parse(script).ok()?;
        for key in policy.iter_pk() {
            self.signature(&key.to_bytes());
        }
        policy.satisfy(&*self).ok()
    }

    /// What the kinds of scripts ask for that are older than witnesses.
    fn legacy(&mut self, script: &Script) -> Option<Stack> {
        if script.is_p2pkh() {
            return self.key_hash(hash160::Hash::from_slice(&script.as_bytes()[3..23]).ok()?);
        }
        if let Some(key) = bare_key(script) {
            return Some(vec![self.signature(key)?]);
        }
        let (required, keys) = multisig(script)?;
        // What is missed is told of every key.
        let signatures: Stack = keys.iter().filter_map(|key| self.signature(key)).collect();
        let mut taken: Stack = signatures.into_iter().take(required).collect();
        self.is_short |= taken.len() < required;
        // Core leaves room for those that are not there, so that others can add them.
        taken.resize(required, Vec::new());
        Some([vec![Vec::new()], taken].concat())
    }

    fn key_hash(&mut self, hash: hash160::Hash) -> Option<Stack> {
        let Some(key) = self.key_of(hash) else {
            self.missing.keys.push(hash);
            return None;
        };
        Some(vec![self.signature(&key)?, key])
    }

    /// A key that the PSBT tells, by its hash.
    fn key_of(&self, hash: hash160::Hash) -> Option<Vec<u8>> {
        let signed = self.input.partial_sigs.keys().copied();
        let told = self.input.bip32_derivation.keys().copied().map(PublicKey::new);
        let mut keys = signed.chain(told).map(PublicKey::to_bytes);
        keys.find(|key| hash160::Hash::hash(key) == hash)
    }

    fn signature(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        let mut known = self.input.partial_sigs.iter();
        if let Some((_, signature)) = known.find(|(own, _)| own.to_bytes() == key) {
            return Some(signature.to_vec());
        }
        self.missing.signatures.push(hash160::Hash::hash(key));
        (self.hands == Hands::Full).then(|| vec![0; SIGNATURE])
    }

    fn taproot(&self) -> Option<Stack> {
        match &self.input.tap_key_sig {
            Some(signature) => Some(vec![signature.to_vec()]),
            None => (self.hands == Hands::Full
                && (self.input.tap_internal_key.is_some()
                    || !self.input.tap_key_origins.is_empty()))
            .then(|| vec![vec![0; SCHNORR_SIGNATURE]]),
        }
    }
}

/// For scripts that only miniscript understands.
impl<Pk: MiniscriptKey + ToPublicKey> Satisfier<Pk> for Solver<'_> {
    fn lookup_ecdsa_sig(&self, key: &Pk) -> Option<Signature> {
        let known = self.input.partial_sigs.get(&key.to_public_key()).copied();
        known.or_else(|| (self.hands == Hands::Full).then(dummy))
    }

    fn check_older(&self, wait: relative::LockTime) -> bool {
        let time = self.times.and_then(|times| times.relative);
        time.is_some_and(|time| wait.is_implied_by(time))
    }

    fn check_after(&self, wait: absolute::LockTime) -> bool {
        let time = self.times.and_then(|times| times.absolute);
        time.is_some_and(|time| wait.is_implied_by(time))
    }

    fn lookup_sha256(&self, hash: &Pk::Sha256) -> Option<[u8; 32]> {
        let preimage = self.input.sha256_preimages.get(&Pk::to_sha256(hash))?;
        preimage.as_slice().try_into().ok()
    }

    fn lookup_hash160(&self, hash: &Pk::Hash160) -> Option<[u8; 32]> {
        let preimage = self.input.hash160_preimages.get(&Pk::to_hash160(hash))?;
        preimage.as_slice().try_into().ok()
    }

    fn lookup_ripemd160(&self, hash: &Pk::Ripemd160) -> Option<[u8; 32]> {
        let hash: ripemd160::Hash = Pk::to_ripemd160(hash);
        self.input.ripemd160_preimages.get(&hash)?.as_slice().try_into().ok()
    }
}

/// Any signature of the usual length.
fn dummy() -> Signature {
    let key = SecretKey::from_slice(&[1; 32]).expect("a number below the curve's order");
    let signature = SECP.sign_ecdsa_low_r(&Message::from_digest([1; 32]), &key);
    Signature { signature, sighash_type: EcdsaSighashType::All }
}

/// A script that pushes these; an empty one is 0.
fn pushed(stack: &[Vec<u8>]) -> ScriptBuf {
    let push = |script: Builder, bytes: &Vec<u8>| match PushBytesBuf::try_from(bytes.clone()) {
        Ok(bytes) => script.push_slice(bytes),
        // No script is that long.
        Err(_) => script,
    };
    stack.iter().fold(Builder::new(), push).into_script()
}

/// Bytes of an ECDSA signature as Core expects it, with its hash type.
const SIGNATURE: usize = 71;

/// Bytes of a Schnorr signature.
const SCHNORR_SIGNATURE: usize = 64;
