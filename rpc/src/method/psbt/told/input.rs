//! Owns what is told of an input of a PSBT.

use std::collections::BTreeMap;

use bitcoin::hashes::{Hash, hash160};
use bitcoin::hex::DisplayHex;
use bitcoin::psbt::{Input, raw};
use bitcoin::{Network, TxOut};
use serde::Serialize;

use super::{
    BareScriptForm, KeyForm, LeafKeyForm, PUBLIC_KEY, ParticipantsForm, ProprietaryForm, unknown,
};
use crate::json::{Btc, Object, Value};
use crate::method::raw_transaction::{ScriptSigForm, TransactionForm};
use crate::psbt::{MUSIG_NONCE, MUSIG_PARTICIPANTS, MUSIG_SIGNATURE, is_musig};
use crate::script::{ScriptForm, asm, hash_type};

/// What is told of an input.
#[derive(Debug, Serialize)]
pub(super) struct InputForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    witness_utxo: Option<UtxoForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    non_witness_utxo: Option<TransactionForm>,
    #[serde(skip_serializing_if = "Object::is_empty")]
    partial_signatures: Object,
    #[serde(skip_serializing_if = "Option::is_none")]
    sighash: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redeem_script: Option<BareScriptForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness_script: Option<BareScriptForm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bip32_derivs: Vec<KeyForm>,
    #[serde(rename = "final_scriptSig", skip_serializing_if = "Option::is_none")]
    final_script_sig: Option<ScriptSigForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    final_scriptwitness: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Object::is_empty")]
    ripemd160_preimages: Object,
    #[serde(skip_serializing_if = "Object::is_empty")]
    sha256_preimages: Object,
    #[serde(skip_serializing_if = "Object::is_empty")]
    hash160_preimages: Object,
    #[serde(skip_serializing_if = "Object::is_empty")]
    hash256_preimages: Object,
    #[serde(skip_serializing_if = "Option::is_none")]
    taproot_key_path_sig: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taproot_script_path_sigs: Vec<LeafSignatureForm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taproot_scripts: Vec<LeafScriptForm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taproot_bip32_derivs: Vec<LeafKeyForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taproot_internal_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taproot_merkle_root: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    musig2_participant_pubkeys: Vec<ParticipantsForm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    musig2_pubnonces: Vec<MusigForm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    musig2_partial_sigs: Vec<MusigForm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    proprietary: Vec<ProprietaryForm>,
    #[serde(skip_serializing_if = "Object::is_empty")]
    unknown: Object,
}

impl InputForm {
    /// What is told of this one.
    pub(super) fn new(input: &Input, network: Network) -> Self {
        let witness = input.final_script_witness.as_ref().filter(|witness| !witness.is_empty());
        let script_sig = input.final_script_sig.as_ref().filter(|script| !script.is_empty());
        let hash_type =
            |of: bitcoin::psbt::PsbtSighashType| hash_type(of.to_u32() & 0xff).unwrap_or_default();
        let fields = || input.unknown.iter();
        let of_type = |wanted: u8| fields().filter(move |(key, _)| key.type_value == wanted);
        Self {
            witness_utxo: input.witness_utxo.as_ref().map(|utxo| UtxoForm::new(utxo, network)),
            non_witness_utxo: (input.non_witness_utxo.as_ref())
                .map(|parent| TransactionForm::new(parent, network)),
            partial_signatures: signatures(input),
            sighash: input.sighash_type.map(hash_type),
            redeem_script: input.redeem_script.as_deref().and_then(BareScriptForm::new),
            witness_script: input.witness_script.as_deref().and_then(BareScriptForm::new),
            bip32_derivs: input.bip32_derivation.iter().map(KeyForm::new).collect(),
            final_script_sig: script_sig.map(|script| ScriptSigForm {
                asm: asm(script, true),
                hex: script.to_hex_string(),
            }),
            final_scriptwitness: witness
                .map(|witness| witness.iter().map(DisplayHex::to_lower_hex_string).collect()),
            ripemd160_preimages: preimages(&input.ripemd160_preimages),
            sha256_preimages: preimages(&input.sha256_preimages),
            hash160_preimages: preimages(&input.hash160_preimages),
            hash256_preimages: preimages(&input.hash256_preimages),
            taproot_key_path_sig: (input.tap_key_sig.as_ref())
                .map(|signature| signature.to_vec().to_lower_hex_string()),
            taproot_script_path_sigs: LeafSignatureForm::all(input),
            taproot_scripts: LeafScriptForm::all(input),
            taproot_bip32_derivs: input.tap_key_origins.iter().map(LeafKeyForm::new).collect(),
            taproot_internal_key: input.tap_internal_key.map(|key| key.to_string()),
            taproot_merkle_root: (input.tap_merkle_root)
                .map(|root| root.to_byte_array().to_lower_hex_string()),
            musig2_participant_pubkeys: of_type(MUSIG_PARTICIPANTS)
                .map(ParticipantsForm::new)
                .collect(),
            musig2_pubnonces: of_type(MUSIG_NONCE).map(MusigForm::nonce).collect(),
            musig2_partial_sigs: of_type(MUSIG_SIGNATURE).map(MusigForm::signature).collect(),
            proprietary: input.proprietary.iter().map(ProprietaryForm::new).collect(),
            unknown: unknown(fields().filter(|(key, _)| !is_musig(key))),
        }
    }
}

/// By the hashes of their keys, as Core keeps them.
fn signatures(input: &Input) -> Object {
    let mut all: Vec<_> = input.partial_sigs.iter().collect();
    all.sort_by_key(|(key, _)| hash160::Hash::hash(&key.to_bytes()));
    let mut fields = Object::default();
    for (key, signature) in all {
        let signature = signature.to_vec().to_lower_hex_string();
        fields.push(key.to_string(), Value::String(signature));
    }
    fields
}

/// Hashes are told in the order of their bytes, all of them.
fn preimages<H: Hash + AsRef<[u8]>>(all: &BTreeMap<H, Vec<u8>>) -> Object {
    let mut fields = Object::default();
    for (hash, preimage) in all {
        let hash: &[u8] = hash.as_ref();
        fields.push(hash.to_lower_hex_string(), Value::String(preimage.to_lower_hex_string()));
    }
    fields
}

#[derive(Debug, Serialize)]
struct UtxoForm {
    amount: Btc,
    #[serde(rename = "scriptPubKey")]
    script_pubkey: ScriptForm,
}

impl UtxoForm {
    fn new(output: &TxOut, network: Network) -> Self {
        let script_pubkey = ScriptForm::new(&output.script_pubkey, network);
        Self { amount: output.value.into(), script_pubkey }
    }
}

#[derive(Debug, Serialize)]
struct LeafSignatureForm {
    pubkey: String,
    leaf_hash: String,
    sig: String,
}

impl LeafSignatureForm {
    fn all(input: &Input) -> Vec<Self> {
        let form = |((key, leaf), signature): (
            &(bitcoin::XOnlyPublicKey, bitcoin::TapLeafHash),
            &bitcoin::taproot::Signature,
        )| Self {
            pubkey: key.to_string(),
            leaf_hash: leaf.to_byte_array().to_lower_hex_string(),
            sig: signature.to_vec().to_lower_hex_string(),
        };
        input.tap_script_sigs.iter().map(form).collect()
    }
}

#[derive(Debug, Serialize)]
struct LeafScriptForm {
    script: String,
    leaf_ver: u8,
    control_blocks: Vec<String>,
}

impl LeafScriptForm {
    /// By their scripts; of a script that stands at several places, the shortest way first.
    fn all(input: &Input) -> Vec<Self> {
        let mut leaves = BTreeMap::<(Vec<u8>, u8), Vec<Vec<u8>>>::new();
        for (block, (script, version)) in &input.tap_scripts {
            let leaf = (script.to_bytes(), version.to_consensus());
            leaves.entry(leaf).or_default().push(block.serialize());
        }
        let form = |((script, leaf_ver), mut blocks): ((Vec<u8>, u8), Vec<Vec<u8>>)| {
            blocks.sort_by_key(|block| (block.len(), block.clone()));
            let control_blocks = blocks.iter().map(DisplayHex::to_lower_hex_string).collect();
            Self { script: script.to_lower_hex_string(), leaf_ver, control_blocks }
        };
        leaves.into_iter().map(form).collect()
    }
}

/// A signer's nonce, or its part of a signature (BIP373).
#[derive(Debug, Serialize)]
struct MusigForm {
    participant_pubkey: String,
    aggregate_pubkey: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    leaf_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pubnonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partial_sig: Option<String>,
}

impl MusigForm {
    fn nonce((key, value): (&raw::Key, &Vec<u8>)) -> Self {
        Self { pubnonce: Some(value.to_lower_hex_string()), ..Self::of_signer(&key.key) }
    }

    fn signature((key, value): (&raw::Key, &Vec<u8>)) -> Self {
        Self { partial_sig: Some(value.to_lower_hex_string()), ..Self::of_signer(&key.key) }
    }

    /// Both keys, and the leaf if it is for one; their lengths were checked.
    fn of_signer(key: &[u8]) -> Self {
        let hex = |bytes: Option<&[u8]>| bytes.unwrap_or_default().to_lower_hex_string();
        let leaf = key.get(2 * PUBLIC_KEY..).filter(|leaf| !leaf.is_empty());
        Self {
            participant_pubkey: hex(key.get(..PUBLIC_KEY)),
            aggregate_pubkey: hex(key.get(PUBLIC_KEY..2 * PUBLIC_KEY)),
            leaf_hash: leaf.map(DisplayHex::to_lower_hex_string),
            pubnonce: None,
            partial_sig: None,
        }
    }
}
