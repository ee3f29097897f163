//! Owns signing, one input per step, of what was reviewed.
//!
//! ECDSA nonces are those of RFC 6979 over the key and what is signed, with a counter until R is
//! short, as Bitcoin Core makes them, and S is low; Schnorr nonces are those of BIP340 without
//! auxiliary randomness. So the same request gives the same bytes on every device with the same
//! words, and nobody can hide anything in a choice of nonces without being found out.
//!
//! Every signature is verified before it counts: one from a computation that went wrong, by itself or
//! by force, could give the key away.
//!
//! Refuses other keys than those it was reviewed for. Dropped before its end, it leaves nothing.

use alloc::vec::Vec;

use bitcoin::bip32::Fingerprint;
use bitcoin::ecdsa;
use bitcoin::hashes::Hash as _;
use bitcoin::key::TapTweak as _;
use bitcoin::secp256k1::{All, Keypair, Message, Secp256k1, schnorr};
use bitcoin::sighash::{Prevouts, SighashCache};
use bitcoin::{EcdsaSighashType, TapSighashType, Transaction, TxOut, taproot};

use crate::duty::{Duty, Target};
use crate::keys::Keys;
use crate::psbt::{Added, with_fields};

/// A transaction that is being signed.
#[derive(Debug)]
pub struct Signing {
    work: Work,
    cache: SighashCache<Transaction>,
    /// The next of the tasks.
    next: usize,
    added: Vec<Vec<Added>>,
}

/// What is to be signed, fixed when it was reviewed.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) fingerprint: Fingerprint,
    /// The PSBT, to which the signatures are added.
    pub(crate) bytes: Vec<u8>,
    pub(crate) transaction: Transaction,
    /// What every input spends, in order.
    pub(crate) spent: Vec<TxOut>,
    pub(crate) tasks: Vec<Task>,
}

/// One input to sign.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) input: usize,
    pub(crate) duties: Vec<Duty>,
    /// For taproot: either of the two types that cover everything.
    pub(crate) taproot_type: TapSighashType,
}

impl Signing {
    /// Begins.
    pub(crate) fn new(work: Work) -> Self {
        let cache = SighashCache::new(work.transaction.clone());
        let added = work.transaction.input.iter().map(|_| Vec::new()).collect();
        Self { work, cache, next: 0, added }
    }

    /// Signs one input.
    ///
    /// # Errors
    /// See [`SigningError`]. No signature is given out then.
    pub fn step(&mut self, keys: &Keys) -> Result<Step, SigningError> {
        if keys.fingerprint() != self.work.fingerprint {
            return Err(SigningError::OtherKeys);
        }
        let of = self.work.tasks.len();
        if let Some(task) = self.work.tasks.get(self.next) {
            for duty in &task.duties {
                let added = signed(&mut self.cache, &self.work.spent, task, duty, keys);
                self.added[task.input].push(added?);
            }
            self.next += 1;
        }
        if self.next < of {
            return Ok(Step::Signed { done: self.next, of });
        }
        Ok(Step::Done(self.written()))
    }

    fn written(&self) -> Vec<u8> {
        let written = with_fields(&self.work.bytes, &self.added);
        written.expect("these bytes were read when the review was made")
    }
}

/// How far signing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Some inputs are signed.
    Signed {
        /// How many.
        done: usize,
        /// Of how many.
        of: usize,
    },
    /// All are: the PSBT as it came, in its version, with the signatures.
    Done(Vec<u8>),
}

/// Why signing ends before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// The keys are not those of the review.
    #[error("the device was unlocked with other keys meanwhile: send it again")]
    OtherKeys,
    /// A signature does not hold.
    #[error("the device has computed wrongly: restart it, and do not use it if that happens again")]
    Faulty,
}

fn signed(
    cache: &mut SighashCache<Transaction>,
    spent: &[TxOut],
    task: &Task,
    duty: &Duty,
    keys: &Keys,
) -> Result<Added, SigningError> {
    let message = message(cache, spent, task, &duty.target);
    let sighash_type = task.taproot_type;
    keys.with_secret(&duty.path, |secret, secp| match &duty.target {
        Target::Legacy { key, .. } | Target::Segwit { key, .. } => {
            if secret.public_key(secp) != *key {
                return Err(SigningError::OtherKeys);
            }
            let signature = secp.sign_ecdsa_low_r(&message, secret);
            let held = secp.verify_ecdsa(&message, &signature, key);
            held.map_err(|_| SigningError::Faulty)?;
            let sighash_type = EcdsaSighashType::All;
            let signature = ecdsa::Signature { signature, sighash_type };
            Ok(Added::partial(key, signature.to_vec()))
        }
        Target::KeyPath { internal, root } => {
            let mut pair = Keypair::from_secret_key(secp, secret);
            let ours = pair.x_only_public_key().0 == *internal;
            let mut tweaked = pair.tap_tweak(secp, *root).to_keypair();
            pair.non_secure_erase();
            let signature = schnorr(secp, &message, &tweaked, ours);
            tweaked.non_secure_erase();
            let signature = taproot::Signature { signature: signature?, sighash_type };
            Ok(Added::key_path(signature.to_vec()))
        }
        Target::Leaf { key, leaf } => {
            let mut pair = Keypair::from_secret_key(secp, secret);
            let ours = pair.x_only_public_key().0 == *key;
            let signature = schnorr(secp, &message, &pair, ours);
            pair.non_secure_erase();
            let signature = taproot::Signature { signature: signature?, sighash_type };
            Ok(Added::leaf(key, leaf, signature.to_vec()))
        }
    })
}

/// A signature that holds, by a pair of keys that is the one that is meant.
fn schnorr(
    secp: &Secp256k1<All>,
    message: &Message,
    pair: &Keypair,
    ours: bool,
) -> Result<schnorr::Signature, SigningError> {
    if !ours {
        return Err(SigningError::OtherKeys);
    }
    let signature = secp.sign_schnorr_no_aux_rand(message, pair);
    let held = secp.verify_schnorr(&signature, message, &pair.x_only_public_key().0);
    held.map_err(|_| SigningError::Faulty)?;
    Ok(signature)
}

/// What is signed: a hash of the whole transaction, and of what the input, or for taproot every
/// input, spends.
fn message(
    cache: &mut SighashCache<Transaction>,
    spent: &[TxOut],
    task: &Task,
    target: &Target,
) -> Message {
    let (input, all) = (task.input, EcdsaSighashType::All);
    let one_each = "there is a spent output for every input";
    let prevouts = Prevouts::All(spent);
    match target {
        Target::Legacy { code, .. } => {
            cache.legacy_signature_hash(input, code, all.to_u32()).expect(one_each).into()
        }
        Target::Segwit { code, .. } => {
            cache.p2wsh_signature_hash(input, code, spent[input].value, all).expect(one_each).into()
        }
        Target::KeyPath { .. } => {
            let hash = cache.taproot_key_spend_signature_hash(input, &prevouts, task.taproot_type);
            Message::from_digest(hash.expect(one_each).to_byte_array())
        }
        Target::Leaf { leaf, .. } => {
            let hash = cache.taproot_script_spend_signature_hash(
                input,
                &prevouts,
                *leaf,
                task.taproot_type,
            );
            Message::from_digest(hash.expect(one_each).to_byte_array())
        }
    }
}

#[cfg(test)]
mod tests;
