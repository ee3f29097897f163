//! Owns which signatures in a PSBT hold.
//!
//! Refuses to judge those whose input does not show what it spends.

use bitcoin::psbt::{Psbt, PsbtSighashType};
use bitcoin::secp256k1::{Message, XOnlyPublicKey};
use bitcoin::sighash::SighashCache;
use bitcoin::taproot::TapLeafHash;
use bitcoin::{PublicKey, ecdsa, taproot};
use miniscript::psbt::{PsbtExt, PsbtSighashMsg};

use super::spent;
use crate::keychain::SECP;

/// The signatures of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many hold.
    pub good: usize,
    /// How many do not.
    pub wrong: usize,
}

/// The signatures of every input, in their order.
#[must_use]
pub fn tally(psbt: &Psbt) -> Vec<Tally> {
    let mut psbt = psbt.clone();
    let inputs = 0..psbt.inputs.len();
    let of_input = |index| {
        let found = found(&mut psbt, index);
        let count = |holds| found.iter().filter(|(_, found)| *found == Some(holds)).count();
        Tally { good: count(true), wrong: count(false) }
    };
    inputs.map(of_input).collect()
}

/// Drops the signatures that do not hold; how many there were.
pub fn drop_invalid(psbt: &mut Psbt) -> usize {
    let mut dropped = 0;
    for index in 0..psbt.inputs.len() {
        for (place, _) in found(psbt, index).into_iter().filter(|(_, holds)| *holds == Some(false))
        {
            let input = &mut psbt.inputs[index];
            match place {
                Place::Key(key) => drop(input.partial_sigs.remove(&key)),
                Place::KeyPath => input.tap_key_sig = None,
                Place::Leaf(key, leaf) => drop(input.tap_script_sigs.remove(&(key, leaf))),
            }
            dropped += 1;
        }
    }
    dropped
}

/// Where a signature stands in an input.
enum Place {
    Key(PublicKey),
    KeyPath,
    Leaf(XOnlyPublicKey, TapLeafHash),
}

/// Every signature of an input, and whether it holds; `None`: it can't be known.
fn found(psbt: &mut Psbt, index: usize) -> Vec<(Place, Option<bool>)> {
    let Some(input) = psbt.inputs.get(index) else { return Vec::new() };
    let keys: Vec<_> = input.partial_sigs.iter().map(|(key, sig)| (*key, *sig)).collect();
    let key_path = input.tap_key_sig;
    let leaves: Vec<_> = input.tap_script_sigs.iter().map(|(at, sig)| (*at, *sig)).collect();
    let mut found = Vec::new();
    for (key, signature) in keys {
        found.push((Place::Key(key), ecdsa_holds(psbt, index, key, &signature)));
    }
    if let Some(signature) = key_path {
        found.push((Place::KeyPath, key_path_holds(psbt, index, &signature)));
    }
    for ((key, leaf), signature) in leaves {
        let holds = schnorr_holds(psbt, index, key, Some(leaf), &signature);
        found.push((Place::Leaf(key, leaf), holds));
    }
    found
}

fn ecdsa_holds(
    psbt: &mut Psbt,
    index: usize,
    key: PublicKey,
    signature: &ecdsa::Signature,
) -> Option<bool> {
    let message = message(psbt, index, signature.sighash_type.into(), None)?;
    Some(SECP.verify_ecdsa(&message, &signature.signature, &key.inner).is_ok())
}

/// The key that signs for the key path is the output's: the internal key, tweaked (BIP341).
fn key_path_holds(psbt: &mut Psbt, index: usize, signature: &taproot::Signature) -> Option<bool> {
    let script = &super::Shown::of(psbt, index).output()?.script_pubkey;
    let key = XOnlyPublicKey::from_slice(script.as_bytes().get(2..)?).ok()?;
    schnorr_holds(psbt, index, key, None, signature)
}

fn schnorr_holds(
    psbt: &mut Psbt,
    index: usize,
    key: XOnlyPublicKey,
    leaf: Option<TapLeafHash>,
    signature: &taproot::Signature,
) -> Option<bool> {
    let message = message(psbt, index, signature.sighash_type.into(), leaf)?;
    Some(SECP.verify_schnorr(&signature.signature, &message, &key).is_ok())
}

/// What a signature of this type signs.
fn message(
    psbt: &mut Psbt,
    index: usize,
    sighash_type: PsbtSighashType,
    leaf: Option<TapLeafHash>,
) -> Option<Message> {
    if spent::without_its_output(psbt).is_some() {
        return None;
    }
    let asked = psbt.inputs[index].sighash_type.replace(sighash_type);
    let mut cache = SighashCache::new(&psbt.unsigned_tx);
    let message = psbt.sighash_msg(index, &mut cache, leaf);
    psbt.inputs[index].sighash_type = asked;
    message.ok().map(|message: PsbtSighashMsg| message.to_secp_msg())
}
