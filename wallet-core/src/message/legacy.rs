//! Owns the old form of signed messages: 65 bytes from which the key is recovered (BIP137).
//!
//! Refuses addresses that stand for more than one key. Signs for P2PKH only, since for others the
//! form was never agreed on (BIP322, "Legacy"); reads what others made of it.

use bitcoin::absolute::LockTime;
use bitcoin::base64::Engine as _;
use bitcoin::base64::engine::general_purpose::STANDARD;
use bitcoin::hashes::Hash;
use bitcoin::key::CompressedPublicKey;
use bitcoin::secp256k1::Message;
use bitcoin::secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use bitcoin::sign_message::signed_msg_hash;
use bitcoin::{Address, AddressType, PublicKey, ScriptBuf, Sequence};

use super::{Flaw, MessageForm, Signed, Verdict};
use crate::keychain::SECP;

/// The verdict, if the signature has the length of this form.
pub(super) fn verify(address: &Address, message: &str, signature: &str) -> Option<Verdict> {
    let bytes: [u8; LENGTH] = STANDARD.decode(signature).ok()?.try_into().ok()?;
    Some(match recovered(address, message, &bytes) {
        Err(flaw) => Verdict::Invalid(flaw),
        Ok(script) if script == address.script_pubkey() => Verdict::Valid(Signed {
            form: MessageForm::Legacy,
            lock_time: LockTime::ZERO,
            sequence: Sequence::ZERO,
            funds: Vec::new(),
        }),
        Ok(_) => Verdict::Invalid(Flaw::Mismatch),
    })
}

/// What is signed.
pub(crate) fn digest(message: &str) -> Message {
    Message::from_digest(signed_msg_hash(message).to_byte_array())
}

/// A signature by the key of a P2PKH address, in the form that the address is of, written down.
pub(crate) fn written(signature: &RecoverableSignature, compressed: bool) -> String {
    let (id, compact) = signature.serialize_compact();
    let mut bytes = [0; LENGTH];
    // An id is 0 to 3.
    let kind = if compressed { COMPRESSED } else { UNCOMPRESSED };
    bytes[0] = kind + u8::try_from(id.to_i32()).unwrap_or(0);
    bytes[1..].copy_from_slice(&compact);
    STANDARD.encode(bytes)
}

/// The script of the address that the signature stands for: the recovered key's, in the address's
/// own form.
fn recovered(address: &Address, message: &str, bytes: &[u8; LENGTH]) -> Result<ScriptBuf, Flaw> {
    let (&header, compact) = bytes.split_first().ok_or(Flaw::Malformed)?;
    if !(UNCOMPRESSED..NESTED + 8).contains(&header) {
        return Err(Flaw::Malformed);
    }
    let id = RecoveryId::from_i32(i32::from((header - UNCOMPRESSED) % 4))
        .map_err(|_| Flaw::Malformed)?;
    let signature = RecoverableSignature::from_compact(compact, id).map_err(|_| Flaw::Malformed)?;
    let key = SECP.recover_ecdsa(&digest(message), &signature).map_err(|_| Flaw::Mismatch)?;
    let compressed = CompressedPublicKey(key);
    // Others sign for segwit addresses as for a compressed key (BIP137 is one way of two).
    let of_header = |own: u8| (own..own + 4).contains(&header);
    let fits = |own: u8| of_header(own) || of_header(COMPRESSED);
    match address.address_type() {
        Some(AddressType::P2pkh) if of_header(UNCOMPRESSED) => {
            Ok(ScriptBuf::new_p2pkh(&PublicKey::new_uncompressed(key).pubkey_hash()))
        }
        Some(AddressType::P2pkh) if of_header(COMPRESSED) => {
            Ok(ScriptBuf::new_p2pkh(&compressed.pubkey_hash()))
        }
        Some(AddressType::P2sh) if fits(NESTED) => {
            Ok(ScriptBuf::new_p2wpkh(&compressed.wpubkey_hash()).to_p2sh())
        }
        Some(AddressType::P2wpkh) if fits(SEGWIT) => {
            Ok(ScriptBuf::new_p2wpkh(&compressed.wpubkey_hash()))
        }
        _ => Err(Flaw::AddressType),
    }
}

/// Bytes of a signature.
const LENGTH: usize = 65;

/// The first byte's lowest value for each kind of address (BIP137).
const UNCOMPRESSED: u8 = 27;
const COMPRESSED: u8 = 31;
const NESTED: u8 = 35;
const SEGWIT: u8 = 39;
