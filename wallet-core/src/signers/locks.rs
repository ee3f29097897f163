//! Owns what an ECDSA signature of an input stands for: the script that is hashed, which a key must
//! be part of (BIP16, BIP141, BIP143).
//!
//! Refuses scripts that the spent output does not commit to, and keys that are not in them.

use bitcoin::psbt;
use bitcoin::secp256k1::PublicKey;
use bitcoin::{PubkeyHash, PublicKey as WrittenKey, Script, ScriptBuf, TxOut};

/// How the script that an ECDSA signature stands for is hashed.
pub(super) enum ScriptCode {
    /// As it is (before segwit).
    Legacy(ScriptBuf),
    /// The witness program of one key (BIP143).
    OneKey(ScriptBuf),
    /// A witness script (BIP143).
    Witness(ScriptBuf),
}

/// The script that a key signs for, and the key as the script has it.
pub(super) fn script_code(
    input: &psbt::Input,
    spent: &TxOut,
    key: PublicKey,
) -> Option<(ScriptCode, WrittenKey)> {
    let script = &spent.script_pubkey;
    let written = WrittenKey::new(key);
    let program = ScriptBuf::new_p2wpkh(&written.wpubkey_hash().ok()?);
    let inner = behind_hash(input, script)?;
    if *inner == program {
        return Some((ScriptCode::OneKey(program), written));
    }
    if inner.is_p2wsh() {
        let witness_script = input.witness_script.as_ref()?;
        let good = witness_script.to_p2wsh() == *inner && has_key(witness_script, &written);
        return good.then(|| (ScriptCode::Witness(witness_script.clone()), written));
    }
    if inner.is_witness_program() {
        return None;
    }
    let uncompressed = WrittenKey::new_uncompressed(key);
    let mut forms = [written, uncompressed].into_iter();
    let own = forms.find(|key| has_key(inner, key))?;
    Some((ScriptCode::Legacy(inner.to_owned()), own))
}

/// Whether a signature of this input is a segwit v0 one, native or behind P2SH (BIP141).
pub(super) fn is_segwit_v0(input: &psbt::Input, spent: &TxOut) -> bool {
    behind_hash(input, &spent.script_pubkey)
        .is_some_and(|inner| inner.is_p2wpkh() || inner.is_p2wsh())
}

/// The script behind P2SH, or the spent script itself.
fn behind_hash<'a>(input: &'a psbt::Input, script: &'a ScriptBuf) -> Option<&'a Script> {
    if !script.is_p2sh() {
        return Some(script);
    }
    let redeem = input.redeem_script.as_ref()?;
    (redeem.to_p2sh() == *script).then_some(redeem)
}

/// Whether a key, or its hash, is pushed in a script.
fn has_key(script: &Script, key: &WrittenKey) -> bool {
    let (bytes, hash): (Vec<u8>, PubkeyHash) = (key.to_bytes(), key.pubkey_hash());
    let pushes = script.instructions().filter_map(Result::ok);
    pushes
        .filter_map(|push| push.push_bytes().map(|push| push.as_bytes().to_vec()))
        .any(|push| push == bytes || push == AsRef::<[u8]>::as_ref(&hash))
}
